"""The pages of the dashboard: the folder, the title and the address of each."""

from __future__ import annotations

PAGES = {
    "overview": ("Overview", ""),
    "data_sets": ("Data", "data"),
    "skills": ("Skill map", "map"),
    "route": ("Route", "route"),
    "label": ("Label", "label"),
    "evaluate": ("Evaluate", "evaluate"),
    "diagnose": ("Diagnose", "diagnose"),
    "sweep": ("Sweep", "sweep"),
    "collect": ("Collect", "collect"),
    "runs": ("Runs", "runs"),
}
"""Title and address by folder, in the order of the navigation; the first is that of the server."""

EXPLORE, CHART_FILES = "explore", "chart_files"
"""The fragments that hold all that follows a threshold on the page Skill map."""

"""Keys of the page Collect that several of its parts know, and the choices behind them."""

from __future__ import annotations

MORE = "collect_more"
"""Whether the three steps are shown although nothing is left to ask."""
STEPS = "collect_steps"
"""Where the three steps begin, which are brought into view when a button begins them."""
POOL_FROM, SIMULATED, MINE = "pool_source", "Simulated", "My endpoints"
"""Whom to ask."""
QUERIES_FROM, STORED, WRITTEN = "queries_from", "Queries of a data set", "Have them written"
"""What to ask."""

"""What somebody may see and do here who is not the owner: look, and nothing that reaches others."""

from __future__ import annotations

import os
import re
from pathlib import Path

READ_ONLY_ENV = "CASCAL_READ_ONLY"
_FOLDERS = re.compile(r"(?<![\w.:/])(?:/|[A-Za-z]:\\)(?:[^\s/\\'\"(),;:]+[/\\])+")
"""The folders of an absolute path; an address of the web has none."""


def read_only() -> bool:
    """Whether others than the owner may reach this server: then nothing is written."""
    return bool(os.environ.get(READ_ONLY_ENV))


def shown_path(path: Path) -> str:
    """A path for a command line: to others the name of the file alone."""
    return path.name if read_only() else str(path)


def shown(text: str) -> str:
    """A sentence as it may be shown: to others without the folders of this machine."""
    return _FOLDERS.sub("", text) if read_only() else text

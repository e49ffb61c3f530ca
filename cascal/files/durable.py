"""Names that outlast a power cut."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder; Windows, which opens no folder, needs none."""
    if sys.platform == "win32":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""Files that one process at a time holds: a lock that ends with the process, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from cascal.files.owner_only import owner_only

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def held(path: Path) -> IO[bytes] | None:
    """The file, made where it is missing and held until it is closed; None if another one has it.

    Who let go may have removed the file meanwhile: a lock on that is none, and the next is tried.
    """
    while True:
        file = open(path, "a+b", opener=owner_only)  # noqa: SIM115 – kept open
        try:
            if sys.platform == "win32":
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            return file
        file.close()

"""Files from a browser in a folder of the server: a name is only ever a name, never a path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

MAX_NAME_BYTES = 120
"""Longer names are cut; file systems take 255 bytes, and packed files add to them."""


class Upload(Protocol):
    """A file as the browser sent it."""

    name: str

    def getvalue(self) -> bytes:
        """What is in it."""


def stored(uploads: Sequence[Upload], folder: Path) -> list[Path]:
    """Write files into a fresh folder; those of one name get a folder each, so that all arrive."""
    files: list[Path] = []
    for number, upload in enumerate(uploads, 1):
        file = folder / file_name(upload.name)
        if file.exists():
            file = folder / str(number) / file.name
            file.parent.mkdir()
        file.write_bytes(upload.getvalue())
        files.append(file)
    return files


def file_name(name: str) -> str:
    """The last part of a name without what no file may be called, its ending kept."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in last if sign.isprintable()).strip()
    if not plain.strip("."):
        return "upload"
    ending = Path(plain).suffix
    if len(ending.encode()) > MAX_NAME_BYTES // 4:
        ending = ""
    stem = plain.removesuffix(ending)
    room = MAX_NAME_BYTES - len(ending.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + ending

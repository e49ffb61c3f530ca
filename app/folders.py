"""Which paths of this machine the dashboard reads: those below the folders allowed at its start."""

from __future__ import annotations

import os
from pathlib import Path

from cascal.datatypes import CascalError

FOLDERS_ENV = "CASCAL_ALLOWED_FOLDERS"


def allowed() -> tuple[Path, ...]:
    """The folders, links followed; a relative path starts at the first."""
    named = [one for one in os.environ.get(FOLDERS_ENV, "").split(os.pathsep) if one]
    return tuple(Path(one).resolve() for one in named) or (Path.cwd().resolve(),)


def local_path(text: str) -> Path:
    """The path that somebody typed, links followed; one outside of the folders is refused.

    So is a folder with a link to the outside: whoever made it would choose what is read.
    """
    path = _resolved(text)
    if not _inside(path):
        raise CascalError(_refusal(text), code="outside-folder")
    if path.is_dir():
        for one in path.rglob("*"):
            if one.is_symlink() and not _inside(one.resolve()):
                raise CascalError(
                    _refusal(f"{text}/{one.relative_to(path)}"), code="outside-folder"
                )
    return path


def encoder_source(name: str) -> str:
    """The name of an encoder as it is; a folder only where it may be read."""
    name = name.strip()
    if name.startswith("endpoint:") or not (_looks_like_a_path(name) or _resolved(name).is_dir()):
        return name
    return str(local_path(name))


def _looks_like_a_path(name: str) -> bool:
    return name.startswith((".", "~", os.sep)) or name.count("/") > 1 or Path(name).is_absolute()


def _resolved(text: str) -> Path:
    try:
        return (allowed()[0] / Path(text.strip()).expanduser()).resolve()
    except (ValueError, RuntimeError, OSError):  # a NUL, no such home, links in a circle
        raise CascalError(f"{text[:80]!r} is no path.", code="malformed-value") from None


def _inside(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in allowed())


def _refusal(text: str) -> str:
    folders = ", ".join(str(folder) for folder in allowed())
    return (
        f"{text[:200]} is outside of what this dashboard may read ({folders}). Move it there, or "
        "start the dashboard with --allow-folder FOLDER."
    )

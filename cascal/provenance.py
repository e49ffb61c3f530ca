"""What says where a thing comes from: the hash of a text, and how a result was made."""

from __future__ import annotations

import getpass
import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cascal.settings import FitSettings, Thresholds

_PACKAGES = ("cascal", "numpy", "scikit-learn", "scipy", "duckdb")
NOBODYS = frozenset(
    (
        *("root", "admin", "administrator", "user", "guest", "nobody", "default", "me", "test"),
        *("ubuntu", "debian", "centos", "ec2-user", "azureuser", "docker", "container", "vagrant"),
        *("app", "appuser", "streamlit", "node", "jovyan", "vscode", "codespace", "gitpod"),
        *("runner", "runneradmin", "ci", "jenkins", "www-data", "service"),
    )
)
"""Accounts of machines and images: such a name tells no two people apart."""


def text_hash(text: str) -> str:
    """The first 32 hex digits of the SHA-256 of a text's UTF-8 bytes.

    The workspace computes the same in SQL. A lone surrogate, which no valid UTF-8 holds and no
    workspace stores, counts as the three bytes it would have.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def stamp(settings: FitSettings, thresholds: Thresholds) -> dict[str, Any]:
    """How a result was made, for its record: settings, thresholds, versions, time."""
    return {
        "settings": settings.record(),
        "thresholds": asdict(thresholds),
        "versions": versions(),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str]:
    """The versions of what a result depends on."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def this_account() -> str:
    """Who labels or scores where nobody says it: the account's name; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"


def person_of_account() -> str:
    """The account's name where it may be a person's; else nothing, and who labels has to say it."""
    name = this_account()
    return "" if name.casefold() in NOBODYS else name

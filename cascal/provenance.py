"""What says where a thing comes from: the hash of a text, and how a result was made."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cascal.datatypes import CascalError
from cascal.settings import FitSettings, Thresholds

_PACKAGES = ("cascal", "numpy", "scikit-learn", "scipy", "duckdb")


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


def named(who: str | None) -> str:
    """Who labels or scores, as was said; refused where nobody said it: no account is a person."""
    if not (who or "").strip():
        raise CascalError(
            "Nobody says who labels or scores, and what people say is stored with a name. Give it "
            "with --who NAME, in the field Your name of the page Label, or in the column `who` of "
            "a table of labels. Nothing was stored.",
            code="missing-value",
        )
    return str(who)

"""Routers in the formats of other runtimes. What a format cannot hold is said, not dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cascal.datatypes import CascalError
from cascal.export.avengers import write_avengers
from cascal.export.nordlys import write_nordlys
from cascal.export.vllm_sr import write_vllm_sr
from cascal.routing.route import Router

TARGETS: dict[str, Callable[[Router, Path], tuple[str, ...]]] = {
    "nordlys": write_nordlys,
    "vllm-sr": write_vllm_sr,
    "avengers": write_avengers,
}
"""Writers by target; each returns what is lost, in sentences."""

__all__ = ["TARGETS", "convert", "write_avengers", "write_nordlys", "write_vllm_sr"]


def convert(router: Router, target: str | Path, to: str) -> tuple[str, ...]:
    """Write a router for another runtime; returns what is lost, in sentences."""
    if to not in TARGETS:
        raise CascalError(
            f"There is no target {to[:40]!r}; choose one of {', '.join(TARGETS)}.",
            code="unknown-choice",
        )
    return TARGETS[to](router, Path(target))

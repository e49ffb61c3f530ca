"""Every format that is read, by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from cascal.columns import Imported
from cascal.importers import (
    anthropic_batch,
    cascal_release,
    deepeval,
    helm,
    inspect_log,
    langfuse,
    litellm_log,
    llmrouter,
    llmrouterbench,
    lm_eval,
    long,
    mmlu_pro,
    not_diamond,
    openai_batch,
    openai_evals,
    promptfoo,
    routerarena,
)
from cascal.importers.draft import Plan


class Format(Protocol):
    """What the module of a format offers; paths are the files or the folder that were given."""

    KIND: str
    ABOUT: str

    def read(self, paths: Sequence[Path], plan: Plan) -> Imported:
        """Read everything of this kind in the paths."""

    def first_records(self, paths: Sequence[Path]) -> list[dict[str, Any]]:
        """The records of the first file, for looking at."""


FORMATS: dict[str, Format] = {
    one.KIND: one
    for one in (
        long,
        mmlu_pro,
        cascal_release,
        lm_eval,
        inspect_log,
        llmrouter,
        llmrouterbench,
        routerarena,
        openai_batch,
        anthropic_batch,
        litellm_log,
        promptfoo,
        langfuse,
        helm,
        deepeval,
        openai_evals,
        not_diamond,
    )
}
"""The formats that are read, by kind."""

KINDS: dict[str, str] = {kind: one.ABOUT for kind, one in FORMATS.items()}
"""Formats that are read, and what each is."""

KEEPING = tuple(one.KIND for one in (long, lm_eval, inspect_log, promptfoo, langfuse, deepeval))
"""Formats that say more of a query than is used, which may be kept."""

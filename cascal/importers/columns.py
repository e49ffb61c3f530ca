"""Which column of a file is which of ours: known names, options spread over columns, mappings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal

from cascal.importers.limits import ImportRefused
from cascal.number_format import listed

Role = Literal["joined", "queries", "responses"]

QUERY_COLUMNS = (
    "query_id",
    "task",
    "text",
    "options",
    "n_options",
    "gold",
    "answer_origin",
    "skill",
    "split",
)
RESPONSE_COLUMNS = (
    "model",
    "sample",
    "response",
    "answer",
    "rule",
    "mean_logprob",
    "input_tokens",
    "output_tokens",
    "cost",
    "latency",
    "status",
    "score",
)
OF_ROLE: dict[Role, tuple[str, ...]] = {
    "joined": QUERY_COLUMNS + RESPONSE_COLUMNS,
    "queries": QUERY_COLUMNS,
    "responses": ("query_id", *RESPONSE_COLUMNS),
}
"""Our names. `gold` is the right answer of a query, `answer` what a model answered."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "query_id": ("query_id", "question_id", "qid", "id", "sample_id", "item_id", "prompt_id"),
    "task": ("task", "category", "subject", "task_name", "domain", "eval_name", "topic"),
    "text": (
        "text",
        "question",
        "query",
        "prompt",
        "origin_query",
        "question_text",
        "query_text",
        "sentence",
        "problem",
        "instruction",
        "input",
        "messages",
        "conversation",
    ),
    "options": ("options", "choices", "candidates"),
    "n_options": ("n_options", "num_options", "n_choices", "num_choices"),
    "gold": (
        "gold",
        "gold_answer",
        "ground_truth",
        "correct_answer",
        "answer_key",
        "target",
        "label",
        "answer",
        "answer_index",
    ),
    "answer_origin": ("answer_origin",),
    "skill": ("skill",),
    "split": ("split",),
    "model": ("model", "model_name", "model_id", "llm"),
    "sample": ("sample", "sample_no", "sample_index", "epoch"),
    "response": (
        "response",
        "response_text",
        "output",
        "completion",
        "prediction",
        "model_output",
        "model_response",
        "generated_text",
        "raw_output",
        "generation",
    ),
    "answer": (
        "response_answer",
        "model_answer",
        "parsed_answer",
        "predicted_answer",
        "selected_choice",
        "extracted_answer",
        "pred",
        "answer",
    ),
    "rule": ("rule",),
    "mean_logprob": ("mean_logprob", "avg_logprob", "logprob", "mean_log_prob", "avg_log_prob"),
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "cost": ("cost", "total_cost"),
    "latency": ("latency", "response_time", "time_taken", "seconds"),
    "status": ("status",),
    "score": ("score", "correct", "is_correct", "acc", "exact_match", "performance"),
}
_MORE_IN_RESPONSES = {"response": ("text",), "answer": ("choice",)}
_SPREAD = re.compile(r"(?:(?:option|choice|opt|answer)[_ ]?)([a-z]|\d{1,2})\Z")


def spread_options(columns: Iterable[str]) -> list[str]:
    """Columns that hold one option each: option_a, choice_1, … or A, B, C, …; [] if none do."""
    names = list(columns)
    found = [(match[1], name) for name in names if (match := _SPREAD.match(name.strip().lower()))]
    if len(found) >= 2:
        return [name for _, name in sorted(found, key=lambda one: (len(one[0]), one[0]))]
    letters = sorted(name for name in names if len(name) == 1 and "A" <= name <= "Z")
    expected = [chr(ord("A") + index) for index in range(len(letters))]
    return letters if len(letters) >= 2 and letters == expected else []


def is_known(name: str) -> bool:
    """Whether a column could be one of ours by its name."""
    plain = plain_name(name)
    known = any(plain in names for names in _ALIASES.values())
    return known or _SPREAD.match(plain) is not None or len(name) == 1 or name.startswith(OWN)


def plain_name(name: str) -> str:
    """A name as ours are written: "Query ID" is query_id."""
    return re.sub(r"[\s-]+", "_", unicodedata.normalize("NFC", name).strip().casefold())


def suggest(columns: Iterable[str], role: Role) -> dict[str, str]:
    """Our name -> their name for every column whose name is known; no column is used twice."""
    theirs = {plain_name(name): name for name in reversed(list(columns))}
    mapping: dict[str, str] = {}
    for ours in OF_ROLE[role]:
        names = _ALIASES[ours]
        if role == "responses":
            names = (*names, *_MORE_IN_RESPONSES.get(ours, ()))
        taken = set(mapping.values())
        free = (theirs[one] for one in names if one in theirs and theirs[one] not in taken)
        match = next(free, None)
        if match is not None:
            mapping[ours] = match
    return mapping


def resolve(
    columns: Iterable[str], role: Role, given: Mapping[str, str], source: str
) -> dict[str, str]:
    """The mapping to use: what the caller gave, and the known names for the rest.

    A key may be meant for one file only: `queries.query_id`, `responses.query_id`.
    """
    names = list(columns)
    wanted = {
        key.rpartition(".")[2]: theirs
        for key, theirs in sorted(given.items(), key=lambda one: "." in one[0])
        if key.rpartition(".")[0] in ("", role) and key.rpartition(".")[2] in OF_ROLE[role]
    }
    for ours, theirs in wanted.items():
        if theirs not in names:
            raise ImportRefused(
                f"The mapping takes {ours!r} from column {theirs[:80]!r}, but {source!r} has only "
                f"{listed(names)}. Correct the mapping.",
                code="unknown-field",
            )
    used = set(wanted.values())
    guessed = suggest((name for name in names if name not in used), role)
    return {**{ours: one for ours, one in guessed.items() if ours not in wanted}, **wanted}


OWN = "kept:"
"""Begins the name of a kept column in an exported table; it is kept again without being asked."""


def unused_columns(
    columns: Iterable[str], role: Role, given: Mapping[str, str], source: str
) -> list[str]:
    """The columns that nothing of ours is taken from."""
    names = list(columns)
    mapping = resolve(names, role, given, source)
    spread = () if "options" in mapping else spread_options(names)
    used = {*mapping.values(), *spread}
    return [name for name in names if name not in used and not name.startswith(OWN)]


def in_our_names(given: Mapping[str, str]) -> dict[str, str]:
    """The mapping with our names for usual other ones: question is text, model_answer answer."""
    ours = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
    ours |= {name: name for name in _ALIASES}
    mapping: dict[str, str] = {}
    for key, theirs in given.items():
        role, dot, name = key.rpartition(".")
        known = f"{role}{dot}{ours.get(name, name)}"
        if mapping.setdefault(known, theirs) != theirs:
            raise ImportRefused(
                f"The mapping takes {known!r} from two columns, {mapping[known][:80]!r} and "
                f"{theirs[:80]!r}. Name one.",
                code="duplicate-key",
            )
    return mapping


def check_names(given: Mapping[str, str]) -> None:
    """Refuse a mapping whose keys are not ours."""
    ours = (*QUERY_COLUMNS, *RESPONSE_COLUMNS)
    for key in given:
        if key.rpartition(".")[2] not in ours or key.rpartition(".")[0] not in (
            "",
            "queries",
            "responses",
        ):
            raise ImportRefused(
                f"The mapping has a key {key[:80]!r}, which is none of our columns. Choose from "
                f"{', '.join(ours)}.",
                code="unknown-field",
            )


def role_of(columns: Iterable[str], given: Mapping[str, str]) -> Role:
    """Whether a single file holds queries and responses or queries only."""
    found = {**suggest(columns, "joined"), **given}
    return "joined" if "model" in found or "response" in found else "queries"


def require(
    mapping: Mapping[str, str], needed: Iterable[str], columns: Iterable[str], source: str
) -> None:
    """Refuse a file that lacks a column nothing works without."""
    missing = [ours for ours in needed if ours not in mapping]
    if missing:
        known = "; ".join(f"{ours}: {', '.join(_ALIASES[ours][:5])} …" for ours in missing)
        raise ImportRefused(
            f"{source!r} has no column for {', '.join(missing)}. It has {listed(list(columns))}. "
            f"Name the column in the mapping (--map {missing[0]}=THEIRS), or rename it "
            f"(known names – {known}).",
            code="missing-column",
        )

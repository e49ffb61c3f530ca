"""What the store refuses about draws and labels; nothing is stored then."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from cascal.datatypes import NO_ANSWER, CascalError
from cascal.number_format import counted
from cascal.store.records import MARKS, PURPOSES, Draw, Label
from cascal.store.voting import option_index


def refuse_bad_draw(given: Draw, known: Container[str]) -> None:
    """Refuse a draw for no known purpose, with repeated queries, or of queries nobody knows."""
    _refuse_choice("purpose", given.purpose, PURPOSES)
    if not 0 <= given.n_asked <= len(given.frame) or len(set(given.frame)) < len(given.frame):
        raise CascalError(
            f"{given.n_asked} of {counted(len(given.frame), 'query')}, {len(set(given.frame))} of "
            "them different, cannot be asked without replacement.",
            code="out-of-bounds",
        )
    unknown = [one for one in given.frame if one not in known]
    if unknown:
        raise CascalError(
            f"The draw holds query {unknown[0][:80]!r}, which is not in the data set.",
            code="unknown-query",
        )


def _refuse_choice(what: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise CascalError(
            f"The {what} is {given[:80]!r}; choose {', '.join(known)}.", code="unknown-choice"
        )


def refuse_bad_label(label: Label, known: Mapping[str, tuple[str, int]], models: set[str]) -> None:
    """Refuse a label that is about nothing that is here, or that says nothing."""
    shown = label.query_id[:80]
    if label.query_id not in known:
        raise CascalError(
            f"A label names query {shown!r}, which is not in the data set. Nothing was stored.",
            code="unknown-query",
        )
    content, n_options = known[label.query_id]
    if content != label.content:
        raise CascalError(
            f"Query {shown!r} was edited since it was drawn: its text or its options are others "
            "now. Nothing was stored; draw anew and label what it says now.",
            code="changed-query",
        )
    _refuse_choice("purpose", label.purpose, PURPOSES)
    _refuse_choice("mark", label.mark, MARKS)
    if not label.person.strip() or not 0.0 < label.probability <= 1.0:
        raise CascalError(
            f"The label of query {shown!r} needs a person, and a probability above 0 and at most "
            f"1; given are {label.person[:80]!r} and {label.probability:g}.",
            code="unusable-row",
        )
    if label.mark == "answered":
        _refuse_bad_answer(label, n_options, models)


def _refuse_bad_answer(label: Label, n_options: int, models: set[str]) -> None:
    """Refuse an answer that is none, and a verdict on a model that nobody knows."""
    shown = label.query_id[:80]
    unknown = sorted(set(label.verdicts) - models)
    if unknown:
        raise CascalError(
            f"The label of query {shown!r} judges the model {unknown[0][:80]!r}, which is not in "
            "the pool. Nothing was stored.",
            code="unknown-model",
        )
    answer = (label.answer or "").strip()
    if not answer and not label.verdicts:
        raise CascalError(
            f"The label of query {shown!r} says neither an answer nor who is right. Skip it "
            "instead. Nothing was stored.",
            code="unusable-row",
        )
    if answer and n_options and not NO_ANSWER < option_index(answer) < n_options:
        raise CascalError(
            f"Query {shown!r} is labelled {answer[:40]!r}, which is not the letter of one of its "
            f"{counted(n_options, 'option')}. Nothing was stored.",
            code="unusable-row",
        )


def refuse_second(stored: Label, given: Label) -> None:
    """Refuse another label of the same person on the same query."""
    if stored.said != given.said:
        raise CascalError(
            f"{given.person[:80]!r} has labelled query {given.query_id[:80]!r} already, and "
            f"otherwise: {stored.words!r}, not {given.words!r}. Nothing was stored; undo or delete "
            "the first label, or let another person label it.",
            code="labelled-twice",
        )


def place_in_draw(label: Label, asked: Mapping[str, Draw]) -> int:
    """Where the label's query comes in its draw; refused where it is not of that draw."""
    if label.draw_id not in asked or label.query_id not in asked[label.draw_id].frame:
        raise CascalError(
            f"Query {label.query_id[:80]!r} is not in the draw {label.draw_id[:80]!r} of this data "
            "set. Nothing was stored; label the queries that were drawn.",
            code="changed-draw",
        )
    return asked[label.draw_id].frame.index(label.query_id)

"""One response of a foreign file -> its answer, numbers and status; shared by the importers.

Four things stay apart: an *error* (the endpoint failed), an *unreadable* answer, a response that
is only *scored* (status "ok", no answer: it can be evaluated but cannot vote) and a *missing* one.
A score is never turned into an answer, and an error has no score: there was nothing to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cascal.answers import MAX_FREE_ANSWER, Reading, holds_thinking, read_answer
from cascal.datatypes import Status, option_letter
from cascal.importers.api_errors import is_api_error
from cascal.importers.draft import Draft
from cascal.importers.fields import (
    OPTION_LINE,
    amount,
    clean,
    gold_answer,
    has_decimal_comma,
    is_blank,
    logprob,
    raw_text,
    tokens,
    whole_number,
)
from cascal.importers.rows import ResponseRow
from cascal.importers.scores import score_value

_CHECKS: dict[str, Callable[[object], tuple[float | None, str]]] = {
    "mean_logprob": logprob,
    "score": score_value,
    "input_tokens": tokens,
    "output_tokens": tokens,
}


class Place(NamedTuple):
    """Where a response stands in its file, and what it is a response to."""

    source: str
    row: int
    query_id: str
    model: str
    sample: int = 0


@dataclass(frozen=True)
class Said:
    """What a file says of one response.

    text         None where the format gives no text at all, "" where the model said nothing
    given        an answer that the source has read already; used where it names one
    status       "error", "refused" or "truncated" where the source says so
    marks_errors whether the format marks errors itself, so that texts are not searched for them
    reads_text   False where a letter in the text is not the letter of that option
    thought      tokens of thinking that the source counts, whether it shows them or not
    values       mean_logprob, input_tokens, output_tokens, cost, latency, score, as written
    """

    text: str | None
    given: object = None
    status: Status | None = None
    marks_errors: bool = False
    reads_text: bool = True
    thought: object = None
    values: Mapping[str, Any] = field(default_factory=dict)


def add_said(draft: Draft, place: Place, said: Said, options: Sequence[str]) -> None:
    """Check the numbers, read the answer and keep the response."""
    numbers = measures(draft, place.source, place.row, said.values)
    scored = numbers.get("score") is not None
    reading = read_said(draft, said, options, scored=scored)
    if reading.status == "error":
        numbers["score"] = None
    if numbers.get("mean_logprob") is not None and not holds_thinking(said.text or ""):
        draft.n_thought_unseen += bool(amount(said.thought)[0])
    draft.add_response(
        ResponseRow(
            *place,
            text=said.text or "",
            answer=reading.answer,
            rule=reading.rule,
            status=reading.status,
            **numbers,
        )
    )


def measures(draft: Draft, source: str, row: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of one response by our names; one that cannot be is reported and unknown."""
    checked: dict[str, Any] = {}
    for column, value in values.items():
        number, problem = _CHECKS.get(column, amount)(value)
        if problem:
            draft.report(source, row, column, problem)
        elif has_decimal_comma(value):
            draft.n_decimal_commas += 1
        whole = column.endswith("_tokens") and number is not None
        checked[column] = int(number or 0) if whole else number
    return checked


def read_said(draft: Draft, said: Said, options: Sequence[str], *, scored: bool) -> Reading:
    """The answer the source gives, else the one its text gives, and the status.

    Where no answer can be read, a scored response is "ok" if the source gives no text, or if the
    query has no options and the text is too long for an answer (an essay, a program): nothing says
    that the model failed to answer. With options the text had to name one: "unreadable".
    """
    text = said.text or ""
    if said.status == "error" or (not said.marks_errors and is_api_error(text)):
        return Reading(None, None, "error")
    answer = _given_answer(said.given, text, options)
    if answer is not None:
        reading = Reading(answer, "given", "ok")
    elif said.reads_text:
        reading = draft.read(text, options)
    else:
        reading = Reading(None, None, "unreadable")
    if said.status == "refused":
        return Reading(None, None, "refused")
    if said.status == "truncated":
        return Reading(reading.answer, reading.rule, "truncated")
    judged = said.text is None or (not options and bool(text.strip()))
    if scored and reading.status == "unreadable" and judged:
        return Reading(None, None, "ok")
    return reading


def _given_answer(given: object, text: str, options: Sequence[str]) -> str | None:
    """What the source has read: an option, or a short free answer that is not the whole text."""
    if is_blank(given):
        return None
    if options:
        return gold_answer(given, options)[0]
    answer = raw_text(given).strip()
    whole = answer.casefold() == text.strip().casefold()
    return None if whole or len(answer) > MAX_FREE_ANSWER or "\n" in answer else answer


def known_gold(
    draft: Draft,
    source: str,
    row: int,
    value: object,
    options: Sequence[str],
    first: int | None = 0,
) -> str | None:
    """A gold answer as letter or text; one that names no option is reported and unknown.

    first: from where numbers count the options; None where the format does not say, and then a
    number that is no option itself is unknown. Without options the answer is taken out of a
    worked solution ("… #### 72", a boxed result).
    """
    if not options:
        text = raw_text(value).strip()
        if "####" in text or "\\boxed" in text:
            return read_answer(text, 0).answer or text
        return text or None
    is_text = clean(value) in options and (first is None or isinstance(value, str))
    value = clean(value) if is_text else value
    number = None if is_text else whole_number(value)
    if number is not None and first is None:
        reason = "a number, which may count from 0 or from 1 (--gold-from); stored as unknown"
        draft.report(source, row, "gold", reason)
        return None
    value = value if number is None else number - (first or 0)
    answer, problem = gold_answer(value, options)
    if problem:
        draft.report(source, row, "gold", f"{problem}; stored as unknown")
    return answer


def lettered_options(text: str, gold: object = None) -> tuple[str, ...]:
    """The options a prompt lists as lines "A. …", "B. …"; () unless there is exactly one list.

    A list that the gold answer does not point into is not the query's options.
    """
    blocks: list[tuple[str, ...]] = []
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        match = OPTION_LINE.match(line)
        if match is not None and match[1] == option_letter(len(block)):
            block.append(match[2].strip())
            continue
        if len(block) >= 2:
            blocks.append(tuple(block))
        block = [match[2].strip()] if match is not None and match[1] == "A" else []
    if len(blocks) != 1 or gold_answer(gold, blocks[0])[1]:
        return ()
    return blocks[0]

"""What one line of a harness log says: the question, its choices, and what the model preferred."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cascal.datatypes import option_letter
from cascal.importers.checked_rows import items, part
from cascal.importers.columns import spread_options
from cascal.importers.fields import clean, gold_answer, is_blank, option_texts, raw_text
from cascal.importers.jsonlines import Record
from cascal.importers.messages import message_text

_QUESTIONS = ("question", "query", "problem", "input", "sentence", "goal", "text", "prompt", "ctx")
_PASSAGES = ("context", "passage", "article", "story", "paragraph")


class Choice(NamedTuple):
    """The log-probabilities of a query's choices, the likeliest one and its confidence."""

    n_choices: int
    answer: str
    mean_logprob: float | None


def as_choice(record: Record) -> Choice | None:
    """Read resps as [log_prob, is_greedy] of at least two choices; None where they are not.

    With mutual information (acc_mutual_info) every choice is asked twice, with and without the
    question; the first half counts. Where the largest is not a number, nothing is chosen.
    """
    pairs = [_pair(one) for one in items(record.get("resps"))]
    values = [one for one in pairs if one is not None]
    if len(values) < 2 or len(values) < len(pairs):
        return None
    continuations = _arguments(record, "arg_1")
    half = len(values) // 2
    if half >= 2 and len(values) % 2 == 0 and continuations[:half] == continuations[half:]:
        values = values[:half]
    if any(math.isnan(one) for one in values) or max(values) in (math.inf, -math.inf):
        return Choice(len(values), "", None)
    best = max(values)
    total = math.fsum(math.exp(one - best) for one in values)
    return Choice(len(values), option_letter(values.index(best)), min(0.0, -math.log(total)))


def _pair(resp: object) -> float | None:
    """The log-probability of [[log_prob, is_greedy]], also where it was logged as text."""
    while isinstance(resp, list) and len(resp) == 1:
        resp = resp[0]
    if not isinstance(resp, list) or len(resp) != 2:
        return None
    value, greedy = resp
    if clean(greedy).casefold() not in ("true", "false"):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def repeats_of(record: Record) -> Iterator[str | None]:
    """The generated texts of one document; None where it was a likelihood and not a text."""
    resps = items(record.get("resps"))
    first = resps[0] if resps else ""
    for one in first if isinstance(first, list) and first else [first]:
        yield None if isinstance(one, list) or _pair(first) is not None else raw_text(one)


def doc_options(record: Record, choice: Choice | None) -> tuple[str, ...] | None:
    """The texts of the choices: of the document, else the continuations or the contexts asked.

    A generation task has options only if its target is the letter of one of the document's. None
    where a multiple-choice task gives its choices no texts.
    """
    doc = part(record.get("doc"))
    listed = _listed(doc)
    if choice is None:
        target = clean(record.get("target")).strip("(). ")
        is_letter = len(target) == 1 and target.isalpha() and gold_answer(target, listed)[0]
        return listed if len(listed) >= 2 and is_letter else ()
    continuations = _arguments(record, "arg_1")[: choice.n_choices]
    contexts = _arguments(record, "arg_0")[: choice.n_choices]
    if sorted(continuations) == sorted(listed):
        return continuations
    for candidate in (listed, continuations, contexts):
        if len(candidate) == choice.n_choices and len(set(candidate)) == len(candidate):
            return candidate
    return None


def _listed(doc: Record) -> tuple[str, ...]:
    """The options a document lists: choices (a list, or text and label), options, option1, …"""
    for name in ("choices", "options", "endings"):
        if not is_blank(doc.get(name)):
            value = doc[name]
            plain = isinstance(value, dict) and "text" not in value and "choices" not in value
            found = tuple(map(raw_text, value.values())) if plain else option_texts(value)
            return _stripped(found or ())
    names = spread_options(doc)
    return _stripped([raw_text(doc[name]) for name in names])


def _stripped(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(one.strip() for one in texts)


def _arguments(record: Record, name: str) -> tuple[str, ...]:
    """One argument of every request, without the space in front; lists of pairs in older logs."""
    arguments = record.get("arguments")
    if isinstance(arguments, dict):
        requests = [part(one).get(name) for one in arguments.values()]
    else:
        place = int(name[-1])
        requests = [
            one[place] if len(one) > place else None for one in map(items, items(arguments))
        ]
    return tuple(message_text(one).strip() for one in requests)


def doc_text(record: Record) -> str:
    """The question as the document has it, after its passage; else the prompt of the first request.

    The document's own words are the same for all models, while prompts carry examples and chat
    templates.
    """
    doc = part(record.get("doc"))
    questions = (doc[name] for name in _QUESTIONS if isinstance(doc.get(name), str))
    question = next((one for one in questions if one.strip()), "")
    if not question:
        return next(iter(_arguments(record, "arg_0")), "")
    passages = (doc[name] for name in _PASSAGES if isinstance(doc.get(name), str))
    passage = next((one for one in passages if one.strip()), "")
    return f"{passage}\n\n{question}" if passage else question

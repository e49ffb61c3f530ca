"""How the scripts of MMLU-Pro read their outputs, kept for figures that must equal theirs.

It guesses: where no phrase names a letter, the last lone capital is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from cascal.answers.free import MAX_FREE_ANSWER

_END = r"(?![\w'’]|-\w)"
_OPEN = (
    r"(?i:option\s|choice\s)?[\s(\[*_$\"'`]{0,6}(?:\\(?:boxed|text|textbf|mathrm|mathbf)\{){0,2}\(?"
)
_WORDS = r"(?!(?:is|seems|because|and|or|but|since|would|as|only)\b)[a-z]"
_ANSWER_IS = re.compile(
    rf"(?i:answer\s{{1,9}}is)\s{{0,9}}:?\s{{0,9}}(?:{_OPEN}([A-Z]){_END}|\(([a-z])\))"
)
_ANSWER_COLON = re.compile(
    rf"(?i:answer)[*_]{{0,3}}\s{{0,9}}:[*_]{{0,3}}\s{{0,9}}(?:{_OPEN}([A-Z]){_END}|\(([a-z])\))"
)
_JSON = re.compile(
    r"\"(?:final_)?(?:answer|choice)\"\s{0,9}:\s{0,9}\"\s{0,9}\(?([A-Za-z])\)?(?:[.:][^\"\n]{0,200})?\s{0,9}\""
)
_BOXED = re.compile(
    r"\\boxed\s{0,9}\{\s{0,9}(?:\\(?:text|textbf|mathrm|mathbf)\s{0,9}\{)?\s{0,9}"
    r"\(?([A-Za-z])\)?\s{0,9}\}"
)
_BOLD = re.compile(r"\*\*\(?([A-Z])(?=[.:)*])[^*\n]{0,200}\*\*")
_LEADING = re.compile(r"\A\(?([A-Z])[).]\s{1,9}[^\n]{1,300}\Z")


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return None if match is None else next(group for group in match.groups() if group)


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.findall(text)
    return found[-1] if found else None


def _whole(text: str) -> str | None:
    core = text[:40].strip(" \t\r\n.,:;()[]{}*\"'`$_") if len(text) < 40 else ""
    return core if len(core) == 1 and core.isascii() and core.isalpha() else None


@lru_cache(maxsize=32)
def _lone_pattern(last_letter: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?![AI] {_WORDS}|I['’])[A-{last_letter}]\b")


CHOICE_RULES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("whole_text", _whole),
    ("json_answer", lambda text: _last(_JSON, text)),
    ("boxed", lambda text: _last(_BOXED, text)),
    ("answer_is", lambda text: _first(_ANSWER_IS, text)),
    ("answer_colon", lambda text: _first(_ANSWER_COLON, text)),
    ("bold", lambda text: _last(_BOLD, text)),
    ("leading_letter", lambda text: _first(_LEADING, text)),
)
"""Rules for option letters, strongest first; `lone_capital` follows when none of them fires.

Of several "answer is (X)" the **first** wins: completion models go on to invent further questions
and answer those (on 129 MMLU-Pro texts with two different letters the first is right 41 times, the
last 24 times). Of several boxed, JSON or bold letters the last wins: they conclude a text.
"""


def read_upstream(text: str, n_options: int) -> tuple[str | None, str | None]:
    """Letter or free answer of a text, and the rule that read it; a rule alone: a letter too far.

    What stands before the last ``</think>`` is not read. The last lone capital is looked for in
    A-J (A-Z for more than ten options), without the article A and the pronoun I.
    """
    text = text.rpartition("</think>")[2].strip() or text.strip()
    if not text:
        return None, None
    if n_options == 0:
        return _read_free(text)
    for rule, read in CHOICE_RULES:
        if (letter := read(text)) is not None:
            return _in_range(letter, rule, n_options)
    if (letter := _last(_lone_pattern("Z" if n_options > 10 else "J"), text)) is not None:
        return _in_range(letter, "lone_capital", n_options)
    return None, None


def _in_range(letter: str, rule: str, n_options: int) -> tuple[str | None, str]:
    letter = letter.upper()
    return (letter if ord(letter) - ord("A") < n_options else None), rule


_PHRASE = re.compile(r"(?i:answer\s{1,9}is|answer[*_]{0,3}\s{0,9}:)[:*_ \t]{0,9}([^\n]{1,240})")
_FREE_JSON = re.compile(r"\"(?:final_)?answer\"\s{0,9}:\s{0,9}\"?([^\"\n,}]{1,240})")
_SENTENCE_END = re.compile(r"\.(?:\s|\Z)")
_HASHES = re.compile(r"^####[ \t]{0,9}([^\n]{1,240})$", re.MULTILINE)


def _read_free(text: str) -> tuple[str | None, str | None]:
    for rule, read in FREE_RULES:
        answer = (read(text) or "").strip(" \t*_`")
        if answer and len(answer) <= MAX_FREE_ANSWER:
            return answer, rule
    if len(text) <= MAX_FREE_ANSWER and "\n" not in text:
        return text, "whole_text"
    return None, None


def _boxed_content(text: str) -> str | None:
    content, depth = text.rpartition("\\boxed{")[2][: 2 * MAX_FREE_ANSWER], 1
    for position, character in enumerate(content if "\\boxed{" in text else ""):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return content[:position]
    return None


FREE_RULES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("boxed", _boxed_content),
    ("hashes", lambda text: _last(_HASHES, text)),
    ("json_answer", lambda text: _last(_FREE_JSON, text)),
    ("answer_phrase", lambda text: _SENTENCE_END.split(_first(_PHRASE, text) or "")[0]),
)
"""Rules for free answers, strongest first; a short single line counts as an answer by itself."""

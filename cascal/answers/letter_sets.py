"""Text → all the options that it names, for queries of which several options are right.

One letter too few makes another answer, so nothing is guessed: letters count where they are all of
the text, or follow words that state an answer. Options may stand behind their letters ("D. zinc
and E. iron"), one a line, or as letters in a row ("DE").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from cascal.answers.normal import normalise_answer
from cascal.answers.prepared import TAKEN_BACK, prepared
from cascal.answers.reading import Reading, read_answer
from cascal.datatypes import ReadingName, option_letter

RULE, OPTION_TEXT = "letter_set", "option_text"
_JOINED = (
    r"\s{0,3}(?:[,;/&+\n]|\b(?:and|und|et|y|e|en|i)\b){1,2}\s{0,3}(?:\b(?:and|und|et|y)\s{1,3})?"
)
_RUN = (
    rf"(\(?[A-Z]\)?(?:{_JOINED}\(?[A-Z]\)?(?![\w'’])){{1,25}}|[A-Z]{{2,26}}|\(?[A-Z]\)?)(?![\w'’])"
)
_NOUN = (
    r"(?:answers?|(?:correct|right|best|true)\s(?:options?|choices?|answers?|ones?|statements?|letters?)"
    r"|(?:options?|choices?)|antworten?|r[ée]ponses?|respuestas?)"
)
_VERB = (
    r"\s{0,3}(?:is|are|would\sbe|should\sbe|include|sind|lauten|sont|son|[:=：])\s{0,3}:?\s{0,4}"
)
_STATED = (
    re.compile(rf"(?i:\b{_NOUN}{_VERB}(?:both\s|options?\s|all\sof\s)?){_RUN}"),
    re.compile(rf"(?i:\bi(?:['’]d|\swould|\swill)?\s(?:pick|choose|select|go\swith)\s){_RUN}"),
    re.compile(
        rf"(?i:\b(?:both|options|choices|statements)\s){_RUN}"
        r"(?i:\s(?:are|is)\s(?:both\s|the\s|all\s)?(?:correct|right|true|answers?)\b)"
    ),
)
_WHOLE = re.compile(_RUN)
_EMPHASIS = re.compile(r"\*{1,3}|_{2,3}|`")
_BULLET = re.compile(r"(?m)^[ \t]{0,4}[-•][ \t]{1,3}(?=\(?[A-Z]\b)")
_STOP_OF_LETTER = re.compile(r"(?m)(?<=\b[A-Z])[.)]?[.:][ \t]{0,3}$")


def read_letters(text: str, options: Sequence[str]) -> Reading:
    """All option letters that a text states, sorted, as "D,E"; a lone letter as "D"."""
    bare = _letters_alone(prepared(text), options)
    stated = list(_statements(bare))
    for letters in stated:
        if (named := _known(letters, len(options))) is not None:
            return Reading(named, RULE, "ok")
    reading = read_answer(bare, 0)
    named = _known(reading.answer or "", len(options))
    if named is not None:
        return Reading(named, reading.rule, "ok")
    lone = read_answer(text, len(options))
    if lone.answer is not None and set(re.findall(r"\b[A-Z]\b", bare)) == {lone.answer}:
        return lone
    return Reading(None, None, "refused" if reading.status == "refused" else "unreadable")


def read_response(
    text: str, n_options: int, options: Sequence[str] = (), reading: ReadingName = "stated"
) -> Reading:
    """What a response says to a query, wherever it comes from: an import, a collection, a call.

    A query that has options and counts as free (`n_options` 0) has several right ones: all letters
    are its answer. Where no letter is stated, the text of one option may be ("True").
    """
    if not options or reading == "upstream":
        return read_answer(text, n_options, reading)
    if not n_options:
        return read_letters(text, options)
    stated = read_answer(text, n_options)
    return stated if stated.status != "unreadable" else _by_own_text(text, options) or stated


def _by_own_text(text: str, options: Sequence[str]) -> Reading | None:
    """The letter of the one option whose text is what the response answers; None without one."""
    said = normalise_answer(read_answer(text, 0).answer or "")
    if not said:
        return None
    same = [place for place, normal in enumerate(_normal_forms(tuple(options))) if normal == said]
    return Reading(option_letter(same[0]), OPTION_TEXT, "ok") if len(same) == 1 else None


@lru_cache(maxsize=4_096)  # several models answer a query, often with the same words
def _normal_forms(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(normalise_answer, options))


def _letters_alone(text: str, options: Sequence[str]) -> str:
    """The text without emphasis, bullets, and the texts of options behind their letters."""
    text = _BULLET.sub("", _EMPHASIS.sub("", text))
    for place, option in enumerate(options):
        if option.strip():
            behind = rf"(?<![A-Za-z])\(?{option_letter(place)}\)?[.):]{{0,2}}\s{{1,3}}"
            same = rf"(?i:{re.escape(option.strip())})(?!\w)"
            text = re.sub(behind + same, option_letter(place), text)
    return _STOP_OF_LETTER.sub("", text).strip()


def _statements(text: str) -> Iterator[str]:
    """The letters of the whole text, else those stated first, unless these are taken back."""
    whole = _WHOLE.fullmatch(text.rstrip(".。 "))
    if whole is not None:
        yield whole[1]
        return
    found = sorted(
        (one for each in _STATED for one in each.finditer(text)), key=lambda m: m.start()
    )
    settled = None
    for match in found:
        if settled is None or TAKEN_BACK.search(text, settled.end(), match.start()):
            settled = match
    if settled is not None:
        yield settled[1]


def _known(letters: str, n_options: int) -> str | None:
    """Letters as "D,E", where all of them are options, those in a row in their order."""
    named = re.findall(r"\b[A-Z]\b", letters)
    if re.fullmatch(r"[A-Z]{2,26}", letters) and list(letters) == sorted(set(letters)):
        named = list(letters)
    words = re.sub(r"\b(?:and|und|et|y|e|en|i)\b", "", letters)
    only_letters = not re.search(r"[a-z]|[A-Z]{2}", words) or named == list(letters)
    known = all(0 <= ord(one) - ord("A") < n_options for one in named)
    return ",".join(sorted(set(named))) if named and known and only_letters else None

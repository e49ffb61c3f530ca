"""Text → free answer: the words or the number that the text says is its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from cascal.answers.languages import ANSWER_ABROAD, EAST, POLITE_END, UNKNOWN, is_plain
from cascal.answers.normal import without_digit_spaces
from cascal.answers.prepared import TAKEN_BACK

MAX_FREE_ANSWER = 200
"""Characters of a free answer; a longer one is an explanation, not an answer."""
_SHORT_LINE = 60
"""Characters of a first line that answers by itself, before an explanation."""

_CAPITAL = re.compile(r"\b[A-Z]\b")
_LETTERS = re.compile(
    r"\(?[A-Z]\)?(?:\s{0,3}(?:[,;/&+|]|\b(?:and|und|et|y)\b){1,2}\s{0,3}(?:\b(?:and|und|et|y)\s{1,3})?"
    r"\(?[A-Z]\)?){1,25}"
)
"""Letters alone, with what joins them: all of them are the answer."""
_VERB = (
    r"(?:\s{1,3}(?:is|was|are|would\sbe|should\sbe|must\sbe|equals|comes\s(?:out\s)?to)"
    r"(?:\s(?:therefore|thus|hence|approximately|about|probably|(?:most\s)?likely|clearly)(?=\s))?\s{0,3}:?|[*_]{0,3}\s{0,3}[:=：][*_]{0,3})"
)
_AT_HOME = (
    r"(?<!will\s)(?<!to\s)(?<![a-z])(?:(?:answer|result)(?:\s(?:to|for|of)\s[^\n.:]{1,60})?"
    f"{_VERB}"
)
_BEHIND = r")[:*_ \t]{0,9}(?:\n[ \t]{0,9}){0,2}(?=([^\n]{0,240}))"
_PHRASE = re.compile(rf"(?i){_AT_HOME}|{ANSWER_ABROAD}|{EAST}{_BEHIND}")
_PHRASE_AT_HOME = re.compile(f"(?i){_AT_HOME}{_BEHIND}")
"""The same where no other language speaks, in a tenth of the time."""
_NO_WORDS = re.compile(
    r"(?i)\A\W*(?:(?:the|my|so|final|correct|right|therefore|thus)\W+)*(?:(?:answer|result)\W*(?:is|are|would\sbe)?)?\W*\Z"
)
"""Nothing said, or nothing but that there is an answer."""
_EMPTY = re.compile(
    r"\{.{0,200}\"(?:final_?)?answer\"\s{0,9}:\s{0,9}(?:null|\"\s{0,9}\")\s{0,9}[,}].{0,4000}",
    re.DOTALL,
)
_IS_THE_ANSWER = re.compile(
    r"(?i)\A(?:so\s|thus\s|hence\s)?(?!this|that|it|which|what|there)(\S.{0,80}?)\s(?:is|was)\sthe\s"
    r"(?:final\s|correct\s|right\s)?answer[.!]?\Z"
)
_CUT_OFF = re.compile(
    r"(?i)(?:\S{1,60}\s+){7,}(?:the|an?|of|to|that|is|are|and|or|so|with|by|for|in|on|we|can|which|because"
    r"|must|der|die|das|und|ist|le|et|est|que|de|el|=)"
)
"""A sentence that breaks off before its end."""
_FENCED = re.compile(r"\A```(?:text|txt|plaintext)?\n([^\n]{1,200})\n```\Z")
_LABEL = re.compile(r"\AA:\s{0,3}(?=\S)")
_HEADING = re.compile(
    r"(?im)^[#*_ \t]{0,6}(?:final\s)?answer[*_: \t]{0,6}\n+[ \t]{0,9}([^\n]{1,240})"
)
_TAG = re.compile(r"(?is)<(?:final_?)?answer>(.{1,240}?)</(?:final_?)?answer>")
_JSON = re.compile(
    r"(?i)\"(?:final_?|correct_?)?answer\"\s{0,9}:\s{0,9}(\"(?:[^\"\\\n]|\\.){0,240}\"|[^\"\s,}{\[\]][^\s,}]{0,60})"
)
_HASHES = re.compile(r"^####[ \t]{0,9}([^\n]{1,240})$", re.MULTILINE)
_ABBREVIATION = re.compile(
    r"(?i)(?:\b(?:st|dr|mr|mrs|ms|prof|no|nos|vs|approx|ca|etc|fig|eq|vol|jr|sr|inc|ltd|co|mt|ft|lt|gen|col|gov"
    r"|sen|rep|rev|e\.g|i\.e|cf|al|u\.s|u\.k|a\.d|b\.c|p|pp|op|bros|dept|est|jan|feb|mar|apr|aug|sept?|oct|nov"
    r"|dec)|\b[A-Z])\Z"
)
_NOT_THAT = re.compile(r",\s(?:and\s)?not\s.{1,200}\Z")
_INITIALS = re.compile(r"(?:\b[A-Z]\.\s?)+[A-Z]\Z|\b[ap]\.m\Z")
_STOP = re.compile(r"[.。](?=\s|\Z)")
_NAMED = re.compile(
    r"\A\$?\\?([a-zA-Z])(?:\([a-z]\)|_\{?\w\}?)?\s?=\s?(?=\S)(?!.{0,200}(?<![a-zA-Z\\])\1(?![a-zA-Z])|.{0,200}=)"
)
"""The variable that a value is given for, unless more is said of it."""
_AGAIN = re.compile(r"(?i)\s{0,3}(?:so\s|thus\s)?(?:the\s|my\s)?(?:final\s|correct\s|right\s){0,2}")
"""What may stand between two phrases for one answer: "Final answer: the answer is 42"."""
_POLITE = re.compile(POLITE_END)
_EASTERN = re.compile(EAST)
_DENIED = re.compile(r"(?i)(?:not|that|it|because|when|if|whether)\b")
_CLAUSE = re.compile(r"(?i)\A(?:that|it|because|when|if|whether|as follows|given|found|in the)\b")
_UNKNOWN = re.compile(
    r"(?i)\A(?:i['’]?m\s(?:not\s(?:sure|certain)|unsure)[,;.]?\s(?:but|and|so)\s)?"
    r"(?:i['’]?m\s(?:not\ssure|unsure)|(?:i\s)?(?:do\snot|don['’]?t|cannot|can['’]?t)\s"
    r"(?:know|tell|say|determine)\b.{0,60}|no\sidea|unknown|unsure|not\ssure|idk|no\sanswer"
    rf"|{UNKNOWN}|n/a)[\s.!。]{{0,3}}\Z"
)
_WRAPPED = " \t*_`"


def _first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence: after no abbreviation, initial or number."""
    text = _NOT_THAT.sub("", text)
    for stop in _STOP.finditer(text):
        if _ABBREVIATION.search(text[: stop.start()]) is None:
            return text[: stop.start()]
    return text


def _phrases(text: str) -> Iterator[re.Match[str]]:
    """Every place that says "the answer is", in any language."""
    if not is_plain(text):
        return _PHRASE.finditer(text)
    folded = text.casefold()
    spoken = "answer" in folded or "result" in folded
    return _PHRASE_AT_HOME.finditer(text) if spoken else iter(())


def _phrase(text: str) -> str | None:
    """What follows the first "answer is" that is not denied or taken back."""
    settled, end = None, 0
    for match in _phrases(text):
        words = match[1].strip(_WRAPPED)
        if _DENIED.match(words) or _NO_WORDS.match(words):
            continue
        again = settled is not None and _AGAIN.fullmatch(text, end, match.start())
        if settled is None or again or TAKEN_BACK.search(text, end, match.start()):
            settled = _POLITE.sub("", match[1]) if _EASTERN.match(match[0]) else match[1]
        end = match.end()
    return None if settled is None else _first_sentence(settled)


def _json(text: str) -> str | None:
    found = _JSON.findall(text)
    if not found:
        return None
    if not found[-1].startswith('"'):
        return None if found[-1] == "null" else str(found[-1])
    try:
        return str(json.loads(found[-1], strict=False))
    except ValueError:
        return str(found[-1][1:-1])  # a backslash that JSON does not know, as of LaTeX


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.findall(text)
    return found[-1] if found else None


def _boxed(text: str) -> str | None:
    """What the last of the boxes of LaTeX holds."""
    content, depth = text.rpartition("\\boxed{")[2][: 2 * MAX_FREE_ANSWER], 1
    for position, character in enumerate(content if "\\boxed{" in text else ""):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return content[:position].strip()
    return None


def _first_line(text: str) -> str | None:
    """A short line before an explanation."""
    line, gap, rest = text.partition("\n\n")
    short = len(line) <= _SHORT_LINE and "\n" not in line and not line.rstrip().endswith((":", "?"))
    return line if gap and rest.strip() and short else None


def _whole(text: str) -> str | None:
    """A text of one line that does not speak of its answer, or says that it is one."""
    stated = _IS_THE_ANSWER.match(text) or _FENCED.match(text)
    if stated is not None:
        return stated[1]
    short = len(text) <= MAX_FREE_ANSWER and "\n" not in text
    said = next(_phrases(text), None) is None and _NO_WORDS.match(text) is None
    whole = _EMPTY.match(text) is None and _CUT_OFF.fullmatch(text) is None
    return _LABEL.sub("", text) if short and said and whole else None


def letter_set(answer: str) -> str:
    """Several capital letters and nothing else as "D,E", sorted; any other answer as it is."""
    if not _LETTERS.fullmatch(answer):
        return answer
    return ",".join(sorted(set(_CAPITAL.findall(answer))))


def several_letters(value: object, n_options: int) -> str | None:
    """Two or more different option letters, as a list or joined, as "D,E"; None for others."""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    letters = letter_set(str(value).strip().strip("[]").replace("'", "").replace('"', ""))
    named = letters.split(",")
    known = all(len(one) == 1 and 0 <= ord(one) - ord("A") < n_options for one in named)
    return letters if len(named) > 1 and known else None


STATED_FREE_RULES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("boxed", _boxed),
    ("hashes", lambda text: _last(_HASHES, text)),
    ("answer_tag", lambda text: _last(_TAG, text)),
    ("json_answer", _json),
    ("answer_heading", lambda text: _last(_HEADING, text)),
    ("answer_phrase", _phrase),
    ("whole_text", _whole),
    ("first_line", _first_line),
)
"""Rules for free answers, strongest first; a short single line counts as an answer by itself."""


def read_free(text: str) -> tuple[str | None, str | None]:
    """The free answer that a text gives, at most `MAX_FREE_ANSWER` characters, and its rule."""
    for rule, read in STATED_FREE_RULES:
        answer = _bare(read(text) or "")
        if _UNKNOWN.match(answer) or (answer and _UNKNOWN.match(text.strip())):
            return None, rule
        if answer and len(answer) <= MAX_FREE_ANSWER and not _CLAUSE.match(answer):
            return letter_set(answer), rule
    return None, None


def _bare(answer: str) -> str:
    """Without emphasis, a final stop, or the name of the variable it is the value of."""
    answer = answer.strip().strip(_WRAPPED)
    if answer.endswith((".", "。")) and _INITIALS.search(answer[:-1]) is None:
        answer = answer[:-1].rstrip(_WRAPPED)
    return _NAMED.sub("", " ".join(without_digit_spaces(answer).split()))

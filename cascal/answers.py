"""Text -> answer: an ordered list of rules, of which the first that fires is kept by name.

Nothing here guesses: a text no rule can read is unreadable, and an option letter that does not
exist is unreadable too. Every pattern has bounded repetitions, so a long text takes linear time.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import TextIO, cast

from cascal.datatypes import Status

logger = logging.getLogger(__name__)

MAX_FREE_ANSWER = 200
"""Characters of a free answer; a longer one is an explanation, not an answer."""
PAIR_SECONDS, START_SECONDS = 3.0, 60.0
"""How long one comparison of two mathematical answers, and starting the comparer, may take."""


@dataclass(frozen=True)
class Reading:
    """What was read from one text. `rule` names the rule that fired, also for a letter too far."""

    answer: str | None
    rule: str | None
    status: Status


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
_REFUSAL = re.compile(
    r"(?:i|we|sorry|unfortunately|as an ai|my apologies)\b.{0,80}?"
    r"(?:\b(?:can(?:no|['’]?)t|can not|won['’]?t|will not|unable to|not able to|not allowed to"
    r"|not permitted to|decline to))\s(?:\w{1,20}\s){0,2}"
    r"(?:help|assist|answer|provide|comply|respond|do|fulfil\w{0,2}|discuss|continue|give|engage"
    r"|support|share|create|generate|process)\b"
)


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


def read_answer(text: str, n_options: int) -> Reading:
    """Read the answer from a text, by the first rule that fires.

    `n_options` = 0 means a free answer, whose text is returned; otherwise an option letter.
    What stands before the last ``</think>`` is not read. The last lone capital is looked for in
    A-J (A-Z for more than ten options), without the article A and the pronoun I; this and the two
    phrases in this order are how upstream MMLU-Pro reads its outputs.
    """
    text = text.rpartition("</think>")[2].strip() or text.strip()
    if not text:
        return Reading(None, None, "unreadable")
    if n_options == 0:
        return _read_free(text)
    for rule, read in CHOICE_RULES:
        if (letter := read(text)) is not None:
            return _in_range(letter, rule, n_options)
    if (letter := _last(_lone_pattern("Z" if n_options > 10 else "J"), text)) is not None:
        return _in_range(letter, "lone_capital", n_options)
    return Reading(None, None, "refused" if _is_refusal(text) else "unreadable")


def _in_range(letter: str, rule: str, n_options: int) -> Reading:
    letter = letter.upper()
    if ord(letter) - ord("A") < n_options:
        return Reading(letter, rule, "ok")
    return Reading(None, rule, "unreadable")


def _is_refusal(text: str) -> bool:
    return len(text) <= 400 and _REFUSAL.match(" ".join(text.casefold().split())) is not None


_PHRASE = re.compile(r"(?i:answer\s{1,9}is|answer[*_]{0,3}\s{0,9}:)[:*_ \t]{0,9}([^\n]{1,240})")
_FREE_JSON = re.compile(r"\"(?:final_)?answer\"\s{0,9}:\s{0,9}\"?([^\"\n,}]{1,240})")
_SENTENCE_END = re.compile(r"\.(?:\s|\Z)")
_HASHES = re.compile(r"^####[ \t]{0,9}([^\n]{1,240})$", re.MULTILINE)


def _read_free(text: str) -> Reading:
    for rule, read in FREE_RULES:
        answer = (read(text) or "").strip(" \t*_`")
        if answer and len(answer) <= MAX_FREE_ANSWER:
            return Reading(answer, rule, "ok")
    if _is_refusal(text):
        return Reading(None, None, "refused")
    if len(text) <= MAX_FREE_ANSWER and "\n" not in text:
        return Reading(text, "whole_text", "ok")
    return Reading(None, None, "unreadable")


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

_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d)")


def normalise_answer(answer: str) -> str:
    """Casefold, single spaces, no trailing dot, no thousands separators."""
    answer = " ".join(answer.casefold().split()).rstrip(". ")
    return _THOUSANDS.sub(lambda match: match[0].replace(",", ""), answer)


def equivalent_answers(
    answers: Sequence[str], *, report: Callable[[str], None] = logger.warning
) -> list[int]:
    """Group free answers that mean the same; groups are numbered by first appearance.

    Equal after `normalise_answer`, or equal as mathematics (math-verify, run in a process of its
    own). A comparison beyond `PAIR_SECONDS` counts as different and is told to `report`.
    """
    keys = [normalise_answer(answer) for answer in answers]
    group_of: dict[str, int] = {}
    firsts: list[str] = []
    slow: set[str] = set()
    for key in dict.fromkeys(keys):
        twin = next((one for one in firsts if _math_equal(key, one, slow, report)), None)
        group_of[key] = len(firsts) if twin is None else group_of[twin]
        if twin is None:
            firsts.append(key)
    return [group_of[key] for key in keys]


_MATHS = re.compile(r"[\d\\^=+*/√π]")
_WORDY = re.compile(
    r"(?<![\\a-z])(?!sqrt|sin|cos|tan|log|ln|exp)[a-z]{2,}|\\(?:text|mathrm)|\d\s+[a-z]"
)
"""Words and units: math-verify would drop them, and 5 km would equal 5 miles."""


def _math_equal(one: str, other: str, slow: set[str], report: Callable[[str], None]) -> bool:
    for answer in (one, other):
        mathematical = _MATHS.search(answer) is not None and _WORDY.search(answer) is None
        if not mathematical or len(answer) > MAX_FREE_ANSWER or answer in slow:
            return False
    equal = _verifier.equal(one, other)
    if equal is None:
        slow.add(one)
        pair = f"{one[:60]!r} and {other[:60]!r}"
        report(f"Comparing {pair} took over {PAIR_SECONDS:g} s; they count as different answers.")
    return bool(equal)


class _Verifier:
    """A child process that compares answers, replaced when it misses the deadline.

    math-verify's own time-outs use signals, which fail off the main thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._lines: SimpleQueue[str] = SimpleQueue()

    def equal(self, one: str, other: str) -> bool | None:
        """Whether two answers are mathematically equal; None when it took too long."""
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._start()
            reply = self._ask(json.dumps([one, other]), PAIR_SECONDS)
        return None if reply is None else {"true": True, "false": False}.get(reply)

    def _start(self) -> None:
        self._lines = SimpleQueue()
        command = [sys.executable, "-c", "from cascal.answers import _compare_lines as c; c()"]
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter, a fixed command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        threading.Thread(target=_pump, args=(self._child, self._lines), daemon=True).start()
        self._ask(json.dumps(["1", "1"]), START_SECONDS)

    def _ask(self, line: str, seconds: float) -> str | None:
        if (child := self._child) is None:
            return None
        try:
            stdin = cast("TextIO", child.stdin)
            stdin.write(line + "\n")
            stdin.flush()
            return self._lines.get(timeout=seconds) or None
        except (Empty, OSError):
            self.stop()
            return None

    def stop(self) -> None:
        """End the child process; the next comparison starts a new one."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            with contextlib.suppress(OSError):
                cast("TextIO", child.stdin).close()


def _pump(child: subprocess.Popen[str], lines: SimpleQueue[str]) -> None:
    with cast("TextIO", child.stdout) as stdout:
        for line in stdout:
            lines.put(line.strip())
    lines.put("")


def _compare_lines() -> None:
    """Answer each line ``[one, other]`` of standard input with true or false (the child's loop)."""
    from math_verify import parse, verify

    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        texts = [f"${text.replace('$', '')}$" for text in json.loads(line)]
        one, other = (parse(text, parsing_timeout=None) for text in texts)
        equal = any(verify(*pair, timeout_seconds=None) for pair in ((one, other), (other, one)))
        sys.stdout.write("true\n" if one and other and equal else "false\n")
        sys.stdout.flush()


_verifier = _Verifier()
atexit.register(_verifier.stop)

"""What of a text may hold the answer: nothing thought aloud, no question that follows."""

from __future__ import annotations

import re
import unicodedata

from cascal.answers.thinking import without_thinking

_CONTROL = re.compile(
    r"<[|｜][A-Za-z_▁]{2,24}[|｜]>|</?s>|<(?:start|end)_of_turn>(?:model\b)?|\[/?INST\]|<(?:eos|bos|pad)>"
)
_USER_AGAIN = re.compile(
    r"<\|im_start\|>\s{0,3}user\b|<\|start_header_id\|>\s{0,3}user\b|<start_of_turn>\s{0,3}user\b|\[INST\]"
    r"|<\|(?:user|prompter)\|>"
)
"""A further turn of the user, invented or logged."""
_END = 100_000
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_WIDE = re.compile("[\uff01-\uff5e\u24b6-\u24e9\U0001d400-\U0001d7ff]")
_NEXT_QUESTION = re.compile(
    r"\n\s{0,20}(?:[#*]{0,4}\s?)(?:(?:Next\s)?Questions?|Q|Problem|Exercise|Human|User|问题|题目|Frage|Pregunta)"
    r"\s{0,2}#?\d{0,4}\s{0,2}[:.：]"
)

TAKEN_BACK = re.compile(
    r"(?i)\b(?:wait|actually|correction|sorry|on\ssecond\sthought|let\sme\s(?:re|correct|double)"
    r"|mistake|this\sis\snot|mixed\sup|i\swas\swrong|no,|scratch\sthat|hold\son|rather|instead|oops)"
)
"""What comes between an answer and another one that takes its place."""


def prepared(text: str) -> str:
    """The text without thinking, invisible characters, full-width letters and what follows.

    Empty where nothing is left, as of a reply that was cut off while the model thought.
    """
    text = _ends(text)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        text = _WIDE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    if "<" in text or "[" in text:
        again = _USER_AGAIN.search(text)
        if again is not None and text[: again.start()].strip():
            text = text[: again.start()]
        text = _CONTROL.sub("", without_thinking(text))
    else:
        text = without_thinking(text)
    text = text.strip()
    follows = _NEXT_QUESTION.search(text)
    return text if follows is None else text[: follows.start()].strip()


def _ends(text: str) -> str:
    """A text of more than 200,000 characters is read at its two ends."""
    return text if len(text) <= 2 * _END else f"{text[:_END]}\n\n{text[-_END:]}"

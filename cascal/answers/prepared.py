"""What of a text may hold the answer: nothing thought aloud, no question that follows."""

from __future__ import annotations

import re
import unicodedata

_TAGS = (
    r"[a-z]{0,12}[:_]?think(?:ing)?",
    r"thoughts?(?:_process)?",
    r"(?:chain_of_thought|cot|reason(?:ing)?(?:_process|_content)?|reflection|deliberation)",
    r"(?:analysis|scratch_?pad|(?:inner|internal)_?(?:monologue|thoughts?)|planning)",
)
_MARKS = tuple(
    (re.compile(opening, re.IGNORECASE), re.compile(closing, re.IGNORECASE))
    for opening, closing in (
        *((f"<{tag}>", f"</{tag}>") for tag in _TAGS),
        (r"\[(?:THINK|REASONING)\]", r"\[/(?:THINK|REASONING)\]"),
        (r"<\|(?:start_of_|begin_)?think(?:ing)?\|>", r"<\|(?:/|end_(?:of_)?)think(?:ing)?\|>"),
        (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
        (r"<unused94>", r"<unused95>"),
        ("◁think▷", "◁/think▷"),
        (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
        (r"<\|channel>thought\b", r"<channel\|>"),
        (r"<\|channel\|>(?:analysis|commentary)\b", r"<\|end\|>"),
    )
)
"""How models mark what they think: the opening mark, and the closing one that belongs to it."""
_ANY_MARK = re.compile("|".join(one.pattern for pair in _MARKS for one in pair), re.IGNORECASE)
_SIGNS = "<[◁"
"""What every mark begins with."""
_FINAL = re.compile(r"<\|channel\|>final(?:<\|message\|>)?|(?<=.)assistantfinal(?=\W|[A-Z\d])")
_ANALYSIS = re.compile(r"\Aanalysis(?=[A-Z])")
"""A channel whose marks were left out: what follows it is thought."""
_CONTROL = re.compile(
    r"<[|｜][A-Za-z_▁]{2,24}[|｜]>|</?s>|<(?:start|end)_of_turn>(?:model\b)?|\[/?INST\]|<(?:eos|bos|pad)>"
)
_USER_AGAIN = re.compile(
    r"<\|im_start\|>\s{0,3}user\b|<\|start_header_id\|>\s{0,3}user\b|<start_of_turn>\s{0,3}user\b|\[INST\]"
    r"|<\|(?:user|prompter)\|>"
)
"""A further turn of the user, invented or logged."""
_END = 100_000
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
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
        text = text.translate(_INVISIBLE)
        text = _WIDE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    if "<" in text or "[" in text:
        again = _USER_AGAIN.search(text)
        if again is not None and text[: again.start()].strip():
            text = text[: again.start()]
        text = _CONTROL.sub("", _without_thinking(text))
    elif _ANALYSIS.match(text) or "◁" in text:
        text = _without_thinking(text)
    text = text.strip()
    follows = _NEXT_QUESTION.search(text)
    return text if follows is None else text[: follows.start()].strip()


def holds_thinking(text: str) -> bool:
    """Whether a text shows, by a mark, that the model thought before it answered."""
    return _holds_a_sign(text) and _ANY_MARK.search(text) is not None


def _holds_a_sign(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


def _ends(text: str) -> str:
    """A text of more than 200,000 characters is read at its two ends."""
    return text if len(text) <= 2 * _END else f"{text[:_END]}\n\n{text[-_END:]}"


def _without_thinking(text: str) -> str:
    if not _holds_a_sign(text) and not _ANALYSIS.match(text):
        return text
    *_, final = [0, *(match.end() for match in _FINAL.finditer(text))]
    if final:
        return text[final:]
    if _ANALYSIS.match(text):
        return ""
    for opening, closing in _MARKS:
        text = _without(opening, closing, text)
    return text


def _without(opening: re.Pattern[str], closing: re.Pattern[str], text: str) -> str:
    """The text without what stands between two marks; a mark alone opens or closes all of it."""
    kept, at = [], 0
    while (start := opening.search(text, at)) is not None:
        kept.append(text[at : start.start()])
        end = closing.search(text, start.end())
        if end is None:
            return "".join(kept)
        at = end.end()
    *_, last = [at, *(match.end() for match in closing.finditer(text, at))]
    return text[last:] if last > at else "".join([*kept, text[at:]])

"""How models mark what they think before they answer, and a text without it."""

from __future__ import annotations

import re

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


def holds_thinking(text: str) -> bool:
    """Whether a text shows, by a mark, that the model thought before it answered."""
    return _holds_a_sign(text) and _ANY_MARK.search(text) is not None


def _holds_a_sign(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


def without_thinking(text: str) -> str:
    """The text without what the model thought; empty where a reply was cut off inside it."""
    if not _holds_a_sign(text) and not _ANALYSIS.match(text):
        return text
    *_, final = [0, *(match.end() for match in _FINAL.finditer(text))]
    if final:
        return text[final:]
    if _ANALYSIS.match(text):
        return ""
    for opening, closing in _MARKS:
        text = _outside(opening, closing, text)
    return text


def _outside(opening: re.Pattern[str], closing: re.Pattern[str], text: str) -> str:
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

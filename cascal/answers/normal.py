r"""Free answer -> normal form: most answers that are the same have the same one.

Nothing here needs a mathematics library. Numbers are read exactly, as fractions: 0.5, 1/2, ½ and
\frac{1}{2} have one normal form, and so have 2e3, 2,000 and 2·10³.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from cascal.answers.notation import plain_notation

MAX_NORMALISED = 400
"""Characters of an answer; of a longer one only case and blanks are normalised."""

_SAME = str.maketrans(
    {
        "−": "-",
        "×": "*",
        "·": "*",
        "⋅": "*",
        "÷": "/",
        "⁄": "/",
        "∕": "/",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "π": r"\pi ",
        "∞": r"\infty ",
    }
)
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_DIGIT_SPACE = r"(?:\\[,!;: ]|\{,\}|[\u00a0\u2009\u202f])"
_SPACED = re.compile(
    rf"(?:(?<=\d\.)\d{{1,3}}|(?<![\d.])[1-9]\d{{0,2}})(?:{_DIGIT_SPACE}\d{{3}})+(?!\d)"
)
_THOUSANDS = re.compile(r"(?<![\d.,(\[{])[1-9]\d{0,2}(?:,\d{3})+(?!\d)")
_DECIMAL_COMMA = re.compile(
    r"(?<![\d.,(\[{])(?<!, )([1-9]\d{0,2}(?:\.\d{3})+),(\d+)(?![\d.,)\]}]|\{| ,)"
)
"""Points before thousands and a comma before decimals: 1.234,56 can be read in no other way."""
_REWRITES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\(?:left|right)(?![a-z])", ""),
        (r"\\[dtc]frac(?![a-z])", r"\\frac"),
        (r"\\(?:times|cdot)(?![a-z])", "*"),
        (r"\\div(?![a-z])", "/"),
        (r"\\[,;:! ]|\\quad(?![a-z])", " "),
        (r"\\([%$])", r"\1"),
        (r"(?<=\S)\*\*(?=\S)", "^"),
        (r"√(\w+)|(?<![a-z\\])√?sqrt\(([^()]*)\)", r"\\sqrt{\1\2}"),
        (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
        (r"(?<=[a-z]{3})!+\Z", ""),
        (r" ?([-+*/^=()\[\]{}<>|]) ?", r"\1"),
        (r"(?!(?<=\.\d{3}) ?, ?\d) ?, ?(?!\d{3}(?!\d))", ","),
        (r"(?<=\d) ?[‐‑‒–—] ?(?=\d)", "-"),
        (r"\^(-?\d+|[a-z])(?![\w}])", r"^{\1}"),
        (r"\A([+-]?)\$(?=[\d.])", r"\1"),
    )
)
_TRAILING = " .,;:?。"
_WRAPPINGS = (
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("**", "**"),
    ("`", "`"),
    ('"', '"'),
    ("'", "'"),
)
_COMMAND = re.compile(r"\\(?:boxed|text|textbf|textit|textrm|mathrm|mathbf|mbox|emph) ?\{")

_PLAIN = re.compile(r"[a-z]{3,}(?: [a-z]+)*|0|-?[1-9]\d*")
"""Words and whole numbers, which need no rewriting: most answers."""
_REAL = r"(?:\d+(?:\.\d*)?|\.\d+)"
_NUMBERS = tuple(
    re.compile(rf"(?P<sign>[+-]?){pattern}")
    for pattern in (
        rf"(?P<top>{_REAL})(?:e(?P<power>[+-]?\d{{1,3}}))?",
        rf"(?:(?P<top>{_REAL})\*)?10\^\{{(?P<power>-?\d{{1,3}})\}}",
        rf"(?:(?P<whole>\d+) )?(?P<top>{_REAL})/(?P<bottom>{_REAL})",
        rf"(?:(?P<whole>\d+) ?)?\\frac\{{(?P<top>-?{_REAL})\}}\{{(?P<bottom>-?{_REAL})\}}",
    )
)


def normalise_answer(answer: str) -> str:
    r"""The text that equal answers share; never empty unless the answer is blank.

    Ignored are case, blanks, Unicode composition, final punctuation, quotes, what only wraps an
    answer (``$…$``, ``\boxed{…}``, ``\text{…}``, bold), thousands separators, and brackets and
    zeros in front of dates, times and results. A number becomes an exact fraction. Units and words
    stay: 5 km is not 5 miles. Normalising again changes nothing.
    """
    folded = _folded(answer)
    if len(folded) > MAX_NORMALISED or _PLAIN.fullmatch(folded):
        return folded
    text, seen = folded, {""}
    while text not in seen:
        seen.add(text)
        text = _simpler(text) or text
    return min(seen - {""}, key=lambda one: (one != text, one), default="")


def read_number(text: str) -> Fraction | None:
    """The exact value of a normal form, or of what becomes one; None where it is no number."""
    for pattern in _NUMBERS:
        if (match := pattern.fullmatch(text)) is not None:
            return _value(match.groupdict())
    return None


def _value(parts: dict[str, str | None]) -> Fraction | None:
    bottom, whole = Fraction(parts.get("bottom") or 1), parts.get("whole")
    top = Fraction(parts["top"] or 1)
    if not bottom or (whole is not None and top / bottom < 0):
        return None
    value = Fraction(whole or 0) + top / bottom
    value *= Fraction(10) ** int(parts.get("power") or 0)
    return -value if parts["sign"] == "-" else value


def _folded(answer: str) -> str:
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", answer).casefold())
    return " ".join(without_digit_spaces(text).split())


def without_digit_spaces(text: str) -> str:
    """Without no-break and narrow spaces, or LaTeX's, between groups of three digits."""
    return _SPACED.sub(lambda match: re.sub(_DIGIT_SPACE, "", match[0]), text)


def _simpler(text: str) -> str:
    """One round of rewriting; repeated until nothing changes."""
    text = _unwrapped(_plain(text))
    text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)
    text = _DECIMAL_COMMA.sub(lambda match: f"{match[1].replace('.', '')}.{match[2]}", text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = _unwrapped(text)
    percent = text.endswith("%")
    number = read_number(text[:-1].rstrip() if percent else text)
    if number is not None:
        return f"{number}%" if percent else str(number)
    return plain_notation(" ".join(text.split()))


def _plain(text: str) -> str:
    """Signs, digits and fractions of Unicode in ASCII."""
    if text.isascii():
        return text
    text = _SUPERSCRIPT.sub(lambda match: f"^{match[0].translate(_SUPERSCRIPTS)}", text)
    plain: list[str] = []
    for character in text.translate(_SAME):
        fraction = unicodedata.decomposition(character).partition("<fraction> ")[2]
        if character.isdecimal():
            plain.append(str(unicodedata.decimal(character)))
        elif fraction:
            blank = " " if plain and plain[-1][-1:].isdecimal() else ""
            digits = "".join(chr(int(one, 16)) for one in fraction.split())
            plain.append(blank + digits.replace("⁄", "/"))
        else:
            plain.append(character)
    return "".join(plain)


def _unwrapped(text: str) -> str:
    """Without what stands around the whole answer and says nothing."""
    before = None
    while before != text:
        before, text = text, text.strip().rstrip(_TRAILING)
        for start, end in _WRAPPINGS:
            inner = text[len(start) : -len(end)]
            whole = text.startswith(start) and text.endswith(end) and len(text) > len(start + end)
            if whole and start not in inner and end not in inner:
                text = inner
        match = _COMMAND.match(text)
        if match is not None and _closes_at_end(text, match.end()):
            text = text[match.end() : -1]
    return text


def _closes_at_end(text: str, start: int) -> bool:
    """Whether the brace opened just before `start` is closed by the last character."""
    depth = 1
    for place, character in enumerate(text[start:], start):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return place == len(text) - 1
    return False

"""The words that say of a letter that it is the answer, in patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cascal.answers.languages import (
    CHOOSE_ABROAD,
    EAST,
    LETTER_ABROAD,
    LETTER_ITSELF,
    STEMS,
)


@lru_cache(maxsize=1)
def _folded(text: str) -> str:
    return " ".join(text.lower().split())


class Worded(NamedTuple):
    """A pattern, and words of which a text in plain ASCII holds one where it matches at all."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]

    def find(self, text: str) -> Iterator[re.Match[str]]:
        """Every match; looking for the words first costs a tenth of looking for the pattern."""
        if text.isascii() and not any(word in _folded(text) for word in self.words):
            return iter(())
        return self.pattern.finditer(text)


_WRAP = r"[\s(\[{*_$\"'“‘「（<`]{0,8}(?:\\(?:boxed|text|textbf|mathrm|mathbf)\{){0,2}\(?"
_NOUN = rf"(?:(?:{LETTER_ITSELF}|la|a(?=\s[B-Z]))\s{{0,2}}:?\s{{0,2}})?"
_GOES_ON = (
    r"because|since|as|for|which|that|and|but|not|due|by|so|where|while|if|with|given|rather|is|was"
    r"|in|from|only|alone|here|denn|weil|car|parce|porque|perché|et|und|mais|aber|pero|y|da|puisque|poiché|pois|omdat|bo"
    r"|ponieważ|gdyż|protože|karena|sebab|kerana|çünkü|vì|deoarece|eftersom|fordi"
)
_NO_WORD = rf"(?!\s[a-zà-ÿ](?!\w)|\s(?!(?:{_GOES_ON})\b)[a-zà-ÿ]{{2,}})"
_NO_FORMULA = r"(?!\s{0,2}(?:[=≈+/^²³₀-₉∝]|[<>]\s?\w|\*[^*\s])|\s?-\s?\d)"
ALONE = r"(?![A-Za-z0-9À-ÿ]|['’-](?!d[iı]r\b)\w|_[^_\W]|\.\d)"
_SPECIES = (
    r"(?!\.\s(?:coli|difficile|aureus|elegans|melanogaster|subtilis|thaliana|anthracis|botulinum|tetani"
    r"|perfringens|albicans|pneumoniae|pyogenes|cereus|pylori|influenzae|faecalis|cerevisiae|gondii"
    r"|vivax|falciparum|gambiae|aegypti|sapiens|burgdorferi|diphtheriae|pertussis|tuberculosis)\b)"
)
DENIED = (
    r"(?!\)?[*_]{0,3}\s(?:is|are|was|would\sbe)\s(?:also\s|clearly\s)?"
    r"(?:wrong|incorrect|false|not\b|ruled\sout))"
)
_CAPITAL = rf"([A-Z]){ALONE}{_SPECIES}{DENIED}{_NO_WORD}{_NO_FORMULA}"
_SMALL = rf"([a-z])(?=\s{{0,2}}(?:[).\]*}}】」,;:!]|$))(?!\)?\s{{0,2}}[=+*/^]){DENIED}"
_LETTER = rf"{_WRAP}{_NOUN}{_WRAP}(?:{_CAPITAL}|{_SMALL})"

_IS = (
    r"(?:\s{1,3}(?:is|was|would\sbe|should\sbe|must\sbe|will\sbe|has\sto\sbe|can\sonly\sbe"
    r"|seems\sto\sbe|appears\sto\sbe|turns\sout\sto\sbe)(?:\s(?:therefore|thus|hence|then|clearly"
    r"|most\slikely|likely|probably|definitely|indeed|actually))?\s{0,3}:?|[*_]{0,3}\s{0,3}[:=：–—]"
    r"|\.(?=\s?\()|[*_#]{0,4}\s{0,3}\n)"
)
_ANSWER = (
    r"(?<![a-z])(?:answer|ans|(?:correct|right|best|final|chosen|closest|most\slikely"
    r"|most\sappropriate)\s(?:option|choice|response|selection|letter|solution|statement|one)"
    r"|closest|(?:my|the)\s"
    r"(?:choice|pick|selection))(?:\s(?:choice|option|letter))?"
    r"(?:\s(?:to|for|of)\s[^\n.:]{1,60}|\shere|,?\s(?:therefore|thus|then),?)?"
)
_EAST = rf"{EAST}|(?:故选|应选|选择|選擇|故選|选)\s{{0,2}}[:：]?"
_CHOOSE = (
    r"(?<![a-z])(?:i(?:['’]d|['’]ll|\swould|\swill|\sshould)?\s(?:pick|choose|select|say|go\swith"
    r"|opt\sfor|answer(?:\swith)?|guess|think(?:\sthat)?(?:\sit(?:\sis|['’]s))?|believe(?:\sthat)?"
    r"(?:\sit(?:\sis|['’]s)))|(?:i['’]m|i\sam)\sgoing\swith|let['’]?s\s(?:go\swith|pick|choose|say)|(?:we|so|to|please|must|should|therefore"
    r"|\A|[.:\n])\s{0,2}(?:pick|choose|select)):?"
)
_CONCLUDES = (
    r"(?<![a-z])(?:(?:only|sole|single)\s(?:possibility|option|choice|candidate|one|answer)\s(?:left|remaining"
    r"|that\s(?:remains|is\sleft|works|fits))\sis|what\s(?:remains|is\sleft)\sis|remaining\s(?:possibility|option"
    r"|choice|candidate|one|answer)\sis|it\smust\sbe|it\sshould\sbe|must\sbe|has\sto\sbe|can\sonly\sbe|leaves(?:\sus\swith)?"
    r"|left\swith|corresponds\sto|matches|which\sis|that\sis,?|i\.e\.,?|namely|so\sthe\sone\sis|it\sis"
    r"(?:\sactually)?|it['’]s(?:\sactually)?|(?:but|most|more)\slikely|correction:|(?<=\W)no,|i\smeant|make\sthat)"
)
_IS_RIGHT = r"(?:correct|right|best|richtig|korrekt|correcte?|correcta|answer|appropriate)\b"
_RIGHT_WORDS = ("correct", "right", "best", "richtig", "korrekt", "answer", "appropriate")
RIGHT = tuple(
    Worded(words, re.compile(pattern))
    for words, pattern in (
        (
            (*_RIGHT_WORDS, "that", "poprawna", "corre"),
            r"(?<![A-Za-z0-9])\(?([A-Z])\)?[*:.]{0,3}\s{1,3}(?:is|would\sbe|must\sbe|seems|ist|est|es|è|é|jest)"
            r"\s(?:the\s|indeed\s|clearly\s)?(?:only\s|most\s|best\s)?"
            rf"(?:{_IS_RIGHT}|one\sthat\sfits|(?:option|choice|one)\sthat|poprawna|prawidłowa|corretta|correta)",
        ),
        (
            ("makes",),
            rf"(?i:\bmakes\s)(?i:option\s)?\(?([A-Z])\)?\s(?:the\s)?(?:only\s|best\s)?{_IS_RIGHT}",
        ),
        (
            ("only option", "only choice", "only statement", "only answer"),
            r"(?i:\bonly\s(?:option|choice|statement|answer)\s)\(?([A-Z])\)?\s"
            r"(?:satisfies|fits|matches|works|is|meets|remains)\b(?!\s(?:not|wrong|incorrect|false))",
        ),
        (
            ("answer", "correct"),
            r"(?i:\b(?:so|thus|hence|therefore)[,:]?\s)\(?([A-Z])\)\s[^\n.]{1,60}\sis\s(?:the\s)?(?:answer|correct)\b",
        ),
        (
            (),
            r"(?<![A-Za-z0-9])([A-Z])\s?(?:选项|選項)?\s?(?:是)?(?:正确|正確)(?:的|答案)?"
            r"(?=[。.！!\s]|\Z)",
        ),
        ((), r"(?:選択肢|選択枝)?\s?(?<![A-Za-z0-9])([A-Z])\s?(?:が|は)\s?(?:正しい|正解)"),
        ((), r"(?<![A-Za-z0-9])([A-Z])\s?(?:이|가|번이)?\s?(?:정답|맞습니다|맞다)"),
        ((), r"(?i:(?<![a-z])ich\swürde\s(?:option\s)?)([A-Z])\s(?:wählen|nehmen|sagen|antworten)"),
        (_RIGHT_WORDS, rf"(?<!\w)\(([a-z])\)\s(?:is|would\sbe)\s(?:the\s)?{_IS_RIGHT}"),
    )
)
_STATED_AT_HOME = Worded(
    (
        *("answer", "ans", "correct", "right", "best", "final", "chosen", "closest", "likely"),
        *("appropriate", "choice", "pick", "selection"),
    ),
    re.compile(rf"(?i:{_ANSWER}{_IS}|(?<![a-z])ans\.\s){_LETTER}"),
)
_STATED_EAST = Worded((), re.compile(f"(?:{_EAST}){_LETTER}"))
AT_HOME = (_STATED_AT_HOME, _STATED_EAST)
STATED = (*AT_HOME, Worded(STEMS, re.compile(rf"(?i:{LETTER_ABROAD}){_LETTER}")))
CHOSEN = (
    Worded(
        (
            *("pick", "choose", "select", " say", "go with", "going with", "opt for", "guess"),
            *("i answer", "d answer", "l answer", "think", "believe"),
        ),
        re.compile(rf"(?i:{_CHOOSE}){_LETTER}"),
    ),
    Worded(
        (
            *("must be", "it should be", "has to be", "can only be", "leaves", "left with"),
            *("corresponds to", "matches", "which is", "that is", "i.e", "namely", "the one is"),
            *("left is", "remaining is", "remains is", "works is", "fits is", "remaining "),
            *("it is", "it's", "likely", "correction:", "no,", "i meant", "make that"),
        ),
        re.compile(rf"(?i:{_CONCLUDES}){_LETTER}"),
    ),
    Worded(
        (" but",),
        re.compile(rf"(?i:(?<![a-z])not\s(?:option\s)?\(?[a-z]\)?,?\sbut(?:\srather)?){_LETTER}"),
    ),
    Worded(
        (
            *("ich nehme", "ich tippe", "je choisis", "je dirais", "je prends", "je pense"),
            *("elijo", "escojo", "scelgo", "escolho", "wybieram", "ik kies", "richtig ist"),
            *("korrekt ist", "es ist", "c'est"),
        ),
        re.compile(rf"(?i:{CHOOSE_ABROAD}){_LETTER}"),
    ),
)
SO = Worded(
    ("so", "thus", "hence", "therefore", "donc", "also", "=>"),
    re.compile(
        r"(?i:\b(?:so|thus|hence|therefore|donc|also)\b|→|=>|⇒)[\s,:]{0,3}[(*]{0,3}([A-Z])[)*]{0,3}[.!]?\s{0,3}(?:\Z|\n)"
    ),
)

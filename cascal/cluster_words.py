"""Which words and word pairs of a text may name a cluster, and how much like a subject each is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from cascal.datatypes import BoolArray, FloatArray

_CHARACTERS = 1000
_TOKEN = re.compile(r"\\?[^\W_]+(?:-[^\W_]+)*|[^\w\s]")  # words, \commands, numbers, signs
_CAPITAL = re.compile(r"[^\W\d_A-Z],? ([A-ZÀ-ÖØ-Þ][^\W\d_A-Z]+)")  # within a sentence
_BEFORE_NOUNS = (  # and before adjectives, but hardly before verbs
    "a an and by each every for in its no of per the their this with"
)
_ASKING = (  # words that ask, and do not say what about
    "answer answers best calculate choose consider correct describe describes determine did "
    "discuss does evaluate example explain false find following given identify incorrect let "
    "likely option options print prints question questions refer refers select statement "
    "statements suppose true use used using don doesn didn isn wasn aren weren couldn wouldn"
)
_GENERAL = (  # words of any subject
    "absolute associated big certain characteristic characteristics claims common constant "
    "current different difference early exactly final general greatest happen high idea ideas "
    "initial just key large larger largest long low main mean means new old particular people "
    "positive problem problems real result results short single small smaller smallest strong "
    "thing things times total type types value values way ways weak"
)
_COUNTING = (
    "hundred thousand million billion third quarter second fourth fifth once twice four seven "
    "nine zero half ii iii iv vi vii viii ix xi xii"
)
_UNITS = (
    "mg ml kg km cm mm mol kpa dl nm hz khz mhz ghz kj mj kw kwh mw mv ma ev kev mev pa atm psi lb "
    "lbs ft oz mmhg min sec hr hrs rpm mph cal kcal btu am pm utc litre litres liter liters metre "
    "metres meter meters gram grams kilogram kilograms kilometre kilometres kilometer kilometers "
    "centimetre centimetres centimeter centimeters seconds minute minutes hour hours day days week "
    "weeks month months year years kelvin celsius fahrenheit joule joules watt watts volt volts "
    "ampere amperes amps ohm ohms newtons pascal pascals moles inch inches foot feet mile miles "
    "pound pounds dollar dollars euro euros cent cents percent degree degrees unit units"
)
_RARELY_SMALL = 0.1
_TITLE_CASE = 0.1


class _Words(dict[str, str]):
    """From tokens to words in small letters; empty where a token is none. Each is judged once."""

    def __init__(self, stop: frozenset[str]) -> None:
        self._stop = stop

    def __missing__(self, token: str) -> str:
        word = token.lower()
        if len(word) < 2 or word in self._stop or not word.replace("-", "").isalpha():
            word = ""
        self[token] = word
        return word


class Reader:
    """Reads texts one after the other and keeps what it saw of their words.

    A word has two letters or more, in any script, and may have hyphens (half-life). Stop words,
    words of any subject, units, numbers and LaTeX commands are no words, and what they or other
    signs separate is no pair.
    """

    def __init__(self, stop_words: Iterable[str]) -> None:
        parts = (_ASKING, _GENERAL, _COUNTING, _UNITS)
        stop = frozenset(stop_words).union(*(part.split() for part in parts))
        self._words = _Words(stop)
        self._before = frozenset(_BEFORE_NOUNS.split())
        self._tokens: Counter[str] = Counter()
        self._capitals: Counter[str] = Counter()
        self._subjects: Counter[str] = Counter()

    def terms(self, text: str) -> set[str]:
        """Words and pairs of neighbouring words in the first 1,000 characters of a text."""
        text = text[:_CHARACTERS]
        tokens = _TOKEN.findall(text)
        self._tokens.update(tokens)
        self._capitals.update(_CAPITAL.findall(text))
        words = [self._words[token] for token in tokens]
        pairs = [f"{a} {b}" if a and b and a != b else "" for a, b in pairwise(words)]
        after = [at for at, token in enumerate(tokens[:-1], 1) if token in self._before]
        named = {words[at] for at in after} | {pairs[at] for at in after if at < len(pairs)}
        self._subjects.update(named)
        return {*words, *pairs} - {""}

    def subject_share(self, terms: Sequence[str], n_texts: FloatArray) -> FloatArray:
        """(V,) share of the texts with a term in which it follows an article or a preposition.

        All zero in languages without the English ones.
        """
        seen = np.array([self._subjects[term] for term in terms], dtype=np.float64)
        return np.asarray(np.minimum(seen / np.maximum(n_texts, 1), 1.0))

    def spelling(self, terms: Sequence[str]) -> tuple[str, ...]:
        """The terms as most texts write them within sentences: pH, GDP, Kant, gas."""
        written: dict[str, tuple[int, str]] = {}
        for token, count in self._tokens.items():
            low = token.lower()
            often = (self._capitals[token] if token.istitle() else count, token)
            written[low] = max(often, written.get(low, (0, low)))
        return tuple(" ".join(written[word][1] for word in term.split()) for term in terms)

    def proper_names(self, terms: Sequence[str]) -> BoolArray:
        """(V,) whether a term has a word that is capitalised within sentences, and rarely small.

        None where every tenth token is: there nouns or whole titles are written so.
        """
        capitals = self._capitals
        if capitals.total() > _TITLE_CASE * self._tokens.total():
            return np.zeros(len(terms), dtype=bool)
        names = {
            word.lower()
            for word, count in capitals.items()
            if self._tokens[word.lower()] < _RARELY_SMALL * count
        }
        return np.array([not names.isdisjoint(term.split()) for term in terms], dtype=bool)

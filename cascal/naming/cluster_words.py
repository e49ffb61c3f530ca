"""Which words and word pairs of a text may name a cluster, and how much like a subject each is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, pairwise

import numpy as np

from cascal.datatypes import BoolArray, FloatArray

_CHARACTERS = 1000
_TOKEN = re.compile(r"\\?[^\W_]+(?:-[^\W_]+)*|[^\w\s]")  # words, \commands, numbers, signs
_CAPITAL = re.compile(r"[^\W\d_A-Z],? ([A-ZÀ-ÖØ-Þ][^\W\d_A-Z]+)")  # within a sentence
_BEFORE_NOUNS = (  # and before adjectives, but hardly before verbs
    "a an and by each every for in its no of per the their this with"
)
_ARTICLES = "a an the this these those its his her their my your our how what"
_ASKING = (  # words that ask, and do not say what about
    "answer answers best calculate choose consider correct describe describes determine did "
    "discuss does evaluate example explain false find following given identify incorrect let "
    "likely option options print prints question questions refer refers select statement "
    "statements suppose true use used using don doesn didn isn wasn aren weren couldn wouldn"
)
_ACTING = (  # verbs of any subject
    "affect affects come comes earn earns go goes keep keeps leave leaves need needs passing pay "
    "pays receive receives represent represents show shows stand stands vary varies want wants"
)
_GENERAL = (  # words of any subject
    "absolute according ago approximately associated average becomes big called central certain "
    "characteristic characteristics claims common constant contain contains current decrease "
    "decreases define defined difference different early especially event events exactly final "
    "general given gives greatest happen high idea ideas illustrates including increase increased "
    "increases individual individuals information initial instead involves item items just key "
    "known large larger largest lead leads likely long low made main makes material mean means "
    "necessary new number numbers occur occurs often old particular people person persons point "
    "points positive possible probably problem problems produce produced provide provides real "
    "referred require required requires result results said say says serious short shown similar "
    "simple single small smaller smallest specifically straight strong sum taken takes task thing "
    "things times total type types typically usually value values various way ways weak went "
    "written wrote"
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
        self.participles: set[str] = set()

    def __missing__(self, token: str) -> str:
        word = token.lower()
        if len(word) < 2 or word in self._stop or not word.replace("-", "").isalpha():
            word = ""
        if _participle(word):
            self.participles.add(word)
        self[token] = word
        return word


class Reader:
    """Reads texts one after the other and keeps what it saw of their words.

    A word has two letters or more, in any script, and may have hyphens (half-life). Stop words,
    words of any subject, units, numbers and LaTeX commands are no words, and what they or other
    signs separate is no pair.
    """

    def __init__(self, stop_words: Iterable[str]) -> None:
        parts = (_ASKING, _ACTING, _GENERAL, _COUNTING, _UNITS)
        stop = frozenset(stop_words).union(*(part.split() for part in parts))
        self._words = _Words(stop)
        self._participles = self._words.participles
        self._before = frozenset(_BEFORE_NOUNS.split())
        self._articles = frozenset(_ARTICLES.split())
        self._tokens: Counter[str] = Counter()
        self._capitals: Counter[str] = Counter()
        self._subjects: Counter[str] = Counter()
        self._heads: Counter[str] = Counter()

    def terms(self, text: str) -> set[str]:
        """Words, two or three neighbours, and two joined by "of", of the first 1,000 characters."""
        text = text[:_CHARACTERS]
        tokens = _TOKEN.findall(text)
        self._tokens.update(tokens)
        self._capitals.update(_CAPITAL.findall(text))
        words = [self._words[token] for token in tokens]
        pairs = [f"{a} {b}" if a and b and a != b else "" for a, b in pairwise(words)]
        of = dict(_joined_by_of(tokens, words)) if "of" in tokens else {}
        threes = {}
        if any(pairs):
            threes = {at: f"{pairs[at]} {words[at + 2]}" for at in _neighbours(pairs)}
        self._count_nouns(tokens, words, pairs, (of, threes))
        return {*words, *pairs, *of.values(), *threes.values()} - {""}

    def _count_nouns(
        self,
        tokens: Sequence[str],
        words: Sequence[str],
        pairs: Sequence[str],
        long: Iterable[Mapping[int, str]],
    ) -> None:
        """Count the terms that follow an article, and those that can end in a noun.

        long: terms of three tokens, by the one that they begin at
        """
        after = [at for at, token in enumerate(tokens[:-1], 1) if token in self._before]
        ends = [token not in self._articles for token in tokens[1:]]
        ends.append(True)
        if not self._participles.isdisjoint(words):
            for at in [at for at, word in enumerate(words) if word in self._participles]:
                ends[at] = False
        last = [end and not word for end, word in zip(ends, words[1:], strict=False)]
        last.append(ends[-1])
        nouns = {words[at] for at in after} | {pairs[at] for at in after if at < len(pairs)}
        heads = {*compress(words, last), *compress(pairs, ends[1:])}
        for terms in long:
            if terms:
                nouns.update(terms[at] for at in after if at in terms)
                heads.update(term for at, term in terms.items() if ends[at + 2])
        self._subjects.update(nouns)
        self._heads.update(heads)

    def subject_share(self, terms: Sequence[str], n_texts: FloatArray) -> FloatArray:
        """(V,) share of the texts with a term in which it follows an article or a preposition.

        All zero in languages without the English ones.
        """
        return _share(self._subjects, terms, n_texts)

    def head_share(self, terms: Sequence[str], n_texts: FloatArray) -> FloatArray:
        """(V,) share of the texts with a term in which it can be a noun.

        There neither an article follows it, as it does a verb, nor, if it is one word, another
        word, as it does an adjective.
        """
        return _share(self._heads, terms, n_texts)

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


def _share(seen: Counter[str], terms: Sequence[str], n_texts: FloatArray) -> FloatArray:
    counts = np.array([seen[term] for term in terms], dtype=np.float64)
    return np.asarray(np.minimum(counts / np.maximum(n_texts, 1), 1.0))


def _joined_by_of(tokens: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Elasticity of demand, by the place of the first word; not lens of focal, of length."""
    for at in range(1, len(tokens) - 1):
        if tokens[at] == "of":
            one, other = words[at - 1], words[at + 1]
            goes_on = at + 2 < len(words) and words[at + 2]
            if one and other and one != other and not goes_on:
                yield at - 1, f"{one} of {other}"


def _neighbours(pairs: Sequence[str]) -> list[int]:
    """Where a pair overlaps with the next one."""
    return [at for at, (one, other) in enumerate(pairwise(pairs)) if one and other]


def _participle(word: str) -> bool:
    """Reduced, labelled; but not speed."""
    return word.endswith("ed") and not word.endswith("eed") and len(word) > 4

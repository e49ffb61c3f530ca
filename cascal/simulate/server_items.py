"""What the simulated server's generators write, and how it knows a query again.

Whoever answers must know the truth of a query that somebody else wrote, perhaps before a restart.
So nothing is kept: all that only the maker knows follows from the text and the options alone.

- The skill is read off the words of the text; a generator writes another text until its own skill
  is read from it.
- Which option is right, and which mistakes tempt most, is the order of the options: it is a
  permutation drawn from the text and the sorted options, which can be undone.
- The easiness is drawn from the text, and so is whether the strong or the weak generator may write
  this text; each writes another one until it may.

Limits: a query with one word changed is another query (its truth too). The queries of the demo
data and those handed to the server are known by name; what else `generate_items` writes has its
true skill, but an arbitrary truth. Everything else is an `invented_item`, whose truth means
nothing, and so is every query on a task that has no writers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from cascal.datatypes import CascalError, Query, Task, option_letter
from cascal.simulate.demo import demo_items
from cascal.simulate.generators import GENERATORS, GeneratorName, GeneratorTraits
from cascal.simulate.items import TEMPTATIONS, Item, invented_item
from cascal.simulate.questions import WRITERS
from cascal.simulate.questions.writing import N_DISTRACTORS
from cascal.simulate.random_streams import stream
from cascal.simulate.server_templates import template_query

Known = Mapping[tuple[str, tuple[str, ...]], Item]

_N_OPTIONS = 1 + N_DISTRACTORS
_SAMPLES = 200  # texts a skill's words are collected from; reads 2,000 of 2,000 demo texts rightly
_LEAST_KNOWN = 0.85
"""Share of a text's words that must be words of a skill."""
_ATTEMPTS = 400
_CANDIDATES = 16
_WORD = re.compile(r"[a-z]+")
_SKILLS = {skill: task for task, skills in WRITERS.items() for skill in skills}


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


@cache
def _vocabularies() -> dict[str, frozenset[str]]:
    """Skill -> the words of its texts."""
    found = {}
    for skill, task in _SKILLS.items():
        write = WRITERS[task][skill]
        texts = (write(stream("words", skill, number)).text for number in range(_SAMPLES))
        found[skill] = frozenset().union(*map(_words, texts))
    return found


def skill_of(text: str) -> str | None:
    """The skill whose words a text is made of; None if it is of no writer."""
    words = _words(text)
    if not words:
        return None
    shares = {skill: len(words & known) / len(words) for skill, known in _vocabularies().items()}
    best = max(shares, key=lambda skill: shares[skill])
    return best if shares[best] >= _LEAST_KNOWN else None


@cache
def demo_index() -> Known:
    """The queries of the shipped demo data, 12,000 items, by text and options."""
    made = demo_items(0)
    return {
        (item.query.text, item.query.options): item for items in made.values() for item in items
    }


def item_of(query: Query, known: Known) -> Item:
    """What only its maker knows of a query: of a known one, of one written here, or invented."""
    item = known.get((query.text, query.options))
    if item is not None:
        return item
    skill = skill_of(query.text) if len(set(query.options)) == _N_OPTIONS else None
    return invented_item(query) if skill is None else _written_item(query, skill)


def _order(text: str, options: tuple[str, ...]) -> list[int]:
    """Which rank stands at each place: 0 the right option, 1 the most tempting mistake …"""
    return stream("order", text, *sorted(options)).sample(range(_N_OPTIONS), _N_OPTIONS)


def _author(text: str) -> GeneratorName:
    """Which generator may write a text."""
    return "strong" if stream("author", text).random() < 0.5 else "weak"


def _written_item(query: Query, skill: str) -> Item:
    """The item of a text that a generator of this server wrote; undoes the order of options."""
    ranks = _order(query.text, query.options)
    temptations = tuple(TEMPTATIONS[rank - 1] if rank else 0.0 for rank in ranks)
    easiness = _easiness(GENERATORS[_author(query.text)], stream("easiness", query.text))
    named = replace(query, task=_SKILLS[skill], skill=skill)
    return Item(named, ranks.index(0), temptations, easiness)


def _easiness(traits: GeneratorTraits, rng: random.Random) -> float:
    """Draw from the generator's mixture of normal distributions."""
    _, mean, deviation = rng.choices(traits.easiness, [one[0] for one in traits.easiness])[0]
    return rng.gauss(mean, deviation)


def write_item(generator: GeneratorName, task: Task, number: int, seed: int) -> Item:
    """The query a generator writes for a task and a number, with its generated answer.

    Two numbers may give the same query, as with real generators; this is rare for the tasks of the
    demo. The generator's mistakes are as in `GENERATORS`.
    """
    traits, drawn_from = GENERATORS[generator], (seed, "server", generator, task.name, number)
    if task.name in WRITERS:
        item = _by_writer(generator, task.name, drawn_from)
    else:
        item = _by_template(traits, task, drawn_from)
    rng, marked = stream(*drawn_from, "mark"), item.truth
    if rng.random() < traits.label_error:
        marked = rng.choices(range(_N_OPTIONS), item.temptations)[0]
    query = replace(item.query, answer=option_letter(marked), answer_origin="generated")
    return replace(item, query=query)


def _by_writer(generator: GeneratorName, task: str, drawn_from: tuple[object, ...]) -> Item:
    """A text of one of the task's writers that is known again, its options in their order."""
    skills = tuple(WRITERS[task])
    weights = [(rank + 1) ** -GENERATORS[generator].skew for rank in range(len(skills))]
    skill = stream(*drawn_from, "skill").choices(skills, weights)[0]
    for attempt in range(_ATTEMPTS):
        question = WRITERS[task][skill](stream(*drawn_from, attempt))
        if _author(question.text) == generator and skill_of(question.text) == skill:
            break
    else:
        raise CascalError(
            f"The writer of {skill!r} wrote no text that is known again.", code="unknown-query"
        )
    ranked = (question.correct, *question.distractors[:N_DISTRACTORS])
    options = tuple(ranked[rank] for rank in _order(question.text, ranked))
    return _written_item(Query("", task, question.text, options=options), skill)


def _by_template(traits: GeneratorTraits, task: Task, drawn_from: tuple[object, ...]) -> Item:
    """The candidate whose (invented) easiness is nearest to one the generator would ask for."""
    wanted = _easiness(traits, stream(*drawn_from, "easiness"))
    queries = (template_query(task, stream(*drawn_from, one)) for one in range(_CANDIDATES))
    items = (item_of(query, {}) for query in queries)
    return min(items, key=lambda item: abs(item.easiness - wanted))

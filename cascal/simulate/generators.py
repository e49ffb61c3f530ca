"""Simulated generators: a strong one that rarely errs, a weak one that errs and asks easy things.

`weak` marks a wrong option in 35 % of its queries, asks mostly what every model knows, and keeps
returning to its favourite skills. Both ask good questions: the texts come from the same writers.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cascal.datatypes import CascalError, Query, option_letter
from cascal.simulate.items import TEMPTATIONS, Item
from cascal.simulate.questions import TASKS, WRITERS, Question
from cascal.simulate.questions.writing import N_DISTRACTORS
from cascal.simulate.random_streams import stream

GeneratorName = Literal["strong", "weak"]

_ATTEMPTS = 200


@dataclass(frozen=True)
class GeneratorTraits:
    """What sets one generator apart.

    label_error share of queries whose generated answer is wrong
    easiness    (share, mean, deviation) of the normal distributions that easiness is drawn from
    skew        0 = every skill of a task equally often; weight of the r-th skill = r ** -skew
    """

    label_error: float
    easiness: tuple[tuple[float, float, float], ...]
    skew: float


GENERATORS: dict[GeneratorName, GeneratorTraits] = {
    "strong": GeneratorTraits(0.03, ((1.0, 0.0, 1.0),), 0.0),
    "weak": GeneratorTraits(0.35, ((0.7, 1.9, 0.6), (0.2, 0.0, 1.0), (0.1, -1.8, 0.5)), 1.2),
}


def generate_queries(n: int, seed: int, generator: GeneratorName, prefix: str) -> list[Query]:
    """Write n queries with generated answers, round-robin over the tasks; texts are unique."""
    return [item.query for item in generate_items(n, seed, generator, prefix)]


def generate_items(
    n: int, seed: int, generator: GeneratorName, prefix: str, avoid: Collection[str] = ()
) -> list[Item]:
    """Like `generate_queries`, with what only the maker knows; no text of `avoid` is repeated."""
    if generator not in GENERATORS:
        raise CascalError(
            f"There is no generator {generator!r}; choose {' or '.join(GENERATORS)}.",
            code="unknown-choice",
        )
    traits = GENERATORS[generator]
    seen = set(avoid)
    items: list[Item] = []
    for index in range(n):
        task = TASKS[index % len(TASKS)].name
        skill = _skill(task, index // len(TASKS), traits, stream(seed, generator, "skill", index))
        for attempt in range(_ATTEMPTS):
            rng = stream(seed, generator, skill, index, attempt)
            question = WRITERS[task][skill](rng)
            if question.text not in seen:
                break
        else:
            raise CascalError(
                f"The writer of {skill!r} has no new text left; ask for fewer.",
                code="out-of-bounds",
            )
        seen.add(question.text)
        items.append(_item(question, f"{prefix}-{index:05d}", task, skill, traits, rng))
    return items


def gold_items(n: int, seed: int, prefix: str, avoid: Collection[str] = ()) -> list[Item]:
    """Test items: the queries of the strong generator, each with its right answer as gold."""
    return [
        replace(
            item,
            query=replace(
                item.query,
                answer=option_letter(item.truth),
                answer_origin="gold",
                split="test",
            ),
        )
        for item in generate_items(n, seed, "strong", prefix, avoid)
    ]


def _skill(task: str, turn: int, traits: GeneratorTraits, rng: random.Random) -> str:
    """Pick the skill of one query: in turn, or skewed to the first skills of the task."""
    skills = tuple(WRITERS[task])
    if not traits.skew:
        return skills[turn % len(skills)]
    weights = [(rank + 1) ** -traits.skew for rank in range(len(skills))]
    return rng.choices(skills, weights)[0]


def _item(
    question: Question,
    query_id: str,
    task: str,
    skill: str,
    traits: GeneratorTraits,
    rng: random.Random,
) -> Item:
    """Shuffle the options, draw the generated answer and the easiness."""
    texts = (question.correct, *question.distractors[:N_DISTRACTORS])
    order = rng.sample(range(len(texts)), len(texts))
    truth = order.index(0)
    temptations = tuple(0.0 if place == 0 else TEMPTATIONS[place - 1] for place in order)
    marked = truth
    if rng.random() < traits.label_error:
        marked = rng.choices(range(len(texts)), temptations)[0]
    query = Query(
        query_id,
        task,
        question.text,
        options=tuple(texts[place] for place in order),
        answer=option_letter(marked),
        answer_origin="generated",
        skill=skill,
        split="train",
    )
    return Item(query, truth, temptations, _easiness(traits.easiness, rng))


def _easiness(mixture: Sequence[tuple[float, float, float]], rng: random.Random) -> float:
    """Draw from a mixture of normal distributions."""
    _, mean, deviation = rng.choices(mixture, [share for share, _, _ in mixture])[0]
    return rng.gauss(mean, deviation)

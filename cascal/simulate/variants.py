"""Further simulated data sets, made on request: wrong labels, scattered mistakes, a large set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cascal.columns import Imported, Progress
from cascal.datatypes import CascalError, option_letter
from cascal.simulate.demo import (
    collect_responses,
    demo_items,
    queries_table,
    responses_table,
    simulated_set,
)
from cascal.simulate.generators import GENERATORS, generate_items, gold_items
from cascal.simulate.items import TEMPTATIONS, Item
from cascal.simulate.pool import SimulatedPool
from cascal.simulate.questions import TASKS
from cascal.simulate.random_streams import stream

N_TEST, N_LARGE = 2000, 20_000
VARIANTS = {
    "demo-mislabelled": "the demo's queries, but 35 % of the generated answers are wrong: good "
    "questions, badly answered, which is what the paper calls a weak generator",
    "demo-scattered": "the demo's queries, but wrong answers spread almost evenly over the three "
    "mistakes, so that the models share few of them",
    "demo-weak-20k": "20,000 queries of the weak generator, the first 5,000 being demo-weak's",
}
"""Data sets that are not shipped, and what each is."""
SCATTERED = (0.35, 0.33, 0.32)
"""How a wrong vote of "demo-scattered" is shared among the distractors."""


def mislabelled(items: Sequence[Item], seed: int = 0) -> list[Item]:
    """The same queries with answers of the weak generator's quality, wrong ones by temptation."""
    marked = []
    for item in items:
        rng = stream(seed, "mislabelled", item.query.query_id)
        places = range(len(item.temptations))
        wrong = rng.random() < GENERATORS["weak"].label_error
        place = rng.choices(places, item.temptations)[0] if wrong else item.truth
        query = replace(item.query, answer=option_letter(place))
        marked.append(replace(item, query=query))
    return marked


def scattered(items: Sequence[Item]) -> list[Item]:
    """The same queries and generated answers; mistakes tempt by `SCATTERED`."""
    shares = {0.0: 0.0, **dict(zip(TEMPTATIONS, SCATTERED, strict=True))}
    return [
        replace(item, temptations=tuple(shares[share] for share in item.temptations))
        for item in items
    ]


def make_variant(name: str, seed: int = 0, progress: Progress | None = None) -> Imported:
    """Make one of `VARIANTS` with its responses and the demo's test queries."""
    if name not in VARIANTS:
        raise CascalError(
            f"There is no variant {name!r}; choose {' or '.join(VARIANTS)}.", code="unknown-choice"
        )
    if name == "demo-mislabelled":
        world = demo_items(seed)
        kept = [*mislabelled(world["demo"], seed), *world["test"]]
    elif name == "demo-scattered":
        world = demo_items(seed)
        kept = scattered([*world["demo"], *world["test"]])
    else:
        test = gold_items(N_TEST, seed + 1, "test")
        texts = frozenset(item.query.text for item in test)
        kept = [*generate_items(N_LARGE, seed + 3, "weak", "weak", texts), *test]

    def report(share: float) -> None:
        if progress is not None:
            progress(share, f"Asking the simulated models of {name}")

    pool = SimulatedPool(seed)
    responses = responses_table(collect_responses(pool, kept, report))
    queries = queries_table(item.query for item in kept)
    note = f"Simulated data: {VARIANTS[name]}."
    return replace(simulated_set(name, TASKS, pool.specs(), queries, responses), notes=(note,))

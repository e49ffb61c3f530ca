"""Open-ended answers to the demo's queries, how good each is, and judges that err in known ways.

Everything is simulated, and says so (`origin`). A response has a quality from 0 to 1:

    middle + spread · (accuracy of the model in the skill − mean) + query effect + own noise

Texts are of the model's own typical length and say nothing about quality, so that a judge who
likes long answers can be told from one who reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cascal.columns import Imported
from cascal.datatypes import FloatArray, IntArray, Query, Response, Task, read_only
from cascal.prices import response_cost
from cascal.simulate.accuracies import MODELS
from cascal.simulate.demo import queries_table, responses_table
from cascal.simulate.generators import gold_items
from cascal.simulate.items import Item
from cascal.simulate.pool import SimulatedPool
from cascal.simulate.random_streams import stream

_MIDDLE = 0.62
_SPREAD = 0.5
"""Points of quality for a model that is always instead of never right in a skill."""
_QUERY_NOISE = 0.12
_OWN_NOISE = 0.12
_CLAUSES = (
    "one has to keep in mind what was given at the start",
    "the first step decides most of what follows",
    "it helps to write down what is known and what is not",
    "the usual rule has an exception that matters in this case",
    "a small change in the premise would lead somewhere else",
    "this can be checked by going through the steps again",
    "practice and theory do not quite agree on this point",
    "several readings of the question are possible",
    "the numbers only make sense when seen together",
    "an example shows why this is so",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class ProseWorld:
    """A simulated data set of open-ended answers with what nobody else knows of it.

    quality (Q, M) of every response, 0 to 1; lengths (Q, M) characters; rows in the order of the
    queries, columns in that of the pool
    """

    imported: Imported
    query_ids: tuple[str, ...]
    models: tuple[str, ...]
    quality: FloatArray
    lengths: IntArray


def prose_world(n_queries: int = 1000, seed: int = 0, dataset: str = "prose") -> ProseWorld:
    """Every model of the simulated pool answers the demo's test queries in prose."""
    pool, items = SimulatedPool(seed), gold_items(n_queries, seed + 1, "test")
    typical = _typical_sentences(pool.models, seed)
    texts = [[_text(seed, name, item, typical[name]) for name in pool.models] for item in items]
    quality = np.array([[_quality(pool, name, item) for name in pool.models] for item in items])
    queries = [_open_query(item.query) for item in items]
    responses = [
        _response(query, name, text)
        for query, of_models in zip(queries, texts, strict=True)
        for name, text in zip(pool.models, of_models, strict=True)
    ]
    imported = Imported(
        dataset=dataset,
        origin="simulated",
        source="simulated queries, models and answers",
        tasks=tuple(Task(name) for name in dict.fromkeys(one.task for one in queries)),
        models=pool.specs(),
        queries=queries_table(queries),
        responses=responses_table(responses),
        notes=("Simulated data: neither the models nor what they wrote exists.",),
    )
    return ProseWorld(
        imported=imported,
        query_ids=tuple(one.query_id for one in queries),
        models=pool.models,
        quality=read_only(quality),
        lengths=read_only(np.array([[len(text) for text in row] for row in texts])),
    )


def judge_scores(
    world: ProseWorld, *, noise: float = 0.15, length_bias: float = 0.0, seed: int = 0
) -> FloatArray:
    """(Q, M) what a judge says of every response, 0 to 1.

    quality + noise · normal + length_bias · (log length − mean)/standard deviation, clipped
    """
    random = np.random.default_rng(seed)
    log_length = np.log(world.lengths)
    likes = (log_length - log_length.mean()) / log_length.std()
    said = world.quality + noise * random.normal(size=world.quality.shape) + length_bias * likes
    return np.asarray(np.clip(said, 0.0, 1.0))


def _open_query(query: Query) -> Query:
    return replace(query, options=(), answer=None, answer_origin="none", split="train")


def _typical_sentences(models: tuple[str, ...], seed: int) -> dict[str, int]:
    """Sentences of a typical answer of each model; unlike its quality."""
    return {name: stream(seed, "verbosity", name).randint(2, 8) for name in models}


def _text(seed: int, model: str, item: Item, typical: int) -> str:
    rng = stream(seed, "prose", model, item.query.text)
    n_sentences = max(1, typical + rng.randint(-1, 2))
    clauses = [rng.choice(_CLAUSES) for _ in range(n_sentences)]
    opening = f"As to {item.skill.replace('_', ' ')}: "
    body = ", and ".join(clauses[:2])
    rest = "".join(f"\n\nBeyond that, {clause}." for clause in clauses[2:])
    return f"{opening}{body}.{rest}"


def _quality(pool: SimulatedPool, model: str, item: Item) -> float:
    table = pool.accuracy
    accuracy = float(table[pool.skills.index(item.skill), pool.models.index(model)])
    own = stream(pool.seed, "quality", model, item.query.text).gauss(0.0, 1.0)
    advantage = _SPREAD * (accuracy - float(table.mean()))
    raw = _MIDDLE + advantage + _QUERY_NOISE * item.easiness + _OWN_NOISE * own
    return min(1.0, max(0.0, raw))


def _response(query: Query, model: str, text: str) -> Response:
    read, written = len(query.text) // 4, len(text) // 4
    return Response(
        query.query_id,
        model,
        text=text,
        input_tokens=read,
        output_tokens=written,
        cost=response_cost(MODELS[model], read, written),
    )

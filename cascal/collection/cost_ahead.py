"""How many calls collecting makes, and about what they cost, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cascal.collection.into_workspace import missing_queries
from cascal.datatypes import Query
from cascal.endpoint.pool_file import PoolModel
from cascal.number_format import dollars as in_dollars
from cascal.prices import cost_of_tokens
from cascal.prompts import answer_messages
from cascal.store import Workspace

CHARACTERS_PER_TOKEN = 4.0
"""Of a prompt; languages other than English need more tokens."""
ANSWER_TOKENS = 300
"""Of a response, where no stored one says how long responses are."""


@dataclass(frozen=True, kw_only=True)
class ModelAhead:
    """What one model will be asked: dollars is nan where its prices are not known."""

    model: str
    calls: int
    input_tokens: float
    output_tokens: float
    dollars: float


@dataclass(frozen=True, kw_only=True)
class CostAhead:
    """All models of a pool; measured: whether stored responses say how long responses are."""

    models: tuple[ModelAhead, ...]
    measured: bool

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(one.calls for one in self.models)

    @property
    def dollars(self) -> float:
        """The sum over models with prices; nan where none has any."""
        known = [one.dollars for one in self.models if not math.isnan(one.dollars)]
        return math.fsum(known) if known else math.nan

    @property
    def words(self) -> str:
        """What the calls cost, for a sentence that said how many there are."""
        if math.isnan(self.dollars):
            return "at a cost that is not known, as the pool file gives no prices"
        return f"about {in_dollars(self.dollars)}"

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models that will be asked something and whose prices are not known."""
        return tuple(one.model for one in self.models if one.calls and math.isnan(one.dollars))

    @property
    def basis(self) -> str:
        """What the estimate rests on."""
        long = "as long as the stored ones" if self.measured else f"of {ANSWER_TOKENS} tokens each"
        return (
            f"Estimated: prompts at {CHARACTERS_PER_TOKEN:g} characters a token, responses {long}, "
            "at the prices of the pool. A limit below holds whatever they turn out to be."
        )


def cost_ahead(
    workspace: Workspace, dataset: str, pool: Sequence[PoolModel], *, retry_errors: bool = False
) -> CostAhead:
    """What asking the pool all that it has not answered takes; nothing is sent."""
    missing = missing_queries(workspace, dataset, pool, retry_errors=retry_errors)
    return cost_of_calls(workspace, dataset, pool, missing)


def cost_of_calls(
    workspace: Workspace,
    dataset: str,
    pool: Sequence[PoolModel],
    asked: Mapping[str, Sequence[Query]],
) -> CostAhead:
    """What asking each model of the pool its queries takes, by model name; nothing is sent."""
    lengths = _response_lengths(workspace.responses(dataset))
    usual = float(np.mean(list(lengths.values()))) if lengths else float(ANSWER_TOKENS)
    return CostAhead(
        models=tuple(
            _of_model(model, asked[model.name], lengths.get(model.name, usual)) for model in pool
        ),
        measured=bool(lengths),
    )


def _of_model(model: PoolModel, queries: Sequence[Query], length: float) -> ModelAhead:
    characters = sum(
        len(message["content"]) for query in queries for message in answer_messages(query)
    )
    read, written = characters / CHARACTERS_PER_TOKEN, length * len(queries)
    return ModelAhead(
        model=model.name,
        calls=len(queries),
        input_tokens=read,
        output_tokens=written,
        dollars=cost_of_tokens(model.spec, read, written),
    )


def _response_lengths(responses: pa.Table) -> Mapping[str, float]:
    """Mean output tokens of a stored response, by model, where they are known."""
    known = responses.filter(pc.is_valid(responses["output_tokens"]))
    means = known.group_by("model").aggregate([("output_tokens", "mean")])
    return dict(
        zip(means["model"].to_pylist(), means["output_tokens_mean"].to_pylist(), strict=True)
    )

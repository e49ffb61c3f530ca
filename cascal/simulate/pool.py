"""A pool of simulated models with known skills.

A model is right where a normal draw passes its ability in the skill:

    √ρ · easiness of the query + √(1 − ρ) · noise  >  −Φ⁻¹(P(right | skill, model))

The easiness is common to all models, so errors come together; models of one family also share part
of the noise. Every draw is hashed from the seed, the model and the texts of query and options.
"""

from __future__ import annotations

import math
import random
from itertools import accumulate
from statistics import NormalDist

import numpy as np

from cascal.datatypes import (
    CascalError,
    FloatArray,
    ModelSpec,
    Query,
    Response,
    Status,
    option_letter,
    read_only,
)
from cascal.prices import response_cost
from cascal.simulate.accuracies import ACCURACY, MODELS, ModelTraits
from cascal.simulate.items import Item
from cascal.simulate.questions import SKILLS
from cascal.simulate.random_streams import stream
from cascal.simulate.wording import answer_text, refusal_text, unreadable_text

SHARED_EASINESS = 0.55
"""ρ: share of the variance of an answer that lies in the query, not in the model."""

FAMILY_NOISE = 0.35
"""Share of the noise that models of one family have in common."""

FAMILY_TRAPS = 0.6
"""How often models of one family draw the same distractor when both are wrong."""

CONFIDENCE_IF_RIGHT = 0.60
CONFIDENCE_OF_EASINESS = 0.15
"""How much confidence rises with being right and with easiness; AUC about 0.7."""

_PROMPT_TOKENS = 45
_CHARACTERS_PER_TOKEN = 4.0
_REFUSAL_TOKENS = 25
_NORMAL = NormalDist()


class SimulatedPool:
    """Eight invented models whose accuracies per skill are known."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.models: tuple[str, ...] = tuple(MODELS)
        self.skills: tuple[str, ...] = SKILLS
        table = np.array([ACCURACY[skill] for skill in SKILLS], dtype=np.float64) / 100
        self.accuracy: FloatArray = read_only(table)
        """(S, M) probability of a right answer; what is not readable counts as wrong."""
        self._bars = {
            (skill, model): _bar(traits, float(self.accuracy[row, column]))
            for row, skill in enumerate(SKILLS)
            for column, (model, traits) in enumerate(MODELS.items())
        }

    def specs(self) -> tuple[ModelSpec, ...]:
        """The models as the rest of the product sees them, marked as simulated."""
        return tuple(
            ModelSpec(
                name,
                model_id=name,
                input_price=traits.input_price,
                output_price=traits.output_price,
                simulated=True,
            )
            for name, traits in MODELS.items()
        )

    def winner(self, skill: str) -> str:
        """The most accurate model of a skill."""
        if skill not in self.skills:
            raise CascalError(
                f"{skill!r} is not a skill of the simulated world.", code="unknown-choice"
            )
        return self.models[int(self.accuracy[self.skills.index(skill)].argmax())]

    def respond(self, model: str, item: Item, sample: int = 0) -> Response:
        """What a model returns for an item; another `sample` is another draw of the same model."""
        if model not in MODELS:
            raise CascalError(
                f"{model!r} is not in the simulated pool: {', '.join(self.models)}.",
                code="unknown-model",
            )
        traits, query = MODELS[model], item.query
        rng = self._stream("response", model, query, sample)
        status = _status(traits, rng)
        right, vote = self._vote(model, item, sample, rng)
        if status == "ok":
            text = answer_text(rng, vote, query.options[vote])
        else:
            text = unreadable_text(rng) if status == "unreadable" else refusal_text(rng)
        mean_logprob = _mean_logprob(traits, right and status == "ok", item.easiness, rng)
        input_tokens, output_tokens, latency = _usage(traits, status, query, rng)
        return Response(
            query.query_id,
            model,
            text=text,
            answer=option_letter(vote) if status == "ok" else None,
            rule="simulated" if status == "ok" else None,
            mean_logprob=mean_logprob,
            status=status,
            sample=sample,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost=round(response_cost(traits, input_tokens, output_tokens), 8),
            latency=latency,
        )

    def _stream(self, purpose: str, who: str, query: Query, sample: int) -> random.Random:
        return stream(self.seed, purpose, who, sample, query.text, *query.options)

    def _vote(self, model: str, item: Item, sample: int, rng: random.Random) -> tuple[bool, int]:
        """Whether the model is right, and the option it votes for."""
        traits = MODELS[model]
        family = self._stream("family", traits.family or model, item.query, sample)
        shared, trap = family.gauss(0.0, 1.0), family.random()
        own = rng.gauss(0.0, 1.0)
        share = FAMILY_NOISE if traits.family else 0.0
        noise = math.sqrt(share) * shared + math.sqrt(1 - share) * own
        drawn = math.sqrt(SHARED_EASINESS) * item.easiness + math.sqrt(1 - SHARED_EASINESS) * noise
        if drawn > self._bars[item.skill, model]:
            return True, item.truth
        copies = bool(traits.family) and rng.random() < FAMILY_TRAPS
        return False, _at(item.temptations, trap if copies else rng.random())


def _bar(traits: ModelTraits, accuracy: float) -> float:
    """What the drawn ability of a model must pass for a right answer."""
    answered = 1 - traits.unreadable - traits.refused
    return -_NORMAL.inv_cdf(min(accuracy / answered, 0.999))


def _at(probabilities: tuple[float, ...], quantile: float) -> int:
    """Index at which the running sum of the probabilities passes the quantile."""
    bar = quantile * sum(probabilities)
    return next(place for place, passed in enumerate(accumulate(probabilities)) if passed > bar)


def _status(traits: ModelTraits, rng: random.Random) -> Status:
    drawn = rng.random()
    if drawn < traits.unreadable:
        return "unreadable"
    return "refused" if drawn < traits.unreadable + traits.refused else "ok"


def _mean_logprob(traits: ModelTraits, right: bool, easiness: float, rng: random.Random) -> float:
    """Negative, larger where the model is right, on the model's own scale."""
    confidence = CONFIDENCE_IF_RIGHT * right + CONFIDENCE_OF_EASINESS * easiness
    confidence += rng.gauss(0.0, 1.0)
    return round(-traits.logprob_center * math.exp(-traits.logprob_scale * confidence), 4)


def _usage(
    traits: ModelTraits, status: Status, query: Query, rng: random.Random
) -> tuple[int, int, float]:
    """Tokens of the prompt, tokens of the response, and seconds."""
    characters = len(query.text) + sum(len(option) + 4 for option in query.options)
    input_tokens = _PROMPT_TOKENS + round(characters / _CHARACTERS_PER_TOKEN)
    typical = _REFUSAL_TOKENS if status == "refused" else traits.output_tokens
    output_tokens = max(8, round(typical * rng.lognormvariate(0.0, 0.35)))
    waiting = traits.first_token * rng.lognormvariate(0.0, 0.25)
    return input_tokens, output_tokens, round(waiting + output_tokens / traits.tokens_per_second, 2)

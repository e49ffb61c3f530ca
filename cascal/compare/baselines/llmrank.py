"""LLMRANK: readable features of the prompt -> a small network -> a utility for every model.

Re-implemented from the description; no official code exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np
import scipy

from cascal.clustering.merge import normalise
from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training
from cascal.datatypes import FloatArray, IntArray
from cascal.rank import group_sums
from cascal.routing.blend import softmax

TEMPERATURE = 0.5
N_COMPONENTS = 32
HIDDEN = 128
EPOCHS, BATCH, STEP, DECAY = 30, 128, 1e-3, 1e-4
_BETA_1, _BETA_2, _TINY = 0.9, 0.999, 1e-8

_LATEX = re.compile(r"\$|\\[a-z]+|[\^_]\{")
_NEGATION = re.compile(r"\b(?:not|no|never|except|none|neither|nor|without|false|incorrect)\b|n't")
_QUESTION = ("what", "which", "who", "when", "where", "why", "how")


class Prompt(NamedTuple):
    """What the features see of a query."""

    text: str
    n_options: int


def prompt_features(prompt: Prompt) -> list[float]:
    """Length, words, digits, LaTeX, negation, option count and question word of one prompt."""
    low = prompt.text.casefold()
    words = low.split()
    length = len(prompt.text)
    digits = sum(map(str.isdigit, prompt.text))
    return [
        float(np.log1p(length)),
        float(np.log1p(len(words))),
        digits / max(length, 1),
        float(len(_LATEX.findall(prompt.text)) > 0),
        float(_NEGATION.search(low) is not None),
        float(prompt.n_options),
        *(float(word in words) for word in _QUESTION),
    ]


@dataclass
class _Network:
    """Two hidden layers of rectified units, trained by Adam on a given gradient."""

    weights: list[FloatArray]
    first: list[FloatArray] = field(default_factory=list)
    second: list[FloatArray] = field(default_factory=list)
    steps: int = 0

    @classmethod
    def drawn(cls, sizes: tuple[int, ...], random: np.random.Generator) -> _Network:
        """He-initialised weights, zero biases."""
        weights: list[FloatArray] = []
        for fan_in, fan_out in pairwise(sizes):
            weights += [
                random.normal(size=(fan_in, fan_out)) * np.sqrt(2.0 / fan_in),
                np.zeros(fan_out),
            ]
        return cls(
            weights, [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
        )

    def layers(self, rows: FloatArray) -> list[FloatArray]:
        """Activations of every layer, the utilities last."""
        found = [rows]
        for at in range(0, len(self.weights), 2):
            raw = found[-1] @ self.weights[at] + self.weights[at + 1]
            found.append(raw if at + 2 == len(self.weights) else np.maximum(raw, 0.0))
        return found

    def step(self, rows: FloatArray, right: FloatArray) -> None:
        """One Adam step on a batch."""
        found = self.layers(rows)
        slope = loss_gradient(found[-1], right)
        gradients: list[FloatArray] = [np.empty(0)] * len(self.weights)
        for at in range(len(self.weights) - 2, -1, -2):
            gradients[at] = found[at // 2].T @ slope + DECAY * self.weights[at]
            gradients[at + 1] = slope.sum(axis=0)
            slope = (slope @ self.weights[at].T) * (found[at // 2] > 0)
        self.steps += 1
        for at, gradient in enumerate(gradients):
            self.first[at] = _BETA_1 * self.first[at] + (1 - _BETA_1) * gradient
            self.second[at] = _BETA_2 * self.second[at] + (1 - _BETA_2) * gradient**2
            mean = self.first[at] / (1 - _BETA_1**self.steps)
            square = self.second[at] / (1 - _BETA_2**self.steps)
            self.weights[at] = self.weights[at] - STEP * mean / (np.sqrt(square) + _TINY)


def loss(utilities: FloatArray, right: FloatArray) -> float:
    """MSE(σ(u), R) + KL(softmax(R/½) ‖ softmax(u/½)), mean over queries; both (Q, M)."""
    squared = ((scipy.special.expit(utilities) - right) ** 2).mean(axis=1)
    target = softmax(right / TEMPERATURE)
    log_target = right / TEMPERATURE - _log_sum(right)
    log_found = utilities / TEMPERATURE - _log_sum(utilities)
    return float((squared + (target * (log_target - log_found)).sum(axis=1)).mean())


def _log_sum(values: FloatArray) -> FloatArray:
    scaled = values / TEMPERATURE
    top = scaled.max(axis=1, keepdims=True)
    return np.asarray(top + np.log(np.exp(scaled - top).sum(axis=1, keepdims=True)))


def loss_gradient(utilities: FloatArray, right: FloatArray) -> FloatArray:
    """∂loss/∂u (Q, M)."""
    share = scipy.special.expit(utilities)
    squared = 2.0 * (share - right) * share * (1.0 - share) / right.shape[1]
    divergence = softmax(utilities / TEMPERATURE) - softmax(right / TEMPERATURE)
    return np.asarray((squared + divergence / TEMPERATURE) / len(right))


@dataclass(frozen=True, eq=False)
class LLMRank(Baseline):
    """A network of 2 × 128 units over readable prompt features and the embedding's components.

    `prompts` maps query ids (training and routed ones) to text and option count; without them only
    task similarity and the principal components of the embedding are seen.

    Reference: Agrawal and Gupta 2025, LLMRank, arXiv:2510.01234, re-implemented from the
    description in Niu et al. 2026: loss MSE(σ(u), R) + KL(softmax(R/½) ‖ softmax(u/½)).
    Differs in whatever the description leaves open: features, 32 components, 30 epochs of Adam.
    """

    title: ClassVar[str] = "LLMRANK"
    needs: ClassVar[Needs] = "labels"
    prompts: Mapping[str, Prompt] | None = None
    seed: int = 0

    def learn(self, training: Training) -> ScoreFunction:
        """Train on the labelled queries."""
        from sklearn.decomposition import PCA  # slow to import

        ids, tasks, vectors, right = training.labelled
        names = sorted(set(tasks))
        task = np.array([names.index(one) for one in tasks], dtype=np.int64)
        representatives = normalise(group_sums(vectors, task, len(names)))
        n_components = min(N_COMPONENTS, *vectors.shape) if len(vectors) > 1 else 0
        components = PCA(n_components, svd_solver="full", random_state=0)
        if n_components:
            components.fit(vectors)

        def features(query_ids: tuple[str, ...], at: FloatArray) -> FloatArray:
            parts = [at @ representatives.T]
            if n_components:
                parts.append(np.asarray(components.transform(at)))
            if self.prompts is not None:
                nothing = Prompt("", 0)
                known = [prompt_features(self.prompts.get(one, nothing)) for one in query_ids]
                parts.append(np.array(known).reshape(len(query_ids), -1))
            return np.hstack(parts)

        raw = features(ids, vectors)
        center, spread = raw.mean(axis=0), raw.std(axis=0)
        spread[spread < 1e-9] = 1.0
        network = self._trained((raw - center) / spread, right)
        return lambda query_ids, at: network.layers((features(query_ids, at) - center) / spread)[-1]

    def _trained(self, rows: FloatArray, right: FloatArray) -> _Network:
        random = np.random.default_rng(self.seed)
        network = _Network.drawn((rows.shape[1], HIDDEN, HIDDEN, right.shape[1]), random)
        for _ in range(EPOCHS):
            order: IntArray = random.permutation(len(rows))
            for start in range(0, len(rows), BATCH):
                batch = order[start : start + BATCH]
                network.step(rows[batch], right[batch])
        return network

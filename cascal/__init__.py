"""CASCAL Studio: which model is good at what, estimated without labels, and routed by it.

fit = cascal.fit(votes, vectors, settings=cascal.FitSettings.preset("recommended"))
router = fit.router(cascal.Thresholds(min_silhouette=0.05, merge_distance=0.15))
routes = router.route(test_vectors)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cascal.datatypes import (
    NO_ANSWER,
    CascalError,
    Embeddings,
    ModelSpec,
    Query,
    Response,
    Task,
    Votes,
)
from cascal.evaluate import Evaluation, evaluate  # binds the function over the module's name
from cascal.fit import Fit, fit  # the same
from cascal.results import ConsensusScores, Rankings, Routes, SkillClusters
from cascal.routing.route import Router
from cascal.scores import ScoreRouter
from cascal.settings import FitSettings, Routing, Thresholds

if TYPE_CHECKING:
    from cascal.store import Workspace

__version__ = "0.2.0"

__all__ = [
    "NO_ANSWER",
    "CascalError",
    "ConsensusScores",
    "Embeddings",
    "Evaluation",
    "Fit",
    "FitSettings",
    "ModelSpec",
    "Query",
    "Rankings",
    "Response",
    "Router",
    "Routes",
    "Routing",
    "ScoreRouter",
    "SkillClusters",
    "Task",
    "Thresholds",
    "Votes",
    "Workspace",
    "evaluate",
    "fit",
]


def __getattr__(name: str) -> object:
    """`Workspace` is loaded on first use: routing needs no duckdb."""
    if name == "Workspace":
        return import_module("cascal.store").Workspace
    raise AttributeError(f"module 'cascal' has no attribute {name!r}")

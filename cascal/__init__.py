"""CASCAL Studio: which model is good at what, estimated without labels, and routed by it.

    fit = cascal.fit(votes, vectors, settings=cascal.FitSettings.preset("recommended"))
    router = fit.router(cascal.Thresholds(min_silhouette=0.05, merge_distance=0.15))
    routes = router.route(test_vectors)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cascal.datatypes import (
    NO_ANSWER,
    CascalError,
    ConsensusScores,
    Embeddings,
    FitSettings,
    ModelSpec,
    Query,
    Rankings,
    Response,
    Routes,
    Routing,
    SkillClusters,
    Task,
    Thresholds,
    Votes,
)

if TYPE_CHECKING:
    from cascal.evaluate import Evaluation, evaluate
    from cascal.fit import Fit, fit
    from cascal.route import Router
    from cascal.store import Workspace

__version__ = "0.1.0"

_LAZY = {
    "Evaluation": "cascal.evaluate",
    "Fit": "cascal.fit",
    "Router": "cascal.route",
    "Workspace": "cascal.store",
    "evaluate": "cascal.evaluate",
    "fit": "cascal.fit",
}
"""Loaded on first use, so that `cascal.Router.load` needs neither duckdb nor scikit-learn."""

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
    "SkillClusters",
    "Task",
    "Thresholds",
    "Votes",
    "Workspace",
    "evaluate",
    "fit",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'cascal' has no attribute {name!r}")

"""A router as one file: what its header says, and the parts that are made of it again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascal.artefact import ArtefactError, read_artefact, write_artefact
from cascal.datatypes import CascalError
from cascal.labels import Correction, LabelRecord
from cascal.results import LEARNT_PER_MODEL, Learnt, Rankings, SkillClusters
from cascal.routing.reach import Reach
from cascal.routing.router_parts import check_parts
from cascal.settings import FitSettings, Routing, Thresholds

if TYPE_CHECKING:
    from cascal.routing.route import Router


def write_router(path: Path, router: Router) -> None:
    """Write a router: JSON and arrays without pickle, with a checksum; no query, no response."""
    heeded = router.labels is not None or router.correction is not None
    write_artefact(path, _header(router), router_arrays(router), heeded=heeded)


def read_router(path: Path, of: type[Router]) -> Router:
    """The router in a file, every part checked. `ArtefactError` if damaged."""
    header, stored = read_artefact(path)
    if "kind" in header:
        raise ArtefactError(
            f"{path.name} holds a router by {str(header['kind'])[:40]}, not by votes. `cascal "
            "route` and `cascal serve` take it, and cascal.ScoreRouter.load.",
            code="foreign-file",
        )
    try:
        check_parts(header, stored)
        return of(**_fields(header, stored))
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ArtefactError(
            f"{path.name} lacks a part of a router: {error}.", code="damaged-file"
        ) from error
    except CascalError as error:
        raise ArtefactError(
            f"{path.name} holds no router that can be used: {error} Export the router again.",
            code="damaged-file",
        ) from error


def _header(router: Router) -> dict[str, Any]:
    return {
        "encoder": router.encoder,
        "dimension": router.dimension,
        "models": list(router.models),
        "tasks": list(router.tasks),
        "settings": router.settings.record(),
        "thresholds": asdict(router.thresholds),
        "fingerprint": router.fingerprint,
        "notes": list(router.notes),
        "reach": None if router.reach is None else router.reach.limit,
        "learnt": None if router.learnt is None else router.learnt.shared,
        "labels": None if router.labels is None else router.labels.to_dict(),
        "correction": None if router.correction is None else router.correction.header(),
    }


def router_arrays(router: Router) -> dict[str, Any]:
    """What the router is made of, by name, as its file holds it."""
    clusters, rankings = router.clusters, router.rankings
    return {
        "centroids": clusters.centroids,
        "cluster_task": clusters.task,
        "support": clusters.support,
        "assignment": clusters.assignment,
        "owner": clusters.owner,
        "scores": rankings.scores,
        "mean_scores": rankings.mean_scores,
        "standard_error": rankings.standard_error,
        "trust": rankings.trust,
        "order": rankings.order,
        "overall": rankings.overall,
        "representatives": router.representatives,
        "center": router.center,
        "spread": router.spread,
        **({} if router.costs is None else {"costs": router.costs}),
        **_reach_arrays(router.reach),
        **({} if router.learnt is None else _learnt_arrays(router.learnt)),
        **({} if router.correction is None else router.correction.arrays()),
    }


def _reach_arrays(reach: Reach | None) -> dict[str, Any]:
    if reach is None:
        return {}
    levels = {} if reach.levels is None else {"reach_levels": reach.levels}
    return {"reach_precision": reach.precision, **levels}


def _learnt_arrays(learnt: Learnt) -> dict[str, Any]:
    return {f"learnt_{name}": array for name, array in learnt.per_model.items()}


def _fields(header: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """The fields of a router from checked parts."""
    models = tuple(header["models"])
    thresholds = dict(header["thresholds"])
    if thresholds["routing"] is not None:
        thresholds["routing"] = Routing(**thresholds["routing"])
    clusters = SkillClusters(
        tuple(header["tasks"]),
        stored["centroids"],
        stored["cluster_task"],
        stored["support"],
        stored["assignment"],
        stored["owner"],
    )
    rankings = Rankings(
        models=models,
        scores=stored["scores"],
        mean_scores=stored["mean_scores"],
        standard_error=stored["standard_error"],
        trust=stored["trust"],
        order=stored["order"],
        overall=stored["overall"],
    )
    reach = None
    if header.get("reach") is not None:
        levels = stored.get("reach_levels")
        reach = Reach(stored["reach_precision"], header["reach"], levels)
    learnt = None
    if header.get("learnt") is not None:
        per_model = {name: stored[f"learnt_{name}"] for name in LEARNT_PER_MODEL}
        learnt = Learnt(**header["learnt"], **per_model)
    return {
        "clusters": clusters,
        "rankings": rankings,
        "representatives": stored["representatives"],
        "encoder": header["encoder"],
        "settings": FitSettings.from_record(header["settings"]),
        "thresholds": Thresholds(**thresholds),
        "fingerprint": header["fingerprint"],
        "center": stored["center"],
        "spread": stored["spread"],
        "notes": tuple(header["notes"]),
        "costs": stored.get("costs"),
        "learnt": learnt,
        "labels": LabelRecord.from_dict(header.get("labels")),
        "correction": Correction.from_parts(header.get("correction"), stored),
        "stored_reach": reach,
    }

"""The experiment on rewordings: does a route survive a typo?"""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np

from cascal.compare.experiments.report import Column, Report, with_interval
from cascal.compare.experiments.request import Request
from cascal.compare.rewording import Reworded, reword
from cascal.datatypes import CascalError
from cascal.draws import random_rows
from cascal.encode.batches import Encoder
from cascal.encode.encoders import endpoint_host, load_encoder
from cascal.fit import fit
from cascal.intervals import estimates
from cascal.number_format import counted, percent
from cascal.provenance import stamp
from cascal.routing.route import Router
from cascal.routing.same_encoder import check_encoder

MAX_FLIPPED = 0.10
N_REWORDED = 300
"""So many random queries are reworded at most; each is encoded once a rewording."""
EXAMPLE_LENGTH = 90


def robustness(request: Request) -> Report:
    """Do small rewordings send a query elsewhere? Case, typos, a greeting, thanks; no labels."""
    dataset = request.dataset
    encoder = _encoder(request)
    part = dataset.part("test")
    rows = np.sort(random_rows(part.votes.query_ids, N_REWORDED, request.seed))
    router = _router(request)
    texts = [part.texts[row] for row in rows]
    vectors = np.asarray(part.vectors.vectors[rows])
    found = reword(
        router, texts, vectors, encoder, seed=request.seed, progress=request.between(0.2, 1.0)
    )
    flips = np.column_stack([one.flipped for one in found]).astype(float)
    shares = estimates(flips)
    mean, worst = float(flips.mean()), max(shares, key=lambda one: one.value)
    kind = found[shares.index(worst)].kind
    return Report(
        experiment="robustness",
        question="Does a query still go to the same model when it is slightly reworded?",
        datasets=request.names,
        sentence=f"{percent(1 - mean, 1)} of the routes of {counted(len(rows), 'query')} survive a "
        f"rewording, as RouterArena measures it; {kind!r} moves most, {percent(worst.value, 1)}.",
        target=f"no rewording moves {percent(MAX_FLIPPED)} of the routes or more",
        passed=worst.value < MAX_FLIPPED,
        columns=(
            Column("rewording", "Rewording"),
            Column("flipped", "Routes that move", "percent"),
            Column("lead_moved", "Lead where it moves", "number"),
            Column("lead_kept", "Lead where it stays", "number"),
            Column("change", "For example"),
            Column("example", "Query as reworded"),
        ),
        rows=tuple(
            {
                "rewording": one.kind,
                **with_interval("flipped", share),
                **_leads(one),
                **_example(one, router.models),
            }
            for one, share in zip(found, shares, strict=True)
        ),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )


def _encoder(request: Request) -> Encoder:
    """The encoder of the data set. Nothing in a data set decides where texts are sent."""
    wanted, named = request.dataset.encoder, request.encoder
    host = "" if named else endpoint_host(wanted)
    if host:
        raise CascalError(
            f"The data set, not you, names the encoder's host {host!r}, which would get every "
            "reworded text. If you trust that host, run the experiment from a shell and add "
            f"--encoder {shlex.quote(wanted)}.",
            code="foreign-host",
        )
    encoder = load_encoder(named or wanted)
    check_encoder(encoder.id, wanted)
    return encoder


def _router(request: Request) -> Router:
    train = request.dataset.train
    fitted = request.fitted
    if fitted is None:
        fitted = fit(train.votes, train.vectors, request.settings, costs=request.dataset.costs)
    return fitted.router(request.thresholds)


def _leads(one: Reworded) -> dict[str, Any]:
    """Mean lead of the first model among the routes that move and those that stay."""
    moved = one.flipped
    return {
        "lead_moved": float(one.leads[moved].mean()) if moved.any() else None,
        "lead_kept": float(one.leads[~moved].mean()) if (~moved).any() else None,
    }


def _example(one: Reworded, models: tuple[str, ...]) -> dict[str, Any]:
    """The route that moves although its first model was furthest ahead."""
    moved = np.flatnonzero(one.flipped)
    if not len(moved):
        return {"change": None, "example": None}
    row = int(moved[one.leads[moved].argmax()])
    text = " ".join(one.texts[row].split())
    shown = text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"
    change = f"{models[one.before[row]]} → {models[one.after[row]]}"
    return {"change": change, "example": shown}

"""Experiments on clusters, data and the pool: alignment, mmd, leave-one-out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cascal.compare.drift import MMD_TARGET, Drift, mmd
from cascal.compare.experiments.report import Column, Report, with_interval
from cascal.compare.experiments.request import Request
from cascal.compare.gold_agreement import Alignment, skill_alignment
from cascal.compare.without_a_model import leave_one_out
from cascal.datatypes import NotApplicable
from cascal.files.plain_json import finite
from cascal.fit import fit
from cascal.number_format import counted, decimal
from cascal.provenance import stamp

ALIGNMENT_TARGET = 0.70
MAX_LOSS = 0.05
MIN_PER_TASK = 30


def alignment(request: Request) -> Report:
    """Do the clusters match a human taxonomy (the data set's skills)? Mean best-match Jaccard.

    Shown at the given thresholds and with joining off: joining clusters that share their best
    models lowers the match by design. The target is judged at the given thresholds.
    """
    train = request.dataset.train
    if not any(train.skills):
        raise NotApplicable(
            f"{request.names[0]!r} names no skills, so there is no taxonomy to compare with. "
            "Import a column 'skill' with the training queries.",
            code="no-skills",
        )
    fitted = fit(train.votes, train.vectors, request.settings)
    unjoined = replace(request.thresholds, prune_jaccard=None)
    found: dict[str, tuple[int, Alignment]] = {}
    for name, thresholds in (("given", request.thresholds), ("unjoined", unjoined)):
        clusters = fitted.router(thresholds).clusters
        found[name] = len(clusters), skill_alignment(clusters.assignment, train.skills)
    (n_given, given), (n_unjoined, without) = found["given"], found["unjoined"]
    rows = [
        {"skill": skill, "given": float(one), "unjoined": float(other)}
        for skill, one, other in zip(given.skills, given.jaccard, without.jaccard, strict=True)
    ]
    rows.sort(key=lambda row: (row["given"], row["skill"]))
    return Report(
        experiment="alignment",
        question="Do the clusters match the skills that people would name?",
        datasets=request.names,
        sentence=f"{counted(n_given, 'cluster')} match {len(given.skills)} known skills with a "
        f"mean best-match Jaccard of {decimal(given.mean, 2)}; with joining off, "
        f"{counted(n_unjoined, 'cluster')} and {decimal(without.mean, 2)}.",
        target=f"mean best-match Jaccard of at least {decimal(ALIGNMENT_TARGET, 2)}",
        passed=given.mean >= ALIGNMENT_TARGET,
        columns=(
            Column("skill", "Skill"),
            Column("given", "Best Jaccard", "number"),
            Column("unjoined", "With joining off", "number"),
        ),
        rows=tuple(rows),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )


def drift(request: Request) -> Report:
    """How far are the training queries from the test queries? MMD, over all and per task.

    With a second data set, its training queries take the place of the test queries.
    """
    dataset, other = request.dataset, request.other
    real = other.train if other is not None else dataset.test
    if real is None:
        raise NotApplicable(
            f"{request.names[0]!r} has no test queries to compare with. Name a second data set.",
            code="no-test-queries",
        )
    train = dataset.train
    rows = [{"task": "all", **_row(mmd(train.vectors.vectors, real.vectors.vectors))}]
    for task in sorted(set(train.votes.tasks) & set(real.votes.tasks)):
        sides = [
            part.vectors.vectors[[row for row, one in enumerate(part.votes.tasks) if one == task]]
            for part in (train, real)
        ]
        if min(map(len, sides)) >= MIN_PER_TASK:
            rows.append({"task": task, **_row(mmd(*sides))})
    overall = rows[0]
    against = "the test queries" if other is None else f"those of {request.names[1]!r}"
    return Report(
        experiment="mmd",
        question="Do the training queries come from where the test queries come from?",
        datasets=request.names,
        sentence=f"The training queries lie at MMD {decimal(overall['mmd'], 3)} from {against} "
        f"(MMD² {decimal(overall['mmd_squared'], 4)}); sets mixed at random reach "
        f"{decimal(overall['null'], 3)}.",
        target=f"MMD below {MMD_TARGET}",
        passed=overall["mmd"] < MMD_TARGET,
        columns=(
            Column("task", "Task"),
            Column("mmd", "MMD", "number"),
            Column("mmd_squared", "MMD²", "number"),
            Column("null", "Mixed at random", "number"),
            Column("n_train", "Training", "count"),
            Column("n_other", "Compared with", "count"),
        ),
        rows=tuple(rows),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )


def _row(found: Drift) -> dict[str, Any]:
    return {
        "mmd": found.mmd,
        "mmd_squared": found.mmd_squared,
        "null": found.null,
        "n_train": found.n_first,
        "n_other": found.n_second,
    }


def removal(request: Request) -> Report:
    """What does the removal of each model cost? Refits without it; without gold only τ is shown."""
    train, test = request.dataset.train, request.dataset.test
    fitted = fit(train.votes, train.vectors, request.settings, costs=request.dataset.costs)
    found = leave_one_out(train, test, fitted, request.thresholds, progress=request.progress)
    rows = [
        {
            "model": one.model,
            "share": one.share,
            "tau": finite(one.tau),
            **with_interval("vote_loss", one.vote_loss),
            **with_interval("top1_loss", one.top1_loss),
        }
        for one in found
    ]
    losses = [one.vote_loss.value for one in found if one.vote_loss is not None]
    if losses:
        worst = max(found, key=lambda one: one.vote_loss.value if one.vote_loss else 0.0)
        said = (
            f"Without {worst.model} the vote of three loses {decimal(100 * max(losses), 1)} "
            "points, the "
        )
        said += "largest loss of all models."
    else:
        least = min(found, key=lambda one: one.tau)
        said = f"No gold answers: only the consensus can be compared. Without {least.model} it "
        said += f"ranks the others most differently (τ {decimal(least.tau, 2)})."
    return Report(
        experiment="leave-one-out",
        question="Does the router hang on a single model?",
        datasets=request.names,
        sentence=said,
        target=f"no removal costs {decimal(100 * MAX_LOSS, 0)} points of the vote of three or more",
        passed=max(losses) < MAX_LOSS if losses else None,
        columns=(
            Column("model", "Without"),
            Column("share", "It had first", "percent"),
            Column("vote_loss", "Loss, vote of 3", "points"),
            Column("top1_loss", "Loss, first model", "points"),
            Column("tau", "τ of the others' ranking", "number"),
        ),
        rows=tuple(rows),
        simulated=request.simulated,
        fingerprints=request.fingerprints,
        **stamp(request.settings, request.thresholds),
    )

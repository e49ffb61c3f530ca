"""`cascal label --judge` and `cascal scores --judge`: a model of a pool in place of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from cascal.cli.asking_options import read_models
from cascal.cli.common import err, out, print_json, progress_bar
from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from cascal.collection.collect import CollectProgress
    from cascal.collection.into_workspace import Limits
    from cascal.dataset.label_questions import Question
    from cascal.endpoint.pool_file import PoolModel
    from cascal.store import Workspace

JudgeOption = Annotated[
    str | None,
    typer.Option(help="A strong model of --pool answers instead of a person: marked as judged."),
]
JudgePoolOption = Annotated[
    str | None, typer.Option(help="Pool file that holds the judge, or 'simulated'.")
]


def judge_of(name: str, pool: str | None) -> PoolModel:
    """The model of the pool that judges."""
    if pool is None:
        raise CascalError(
            f"--judge {name[:80]} needs the pool file that holds it: give --pool FILE.",
            code="missing-value",
        )
    models = read_models(pool)
    for model in models:
        if model.name == name:
            return model
    raise CascalError(
        f"{pool} has no model {name[:80]!r}; it has {', '.join(one.name for one in models)[:400]}.",
        code="unknown-model",
    )


def let_judge(
    store: Workspace,
    question: Question,
    model: PoolModel,
    n: int,
    limits: Limits,
    *,
    as_json: bool,
) -> None:
    """Say what will be sent, ask the judge, and say what its labels tell."""
    from cascal.collection.judge import judge_into, plan_judging
    from cascal.dataset.judged import gather_judged

    plan = plan_judging(store, question, model, n)
    err.print(escape(plan.sentence), soft_wrap=True)
    with progress_bar("Judging") as report:
        done = judge_into(plan, limits=limits, progress=lambda now: report(now.share, now.sentence))
    _tell_troubles(done)
    for judged in gather_judged(store, question.dataset, question.contest):
        if judged.judge == model.name:
            if as_json:
                print_json(judged.to_dict())
            else:
                out.print(escape(judged.sentence))


def let_score(
    store: Workspace, dataset: str, model: PoolModel, n: int, seed: int, limits: Limits
) -> None:
    """Say what will be sent, and ask the judge how good the responses are."""
    from cascal.collection.score_judge import plan_scoring, score_into

    plan = plan_scoring(store, dataset, model, n, seed)
    err.print(escape(plan.sentence), soft_wrap=True)
    with progress_bar("Scoring") as report:
        done = score_into(plan, limits=limits, progress=lambda now: report(now.share, now.sentence))
    _tell_troubles(done)


def _tell_troubles(done: CollectProgress) -> None:
    for trouble in filter(None, (done.ended, *(one.halted for one in done.models))):
        err.print(f"Ended early: {escape(trouble)} The same command goes on.", soft_wrap=True)

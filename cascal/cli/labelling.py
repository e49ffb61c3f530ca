"""`cascal label`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

import cascal
from cascal.cli.asking_options import CallsOption, DollarsOption, limits_of, read_models
from cascal.cli.common import (
    JsonOption,
    check_target,
    err,
    out,
    print_json,
    progress_bar,
)
from cascal.cli.tuning import Tuning, with_tuning
from cascal.datatypes import CascalError, NotApplicable
from cascal.provenance import this_account

if TYPE_CHECKING:
    from cascal.collection.into_workspace import Limits
    from cascal.dataset.label_desk import Desk
    from cascal.dataset.label_questions import Question
    from cascal.dataset.snapshot import Snapshot
    from cascal.endpoint.pool_file import PoolModel
    from cascal.store import Workspace


ACTIONS = "--out, --in, --ask, --undo and --judge"


@with_tuning
def label(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    tuning: Tuning,
    n: Annotated[int, typer.Option("--n", min=1, help="How many queries of the draw.")] = 30,
    to: Annotated[
        Path | None, typer.Option("--out", help="Write drawn queries to this CSV file.")
    ] = None,
    filled: Annotated[Path | None, typer.Option("--in", help="Read the filled-in file.")] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for answers in this terminal.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take your last label back.")] = False,
    against: Annotated[
        str | None,
        typer.Option(help="Compare with this preset; else with the best model by consensus."),
    ] = None,
    purpose: Annotated[
        str,
        typer.Option(help="routing: does it pay; rectifier: labels that correct the scores."),
    ] = "routing",
    who: Annotated[
        str | None, typer.Option(help="Whose labels; else the name of this account.")
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help="A strong model of --pool answers instead of a person: marked as judged."
        ),
    ] = None,
    pool: Annotated[
        str | None, typer.Option(help="Pool file that holds the judge, or 'simulated'.")
    ] = None,
    budget_calls: CallsOption = None,
    budget_dollars: DollarsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Label a few queries where it decides, and say whether routing pays.

    Drawn are queries on which the router and the model it is compared with answer differently; for
    the rectifier, training queries on which not all models say the same.
    """
    if purpose not in ("routing", "rectifier") or (purpose == "rectifier" and against):
        raise CascalError(
            f"--purpose is {purpose[:40]!r}; give routing, or rectifier without --against.",
            code="unknown-choice",
        )
    if sum([to is not None, filled is not None, ask, undo, judge is not None]) > 1:
        raise CascalError(f"Give one of {ACTIONS} at a time.", code="conflicting-settings")
    if (who or "").startswith("judge:"):
        raise CascalError(
            f"--who is {(who or '')[:80]!r}, the name of a model that judges. Give a person's.",
            code="conflicting-settings",
        )
    check_target(to)
    judging = None if judge is None else _judge_of(judge, pool)
    question, snapshot = _question(tuning, dataset, against, purpose)
    desk = question.desk(tuning.store, who or this_account())
    if judging is not None:
        with limits_of(budget_calls, None, budget_dollars) as limits:
            _judge(tuning.store, question, judging, n, limits, as_json=as_json)
        return
    if to is not None:
        _write(desk, n, to)
        return
    if filled is not None:
        _read(desk, filled)
    elif ask:
        _ask(desk, n)
    elif undo:
        taken = desk.undo()
        err.print(f"Taken back: {escape(taken.query_id)}, {escape(taken.words)}.")
    if purpose == "rectifier":
        _report_rectifier(tuning.store, snapshot)
    else:
        _report(desk, as_json=as_json)


def _question(
    tuning: Tuning, dataset: str, against: str | None, purpose: str
) -> tuple[Question, Snapshot]:
    """Fit, route, and find what is contested."""
    from cascal.dataset.label_questions import (
        rectifier_question,
        routing_question,
        settings_question,
    )
    from cascal.dataset.snapshot import take_snapshot

    loaded = tuning.dataset(dataset)
    with progress_bar("Routing"):
        snapshot = take_snapshot(loaded, tuning.fit(loaded), tuning.thresholds)
        if purpose == "rectifier":
            question = rectifier_question(snapshot)
        elif against is None:
            question = routing_question(snapshot)
        else:
            other = replace(tuning, settings=cascal.FitSettings.preset(against))
            second = take_snapshot(loaded, other.fit(loaded), tuning.thresholds)
            names = (tuning.settings.name, against)
            question = settings_question(snapshot, second, names, against)
    return question, snapshot


def _judge_of(name: str, pool: str | None) -> PoolModel:
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


def _judge(
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
    for trouble in filter(None, (done.ended, *(one.halted for one in done.models))):
        err.print(f"Ended early: {escape(trouble)} The same command goes on.", soft_wrap=True)
    for judged in gather_judged(store, question.dataset, question.contest):
        if judged.judge == model.name:
            if as_json:
                print_json(judged.to_dict())
            else:
                out.print(escape(judged.sentence))


def _report_rectifier(store: Workspace, snapshot: Snapshot) -> None:
    """What the labels would correct, or how many are needed."""
    from cascal.dataset.rectifying import rectify

    try:
        found = rectify(store, snapshot)
    except NotApplicable as error:
        out.print(escape(str(error)))
        return
    out.print(escape(found.sentence))
    out.print("`cascal fit --rectify` makes a router of it.")


def _write(desk: Desk, n: int, path: Path) -> None:
    if not desk.draw.frame:
        out.print("There is nothing to label.")
        return
    n_rows = desk.write(path, n)
    out.print(
        f"{n_rows} of {len(desk.draw.frame)} contested queries written to {escape(str(path))}. "
        "Fill in the column `answer` (a letter, a free answer, skip or bad), or right_1 and "
        "right_2, and read it with --in and the same options."
    )


def _read(desk: Desk, path: Path) -> None:
    done = desk.read(path)
    known = f", {done.n_known} were known" if done.n_known else ""
    err.print(f"{done.n_added} labels stored{known}.")


def _ask(desk: Desk, n: int) -> None:
    """Ask query after query until it is settled, the number is reached or somebody ends it."""
    while (place := desk.next_place(n)) is not None:
        _show(desk, place, min(n, len(desk.draw.frame)))
        if not _answered(desk, place):
            return
        if desk.draw.purpose == "rectifier":
            continue
        found = desk.evidence()
        if found.settled:
            return
        out.print(escape(found.sentence(desk.contest)))


def _show(desk: Desk, place: int, n: int) -> None:
    part, row = desk.contest.part, desk.row(place)
    out.print(f"\n[bold]{place} of {n}[/] {escape(part.votes.tasks[row])}")
    out.print(escape(part.texts[row]))
    for line in desk.options(place):
        out.print(f"  {escape(line)}")


def _answered(desk: Desk, place: int) -> bool:
    """Ask until something usable is typed; False where its person ends the work."""
    while True:
        typed = str(typer.prompt("Answer (or skip, bad, quit)"))
        if typed.strip().lower() == "quit":
            return False
        try:
            desk.give_typed(place, typed)
        except CascalError as error:
            if error.code != "unusable-row":
                raise
            out.print(escape(str(error)))
        else:
            return True


def _report(desk: Desk, *, as_json: bool) -> None:
    found = desk.evidence()
    if as_json:
        print_json(found.to_dict(desk.contest))
        return
    out.print(escape(found.sentence(desk.contest)))
    if found.disputed:
        out.print(f"People disagree on {escape(', '.join(found.disputed))}.")
    if found.n_outdated:
        out.print(f"{found.n_outdated} labels are on queries that were edited since: not used.")

"""`cascal label`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

import cascal
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
    from cascal.dataset.label_desk import Desk
    from cascal.dataset.label_questions import Question
    from cascal.dataset.snapshot import Snapshot
    from cascal.store import Workspace

ACTIONS = "--out, --in, --ask and --undo"


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
    if sum([to is not None, filled is not None, ask, undo]) > 1:
        raise CascalError(f"Give one of {ACTIONS} at a time.", code="conflicting-settings")
    check_target(to)
    question, snapshot = _question(tuning, dataset, against, purpose)
    desk = question.desk(tuning.store, who or this_account())
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

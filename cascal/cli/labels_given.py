"""What `cascal label` does at a desk: hand out, read, ask in the terminal, say what was learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from cascal.cli.common import err, out, print_json
from cascal.datatypes import CascalError, NotApplicable
from cascal.number_format import counted

if TYPE_CHECKING:
    from cascal.dataset.label_desk import Desk
    from cascal.dataset.label_questions import Question
    from cascal.dataset.snapshot import Snapshot
    from cascal.store import Workspace


def write(desk: Desk, n: int, path: Path) -> None:
    """Hand out queries to a table."""
    if not desk.draw.frame:
        out.print("There is nothing to label.")
        return
    n_rows = desk.write(path, n)
    out.print(
        f"{n_rows} of {counted(len(desk.draw.frame), 'contested query')} written to "
        f"{escape(str(path))}. Fill in the column `answer` (a letter, a free answer, skip or bad), "
        "or right_1 and right_2, and read it with --in and the same options."
    )


def read_labels(desk: Desk, path: Path) -> None:
    """Store what a filled-in table says."""
    done = desk.read(path)
    known = f", {done.n_known} were known" if done.n_known else ""
    err.print(f"{counted(done.n_added, 'label')} stored{known}.")


def take_back(desk: Desk) -> None:
    """Take this person's last label back."""
    taken = desk.undo()
    err.print(f"Taken back: {escape(taken.query_id)}, {escape(taken.words)}.")


def ask(desk: Desk, n: int) -> None:
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


def report(question: Question, desk: Desk, *, as_json: bool) -> None:
    """What the labels say of the question, and what that changes."""
    from cascal.dataset.label_lessons import learnt

    found = desk.evidence()
    if as_json:
        print_json(found.to_dict(desk.contest))
        return
    out.print(escape(found.sentence(desk.contest)))
    if found.gain.n_labels:
        out.print(escape(learnt(question, found)[1]))
    if found.disputed:
        out.print(f"People disagree on {escape(', '.join(found.disputed))}.")
    if found.n_outdated:
        out.print(
            f"{counted(found.n_outdated, 'label is', 'labels are')} on queries that were edited "
            "since: not used."
        )


def report_rectifier(store: Workspace, snapshot: Snapshot, *, as_json: bool) -> None:
    """What the labels would correct, or how many are needed."""
    from cascal.dataset.rectifying import FROM_LABELS, rectifier_labels, rectify

    n_labels = len(rectifier_labels(store, snapshot).ids)
    try:
        said = rectify(store, snapshot).to_dict()
    except NotApplicable as error:
        said = {"sentence": str(error), "n_labels": n_labels}
    if as_json:
        print_json({**said, "from_labels": FROM_LABELS})
        return
    out.print(escape(said["sentence"]))
    if n_labels >= FROM_LABELS:
        out.print("`cascal fit --rectify` makes a router of it.")

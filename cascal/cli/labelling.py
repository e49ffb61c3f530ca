"""`cascal label`."""

from __future__ import annotations

import getpass
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

import cascal
from cascal.cli.common import JsonOption, check_target, out, print_json, progress_bar
from cascal.cli.tuning import Tuning, with_tuning
from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from cascal.dataset.contest import Contest
    from cascal.dataset.dataset import Dataset
    from cascal.dataset.evidence import Evidence
    from cascal.store import Draw, Label, Workspace

ACTIONS = "--out, --in, --ask and --undo"


@dataclass(frozen=True, eq=False, kw_only=True)
class Desk:
    """Where labels are given: whose they are, of which draw of which contest."""

    store: Workspace
    dataset: str
    contest: Contest
    draw: Draw
    who: str

    def evidence(self) -> Evidence:
        """What the labels say now."""
        from cascal.dataset.evidence import gather_evidence

        return gather_evidence(self.store, self.dataset, self.contest)

    def ask_for(self, n: int) -> Draw:
        """Hand out so many queries, at most all."""
        wanted = min(n, len(self.draw.frame))
        return self.store.put_draw(self.dataset, replace(self.draw, n_asked=wanted))


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
    who: Annotated[
        str | None, typer.Option(help="Whose labels; else the name of this account.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Label a few queries where it decides, and say whether routing pays.

    Drawn are queries on which the router and the model it is compared with answer differently.
    """
    if sum([to is not None, filled is not None, ask, undo]) > 1:
        raise CascalError(f"Give one of {ACTIONS} at a time.", code="conflicting-settings")
    check_target(to)
    desk = _desk(tuning, dataset, against, who)
    if to is not None:
        _write(desk, n, to)
        return
    if filled is not None:
        _read(desk, filled)
    elif ask:
        _ask(desk, n)
    elif undo:
        taken = desk.store.undo_label(dataset, desk.who)
        out.print(f"Taken back: {escape(taken.query_id)}, {escape(taken.words)}.")
    _report(desk, as_json=as_json)


def _desk(tuning: Tuning, dataset: str, against: str | None, who: str | None) -> Desk:
    """Fit, route, and find what is contested."""
    from cascal.dataset.contest import contest, contest_between, new_draw
    from cascal.dataset.snapshot import take_snapshot

    loaded = tuning.dataset(dataset)
    with progress_bar("Routing"):
        snapshot = take_snapshot(loaded, tuning.fit(loaded), tuning.thresholds)
        if against is None:
            found = contest(snapshot)
        else:
            other = replace(tuning, settings=cascal.FitSettings.preset(against))
            second = take_snapshot(loaded, other.fit(loaded), tuning.thresholds)
            found = contest_between(snapshot, second, (tuning.settings.name, against))
    settings = _settings(tuning, loaded, against)
    draw = new_draw(found, purpose="routing" if against is None else "settings", settings=settings)
    return Desk(
        store=tuning.store,
        dataset=dataset,
        contest=found,
        draw=draw,
        who=who or getpass.getuser(),
    )


def _settings(tuning: Tuning, loaded: Dataset, against: str | None) -> dict[str, Any]:
    """What decides which queries are contested, as the file keeps it."""
    return {
        "dataset": loaded.info.name,
        "against": against,
        "settings": tuning.settings.record(),
        "thresholds": asdict(tuning.thresholds),
        "models": list(loaded.train.votes.models),
        "encoder": loaded.encoder,
    }


def _write(desk: Desk, n: int, path: Path) -> None:
    from cascal.dataset.label_rows import label_rows, write_label_file

    if not desk.draw.frame:
        _report(desk, as_json=False)
        return
    asked = replace(desk.ask_for(n), settings=desk.draw.settings)
    rows = label_rows(desk.store, desk.dataset, desk.contest, asked, desk.who)
    write_label_file(path, rows)
    out.print(
        f"{len(rows)} of {len(asked.frame)} contested queries written to {escape(str(path))}. Fill "
        "in the column `answer` (a letter, a free answer, skip or bad), or right_1 and right_2, "
        "and read it with --in and the same options."
    )


def _read(desk: Desk, path: Path) -> None:
    from cascal.dataset.label_file import read_label_file

    draws = {one.draw_id: one for one in desk.store.draws(desk.dataset)}
    labels = read_label_file(path, desk.contest, draws, desk.draw.settings, desk.who)
    done = desk.store.add_labels(desk.dataset, labels)
    known = f", {done.n_known} were known" if done.n_known else ""
    out.print(f"{done.n_added} labels stored{known}.")


def _ask(desk: Desk, n: int) -> None:
    """Ask query after query until it is settled, the number is reached or somebody ends it."""
    own = {
        one.query_id
        for one in desk.store.labels(desk.dataset)
        if one.person == desk.who and one.current
    }
    contents = desk.store.contents(desk.dataset)
    for place, query_id in enumerate(desk.draw.frame[:n], 1):
        asked = desk.ask_for(place)
        if query_id in own:
            continue
        _show(desk, place, min(n, len(asked.frame)), query_id)
        given = _prompt(desk, asked, query_id, contents[query_id])
        if given is None:
            return
        desk.store.add_labels(desk.dataset, [given])
        found = desk.evidence()
        out.print(escape(found.sentence(desk.contest)))
        if found.settled:
            return


def _show(desk: Desk, place: int, n: int, query_id: str) -> None:
    from cascal.dataset.label_rows import lettered

    part, row = desk.contest.part, desk.contest.row_of[query_id]
    out.print(f"\n[bold]{place} of {n}[/] {escape(part.votes.tasks[row])}")
    out.print(escape(part.texts[row]))
    for line in lettered(part.options[row]):
        out.print(f"  {escape(line)}")


def _prompt(desk: Desk, draw: Draw, query_id: str, content: str) -> Label | None:
    """One label from the terminal; None where its person ends the work."""
    from cascal.dataset.label_file import MARKED, read_answer_cell
    from cascal.store import Label

    options = desk.contest.part.options[desk.contest.row_of[query_id]]
    letters = [chr(ord("A") + at) for at in range(len(options))] if len(options) <= 26 else []
    while True:
        said = str(typer.prompt("Answer (or skip, bad, quit)")).strip()
        if said.lower() == "quit":
            return None
        mark = MARKED.get(said.lower(), "answered")
        answer = read_answer_cell(said, desk.contest, query_id) if mark == "answered" else None
        if mark == "answered" and letters and answer not in letters:
            out.print(f"Give one of {', '.join(letters)}, or skip, bad or quit.")
            continue
        return Label(
            query_id=query_id,
            person=desk.who,
            content=content,
            draw_id=draw.draw_id,
            probability=draw.probability,
            purpose=draw.purpose,
            mark=mark,
            answer=answer,
        )


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

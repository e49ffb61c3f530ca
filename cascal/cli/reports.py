"""`cascal report` and `cascal runs`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.common import (
    DailyOption,
    HorizonOption,
    JsonOption,
    LabelPriceOption,
    ToleranceOption,
    WorkspaceOption,
    check_target,
    err,
    open_workspace,
    out,
    print_json,
    progress_bar,
)
from cascal.cli.scoring import ScoredByOption, goes_by_scores
from cascal.cli.tuning import Tuning, with_tuning
from cascal.number_format import percent
from cascal.verdicts.payback import DEFAULT_DAILY, DEFAULT_HORIZON, DEFAULT_TOLERANCE, Terms


@with_tuning
def report(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    to: Annotated[Path, typer.Argument(help="HTML file to write.")],
    tuning: Tuning,
    without_texts: Annotated[
        bool, typer.Option("--without-texts", help="Leave queries and their words out.")
    ] = False,
    label_price: LabelPriceOption = None,
    horizon: HorizonOption = DEFAULT_HORIZON,
    daily: DailyOption = DEFAULT_DAILY,
    tolerance: ToleranceOption = DEFAULT_TOLERANCE,
    scored_by: ScoredByOption = None,
) -> None:
    """Write one HTML file with verdict, map, rankings, routers, findings and settings.

    Where answers are open-ended, with the ranking by their scores.
    """
    from cascal.compare.comparison import compare_routers
    from cascal.compare.to_ship import find_to_ship
    from cascal.dataset.heeding import few_labels_sentence, heed_labels
    from cascal.dataset.payback import find_payback, find_score_payback
    from cascal.dataset.scored_evidence import gather_scores
    from cascal.dataset.snapshot import take_snapshot
    from cascal.diagnose import diagnose
    from cascal.report import write_report, write_score_report

    terms = Terms(label_price=label_price, horizon=horizon, daily=daily, tolerance=tolerance)
    check_target(to)
    loaded, settings, thresholds = tuning.dataset(dataset), tuning.settings, tuning.thresholds
    if goes_by_scores(tuning.store, loaded, scored_by):
        evidence = gather_scores(tuning.store, dataset, scored_by, loaded.encoder)
        pays = find_score_payback(tuning.store, loaded, evidence, terms)
        _write(to, write_score_report(loaded, evidence, _command(), pays))
        return
    with progress_bar("Writing the report") as told:
        fitted = tuning.fit(loaded)
        free = take_snapshot(loaded, fitted, thresholds)
        snapshot = heed_labels(tuning.store, free)
        findings = diagnose(free.unnamed if without_texts else free, told)
        comparison = None
        if loaded.test is not None and loaded.test.has_gold:
            comparison = compare_routers(
                loaded.train,
                loaded.test,
                settings,
                thresholds,
                fitted=fitted,
                in_use=snapshot.router,
                progress=told,
            )
        light = free.light_or_reason
        payback = find_payback(tuning.store, snapshot, terms)
        to_ship = find_to_ship(tuning.store, snapshot, terms)
        few = few_labels_sentence(tuning.store, snapshot)
    text = write_report(
        loaded,
        snapshot,
        light,
        findings,
        comparison,
        _command(),
        payback=payback,
        to_ship=to_ship,
        notes=tuning.store.notes(dataset),
        few_labels=few,
        with_texts=not without_texts,
    )
    _write(to, text)


def _command() -> str:
    """The line that was given."""
    return shlex.join(["cascal", *sys.argv[1:]])


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    out.print(f"Report written to {escape(str(path))}.")


def runs(
    name: Annotated[str | None, typer.Argument(help="A saved run, to make it again.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the saved runs, or make one again and say whether it is the same to the bit."""
    from cascal.dataset.saved_runs import as_json as plain
    from cascal.dataset.saved_runs import labels_of, preset_of, reopen

    store = open_workspace(workspace)
    if name is not None:
        with err.status("Making it again"):
            again = reopen(store, store.run(name))
        for sentence in again.differences:
            out.print(escape(sentence))
        if again.differences:
            raise typer.Exit(1)
        out.print(f"{escape(name)}: every decision and score is the same, bit for bit.")
        return
    known = store.runs()
    if as_json:
        print_json([plain(one) for one in known])
        return
    if not known:
        out.print("No run is saved. Save one on the page Runs, or with `cascal fit --save-run`.")
        return
    table = Table(
        *("run", "data set", "preset", "clusters", "first right", "labels", "saved", "note")
    )
    for one in known:
        right = one.numbers.get("top1_accuracy")
        cells = (
            escape(one.name),
            escape(one.dataset),
            escape(preset_of(one)),
            str(one.numbers.get("n_clusters", "")),
            "" if right is None else f"{percent(right, 1)}",
            escape(labels_of(one)),
            f"{one.created_at:%Y-%m-%d %H:%M}",
            escape(one.note),
        )
        table.add_row(*cells)
    out.print(table)

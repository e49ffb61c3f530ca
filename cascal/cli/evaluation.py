"""`cascal evaluate` and `cascal experiment`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import cascal
from cascal.cli.common import (
    HorizonOption,
    JsonOption,
    LabelPriceOption,
    ToleranceOption,
    default_workspace,
    out,
    print_json,
    progress_bar,
)
from cascal.cli.scoring import ScoredByOption, goes_by_scores, report_scores
from cascal.cli.tuning import Tuning, with_tuning
from cascal.datatypes import NotApplicable
from cascal.payback import DEFAULT_HORIZON, DEFAULT_TOLERANCE, Terms

if TYPE_CHECKING:
    from cascal.compare.comparison import Comparison
    from cascal.compare.experiments import Column, Report
    from cascal.dataset.dataset import Dataset
    from cascal.dataset.snapshot import Snapshot
    from cascal.store import Workspace

WIDE = 110
"""From this many columns on, the table also shows models in use and cost."""

SplitsOption = Annotated[
    int,
    typer.Option(
        min=1, help="1: the stored split; more: as many random 60/40 splits, averaged per query."
    ),
]
SeedOption = Annotated[int, typer.Option(help="Seed of the random splits.")]


@with_tuning
def evaluate(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    tuning: Tuning,
    splits: SplitsOption = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    by_task: Annotated[
        bool, typer.Option("--by-task", help="Intervals resample whole tasks, not queries.")
    ] = False,
    parquet: Annotated[
        Path | None, typer.Option(help="Also write the table to this Parquet file.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            help="Also slice by a column that was kept at import, or by 'length in characters'.",
        ),
    ] = None,
    label_price: LabelPriceOption = None,
    horizon: HorizonOption = DEFAULT_HORIZON,
    tolerance: ToleranceOption = DEFAULT_TOLERANCE,
    scored_by: ScoredByOption = None,
) -> None:
    """Compare all routers on the test queries, with intervals; say whether and when routing pays.

    Where answers are open-ended, scores say which model is best and whether routing pays.
    Without gold answers there are the labels of `cascal label`, and without those only the light,
    which says what the models agree on.
    """
    from cascal.compare.experiments import Request, held
    from cascal.dataset.payback import find_payback
    from cascal.dataset.snapshot import take_snapshot

    terms = Terms(label_price=label_price, horizon=horizon, tolerance=tolerance)
    loaded, settings, thresholds = tuning.dataset(dataset), tuning.settings, tuning.thresholds
    if goes_by_scores(tuning.store, loaded, scored_by):
        report_scores(tuning.store, dataset, scored_by, as_json=as_json)
        return
    with progress_bar("Routing") as report:
        fitted = tuning.fit(loaded)
        request = Request(
            dataset=loaded,
            other=None,
            settings=settings,
            thresholds=thresholds,
            n_splits=splits,
            seed=seed,
            progress=report,
            fitted=fitted,
        )
        comparison: Comparison | str
        try:
            comparison = held(request)
        except NotApplicable as error:
            if splits > 1:
                raise
            comparison = str(error)
        snapshot = take_snapshot(loaded, fitted, thresholds)
        without = _without_labels(snapshot)
        few = _with_few_labels(tuning.store, snapshot)
    found = _summary(loaded, comparison, without, settings, by_task=by_task)
    found["with_few_labels"] = few
    found["judged"] = _judged(tuning.store, snapshot)
    found["peer_measures"] = _peer_measures(snapshot)
    found["slices"] = _slices(loaded, comparison, by)
    found["latency"] = _latency(tuning.store, snapshot)
    found["payback"] = find_payback(tuning.store, snapshot, terms).to_dict()
    if parquet is not None:
        _write_parquet(found["routers"], parquet)
    if as_json:
        print_json(found)
        return
    _print_evaluation(found)


def _summary(
    loaded: Dataset,
    comparison: Comparison | str,
    without: dict[str, Any],
    settings: cascal.FitSettings,
    *,
    by_task: bool,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dataset": loaded.info.name,
        "simulated": loaded.simulated,
        "preset": settings.name,
        "models": list(loaded.train.votes.models),
        "n_train": len(loaded.train),
        "n_test": 0 if isinstance(comparison, str) else len(comparison.query_ids),
        "n_gold": 0 if isinstance(comparison, str) else comparison.n_gold,
        "n_splits": 0 if isinstance(comparison, str) else comparison.n_splits,
        "resampled": "tasks" if by_task else "queries",
        "label_origin": loaded.train.label_origin,
        "cannot_vote": list(loaded.train.silent_models),
        "without_labels": without,
        "with_labels": None,
        "cost": None,
        "routers": [],
        "reason": comparison if isinstance(comparison, str) else None,
    }
    if not isinstance(comparison, str):
        verdict = comparison.verdict()
        found["with_labels"] = {
            "light": verdict.light,
            "sentence": verdict.sentence,
            "constant": verdict.constant.name,
            "constant_by": verdict.constant.chosen_by,
            "constant_words": verdict.constant.words,
            "gain": verdict.gain.value,
            "gain_low": verdict.gain.low,
            "gain_high": verdict.gain.high,
        }
        found["cost"] = _cost(comparison)
        found["routers"] = comparison.table(by_task=by_task)
    return found


def _slices(loaded: Dataset, comparison: Comparison | str, by: str | None) -> dict[str, Any] | None:
    """What routing gains by the values of a column; None where that was not asked."""
    from cascal.compare.slices import slices_by, slices_note

    if by is None:
        return None
    if isinstance(comparison, str):
        raise NotApplicable(comparison, code="no-gold")
    parts = slices_by(loaded, comparison, by)
    return {"by": by, "rows": [one.to_dict() for one in parts], "note": slices_note(parts)}


def _without_labels(snapshot: Snapshot) -> dict[str, Any]:
    """The light, and whether gold answers bear it out: null where they cannot say, or it is unsure.

    Gold answers are asked what the light is about: the gain over the model the models like best.
    """
    from cascal.dataset.label_questions import routing_question
    from cascal.dataset.to_label import queries_to_label

    light = snapshot.light_or_reason
    if isinstance(light, str):
        return {"light": None, "sentence": light}
    gain = snapshot.gain_over_liked_best
    right = None if gain is None else light.is_right(gain.value)
    question = routing_question(snapshot)
    to_label = [row["query"] for row in queries_to_label(question.contest, question.draw)]
    return {**light.to_dict(), "right": right, "to_label": to_label}


def _with_few_labels(workspace: Workspace, snapshot: Snapshot) -> dict[str, Any] | None:
    """What the labels of `cascal label` say about the router; None without any."""
    from cascal.dataset.heeding import few_labels

    try:
        few = few_labels(workspace, snapshot)
    except NotApplicable as error:
        return {"decision": None, "sentence": str(error)}
    return None if few is None else few.to_dict()


def _judged(workspace: Workspace, snapshot: Snapshot) -> list[dict[str, Any]]:
    """What models said that judged instead of people, each apart."""
    from cascal.dataset.contest import contest
    from cascal.dataset.judged import gather_judged, judges

    name = snapshot.dataset.info.name
    if not judges(workspace, name):
        return []
    try:
        return [one.to_dict() for one in gather_judged(workspace, name, contest(snapshot))]
    except NotApplicable as error:
        return [{"sentence": str(error)}]


def _peer_measures(snapshot: Snapshot) -> dict[str, Any]:
    """What other benchmarks measure, by key; empty without gold answers."""
    from cascal.compare.peer_measures import peer_measures

    if snapshot.evaluation is None:
        return {}
    return {one.key: one.to_dict() for one in peer_measures(snapshot)}


def _latency(workspace: Workspace, snapshot: Snapshot) -> dict[str, Any] | None:
    """How long the queries take; None where the responses do not say."""
    from cascal.compare.latency import find_waits

    try:
        return find_waits(workspace, snapshot).to_dict()
    except NotApplicable:
        return None


def _cost(comparison: Comparison) -> dict[str, Any] | None:
    """US dollars per 1,000 queries of the first model, beside always asking one model."""
    cost = comparison.cost()
    if not cost.known:
        return None
    return {
        "routed_per_1000": cost.routed,
        "always_per_1000": cost.always,
        "constant": cost.constant.name,
        "measured": cost.measured,
        "sentence": cost.sentence,
    }


def _write_parquet(rows: list[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not rows:
        raise NotApplicable("Without gold answers there is no table to write.", code="no-gold")
    pq.write_table(pa.Table.from_pylist(rows), path)
    out.print(f"Table written to {escape(str(path))}.")


def _print_labels(found: Mapping[str, Any]) -> None:
    """What people labelled, and what models judged."""
    if found["with_few_labels"]:
        out.print(f"With a few labels: {escape(found['with_few_labels']['sentence'])}")
    for judged in found["judged"]:
        out.print(escape(judged["sentence"]))


def _print_evaluation(found: Mapping[str, Any]) -> None:
    if found["simulated"]:
        out.print("[yellow]Simulated data.[/]")
    if found["cannot_vote"]:
        silent = escape(", ".join(found["cannot_vote"]))
        out.print(f"Only right or wrong is known of {silent}: evaluated, but without a vote.")
    if found["routers"]:
        _print_routers(found)
        out.print(f"With labels: {escape(found['with_labels']['sentence'])}")
        if found["cost"]:
            out.print(escape(found["cost"]["sentence"]))
    else:
        out.print(escape(found["reason"]))
    if found["latency"]:
        out.print(f"Latency: {escape(found['latency']['sentence'])}")
    _print_slices(found["slices"])
    _print_peers(found)
    _print_labels(found)
    payback = found["payback"]
    out.print(f"When it pays back: {escape(payback['sentence'])}")
    out.print(f"  {escape(payback['spending'])}")
    without = found["without_labels"]
    out.print(f"Without labels: {escape(without['sentence'])}")
    if without["light"] is not None:
        for doubt in without["doubts"]:
            out.print(f"  {doubt['code']}: {escape(doubt['sentence'])}")
        if without["right"] is not None:
            out.print(f"  That is {'right' if without['right'] else 'wrong'} here.")
        if without["to_label"]:
            out.print(f"  Such queries: {escape(', '.join(without['to_label']))}.")
        out.print(f"  {without['record']}")


def _print_routers(found: Mapping[str, Any]) -> None:
    table = Table()
    table.add_column("router", min_width=22)
    table.add_column("needs")
    wide = out.width >= WIDE
    for name in ("first right", "vote of 3", "gain", *(("in use", "$ / 1,000") if wide else ())):
        table.add_column(name, justify="right", no_wrap=wide)
    for row in found["routers"]:
        cells = [
            _with_interval(row, "top1", 1),
            _with_interval(row, "vote", 1),
            _with_interval(row, "gain", 1, sign="+"),
            f"{row['effective_models']:.1f}" if row["effective_models"] else "",
            "" if row["cost_per_1000"] is None else f"{row['cost_per_1000']:.2f}",
        ]
        needs = "" if row["needs"] == "nothing" else row["needs"]
        table.add_row(escape(row["router"]), needs, *(cells if wide else cells[:3]))
    out.print(table)
    gold = f"{found['n_gold']:,}"
    if found["n_gold"] < found["n_test"]:
        gold += f" gold of {found['n_test']:,}"
    averaged = "" if found["n_splits"] == 1 else f", mean of {found['n_splits']} splits"
    out.print(
        f"{gold} test queries{averaged}; percent with 95 % interval (paired bootstrap "
        f"over {found['resampled']}); gain in points over always asking "
        f"{escape(found['with_labels']['constant_words'])}. labels: learns "
        f"from the {found['label_origin']} answers of the training queries. gold: knows these "
        "answers, a bound and no router. in use: effective number of models."
    )


def _print_slices(found: Mapping[str, Any] | None) -> None:
    if found is None:
        return
    table = Table(escape(found["by"]))
    for name in ("queries", "this router", "best single model", "gain"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        gain = "too small" if row["too_small"] else _with_interval(row, "gain", 1, sign="+")
        accuracies = (_with_interval(row, name, 1) for name in ("own", "best"))
        table.add_row(escape(row["slice"]), f"{row['queries']:,}", *accuracies, gain)
    out.print(table)
    out.print(found["note"])


def _print_peers(found: Mapping[str, Any]) -> None:
    """What other benchmarks measure, as far as it is known."""
    known = [one for one in found["peer_measures"].values() if one["value"] is not None]
    if known:
        said = ", ".join(f"{one['name']} {_number_with_interval(one)}" for one in known)
        out.print(f"As other benchmarks measure it: {said}.")


def _number_with_interval(row: Mapping[str, Any]) -> str:
    low, high = ("?" if row[end] is None else f"{row[end]:.2f}" for end in ("low", "high"))
    return f"{row['value']:.2f} \\[{low}, {high}]"


def _with_interval(row: Mapping[str, Any], name: str, decimals: int, sign: str = "") -> str:
    """A share in percent with its interval, "" where there is none."""
    value, low, high = (row.get(key) for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return ""
    text = f"{100 * value:{sign}.{decimals}f}"
    if low is None or high is None:
        return text
    return f"{text} \\[{100 * low:{sign}.{decimals}f}, {100 * high:{sign}.{decimals}f}]"


@with_tuning
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            help="validation, generators, filtering, alignment, mmd, leave-one-out, verdicts or "
            "robustness."
        ),
    ],
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    tuning: Tuning,
    other: Annotated[
        str | None, typer.Argument(help="A second data set, where two are compared.")
    ] = None,
    n_queries: Annotated[
        int, typer.Option(help="filtering: how many queries each side has at most.")
    ] = 5000,
    splits: SplitsOption = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="JSON file; default: experiments/ beside the workspace."),
    ] = None,
) -> None:
    """Run one of the paper's experiments and checks: a table, its target, passed or failed."""
    from cascal.compare.experiments import Request, run

    loaded = tuning.dataset(dataset)
    second = None if other is None else tuning.dataset(other, loaded.encoder)
    with progress_bar(name) as progress:
        request = Request(
            dataset=loaded,
            other=second,
            settings=tuning.settings,
            thresholds=tuning.thresholds,
            n_queries=n_queries,
            n_splits=splits,
            seed=seed,
            progress=progress,
            encoder=tuning.encoder,
        )
        report = run(name, request)
    path = to or _default_path(tuning.workspace, report)
    report.save(path)
    if as_json:
        sys.stdout.write(report.to_json() + "\n")
        return
    _print_report(report)
    out.print(f"Written to {escape(str(path))}; the page Evaluate opens it.")


def _default_path(workspace: Path | None, report: Report) -> Path:
    """experiments/NAME-DATASET.json beside the workspace."""
    return (workspace or default_workspace()).parent / "experiments" / report.file_name


def _print_report(report: Report) -> None:
    if report.simulated:
        out.print("[yellow]Simulated data.[/]")
    out.print(f"[bold]{escape(report.question)}[/]")
    table = Table()
    for column in report.columns:
        justify: Any = "left" if column.kind in ("text", "flag") else "right"
        table.add_column(escape(column.label), justify=justify)
    for row in report.rows:
        table.add_row(*(_cell(row, column) for column in report.columns))
    out.print(table)
    out.print(escape(report.sentence))
    colour = {"passed": "green", "failed": "red"}.get(report.outcome, "yellow")
    out.print(f"Target: {escape(report.target)} – [{colour}]{report.outcome}[/].")


def _cell(row: Mapping[str, Any], column: Column) -> str:
    value = row.get(column.name)
    if value is None:
        return ""
    if column.kind in ("percent", "points"):
        return _with_interval(row, column.name, 1, "+" if column.kind == "points" else "")
    if column.kind == "number":
        return f"{value:.3f}"
    if column.kind == "count":
        return f"{value:,}"
    if column.kind == "flag":
        return "yes" if value else "no"
    return escape("" if value == "nothing" else str(value))

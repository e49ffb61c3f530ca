"""`cascal evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

import cascal
from cascal.cli.common import (
    DailyOption,
    HorizonOption,
    JsonOption,
    LabelPriceOption,
    ToleranceOption,
    out,
    print_json,
    progress_bar,
)
from cascal.cli.evaluation_printed import print_evaluation
from cascal.cli.experimenting import SeedOption, SplitsOption
from cascal.cli.scoring import ScoredByOption, goes_by_scores, report_scores
from cascal.cli.tuning import Tuning, with_tuning
from cascal.datatypes import NotApplicable
from cascal.verdicts.payback import DEFAULT_DAILY, DEFAULT_HORIZON, DEFAULT_TOLERANCE, Terms

if TYPE_CHECKING:
    from cascal.columns import Progress
    from cascal.compare.comparison import Comparison
    from cascal.dataset.dataset import Dataset
    from cascal.dataset.snapshot import Snapshot
    from cascal.fit import Fit
    from cascal.store import Workspace


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
    daily: DailyOption = DEFAULT_DAILY,
    tolerance: ToleranceOption = DEFAULT_TOLERANCE,
    scored_by: ScoredByOption = None,
    with_presets: Annotated[
        bool, typer.Option("--with-presets", help="Which setting to ship: of every preset too.")
    ] = False,
) -> None:
    """Compare all routers on the test queries, with intervals; say whether and when routing pays.

    Where answers are open-ended, scores say which model is best and whether routing pays.
    Without gold answers there are the labels of `cascal label`, and without those only the light,
    which says what the models agree on.
    """
    from cascal.compare.to_ship import find_to_ship
    from cascal.dataset.payback import find_payback
    from cascal.dataset.snapshot import take_snapshot

    terms = Terms(label_price=label_price, horizon=horizon, daily=daily, tolerance=tolerance)
    loaded, store = tuning.dataset(dataset), tuning.store
    if goes_by_scores(store, loaded, scored_by):
        report_scores(store, dataset, scored_by, as_json=as_json, paying=(loaded, terms))
        return
    with progress_bar("Routing") as report:
        fitted = tuning.fit(loaded)
        comparison = _compared(loaded, tuning, fitted, splits, seed, report)
        snapshot = take_snapshot(loaded, fitted, tuning.thresholds)
        without = _without_labels(snapshot)
        few = _with_few_labels(store, snapshot)
    found = _summary(loaded, comparison, without, tuning.settings, by_task=by_task)
    found["with_few_labels"] = few
    found["judged"] = _judged(store, snapshot)
    found["peer_measures"] = _peer_measures(snapshot)
    found["slices"] = _slices(loaded, comparison, by)
    found["latency"] = _latency(store, snapshot)
    found["payback"] = find_payback(store, snapshot, terms).to_dict()
    to_ship = find_to_ship(store, snapshot, terms, with_presets=with_presets)
    found["to_ship"] = None if to_ship is None else to_ship.to_dict()
    if parquet is not None:
        _write_parquet(found["routers"], parquet)
    if as_json:
        print_json(found)
    else:
        print_evaluation(found)


def _compared(
    loaded: Dataset, tuning: Tuning, fitted: Fit, splits: int, seed: int, report: Progress
) -> Comparison | str:
    """All routers on the test queries, or why they cannot be compared."""
    from cascal.compare.experiments import Request, held

    request = Request(
        dataset=loaded,
        other=None,
        settings=tuning.settings,
        thresholds=tuning.thresholds,
        n_splits=splits,
        seed=seed,
        progress=report,
        fitted=fitted,
    )
    try:
        return held(request)
    except NotApplicable as error:
        if splits > 1:
            raise
        return str(error)


def _summary(
    loaded: Dataset,
    comparison: Comparison | str,
    without: dict[str, Any],
    settings: cascal.FitSettings,
    *,
    by_task: bool,
) -> dict[str, Any]:
    from cascal.compare.rival import find_rival

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
        "best_other": None,
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
        rival = find_rival(comparison)
        found["best_other"] = None if rival is None else rival.to_dict()
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

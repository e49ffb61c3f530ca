"""`cascal diagnose`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.common import (
    JsonOption,
    out,
    print_json,
    progress_bar,
)
from cascal.cli.evaluation_printed import with_interval
from cascal.cli.tuning import Tuning, with_tuning
from cascal.number_format import percent, typed

if TYPE_CHECKING:
    from cascal.diagnose import Effect, Evidence, Finding

MAX_CELL = 160
"""Characters of a text in a table."""
COLOURS = {"issue": "red", "passed": "green", "not applicable": "dim"}


@with_tuning
def diagnose(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    tuning: Tuning,
    remedies: Annotated[
        bool, typer.Option("--remedies", help="Try remedies out for every issue.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the coded checks: what is wrong with this router, and what would help?"""
    from cascal.dataset.snapshot import take_snapshot
    from cascal.diagnose import CHECKS, try_all
    from cascal.diagnose import diagnose as run_checks

    loaded = tuning.dataset(dataset)
    with progress_bar("Checking") as report:
        fitted = tuning.fit(loaded)
        snapshot = take_snapshot(loaded, fitted, tuning.thresholds)
        found = run_checks(snapshot, report)
        tried: dict[str, list[Effect]] = {}
        if remedies:
            issues = [one for one in found if one.section == "issue"]
            tried = {one.code: try_all(snapshot, one.code, report) for one in issues}
        shown = {
            one.code: evidence
            for one in found
            if one.section == "issue" and (evidence := CHECKS[one.code].evidence(snapshot))
        }
    if as_json:
        rows = [_plain(one, tried.get(one.code, []), shown.get(one.code)) for one in found]
        print_json(rows)
        return
    if loaded.simulated:
        out.print("[yellow]Simulated data.[/]")
    for one in found:
        _print_finding(one, tried.get(one.code, []), shown.get(one.code))


def _plain(finding: Finding, effects: list[Effect], evidence: Evidence | None) -> dict[str, Any]:
    return {
        "code": finding.code,
        "title": finding.title,
        "section": finding.section,
        "sentence": finding.sentence,
        "measures": [asdict(one) | {"margin": one.margin} for one in finding.measures],
        "evidence": None if evidence is None else asdict(evidence),
        "remedies": [_plain_effect(one) for one in effects],
    }


def _plain_effect(effect: Effect) -> dict[str, Any]:
    gain = effect.gain
    return {
        "label": effect.proposal.label,
        "judgement": effect.judgement,
        "cured": effect.cured,
        "clusters": effect.clusters,
        "effective_models": effect.effective_models,
        "flipped": effect.flipped,
        "stability": effect.stability,
        "gain": None if gain is None else [gain.value, gain.low, gain.high],
    }


def _print_finding(finding: Finding, effects: list[Effect], evidence: Evidence | None) -> None:
    colour = COLOURS[finding.section]
    out.print(f"[{colour}]{finding.section}[/] {finding.code} {escape(finding.title)}")
    out.print(f"  {escape(finding.sentence)}")
    for measure in finding.measures:
        out.print(f"  [dim]{escape(measure.sentence)}[/]")
    if evidence is not None and evidence.table:
        _print_rows(evidence.table)
    if not effects:
        return
    table = Table("remedy", "judgement", "clusters", "in use", "flipped", "first right, points")
    for one in effects:
        gain = one.gain
        row = (
            {}
            if gain is None
            else {"gain": gain.value, "gain_low": gain.low, "gain_high": gain.high}
        )
        table.add_row(
            escape(one.proposal.label),
            one.judgement,
            str(one.clusters),
            typed(one.effective_models, 1),
            percent(one.flipped),
            with_interval(row, "gain", 1, sign=True),
        )
    out.print(table)


def _print_rows(rows: Sequence[Mapping[str, object]]) -> None:
    table = Table(*(escape(name) for name in rows[0]))
    for row in rows:
        table.add_row(*(escape(str(value)[:MAX_CELL]) for value in row.values()))
    out.print(table)

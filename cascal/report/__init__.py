"""One self-contained HTML file for somebody who was not there: no script, no network, prints well.

`report.html` is its template; it escapes every value, so that what models and users wrote stays
text. Figures are plain SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from cascal.compare.comparison import Comparison, Row
from cascal.compare.recommended import Recommendation
from cascal.compare.rival import find_rival
from cascal.compare.to_ship import ToShip
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose import Finding
from cascal.intervals import Estimate
from cascal.naming.cluster_names import cluster_name
from cascal.number_format import bracketed, counted, decimal, percent, signed
from cascal.provenance import stamp
from cascal.report.drawings import gain_bars, map_dots
from cascal.report.pages import template
from cascal.report.scored import write_score_report
from cascal.routing.leaders import N_LEADERS, cluster_leaders
from cascal.store import Note
from cascal.verdicts.light import HEADLINES, QUESTION, RECORD, RECORD_NOTE, Light, State
from cascal.verdicts.payback import Payback
from cascal.verdicts.verdict import Verdict, span

__all__ = ["MARKS", "write_report", "write_score_report"]

MARKS: dict[State, str] = {"agree": "✓", "unsure": "?", "disagree": "–"}
"""Before the words of each state of the light."""
N_SAMPLES = 2
MAX_CHARACTERS = 240


def write_report(
    dataset: Dataset,
    snapshot: Snapshot,
    light: Light | str,
    findings: Sequence[Finding],
    comparison: Comparison | None,
    command: str,
    *,
    payback: Payback | None = None,
    to_ship: ToShip | None = None,
    few_labels: str | None = None,
    notes: Sequence[Note] = (),
    with_texts: bool = True,
) -> str:
    """The whole report as HTML. `command` is the line that makes the same router again.

    Without a workspace nobody knows what was spent: then `payback` is None and nothing is said.
    `to_ship` is which setting to ship, None where nobody can say it.
    `few_labels` is what labels say of the router; `notes` are the reader's own.
    Without texts, queries, notes and the words that name clusters are left out.
    """
    rows = () if comparison is None else comparison.rows()
    return template("report.html").render(
        info=dataset.info,
        simulated=dataset.simulated,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        headline=_headline(snapshot.verdict, light),
        light=light if isinstance(light, str) else light.sentence,
        state="" if isinstance(light, str) else light.light,
        mark="" if isinstance(light, str) else MARKS[light.light],
        doubts=() if isinstance(light, str) else light.doubts,
        question=QUESTION,
        record=() if isinstance(light, str) else _record(),
        record_note=RECORD_NOTE,
        payback=payback,
        to_ship=to_ship,
        settings=() if to_ship is None else _settings(to_ship.found),
        few_labels=few_labels,
        by_labels=snapshot.router.changed_by_labels,
        dots=map_dots(dataset, snapshot),
        models=_models(snapshot),
        clusters=_clusters(snapshot, with_texts=with_texts),
        samples=_samples(dataset, snapshot) if with_texts else None,
        notes=_notes(dataset, notes) if with_texts else (),
        comparison=comparison,
        gain_bars=gain_bars([(row.title, row.gain) for row in rows if row.gain is not None]),
        routers=_routers(rows),
        rival=None if comparison is None else find_rival(comparison),
        findings=findings,
        command=command,
        facts=_facts(dataset, snapshot),
    )


def _points(gain: Estimate | None) -> str:
    """A difference in points with its interval; empty where there is none."""
    if gain is None:
        return ""
    return f"{signed(100 * gain.value)} {span(gain)}"


def _share(share: Estimate | None) -> str:
    """A share in percent with its interval; empty where there is none."""
    if share is None:
        return ""
    return (
        f"{decimal(100 * share.value, 1)} "
        f"{bracketed(100 * share.low, 100 * share.high, sign=False)}"
    )


def _headline(verdict: Verdict | None, light: Light | str) -> str:
    if verdict is not None:
        return verdict.sentence
    if isinstance(light, str):
        return "Without gold answers nothing can be said"
    return f"{MARKS[light.light]} {HEADLINES[light.light]}"


def _record() -> list[tuple[str, ...]]:
    return [
        (
            one.against,
            f"{one.agree[0]} of {one.agree[1]}",
            f"{one.disagree[0]} of {one.disagree[1]}",
            decimal(one.auc, 2),
        )
        for one in RECORD
    ]


def _models(snapshot: Snapshot) -> list[tuple[str, ...]]:
    router, result = snapshot.router, snapshot.evaluation
    right = {} if result is None else dict(zip(result.models, result.model_accuracies, strict=True))
    overall = router.rankings.overall
    return [
        (
            router.models[m],
            decimal(overall[m], 3),
            percent(snapshot.share[m], 1),
            decimal(100 * right[router.models[m]], 1) if router.models[m] in right else "",
        )
        for m in sorted(range(len(router.models)), key=lambda m: -overall[m])
    ]


def _clusters(snapshot: Snapshot, *, with_texts: bool) -> list[tuple[str, ...]]:
    router = snapshot.router
    leaders = cluster_leaders(router)
    rows: list[tuple[str, ...]] = []
    for c in np.argsort(-router.clusters.sizes, kind="stable"):
        order, scores = router.cluster_order[c, :N_LEADERS], router.at_centers.scores[c]
        best = ", ".join(f"{router.models[m]} ({decimal(scores[m], 3)})" for m in order)
        name = cluster_name(snapshot.names[c]) if with_texts else f"cluster {c}"
        task = router.tasks[router.clusters.task[c]]
        rows.append((name, task, f"{router.clusters.sizes[c]:,}", best, leaders[c].aside))
    return rows


def _samples(dataset: Dataset, snapshot: Snapshot) -> list[tuple[str, str]]:
    """Name and text of the queries nearest to each cluster's centroid."""
    samples = []
    for c in range(len(snapshot.router.clusters)):
        for row in snapshot.typical(c)[:N_SAMPLES]:
            text = dataset.train.texts[row]
            shown = text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
            samples.append((cluster_name(snapshot.names[c]), shown))
    return samples


def _notes(dataset: Dataset, notes: Sequence[Note]) -> list[tuple[str, str, str]]:
    """What each note is about, its name and its text; a query by its id and the first words."""
    return [(_about(dataset, note), note.name, note.text) for note in notes]


def _about(dataset: Dataset, note: Note) -> str:
    if note.kind == "cluster":
        return f"a cluster of {counted(len(note.members), 'query')}"
    place = dataset.find(note.about)
    if place is None:
        return f"the query {note.about}, which is not there any more"
    split, row = place
    return f"the query {note.about}: {dataset.part(split).texts[row][:MAX_CHARACTERS]}"


def _settings(found: Recommendation) -> list[tuple[str, ...]]:
    """The recommended setting and others worth a look, and why they are not."""
    return [
        (
            f"{one.name} (in use)" if one.in_use else one.name,
            decimal(100 * one.trial.point.top1, 1),
            decimal(one.trial.point.cost1, 2) if np.isfinite(one.trial.point.cost1) else "",
            "" if one.in_use else _points(one.gain),
            one.why or "to ship",
        )
        for one in (found.best, *found.others)
    ]


def _routers(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    return [
        (
            row.title,
            "" if row.needs == "nothing" else row.needs,
            _share(row.top1),
            _share(row.vote),
            _points(row.gain),
            decimal(row.cost1, 2) if np.isfinite(row.cost1) else "",
        )
        for row in sorted(rows, key=lambda row: -(row.top1.value if row.top1 else -1))
    ]


def _facts(dataset: Dataset, snapshot: Snapshot) -> list[tuple[str, object]]:
    router = snapshot.router
    recorded = stamp(router.settings, router.thresholds)
    return [
        ("data set", dataset.info.name),
        ("data fingerprint", dataset.info.fingerprint),
        ("training queries", f"{dataset.info.n_train:,}"),
        ("test queries", f"{dataset.info.n_test:,}"),
        ("encoder", dataset.encoder),
        ("preset", router.settings.name),
        *((f"settings: {name}", value) for name, value in recorded["settings"].items()),
        *((f"thresholds: {name}", value) for name, value in recorded["thresholds"].items()),
        *((f"version: {name}", value) for name, value in recorded["versions"].items()),
    ]

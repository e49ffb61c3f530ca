"""One self-contained HTML file for somebody who was not there: no script, no network, prints well.

Text written by models or users is escaped wherever it appears; figures are plain SVG.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

from cascal.contest import Contest
from cascal.diagnose import Finding
from cascal.experiments.report import stamp
from cascal.explain import N_LEADERS, cluster_leaders
from cascal.intervals import Estimate
from cascal.study import Snapshot, Study
from cascal.verdict import TRUST, Light, Verdict

COLOURS = (
    *("#1A99F2", "#999900", "#A6004D", "#4D3399", "#996633", "#269973"),
    *("#334D00", "#0D594D", "#805980", "#3366D9", "#FF4D73", "#998CB3"),
)
OTHER = "#9AA4B2"
MAX_POINTS = 6000
N_SAMPLES = 2
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 Inter, system-ui, sans-serif; color: #17202e; max-width: 60rem;
  margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.75rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid #e4e9f0;
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tag { display: inline-block; padding: .1rem .55rem; border-radius: 6px; font-size: .85rem;
  background: #f4f6f9; margin-right: .4rem; }
.simulated { background: #fdeee0; color: #7a3d06; } .muted { color: #566173; font-size: .87rem; }
.issue { border-left: 3px solid #b45309; padding-left: .7rem; margin: .6rem 0; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; }
code { font-size: .85rem; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; }
  tr, .issue, svg { break-inside: avoid; } }
"""


def text(value: object) -> str:
    """Any value as harmless HTML text."""
    return html.escape(str(value), quote=True)


def points_of(gain: Estimate) -> str:
    """A difference in points with its interval."""
    return f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"


def share_of(found: Estimate | None) -> str:
    """A share in percent with its interval; empty where there is none."""
    if found is None:
        return ""
    return f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def table(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[object]]) -> str:
    """An HTML table; columns are (label, numeric)."""
    head = "".join(f"<th{' class=n' if n else ''}>{text(label)}</th>" for label, n in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=n' if n else ''}>{text(cell)}</td>"
            for cell, (_, n) in zip(row, columns, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def map_svg(study: Study, snapshot: Snapshot) -> str:
    """The queries as points, coloured by the model that gets them first; a legend beneath."""
    part, routes = study.train, snapshot.train_routes
    xy = np.asarray(part.xy, dtype=float)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(known):
        return '<p class="muted">There is no map of these queries.</p>'
    if len(known) > MAX_POINTS:
        known = known[np.unique(np.linspace(0, len(known) - 1, MAX_POINTS).astype(int))]
    low, high = xy[known].min(axis=0), xy[known].max(axis=0)
    scaled = (xy[known] - low) / np.where(high > low, high - low, 1.0)
    names = sorted(routes.models)
    colours = {name: COLOURS[at] if at < len(COLOURS) else OTHER for at, name in enumerate(names)}
    parts = []
    first = routes.selected[known, 0]
    for m in np.unique(first):
        name = routes.models[int(m)]
        dots = "".join(
            f'<circle cx="{8 + 784 * x:.1f}" cy="{452 - 444 * y:.1f}" r="2.2"/>'
            for x, y in scaled[first == m]
        )
        parts.append(f'<g fill="{colours[name]}" fill-opacity=".75"><title>{text(name)}</title>'
                     f"{dots}</g>")  # fmt: skip
    used = [routes.models[int(m)] for m in np.unique(first)]
    legend = "".join(
        f'<span class="tag"><span style="color:{colours[name]}">●</span> {text(name)}</span>'
        for name in sorted(used)
    )
    label = f"Map of {len(known):,} training queries, coloured by the model that gets them first"
    return (
        f'<svg viewBox="0 0 800 460" role="img" aria-label="{text(label)}">{"".join(parts)}</svg>'
        f'<p>{legend}</p><p class="muted">Each point is a training query, near ones are alike; its '
        f"colour is the model that gets it first.</p>"
    )


def gains_svg(gains: Sequence[tuple[str, Estimate]], constant: str) -> str:
    """Gains in points with their intervals, best first; the line is always asking one model."""
    if not gains:
        return ""
    ordered = sorted(gains, key=lambda one: -one[1].value)
    bounds = [0.0, *(bound for _, gain in ordered for bound in (gain.low, gain.high))]
    low, high = min(bounds), max(bounds)

    def place(value: float) -> float:
        return 260 + 520 * (value - low) / ((high - low) or 1.0)

    height = 20 * len(ordered) + 8
    lines = [
        f'<line x1="{place(0):.1f}" x2="{place(0):.1f}" y1="0" y2="{height}" stroke="#9AA4B2"/>'
    ]
    for at, (title, gain) in enumerate(ordered):
        y = 20 * at + 14
        colour = "#17202e" if gain.low > 0 else "#b45309" if gain.high < 0 else "#7c8798"
        lines.append(
            f'<text x="250" y="{y + 4}" text-anchor="end" font-size="12">{text(title)}</text>'
            f'<line x1="{place(gain.low):.1f}" x2="{place(gain.high):.1f}" y1="{y}" y2="{y}" '
            f'stroke="{colour}" stroke-width="2"/>'
            f'<circle cx="{place(gain.value):.1f}" cy="{y}" r="4" fill="{colour}"/>'
        )
    label = f"Gains of {len(ordered)} routers over always asking {constant}, with 95 % intervals"
    return (
        f'<svg viewBox="0 0 800 {height}" role="img" aria-label="{text(label)}">'
        f'{"".join(lines)}</svg><p class="muted">Points gained over always asking '
        f"{text(constant)} (the line), first answer, with 95 % intervals: dark gains, orange "
        "loses, grey cannot be told apart.</p>"
    )


def _verdicts(found: Verdict | None, light: Light | str) -> str:
    lines = []
    if found is not None:
        lines.append(f"<h1>{text(found.sentence)}</h1>")
    else:
        says = "nothing can be said" if isinstance(light, str) else light.light
        lines.append(f"<h1>Without gold answers: {text(says)}</h1>")
    sentence = light if isinstance(light, str) else light.sentence
    trust = "" if isinstance(light, str) else f' <span class="muted">{text(TRUST)}</span>'
    lines.append(f"<p><b>Without labels.</b> {text(sentence)}{trust}</p>")
    return "".join(lines)


def _clusters(study: Study, snapshot: Snapshot, *, with_texts: bool) -> str:
    router, rows = snapshot.router, []
    leaders = cluster_leaders(router)
    for c in np.argsort(-router.clusters.sizes, kind="stable"):
        order, scores = router.cluster_order[c, :N_LEADERS], router.at_centers.scores[c]
        best = ", ".join(f"{router.models[m]} ({scores[m]:.3f})" for m in order)
        name = " · ".join(snapshot.names[c]) if with_texts else f"cluster {c}"
        rows.append([name, router.tasks[router.clusters.task[c]],
                     f"{router.clusters.sizes[c]:,}", best, leaders[c].aside])  # fmt: skip
    columns = [("cluster", False), ("task", False), ("queries", True), ("best three", False),
               ("by consensus alone, if another", False)]  # fmt: skip
    samples = _samples(study, snapshot) if with_texts else ""
    return table(columns, rows) + samples


def _samples(study: Study, snapshot: Snapshot) -> str:
    clusters = snapshot.router.clusters
    items = []
    for c in range(len(clusters)):
        rows = np.flatnonzero(clusters.assignment == c)
        near = study.train.vectors.vectors[rows] @ clusters.centroids[c]
        for row in rows[np.argsort(-near, kind="stable")[:N_SAMPLES]]:
            words = study.train.texts[row]
            shown = words if len(words) <= 240 else words[:239] + "…"
            items.append(f"<li><b>{text(' · '.join(snapshot.names[c]))}</b>: {text(shown)}</li>")
    return f"<details><summary>Typical queries</summary><ul>{''.join(items)}</ul></details>"


def _routers(contest: Contest | None) -> str:
    if contest is None:
        return '<p class="muted">Routers were not compared: there are no gold answers.</p>'
    words, rows, cost = contest.constant_model.words, [], contest.cost()
    for row in sorted(contest.rows(), key=lambda one: -(one.top1.value if one.top1 else -1)):
        needs = "" if row.needs == "nothing" else row.needs
        gain = "" if row.gain is None else points_of(row.gain)
        dollars = f"{row.cost1:.2f}" if np.isfinite(row.cost1) else ""
        rows.append([row.title, needs, share_of(row.top1), share_of(row.vote), gain, dollars])
    columns = [("router", False), ("needs", False), ("first right, %", True),
               ("vote of 3, %", True), ("gain, points", True), ("$ per 1,000", True)]  # fmt: skip
    return (
        gains_svg([(row.title, row.gain) for row in contest.rows() if row.gain is not None], words)
        + table(columns, rows)
        + f'<p class="muted">{len(contest.query_ids):,} test queries; 95 % intervals, paired over '
        f"queries. labels: learns from {text(contest.label_origin)} answers of the training "
        "queries. gold: knows these answers, a bound and no router. Gain over always asking "
        f"{text(words)}. {text(cost.sentence)}</p>"
    )


def _findings(found: Sequence[Finding]) -> str:
    issues = [one for one in found if one.section == "issue"]
    lines = [
        f'<div class="issue"><b>{one.code} {text(one.title)}.</b> {text(one.sentence)}</div>'
        for one in issues
    ]
    rest = ", ".join(one.code for one in found if one.section == "passed")
    skipped = ", ".join(one.code for one in found if one.section == "not applicable")
    lines.append(f'<p class="muted">Passed: {rest or "none"}. Not applicable: '
                 f'{skipped or "none"}.</p>')  # fmt: skip
    return "".join(lines)


def write_report(
    study: Study,
    snapshot: Snapshot,
    light: Light | str,
    findings: Sequence[Finding],
    contest: Contest | None,
    command: str,
    *,
    with_texts: bool = True,
) -> str:
    """The whole report as HTML. `command` is the line that makes the same router again.

    Without texts, queries and the words that name clusters are left out.
    """
    router, result = snapshot.router, snapshot.evaluation
    recorded = stamp(router.settings, router.thresholds)
    tag = '<span class="tag simulated">Simulated data</span>' if study.simulated else ""
    order = sorted(range(len(router.models)), key=lambda m: -router.rankings.overall[m])
    right = {} if result is None else dict(zip(result.models, result.model_accuracies, strict=True))
    models = [
        [
            name, f"{router.rankings.overall[m]:.3f}", f"{snapshot.share[m]:.1%}",
            f"{100 * right[name]:.1f}" if name in right else "",
        ]
        for m, name in ((m, router.models[m]) for m in order)
    ]  # fmt: skip
    facts = [
        ("data set", study.info.name), ("data fingerprint", study.info.fingerprint),
        ("training queries", f"{study.info.n_train:,}"), ("test queries", f"{study.info.n_test:,}"),
        ("encoder", study.encoder), ("preset", router.settings.name),
        *((f"settings: {name}", value) for name, value in recorded["settings"].items()),
        *((f"thresholds: {name}", value) for name, value in recorded["thresholds"].items()),
        *((f"version: {name}", value) for name, value in recorded["versions"].items()),
    ]  # fmt: skip
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    columns = [("model", False), ("consensus score", True), ("gets first", True),
               ("right, %", True)]  # fmt: skip
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; ',
            "style-src 'unsafe-inline'\">",
            f"<title>CASCAL report: {text(study.info.name)}</title><style>{_STYLE}</style></head>",
            f'<body><p>{tag}<span class="muted">CASCAL Studio, {text(study.info.name)}, '
            f"{made}</span></p>",
            _verdicts(snapshot.verdict, light),
            "<h2>Who is good at what</h2>", map_svg(study, snapshot),
            table(columns, models),
            '<p class="muted">Consensus score: how far the other models back what a model answers, '
            "estimated without any label; 1 is the most.</p>",
            f"<h2>{len(router.clusters)} skill clusters</h2>",
            _clusters(study, snapshot, with_texts=with_texts),
            "<h2>Routers on the same test queries</h2>", _routers(contest),
            "<h2>Findings</h2>", _findings(findings),
            "<h2>How it was made</h2>", f"<p><code>{text(command)}</code></p>",
            table([("what", False), ("value", False)], facts),
            "</body></html>",
        ]
    )  # fmt: skip

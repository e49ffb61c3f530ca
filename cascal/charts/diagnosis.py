"""Figures of the diagnosis: evidence, all checks, how often the light was right."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import MUTED, plain
from cascal.diagnose.evidence import Evidence
from cascal.diagnose.finding import Finding
from cascal.number_format import decimal
from cascal.verdicts.light import RECORD, State


def evidence_figure(found: Evidence, accent: str) -> go.Figure:
    """Bars of named values with their standard errors, and a line at the rule."""
    figure = go.Figure(
        go.Bar(
            x=list(found.values),
            y=[plain(name, 48) for name in found.names],
            orientation="h",
            marker={"color": accent},
            error_x=None if found.errors is None else {"array": list(found.errors), "color": MUTED},
            hovertemplate="%{y}: %{x:.3g}<extra></extra>",
        )
    )
    if found.rule is not None:
        figure.add_vline(x=found.rule, line={"color": MUTED, "dash": "dash", "width": 1.5})
    figure.update_layout(template="cascal", height=24 * len(found.names) + 70)
    figure.update_yaxes(autorange="reversed", title=None, showgrid=False)
    figure.update_xaxes(title=found.measure)
    return figure


def checks_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """One row a measure of every check, by code: result, value, rule and margin in words.

    What cannot be measured says why in the place of its measure. The result of a check stands in
    its first row: so many rows say "issue" as there are issues.
    """
    rows = [
        (finding, measure)
        for finding in sorted(findings, key=lambda one: one.code)
        for measure in finding.measures or (None,)
    ]
    known = [one for _, one in rows]
    firsts = [not at or rows[at - 1][0] is not finding for at, (finding, _) in enumerate(rows)]
    return pd.DataFrame(
        {
            "code": [finding.code for finding, _ in rows],
            "title": [finding.title for finding, _ in rows],
            "result": [
                finding.section if first else "same check"
                for (finding, _), first in zip(rows, firsts, strict=True)
            ],
            "measured": [finding.sentence if one is None else one.name for finding, one in rows],
            "value": [None if one is None else one.value_text for one in known],
            "rule": [None if one is None else one.rule_text for one in known],
            "margin": [
                None if one is None else ("" if one.holds else "−") + one.distance_text
                for one in known
            ],
        }
    )


def track_record_frame() -> pd.DataFrame:
    """How often the light without labels was right, about a gain over whom."""
    return pd.DataFrame(
        {
            "right about a gain over": [one.against for one in RECORD],
            "when it said “agree”": ["{} of {}".format(*one.agree) for one in RECORD],
            "when it said “do not agree”": ["{} of {}".format(*one.disagree) for one in RECORD],
            "AUC": [decimal(one.auc, 2) for one in RECORD],
        }
    )


def track_record_clause(state: State) -> str:
    """What came true elsewhere when the light said this, in a sentence; "" of "unsure"."""
    if state == "unsure":
        return ""
    (best, _), (liked, n) = (getattr(one, state) for one in RECORD)
    when, beat = ("did not agree", "indeed did not beat")
    if state == "agree":
        when, beat = "agreed", "really beat"
    return (
        f"Elsewhere: of {n} cases on real responses where the models {when}, routing {beat} the "
        f"model they like best in {liked}, and the model that is truly best in {best}."
    )

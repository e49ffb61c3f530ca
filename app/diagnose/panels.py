"""The page Diagnose: issues with evidence and remedies that are tried out, and all checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pandas as pd
import streamlit as st

from app import frame, jobs, label_entry, session, theme, values
from app.apart import Call
from app.diagnose import applied
from app.terms.glossary import mark
from app.values import Values
from cascal import charts
from cascal.counted import counted, percent, signed
from cascal.diagnose import ADVICE, CHECKS, Effect, Finding, Proposal, proposals, try_all
from cascal.diagnose.coherence import n_incoherent
from cascal.diagnose.finding import Section
from cascal.evaluate import effective_number
from cascal.settings import PRESETS, joining_name, routing_name
from cascal.store import Purpose
from cascal.verdicts.verdict import span

COLOURS: dict[str, theme.Badge] = {
    "helps": "green",
    "more right answers, but no cure": "blue",
    "cures it, no proven change of accuracy": "blue",
    "cures it, accuracy unknown": "blue",
    "does not help": "gray",
    "harms": "red",
}
CHECK_COLUMNS: dict[str, Any] = {
    "code": st.column_config.TextColumn("Code", width=75),
    "title": st.column_config.TextColumn("Check", width=245),
    "result": st.column_config.TextColumn("Result", width=105),
    "measured": st.column_config.TextColumn("Measured", width=270),
    "value": st.column_config.TextColumn("Value", width=75, alignment="right"),
    "rule": st.column_config.TextColumn("Rule", width=115, alignment="right"),
    "margin": st.column_config.TextColumn(
        "Margin", width=95, alignment="right", help="−: missed by that."
    ),
}
LABELLED: dict[str, Purpose] = {"CAS204": "family"}
"""Issues that a few labels decide, and the purpose they are given for."""
LONG = 60
"""Letters of a text that a cell shows."""
NO_HELP = ("does not help", "harms")
Weight = Literal["primary", "secondary", "tertiary"]


def title(findings: list[Finding] | None) -> None:
    """The number of issues, and of incoherent clusters, is the headline."""
    if findings is None:
        st.title("Looking for what is wrong with this router", anchor=False)
        return
    n, passed = len(_of(findings, "issue")), len(_of(findings, "passed"))
    unasked = len(_of(findings, "not applicable"))
    names = [one.title for one in _of(findings, "issue")]
    low = n_incoherent(session.snapshot())
    what = counted(n, "issue") if n else "No issue" if low else "Nothing stands out"
    named = f" ({names[0][0].lower()}{names[0][1:]})" if n == 1 else ""
    if low:
        named += f" and {counted(low, 'incoherent cluster')}"
    rest = f", {unasked} not applicable" if unasked else ""
    st.title(
        f"{what}{named}; {passed} of {counted(len(findings), 'check')} passed{rest}", anchor=False
    )
    if n > 1:
        st.markdown(frame.escape(" · ".join(names)))


def _of(findings: list[Finding], section: Section) -> list[Finding]:
    return [finding for finding in findings if finding.section == section]


def issues(findings: list[Finding]) -> None:
    """The issues, each with what to do, remedies and evidence; those of the first are tried out."""
    for at, issue in enumerate(_of(findings, "issue")):
        with st.container(border=True, gap="small"):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.badge(issue.code, color="orange")
                st.markdown(f"**{issue.title}**")
            st.text(issue.sentence)
            if issue.code in ADVICE:
                st.markdown(f"**What to do.** {frame.escape(ADVICE[issue.code])}")
            if issue.code in LABELLED:
                label_entry.button("Label these 10", f"label_{issue.code}", LABELLED[issue.code])
            _remedies(issue.code, at_once=not at)
            _measures(issue)
            _evidence(issue.code)


def _measures(finding: Finding) -> None:
    """What was measured, with the rule and how far it is from it."""
    if finding.measures:
        st.caption(frame.escape(". ".join(one.sentence for one in finding.measures) + "."))


def _evidence(code: str) -> None:
    measured = CHECKS[code].evidence(session.snapshot())
    if measured is None or not measured.names:
        return
    with st.expander("Evidence", on_change="rerun", key=f"evidence_{code}") as opened:
        if opened.open:
            _figure(code, "figure")


def _figure(code: str, key: str) -> None:
    """The numbers behind a finding, drawn; nothing where the sentence says it all."""
    measured = CHECKS[code].evidence(session.snapshot())
    if measured is None or not measured.names:
        return
    figure = charts.evidence_figure(measured, theme.accent())
    frame.chart(
        figure, f"{key}_{code}", f"{measured.measure} of {counted(len(measured.names), 'item')}"
    )
    if measured.rule is not None:
        st.caption(f"Dashed: the rule, {measured.rule:g}.")
    if measured.errors is not None:
        st.caption("Grey lines: one standard error.")
    if measured.table:
        evidence_table(measured.table, f"{key}_table_{code}")


def evidence_table(rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """The rows of an evidence; where texts are longer than a cell, a picked row is read whole."""
    table = pd.DataFrame(list(rows))
    titles = {name: name.capitalize() for name in table.columns}
    long = any(len(str(value)) > LONG for row in rows for value in row.values())
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        column_config=titles,
        placeholder="–",
        on_select="rerun" if long else "ignore",
        selection_mode="single-row",
    )
    if not long:
        return
    st.caption(f"{counted(len(rows), 'row')}. Pick one to read its texts.")
    for at in (row for row in frame.picked_rows(key) if row < len(rows)):
        with st.container(border=True):
            for name, value in rows[at].items():
                st.text(f"{titles[name]}: {value}")


def _remedies(code: str, *, at_once: bool) -> None:
    now = session.snapshot()
    wanted = proposals(code, now)
    if not wanted:
        return
    tried = jobs.show(
        f"remedies_{code}:{session.snapshot_token()}",
        f"Try {len(wanted)} remed{'ies' if len(wanted) > 1 else 'y'}",
        Call.of(try_all, now, code),
        at_once=at_once,
        about=f"Each {mark('remedy')} is tried out on these data first; one that does not help is "
        "said not to help.",
        line="asked",
    )
    if tried is None:
        return
    effect_rows(code, [(effect, "") for effect in tried])


def effect_rows(code: str, tried: Sequence[tuple[Effect, str]]) -> None:
    """What was tried out, each with what to say first; what does not help is folded away."""
    rows = list(enumerate(tried))
    useless = [row for row in rows if row[1][0].judgement in NO_HELP]
    for at, (effect, first) in (row for row in rows if row not in useless):
        _effect_row(code, at, effect, "primary", first)
    if not useless:
        return
    many = (
        f"{counted(len(useless), 'remedy')} that do" if len(useless) > 1 else "1 remedy that does"
    )
    with st.expander(f"{many} not help"):
        for at, (effect, first) in useless:
            _effect_row(code, at, effect, "tertiary", first)


def _effect_row(code: str, at: int, effect: Effect, weight: Weight, first: str = "") -> None:
    """A proposal with what it did, `first` before all else, and a button that applies it."""
    before = session.snapshot()
    clusters, effective = len(before.router.clusters), effective_number(before.share)
    parts = [
        f"{clusters} → {counted(effect.clusters, 'cluster')}",
        f"models in use ≈ {effective:.1f} → {effect.effective_models:.1f} equal shares",
        f"{percent(effect.flipped)} of the routes flip",
    ]
    parts = [first, *parts] if first else parts
    if effect.gain is not None:
        gain = effect.gain
        parts.append(f"right {signed(100 * gain.value)} pts {span(gain)}")
    if effect.stability is not None:
        parts.append(f"stability {effect.stability:.2f}")
    says, what, apply = st.columns([0.27, 0.61, 0.12], vertical_alignment="center")
    with says:
        st.badge(effect.judgement.capitalize(), color=COLOURS[effect.judgement])
    with what:
        label = effect.proposal.label
        said = f"{label[:1].upper()}{label[1:]}: {' · '.join(parts)}"
        st.text(said.replace(" %", "\u00a0%"))  # no line begins with a sign
    with apply:
        if can_be_set(effect.proposal):
            st.button(
                "Apply",
                key=f"apply_{code}_{at}",
                type=weight,
                on_click=_apply_and_draw,
                args=(effect,),
            )


def can_be_set(proposal: Proposal) -> bool:
    """Whether the controls can show it: a preset by its name, thresholds where the sliders go."""
    state = _state(proposal)
    inside = all(low <= getattr(state, name) <= high for name, (low, high) in values.RANGES.items())
    return proposal.settings.preset_name in PRESETS and inside


def apply_effect(effect: Effect) -> None:
    """Set the controls to the proposal; the proof of what it did stays on the page."""
    applied.apply(effect.proposal.label, _state(effect.proposal))


def _apply_and_draw(effect: Effect) -> None:
    """The same of a button: controls, headline and address follow also from inside a fragment."""
    apply_effect(effect)
    st.rerun()


def _state(proposal: Proposal) -> Values:
    """What the controls show where a proposal is in force."""
    thresholds = proposal.thresholds
    return replace(
        values.present(),
        preset=proposal.settings.preset_name,
        clusters=proposal.settings.clusters,
        silhouette=thresholds.min_silhouette,
        merge=thresholds.merge_distance,
        share=joining_name(thresholds.prune_jaccard) or values.DEFAULTS.share,
        routing=routing_name(thresholds.routing) or "preset",
    )


def checks(findings: list[Finding]) -> None:
    """Every check with what it measured, so that silence is never taken for health."""
    with st.expander(
        f"All {counted(len(findings), 'check')}: what each measured, its rule and the margin",
        key="all_checks",
    ):
        _checks(findings)


def _checks(findings: list[Finding]) -> None:
    st.caption(
        f"Each {mark('check, finding', 'check')} with what it measured, its rule and how far it "
        "is from it, whether it passes or not. Choose a row for what it says and the evidence."
    )
    table = charts.checks_frame(findings)
    st.dataframe(
        table,
        hide_index=True,
        key="checks",
        on_select="rerun",
        selection_mode="single-row",
        column_config=CHECK_COLUMNS,
        alt="Every check with its measured value, rule and margin",
        placeholder="–",
        height="content",
    )
    picked = [row for row in frame.picked_rows("checks") if row < len(table)]
    if picked:
        code = table["code"].iloc[picked[0]]
        finding = next(one for one in findings if one.code == code)
        with st.container(border=True):
            st.markdown(f"**{finding.code} {frame.escape(finding.title)}**")
            st.text(finding.sentence)
            _figure(finding.code, "of_check")

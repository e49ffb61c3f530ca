"""The page Diagnose: issues with their evidence, and remedies that are tried out."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pandas as pd
import streamlit as st

from app import frame, history, jobs, session, theme, values
from cascal import charts
from cascal.columns import Progress
from cascal.diagnose import ADVICE, CHECKS, Effect, Finding, proposals, try_all
from cascal.evaluate import effective_number
from cascal.settings import PRESETS, joining_name, routing_name

COLOURS: dict[str, theme.Badge] = {
    "helps": "green",
    "more right answers, but no cure": "blue",
    "cures it, accuracy unchanged": "blue",
    "cures it, accuracy unproven": "blue",
    "does not help": "gray",
    "harms": "red",
}
NO_HELP = ("does not help", "harms")
Weight = Literal["primary", "secondary", "tertiary"]


def title(findings: list[Finding] | None) -> None:
    """The number of issues is the headline."""
    if findings is None:
        st.title("Looking for what is wrong with this router", anchor=False)
        return
    n = sum(finding.section == "issue" for finding in findings)
    passed = sum(finding.section == "passed" for finding in findings)
    what = "Nothing stands out" if not n else f"{n} issue{'s' if n > 1 else ''} found"
    st.title(f"{what}, {passed} checks passed", anchor=False)
    st.caption(
        "Every check is listed with what it measured: passed and not applicable too. A remedy is "
        "tried out on these data before it is offered, and one that does not help is said not to "
        "help."
    )


def issues(findings: list[Finding]) -> None:
    """The issues, each with evidence, advice and remedies."""
    for issue in (finding for finding in findings if finding.section == "issue"):
        with st.container(border=True):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.badge(issue.code, color="orange")
                st.markdown(f"**{issue.title}**")
            st.text(issue.sentence)
            _measures(issue)
            if issue.code in ADVICE:
                st.caption(frame.escape(ADVICE[issue.code]))
            _evidence(issue.code)
            _remedies(issue.code)


def _measures(finding: Finding) -> None:
    """What was measured, with the rule and how far it is from it."""
    if finding.measures:
        st.caption(frame.escape(". ".join(one.sentence for one in finding.measures) + "."))


def _evidence(code: str) -> None:
    measured = CHECKS[code].evidence(session.snapshot())
    if measured is None or not measured.names:
        return
    with st.expander("Evidence", on_change="rerun", key=f"evidence_{code}") as opened:
        if not opened.open:
            return
        figure = charts.evidence_figure(measured, theme.accent())
        frame.chart(figure, f"figure_{code}", f"{measured.measure} of {len(measured.names)} items")
        if measured.rule is not None:
            st.caption(f"Dashed: the rule, {measured.rule:g}.")
        if measured.errors is not None:
            st.caption("Grey lines: one standard error.")
        if measured.table:
            st.dataframe(pd.DataFrame(list(measured.table)), hide_index=True, key=f"table_{code}")


def _remedies(code: str) -> None:
    now = session.snapshot()
    wanted = proposals(code, now)
    if not wanted:
        return

    def work(progress: Progress) -> list[Effect]:
        return try_all(now, code, progress)

    tried = jobs.show(
        f"remedies_{code}:{session.snapshot_token()}",
        f"Try {len(wanted)} remed{'ies' if len(wanted) > 1 else 'y'}",
        work,
    )
    if tried is None:
        return
    useless = [effect for effect in tried if effect.judgement in NO_HELP]
    for effect in (effect for effect in tried if effect not in useless):
        _effect(code, tried.index(effect), effect, theme.action())
    if not useless:
        return
    many = f"{len(useless)} remedies that do" if len(useless) > 1 else "1 remedy that does"
    with st.expander(f"{many} not help"):
        for effect in useless:
            _effect(code, tried.index(effect), effect, "tertiary")


def _effect(code: str, at: int, effect: Effect, weight: Weight) -> None:
    before = session.snapshot()
    clusters, effective = len(before.router.clusters), effective_number(before.share)
    parts = [
        f"{clusters} → {effect.clusters} clusters",
        f"models in use {effective:.1f} → {effect.effective_models:.1f}",
        f"{effect.flipped:.0%} of the routes flip",
    ]
    if effect.gain is not None:
        gain = effect.gain
        parts.append(f"right {100 * gain.value:+.1f} pts {frame.interval(gain)}")
    if effect.stability is not None:
        parts.append(f"stability {effect.stability:.2f}")
    says, what, apply = st.columns([0.27, 0.61, 0.12], vertical_alignment="center")
    with says:
        st.badge(effect.judgement.capitalize(), color=COLOURS[effect.judgement])
    with what:
        label = effect.proposal.label
        st.text(f"{label[:1].upper()}{label[1:]}: {' · '.join(parts)}")
    with apply:
        if effect.proposal.settings.preset_name in PRESETS:
            st.button(
                "Apply", key=f"apply_{code}_{at}", type=weight, on_click=_apply, args=(effect,)
            )


def _apply(effect: Effect) -> None:
    """Set the controls to the proposal; undo in the sidebar brings the old state back."""
    thresholds = effect.proposal.thresholds
    history.change_to(
        replace(
            values.present(),
            preset=effect.proposal.settings.preset_name,
            clusters=effect.proposal.settings.clusters,
            silhouette=thresholds.min_silhouette,
            merge=thresholds.merge_distance,
            share=joining_name(thresholds.prune_jaccard) or values.DEFAULTS.share,
            routing=routing_name(thresholds.routing) or "preset",
        )
    )


def others(findings: list[Finding]) -> None:
    """What passed and what does not apply, so that silence is never taken for health."""
    for section, label in (("passed", "Passed"), ("not applicable", "Not applicable")):
        of_section = [finding for finding in findings if finding.section == section]
        with st.expander(f"{label} ({len(of_section)})", expanded=section == "passed"):
            for finding in of_section:
                with st.container(gap="xsmall"):
                    st.text(f"{finding.code} {finding.title}: {finding.sentence}")
                    _measures(finding)

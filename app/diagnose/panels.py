"""The page Diagnose: issues with evidence and remedies that are tried out, and all checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app import frame, held, jobs, label_entry, session, shared_results, theme
from app.apart import Call
from app.diagnose import effects
from app.diagnose.incoherent import cohesion_key
from app.terms.glossary import mark
from cascal import charts
from cascal.dataset.label_questions import Question
from cascal.diagnose import ADVICE, CHECKS, Finding, proposals, try_all
from cascal.diagnose.coherence import incoherent, n_incoherent
from cascal.diagnose.finding import Section
from cascal.diagnose.headline import NOTHING, Trouble, in_order, of_cluster, of_issue
from cascal.diagnose.repeats import LEAK, pair_rows
from cascal.number_format import capitalised, counted

CHECK_COLUMNS: dict[str, Any] = {
    "code": st.column_config.TextColumn("Code", width=65),
    "title": st.column_config.TextColumn("Looks for", width=250),
    "result": st.column_config.TextColumn("Result", width=100),
    "measured": st.column_config.TextColumn("Measured", width=248),
    "value": st.column_config.TextColumn("Value", width=75, alignment="right"),
    "rule": st.column_config.TextColumn("Rule", width=110, alignment="right"),
    "margin": st.column_config.TextColumn(
        "Margin", width=92, alignment="right", help="−: missed by that."
    ),
}
LABELLED: dict[str, Callable[[], Question]] = {"CAS204": label_entry.family}
"""Issues that a few labels decide, and the question that these answer."""
LONG = 60
"""Letters of a text that a cell shows."""


def title(findings: list[Finding]) -> None:
    """What is wrong and what helps is the headline; below it the other troubles and the checks."""
    sections: tuple[Section, ...] = ("passed", "issue", "not applicable")
    passed, n, unasked = (len(_of(findings, one)) for one in sections)
    rest = f", {counted(n, 'issue')}" if n else ""
    rest += f", {unasked} not applicable" if unasked else ""
    apart = ". Coherence is judged apart from them." if n_incoherent(session.snapshot()) else "."
    checks = f"{passed} of {counted(len(findings), 'check')} passed{rest}{apart}"
    _headline(findings, NOTHING, checks)


def looking(job: jobs.Job) -> None:
    """The same while the checks run: what is known by now, and what is looked at."""
    so_far = shared_results.findings_so_far()
    done = f"{len(so_far)} of {counted(len(CHECKS), 'check')} done, now {job.told(jobs.reader())}"
    _headline(so_far, "Nothing stands out so far", done)


def _headline(findings: list[Finding], nothing: str, checks: str) -> None:
    """The first trouble with its verdict; nothing : what is said where there is none."""
    found = in_order(_troubles(_of(findings, "issue")))
    first = found[0].said if found else nothing
    st.title(frame.headline(capitalised(first)), anchor=False)
    others = " · ".join(one.said for one in found[1:])
    also = f"**Also: {frame.headline(others)}.** " if others else ""
    st.caption(f"{also}{frame.escape(checks)}")


def _troubles(issues: list[Finding]) -> list[Trouble]:
    """The least coherent cluster, how many more there are, then the issues, each with a verdict."""
    now = session.snapshot()
    found, low = [], incoherent(now)
    if low:
        tried, trying = _tried(cohesion_key(low[0].cluster))
        found.append(of_cluster(now.labels[low[0].cluster], tried, trying=trying))
        if low[1:]:
            more = counted(len(low) - 1, "more incoherent cluster")
            found.append(Trouble(said=f"{more}, in the table below"))
    for issue in _mended_first(issues):
        tried, trying = _tried(_remedies_key(issue.code))
        n = len(proposals(issue.code, now))
        advice = ADVICE.get(issue.code, "")
        found.append(of_issue(issue.title, n, tried, trying=trying, advice=advice))
    return found


def _tried(key: str) -> tuple[Any, bool]:
    """What came of a job that tries remedies, None where it has not ended; whether it runs."""
    job = jobs.find(key)
    done = job is not None and job.state == "done"
    return (job.result if job is not None and done else None), jobs.runs(key)


def _remedies_key(code: str) -> str:
    return f"remedies_{code}:{session.snapshot_token()}"


def _mended_first(issues: list[Finding]) -> list[Finding]:
    """Issues that settings can mend before the others."""
    return sorted(issues, key=lambda one: not proposals(one.code, session.snapshot()))


def _of(findings: list[Finding], section: Section) -> list[Finding]:
    return [finding for finding in findings if finding.section == section]


@held.ticking("1s")
def found_so_far() -> None:
    """The issues that are found while the checks run, each in a line at its place."""
    so_far = shared_results.findings_so_far()
    for issue in _of(so_far, "issue"):
        _line(issue)
    checks(so_far)


def issues(findings: list[Finding]) -> None:
    """Every issue: those that settings can mend as cards, the others in a line that unfolds."""
    found = _mended_first(_of(findings, "issue"))
    mended = [one for one in found if proposals(one.code, session.snapshot())]
    for at, issue in enumerate(mended):
        with st.container(border=True, gap="small"):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.badge(issue.code, color="orange")
                st.markdown(f"**{issue.title}**")
            _issue(issue, at_once=not at)
    for issue in (one for one in found if one not in mended):
        _line(issue)


def _line(issue: Finding) -> None:
    """An issue in a line that unfolds."""
    short = f" · {issue.missed.in_short}" if issue.missed else ""
    label = f":orange-badge[{issue.code}] **{issue.title}**{frame.headline(short)}"
    with st.container(key=f"line_{issue.code}"), st.expander(label):
        _issue(issue, at_once=False)


def _issue(issue: Finding, *, at_once: bool) -> None:
    """Cause and effect in a sentence each, and what helps; all else is folded away."""
    said, rest = issue.parts
    st.text(said)
    _remedies(issue.code, at_once=at_once)
    if issue.code in ADVICE:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            advice = f"**What to do.** {frame.escape(ADVICE[issue.code])}"
            st.markdown(advice, width="content")
            _step(issue.code)
    _more(issue, rest)


def _step(code: str) -> None:
    """The button that begins what is advised, where there is one."""
    if code in LABELLED:
        label_entry.label_first(LABELLED[code](), f"label_{code}")
    if code == LEAK:
        _save_repeats()


def _save_repeats() -> None:
    """The repeated queries as a file: what to drop before the data are imported again."""
    data = session.dataset()
    st.download_button(
        "Save the repeated queries",
        lambda: charts.safe_csv(pd.DataFrame(pair_rows(data))),
        file_name=f"{data.info.name}-repeated.csv",
        mime="text/csv",
        key="save_repeats",
        icon=":material/download:",
        on_click="ignore",
        help="Ids, parts and texts, each with the query that it repeats: drop these rows from your "
        "file and import it again. Nothing can be applied here, as dropping changes the data.",
    )


def _more(issue: Finding, rest: str) -> None:
    """What was measured, with the rule and how far it is from it, and the evidence."""
    label, key = "Measured, rule and evidence", f"more_{issue.code}"
    with st.expander(label, on_change="rerun", key=key) as opened:
        if rest:
            st.text(rest)
        if issue.measures:
            st.caption(frame.escape(". ".join(one.sentence for one in issue.measures) + "."))
        if opened.open:
            _figure(issue.code, "figure")


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
    shares = {name for name in table.columns if table[name].astype(str).str.endswith(" %").any()}
    columns = {
        name: st.column_config.TextColumn(title, alignment="right") if name in shares else title
        for name, title in titles.items()
    }
    long = any(len(str(value)) > LONG for row in rows for value in row.values())
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        column_config=columns,
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
    with st.container(key=f"remedies_{code}"):
        tried = jobs.show(
            _remedies_key(code),
            f"Try {len(wanted)} remed{'ies' if len(wanted) > 1 else 'y'}",
            Call.of(try_all, now, code),
            at_once=at_once,
            about=f"Each {mark('remedy')} is tried out on these data first; one that does not help "
            "is said not to help.",
            line="asked",
        )
        if tried is not None:
            effects.effect_rows(code, tried)


def checks(findings: list[Finding]) -> None:
    """Every check with what it measured, so that silence is never taken for health."""
    n = sum(len(one.measures) for one in findings)
    measures = f", {counted(n, 'measure')}" if len(findings) == len(CHECKS) else ""
    with st.expander(
        f"All {counted(len(CHECKS), 'check')}{measures}: value, rule and margin",
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

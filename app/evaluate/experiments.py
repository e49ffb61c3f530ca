"""The tab Experiments of the page Evaluate: run one, or open its report."""

from __future__ import annotations

import shlex

import streamlit as st

from app import access, frame, session, theme
from app.evaluate import work
from cascal import charts
from cascal.compare.experiments import EXPERIMENTS, Report, read_report

MARKS: dict[str, theme.Badge] = {"passed": "green", "failed": "red", "not applicable": "gray"}


def experiments() -> None:
    """One of the paper's experiments, run here; the reports that were written earlier."""
    st.subheader("Run one of the paper’s experiments and checks on these data", anchor=False)
    name = st.selectbox(
        "Experiment", list(EXPERIMENTS), key="experiment", format_func=_question, width=760
    )
    if not session.read_only():
        other = st.selectbox(
            "Second data set, where two are compared",
            [info.name for info in session.datasets() if info.name != session.dataset_name()],
            index=None,
            placeholder="none",
            key="experiment_other",
            width=420,
        )
        report = work.experiment(name, other)
        if report is not None:
            _report(report, "ran")
    with st.expander("From a shell, and reports that were written earlier"):
        _shell(name)
        _earlier()


def _shell(name: str) -> None:
    where = shlex.quote(access.shown_path(session.workspace().path))
    st.caption("The same from a shell:")
    st.code(
        f"cascal experiment {name} {shlex.quote(session.dataset_name())} -w {where}", language=None
    )


def _question(name: str) -> str:
    return f"{name}: {(EXPERIMENTS[name].__doc__ or '').splitlines()[0]}"


def _earlier() -> None:
    """A report from beside the workspace, or from anywhere."""
    saved = work.saved_reports()
    upload = st.file_uploader("Open a report", type=["json"], key="report", max_upload_size=16)
    if upload is not None:
        _report(read_report(upload.getvalue(), upload.name), "opened")
    elif saved:
        path = st.selectbox("Saved beside the workspace", saved, format_func=lambda path: path.stem)
        _report(work.open_report(path), "opened")


def _report(report: Report, key: str) -> None:
    with st.container(horizontal=True, gap="small"):
        st.badge(report.outcome.capitalize(), color=MARKS[report.outcome])
        if report.simulated:
            frame.simulated()
    st.subheader(frame.headline(report.question), anchor=False)
    st.text(report.sentence)
    st.caption(
        frame.escape(f"Target: {report.target}. {', '.join(report.datasets)}. {report.created_at}")
    )
    table = charts.report_frame(report)
    st.dataframe(table, hide_index=True, alt="Table of the experiment", key=f"report_table_{key}")
    with st.expander("Settings, thresholds, versions"):
        st.json(
            {
                "settings": report.settings,
                "thresholds": report.thresholds,
                "versions": report.versions,
                "fingerprints": report.fingerprints,
            }
        )

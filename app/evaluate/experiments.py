"""The tab Experiments of the page Evaluate."""

from __future__ import annotations

import streamlit as st

from app import frame, session, theme
from app.evaluate import work
from cascal import charts
from cascal.compare.experiments import EXPERIMENTS, Report, read_report

MARKS: dict[str, theme.Badge] = {"passed": "green", "failed": "red", "not applicable": "gray"}


def experiments() -> None:
    """Reports written by `cascal experiment`, opened here."""
    saved = work.saved_reports()
    upload = st.file_uploader("Open a report", type=["json"], key="report", max_upload_size=16)
    report: Report | None = None
    if upload is not None:
        report = read_report(upload.getvalue(), upload.name)
    elif saved:
        path = st.selectbox("Saved beside the workspace", saved, format_func=lambda path: path.stem)
        report = work.open_report(path)
    if report is None:
        st.info("No experiment was run yet. Run one from a shell; its report appears here.")
        st.code("cascal experiment validation " + _quoted_dataset(), language=None)
        for name, experiment in EXPERIMENTS.items():
            st.text(f"• {name}: {(experiment.__doc__ or '').splitlines()[0]}")
        return
    _report(report)


def _quoted_dataset() -> str:
    return '"' + session.dataset_name().replace('"', "") + '"'


def _report(report: Report) -> None:
    with st.container(horizontal=True, gap="small"):
        st.badge(report.outcome.capitalize(), color=MARKS[report.outcome])
        if report.simulated:
            st.badge("Simulated data", color="orange", icon=":material/science:")
    st.subheader(frame.escape(report.question), anchor=False)
    st.text(report.sentence)
    st.caption(
        frame.escape(f"Target: {report.target}. {', '.join(report.datasets)}. {report.created_at}")
    )
    table = charts.report_frame(report)
    st.dataframe(table, hide_index=True, alt="Table of the experiment", key="report_table")
    with st.expander("Settings, thresholds, versions"):
        st.json(
            {
                "settings": report.settings,
                "thresholds": report.thresholds,
                "versions": report.versions,
                "fingerprints": report.fingerprints,
            }
        )

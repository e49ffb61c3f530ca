"""What can be taken along from the page Runs: the router as one file, and the report."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from app import commands, heeded, jobs, session, shared_results
from cascal.columns import Progress
from cascal.compare.comparison import Comparison, compare_routers
from cascal.compare.to_ship import find_to_ship
from cascal.dataset.heeding import few_labels_sentence
from cascal.dataset.payback import find_payback
from cascal.diagnose import Finding, diagnose
from cascal.number_format import roughly
from cascal.report import write_report

SECONDS_OF_CHECKS, SECONDS_OF_ROUTERS = 1.5e-4, 3.5e-4
"""What a response takes in the checks and in the comparison of routers, on two cores."""


def take_along() -> None:
    """The router as one file, and the report for whoever was not there."""
    st.subheader("Take it along", anchor=False)
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Router file",
            _router_bytes,
            file_name="router.cascal",
            on_click="ignore",
            icon=":material/download:",
            help="JSON and arrays, no pickle, no texts.",
        )
    with_texts = st.checkbox("With queries and their words", value=True, key="report_texts")
    made = _report(with_texts=with_texts)
    if made is not None:
        st.download_button(
            "Report",
            made.encode(),
            file_name="cascal-report.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            type="primary",
        )
        st.caption("One HTML file: opens from disk, needs no network, prints well.")


def _router_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "router.cascal"
        heeded.snapshot().router.save(path)
        return path.read_bytes()


def _report(*, with_texts: bool) -> str | None:
    data, free, now = session.dataset(), session.snapshot(), heeded.snapshot()
    fitted, thresholds = session.fit(), session.current_thresholds()
    in_use = heeded.changed_router()
    command = commands.command_line(workspace=False)
    workspace = session.workspace()
    terms, presets = shared_results.terms(), shared_results.preset_trials()
    findings_key, comparison_key = shared_results.findings_key(), shared_results.comparison_key()

    def work(progress: Progress) -> str:
        known = jobs.find(findings_key) if with_texts else None
        checked = free if with_texts else free.unnamed
        findings: list[Finding] = known.result if known and known.result else diagnose(checked)
        compared = jobs.find(comparison_key)
        comparison: Comparison | None = compared.result if compared else None
        if comparison is None and data.test is not None and data.test.has_gold:
            comparison = compare_routers(
                data.train,
                data.test,
                fitted.settings,
                thresholds,
                fitted=fitted,
                in_use=in_use,
                progress=progress,
            )
        return write_report(
            data,
            now,
            now.light_or_reason,
            findings,
            comparison,
            command,
            payback=find_payback(workspace, now, terms),
            to_ship=find_to_ship(workspace, now, terms, presets=presets),
            few_labels=few_labels_sentence(workspace, now),
            notes=workspace.notes(data.info.name),
            with_texts=with_texts,
        )

    return jobs.show(
        f"report:{with_texts}:{heeded.token()}:{terms!r}:{len(presets)}",
        "Write the report",
        work,
        about=f"One HTML file with verdict, map, rankings, routers, findings and settings: "
        f"{_duration(with_texts=with_texts)}.",
    )


def _duration(*, with_texts: bool) -> str:
    """How long the report will take, by what is known already and by the number of responses."""
    checked = with_texts and jobs.find(shared_results.findings_key()) is not None
    compared = jobs.find(shared_results.comparison_key()) is not None
    test = session.dataset().test
    needed = 0.0 if checked else SECONDS_OF_CHECKS
    if test is not None and test.has_gold and not compared:
        needed += SECONDS_OF_ROUTERS
    seconds = needed * session.dataset().info.n_responses
    return roughly(seconds)

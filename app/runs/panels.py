"""The page Runs: save the state, compare two, take the router or a report along."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from app import commands, frame, jobs, label_entry, session, shared_results
from cascal.columns import Progress
from cascal.compare.comparison import Comparison, compare_routers
from cascal.dataset.heeding import few_labels_sentence, heed_labels
from cascal.dataset.payback import find_payback
from cascal.dataset.saved_runs import (
    Reopened,
    RunComparison,
    compare_runs,
    make_run,
    preset_of,
)
from cascal.datatypes import NotApplicable
from cascal.diagnose import Finding, diagnose
from cascal.light import Light
from cascal.payback import Terms
from cascal.report import write_report
from cascal.store import Run

N_FLIPS = 100


def save() -> None:
    """Save the present state under a name, with a note."""
    if session.read_only():
        return
    st.subheader("Save the present state", anchor=False)
    with st.form("save_run", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", key="run_name", placeholder="before merging more")
            note = st.text_input("Note", key="run_note")
        done = st.form_submit_button("Save", icon=":material/bookmark_add:")
    if done:
        with frame.refusals():
            session.workspace().save_run(
                make_run(session.dataset(), session.snapshot(), name.strip(), note.strip())
            )
            st.success("Saved.")


def saved() -> list[Run]:
    """All runs as a table."""
    found: list[Run] = session.workspace().runs()
    st.subheader(f"Saved runs ({len(found)})" if found else "No run is saved yet", anchor=False)
    if not found:
        return []
    right = [one.numbers.get("top1_accuracy") for one in found]
    st.dataframe(
        pd.DataFrame(
            {
                "name": [one.name for one in found],
                "dataset": [one.dataset for one in found],
                "preset": [preset_of(one) for one in found],
                "merge": [one.thresholds.get("merge_distance") for one in found],
                "silhouette": [one.thresholds.get("min_silhouette") for one in found],
                "clusters": [one.numbers.get("n_clusters") for one in found],
                "right": [None if value is None else 100 * value for value in right],
                "saved": [f"{one.created_at:%Y-%m-%d %H:%M}" for one in found],
                "note": [one.note for one in found],
            }
        ),
        hide_index=True,
        alt="Saved runs",
        placeholder="–",
        column_config={
            "name": "Run",
            "dataset": "Data set",
            "preset": "Preset",
            "merge": "Merge",
            "silhouette": "Silhouette",
            "clusters": "Clusters",
            "right": st.column_config.NumberColumn("First right", format="%.1f %%"),
            "saved": "Saved (UTC)",
            "note": "Note",
        },
    )
    _one(found)
    return found


def _one(found: list[Run]) -> None:
    names = [one.name for one in found]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Run", names, key="one_run")
        if not session.read_only() and st.button("Delete", icon=":material/delete:"):
            session.workspace().delete_run(name)
            st.rerun()
    st.caption("Made again in a fresh process, and compared to the bit:")
    where = shlex.quote(str(session.workspace().path))
    st.code(f"cascal runs {shlex.quote(name)} -w {where}", language=None, wrap_lines=True)


def compare(found: list[Run]) -> None:
    """Two runs side by side: flips with their texts, ranking changes, verdicts."""
    if len(found) < 2:
        return
    st.subheader("Compare two runs", anchor=False)
    names = [one.name for one in found]
    by_name = dict(zip(names, found, strict=True))
    left, right = st.columns(2)
    with left:
        a = st.selectbox("A", names, index=1, key="run_a")
    with right:
        b = st.selectbox("B", names, index=0, key="run_b")
    with frame.refusals():
        first, second = shared_results.reopened(by_name[a]), shared_results.reopened(by_name[b])
        _side_by_side(first, second, compare_runs(first, second))
        label_entry.button(
            "Label where they differ",
            "label_runs",
            "settings",
            between=label_entry.side_of_run(b),
            against=label_entry.side_of_run(a),
        )


def _side_by_side(first: Reopened, second: Reopened, found: RunComparison) -> None:
    for column, reopened in zip(st.columns(2), (first, second), strict=True):
        with column:
            st.text(str(reopened.run.numbers.get("verdict", "No gold answers, no verdict.")))
            for sentence in reopened.differences:
                st.warning(sentence)
    n = len(found.first_chosen)
    with st.grid(3, min_column_width=180):
        st.metric("Routes flipped", f"{len(found.flipped) / max(1, n):.1%}", border=True)
        if found.gain is not None:
            gain = found.gain
            st.metric(
                "B minus A, first right",
                f"{100 * gain.value:+.1f} pts",
                border=True,
                delta=f"[{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]",
                delta_color="off",
                delta_arrow="off",
            )
        moved = sum(one != other for one, other in found.ranks.values())
        st.metric("Models that changed place", f"{moved} of {len(found.ranks)}", border=True)
    ranks, flips = st.columns([0.35, 0.65], gap="medium")
    with ranks:
        st.markdown("**Places by global score**")
        st.dataframe(
            pd.DataFrame(
                [
                    {"model": name, "A": one, "B": other}
                    for name, (one, other) in sorted(found.ranks.items(), key=lambda item: item[1])
                ]
            ),
            hide_index=True,
            alt="Places of the models in both runs",
        )
    with flips:
        st.markdown("**Queries that go elsewhere**")
        part = first.dataset.test or first.dataset.train
        rows = found.flipped[:N_FLIPS]
        st.dataframe(
            pd.DataFrame(
                {
                    "query": [part.texts[row] for row in rows],
                    "A": [found.first_chosen[row] for row in rows],
                    "B": [found.second_chosen[row] for row in rows],
                }
            ),
            hide_index=True,
            alt="Queries that two runs route differently",
            height=300,
            column_config={"query": st.column_config.TextColumn("Query", width=380)},
        )


def take_along() -> None:
    """The router as one file, and the report for whoever was not there."""
    st.subheader("Take it along", anchor=False)
    labels_heeded()
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


def labels_heeded() -> None:
    """What labels make of the router file, and the way to undo it."""
    record = heed_labels(session.workspace(), session.snapshot()).router.labels
    if record is None:
        return
    st.text(f"With a few labels: {record.sentence}")
    if record.always:
        st.checkbox("Ignore the labels in the router file", key="ignore_labels")


def _router_bytes() -> bytes:
    now = session.snapshot()
    if not st.session_state.get("ignore_labels"):
        now = heed_labels(session.workspace(), now)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "router.cascal"
        now.router.save(path)
        return path.read_bytes()


def _report(*, with_texts: bool) -> str | None:
    data, now = session.dataset(), session.snapshot()
    fitted, thresholds = session.fit(), session.current_thresholds()
    try:
        light: Light | str = session.light()
    except NotApplicable as error:
        light = str(error)
    command = commands.command_line(workspace=False)
    workspace = session.workspace()
    findings_key, comparison_key = shared_results.findings_key(), shared_results.comparison_key()

    def work(progress: Progress) -> str:
        known = jobs.find(findings_key) if with_texts else None
        findings: list[Finding] = (
            known.result if known and known.result else diagnose(now if with_texts else now.unnamed)
        )
        compared = jobs.find(comparison_key)
        comparison: Comparison | None = compared.result if compared else None
        if comparison is None and data.test is not None and data.test.has_gold:
            comparison = compare_routers(
                data.train,
                data.test,
                fitted.settings,
                thresholds,
                fitted=fitted,
                progress=progress,
            )
        return write_report(
            data,
            now,
            light,
            findings,
            comparison,
            command,
            payback=find_payback(workspace, now, Terms()),
            few_labels=few_labels_sentence(workspace, now),
            with_texts=with_texts,
        )

    return jobs.show(f"report:{with_texts}:{session.snapshot_token()}", "Write the report", work)

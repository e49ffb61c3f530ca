"""A run that generates or collects: its limits, its progress and how it ended."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from app import encoding, frame, held, jobs, session
from cascal.endpoint import Budget


def budget(key: str) -> Budget:
    """How many calls and dollars a run may take."""
    with st.container(horizontal=True, gap="small"):
        calls = st.number_input(
            "At most calls", 1, 10_000_000, None, key=f"{key}_calls", placeholder="no limit"
        )
        dollars = st.number_input(
            "At most US dollars",
            0.0,
            1e6,
            None,
            key=f"{key}_dollars",
            placeholder="no limit",
            help="Needs the prices of the models.",
        )
    return Budget(calls=calls, dollars=dollars)


@held.ticking("1s")
def _watch(key: str, part: str) -> None:
    job = jobs.find(key)
    if job is None or job.state != "running":
        st.rerun()
    st.progress(job.share, frame.escape(job.told(jobs.reader())))
    _detail(job.detail, part)
    st.button("Stop", key=f"stop_{part}", icon=":material/stop:", on_click=job.stop)


def run(key: str, part: str) -> None:
    """A run's progress while it lasts, and how it ended."""
    job = jobs.find(key)
    if job is None:
        return
    if job.state == "running":
        _watch(key, part)
        return
    if job.state == "failed":
        st.error(frame.escape(job.refusal), title="The run ended")
        return
    _detail(job.result, part)
    ended = getattr(job.result, "ended", "")
    if ended:
        st.info(f"Ended early: {frame.escape(ended)} Start it again to go on.")
    elif part == "tasks":
        st.success("All queries are there. Next: collect the responses.")
    else:
        _collected(key.partition(":")[2])


def _collected(dataset: str) -> None:
    """That all is there, and the way to the vectors where those are missing."""
    if not session.workspace().texts_without_vectors(dataset, encoding.encoder_name()):
        st.success("Everything is collected.")
        return
    st.success("Everything is collected. Encode it on the page Data, then look at the map.")
    st.page_link(
        frame.page_file("data_sets"), label="Go on to Data", icon=":material/arrow_forward:"
    )


def _detail(now: Any, part: str) -> None:  # noqa: ANN401 – progress of either run, or None
    if now is None:
        return
    if part == "tasks":
        rows = [
            {
                "task": one.task,
                "queries": one.kept,
                "wanted": one.wanted,
                **{name: one.outcomes.get(name, 0) for name in ("duplicate", "invalid", "error")},
                "like a test query": one.leaked,
            }
            for one in now.tasks
        ]
    else:
        rows = [
            {
                "model": one.model,
                "answered": one.done,
                "failed": one.failed,
                "left": one.left,
                "a second": round(one.rate, 1),
                "seconds left": None if math.isnan(one.eta) else round(one.eta),
                "$": round(one.cost, 5),
                "note": one.halted,
            }
            for one in now.models
        ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=f"Progress of the {part}")


def failures(dataset: str) -> None:
    """What ended in an error so far, by cause."""
    rows = session.workspace().failures(dataset).to_pylist()
    if rows:
        st.caption("Stored errors, by cause:")
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Errors by cause")

"""The panels of the page Collect: pool, queries, responses."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, jobs, session
from app.collect import work
from cascal.collection.collect_less import COST
from cascal.collection.task_file import TaskRequest
from cascal.counted import counted
from cascal.datatypes import CascalError
from cascal.endpoint import Budget
from cascal.endpoint.pool_file import PoolModel

STORED, WRITTEN = "Queries of a data set", "Have them written"
SECRETS = (
    "A key is never written here: name the environment variable that holds it in key_env. Prices "
    "are US dollars per million tokens."
)


def pool() -> tuple[PoolModel, ...] | None:
    """The pool editor and its check; None while it holds something that cannot be used."""
    st.subheader("1. Whom to ask?", anchor=False)
    frame_ = _editor("pool", generators=False)
    with frame.refusals():
        models = work.pool_of(frame_)
        with st.container(horizontal=True, gap="small"):
            check = st.button("Check the servers", icon=":material/network_check:")
            st.download_button(
                "Pool file",
                work.pool_yaml(frame_),
                file_name="pool.yaml",
                mime="application/yaml",
                icon=":material/download:",
                on_click="ignore",
            )
        if check:
            with st.spinner("Asking every model for a sign of life", show_time=True):
                st.session_state["checked"] = work.checked(models)
        if st.session_state.get("checked"):
            st.dataframe(
                pd.DataFrame(st.session_state["checked"]),
                hide_index=True,
                alt="What the servers can do",
            )
        return models
    return None


def _editor(key: str, *, generators: bool) -> pd.DataFrame:
    own = st.segmented_control(
        "From",
        ["Simulated", "My endpoints"],
        default="Simulated",
        required=True,
        key=f"{key}_source",
        label_visibility="collapsed",
    )
    if own == "Simulated":
        start = work.simulated_frame(generators=generators)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.badge("Simulated data", color="orange", icon=":material/science:")
            st.caption("Models that do not exist, on this machine: no key, no cost.")
    else:
        start = work.empty_frame()
        st.caption(SECRETS)
    return st.data_editor(
        start,
        num_rows="dynamic",
        hide_index=True,
        key=f"{key}_{own}",
        column_config={
            "name": st.column_config.TextColumn("Name", required=True),
            "model_id": st.column_config.TextColumn("Model id at the server"),
            "base_url": st.column_config.TextColumn("Base URL (…/v1)", required=True),
            "key_env": st.column_config.TextColumn("key_env", help=SECRETS),
            "input_price": st.column_config.NumberColumn("$ in", min_value=0.0),
            "output_price": st.column_config.NumberColumn("$ out", min_value=0.0),
            "concurrency": st.column_config.NumberColumn("At once", min_value=1, max_value=256),
        },
    )


def _budget(key: str) -> Budget:
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


def what() -> None:
    """The queries: those of a data set, or written by a generator from descriptions of tasks.

    Which data set is asked stands below, as what is written becomes one.
    """
    st.subheader("2. What to ask?", anchor=False)
    how = st.segmented_control(
        "Queries",
        [STORED, WRITTEN],
        default=STORED if session.datasets() else WRITTEN,
        required=True,
        key="queries_from",
        label_visibility="collapsed",
        persist_state="session",
    )
    known = [info.name for info in session.datasets()]
    if how == WRITTEN:
        _generate()
    if known:
        _follow(known)
        st.selectbox("Data set to ask", known, key="asked_dataset")


def _generate() -> None:
    """Task descriptions, a generator, how many; the run with its progress."""
    tasks = _tasks()
    with st.expander("Who writes them"):
        generators = _editor("generator", generators=True)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        dataset = st.text_input("Data set", "generated", key="collect_dataset")
        n = st.number_input("Queries a task", 1, 100_000, 60, key="collect_n")
    budget = _budget("generate")
    with frame.refusals():
        models = work.pool_of(generators)
        chosen = st.selectbox("Written by", [one.name for one in models], key="generator_name")
        if tasks is not None:
            _writing_ahead(tasks, int(n), chosen)
        if st.button("Generate", type="primary", icon=":material/edit_note:"):
            generator = next(one for one in models if one.name == chosen)
            work.start_generating(_named(dataset), tasks or (), generator, int(n), budget)
    _run(f"generate:{dataset.strip()}", "tasks")


def _tasks() -> tuple[TaskRequest, ...] | None:
    """The tasks from a table, or from a file's text, which can hold examples too."""
    as_text = st.toggle("As a task file (YAML), with examples", key="tasks_as_text")
    with frame.refusals():
        if as_text:
            text = st.text_area(
                "Task descriptions (YAML)", work.EXAMPLE_TASKS, height=230, key="tasks_text"
            )
            return work.tasks_of(text)
        return work.tasks_of_table(
            st.data_editor(
                work.example_tasks(),
                num_rows="dynamic",
                hide_index=True,
                placeholder="as below",
                key="tasks_table",
                column_config={
                    "name": st.column_config.TextColumn("Task", required=True, width=140),
                    "description": st.column_config.TextColumn(
                        "What its queries are about", required=True, width=560
                    ),
                    "n": st.column_config.NumberColumn(
                        "Queries", min_value=1, help="Empty: as many as below."
                    ),
                },
            )
        )
    return None


def _writing_ahead(tasks: tuple[TaskRequest, ...], n: int, generator: str) -> None:
    wanted = sum(n if one.n is None else one.n for one in tasks)
    st.caption(
        frame.escape(
            f"{counted(wanted, 'query')} in {counted(len(tasks), 'task')}: as many calls of "
            f"{generator}, and some more for what comes twice or is unusable."
        )
    )


def _named(dataset: str) -> str:
    if not dataset.strip():
        raise CascalError("The data set needs a name.", code="missing-value")
    return dataset.strip()


def collect(models: tuple[PoolModel, ...], title: DeltaGenerator) -> None:
    """Calls and cost before anything is sent; then the run, per model, with errors by cause.

    title : where the page says what it found
    """
    st.subheader("3. What does it cost, and go", anchor=False)
    dataset: str | None = st.session_state.get("asked_dataset")
    if dataset is None or not session.datasets():
        st.caption("There is no data set yet: generate queries first, or import some.")
        return
    with st.expander("Ask less, ask errors again, set limits"):
        retry = st.checkbox("Ask again what ended in an error", key="retry_errors")
        share = st.slider(
            "Share of the calls (%)",
            10,
            100,
            100,
            5,
            key="fraction",
            help="Below 100, every model is asked a random base sample; further training queries "
            "go to the models that may still be the best of their task, as long as the calls last.",
        )
        budget = _budget("collect")
    with frame.refusals():
        n_calls, dollars = _ahead(dataset, models, share / 100, retry=retry)
        title.title(_headline(n_calls, dollars, dataset), anchor=False)
        if st.button(
            f"Collect {counted(n_calls, 'response')}" if n_calls else "Collect",
            type="primary",
            icon=":material/forum:",
            key="collect_now",
            disabled=not n_calls,
        ):
            work.start_collecting(dataset, models, budget, retry=retry, fraction=share / 100)
    _run(f"collect:{dataset}", "models")
    _failures(dataset)


def _headline(n_calls: int, dollars: float, dataset: str) -> str:
    if not n_calls:
        return frame.escape(f"Nothing to ask: the pool has answered all of {dataset}")
    price = "at an unknown price" if math.isnan(dollars) else f"for about ${dollars:,.2f}"
    return frame.escape(f"{counted(n_calls, 'call')} {price} complete {dataset}")


def _ahead(
    dataset: str, models: tuple[PoolModel, ...], share: float, *, retry: bool
) -> tuple[int, float]:
    """Say how many calls that makes and about what they cost; both are returned."""
    ahead = work.ahead(dataset, models, retry=retry)
    n_calls, dollars = ahead.calls, ahead.dollars
    if share < 1 and ahead.calls:
        fewer = work.fewer(dataset, models, share, retry=retry)
        n_calls, dollars = fewer.most, dollars * fewer.most / ahead.calls
        st.caption(f"{fewer.sentence} {COST}")
    with st.grid(3, min_column_width=200):
        frame.metric("Calls", f"{n_calls:,}", "at most" if share < 1 else "one a query and model")
        price = "unknown" if math.isnan(dollars) else f"${dollars:,.2f}"
        unpriced = (
            f"{counted(len(ahead.unpriced), 'model')} without prices" if ahead.unpriced else ""
        )
        frame.metric("Cost, about", price, unpriced, ahead.basis)
        stored = session.workspace().dataset(dataset).n_responses
        frame.metric("Stored already", f"{stored:,}", "never asked again")
    if not n_calls:
        st.caption("Every model of the pool has answered every query: there is nothing to ask.")
        return 0, 0.0
    with st.expander("Calls and cost of each model"):
        st.dataframe(
            pd.DataFrame(ahead.models),
            hide_index=True,
            alt="Calls, tokens and cost of each model",
            column_config={
                "model": "Model",
                "calls": st.column_config.NumberColumn("Calls", format="localized"),
                "input_tokens": st.column_config.NumberColumn("Tokens in", format="compact"),
                "output_tokens": st.column_config.NumberColumn("Tokens out", format="compact"),
                "dollars": st.column_config.NumberColumn("US dollars", format="%.2f"),
            },
        )
        st.caption(frame.escape(ahead.basis))
    return n_calls, dollars


def _follow(known: list[str]) -> None:
    """Ask what was generated in this session, else what the sidebar shows, until told otherwise."""
    state = st.session_state
    generated = str(state.get("collect_dataset", "")).strip()
    made = generated in known and jobs.find(f"generate:{generated}") is not None
    wanted = generated if made else state.get("dataset", known[0])
    if state.get("asked_after") != wanted or state.get("asked_dataset") not in known:
        state["asked_after"] = state["asked_dataset"] = wanted


@st.fragment(run_every="1s")
def _watch(key: str, part: str) -> None:
    job = jobs.find(key)
    if job is None or job.state != "running":
        st.rerun()
    st.progress(job.share, frame.escape(job.told(jobs.reader())))
    _detail(job.detail, part)
    st.button("Stop", key=f"stop_{part}", icon=":material/stop:", on_click=job.stop)


def _run(key: str, part: str) -> None:
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
        st.success("Everything is collected. Encode it on the page Data, then look at the map.")


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


def _failures(dataset: str) -> None:
    rows = session.workspace().failures(dataset).to_pylist()
    if rows:
        st.caption("Stored errors, by cause:")
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Errors by cause")

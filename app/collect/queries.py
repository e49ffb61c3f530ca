"""What to ask: the queries of a data set, or some that a generator writes."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import columns, frame, jobs, session
from app.collect import work
from app.collect.keys import QUERIES_FROM, STORED, WRITTEN
from app.collect.pool_editor import editor
from app.collect.running import budget, run
from cascal.collection.task_file import TaskRequest
from cascal.datatypes import CascalError
from cascal.number_format import counted


def what(summary: DeltaGenerator, n_models: int) -> None:
    """The queries: those of a data set, or written by a generator from descriptions of tasks.

    Which data set is asked stands below, as what is written becomes one. summary : where the page
    begins, with the button that has the first queries written; n_models : who is asked then
    """
    st.subheader("2. What to ask?", anchor=False)
    how = st.segmented_control(
        "Queries",
        [STORED, WRITTEN],
        default=STORED if session.datasets() else WRITTEN,
        required=True,
        key=QUERIES_FROM,
        label_visibility="collapsed",
        persist_state="session",
    )
    known = [info.name for info in session.datasets()]
    if how == WRITTEN:
        _generate(st.container() if known else summary, n_models)
    if known:
        follow(known)
        st.selectbox("Data set to ask", known, key="asked_dataset")


def _generate(begin: DeltaGenerator, n_models: int) -> None:
    """Task descriptions, a generator, how many; `begin` holds the button and the run."""
    tasks = _tasks()
    with st.expander("Who writes them"):
        generators = editor("generator", generators=True)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        dataset = st.text_input("Data set", "generated", key="collect_dataset")
        n = st.number_input("Queries a task", 1, 100_000, 60, key="collect_n")
    limits = budget("generate")
    with frame.refusals():
        models = work.pool_of(generators)
        chosen = st.selectbox("Written by", [one.name for one in models], key="generator_name")
        with begin:
            if tasks is not None:
                _writing_ahead(tasks, int(n), chosen, n_models)
            if st.button("Generate", type="primary", icon=":material/edit_note:"):
                generator = next(one for one in models if one.name == chosen)
                work.start_generating(_named(dataset), tasks or (), generator, int(n), limits)
    with begin:
        run(f"generate:{dataset.strip()}", "tasks")


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
                    "n": columns.number("Queries", min_value=1, help="Empty: as many as below."),
                },
            )
        )
    return None


def _writing_ahead(tasks: tuple[TaskRequest, ...], n: int, generator: str, n_models: int) -> None:
    wanted = sum(n if one.n is None else one.n for one in tasks)
    st.caption(
        frame.escape(
            f"{counted(wanted, 'query')} in {counted(len(tasks), 'task')}: as many calls of "
            f"{generator}, and some more for what comes twice or is unusable. Then "
            f"{counted(wanted * n_models, 'call')} of {counted(n_models, 'model')}: what those "
            "cost is said here before any is made."
        )
    )


def _named(dataset: str) -> str:
    if not dataset.strip():
        raise CascalError("The data set needs a name.", code="missing-value")
    return dataset.strip()


def follow(known: list[str]) -> None:
    """Ask what was generated in this session, else what the sidebar shows, until told otherwise."""
    state = st.session_state
    generated = str(state.get("collect_dataset", "")).strip()
    made = generated in known and jobs.find(f"generate:{generated}") is not None
    wanted = generated if made else state.get("dataset", known[0])
    if state.get("asked_after") != wanted or state.get("asked_dataset") not in known:
        state["asked_after"] = state["asked_dataset"] = wanted

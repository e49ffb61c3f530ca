"""The cell of the bench that the reader looks at: a task, a model and a number of clusters.

All three are in the address. A click on the bench and the widgets beside it choose the same.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import held
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose.coherence import Coherence
from cascal.diagnose.silhouettes import SilhouetteBench

TASK, MODEL, K = "silhouette_task", "silhouette_model", "silhouette_k"
SEEN = "silhouette_seen"
"""The task and model that the number of clusters was last chosen for."""
FIRST = "silhouette_first"
"""The task and model that were opened without being chosen."""


def choose(bench: SilhouetteBench, first: tuple[int, int]) -> tuple[int, int]:
    """Task and model; `first` until the reader looks at others, wherever that moves."""
    names = (bench.tasks[first[0]], bench.models[first[1]])
    if (st.session_state.get(TASK), st.session_state.get(MODEL)) == st.session_state.get(FIRST):
        st.session_state[TASK], st.session_state[MODEL] = names
    st.session_state[FIRST] = names
    with st.container(horizontal=True):
        task = _select(TASK, "Task", bench.tasks, first[0])
        model = _select(MODEL, "Model", bench.models, first[1])
    return task, model


def _select(key: str, label: str, names: tuple[str, ...], first: int) -> int:
    if st.session_state.get(key, names[first]) not in names:
        st.session_state[key] = names[first]  # of another data set
    name: str = st.selectbox(
        label, names, index=first, key=key, bind="query-params", persist_state="session"
    )
    return names.index(name)


def choose_k(bench: SilhouetteBench, task: int, model: int) -> int:
    """A number of clusters that the cell can be split into; at first the best one."""
    options, best = bench.splits(task, model).tolist(), int(bench.best_k[task, model])
    seen, now = st.session_state.get(SEEN), (bench.tasks[task], bench.models[model])
    other_cell = seen is not None and seen != now
    if other_cell or st.session_state.get(K, best) not in options:
        st.session_state[K] = best
    st.session_state[SEEN] = now
    k: int = st.segmented_control(
        "Clusters",
        options,
        default=best,
        required=True,
        key=K,
        bind="query-params",
        persist_state="session",
    )
    return k


def pick(bench: SilhouetteBench, task: int, model: int, k: int | None = None) -> None:
    """Look at a cell; without k at its best split. For callbacks."""
    if not (0 <= task < len(bench.tasks) and 0 <= model < len(bench.models)):
        return
    options = bench.splits(task, model)
    if not len(options):
        return
    names = bench.tasks[task], bench.models[model]
    best = int(bench.best_k[task, model])
    held.put(**dict(zip((TASK, MODEL, K), (*names, k if k in options else best), strict=True)))
    st.session_state[SEEN] = names


def of_cluster(bench: SilhouetteBench, now: Snapshot, chosen: Coherence) -> tuple[int, int] | None:
    """Task and model of the split that a cluster came from, without an owner its task's weakest.

    None where nothing of its task was split
    """
    if chosen.task not in bench.tasks:
        return None
    task, model = bench.tasks.index(chosen.task), int(now.router.clusters.owner[chosen.cluster])
    if model < 0:
        best = bench.best[task]
        if not np.isfinite(best).any():
            return None
        model = int(np.nanargmin(best))
    return task, model

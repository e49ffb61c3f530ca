"""The sidebar, the same on every page: data set, preset, thresholds, undo and the command."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import bookmarks, commands, frame, held, history, links, session, strips, values
from app.pages import CHART_FILES, EXPLORE
from app.terms.glossary import mark
from app.values import DEFAULTS, MERGES, SILHOUETTES, VOTERS, Values
from cascal.compare.cost import weight_label
from cascal.settings import CLUSTERS, JOINING, PRESETS, ROUTINGS, TASKS_MEASURED

HELP = {
    "preset": "How skills are estimated. recommended: ours, knows that some queries are easy and "
    "hears log-probabilities as far as the votes bear them out. recommended-1: its first version, "
    "which heard none. released: what the CASCAL authors' code computes. paper: the paper's text, "
    "needs log-probabilities. Changing it refits; the page Evaluate says where presets differ.",
    "clusters": "skills: the clusters that the models' strong queries form inside a task. "
    f"task: one cluster and one ranking a task. {TASKS_MEASURED} Changing it refits.",
    "silhouette": "A model's strong queries of a task are split into several clusters only if the "
    "split is at least this clear. Higher: fewer, broader clusters.",
    "merge": "Clusters whose centres are closer than this (1 − cosine) become one. "
    "Higher: fewer clusters.",
    "share": "Two clusters of a task become one if their three best models have this many in "
    "common. Fewer in common needed: fewer clusters.",
    "top_k": "How many models vote when more than one is asked. “Ask one model” takes the first.",
    "routing": "How the clusters near a query decide. Presets bring their own way; this overrules "
    "it without refitting. "
    + " ".join(f"{name}: {routing.label}." for name, routing in ROUTINGS.items()),
    "cost": "Score given up for one US dollar less per 1,000 queries: routes go by "
    "score − weight · cost. 0 ignores cost. The page Evaluate shows quality against cost.",
}

BY_TASK = "Each task is one cluster: min silhouette, merge distance and joining have no effect."
"""Why the controls of the clusters are not shown."""

_COMMAND = "command"
_UNDO_SHOWN = "undo_shown"
"""Whether the button that undoes was last drawn as one that can."""

EXPLAINED = {
    "silhouette": "silhouette",
    "merge distance": "merge",
    "joining": "joining",
    "cost weight": "cost weight",
}
"""Words of a described state, by their term in the glossary."""


def sidebar() -> dict[str, DeltaGenerator]:
    """Data set, preset and thresholds; nothing where the workspace is empty.

    Returned are the places of strips that wait for the page to fit.
    """
    datasets = [info.name for info in session.datasets()]
    if not datasets:
        st.sidebar.caption("The workspace is empty.")
        return {}
    _choose_dataset(datasets)
    if frame.came_by_button():
        _keep(*asdict(DEFAULTS))  # what is set anew is put into the address again
        st.session_state["dataset"] = session.dataset_name()
    faults = links.faults(datasets)
    with st.sidebar:
        st.markdown("**CASCAL Studio**")
        if faults:
            st.warning(frame.escape(" ".join(faults)))
        st.selectbox("Data set", datasets, key="dataset", format_func=_dataset_label)
        links.show_dataset(session.dataset_name())
        _skills()
        places = _clusters()
        _routes()
        history.begin()
        _buttons()
        _reproduce()
        bookmarks.bookmarks()
    return places


def _choose_dataset(datasets: list[str]) -> None:
    """The data set just imported, else the present one, else that of the address or the first."""
    wanted = st.session_state.pop("dataset_wanted", None)
    if wanted in datasets:
        st.session_state["dataset"] = wanted
    if st.session_state.get("dataset") not in datasets:
        typed = st.query_params.get("dataset")  # a bound widget would read and write labels
        st.session_state["dataset"] = typed if typed in datasets else datasets[0]


def _dataset_label(name: str) -> str:
    info = next((info for info in session.datasets() if info.name == name), None)
    return f"{name} (simulated)" if info is not None and info.origin == "simulated" else name


# Each widget's own default is that of `DEFAULTS`: an address leaves out what is at it.


def _skills() -> None:
    st.selectbox(
        "Preset",
        list(PRESETS),
        key="preset",
        on_change=history.remember,
        bind="query-params",
        help=HELP["preset"],
    )


def _clusters() -> dict[str, DeltaGenerator]:
    st.segmented_control(
        "Clusters follow",
        list(CLUSTERS),
        key="clusters",
        default=DEFAULTS.clusters,
        on_change=history.remember,
        bind="query-params",
        required=True,
        help=HELP["clusters"],
    )
    if session.current_settings().by_task:
        st.caption(BY_TASK)
        _keep("silhouette", "merge", "share")
        return {}
    places = _slider("silhouette", "Min silhouette", SILHOUETTES, DEFAULTS.silhouette)
    places |= _slider("merge", "Merge distance", MERGES, DEFAULTS.merge)
    st.segmented_control(
        "Join clusters that share best models",
        list(JOINING),
        key="share",
        default=DEFAULTS.share,
        on_change=_moved,
        bind="query-params",
        required=True,
        help=HELP["share"],
    )
    return places


def _moved() -> None:
    """After a threshold has moved: where a page has said what follows it, nothing else is drawn.

    The first move draws all of it: the button that undoes it is not among what follows.
    """
    set_again = held.keep()  # and on the page it shows something else
    history.remember()
    if not set_again and history.can_undo() == st.session_state.get(_UNDO_SHOWN):
        frame.draw_only(EXPLORE, _COMMAND, strips.fragment_key("merge"), CHART_FILES)


def _keep(*names: str) -> None:
    """Set controls anew to what they show: also those that are not drawn come back with that."""
    for name, value in asdict(values.present()).items():
        if name in names:
            st.session_state[name] = value


def _slider(
    key: str, label: str, ends: tuple[float, float], default: float
) -> dict[str, DeltaGenerator]:
    """A slider of the clusters under a strip that shows where it can change anything.

    Returned is the place of a strip that cannot be drawn yet.
    """
    with st.container(gap="xsmall", key=f"strip_{key}"):
        place = strips.over(key, label, HELP[key])
        st.slider(
            label,
            *ends,
            default,
            step=strips.STEP,
            key=key,
            on_change=_moved,
            bind="query-params",
            help=HELP[key],
            label_visibility="collapsed",
        )
    return {} if place is None else {key: place}


def _routes() -> None:
    info = session.current_info()
    if info is not None and info.n_models > 1:
        st.slider(
            "Models, where several vote",
            *VOTERS,
            DEFAULTS.top_k,
            key="top_k",
            on_change=_moved,
            bind="query-params",
            help=HELP["top_k"],
        )
    else:
        _keep("top_k")
    st.selectbox(
        "Routing",
        list(ROUTINGS),
        key="routing",
        format_func=_routing_label,
        on_change=_moved,
        bind="query-params",
        help=HELP["routing"],
    )
    weights = session.cost_weights()
    if weights:
        st.select_slider(
            "Cost weight (logarithmic scale)",
            weights,
            key="cost",
            on_change=_moved,
            bind="query-params",
            help=HELP["cost"],
            format_func=weight_label,
        )


def _routing_label(name: str) -> str:
    """The name; what leaves the choice to the preset says so, beside a control of that name."""
    return ROUTINGS[name].label if name == "preset" else name


def _buttons() -> None:
    st.session_state[_UNDO_SHOWN] = history.can_undo()
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Undo",
            key="undo",
            on_click=history.undo,
            disabled=not history.can_undo(),
            help="Back to the state before the last change",
        )
        st.button("Reset", key="reset", on_click=history.reset, help="Back to the defaults")
        st.button(
            "Pin",
            key="pin",
            on_click=history.pin,
            help="Measure changes against the present state",
        )
    st.caption(f"Changes are against: {_explained(describe(history.pinned()))}")
    st.page_link(
        frame.page_file("runs"), label="Compare states on Runs", icon=":material/compare_arrows:"
    )


def describe(state: Values) -> str:
    """A state in one line."""
    parts = [state.settings.name]
    if not state.settings.by_task:
        parts.append(f"silhouette {state.silhouette:g}, merge {state.merge:g}")
        parts.append(f"joining {state.share}")
    if state.routing != "preset":
        parts.append(f"routing {state.routing}")
    parts.append(f"vote of {state.top_k}" if state.top_k > 1 else "one model asked")
    parts.append(f"cost weight {weight_label(state.cost)}")
    return ", ".join(parts)


def _explained(state: str) -> str:
    """A described state with the names of the thresholds as words that are explained."""
    for term, word in EXPLAINED.items():
        state = state.replace(f"{word} ", f"{mark(term, word)} ", 1)
    return state


@st.fragment(key=_COMMAND)
def _reproduce() -> None:
    with st.popover("Reproduce this state", width="stretch"):
        st.write("The same router from the command line:")
        st.code(commands.command_line(), language="bash", wrap_lines=True)
        st.write("The address of this page carries the state: copy it to share the view.")

"""Widgets -> settings, thresholds, selection. The sidebar is the same on every page."""

from __future__ import annotations

import shlex
from typing import cast

import streamlit as st

from app import frame, session
from cascal.compare.cost import weight_label
from cascal.settings import BOUNDS, JOINING, ROUTINGS

HELP = {
    "preset": "How skills are estimated. recommended: ours, knows that some queries are easy. "
    "released: what the CASCAL authors' code computes. paper: the paper's text, needs "
    "log-probabilities. Changing it refits.",
    "silhouette": "A model's strong queries of a task are split into several clusters only if the "
    "split is at least this clear. Higher: fewer, broader clusters.",
    "merge": "Clusters whose centres are closer than this (1 − cosine) become one. "
    "Higher: fewer clusters.",
    "share": "Two clusters of a task become one if their three best models have this many in "
    "common. Fewer in common needed: fewer clusters.",
    "top_k": "How many models vote when more than one is asked.",
    "routing": "How the clusters near a query decide. Presets bring their own way; this overrules "
    "it without refitting. " + " ".join(f"{name}: {one.label}." for name, one in ROUTINGS.items()),
    "cost": "Score given up for one US dollar less per 1,000 queries: routes go by "
    "score − weight · cost. 0 ignores cost. The page Evaluate shows quality against cost.",
}


RANGES = {"silhouette": (0.0, 0.5), "merge": (0.0, 0.6), "top_k": (1, 5)}
"""Where the sliders move: within the bounds of the thresholds, where something still changes."""
THRESHOLDS = {
    "silhouette": "min_silhouette",
    "merge": "merge_distance",
    "top_k": "top_k",
    "cost": "cost_weight",
}
"""Which threshold a control moves."""


def remember() -> None:
    """Keep the state before a change, for undo."""
    history = st.session_state.setdefault("history", [])
    last = st.session_state.get("last_values")
    if last is not None and last != session.values():
        history.append(last)
        del history[:-50]
    st.session_state["last_values"] = session.values()


def _restore(values: dict[str, object]) -> None:
    for name, value in values.items():
        st.session_state[name] = value
    st.session_state["last_values"] = dict(values)


def set_values(changed: dict[str, object]) -> None:
    """Set some controls from a button; undo brings the old state back."""
    before = session.values()
    _restore({**before, **changed})
    st.session_state.setdefault("history", []).append(before)


def _undo() -> None:
    if st.session_state.get("history"):
        _restore(st.session_state["history"].pop())


def _reset() -> None:
    before = session.values()
    _restore({name: session.DEFAULTS[name] for name in session.TUNED})
    st.session_state.setdefault("history", []).append(before)


def _pin() -> None:
    st.session_state["pinned"] = session.values()


def _dataset_label(name: str) -> str:
    info = next((one for one in session.datasets() if one.name == name), None)
    return f"{name} (simulated)" if info is not None and info.origin == "simulated" else name


def sidebar() -> None:
    """Data set, preset and thresholds; nothing where the workspace is empty."""
    known = [info.name for info in session.datasets()]
    if not known:
        st.sidebar.caption("The workspace is empty.")
        return
    wanted = st.session_state.pop("dataset_wanted", None)
    if wanted in known:
        st.session_state["dataset"] = wanted
    if st.session_state.get("dataset") not in known:
        typed = st.query_params.get("dataset")  # the widget itself reads labels only
        st.session_state["dataset"] = typed if typed in known else known[0]
    _look_at_link(known)
    with st.sidebar:
        st.markdown("**CASCAL Studio**")
        if st.session_state["link_faults"]:
            st.warning(frame.escape(" ".join(st.session_state["link_faults"])))
        st.selectbox(
            "Data set", known, key="dataset", format_func=_dataset_label, bind="query-params"
        )
        _thresholds()
        st.session_state.setdefault("last_values", session.values())
        _buttons()
        _reproduce()


def _look_at_link(known: list[str]) -> None:
    """Note once what the address asks for and cannot have; widgets would drop it in silence."""
    if "link_faults" in st.session_state:
        return
    choices = {
        "dataset": known,
        "preset": session.PRESETS,
        "share": JOINING,
        "routing": ROUTINGS,
    }
    faults = []
    for name, value in st.query_params.items():
        allowed = choices.get(name)
        if allowed is not None and value not in allowed:
            faults.append(f"The link asks for {name} {value[:60]!r}, which is not here.")
        if name in THRESHOLDS:
            faults += _number_faults(name, value)
    faults += _cost_of_link(st.query_params.get("cost"))
    st.session_state["link_faults"] = faults


def _cost_of_link(text: str | None) -> list[str]:
    """Take any cost weight from the address, on the grid or not; or say that none acts here."""
    if text is None or _number_faults("cost", text):
        return []
    st.session_state.setdefault("cost", float(text))
    if float(text) and not session.cost_weights():
        return [f"The link asks for cost {text[:60]!r}; costs here are unknown or equal."]
    return []


def _number_faults(name: str, text: str) -> list[str]:
    """What is wrong with a number in the address: no threshold takes it, or no slider does."""
    bound, asked = BOUNDS["Thresholds"][THRESHOLDS[name]], f"The link asks for {name} {text[:60]!r}"
    try:
        value = cast("float", bound.read(text))
    except ValueError:
        return [f"{asked}; it must be {bound}."]
    low, high = RANGES.get(name, (bound.low, bound.high))
    return [] if low <= value <= high else [f"{asked}; the slider goes from {low:g} to {high:g}."]


def _thresholds() -> None:
    """Each widget's own default is that of `DEFAULTS`: an address leaves out what is at it."""
    default = session.DEFAULTS
    st.selectbox(
        "Preset",
        list(session.PRESETS),
        key="preset",
        on_change=remember,
        bind="query-params",
        help=HELP["preset"],
    )
    st.slider(
        "Min silhouette",
        *RANGES["silhouette"],
        default["silhouette"],
        step=0.01,
        key="silhouette",
        on_change=remember,
        bind="query-params",
        help=HELP["silhouette"],
    )
    st.slider(
        "Merge distance",
        *RANGES["merge"],
        default["merge"],
        step=0.01,
        key="merge",
        on_change=remember,
        bind="query-params",
        help=HELP["merge"],
    )
    st.segmented_control(
        "Join clusters that share best models",
        list(JOINING),
        key="share",
        default=default["share"],
        on_change=remember,
        bind="query-params",
        required=True,
        help=HELP["share"],
    )
    st.slider(
        "Models that vote",
        *RANGES["top_k"],
        default["top_k"],
        key="top_k",
        on_change=remember,
        bind="query-params",
        help=HELP["top_k"],
    )
    st.selectbox(
        "Routing",
        list(ROUTINGS),
        key="routing",
        on_change=remember,
        bind="query-params",
        help=HELP["routing"],
    )
    weights = session.cost_weights()
    if weights:
        st.select_slider(
            "Cost weight",
            weights,
            key="cost",
            on_change=remember,
            bind="query-params",
            help=HELP["cost"],
            format_func=weight_label,
        )


def _buttons() -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Undo",
            key="undo",
            on_click=_undo,
            disabled=not st.session_state.get("history"),
            help="Back to the state before the last change",
        )
        st.button("Reset", key="reset", on_click=_reset, help="Back to the defaults")
        st.button("Pin", key="pin", on_click=_pin, help="Measure changes against the present state")
    pinned = session.pinned_values()
    st.caption(f"Changes are against: {describe(pinned)}")


def describe(values: dict[str, object]) -> str:
    """A state in one line."""
    parts = [
        f"{values['preset']}, silhouette {values['silhouette']:g}, merge {values['merge']:g}",
        f"share {values['share']}",
    ]
    if values["routing"] != "preset":
        parts.append(f"routing {values['routing']}")
    if values["cost"]:
        parts.append(f"cost {weight_label(cast('float', values['cost']))}")
    return ", ".join(parts)


def options_line() -> str:
    """The options of any command that takes the present settings and thresholds."""
    values = session.values()
    jaccard = JOINING[str(values["share"])]
    prune = "--no-prune" if jaccard is None else f"--prune-jaccard {jaccard:g}"
    weight = session.current_thresholds().cost_weight
    cost = f" --cost-weight {weight_label(weight)}" if weight else ""
    routing = "" if values["routing"] == "preset" else f" --routing {values['routing']}"
    return (
        f"--preset {values['preset']} --min-silhouette {values['silhouette']:g} "
        f"--merge-distance {values['merge']:g} {prune} --top-k {values['top_k']}{cost}{routing}"
    )


def command_line(*, workspace: bool = True) -> str:
    """The line that makes the same router outside the dashboard; a name is never more than one."""
    where = f" -w {shlex.quote(str(session.workspace().path))}" if workspace else ""
    dataset = shlex.quote(str(st.session_state["dataset"]))
    return f"cascal fit {dataset}{where} {options_line()} --out router.cascal"


def _reproduce() -> None:
    with st.popover("Reproduce this state", width="stretch"):
        st.write("The same router from the command line:")
        st.code(command_line(), language="bash", wrap_lines=True)
        st.write("The address of this page carries the state: copy it to share the view.")


def selection_of(key: str) -> list[int]:
    """Row numbers a reader picked in a table."""
    event = st.session_state.get(key)
    return (
        list(cast("dict[str, dict[str, list[int]]]", event)["selection"]["rows"]) if event else []
    )

"""Search and filters of queries, the sentence that says what is chosen, and its end."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import frame, heeded, held, notes, renewed, selection, session, stored
from app.selection import FLAGS, Flag, PickedCluster, Selection
from cascal import charts
from cascal.compare.slices import column_names, groups_in
from cascal.datatypes import IntArray
from cascal.routing.reach import MIN_QUERIES

MAX_NAMED = 3
_MENU = "menu_"
"""How the keys of menus begin."""
LABELS = {"tasks": "Of any of these tasks", "models": "Any of these models comes first"}
HELP: dict[Flag, str] = {
    "disagree": "no answer has more than half of the models",
    "wrong": "the model asked first is wrong by the gold answer",
    "right": "the model asked first is right by the gold answer",
    "flipped": "another model comes first than in the pinned state",
    "far": "farther from the training queries than 99 % of them",
    "noted": "with a note of your own",
}


def search() -> None:
    """The field for words."""
    _mirror("map_search", selection.current().search)
    st.text_input(
        "Search the texts of the queries",
        key="map_search",
        type="search",
        live="300ms",
        placeholder="Text or id",
        label_visibility="collapsed",
        on_change=_take,
    )


def points() -> None:
    """Which queries are meant, where there is a choice."""
    if session.dataset().test is not None:
        st.segmented_control(
            "Points",
            list(selection.POINTS.values()),
            key="points",
            required=True,
            default=selection.POINTS["train"],
            persist_state="session",
            label_visibility="collapsed",
        )


def choices() -> None:
    """Tasks and first models, each where there is a choice."""
    now, chosen = selection.shown(), selection.current()
    tasks = tuple(sorted(set(now.part.votes.tasks)))
    _choice("Tasks", "tasks", tasks, chosen.tasks)
    _choice("Models", "models", heeded.snapshot().router.models, chosen.models)
    if session.dataset().train.kept:
        _columns(chosen)


def _columns(chosen: Selection) -> None:
    """The values of each kept column, and of the length."""
    data, count = session.dataset(), f" · {len(chosen.kept)}" if chosen.kept else ""
    with _menu(f"Columns{count}", "map_kept"):
        for column in column_names(data):
            values = [value for name, value in chosen.kept if name == column]
            st.pills(
                frame.escape(column.capitalize()),
                groups_in(data, "train", column)[1],
                selection_mode="multi",
                default=values,
                key=renewed.key(_column_key(column), values),
                format_func=frame.escape,
                on_change=_take,
            )


def _column_key(column: str) -> str:
    return f"map_kept_{column}"


def _kept(chosen: Selection) -> tuple[tuple[str, str], ...]:
    """The values that the widgets choose, else those that are chosen."""
    found: list[tuple[str, str]] = []
    for column in column_names(session.dataset()):
        present = tuple(value for name, value in chosen.kept if name == column)
        found += [(column, value) for value in renewed.taken(_column_key(column), present)]
    return tuple(found)


def _choice(label: str, field: str, known: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    if len(known) < 2 and not chosen:
        return
    count = f" · {len(chosen)}" if chosen else ""
    with _menu(f"{label}{count}", f"map_{field}"):
        st.pills(
            LABELS[field],
            list(dict.fromkeys([*known, *chosen])),
            selection_mode="multi",
            default=list(chosen),
            key=renewed.key(f"map_{field}", list(chosen)),
            format_func=frame.escape,
            on_change=_take,
        )


def _menu(label: str, key: str) -> DeltaGenerator:
    """A menu that closes when something is chosen in it: what that leaves lies behind it."""
    return st.popover(label, key=f"{_MENU}{key}", on_change="rerun")


def _take() -> None:
    """Choose what the widgets say now, and close the menus that hide it."""
    held.keep()
    for name in [one for one in st.session_state if str(one).startswith(_MENU)]:
        st.session_state[name] = False
    chosen, state = selection.current(), st.session_state
    selection.choose(
        replace(
            chosen,
            search=state.get("map_search", chosen.search) or "",
            tasks=renewed.taken("map_tasks", chosen.tasks),
            models=renewed.taken("map_models", chosen.models),
            flags=renewed.taken("map_flags", chosen.flags),
            kept=_kept(chosen),
        )
    )


def _mirror(key: str, value: object) -> None:
    """Let a field that is always in sight show what is chosen, whoever chose it."""
    if st.session_state.get(key) != value:
        held.put(**{key: value})


def chosen_line() -> None:
    """The flags, what is chosen in a sentence, and the buttons that keep or end it."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="chosen"):
        _flags(selection.current())
        _said_and_ended(selection.selected_rows())


def flags() -> None:
    """The flags folded away, where there is no room for a row of them."""
    chosen = selection.current()
    count = f" · {len(chosen.flags)}" if chosen.flags else ""
    with _menu(f"Show only{count}", "map_flags"):
        _flags(chosen)
        for flag in FLAGS:
            if flag in chosen.flags or _acts(flag):
                st.caption(f"{FLAGS[flag].capitalize()}: {HELP[flag]}.")


def chosen() -> None:
    """What is chosen, beside the map; nothing where all is shown."""
    rows = selection.selected_rows()
    if rows is not None:
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key="chosen"):
            _said_and_ended(rows)


def _said_and_ended(rows: IntArray | None) -> None:
    if rows is None:
        return
    with st.container(gap=None, width="stretch", key="chosen_sentence"):
        st.caption(frame.headline(sentence()))
    if len(rows):
        _download(rows)
    st.button("Clear", key="clear", icon=":material/close:", on_click=selection.clear)


def _flags(chosen: Selection) -> None:
    known = [flag for flag in FLAGS if flag in chosen.flags or _acts(flag)]
    st.pills(
        "Only queries that are",
        known,
        selection_mode="multi",
        default=list(chosen.flags),
        key=renewed.key("map_flags", list(chosen.flags)),
        label_visibility="collapsed",
        width="content",
        format_func=lambda flag: FLAGS[flag].capitalize(),
        help=". ".join(f"{FLAGS[flag].capitalize()}: {HELP[flag]}" for flag in known) + ".",
        on_change=_take,
    )


def _acts(flag: Flag) -> bool:
    """Whether a flag can tell queries apart here."""
    now = selection.shown()
    if flag == "wrong":
        return now.part.has_gold
    if flag == "flipped":
        return bool(selection.flipped_queries(now).any())
    if flag == "far":
        return len(session.dataset().train) >= MIN_QUERIES
    if flag == "noted":
        return not stored.noted_queries().keys().isdisjoint(now.part.votes.query_ids)
    return flag == "disagree" and len(now.part.votes.models) > 1


def sentence() -> str:
    """How many queries are chosen, and by what."""
    rows, now = selection.selected_rows(), selection.shown()
    what = f"{selection.SPLITS[now.split]} queries"
    if rows is None:
        return f"All {len(now.part):,} {what}"
    conditions = " · ".join(_conditions(selection.current()))
    if not len(rows):
        return f"No queries match – {conditions}"
    return f"{len(rows):,} of {len(now.part):,} {what}: {conditions}"


def _conditions(chosen: Selection) -> list[str]:
    words = " ".join(chosen.search.split())
    return [
        *(["inside the region"] if chosen.region else []),
        *([f"{len(chosen.queries)} picked one by one"] if chosen.queries else []),
        *_listed("cluster", tuple(present_name(one) for one in chosen.clusters)),
        *_listed("task", chosen.tasks),
        *_listed("first model", chosen.models),
        *_listed("no readable answer of", chosen.unread),
        *_listed("not the answer of most:", chosen.apart),
        *([f"“{charts.shorten(words, 40)}”"] if words else []),
        *_kept_conditions(chosen),
        *(FLAGS[flag] for flag in chosen.flags),
    ]


def _kept_conditions(chosen: Selection) -> list[str]:
    said = []
    for column in dict.fromkeys(name for name, _ in chosen.kept):
        said += _listed(column, tuple(value for name, value in chosen.kept if name == column))
    return said


def _listed(what: str, names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    more = len(names) - MAX_NAMED
    listed = " or ".join(names[:MAX_NAMED]) + (f" or {more} more" if more > 0 else "")
    return [f"{what} {listed}"]


def present_name(picked: PickedCluster) -> str:
    """The name of a picked cluster now, the earlier one where it has dissolved."""
    cluster = selection.became(picked).cluster
    names = heeded.snapshot().names
    return picked.name if cluster is None else charts.cluster_name(names[cluster])


def followed(picked: PickedCluster) -> str:
    """What became of a picked cluster, in a sentence; empty where it is what it was."""
    now, names = selection.became(picked), heeded.snapshot().names
    if now.same:
        return ""
    if now.cluster is None:
        into = [charts.cluster_name(names[cluster]) for cluster in now.into]
        more = f" and {len(into) - MAX_NAMED} more" if len(into) > MAX_NAMED else ""
        return f"{picked.name} dissolved into {', '.join(into[:MAX_NAMED])}{more}."
    what = f"has {now.holds([charts.cluster_name(one) for one in names])}"
    name = charts.cluster_name(names[now.cluster])
    if name == picked.name:
        return f"{name} now {what}, measured against when it was picked."
    return f"{picked.name} is now {name}, which {what}."


def _download(rows: IntArray) -> None:
    snapshot, split = heeded.snapshot(), selection.shown().split
    st.download_button(
        "CSV",
        data=lambda: charts.safe_csv(
            notes.with_notes(
                charts.answers_frame(snapshot, split, rows, stored.written_answers(split))
            )
        ),
        file_name=f"{session.dataset_name()}-{selection.SPLITS[split]}-selected.csv",
        mime="text/csv",
        key="download_selected",
        icon=":material/download:",
        on_click="ignore",
        help="The chosen queries with text, task, cluster, first model and every model’s answer.",
    )

"""A reader's own names and notes of clusters and queries: plain text, never Markdown or HTML."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import frame, heeded, session, stored
from cascal.dataset.successor import successor
from cascal.naming.given_names import LONGEST, members_hash, short_name
from cascal.store import Note, NoteKind
from cascal.store.noting import MAX_TEXT

_LAST = "note_before"
"""Key of what a note was before it was last changed: kind, what it is about, and the note."""


def with_notes(table: pd.DataFrame) -> pd.DataFrame:
    """A table of queries with the reader's notes, where any query has one."""
    known = stored.noted_queries()
    if not known:
        return table
    found = [known.get(query_id) for query_id in table["query"]]
    return table.assign(note=["" if one is None else _in_short(one) for one in found])


def _in_short(note: Note) -> str:
    return ": ".join(filter(None, (note.name, note.text)))


def of_query(query_id: str) -> None:
    """The note of a query, and the way to write it."""
    _shown(Note(kind="query", about=query_id), stored.noted_queries().get(query_id))


def of_cluster(cluster: int) -> None:
    """The note of a cluster: its own, or that of the earlier one that became it."""
    data, now = session.dataset(), heeded.snapshot()
    query_ids = data.train.votes.query_ids
    rows = np.flatnonzero(now.router.clusters.assignment == cluster)
    members = tuple(query_ids[row] for row in rows.tolist())
    empty = Note(kind="cluster", about=members_hash(members), members=members)
    found = next((note for note in stored.notes() if note.about == empty.about), None)
    _shown(empty, found or _earlier(cluster))


def _earlier(cluster: int) -> Note | None:
    """The note of a cluster whose queries are mostly in this one now."""
    train, now = session.dataset().train, heeded.snapshot()
    row = {query_id: at for at, query_id in enumerate(train.votes.query_ids)}
    for note in (one for one in stored.notes() if one.kind == "cluster"):
        members = np.array([row[one] for one in note.members if one in row], np.int64)
        if successor(members, now.router.clusters.assignment).cluster == cluster:
            return note
    return None


def _shown(empty: Note, found: Note | None) -> None:
    with st.container(key=f"note_{empty.kind}", gap="xsmall"):
        if found is not None:
            st.markdown("**Your note**" if found.about == empty.about else _of_an_earlier(found))
            st.text("\n".join(filter(None, (found.name, found.text))))
        if session.read_only():
            return
        with st.popover("Name and note", icon=":material/edit_note:"):
            _form(empty, found)
        _undo_button(empty.kind)
    if st.session_state.pop("note_saved", False):
        st.rerun()  # names are everywhere on the page


def _of_an_earlier(note: Note) -> str:
    called = f", named {frame.escape(note.name)}" if note.name else ""
    return f"**Your note** on the cluster that became this one{called}"


def _form(empty: Note, found: Note | None) -> None:
    key = f"{empty.kind}_{empty.about}"
    with st.form(f"note_form_{key}", border=False):
        st.text_input(
            "Name",
            value=found.name if found else "",
            max_chars=LONGEST,
            key=f"note_name_{key}",
        )
        st.text_area(
            "Note", value=found.text if found else "", max_chars=MAX_TEXT, key=f"note_text_{key}"
        )
        st.form_submit_button("Save", type="primary", on_click=_save, args=(empty, found, key))
    if found is not None:
        st.button("Delete", key=f"note_delete_{empty.kind}", on_click=_delete, args=(found,))


def _save(empty: Note, found: Note | None, key: str) -> None:
    name = short_name(st.session_state[f"note_name_{key}"])
    text = st.session_state[f"note_text_{key}"].strip()
    note = Note(kind=empty.kind, about=empty.about, name=name, text=text, members=empty.members)
    if not name and not text:
        return
    if found is not None and found.about != note.about:
        _forget(found)  # it goes with the queries to the cluster of today
    _put(note)
    _remember(note, found)


def _delete(found: Note) -> None:
    _forget(found)
    _remember(found, found)


def _remember(changed: Note, before: Note | None) -> None:
    st.session_state[_LAST] = (changed, before)
    st.session_state["note_saved"] = True


def _undo_button(kind: NoteKind) -> None:
    last: tuple[Note, Note | None] | None = st.session_state.get(_LAST)
    if last is not None and last[0].kind == kind:
        st.button("Undo the note", key=f"note_undo_{kind}", type="tertiary", on_click=_undo)


def _undo() -> None:
    changed, before = st.session_state.pop(_LAST)
    _forget(changed)
    if before is not None:
        _put(before)
    st.session_state["note_saved"] = True


def _put(note: Note) -> None:
    session.workspace().put_note(session.dataset_name(), note)


def _forget(note: Note) -> None:
    session.workspace().delete_note(session.dataset_name(), note.kind, note.about)

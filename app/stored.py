"""What the workspace holds of single queries: their notes and responses, read once per state."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st

from app import session
from cascal.datatypes import Split
from cascal.store import Note


@st.cache_resource(show_spinner=False, max_entries=64)
def _responses(name: str, query_id: str, token: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.workspace().response_texts(name, query_id).to_pylist()
    return rows


def responses(query_id: str) -> list[dict[str, Any]]:
    """What the models returned for one query, with its text: rows of the store, read once."""
    return _responses(session.dataset().info.name, query_id, session.file_token())


def written_answers(split: Split) -> dict[tuple[str, str], str]:
    """The answers as they were written, by query and model; of first samples only."""
    rows = session.workspace().responses(session.dataset().info.name, split).to_pylist()
    first = (row for row in rows if not row["sample"] and row["answer"])
    return {(row["query_id"], row["model"]): row["answer"] for row in first}


@lru_cache(4)
def _notes(name: str, token: str) -> tuple[Note, ...]:
    return session.workspace().notes(name)


def notes() -> tuple[Note, ...]:
    """Every note of the chosen data set, read again only when the file has changed."""
    return _notes(session.dataset_name(), session.file_token())


def noted_queries() -> dict[str, Note]:
    """The notes of queries, by id."""
    return {note.about: note for note in notes() if note.kind == "query"}

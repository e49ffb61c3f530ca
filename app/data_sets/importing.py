"""Import on the page Data: files or a path, a preview, the mapping, the report."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypedDict

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import folders, frame, session
from app.uploads import stored
from cascal import importers
from cascal.columns import MAX_KEPT_COLUMNS, Imported
from cascal.dataset.reading_doubts import reading_of
from cascal.datatypes import OnConflict, ReadingName, Right
from cascal.importers import Preview
from cascal.importers.columns import QUERY_COLUMNS, RESPONSE_COLUMNS
from cascal.number_format import counted, enumerated

TYPES = ["parquet", "csv", "tsv", "jsonl", "json", "zip", "eval"]
CONFLICTS: dict[str, OnConflict] = {
    "Refuse if the name is taken": "refuse",
    "Extend the stored data set": "extend",
    "Replace the stored data set": "replace",
}
WHAT_IS_READ: dict[str, ReadingName] = {
    "Only what they state as their answer": "stated",
    "Guess too, as the scripts of MMLU-Pro": "upstream",
    "As the file says itself": "source",
}
WHO_IS_RIGHT: dict[str, Right] = {
    "Source, where it often differs": "auto",
    "The source's scores": "source",
    "The answers as read": "reading",
}
COUNTED_FROM = {"As the file tells": None, "From 0": 0, "From 1": 1}
SHOWN_REFUSALS = 500
NEEDED = ("query_id", "text", "model")
USUAL = (*NEEDED, "response", "options", "gold", "task", "split")
"""The columns that most tables have; the others stand folded."""


def importer() -> None:
    """Choose files, look at them, import them; nothing is half-imported."""
    if session.read_only():
        st.info("This server can be reached by others and has no sign-in: importing is off.")
        return
    uploads = st.file_uploader(
        "Files",
        type=None,
        accept_multiple_files=True,
        key="import_files",
        help="One table; queries.* and responses.*; or the files of one evaluation: MMLU-Pro zips, "
        "lm-evaluation-harness samples with their results_*.json, inspect_ai logs, LLMRouter, "
        "LLMRouterBench, RouterArena, promptfoo, LiteLLM, Langfuse, HELM, DeepEval, OpenAI evals, "
        "OpenAI or Anthropic batch or Not Diamond files, also packed. At most 64 MB each here; "
        "larger files and folders by their path on this machine.",
    )
    path = st.text_input(
        "or a path on this machine", key="import_path", placeholder="results/ or responses.parquet"
    )
    with ExitStack() as stack, frame.refusals("Nothing was imported"):
        if uploads:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "upload"
            folder.mkdir()
            _form(_stored(uploads, folder))
        elif path.strip():
            _form(folders.local_path(path))
        else:
            _expected()
    _report()


def _stored(uploads: list[UploadedFile], folder: Path) -> Path | list[Path]:
    """The uploads as the importers take them: a file, two that belong together, or a folder."""
    files = stored(uploads, folder)
    if len(files) == 1:
        return files[0]
    packed = any(file.suffix in (".zip", ".eval") for file in files)
    return files if len(files) == 2 and not packed else folder


def _expected() -> None:
    with st.expander("What the files should hold"):
        for sentence in importers.KINDS.values():
            st.text(f"• {sentence}")
        st.text(
            "A table has one row per query and model, its columns under any usual name. Needed are "
            "query_id, text, model and response; options for multiple choice; the rest if known:"
        )
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "query_id": "q1",
                        "task": "physics",
                        "text": "A train …?",
                        "options": '["10 m/s", "20 m/s"]',
                        "gold": "B",
                        "split": "test",
                        "model": "my-model",
                        "response": "… the answer is (B).",
                        "mean_logprob": -0.21,
                    }
                ]
            ),
            hide_index=True,
        )


def _form(source: Path | list[Path]) -> None:
    look = importers.preview(source)
    st.caption(f":material/description: {frame.escape(importers.KINDS[look.kind])}")
    st.dataframe(
        pd.DataFrame(look.rows).astype(str),
        hide_index=True,
        height=220,
        alt="First rows of the file",
    )
    mapping = _mapping(look)
    keep = _kept(look)
    named = source[0] if isinstance(source, list) else source
    keeps_none = look.kind == "long" and not _could_be_tested(look)
    with st.grid(3, min_column_width=190):
        name = st.text_input("Name of the data set", value=named.stem, key="import_name")
        share = st.slider(
            "Kept back as test queries",
            0.0,
            0.8,
            0.0 if keeps_none else 0.4,
            step=0.05,
            key="import_share",
            help="0: what the file says, else all are training queries.",
        )
        conflict = st.selectbox("If it exists", list(CONFLICTS), key="import_conflict")
    meant = _meant()
    if st.button("Import", type="primary", icon=":material/upload:"):
        with frame.progress("Reading") as tell:
            imported = importers.read(
                source,
                kind=look.kind,
                dataset=name.strip() or None,
                mapping=mapping,
                progress=tell,
                test_share=share or None,
                keep=keep,
                **meant,
            )
            tell(1.0, "Storing")
            added = session.workspace().add(
                imported, on_conflict=CONFLICTS[conflict], progress=tell
            )
        said = imported.without_rows()
        reading = reading_of(session.workspace(), imported.dataset)
        n_added = (added.queries_added, added.responses_added)
        st.session_state["import_report"] = (said, *n_added, reading)
        st.session_state["dataset_wanted"] = imported.dataset
        st.rerun()


class _Meant(TypedDict):
    """What numbers and texts of the file mean, as `importers.read` takes it."""

    gold_from: int | None
    reading: ReadingName
    right: Right


def _meant() -> _Meant:
    with st.grid(3, min_column_width=190):
        first = st.selectbox("Gold numbers count", list(COUNTED_FROM), key="import_gold_from")
        reading = st.selectbox("Answers in texts", list(WHAT_IS_READ), key="import_reading")
        right = st.selectbox(
            "Right and wrong, if scored",
            list(WHO_IS_RIGHT),
            key="import_right",
            help="Who tells right from wrong where the file holds scores of its own.",
        )
    return {
        "gold_from": COUNTED_FROM[first],
        "reading": WHAT_IS_READ[reading],
        "right": WHO_IS_RIGHT[right],
    }


def _kept(look: Preview) -> list[str]:
    """Which of the unused columns are kept, each by one click."""
    if not look.unused:
        return []
    return st.pills(
        "Not used. Click what to keep for colours, filters and slices",
        look.unused[:MAX_KEPT_COLUMNS],
        selection_mode="multi",
        key="import_keep",
        format_func=frame.escape,
        help="One text or number a query. As a command: cascal import … --keep NAME,NAME",
    )


def _could_be_tested(look: Preview) -> bool:
    """Whether a table has gold answers, but does not say which queries are for testing."""
    found = {key.split(".")[-1] for key in look.mapping}
    return "gold" in found and "split" not in found


def _mapping(look: Preview) -> dict[str, str]:
    """Which column is which; only the long format needs to be told."""
    if look.kind != "long":
        return {}
    ours = [name for name in QUERY_COLUMNS + RESPONSE_COLUMNS if name not in ("rule", "sample")]
    mapping = dict(look.mapping)
    found_names = {key.split(".")[-1] for key in mapping}
    missing = [name for name in NEEDED if name not in found_names]
    title = f"Which column is {enumerated(missing)}?" if missing else "Which column is which"
    with st.expander(title, expanded=bool(missing)):
        _columns(look, mapping, USUAL)
    with st.expander("Further columns"):
        _columns(look, mapping, [name for name in ours if name not in USUAL])
    return mapping


def _columns(look: Preview, mapping: dict[str, str], ours: Sequence[str]) -> None:
    """A choice of a column of the file for each of ours; what is chosen goes into the mapping."""
    with st.grid("auto", min_column_width=190):
        for name in ours:
            prefix = next((key for key in mapping if key.split(".")[-1] == name), name)
            found = mapping.get(prefix)
            options = ["(none)", *look.columns]
            chosen = st.selectbox(
                name,
                options,
                index=options.index(found) if found in options else 0,
                key=f"map_{name}",
            )
            if chosen == "(none)":
                mapping.pop(prefix, None)
            else:
                mapping[prefix] = chosen


def _report() -> None:
    """What the last import did, and what it refused and why."""
    stored = st.session_state.get("import_report")
    if stored is None:
        return
    imported, n_queries, n_responses, reading = stored
    _say(imported, n_queries, n_responses)
    for note in reading.notes:
        st.text(f"• {note}")
    if not session.workspace().encoders(imported.dataset):  # else every page says it
        for doubt in reading.doubts:
            st.warning(frame.escape(doubt), icon=":material/rule:")
    if imported.refused:
        st.warning(f"{counted(len(imported.refused), 'thing was', 'things were')} left out.")
        st.dataframe(
            pd.DataFrame(
                [
                    {"file": r.source, "row": r.row, "column": r.column, "reason": r.reason}
                    for r in imported.refused[:SHOWN_REFUSALS]
                ]
            ),
            hide_index=True,
            alt="What was refused, and why",
        )


def _say(imported: Imported, n_queries: int, n_responses: int) -> None:
    st.success(
        frame.escape(
            f"Imported {imported.dataset}: {counted(n_queries, 'query')} and "
            f"{counted(n_responses, 'response')} of {counted(len(imported.models), 'model')}."
        )
    )
    for note in imported.notes:
        st.text(f"• {note}")

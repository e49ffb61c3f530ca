"""The panels of the page Data: data sets, vectors and map, models, agreement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import encoding, frame, jobs, session, shared_results, theme
from app.data_sets.agreement import agreement_table
from cascal import charts
from cascal.columns import LEFT_OUT
from cascal.counted import capitalised, counted, percent
from cascal.dataset.dataset import Dataset
from cascal.dataset.scored import score_counts
from cascal.datatypes import CascalError
from cascal.diagnose import Finding, fitness
from cascal.diagnose.repeats import LEAK, without_repeats
from cascal.encode.encoders import MINILM
from cascal.store import DatasetInfo

PERCENT = "%.1f %%"


LONGEST_REASON = 110
"""Letters of a finding in the line that opens it."""


def headline() -> None:
    """Whether the chosen data set is good enough for routing, why, and what it is."""
    info = session.current_info()
    if info is None:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if info.origin == "simulated":
            frame.simulated()
        else:
            st.badge("Real data", color="blue")
        st.caption(frame.escape(f"{info.name}: {info.source}"), width="stretch")
    title = st.empty()
    title.title(frame.headline(_known_at_once(info)), anchor=False)
    st.caption(frame.escape(_content(info)))
    try:
        prose = session.dataset().by_scores
        found = None if prose else _fitness()
    except CascalError as error:  # without vectors, or where nothing can be fitted
        title.title("Nobody knows yet whether votes can stand in for labels", anchor=False)
        if can_be_shown():  # else what is missing is said, with the button that mends it
            st.caption(frame.shown_refusal(error))
        return
    if prose:
        title.title(fitness.OPEN_ENDED, anchor=False)
        st.page_link(
            frame.page_file("label"), label="Score them instead", icon=":material/edit_note:"
        )
    if found is not None:
        title.title(frame.headline(found.headline), anchor=False)
        _reasons(found)
    elif not prose and not jobs.runs(shared_results.findings_key()):
        title.title(frame.headline(capitalised(_agree(session.dataset()))), anchor=False)


def _fitness() -> fitness.Fitness | None:
    """What the checks say of the data; None while they run."""
    findings = shared_results.findings()
    if findings is None:
        return None
    return fitness.data_fitness(session.snapshot(), findings, _agree(session.dataset()))


def _agree(data: Dataset) -> str:
    """How far the models agree on the training queries, from which the router is learnt."""
    return charts.where_models_part(agreement_table(data.train))


def _reasons(found: fitness.Fitness) -> None:
    """The findings behind the headline, folded: each as a sentence, and where they lead on."""
    if not found.findings and found.answer == "no":  # the headline says why
        return
    if not found.findings:
        with st.expander("No warning", icon=":material/check:"):
            _to_diagnose("The page Diagnose shows every check")
        return
    label = "Why, and what would help" if found.answer == "no" else found.named
    if found.answer != "no" and len(found.findings) == 1:
        label = f"{counted(1, 'warning')}: {_in_short(found.findings[0])}"
    label = charts.shorten(label, LONGEST_REASON)
    with st.expander(frame.escape(label), icon=":material/warning:"):
        for one in found.findings:
            st.text(f"{one.code} {one.sentence}")
        _to_diagnose("The page Diagnose shows which queries, and tries out what would help")


def _to_diagnose(label: str) -> None:
    st.page_link(frame.page_file("diagnose"), label=label, icon=":material/troubleshoot:")


def _in_short(finding: Finding) -> str:
    """A finding in one line."""
    repeats = without_repeats(session.snapshot())
    if finding.code == LEAK and repeats is not None and repeats.n_repeated:
        return repeats.short
    return f"{finding.title[:1].lower()}{finding.title[1:]}"


def can_be_shown() -> bool:
    """Whether the chosen data set has all that its tables need."""
    try:
        session.dataset()
    except CascalError:  # without vectors: the headline says so
        return False
    return True


def _known_at_once(info: DatasetInfo) -> str:
    """What is known before the checks have said whether it is good enough."""
    size = f"{counted(info.n_train + info.n_test, 'query')} × {counted(info.n_models, 'model')}"
    try:
        data = session.dataset()
    except CascalError:  # without vectors
        return size
    return size if data.by_scores else f"Checking the data: {_agree(data)}"


def _asked_and_answered(data: Dataset) -> tuple[int, int]:
    """How many answers were asked for, and how many of them can be read."""
    parts = [part for part in (data.train, data.test) if part is not None]
    asked = sum(int(part.votes.asked.sum()) for part in parts)
    return asked, sum(int(part.votes.answered.sum()) for part in parts)


def _content(info: DatasetInfo) -> str:
    """How much there is, how much of it cannot be read, and what an import left out."""
    parts = f"{info.n_train:,} training and {counted(info.n_test, 'test query')}"
    queries = parts if info.n_test else counted(info.n_train, "training query")
    left_out = [line for line in info.note.splitlines() if line.startswith(LEFT_OUT)]
    said = (
        f"{counted(info.n_models, 'model')} answered {queries} in "
        f"{counted(info.n_tasks, 'task')}{_gaps()}."
    )
    return " ".join([said, *left_out])


def _gaps() -> str:
    """How much of what was asked has no answer that can be read; nothing where it is unknown."""
    try:
        data = session.dataset()
    except CascalError:  # without vectors: the headline says so
        return ""
    if data.by_scores:
        return "; the answers are texts"
    asked, answered = _asked_and_answered(data)
    if answered == asked:
        return "; every answer can be read"
    unread = asked - answered
    share = percent(unread / asked, 1)
    return f"; {unread:,} of {counted(asked, 'answer')} ({share}) cannot be read"


def loaded() -> None:
    """All data sets, the vectors of the chosen one, and deletion."""
    _all_sets()
    _scores()
    _vectors()
    _delete()


def _all_sets() -> None:
    known = session.datasets()
    st.dataframe(
        pd.DataFrame(
            {
                "name": [info.name for info in known],
                "origin": [info.origin for info in known],
                "answers": [", ".join(info.answer_origins) for info in known],
                "train": [info.n_train for info in known],
                "test": [info.n_test for info in known],
                "models": [info.n_models for info in known],
                "responses": [info.n_responses for info in known],
            }
        ),
        hide_index=True,
        alt="Data sets of the workspace",
        column_config={
            "name": "Data set",
            "origin": "Kind",
            "answers": st.column_config.TextColumn(
                "Answers of queries", help="gold: may serve as truth. generated: never does."
            ),
            "train": st.column_config.NumberColumn("Training queries", format="localized"),
            "test": st.column_config.NumberColumn("Test queries", format="localized"),
            "models": "Models",
            "responses": st.column_config.NumberColumn("Responses", format="localized"),
        },
    )
    chosen = session.current_info()
    if chosen is not None:
        st.subheader("What the import did, and what it left out", anchor=False)
        for line in chosen.note.splitlines() or ["Nothing was noted."]:
            st.text(f"• {line}")


def _scores() -> None:
    """Who scored how many responses; nothing where nobody did."""
    counts = score_counts(shared_results.response_scores())
    if not counts:
        return
    st.subheader("Scores from 0 to 1", anchor=False)
    for one in counts:
        st.text(f"• {one.sentence}")
    st.caption(
        "A kind of evidence beside votes and gold answers: origins are never mixed. `cascal "
        "scores` hands out more; the card of a query shows them."
    )


def _vectors() -> None:
    info = session.current_info()
    if info is None:
        return
    st.subheader("Vectors and map", anchor=False)
    n_queries = info.n_train + info.n_test
    for encoder, covered, dimension in session.workspace().encoders(info.name):
        st.text(
            f"{encoder}: {covered:,} of {counted(n_queries, 'query')}, "
            f"{counted(dimension, 'dimension')}"
        )


def encode_missing() -> None:
    """Offer to encode what has no vector yet: without, nothing can be shown."""
    info = session.current_info()
    if info is None:
        return
    missing = session.workspace().texts_without_vectors(info.name, encoding.encoder_name())
    if not missing:
        return
    st.warning(
        f"{counted(len(missing), 'text of this data set has', 'texts of this data set have')} "
        "no vector yet."
    )
    if session.read_only():
        return
    name = st.text_input(
        "Encoder",
        value=MINILM,
        key="encoder_name",
        help="A sentence-transformers name or folder, endpoint:MODEL@BASE_URL, or hashing "
        "(needs nothing, knows no synonyms).",
    )
    if st.button(
        f"Encode {counted(len(missing), 'text')}", type="primary", icon=":material/scatter_plot:"
    ):
        with frame.refusals():
            with frame.progress("Loading the encoder") as tell:
                n_cut = encoding.embed(info.name, name, tell)
            if n_cut:
                st.warning(
                    f"{counted(n_cut, 'text was cut: it is', 'texts were cut: they are')} longer "
                    "than the encoder reads."
                )
            st.rerun()


def _delete() -> None:
    info = session.current_info()
    if info is None or session.read_only():
        return
    with st.expander("Remove this data set"):
        st.caption(
            "Queries, responses, map and saved runs are removed for good, from the file too."
        )
        sure = st.checkbox(frame.escape(f"Yes, delete {info.name}"), key=f"sure_{info.name}")
        if st.button("Delete", disabled=not sure, icon=":material/delete:"):
            session.workspace().delete_dataset(info.name)
            st.session_state.pop("dataset", None)
            st.rerun()


def models() -> None:
    """The pool: coverage and confidence of every model, and who agrees with whom."""
    data = session.dataset()
    split = "Training queries"
    if data.test is not None:
        split = st.segmented_control(
            "Of the",
            ["Training queries", "Test queries"],
            label_visibility="collapsed",
            key="coverage_split",
            required=True,
            default="Training queries",
        )
    part = data.test if split == "Test queries" and data.test is not None else data.train
    number = st.column_config.NumberColumn
    st.dataframe(
        charts.coverage_frame(part),
        hide_index=True,
        alt="Coverage of every model",
        column_config={
            "model": "Model",
            "asked": number("Asked", format="localized"),
            "answered": number("Readable answer", format=PERCENT),
            "accuracy": number("Right (gold)", format=PERCENT),
            "unreadable": number("Unreadable", format=PERCENT),
            "truncated": number("Cut off", format=PERCENT),
            "refused": number("Refused", format=PERCENT),
            "error": number("Error", format=PERCENT),
            "confidence": number("With confidence", format=PERCENT),
        },
    )
    table = charts.agreement_frame(part.votes)
    st.subheader(_most_alike(table), anchor=False)
    figure = charts.agreement_figure(table, theme.CELLS[theme.mode()])
    frame.chart(figure, "agreement", "Share of equal answers for every pair of models.")
    st.caption(
        "How often two models give the same answer, over the queries both answered. Two that agree "
        "with each other and with nobody else may share their errors: consensus then follows them."
    )


def _most_alike(table: pd.DataFrame) -> str:
    """Which two models agree most, beside what two models usually agree on."""
    rows, columns = np.triu_indices(len(table), 1)
    shares = table.to_numpy()[rows, columns]
    if not np.isfinite(shares).any():
        return "How often two models give the same answer"
    at = int(np.nanargmax(shares))
    first, second = table.index[rows[at]], table.index[columns[at]]
    return frame.escape(
        f"{first} and {second} agree most: {percent(shares[at])}, two models usually "
        f"{percent(np.nanmedian(shares))}"
    )

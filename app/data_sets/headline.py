"""The headline of the page Data: can votes stand in for labels, and what speaks against it."""

from __future__ import annotations

import streamlit as st

from app import frame, jobs, session, shared_results
from app.data_sets.agreement import agreement_table
from cascal import charts
from cascal.columns import LEFT_OUT
from cascal.dataset.dataset import Dataset
from cascal.datatypes import CascalError
from cascal.diagnose import Finding, fitness
from cascal.diagnose.repeats import LEAK, without_repeats
from cascal.number_format import capitalised, counted, percent
from cascal.store import DatasetInfo


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
            st.caption(frame.escape(fitness.RULE))
            _to_diagnose("The page Diagnose shows every check")
        return
    label = "Why, and what would help" if found.answer == "no" else found.named
    if found.answer != "no" and len(found.findings) == 1:
        label = f"{counted(1, 'warning')}: {_in_short(found.findings[0])}"
    with st.expander(frame.escape(label), icon=":material/warning:"):
        for one in found.findings:
            st.text(f"{one.code} {one.sentence}")
        st.caption(frame.escape(fitness.RULE))
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

"""Where everything is answered: what there is, what it cost, and where to go from there."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import columns, frame, selection, session
from app.collect import work
from app.collect.decision import decision
from app.collect.keys import MORE
from app.collect.queries import follow
from app.collect.running import failures, run
from cascal import charts
from cascal.dataset.collected import Collected, what_was_collected
from cascal.datatypes import CascalError
from cascal.number_format import counted, dollars
from cascal.prices import COST_UNIT, Bill, in_cents
from cascal.store import DatasetInfo

KEY = "collected_of_models"
UNREAD = "Unreadable, refused, cut off or failed: the page Data shows each apart."
COLUMNS: dict[str, Any] = {
    "model": "Model",
    "answers": columns.number("Answers", format="localized", width=72),
    "unread": columns.number("Not readable", format="%.1f %%", width=92, help=UNREAD),
    "dollars": columns.number("Spent $", format="%.2f", width=76),
    "per_thousand": columns.number(
        "$ per 1,000 calls",
        format="%.2f",
        help="Of calls for all queries, for training and for testing.",
    ),
    "seconds": columns.number(
        "Median seconds",
        format="%.2f",
        help="Half of the answers took less; where the source says it.",
    ),
}


def asked_dataset() -> str | None:
    """The data set that is asked; None where there is none."""
    known = [info.name for info in session.datasets()]
    if not known:
        return None
    follow(known)
    return str(st.session_state["asked_dataset"])


def all_is_answered() -> bool:
    """Whether every query of the data set was answered, by its own models where they are real;
    by the pool that the page begins with where they are simulated.
    """
    dataset = asked_dataset()
    if dataset is None or not session.workspace().dataset(dataset).n_responses:
        return False
    if real_data():
        info = session.workspace().dataset(dataset)
        n_queries, found = info.n_train + info.n_test, _collected(dataset, session.file_token())
        return all(one.n_asked == n_queries for one in found)
    models = work.pool_of(work.simulated_frame(generators=False))
    return not work.ahead(dataset, models, retry=False).calls


def wants_more() -> bool:
    """Whether the three steps are shown although nothing is left to ask."""
    return bool(st.session_state.get(MORE))


def simulated_data() -> None:
    """The mark of simulated data, once, as on every page, and what the data are."""
    dataset = asked_dataset()
    if dataset is None:
        return
    try:
        data = session.dataset() if dataset == session.dataset_name() else None
    except CascalError:  # without vectors
        data = None
    if data is not None:
        frame.notice(data)
    elif not real_data():
        frame.simulated()


def real_data() -> bool:
    """Whether the data set that is asked holds responses of models that exist."""
    dataset = asked_dataset()
    return dataset is not None and session.workspace().dataset(dataset).origin != "simulated"


def more() -> None:
    """The way to the three steps, which follow below, and back."""
    st.toggle(
        "Ask other models, or other queries: the three steps",
        key=MORE,
        persist_state="session",
    )


def all_there(title: DeltaGenerator, summary: DeltaGenerator) -> None:
    """What could be asked next and what that takes; what was collected, and the steps, folded."""
    dataset = str(asked_dataset())
    info = session.workspace().dataset(dataset)
    n_queries, found = info.n_train + info.n_test, _collected(dataset, session.file_token())
    asked = counted(info.n_models, "model has", "models have")
    title.title(
        frame.headline(
            f"Nothing is missing: {asked} answered all {counted(n_queries, 'query')} of {dataset}"
        ),
        anchor=False,
    )
    with summary:
        onward()
        decision(found, n_queries, simulated=info.origin == "simulated")
    _of_each_model(dataset, found, simulated=info.origin == "simulated")
    _mean_over(info)
    more()
    if not wants_more():  # else the steps say it
        run(f"collect:{dataset}", "models")
        failures(dataset)


@st.cache_resource(show_spinner="Reading what was collected", max_entries=8)
def _collected(dataset: str, token: str) -> tuple[Collected, ...]:
    return what_was_collected(session.workspace(), dataset)


def _of_each_model(dataset: str, found: tuple[Collected, ...], *, simulated: bool) -> None:
    """What was collected of each model; a row leads to its answers that cannot be read."""
    here = dataset == session.dataset_name()
    answers = counted(sum(one.n_asked for one in found), "answer")
    money = _money(spent_on(dataset), simulated=simulated)
    st.subheader(frame.escape(f"What is there: {answers}, {money}"), anchor=False)
    frame.sideways(KEY, "money and seconds")
    st.dataframe(
        pd.DataFrame(_rows(found)),
        key=KEY if here else f"{KEY} elsewhere",
        on_select="rerun" if here else "ignore",
        selection_mode="single-cell",
        hide_index=True,
        height="content",
        placeholder="–",
        alt="Answers, money and seconds of each model",
        column_config=COLUMNS,
    )
    if not here:
        return
    st.caption("Click a model to see the queries that it gave no readable answer to.")
    for at, _ in frame.picked_cells(KEY):
        if at < len(found):
            selection.show_unread(found[at].model)
            frame.open_page("data_sets")


def _mean_over(info: DatasetInfo) -> None:
    """Which queries the dollars are a mean over: other pages take the test queries alone."""
    if info.n_train and info.n_test:
        every, test = f"{info.n_train + info.n_test:,}", counted(info.n_test, "test query")
        st.caption(
            f"Dollars per 1,000 calls are a mean over all {every} queries. Overview and Evaluate "
            f"take the {test} alone, so theirs differ a little."
        )


def _rows(found: tuple[Collected, ...]) -> list[dict[str, object]]:
    """One row a model, and their sum, to which the rounded dollars of the rows add up."""
    rows = [
        {
            "model": one.model,
            "answers": one.n_asked,
            "unread": float(charts.in_percent(one.unread)),
            "dollars": cents,
            "per_thousand": one.per_thousand,
            "seconds": one.seconds,
        }
        for one, cents in zip(found, in_cents([one.dollars for one in found]), strict=True)
    ]
    n_asked, total = sum(one.n_asked for one in found), sum(one.dollars for one in found)
    n_unread = sum(one.n_unread for one in found)
    every = {
        "model": f"All {counted(len(found), 'model')}",
        "answers": n_asked,
        "unread": float(charts.in_percent(n_unread / n_asked)) if n_asked else math.nan,
        "dollars": round(total, 2),
        "per_thousand": COST_UNIT * total / n_asked if n_asked else math.nan,
        "seconds": math.nan,
    }
    return [*rows, every]


def spent_on(dataset: str) -> float:
    """US dollars of all stored answers, with those that were written to be asked; nan: unknown."""
    return sum(one.total for one in _bills(dataset))


def _bills(dataset: str) -> tuple[Bill, ...]:
    store = session.workspace()
    with store.opened():
        return store.bills(dataset)


def _money(total: float, *, simulated: bool) -> str:
    if math.isnan(total):
        return "at an unknown cost"
    return f"{'simulated ' if simulated else ''}{dollars(total)}"


def spent(dataset: str) -> None:
    """What the stored answers cost, as a tile."""
    bills, total = _bills(dataset), spent_on(dataset)
    guessed = sum(one.n_unknown for one in bills)
    simulated = session.workspace().dataset(dataset).origin == "simulated"
    frame.metric(
        "Spent so far, simulated" if simulated else "Spent so far",
        "unknown" if math.isnan(total) else dollars(total),
        f"for {counted(sum(one.n_calls for one in bills), 'answer')}",
        "What the stored answers cost, as they say it"
        + (f"; {guessed:,} do not and count as the mean of their model." if guessed else "."),
    )


def onward() -> None:
    """Where to go when all is answered."""
    with st.container(horizontal=True, gap="medium", key="onward"):
        st.page_link(
            frame.page_file("overview"), label="See whether routing pays", icon=":material/paid:"
        )
        st.page_link(
            frame.page_file("skills"), label="See who is good at what", icon=":material/hub:"
        )
        st.page_link(
            frame.page_file("data_sets"), label="Look at the answers", icon=":material/table_rows:"
        )

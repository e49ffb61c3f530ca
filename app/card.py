"""The card of one query, beside the map: who answered what, its cluster, its route, the nearest.

Texts of queries and models are shown as plain text, or escaped where only Markdown is possible.
"""

from __future__ import annotations

import math
from typing import Literal

import streamlit as st

from app import frame, heeded, held, notes, selection, session, shared_results, stored, theme
from app.terms.glossary import mark
from cascal import charts
from cascal.columns import KeptColumn
from cascal.dataset.query_card import CardAnswer, CardVote, QueryCard, query_card
from cascal.dataset.query_filters import RIGHT
from cascal.dataset.scored import origin_words, scores_of_query
from cascal.datatypes import IntArray, Split, option_letter
from cascal.diagnose.coherence import own_silhouette
from cascal.number_format import counted, decimal

LONG_TEXT = 700
"""A text with more characters gets a box of its own to scroll in."""
TEXT_HEIGHT = 300
NEAR_LENGTH = 110
ANSWER_WIDTH = 270
"""Pixels that an answer takes at least: one beside the map, several where there is room."""
OWN: dict[str, tuple[str, theme.Badge]] = {
    "gold": ("gold answer", "green"),
    "generated": ("generated answer", "blue"),
}


def card() -> None:
    """Everything about the chosen query."""
    place = selection.picked_query()
    if place is None:
        return
    split, row = place
    among = selection.leads_through(split, row)
    shown = of_query(split, row, among)
    with st.container(key="query_card", gap="small"):
        _head(shown, "in its cluster" if among is None else "chosen")
        if among is None and selection.selected_rows() is not None:
            st.caption("Not among the chosen queries: what is chosen leaves it out.")
        _verdict(shown)
        _text(shown)
        _route(shown)
        _kept(session.dataset().part(split).kept, row)
        st.markdown("**Answers**")
        answers(shown)
        _scores(shown)
        notes.of_query(shown.query_id)
        _cluster(shown)
        _nearest(shown)
        _responses(shown)


def of_query(split: Split, row: int, among: IntArray | None = None) -> QueryCard:
    """The card of a query with its free answers as they were written; `among` as in query_card."""
    votes = session.dataset().part(split).votes
    written = {} if votes.option_counts[row] else _written(votes.query_ids[row])
    return query_card(heeded.snapshot(), split, row, written, among)


def _written(query_id: str) -> dict[str, str]:
    """The free answer of each model, as it was written."""
    rows = stored.responses(query_id)
    return {row["model"]: row["answer"] for row in rows if not row["sample"] and row["answer"]}


def _head(shown: QueryCard, where: str) -> None:
    st.subheader(f"A {selection.SPLITS[shown.split]} query", anchor=False)
    with st.container(horizontal=True, gap="small"):
        _go("Previous", shown.before, "query_before", "left")
        _go("Next", shown.after, "query_after", "right")
        st.button("Close", key="close_query", on_click=selection.pick_query, args=(None,))
    st.caption(
        frame.escape(
            f"{shown.query_id} · {shown.task} · {shown.place:,} of {shown.n_among:,} {where}, "
            "the most contested first"
        )
    )


def _go(label: str, query_id: str | None, key: str, arrow: str) -> None:
    st.button(
        label,
        key=key,
        shortcut=arrow,
        disabled=query_id is None,
        on_click=selection.pick_query,
        args=(query_id,),
    )


def _kept(columns: tuple[KeptColumn, ...], row: int) -> None:
    """The values of the columns of one's own; nothing where the query has none."""
    known = [(one.name, one.values[row]) for one in columns]
    said = [f"{name}: {_value(value)}" for name, value in known if value == value and value != ""]
    if said:
        st.caption(frame.escape(" · ".join(said)))


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _text(shown: QueryCard) -> None:
    with st.container(height=_height(shown.text), border=True):
        st.text(shown.text)


def answers(shown: QueryCard) -> None:
    """Every answer with the models that gave it; whether the right one is known."""
    st.caption(
        f"Beside a model its {mark('mean log-probability')}, where known. "
        + frame.escape(f"{shown.outweighed} Why: below the answers." if shown.outweighed else "")
    )
    with st.grid("auto", min_column_width=ANSWER_WIDTH, gap="small"):
        for answer in shown.answers:
            _answer(shown, answer)
    if shown.about_scores:
        st.caption(frame.escape(shown.about_scores))
    given = {one.label for one in shown.answers}
    options = {option_letter(at): text for at, text in enumerate(shown.options) if text}
    idle = [f"{letter}: {text}" for letter, text in options.items() if letter not in given]
    if idle:
        st.caption("Chosen by no model:")
        st.text("\n".join(idle))
    about = _about_own(shown)
    if about:
        st.caption(frame.escape(about))


def _answer(shown: QueryCard, answer: CardAnswer) -> None:
    with st.container(border=True, gap="xsmall", height="stretch"):
        st.text(f"{answer.label}: {answer.text}" if answer.text else answer.label)
        if answer.own:
            label, colour = OWN[shown.origin]
            st.badge(label, color=colour)
        st.markdown(frame.escape(_support(shown, answer)))
        st.caption("  \n".join(map(_line, answer.votes)))


def _support(shown: QueryCard, answer: CardAnswer) -> str:
    """How many of the models gave an answer, and its consensus score where it has one."""
    asked = sum(len(one.votes) for one in shown.answers)
    said = f"{len(answer.votes):,} of {counted(asked, 'model')}"
    return said if math.isnan(answer.score) else f"{said} · consensus {decimal(answer.score, 2)}"


def _line(vote: CardVote) -> str:
    """A model with its log-probability and why it gave no answer, as far as known."""
    why = vote.status if vote.status != "ok" else ""
    return frame.escape(" · ".join(filter(None, (vote.model, _number(vote.mean_logprob), why))))


def _number(value: float) -> str:
    return "" if math.isnan(value) else decimal(value, 2)


def _about_own(shown: QueryCard) -> str:
    """Whether the right answer is known, and what it is where no model gave it."""
    if not shown.own_label:
        judged = [one for answer in shown.answers for one in answer.votes if one.right == one.right]
        if judged:
            right = ", ".join(one.model for one in judged if one.right > RIGHT) or "no model"
            return f"Right according to the source of the responses: {right}."
        return "No right answer is known for this query."
    name, _ = OWN[shown.origin]
    doubt = " A generated answer is unchecked." if shown.origin == "generated" else ""
    if any(one.own for one in shown.answers):
        return doubt.strip()
    own = f"{shown.own_label}: {shown.own_text}" if shown.own_text else "another one"
    return f"No model gave the {name}; it is {own}.{doubt}"


def _scores(shown: QueryCard) -> None:
    """What people, the source or a judge gave the responses, each origin apart."""
    found = scores_of_query(shared_results.response_scores(), shown.query_id)
    if not found:
        return
    st.markdown("**Scores from 0 to 1**")
    for origin, of_models in found.items():
        given = ", ".join(f"{model} {decimal(value, 2)}" for model, value in of_models.items())
        st.caption(frame.escape(f"By {origin_words(origin)}: {given}"))


def _cluster(shown: QueryCard) -> None:
    names = heeded.snapshot().names
    st.markdown("**Cluster**")
    st.button(
        frame.escape(charts.cluster_name(names[shown.cluster])),
        key="card_cluster",
        type="tertiary",
        icon=":material/bubble_chart:",
        help="Close the card and show the ranking of this cluster.",
        on_click=selection.pick_clusters,
        args=(shown.cluster,),
    )
    sentence = f"Distance to its centre: {decimal(shown.distance, 2)}."
    if shown.split == "train":
        sentence = f"{_silhouette(shown)} {sentence}"
    if shown.next_cluster is not None:
        other = charts.cluster_name(names[shown.next_cluster])
        sentence += f" To that of the next cluster, {other}: {decimal(shown.next_distance, 2)}."
        if shown.next_distance < shown.distance:
            sentence += " So it lies nearer to another cluster than to its own."
    st.caption(frame.escape(sentence))


def _silhouette(shown: QueryCard) -> str:
    """How much nearer the query is to its cluster than to the next one of its task."""
    place = session.dataset().find(shown.query_id)
    value = math.nan if place is None else own_silhouette(heeded.snapshot(), place[1])
    if math.isnan(value):
        return "No silhouette: its task has no other cluster."
    return f"Its silhouette: {decimal(value, 3)}."


def _verdict(shown: QueryCard) -> None:
    """Where the query goes and why: on the first screen, above the text however long."""
    trace = shown.trace
    st.markdown(f"**{frame.headline(trace.headline)}**")
    st.caption(frame.escape(" ".join(filter(None, [trace.reason, trace.doubt]))))
    for said in filter(None, (trace.nearby, trace.caution)):
        st.caption(frame.escape(said))


def _route(shown: QueryCard) -> None:
    st.button(
        "Route this",
        key="route_query",
        type="primary",
        icon=":material/alt_route:",
        help="Opens the page Route with this text.",
        on_click=frame.open_page,
        args=("route", _ask, shown.text),
    )


def _ask(text: str) -> None:
    held.put(query_text=text)


def _nearest(shown: QueryCard) -> None:
    if not shown.nearest:
        return
    st.markdown(f"**Nearest {selection.SPLITS[shown.split]} queries**")
    for at, near in enumerate(shown.nearest):
        with st.container(border=True, gap="xsmall"):
            st.text(charts.shorten(near.text, NEAR_LENGTH))
            st.button(
                f"Open, at distance {decimal(near.distance, 2)}",
                key=f"near_{at}",
                type="tertiary",
                icon=":material/open_in_full:",
                on_click=selection.pick_query,
                args=(near.query_id,),
            )


def _responses(shown: QueryCard) -> None:
    label = "What each model wrote"
    with st.expander(label, on_change="rerun", key="card_responses") as responses:
        if not responses.open:
            return
        rows = stored.responses(shown.query_id)
        if not any(row["text"] for row in rows):
            st.caption("The workspace holds no texts of responses to this query.")
        for row in rows:
            if row["text"]:
                again = f", sample {row['sample']}" if row["sample"] else ""
                st.caption(frame.escape(f"{row['model']}{again}"))
                st.code(row["text"], language=None, wrap_lines=True, height=_height(row["text"]))


def _height(text: str) -> int | Literal["content"]:
    """A long text gets a box of its own to scroll in."""
    return TEXT_HEIGHT if len(text) > LONG_TEXT else "content"

"""Where answers are open-ended: the ranking by scores, on Overview and Evaluate."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import columns, frame, session, theme
from cascal.answers import WAY_ON
from cascal.dataset.scored import origin_words, score_origins
from cascal.dataset.scored_evidence import ScoreEvidence, gather_scores
from cascal.verdicts.verdict import Decision

MARKS: dict[Decision, tuple[str, theme.Badge, str]] = {
    "route": (":material/check_circle:", "green", "A router by scores pays"),
    "do not route": (":material/do_not_disturb_on:", "red", "Ask one model"),
    "undecided": (":material/help:", "orange", "Undecided whether routing pays"),
}


def scored_page() -> ScoreEvidence | None:
    """Which one model to ask by the scores of one origin, and whether routing pays.

    What they say is returned, None where there are none.
    """
    name = session.dataset().info.name
    known = list(score_origins(session.workspace().response_scores(name)))
    if not known:
        _without_scores(name)
        return None
    origin = known[0]
    if len(known) > 1:
        origin = st.segmented_control(
            "Scores of",
            known,
            key="scored_by",
            default=known[0],
            required=True,
            format_func=origin_words,
            help="Scores of different origins are never mixed.",
        )
    found = _evidence(f"{session.dataset_token()}:{session.file_token()}", name, origin)
    _show(found)
    return found


@st.cache_resource(show_spinner="Comparing the models by their scores", max_entries=6)
def _evidence(token: str, name: str, origin: str) -> ScoreEvidence:
    return gather_scores(session.workspace(), name, origin)


def _without_scores(name: str) -> None:
    st.title("Open-ended answers cannot be ranked without scores", anchor=False)
    st.text(f"No two of these answers are the same, so there are no votes to count. {WAY_ON}")
    st.page_link(frame.page_file("label"), label="Score them here", icon=":material/edit_note:")
    st.code(f"cascal scores {name} --out score.csv --n 30", language="bash")


def _show(found: ScoreEvidence) -> None:
    icon, colour, label = MARKS[found.decision]
    st.badge(label, icon=icon, color=colour)
    best = frame.escape(found.ranking.best)
    st.title(f"Ask {best}, as far as the scores say", anchor=False)
    st.text(found.sentence)
    st.text(found.routing_sentence)
    for warning in found.warnings:
        st.warning(frame.escape(warning))
    for judged in found.judged:
        st.caption(frame.escape(judged.sentence))
    st.dataframe(
        _table(found),
        hide_index=True,
        alt="Models by mean score",
        key="scored_ranking",
        column_config={
            "mean score": columns.number("mean score", format="%.3f"),
            "from": columns.number("from", format="%.3f"),
            "to": columns.number("to", format="%.3f"),
            "points behind the first": columns.number("points behind the first", format="%.1f"),
        },
    )
    st.caption(
        "Mean scores with intervals that hold together at 95 %, for queries scored at random. "
        "Behind the first: paired over the same queries. There are no votes: answers are "
        "open-ended, so Skill map, Route and Diagnose have nothing to show."
    )


def _table(found: ScoreEvidence) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": one.model,
                "mean score": one.score.value,
                "from": one.score.low,
                "to": one.score.high,
                "points behind the first": -100 * one.behind,
                "may be the best": one.in_doubt,
            }
            for one in found.ranking.ranks
        ]
    )

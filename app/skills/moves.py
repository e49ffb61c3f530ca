"""What the last move of a control did to the queries on the map."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import streamlit as st

from app import heeded, history, session, strips, theme, values
from app.map_component.spec import Flips
from app.selection import Shown
from app.values import THRESHOLDS, Values
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot, flip_pairs, flipped
from cascal.number_format import counted, decimal

PAIRS = 1
"""So many pairs of models are named: the sentence stands on the map, in one line."""
STATE = "map_move"
"""The data set, the values of the controls before the last move, those after it."""
LEFT = "map_left"
"""Whether another page was looked at since."""


def leave() -> None:
    """Another page is looked at: a move that the map has told of is not told again."""
    st.session_state[LEFT] = True


def last_move() -> tuple[Values, Values] | None:
    """The values of the controls before and after their last move; None before the first one."""
    of, now = session.dataset_token(), values.present()
    known, before, last = st.session_state.get(STATE, (None, None, None))
    if known != of:
        before = None
    elif last != now:  # quick steps of a slider are one move, here as for undo
        earlier = None if history.undone() else history.before()
        before = last if earlier is None else earlier
    elif st.session_state.get(LEFT):
        before = None  # it was told
    st.session_state[LEFT] = False
    st.session_state[STATE] = (of, before, now)
    return None if before is None else (before, now)


def flips(data: Dataset, now: Shown) -> Flips | None:
    """The shown queries that got another first model by the last move; None before the first."""
    move = last_move()
    if move is None:
        return None
    before, after = heeded.at(session.snapshot_at(move[0])), heeded.snapshot()
    rows = np.flatnonzero(flipped(before, after, now.split)[now.rows])
    old, new = (one.routes(now.split).selected[now.rows[rows], 0] for one in (before, after))
    named = theme.colors_by_name((model.name for model in data.models), "model")
    return Flips(
        key=repr(move),
        sentence=_sentence(before, after, now) if len(rows) else _nothing(move),
        rows=rows,
        before=old,
        after=new,
        colors=tuple(named.get(model, theme.MUTED) for model in after.router.models),
    )


def _sentence(before: Snapshot, after: Snapshot, now: Shown) -> str:
    pairs = flip_pairs(before, after, now.split)
    named = [f"{count:,} {old} → {new}" for old, new, count in pairs[:PAIRS]]
    others = sum(count for *_, count in pairs[PAIRS:])
    if others:
        named.append(f"{counted(others, 'other')}")
    total = sum(count for *_, count in pairs)
    queries = "training queries" if now.split == "train" else "test queries"
    by = "undo" if history.undone() else "the last move"
    return f"{total:,} {queries} flipped by {by}: {', '.join(named)}"


def _nothing(move: tuple[Values, Values]) -> str:
    """Say that no route flipped, and between which values of a moved slider nothing can change."""
    before, now = (asdict(one) for one in move)
    changed = [name for name in now if now[name] != before[name]]
    sentence = "No query changed its first model."
    if history.undone():
        return f"{sentence.removesuffix('.')} by undo."
    reach = strips.reachable(changed[0]) if changed in (["silhouette"], ["merge"]) else None
    if reach is None:
        return sentence
    low, high = reach.band(now[changed[0]])
    if low == high:
        return sentence
    name = THRESHOLDS[changed[0]].replace("_", " ")
    return (
        f"{sentence} Nothing changes while {name} is between {decimal(low, 2)} and "
        f"{decimal(high, 2)}."
    )

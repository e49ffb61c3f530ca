"""How far models agree in every task: who gives the most frequent answer, and who gives any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cascal.charts.figures import EQUAL, INKS, in_percent, luminance, rgb_of
from cascal.charts.task_skills import ALL_TASKS
from cascal.dataset.part import Part
from cascal.dataset.query_filters import agrees_with_most
from cascal.datatypes import BoolArray, FloatArray
from cascal.number_format import decimal, percent

READABLE = "readable answers"
"""The row of how many of its answers can be read, of each model."""
TASKS_APART, MODEL_APART = 5.0, 10.0
"""Points: so far apart are tasks that are named, and so far below all models one that is."""
HALF = 50.0
MODEL = "model:"
"""Begins the name of a model's column."""


def task_agreement_frame(part: Part) -> pd.DataFrame:
    """One row a task in percent: agreement of all models, readable answers, and of each model how
    often it gives the most frequent answer of the pool.

    "all tasks" comes first, then the task with the least agreement, and of the models the one that
    agrees least; the last row is the share of readable answers of each model. A model counts on
    the queries that it was asked; an answer that cannot be read agrees with nobody. Of equally
    frequent answers that of the first model counts, so that the mean over models that were asked
    everything is the share in the largest group.
    """
    votes, tasks = part.votes, np.array(part.votes.tasks)
    agrees = agrees_with_most(part)
    groups = [(ALL_TASKS, np.ones(len(tasks), dtype=bool))]
    groups += [(str(task), tasks == task) for task in np.unique(tasks)]
    rows = [
        _row(task, agrees[rows], votes.answered[rows], votes.asked[rows], votes.models)
        for task, rows in groups
    ]
    first, others = pd.DataFrame(rows[:1]), pd.DataFrame(rows[1:])
    others = others.sort_values("agreement", kind="stable")
    coverage = _shares(votes.answered, votes.asked)
    last = {"task": READABLE, **_of_models(coverage, votes.models)}
    table = pd.concat([first, others, pd.DataFrame([last])], ignore_index=True)
    names = sorted(_of_models(coverage, votes.models), key=lambda name: table[name].fillna(100)[0])
    return table[["task", "agreement", *names, "readable", "queries"]]


def _row(
    task: str, agrees: BoolArray, answered: BoolArray, asked: BoolArray, models: Sequence[str]
) -> dict[str, object]:
    n_asked = max(1, int(asked.sum()))
    return {
        "task": task,
        "queries": len(agrees),
        "agreement": float(in_percent(agrees.sum() / n_asked)),
        "readable": float(in_percent(answered.sum() / n_asked)),
        **_of_models(_shares(agrees, asked), models),
    }


def _shares(some: BoolArray, asked: BoolArray) -> FloatArray:
    """(M,) the share of some among what each model was asked, in percent; nan for nothing."""
    n_asked = asked.sum(axis=0)
    shares = np.full(len(n_asked), np.nan)
    return in_percent(np.divide(some.sum(axis=0), n_asked, out=shares, where=n_asked > 0))


def _of_models(values: FloatArray, models: Sequence[str]) -> dict[str, float]:
    return {f"{MODEL}{name}": float(value) for name, value in zip(models, values, strict=True)}


def where_models_part(table: pd.DataFrame) -> str:
    """How far the models agree, in which task the least, and who agrees least of them."""
    overall = table["agreement"][0]
    agree = f"{_said(overall)} of the answers agree"
    return f"{agree}{_least_task(table)}{_least_model(table, overall)}"


def _least_task(table: pd.DataFrame) -> str:
    tasks = table.iloc[1:-1]
    if len(tasks) < 2:
        return ""
    shares = tasks["agreement"]
    if shares.max() - shares.min() < TASKS_APART:
        low, high = _said(shares.min()), _said(shares.max())
        span = "" if low == high else f" {decimal(shares.min(), 0)} to {high}"
        return f",{span} in every task"
    return f", least in {tasks['task'].iloc[0]} ({_said(shares.iloc[0])})"


def _least_model(table: pd.DataFrame, overall: float) -> str:
    models = table.iloc[0].filter(like=MODEL).astype(float)
    if models.min() > overall - MODEL_APART or len(models) < 2:
        return ""
    least = str(models.idxmin())
    return f"; {least.removeprefix(MODEL)} agrees least ({_said(models.min())})"


def _said(share: float) -> str:
    return percent(share / 100)


def orange_below(above: Sequence[str]) -> float:
    """The share in percent at which the first colour of `above` has given way to the second."""
    return HALF + HALF / max(1, len(above) - 1)


def cell_style(share: float, below: Sequence[str], above: Sequence[str]) -> str:
    """The background of a share in percent, and the ink that is readable on it; none where unknown.

    below, above : colours from 0 to half, and from half to 100, where most models agree
    """
    if np.isnan(share):
        return ""
    scale, low = (below, 0.0) if share < HALF else (above, HALF)
    colours, stops = rgb_of(scale), np.linspace(low, low + HALF, len(scale))
    rgb = (round(float(np.interp(share, stops, colours[:, one]))) for one in range(3))
    colour = "#{:02x}{:02x}{:02x}".format(*rgb)
    ink = INKS[0] if luminance([colour])[0] > EQUAL else INKS[1]
    return f"background-color: {colour}; color: {ink}"

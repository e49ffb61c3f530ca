"""The headline of the map: what its colours say of the queries that are drawn, as a sentence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cascal.charts.domains import Domain, domains
from cascal.charts.map_colours import ColourBy, Colouring, colour_map
from cascal.dataset.query_filters import models_disagree
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import BoolArray, FloatArray, IntArray, Split
from cascal.diagnose.coherence import below_zero_sentence
from cascal.evaluate import first_share
from cascal.number_format import agreeing, counted, decimal_pair, enumerated, percent

NAMED = 2
"""So many tasks are named with their model."""
Tasks = npt.NDArray[np.str_]
LEAST_SAID = 0.005
"""A share below it is few: it would be 0 percent."""
MOSTLY = 0.5
"""A task goes mostly to one model that gets more than this share of it."""


def map_title(
    snapshot: Snapshot,
    split: Split,
    by: ColourBy,
    rows: IntArray,
    model: str | None = None,
    column: str | None = None,
    *,
    chosen: bool = False,
) -> str:
    """What a colouring answers, about the queries that are drawn.

    rows (n,) : those of the split that have a place, none of them means all; model, column : as of
    `colour_map`; chosen : whether the rows are only those that a reader chose, which it then says
    """
    if not chosen or by == "silhouette":
        return _of_all(snapshot, split, by, rows, model, column)
    if not len(rows):
        return "No query meets all that is chosen"
    if by == "model":
        return _of_chosen(snapshot, split, rows)
    said = _of_all(snapshot, split, by, rows, model, column)
    return f"Chosen: {said.replace('The ', 'the ', 1) if said.startswith('The ') else said}"


def _of_all(
    snapshot: Snapshot,
    split: Split,
    by: ColourBy,
    rows: IntArray,
    model: str | None,
    column: str | None,
) -> str:
    drawn = rows if len(rows) else np.arange(len(snapshot.dataset.part(split)))
    if by == "model":
        return who_gets(snapshot, split, drawn)
    if by == "silhouette":
        return below_zero_sentence(snapshot)
    colouring = colour_map(snapshot, snapshot.dataset, split, by, model, column)
    tasks = np.array(snapshot.dataset.part(split).votes.tasks)[drawn]
    if by == "agreement":
        apart = models_disagree(snapshot.dataset.part(split))[drawn]
        return f"The models disagree on {_part(apart, tasks)}"
    if by == "correct":
        return _right(colouring, drawn, tasks)
    if colouring.group is not None:
        return _groups(colouring, drawn, "skill clusters" if by == "cluster" else "")
    assert colouring.value is not None  # noqa: S101 – what is no group is a value
    value = colouring.value[drawn]
    if by == "skill":
        name = colouring.title.removeprefix("Estimated skill of ")
        return f"{name} is strongest in {_ends(value, tasks, 2, 'weakest')}"
    if by == "margin":
        return f"The first model leads most in {_ends(value, tasks, 3, 'least')}"
    return f"Farthest from their cluster are the queries of {_ends(value, tasks, 2, 'nearest')}"


def _of_chosen(snapshot: Snapshot, split: Split, rows: IntArray) -> str:
    """Who is asked for some queries, in a line: a choice does not move the map below it."""
    shares, names = first_share(snapshot.routes(split), rows), snapshot.routes(split).models
    most = np.argsort(-shares, kind="stable")[: min(2, np.count_nonzero(shares))].tolist()
    chosen = counted(len(rows), "chosen query")
    if len(most) == 1:
        return f"{names[most[0]]} is asked for {agreeing(len(rows), 'the', 'all')} {chosen}"
    (one, share), *rest = [(names[at], percent(shares[at])) for at in most]
    said = [f"{share} go to {one}", *(f"{less} to {other}" for other, less in rest)]
    n_others = int(np.count_nonzero(shares)) - len(most)
    if n_others:
        left = 1.0 - float(shares[most].sum())
        which = counted(n_others, "other")
        said.append(f"{percent(left)} to {which}" if left >= LEAST_SAID else f"few to {which}")
    return f"Of {chosen}, {enumerated(said)}"


def who_gets(snapshot: Snapshot, split: Split, rows: IntArray) -> str:
    """Who is asked for what: the tasks that go mostly to one model, else the shares of all."""
    routes = snapshot.routes(split)
    shares, names = first_share(routes, rows), routes.models
    order = np.argsort(-shares, kind="stable")[: np.count_nonzero(shares)].tolist()
    if len(order) == 1:
        return f"{names[order[0]]} is asked for all queries"
    tasks = domains(snapshot, split, rows)
    own = [one for one in tasks if one.share > MOSTLY]
    if len(tasks) > 1 and own:
        return _by_task(own, [one for one in tasks if one not in own])
    if own:
        only = own[0]
        return f"{only.task} goes mostly to {only.model}, with {percent(only.share)} of the queries"
    said = [f"{percent(shares[one])} to {names[one]}" for one in order[:2]]
    if rest := order[2:]:
        others = names[rest[0]] if len(rest) == 1 else counted(len(rest), "other")
        said.append(f"{percent(shares[rest].sum())} to {others}")
    lead = "No task has" if len(tasks) > 1 else f"{tasks[0].task} does not have"
    return f"{lead} a model of its own: the queries go {enumerated(said)}"


def _by_task(own: list[Domain], shared: list[Domain]) -> str:
    """The tasks that go mostly to one model, each model's clearest first.

    shared : the tasks that do not; one alone is named
    """
    clearest: dict[str, Domain] = {}
    for one in own:
        clearest.setdefault(one.model, one)
    ordered = [*clearest.values(), *(one for one in own if one not in clearest.values())]
    named = [f"{one.task} to {one.model}" for one in ordered[:NAMED]]
    n_tasks = len(own) + len(shared)
    if len(shared) == 1 and len(own) > 1:
        named = named[:1]  # so that it stays one line
        lead = f"Every task but {shared[0].task} goes mostly to one model"
    elif shared:
        go = agreeing(len(own), "goes", "go")
        lead = f"{len(own)} of {counted(n_tasks, 'task')} {go} mostly to one model"
    elif len(clearest) == n_tasks:
        lead = "Each task has its own model"
    else:
        lead = "Each task goes mostly to one model"
    return f"{lead}{', as' if len(own) > len(named) else ':'} {enumerated(named)}"


def _part(which: BoolArray, tasks: Tasks) -> str:
    """How many of the queries something is true of, and the task where of most."""
    said = f"{percent(which.mean())} of {counted(len(which), 'query')}"
    shares = _by_means(which.astype(float), tasks)
    if len(shares) < 2 or not which.any():
        return said
    task, share = shares[-1]
    return f"{said}, most in {task}: {percent(share)}"


def _right(colouring: Colouring, drawn: IntArray, tasks: Tasks) -> str:
    """How often the first model is right, and the task where least."""
    group = np.full(len(drawn), -1) if colouring.group is None else colouring.group[drawn]
    known = group >= 0
    right = (group[known] == 0).astype(float)
    if not len(right):
        return "No right answer is known"
    said = f"The first model is right on {percent(right.mean())} of {counted(len(right), 'query')}"
    shares = _by_means(right, tasks[known])
    if len(shares) < 2:
        return said
    task, share = shares[0]
    return f"{said}, least in {task}: {percent(share)}"


def _groups(colouring: Colouring, drawn: IntArray, what: str) -> str:
    """How many groups there are, and the largest one."""
    group = np.empty(0, dtype=np.int64) if colouring.group is None else colouring.group[drawn]
    counts = np.bincount(group[group >= 0], minlength=len(colouring.names))
    if not counts.any():
        return f"{colouring.title} is known of no query"
    name, n = colouring.names[int(counts.argmax())], int(np.count_nonzero(counts))
    kinds = f"{n:,} {what}" if what else counted(n, colouring.title.lower())
    largest = f"{percent(counts.max() / len(group))} of {counted(len(group), 'query')}"
    return f"{kinds}: the largest is {name.partition(' ')[2] if what else name} with {largest}"


def _ends(value: FloatArray, tasks: Tasks, decimals: int, other_end: str) -> str:
    """The task with the highest mean and that with the lowest."""
    means = _by_means(value, tasks)
    if not means:
        return "no task that is known"
    (low_task, low), (task, high) = means[0], means[-1]
    low_text, high_text = decimal_pair(low, high, decimals)
    if task == low_task:
        return f"{task}: {high_text} on average"
    return f"{task}: {high_text} on average; {other_end} in {low_task}: {low_text}"


def _by_means(value: FloatArray, tasks: Tasks) -> list[tuple[str, float]]:
    """Mean of the known values of every task, the lowest first; ties by name."""
    known = np.isfinite(value)
    names = sorted(set(tasks[known].tolist()))
    found = [(name, float(value[known & (tasks == name)].mean())) for name in names]
    return sorted(found, key=lambda one: one[1])

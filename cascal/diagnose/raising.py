"""What would raise a low silhouette? Every change is tried out; nothing is said of what was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from cascal.clustering.cluster import TaskCandidates
from cascal.columns import Progress
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import CascalError, Embeddings, FloatArray
from cascal.diagnose.quality import repeats
from cascal.diagnose.silhouettes import SMALLEST_K, split_of
from cascal.diagnose.strong import (
    StrongQueries,
    silhouettes_by_k,
    split_anew,
    strong_queries,
    tightness,
)
from cascal.diagnose.trials import START, Trial, Value
from cascal.draws import random_rows
from cascal.fit import Fit
from cascal.number_format import agreeing, counted, decimal, signed
from cascal.settings import FitSettings
from cascal.store import Workspace

N_SAMPLES = 8
"""So many seeded samples of a size are split; their mean counts."""
FEWEST = 8
"""Of fewer strong queries a half says nothing."""
SAME_TIGHTNESS = 1e-6
"""A start that is tighter by less found the same split."""
Trend = Literal["rises", "falls", "unclear"]


def what_would_raise(
    snapshot: Snapshot,
    task: int,
    model: int,
    k: int,
    others: Mapping[str, Embeddings | str],
    progress: Progress | None = None,
) -> tuple[Trial, ...]:
    """Try out fewer clusters, other starts of k-means, more queries, no repeats, other encoders.

    task, model : places in the bench; k : its number of clusters; others : vectors by other
    encoders (`other_vectors`). Who is strong where stays as it is. NotApplicable where there is no
    such split.
    """
    split_of(snapshot.fit, task, model, k)
    queries = strong_queries(snapshot.fit, task, model)
    tell = progress or (lambda _share, _sentence: None)
    tell(0.0, "Splitting into fewer clusters")
    trials = [fewer_clusters(snapshot.fit, task, model, k)]
    tell(0.1, "Starting k-means elsewhere")
    seed = snapshot.fit.settings.seed
    starts = [split_anew(queries, k, other) for other in range(seed, seed + N_SAMPLES)]
    trials.append(other_starts(queries, k, starts, seed))
    tell(0.3, "Splitting halves of the queries")
    trials.append(more_queries(queries, k, seed, starts))
    tell(0.6, "Splitting without repeated queries")
    trials.append(without_repeats(snapshot, queries, k))
    tell(0.8, "Splitting the vectors of other encoders")
    return (*trials, *other_encoders(snapshot.fit, queries, others))


def fewer_clusters(fitted: Fit, task: int, model: int, k: int) -> Trial:
    """The best of the smaller numbers of clusters."""
    label = "Fewer clusters"
    if k == SMALLEST_K:
        return Trial(label=label, sentence=f"A split has at least {SMALLEST_K} clusters.")
    table = fitted.by_task[task].silhouettes[int(fitted.caller_models[model])]
    n = len(split_of(fitted, task, model, k).rows)
    best = int(np.argmax(table[SMALLEST_K - 1 : k - 1])) + SMALLEST_K
    before = Value(silhouette=float(table[k - 1]), n=n, k=k)
    after = Value(silhouette=float(table[best - 1]), n=n, k=best)
    better = after.silhouette > before.silhouette
    said = (
        f"{counted(best, 'cluster is', 'clusters are')} clearer than {k}"
        if better
        else f"none is clearer than {k}"
    )
    return Trial(label=label, sentence=f"Of fewer clusters {said}.", before=before, after=after)


def other_starts(
    queries: StrongQueries, k: int, starts: Sequence[TaskCandidates], seed: int
) -> Trial:
    """The tightest of several starts of k-means: is the split a poor one of its kind?

    Chosen by what k-means makes large, not by silhouette, which would always find a higher one.
    starts : the same queries from several seeds in their order, the first, of the fit, is `seed`
    """
    splits = [run.labels[0, k] for run in starts]
    tight = [tightness(queries, labels) for labels in splits]
    best = int(np.argmax(tight)) if max(tight) > tight[0] * (1.0 + SAME_TIGHTNESS) else 0
    n, values = len(queries.ids), _of_starts(starts, k).tolist()
    said, how = "none is tighter than this one", ""
    if best:
        said = f"another one is tighter, that of seed {seed + best}"
        how = f" No control sets it: in Python fit with FitSettings(seed={seed + best})."
    return Trial(
        label=START,
        sentence=f"Of {N_SAMPLES} starts {said} (silhouettes {decimal(min(values), 3)} to "
        f"{decimal(max(values), 3)}).{how}",
        before=Value(silhouette=values[0], n=n, k=k),
        after=Value(silhouette=values[best], n=n, k=k),
    )


def _of_starts(starts: Sequence[TaskCandidates], k: int) -> FloatArray:
    """(N_SAMPLES,) silhouettes of the same queries in k clusters, from several starts."""
    return np.array([run.silhouettes[0, k - 1] for run in starts])


def more_queries(
    queries: StrongQueries, k: int, seed: int, starts: Sequence[TaskCandidates]
) -> Trial:
    """The same number of clusters of a half, three quarters and all: does more data raise it?

    Each a mean over as many starts, so that no lucky or unlucky one is taken for an effect of their
    number. starts : those of all queries
    """
    label, n = "More queries (from a half to all)", len(queries.ids)
    if n < FEWEST:
        few = (
            f"{counted(n, 'strong query is', 'strong queries are')} too few to split a half of "
            f"them ({FEWEST} are needed)."
        )
        return Trial(label=label, sentence=few)
    half, most = (_samples(queries, round(share * n), k, seed) for share in (0.5, 0.75))
    whole = float(_of_starts(starts, k).mean())
    if not np.isfinite([*half, *most, whole]).all():
        return Trial(
            label=label, sentence=f"Samples of a half have no split into {counted(k, 'cluster')}."
        )
    course = trend(float(half.mean()), float(most.mean()), whole, float(half.std(ddof=1)))
    says = {
        "rises": "It is still rising: more queries of this kind may raise it further.",
        "falls": "It falls: more queries of this kind are not what it lacks.",
        "unclear": "It does not rise steadily by more than halves differ from one another.",
    }
    return Trial(
        label=label,
        sentence=f"Mean of {N_SAMPLES} halves {decimal(half.mean(), 3)} (standard deviation "
        f"{decimal(half.std(ddof=1), 3)}), of three quarters {decimal(most.mean(), 3)}, of all "
        f"from {N_SAMPLES} starts {decimal(whole, 3)}. {says[course]}",
        before=Value(silhouette=float(half.mean()), n=round(n / 2), k=k),
        after=Value(silhouette=whole, n=n, k=k),
        clear=course != "unclear",
        anew=(("halves", float(half.mean())), ("three quarters", float(most.mean()))),
    )


def trend(half: float, three_quarters: float, whole: float, spread: float) -> Trend:
    """Whether silhouettes rise with the queries, steadily, or fall; by more than `spread`.

    spread : standard deviation of those of different halves
    """
    if half < three_quarters < whole and whole - half > spread:
        return "rises"
    return "falls" if half - whole > spread else "unclear"


def _samples(queries: StrongQueries, n: int, k: int, seed: int) -> FloatArray:
    """(N_SAMPLES,) silhouettes of random samples of n queries in k clusters; −inf: no such."""
    drawn = [queries.take(random_rows(queries.ids, n, at)) for at in range(N_SAMPLES)]
    return np.array([silhouettes_by_k(sample, k, seed)[k - 1] for sample in drawn])


def without_repeats(snapshot: Snapshot, queries: StrongQueries, k: int) -> Trial:
    """The same number of clusters without the queries that repeat an earlier one, or nearly.

    Beside it as many queries left out at random: what that does is no work of the repeats.
    """
    label, twice = "Without repeated queries", repeats(snapshot.dataset)
    compared = queries.rows < len(twice)
    repeated = np.zeros(len(queries.ids), dtype=bool)
    repeated[compared] = twice[queries.rows[compared]]
    n, n_repeated = len(queries.ids), int(repeated.sum())
    if not n_repeated:
        return Trial(
            label=label, sentence=f"None of the {counted(n, 'strong query')} repeats another."
        )
    seed = snapshot.fit.settings.seed
    kept = queries.take(np.flatnonzero(~repeated))
    value = silhouettes_by_k(kept, k, seed)[k - 1]
    said = (
        f"{n_repeated} of {counted(n, 'strong query')} {agreeing(n_repeated, 'repeats', 'repeat')} "
        "an earlier query, or nearly"
    )
    if not np.isfinite(value):
        return Trial(
            label=label, sentence=f"{said}: the rest has no split into {counted(k, 'cluster')}."
        )
    before = float(silhouettes_by_k(queries, k, seed)[k - 1])
    chance = float(_samples(queries, len(kept.ids), k, seed).mean())
    return Trial(
        label=label,
        sentence=f"{said}. {_beside_chance(float(value), chance)}",
        before=Value(silhouette=before, n=n, k=k),
        after=Value(silhouette=float(value), n=len(kept.ids), k=k),
        by_chance=chance - before if np.isfinite(chance) else np.nan,
        anew=(("without the repeated ones", float(value)), ("as many left out at random", chance)),
    )


def _beside_chance(value: float, chance: float) -> str:
    """How much of a silhouette is not there if as many queries are left out at random."""
    if not np.isfinite(chance):
        return f"Without as many taken at random there is not always a split ({N_SAMPLES} samples)."
    return (
        f"Without as many taken at random it is {decimal(chance, 3)} (mean of {N_SAMPLES}): "
        f"{signed(value - chance, 3)} of the change is the work of the repeats."
    )


def other_encoders(
    fitted: Fit, queries: StrongQueries, others: Mapping[str, Embeddings | str]
) -> list[Trial]:
    """The clearest split of the same queries by the vectors of each other encoder."""
    if not others:
        none = "This workspace has no vectors of another encoder: cascal embed adds some."
        return [Trial(label="Another encoder", sentence=none)]
    before = _clearest(queries, fitted.settings)
    return [
        _with_encoder(fitted.settings, queries, before, name, other)
        for name, other in sorted(others.items())
    ]


def _with_encoder(
    settings: FitSettings,
    queries: StrongQueries,
    before: Value,
    name: str,
    other: Embeddings | str,
) -> Trial:
    label = f"Encoder {name}"
    if isinstance(other, str):
        return Trial(label=label, sentence=other)
    vectors = np.asarray(other.take(queries.ids).vectors, dtype=queries.vectors.dtype)
    after = _clearest(replace(queries, vectors=vectors), settings)
    if not np.isfinite(after.silhouette):
        return Trial(label=label, sentence="Its vectors of the strong queries are all the same.")
    said = "The clearest split of the same strong queries by either encoder."
    return Trial(label=label, sentence=said, before=before, after=after)


def _clearest(queries: StrongQueries, settings: FitSettings) -> Value:
    table = silhouettes_by_k(queries, settings.max_k, settings.seed)
    best = int(np.argmax(table))
    return Value(silhouette=float(table[best]), n=len(queries.ids), k=best + 1)


def other_vectors(workspace: Workspace, dataset: str, encoder: str) -> dict[str, Embeddings | str]:
    """Vectors of the training queries by every other encoder that has any; or why not of all."""
    found: dict[str, Embeddings | str] = {}
    for name, _, _ in workspace.encoders(dataset):
        if name != encoder:
            try:
                found[name] = workspace.embeddings(dataset, name, "train")
            except CascalError as error:
                found[name] = str(error)
    return found

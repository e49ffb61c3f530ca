"""Models, clusters and queries as frames and figures; nothing is drawn that is not in a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cascal.charts.figures import (
    MUTED,
    in_percent,
    percent_hover,
    percent_ticks,
    plain,
    round_range,
    shorten,
)
from cascal.computing.remembered import remembered
from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.dataset.telling_queries import TellingQuery
from cascal.datatypes import FloatArray
from cascal.explain import RouteTrace, explain
from cascal.naming.cluster_names import cluster_name
from cascal.number_format import capitalised, percent
from cascal.rank import SelectionRanking
from cascal.results import Routes
from cascal.routing.leaders import cluster_leaders
from cascal.routing.leads import Z95
from cascal.routing.route import Router

QUERY_LENGTH = 104
"""Characters of a query in a list, where it has two lines."""
TYPICAL_LENGTH = 90
"""Characters of a cluster's most typical query in a table."""


def cluster_labels(snapshot: Snapshot) -> tuple[str, ...]:
    """One label per cluster: its number and its terms."""
    return tuple(f"{c} {cluster_name(terms)}" for c, terms in enumerate(snapshot.names))


def clusters_frame(snapshot: Snapshot) -> pd.DataFrame:
    """One row a cluster: number, name, task, queries, first models and scores at its centre, lead.

    typical: the query nearest to its centre, cut after a word, "" where it holds none
    aside: another first model by consensus alone, and why the router does not pick it.
    """
    router = snapshot.router
    clusters, leaders = router.clusters, cluster_leaders(router)
    ordered = np.take_along_axis(router.at_centers.scores, router.cluster_order, axis=1)
    lead = ordered[:, 0] - ordered[:, 1] if ordered.shape[1] > 1 else np.full(len(clusters), np.nan)
    return pd.DataFrame(
        {
            "cluster": np.arange(len(clusters)),
            "name": [cluster_name(terms) for terms in snapshot.names],
            "typical": _most_typical(snapshot),
            "task": [router.tasks[task] for task in clusters.task],
            "queries": clusters.sizes,
            "first": [one.best[0] for one in leaders],
            "top": [", ".join(one.best) for one in leaders],
            "aside": [one.aside for one in leaders],
            "score": ordered[:, 0],
            "lead": lead,
        }
    )


@remembered
def _most_typical(snapshot: Snapshot) -> tuple[str, ...]:
    """(C,) the query nearest to the centre of each cluster, "" where it holds none."""
    texts, clusters = snapshot.dataset.train.texts, range(len(snapshot.router.clusters))
    nearest = [[texts[row] for row in snapshot.typical(cluster, 1)] for cluster in clusters]
    return tuple(shorten(" ".join(" ".join(one).split()), TYPICAL_LENGTH) for one in nearest)


def ranking_frame(router: Router, cluster: int) -> pd.DataFrame:
    """The models of one cluster in the order of the router's picks at its centre.

    score at the centre; raw mean in the cluster with 95 % interval; trust in its deviation
    """
    rankings, order = router.rankings, router.cluster_order[cluster]
    mean, error = rankings.mean_scores[cluster, order], rankings.standard_error[cluster, order]
    return pd.DataFrame(
        {
            "model": [router.models[m] for m in order],
            "score": router.at_centers.scores[cluster, order],
            "mean": mean,
            "low": mean - Z95 * error,
            "high": mean + Z95 * error,
            "trust": rankings.trust[cluster, order],
        }
    )


def selection_frame(ranking: SelectionRanking, models: Sequence[str]) -> pd.DataFrame:
    """The models over a hand-picked set of queries, best first, with 95 % intervals."""
    order = ranking.order
    return pd.DataFrame(
        {
            "model": [models[m] for m in order],
            "mean": ranking.mean[order],
            "low": ranking.low[order],
            "high": ranking.high[order],
        }
    )


def routed_frame(router: Router, part: Part, queries: Sequence[TellingQuery]) -> pd.DataFrame:
    """One row a query: what it shows, where it goes, the runner-up, and as they are written the
    lead, its noise and how sure that is; "" where unknown.
    """
    rows = [one.row for one in queries]
    traces = [explain(router, part.vectors.vectors[row]) for row in rows]
    leads = [one.lead_words for one in traces]
    return pd.DataFrame(
        {
            "query": [shorten(" ".join(part.texts[row].split()), QUERY_LENGTH) for row in rows],
            "shows": [one.shows for one in queries],
            "first": [one.models[0].model for one in traces],
            "second": [one.models[1].model if len(one.models) > 1 else None for one in traces],
            "lead": ["" if one is None else one.lead for one in leads],
            "noise": ["" if one is None else one.noise for one in leads],
            "sure": ["" if one is None else capitalised(one.sure) for one in leads],
        }
    )


def trace_frame(trace: RouteTrace) -> pd.DataFrame:
    """One row a model of a traced route."""
    return pd.DataFrame(
        {
            "model": [one.model for one in trace.models],
            "mean": [one.score for one in trace.models],
            "low": [one.score - Z95 * one.standard_error for one in trace.models],
            "high": [one.score + Z95 * one.standard_error for one in trace.models],
            "selected": [one.selected for one in trace.models],
        }
    )


def share_frame(models: Sequence[str], now: FloatArray, pinned: FloatArray) -> pd.DataFrame:
    """One row a model: percent of the queries it gets first, and the change in points."""
    order = np.argsort(-now, kind="stable")
    return pd.DataFrame(
        {
            "model": [models[m] for m in order],
            "share": in_percent(now[order]),
            "change": in_percent((now - pinned)[order]),
        }
    )


def share_figure(models: Sequence[str], now: FloatArray, colours: Mapping[str, str]) -> go.Figure:
    """Share of the queries that each model gets first."""
    order = np.argsort(-now, kind="stable")
    shares = in_percent(now[order])
    figure = go.Figure(
        go.Bar(
            x=shares,
            y=[plain(models[m]) for m in order],
            orientation="h",
            marker={"color": [colours.get(models[m], MUTED) for m in order]},
            text=[percent(share) for share in now[order]],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"%{{y}}: {percent_hover('x')}<extra></extra>",
        )
    )
    figure.update_layout(template="cascal", height=28 * len(order) + 40, margin={"r": 44})
    figure.update_yaxes(autorange="reversed", title=None)
    figure.update_xaxes(title=None, range=round_range([0.0, *shares]), **percent_ticks())
    return figure


def decisions_frame(routes: Routes, query_ids: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """One row a routed query: the models it goes to, task, distance, lead, fallback share."""
    ordered = np.sort(routes.scores, axis=1)
    lead = ordered[:, -1] - ordered[:, -2] if ordered.shape[1] > 1 else np.full(len(routes), np.nan)
    return pd.DataFrame(
        {
            "query_id": list(query_ids),
            "first": [routes.models[m] for m in routes.selected[:, 0]],
            "selected": [", ".join(routes.models[m] for m in row) for row in routes.selected],
            "task": [routes.tasks[task] for task in routes.task],
            "distance": routes.distance,
            "lead": lead,
            "fallback": routes.fallback,
            "text": list(texts),
        }
    )

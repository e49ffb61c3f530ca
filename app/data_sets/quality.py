"""The tab Quality of the page Data: what the training queries are worth, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
import yaml

from app import columns, frame, jobs, session
from app.terms.glossary import meaning
from cascal import charts
from cascal.collection.rgd_filter import Filtered, rgd_filter
from cascal.columns import Progress
from cascal.compare.drift import MMD_TARGET
from cascal.dataset.dataset import Dataset
from cascal.datatypes import NotApplicable
from cascal.diagnose import quality
from cascal.diagnose.quality import ClusterNeed, TrainingQuality
from cascal.diagnose.repeats import without_repeats
from cascal.number_format import agreeing, counted, decimal, percent

AHEAD = (
    "Mean consensus score of the model that is ahead less that of the other, on this cluster’s "
    "queries alone. Where the router has the other one first, it knows more than these."
)


def quality_of_training() -> None:
    """Numbers of the training queries, unsure clusters, and the filter with its preview."""
    _numbers()
    _needs()
    _filter()


def _numbers() -> None:
    data, fitted = session.dataset(), session.fit()

    def work(progress: Progress) -> TrainingQuality:
        progress(0.1, "Comparing training and test queries")
        return quality.training_quality(data, fitted)

    st.subheader("What are the training queries worth?", anchor=False)
    found = jobs.show(f"quality:{session.fit_token()}", "Measure", work, at_once=True)
    if found is None:
        return
    with st.grid(4, min_column_width=185):
        _of_the_votes(found, data)
        _of_repetition(found, len(data.train))
        _of_the_test_set(found)
    _both_counts(found)
    if found.tasks_with_one:
        st.info(
            f"{counted(found.tasks_with_one, 'task has', 'tasks have')} a single training query."
        )


def _of_the_votes(found: TrainingQuality, data: Dataset) -> None:
    """How much the votes tell, and how far they uphold the queries' own answers."""
    frame.metric(
        "Separating queries",
        percent(found.separating),
        "",
        "Share on which not all answering models agree. Others say nothing about who is better.",
    )
    frame.metric(
        "Mean agreement",
        percent(found.agreement),
        "",
        "Mean share of the models in the largest group.",
    )
    if found.label_agreement is not None:
        origin = data.train.label_origin.capitalize()
        about = (
            "Share of the queries’ own answers that the consensus holds too. A weak generator "
            "answers its own questions badly, which shows here without any gold answer."
        )
        said = "the consensus says the same"
        frame.metric(f"{origin} answers upheld", percent(found.label_agreement), said, about)


def _of_repetition(found: TrainingQuality, n_queries: int) -> None:
    """What is there twice, within the training queries or in the test set too."""
    compared = "" if found.n_compared == n_queries else f" of the first {found.n_compared:,}"
    frame.metric(
        "Repeated queries",
        f"{found.duplicates + found.near_duplicates:,}",
        f"{found.duplicates:,} word for word",
        f"An earlier query{compared} is the same, or its vector has a cosine of at least "
        f"{quality.NEAR_DUPLICATE}.",
    )
    frame.metric(
        "In the test set too",
        f"{found.near_leaked:,}",
        f"{found.leaked:,} word for word",
        "Training queries that repeat a test query: accuracies on the test queries flatter then.",
    )


def _both_counts(found: TrainingQuality) -> None:
    """How the training queries that repeat a test query and the tests repeated go together."""
    repeats = without_repeats(session.snapshot())
    if repeats is None or not found.near_leaked:
        return
    train = counted(found.near_leaked, "training query repeats", "training queries repeat")
    st.caption(
        f"The same pairs, counted from either side: {train} a test query, "
        f"{counted(repeats.n_repeated, 'test query')} a training query; several can be like one."
    )


def _of_the_test_set(found: TrainingQuality) -> None:
    """How near the training queries are to the test queries; nothing without any."""
    if found.drift is None or found.covered is None:
        return
    near = "below" if found.drift.mmd < MMD_TARGET else "above"
    frame.metric(
        "Distance to test (MMD)",
        decimal(found.drift.mmd, 3),
        f"{near} the target {MMD_TARGET}",
        f"{meaning('MMD')} Sets mixed at random reach {decimal(found.drift.null, 3)}.",
    )
    about = "Share that lies as near to a training query as those lie to one another."
    note = "95 % where they are of one kind"
    frame.metric("Test queries covered", percent(found.covered), note, about)


def _needs() -> None:
    router = session.snapshot().router
    st.subheader("Where are more queries needed?", anchor=False)
    try:
        needs = quality.cluster_needs(router, session.fit().consensus)
    except NotApplicable as error:
        st.caption(frame.shown_refusal(error))
        return
    unsure = [one for one in needs if one.certainty < quality.SURE]
    if not unsure:
        st.caption(f"Nowhere: every cluster's first model is ahead with {percent(quality.SURE)}.")
        return
    names = charts.cluster_labels(session.snapshot())
    st.caption(
        f"In {len(unsure)} of {counted(len(needs), 'cluster')} it is less than "
        f"{percent(quality.SURE)} sure which model is ahead.{_no_number(unsure)}"
    )
    _needs_table(unsure, names)
    entries = quality.tasks_for_more(session.dataset(), router, unsure)
    if entries:
        st.download_button(
            f"Task file that asks a generator for them ({counted(len(entries), 'entry')})",
            yaml.safe_dump({"tasks": entries}, allow_unicode=True, sort_keys=False),
            file_name="more.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
        )


def _no_number(unsure: Sequence[ClusterNeed]) -> str:
    """How many of these clusters the task file leaves out, and why; "" for none."""
    n_equal = sum(not one.needed for one in unsure)
    if not n_equal:
        return ""
    first_two = counted(n_equal, "of them has first two", "of them have first two")
    return f" {first_two} as good as equal: no number of queries tells, and the file asks for none."


def _ahead(one: ClusterNeed) -> tuple[str, str]:
    """The first two models of a cluster, the one that its own queries speak for first."""
    return (one.first, one.second) if one.lead >= 0 else (one.second, one.first)


def _needs_table(unsure: Sequence[ClusterNeed], names: Sequence[str]) -> None:
    table = pd.DataFrame(
        {
            "cluster": [names[one.cluster] for one in unsure],
            "queries": [one.n_queries for one in unsure],
            "pair": [" over ".join(_ahead(one)) for one in unsure],
            "lead": [abs(one.lead) for one in unsure],
            "certainty": [100 * max(one.certainty, 1 - one.certainty) for one in unsure],
            "first": [one.first for one in unsure],
            "needed": [
                "as good as equal" if one.needed is None else f"{one.needed:,} more"
                for one in unsure
            ],
        }
    )
    st.dataframe(
        frame.written(table, {"lead": 3}, ("lead",)),
        hide_index=True,
        height=240,
        alt="Clusters whose first model is not sure",
        column_config={
            "cluster": "Cluster",
            "queries": columns.number("Queries", format="localized"),
            "pair": "Ahead here",
            "lead": columns.number("Ahead by", help=AHEAD),
            "certainty": st.column_config.ProgressColumn(
                "Chance it is ahead",
                format="%.0f %%",
                max_value=100,
                help="Probability that this model is better than the other on such queries.",
            ),
            "first": "First of the router",
            "needed": "Queries to be sure",
        },
    )


def _filter() -> None:
    votes, fitted = session.dataset().train.votes, session.fit()
    n_models = len(votes.models)
    st.subheader("What would the filter keep?", anchor=False)
    if n_models < 3:
        st.caption("The filter needs at least 3 models.")
        return
    st.caption(
        "Weak generators ask many queries that tell nothing. Kept is what the strongest models (by "
        "consensus) answer alike and few of the others do; no label is read."
    )
    left, right = st.columns(2)
    with left:
        strong = st.slider(
            "Strongest models that must agree", 1, min(4, n_models - 1), 2, key="filter_strong"
        )
    with right:
        others = st.slider(
            "Others that may agree with them",
            0,
            n_models - strong,
            min(2, n_models - strong),
            key="filter_others",
        )
    overall = np.nan_to_num(fitted.consensus, nan=0.0).mean(axis=0)
    kept = rgd_filter(votes, overall, n_strong=strong, max_others=others)
    _filtered(kept, len(votes.query_ids), strong, others)


def _filtered(kept: Filtered, n_queries: int, strong: int, others: int) -> None:
    share = len(kept.rows) / max(1, n_queries)
    n_kept = len(kept.rows)
    stay = agreeing(n_kept, "stays", "stay")
    st.text(f"{n_kept:,} of {counted(n_queries, 'query')} {stay} ({percent(share)}).")
    table = pd.DataFrame({"task": list(kept.passed), "stay": list(kept.passed.values())})
    table = table.sort_values("stay", ascending=False, kind="stable", ignore_index=True)
    st.dataframe(
        table,
        hide_index=True,
        alt="Survivors of the filter per task",
        height=220,
        column_config={
            "task": "Task",
            "stay": st.column_config.ProgressColumn(
                "Queries that stay",
                format="localized",
                min_value=0,
                max_value=max(1, int(table["stay"].max())),
            ),
        },
    )
    name = session.dataset_name().replace('"', "")
    st.caption("As a data set of its own, and its effect on all routers:")
    st.code(
        f'cascal filter "{name}" --strong {strong} --others {others} --to "{name}-filtered"\n'
        f'cascal experiment filtering "{name}"',
        language=None,
        wrap_lines=True,
    )

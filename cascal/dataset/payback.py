"""When does it pay back? What a workspace knows of money and quality, put before `payback`."""

from __future__ import annotations

import numpy as np

from cascal.dataset.contest import Contest, contest
from cascal.dataset.cost import query_costs
from cascal.dataset.dataset import Dataset
from cascal.dataset.label_facts import gather_evidence, labels_of_people
from cascal.dataset.scored_evidence import ScoreEvidence
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray, NotApplicable
from cascal.intervals import Estimate, estimate
from cascal.number_format import counted
from cascal.store import Workspace
from cascal.verdicts.constant import Constant
from cascal.verdicts.payback import Advantage, Payback, Spending, Terms, payback
from cascal.verdicts.verdict import too_few

MEAN_COST = "at the mean cost of each model"
LABEL_SOME = (
    "there are neither test queries with gold answers nor labels; `cascal label` draws the queries "
    "that decide it."
)


def find_payback(workspace: Workspace, snapshot: Snapshot, terms: Terms) -> Payback:
    """Whether a router pays back what its data set cost: the one place that says it.

    Quality by the gold answers of the test queries, where there are any, against the model that the
    verdict names; else by the labels of the workspace, against the best model by consensus. It is
    about the router without a gate, as the verdict is.
    """
    snapshot = snapshot.ungated
    with workspace.opened():
        spending = _spending(workspace, snapshot.dataset, terms)
        return payback(spending, _advantage(workspace, snapshot), terms)


def find_choice_payback(
    workspace: Workspace, snapshot: Snapshot, first: IntArray, terms: Terms
) -> Payback:
    """The same for other first models, by the gold answers of the test queries.

    first (Q,) columns of their votes; compared with the model that the verdict names
    """
    part, constant = snapshot.dataset.gold_test, snapshot.constant
    always = np.full(len(part), part.votes.models.index(constant.name))
    rows = np.arange(len(part))
    right = part.right[rows, first] - part.right[rows, always]
    if not np.isfinite(right).any():
        with workspace.opened():
            spending = _spending(workspace, snapshot.dataset, terms)
            return payback(spending, _nothing(constant, f"{too_few(0)}."), terms)
    gain = estimate(right)
    found = Contest(
        part=part,
        first=first,
        second=always,
        names=("routing", constant.words),
        constant=constant,
    )
    with workspace.opened():
        spending = _spending(workspace, snapshot.dataset, terms)
        return payback(
            spending, _with_saving(snapshot, found, constant, gain, "by gold answers"), terms
        )


def find_vote_payback(workspace: Workspace, snapshot: Snapshot, terms: Terms) -> Payback:
    """The same where the selected models vote, by the gold answers of the test queries."""
    snapshot = snapshot.ungated
    part, constant, result = snapshot.dataset.gold_test, snapshot.constant, snapshot.evaluation
    if result is None:
        raise NotApplicable("Without gold answers a vote is not judged.", code="no-gold")
    routes, costs = snapshot.routes("test"), query_costs(part, snapshot.dataset.train)
    column = np.array([part.votes.models.index(one) for one in routes.models])
    asked = np.take_along_axis(costs.dollars, column[routes.selected], axis=1).sum(axis=1)
    saved = costs.dollars[:, part.votes.models.index(constant.name)] - asked
    found = Advantage(
        against=_named(constant),
        saving=estimate(saved) if bool(np.isfinite(saved).all()) else None,
        saving_basis="measured" if costs.measured else MEAN_COST,
        quality=estimate(result.vote_right - result.model_right[:, constant.model]),
        quality_basis="by gold answers",
    )
    with workspace.opened():
        return payback(_spending(workspace, snapshot.dataset, terms), found, terms)


def _spending(workspace: Workspace, dataset: Dataset, terms: Terms) -> Spending:
    name = dataset.info.name
    return Spending(
        bills=workspace.bills(name),
        n_labels=len(labels_of_people(workspace, name)),
        label_price=terms.label_price,
        simulated=dataset.simulated,
    )


def find_score_payback(
    workspace: Workspace, dataset: Dataset, evidence: ScoreEvidence, terms: Terms
) -> Payback:
    """The same where answers are open-ended: quality is the mean score, by those who scored."""
    name = dataset.info.name
    with workspace.opened():
        people = [one for one in workspace.response_scores(name) if one.origin == "person"]
        spending = Spending(
            bills=workspace.bills(name),
            n_labels=len(people),
            label_price=terms.label_price,
            simulated=dataset.simulated,
        )
        return payback(spending, _by_scores(dataset, evidence), terms)


def _by_scores(dataset: Dataset, evidence: ScoreEvidence) -> Advantage:
    router, chosen = evidence.router, evidence.chosen
    against = f"always asking {evidence.ranking.best}"
    if router is None or chosen is None or evidence.gain is None:
        return Advantage(
            against=against,
            saving=None,
            saving_basis="",
            quality=None,
            quality_basis=evidence.routing_sentence,
        )
    place = {query_id: at for at, query_id in enumerate(evidence.scored.query_ids)}
    saved, measured = [], True
    for part in filter(None, (dataset.train, dataset.test)):
        costs = query_costs(part, dataset.train)
        column = np.array([part.votes.models.index(one) for one in router.models])
        rows = np.arange(len(part))
        first = chosen[[place[one] for one in part.votes.query_ids]]
        always = costs.dollars[:, column[router.constant]]
        difference = always - costs.dollars[rows, column[first]]
        saved.append(np.where(first == router.constant, 0.0, difference))
        measured = measured and costs.measured
    values = np.concatenate(saved)
    return Advantage(
        against=f"always asking {router.models[router.constant]}",
        saving=estimate(values) if bool(np.isfinite(values).all()) else None,
        saving_basis="measured" if measured else MEAN_COST,
        quality=evidence.gain.estimate,
        quality_basis=f"in mean score, by {evidence.scored.words}",
    )


def _advantage(workspace: Workspace, snapshot: Snapshot) -> Advantage:
    if snapshot.verdict is not None and snapshot.dataset.test is not None:
        gain = snapshot.verdict.gain
        if why := too_few(gain.n):
            return _nothing(snapshot.constant, f"{why}.")
        found = _by_gold(snapshot)
        return _with_saving(snapshot, found, snapshot.constant, gain, "by gold answers")
    try:
        found = contest(snapshot)
    except NotApplicable as error:
        return _nothing(snapshot.constant, str(error))
    constant = found.constant or snapshot.constant
    evidence = gather_evidence(workspace, snapshot.dataset.info.name, found)
    if not evidence.gain.n_labels and evidence.gain.n_contested:
        return _nothing(constant, LABEL_SOME)
    basis = f"by {counted(evidence.gain.n_labels, 'label')}"
    return _with_saving(snapshot, found, constant, evidence.watched, basis)


def _by_gold(snapshot: Snapshot) -> Contest:
    """The router against the model of the verdict, on the test queries."""
    part, constant = snapshot.dataset.part("test"), snapshot.constant
    column = {name: at for at, name in enumerate(part.votes.models)}
    routes = snapshot.routes("test")
    columns = np.array([column[name] for name in routes.models], dtype=np.int64)
    return Contest(
        part=part,
        first=columns[routes.selected[:, 0]],
        second=np.full(len(part), column[constant.name]),
        names=("routing", constant.words),
        constant=constant,
    )


def _nothing(constant: Constant, why: str) -> Advantage:
    return Advantage(
        against=_named(constant),
        saving=None,
        saving_basis="",
        quality=None,
        quality_basis=why,
    )


def _named(constant: Constant) -> str:
    return f"always asking {constant.words}"


def _with_saving(
    snapshot: Snapshot, found: Contest, constant: Constant, quality: Estimate, basis: str
) -> Advantage:
    """The cost of the second way minus that of the first, query by query, where both were asked."""
    costs = query_costs(found.part, snapshot.dataset.train)
    rows = np.arange(len(found.part))
    saved = costs.dollars[rows, found.second] - costs.dollars[rows, found.first]
    saved = np.where(found.first == found.second, 0.0, saved)[found.counts]
    known = len(saved) > 0 and bool(np.isfinite(saved).all())
    return Advantage(
        against=_named(constant),
        saving=estimate(saved) if known else None,
        saving_basis="measured" if costs.measured else MEAN_COST,
        quality=quality,
        quality_basis=basis,
    )

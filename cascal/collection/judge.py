"""Have a strong model label queries instead of a person: asked like any other, stored as a judge's.

What it answered to a query when responses were collected is its label too: nothing is paid twice.
Its labels are never gold and never mixed with people's (`cascal.dataset.judged`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyarrow.compute as pc

from cascal.collection.ask_selected import destinations
from cascal.collection.collect import CollectProgress, collect
from cascal.collection.cost_ahead import CostAhead, cost_of_calls
from cascal.collection.into_workspace import Limits, read_queries
from cascal.dataset.contest import new_draw
from cascal.dataset.judged import judgeable, names_of
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_questions import Question
from cascal.datatypes import Query, Response
from cascal.endpoint.pool_file import PoolModel
from cascal.number_format import counted
from cascal.store import JUDGE, Draw, Label, Workspace


@dataclass(frozen=True, eq=False, kw_only=True)
class JudgingPlan:
    """What would be sent: one call for each query of the draw that the judge has not answered.

    stored : its answers that the workspace holds already, to queries that it has not labelled;
    ahead : about what the calls cost
    """

    desk: Desk
    model: PoolModel
    n: int
    queries: tuple[Query, ...]
    stored: tuple[StoredAnswer, ...]
    ahead: CostAhead

    @property
    def sentence(self) -> str:
        """How many calls go where at what cost, and what they are taken for."""
        frame, n_calls = len(self.desk.draw.frame), len(self.queries)
        calls = f"{counted(n_calls, 'call')} to {self.model.name}"
        where = (
            f" at {destinations([self.model.spec])}, one a query, {self.ahead.words}"
            if n_calls
            else ""
        )
        answers = counted(len(self.stored), "stored answer of it is", "stored answers of it are")
        known = f" {answers} used." if self.stored else ""
        return (
            f"{calls}{where}: it judges {min(self.n, frame):,} of the "
            f"{counted(frame, 'contested query')} on which it is not compared.{known} Its labels "
            "are marked as judged, and are neither gold nor people's."
        )


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """What the judge answered when responses were collected; None where it gave no answer."""

    query_id: str
    answer: str | None


def plan_judging(store: Workspace, question: Question, model: PoolModel, n: int) -> JudgingPlan:
    """The first n queries that the model may judge, without those it has; nothing is sent.

    CascalError where it is compared on too many of them.
    """
    found = judgeable(question.contest, *names_of(store.models(question.dataset), model.spec))
    draw = new_draw(found, purpose=question.draw.purpose, settings=question.draw.settings)
    desk = Desk(
        store=store,
        dataset=question.dataset,
        contest=found,
        draw=draw,
        person=f"{JUDGE}{model.name}",
    )
    own = {
        one.query_id
        for one in store.labels(question.dataset)
        if one.person == desk.person and one.current
    }
    wanted = [one for one in draw.frame[:n] if one not in own]
    stored = _stored_answers(store, question.dataset, model.name, wanted)
    answered = {one.query_id for one in stored}
    known = {one.query_id: one for one in read_queries(store, question.dataset)}
    queries = tuple(known[one] for one in wanted if one not in answered)
    return JudgingPlan(
        desk=desk,
        model=model,
        n=n,
        queries=queries,
        stored=stored,
        ahead=cost_of_calls(store, question.dataset, [model], {model.name: queries}),
    )


def _stored_answers(
    store: Workspace, dataset: str, model: str, wanted: Iterable[str]
) -> tuple[StoredAnswer, ...]:
    """First responses of the model to some queries; a call that failed is no answer."""
    table = store.responses(dataset)
    of_model = pc.and_(pc.equal(table["model"], model), pc.equal(table["sample"], 0))
    rows = table.filter(pc.and_(of_model, pc.not_equal(table["status"], "error"))).to_pylist()
    given = {row["query_id"]: row["answer"] for row in rows}
    return tuple(StoredAnswer(query_id=one, answer=given[one]) for one in wanted if one in given)


def judge_into(
    plan: JudgingPlan,
    *,
    limits: Limits | None = None,
    progress: Callable[[CollectProgress], None] | None = None,
) -> CollectProgress:
    """Store what the judge has answered, ask the rest and store it as it comes; call it to go on.

    An answer that cannot be read, or a refusal, is a skipped query; a failed call stores nothing.
    """
    desk, bounds = plan.desk, limits or Limits()
    handed = desk.hand_out(plan.n)
    wanted = [*(one.query_id for one in plan.stored), *(one.query_id for one in plan.queries)]
    contents = desk.store.contents(desk.dataset, wanted)
    known = [_label(desk, handed, one, contents[one.query_id]) for one in plan.stored]
    desk.store.add_labels(desk.dataset, known)

    def keep(response: Response, _cause: str, _sentence: str) -> None:
        if response.status != "error":
            content = contents[response.query_id]
            desk.store.add_labels(desk.dataset, [_label(desk, handed, response, content)])

    return collect(
        [plan.model],
        {plan.model.name: plan.queries},
        keep,
        budget=bounds.budget,
        stop=bounds.stop,
        progress=progress,
        patience=bounds.patience,
    )


def _label(desk: Desk, draw: Draw, response: Response | StoredAnswer, content: str) -> Label:
    return Label(
        query_id=response.query_id,
        person=desk.person,
        content=content,
        draw_id=draw.draw_id,
        probability=draw.probability,
        purpose=draw.purpose,
        mark="skipped" if response.answer is None else "answered",
        answer=response.answer,
    )

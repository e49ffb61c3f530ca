"""Have a strong model label queries instead of a person: asked like any other, stored as a judge's.

Its labels are never gold and never mixed with people's (`cascal.dataset.judged`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cascal.collection.ask_selected import destinations
from cascal.collection.collect import CollectProgress, collect
from cascal.collection.into_workspace import Limits, read_queries
from cascal.dataset.contest import new_draw
from cascal.dataset.judged import judgeable
from cascal.dataset.label_desk import Desk
from cascal.dataset.label_questions import Question
from cascal.datatypes import Query, Response
from cascal.endpoint.pool_file import PoolModel
from cascal.store import JUDGE, Draw, Label, Workspace


@dataclass(frozen=True, eq=False, kw_only=True)
class JudgingPlan:
    """What would be sent: one call for each query of the draw that the judge has not labelled."""

    desk: Desk
    model: PoolModel
    n: int
    queries: tuple[Query, ...]

    @property
    def sentence(self) -> str:
        """How many calls go where, and what they are taken for."""
        frame, n_calls = len(self.desk.draw.frame), len(self.queries)
        return (
            f"{n_calls:,} call{'' if n_calls == 1 else 's'} to {self.model.name} at "
            f"{destinations([self.model.spec])}, one a query: it judges {min(self.n, frame):,} of "
            f"the {frame:,} contested queries on which it is not compared. Its labels are marked "
            "as judged, and are neither gold nor people's."
        )


def plan_judging(store: Workspace, question: Question, model: PoolModel, n: int) -> JudgingPlan:
    """The first n queries that the model may judge, without those it has; nothing is sent.

    CascalError where it is compared on too many of them.
    """
    found = judgeable(question.contest, model.name)
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
    known = {one.query_id: one for one in read_queries(store, question.dataset)}
    wanted = tuple(known[one] for one in draw.frame[:n] if one not in own)
    return JudgingPlan(desk=desk, model=model, n=n, queries=wanted)


def judge_into(
    plan: JudgingPlan,
    *,
    limits: Limits | None = None,
    progress: Callable[[CollectProgress], None] | None = None,
) -> CollectProgress:
    """Ask, and store what the judge says as it comes; call it again to go on.

    An answer that cannot be read, or a refusal, is a skipped query; a failed call stores nothing.
    """
    desk, bounds = plan.desk, limits or Limits()
    handed = desk.hand_out(plan.n)
    contents = desk.store.contents(desk.dataset, [one.query_id for one in plan.queries])

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


def _label(desk: Desk, draw: Draw, response: Response, content: str) -> Label:
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

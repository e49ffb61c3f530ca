"""Where a person scores open-ended responses, one at a time, without the names of their models."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from cascal.dataset.score_file import drawn_queries, response_key
from cascal.store import Score, ScoreOrigin, Workspace

SCALE = (
    ("Useless", 0.0),
    ("Poor", 0.25),
    ("Middling", 0.5),
    ("Good", 0.75),
    ("Perfect", 1.0),
)
"""What may be said of a response, by people and by judges, and its score."""


@dataclass(frozen=True, kw_only=True)
class OpenResponse:
    """A response to be scored; model is not to be shown; content : what the score is about."""

    query_id: str
    task: str
    text: str
    response: str
    model: str
    content: str


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreDesk:
    """One person at the responses to n queries drawn at random, those of `cascal scores --out`."""

    store: Workspace
    dataset: str
    person: str
    n: int
    seed: int = 0

    def progress(self) -> tuple[int, int]:
        """How many of the responses to the drawn queries this person scored, and how many are."""
        with self.store.opened():
            wanted, own = self._wanted(), self._own()
        return len(own & set(wanted)), len(wanted)

    def open_responses(self, origin: ScoreOrigin = "person") -> list[OpenResponse]:
        """Every response that has no score of this person, or of the judge of this name."""
        with self.store.opened():
            wanted, own = self._wanted(), self._own(origin)
            return self._responses({one: wanted[one] for one in wanted if one not in own})

    def open_response(self, without: Collection[str] = ()) -> OpenResponse | None:
        """The first response without this person's score; `without` these queries; None at the end.

        Responses to a query come in an order that does not tell whose they are.
        """
        with self.store.opened():
            wanted, own = self._wanted(), self._own()
            place = next((one for one in wanted if one not in own and one[0] not in without), None)
            return None if place is None else self._responses({place: wanted[place]})[0]

    def give(self, response: OpenResponse, value: float) -> None:
        """Store this person's score of a response, from 0 to 1."""
        given = Score(
            query_id=response.query_id,
            model=response.model,
            value=value,
            origin="person",
            scorer=self.person,
            content=response.content,
        )
        self.store.add_scores(self.dataset, [given])

    def undo(self) -> Score:
        """Take this person's last score back."""
        return self.store.undo_score(self.dataset, self.person)

    def _wanted(self) -> dict[tuple[str, str], str]:
        """Query and model of every response to the drawn queries, in order, with its content."""
        contents = self.store.scored_content(self.dataset)
        known = tuple(self.store.queries(self.dataset)["query_id"].to_pylist())
        rank = {one: at for at, one in enumerate(drawn_queries(known, self.n, self.seed))}
        places = sorted(
            (one for one in contents if one[0] in rank),
            key=lambda one: (rank[one[0]], response_key(*one)),
        )
        return {one: contents[one] for one in places}

    def _own(self, origin: ScoreOrigin = "person") -> set[tuple[str, str]]:
        return {
            (one.query_id, one.model)
            for one in self.store.response_scores(self.dataset)
            if (one.origin, one.scorer) == (origin, self.person) and one.current
        }

    def _responses(self, places: Mapping[tuple[str, str], str]) -> list[OpenResponse]:
        """The responses at query and model, with their contents; each query is read once."""
        asked = {query_id for query_id, _ in places}
        table = self.store.queries(self.dataset)
        rows = table.filter(
            pc.is_in(table["query_id"], pa.array(sorted(asked), pa.string()))
        ).to_pylist()
        queries = {one["query_id"]: one for one in rows}
        texts = {
            (query_id, one["model"]): one["text"] or one["answer"] or ""
            for query_id in queries
            for one in self.store.response_texts(self.dataset, query_id).to_pylist()
            if one["sample"] == 0
        }
        return [
            OpenResponse(
                query_id=query_id,
                task=queries[query_id]["task"],
                text=queries[query_id]["text"],
                response=texts[query_id, model],
                model=model,
                content=content,
            )
            for (query_id, model), content in places.items()
        ]

"""Where a person labels: the next query of a draw, the label given, and what all of them say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from cascal.dataset.contest import Contest
from cascal.dataset.evidence import Evidence, gather_evidence
from cascal.dataset.label_file import MARKED, read_answer_cell
from cascal.dataset.label_rows import two_sides
from cascal.datatypes import CascalError, option_letter
from cascal.store import Draw, Label, Mark, Workspace


@dataclass(frozen=True, eq=False, kw_only=True)
class Desk:
    """One person at one draw of a contest; whatever is given is stored at once."""

    store: Workspace
    dataset: str
    contest: Contest
    draw: Draw
    person: str

    @cached_property
    def _contents(self) -> Mapping[str, str]:
        return self.store.contents(self.dataset)

    def hand_out(self, n: int) -> Draw:
        """Hand out the first n queries of the draw, at most all; what was handed out stays so."""
        wanted = min(n, len(self.draw.frame))
        stored = self.store.put_draw(self.dataset, replace(self.draw, n_asked=wanted))
        return replace(stored, settings=self.draw.settings)

    def next_place(self, n: int) -> int | None:
        """The first place of n, from 1, that this person has not labelled; None where all are.

        A place that is passed over because it was labelled before counts as handed out.
        """
        labels = self.store.labels(self.dataset)
        own = {one.query_id for one in labels if one.person == self.person and one.current}
        for place, query_id in enumerate(self.draw.frame[:n], 1):
            if query_id not in own:
                return place
        self.hand_out(n)
        return None

    def give(
        self,
        place: int,
        answer: str = "",
        *,
        mark: Mark = "answered",
        verdicts: Mapping[str, bool] | None = None,
    ) -> Label:
        """Store this person's label of the query at a place of the draw, from 1."""
        if not 1 <= place <= len(self.draw.frame):
            raise CascalError(
                f"The draw has the places 1 to {len(self.draw.frame)}, and not {place}.",
                code="out-of-bounds",
            )
        handed = self.hand_out(place)
        query_id = self.draw.frame[place - 1]
        label = Label(
            query_id=query_id,
            person=self.person,
            content=self._contents[query_id],
            draw_id=handed.draw_id,
            probability=handed.probability,
            purpose=handed.purpose,
            mark=mark,
            answer=read_answer_cell(answer, self.contest, query_id) or None,
            verdicts=dict(verdicts or {}),
        )
        self.store.add_labels(self.dataset, [label])
        return label

    def give_typed(self, place: int, typed: str) -> Label:
        """Store what was typed: an answer, "skip", or "bad"; refused where it names no option."""
        mark = MARKED.get(typed.strip().lower(), "answered")
        return self.give(place, typed if mark == "answered" else "", mark=mark)

    def options(self, place: int) -> tuple[str, ...]:
        """The options of the query at a place, each with its letter; none for a free answer."""
        row = self.contest.row_of[self.draw.frame[place - 1]]
        return tuple(
            f"{option_letter(at)}: {text}" for at, text in enumerate(self.contest.part.options[row])
        )

    def sides(self, place: int) -> tuple[str, str]:
        """The two models compared there, in an order that does not say which is which."""
        return two_sides(self.contest, self.draw, self.draw.frame[place - 1])

    def undo(self) -> Label:
        """Take this person's last label back."""
        return self.store.undo_label(self.dataset, self.person)

    def evidence(self) -> Evidence:
        """What the labels of everybody say now."""
        return gather_evidence(self.store, self.dataset, self.contest)

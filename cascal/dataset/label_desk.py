"""Where a person labels: the next query of a draw, the label given, and what all of them say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cascal.dataset.contest import Contest
from cascal.dataset.evidence import Evidence
from cascal.dataset.label_facts import gather_evidence
from cascal.dataset.label_file import MARKED, read_answer_cell, read_label_file
from cascal.dataset.label_rows import label_rows, lettered, two_sides, write_label_file
from cascal.datatypes import CascalError
from cascal.number_format import counted
from cascal.store import Draw, Label, LabelReport, Mark, Workspace


@dataclass(frozen=True, eq=False, kw_only=True)
class Desk:
    """One person at one draw of a contest; whatever is given is stored at once."""

    store: Workspace
    dataset: str
    contest: Contest
    draw: Draw
    person: str

    def hand_out(self, n: int) -> Draw:
        """Hand out the first n queries of the draw, at most all; what was handed out stays so."""
        wanted = min(n, len(self.draw.frame))
        stored = self.store.put_draw(self.dataset, replace(self.draw, n_asked=wanted))
        return replace(stored, settings=self.draw.settings)

    def next_place(self, n: int) -> int | None:
        """The next place of n, from 1, that this person is to label, as by `open_place`.

        A place that is passed over because it was labelled before counts as handed out.
        """
        place = self.open_place(self.store.labels(self.dataset), n)
        if place is None:
            self.hand_out(n)
        return place

    def open_place(self, labels: Iterable[Label], n: int) -> int | None:
        """The first place that nobody has labelled; then the first for a second opinion.

        None where this person labelled all, or where somebody did and nobody said who asks: who
        comes back without a name is not asked again. Nothing is stored.
        """
        by_whom = self._by_whom(labels)
        people = [by_whom.get(query_id, set()) for query_id in self.draw.frame[:n]]
        new = [place for place, who in enumerate(people, 1) if not who]
        again = [
            place for place, who in enumerate(people, 1) if self.person and self.person not in who
        ]
        return next(iter([*new, *again]), None)

    def labelled_by(self, labels: Iterable[Label], place: int) -> tuple[str, ...]:
        """Who labelled the query at a place, from 1, before."""
        return tuple(sorted(self._by_whom(labels).get(self.draw.frame[place - 1], ())))

    def done(self, labels: Iterable[Label], n: int) -> tuple[int, str]:
        """How many of n queries somebody labelled, and by whom, where not all by this person."""
        by_whom = self._by_whom(labels)
        people = [by_whom[one] for one in self.draw.frame[:n] if one in by_whom]
        own, n_done = sum(self.person in who for who in people), len(people)
        if own == n_done:
            return n_done, ""
        if self.person:
            return n_done, f"{own} by you, {n_done - own} by others"
        names = sorted(set().union(*people))
        return (
            n_done,
            f"by {names[0] if len(names) == 1 else counted(len(names), 'person', 'people')}",
        )

    def _by_whom(self, labels: Iterable[Label]) -> dict[str, set[str]]:
        """Which people labelled each query, as it is now."""
        found: dict[str, set[str]] = {}
        for one in labels:
            if one.current and not one.judged:
                found.setdefault(one.query_id, set()).add(one.person)
        return found

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
            content=self.store.contents(self.dataset, [query_id])[query_id],
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

    def judge(self, place: int, *, first: bool, second: bool) -> Label:
        """Store which of the two sides is right, in the order of `sides`."""
        return self.give(place, verdicts=dict(zip(self.sides(place), (first, second), strict=True)))

    def options(self, place: int) -> tuple[str, ...]:
        """The options of the query at a place, each with its letter; none for a free answer."""
        return tuple(lettered(self.contest.part.options[self.row(place)]))

    def sides(self, place: int) -> tuple[str, str]:
        """The two models compared there, in an order that does not say which is which."""
        return two_sides(self.contest, self.draw, self.draw.frame[place - 1])

    def row(self, place: int) -> int:
        """The row of the query at a place, from 1, in the part that the contest is about."""
        return self.contest.row_of[self.draw.frame[place - 1]]

    def write(self, path: Path, n: int) -> int:
        """Hand out n queries and write them to a table; how many there are."""
        rows = label_rows(self.store, self.dataset, self.contest, self.hand_out(n), self.person)
        write_label_file(path, rows)
        return len(rows)

    def read(self, path: Path) -> LabelReport:
        """Store what a filled-in table says; it is refused whole where anything is wrong."""
        draws = {one.draw_id: one for one in self.store.draws(self.dataset)}
        labels = read_label_file(path, self.contest, draws, self.draw.settings, self.person)
        return self.store.add_labels(self.dataset, labels)

    def undo(self) -> Label:
        """Take this person's last label back."""
        return self.store.undo_label(self.dataset, self.person)

    def evidence(self) -> Evidence:
        """What the labels of everybody say now."""
        return gather_evidence(self.store, self.dataset, self.contest)

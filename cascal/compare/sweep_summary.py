"""All thresholds at once: which to move, which to leave, and what that rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascal.compare.sweep import NAMES
from cascal.compare.sweep_answer import NO_GOLD, SweepAnswer
from cascal.number_format import counted, enumerated

BASIS = (
    "Each was moved alone; intervals of 95 % hold for all values of a threshold at once, so they "
    "are wider than on Diagnose, Skill map and Runs, where they hold for one change alone. What "
    "makes clusters coherent is tried out on Diagnose."
)
"""How the table of all thresholds is to be read."""
RULES = (
    "The cost weight moves to save money if little is lost, the others only for more right answers "
    "that are proven; once one has moved, the cost weight to ship is looked for again."
)
"""When which threshold is to be moved."""


def beside_recommended(answers: Sequence[SweepAnswer], n_thresholds: int) -> str:
    """What a sweep says of thresholds that the setting to ship leaves where they are.

    answers : those that are known of the n_thresholds that act, without that for the cost weight
    """
    moved = [one.title for one in answers if one.moves]
    if moved:
        return f"Sweep found: {'; '.join(moved)}"
    if len(answers) == n_thresholds:
        return "Sweep found no other threshold to move"
    return "Sweep asks next whether a threshold should move"


@dataclass(frozen=True, kw_only=True)
class SweepSummary:
    """The answers for all thresholds that act here, and how many of these are still being tried."""

    answers: Sequence[SweepAnswer]
    n_waiting: int = 0

    @property
    def moves(self) -> tuple[SweepAnswer, ...]:
        """Those of thresholds that should be moved."""
        return tuple(one for one in self.answers if one.moves)

    @property
    def title(self) -> str:
        """Which thresholds to move and which to leave."""
        moved = enumerated([f"{NAMES[one.name].lower()} to {one.value}" for one in self.moves])
        if self.n_waiting:
            tried = counted(self.n_waiting, "threshold is", "thresholds are") + " being tried"
            return f"Move {moved}; {tried}" if moved else tried
        n_left = len(self.answers) - len(self.moves)
        if moved:
            return f"Move {moved}; leave the other {n_left}" if n_left else f"Move {moved}"
        if any(one.why == NO_GOLD for one in self.answers):
            return "Without gold answers nothing says where a threshold should be"
        left = "Leave all thresholds where they are"
        if len(self.answers) == 1:
            (one,) = self.answers
            left = f"Leave {NAMES[one.name].lower()} at {one.now}"
        elsewhere = [one.value for one in self.answers if one.point is None and one.value]
        return f"{left}; {elsewhere[0]} is recommended" if elsewhere else left

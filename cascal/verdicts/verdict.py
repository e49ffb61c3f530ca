"""Is routing worth it here? A paired gain over always asking one model, by gold answers.

See docs/method.md § 11. It says "do not route" as readily as "route". A few labels where they
decide are enough (docs/labels.md); without any there is only `cascal.verdicts.light`, which
answers another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cascal.evaluate import Evaluation
from cascal.intervals import Estimate
from cascal.number_format import agreeing, bracketed, counted, decimal, signed
from cascal.verdicts.constant import Constant, choose_constant

Decision = Literal["route", "do not route", "undecided"]
LEAST_GOLD = 10
"""With fewer gold test queries nothing is decided: a bootstrap of a handful sees too little."""
_SAID: dict[Decision, str] = {
    "route": "Routing pays here: {}",
    "do not route": "Do not route here: {}",
    "undecided": "No proof that routing pays here: {}",
}
_NOBODY_KNOWS = "Nobody can say yet whether routing pays here: {}."


@dataclass(frozen=True)
class Verdict:
    """Whether routing is worth it, in one sentence; `constant` is what it is compared with."""

    light: Decision
    sentence: str
    gain: Estimate
    constant: Constant

    @property
    def headline(self) -> str:
        """The sentence without by what the model was chosen, where that stands beside it."""
        return self.sentence.replace(self.constant.words, self.constant.name)

    @property
    def brief(self) -> str:
        """The decision and the gain alone, where the model it is over stands beside it."""
        said = _SAID[self.light].format(points(self.gain))
        return said if self.sentence.startswith(said) else self.sentence.removesuffix(".")

    @property
    def answer(self) -> str:
        """The gain alone in words; `basis` has its interval."""
        lost = abs(100 * self.gain.value)
        answers: dict[Decision, str] = {
            "route": f"Routing gains {decimal(lost, 1)} points over {self.constant.name}",
            "do not route": f"Routing loses {decimal(lost, 1)} points to {self.constant.name}",
            "undecided": f"Routing is not shown to differ from {self.constant.name}",
        }
        return answers[self.light]

    @property
    def basis(self) -> str:
        """The gain with its interval, and which model it is over."""
        if self.gain.n == 0:
            return self.sentence
        return f"{points(self.gain)} over always asking {self.constant.words}."


def verdict(result: Evaluation, constant: Constant | None = None) -> Verdict:
    """Compare the router's first model with always asking one model, on the same gold queries.

    `constant` is that model; without it the most accurate on these very queries. "route" only if
    the lower bound of the paired gain is above 0, "do not route" if the upper bound is below 0.
    """
    chosen = constant or choose_constant(result.models, result=result)
    gain = result.gain_over(chosen.model)
    if not too_few(gain.n) or gain.n == result.n_gold:
        return decide_by_gold(gain, chosen)
    why = (
        f"{chosen.name} was asked {gain.n:,} of {counted(result.n_gold, 'test query')} with gold "
        f"answers whose first model was asked, {LEAST_GOLD} are needed"
    )
    return Verdict("undecided", _NOBODY_KNOWS.format(why), gain, chosen)


def points(gain: Estimate) -> str:
    """A gain in points of accuracy, with its interval."""
    return f"{signed(100 * gain.value)} points {span(gain)}"


def span(gain: Estimate) -> str:
    """The interval of a gain, in points."""
    return bracketed(100 * gain.low, 100 * gain.high)


def decision(gain: Estimate) -> Decision:
    """What a gain decides: nothing as long as its interval holds 0."""
    if gain.low > 0:
        return "route"
    return "do not route" if gain.high < 0 else "undecided"


def decide(gain: Estimate, constant: Constant) -> Verdict:
    """The verdict for a paired gain over always asking one model."""
    light = decision(gain)
    over = "over" if light == "route" else "against"
    said = f"{_SAID[light].format(points(gain))} {over} always asking {constant.words}."
    return Verdict(light, said, gain, constant)


def too_few(n_gold: int) -> str:
    """Why so many test queries with gold answers decide nothing; "" where they are enough."""
    if n_gold >= LEAST_GOLD:
        return ""
    are = agreeing(n_gold, "is", "are")
    queries = counted(n_gold, "test query")
    return f"{queries} with gold answers {are} too few, {LEAST_GOLD} are needed"


def decide_by_gold(gain: Estimate, constant: Constant) -> Verdict:
    """The verdict for a gain on test queries with gold answers: none as long as they are few."""
    why = too_few(gain.n)
    if not why:
        return decide(gain, constant)
    return Verdict("undecided", _NOBODY_KNOWS.format(why), gain, constant)


def decide_between(gain: Estimate, names: tuple[str, str]) -> str:
    """The sentence for the gain of one router over another."""
    first, second = names
    if gain.low > 0:
        return f"{first} is better: {points(gain)} over {second}."
    if gain.high < 0:
        return f"{second} is better: {points(gain)} for {first}."
    return f"No proof that {first} and {second} differ: {points(gain)} for {first}."

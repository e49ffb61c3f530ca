"""Is routing worth it here? A paired gain over always asking one model, by gold answers.

See docs/method.md § 11. It says "do not route" as readily as "route". Without gold answers there
is only `cascal.light`, which answers another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cascal.constant import Constant, choose_constant
from cascal.evaluate import Evaluation
from cascal.intervals import Estimate

Decision = Literal["route", "do not route", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """Whether routing is worth it, in one sentence; `constant` is what it is compared with."""

    light: Decision
    sentence: str
    gain: Estimate
    constant: Constant


def verdict(result: Evaluation, constant: Constant | None = None) -> Verdict:
    """Compare the router's first model with always asking one model, on the same gold queries.

    `constant` is that model; without it the most accurate on these very queries. "route" only if
    the lower bound of the paired gain is above 0, "do not route" if the upper bound is below 0.
    """
    chosen = constant or choose_constant(result.models, result=result)
    return decide(result.gain_over(chosen.model), chosen)


def decide(gain: Estimate, constant: Constant) -> Verdict:
    """The verdict for a paired gain over always asking one model."""
    against = f"always asking {constant.words}"
    points = f"{100 * gain.value:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    if gain.low > 0:
        return Verdict("route", f"Routing pays here: {points} over {against}.", gain, constant)
    if gain.high < 0:
        return Verdict(
            "do not route", f"Do not route here: {points} against {against}.", gain, constant
        )
    return Verdict(
        "undecided", f"No proof that routing pays here: {points} against {against}.", gain, constant
    )

"""The router beside what it must beat: the rows of a comparison that every threshold move shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cascal.compare.routers import BEST_BY_GOLD, right_of, yardsticks
from cascal.dataset.part import Part
from cascal.datatypes import FloatArray
from cascal.evaluate import Evaluation, first_right, vote_right
from cascal.intervals import Estimate, estimate
from cascal.routing.route import Router
from cascal.verdicts.constant import Constant


@dataclass(frozen=True, eq=False)
class Contender:
    """One way to choose, for comparison on the same queries.

    right (Q,) 1 right, 0 wrong, nan = not counted; needs_gold: it was chosen with the gold answers
    of these very queries, so nobody could have had it beforehand; calls is models asked per query;
    always: the one model that is asked, "" where there is a choice; by: by what it was chosen;
    own: whether it is the router itself
    """

    name: str
    right: FloatArray
    calls: int
    needs_gold: bool = False
    always: str = ""
    by: str = ""
    own: bool = False

    @property
    def accuracy(self) -> Estimate:
        """Accuracy with interval."""
        return estimate(self.right)


def contenders(
    result: Evaluation, router: Router, test: Part, constant: Constant | None = None
) -> list[Contender]:
    """The router beside what it must beat; `result` is its evaluation on the test queries.

    `constant` is what the verdict compares with: a row of its own if training labels chose it.
    """
    routes, right = yardsticks(router, test), right_of(router, test)
    voted = vote_right(routes["plurality"], test.votes, right)
    first = {key: first_right(one, right) for key, one in routes.items() if key != "plurality"}
    always = {
        key: router.models[routes[key].selected[0, 0]] for key in ("global_consensus", BEST_BY_GOLD)
    }
    n_models = len(router.models)
    return [
        Contender("Router, first model", result.top1_right, 1, own=True),
        *_own_vote(result),
        _always(always["global_consensus"], "consensus", first["global_consensus"]),
        *_by_labels(result, constant),
        _always(always[BEST_BY_GOLD], "gold", first[BEST_BY_GOLD], needs_gold=True),
        Contender("Plurality of all", voted, n_models),
        Contender("Oracle (any model right)", first["oracle"], n_models, True),
    ]


def _own_vote(result: Evaluation) -> list[Contender]:
    """The vote of the router's models; where one is asked its first model says it all."""
    if result.top_k == 1:
        return []
    vote = f"Router, vote of {result.top_k}"
    return [Contender(vote, result.vote_right, result.top_k, own=True)]


def _by_labels(result: Evaluation, constant: Constant | None) -> list[Contender]:
    if constant is None or constant.chosen_by != "training labels":
        return []  # the rows by consensus and by gold are there anyway
    right = result.model_right[:, constant.model]
    return [_always(constant.name, "training labels", right)]


def _always(model: str, by: str, right: FloatArray, *, needs_gold: bool = False) -> Contender:
    return Contender(f"Always {model} (best by {by})", right, 1, needs_gold, model, by)


def merged(rows: Sequence[Contender]) -> list[Contender]:
    """The rows with one for each model that is always asked, whatever it was chosen by."""
    shown: dict[str, Contender] = {}
    for row in rows:
        known = shown.get(row.always) if row.always else None
        if known is None:
            shown[row.always or row.name] = row
            continue
        by = f"{known.by} and {row.by}"
        shown[row.always] = replace(
            known, name=f"Always {row.always} (best by {by})", by=by, needs_gold=False
        )
    return list(shown.values())

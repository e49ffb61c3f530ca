"""Does a route survive small rewordings of its query? What RouterArena calls robustness.

RouterArena measures 1 − the share of queries that go elsewhere when their prompt
is slightly perturbed. A reworded query asks the same; no model is called, so only the first choice
is compared.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cascal.columns import Progress
from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.encode.batches import Encoder
from cascal.routing.route import Router

CHARACTERS_A_TYPO = 60
"""One typo for so many characters of a text, at least one."""
TRAILING = " Thank you in advance for your help!"
LEADING = "Hi, I have a question. "
_INSIDE_A_WORD = re.compile(r"(?<=[^\W\d_])[^\W\d_]{2}(?=[^\W\d_])")


def swap_letters(text: str, chance: random.Random) -> str:
    """Typos: two neighbouring letters inside a word change places, numbers stay as they are."""
    places = [found.start() for found in _INSIDE_A_WORD.finditer(text)]
    n_typos = min(len(places), max(1, len(text) // CHARACTERS_A_TYPO))
    letters = list(text)
    for place in chance.sample(places, n_typos):
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


REWORDINGS: dict[str, Callable[[str, random.Random], str]] = {
    "lower case": lambda text, _: text.lower(),
    "typos": swap_letters,
    "a greeting before it": lambda text, _: LEADING + text,
    "thanks after it": lambda text, _: text + TRAILING,
}
"""How a text is reworded, by name; none changes what is asked."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reworded:
    """Routes of the same queries before and after one rewording.

    texts : as reworded; before, after (n,) : number of the first model; leads (n,) : how far the
    first model was ahead before, in score
    """

    kind: str
    texts: tuple[str, ...]
    before: IntArray
    after: IntArray
    leads: FloatArray

    @property
    def flipped(self) -> BoolArray:
        """(n,) queries that go to another model."""
        return np.asarray(self.before != self.after)


def reword(
    router: Router,
    texts: Sequence[str],
    vectors: FloatArray,
    encoder: Encoder,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Reworded]:
    """Route every text and its rewordings; vectors (n, D) of the texts, by the same encoder."""
    before = router.route(vectors)
    ordered = -np.sort(-before.scores, axis=1)
    leads = ordered[:, 0] - ordered[:, 1] if ordered.shape[1] > 1 else np.full(len(texts), np.inf)
    found = []
    for at, (kind, change) in enumerate(REWORDINGS.items()):
        if progress is not None:
            progress(at / len(REWORDINGS), f"Rewording: {kind}")
        chance = random.Random(f"{seed}:{kind}")  # noqa: S311 – typos, no secret
        reworded = tuple(change(text, chance) for text in texts)
        after = router.route(encoder.encode(reworded))
        found.append(
            Reworded(
                kind=kind,
                texts=reworded,
                before=before.selected[:, 0],
                after=after.selected[:, 0],
                leads=leads,
            )
        )
    return found

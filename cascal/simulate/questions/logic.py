"""Questions on logic: syllogisms, truth tables, orderings, knights and knaves."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

from cascal.simulate.questions.writing import (
    NAMES,
    Question,
    Writer,
    enumerated,
    fill,
    read_texts,
    worded,
)

TEXTS = read_texts("logic")


# two premises, the conclusion, three that do not follow; S subject, M middle, P predicate


def syllogisms(rng: random.Random) -> Question:
    """The valid conclusion of two categorical premises."""
    kinds = dict(zip("SMP", rng.sample(TEXTS["kinds"], 3), strict=True))
    form = rng.choice(TEXTS["forms"])
    spoken = [" ".join(kinds.get(word, word) for word in one.split()) for one in form]
    premises = spoken[:2]
    rng.shuffle(premises)
    text = fill(rng, TEXTS["syllogisms"], first=premises[0], second=premises[1])
    options = [one[0].upper() + one[1:] for one in spoken[2:]]
    return worded(text, options[0], options[1:])


_CONNECTIVES: dict[str, Callable[[bool, bool], bool]] = {
    "and": lambda left, right: left and right,
    "or": lambda left, right: left or right,
    "implies": lambda left, right: (not left) or right,
    "xor": lambda left, right: left != right,
}


def propositional(rng: random.Random) -> Question:
    """Number of true rows of a formula with three variables."""
    names = rng.choice(("pqr", "xyz", "uvw", "stu", "klm"))
    inner, outer = rng.choice(tuple(_CONNECTIVES)), rng.choice(tuple(_CONNECTIVES))
    negated = [rng.random() < 0.4 for _ in range(4)]
    order = rng.sample(range(3), 3)

    def value(row: Sequence[bool]) -> bool:
        x, y, z = (row[place] != negated[place] for place in order)
        return _CONNECTIVES[outer](_CONNECTIVES[inner](x, y) != negated[3], z)

    signs = rng.random() < 0.5
    word = (lambda one: TEXTS["signs"][one]) if signs else str
    letters = [f"{word('not')} " * negated[place] + names[place] for place in order]
    group = f"({letters[0]} {word(inner)} {letters[1]})"
    formula = f"{word('not')} " * negated[3] + f"{group} {word(outer)} {letters[2]}"
    count = sum(value(row) for row in itertools.product((False, True), repeat=3))
    text = fill(rng, TEXTS["tables"], formula=f"“{formula}”", x=names[0], y=names[1], z=names[2])
    return worded(text, str(count), map(str, (8 - count, count + 1, count - 1, 4, 6, 2, 3)))


# setting, phrase of "before", phrase of "directly before", question with {place}


def orderings(rng: random.Random) -> Question:
    """Who holds a place, from clues that leave one order."""
    order = rng.sample(NAMES, 5)
    setting, before, directly, question = rng.choice(TEXTS["orderings"])
    clues = [(one, two, two - one == 1) for one, two in itertools.combinations(range(5), 2)]
    rng.shuffle(clues)
    chosen = _enough(clues)
    spoken = [f"{order[a]} {directly if near else before} {order[b]}" for a, b, near in chosen]
    place = rng.randrange(5)
    people = enumerated(sorted(order))
    asked = question.format(place=TEXTS["places"][place])
    text = f"{setting.format(people=people)} {'. '.join(spoken)}. {asked}"
    others = sorted((index for index in range(5) if index != place), key=lambda i: abs(i - place))
    return worded(text, order[place], [order[index] for index in others])


def _enough(clues: Sequence[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    """Drop every clue without which the order is still unique."""

    def unique(kept: Sequence[tuple[int, int, bool]]) -> bool:
        fits = 0
        for places in itertools.permutations(range(5)):
            fits += all(
                places[b] - places[a] == 1 if near else places[a] < places[b] for a, b, near in kept
            )
        return fits == 1

    kept = list(clues)
    for clue in clues:
        shorter = [one for one in kept if one != clue]
        if unique(shorter):
            kept = shorter
    return kept


_Claim = tuple[str, Callable[[tuple[bool, ...]], bool]]


def _claim(rng: random.Random, speaker: int, people: Sequence[str]) -> _Claim:
    """What one of three says about the others, and when it is true."""
    one, two = rng.sample([index for index in range(3) if index != speaker], 2)
    claims: tuple[_Claim, ...] = (
        (f"{people[one]} is a knave", lambda knights: not knights[one]),
        (f"{people[one]} is a knight", lambda knights: knights[one]),
        (f"{people[one]} and {people[two]} are of the same kind", lambda k: k[one] == k[two]),
        (f"{people[one]} and {people[two]} are of different kinds", lambda k: k[one] != k[two]),
        ("at least one of us is a knave", lambda knights: not all(knights)),
        ("exactly one of us is a knight", lambda knights: sum(knights) == 1),
        ("exactly two of us are knights", lambda knights: sum(knights) == 2),
        (f"{people[one]} and I are both knights", lambda k: k[one] and k[speaker]),
    )
    return rng.choice(claims)


def knights_and_knaves(rng: random.Random) -> Question:
    """Who tells the truth, where only one solution is consistent."""
    people = rng.sample(NAMES, 3)
    worlds = list(itertools.product((True, False), repeat=3))
    while True:
        claims = [_claim(rng, speaker, people) for speaker in range(3)]
        fitting = [
            world
            for world in worlds
            if all(claim(world) == honest for honest, (_, claim) in zip(world, claims, strict=True))
        ]
        if len(fitting) == 1:
            break
    said = [f"{who} says: “{words}.”" for who, (words, _) in zip(people, claims, strict=True)]
    rng.shuffle(worlds)

    def spoken(world: tuple[bool, ...]) -> str:
        knights = [who for who, honest in zip(people, world, strict=True) if honest]
        if len(knights) in (0, 3):
            return "all three" if knights else "none of them"
        return f"only {enumerated(knights)}"

    text = fill(rng, TEXTS["islands"], claims=" ".join(said))
    return worded(text, spoken(fitting[0]), [spoken(world) for world in worlds])


SKILLS: dict[str, Writer] = {
    "syllogisms": syllogisms,
    "truth tables": propositional,
    "ordering puzzles": orderings,
    "knights and knaves": knights_and_knaves,
}

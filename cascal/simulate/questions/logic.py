"""Questions on logic: syllogisms, truth tables, orderings, knights and knaves."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

from cascal.datatypes import Task
from cascal.simulate.questions.writing import NAMES, Question, Writer, enumerated, fill, worded

TASK = Task("logic", "Deductive reasoning: syllogisms, truth tables, orderings, truth-tellers.")

_KINDS = (
    "painters", "sailors", "gardeners", "chess players", "vegetarians", "cyclists", "poets",
    "beekeepers", "collectors", "dancers", "swimmers", "bakers", "astronomers", "violinists",
    "early risers", "tea drinkers", "potters", "hikers", "librarians", "night owls", "fencers",
    "linguists", "carpenters", "birdwatchers", "divers", "knitters", "archers", "tailors",
)  # fmt: skip
# two premises, the conclusion, three that do not follow; S subject, M middle, P predicate
_FORMS = (
    ("all M are P", "all S are M", "all S are P", "all P are S", "no S are P", "some P are not S"),
    ("no M are P", "all S are M", "no S are P", "some S are P", "all P are S", "all S are P"),
    ("all M are P", "some S are M", "some S are P", "all S are P", "no S are P", "all P are M"),
    ("no M are P", "some S are M", "some S are not P", "no S are P", "some S are P", "all S are P"),
    ("all P are M", "no S are M", "no S are P", "some S are P", "all S are P", "all M are P"),
    ("no P are M", "some S are M", "some S are not P", "some S are P", "no S are P", "all P are S"),
)
_SYLLOGISMS = (
    "Premises: {first}; {second}. Which conclusion follows necessarily?",
    "Suppose that {first} and that {second}. What can be concluded with certainty?",
    "In a village {first}. Moreover, {second}. Which statement must be true?",
    "{name} claims that {first} and also that {second}. If both claims hold, which conclusion is "
    "valid?",
    "It is known that {first}. It is also known that {second}. Which inference is valid?",
    "A club register says that {first}, and a second note says that {second}. Which of the "
    "following must therefore hold?",
    "Take the two premises “{first}” and “{second}”. Select the conclusion of the syllogism.",
)


def syllogisms(rng: random.Random) -> Question:
    """The valid conclusion of two categorical premises."""
    kinds = dict(zip("SMP", rng.sample(_KINDS, 3), strict=True))
    form = rng.choice(_FORMS)
    spoken = [" ".join(kinds.get(word, word) for word in one.split()) for one in form]
    premises = spoken[:2]
    rng.shuffle(premises)
    text = fill(rng, _SYLLOGISMS, first=premises[0], second=premises[1])
    options = [one[0].upper() + one[1:] for one in spoken[2:]]
    return worded(text, options[0], options[1:])


_CONNECTIVES: dict[str, Callable[[bool, bool], bool]] = {
    "and": lambda left, right: left and right,
    "or": lambda left, right: left or right,
    "implies": lambda left, right: (not left) or right,
    "xor": lambda left, right: left != right,
}
_SIGNS = {"and": "∧", "or": "∨", "implies": "→", "xor": "⊕", "not": "¬"}
_TABLES = (
    "In how many of the eight rows of its truth table is the formula {formula} true?",
    "Count the truth assignments to {x}, {y} and {z} that satisfy the propositional formula "
    "{formula}.",
    "{name} writes out the truth table of {formula}. How many rows end with the value true?",
    "For how many combinations of truth values of {x}, {y}, {z} does the Boolean expression "
    "{formula} evaluate to true?",
    "The propositional variables {x}, {y} and {z} may each be true or false. How many of the eight "
    "valuations are models of {formula}?",
    "How many satisfying valuations over {x}, {y}, {z} does the sentence {formula} of "
    "propositional logic have?",
)


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
    word = (lambda one: _SIGNS[one]) if signs else str
    letters = [f"{word('not')} " * negated[place] + names[place] for place in order]
    group = f"({letters[0]} {word(inner)} {letters[1]})"
    formula = f"{word('not')} " * negated[3] + f"{group} {word(outer)} {letters[2]}"
    count = sum(value(row) for row in itertools.product((False, True), repeat=3))
    text = fill(rng, _TABLES, formula=f"“{formula}”", x=names[0], y=names[1], z=names[2])
    return worded(text, str(count), map(str, (8 - count, count + 1, count - 1, 4, 6, 2, 3)))


# setting, phrase of "before", phrase of "directly before", question with {place}
_ORDERINGS = (
    ("{people} ran a race without ties.", "finished before", "finished immediately before",
     "Who came in {place}?"),
    ("{people} are queuing at a ticket counter.", "stands in front of", "stands right in front of",
     "Who is {place} in the queue?"),
    ("{people} live on five floors, numbered from the top.", "lives above", "lives directly above",
     "Who lives on the {place} floor from the top?"),
    ("{people} were born in five different years.", "is older than", "is, by age, just ahead of",
     "Sorted from oldest to youngest, who is {place}?"),
    ("{people} gave talks one after another.", "spoke before", "spoke just before",
     "Who gave the {place} talk?"),
    ("{people} sit in one row of a cinema.", "sits further left than", "sits directly left of",
     "Who has the {place} seat from the left?"),
    ("{people} were ranked in a cooking contest.", "was ranked above", "was ranked one place above",
     "Who took the {place} place?"),
)  # fmt: skip
_PLACES = ("first", "second", "third", "fourth", "fifth")


def orderings(rng: random.Random) -> Question:
    """Who holds a place, from clues that leave one order."""
    order = rng.sample(NAMES, 5)
    setting, before, directly, question = rng.choice(_ORDERINGS)
    clues = [(one, two, two - one == 1) for one, two in itertools.combinations(range(5), 2)]
    rng.shuffle(clues)
    chosen = _enough(clues)
    spoken = [f"{order[a]} {directly if near else before} {order[b]}" for a, b, near in chosen]
    place = rng.randrange(5)
    people = enumerated(sorted(order))
    asked = question.format(place=_PLACES[place])
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


_ISLANDS = (
    "On an island knights always tell the truth and knaves always lie. {claims} Who are the "
    "knights?",
    "Every robot in a factory is either a truth-teller (knight) or a liar (knave). {claims} Which "
    "of them are knights?",
    "A traveller meets three islanders, each a knight who never lies or a knave who never tells "
    "the truth. {claims} Find all the knights.",
    "Three masked guests are knights, whose statements are true, or knaves, whose statements are "
    "false. {claims} Which guests are knights?",
    "In a puzzle by {name}, knights speak only truths and knaves speak only lies. {claims} Which "
    "speakers are knights?",
    "The guards of a castle are knights (honest) or knaves (dishonest). {claims} Identify the "
    "honest ones, the knights.",
)
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

    text = fill(rng, _ISLANDS, claims=" ".join(said))
    return worded(text, spoken(fitting[0]), [spoken(world) for world in worlds])


SKILLS: dict[str, Writer] = {
    "syllogisms": syllogisms,
    "truth tables": propositional,
    "ordering puzzles": orderings,
    "knights and knaves": knights_and_knaves,
}
OPENINGS: dict[str, tuple[str, ...]] = {
    "syllogisms": (
        "An exercise in Aristotle's logic.",
        "No class is empty unless it is said.",
        "Only the form of the argument counts.",
        "From a debating club:",
        "Real-world knowledge is of no use here.",
        "Diagrams with circles may help.",
    ),
    "truth tables": (
        "An exercise in propositional logic.",
        "Draw up the table first.",
        "The connectives have their usual meaning.",
        "From a lecture on Boolean algebra:",
        "A circuit designer checks a condition.",
        "Brackets bind as written.",
    ),
    "ordering puzzles": (
        "A seating and ranking riddle.",
        "All the clues are true.",
        "Only one arrangement fits.",
        "From the puzzle page:",
        "Pencil and paper help with this one.",
        "Somebody has lost the list of results.",
    ),
    "knights and knaves": (
        "A riddle about liars.",
        "Everyone knows what the others are.",
        "Honesty is not a matter of degree here.",
        "From a collection of logic riddles:",
        "Exactly one solution is consistent.",
        "Listen carefully to who says what.",
    ),
}
CLOSINGS = (
    "Choose the only correct option.",
    "Give reasons.",
    "Assume nothing beyond the text.",
    "Think it through before answering.",
)
PREFACES = (
    "This logical reasoning problem is taken from an aptitude test in which only valid "
    "deductions count.",
    "A philosophy student practises deductive reasoning for an examination in elementary "
    "logic with problems such as this one.",
    "The following logic puzzle can be solved by pure reasoning, without any knowledge of "
    "the world.",
    "Here is a reasoning exercise from a course on critical thinking and formal logic.",
)

"""Questions on arithmetic: percentages, fractions, ratios, number theory, averages."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from cascal.datatypes import Task
from cascal.simulate.questions.writing import Question, Writer, fill, numeric, worded

TASK = Task(
    "arithmetic",
    "Word problems on percentages, fractions, ratios, whole numbers and averages.",
)

_GOODS = (
    "bicycle", "winter coat", "coffee machine", "guitar", "bookshelf", "tent", "sewing machine",
    "dishwasher", "camera", "mattress", "piano stool", "garden bench", "laptop", "leather sofa",
)  # fmt: skip

_TWO_CHANGES = (
    "A shop sells a {thing} for ${price}. It raises the price by {up} % and later gives {down} % "
    "off the new price. How much does the {thing} cost after both changes?",
    "The resale value of {name}'s {thing} was ${price}. It went up by {up} percent in one year and "
    "dropped by {down} percent in the next. What is the value now?",
    "{name} marks a {thing} bought for ${price} up by {up} percent and then sells it in a sale at "
    "{down} percent off the marked price. What is the selling price?",
    "A price tag of ${price} on a {thing} is increased by {up} % before the holidays and reduced "
    "by {down} % afterwards. Which amount is on the tag in the end?",
)
_ONE_CHANGE = (
    "After a discount of {down} % {name} pays ${paid} for a {thing}. What was the original price?",
    "A {thing} is reduced by {down} percent to ${paid} in the clearance sale. How much did it cost "
    "before the reduction?",
    "{name} got {down} % off the list price of a {thing} and paid ${paid}. What is the list price?",
    "The sale price ${paid} of a {thing} is what remains after {down} percent has been taken off. "
    "Find the full price.",
)


def percentages(rng: random.Random) -> Question:
    """Two percentage changes in a row, or the price before a discount."""
    thing, price = rng.choice(_GOODS), 20 * rng.randint(4, 90)
    up, down = rng.sample(range(5, 60, 5), 2)
    if rng.random() < 0.5:
        text = fill(rng, _TWO_CHANGES, thing=thing, price=price, up=up, down=down)
        raised, lowered = 1 + up / 100, 1 - down / 100
        mistakes = (price * (1 + (up - down) / 100), price * lowered, price * raised)
        return numeric(text, price * raised * lowered, mistakes, "${:.2f}")
    paid = price * (100 - down) / 100
    text = fill(rng, _ONE_CHANGE, thing=thing, paid=f"{paid:.2f}", down=down)
    mistakes = (paid * (1 + down / 100), paid + down, paid / (1 + down / 100))
    return numeric(text, price, mistakes, "${:.2f}")


_SLICES = (
    "{name} eats {first} of a {food} and {other} eats {second} of what is left. Which fraction of "
    "the {food} remains?",
    "On Monday {first} of a {food} is eaten; on Tuesday {second} of the leftover goes too. What "
    "fraction of the whole {food} is still there on Wednesday?",
    "A baker gives away {first} of a {food} and then sells {second} of the remaining part. Express "
    "the piece that is left as a fraction of the whole {food}.",
    "{name} cuts {first} off a {food} for the neighbours. The children take {second} of the rest. "
    "What fraction of the {food} do they leave behind?",
    "Of one whole {food}, {first} disappears at lunch and {second} of what was left at dinner. In "
    "lowest terms, which part of the {food} is uneaten?",
    "If {other} takes {first} of a {food} and {name} then takes {second} of the remainder, how "
    "large is the last piece as a fraction of the {food}?",
)
_FOODS = (
    "pizza", "chocolate cake", "cheese wheel", "loaf of bread", "pumpkin pie", "lasagne",
    "watermelon", "cherry tart", "tray of brownies", "fruit flan",
)  # fmt: skip


def fractions(rng: random.Random) -> Question:
    """What is left after taking a fraction, and a fraction of the rest."""
    below, over = rng.randint(3, 9), rng.randint(3, 9)
    first = Fraction(rng.randint(1, below - 1), below)
    second = Fraction(rng.randint(1, over - 1), over)
    text = fill(rng, _SLICES, food=rng.choice(_FOODS), first=first, second=second)
    left = (1 - first) * (1 - second)
    mistakes = (1 - first - second, (1 - first) * second, first * second, first + second)
    more = (1 - first, 1 - second, left + Fraction(1, below * over), left / 2)
    wrong = [str(one) for one in (*mistakes, *more) if 0 < one < 1]
    return worded(text, str(left), wrong)


_RATIOS = (
    "Concrete is mixed from {one} and {two} in the ratio {a}:{b}. How many litres of {two} go into "
    "{total} litres of the mixture?",
    "A recipe blends {one} with {two} in the proportion {a} to {b}. For {total} litres of blend, "
    "how many litres of {two} are needed?",
    "{name} stirs {one} and {two} together in the ratio {a}:{b} until there are {total} litres. "
    "What volume of it is {two}, in litres?",
    "For every {a} parts of {one} a workshop adds {b} parts of {two}. How much {two} is contained "
    "in {total} litres of the mix?",
    "The parts of {one} to {two} in a blend stand in the ratio {a} : {b}. If the barrel holds "
    "{total} litres of blend, how many litres of {two} are inside?",
    "{name} must prepare {total} litres of a mixture, {a} parts {one} to {b} parts {two}. How many "
    "litres of {two} should be poured in?",
    "To refill a vat of {total} litres, {one} and {two} are combined at a ratio of {a} to {b}. "
    "Find the share of {two} in litres.",
)
_BLENDS = (
    ("cement", "gravel"), ("blue paint", "white paint"), ("apple juice", "sparkling water"),
    ("oil", "vinegar"), ("antifreeze", "water"), ("peat", "compost"), ("syrup", "soda"),
    ("resin", "hardener"), ("rye flour", "wheat flour"), ("red dye", "yellow dye"),
)  # fmt: skip


def mixtures(rng: random.Random) -> Question:
    """One part of a mixture given as a ratio."""
    a, b = rng.sample(range(2, 12), 2)
    one, two = rng.choice(_BLENDS)
    total = (a + b) * rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 12, 2.5, 4.5))
    text = fill(rng, _RATIOS, one=one, two=two, a=a, b=b, total=f"{total:g}")
    mistakes = (total * a / (a + b), total * b / a, total / b, total * a / b)
    return numeric(text, total * b / (a + b), mistakes, "{:.1f} litres")


_WHOLE_NUMBERS = {
    "greatest common divisor": (
        "What is the greatest common divisor of {x} and {y}?",
        "Find the largest integer that divides both {x} and {y} without a remainder.",
    ),
    "least common multiple": (
        "What is the least common multiple of {x} and {y}?",
        "Which is the smallest positive integer divisible by both {x} and {y}?",
    ),
    "remainder": (
        "What remainder does {x} to the power of {k} leave when divided by {p}?",
        "Compute {x}^{k} modulo {p}.",
    ),
    "divisors": (
        "How many positive divisors does the integer {n} have?",
        "Count the positive integers that divide {n}, including 1 and {n} itself.",
    ),
}


def number_theory(rng: random.Random) -> Question:
    """Divisors, multiples, remainders and powers of whole numbers."""
    kind = rng.choice(tuple(_WHOLE_NUMBERS))
    common = rng.choice((4, 6, 7, 9, 12, 14, 15))
    x, y = (common * factor for factor in rng.sample(range(2, 15), 2))
    k, p, n = rng.randint(3, 40), rng.choice((7, 11, 13, 17, 19)), rng.randint(36, 900)
    text = fill(rng, _WHOLE_NUMBERS[kind], x=x, y=y, k=k, p=p, n=n)
    gcd, lcm = math.gcd(x, y), math.lcm(x, y)
    if kind == "greatest common divisor":
        return numeric(text, gcd, (abs(x - y), common * 2, lcm, gcd // 2), "{:.0f}")
    if kind == "least common multiple":
        return numeric(text, lcm, (x * y, lcm * 2, gcd, x * y / 2), "{:.0f}")
    if kind == "remainder":
        right = pow(x, k, p)
        wrong = (pow(x, k - 1, p), x * k % p, pow(x, k + 1, p), x % p, *range(1, p))
        return worded(text, str(right), map(str, wrong))
    count = sum(n % one == 0 for one in range(1, n + 1))
    return numeric(text, count, (count - 2, count / 2, count + 2, count + 1), "{:.0f}")


_GROUPS = (
    "A class of {n} pupils has a mean score of {u} points, a second class of {m} pupils one of {v} "
    "points. What is the average score of all pupils together?",
    "In the morning {n} runners average {u} points, in the afternoon {m} runners average {v}. What "
    "is the mean of the whole field?",
    "{name} averaged {u} points over {n} games and {v} points over the next {m} games. What is the "
    "average per game over the season?",
    "The mean rating of a film was {u} after {n} reviews; another {m} reviews gave {v} on average. "
    "What is the mean rating of all the reviews?",
    "{n} employees of a branch scored {u} on average in a survey and {m} employees of another "
    "branch scored {v}. Find the overall mean score.",
    "Two judges' panels, one of {n} members with the average mark {u} and one of {m} members with "
    "the average mark {v}, are joined. What is the joint average mark?",
    "Averaged over {n} tests {name} has {u} marks and averaged over {m} further tests {v} marks. "
    "What is the arithmetic mean of all tests?",
)


def averages(rng: random.Random) -> Question:
    """The mean of two groups of different size."""
    n, m = rng.sample(range(4, 40), 2)
    u, v = rng.sample(range(40, 98), 2)
    text = fill(rng, _GROUPS, n=n, m=m, u=u, v=v)
    mistakes = ((u + v) / 2, (m * u + n * v) / (n + m), (n * u + m * v) / (n + m + 1))
    return numeric(text, (n * u + m * v) / (n + m), mistakes, "{:.2f} points")


SKILLS: dict[str, Writer] = {
    "percentages": percentages,
    "fractions": fractions,
    "ratios and mixtures": mixtures,
    "number theory": number_theory,
    "averages": averages,
}
OPENINGS: dict[str, tuple[str, ...]] = {
    "percentages": (
        "Prices move twice a year in this shop.",
        "A bargain hunter compares price tags.",
        "The summer sale has begun.",
        "Mind that the percentages refer to different amounts.",
        "From the accounts of a small store:",
        "Discounts and surcharges are easily confused.",
    ),
    "fractions": (
        "There is not much left on the table.",
        "At a birthday party everyone is hungry.",
        "A family shares one dish.",
        "The pieces are cut exactly.",
        "Leftovers from the bakery:",
        "Nobody eats the crumbs here.",
    ),
    "ratios and mixtures": (
        "In the mixing hall of a small plant.",
        "The proportions must be kept exactly.",
        "A hobby workshop prepares a batch.",
        "The label gives the parts by volume.",
        "Before the pouring begins:",
        "Too much of one ingredient would spoil the blend.",
    ),
    "number theory": (
        "A puzzle about whole numbers.",
        "From a mathematics olympiad:",
        "Integers only, no calculator.",
        "Prime factors may help.",
        "A warm-up for the number theory club.",
        "Divisibility is the key here.",
    ),
    "averages": (
        "A statistician joins two groups.",
        "The groups are of different size.",
        "Scores are reported as means only.",
        "From the yearly report:",
        "Averages of averages can mislead.",
        "Nobody kept the single scores, only the means.",
    ),
}
CLOSINGS = (
    "Round to two decimals if necessary.",
    "Show the steps.",
    "A careful reader avoids the usual trap.",
    "No calculator is allowed.",
)
PREFACES = (
    "This arithmetic word problem comes from a school mathematics contest and needs only "
    "addition, multiplication and division.",
    "A pupil preparing for the entrance exam in mathematics works through a sheet of "
    "arithmetic word problems, and this is one of them.",
    "Mental arithmetic in daily life: a mathematics teacher collected numerical problems "
    "such as the following.",
    "Here is an exercise in elementary mathematics about numbers and quantities, taken "
    "from a workbook for adults.",
)

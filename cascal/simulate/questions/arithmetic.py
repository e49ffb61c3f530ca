"""Questions on arithmetic: percentages, fractions, ratios, number theory, averages."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts, worded

TEXTS = read_texts("arithmetic")


def percentages(rng: random.Random) -> Question:
    """Two percentage changes in a row, or the price before a discount."""
    thing, price = rng.choice(TEXTS["goods"]), 20 * rng.randint(4, 90)
    up, down = rng.sample(range(5, 60, 5), 2)
    if rng.random() < 0.5:
        text = fill(rng, TEXTS["two_changes"], thing=thing, price=price, up=up, down=down)
        raised, lowered = 1 + up / 100, 1 - down / 100
        mistakes = (price * (1 + (up - down) / 100), price * lowered, price * raised)
        return numeric(text, price * raised * lowered, mistakes, "${:.2f}")
    paid = price * (100 - down) / 100
    text = fill(rng, TEXTS["one_change"], thing=thing, paid=f"{paid:.2f}", down=down)
    mistakes = (paid * (1 + down / 100), paid + down, paid / (1 + down / 100))
    return numeric(text, price, mistakes, "${:.2f}")


def fractions(rng: random.Random) -> Question:
    """What is left after taking a fraction, and a fraction of the rest."""
    below, over = rng.randint(3, 9), rng.randint(3, 9)
    first = Fraction(rng.randint(1, below - 1), below)
    second = Fraction(rng.randint(1, over - 1), over)
    text = fill(rng, TEXTS["slices"], food=rng.choice(TEXTS["foods"]), first=first, second=second)
    left = (1 - first) * (1 - second)
    mistakes = (1 - first - second, (1 - first) * second, first * second, first + second)
    more = (1 - first, 1 - second, left + Fraction(1, below * over), left / 2)
    wrong = [str(one) for one in (*mistakes, *more) if 0 < one < 1]
    return worded(text, str(left), wrong)


def mixtures(rng: random.Random) -> Question:
    """One part of a mixture given as a ratio."""
    a, b = rng.sample(range(2, 12), 2)
    one, two = rng.choice(TEXTS["blends"])
    total = (a + b) * rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 12, 2.5, 4.5))
    text = fill(rng, TEXTS["ratios"], one=one, two=two, a=a, b=b, total=f"{total:g}")
    mistakes = (total * a / (a + b), total * b / a, total / b, total * a / b)
    return numeric(text, total * b / (a + b), mistakes, "{:.1f} litres")


def number_theory(rng: random.Random) -> Question:
    """Divisors, multiples, remainders and powers of whole numbers."""
    kind = rng.choice(tuple(TEXTS["whole_numbers"]))
    common = rng.choice((4, 6, 7, 9, 12, 14, 15))
    x, y = (common * factor for factor in rng.sample(range(2, 15), 2))
    k, p, n = rng.randint(3, 40), rng.choice((7, 11, 13, 17, 19)), rng.randint(36, 900)
    text = fill(rng, TEXTS["whole_numbers"][kind], x=x, y=y, k=k, p=p, n=n)
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


def averages(rng: random.Random) -> Question:
    """The mean of two groups of different size."""
    n, m = rng.sample(range(4, 40), 2)
    u, v = rng.sample(range(40, 98), 2)
    text = fill(rng, TEXTS["groups"], n=n, m=m, u=u, v=v)
    mistakes = ((u + v) / 2, (m * u + n * v) / (n + m), (n * u + m * v) / (n + m + 1))
    return numeric(text, (n * u + m * v) / (n + m), mistakes, "{:.2f} points")


SKILLS: dict[str, Writer] = {
    "percentages": percentages,
    "fractions": fractions,
    "ratios and mixtures": mixtures,
    "number theory": number_theory,
    "averages": averages,
}

"""Questions on code: loops, recursion, slices, strings, dictionaries, traced by hand.

The snippets are Python; the answer is computed by the same steps, never by running the text.
"""

from __future__ import annotations

import random
from collections import Counter

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts, worded

TEXTS = read_texts("code")


def loops(rng: random.Random) -> Question:
    """The sum that a for or while loop collects."""
    a, step = rng.randint(1, 9), rng.randint(2, 7)
    b = a + rng.randint(12, 45)
    var, i = rng.choice(("total", "acc", "result", "s")), rng.choice(("i", "k", "n", "step_no"))
    text = fill(rng, TEXTS["loops"], a=a, b=b, step=step, var=var, i=i)
    terms = range(a, b, step)
    right = sum(terms)
    wrong = (sum(range(a, b + step, step)), right - terms[-1], len(terms), right - a)
    return numeric(text, right, wrong, "{:.0f}")


def recursion(rng: random.Random) -> Question:
    """The value of a function that calls itself."""
    n, k, base = rng.randint(4, 9), rng.randint(2, 9), rng.randint(1, 20)
    sign = rng.choice("+-")
    f = rng.choice(("climb", "fold", "g", "walk", "f", "descend"))
    text = fill(rng, TEXTS["recursions"], n=n, k=k, base=base, sign=sign, f=f)

    def value(depth: int) -> int:
        return base + (1 if sign == "+" else -1) * k * sum(range(2, depth + 1))

    right = value(n)
    wrong = (value(n - 1), value(n + 1), right - base, right + k, right - k)
    return worded(text, str(right), map(str, wrong))


def slicing(rng: random.Random) -> Question:
    """The part of a list that a slice selects."""
    values = rng.sample(range(1, 60), rng.randint(8, 10))
    a, step = rng.randint(0, 3), rng.choice((1, 2, 2, 3))
    b = rng.choice((-1, -2, len(values) - 2, len(values) - 3))
    var = rng.choice(("xs", "items", "numbers", "row"))
    text = fill(rng, TEXTS["slices"], values=values, a=a, b=b, step=step, var=var)
    stop = b + len(values) if b < 0 else b
    wrong = (values[a : stop + 1 : step], values[a + 1 : stop + 1 : step], values[a:stop])
    more = (values[a::step], values[a + 1 : stop : step], values[: a + 1], values[a:stop][::-1])
    return worded(text, str(values[a:stop:step]), map(str, (*wrong, *more)))


def strings(rng: random.Random) -> Question:
    """A word reversed, with a letter replaced, in capitals."""
    word = rng.choice(TEXTS["words"])
    old = rng.choice(sorted(set(word)))
    new = rng.choice([letter for letter in "mrtzkoiu" if letter not in word] or ["q"])
    text = fill(rng, TEXTS["strings"], word=word, old=old, new=new)
    replaced = word.replace(old, new)
    once = word[::-1].replace(old, new, 1)
    wrong = (replaced, once, word[::-1], word[::-1].replace(old, ""), replaced[1:][::-1])
    return worded(text, replaced[::-1].upper(), [one.upper() for one in wrong])


def dictionaries(rng: random.Random) -> Question:
    """What a dictionary holds after counting."""
    fruits = rng.sample(TEXTS["fruits"], 4)
    basket = fruits + [rng.choice(fruits) for _ in range(rng.randint(4, 7))]
    rng.shuffle(basket)
    (x, y), k = rng.sample(fruits, 2), rng.randint(1, 5)
    text = fill(rng, TEXTS["counts"], basket=basket, x=x, y=y, k=k)
    counts = Counter(basket)
    right = k * (counts[x] + counts[y])
    wrong = (counts[x] + counts[y], right - k, right + k, k * counts[x], k * len(basket))
    return numeric(text, right, wrong, "{:.0f}")


SKILLS: dict[str, Writer] = {
    "loops": loops,
    "recursion": recursion,
    "list slices": slicing,
    "strings": strings,
    "dictionaries": dictionaries,
}

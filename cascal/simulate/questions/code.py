"""Questions on code: loops, recursion, slices, strings, dictionaries, traced by hand.

The snippets are Python; the answer is computed by the same steps, never by running the text.
"""

from __future__ import annotations

import random
from collections import Counter

from cascal.datatypes import Task
from cascal.simulate.questions.writing import Question, Writer, fill, numeric, worded

TASK = Task("code", "Reading short Python programs: what they print or return.")

_LOOPS = (
    "What does this loop print?\n\n{var} = 0\nfor {i} in range({a}, {b}, {step}):\n"
    "    {var} += {i}\nprint({var})",
    "Trace the while loop. Which number is printed at the end?\n\n{var} = 0\n{i} = {a}\n"
    "while {i} < {b}:\n    {var} = {var} + {i}\n    {i} += {step}\nprint({var})",
    "{name} adds up loop counters. What is the value of {var} after the for loop?\n\n{var} = 0\n"
    "for {i} in range({a}, {b}, {step}):\n    {var} = {var} + {i}",
    "The following for loop accumulates a sum. What is printed?\n\n{var} = 0\n"
    "for {i} in range({a}, {b}):\n    if ({i} - {a}) % {step} == 0:\n        {var} += {i}\n"
    "print({var})",
    "After how many iterations and with which total does the loop end? Give the total.\n\n"
    "{i}, {var} = {a}, 0\nwhile {i} < {b}:\n    {var}, {i} = {var} + {i}, {i} + {step}",
    "A loop with an early exit: which value does {var} have after it?\n\n{var} = 0\n"
    "for {i} in range({a}, 1000, {step}):\n    if {i} >= {b}:\n        break\n    {var} += {i}",
)


def loops(rng: random.Random) -> Question:
    """The sum that a for or while loop collects."""
    a, step = rng.randint(1, 9), rng.randint(2, 7)
    b = a + rng.randint(12, 45)
    var, i = rng.choice(("total", "acc", "result", "s")), rng.choice(("i", "k", "n", "step_no"))
    text = fill(rng, _LOOPS, a=a, b=b, step=step, var=var, i=i)
    terms = range(a, b, step)
    right = sum(terms)
    wrong = (sum(range(a, b + step, step)), right - terms[-1], len(terms), right - a)
    return numeric(text, right, wrong, "{:.0f}")


_RECURSIONS = (
    "What does {f}({n}) return for this recursive function?\n\ndef {f}(n):\n    if n <= 1:\n"
    "        return {base}\n    return {f}(n - 1) {sign} {k} * n",
    "The function below calls itself. Find the return value of {f}({n}).\n\ndef {f}(n):\n"
    "    return {base} if n <= 1 else {f}(n - 1) {sign} {k} * n",
    "{name} unrolls a recursion by hand. Which value does the call {f}({n}) give?\n\ndef {f}(n):\n"
    "    if n <= 1:\n        return {base}\n    smaller = {f}(n - 1)\n"
    "    return smaller {sign} {k} * n",
    "Follow the recursive calls down to the base case: what is {f}({n})?\n\ndef {f}(n):\n"
    "    if n > 1:\n        return {f}(n - 1) {sign} {k} * n\n    return {base}",
    "Consider a recursive definition with base case {f}(1) = {base}.\n\ndef {f}(n):\n"
    "    if n <= 1:\n        return {base}\n    return {f}(n - 1) {sign} {k} * n\n\n"
    "What is the result of {f}({n})?",
    "How does this recursion end? Evaluate {f}({n}).\n\n{f} = lambda n: {base} if n <= 1 else "
    "{f}(n - 1) {sign} {k} * n",
)


def recursion(rng: random.Random) -> Question:
    """The value of a function that calls itself."""
    n, k, base = rng.randint(4, 9), rng.randint(2, 9), rng.randint(1, 20)
    sign = rng.choice("+-")
    f = rng.choice(("climb", "fold", "g", "walk", "f", "descend"))
    text = fill(rng, _RECURSIONS, n=n, k=k, base=base, sign=sign, f=f)

    def value(depth: int) -> int:
        return base + (1 if sign == "+" else -1) * k * sum(range(2, depth + 1))

    right = value(n)
    wrong = (value(n - 1), value(n + 1), right - base, right + k, right - k)
    return worded(text, str(right), map(str, wrong))


_SLICES = (
    "Given the list {var} = {values}, what is {var}[{a}:{b}:{step}]?",
    "Which list does the slice {var}[{a}:{b}:{step}] select?\n\n{var} = {values}",
    "{name} slices a list:\n\n{var} = {values}\nprint({var}[{a}:{b}:{step}])\n\nWhat is printed?",
    "Python list slicing with start {a}, stop {b} and stride {step}: what comes out of "
    "{values}[{a}:{b}:{step}]?",
    "What remains in part after this slice assignment?\n\n{var} = {values}\n"
    "part = {var}[{a}:{b}:{step}]",
    "Elements of the list {values} are taken with the slice [{a}:{b}:{step}]. Which sublist "
    "results?",
)


def slicing(rng: random.Random) -> Question:
    """The part of a list that a slice selects."""
    values = rng.sample(range(1, 60), rng.randint(8, 10))
    a, step = rng.randint(0, 3), rng.choice((1, 2, 2, 3))
    b = rng.choice((-1, -2, len(values) - 2, len(values) - 3))
    var = rng.choice(("xs", "items", "numbers", "row"))
    text = fill(rng, _SLICES, values=values, a=a, b=b, step=step, var=var)
    stop = b + len(values) if b < 0 else b
    wrong = (values[a : stop + 1 : step], values[a + 1 : stop + 1 : step], values[a:stop])
    more = (values[a::step], values[a + 1 : stop : step], values[: a + 1], values[a:stop][::-1])
    return worded(text, str(values[a:stop:step]), map(str, (*wrong, *more)))


_STRINGS = (
    "What does this print?\n\nword = '{word}'\nprint(word[::-1].replace('{old}', '{new}').upper())",
    "A string is reversed, each '{old}' becomes '{new}', and all letters are capitalised. Which "
    "string do you get from '{word}'?",
    "{name} chains string methods: '{word}'[::-1].replace('{old}', '{new}').upper(). What is the "
    "resulting string?",
    "Which text does the string variable s hold at the end?\n\ns = '{word}'\n"
    "s = s.replace('{old}', '{new}')\ns = ''.join(reversed(s))\ns = s.upper()",
    "Evaluate the string expression ''.join(reversed('{word}')).replace('{old}', '{new}').upper().",
    "The characters of the string '{word}' are written backwards, '{old}' is replaced with "
    "'{new}' everywhere and upper() is called. What is the outcome?",
)
_WORDS = (
    "banana", "lantern", "parallel", "ravioli", "saxophone", "tangerine", "umbrella", "cinnamon",
    "avocado", "catalogue", "marmalade", "salamander", "barnacle", "peppermint", "kangaroo",
    "telescope", "orchestra", "pineapple", "caravan", "macaroni", "harmonica", "tapestry",
    "chocolate", "anaconda", "carpenter", "sapphire", "espresso", "balloon", "alligator",
)  # fmt: skip


def strings(rng: random.Random) -> Question:
    """A word reversed, with a letter replaced, in capitals."""
    word = rng.choice(_WORDS)
    old = rng.choice(sorted(set(word)))
    new = rng.choice([letter for letter in "mrtzkoiu" if letter not in word] or ["q"])
    text = fill(rng, _STRINGS, word=word, old=old, new=new)
    replaced = word.replace(old, new)
    once = word[::-1].replace(old, new, 1)
    wrong = (replaced, once, word[::-1], word[::-1].replace(old, ""), replaced[1:][::-1])
    return worded(text, replaced[::-1].upper(), [one.upper() for one in wrong])


_COUNTS = (
    "What does the dictionary look-up print?\n\ncounts = {{}}\nfor fruit in {basket}:\n"
    "    counts[fruit] = counts.get(fruit, 0) + {k}\nprint(counts['{x}'] + counts['{y}'])",
    "A dict tallies words:\n\ntally = {{}}\nfor w in {basket}:\n    tally.setdefault(w, 0)\n"
    "    tally[w] += {k}\n\nWhat is tally['{x}'] + tally['{y}']?",
    "{name} counts keys with a dictionary. Which number is printed?\n\nseen = dict()\n"
    "for key in {basket}:\n    if key not in seen:\n        seen[key] = 0\n    seen[key] += {k}\n"
    "print(seen['{x}'] + seen['{y}'])",
    "With d[key] increased by {k} for every occurrence of key in {basket} (all entries start at "
    "0), what is d['{x}'] + d['{y}']?",
    "The mapping stock starts empty; each word of {basket} adds {k} to its own entry. What is the "
    "sum of the values stored under the keys '{x}' and '{y}'?",
    "Which value does stock['{x}'] + stock['{y}'] have at the end, with a dictionary that counts?"
    "\n\nfrom collections import defaultdict\n\nstock = defaultdict(int)\nfor item in {basket}:\n"
    "    stock[item] += {k}",
)
_FRUITS = ("fig", "plum", "pear", "lime", "kiwi", "date", "mango", "quince", "melon", "peach")


def dictionaries(rng: random.Random) -> Question:
    """What a dictionary holds after counting."""
    fruits = rng.sample(_FRUITS, 4)
    basket = fruits + [rng.choice(fruits) for _ in range(rng.randint(4, 7))]
    rng.shuffle(basket)
    (x, y), k = rng.sample(fruits, 2), rng.randint(1, 5)
    text = fill(rng, _COUNTS, basket=basket, x=x, y=y, k=k)
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
OPENINGS: dict[str, tuple[str, ...]] = {
    "loops": (
        "An exercise on iteration.",
        "The counter changes at every pass.",
        "A beginner steps through with the debugger.",
        "Watch the end condition.",
        "Seen in a code review:",
        "Range excludes its end.",
    ),
    "recursion": (
        "An exercise on self-reference.",
        "The call stack grows and shrinks.",
        "Every call waits for a smaller one.",
        "Mind the base case.",
        "From a functional programming course:",
        "No memoisation is used.",
    ),
    "list slices": (
        "Indices start at zero.",
        "The stop index is excluded.",
        "An exercise on sequences.",
        "Negative indices count from the end.",
        "Seen in a data cleaning script:",
        "Lists keep their order.",
    ),
    "strings": (
        "An exercise on text processing.",
        "Strings are immutable in Python.",
        "A word game in code.",
        "Only lower-case letters come in.",
        "Seen in a cipher toy:",
        "Characters are handled one by one.",
    ),
    "dictionaries": (
        "An exercise on hash maps.",
        "Keys are unique, values add up.",
        "A grocery script counts its stock.",
        "Missing keys start at zero.",
        "Seen in an inventory tool:",
        "The insertion order does not matter.",
    ),
}
CLOSINGS = (
    "The language is Python 3.",
    "No errors are raised.",
    "Trace it by hand.",
    "Do not run the code.",
)
PREFACES = (
    "This question about a short Python program is part of a job interview for junior "
    "software developers.",
    "A programming course for beginners asks its students to read Python code and predict "
    "the output before running it.",
    "The following Python program comes from an examination in introductory computer science.",
    "Somebody who reviews Python code must be able to trace small programs by hand, for "
    "example this one.",
)

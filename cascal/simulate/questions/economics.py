"""Questions on economics: interest, elasticity, break-even, exchange rates, deflators."""

from __future__ import annotations

import random

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts

TEXTS = read_texts("economics")


def interest(rng: random.Random) -> Question:
    """Capital after years of compound interest."""
    capital, years = 100 * rng.randint(5, 180), rng.randint(2, 12)
    rate = rng.randint(6, 36) / 4
    text = fill(rng, TEXTS["interest"], capital=capital, years=years, rate=f"{rate:g}")
    growth = 1 + rate / 100
    simple = capital * (1 + years * rate / 100)
    wrong = (simple, capital * growth ** (years - 1), capital * growth ** (years + 1))
    return numeric(text, capital * growth**years, wrong, "${:.2f}")


def elasticity(rng: random.Random) -> Question:
    """Midpoint elasticity of demand."""
    p, a = rng.randint(4, 40), 10 * rng.randint(12, 90)
    q = p + rng.randint(1, max(2, p // 2))
    b = round(a * rng.uniform(0.45, 0.95))
    text = fill(rng, TEXTS["elasticities"], good=rng.choice(TEXTS["demanded"]), p=p, q=q, a=a, b=b)
    quantity, price = (a - b) / ((a + b) / 2), (q - p) / ((q + p) / 2)
    simple = ((a - b) / a) / ((q - p) / p)
    return numeric(text, quantity / price, (price / quantity, simple, quantity, price), "{:.2f}")


def break_even(rng: random.Random) -> Question:
    """Units that cover the fixed costs."""
    cost, margin, units = rng.randint(4, 60), rng.randint(3, 45), rng.randint(15, 900)
    fixed, price = margin * units, cost + margin
    slots = {"fixed": fixed, "cost": cost, "price": price}
    text = fill(rng, TEXTS["break_evens"], item=rng.choice(TEXTS["items"]), **slots)
    wrong = (fixed / price, fixed / cost, fixed / (price + cost), units * 2)
    return numeric(text, units, wrong, "{:.0f} units")


def exchange_rates(rng: random.Random) -> Question:
    """Money changed at a rate, less a fee."""
    (one, single), (two, _) = rng.sample(TEXTS["currencies"], 2)
    amount, rate, fee = 10 * rng.randint(8, 400), rng.randint(15, 950) / 100, rng.randint(1, 6)
    slots = {"one": one, "single": single, "two": two}
    text = fill(rng, TEXTS["exchanges"], amount=amount, rate=rate, fee=fee, **slots)
    kept = 1 - fee / 100
    wrong = (amount * rate, amount / rate * kept, amount * rate * (1 + fee / 100), amount / rate)
    return numeric(text, amount * rate * kept, wrong, "{:.2f} " + two)


def deflators(rng: random.Random) -> Question:
    """Real GDP from nominal GDP and a deflator."""
    nominal, deflator = rng.randint(120, 2400), rng.randint(1040, 1780) / 10
    country = rng.choice(TEXTS["countries"])
    text = fill(rng, TEXTS["deflators"], country=country, nominal=nominal, deflator=deflator)
    wrong = (nominal * deflator / 100, nominal - deflator, nominal * (2 - deflator / 100))
    return numeric(text, nominal / deflator * 100, wrong, "{:.1f} billion")


SKILLS: dict[str, Writer] = {
    "interest": interest,
    "elasticity": elasticity,
    "break-even": break_even,
    "exchange rates": exchange_rates,
    "GDP deflator": deflators,
}

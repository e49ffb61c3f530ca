"""Questions on economics: interest, elasticity, break-even, exchange rates, deflators."""

from __future__ import annotations

import random

from cascal.datatypes import Task
from cascal.simulate.questions.writing import Question, Writer, fill, numeric

TASK = Task(
    "economics", "Numbers of business and the economy: interest, demand, costs, currencies, prices."
)

_INTEREST = (
    "{name} deposits ${capital} in a savings account at {rate} % a year, compounded annually. What "
    "is the balance after {years} years?",
    "A bank lends ${capital} at a yearly compound interest of {rate} percent. Which sum is due "
    "after {years} years if nothing is repaid in between?",
    "To what amount do ${capital} grow in {years} years with {rate} % interest per year when "
    "interest itself earns interest?",
    "{name} inherits ${capital} and leaves them in a fixed deposit for {years} years at {rate} % "
    "compound interest. How much can be withdrawn at the end?",
    "A savings bond over ${capital} pays {rate} percent annually, reinvested each year. What is it "
    "worth after {years} years?",
    "Compute the final capital of an investment of ${capital} with annual compounding at {rate} % "
    "over {years} years.",
)


def interest(rng: random.Random) -> Question:
    """Capital after years of compound interest."""
    capital, years = 100 * rng.randint(5, 180), rng.randint(2, 12)
    rate = rng.randint(6, 36) / 4
    text = fill(rng, _INTEREST, capital=capital, years=years, rate=f"{rate:g}")
    growth = 1 + rate / 100
    simple = capital * (1 + years * rate / 100)
    wrong = (simple, capital * growth ** (years - 1), capital * growth ** (years + 1))
    return numeric(text, capital * growth**years, wrong, "${:.2f}")


_ELASTICITIES = (
    "When the price of {good} rises from ${p} to ${q}, demand falls from {a} to {b} units a week. "
    "What is the price elasticity of demand by the midpoint method, in absolute value?",
    "A producer of {good} raises the price from ${p} to ${q} and sells {b} instead of {a} units. "
    "Find the absolute midpoint (arc) elasticity of demand.",
    "Quantity demanded of {good} drops from {a} to {b} as the price climbs from ${p} to ${q}. How "
    "elastic is demand by the midpoint formula, without the sign?",
    "{name} estimates how sensitive buyers of {good} are to prices: at ${p} they buy {a}, at ${q} "
    "only {b}. Which arc elasticity (absolute value) results?",
    "Using averages of the two points, calculate the absolute price elasticity of demand for "
    "{good} between (${p}, {a} units) and (${q}, {b} units).",
    "Consumers react to dearer {good}: price ${p} to ${q}, quantity {a} to {b}. How large is the "
    "elasticity in absolute terms with the midpoint method?",
)
_DEMANDED = ("coffee", "cinema tickets", "strawberries", "bus passes", "honey", "notebooks", "soap")


def elasticity(rng: random.Random) -> Question:
    """Midpoint elasticity of demand."""
    p, a = rng.randint(4, 40), 10 * rng.randint(12, 90)
    q = p + rng.randint(1, max(2, p // 2))
    b = round(a * rng.uniform(0.45, 0.95))
    text = fill(rng, _ELASTICITIES, good=rng.choice(_DEMANDED), p=p, q=q, a=a, b=b)
    quantity, price = (a - b) / ((a + b) / 2), (q - p) / ((q + p) / 2)
    simple = ((a - b) / a) / ((q - p) / p)
    return numeric(text, quantity / price, (price / quantity, simple, quantity, price), "{:.2f}")


_BREAK_EVENS = (
    "A workshop has fixed costs of ${fixed} a month. Each {item} costs ${cost} to make and sells "
    "for ${price}. How many must be sold to break even?",
    "{name} starts a business making {item}s: fixed costs ${fixed}, variable cost ${cost} and "
    "price ${price} per {item}. What is the break-even quantity?",
    "At which monthly output does a factory neither gain nor lose, if a {item} brings ${price}, "
    "causes variable costs of ${cost}, and overheads are ${fixed}?",
    "The contribution margin of a {item} is the price ${price} less the unit cost ${cost}. How "
    "many units cover fixed costs of ${fixed}?",
    "Rent and wages of ${fixed} have to be earned with {item}s that cost ${cost} each and are sold "
    "at ${price}. From which number of units on is there no loss?",
    "Find the break-even point in units for a {item} (price ${price}, variable unit cost ${cost}) "
    "with fixed costs of ${fixed}.",
)
_ITEMS = ("lamp", "backpack", "skateboard", "teapot", "wooden toy", "jacket", "drone", "headset")


def break_even(rng: random.Random) -> Question:
    """Units that cover the fixed costs."""
    cost, margin, units = rng.randint(4, 60), rng.randint(3, 45), rng.randint(15, 900)
    fixed, price = margin * units, cost + margin
    slots = {"fixed": fixed, "cost": cost, "price": price}
    text = fill(rng, _BREAK_EVENS, item=rng.choice(_ITEMS), **slots)
    wrong = (fixed / price, fixed / cost, fixed / (price + cost), units * 2)
    return numeric(text, units, wrong, "{:.0f} units")


_EXCHANGES = (
    "A traveller changes {amount} {one} at a rate of {rate} {two} per {single}. The bureau keeps "
    "{fee} % commission. How many {two} are paid out?",
    "{name} swaps {amount} {one} for {two} at the airport: one {single} buys {rate} {two}, and "
    "{fee} percent of the result is charged as a fee. What does {name} get?",
    "The exchange rate is {rate} {two} for one {single}. What does an exporter receive in {two} "
    "for {amount} {one} after a currency fee of {fee} %?",
    "Converting {amount} {one} into {two}: rate {rate} {two} per {single}, bank fee {fee} % of the "
    "converted sum. Which amount of foreign currency arrives?",
    "An online exchange quotes {rate} {two} per {single} and takes {fee} % of the payout. How many "
    "{two} does {name} hold after selling {amount} {one}?",
    "Before a holiday {name} exchanges {amount} {one}. With {rate} {two} to the {single} and a "
    "commission of {fee} percent, what sum in {two} is handed over?",
)
_CURRENCIES = (
    ("marls", "marl"), ("talers", "taler"), ("zennos", "zenno"), ("krells", "krell"),
    ("doblins", "doblin"), ("sundars", "sundar"), ("pelicas", "pelica"), ("ostmarks", "ostmark"),
)  # fmt: skip


def exchange_rates(rng: random.Random) -> Question:
    """Money changed at a rate, less a fee."""
    (one, single), (two, _) = rng.sample(_CURRENCIES, 2)
    amount, rate, fee = 10 * rng.randint(8, 400), rng.randint(15, 950) / 100, rng.randint(1, 6)
    slots = {"one": one, "single": single, "two": two}
    text = fill(rng, _EXCHANGES, amount=amount, rate=rate, fee=fee, **slots)
    kept = 1 - fee / 100
    wrong = (amount * rate, amount / rate * kept, amount * rate * (1 + fee / 100), amount / rate)
    return numeric(text, amount * rate * kept, wrong, "{:.2f} " + two)


_DEFLATORS = (
    "{country} has a nominal GDP of {nominal} billion and a GDP deflator of {deflator} (base year "
    "100). What is its real GDP?",
    "The statistical office of {country} reports nominal output of {nominal} billion; the price "
    "index of GDP stands at {deflator} with 100 in the base year. Find GDP at constant prices.",
    "Nominal gross domestic product in {country} is {nominal} billion. Adjusted for inflation with "
    "a deflator of {deflator}, how large is real gross domestic product?",
    "How much is the GDP of {country} in prices of the base year, if it is {nominal} billion at "
    "current prices and the deflator equals {deflator}?",
    "National accounts of {country}: GDP at current prices {nominal} billion, implicit price "
    "deflator {deflator}. Compute real GDP.",
    "An economist deflates the national income of {country}, {nominal} billion in current money, "
    "by a GDP price index of {deflator}. Which real value results?",
)
_COUNTRIES = ("Marlovia", "Ostrand", "Veldoria", "Karsk", "Tirenia", "Brannmark", "Sundavia")


def deflators(rng: random.Random) -> Question:
    """Real GDP from nominal GDP and a deflator."""
    nominal, deflator = rng.randint(120, 2400), rng.randint(1040, 1780) / 10
    country = rng.choice(_COUNTRIES)
    text = fill(rng, _DEFLATORS, country=country, nominal=nominal, deflator=deflator)
    wrong = (nominal * deflator / 100, nominal - deflator, nominal * (2 - deflator / 100))
    return numeric(text, nominal / deflator * 100, wrong, "{:.1f} billion")


SKILLS: dict[str, Writer] = {
    "interest": interest,
    "elasticity": elasticity,
    "break-even": break_even,
    "exchange rates": exchange_rates,
    "GDP deflator": deflators,
}
OPENINGS: dict[str, tuple[str, ...]] = {
    "interest": (
        "Patience pays at the bank.",
        "No taxes or fees are due.",
        "A saver compares offers.",
        "Money grows on money.",
        "From the brochure of a savings bank:",
        "The rate stays fixed.",
    ),
    "elasticity": (
        "Demand curves slope downwards.",
        "Everything else stays equal.",
        "A market researcher reads the sales data.",
        "Customers can switch to other products.",
        "From a microeconomics seminar:",
        "A pricing team discusses sensitivity.",
    ),
    "break-even": (
        "A founder writes a business plan.",
        "Every unit made is sold.",
        "The bank asks for the critical quantity.",
        "Costs are either fixed or variable.",
        "From a course on cost accounting:",
        "Investors want to know when losses end.",
    ),
    "exchange rates": (
        "Currencies of invented countries are traded.",
        "The rate was fixed in the morning.",
        "A tourist stands at the counter.",
        "Coins are not exchanged.",
        "From the price list of a money changer:",
        "The fee is deducted at the end.",
    ),
    "GDP deflator": (
        "Prices have risen since the base year.",
        "Growth without inflation is what counts.",
        "A central bank prepares its report.",
        "Nominal values mislead.",
        "From a macroeconomics textbook:",
        "The statistics cover the whole economy.",
    ),
}
CLOSINGS = (
    "Round to the nearest digit shown.",
    "All figures are invented.",
    "Explain briefly.",
    "Name the formula used.",
)
PREFACES = (
    "This economics problem is part of the final examination of an introductory course in "
    "business and economics.",
    "A student of business administration works through exercises on money, markets and "
    "costs, among them this one.",
    "The following economic calculation comes from a workbook on finance, markets and the "
    "national economy.",
    "An economics teacher uses made-up figures from business life to train calculations "
    "with money.",
)

"""Questions on chemistry: stoichiometry, pH, gas laws, dilution."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from cascal.datatypes import Task
from cascal.simulate.questions.writing import Question, Writer, fill, numeric

TASK = Task("chemistry", "Laboratory calculations: reacting masses, pH, gases, diluted solutions.")


@dataclass(frozen=True)
class _Reaction:
    equation: str
    reactant: str
    used: int
    reactant_mass: float
    product: str
    made: int
    product_mass: float


_REACTIONS = (
    _Reaction("2 H₂ + O₂ → 2 H₂O", "hydrogen", 2, 2.016, "water", 2, 18.015),
    _Reaction("CH₄ + 2 O₂ → CO₂ + 2 H₂O", "methane", 1, 16.04, "water", 2, 18.015),
    _Reaction("N₂ + 3 H₂ → 2 NH₃", "nitrogen", 1, 28.01, "ammonia", 2, 17.03),
    _Reaction("CaCO₃ → CaO + CO₂", "calcium carbonate", 1, 100.09, "calcium oxide", 1, 56.08),
    _Reaction("2 Mg + O₂ → 2 MgO", "magnesium", 2, 24.305, "magnesium oxide", 2, 40.30),
    _Reaction("Fe₂O₃ + 3 CO → 2 Fe + 3 CO₂", "iron(III) oxide", 1, 159.69, "iron", 2, 55.845),
    _Reaction("2 Na + Cl₂ → 2 NaCl", "sodium", 2, 22.99, "sodium chloride", 2, 58.44),
    _Reaction("C₃H₈ + 5 O₂ → 3 CO₂ + 4 H₂O", "propane", 1, 44.10, "carbon dioxide", 3, 44.01),
    _Reaction("4 Al + 3 O₂ → 2 Al₂O₃", "aluminium", 4, 26.98, "aluminium oxide", 2, 101.96),
    _Reaction("2 KClO₃ → 2 KCl + 3 O₂", "potassium chlorate", 2, 122.55, "oxygen", 3, 32.00),
    _Reaction("Zn + 2 HCl → ZnCl₂ + H₂", "zinc", 1, 65.38, "zinc chloride", 1, 136.29),
)
_YIELDS = (
    "How many grams of {product} form when {mass} g of {reactant} react completely according to "
    "{equation}? (molar masses {m} and {n} g/mol)",
    "In the reaction {equation}, {name} starts with {mass} g of {reactant} ({m} g/mol). Which mass "
    "of {product} ({n} g/mol) is obtained?",
    "Balance sheet of a reaction: {equation}. From {mass} g {reactant} with molar mass {m} g/mol, "
    "what mass of {product} with molar mass {n} g/mol results?",
    "A furnace converts {mass} g of {reactant} by {equation}. Using {m} g/mol for {reactant} and "
    "{n} g/mol for {product}, calculate the theoretical yield of {product}.",
    "Given {equation}, find the mass of {product} produced from {mass} g of {reactant}. The molar "
    "masses are {m} g/mol ({reactant}) and {n} g/mol ({product}).",
    "{mass} grams of {reactant} are used up in {equation}. What mass of {product} has been formed "
    "if one mole of {reactant} weighs {m} g and one mole of {product} {n} g?",
)


def stoichiometry(rng: random.Random) -> Question:
    """Mass of a product from the mass of a reactant."""
    reaction, mass = rng.choice(_REACTIONS), rng.randint(15, 2500) / 10
    m, n = reaction.reactant_mass, reaction.product_mass
    names = {"equation": reaction.equation, "reactant": reaction.reactant}
    text = fill(rng, _YIELDS, **names, product=reaction.product, mass=mass, m=m, n=n)
    ratio = reaction.made / reaction.used
    wrong = (mass / m * n if ratio != 1 else mass * 2 / m * n, mass * ratio, mass / n * m * ratio)
    return numeric(text, mass / m * ratio * n, (*wrong, mass / m / ratio * n), "{:.2f} g")


_ACIDS = ("hydrochloric acid", "nitric acid", "perchloric acid", "hydrobromic acid")
_BASES = ("sodium hydroxide", "potassium hydroxide", "lithium hydroxide")
_PH_ACID = (
    "What is the pH of a {c} mol/L solution of {acid}, which dissociates completely?",
    "{name} measures the acidity of fully dissociated {acid} at a concentration of {c} M. Which pH "
    "value should the meter show?",
    "Calculate the pH of {acid} with a concentration of {c} mol per litre, a strong acid.",
    "A beaker contains the strong acid {acid} at {c} M. How acidic is it on the pH scale?",
)
_PH_BASE = (
    "What is the pH of a {c} mol/L solution of the strong base {base} at 25 °C?",
    "{name} tests an alkaline cleaner, a {c} M solution of {base}, with pH paper at 25 °C. Which "
    "pH is expected if it dissociates completely?",
    "Find the pH at 25 °C of {base}, a strong base, at a concentration of {c} mol per litre.",
    "Fully dissociated {base} is present at {c} M. What pH value does the alkaline solution have "
    "at 25 °C?",
)


def acidity(rng: random.Random) -> Question:
    """Find the pH of a strong acid or base."""
    concentration = rng.randint(11, 99) * 10.0 ** -rng.randint(2, 5)
    acid, base = rng.choice(_ACIDS), rng.choice(_BASES)
    written = f"{concentration:.6f}".rstrip("0")
    acidic = rng.random() < 0.5
    text = fill(rng, _PH_ACID if acidic else _PH_BASE, c=written, acid=acid, base=base)
    power = -math.log10(concentration)
    right = power if acidic else 14 - power
    natural = -math.log(concentration)
    return numeric(text, right, (14 - right, natural, right + 1, right - 1), "{:.2f}")


_BOYLE = (
    "A gas in a cylinder has a volume of {v} L at {p} kPa. At constant temperature it is "
    "compressed to {w} L. What is the new pressure?",
    "{name} squeezes a sealed syringe of gas isothermally from {v} L at {p} kPa down to {w} L. "
    "Which pressure does the gas reach?",
    "Following Boyle's law, find the pressure of a gas whose volume shrinks from {v} L to {w} L, "
    "if it was {p} kPa before.",
)
_CHARLES = (
    "A balloon holds {v} L of gas at {t} °C. What is its volume at {u} °C if the pressure does not "
    "change?",
    "At constant pressure a gas of {v} L is warmed from {t} °C to {u} °C. Which volume does it "
    "occupy then?",
    "{name} takes a weather balloon of {v} L from {t} °C into air of {u} °C at the same pressure. "
    "How many litres of gas volume does it have now?",
)


def gas_laws(rng: random.Random) -> Question:
    """Pressure after compression, volume after warming."""
    v, p = rng.randint(20, 400) / 10, rng.randint(80, 260)
    if rng.random() < 0.5:
        w = round(v * rng.uniform(0.2, 0.85), 1)
        text = fill(rng, _BOYLE, v=v, p=p, w=w)
        return numeric(text, p * v / w, (p * w / v, p + v - w, p * (v - w)), "{:.1f} kPa")
    t = rng.randint(5, 40)
    u = t + rng.randint(15, 120)
    text = fill(rng, _CHARLES, v=v, t=t, u=u)
    kelvin = (u + 273.15) / (t + 273.15)
    return numeric(text, v * kelvin, (v * u / t, v / kelvin, v * (u - t) / t), "{:.2f} L")


_STOCK = (
    "How many millilitres of a {c} M {solute} stock solution are needed to prepare {v} mL of a {d} "
    "M solution?",
    "{name} has to dilute {c} mol/L {solute} to {v} mL at {d} mol/L. Which volume of the stock "
    "must be pipetted?",
    "A protocol asks for {v} mL of {d} M {solute}; the bottle on the shelf is {c} M. What volume "
    "from the bottle is topped up with solvent?",
    "To make {v} mL of {solute} at {d} mol/L from a concentrate of {c} mol/L, how much concentrate "
    "has to be taken?",
    "The laboratory buffer must contain {d} M {solute} in {v} mL. Starting from a {c} M stock, "
    "what aliquot is diluted?",
    "{solute} solution of {c} M is diluted with water to {v} mL so that {d} M remain. How many "
    "millilitres of the original solution were used?",
)
_SOLUTES = ("glucose", "sodium chloride", "copper sulfate", "urea", "potassium nitrate", "sucrose")


def dilution(rng: random.Random) -> Question:
    """Volume of stock solution for a diluted one."""
    c = rng.randint(10, 120) / 10
    d = round(c * rng.uniform(0.05, 0.6), 2)
    v = rng.choice((25, 50, 100, 125, 200, 250, 400, 500, 750, 1000))
    text = fill(rng, _STOCK, c=c, d=d, v=v, solute=rng.choice(_SOLUTES))
    text = text[0].upper() + text[1:]
    wrong = (v - v * d / c, v * d, v / c, v * (c - d) / d)
    return numeric(text, v * d / c, wrong, "{:.1f} mL")


SKILLS: dict[str, Writer] = {
    "stoichiometry": stoichiometry,
    "pH": acidity,
    "gas laws": gas_laws,
    "dilution": dilution,
}
OPENINGS: dict[str, tuple[str, ...]] = {
    "stoichiometry": (
        "In a tube furnace.",
        "The reaction runs to completion.",
        "Moles come before grams.",
        "From the balance of a small plant:",
        "The other reactants are in excess.",
        "A student weighs the product.",
    ),
    "pH": (
        "In the titration lab.",
        "The glass electrode has been calibrated.",
        "Water quality is checked.",
        "Logarithms to base ten are needed.",
        "Wear goggles and gloves.",
        "A cleaning agent is analysed.",
    ),
    "gas laws": (
        "The gas behaves ideally.",
        "A piston closes the vessel.",
        "Temperatures must be in kelvin where they matter.",
        "In a high-altitude experiment:",
        "The amount of gas stays the same.",
        "No gas leaks out.",
    ),
    "dilution": (
        "At the bench of a biology lab.",
        "The volumetric flask is clean and dry.",
        "A technician reads the protocol.",
        "The amount of dissolved substance stays the same.",
        "Stock solutions are kept in the fridge.",
        "Before the assay starts:",
    ),
}
CLOSINGS = (
    "Give the answer with sensible digits.",
    "Assume ideal behaviour.",
    "Check the units.",
    "Show your calculation.",
)
PREFACES = (
    "This chemistry problem is part of the laboratory safety and calculation test that "
    "every new chemist has to pass.",
    "A chemistry student prepares for the practical course in general and inorganic "
    "chemistry and works through this calculation.",
    "The following laboratory calculation comes from a chemistry workbook about reactions, "
    "solutions and gases.",
    "A chemical technician has to check the numbers in the laboratory notebook before the "
    "experiment continues.",
)

"""Questions on chemistry: stoichiometry, pH, gas laws, dilution."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts

TEXTS = read_texts("chemistry")


@dataclass(frozen=True, kw_only=True)
class _Reaction:
    equation: str
    reactant: str
    used: int
    reactant_mass: float
    product: str
    made: int
    product_mass: float


_REACTIONS = (
    _Reaction(
        equation="2 H₂ + O₂ → 2 H₂O",
        reactant="hydrogen",
        used=2,
        reactant_mass=2.016,
        product="water",
        made=2,
        product_mass=18.015,
    ),
    _Reaction(
        equation="CH₄ + 2 O₂ → CO₂ + 2 H₂O",
        reactant="methane",
        used=1,
        reactant_mass=16.04,
        product="water",
        made=2,
        product_mass=18.015,
    ),
    _Reaction(
        equation="N₂ + 3 H₂ → 2 NH₃",
        reactant="nitrogen",
        used=1,
        reactant_mass=28.01,
        product="ammonia",
        made=2,
        product_mass=17.03,
    ),
    _Reaction(
        equation="CaCO₃ → CaO + CO₂",
        reactant="calcium carbonate",
        used=1,
        reactant_mass=100.09,
        product="calcium oxide",
        made=1,
        product_mass=56.08,
    ),
    _Reaction(
        equation="2 Mg + O₂ → 2 MgO",
        reactant="magnesium",
        used=2,
        reactant_mass=24.305,
        product="magnesium oxide",
        made=2,
        product_mass=40.30,
    ),
    _Reaction(
        equation="Fe₂O₃ + 3 CO → 2 Fe + 3 CO₂",
        reactant="iron(III) oxide",
        used=1,
        reactant_mass=159.69,
        product="iron",
        made=2,
        product_mass=55.845,
    ),
    _Reaction(
        equation="2 Na + Cl₂ → 2 NaCl",
        reactant="sodium",
        used=2,
        reactant_mass=22.99,
        product="sodium chloride",
        made=2,
        product_mass=58.44,
    ),
    _Reaction(
        equation="C₃H₈ + 5 O₂ → 3 CO₂ + 4 H₂O",
        reactant="propane",
        used=1,
        reactant_mass=44.10,
        product="carbon dioxide",
        made=3,
        product_mass=44.01,
    ),
    _Reaction(
        equation="4 Al + 3 O₂ → 2 Al₂O₃",
        reactant="aluminium",
        used=4,
        reactant_mass=26.98,
        product="aluminium oxide",
        made=2,
        product_mass=101.96,
    ),
    _Reaction(
        equation="2 KClO₃ → 2 KCl + 3 O₂",
        reactant="potassium chlorate",
        used=2,
        reactant_mass=122.55,
        product="oxygen",
        made=3,
        product_mass=32.00,
    ),
    _Reaction(
        equation="Zn + 2 HCl → ZnCl₂ + H₂",
        reactant="zinc",
        used=1,
        reactant_mass=65.38,
        product="zinc chloride",
        made=1,
        product_mass=136.29,
    ),
)


def stoichiometry(rng: random.Random) -> Question:
    """Mass of a product from the mass of a reactant."""
    reaction, mass = rng.choice(_REACTIONS), rng.randint(15, 2500) / 10
    m, n = reaction.reactant_mass, reaction.product_mass
    names = {"equation": reaction.equation, "reactant": reaction.reactant}
    text = fill(rng, TEXTS["yields"], **names, product=reaction.product, mass=mass, m=m, n=n)
    ratio = reaction.made / reaction.used
    wrong = (mass / m * n if ratio != 1 else mass * 2 / m * n, mass * ratio, mass / n * m * ratio)
    return numeric(text, mass / m * ratio * n, (*wrong, mass / m / ratio * n), "{:.2f} g")


def acidity(rng: random.Random) -> Question:
    """Find the pH of a strong acid or base."""
    concentration = rng.randint(11, 99) * 10.0 ** -rng.randint(2, 5)
    acid, base = rng.choice(TEXTS["acids"]), rng.choice(TEXTS["bases"])
    written = f"{concentration:.6f}".rstrip("0")
    acidic = rng.random() < 0.5
    text = fill(
        rng, TEXTS["ph_acid"] if acidic else TEXTS["ph_base"], c=written, acid=acid, base=base
    )
    power = -math.log10(concentration)
    right = power if acidic else 14 - power
    natural = -math.log(concentration)
    return numeric(text, right, (14 - right, natural, right + 1, right - 1), "{:.2f}")


def gas_laws(rng: random.Random) -> Question:
    """Pressure after compression, volume after warming."""
    v, p = rng.randint(20, 400) / 10, rng.randint(80, 260)
    if rng.random() < 0.5:
        w = round(v * rng.uniform(0.2, 0.85), 1)
        text = fill(rng, TEXTS["boyle"], v=v, p=p, w=w)
        return numeric(text, p * v / w, (p * w / v, p + v - w, p * (v - w)), "{:.1f} kPa")
    t = rng.randint(5, 40)
    u = t + rng.randint(15, 120)
    text = fill(rng, TEXTS["charles"], v=v, t=t, u=u)
    kelvin = (u + 273.15) / (t + 273.15)
    return numeric(text, v * kelvin, (v * u / t, v / kelvin, v * (u - t) / t), "{:.2f} L")


def dilution(rng: random.Random) -> Question:
    """Volume of stock solution for a diluted one."""
    c = rng.randint(10, 120) / 10
    d = round(c * rng.uniform(0.05, 0.6), 2)
    v = rng.choice((25, 50, 100, 125, 200, 250, 400, 500, 750, 1000))
    text = fill(rng, TEXTS["stock"], c=c, d=d, v=v, solute=rng.choice(TEXTS["solutes"]))
    text = text[0].upper() + text[1:]
    wrong = (v - v * d / c, v * d, v / c, v * (c - d) / d)
    return numeric(text, v * d / c, wrong, "{:.1f} mL")


SKILLS: dict[str, Writer] = {
    "stoichiometry": stoichiometry,
    "pH": acidity,
    "gas laws": gas_laws,
    "dilution": dilution,
}

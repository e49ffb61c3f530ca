"""Questions on chemistry: stoichiometry, pH, gas laws, dilution."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts

TEXTS = read_texts("chemistry")


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

"""Questions on medicine: fictitious exercises with invented drugs, never advice."""

from __future__ import annotations

import math
import random

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts

TEXTS = read_texts("medicine")


def weight_doses(rng: random.Random) -> Question:
    """Volume of a liquid drug dosed by body weight."""
    weight, dose = rng.randint(70, 420) / 10, rng.choice((2, 2.5, 5, 7.5, 8, 10, 12, 15, 20))
    strength = rng.choice((10, 20, 24, 25, 40, 50, 60, 80))
    slots = {"weight": weight, "dose": dose, "strength": strength}
    text = fill(rng, TEXTS["weight_doses"], drug=rng.choice(TEXTS["drugs"]), **slots)
    right = weight * dose / strength
    wrong = (weight * strength / dose / 10, right * 10, weight * dose, weight / strength * 10)
    return numeric(text, right, wrong, "{:.2f} mL")


def infusions(rng: random.Random) -> Question:
    """Drip rate of an infusion."""
    volume, hours = rng.randint(5, 60) * 25, rng.choice((1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12))
    drops = rng.choice((10, 15, 20, 60))
    text = fill(
        rng,
        TEXTS["infusions"],
        drug=rng.choice(TEXTS["drugs"]),
        volume=volume,
        hours=hours,
        drops=drops,
    )
    right = volume * drops / (hours * 60)
    wrong = (volume / hours, volume / (hours * 60), right * 2, volume * drops / (hours * 100))
    return numeric(text, right, wrong, "{:.1f} drops/min")


def clearance(rng: random.Random) -> Question:
    """Estimated renal clearance, with the factor for women."""
    age, weight = rng.randint(24, 92), rng.randint(45, 110)
    creatinine = rng.randint(6, 38) / 10
    woman = rng.random() < 0.5
    slots = {"age": age, "weight": weight, "creatinine": creatinine}
    also = ", times 0.85 for women"
    text = fill(rng, TEXTS["clearances"], sex="woman" if woman else "man", also=also, **slots)
    whole = (140 - age) * weight / (72 * creatinine)
    right, other = (0.85 * whole, whole) if woman else (whole, 0.85 * whole)
    wrong = (other, age * weight / (72 * creatinine), right * creatinine, right / 0.72)
    return numeric(text, right, wrong, "{:.1f} mL/min")


def half_lives(rng: random.Random) -> Question:
    """Amount left after a dosing interval."""
    half, dose = rng.randint(2, 24), rng.choice((50, 80, 100, 120, 150, 200, 250, 400, 500, 600))
    later = half * rng.choice((0.5, 1.5, 2, 2.5, 3, 4))
    slots = {"half": half, "dose": dose, "later": f"{later:g}"}
    text = fill(rng, TEXTS["half_lives"], drug=rng.choice(TEXTS["drugs"]), **slots)
    passed = later / half
    right = dose * 0.5**passed
    wrong = (
        dose / (2 * passed),
        dose - right,
        dose * 0.5 ** (passed + 1),
        dose * math.exp(-passed),
    )
    return numeric(text, right, wrong, "{:.1f} mg")


SKILLS: dict[str, Writer] = {
    "dose by weight": weight_doses,
    "infusion rate": infusions,
    "renal clearance": clearance,
    "half-life": half_lives,
}

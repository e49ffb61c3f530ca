"""Questions on medicine: fictitious exercises with invented drugs, never advice."""

from __future__ import annotations

import math
import random

from cascal.datatypes import Task
from cascal.simulate.questions.writing import Question, Writer, fill, numeric

TASK = Task(
    "medicine", "Fictitious bedside calculations with invented drugs; not for use on patients."
)

_DRUGS = (
    "Velorin", "Quendal", "Bryxol", "Mardetin", "Solvatrine", "Keplorin", "Drunavel", "Ostivane",
    "Perulcin", "Zantholine", "Fibrodax", "Halvetil",
)  # fmt: skip

_WEIGHT_DOSES = (
    "Fictitious exercise: {drug} syrup is given to children at {dose} mg per kg body weight. It "
    "contains {strength} mg per mL. How many millilitres does a child of {weight} kg receive?",
    "Fictitious exercise: a nurse prepares {drug} for {name}, a child weighing {weight} kg. The "
    "dose is {dose} mg/kg, the suspension has {strength} mg/mL. Which volume is drawn up?",
    "Fictitious exercise: by body weight {name} ({weight} kg) needs {dose} mg/kg of {drug}. What "
    "volume of the oral suspension with {strength} mg/mL is one dose?",
    "Fictitious exercise: the paediatric dose of {drug} is {dose} mg per kilogram. For a patient "
    "of {weight} kg and a bottle labelled {strength} mg/mL, how many mL are measured?",
    "Fictitious exercise: a toddler's weight is {weight} kg. With {drug} drops at {strength} mg/mL "
    "and a weight-based dose of {dose} mg/kg, what amount in mL is correct?",
    "Fictitious exercise: {name} weighs {weight} kg and is prescribed {drug}, {dose} mg for every "
    "kilogram of body weight, as a liquid of {strength} mg per mL. Calculate the volume per dose.",
)


def weight_doses(rng: random.Random) -> Question:
    """Volume of a liquid drug dosed by body weight."""
    weight, dose = rng.randint(70, 420) / 10, rng.choice((2, 2.5, 5, 7.5, 8, 10, 12, 15, 20))
    strength = rng.choice((10, 20, 24, 25, 40, 50, 60, 80))
    slots = {"weight": weight, "dose": dose, "strength": strength}
    text = fill(rng, _WEIGHT_DOSES, drug=rng.choice(_DRUGS), **slots)
    right = weight * dose / strength
    wrong = (weight * strength / dose / 10, right * 10, weight * dose, weight / strength * 10)
    return numeric(text, right, wrong, "{:.2f} mL")


_INFUSIONS = (
    "Fictitious exercise: an infusion of {volume} mL runs over {hours} h through a drip set with "
    "{drops} drops per mL. What is the drip rate in drops per minute?",
    "Fictitious exercise: {volume} mL of saline with {drug} are to be infused within {hours} "
    "hours. The giving set delivers {drops} drops/mL. How many drops per minute must be set?",
    "Fictitious exercise: {name} adjusts the roller clamp of an intravenous line: {volume} mL in "
    "{hours} h, drop factor {drops}. Which number of drops per minute is right?",
    "Fictitious exercise: a bag of {volume} mL hangs on the stand and should be empty after "
    "{hours} hours. With {drops} drops per millilitre, find the infusion rate in drops per minute.",
    "Fictitious exercise: at what drip rate (drops/min) does an IV bag of {volume} mL finish in "
    "{hours} h if {drops} drops make one mL?",
    "Fictitious exercise: the intravenous {drug} infusion has {volume} mL, a planned time of "
    "{hours} hours and tubing with a drop factor of {drops} drops/mL. Calculate drops per minute.",
)


def infusions(rng: random.Random) -> Question:
    """Drip rate of an infusion."""
    volume, hours = rng.randint(5, 60) * 25, rng.choice((1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12))
    drops = rng.choice((10, 15, 20, 60))
    text = fill(rng, _INFUSIONS, drug=rng.choice(_DRUGS), volume=volume, hours=hours, drops=drops)
    right = volume * drops / (hours * 60)
    wrong = (volume / hours, volume / (hours * 60), right * 2, volume * drops / (hours * 100))
    return numeric(text, right, wrong, "{:.1f} drops/min")


_CLEARANCES = (
    "Fictitious exercise: estimate the creatinine clearance of a {age}-year-old {sex} of {weight} "
    "kg with serum creatinine {creatinine} mg/dL by (140 − age) × weight / (72 × "
    "creatinine){also}.",
    "Fictitious exercise: what is the renal clearance by Cockcroft and Gault for a {sex} of "
    "{age} years, {weight} kg, creatinine {creatinine} mg/dL? Use (140 − age) × weight / (72 × "
    "creatinine){also}.",
    "Fictitious exercise: kidney function of a {sex} aged {age} ({weight} kg) with a creatinine of "
    "{creatinine} mg/dL is estimated as (140 − age) × kg / (72 × creatinine){also}. Result?",
    "Fictitious exercise: on admission a {age}-year-old {sex} weighs {weight} kg; serum "
    "creatinine is {creatinine} mg/dL. Find the estimated clearance (140 − age) × weight / (72 × "
    "creatinine){also}.",
    "Fictitious exercise: the nephrology ward asks for the creatinine clearance of a {sex} "
    "({age} y, {weight} kg, creatinine {creatinine} mg/dL) from (140 − age) × weight / (72 × "
    "creatinine){also}. Which value is reported?",
    "Fictitious exercise: with creatinine {creatinine} mg/dL, age {age} and weight {weight} kg, "
    "how well do the kidneys of this {sex} clear creatinine? Formula: (140 − age) × weight / (72 × "
    "creatinine){also}.",
)


def clearance(rng: random.Random) -> Question:
    """Estimated renal clearance, with the factor for women."""
    age, weight = rng.randint(24, 92), rng.randint(45, 110)
    creatinine = rng.randint(6, 38) / 10
    woman = rng.random() < 0.5
    slots = {"age": age, "weight": weight, "creatinine": creatinine}
    also = ", times 0.85 for women"
    text = fill(rng, _CLEARANCES, sex="woman" if woman else "man", also=also, **slots)
    whole = (140 - age) * weight / (72 * creatinine)
    right, other = (0.85 * whole, whole) if woman else (whole, 0.85 * whole)
    wrong = (other, age * weight / (72 * creatinine), right * creatinine, right / 0.72)
    return numeric(text, right, wrong, "{:.1f} mL/min")


_HALF_LIVES = (
    "Fictitious exercise: {drug} has a half-life of {half} hours. After a dose of {dose} mg, how "
    "much is left in the body {later} hours later?",
    "Fictitious exercise: {later} hours ago {name} took {dose} mg of {drug}, whose elimination "
    "half-life is {half} h. Which amount has not been eliminated yet?",
    "Fictitious exercise: the next dose of {drug} is due {later} h after the first of {dose} mg. "
    "With a half-life of {half} h, what amount of the first dose is still present then?",
    "Fictitious exercise: plasma levels of {drug} halve every {half} hours. Starting from {dose} "
    "mg in the body, what remains after {later} hours?",
    "Fictitious exercise: elimination of {drug} follows first-order kinetics with a half-life of "
    "{half} h. Of {dose} mg, how many mg remain at the end of a dosing interval of {later} h?",
    "Fictitious exercise: how many milligrams of a {dose} mg dose of {drug} does the body of "
    "{name} still hold after {later} h if half of it is removed every {half} h?",
)


def half_lives(rng: random.Random) -> Question:
    """Amount left after a dosing interval."""
    half, dose = rng.randint(2, 24), rng.choice((50, 80, 100, 120, 150, 200, 250, 400, 500, 600))
    later = half * rng.choice((0.5, 1.5, 2, 2.5, 3, 4))
    slots = {"half": half, "dose": dose, "later": f"{later:g}"}
    text = fill(rng, _HALF_LIVES, drug=rng.choice(_DRUGS), **slots)
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
OPENINGS: dict[str, tuple[str, ...]] = {
    "dose by weight": (
        "On the children's ward of an invented hospital.",
        "The parents brought a fresh bottle.",
        "The syringe is marked in tenths of a millilitre.",
        "A pharmacist double-checks the order.",
        "Weight was measured this morning.",
        "From a nursing school test.",
    ),
    "infusion rate": (
        "The infusion pump is out of order.",
        "Gravity drives the drip.",
        "The night shift takes over a patient.",
        "A roller clamp sets the flow.",
        "The drip chamber is watched for a minute.",
        "From a course on intravenous therapy.",
    ),
    "renal clearance": (
        "The laboratory report has arrived.",
        "A dose may depend on the kidneys.",
        "The nephrologist is asked for advice.",
        "Urine was not collected.",
        "Body weight is the actual one.",
        "From a course on renal medicine.",
    ),
    "half-life": (
        "Steady state has not been reached.",
        "The drug is eliminated at a constant relative rate.",
        "A pharmacologist sketches the curve.",
        "Absorption is immediate and complete.",
        "A single tablet was taken.",
        "From a course on pharmacokinetics.",
    ),
}
CLOSINGS = (
    "Do not use on patients.",
    "Everything here is invented.",
    "Round as usual.",
    "Check the units.",
)
PREFACES = (
    "This medical calculation is part of a training for hospital nurses and junior "
    "doctors; patient and drug are invented.",
    "A junior doctor on the ward of an imaginary hospital practises clinical calculations "
    "with made-up patients.",
    "The following clinical calculation comes from a fictional workbook on drug therapy "
    "for nurses and medical students.",
    "A hospital pharmacist trains the staff with invented patients and invented drugs, as "
    "in this example.",
)

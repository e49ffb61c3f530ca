"""Questions on physics: motion, circuits, lenses, heat, fluids."""

from __future__ import annotations

import random

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts

TEXTS = read_texts("physics")


GRAVITY = 9.81
WATER_HEAT = 4.18


def kinematics(rng: random.Random) -> Question:
    """Distance at constant acceleration or deceleration."""
    speed, time = rng.randint(6, 45), rng.randint(2, 15)
    rate = rng.randint(8, 75) / 10
    slots = {"vehicle": rng.choice(TEXTS["vehicles"]), "speed": speed, "rate": rate, "time": time}
    if rng.random() < 0.5:
        text = fill(rng, TEXTS["braking"], **slots)
        halted = speed**2 / (2 * rate)
        return numeric(text, halted, (2 * halted, speed / rate, halted + speed), "{:.1f} m")
    text = fill(rng, TEXTS["starting"], **slots)
    gained = rate * time**2
    wrong = (speed * time + gained, speed * time, (speed + rate * time) * time / 2, gained / 2)
    return numeric(text, speed * time + gained / 2, wrong, "{:.1f} m")


def circuits(rng: random.Random) -> Question:
    """Current through two resistors in series or in parallel."""
    r, s = rng.sample(range(2, 60), 2)
    volt = rng.choice((5, 6, 9, 12, 15, 18, 20, 24, 36, 48))
    series, parallel = volt / (r + s), volt / r + volt / s
    if rng.random() < 0.5:
        text = fill(rng, TEXTS["series"], r=r, s=s, volt=volt)
        return numeric(text, series, (parallel, volt / r, volt / s), "{:.3f} ampere")
    text = fill(rng, TEXTS["parallel"], r=r, s=s, volt=volt)
    return numeric(text, parallel, (series, volt / min(r, s), 2 * volt / (r + s)), "{:.3f} ampere")


def lenses(rng: random.Random) -> Question:
    """Image distance of a thin convex lens."""
    focal = rng.randint(4, 40)
    distance = focal + rng.randint(3, 80)
    text = fill(
        rng, TEXTS["lenses"], object=rng.choice(TEXTS["objects"]), focal=focal, distance=distance
    )
    image = focal * distance / (distance - focal)
    wrong = (focal * distance / (distance + focal), distance - focal, distance / focal * 10)
    return numeric(text, image, wrong, "{:.1f} cm")


def heat(rng: random.Random) -> Question:
    """Mixing temperatures, and the heat that warms water."""
    m, n = (rng.randint(4, 60) / 10 for _ in range(2))
    cold, hot = rng.randint(4, 30), rng.randint(45, 95)
    if rng.random() < 0.5:
        text = fill(rng, TEXTS["mixed_water"], m=m, n=n, cold=cold, hot=hot)
        swapped = (n * hot + m * cold) / (m + n)
        mistakes = ((hot + cold) / 2, swapped, float(hot - cold))
        return numeric(text, (m * hot + n * cold) / (m + n), mistakes, "{:.1f} degrees")
    text = fill(rng, TEXTS["heating"], m=m, cold=cold, hot=hot)
    joule = m * WATER_HEAT * (hot - cold)
    wrong = (m * WATER_HEAT * hot, m * (hot - cold), m * WATER_HEAT * (hot + cold))
    return numeric(text, joule, wrong, "{:.1f} kJ")


def fluids(rng: random.Random) -> Question:
    """Hydrostatic pressure and buoyancy."""
    depth, litres = rng.randint(8, 600) / 10, rng.randint(5, 400) / 10
    density = rng.choice((790, 850, 920, 998, 1000, 1015, 1025, 1080, 1150, 1200))
    slots = {
        "place": rng.choice(TEXTS["places"]),
        "density": density,
        "depth": depth,
        "litres": litres,
    }
    if rng.random() < 0.5:
        text = fill(rng, TEXTS["depth"], **slots)
        right = density * GRAVITY * depth / 1000
        return numeric(text, right, (right / GRAVITY, right + 101.3, right * 2), "{:.1f} kPa")
    text = fill(rng, TEXTS["floating"], **slots)
    right = density * GRAVITY * litres / 1000
    return numeric(text, right, (right / GRAVITY, litres * GRAVITY, right / 2), "{:.1f} N")


SKILLS: dict[str, Writer] = {
    "kinematics": kinematics,
    "circuits": circuits,
    "lenses": lenses,
    "heat": heat,
    "fluids": fluids,
}

"""Questions on physics: motion, circuits, lenses, heat, fluids."""

from __future__ import annotations

import random

from cascal.datatypes import Task
from cascal.simulate.questions.writing import Question, Writer, fill, numeric

TASK = Task(
    "physics", "School physics with numbers: motion, electric circuits, optics, heat, fluids."
)

GRAVITY = 9.81
WATER_HEAT = 4.18

_BRAKING = (
    "A {vehicle} travelling at {speed} m/s brakes with a constant deceleration of {rate} m/s². How "
    "far does it move before it stops?",
    "The driver of a {vehicle} sees an obstacle at {speed} m/s and slows down at {rate} m/s². What "
    "is the braking distance?",
    "{name}'s {vehicle} is slowed from {speed} m/s to rest by a constant {rate} m/s². Over which "
    "distance does this happen?",
    "Find the distance a {vehicle} needs to come to a halt from {speed} m/s if its speed falls by "
    "{rate} m/s every second.",
)
_STARTING = (
    "Starting at {speed} m/s, a {vehicle} accelerates at {rate} m/s² for {time} s. Which distance "
    "does it cover in that time?",
    "A {vehicle} passes a post at {speed} m/s and speeds up steadily by {rate} m/s². How far from "
    "the post is it {time} s later?",
    "{name} rides a {vehicle} at {speed} m/s, then accelerates uniformly with {rate} m/s² during "
    "{time} s. What distance is travelled while accelerating?",
    "How many metres does a {vehicle} move in {time} s when its initial velocity is {speed} m/s "
    "and its acceleration {rate} m/s²?",
)
_VEHICLES = ("car", "tram", "motorcycle", "delivery van", "freight train", "scooter", "race car")


def kinematics(rng: random.Random) -> Question:
    """Distance at constant acceleration or deceleration."""
    speed, time = rng.randint(6, 45), rng.randint(2, 15)
    rate = rng.randint(8, 75) / 10
    slots = {"vehicle": rng.choice(_VEHICLES), "speed": speed, "rate": rate, "time": time}
    if rng.random() < 0.5:
        text = fill(rng, _BRAKING, **slots)
        halted = speed**2 / (2 * rate)
        return numeric(text, halted, (2 * halted, speed / rate, halted + speed), "{:.1f} m")
    text = fill(rng, _STARTING, **slots)
    gained = rate * time**2
    wrong = (speed * time + gained, speed * time, (speed + rate * time) * time / 2, gained / 2)
    return numeric(text, speed * time + gained / 2, wrong, "{:.1f} m")


_SERIES = (
    "Resistors of {r} Ω and {s} Ω are connected in series to a {volt} V battery. What current "
    "flows through them?",
    "{name} solders a {r} ohm and a {s} ohm resistor one after the other and applies {volt} volts. "
    "Which current does the ammeter show?",
    "A {volt} V supply drives a series circuit of {r} Ω and {s} Ω. Find the current in the loop.",
)
_PARALLEL = (
    "A {r} Ω and a {s} Ω resistor are connected in parallel across a {volt} V battery. What is the "
    "total current drawn from the battery?",
    "Two lamps with resistances {r} Ω and {s} Ω hang in parallel on a {volt} V source. How large "
    "is the current that the source delivers?",
    "{name} wires resistors of {r} ohms and {s} ohms side by side to {volt} volts. Which total "
    "current flows out of the supply?",
    "Across the terminals of a {volt} V power supply lie two parallel branches, {r} Ω and {s} Ω. "
    "Calculate the current in the common lead.",
)


def circuits(rng: random.Random) -> Question:
    """Current through two resistors in series or in parallel."""
    r, s = rng.sample(range(2, 60), 2)
    volt = rng.choice((5, 6, 9, 12, 15, 18, 20, 24, 36, 48))
    series, parallel = volt / (r + s), volt / r + volt / s
    if rng.random() < 0.5:
        text = fill(rng, _SERIES, r=r, s=s, volt=volt)
        return numeric(text, series, (parallel, volt / r, volt / s), "{:.3f} ampere")
    text = fill(rng, _PARALLEL, r=r, s=s, volt=volt)
    return numeric(text, parallel, (series, volt / min(r, s), 2 * volt / (r + s)), "{:.3f} ampere")


_LENSES = (
    "A {object} stands {distance} cm in front of a converging lens with focal length {focal} cm. "
    "At what distance behind the lens is the sharp image?",
    "{name} places a {object} {distance} cm from a thin convex lens (f = {focal} cm). Where must "
    "the screen be put to see a focused image?",
    "The focal length of a magnifying lens is {focal} cm. If a {object} is {distance} cm away from "
    "it, how far from the lens does the real image form?",
    "An optical bench carries a {object}, and {distance} cm further a convex lens of focal length "
    "{focal} cm. Calculate the image distance.",
    "Light from a {object} {distance} cm away passes a thin lens that focuses parallel rays at "
    "{focal} cm. Where do the rays meet to form the image?",
    "With the thin lens equation, find the image distance of a {object} located {distance} cm in "
    "front of a lens of focal length {focal} cm.",
    "A camera lens of focal length {focal} cm photographs a {object} at a distance of {distance} "
    "cm. How far behind the lens should the sensor be?",
)
_OBJECTS = ("candle", "small arrow", "lamp", "postage stamp", "slide", "chess piece", "pencil")


def lenses(rng: random.Random) -> Question:
    """Image distance of a thin convex lens."""
    focal = rng.randint(4, 40)
    distance = focal + rng.randint(3, 80)
    text = fill(rng, _LENSES, object=rng.choice(_OBJECTS), focal=focal, distance=distance)
    image = focal * distance / (distance - focal)
    wrong = (focal * distance / (distance + focal), distance - focal, distance / focal * 10)
    return numeric(text, image, wrong, "{:.1f} cm")


_MIXED_WATER = (
    "{m} kg of water at {hot} °C are poured into {n} kg of water at {cold} °C. Which temperature "
    "results when no heat is lost?",
    "{name} mixes {n} kg of cold water ({cold} °C) with {m} kg of hot water ({hot} °C) in an "
    "insulated tub. What is the final temperature?",
    "An insulated kettle holds {m} kg of water of {hot} °C; {n} kg of {cold} °C water are added. "
    "Find the temperature after thermal equilibrium.",
)
_HEATING = (
    "How much heat is needed to warm {m} kg of water from {cold} °C to {hot} °C? The specific heat "
    "capacity is 4.18 kJ/(kg K).",
    "{name} heats {m} kg of water for tea from {cold} °C to {hot} °C. With c = 4.18 kJ/(kg K), how "
    "much thermal energy does the water absorb?",
    "A boiler brings {m} kg of water of {cold} °C to {hot} °C. Which quantity of heat has it "
    "supplied, given a specific heat of 4.18 kJ per kilogram and kelvin?",
    "Calculate the energy released by {m} kg of water that cools from {hot} °C to {cold} °C, "
    "taking 4.18 kJ/(kg K) as its specific heat capacity.",
)


def heat(rng: random.Random) -> Question:
    """Mixing temperatures, and the heat that warms water."""
    m, n = (rng.randint(4, 60) / 10 for _ in range(2))
    cold, hot = rng.randint(4, 30), rng.randint(45, 95)
    if rng.random() < 0.5:
        text = fill(rng, _MIXED_WATER, m=m, n=n, cold=cold, hot=hot)
        swapped = (n * hot + m * cold) / (m + n)
        mistakes = ((hot + cold) / 2, swapped, float(hot - cold))
        return numeric(text, (m * hot + n * cold) / (m + n), mistakes, "{:.1f} degrees")
    text = fill(rng, _HEATING, m=m, cold=cold, hot=hot)
    joule = m * WATER_HEAT * (hot - cold)
    wrong = (m * WATER_HEAT * hot, m * (hot - cold), m * WATER_HEAT * (hot + cold))
    return numeric(text, joule, wrong, "{:.1f} kJ")


_DEPTH = (
    "What pressure does the water alone exert on a diver at a depth of {depth} m in a {place} "
    "(density {density} kg/m³, g = 9.81 m/s²)?",
    "A submarine probe sinks to {depth} m below the surface of a {place} whose liquid has a "
    "density of {density} kg/m³. Find the hydrostatic pressure there (g = 9.81 m/s²).",
    "{name} lowers a pressure gauge {depth} m into a {place}. The fluid weighs {density} kg per "
    "cubic metre. Which gauge pressure does it read with g = 9.81 m/s²?",
)
_FLOATING = (
    "A block of {litres} litres is held completely under the surface of a {place} with a fluid "
    "density of {density} kg/m³. How large is the buoyant force (g = 9.81 m/s²)?",
    "Which upward buoyancy acts on a submerged sphere that displaces {litres} litres in a {place} "
    "of density {density} kg/m³, with g = 9.81 m/s²?",
    "{name} pushes a sealed can of {litres} litres under the fluid of a {place} (density {density} "
    "kg/m³). What buoyant force pushes back, taking g = 9.81 m/s²?",
)
_PLACES = ("storage tank", "test basin", "brine pool", "cooling pond", "reservoir", "deep shaft")


def fluids(rng: random.Random) -> Question:
    """Hydrostatic pressure and buoyancy."""
    depth, litres = rng.randint(8, 600) / 10, rng.randint(5, 400) / 10
    density = rng.choice((790, 850, 920, 998, 1000, 1015, 1025, 1080, 1150, 1200))
    slots = {"place": rng.choice(_PLACES), "density": density, "depth": depth, "litres": litres}
    if rng.random() < 0.5:
        text = fill(rng, _DEPTH, **slots)
        right = density * GRAVITY * depth / 1000
        return numeric(text, right, (right / GRAVITY, right + 101.3, right * 2), "{:.1f} kPa")
    text = fill(rng, _FLOATING, **slots)
    right = density * GRAVITY * litres / 1000
    return numeric(text, right, (right / GRAVITY, litres * GRAVITY, right / 2), "{:.1f} N")


SKILLS: dict[str, Writer] = {
    "kinematics": kinematics,
    "circuits": circuits,
    "lenses": lenses,
    "heat": heat,
    "fluids": fluids,
}
OPENINGS: dict[str, tuple[str, ...]] = {
    "kinematics": (
        "On a straight and level test track.",
        "A dash camera recorded the ride.",
        "Traffic engineers examine a road.",
        "The acceleration is constant throughout.",
        "Out on the old airfield:",
        "Motion along a straight line.",
    ),
    "circuits": (
        "On a breadboard in the electronics lab.",
        "The wires have no resistance of their own.",
        "A multimeter is at hand.",
        "An electrician checks a wiring.",
        "From a course on direct current:",
        "The battery is ideal.",
    ),
    "lenses": (
        "In a dark room with an optical bench.",
        "The lens is thin and made of glass.",
        "A photographer plans a picture.",
        "Rays close to the axis are considered.",
        "From the chapter on geometrical optics:",
        "A projector is being adjusted.",
    ),
    "heat": (
        "In a calorimetry experiment.",
        "No steam forms and none is lost.",
        "A kitchen doubles as a laboratory.",
        "The vessel takes up no heat.",
        "For a solar water tank:",
        "Thermal energy is conserved.",
    ),
    "fluids": (
        "Divers know the weight of water.",
        "The fluid is at rest.",
        "From a course on hydrostatics:",
        "An engineer tests a sealed housing.",
        "Archimedes would have liked this one.",
        "Below the surface it gets serious.",
    ),
}
CLOSINGS = (
    "Neglect friction and losses.",
    "Give the result with its unit.",
    "Standard symbols are used.",
    "Write down the formula first.",
)
PREFACES = (
    "This physics problem is part of the final examination of an introductory mechanics, "
    "electricity and heat course for engineers.",
    "A physics teacher demonstrates an experiment in front of the class and asks the "
    "students to predict the measurement.",
    "The following physical situation is analysed in a laboratory course in experimental "
    "physics for first-year students.",
    "Here is an exercise from a university textbook of general physics, to be solved with "
    "a formula and the given quantities.",
)

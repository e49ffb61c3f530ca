"""How good the simulated models are: the known truth behind the demo, and their other traits.

The names are invented. `ACCURACY` is the share of queries of a skill that a model answers rightly
(in percent, unreadable and refused answers counted as wrong) when their easiness is N(0, 1).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ModelTraits:
    """Prices in US dollars per million tokens, habits of speech, confidence of one model.

    logprob_center, logprob_scale : mean_logprob = −center · exp(−scale · confidence)
    family : models of one family share part of their luck and of their wrong answers
    """

    input_price: float
    output_price: float
    output_tokens: int
    tokens_per_second: float
    first_token: float
    unreadable: float
    refused: float
    logprob_center: float
    logprob_scale: float
    family: str = ""


MODELS: dict[str, ModelTraits] = {
    "atlas-large": ModelTraits(
        input_price=3.00,
        output_price=12.00,
        output_tokens=320,
        tokens_per_second=62,
        first_token=0.80,
        unreadable=0.010,
        refused=0.012,
        logprob_center=0.21,
        logprob_scale=0.34,
    ),
    "birch-math": ModelTraits(
        input_price=0.60,
        output_price=2.40,
        output_tokens=410,
        tokens_per_second=95,
        first_token=0.45,
        unreadable=0.020,
        refused=0.002,
        logprob_center=0.15,
        logprob_scale=0.42,
    ),
    "cedar-code": ModelTraits(
        input_price=0.80,
        output_price=3.20,
        output_tokens=280,
        tokens_per_second=110,
        first_token=0.40,
        unreadable=0.025,
        refused=0.003,
        logprob_center=0.33,
        logprob_scale=0.28,
    ),
    "dune-science": ModelTraits(
        input_price=0.90,
        output_price=3.60,
        output_tokens=360,
        tokens_per_second=88,
        first_token=0.50,
        unreadable=0.015,
        refused=0.010,
        logprob_center=0.26,
        logprob_scale=0.36,
    ),
    "elm-counsel": ModelTraits(
        input_price=0.90,
        output_price=3.60,
        output_tokens=300,
        tokens_per_second=84,
        first_token=0.55,
        unreadable=0.012,
        refused=0.030,
        logprob_center=0.40,
        logprob_scale=0.25,
    ),
    "fjord-base": ModelTraits(
        input_price=0.35,
        output_price=1.10,
        output_tokens=190,
        tokens_per_second=130,
        first_token=0.30,
        unreadable=0.040,
        refused=0.002,
        logprob_center=0.52,
        logprob_scale=0.30,
        family="fjord",
    ),
    "fjord-chat": ModelTraits(
        input_price=0.40,
        output_price=1.30,
        output_tokens=240,
        tokens_per_second=125,
        first_token=0.30,
        unreadable=0.015,
        refused=0.020,
        logprob_center=0.44,
        logprob_scale=0.38,
        family="fjord",
    ),
    "gnat-mini": ModelTraits(
        input_price=0.05,
        output_price=0.20,
        output_tokens=120,
        tokens_per_second=210,
        first_token=0.15,
        unreadable=0.050,
        refused=0.005,
        logprob_center=0.30,
        logprob_scale=0.45,
    ),
}
"""The pool; its order is that of the columns of `ACCURACY`."""

# atlas-large, birch-math, cedar-code, dune-science, elm-counsel, fjord-base, fjord-chat, gnat-mini
ACCURACY: dict[str, tuple[int, ...]] = {
    # arithmetic
    "percentages": (71, 87, 60, 64, 57, 60, 60, 43),
    "fractions": (71, 84, 65, 59, 58, 62, 66, 41),
    "ratios and mixtures": (72, 86, 64, 62, 62, 61, 63, 44),
    "number theory": (70, 70, 82, 63, 60, 64, 63, 39),
    "averages": (69, 78, 62, 62, 61, 64, 80, 41),
    # physics
    "kinematics": (68, 67, 58, 86, 57, 61, 61, 42),
    "circuits": (73, 64, 57, 84, 57, 64, 60, 40),
    "lenses": (80, 61, 58, 70, 63, 64, 63, 39),
    "heat": (69, 61, 59, 85, 63, 64, 61, 41),
    "fluids": (74, 80, 58, 78, 60, 61, 60, 39),
    # chemistry
    "stoichiometry": (69, 60, 63, 86, 62, 59, 63, 41),
    "pH": (69, 58, 60, 83, 57, 60, 64, 39),
    "gas laws": (79, 60, 61, 77, 59, 58, 64, 42),
    "dilution": (73, 85, 57, 71, 62, 63, 66, 41),
    # logic
    "syllogisms": (73, 58, 70, 65, 86, 62, 63, 43),
    "truth tables": (68, 63, 87, 64, 65, 61, 66, 43),
    "ordering puzzles": (81, 61, 65, 62, 64, 60, 61, 43),
    "knights and knaves": (74, 63, 80, 61, 78, 59, 66, 40),
    # dates
    "weekdays": (69, 59, 58, 61, 66, 67, 82, 42),
    "day counts": (69, 61, 62, 64, 83, 71, 70, 44),
    "time zones": (72, 60, 62, 62, 62, 71, 84, 45),
    "leap years": (73, 61, 84, 59, 62, 67, 73, 45),
    # code
    "loops": (72, 59, 88, 63, 60, 61, 65, 40),
    "recursion": (71, 63, 86, 62, 62, 61, 61, 42),
    "list slices": (70, 60, 85, 59, 59, 67, 63, 40),
    "strings": (80, 59, 73, 62, 61, 64, 66, 42),
    "dictionaries": (74, 62, 71, 65, 59, 81, 64, 40),
    # law
    "limitation periods": (72, 62, 61, 59, 87, 62, 63, 44),
    "contract form": (68, 61, 59, 62, 88, 61, 64, 39),
    "age and consent": (71, 60, 62, 59, 86, 58, 62, 40),
    "penalty schedules": (68, 83, 63, 64, 71, 58, 65, 45),
    # medicine
    "dose by weight": (72, 84, 61, 72, 58, 62, 67, 40),
    "infusion rate": (80, 58, 58, 71, 59, 61, 69, 43),
    "renal clearance": (69, 63, 57, 86, 63, 61, 67, 45),
    "half-life": (71, 58, 63, 85, 58, 62, 69, 41),
    # economics
    "interest": (72, 85, 57, 61, 60, 68, 70, 43),
    "elasticity": (68, 70, 58, 62, 62, 67, 82, 39),
    "break-even": (81, 70, 61, 63, 63, 66, 72, 45),
    "exchange rates": (69, 68, 63, 65, 60, 83, 67, 41),
    "GDP deflator": (68, 66, 58, 64, 80, 69, 71, 43),
}
"""Skill -> percent right of every model."""

"""Questions on law: invented rules applied to cases. None of these statutes exists."""

from __future__ import annotations

import datetime as dt
import random

from cascal.simulate.questions.dates import written
from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts, worded

TEXTS = read_texts("law")


def limitation(rng: random.Random) -> Question:
    """The earlier of a relative and an absolute limitation period."""
    short, long = rng.randint(2, 5), rng.randint(8, 12)
    event = dt.date(rng.randint(2003, 2030), rng.randint(1, 12), rng.randint(1, 28))
    hidden = dt.timedelta(days=rng.randint(60, 365 * (long + 1) - 400))
    known = event + hidden
    known = known.replace(day=min(known.day, 28))
    slots = {"event": written(event), "known": written(known), "short": short, "long": long}
    text = fill(
        rng,
        TEXTS["limitation"],
        state=rng.choice(TEXTS["states"]),
        loss=rng.choice(TEXTS["losses"]),
        **slots,
    )
    relative = known.replace(year=known.year + short)
    absolute = event.replace(year=event.year + long)
    right, other = sorted((relative, absolute))
    from_event = event.replace(year=event.year + short)
    late = known.replace(year=known.year + long)
    nearby = right.replace(year=right.year + 1)
    return worded(text, written(right), map(written, (other, from_event, late, nearby)))


def contracts(rng: random.Random) -> Question:
    """The form a contract needs, by two thresholds."""
    low = rng.randint(2, 40) * 100
    high = low * rng.randint(3, 9)
    level = rng.randrange(3)
    bounds = ((low // 3, low), (low + 1, high), (high + 1, high * 3))[level]
    # the limit itself still belongs to the lower class
    price = bounds[1] if level < 2 and rng.random() < 0.25 else rng.randint(*bounds)
    slots = {"low": low, "high": high, "price": price}
    text = fill(
        rng,
        TEXTS["contracts"],
        state=rng.choice(TEXTS["states"]),
        good=rng.choice(TEXTS["sales"]),
        **slots,
    )
    nearest = sorted(range(len(TEXTS["forms"])), key=lambda index: abs(index - level))
    return worded(text, TEXTS["forms"][level], [TEXTS["forms"][index] for index in nearest])


def consent(rng: random.Random) -> Question:
    """Capacity by age, with or without a guardian's consent."""
    child, last = rng.randint(6, 13), rng.randint(15, 20)
    age = rng.choice(
        (
            rng.randint(4, child - 1),
            *(rng.randint(child, last) for _ in range(2)),
            rng.randint(last + 1, last + 5),
        )
    )
    allowed = rng.random() < 0.5
    with_ = ", with the written consent of both parents" if allowed else ", without telling anyone"
    slots = {"child": child, "last": last, "age": age, "with_": with_}
    text = fill(
        rng,
        TEXTS["consent"],
        state=rng.choice(TEXTS["states"]),
        club=rng.choice(TEXTS["clubs"]),
        **slots,
    )
    if age < child:
        right = 0
    elif age > last:
        right = 3
    else:
        right = 2 if allowed else 1
    tempting = sorted(range(len(TEXTS["effects"])), key=lambda index: abs(index - right))
    return worded(text, TEXTS["effects"][right], [TEXTS["effects"][index] for index in tempting])


def penalties(rng: random.Random) -> Question:
    """A fine with a base, a rate, a surcharge and a cap."""
    base, unit = 10 * rng.randint(2, 12), rng.randint(3, 15)
    extra, over = rng.choice((20, 25, 30, 40, 50)), rng.randint(6, 60)
    repeated = rng.random() < 0.6
    plain = base + unit * over
    full = plain * (1 + extra / 100) if repeated else float(plain)
    cap = 10 * round(full * rng.choice((0.8, 0.9, 1.3, 1.6, 2.0)) / 10)
    record = "a repeat offender" if repeated else "a first offender"
    slots = {"base": base, "unit": unit, "extra": extra, "over": over, "cap": cap}
    start = record[0].upper() + record[1:]
    where = rng.choice(TEXTS["states"])
    text = fill(rng, TEXTS["penalties"], state=where, record=record, record_start=start, **slots)
    wrong = (full, plain, cap, base + unit * over * (1 + extra / 100), unit * over)
    return numeric(text, min(full, cap), wrong, "{:.2f} crowns")


SKILLS: dict[str, Writer] = {
    "limitation periods": limitation,
    "contract form": contracts,
    "age and consent": consent,
    "penalty schedules": penalties,
}

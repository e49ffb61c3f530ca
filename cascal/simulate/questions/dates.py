"""Questions on dates: weekdays, numbers of days, time zones, leap years."""

from __future__ import annotations

import calendar
import datetime as dt
import random

from cascal.simulate.questions.writing import Question, Writer, fill, numeric, read_texts, worded

TEXTS = read_texts("dates")


def written(day: dt.date) -> str:
    """Write a date without depending on the locale: "3 March 2031"."""
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def _day(rng: random.Random, first: int = 2001, last: int = 2060) -> dt.date:
    return dt.date(rng.randint(first, last), 1, 1) + dt.timedelta(days=rng.randrange(365))


def weekdays(rng: random.Random) -> Question:
    """Weekday a number of days after a known one."""
    day, n = _day(rng), rng.randint(11, 400)
    names = TEXTS["weekday_names"]
    text = fill(rng, TEXTS["weekdays"], today=written(day), weekday=names[day.weekday()], n=n)
    right = (day.weekday() + n) % 7
    shifts = (1, -1, 2, -2, 3)
    return worded(text, names[right], [names[(right + shift) % 7] for shift in shifts])


def durations(rng: random.Random) -> Question:
    """Days between two dates, the first not counted."""
    start, n = _day(rng), rng.randint(20, 320)
    end = start + dt.timedelta(days=n)
    text = fill(rng, TEXTS["spans"], start=written(start), end=written(end))
    months = (end.year - start.year) * 12 + end.month - start.month
    wrong = (n + 1, n - 1, months * 30 + end.day - start.day, n + 2)
    return numeric(text, n, wrong, "{:.0f} days")


def time_zones(rng: random.Random) -> Question:
    """Local time elsewhere, from the offsets to UTC."""
    (here, a), (there, b) = rng.sample(TEXTS["cities"], 2)
    minutes = rng.randrange(0, 24 * 60, 5)
    text = fill(rng, TEXTS["zones"], time=_clock(minutes), here=here, there=there, a=a, b=b)
    shift = (b - a) * 60
    wrong = (minutes - shift, minutes + shift + 60, minutes + shift - 60, minutes + shift + 720)
    return worded(text, _clock(minutes + shift), map(_clock, wrong))


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % (24 * 60), 60)
    return f"{hour:02d}:{minute:02d}"


def leap_years(rng: random.Random) -> Question:
    """Number of Gregorian leap years in a span."""
    first = rng.randint(1584, 2090)
    last = first + rng.randint(25, 260)
    text = fill(rng, TEXTS["leaps"], first=first, last=last)
    years = range(first, last + 1)
    count = sum(map(calendar.isleap, years))
    julian = sum(year % 4 == 0 for year in years)
    wrong = (julian, count - 1, count + 1, len(years) // 4 + 1, count + 2)
    return numeric(text, count, wrong, "{:.0f}")


SKILLS: dict[str, Writer] = {
    "weekdays": weekdays,
    "day counts": durations,
    "time zones": time_zones,
    "leap years": leap_years,
}

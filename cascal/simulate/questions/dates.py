"""Questions on dates: weekdays, numbers of days, time zones, leap years."""

from __future__ import annotations

import calendar
import datetime as dt
import random

from cascal.datatypes import Task
from cascal.simulate.questions.writing import Question, Writer, fill, numeric, worded

TASK = Task("dates", "Calendar and clock arithmetic: weekdays, spans, time zones, leap years.")

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def written(day: dt.date) -> str:
    """Write a date without depending on the locale: "3 March 2031"."""
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def _day(rng: random.Random, first: int = 2001, last: int = 2060) -> dt.date:
    return dt.date(rng.randint(first, last), 1, 1) + dt.timedelta(days=rng.randrange(365))


_WEEKDAYS = (
    "If {today} is a {weekday}, on which day of the week does the date {n} days later fall?",
    "{name}'s appointment is {n} days after {weekday}, {today}. Which weekday is that?",
    "Today is {weekday}, {today}. What day of the week will it be in {n} days?",
    "A market opens every {n} days and was last open on {weekday}, {today}. On which weekday does "
    "it open next?",
    "Counting {n} days forward from a {weekday} ({today}), which day of the week does {name} "
    "reach?",
    "The rehearsal was on a {weekday}, {today}; the premiere follows {n} days afterwards. Name the "
    "weekday of the premiere.",
    "{name} was told on {weekday} {today} to come back in exactly {n} days. Which day of the week "
    "will it be?",
)


def weekdays(rng: random.Random) -> Question:
    """Weekday a number of days after a known one."""
    day, n = _day(rng), rng.randint(11, 400)
    text = fill(rng, _WEEKDAYS, today=written(day), weekday=WEEKDAYS[day.weekday()], n=n)
    right = (day.weekday() + n) % 7
    shifts = (1, -1, 2, -2, 3)
    return worded(text, WEEKDAYS[right], [WEEKDAYS[(right + shift) % 7] for shift in shifts])


_SPANS = (
    "An exhibition opens on {start} and closes on {end}. How many days long is the span between "
    "the two dates, not counting the opening day?",
    "How many days pass from {start} to {end}?",
    "{name} rents a cabin from {start} until {end}. For how many nights must be paid?",
    "A parcel was posted on {start} and delivered on {end}. How many days was it under way?",
    "The loan of a library book runs from {start} to {end}. How long is the loan in days?",
    "Work on a bridge began on {start} and was finished on {end}. What is the difference between "
    "the dates in days?",
    "{name} kept a travel diary that starts on {start} and ends on {end}. How many days lie "
    "between the first and the last entry, counting the last?",
)


def durations(rng: random.Random) -> Question:
    """Days between two dates, the first not counted."""
    start, n = _day(rng), rng.randint(20, 320)
    end = start + dt.timedelta(days=n)
    text = fill(rng, _SPANS, start=written(start), end=written(end))
    months = (end.year - start.year) * 12 + end.month - start.month
    wrong = (n + 1, n - 1, months * 30 + end.day - start.day, n + 2)
    return numeric(text, n, wrong, "{:.0f} days")


_ZONES = (
    "It is {time} in {here} (UTC{a:+d}). What is the local time in {there} (UTC{b:+d})?",
    "{name} in {here} (UTC{a:+d}) calls a colleague in {there} (UTC{b:+d}) at {time} local time. "
    "What does the clock show in {there}?",
    "A webinar starts at {time} in {here}, time zone UTC{a:+d}. When does it start for viewers in "
    "{there}, time zone UTC{b:+d}?",
    "The clocks in {here} run on UTC{a:+d}, those in {there} on UTC{b:+d}. When it is {time} in "
    "{here}, which time is it in {there}?",
    "A stock exchange in {here} (UTC{a:+d}) closes at {time}. What is the time in {there} "
    "(UTC{b:+d}) at that moment?",
    "Live from {here} (UTC{a:+d}) at {time}: at what local time can {name} watch the match in "
    "{there} (UTC{b:+d})?",
    "A server in {here} logs an error at {time} (UTC{a:+d}). Which wall-clock time was it in "
    "{there} (UTC{b:+d})?",
)
_CITIES = (
    ("Lima", -5), ("Reykjavik", 0), ("Dubai", 4), ("Tokyo", 9), ("Nairobi", 3), ("Jakarta", 7),
    ("Phoenix", -7), ("Honolulu", -10), ("Buenos Aires", -3), ("Brisbane", 10), ("Lagos", 1),
    ("Johannesburg", 2), ("Singapore", 8), ("Tashkent", 5), ("Dhaka", 6), ("Noumea", 11),
)  # fmt: skip


def time_zones(rng: random.Random) -> Question:
    """Local time elsewhere, from the offsets to UTC."""
    (here, a), (there, b) = rng.sample(_CITIES, 2)
    minutes = rng.randrange(0, 24 * 60, 5)
    text = fill(rng, _ZONES, time=_clock(minutes), here=here, there=there, a=a, b=b)
    shift = (b - a) * 60
    wrong = (minutes - shift, minutes + shift + 60, minutes + shift - 60, minutes + shift + 720)
    return worded(text, _clock(minutes + shift), map(_clock, wrong))


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % (24 * 60), 60)
    return f"{hour:02d}:{minute:02d}"


_LEAPS = (
    "How many leap years are there from {first} to {last}, both included, in the Gregorian "
    "calendar?",
    "{name} counts the leap days (29 February) in the years {first} to {last} inclusive. How many "
    "are there under the Gregorian rule?",
    "Under the Gregorian rules, how often does a year from {first} through {last} have 366 days?",
    "A historian lists every leap year between {first} and {last}, end points included. How long "
    "is the list in the Gregorian calendar?",
    "How many times does 29 February occur in the Gregorian years {first}–{last}, first and last "
    "year included?",
    "Someone proposes to celebrate each Gregorian leap year from {first} up to and including "
    "{last}. How many celebrations does that make?",
    "Of the years {first} to {last} inclusive, how many are leap years according to the Gregorian "
    "century rule?",
)


def leap_years(rng: random.Random) -> Question:
    """Number of Gregorian leap years in a span."""
    first = rng.randint(1584, 2090)
    last = first + rng.randint(25, 260)
    text = fill(rng, _LEAPS, first=first, last=last)
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
OPENINGS: dict[str, tuple[str, ...]] = {
    "weekdays": (
        "A week has seven days, of course.",
        "The calendar on the wall is torn.",
        "A secretary plans ahead.",
        "Counting modulo seven helps.",
        "From a diary:",
        "Weekends are not skipped.",
    ),
    "day counts": (
        "The exact number of days matters for the bill.",
        "Only the dates are known.",
        "An archivist computes a period.",
        "Months have different lengths.",
        "From a contract:",
        "The first day itself is not counted.",
    ),
    "time zones": (
        "Daylight saving time is ignored.",
        "Offices on several continents are involved.",
        "An airline dispatcher wonders.",
        "Mind the sign of the offsets.",
        "Before a video conference:",
        "The world clock in the lobby is broken.",
    ),
    "leap years": (
        "Centuries are the exception.",
        "The earth needs a little more than 365 days.",
        "An astronomer checks a calendar table.",
        "Years divisible by 400 stay leap years.",
        "From a book on calendar reform:",
        "A programmer tests a date library.",
    ),
}
CLOSINGS = (
    "The usual calendar applies.",
    "Give the answer only.",
    "Count carefully.",
    "No calendar is at hand.",
)
PREFACES = (
    "This question on calendars, clocks and time is part of an aptitude test for office "
    "clerks and travel agents.",
    "Planning needs care with calendar dates and times, as this small problem from an "
    "office training shows.",
    "The following problem on dates and times is typical of errors in scheduling software "
    "and calendars.",
    "Somebody who organises meetings and travel has to reckon with dates, days and hours, "
    "for example here.",
)

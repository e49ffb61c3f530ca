"""Questions on law: invented rules applied to cases. None of these statutes exists."""

from __future__ import annotations

import datetime as dt
import random

from cascal.datatypes import Task
from cascal.simulate.questions.dates import written
from cascal.simulate.questions.writing import Question, Writer, fill, numeric, worded

TASK = Task("law", "Applying the invented statutes of fictional countries to short cases.")

_STATES = (
    "Marlovia", "Ostrand", "Veldoria", "Karsk", "Tirenia", "Lower Quell", "Brannmark", "Sundavia",
    "Port Ellan", "Norrhavn", "Caldermoor", "Istravia",
)  # fmt: skip

_LIMITATION = (
    "Under the Limitation Act of {state}, a claim lapses {short} years after the claimant learns "
    "of the damage and at the latest {long} years after it occurred. {name}'s {loss} occurred on "
    "{event} and was discovered on {known}. When does the claim become time-barred?",
    "{state} bars claims {short} years from knowledge, but never later than {long} years from the "
    "event. A {loss} of {event} came to {name}'s knowledge on {known}. On which date does the "
    "limitation period end?",
    "The civil code of {state} knows a relative limitation period of {short} years (from "
    "discovery) and an absolute one of {long} years (from the event). Event: {loss} on {event}; "
    "discovery: {known}. Until when can {name} sue?",
    "{name} discovered a {loss} on {known}, although it dates from {event}. In {state} an action "
    "prescribes {short} years after discovery, in any case {long} years after the event. Which is "
    "the last day of the period?",
    "How long may {name} wait before suing over a {loss}? It happened on {event}, was noticed on "
    "{known}, and {state} limits actions to {short} years from notice with a long stop of {long} "
    "years from the occurrence.",
    "A court in {state} must decide when prescription occurs: the {loss} took place on {event}, "
    "{name} became aware of it on {known}; the periods are {short} years from awareness, capped at "
    "{long} years from the incident. Which date is right?",
)
_LOSSES = (
    "water damage", "defective roof repair", "loss of an heirloom", "forged signature",
    "boundary wall collapse", "faulty boiler installation", "negligent survey", "burst pipe",
)  # fmt: skip


def limitation(rng: random.Random) -> Question:
    """The earlier of a relative and an absolute limitation period."""
    short, long = rng.randint(2, 5), rng.randint(8, 12)
    event = dt.date(rng.randint(2003, 2030), rng.randint(1, 12), rng.randint(1, 28))
    hidden = dt.timedelta(days=rng.randint(60, 365 * (long + 1) - 400))
    known = event + hidden
    known = known.replace(day=min(known.day, 28))
    slots = {"event": written(event), "known": written(known), "short": short, "long": long}
    text = fill(rng, _LIMITATION, state=rng.choice(_STATES), loss=rng.choice(_LOSSES), **slots)
    relative = known.replace(year=known.year + short)
    absolute = event.replace(year=event.year + long)
    right, other = sorted((relative, absolute))
    from_event = event.replace(year=event.year + short)
    late = known.replace(year=known.year + long)
    nearby = right.replace(year=right.year + 1)
    return worded(text, written(right), map(written, (other, from_event, late, nearby)))


_CONTRACTS = (
    "In {state} contracts for the sale of a {good} need no form up to {low} crowns, writing above "
    "that, and a notary above {high} crowns. {name} sells a {good} for {price} crowns. Which form "
    "does the contract need?",
    "The Commercial Code of {state} accepts oral contracts up to {low} crowns, demands a signed "
    "document above {low} and notarisation above {high} crowns. What form is required for a {good} "
    "sold at {price} crowns?",
    "{name} and {other} agree on {price} crowns for a {good}. By the law of {state}, agreements "
    "over {low} crowns must be written and those over {high} crowns notarised. How must the "
    "agreement be concluded to be valid?",
    "A buyer from {state} offers {price} crowns for a {good}. Formal requirements: none up to "
    "{low} crowns; in writing beyond; before a notary beyond {high} crowns. Which form makes the "
    "purchase contract binding?",
    "Thresholds for the form of contracts in {state}: written form from above {low} crowns, notary "
    "from above {high} crowns. Which form applies to the purchase of a {good} at {price} crowns?",
    "May {name} in {state} buy a {good} for {price} crowns by handshake? Contracts above {low} "
    "crowns are void unless written, contracts above {high} crowns unless notarised.",
)
_SALES = (
    "racehorse", "fishing boat", "printing press", "vineyard share", "harpsichord", "market stall",
    "tractor", "painting", "caravan", "kiln", "sawmill", "sailplane",
)  # fmt: skip
_FORMS = (
    "No form is needed, an oral contract is valid",
    "Written form with signatures is needed",
    "The contract must be notarised",
    "The contract is void in any form",
    "Approval by a court is needed",
)


def contracts(rng: random.Random) -> Question:
    """The form a contract needs, by two thresholds."""
    low = rng.randint(2, 40) * 100
    high = low * rng.randint(3, 9)
    level = rng.randrange(3)
    bounds = ((low // 3, low), (low + 1, high), (high + 1, high * 3))[level]
    # the limit itself still belongs to the lower class
    price = bounds[1] if level < 2 and rng.random() < 0.25 else rng.randint(*bounds)
    slots = {"low": low, "high": high, "price": price}
    text = fill(rng, _CONTRACTS, state=rng.choice(_STATES), good=rng.choice(_SALES), **slots)
    nearest = sorted(range(len(_FORMS)), key=lambda index: abs(index - level))
    return worded(text, _FORMS[level], [_FORMS[index] for index in nearest])


_CONSENT = (
    "In {state} children under {child} cannot enrol in a {club} at all, minors from {child} to "
    "{last} need a guardian's consent, and adults decide alone. {name}, aged {age}, signs "
    "up{with_}. What is the legal effect?",
    "{name} is {age} years old and joins a {club} in {state}{with_}. The Youth Act voids the "
    "membership of anyone below {child}, suspends that of minors of {child} to {last} until a "
    "guardian consents, and binds everyone older. What is the status of the membership?",
    "A {age}-year-old, {name}, applies to a {club}{with_}. By the family law of {state} persons "
    "younger than {child} lack capacity, persons aged {child} to {last} act with parental "
    "permission, older persons act freely. Is the membership valid?",
    "Capacity in {state}: none below the age of {child}, limited from {child} to {last} (a parent "
    "must agree), full afterwards. {name} ({age}) became a member of a {club}{with_}. Which answer "
    "is correct?",
    "The {club} of a town in {state} admits {name}, who is {age}{with_}. Guardians must approve "
    "for ages {child} to {last}, and below {child} admission is impossible. How does the law "
    "treat it?",
    "At the age of {age}, {name} registers with a {club} in {state}{with_}. Parental consent is "
    "necessary from {child} to {last} years; younger children may not register. What follows?",
)
_CLUBS = (
    "rowing club", "theatre group", "gliding school", "chess society", "climbing club", "choir",
    "riding school", "fencing club", "scout troop", "judo club",
)  # fmt: skip
_EFFECTS = (
    "It is void because the person is too young",
    "It is suspended until a guardian consents",
    "It is valid because a guardian consented",
    "It is valid because the person is of age",
)


def consent(rng: random.Random) -> Question:
    """Capacity by age, with or without a guardian's consent."""
    child, last = rng.randint(6, 13), rng.randint(15, 20)
    age = rng.choice((rng.randint(4, child - 1), *(rng.randint(child, last) for _ in range(2)),
                      rng.randint(last + 1, last + 5)))  # fmt: skip
    allowed = rng.random() < 0.5
    with_ = ", with the written consent of both parents" if allowed else ", without telling anyone"
    slots = {"child": child, "last": last, "age": age, "with_": with_}
    text = fill(rng, _CONSENT, state=rng.choice(_STATES), club=rng.choice(_CLUBS), **slots)
    if age < child:
        right = 0
    elif age > last:
        right = 3
    else:
        right = 2 if allowed else 1
    tempting = sorted(range(len(_EFFECTS)), key=lambda index: abs(index - right))
    return worded(text, _EFFECTS[right], [_EFFECTS[index] for index in tempting])


_PENALTIES = (
    "The traffic schedule of {state} fines speeding with {base} crowns plus {unit} crowns for each "
    "km/h above the limit; repeat offenders pay {extra} % more; the cap is {cap} crowns. {name}, "
    "{record}, was {over} km/h too fast. How high is the fine?",
    "{name} ({record}) drove {over} km/h above the limit in {state}. Fine: {base} crowns and "
    "{unit} crowns per km/h, surcharge of {extra} % for repeaters, maximum {cap} crowns. What "
    "must be paid?",
    "Compute the speeding penalty in {state} for {over} km/h over the limit: basic fine {base} "
    "crowns, {unit} crowns for every km/h, {extra} % surcharge on a repeated offence, at most "
    "{cap} crowns in total. The driver {name} is {record}.",
    "A police officer in {state} stops {name}, {record}, at {over} km/h above the speed limit. The "
    "penalty table says {base} crowns plus {unit} per km/h, increased by {extra} % for repeat "
    "offenders and limited to {cap} crowns. Which penalty applies?",
    "By the penalty schedule of {state}, each km/h of speeding costs {unit} crowns on top of "
    "{base} crowns. Repeat offenders owe {extra} % extra. No fine exceeds {cap} crowns. What does "
    "{name}, {record}, owe for {over} km/h?",
    "{record_start}, {name} is caught by a speed camera in {state} with {over} km/h too much. Base "
    "fine {base}, per km/h {unit}, repeat surcharge {extra} %, upper limit {cap} (all in crowns). "
    "Find the fine.",
)


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
    where = rng.choice(_STATES)
    text = fill(rng, _PENALTIES, state=where, record=record, record_start=start, **slots)
    wrong = (full, plain, cap, base + unit * over * (1 + extra / 100), unit * over)
    return numeric(text, min(full, cap), wrong, "{:.2f} crowns")


SKILLS: dict[str, Writer] = {
    "limitation periods": limitation,
    "contract form": contracts,
    "age and consent": consent,
    "penalty schedules": penalties,
}
OPENINGS: dict[str, tuple[str, ...]] = {
    "limitation periods": (
        "Time runs against the creditor.",
        "No suspension has taken place.",
        "The defendant raises the defence of prescription.",
        "A lawyer checks the deadline.",
        "From a bar exam in a fictional country:",
        "Both periods run side by side and the earlier one counts.",
    ),
    "contract form": (
        "Formalities protect the parties.",
        "A handshake is not always enough.",
        "The parties argue about validity.",
        "From the formbook of a fictional notary:",
        "An amount equal to a limit still belongs to the lower class.",
        "Oral promises are quickly made.",
    ),
    "age and consent": (
        "Young people like to join clubs.",
        "A treasurer reads the Youth Act.",
        "Parents complain to the board.",
        "The register of members is checked.",
        "From a seminar on family law:",
        "Capacity depends on age alone.",
    ),
    "penalty schedules": (
        "The speed camera was calibrated.",
        "The facts are not disputed.",
        "A traffic court reads the table.",
        "First the surcharge, then the cap.",
        "From a driver's manual of a fictional country:",
        "The driver admits everything.",
    ),
}
CLOSINGS = (
    "The country is invented.",
    "Apply the rule as stated.",
    "Foreign law does not matter.",
    "Decide the case.",
)
PREFACES = (
    "This legal case from an invented country is part of an examination for law students, "
    "who must apply the statute as it stands.",
    "A legal adviser in a fictional jurisdiction receives this case and has to apply the "
    "statutory rule to the facts.",
    "The following legal problem trains the application of statutes to facts; the country "
    "and its laws are fictional.",
    "A law professor discusses a case from a fictional legal system with the students in "
    "the first lecture on statutory interpretation.",
)

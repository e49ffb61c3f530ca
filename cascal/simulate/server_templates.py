"""Queries on any task by templates, so that the whole pipeline works with any task description.

They read like queries and mean nothing: no option is right for a reason, and which one counts as
right is drawn from the text (`invented_item`).
"""

from __future__ import annotations

import random
import re

from cascal.datatypes import Query, Task

_TEXTS = (
    "In {task}, a dataset of {topic} reports {n} cases in which {other} changed first. Which "
    "conclusion is best supported?",
    "Consider {topic} under the conditions usual in {task}. After {n} repetitions {other} has "
    "shifted. What explains this?",
    "A graduate seminar on {task} compares {topic} with {other} in {n} examples. Which statement "
    "holds for most of them?",
    "Two accounts of {topic} disagree about the part played by {other}. Given {n} observations, "
    "which one is right in {task}?",
    "Suppose that {other} is held fixed at level {n}. What follows for {topic}, by the standard "
    "view in {task}?",
    "An examiner in {task} asks how {topic} depends on {other} once {n} sources have been checked. "
    "Which answer is correct?",
    "Which of these claims about {topic} is compatible with the finding that {other} doubled in "
    "{n} of 100 trials ({task})?",
    "Question {n} of a {task} paper: under which reading does {topic} still constrain {other}?",
)
_VERBS = (
    "determines",
    "limits",
    "follows from",
    "is independent of",
    "precedes",
    "amplifies",
    "offsets",
    "replaces",
    "approximates",
    "presupposes",
)
_CONDITIONS = (
    "in the long run",
    "only in the first stage",
    "under the usual assumptions",
    "once both are measured",
    "unless the sample is small",
    "in every case considered",
    "to first order",
    "when nothing else varies",
)
_GENERAL = (
    "method",
    "boundary",
    "equilibrium",
    "evidence",
    "structure",
    "interpretation",
    "hierarchy",
    "exception",
    "measurement",
    "tradition",
    "mechanism",
    "precedent",
)
_DULL = {"about", "with", "from", "that", "this", "their", "these", "which", "into", "questions"}
_N_OPTIONS = 4
_N_WORDS = 40


def template_query(task: Task, rng: random.Random) -> Query:
    """One query whose words come from the task's name and description; it means nothing."""
    words = re.findall(r"[^\W\d_]{4,24}", f"{task.name} {task.description}"[:2000].lower())
    own = [word for word in dict.fromkeys(words) if word not in _DULL][:_N_WORDS]
    topic, other = rng.sample([*own, *_GENERAL] if len(own) < 4 else own, 2)
    topic = f"the {rng.choice(_GENERAL)} of {topic}"
    text = rng.choice(_TEXTS).format(
        task=task.name.strip() or "this field", topic=topic, other=other, n=rng.randint(2, 97)
    )
    pairs = [(verb, condition) for verb in _VERBS for condition in _CONDITIONS]
    options = tuple(
        f"{topic[0].upper()}{topic[1:]} {verb} {other} {condition}."
        for verb, condition in rng.sample(pairs, _N_OPTIONS)
    )
    return Query("", task.name, text, options=options)

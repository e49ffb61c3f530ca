"""Question writers of the demo world: nine tasks, forty skills, one function a skill.

A subject is two files: its texts and lists of words (YAML), and the functions that draw numbers,
compute the answer and the results of typical mistakes.

A writer gives the question itself; many texts get an opening and a closing sentence around it, so
that the texts of a skill differ in more than names and numbers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from cascal.datatypes import Task
from cascal.simulate.questions import (
    arithmetic,
    chemistry,
    code,
    dates,
    economics,
    law,
    logic,
    medicine,
    physics,
)
from cascal.simulate.questions.writing import Question, Writer

_MODULES = (arithmetic, physics, chemistry, logic, dates, code, law, medicine, economics)
_PREFACED, _OPENED, _CLOSED = 0.45, 0.75, 0.3


def _framed(
    writer: Writer, prefaces: Sequence[str], openings: Sequence[str], closings: Sequence[str]
) -> Writer:
    """Let a writer begin or end its texts with sentences on the task and on the situation."""

    def write(rng: random.Random) -> Question:
        question = writer(rng)
        text = question.text
        if rng.random() < _OPENED:
            text = f"{rng.choice(openings)} {text}"
        if rng.random() < _PREFACED:
            text = f"{rng.choice(prefaces)} {text}"
        if rng.random() < _CLOSED:
            # a sentence must not become part of a snippet of code
            gap = "\n\n" if "\n" in text else " "
            text = f"{text}{gap}{rng.choice(closings)}"
        return replace(question, text=text)

    return write


TASKS: tuple[Task, ...] = tuple(Task(**module.TEXTS["task"]) for module in _MODULES)
"""The tasks of the demo world, in the order in which queries are generated."""

WRITERS: dict[str, dict[str, Writer]] = {
    task.name: {
        skill: _framed(
            writer,
            module.TEXTS["prefaces"],
            module.TEXTS["openings"][skill],
            module.TEXTS["closings"],
        )
        for skill, writer in module.SKILLS.items()
    }
    for task, module in zip(TASKS, _MODULES, strict=True)
}
"""Task name -> skill name -> writer. Skill names are unique over all tasks."""

SKILLS: tuple[str, ...] = tuple(skill for skills in WRITERS.values() for skill in skills)
"""All skills, in the order of the tasks: the rows of every (S, M) table."""

__all__ = ["SKILLS", "TASKS", "WRITERS", "Question", "Writer"]

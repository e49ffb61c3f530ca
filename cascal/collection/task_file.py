"""Lists of tasks as files: `tasks:` with a list of {name, description, examples?, n?}.

An example is {question, options, answer?}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from cascal.datatypes import CascalError, Query, Task, option_letter
from cascal.yaml_files.documents import read_document
from cascal.yaml_files.fields import (
    Count,
    Fields,
    NeededText,
    Text,
    listed,
    read_fields,
    refusal,
    refused_as,
)

SHIPPED = ("mmlu_pro",)
"""Task files that come with the package, by name."""


@dataclass(frozen=True)
class TaskRequest:
    """A task queries are wanted for; n is None where the file does not say how many.

    `examples` are groups; the prompts of a task take the groups in turn.
    """

    task: Task
    examples: tuple[tuple[Query, ...], ...] = ()
    n: int | None = None


def _one_line(text: str) -> str:
    return " ".join(text.split())


Line = Annotated[NeededText, AfterValidator(_one_line)]
Options = Annotated[list[Any], Field(min_length=2), refused_as("is no list of two or more.")]


class Example(Fields):
    """A query as it stands in a task file."""

    question: NeededText
    options: Options = Field(default_factory=list, validate_default=True)
    answer: Text = ""

    @model_validator(mode="after")
    def _check_answer(self) -> Example:
        letters = [option_letter(place) for place in range(len(self.options))]
        if self.answer and self.answer.upper() not in letters:
            raise refusal(
                "answer in {where} is not the letter of one of its options.", code="bad-field"
            )
        return self

    def query(self, task: str) -> Query:
        """The example as a query of the task."""
        options = tuple(str(option) for option in self.options)
        return Query("", task, self.question, options=options, answer=self.answer.upper() or None)


class TaskEntry(Fields):
    """One task of a task file."""

    name: Line
    description: Line
    examples: list[Example] | None = None
    n: Count = None

    def request(self) -> TaskRequest:
        """The task as it is asked for, with its examples as one group."""
        group = tuple(example.query(self.name) for example in self.examples or ())
        return TaskRequest(Task(self.name, self.description), (group,) if group else (), self.n)


def read_tasks(path: str | Path) -> tuple[TaskRequest, ...]:
    """The tasks of a file, or of a shipped one by its name; CascalError says what is wrong."""
    if str(path) in SHIPPED:
        path = Path(str(files("cascal.collection") / "tasks" / f"{path}.yaml"))
    return parse_tasks(read_document(Path(path), "task file"))


def parse_tasks(document: object) -> tuple[TaskRequest, ...]:
    """The tasks of a task file's content.

    A name that comes again asks for more of the same task: numbers add up, and its examples become
    a further group (as `cascal quality --tasks-out` writes one entry for each unsure cluster).
    """
    if not isinstance(document, Mapping) or set(document) != {"tasks"}:
        raise CascalError(
            "A task file holds `tasks:` and a list of {name, description} below it.",
            code="not-records",
        )
    joined: dict[str, TaskRequest] = {}
    for where, entry in listed(document["tasks"], "task file"):
        request = read_fields(TaskEntry, entry, where).request()
        known = joined.get(request.task.name)
        joined[request.task.name] = request if known is None else _join(known, request)
    return tuple(joined.values())


def _join(known: TaskRequest, more: TaskRequest) -> TaskRequest:
    if known.task != more.task:
        raise CascalError(
            f"Task {known.task.name[:80]!r} comes twice in the task file, with different "
            "descriptions. Rename one, or give both the same.",
            code="duplicate-id",
        )
    counts = [one.n for one in (known, more) if one.n is not None]
    return TaskRequest(known.task, known.examples + more.examples, sum(counts) if counts else None)

"""Files that say what to ask for: pools of models and lists of tasks. Keys never stand in one.

Pool file: a YAML or JSON list (or `models:` with one) of entries
    name, model_id, base_url, key_env, input_price, output_price   as in ModelSpec
    concurrency, temperature, max_tokens, logprobs, simulated      optional
Task file: `tasks:` with a list of {name, description, examples?, n?}; an example is
    {question, options, answer?}
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from cascal.datatypes import CascalError, ModelSpec, Query, Task, option_letter
from cascal.documents import read_document
from cascal.endpoint import EndpointError, check_base_url

SHIPPED = ("mmlu_pro",)
"""Task files that come with the package, by name."""

FINAL_CAUSES = ("key refused", "not found", "quota")
"""After one of these a model is not asked again: every further call would end the same."""

MOST_ERRORS = 20
"""A model with this many errors in a row is not asked again in a run."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_PREFIXED_KEY = re.compile(r"(?:sk|pk|gsk|hf|xai|r8|pplx|nvapi|AIza)_?[A-Za-z0-9]{16,}")
_KEY_LENGTH = 20
_MODEL_FIELDS = (
    "name", "model_id", "base_url", "key_env", "input_price", "output_price",
    "concurrency", "temperature", "max_tokens", "logprobs", "simulated",
)  # fmt: skip
_TASK_FIELDS = ("name", "description", "examples", "n")
_EXAMPLE_FIELDS = ("question", "options", "answer")


@dataclass(frozen=True)
class PoolModel:
    """A model and how it is asked; a temperature or max_tokens of None is left to the server."""

    spec: ModelSpec
    concurrency: int = 8
    temperature: float | None = 0.7
    max_tokens: int | None = 1024
    logprobs: bool = True

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name


@dataclass(frozen=True)
class TaskRequest:
    """A task queries are wanted for; n is None where the file does not say how many.

    `examples` are groups; the prompts of a task take the groups in turn.
    """

    task: Task
    examples: tuple[tuple[Query, ...], ...] = ()
    n: int | None = None


def read_pool(path: str | Path) -> tuple[PoolModel, ...]:
    """The models of a pool file, in its order; CascalError says what is wrong with it."""
    return parse_pool(read_document(Path(path), "pool file"))


def parse_pool(entries: object) -> tuple[PoolModel, ...]:
    """The models of a pool file's content."""
    entries = entries["models"] if isinstance(entries, Mapping) and "models" in entries else entries
    models = tuple(_model(_Entry.of(one, place)) for place, one in _listed(entries, "pool file"))
    _refuse_twins("pool file", (model.name for model in models))
    return models


def write_pool(path: str | Path, models: Sequence[PoolModel]) -> None:
    """Write a pool file that reads back as the same models; what is unknown is left out."""
    entries = [_entry_of(model) for model in models]
    parse_pool(entries)
    text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False)
    if Path(path).suffix.lower() == ".json":
        text = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
    Path(path).write_text(text, encoding="utf-8")


def unset_keys(models: Iterable[PoolModel]) -> tuple[str, ...]:
    """Names of key variables that are not set, each once."""
    named = dict.fromkeys(model.spec.key_env for model in models if model.spec.key_env)
    return tuple(name for name in named if not os.environ.get(name, "").strip())


def read_tasks(path: str | Path) -> tuple[TaskRequest, ...]:
    """The tasks of a file, or of a shipped one by its name; CascalError says what is wrong."""
    if str(path) in SHIPPED:
        path = Path(str(files("cascal") / "tasks" / f"{path}.yaml"))
    return parse_tasks(read_document(Path(path), "task file"))


def parse_tasks(document: object) -> tuple[TaskRequest, ...]:
    """The tasks of a task file's content.

    A name that comes again asks for more of the same task: numbers add up, and its examples become
    a further group (as `cascal quality --tasks-out` writes one entry for each unsure cluster).
    """
    if not isinstance(document, Mapping) or set(document) != {"tasks"}:
        raise CascalError("A task file holds `tasks:` and a list of {name, description} below it.")
    joined: dict[str, TaskRequest] = {}
    for place, one in _listed(document["tasks"], "task file"):
        request = _task(_Entry.of(one, place, "task file", _TASK_FIELDS))
        known = joined.get(request.task.name)
        joined[request.task.name] = request if known is None else _join(known, request)
    return tuple(joined.values())


def _join(known: TaskRequest, more: TaskRequest) -> TaskRequest:
    if known.task != more.task:
        raise CascalError(
            f"Task {known.task.name[:80]!r} comes twice in the task file, with different "
            "descriptions. Rename one, or give both the same."
        )
    counts = [one.n for one in (known, more) if one.n is not None]
    return TaskRequest(known.task, known.examples + more.examples, sum(counts) if counts else None)


def _listed(entries: object, what: str) -> list[tuple[int, object]]:
    if not isinstance(entries, list) or not entries:
        raise CascalError(f"The {what} holds no list of entries. Write at least one, with a name.")
    return list(enumerate(entries, 1))


def _refuse_twins(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise CascalError(f"The {what} names {name[:80]!r} more than once. Rename one.")
        seen.add(name)


@dataclass(frozen=True)
class _Entry:
    """One entry of a file and where it stands; its readers never repeat a value."""

    fields: Mapping[str, Any]
    where: str

    @classmethod
    def of(
        cls,
        entry: object,
        place: int,
        what: str = "pool file",
        known: Sequence[str] = _MODEL_FIELDS,
    ) -> _Entry:
        """The entry, if it is a mapping of known fields."""
        where = f"entry {place} of the {what}"
        if not isinstance(entry, Mapping):
            raise CascalError(f"There is no mapping with a name in {where}.")
        unknown = [str(name) for name in entry if name not in known]
        if unknown:
            advice = (
                " A key is never written into a file: put it into an environment variable and "
                "write that variable's name as key_env."
            )
            raise CascalError(
                f"The field {unknown[0][:40]!r} in {where} is unknown; known are "
                f"{', '.join(known)}.{advice if 'key_env' in known else ''}"
            )
        return cls(entry, where)

    def text(self, name: str, *, needed: bool = False) -> str:
        """A text, stripped."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise CascalError(f"{name} in {self.where} is no text. Put it into quotes.")
        if needed and not (value or "").strip():
            raise CascalError(f"{name} is missing in {self.where}.")
        return (value or "").strip()

    def number(self, name: str, default: float | None) -> float | None:
        """A finite number of 0 or more; None where the file says null."""
        if name not in self.fields or self.fields[name] is None:
            return default if name not in self.fields else None
        value = self.fields[name]
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not 0 <= value < math.inf:
            raise CascalError(f"{name} in {self.where} is no number of 0 or more.")
        return float(value)

    def price(self, name: str) -> float:
        """US dollars per million tokens, nan where unknown."""
        value = self.number(name, None)
        return math.nan if value is None else value

    def count(self, name: str, default: int | None) -> int | None:
        """A whole number of 1 or more; None where the file says null."""
        value = self.number(name, default)
        if value is not None and (value < 1 or value != int(value)):
            raise CascalError(f"{name} in {self.where} is no whole number of 1 or more.")
        return None if value is None else int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.fields.get(name, default)
        if not isinstance(value, bool):
            raise CascalError(f"{name} in {self.where} is neither true nor false.")
        return value


def _model(entry: _Entry) -> PoolModel:
    name, key_env = entry.text("name", needed=True), entry.text("key_env")
    if "::" in name or not name.isprintable() or len(name) > 200:
        raise CascalError(f"name in {entry.where} holds '::' or what cannot be printed.")
    if key_env and (not _VARIABLE.fullmatch(key_env) or _looks_like_a_key(key_env)):
        raise CascalError(
            f"key_env in {entry.where} is not the name of an environment variable but looks like "
            "a key. Put the key into a variable, such as MY_API_KEY, and write that name."
        )
    try:
        base_url = check_base_url(entry.text("base_url", needed=True))
    except EndpointError as error:
        raise CascalError(f"base_url in {entry.where}: {error}") from None
    simulated = entry.flag("simulated", default=False)
    spec = ModelSpec(
        name, entry.text("model_id") or name, base_url, key_env,
        entry.price("input_price"), entry.price("output_price"), simulated,
    )  # fmt: skip
    return PoolModel(
        spec,
        entry.count("concurrency", 8) or 8,
        entry.number("temperature", 0.7),
        entry.count("max_tokens", 1024),
        entry.flag("logprobs", default=True),
    )


def _looks_like_a_key(name: str) -> bool:
    """Variables are named in words; keys are long and mix digits into letters."""
    if _PREFIXED_KEY.fullmatch(name):
        return True
    has_digit = any(one.isdecimal() for one in name)
    plain = name.upper() != name or "_" not in name
    return len(name) >= _KEY_LENGTH and has_digit and plain


def _entry_of(model: PoolModel) -> dict[str, Any]:
    spec = model.spec
    known: dict[str, Any] = {name: getattr(spec, name) for name in _MODEL_FIELDS[:6]}
    known["model_id"] = spec.model_id or spec.name
    known |= {name: getattr(model, name) for name in _MODEL_FIELDS[6:10]}
    for name in ("input_price", "output_price"):
        if math.isnan(known[name]):
            del known[name]
    return known | ({"simulated": True} if spec.simulated else {})


def _task(entry: _Entry) -> TaskRequest:
    name = entry.text("name", needed=True)
    task = Task(" ".join(name.split()), " ".join(entry.text("description", needed=True).split()))
    examples = entry.fields.get("examples") or []
    if not isinstance(examples, list):
        raise CascalError(f"examples in {entry.where} is no list.")
    group = tuple(
        _example(task, _Entry.of(one, place, f"examples in {entry.where}", _EXAMPLE_FIELDS))
        for place, one in enumerate(examples, 1)
    )
    return TaskRequest(task, (group,) if group else (), entry.count("n", None))


def _example(task: Task, entry: _Entry) -> Query:
    options = entry.fields.get("options")
    if not isinstance(options, list) or len(options) < 2:
        raise CascalError(f"options in {entry.where} is no list of two or more.")
    letters = [option_letter(place) for place in range(len(options))]
    answer = entry.text("answer").upper() or None
    if answer is not None and answer not in letters:
        raise CascalError(f"answer in {entry.where} is not the letter of one of its options.")
    text = entry.text("question", needed=True)
    return Query("", task.name, text, tuple(str(one) for one in options), answer)

"""What the page Collect does: the embedded simulator, pools, and runs that can be stopped."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pandas as pd
import streamlit as st
import yaml

from app import encoding, jobs, session
from cascal.collection.collect import CollectProgress
from cascal.collection.collect_less import CallsAhead, calls_ahead, collect_fraction
from cascal.collection.cost_ahead import CostAhead, cost_ahead
from cascal.collection.generate import GenerateProgress, GenerateSettings
from cascal.collection.into_workspace import Limits, collect_into, generate_into
from cascal.collection.task_file import TaskRequest, parse_tasks
from cascal.columns import Progress
from cascal.datatypes import CascalError
from cascal.endpoint import Budget, EndpointError, Probe, probe
from cascal.endpoint.pool_file import PoolModel, parse_pool, unset_keys
from cascal.simulate.server import running, simulated_generators, simulated_pool
from cascal.yaml_files.documents import parse_yaml

FIELDS = (
    "name",
    "model_id",
    "base_url",
    "key_env",
    "input_price",
    "output_price",
    "concurrency",
)
EXAMPLE_TASKS = """tasks:
- name: arithmetic
  description: Word problems on percentages, fractions, ratios and averages.
- name: law
  description: Whether a contract or a claim holds under the rules that the question states.
- name: code
  description: What a short Python program prints.
"""


@st.cache_resource(show_spinner="Starting the simulated models")
def simulator() -> str:
    """Base URL of the simulated pool, served on loopback as long as the dashboard runs."""
    stack = ExitStack()
    url = stack.enter_context(running())
    _SERVERS.append(stack)
    return url


_SERVERS: list[ExitStack] = []
"""Servers started here; they end with the process."""


def simulated_frame(*, generators: bool) -> pd.DataFrame:
    """The simulated pool or its generators, as rows of the editor."""
    url = simulator()
    specs = simulated_generators(url) if generators else simulated_pool(url)
    rows = [{name: getattr(spec, name, None) for name in FIELDS} for spec in specs]
    frame = pd.DataFrame(rows, columns=list(FIELDS))
    frame["concurrency"] = 8
    return frame


def empty_frame() -> pd.DataFrame:
    """An editor without rows."""
    return pd.DataFrame({name: pd.Series(dtype=_DTYPES.get(name, "object")) for name in FIELDS})


_DTYPES = {"input_price": "float64", "output_price": "float64", "concurrency": "float64"}


def is_filled(frame: pd.DataFrame) -> bool:
    """Whether anything stands in an editor."""
    return any(_given(value) for row in frame.to_dict("records") for value in row.values())


def pool_of(frame: pd.DataFrame) -> tuple[PoolModel, ...]:
    """Check the rows of an editor; what is wrong is said in a sentence."""
    entries = []
    for row in frame.to_dict("records"):
        entry = {name: value for name, value in row.items() if _given(value)}
        if not entry:
            continue
        if "concurrency" in entry:
            entry["concurrency"] = int(entry["concurrency"])
        if "127.0.0.1" in str(entry.get("base_url", "")) and _simulated(str(entry["base_url"])):
            entry["simulated"] = True
        entries.append(entry)
    if not entries:
        raise CascalError(
            "The pool has no model. Add a row, or use the simulated pool.", code="missing-value"
        )
    return parse_pool(entries)


def _given(value: object) -> bool:
    return (
        value is not None and value != "" and not (isinstance(value, float) and math.isnan(value))
    )


def _simulated(url: str) -> bool:
    return bool(_SERVERS) and url.rstrip("/") == simulator().rstrip("/")


def pool_yaml(frame: pd.DataFrame) -> str:
    """The pool as a file for `cascal collect`; it names key variables and holds no key."""
    rows = [
        {name: value for name, value in row.items() if _given(value)}
        for row in frame.to_dict("records")
    ]
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False)


def tasks_of(text: str) -> tuple[TaskRequest, ...]:
    """Read task descriptions from YAML text."""
    return parse_tasks(parse_yaml(text, "list of tasks"))


def example_tasks() -> pd.DataFrame:
    """Tasks to begin with, as rows of the editor."""
    rows = yaml.safe_load(EXAMPLE_TASKS)["tasks"]
    return pd.DataFrame(rows).assign(n=pd.Series(dtype="float64"))


def tasks_of_table(table: pd.DataFrame) -> tuple[TaskRequest, ...]:
    """The tasks of the editor's rows; empty rows are none."""
    entries: list[dict[str, object]] = []
    for row in table.to_dict("records"):
        entry = {str(name): value for name, value in row.items() if _given(value)}
        if "n" in entry:
            entry["n"] = int(entry["n"])
        if entry:
            entries.append(entry)
    return parse_tasks({"tasks": entries})


def checked(models: Sequence[PoolModel]) -> list[dict[str, str]]:
    """What each model's server can do, as rows of a table."""

    async def one(model: PoolModel) -> Probe | str:
        try:
            return await probe(model.spec)
        except EndpointError as error:
            return str(error)

    async def every() -> list[Probe | str]:
        return list(await asyncio.gather(*(one(model) for model in models)))

    return [_row(model, found) for model, found in zip(models, asyncio.run(every()), strict=True)]


def _row(model: PoolModel, found: Probe | str) -> dict[str, str]:
    words = {True: "yes", False: "no", None: "unknown"}
    variable = model.spec.key_env
    key = "none needed"
    if variable:
        key = f"{variable} " + ("is not set" if unset_keys([model]) else "is set")
    if isinstance(found, str):
        return {
            "model": model.name,
            "answers": "no",
            "log-probabilities": "unknown",
            "JSON schema": "unknown",
            "key": key,
            "note": found,
        }
    return {
        "model": model.name,
        "answers": words[found.reachable],
        "log-probabilities": words[found.logprobs],
        "JSON schema": words[found.schema],
        "key": key,
        "note": "" if found.reachable else found.sentences["reachable"],
    }


def start_generating(
    dataset: str, tasks: Sequence[TaskRequest], generator: PoolModel, n: int, budget: Budget
) -> None:
    """Start a run that writes queries; it stops cleanly and goes on when started again."""
    workspace = session.workspace()

    def work(job: jobs.Job) -> GenerateProgress:
        encode = encoding.embedder()
        return generate_into(
            workspace,
            dataset,
            tasks,
            generator,
            encode,
            settings=GenerateSettings(n=n),
            limits=Limits(budget, lambda: job.stopping),
            progress=lambda now: job.tell(now.share, now.sentence, now),
        )

    _start(f"generate:{dataset}", work)


def ahead(dataset: str, pool: Sequence[PoolModel], *, retry: bool) -> CostAhead:
    """Calls and cost of asking the pool all that it has not answered."""
    return cost_ahead(session.workspace(), dataset, pool, retry_errors=retry)


def fewer(dataset: str, pool: Sequence[PoolModel], fraction: float, *, retry: bool) -> CallsAhead:
    """How many calls a fraction of that makes at most."""
    return calls_ahead(session.workspace(), dataset, pool, fraction, retry_errors=retry)


def start_collecting(
    dataset: str,
    pool: Sequence[PoolModel],
    budget: Budget,
    *,
    retry: bool,
    fraction: float = 1.0,
) -> None:
    """Start a run that asks every model what it has not answered, or a fraction of it."""
    workspace = session.workspace()

    def work(job: jobs.Job) -> CollectProgress:
        limits = Limits(budget, lambda: job.stopping)

        def tell(now: CollectProgress) -> None:
            job.tell(now.share, now.sentence, now)

        if fraction == 1.0:
            return collect_into(
                workspace, dataset, pool, retry_errors=retry, limits=limits, progress=tell
            )
        return collect_fraction(
            workspace, dataset, pool, fraction, retry_errors=retry, limits=limits, progress=tell
        )

    _start(f"collect:{dataset}", work)


def _start(key: str, work: Callable[[jobs.Job], object]) -> None:
    jobs.forget(key)

    def run(_report: Progress) -> object:
        job = jobs.find(key)
        if job is None:
            raise CascalError(
                "The run was dropped before it began. Start it again.", code="not-running"
            )
        return work(job)

    jobs.start(key, run, "calls")

"""What all tests share: where the outside data are, and small worlds made on the spot."""

from __future__ import annotations

import atexit
import gc
import shutil
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import pyarrow.compute as pc
import pytest
import typer.main
from paging import end_jobs
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import local_script_runner

import cascal
from cascal.columns import Imported
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.demo import demo_folder, install_demo
from cascal.dataset.encoding import encode_dataset
from cascal.dataset.label_desk import Desk
from cascal.dataset.part import Part, split_part
from cascal.dataset.snapshot import Snapshot, take_snapshot
from cascal.encode.encoders import load_encoder
from cascal.labels import LabelRecord
from cascal.simulate import load_demo
from cascal.store import Label

# Every AppTest would read the metadata of all installed packages anew, for half a second and more.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
# Every AppTest would ask a thousand times a second whether its run has ended.
local_script_runner.time = SimpleNamespace(time=time.time, sleep=lambda _: time.sleep(0.004))
# Every command that runs in this process would build all 26 anew, for a thirtieth of a second.
typer.main.get_command_from_info = cache(typer.main.get_command_from_info)

SHARED = Path(__file__).parents[2] / "shared"
LONG = 20
"""So many quick tests take as long as one that is marked slow, an attack, or needs a browser."""


MAIN = sys.modules["__main__"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """An AppTest leaves its script as the main module, which every spawned process would run."""
    sys.modules["__main__"] = MAIN


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: looking for garbage in it takes half of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        atexit.register(gc.unfreeze)  # else extensions complain of what is left
        gc.set_threshold(10_000)  # a test makes many small things and keeps few
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with most work come first: else one process runs the last of them alone."""
    work: Counter[Path] = Counter()
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        work[item.path] += LONG if marks & {"slow", "attack", "browser"} else 1
    items.sort(key=lambda item: (-work[item.path], item.path))


def shared(*parts: str) -> Path:
    """A file or folder of the outside data; the test is skipped, visibly, where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"outside data not found: shared/{'/'.join(parts)}")
    return path


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_world(
    n_queries=240, n_models=5, n_tasks=3, dimension=12, seed=0, n_options=6, missing=0.0
) -> tuple[cascal.Votes, cascal.Embeddings, np.ndarray]:
    """Queries around two skills a task, models with a hidden accuracy per skill; gold answers."""
    random = np.random.default_rng(seed)
    task = random.integers(n_tasks, size=n_queries)
    skill = random.integers(2, size=n_queries)
    centres = random.normal(size=(n_tasks, 2, dimension))
    points = centres[task, skill] + 0.35 * random.normal(size=(n_queries, dimension))
    accuracy = random.uniform(0.35, 0.95, size=(n_models, n_tasks, 2))
    gold = random.integers(n_options, size=n_queries)
    right = random.random((n_queries, n_models)) < accuracy[:, task, skill].T
    wrong = (gold[:, None] + 1 + random.integers(n_options - 1, size=right.shape)) % n_options
    answers = np.where(right, gold[:, None], wrong)
    answers[random.random(answers.shape) < missing] = cascal.NO_ANSWER
    logprobs = -np.abs(random.normal(0.5, 0.2, size=right.shape)) - 0.2 * ~right
    ids = [f"q{row:04d}" for row in random.permutation(n_queries)]
    votes = cascal.Votes(
        ids,
        [f"task {one}" for one in task],
        [f"model-{chr(97 + one)}" for one in random.permutation(n_models)],
        answers,
        logprobs,
        np.full(n_queries, n_options),
    )
    return votes, cascal.Embeddings.from_array(ids, points.astype(np.float32), "test"), gold


@pytest.fixture(autouse=True)
def no_job_outlives_its_test() -> Iterator[None]:
    """Work that a page began would go on beside the tests that follow."""
    yield
    end_jobs()


@pytest.fixture(scope="session")
def world():
    return make_world()


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory) -> cascal.Workspace:
    """The installed demo, for reading; a test that writes takes a copy of its file."""
    workspace = cascal.Workspace(tmp_path_factory.mktemp("demo") / "demo.duckdb")
    assert install_demo(workspace) == ["demo", "demo-weak"]
    return workspace


def copy_workspace(workspace: cascal.Workspace, path: Path) -> cascal.Workspace:
    """A workspace of its own with the same content."""
    return cascal.Workspace(Path(shutil.copy(workspace.path, path)))


@cache
def whole_demo() -> dict[str, Imported]:
    """The two sets of the demo as they are shipped, read once."""
    return {one.dataset: one for one in load_demo(demo_folder())}


@cache
def thinned_demo(train_step: int, test_step: int) -> dict[str, Imported]:
    """The two sets of the demo, with every so-manieth training and test query only."""
    rows = [*range(0, 5000, train_step), *range(5000, 7000, test_step)]
    return {name: with_queries(one, rows) for name, one in whole_demo().items()}


def with_queries(imported: Imported, rows: list[int]) -> Imported:
    """Some of the queries, with their responses."""
    queries = imported.queries.take(rows)
    kept = pc.is_in(imported.responses["query_id"], queries["query_id"].combine_chunks())
    return replace(imported, queries=queries, responses=imported.responses.filter(kept))


def add_hashed(workspace: cascal.Workspace, imported: Imported) -> None:
    """Store a data set with the vectors of the hashing encoder, which is quick."""
    workspace.add(imported)
    encode_dataset(workspace, imported.dataset, load_encoder("hashing"))


def thinned_workspace(folder: Path, train_step: int, test_step: int) -> cascal.Workspace:
    """A workspace with the thinned demo and vectors of the hashing encoder."""
    path = folder / "demo.duckdb"
    path.write_bytes(_thinned_file(train_step, test_step))
    return cascal.Workspace(path)


@cache
def _thinned_file(train_step: int, test_step: int) -> bytes:
    with TemporaryDirectory() as folder:
        workspace = cascal.Workspace(Path(folder) / "demo.duckdb")
        add_hashed(workspace, thinned_demo(train_step, test_step)["demo"])
        return workspace.path.read_bytes()


def demo_snapshot(workspace: cascal.Workspace) -> Snapshot:
    """The demo of a workspace at the default settings and thresholds."""
    study = load_dataset(workspace, "demo")
    fitted = cascal.fit(study.train.votes, study.train.vectors, costs=study.costs)
    return take_snapshot(study, fitted, cascal.Thresholds())


def label_record(**given: object) -> LabelRecord:
    """What ten labels said of a router; the gate stays open unless `always` names a model."""
    record = LabelRecord(
        draws=("d1",),
        digest="0" * 64,
        n_labels=10,
        n_contested=40,
        n_queries=400,
        gain=-0.02,
        low=-0.05,
        high=0.01,
        against="always asking b",
        verdict="No proof.",
    )
    return replace(record, **given)


def give_labels(
    desk: Desk,
    places: Iterable[int],
    answer: Callable[[int], str] | None = None,
    verdicts: Callable[[int], Mapping[str, bool]] | None = None,
) -> None:
    """What `desk.give` does at each of these places, stored at once."""
    asked = {place: desk.draw.frame[place - 1] for place in places}
    draw, content = desk.hand_out(max(asked)), desk.store.contents(desk.dataset)
    labels = [
        Label(
            query_id=query_id,
            person=desk.person,
            content=content[query_id],
            draw_id=draw.draw_id,
            probability=draw.probability,
            purpose=draw.purpose,
            answer=answer(place) if answer else None,
            verdicts=verdicts(place) if verdicts else {},
        )
        for place, query_id in asked.items()
    ]
    desk.store.add_labels(desk.dataset, labels)


@pytest.fixture(scope="session")
def demo(demo_workspace) -> Dataset:
    return load_dataset(demo_workspace, "demo")


@pytest.fixture(scope="session")
def demo_weak(demo_workspace) -> Dataset:
    return load_dataset(demo_workspace, "demo-weak")


class Fits(dict[str, cascal.Fit]):
    """A data set fitted with each preset that is asked for, once."""

    def __init__(self, study: Dataset) -> None:
        super().__init__()
        self._train = study.train

    def __missing__(self, preset: str) -> cascal.Fit:
        settings = cascal.FitSettings.preset(preset)
        self[preset] = cascal.fit(self._train.votes, self._train.vectors, settings)
        return self[preset]


@pytest.fixture(scope="session")
def demo_fits(demo) -> Fits:
    """The demo fitted with each preset, when a test first asks for it."""
    return Fits(demo)


@pytest.fixture(scope="session")
def demo_weak_fit(demo_weak) -> cascal.Fit:
    return cascal.fit(demo_weak.train.votes, demo_weak.train.vectors)


def make_part(
    votes: cascal.Votes,
    vectors: cascal.Embeddings,
    gold: np.ndarray,
    origin: str = "gold",
    costs: np.ndarray | None = None,
    judged: np.ndarray | None = None,
) -> Part:
    """A part of a data set from arrays; labels and gold are the same answers."""
    n_queries = len(votes.query_ids)
    nothing = np.full(votes.shape, np.nan)
    truth = gold if origin == "gold" else np.full(n_queries, cascal.NO_ANSWER)
    return Part(
        votes=votes,
        vectors=vectors.take(votes.query_ids),
        gold=truth,
        labels=gold,
        judged=nothing if judged is None else judged,
        costs=nothing if costs is None else costs,
        texts=tuple(f"What is {one}?" for one in votes.query_ids),
        options=tuple(("yes", "no", "maybe") for _ in votes.query_ids),
        skills=(None,) * n_queries,
        origins=(origin,) * n_queries,
        xy=np.full((n_queries, 2), np.nan, dtype=np.float32),
    )


def split_world(seed: int = 0, n_queries: int = 360, **kwargs: float) -> tuple[Part, Part]:
    """Training and test part of one small world, all with gold answers and costs."""
    votes, vectors, gold = make_world(n_queries=n_queries, seed=seed, **kwargs)
    costs = np.broadcast_to(1e-3 * (1.0 + np.arange(votes.shape[1])), votes.shape)
    whole = make_part(votes, vectors, gold, costs=costs)
    return split_part(whole, 0.4, seed)

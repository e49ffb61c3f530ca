"""Measure fits of data sets that are large for one machine: `python -m tests.bench.large`.

Each size runs in a process of its own. Its vectors are float32 in a file that is mapped into
memory, so they are pages of the file and not memory of the process. The table shows seconds,
processor seconds, memory of its own at the peak (RssAnon) and with the file's pages (VmHWM), and
how much dearer a query is than in the row above, against the floor: the products of k-means
alone at the rate that this machine multiplies large matrices with.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import cascal
from cascal.computing.row_chunks import MANY, row_slices
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray

from . import run
from .timing import kmeans_floor, seconds
from .worlds import DIMENSION, N_OPTIONS, N_SKILLS, N_TASKS

ROOT = Path(__file__).parents[2]
SIZES = ((100_000, 12), (300_000, 30), (1_000_000, 20))
MEGABYTES = {100_000: 900.0, 1_000_000: 4_096.0}
"""Peak memory that is asked for, file pages included."""
N_MOVES = 10


def _unit(rows: FloatArray) -> FloatArray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def write_vectors(path: Path, task: IntArray, skill: IntArray, random: np.random.Generator) -> None:
    """Unit vectors (Q, D) of task + skill + noise into a .npy file, chunk by chunk."""
    tasks = _unit(random.normal(size=(N_TASKS, DIMENSION)))
    skills = _unit(random.normal(size=(N_TASKS, N_SKILLS, DIMENSION)))
    clarity = random.uniform(0.2, 0.6, size=N_TASKS)[:, None]
    shape = (len(task), DIMENSION)
    stored = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for part in row_slices(len(task), MANY):
        of = task[part]
        rows = random.standard_normal((len(of), DIMENSION)) / np.sqrt(DIMENSION)
        rows += 0.6 * tasks[of] + clarity[of] * skills[of, skill[part]]
        stored[part] = _unit(rows)
    stored.flush()


def write_votes(
    path: Path, task: IntArray, skill: IntArray, n_models: int, random: np.random.Generator
) -> None:
    """Answers (Q, M) and their log-probabilities, as `worlds.synthetic` draws them."""
    gold = random.integers(N_OPTIONS, size=len(task))
    accuracy = random.uniform(0.3, 0.9, size=(N_TASKS, N_SKILLS, n_models))
    right = random.random((len(task), n_models), np.float32) < accuracy[task, skill]
    lure = (gold + 1 + random.integers(N_OPTIONS - 1, size=len(task))) % N_OPTIONS
    wrong = (gold[:, None] + 1 + random.integers(N_OPTIONS - 1, size=right.shape)) % N_OPTIONS
    wrong = np.where(random.random(right.shape, np.float32) < 0.4, lure[:, None], wrong)
    answers = np.where(right, gold[:, None], wrong).astype(np.int8)
    answers[random.random(right.shape, np.float32) < 0.03] = NO_ANSWER
    logprobs = -np.abs(random.normal(0.6, 0.2, size=right.shape)) - 0.15 * ~right
    np.savez(path, task=task.astype(np.int16), answers=answers, logprobs=logprobs)


def write_world(folder: Path, n_queries: int, n_models: int) -> None:
    """A data set of any size on disk; nothing of it stays in memory."""
    random = np.random.default_rng(0)
    task = random.integers(N_TASKS, size=n_queries)
    skill = random.integers(N_SKILLS, size=n_queries)
    write_votes(folder / "votes.npz", task, skill, n_models, random)
    write_vectors(folder / "vectors.npy", task, skill, random)


def read_world(folder: Path) -> tuple[cascal.Votes, cascal.Embeddings]:
    """The votes, and the vectors as a map of their file."""
    with np.load(folder / "votes.npz") as stored:
        answers = stored["answers"]
        ids = tuple(f"q{row:08d}" for row in range(len(answers)))
        votes = cascal.Votes(
            ids,
            [f"task {one:02d}" for one in stored["task"]],
            [f"model-{one:02d}" for one in range(answers.shape[1])],
            answers,
            np.where(answers == NO_ANSWER, np.nan, stored["logprobs"]),
            np.full(len(ids), N_OPTIONS),
        )
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    return votes, cascal.Embeddings(ids, vectors, "made")


@contextmanager
def own_memory() -> Iterator[list[float]]:
    """The largest memory of this process without file pages (MB) while a block runs."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], run.memory("RssAnon"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def measure(folder: Path) -> dict[str, float]:
    """Fit the data set of a folder in this process."""
    votes, vectors = read_world(folder)
    with own_memory() as peak, run.counted_comparisons() as counts:
        start, before = time.perf_counter(), time.process_time()
        fitted = cascal.fit(votes, vectors)
        fitted.router()
        wall, processor = time.perf_counter() - start, time.process_time() - before
        moved = [seconds(lambda move=move: fitted.router(move)) for move in run.moves(N_MOVES)]
    return {
        "queries": len(votes.query_ids),
        "models": len(votes.models),
        "seconds": wall,
        "processor": processor,
        "floor": kmeans_floor(sum(counts)),
        "own": peak[0],
        "peak": run.memory("VmHWM"),
        "move": float(np.median(moved)),
    }


def measured_alone(n_queries: int, n_models: int, scratch: str | None) -> dict[str, float]:
    """`measure` in a process of its own, on data written before by another one."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        size = [str(n_queries), str(n_models)]
        for step in (["--write", folder, *size], ["--measure", folder]):
            done = subprocess.run(  # noqa: S603 - our own module
                [sys.executable, "-m", "tests.bench.large", *step],
                cwd=ROOT,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
    return json.loads(done.stdout)


def row(one: dict[str, float], smaller: dict[str, float] | None) -> run.Row:
    """One line of the table."""
    asked = MEGABYTES.get(int(one["queries"]))
    dearer = ""
    if smaller is not None:
        per_vote = [each["processor"] / each["queries"] / each["models"] for each in (smaller, one)]
        dearer = f"; a vote {per_vote[1] / per_vote[0]:.2f}x as dear as above"
    return run.Row(
        work=f"fit recommended, {one['queries']:,.0f} x {one['models']:.0f} x {DIMENSION}",
        reference=f"k-means floor {one['floor']:.0f} s",
        ours=f"{one['seconds']:.0f} s, {one['processor']:.0f} s of processors",
        result=f"{one['own']:,.0f} MB its own, {one['peak']:,.0f} MB with pages of the file; a "
        f"threshold {one['move'] * 1e3:,.0f} ms{dearer}",
        budget=f"<= {asked:,.0f} MB" if asked else "none",
        met=one["peak"] <= asked if asked else None,
    )


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description="Measure what is large for one machine.")
    parser.add_argument("--only", type=int, metavar="N", help="the size of N queries only")
    parser.add_argument("--scratch", metavar="DIR", help="where the data are written")
    parser.add_argument("--write", nargs=3, metavar=("DIR", "N", "M"), help="write a data set only")
    parser.add_argument("--measure", metavar="DIR", help="fit what was written, print JSON")
    options = parser.parse_args()
    if options.write:
        write_world(Path(options.write[0]), int(options.write[1]), int(options.write[2]))
        return
    if options.measure:
        print(json.dumps(measure(Path(options.measure))))
        return
    table: list[run.Row] = []
    smaller: dict[str, float] | None = None
    for n_queries, n_models in SIZES:
        if options.only in (None, n_queries):
            one = measured_alone(n_queries, n_models, options.scratch)
            table.append(row(one, smaller))
            smaller = one
            print(json.dumps(one), file=sys.stderr)
    print(run.show(table))


if __name__ == "__main__":
    main()

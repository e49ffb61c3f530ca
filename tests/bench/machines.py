"""What a fit by workers costs over one in a process, and what is sent: the table of docs/scale.md.

    python -m tests.bench.machines [--queries 20000] [--hold 10000]

A synthetic world of 14 tasks, 12 models and 384 dimensions in a folder of Parquet files; a Dask
scheduler and two worker processes with a thread each on this machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cloudpickle
import dask
import distributed
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import cascal
from cascal.machines import Crew, VectorFolder, connect, fit_folder
from cascal.machines.folder import peak_rows
from tests.bench.worlds import World, synthetic


class Counting(Crew):
    """A crew that counts its steps and the bytes of what goes out and comes back."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self.steps = self.out = self.back = 0

    def each(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Count both ways."""
        self._count(arguments)
        found = self._crew.each(function, arguments)
        self.back += len(cloudpickle.dumps(found))
        return found

    def keep(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Count what goes out."""
        self._count(arguments)
        return self._crew.keep(function, arguments)

    def _count(self, arguments: Sequence[tuple[Any, ...]]) -> None:
        self.steps += len(arguments)
        sent = [
            tuple(None if isinstance(one, distributed.Future) else one for one in some)
            for some in arguments
        ]
        self.out += len(cloudpickle.dumps(sent))


def write_parts(folder: Path, world: World) -> Path:
    """The vectors in parts by task."""
    tasks, ids = np.array(world.votes.tasks), np.array(world.votes.query_ids)
    for task in sorted(set(world.votes.tasks)):
        rows = np.flatnonzero(tasks == task)
        flat = pa.array(world.vectors.vectors[rows].astype(np.float32).ravel())
        vectors = pa.FixedSizeListArray.from_arrays(flat, world.vectors.dimension)
        part = folder / f"task={quote(task, safe='')}"
        part.mkdir()
        pq.write_table(
            pa.table({"query_id": ids[rows], "vector": vectors}), part / "part-0.parquet"
        )
    return folder


def timed(work: Callable[[], cascal.Router]) -> tuple[cascal.Router, float]:
    """A router and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def main() -> None:
    """Print the rows of the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--hold", type=int, help="rows a process keeps; half of them by default")
    options = parser.parse_args()
    hold = options.hold or options.queries // 2
    world = synthetic(options.queries)
    narrow = cascal.Embeddings.from_array(
        world.vectors.query_ids, world.vectors.vectors.astype(np.float32), "bench"
    )
    own = {f"distributed.worker.memory.{name}": False for name in ("target", "spill")}
    with tempfile.TemporaryDirectory() as scratch:
        parts = VectorFolder.of(write_parts(Path(scratch), world), world.votes, "bench", hold=hold)
        plain, seconds = timed(lambda: cascal.fit(world.votes, narrow, n_jobs=1).router())
        print(f"cascal.fit, one core: {seconds:.1f} s")
        here, seconds = timed(lambda: fit_folder(world.votes, parts).router())
        print(f"folder, one process: {seconds:.1f} s")
        with (
            dask.config.set(own),
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
            ) as cluster,
            connect(cluster.scheduler_address) as crew,
        ):
            counting = Counting(crew)
            away, seconds = timed(lambda: fit_folder(world.votes, parts, crew=counting).router())
            peaks = crew.on_every_worker(peak_rows)
        print(f"folder, two workers: {seconds:.1f} s, {counting.steps:,} steps")
        print(f"sent {counting.out / 1e6:.1f} MB out, {counting.back / 1e6:.1f} MB back")
        print(f"vectors {narrow.vectors.nbytes / 1e6:.1f} MB; rows at once {list(peaks.values())}")
        same = np.array_equal(here.rankings.scores, away.rankings.scores)
        apart = np.abs(here.rankings.scores - plain.rankings.scores).max()
        print(f"one process and two workers equal: {same}; from cascal.fit: {apart:.1e}")


if __name__ == "__main__":
    main()

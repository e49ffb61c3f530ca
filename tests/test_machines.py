"""A fit by machines: the same bit for bit whoever does it, with no process that has all vectors."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from urllib.parse import quote

import dask
import distributed
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import make_world, thinned_workspace
from refusals import refuses

import cascal
from cascal.cli import app
from cascal.dataset.parquet_folder import write_parquet_folder
from cascal.machines import VectorFolder, connect, fit_folder
from cascal.machines.folder import peak_rows
from cascal.routing.leaders import cluster_leaders
from cascal.settings import FitSettings
from cascal.study import load_study


def written(folder, votes, vectors):
    """The vectors as a folder of parts by task, with rows that nobody asks for among them."""
    for task in sorted(set(votes.tasks)):
        ids = [one for one, of in zip(votes.query_ids, votes.tasks, strict=True) if of == task]
        array = vectors.take(ids).vectors
        table = pa.table(
            {
                "query_id": ["a test query", *ids],
                "vector": pa.array([np.ones(array.shape[1]), *array], pa.list_(pa.float32())),
            }
        )
        part = folder / f"task={quote(task, safe='')}"
        part.mkdir(parents=True)
        pq.write_table(table, part / "part-0.parquet")
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """600 queries in 3 tasks, one named so that a folder cannot be called the same."""
    votes, vectors, _ = make_world(n_queries=600, n_models=4, n_tasks=3, seed=3, missing=0.02)
    named = {task: f"{task}/a=b é" for task in set(votes.tasks)}
    votes = cascal.Votes(
        votes.query_ids,
        [named[task] for task in votes.tasks],
        votes.models,
        votes.answers,
        votes.logprobs,
        votes.n_options,
    )
    narrow = cascal.Embeddings.from_array(
        vectors.query_ids, vectors.vectors.astype(np.float32), "test"
    )
    return votes, narrow, written(tmp_path_factory.mktemp("vectors"), votes, narrow)


def same_router(one, other):
    assert one.fingerprint == other.fingerprint
    for part in ("clusters", "rankings"):
        for name, value in vars(getattr(one, part)).items():
            if isinstance(value, np.ndarray):
                assert np.array_equal(value, getattr(getattr(other, part), name)), name
    assert np.array_equal(one.representatives, other.representatives)
    assert np.array_equal(one.reach.precision, other.reach.precision)
    assert one.reach.limit == other.reach.limit


@pytest.mark.parametrize(
    "settings", [FitSettings(), FitSettings.preset("paper"), FitSettings(clusters="task")]
)
def test_a_fit_from_a_folder_equals_the_plain_one(world, settings):
    votes, vectors, folder = world
    plain = cascal.fit(votes, vectors, settings)
    fitted = fit_folder(votes, VectorFolder.of(folder, votes, "test"), settings)
    if plain.groups is not None:
        assert np.array_equal(fitted.groups, plain.groups)
    assert np.nanmax(np.abs(fitted.scores.values - plain.scores.values)) <= 1e-9
    for thresholds in (cascal.Thresholds(), cascal.Thresholds(min_silhouette=0.9)):
        mine, theirs = fitted.router(thresholds), plain.router(thresholds)
        assert np.array_equal(mine.clusters.assignment, theirs.clusters.assignment)
        assert np.abs(mine.clusters.centroids - theirs.clusters.centroids).max() <= 1e-9
        assert np.abs(mine.rankings.scores - theirs.rankings.scores).max() <= 1e-9
        assert mine.reach.limit == pytest.approx(theirs.reach.limit, abs=1e-9)
        assert mine.notes == theirs.notes


def test_one_cluster_a_task_and_what_only_one_process_has(world):
    votes, vectors, folder = world
    fitted = fit_folder(votes, VectorFolder.of(folder, votes, "test"))
    plain = cascal.fit(votes, vectors).one_cluster_a_task().router()
    mine = fitted.one_cluster_a_task().router()
    assert np.array_equal(mine.clusters.assignment, plain.clusters.assignment)
    assert np.abs(mine.rankings.scores - plain.rankings.scores).max() <= 1e-9
    with refuses("no-vectors", "one process"):
        _ = fitted.caller_vectors


def test_the_callers_order_of_rows_and_models_changes_nothing(world):
    votes, _, folder = world
    random = np.random.default_rng(1)
    rows, columns = random.permutation(votes.shape[0]), random.permutation(votes.shape[1])
    moved = votes.take(rows, columns)
    plain = fit_folder(votes, VectorFolder.of(folder, votes, "test")).router()
    other = fit_folder(moved, VectorFolder.of(folder, moved, "test")).router()
    assert np.array_equal(other.clusters.assignment, plain.clusters.assignment[rows])
    assert np.array_equal(other.rankings.scores, plain.rankings.scores[:, columns])


def test_a_router_from_a_folder_is_saved_and_routes_as_any_other(world, tmp_path):
    votes, vectors, folder = world
    router = fit_folder(votes, VectorFolder.of(folder, votes, "test")).router()
    router.save(tmp_path / "r.cascal")
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    assert np.array_equal(loaded.route(vectors).selected, router.route(vectors).selected)
    assert loaded.reach.limit == router.reach.limit


def test_what_is_not_held_is_read_again_and_never_all_at_once(world):
    votes, _, folder = world
    plain = fit_folder(votes, VectorFolder.of(folder, votes, "test")).router()
    peak_rows(anew=True)
    vectors = VectorFolder.of(folder, votes, "test", hold=250)
    same_router(fit_folder(votes, vectors).router(), plain)
    assert max(part.n_rows for part in vectors.parts) <= peak_rows() < vectors.n_queries
    peak_rows(anew=True)


def test_what_the_folder_lacks_is_refused(world, tmp_path):
    votes, vectors, folder = world
    with refuses("wrong-path", str(tmp_path / "none")):
        VectorFolder.of(tmp_path / "none", votes, "test")
    with refuses("no-vectors", min(votes.tasks)):
        VectorFolder.of(tmp_path, votes, "test")
    fewer = votes.take(np.arange(1, len(votes.query_ids)))
    short = written(tmp_path / "short", fewer, vectors)
    with refuses("no-vectors", votes.query_ids[0]):
        VectorFolder.of(short, votes, "test")
    whole = VectorFolder.of(folder, votes, "test")
    with refuses("conflicting-settings", "released"):
        fit_folder(votes, whole, FitSettings.preset("released"))


def test_a_scheduler_that_is_not_there_is_refused_in_a_sentence():
    with refuses("not-running", "tcp://127.0.0.1:1"), connect("tcp://127.0.0.1:1", patience=1):
        pass
    with refuses("not-running", "nonsense"), connect("nonsense", patience=1):
        pass


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two worker processes on loopback that never write to a disk."""
    own = {f"distributed.worker.memory.{name}": False for name in ("target", "spill")}
    forked = {"distributed.worker.multiprocessing-method": "forkserver"}  # which imports once
    with (
        dask.config.set({**own, **forked}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs="CRITICAL",
        ) as started,
    ):
        yield started


@pytest.mark.slow
def test_two_workers_make_the_same_router_as_one_process(world, cluster):
    votes, _, folder = world
    vectors = VectorFolder.of(folder, votes, "test", hold=250)
    alone = fit_folder(votes, vectors).router()
    with connect(cluster.scheduler_address) as crew:
        same_router(fit_folder(votes, vectors, crew=crew).router(), alone)
        peaks = crew.on_every_worker(peak_rows)
    assert len(peaks) == 2
    assert all(0 < peak < vectors.n_queries for peak in peaks.values())


@pytest.mark.slow
def test_a_part_is_read_by_one_worker_only(world, cluster):
    votes, _, folder = world
    vectors = VectorFolder.of(folder, votes, "test")
    with connect(cluster.scheduler_address) as crew:
        crew.on_every_worker(partial(peak_rows, anew=True))
        fit_folder(votes, vectors, crew=crew).router()
        peaks = crew.on_every_worker(peak_rows)
    assert sum(peaks.values()) == vectors.n_queries


@pytest.mark.slow
@pytest.mark.parametrize("after", [5, 12])
def test_a_worker_killed_in_the_middle_changes_nothing(world, cluster, after):
    votes, _, folder = world
    vectors = VectorFolder.of(folder, votes, "test")
    alone = fit_folder(votes, vectors).router()
    with connect(cluster.scheduler_address) as crew:
        before = crew.on_every_worker(os.getpid)
        crew = KillsOne(crew, next(iter(before.values())), after=after)
        same_router(fit_folder(votes, vectors, crew=crew).router(), alone)
    assert crew.n_steps < 0


@pytest.mark.slow
def test_the_command_writes_the_router_that_a_plain_fit_makes(cluster, tmp_path, capsys):
    """From a folder that the export wrote, test queries among it."""
    workspace, folder = thinned_workspace(tmp_path, 50, 100), tmp_path / "d.parquet"
    write_parquet_folder(workspace, "demo", folder, "hashing")
    given = ["--encoder", "hashing", "--out", str(tmp_path / "r.cascal"), "--json"]
    args = ["fit", str(folder), "--scheduler", cluster.scheduler_address, *given]
    app(args, standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    study = load_study(workspace, "demo")
    plain = cascal.fit(study.train.votes, study.train.vectors).router()
    loaded = cascal.Router.load(tmp_path / "r.cascal")
    assert told["n_clusters"] == len(plain.clusters)
    leaders = cluster_leaders(plain)
    assert [row["best"] for row in told["clusters"]] == [list(one.best) for one in leaders]
    assert np.abs(loaded.clusters.centroids - plain.clusters.centroids).max() <= 1e-9
    routes = loaded.route(study.test.vectors)
    assert np.array_equal(routes.selected, plain.route(study.test.vectors).selected)


def test_the_command_refuses_what_a_scheduler_cannot_fit(tmp_path):
    address = ["--scheduler", "tcp://127.0.0.1:1"]
    with refuses("wrong-path", "--parquet"):
        app(["fit", "demo", *address], standalone_mode=False)
    (tmp_path / "vectors").mkdir()
    with refuses("missing-value", "--encoder"):
        app(["fit", str(tmp_path), *address], standalone_mode=False)
    with refuses("conflicting-settings", "--rectify"):
        app(["fit", str(tmp_path), "--rectify", *address], standalone_mode=False)


class KillsOne:
    """A crew whose first worker is killed while a step of its work is under way."""

    def __init__(self, crew, process_id, after):
        self.crew, self.process_id, self.n_steps = crew, process_id, after

    def keep(self, function, arguments):
        kept = self.crew.keep(function, arguments)
        self.count()
        return kept

    def each(self, function, arguments):
        self.count()
        return self.crew.each(function, arguments)

    def count(self):
        self.n_steps -= 1
        if self.n_steps == 0:
            os.kill(self.process_id, signal.SIGKILL)


@pytest.mark.slow
def test_workers_that_could_write_pickles_are_refused():
    usual = {"distributed.worker.memory.target": 0.6, "distributed.worker.memory.spill": 0.7}
    with (
        dask.config.set(usual),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", processes=False
        ) as started,
        refuses("pickle", "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL"),
        connect(started.scheduler_address),
    ):
        pass

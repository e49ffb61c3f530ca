"""Measure the budgets and print them as a table: `python -m tests.bench.run [--quick]`.

Reference and ours are timed in turns, so that a busy machine slows both; numbers are medians of
three repetitions or more. --quick times the reference once and leaves out the largest sizes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import cascal
from cascal import importers
from cascal.clustering import kmeans
from cascal.clustering.groups import reliability_groups
from cascal.computing_order import best_first
from cascal.datatypes import FloatArray, IntArray
from cascal.results import Rankings, SkillClusters
from cascal.routing.route import Router
from cascal.score import consensus_scores
from cascal.settings import DEFAULT_CONSENSUS

from . import others, reference, worlds
from .timing import kmeans_floor, seconds
from .worlds import World

ROOT = Path(__file__).parents[2]
REPETITIONS, N_MOVES, N_CLUSTERS, N_ROUTED = 3, 30, 50, 100_000
SIZES = (5_000, 20_000, 100_000)
FIT_RATIO = {5_000: 10.0, 20_000: 20.0}
AMBITION = {5_000: 20.0}
RECOMMENDED_SECONDS, LARGEST_SECONDS, IMPORT_SECONDS = 2.5, 60.0, 20.0
CONSENSUS_QUERIES, CONSENSUS_SECONDS = 7_210, 1.3
OTHERS = {"DawidSkene": CONSENSUS_QUERIES, "MACE": 1_000, "GLAD": 1_000}
"""Aggregators of crowd-kit, and how many queries they get: the last two take minutes with more."""
MOVE_SECONDS, ONE_ROUTE_SECONDS, ROUTES_PER_SECOND = 0.020, 0.001, 300_000.0
MANY_TASKS, MANY_TASKS_MOVE_SECONDS = 100, 0.040
GROWTH = 1.5
"""How much dearer one comparison of a query with a centre may become from 20,000 to 100,000.

k-means needs more iterations on more queries, with any implementation, and the clusters are to be
the same; so the time is taken a comparison, and the number of comparisons is shown beside it.
"""
FIRST_PAINT = (
    "app.controls",
    "app.frame",
    "app.tour",
    "app.overview.panels",
    "app.skills.panels",
    "app.map_component.component",
    "cascal.charts.skills",
)
TOO_HEAVY = ("torch", "umap", "sentence_transformers", "numba")


def in_turns(
    theirs: Callable[[], object], ours: Callable[[], object], repetitions: int
) -> tuple[list[float], list[float]]:
    """Times of two pieces of work, ours before and after each run of theirs."""
    times: tuple[list[float], list[float]] = ([], [seconds(ours)])
    for _ in range(repetitions):
        times[0].append(seconds(theirs))
        times[1].append(seconds(ours))
    return times


def same_partition(first: IntArray, second: IntArray) -> bool:
    """Whether two labelings put the same queries together."""
    pairs = len(np.unique(np.column_stack([first, second]), axis=0))
    return pairs == len(np.unique(first)) == len(np.unique(second))


@dataclass(frozen=True)
class ColdFit:
    """Median seconds of both paths from votes to router, and whether the clusters agree."""

    reference: float
    ours: float
    same_clusters: bool
    n_clusters: int

    @property
    def ratio(self) -> float:
        """How many times faster we are."""
        return self.reference / self.ours


def cold_fit(world: World, repetitions: int) -> ColdFit:
    """`released` from votes and vectors to the router at the default thresholds."""
    votes, vectors = world.votes, world.vectors
    plain: list[reference.PlainRouter] = []
    built: list[Router] = []

    def theirs() -> None:
        plain.append(reference.fit(votes, vectors.vectors))

    def ours() -> None:
        built.append(cascal.fit(votes, vectors, cascal.FitSettings.preset("released")).router())

    their_times, our_times = in_turns(theirs, ours, repetitions)
    assignment = built[-1].clusters.assignment
    same = same_partition(plain[-1].assignment(len(assignment)), assignment)
    return ColdFit(
        statistics.median(their_times), statistics.median(our_times), same, len(built[-1].clusters)
    )


def warm_up() -> None:
    """Load every library and start the thread pools of both paths on a small world."""
    world = worlds.synthetic(600)
    cold_fit(world, 1)
    cascal.fit(world.votes, world.vectors).router()


def recommended_fit(world: World, repetitions: int = REPETITIONS) -> list[float]:
    """Seconds of the default fit with its router."""
    return [
        seconds(lambda: cascal.fit(world.votes, world.vectors).router()) for _ in range(repetitions)
    ]


def consensus_times(world: World, repetitions: int = REPETITIONS) -> list[float]:
    """Seconds of the default consensus with a log-probability for every vote."""
    groups = reliability_groups(world.vectors.vectors, 0)
    return [
        seconds(lambda: consensus_scores(world.votes, DEFAULT_CONSENSUS, groups))
        for _ in range(repetitions)
    ]


def memory(field: str) -> float:
    """A field of this process's status in MB; nan where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(one for one in status.read_text().splitlines() if one.startswith(field))
    return int(line.split()[1]) / 1024


@contextmanager
def counted_comparisons() -> Iterator[list[int]]:
    """How many times a query is compared with a centre by k-means meanwhile."""
    counts: list[int] = []
    nearest = kmeans.nearest_centers

    def counting(rows: FloatArray, centers: FloatArray) -> IntArray:
        counts.append(len(rows) * centers.shape[0] * centers.shape[1])
        return nearest(rows, centers)

    kmeans.nearest_centers = counting
    try:
        yield counts
    finally:
        kmeans.nearest_centers = nearest


def measure_alone(n_queries: int) -> dict[str, float]:
    """Fit `released` in this process: seconds, comparisons, memory before and at its peak (MB)."""
    world = worlds.synthetic(n_queries)
    small = worlds.synthetic(600)
    settings = cascal.FitSettings.preset("released")
    cascal.fit(small.votes, small.vectors, settings).router()
    before = memory("VmRSS")
    forget_peak = Path("/proc/self/clear_refs")
    if forget_peak.exists():
        forget_peak.write_text("5")
    with counted_comparisons() as counts:
        started = time.process_time()
        times = [
            seconds(lambda: cascal.fit(world.votes, world.vectors, settings).router())
            for _ in range(REPETITIONS)
        ]
        processor = (time.process_time() - started) / REPETITIONS
    return {
        "processor": processor,
        "floor": kmeans_floor(sum(counts) / REPETITIONS),
        "comparisons": sum(counts) / REPETITIONS,
        "median": statistics.median(times),
        "best": min(times),
        "before": before,
        "peak": memory("VmHWM"),
    }


def fit_alone(n_queries: int) -> dict[str, float]:
    """`measure_alone` in a process of its own, so that nothing else counts as its memory."""
    command = [sys.executable, "-m", "tests.bench.run", "--alone", str(n_queries)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    return json.loads(done.stdout)


def moves(n_moves: int, seed: int = 0) -> list[cascal.Thresholds]:
    """Different positions of all three thresholds over the range of their sliders."""
    random = np.random.default_rng(seed)
    shared = (0.95, 0.5, 0.2, None)
    return [
        cascal.Thresholds(
            float(random.uniform(0.0, 0.2)),
            float(random.uniform(0.05, 0.35)),
            shared[random.integers(len(shared))],
        )
        for _ in range(n_moves)
    ]


def threshold_moves(fit: cascal.Fit, repetitions: int = 1) -> list[float]:
    """Seconds of `Fit.router` at 30 thresholds it has not seen; the first call is not counted."""
    fit.router()
    every = moves(N_MOVES * repetitions)
    return [seconds(lambda move=move: fit.router(move)) for move in every]


def made_router(preset: str) -> Router:
    """A router with 50 clusters in 14 tasks x 384 dimensions x 12 models."""
    random = np.random.default_rng(0)
    tasks = tuple(f"task {one:02d}" for one in range(worlds.N_TASKS))
    models = tuple(f"model-{one:02d}" for one in range(worlds.N_MODELS))
    of_cluster = np.arange(N_CLUSTERS) % worlds.N_TASKS
    centroids = random.normal(size=(N_CLUSTERS, worlds.DIMENSION))
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    representatives = np.stack([centroids[of_cluster == t].mean(axis=0) for t in range(len(tasks))])
    representatives /= np.linalg.norm(representatives, axis=1, keepdims=True)
    scores = random.uniform(0.1, 0.9, size=(N_CLUSTERS, worlds.N_MODELS))
    same = np.ones_like(scores)
    ones = np.ones(N_CLUSTERS, dtype=np.int64)
    clusters = SkillClusters(
        tasks, centroids, of_cluster, ones, np.arange(N_CLUSTERS), np.zeros_like(ones)
    )
    rankings = Rankings(
        models=models,
        scores=scores,
        mean_scores=scores,
        standard_error=0.01 * same,
        trust=same,
        order=best_first(scores, models),
        overall=scores.mean(axis=0),
    )
    flat = np.ones(len(models))
    return Router(
        clusters=clusters,
        rankings=rankings,
        representatives=representatives,
        encoder="made",
        settings=cascal.FitSettings.preset(preset),
        thresholds=cascal.Thresholds(),
        fingerprint="made",
        center=0.0 * flat,
        spread=flat,
    )


def made_queries(n_queries: int) -> cascal.Embeddings:
    """Random float32 unit vectors, what an encoder hands over."""
    rows = np.random.default_rng(1).standard_normal((n_queries, worlds.DIMENSION), np.float32)
    return cascal.Embeddings.from_array([str(row) for row in range(n_queries)], rows, "made")


def plain(router: Router) -> reference.PlainRouter:
    """The same router for the reference path."""
    skills = [
        reference.Skill(
            router.tasks[router.clusters.task[c]],
            router.clusters.centroids[c],
            1,
            [c],
            {
                router.models[m]: float(router.rankings.scores[c, m])
                for m in router.rankings.order[c]
            },
        )
        for c in range(len(router.clusters))
    ]
    representatives = dict(zip(router.tasks, router.representatives, strict=True))
    overall = dict(zip(router.models, router.rankings.overall.tolist(), strict=True))
    return reference.PlainRouter(skills, representatives, overall)


def batch_rate(router: Router, queries: cascal.Embeddings, repetitions: int = 7) -> list[float]:
    """Queries a second, routed in one batch."""
    router.route(queries)
    return [
        len(queries.query_ids) / seconds(lambda: router.route(queries)) for _ in range(repetitions)
    ]


def plain_rate(router: Router, queries: FloatArray) -> float:
    """Queries a second on the reference path, of 300."""
    theirs = plain(router)
    return 300 / seconds(lambda: reference.route(theirs, queries[:300].astype(np.float64)))


def one_route(router: Router, queries: FloatArray, repetitions: int = 300) -> list[float]:
    """Seconds of routing a single query."""
    router.route(queries[:1])
    return [seconds(lambda row=row: router.route(queries[row])) for row in range(repetitions)]


def import_raw() -> float:
    """Seconds from the eight upstream files to a filled workspace."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = cascal.Workspace(Path(folder) / "bench.duckdb")
        return seconds(lambda: workspace.add(importers.read(worlds.RAW, dataset="mmlu_pro")))


def heavy_imports() -> tuple[str, ...]:
    """Which heavy libraries the modules of the first page load, in a process of its own."""
    code = (
        f"import sys, importlib\nfor name in {FIRST_PAINT!r}: importlib.import_module(name)\n"
        f"print(','.join(name for name in {TOO_HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - the code is above
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in done.stdout.strip().split(",") if name)


@dataclass(frozen=True)
class Row:
    """One line of the table; met None = not measured or no budget."""

    work: str
    reference: str
    ours: str
    result: str
    budget: str
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """What is printed."""
        met = {True: "yes", False: "NO", None: "-"}[self.met]
        return self.work, self.reference, self.ours, self.result, self.budget, met


HEADER = ("work", "reference", "ours", "result", "budget", "met?")


def show(rows: list[Row]) -> str:
    """The table as aligned text."""
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEADER))]
    printed = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([printed[0], "  ".join("-" * width for width in widths), *printed[1:]])


def absent(work: str, budget: str, why: str) -> Row:
    """A line that says what was not measured and why."""
    return Row(work=work, reference="-", ours="-", result=why, budget=budget)


def fit_row(world: World, repetitions: int, wanted: float | None) -> Row:
    """Cold fit of `released` against the reference."""
    done = cold_fit(world, repetitions)
    same = "same clusters" if done.same_clusters else "OTHER CLUSTERS"
    n_queries = len(world.votes.query_ids)
    ambition = f", ambition {AMBITION[n_queries]:.0f}x" if n_queries in AMBITION else ""
    return Row(
        work=f"cold fit released, {world.name}",
        reference=f"{done.reference:.1f} s",
        ours=f"{done.ours:.2f} s",
        result=f"{done.ratio:.1f}x, {same} ({done.n_clusters})",
        budget=f">= {wanted:.0f}x{ambition}" if wanted else "none",
        met=done.ratio >= wanted and done.same_clusters if wanted else None,
    )


def growth(alone: dict[int, dict[str, float]], which: str) -> float:
    """How many times dearer one comparison is at 100,000 queries than at 20,000."""
    large, medium = alone[SIZES[-1]], alone[SIZES[1]]
    return large[which] / large["comparisons"] * medium["comparisons"] / medium[which]


def growth_rows(sizes: tuple[int, ...]) -> list[Row]:
    """Time and memory from 5,000 to 100,000 queries."""
    alone = {n_queries: fit_alone(n_queries) for n_queries in sizes}
    table = []
    for n_queries, one in alone.items():
        result = (
            f"{one['median'] / n_queries * 1e6:.0f} us and {one['comparisons'] / n_queries:,.0f} "
            f"comparisons a query; memory {one['before']:.0f} -> {one['peak']:.0f} MB"
        )
        budget, met = "none", None
        if n_queries == SIZES[-1]:
            dearer = growth(alone, "median")
            result += f"; {dearer:.2f}x a comparison"
            budget = f"<= {LARGEST_SECONDS:.0f} s; <= {GROWTH}x a comparison at {SIZES[1]:,}"
            met = one["median"] <= LARGEST_SECONDS and dearer <= GROWTH
        work = f"growth: released, {n_queries:,} alone"
        table.append(
            Row(
                work=work,
                reference=f"k-means floor {one['floor']:.2f} s",
                ours=f"{one['median']:.2f} s, {one['processor']:.2f} s of processors",
                result=result,
                budget=budget,
                met=met,
            )
        )
    return table


def time_row(work: str, times: list[float], budget: float, unit: str) -> Row:
    """A median against an absolute budget; unit is s or ms."""
    scale = {"s": 1.0, "ms": 1e3}[unit]
    median = statistics.median(times)
    return Row(
        work=work,
        reference="-",
        ours=f"{median * scale:.3g} {unit}",
        result=f"median of {len(times)}, {min(times) * scale:.3g} to {max(times) * scale:.3g}",
        budget=f"<= {budget * scale:g} {unit}",
        met=median <= budget,
    )


def consensus_rows() -> list[Row]:
    """Our consensus against its budget, and beside it those of crowd-kit."""
    world = worlds.synthetic(CONSENSUS_QUERIES)
    work = f"consensus recommended, {world.name} with log-probabilities"
    table = [time_row(work, consensus_times(world, 5), CONSENSUS_SECONDS, "s")]
    for name, n_queries in OTHERS.items():
        world = worlds.synthetic(n_queries)
        theirs = others.crowd_kit_seconds(name, world.votes)
        ours = statistics.median(consensus_times(world, 3))
        table.append(
            Row(
                work=f"consensus of crowd-kit's {name}, {world.name}",
                reference=f"{theirs:.2f} s",
                ours=f"{ours:.2f} s",
                result=f"{theirs / ours:.1f}x; it reads no log-probabilities",
                budget="none",
            )
        )
    return table


def nearest_row() -> Row:
    """A flat index of faiss that finds the nearest centroid, beside our whole route."""
    router, queries = made_router("released"), made_queries(N_ROUTED)
    theirs = statistics.median(others.faiss_rates(router.clusters.centroids, queries.vectors, 7))
    ours = statistics.median(batch_rate(router, queries))
    return Row(
        work=f"nearest of {N_CLUSTERS} centroids by faiss, a route by ours",
        reference=f"{theirs:,.0f} a second",
        ours=f"{ours:,.0f} a second",
        result=f"{ours / theirs:.2f}x; its float32 in one thread",
        budget="none",
    )


def route_rows(preset: str) -> list[Row]:
    """Routing in batch and one at a time."""
    router, queries = made_router(preset), made_queries(N_ROUTED)
    before = plain_rate(router, queries.vectors) if preset == "released" else None
    rates = batch_rate(router, queries)
    rate = statistics.median(rates)
    shown = f"{before:,.0f} a second" if before else "-"
    ratio = f"{rate / before:.0f}x, " if before else ""
    size = f"{N_CLUSTERS} clusters x {worlds.DIMENSION}"
    return [
        Row(
            work=f"routing {preset}, batch of {N_ROUTED:,}, {size}",
            reference=shown,
            ours=f"{rate:,.0f} a second",
            result=f"{ratio}median of {len(rates)}, {min(rates):,.0f} to {max(rates):,.0f}",
            budget=f">= {ROUTES_PER_SECOND:,.0f} a second",
            met=rate >= ROUTES_PER_SECOND,
        ),
        time_row(
            f"routing {preset}, one query",
            one_route(router, queries.vectors),
            ONE_ROUTE_SECONDS,
            "ms",
        ),
    ]


def rows(quick: bool) -> list[Row]:
    """Measure everything."""
    warm_up()
    repetitions = 1 if quick else REPETITIONS
    table = [fit_row(worlds.synthetic(SIZES[0]), repetitions, FIT_RATIO[SIZES[0]])]
    large = worlds.synthetic(SIZES[1])
    if quick:
        budget = f">= {FIT_RATIO[SIZES[1]]:.0f}x"
        table.append(absent(f"cold fit released, {large.name}", budget, "left out (--quick)"))
    else:
        table.append(fit_row(large, repetitions, FIT_RATIO[SIZES[1]]))
    real = worlds.mixed12()
    work = "cold fit recommended, mixed12"
    if real is None:
        table.append(absent(work, f"<= {RECOMMENDED_SECONDS:g} s", "real responses are not here"))
    else:
        if not quick:
            table.append(fit_row(real, 1, None))
        table.append(time_row(work, recommended_fit(real, 5), RECOMMENDED_SECONDS, "s"))
    table += consensus_rows()
    table += growth_rows(SIZES[:2] if quick else SIZES)
    for preset in ("released", "recommended"):
        fit = cascal.fit(large.votes, large.vectors, cascal.FitSettings.preset(preset))
        work = f"new router {preset}, {N_MOVES} moves, {large.name}"
        table.append(time_row(work, threshold_moves(fit), MOVE_SECONDS, "ms"))
    many = worlds.synthetic(SIZES[1], n_tasks=MANY_TASKS)
    fit = cascal.fit(many.votes, many.vectors)
    work = f"new router recommended, {N_MOVES} moves, {many.name}, {MANY_TASKS} tasks"
    table.append(time_row(work, threshold_moves(fit), MANY_TASKS_MOVE_SECONDS, "ms"))
    for preset in ("released", "recommended"):
        table += route_rows(preset)
    table.append(nearest_row())
    work, budget = "import of the eight raw files into a workspace", f"<= {IMPORT_SECONDS:g} s"
    if worlds.RAW.is_dir():
        table.append(
            time_row(work, [import_raw() for _ in range(repetitions)], IMPORT_SECONDS, "s")
        )
    else:
        table.append(absent(work, budget, "the raw files are not here"))
    heavy = heavy_imports()
    table.append(
        Row(
            work="libraries loaded for the first page",
            reference="-",
            ours=", ".join(heavy) or "none of them",
            result=f"looked for {', '.join(TOO_HEAVY)}",
            budget="neither torch nor umap",
            met=not heavy,
        )
    )
    return table


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description="Measure the time and memory budgets.")
    parser.add_argument("--quick", action="store_true", help="the reference once, no large sizes")
    parser.add_argument("--alone", type=int, metavar="N", help="fit N queries only, print JSON")
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(measure_alone(options.alone)))
        return
    start = time.perf_counter()
    print(show(rows(options.quick)))
    print(f"\nMedians; measured in {time.perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()

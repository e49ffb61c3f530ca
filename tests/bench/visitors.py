"""Visitors of one dashboard at once, without browsers: `python -m tests.bench.visitors --help`.

Each has a websocket and speaks Streamlit's own messages. It opens the skill map of the demo and
moves one threshold every few seconds; a move takes from its sending until the script has ended and
everything has arrived. Half of the states were seen before by another visitor, the others by nobody
(fixed seed). Every page must show the thresholds and the numbers of its own visitor: they are
computed anew here, without the dashboard.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

import cascal
from app.values import DEFAULTS
from cascal.dataset.dataset import load_dataset
from cascal.dataset.demo import install_demo
from cascal.dataset.snapshot import take_snapshot
from cascal.number_format import percent

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "app" / "server.py"
STEP = 0.01
GRID = {
    "silhouette": [round(STEP * at, 2) for at in range(51)],
    "merge": [round(STEP * at, 2) for at in range(61)],
}
LABELS = {"silhouette": "Min silhouette", "merge": "Merge distance"}
DEFAULT = {"silhouette": 0.05, "merge": 0.15}
PAUSE = 3.0, 6.0
PATIENCE = 120.0
"""Seconds after which a page that has not ended counts as an error."""
State = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Move:
    """One move: who made it, where to, what the page then showed, and how long that took."""

    visitor: int
    state: State
    seconds: float
    shown: dict[str, str]
    line: str
    fault: str = ""


@dataclass
class Visitor:
    """One session of the dashboard."""

    number: int
    socket: ClientConnection
    dataset: str = "demo"
    state: dict[str, float] = field(default_factory=lambda: dict(DEFAULT))
    _ids: dict[str, str] = field(default_factory=dict)
    _moved: dict[str, float] = field(default_factory=dict)
    _boxes: dict[str, str] = field(default_factory=dict)
    _kept: dict[str, ForwardMsg] = field(default_factory=dict)

    async def open(self) -> Move:
        """Open the page as a browser does that knows nothing yet."""
        return await self._run()

    async def move(self, name: str, value: float) -> Move:
        """Move one threshold and wait for the page."""
        self.state[name] = self._moved[name] = value
        return await self._run()

    async def _run(self) -> Move:
        begun = time.perf_counter()
        await self.socket.send(self._request().SerializeToString())
        shown: dict[str, str] = {}
        line, fault = "", ""
        try:
            async with asyncio.timeout(PATIENCE):
                async for message in self._messages():
                    line = _read(message, self._ids, shown) or line
                    self._boxes |= _box(message)
                    fault = fault or _fault(message)
        except TimeoutError:
            fault = f"no answer within {PATIENCE:g} s"
        except (OSError, ConnectionClosed) as error:
            fault = f"connection lost: {error}"
        state = self.state["silhouette"], self.state["merge"]
        return Move(
            visitor=self.number,
            state=state,
            seconds=time.perf_counter() - begun,
            shown=shown,
            line=line,
            fault=fault,
        )

    def _request(self) -> BackMsg:
        request = BackMsg()
        client = request.rerun_script
        client.page_name, client.query_string = "map", f"dataset={self.dataset}"
        client.cached_message_hashes.extend(self._kept)
        for box, option in self._boxes.items():  # a browser tells the values of all it shows
            client.widget_states.widgets.add(id=box, string_value=option)
        for name, value in self._moved.items():
            widget = client.widget_states.widgets.add(id=self._ids[name])
            widget.double_array_value.data.append(value)
        return request

    async def _messages(self) -> AsyncIterator[ForwardMsg]:
        """Every message until the script has ended, those that were kept at their references."""
        while True:
            message = ForwardMsg()
            message.ParseFromString(await self.socket.recv())
            if message.ref_hash:
                message = self._kept[message.ref_hash]
            elif message.metadata.cacheable and message.hash:
                self._kept[message.hash] = message
            yield message
            ended = message.WhichOneof("type") == "script_finished"
            if ended and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return


def _read(message: ForwardMsg, ids: dict[str, str], shown: dict[str, str]) -> str:
    """Note sliders and metrics; return the command line that the page shows, if this is it."""
    element = message.delta.new_element
    kind = element.WhichOneof("type")
    if kind == "slider":
        ids.update(
            {
                name: element.slider.id
                for name, label in LABELS.items()
                if element.slider.label == label
            }
        )
    elif kind == "metric":
        shown[element.metric.label] = element.metric.body
    elif kind == "code" and element.code.code_text.startswith("cascal fit"):
        return element.code.code_text
    return ""


def _box(message: ForwardMsg) -> dict[str, str]:
    """The id and the present option of a select box, if this is one."""
    box = message.delta.new_element.selectbox
    return {box.id: box.options[box.default]} if box.options else {}


def _fault(message: ForwardMsg) -> str:
    """What an element or the end of a script says of an error."""
    element = message.delta.new_element
    if element.WhichOneof("type") == "exception":
        return f"{element.exception.type}: {element.exception.message}"
    if element.WhichOneof("type") == "alert" and element.alert.title:
        return f"{element.alert.title}: {element.alert.body}"
    if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
        return "the script does not compile"
    return ""


class Schedule:
    """Where visitors move: half of the states were seen by another visitor, half by nobody."""

    def __init__(self, seed: int, stretch: float = 1.0) -> None:
        self._random = random.Random(seed)  # noqa: S311 – repeatable, not secret
        self._stretch = stretch
        self._seen: dict[State, int] = {(DEFAULT["silhouette"], DEFAULT["merge"]): -1}

    def pause(self) -> float:
        """Seconds until the next move of somebody."""
        return self._stretch * self._random.uniform(*PAUSE)

    def next(self, visitor: int, now: dict[str, float]) -> tuple[str, float]:
        """The threshold that a visitor moves next, and where to."""
        ways = [
            (name, value, tuple((now | {name: value}).values()))
            for name, values in GRID.items()
            for value in values
            if value != now[name]
        ]
        others = [way for way in ways if self._seen.get(way[2], visitor) != visitor]
        fresh = [way for way in ways if way[2] not in self._seen]
        wanted = others if self._random.random() < 0.5 else fresh
        name, value, state = self._random.choice(wanted or fresh or ways)
        self._seen.setdefault(state, visitor)
        return name, value


@asynccontextmanager
async def visitors(port: int, numbers: Sequence[int]) -> AsyncIterator[list[Visitor]]:
    """Let visitors come, one after the other, and open the page."""
    async with AsyncExitStack() as stack:
        found = []
        for number in numbers:
            socket = await stack.enter_async_context(
                connect(
                    f"ws://127.0.0.1:{port}/_stcore/stream",
                    subprotocols=[Subprotocol("streamlit")],
                    max_size=None,
                    compression=None,
                    ping_interval=None,
                )
            )
            found.append(Visitor(number, socket))
            opened = await found[-1].open()
            assert not opened.fault, opened.fault
        yield found


async def stay(port: int, numbers: Sequence[int], seconds: float, schedule: Schedule) -> list[Move]:
    """Visitors who move a threshold now and then, for some seconds."""

    async def one(visitor: Visitor) -> list[Move]:
        moves = []
        await asyncio.sleep(schedule.pause() * random.Random(visitor.number).random())  # noqa: S311
        while time.perf_counter() < end:
            moves.append(await visitor.move(*schedule.next(visitor.number, visitor.state)))
            await asyncio.sleep(schedule.pause())
        return moves

    async with visitors(port, numbers) as present:
        end = time.perf_counter() + seconds
        return [move for moves in await asyncio.gather(*map(one, present)) for move in moves]


async def burst(port: int, numbers: Sequence[int], schedule: Schedule) -> list[Move]:
    """Visitors who all move a threshold at the same moment, once."""
    async with visitors(port, numbers) as present:
        ways = [schedule.next(visitor.number, visitor.state) for visitor in present]
        moves = (visitor.move(*way) for visitor, way in zip(present, ways, strict=True))
        return list(await asyncio.gather(*moves))


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What came out of one run."""

    n_visitors: int
    moves: list[Move]
    processor: float
    wrong: list[str]

    @property
    def errors(self) -> list[str]:
        """What pages or connections said went wrong."""
        return [f"visitor {move.visitor}: {move.fault}" for move in self.moves if move.fault]

    def at(self, percentile: float) -> float:
        """Milliseconds within which so many per cent of the moves were drawn."""
        return 1000 * float(np.percentile([move.seconds for move in self.moves], percentile))

    def line(self) -> str:
        """The figures in one line."""
        return (
            f"{self.n_visitors:>3} visitors: {len(self.moves):>5} moves, "
            f"median {self.at(50):5.0f}, p95 {self.at(95):5.0f}, longest {self.at(100):5.0f} ms; "
            f"{1000 * self.processor / len(self.moves):4.0f} ms of the processor a move; "
            f"{len(self.errors)} errors, {len(self.wrong)} foreign numbers"
        )


def thresholds(state: State) -> cascal.Thresholds:
    """What the sidebar stands for where all but these two controls are at their defaults."""
    return replace(DEFAULTS.thresholds, min_silhouette=state[0], merge_distance=state[1])


class Truth:
    """What a page must show at some thresholds, computed without the dashboard."""

    def __init__(self, workspace: Path, dataset: str = "demo") -> None:
        self._data = load_dataset(cascal.Workspace(workspace), dataset)
        train = self._data.train
        self._fit = cascal.fit(train.votes, train.vectors, costs=self._data.costs)
        self.at = cache(self._at)

    def _at(self, state: State) -> dict[str, str]:
        now = take_snapshot(self._data, self._fit, thresholds(state))
        assert now.evaluation is not None
        return {
            "Skill clusters": str(len(now.router.clusters)),
            "First model right": percent(now.evaluation.top1_accuracy, 1),
            "Models in use": f"{now.n_models_in_use} of {len(now.router.models)}",
        }

    def wrong(self, moves: Sequence[Move]) -> list[str]:
        """Every number and every threshold that a page showed and that is not its visitor's."""
        found = []
        for move in (move for move in moves if not move.fault):
            silhouette, merge = move.state
            own = f"--min-silhouette {silhouette:g} --merge-distance {merge:g} "
            if own not in move.line:
                found.append(f"visitor {move.visitor} at {move.state} was shown {move.line}")
            found += [
                f"visitor {move.visitor} at {move.state}: {name} {shown}, not {value}"
                for name, value in self.at(move.state).items()
                if (shown := move.shown.get(name)) != value
            ]
        return found


def processor_seconds(pid: int) -> float:
    """Processor time of a process; nan where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / 100


@contextmanager
def dashboard(workspace: Path, port: int, log: Path, script: Path = SERVER) -> Iterator[int]:
    """A dashboard on a workspace; returns the process's number."""
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}"]
    environment = {**os.environ, "CASCAL_WORKSPACE": str(workspace)}
    with log.open("w") as sink:
        server = subprocess.Popen(  # noqa: S603 – our own
            command, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        _wait(port, log)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError):
            address = f"http://127.0.0.1:{port}/_stcore/health"
            if urllib.request.urlopen(address, timeout=2).read() == b"ok":
                return
        time.sleep(0.1)
    raise SystemExit(f"The dashboard did not start:\n{log.read_text()[-3000:]}")


def measure(
    port: int, pid: int, n_visitors: int, seconds: float, truth: Truth, schedule: Schedule
) -> Figures:
    """One run of some visitors, after one who came before them."""
    asyncio.run(stay(port, [-1], 2 * PAUSE[1], schedule))  # whose states others see again
    begun = processor_seconds(pid)
    numbers = range(n_visitors)
    work = stay(port, numbers, seconds, schedule) if seconds else burst(port, numbers, schedule)
    moves = asyncio.run(work)
    used = processor_seconds(pid) - begun
    return Figures(n_visitors=n_visitors, moves=moves, processor=used, wrong=truth.wrong(moves))


def main() -> None:
    """Start a dashboard on the demo; one visitor, many, and a burst of all at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--port", type=int, default=8597)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--stretch",
        type=float,
        default=1.0,
        help="pauses are so many times longer: 2 where other work takes half of the processor",
    )
    parser.add_argument("--workspace", type=Path, help="with the demo in it; default: a new one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = given.workspace or Path(folder) / "demo.duckdb"
        if not workspace.exists():
            install_demo(cascal.Workspace(workspace))
        truth = Truth(workspace)
        with dashboard(workspace, given.port, Path(folder) / "log") as pid:
            runs = [
                measure(
                    given.port,
                    pid,
                    n_visitors,
                    seconds,
                    truth,
                    Schedule(given.seed + at, given.stretch),
                )
                for at, (n_visitors, seconds) in enumerate(
                    [(1, given.seconds), (given.visitors, given.seconds), (given.visitors, 0.0)]
                )
            ]
    one, many, burst = runs
    print(one.line(), many.line(), f"at once: {burst.line()}", sep="\n")
    print(
        f"p95: {many.at(95) / one.at(95):.1f} times one visitor's; "
        f"median: {many.at(50) / one.at(50):.1f} times"
    )
    for fault in [fault for run in runs for fault in run.errors + run.wrong][:20]:
        print(fault)


if __name__ == "__main__":
    main()

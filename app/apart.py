"""Long work in a process of its own, below the pages in rank: no page waits for its processor time.

The work and its result travel through pipes to and from a process that this one starts, so both
must be picklable: a `Call` of a function that a module has, and what it is given.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import FunctionType
from typing import Any, BinaryIO, Generic, Literal, TypeVar, cast

from cascal.columns import Progress
from cascal.datatypes import CascalError

ROOT = Path(__file__).resolve().parents[1]
LOWEST = 5
"""Below the pages in rank, but not starved where both processors are busy."""
STOP_WITHIN = 0.2
"""Seconds."""
_WITH_STATE = 3
"""So long is what an object says of how it is made again where it has attributes."""
_Remade = tuple[Callable[..., Any], tuple[Any, ...], Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """A call of a module's function that tells its `progress`, as work that can travel."""

    function: Callable[..., T]
    args: tuple[object, ...]
    options: dict[str, object]

    @classmethod
    def of(cls, function: Callable[..., T], *args: object, **options: object) -> Call[T]:
        """The call with everything but the progress."""
        return cls(function, args, options)

    def __call__(self, progress: Progress) -> T:
        """Do the work."""
        return self.function(*self.args, **self.options, progress=progress)


class _Sender(pickle.Pickler):
    """Sends what pages go on reading meanwhile: each object as it is when its turn comes.

    A page remembers in an object what it worked out of it, and the plain pickler refuses one that
    gets an attribute while it is sent.
    """

    def reducer_override(self, obj: object) -> _Remade:
        """How an object with attributes is made again, from a copy of them; others as usual."""
        if isinstance(obj, type | FunctionType) or not hasattr(obj, "__dict__"):
            return NotImplemented
        how = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if isinstance(how, str) or len(how) < _WITH_STATE or not isinstance(how[2], dict):
            return NotImplemented
        return cast("_Remade", (*how[:2], dict(how[2]), *how[3:]))


def run_apart(work: Call[T], report: Progress, stopped: Event, niceness: int = LOWEST) -> T:
    """Do the work in another process; its progress and its refusal are as if done here.

    niceness : how far that process is below this one in rank
    Once `stopped` is set the process is ended, and `report` is called so that it can say so.
    """
    command = [sys.executable, "-m", "app.apart", str(niceness)]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with subprocess.Popen(  # noqa: S603 – our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        Thread(target=_end_if, args=(stopped, process), daemon=True).start()
        try:
            return cast("T", _talk(process, work, report))
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):  # ended, maybe within a message
            report(0.0, "Stopping")  # raises where the reader stopped it
            raise CascalError(
                f"The process of the computation ended without a result (code {process.wait()}). "
                "The server's log says why; if it says nothing, memory was short: try fewer data.",
                code="not-running",
            ) from None
        finally:
            process.kill()


def _end_if(stopped: Event, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        if stopped.wait(STOP_WITHIN):
            process.kill()
            return


def _talk(process: subprocess.Popen[bytes], work: Call[Any], report: Progress) -> object:
    assert process.stdin is not None  # noqa: S101 – both are pipes
    assert process.stdout is not None  # noqa: S101
    with process.stdin as there:
        _Sender(there, pickle.HIGHEST_PROTOCOL).dump(work)
    while True:
        kind, content = pickle.load(process.stdout)  # noqa: S301 – of the process we started
        if kind == "refusal":
            raise content
        if kind == "result":
            return content
        report(*content)


def _answer(work: Call[Any], back: BinaryIO) -> None:
    """Do the work here and send back what it says."""

    def send(kind: Literal["progress", "result", "refusal"], content: object) -> None:
        pickle.dump((kind, content), back, pickle.HIGHEST_PROTOCOL)
        back.flush()

    try:
        send("result", work(lambda share, sentence: send("progress", (share, sentence))))
    except CascalError as error:
        send("refusal", error)


def main() -> None:
    """What the process does: work comes in, messages go out, and nothing else goes there."""
    if hasattr(os, "nice"):
        os.nice(int(sys.argv[1]))
    back = sys.stdout.buffer
    with redirect_stdout(sys.stderr):
        _answer(pickle.load(sys.stdin.buffer), back)  # noqa: S301 – of our parent


if __name__ == "__main__":
    main()

"""Long computations beside the pages: progress, stop, and a result that stays.

A job is known by a key that names its input (a fingerprint), so that every session shows the same
job, and nothing is computed twice. The work gets a progress callback that raises `Stopped` when the
reader asks for it; it must not call Streamlit. A `Call` is done in a process of its own, anything
else in a thread. Jobs of one line come one after the other, those of different lines side by side.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast
from uuid import uuid4

import streamlit as st

from app import access, frame, held
from app.apart import LOWEST, Call, run_apart
from cascal.columns import Progress
from cascal.datatypes import CascalError

MAX_KEPT = 40
"""Finished jobs that are kept, the newest."""
FOREIGN = "started by another visitor"
LOOK_AGAIN = 0.2
"""Seconds after which a job that waits looks whether it was stopped."""
_LOCK = threading.Lock()


class Stopped(Exception):
    """The reader stopped the work."""


T = TypeVar("T")
State = Literal["running", "done", "stopped", "failed"]
LineName = Literal["short", "asked", "page", "long", "calls"]


class Line:
    """Jobs that come one after the other, in the order in which they were started."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jobs: list[Job] = []

    def join(self, job: Job) -> None:
        """Take the last place."""
        with self._changed:
            self._jobs.append(job)

    def leave(self, job: Job) -> None:
        """Let the next ones move up."""
        with self._changed:
            self._jobs.remove(job)
            self._changed.notify_all()

    def wait(self, job: Job) -> None:
        """Return when a job is the first; `Stopped` if it is stopped before."""
        with self._changed:
            while self._jobs[0] is not job:
                if job.stopping:
                    raise Stopped
                self._changed.wait(LOOK_AGAIN)

    def ahead(self, job: Job) -> list[Job]:
        """The jobs before one that waits, the running one first; none if it does not wait."""
        with self._changed:
            return self._jobs[: self._jobs.index(job)] if job in self._jobs else []


LINES: dict[LineName, Line] = {name: Line() for name in ("short", "asked", "page", "long", "calls")}
"""short: seconds, begun where a page is opened; asked: seconds in a process of its own, for what a
visitor asked for and looks at; page: what a page begins by itself in such a process; long: minutes,
on request; calls: waits for servers. What is asked for waits for none but its like, and goes before
all other work that is done apart."""
NICENESS = {"asked": 2}
"""How far below the pages in rank the processes of a line are; those of others are `LOWEST`."""


@dataclass(eq=False, kw_only=True)
class Job:
    """One computation. `share` and `sentence` say how far it is, `detail` whatever else it tells.

    Work that ends cleanly by itself asks `stopping` and uses `tell`, which never raises.
    """

    work: Callable[[Progress], Any]
    line: Line
    owner: str
    niceness: int = LOWEST
    state: State = "running"
    detail: Any = None
    share: float = 0.0
    sentence: str = "Waiting"
    result: Any = None
    refusal: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ask the work to end at its next step."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether the reader asked for the end."""
        return self._stop.is_set()

    def tell(self, share: float, sentence: str, detail: Any = None) -> None:  # noqa: ANN401 – any
        """Say how far the work is, without being stopped by it."""
        self.share, self.sentence, self.detail = min(max(share, 0.0), 1.0), sentence, detail

    def report(self, share: float, sentence: str) -> None:
        """The progress callback of the work."""
        if self._stop.is_set():
            raise Stopped
        self.share, self.sentence = min(max(share, 0.0), 1.0), sentence

    def run(self) -> None:
        """Do the work when all that came before in the line are through."""
        try:
            self.line.wait(self)
            self.report(0.0, "Starting")
            self.result = self._do()
            self.state = "done"
        except Stopped:
            self.state = "stopped"
        except CascalError as error:
            self.refusal, self.state = str(error), "failed"
        finally:
            self.line.leave(self)
            if self.state == "running":  # anything else: the traceback goes to the log
                self.refusal = "The computation ended unexpectedly; the server's log says why."
                self.state = "failed"
            self.ended.set()

    def _do(self) -> object:
        if isinstance(self.work, Call):
            return run_apart(self.work, self.report, self._stop, self.niceness)
        return self.work(self.report)

    def told(self, reader: str) -> str:
        """How far the work is, or which place it waits at; and whose work that is to the reader."""
        ahead = self.line.ahead(self)
        if ahead:
            whose = "you" if ahead[0].owner == reader else "another visitor"
            return f"Waiting, position {len(ahead)}: what runs now was started by {whose}"
        return self.sentence if self.owner == reader else f"{self.sentence} ({FOREIGN})"


@st.cache_resource(show_spinner=False)
def known_jobs() -> dict[str, Job]:
    """Every job that is kept, by its key."""
    return {}


def find(key: str) -> Job | None:
    """The job of a key, if it was ever started."""
    return known_jobs().get(key)


def runs(key: str) -> bool:
    """Whether the job of a key is under way."""
    job = find(key)
    return job is not None and job.state == "running"


def reader() -> str:
    """What names the session of whoever reads the page, to tell own jobs from those of others."""
    return str(st.session_state.setdefault("reader", uuid4().hex))


def start(key: str, work: Callable[[Progress], Any], line: LineName = "long") -> Job:
    """Start a job, or return the one that is running or done."""
    known = known_jobs()
    with _LOCK:
        job = known.get(key)
        if job is None or job.state in ("stopped", "failed"):
            for old in [one for one, other in known.items() if other.state != "running"][
                :-MAX_KEPT
            ]:
                del known[old]
            rank = NICENESS.get(line, LOWEST)
            job = known[key] = Job(work=work, line=LINES[line], owner=reader(), niceness=rank)
            job.line.join(job)
            threading.Thread(target=job.run, name="cascal-job", daemon=True).start()
    return job


def wait_for(some: Iterable[Job], seconds: float) -> None:
    """Return when no job of some is running, or after so many seconds."""
    latest = time.monotonic() + seconds
    for job in some:
        job.ended.wait(max(0.0, latest - time.monotonic()))


def forget(key: str) -> None:
    """Drop a job that is not running, so that it can be started anew."""
    known = known_jobs()
    with _LOCK:
        job = known.get(key)
        if job is not None and job.state != "running":
            del known[key]


def show(
    key: str,
    label: str,
    work: Callable[[Progress], T],
    *,
    at_once: bool = False,
    about: str = "",
    line: LineName | None = None,
    watch: Callable[[Job], None] | None = None,
) -> T | None:
    """The result of a job, or None while there is none: then its button or its progress is shown.

    `at_once` starts it without asking; `about` says what the button would do and how long it takes.
    Without a `line` it is that of long work, or of what a page begins by itself. `watch` shows how
    far it is, instead of a bar, and is asked again and again.
    """
    if line is None:
        line = ("page" if isinstance(work, Call) else "short") if at_once else "long"
    job = find(key)
    if job is None and at_once:
        job = start(key, work, line)
    state = None if job is None else job.state  # it may end meanwhile
    if job is not None and state == "done":
        return cast("T", job.result)
    if state == "running":
        _watch(key, watch or _bar)
        return None
    if job is not None:
        said = job.refusal or "Stopped. Nothing was kept."
        st.info(frame.escape(access.shown(said)), icon=":material/info:")
    if access.read_only():
        st.caption("This dashboard only shows: nothing is started from here.")
        return None
    if about:
        st.caption(about)
    if st.button(label, key=f"start_{_slug(key)}", icon=":material/play_arrow:"):
        start(key, work, line)
        st.rerun()
    return None


def _slug(key: str) -> str:
    """A widget key from a job's key, whose name stays the same while thresholds move."""
    return key.partition(":")[0]


@held.ticking("1s")
def _watch(key: str, show_progress: Callable[[Job], None]) -> None:
    """Progress of a running job; the page is drawn anew when it ends."""
    job = find(key)
    if job is None or job.state != "running":
        st.rerun()
    with st.container(horizontal=show_progress is _bar, vertical_alignment="center"):
        show_progress(job)
        if not access.read_only():  # else the work may be somebody else's
            st.button("Stop", key=f"stop_{_slug(key)}", icon=":material/stop:", on_click=job.stop)


def _bar(job: Job) -> None:
    st.progress(job.share, frame.escape(job.told(reader())))

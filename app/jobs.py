"""Long computations in threads of their own: progress, stop, and a result that stays.

A job is known by a key that names its input (a fingerprint), so that every session shows the same
job, and nothing is computed twice. The work gets a progress callback that raises `Stopped` when the
reader asks for it; it must not call Streamlit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

import streamlit as st

from app import frame
from cascal.columns import Progress
from cascal.datatypes import CascalError

MAX_KEPT = 40
"""Finished jobs that are kept, the newest."""
_LOCK = threading.Lock()
_ONE_AT_A_TIME = threading.Semaphore(1)


class Stopped(Exception):
    """The reader stopped the work."""


T = TypeVar("T")
State = Literal["running", "done", "stopped", "failed"]


@dataclass(eq=False, kw_only=True)
class Job:
    """One computation. `share` and `sentence` say how far it is, `detail` whatever else it tells.

    Work that ends cleanly by itself asks `stopping` and uses `tell`, which never raises.
    """

    work: Callable[[Progress], Any]
    state: State = "running"
    detail: Any = None
    share: float = 0.0
    sentence: str = "Waiting"
    result: Any = None
    refusal: str = ""
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
        """Do the work; one job at a time has the machine."""
        try:
            with _ONE_AT_A_TIME:
                self.report(0.0, "Starting")
                self.result = self.work(self.report)
            self.state = "done"
        except Stopped:
            self.state = "stopped"
        except CascalError as error:
            self.refusal, self.state = str(error), "failed"
        finally:
            if self.state == "running":  # anything else: the traceback goes to the log
                self.refusal = "The computation ended unexpectedly; the server's log says why."
                self.state = "failed"


@st.cache_resource(show_spinner=False)
def known_jobs() -> dict[str, Job]:
    """Every job that is kept, by its key."""
    return {}


def find(key: str) -> Job | None:
    """The job of a key, if it was ever started."""
    return known_jobs().get(key)


def start(key: str, work: Callable[[Progress], Any]) -> Job:
    """Start a job, or return the one that is running or done."""
    known = known_jobs()
    with _LOCK:
        job = known.get(key)
        if job is None or job.state in ("stopped", "failed"):
            for old in [one for one, other in known.items() if other.state != "running"][
                :-MAX_KEPT
            ]:
                del known[old]
            job = known[key] = Job(work=work)
            threading.Thread(target=job.run, name="cascal-job", daemon=True).start()
    return job


def forget(key: str) -> None:
    """Drop a job that is not running, so that it can be started anew."""
    job = find(key)
    if job is not None and job.state != "running":
        known_jobs().pop(key, None)


def show(
    key: str, label: str, work: Callable[[Progress], T], *, at_once: bool = False, about: str = ""
) -> T | None:
    """The result of a job, or None while there is none: then its button or its progress is shown.

    `at_once` starts it without asking; `about` says what the button would do and how long it takes.
    """
    job = find(key)
    if job is None and at_once:
        job = start(key, work)
    if job is not None and job.state == "done":
        return cast("T", job.result)
    if job is not None and job.state == "running":
        _watch(key)
        return None
    if job is not None:
        said = job.refusal or "Stopped. Nothing was kept."
        st.info(frame.escape(said), icon=":material/info:")
    if about:
        st.caption(about)
    if st.button(label, key=f"start_{_slug(key)}", icon=":material/play_arrow:"):
        start(key, work)
        st.rerun()
    return None


def _slug(key: str) -> str:
    """A widget key from a job's key, whose name stays the same while thresholds move."""
    return key.partition(":")[0]


@st.fragment(run_every="1s")
def _watch(key: str) -> None:
    """Progress of a running job; the page is drawn anew when it ends."""
    job = find(key)
    if job is None or job.state != "running":
        st.rerun()
    st.progress(job.share, frame.escape(job.sentence))
    st.button("Stop", key=f"stop_{_slug(key)}", icon=":material/stop:", on_click=job.stop)

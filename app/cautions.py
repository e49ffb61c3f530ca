"""What to say beside numbers of test queries that the training queries hold too."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import frame, heeded, jobs, session
from cascal.columns import Progress
from cascal.dataset.snapshot import Snapshot
from cascal.diagnose.repeats import WithoutRepeats, caution, caution_between

AT_ONCE = 20_000_000
"""So many pairs of a training and a test query are compared while a page is drawn: a second."""


def line() -> None:
    """How many test queries are repeated and what is gained without them, with the evidence.

    Nothing where none are; the line is kept where that is not known yet.
    """
    _line(lambda: caution(heeded.snapshot()))


def of_other(setting: Snapshot) -> str:
    """The same in words of a setting that is not in use; "" where there is nothing to say."""
    found = caution(setting) if _known(heeded.snapshot()) else None
    return "" if found is None else f"With this setting: {found.sentence}"


def line_between(before: Snapshot, after: Snapshot, name: str) -> None:
    """The same beside what `after` gains over a state of this name."""
    _line(lambda: caution_between(before, after, name))


def correction(before: Snapshot, after: Snapshot, name: str) -> str:
    """What becomes of that gain in a headline; "" where it stays, or is not known yet."""
    found = caution_between(before, after, name) if _known(heeded.snapshot()) else None
    return "" if found is None else found.correction


def _line(look: Callable[[], WithoutRepeats | None]) -> None:
    if not _known(heeded.snapshot()):
        st.container(key="caution_awaited")
        return
    found = look()
    if found is None:
        return
    with st.container(key="caution"):
        st.page_link(
            frame.page_file("diagnose"),
            label=_told(found.short),
            icon=":material/warning:",
            help=found.sentence,
        )


def _told(what: str) -> str:
    return f":orange[{frame.escape(f'Caution: {what}. See Diagnose')}]"


def _known(now: Snapshot) -> bool:
    """Whether the queries are compared; where that takes long it goes on beside the page."""
    data = now.dataset
    if data.test is None or len(data.train) * len(data.test) <= AT_ONCE:
        return True

    def work(progress: Progress) -> WithoutRepeats | None:
        progress(0.0, "Comparing test queries with training queries")
        return caution(now)

    return jobs.start(f"repeats:{session.dataset_token()}", work, "short").state != "running"

"""Pages of the dashboard without a browser: opened, and their jobs waited for or ended."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from unittest import mock

import pytest
from streamlit.testing.v1 import AppTest

HERE = Path(__file__).parent
MARKED = re.compile(r"\[([^\]]+)\]\(#term-[\w-]+\)")
"""A word that is explained, in a page's Markdown."""
MAIN = HERE.parent / "app" / "main.py"


def open_at(view: str, **params: str) -> AppTest:
    """The dashboard at a page, with the parameters of a link.

    AppTest knows the pages only after a run, which is of the first page, Overview: where another is
    asked for, that run draws the sidebar and a blank page.
    """
    from app import frame

    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.query_params.update(params)
    if view == "overview":
        return app.run()
    page_file = frame.page_file

    def blank(folder: str) -> Path:
        return HERE / "blank_page.py" if folder == "overview" else page_file(folder)

    with mock.patch.object(frame, "page_file", blank):
        app.run()
    return app.switch_page(f"{view}/page.py").run()


def as_read(text: str) -> str:
    """A text of a page as a reader sees it: without what keeps Markdown away and lines together,
    and without the marks of words that are explained.
    """
    marked = re.sub(r"(?<![\\*])\*(?!\*)", "", text)  # a name that stays in one line
    bare = marked.replace("\\", "").replace("\N{WORD JOINER}", "")
    return MARKED.sub(r"\1", bare.replace("\N{NO-BREAK SPACE}", " "))


def wait_for_jobs(named: str = "", seconds: float = 240) -> None:
    """Wait until no job runs whose key has this part."""
    from app import jobs

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        known = list(jobs.known_jobs().items())
        if not any(job.state == "running" for key, job in known if named in key):
            return
        time.sleep(0.02)
    pytest.fail(f"A job {named} did not end in time.".replace("  ", " "))


def run_through(app: AppTest, seconds: float = 240) -> AppTest:
    """Draw the page when its jobs are done, and again if that began others."""
    from app import jobs

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        wait_for_jobs(seconds=seconds)
        app.run()
        if not any(job.state == "running" for job in list(jobs.known_jobs().values())):
            return app
    pytest.fail("The page began one job after the other.")


def end_jobs() -> None:
    """Stop and forget what a page began and nobody waited for."""
    jobs = sys.modules.get("app.jobs")
    known = {} if jobs is None else jobs.known_jobs()
    for key, job in list(known.items()):
        if job.state == "running":
            job.stop()
            known.pop(key, None)

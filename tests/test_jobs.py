"""Jobs: lines of their own, places in them, work in a process of its own, and its end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

import pytest
from apart_work import (
    Remembers,
    ends_within_its_result,
    fails,
    lasts,
    refuses_to_sweep,
    what_came,
    whose_process,
)
from refusals import refuses

from app import jobs
from app.apart import LOWEST, Call, run_apart
from cascal.datatypes import CascalError


def until(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def functions_that_another_process_finds(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)


@pytest.fixture
def started():
    """Jobs of this test with the names of their owners; all are ended with it."""
    running: list[jobs.Job] = []

    def start(work, line: jobs.Line, owner: str = "me") -> jobs.Job:
        job = jobs.Job(work=work, line=line, owner=owner)
        line.join(job)
        running.append(job)
        threading.Thread(target=job.run, daemon=True).start()
        return job

    yield start
    for job in running:
        job.stop()
        until(lambda job=job: job.state != "running")


def test_work_apart_is_done_by_another_process_below_the_pages_in_rank(started):
    told = []
    found = run_apart(Call.of(whose_process), lambda *now: told.append(now), threading.Event())
    assert found[0] != os.getpid()
    assert found[1] >= min(os.nice(0) + LOWEST, 19)
    assert told == [(0.5, "Half")]


def test_work_goes_apart_while_a_page_remembers_something_in_it():
    given = Remembers()
    found = run_apart(Call.of(what_came, given), lambda *_: None, threading.Event())
    assert given.found_meanwhile
    assert found == {"first": "told", "last": 3}


def test_whoever_waits_for_jobs_goes_on_when_they_end_and_no_later_than_said(started):
    going, free = threading.Event(), threading.Event()

    def held(_):
        going.set()
        assert free.wait(30)

    first = started(held, jobs.Line())
    going.wait(30)
    jobs.wait_for([first], 0.0)
    assert first.state == "running"
    free.set()
    jobs.wait_for([first], 30.0)
    assert first.state == "done"


def test_work_apart_refuses_and_fails_as_work_here_does(started):
    refused = started(Call.of(refuses_to_sweep), jobs.Line())
    failed = started(Call.of(fails), jobs.Line())
    until(lambda: "running" not in (refused.state, failed.state))
    assert (refused.state, refused.refusal) == ("failed", "There is nothing to sweep.")
    assert failed.state == "failed"
    assert "ended without a result (code -9)" in failed.refusal


def test_work_apart_ends_when_it_is_stopped_between_two_steps(started):
    job = started(Call.of(lasts, 600.0), jobs.Line())
    until(lambda: job.sentence == "Begun")
    begun = time.monotonic()
    job.stop()
    until(lambda: job.state == "stopped")
    assert time.monotonic() - begun < 10


def test_work_apart_that_ends_while_its_result_travels_has_none():
    told = []

    def reads_on_when_it_has_ended(_, sentence):
        told.append(sentence)
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, int(told[0]), os.WEXITED | os.WNOWAIT)

    with refuses("not-running", "ended without a result (code -14)"):
        run_apart(Call.of(ends_within_its_result), reads_on_when_it_has_ended, threading.Event())
    assert told[1:] == ["Stopping"]


def refused(_):
    raise CascalError("There is nothing to collect.", code="no-records")


def test_a_job_that_is_started_anew_while_the_old_one_is_forgotten_is_kept(started, monkeypatch):
    go_on, others = threading.Event(), []

    def waits(_):
        return go_on.wait(30)

    class Known(dict):
        def get(self, key):
            found = super().get(key)
            if not others:  # while `forget` looks at the old one, another session starts it anew
                others.append(threading.Thread(target=jobs.start, args=(key, waits)))
                others[0].start()
                others[0].join(0.5)
            return found

    old = started(refused, jobs.Line())
    old.ended.wait(30)
    known = Known(collect=old)
    monkeypatch.setattr(jobs, "known_jobs", lambda: known)
    jobs.forget("collect")
    others[0].join(30)
    assert known["collect"] is not old
    go_on.set()


def test_who_waits_is_told_the_place_and_whose_work_comes_first(started):
    line, go_on = jobs.Line(), threading.Event()
    first = started(lambda report: go_on.wait(30), line, owner="Ada")
    second = started(lambda report: "second", line, owner="Ben")
    third = started(lambda report: "third", line, owner="Cem")
    until(lambda: first.sentence == "Starting")
    assert first.told("Ada") == "Starting"
    assert first.told("Ben") == "Starting (started by another visitor)"
    assert second.told("Ada") == "Waiting, position 1: what runs now was started by you"
    assert "position 2: what runs now was started by another visitor" in third.told("Cem")
    second.stop()
    until(lambda: second.state == "stopped")
    assert "position 1" in third.told("Cem")
    assert third.result is None
    go_on.set()
    until(lambda: third.state == "done")
    assert third.result == "third"


def test_short_work_does_not_wait_for_long_work(started):
    go_on = threading.Event()
    long = started(lambda report: go_on.wait(30), jobs.LINES["long"])
    short = started(lambda report: "here", jobs.LINES["short"])
    until(lambda: short.state == "done")
    assert long.state == "running"
    go_on.set()


def test_what_a_visitor_asks_for_waits_for_no_work_in_the_background_and_goes_before_it(started):
    go_on = threading.Event()
    background = [
        started(lambda report: go_on.wait(30), jobs.LINES[name]) for name in ("page", "long")
    ]
    first = jobs.start("first asked for", Call.of(whose_process), "asked")
    second = jobs.start("second asked for", Call.of(whose_process), "asked")
    until(lambda: second.state == "done")
    assert [job.state for job in background] == ["running", "running"]
    assert first.result[1] < min(os.nice(0) + LOWEST, 19)
    go_on.set()

"""Several visitors of one dashboard at once: everybody sees their own numbers, computed once."""

from __future__ import annotations

import asyncio
import gc
import tomllib

import pytest
from bench import visitors
from conftest import free_port, thinned_workspace

from app import frame, server

COUNTING = """\
from pathlib import Path

import streamlit as st
from app import snapshots
from app.server import parts

take = snapshots.take_snapshot


def counted(dataset, fit, thresholds):
    with Path({count!r}).open("a") as count:
        count.write(f"{{thresholds}}\\n")
    return take(dataset, fit, thresholds)


snapshots.take_snapshot = counted
app = st.App(Path({main!r}), **parts())
"""
"""The dashboard, with a line in a file for every snapshot that it takes."""
N = 4


@pytest.mark.slow
def test_visitors_at_once_share_what_is_computed_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(visitors, "PAUSE", (0.2, 0.6))
    workspace = thinned_workspace(tmp_path, 8, 7)
    count, script, port = tmp_path / "count", tmp_path / "counting.py", free_port()
    main = visitors.SERVER.with_name("main.py")
    script.write_text(COUNTING.format(count=str(count), main=str(main)), encoding="utf-8")

    async def same_and_other() -> list[visitors.Move]:
        async with visitors.visitors(port, range(N)) as present:
            same = await asyncio.gather(*(one.move("merge", 0.3) for one in present))
            others = (one.move("silhouette", round(0.1 * one.number, 1)) for one in present)
            return [*same, *await asyncio.gather(*others)]

    with visitors.dashboard(workspace.path, port, tmp_path / "log", script):
        moves = asyncio.run(same_and_other())
        moves += asyncio.run(visitors.stay(port, range(N), 3.0, visitors.Schedule(0)))
    assert [move.fault for move in moves if move.fault] == []
    assert len(moves) >= 3 * N
    truth = visitors.Truth(workspace.path)
    assert truth.wrong(moves) == []
    assert len({move.shown["Skill clusters"] for move in moves}) > 1
    taken = count.read_text().splitlines()
    assert len(taken) == len(set(taken))
    assert {str(visitors.thresholds(move.state)) for move in moves} <= set(taken)


def test_no_run_of_one_session_halts_all_others_to_collect_garbage(monkeypatch):
    config = tomllib.loads((visitors.ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["runner"]["postScriptGC"] is False
    monkeypatch.setattr(server, "WARM_UP", [])

    async def start_and_end() -> None:
        async with server.warm_up(server.app):
            pass

    gc.unfreeze()  # what the tests keep; it is kept again by the start
    assert gc.get_freeze_count() == 0
    asyncio.run(start_and_end())
    assert gc.get_freeze_count() > 10_000


def test_half_of_the_states_were_seen_by_another_visitor():
    schedule, seen, states = visitors.Schedule(0), {}, [dict(visitors.DEFAULT) for _ in range(20)]
    foreign = []
    for turn in range(40):
        for number, state in enumerate(states):
            name, value = schedule.next(number, state)
            state[name] = value
            first = seen.setdefault(tuple(state.values()), number)
            if turn > 2:
                foreign.append(first != number)
    assert 0.4 < sum(foreign) / len(foreign) < 0.6


def test_what_a_data_set_is_made_of_is_counted_once_for_all_pages(demo):
    assert frame.origin(demo) is frame.origin(demo)

"""A run waits until what it has drawn is on its way to the browser."""

import asyncio
import re
from threading import Event, Thread

import pytest
import streamlit as st

from app import sent
from app.sent import Sent


@pytest.fixture
def drawn(monkeypatch):
    """What was drawn, and that something was."""
    marks, there = [], Event()

    def html(text):
        marks.append(text)
        there.set()

    monkeypatch.setattr(st, "html", html)
    return marks, there


def test_a_run_waits_until_its_own_mark_was_sent(drawn):
    marks, there = drawn
    one, told, ended = Sent(), [], Event()
    one.watched = True

    def run():
        told.append(one.wait(30))
        ended.set()

    thread = Thread(target=run)
    thread.start()
    assert there.wait(30)
    for other in (b"", b"cascal-sent-" + b"0" * 32, marks[0].encode() + b" " * 5000):
        one.note(other)
        assert not ended.wait(0.05)
    one.note(b"\x0a\x10" + marks[0].encode())
    thread.join(30)
    assert told == [True]
    one.note(marks[0].encode())  # nobody waits for it any more


def test_what_is_not_sent_is_not_waited_for_for_ever(drawn):
    one = Sent()
    one.watched = True
    assert one.wait(0.01) is False
    assert len(drawn[0]) == 1


def test_nothing_is_drawn_where_nobody_watches(drawn):
    assert Sent().wait(0.01) is True
    assert drawn[0] == []


def test_the_mark_takes_no_place(drawn):
    one = Sent()
    one.watched = True
    one.wait(0.01)
    assert re.fullmatch(r"<style>/\* cascal-sent-[0-9a-f]{32} \*/</style>", drawn[0][0])


@pytest.mark.parametrize("kind", ["websocket", "http"])
def test_every_message_is_passed_on_and_those_to_browsers_are_looked_at(kind, monkeypatch):
    seen, passed = [], []
    one = Sent()
    monkeypatch.setattr(one, "note", lambda message: seen.append((message, len(passed))))
    monkeypatch.setattr(sent, "SENT", one)
    messages = [
        {"type": f"{kind}.accept"},
        {"type": f"{kind}.send", "bytes": b"news"},
        {"type": f"{kind}.send", "text": "words"},
    ]

    async def serve(scope, receive, send):
        for message in messages:
            await send(message)

    async def send(message):
        passed.append(message)

    asyncio.run(sent.Watch(serve)({"type": kind}, None, send))
    assert passed == messages
    assert seen == ([(b"news", 2), (b"", 3)] if kind == "websocket" else [])
    assert one.watched == (kind == "websocket")

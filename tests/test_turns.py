"""Pages of many visitors are drawn one after the other, and a long one holds up nobody."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.turns import Turns


def until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_turns_come_one_after_the_other_in_the_order_of_arrival():
    turns, order, inside = Turns(longest=30), [], []

    def page(number: int) -> None:
        with turns.turn():
            inside.append(number)
            order.append(tuple(inside))
            time.sleep(0.002)
            inside.remove(number)

    with ThreadPoolExecutor(6) as threads, turns.turn():
        for number in range(6):
            threads.submit(page, number)
            until(lambda waiting=number + 1: turns.n_waiting == waiting)
    assert order == [(number,) for number in range(6)]


def test_who_has_the_turn_goes_on_with_a_part_of_the_page():
    turns, order = Turns(longest=30), []

    def other() -> None:
        with turns.turn():
            order.append("other")

    with ThreadPoolExecutor(1) as threads, turns.turn():
        threads.submit(other)
        until(lambda: turns.n_waiting == 1)
        with turns.turn():
            order.append("part")
        order.append("page")
    assert order == ["part", "page", "other"]


def test_a_long_turn_goes_on_beside_the_next_ones():
    turns, ended = Turns(longest=0.05), threading.Event()

    def long() -> None:
        with turns.turn():
            assert ended.wait(10)

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(long)
        until(lambda: turns.n_waiting == 0 and running.running())
        for _ in range(3):
            with turns.turn():
                assert not running.done()
        ended.set()
        running.result(10)


def test_the_end_of_a_long_turn_does_not_end_that_of_another():
    turns, ended, entered = Turns(longest=0.3), threading.Event(), []

    def long() -> None:
        with turns.turn():
            entered.append("long")
            assert ended.wait(10)

    def third() -> None:
        with turns.turn():
            entered.append("third")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(long)
        until(lambda: entered == ["long"])
        with turns.turn():
            begun = time.monotonic()
            ended.set()
            first.result(10)
            last = threads.submit(third)
            until(lambda: turns.n_waiting == 1 or last.done())
            assert not last.done() or time.monotonic() - begun >= 0.3
        last.result(10)
    assert entered == ["long", "third"]


def test_an_error_gives_the_turn_back():
    turns = Turns(longest=30)
    with pytest.raises(ValueError, match="no"), turns.turn():
        raise ValueError("no")
    with turns.turn():
        assert turns.n_waiting == 0

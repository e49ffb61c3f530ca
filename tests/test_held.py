"""What a button has set holds against a browser that has not heard of it yet."""

import pytest
import streamlit as st

from app import held


@pytest.fixture
def now(monkeypatch):
    """Seconds of a clock that the test sets; the session's state is a plain dictionary."""
    seconds = [100.0]
    monkeypatch.setattr(held, "clock", lambda: seconds[0])
    monkeypatch.setattr(st, "session_state", {"merge": 0.25, "voters": 3})
    return seconds


def shown(**values):
    """What the browser says that its controls show."""
    st.session_state.update(values)
    held.keep()
    return st.session_state["merge"]


def test_what_was_shown_before_comes_back_in_vain(now):
    held.put(merge=0.15)
    assert shown(merge=0.25, voters=4) == 0.15
    now[0] += 0.9 * held.SECONDS
    assert shown(merge=0.25) == 0.15
    assert st.session_state["voters"] == 4


def test_the_browser_is_to_hear_of_what_came_back_in_vain_alone(now):
    held.put(merge=0.15)
    assert not held.keep()
    st.session_state["merge"] = 0.25
    assert held.keep()
    st.session_state["merge"] = 0.2
    assert not held.keep()


def test_after_a_while_the_reader_moves_it_back(now):
    held.put(merge=0.15)
    now[0] += held.SECONDS
    assert shown(merge=0.25) == 0.25


def test_another_value_is_the_readers_and_what_follows_too(now):
    held.put(merge=0.15)
    assert shown(merge=0.17) == 0.17
    assert shown(merge=0.25) == 0.25


def test_all_that_was_shown_before_two_clicks_comes_back_in_vain(now):
    held.put(merge=0.2)
    held.put(merge=0.15)
    assert shown(merge=0.25) == 0.15
    assert shown(merge=0.2) == 0.15


def test_a_click_sent_with_what_was_shown_before_another_sets_what_it_says(now):
    held.put(merge=0.15)
    st.session_state["merge"] = 0.25
    held.put(merge=0.2)
    assert shown(merge=0.25) == 0.2


def test_a_control_that_shows_its_value_is_not_set_anew(now):
    written = []

    class Noting(dict):
        def __setitem__(self, key, value):
            written.append(key)
            super().__setitem__(key, value)

    st.session_state = Noting(st.session_state)
    held.put(merge=0.15, voters=3)
    assert "merge" in written
    assert "voters" not in written


def test_a_control_that_was_not_there_is_set_and_free(now):
    held.put(colour="silhouette")
    st.session_state["colour"] = "task"
    held.keep()
    assert st.session_state["colour"] == "task"

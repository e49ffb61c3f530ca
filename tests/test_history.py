"""Undo goes back by whole moves of a control, not by the steps of a key that is held."""

from __future__ import annotations

import pytest
import test_app

from app import history

open_app = test_app.open_app
small_file = test_app.small_file


@pytest.mark.slow
def test_quick_steps_of_one_control_are_one_undo(open_app, small_file, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(history, "clock", lambda: now[0])
    app = open_app(small_file, "skills")

    def step(key: str, value: float, seconds: float) -> None:
        now[0] += seconds
        app.slider(key=key).set_value(value).run()
        app.run()  # all of the page, of which a move draws a part

    step("merge", 0.2, 10.0)
    step("merge", 0.21, 0.5)
    step("merge", 0.22, 1.5)  # one move
    step("silhouette", 0.1, 0.5)  # another control: another move
    step("silhouette", 0.2, 3.0)  # later: another move
    moves = []
    while not app.button(key="undo").disabled:
        app.button(key="undo").click().run()
        moves.append((app.slider(key="merge").value, app.slider(key="silhouette").value))
    assert moves == [(0.22, 0.1), (0.22, 0.05), (0.15, 0.05)]
    step("merge", 0.2, 9.0)
    step("merge", 0.15, 0.5)  # and back: nothing to undo
    assert app.button(key="undo").disabled
    step("merge", 0.2, 0.5)
    assert not app.button(key="undo").disabled

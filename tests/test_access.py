"""What a dashboard that others can reach tells of its machine, and what it lets them do."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_app

from app import access, jobs

open_app = test_app.open_app
small_file = test_app.small_file


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "The workspace /home/ann/secret/w.duckdb is held by process 3.",
            "The workspace w.duckdb is held by process 3.",
        ),
        ("'/srv/a b/x.csv' is no table", "'a b/x.csv' is no table"),
        (r"C:\Users\ann\w.duckdb is a folder", "w.duckdb is a folder"),
        ("see https://host.org/docs/files.md or m/s", "see https://host.org/docs/files.md or m/s"),
        ("1/2 of queries and/or responses", "1/2 of queries and/or responses"),
    ],
)
def test_others_see_no_folder_of_the_machine(monkeypatch, said, shown):
    assert access.shown(said) == said
    assert access.shown_path(Path("/home/ann/w.duckdb")) == "/home/ann/w.duckdb"
    monkeypatch.setenv(access.READ_ONLY_ENV, "1")
    assert access.shown(said) == shown
    assert access.shown_path(Path("/home/ann/w.duckdb")) == "w.duckdb"


def sent(block):
    """All that a page sends to the browser, as text."""
    for one in block.children.values():
        if hasattr(one, "children"):
            yield from sent(one)
        yield str(one.proto)


@pytest.mark.slow
@pytest.mark.parametrize("page", test_app.VIEWS)
def test_no_page_sends_a_path_to_others(open_app, small_file, monkeypatch, page):
    monkeypatch.setenv(access.READ_ONLY_ENV, "1")
    app = open_app(small_file, page)
    assert not app.exception
    texts = [*sent(app.main), *sent(app.sidebar)]
    assert len(texts) > 5
    assert not [text for text in texts if str(small_file.parent) in text]


@pytest.mark.slow
def test_others_stop_and_start_no_job(open_app, small_file, monkeypatch):
    monkeypatch.setenv(access.READ_ONLY_ENV, "1")
    app = open_app(small_file, "sweep")
    for job in jobs.known_jobs().values():
        monkeypatch.setattr(job, "state", "running")
    app.run()
    assert not [one for one in app.button if one.label in ("Stop", "Draw the map", "Sweep")]


@pytest.mark.slow
def test_others_see_no_folder_in_a_refusal(open_app, tmp_path, monkeypatch):
    path = tmp_path / "text.duckdb"
    path.write_text("only text " * 500, encoding="utf-8")
    monkeypatch.setenv(access.READ_ONLY_ENV, "1")
    app = open_app(path)
    assert app.error[0].value.replace("\\", "").startswith("text.duckdb cannot be opened")
    assert str(tmp_path) not in app.error[0].value.replace("\\", "")

"""A path typed into the dashboard reads nothing outside of the folders allowed at its start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import free_port
from paging import open_at
from refusals import refuses

from app import encoding, folders
from cascal.cli import launch
from cascal.datatypes import CascalError

ROWS = "query_id,text,model,response\nq1,secret words,m,A\n"


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """Two folders that may be read, one that may not, and ways from the first to the last."""
    for name in ("mine", "more", "private", "mine-too"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "r.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "mine" / "link.csv").symlink_to(tmp_path / "private" / "r.csv")
    (tmp_path / "mine" / "linked").symlink_to(tmp_path / "private")
    (tmp_path / "mine" / "inner").symlink_to(tmp_path / "more")
    (tmp_path / "mine" / "sub").mkdir()
    (tmp_path / "mine" / "sub" / "away.csv").symlink_to(tmp_path / "private" / "r.csv")
    (tmp_path / "private" / "config.json").write_text("{}")
    named = (str(tmp_path / "mine"), str(tmp_path / "more"))
    monkeypatch.setenv("CASCAL_ALLOWED_FOLDERS", os.pathsep.join(named))
    return tmp_path


@pytest.mark.parametrize("text", ["r.csv", "./r.csv", "{0}/mine/r.csv", "{0}/more", "inner/r.csv"])
def test_a_path_below_an_allowed_folder_is_read(machine, text):
    path = folders.local_path(text.format(machine))
    assert path.is_absolute()
    assert path.exists()


@pytest.mark.parametrize(
    "text",
    [
        *("../private/r.csv", "{0}/private/r.csv", "/etc/passwd", "~", "{0}/mine-too/r.csv"),
        *("link.csv", "linked/r.csv", "sub", ".", "{0}/mine/../private/r.csv", "/"),
    ],
)
def test_a_path_outside_is_refused_also_through_a_link(machine, text):
    with refuses("outside-folder", "allow-folder"):
        folders.local_path(text.format(machine))


@pytest.mark.parametrize("text", ["a\0b", "~nobody-of-this-name/x"])
def test_what_is_no_path_is_one_sentence(machine, text):
    with refuses("malformed-value"):
        folders.local_path(text)


@pytest.mark.parametrize("name", ["{0}/private", "../private", "linked", "x/../../private"])
def test_an_encoder_is_not_read_from_a_folder_outside(machine, name):
    with refuses("outside-folder", "allow-folder"):
        encoding.encoder(name.format(machine))


@pytest.mark.parametrize(
    "name", ["all-MiniLM-L6-v2", "hashing", "org/model", "endpoint:m@http://127.0.0.1:9/v1/x"]
)
def test_other_names_of_encoders_stay_as_they_are(machine, name):
    assert folders.encoder_source(name) == name


def test_without_a_word_the_working_folder_is_read(machine, monkeypatch):
    monkeypatch.delenv("CASCAL_ALLOWED_FOLDERS")
    monkeypatch.chdir(machine / "private")
    assert folders.local_path("r.csv") == (machine / "private" / "r.csv").resolve()


def test_the_page_refuses_a_path_outside_and_shows_nothing_of_it(machine, monkeypatch):
    monkeypatch.setenv("CASCAL_WORKSPACE", str(machine / "w.duckdb"))
    app = open_at("data_sets")
    app.text_input(key="import_path").set_value(str(machine / "private" / "r.csv")).run()
    assert not app.exception
    assert any("may read" in one.value for one in app.error)
    assert not any("secret" in str(one.value) for one in app.dataframe)
    app.text_input(key="import_path").set_value("r.csv").run()
    assert not app.error
    assert any("secret" in str(one.value) for one in app.dataframe)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [({}, ["mine"]), ({"allow_folder": [Path("../more"), Path("sub")]}, ["more", "mine/sub"])],
)
def test_the_command_hands_over_the_working_folder_or_those_named(
    machine, monkeypatch, options, wanted
):
    handed: list[str] = []

    def started(command, *, cwd, env):
        handed.append(env["CASCAL_ALLOWED_FOLDERS"])
        raise CascalError("Not in a test.", code="not-running")

    monkeypatch.chdir(machine / "mine")
    monkeypatch.setattr(launch.signal, "signal", lambda *_: None)
    monkeypatch.setattr(launch.subprocess, "Popen", started)
    with refuses("not-running", "Not in a test"):
        launch.dashboard(port=free_port(), **options)
    assert handed == [os.pathsep.join(str((machine / name).resolve()) for name in wanted)]

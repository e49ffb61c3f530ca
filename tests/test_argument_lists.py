"""Any command with any arguments: it works, or it ends in a sentence, in time and with its code."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections import Counter
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
import typer
from attack import FULL, count
from conftest import free_port
from console import cascal_cli
from refusals import refuses

from cascal.cli import app
from cascal.serve.running import listen
from cascal.store import Workspace

N_LISTS = 600
"""Argument lists of `make attack`, over all commands."""
MOST_SECONDS = 120
"""One command on 40 queries, on a machine that does other things too."""
ODD = [
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "2",
        "27",
        "0.5",
        "-0.0",
        "1e308",
        "1e999",
        "nan",
        "-inf",
        "9" * 400,
    ),
    *("true", "none", "[bold]", "[/]", "{}", "[]", '{"a": 1}', "é\u202e", "a" * 5_000, "-", "--"),
    *(
        "small",
        "small,small",
        "m1",
        "m1,m2",
        ",",
        "=",
        "a=b",
        "=b",
        "a=",
        "all",
        "person",
        "judge:",
    ),
    *(
        "http://[::1",
        "http://127.0.0.1:1/v1",
        "s3://",
        "ftp://x/y",
        "endpoint:x@http://127.0.0.1:1",
    ),
    *("rows.jsonl", "r.cascal", "pool.yaml", "tasks.yaml", "w.duckdb", "folder", "folder/none/x"),
    *("none.jsonl", "pool.yaml:a", "pool.yaml:none", "hashing", "2024-02-31", "skills", "task"),
]
USUAL = {
    "dataset": "small",
    "router": "r.cascal",
    "routers": "r.cascal",
    "path": "rows.jsonl",
    "text": "Which is it?",
    "pool_file": "pool.yaml",
    "task_file": "tasks.yaml",
    "encoder": "hashing",
}
"""What an argument usually is, by its name."""


@contextmanager
def within(seconds):
    """Raise where the block takes longer."""

    def ring(_signal, _frame):
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def value_of(parameter, random, odd_share):
    """A value that can be for a parameter, or an odd one."""
    if random.random() < odd_share:
        return ODD[int(random.integers(len(ODD)))]
    if parameter.name in USUAL:
        return USUAL[parameter.name]
    kind = str(parameter.type_descriptor.annotation)
    choices = re.findall(r"'([a-z]+)'", kind) if "Literal" in kind else []
    if choices:
        return choices[int(random.integers(len(choices)))]
    if "int" in kind:
        return str(int(random.integers(0, 4)))
    if "float" in kind:
        return f"{random.random():.2f}"
    return "made.out" if "Path" in kind else "small"


def argument_list(command, random):
    """Words behind a command: its own options with values that can and cannot be."""
    odd = 0.4 if random.random() < 0.5 else 0.1
    words = []
    for one in command.params:
        required = one.param_type_name == "argument"
        if random.random() > (0.9 if required else 2.5 / len(command.params)):
            continue
        if one.name == "workspace":
            continue
        times = int(random.integers(1, 4)) if one.multiple or random.random() < 0.1 else 1
        for _ in range(times):
            if not required:
                words.append(one.opts[int(random.integers(len(one.opts)))])
            if not getattr(one, "is_flag", False):
                words.append(value_of(one, random, odd))
    if random.random() < 0.1:
        words.insert(int(random.integers(len(words) + 1)), ODD[int(random.integers(len(ODD)))])
    if any(one.name == "workspace" for one in command.params):
        words += ["-w", "w.duckdb"]
    return words


def ended(_server, sockets=()):
    """Stands in for a server that would listen until it is ended."""
    for one in sockets:
        one.close()


@contextmanager
def no_servers():
    """Whatever would listen ends at once; signals are handled as before."""
    handler = signal.getsignal(signal.SIGTERM)
    with (
        mock.patch("uvicorn.Server.run", ended),
        mock.patch("cascal.cli.launch.subprocess") as processes,
    ):
        processes.Popen.return_value.__enter__.return_value.wait.return_value = 0
        yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with a small workspace, its router, and files a command may be given."""
    folder = tmp_path_factory.mktemp("lists")
    rows = [
        {
            "query_id": f"q{number}",
            "task": ("algebra", "history")[number % 2],
            "text": f"Question {number} on {('sums', 'kings')[number % 2]}?",
            "options": ["one", "two", "three"],
            "gold": "ABC"[number % 3],
            "split": "test" if number % 4 == 0 else "train",
            "model": model,
            "response": f"The answer is ({'ABC'[(number + (number * shift) % 2) % 3]}).",
            "mean_logprob": -0.1 - 0.01 * number,
        }
        for number in range(40)
        for shift, model in enumerate(("m1", "m2", "m3"))
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pool = [
        {"name": one, "base_url": "http://127.0.0.1:1/v1", "key_env": "NO_SUCH_KEY"} for one in "ab"
    ]
    (folder / "pool.yaml").write_text(json.dumps(pool), encoding="utf-8")
    (folder / "tasks.yaml").write_text("tasks:\n- {name: a, description: b}\n", encoding="utf-8")
    (folder / "folder").mkdir()
    for words in (
        ("import", "rows.jsonl", "--dataset", "small"),
        ("embed", "small", "--encoder", "hashing", "--no-map"),
        ("fit", "small", "--out", "r.cascal"),
    ):
        done = cascal_cli(*words, "-w", "w.duckdb", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.attack
@pytest.mark.timeout(7_200)
def test_any_argument_list_works_or_ends_in_a_sentence(
    template, tmp_path, monkeypatch, record_property
):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    commands = typer.main.get_command(app).commands
    seed = int.from_bytes(os.urandom(4)) if FULL else 600
    names, codes = sorted(commands), Counter()
    for number in range(count(full=N_LISTS, sample=len(names))):
        random = np.random.default_rng([seed, number])
        name = names[number % len(names)]
        words = argument_list(commands[name], random)
        folder = shutil.copytree(template, tmp_path / str(number))
        told = f"seed {seed}, number {number}: cascal {name} {words!r}"[:1_000]
        try:
            with within(MOST_SECONDS), no_servers():
                done = cascal_cli(name, *words, cwd=folder)
        except BaseException as error:
            raise AssertionError(told) from error
        assert done.returncode in (0, 1, 2), (told, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr, told
        if done.returncode:
            assert (done.stdout + done.stderr).strip(), told
        if name != "import":
            assert "small" in {one.name for one in Workspace(folder / "w.duckdb").datasets()}, told
        codes[done.returncode] += 1
        shutil.rmtree(folder)
    for code, n_lists in codes.items():
        record_property(f"exit {code}", n_lists)
    assert min(codes[0], codes[1], codes[2]) > 0


@pytest.mark.parametrize("host", ["é\u202e", "a\x00b", "a" * 5_000, "[/]"])
def test_a_host_that_is_no_name_is_refused_in_a_sentence(tmp_path, host):
    with refuses("cannot-listen", "--host"):
        listen(host, 0)
    with no_servers():
        done = cascal_cli("dashboard", "--host", host, "--port", str(free_port()), cwd=tmp_path)
    assert done.returncode == 1
    assert "Cannot listen on" in done.stderr


@pytest.mark.parametrize("name", ["[/]", "[bold]generators"])
def test_an_experiment_that_is_none_is_named_as_it_was_typed(template, name):
    done = cascal_cli("experiment", name, "small", "-w", "w.duckdb", cwd=template)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stdout + done.stderr
    assert name in done.stderr

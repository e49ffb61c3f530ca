"""Processes of their own that begin with everything imported: only what they do costs time.

They are forked from a server that has imported the product and opened nothing, so that a kill hits
work, not imports. What a fresh interpreter imports is not in question here.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import TimeoutExpired
from types import ModuleType
from unittest import mock

import app
from cascal.cli import main
from cascal.store import Workspace

COMMANDS = [
    "cascal.cli",
    "cascal.collection.into_workspace",
    "cascal.encode.encoders",
    "cascal.importers.reading",
    "h11",
    "httpx",
    "joblib",
    "openai.resources.chat.completions",
    "pandas",
    "rich.syntax",
    "scipy.sparse",
    "truststore",
    "typer._adapters",
]
"""What a command imports."""
_SCRIPTS = ("app.main", "app.server")
"""What Streamlit runs and nobody imports, beside the `page` of every room."""
DASHBOARD = [
    "streamlit.web.cli",
    "streamlit.web.bootstrap",
    "uvicorn",
    *(
        one.name
        for one in pkgutil.walk_packages(app.__path__, "app.")
        if one.name not in _SCRIPTS and not one.name.endswith(".page")
    ),
]
"""What the dashboard imports, which takes it longer than to draw a page."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(COMMANDS)


def preload_the_dashboard() -> None:
    """What is forked from now on has imported the dashboard as well; before the first fork."""
    _CONTEXT.set_forkserver_preload([*COMMANDS, *DASHBOARD])


class Forked:
    """A running process, with what it prints on both streams; as `subprocess.Popen` has them.

    One with a log writes there what it prints, and may start processes of its own.
    """

    def __init__(
        self,
        task: Callable[..., object],
        *arguments: object,
        cwd: Path | str = ".",
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        streams = [_CONTEXT.Pipe(duplex=False) for _ in range(2)]
        ends = [end for _, end in streams]
        there, environment = str(Path(cwd).resolve()), {**os.environ, **(env or {})}
        given = (task, arguments, there, environment, log, *ends)
        self._process = _CONTEXT.Process(target=_begin, args=given, daemon=log is None)
        with mock.patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
            self._process.start()  # which would import pytest's main module
        for end in ends:
            end.close()
        self.stdout, self.stderr = (
            os.fdopen(os.dup(one.fileno()), encoding="utf-8") for one, _ in streams
        )
        for one, _ in streams:
            one.close()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, -9 where it was killed; None while it runs."""
        return self._process.exitcode

    def kill(self) -> None:
        """End it at once, wherever it is."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; TimeoutExpired where it does not in so many seconds."""
        self._process.join(timeout)
        if self.returncode is None:
            raise TimeoutExpired("a forked process", timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it printed, which must be little; TimeoutExpired as in `wait`."""
        self.wait(timeout)
        with self.stdout, self.stderr:
            return self.stdout.read(), self.stderr.read()


def cascal_process(
    *words: str, cwd: Path | str = ".", env: Mapping[str, str] | None = None
) -> Forked:
    """`cascal WORDS` in a process of its own."""
    return Forked(_command, words, cwd=cwd, env=env)


def streamlit_process(*words: str, cwd: Path, env: Mapping[str, str], log: Path) -> Forked:
    """`streamlit WORDS` in a process of its own, which writes to its log."""
    return Forked(_streamlit, words, cwd=cwd, env=env, log=log)


def delete_dataset(path: str, dataset: str) -> None:
    """A task: delete a data set, which no command does."""
    Workspace(path).delete_dataset(dataset)


def _command(words: tuple[str, ...]) -> None:
    sys.argv = ["cascal", *words]
    main()


def _streamlit(words: tuple[str, ...]) -> None:
    from streamlit.web.cli import main as streamlit_main

    sys.argv = ["streamlit", *words]
    streamlit_main()


def _begin(task, arguments, cwd, env, log, stdout, stderr) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for stream, end in ((sys.stdout, stdout), (sys.stderr, stderr)):
        stream.flush()
        os.dup2(end.fileno(), stream.fileno())
        end.close()
    if log is not None:
        with log.open("w") as sink:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(sink.fileno(), stream.fileno())
    task(*arguments)

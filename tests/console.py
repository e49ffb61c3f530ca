"""`cascal …` in this process: what it prints on both streams, and its exit code."""

from __future__ import annotations

import io
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from cascal.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def cascal_cli(*arguments: str, cwd: Path | str = ".", stdin: str = "") -> Ended:
    """Run `cascal ARGUMENTS` in the folder `cwd`, as a shell would, without a new process."""
    printed, told, code = io.StringIO(), io.StringIO(), 0
    typed = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    with (
        chdir(cwd),
        redirect_stdout(printed),
        redirect_stderr(told),
        mock.patch.object(sys, "stdin", typed),
        mock.patch.object(sys, "argv", ["cascal", *arguments]),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, printed.getvalue(), told.getvalue())

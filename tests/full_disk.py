"""Collecting on a disk that is full after some bytes, in a process of its own.

Arguments: workspace, bytes that any file may have. Prints how many of 40 responses were stored
before the first refusal, then its code and sentence, then those of the end.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from cascal.datatypes import CascalError, Response
from cascal.store import Workspace

N = 40
TEXT = "The answer is B. " * 60


def response(number: int) -> Response:
    """A response to the query of this number."""
    return Response(f"q{number}", "zeta", text=TEXT, answer="B", rule="answer_is")


def run(path: Path, limit: int) -> None:
    """Record until the disk is full."""
    recorder = Workspace(path).recording("d", seconds=60)
    recorder.__enter__()
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    n_stored = 0
    try:
        for number in range(N):
            recorder.response(response(number))
            n_stored += 1
    except CascalError as error:
        sys.stdout.write(f"{n_stored}\n{error.code} {error}\n")
    try:
        recorder.__exit__(None, None, None)
    except CascalError as error:
        sys.stdout.write(f"{error.code} {error}\n")


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]))

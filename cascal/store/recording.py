"""What is generated and collected, stored as it comes: in a journal, then in batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from cascal.datatypes import CascalError, Query, Response
from cascal.store.connection import DiskFailed, WorkspaceLocked
from cascal.store.journal import Journal, read_segment

COMMIT_SECONDS = 10.0
"""How often what the journal holds is moved into the workspace file."""

_WAITS = "What was received waits in the journal beside it and is taken over by the next run."

Commit = Callable[[Sequence[Mapping[str, Any]]], None]


def response_row(response: Response, cause: str = "", sentence: str = "") -> dict[str, Any]:
    """A response as a row of a journal; of an error also its cause and the sentence about it."""
    failure = {"cause": cause, "sentence": sentence} if cause or sentence else {}
    return {"response": vars(response), **failure}


class Recorder:
    """Takes responses and attempts one at a time; a context manager.

    A row is in the journal when `response` or `attempt` returns, so a kill loses none of them.
    A thread moves the journal into the file every `seconds`, in one transaction a segment, and
    waits for another turn where somebody else holds the file. On entering, what an earlier process
    left in the journal is moved first; on leaving, the rest. CascalError where the file stays held:
    then the rows stay in the journal, for the next time.
    """

    def __init__(
        self, path: Path, dataset: str, commit: Commit, *, seconds: float = COMMIT_SECONDS
    ) -> None:
        self._journal = Journal(path, dataset)
        self._commit = commit
        self._seconds = seconds
        self._committing = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def __enter__(self) -> Recorder:
        self._journal.__enter__()
        try:
            self.commit()
        except BaseException:
            self._journal.__exit__(None, None, None)
            raise
        self._thread = threading.Thread(target=self._every, name="commit", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self.commit()
        except WorkspaceLocked as locked:
            raise WorkspaceLocked(f"{locked} {_WAITS}", code="workspace-locked") from error
        except DiskFailed as failed:
            raise DiskFailed(f"{failed} {_WAITS}", code="workspace-failed") from error
        finally:
            self._journal.__exit__(kind, error, trace)

    def response(self, response: Response, cause: str = "", sentence: str = "") -> None:
        """Keep one response; of an error also its cause and the sentence about it."""
        self._append(response_row(response, cause, sentence))

    def attempt(self, attempt: Mapping[str, Any], query: Query | None = None) -> None:
        """Keep one attempt at a query, by its task and number, and the query if there is one.

        A later attempt of the same task and number takes the place of the earlier one.
        """
        self._append({"attempt": dict(attempt), "query": None if query is None else vars(query)})

    def commit(self) -> None:
        """Move everything the journal holds into the file; one thread at a time."""
        with self._committing:
            for segment in self._journal.rotate():
                rows = read_segment(segment)
                if rows:
                    self._commit(rows)
                segment.unlink(missing_ok=True)

    def _append(self, row: Mapping[str, Any]) -> None:
        if self._failure is not None:
            raise CascalError(
                f"What was received could not be stored: {self._failure}", code="workspace-failed"
            )
        self._journal.append(row)

    def _every(self) -> None:
        """Commit until done; a file that is held is tried again, anything else ends the run."""
        while not self._done.wait(self._seconds):
            try:
                self.commit()
            except WorkspaceLocked:
                continue
            except Exception as error:  # noqa: BLE001 - raised by the next row, in its own thread
                self._failure = error
                return

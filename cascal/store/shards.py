"""Journals in a folder that several processes or machines share: a shard for every model.

Who asks a model holds its shard, so nobody else asks it. The workspace is not written meanwhile;
one process takes the rows over, whenever it likes and as often as it likes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from cascal.datatypes import CascalError, Response
from cascal.store.journal import Journal, JournalLocked, read_segment, segments_of
from cascal.store.recording import Commit, response_row


def _base(folder: Path, model: str) -> Path:
    """What the names of a model's files begin with."""
    return folder / f"shard-{hashlib.sha256(model.encode()).hexdigest()[:16]}"


class Shards:
    """Holds the shards of some models and takes their responses; a context manager.

    A response is on the disk when `response` returns. JournalLocked names a model that another
    process asks; none is held then.
    """

    def __init__(self, folder: Path, dataset: str, models: Sequence[str]) -> None:
        self._folder, self._dataset = folder, dataset
        self._journals = {model: Journal(_base(folder, model), dataset) for model in models}
        self._held = ExitStack()

    def __enter__(self) -> Shards:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CascalError(
                f"The folder {self._folder} cannot be made: {error.strerror}. Name one that you "
                "may write to.",
                code="wrong-path",
            ) from error
        with ExitStack() as held:
            for model, journal in self._journals.items():
                try:
                    held.enter_context(journal)
                except JournalLocked:
                    raise JournalLocked(
                        f"Another process asks {model[:80]!r} for {self._dataset[:80]!r} into "
                        f"{self._folder} right now. Name other models, or wait for it.",
                        code="dataset-in-use",
                    ) from None
            self._held = held.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def response(self, response: Response, cause: str = "", sentence: str = "") -> None:
        """Keep one response; of an error also its cause and the sentence about it."""
        self._journals[response.model].append(response_row(response, cause, sentence))

    def answered(self, model: str, *, retry_errors: bool = False) -> set[str]:
        """Ids of the queries that the shard of a model has a response to.

        `retry_errors` counts an error as none.
        """
        latest: dict[str, Mapping[str, Any]] = {}
        for segment in segments_of(_base(self._folder, model), self._dataset):
            latest.update((one["query_id"], one) for one in _responses(read_segment(segment)))
        return {
            query
            for query, one in latest.items()
            if not (retry_errors and one["status"] == "error")
        }


def merge(folder: Path, dataset: str, commit: Commit) -> int:
    """Commit what the shards of a data set hold; how many responses that were.

    Shards that nobody writes are removed afterwards. The others stay, to be committed again when
    they are longer: a row that is stored already changes nothing.
    """
    if not folder.is_dir():
        raise CascalError(
            f"There is no folder {folder}. Name the one that was given to --shard.",
            code="wrong-path",
        )
    n_responses = 0
    for base in sorted({_of_file(one) for one in folder.glob("shard-*.journal")}):
        with ExitStack() as held:
            try:
                held.enter_context(Journal(base, dataset))
                finished = True
            except JournalLocked:
                finished = False
            for segment in segments_of(base, dataset):
                rows = read_segment(segment)
                if rows:
                    commit(rows)
                n_responses += len(_responses(rows))
                if finished:
                    segment.unlink()
    return n_responses


def _of_file(segment: Path) -> Path:
    return segment.with_name(segment.name.partition(".")[0])


def _responses(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one["response"] for one in rows if "response" in one]

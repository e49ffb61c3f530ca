"""`Workspace`: one DuckDB file, the only place of the product where anything is kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from cascal.columns import Imported, Progress
from cascal.datatypes import (
    CascalError,
    Embeddings,
    FloatArray,
    IntArray,
    ModelSpec,
    OnConflict,
    Split,
    Task,
    Votes,
)
from cascal.store import (
    collecting,
    deletion,
    equivalences,
    journal,
    reading,
    runs,
    shards,
    vectors,
    voting,
    writing,
)
from cascal.store.billing import Billing
from cascal.store.connection import scalar
from cascal.store.derived import Derived
from cascal.store.keeping import Keeping
from cascal.store.labelling import Labelling
from cascal.store.naming import Naming
from cascal.store.noting import Noting
from cascal.store.recording import COMMIT_SECONDS, Recorder
from cascal.store.records import AddReport, DatasetInfo, Run
from cascal.store.scoring import Scoring

logger = logging.getLogger(__name__)


class Workspace(Labelling, Naming, Noting, Keeping, Scoring, Billing, Derived):
    """The data sets, vectors, maps, runs, labels and scores of one DuckDB file.

    Every operation opens the file, works and closes it, so that several processes and threads can
    share it. What a method raises is a CascalError; WorkspaceLocked where someone else holds the
    file for longer than `lock_timeout` seconds. A write that fails leaves the file as it was.

    Parameters
    ----------
    path
        The file; its folder is made where it is missing.
    lock_timeout
        Seconds to wait for another process or thread.
    create
        Make the file where it is missing, else refuse.
    """

    def add(
        self,
        imported: Imported,
        *,
        on_conflict: OnConflict = "refuse",
        progress: Progress | None = None,
    ) -> AddReport:
        """Store a data set, or refuse it as a whole.

        on_conflict says what happens where the name is taken: "refuse"; "replace" the stored data
        set, which JournalLocked refuses while it is collected into; "extend" it by what is new.
        Identical rows are skipped, a row with other content is refused – except that a response of
        status "error" is replaced by a new attempt. A model or task of which only the name is given
        agrees with the stored one.
        """
        replaces = on_conflict == "replace"
        alone = journal.ending(self.path, imported.dataset) if replaces else nullcontext()
        with alone, self._writing() as connection:
            report = writing.add(connection, imported, on_conflict)
            changed = equivalences.changed(connection, imported.dataset)
        self._compare(imported.dataset, changed, progress)
        return report

    def compare_answers(self, dataset: str, progress: Progress | None = None) -> pa.Table:
        """Decide which free answers are the same, where that is open, and store it.

        Done by all that brings answers, once for each, and kept so far where it is stopped; `votes`
        and `gold` catch up on that, and on a file of an older version. Returns query_id, answer and
        representative of what was compared, which holds also where it cannot be stored: the file is
        read-only, or held by somebody else.
        """
        with self._reading() as connection:
            changed = equivalences.changed(connection, dataset)
        return self._compare(dataset, changed, progress)

    def _compare(
        self, dataset: str, changed: equivalences.Changed, progress: Progress | None = None
    ) -> pa.Table:
        if not changed.query_ids:
            return equivalences.SAME_SCHEMA.empty_table()
        parts = []
        for compared in changed.compare(progress):
            parts.append(compared.same)
            try:
                with self._writing() as connection:
                    equivalences.keep(connection, dataset, compared)
            except CascalError as error:
                logger.info("Compared free answers were not stored: %s", error)
        return pa.concat_tables(parts)

    def answers(
        self, dataset: str, split: Split | None = None, *, free_only: bool = False
    ) -> voting.StoredAnswers:
        """What `votes`, `gold` and `scores` are made of, for who needs more than one of them.

        Free answers are compared now where they were not yet; `free_only` leaves out the letters.
        """
        with self._reading() as connection:
            stored = voting.read_answers(connection, dataset, split, free_only=free_only)
        if stored.compared:
            return stored
        compared = self.compare_answers(dataset)
        with self._reading() as connection:
            return voting.read_answers(
                connection, dataset, split, free_only=free_only, compared=compared
            )

    def begin(
        self,
        dataset: str,
        source: str,
        *,
        tasks: Sequence[Task] = (),
        models: Sequence[ModelSpec] = (),
        simulated: bool = False,
    ) -> None:
        """Make a data set to generate or collect into, or let tasks and models join one.

        Addresses and prices of known models are renewed. `simulated` says whether all that takes
        part is; a simulated data set becomes a real one where it is not.
        """
        with self._writing() as connection:
            collecting.begin(connection, dataset, source, tasks, models, simulated=simulated)

    def recording(self, dataset: str, *, seconds: float = COMMIT_SECONDS) -> Recorder:
        """What takes responses and attempts of a data set as they come; see `Recorder`."""
        commit = partial(self._record, dataset)
        return Recorder(self.path, dataset, commit, seconds=seconds)

    def merge_shards(self, dataset: str, folder: Path) -> int:
        """Take over what the shards of a folder hold; how many responses, see `shards.merge`."""
        return shards.merge(folder, dataset, partial(self._record, dataset))

    def _record(self, dataset: str, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._writing() as connection:
            collecting.record(connection, dataset, rows)
            changed = equivalences.changed(connection, dataset)
        self._compare(dataset, changed)

    def missing(
        self, dataset: str, models: Sequence[str], *, retry_errors: bool = False
    ) -> dict[str, list[str]]:
        """Ids of the queries each model has no stored response to, in row order.

        `retry_errors` counts errors as missing. What waits in a journal is missing too.
        """
        with self._reading() as connection:
            return collecting.missing(connection, dataset, models, retry=retry_errors)

    def attempts(self, dataset: str) -> pa.Table:
        """Attempts at generating queries: ATTEMPT_SCHEMA by number and task."""
        with self._reading() as connection:
            return collecting.attempts(connection, dataset)

    def failures(self, dataset: str) -> pa.Table:
        """Errors of collecting by model and cause: model, cause, n_queries, example."""
        with self._reading() as connection:
            return collecting.failures(connection, dataset)

    def replace_responses(self, dataset: str, responses: pa.Table) -> None:
        """Put RESPONSE_SCHEMA in the place of stored responses of the same keys, all or none."""
        with self._writing() as connection:
            collecting.replace_responses(connection, dataset, responses)
            changed = equivalences.changed(connection, dataset)
        self._compare(dataset, changed)

    def datasets(self) -> list[DatasetInfo]:
        """Every data set, oldest first."""
        with self._reading() as connection:
            return reading.datasets(connection)

    def dataset(self, name: str) -> DatasetInfo:
        """One data set; CascalError lists the known ones where it does not exist."""
        with self._reading() as connection:
            reading.require(connection, name)
            return next(one for one in reading.datasets(connection) if one.name == name)

    def fingerprint(self, dataset: str) -> str:
        """Content hash: changes when any query, response, model or task does."""
        with self._reading() as connection:
            reading.require(connection, dataset)
            sql = "SELECT fingerprint FROM dataset WHERE name = $name"
            return str(scalar(connection, sql, name=dataset))

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the file once for all that this thread reads inside; nobody writes meanwhile."""
        with self._reading():
            yield

    @contextmanager
    def compared(self, dataset: str) -> Iterator[None]:
        """`opened` after `compare_answers`, in one opening where all answers are compared."""
        with self._reading() as connection:
            changed = equivalences.changed(connection, dataset)
            if not changed.query_ids:
                yield
                return
        self._compare(dataset, changed)
        with self._reading():
            yield

    def tasks(self, dataset: str) -> tuple[Task, ...]:
        """The tasks, in the order they were first given."""
        with self._reading() as connection:
            return reading.tasks(connection, dataset)

    def models(self, dataset: str) -> tuple[ModelSpec, ...]:
        """The model pool, in the order it was first given."""
        with self._reading() as connection:
            return reading.models(connection, dataset)

    def queries(self, dataset: str, split: Split | None = None) -> pa.Table:
        """QUERY_SCHEMA and text_hash, in the order the rows were first given."""
        with self._reading() as connection:
            return reading.queries(connection, dataset, split)

    def responses(
        self, dataset: str, split: Split | None = None, with_text: bool = False
    ) -> pa.Table:
        """RESPONSE_SCHEMA by query, model and sample; no column `text` unless asked for."""
        with self._reading() as connection:
            return reading.responses(connection, dataset, split, with_text=with_text)

    def response_texts(self, dataset: str, query_id: str) -> pa.Table:
        """RESPONSE_SCHEMA of one query, in model order."""
        with self._reading() as connection:
            return reading.response_texts(connection, dataset, query_id)

    def votes(
        self,
        dataset: str,
        split: Split | None = None,
        models: Sequence[str] | None = None,
    ) -> Votes:
        """Votes (Q, M) of sample 0, in stored order; models in the given or the stored order.

        A letter beyond the options is NO_ANSWER with status "unreadable", a cell without response
        NO_ANSWER with status "missing", one with a score and no answer NO_ANSWER with "ok". Free
        answers are numbered by first appearance over the whole pool, the same ones together, as
        `cascal.answers` compares them.
        """
        return self.answers(dataset, split).votes(models)

    def scores(self, dataset: str, split: Split | None = None) -> FloatArray:
        """What the source says about being right (Q, M), 0 to 1, in the order of `votes`.

        nan where it says nothing. Of sample 0; a score is never turned into an answer.
        """
        with self._reading() as connection:
            stored = voting.read_answers(connection, dataset, split)
        return stored.scores()

    def letters_given(self, dataset: str) -> bool:
        """Whether the source itself read the letters of most choices that it scored."""
        with self._reading() as connection:
            return reading.letters_given(connection, dataset)

    def gold(self, dataset: str, split: Split | None = None) -> tuple[IntArray, tuple[str, ...]]:
        """The vote (Q,) that each query's own answer is, or NO_ANSWER, and its answer_origin.

        Rows and numbers as in `votes`; a free answer that no model gave gets a number of its own.
        """
        return self.answers(dataset, split, free_only=True).gold()

    def texts_without_vectors(self, dataset: str, encoder: str) -> list[tuple[str, str]]:
        """(text hash, text) of every distinct query text the encoder has not seen."""
        with self._reading() as connection:
            return vectors.texts_without_vectors(connection, dataset, encoder)

    def put_vectors(
        self, encoder: str, dimension: int, hashes: Sequence[str], array: FloatArray
    ) -> None:
        """Store vectors (n, dimension) of n text hashes; equal ones stored before stay.

        Another dimension, another vector for a known text, nan and zero vectors are refused.
        """
        with self._writing() as connection:
            vectors.put_vectors(connection, encoder, dimension, hashes, array)

    def embeddings(self, dataset: str, encoder: str, split: Split | None = None) -> Embeddings:
        """Unit vectors (Q, D) float32 in row order; CascalError says how many are missing."""
        with self._reading() as connection:
            return vectors.embeddings(connection, dataset, encoder, split)

    def encoders(self, dataset: str) -> tuple[tuple[str, int, int], ...]:
        """(encoder, queries covered, dimension), best covered first."""
        with self._reading() as connection:
            return vectors.encoders(connection, dataset)

    def put_layout(
        self,
        dataset: str,
        encoder: str,
        parameters: str,
        query_ids: Sequence[str],
        xy: FloatArray,
    ) -> None:
        """Store a 2-D map (n, 2); an older one of the same parameters is replaced."""
        with self._writing() as connection:
            vectors.put_layout(connection, (dataset, encoder, parameters), query_ids, xy)

    def layout(
        self, dataset: str, encoder: str, parameters: str | None = None
    ) -> tuple[tuple[str, ...], FloatArray] | None:
        """Query ids and points (n, 2) float32, the newest map by default; None without one."""
        with self._reading() as connection:
            return vectors.layout(connection, dataset, encoder, parameters)

    def save_run(self, run: Run, *, replace: bool = False) -> None:
        """Store a run; a taken name is refused unless `replace`."""
        with self._writing() as connection:
            runs.save_run(connection, run, replace=replace)

    def runs(self) -> list[Run]:
        """Every saved run, newest first."""
        with self._reading() as connection:
            return runs.runs(connection)

    def run(self, name: str) -> Run:
        """One saved run; CascalError lists the known ones where it does not exist."""
        with self._reading() as connection:
            return runs.run(connection, name)

    def delete_run(self, name: str) -> None:
        """Delete one saved run."""
        with self._writing() as connection:
            runs.delete_run(connection, name)

    def delete_dataset(self, name: str) -> None:
        """Delete a data set for good: all that is of it, unshared vectors, and their bytes.

        JournalLocked where it is collected into right now.
        """
        with journal.ending(self.path, name), self._writing() as connection:
            deletion.delete_rows(connection, name)
        self.compact()

    def compact(self) -> None:
        """Rewrite the file without the bytes of deleted rows."""
        with self._writing():  # an older file becomes a current one first
            pass
        deletion.rewrite(self.path, self.lock_timeout)

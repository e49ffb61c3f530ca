"""Rows of any format -> checked tables: what is refused, what is reported, what is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from cascal.answers import Reading, read_response
from cascal.columns import (
    DatasetOrigin,
    Imported,
    Progress,
    Refusal,
)
from cascal.datatypes import ModelSpec, ReadingName, Task, count_options
from cascal.importers.drafted import kept_table, query_rows, response_rows
from cascal.importers.fields import gold_answer, says_no_gold
from cascal.importers.limits import MAX_REFUSED_SHARE, ImportRefused
from cascal.importers.row_checks import query_problem, text_problem
from cascal.importers.rows import QueryRow, ResponseRow
from cascal.importers.shelf import Shelf
from cascal.importers.splits import SplitPlan
from cascal.importers.tally import Tally
from cascal.number_format import agreeing, counted

MAX_LISTED = 1_000
"""Reports of one kind that are listed one by one; the notes count all of them."""
MAX_SAMPLE = 1_000_000
"""Highest number of a repeated response."""


@dataclass(frozen=True)
class Plan:
    """What the caller of an import decides."""

    dataset: str
    origin: DatasetOrigin
    mapping: dict[str, str]
    split: SplitPlan
    progress: Progress
    reading: ReadingName = "stated"
    gold_from: int | None = None
    keep: tuple[str, ...] = ()
    log_filter: str = ""


@dataclass(kw_only=True)
class Draft:
    """A data set under way: rows that passed their checks, and a record of the others.

    reading : the rules by which answers are read from texts
    gold_from : from where gold answers that are numbers count the options, None = nobody says
    texts   : sources whose gold answers are options word for word, though letters are among them
    starts  : by source, from where the numbers of its gold answers or options count
    kept    : by column and query id, the values of columns that were asked for by name
    n_thought_unseen : responses with a log-probability whose thinking is counted but not shown
    n_decimal_commas : numbers that were written with a decimal comma
    offered : by query id, what a log says of the query besides, to be kept where it is asked for
    first_samples : by model, the number of its first sample where the files have no number 0
    """

    reading: ReadingName = "stated"
    gold_from: int | None = None
    queries: Shelf[QueryRow] = field(default_factory=lambda: Shelf(QueryRow.of))
    responses: Shelf[ResponseRow] = field(default_factory=lambda: Shelf(ResponseRow.of))
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lost_queries: dict[str, str] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    kept: dict[str, dict[str, str] | dict[str, float]] = field(default_factory=dict)
    offered: dict[str, dict[str, object]] = field(default_factory=dict)
    first_samples: dict[str, int] = field(default_factory=dict)
    n_thought_unseen: int = 0
    n_decimal_commas: int = 0
    _n_no_gold: int = 0
    _rows: Counter[str] = field(default_factory=Counter)
    _refused_rows: dict[str, set[int]] = field(default_factory=dict)
    _reports: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _reworded: set[str] = field(default_factory=set)
    _lost_tasks: Counter[str] = field(default_factory=Counter)
    _several: set[str] = field(default_factory=set)
    _tally: Tally = field(default_factory=Tally)

    def count_rows(self, source: str, n_rows: int) -> None:
        """Say how many rows a source holds: the share of refused rows is taken of it."""
        self._rows[source] += n_rows

    def read(self, text: str, options: Sequence[str]) -> Reading:
        """Read the answer from a text; no options mean a free answer."""
        return read_response(text, len(options), options, self.reading)

    def refuse(self, source: str, row: int, column: str, reason: str) -> None:
        """Leave a row out and say why; a row is refused once."""
        rows = self._refused_rows.setdefault(source, set())
        if row not in rows:
            rows.add(row)
            self.refused.append(Refusal(source, row, column, reason))

    def offer(self, query_id: str, fields: object) -> None:
        """Take down single values that a log says of a query besides; the first of each stays."""
        if isinstance(fields, dict):
            known = self.offered.setdefault(query_id, {})
            for name, value in fields.items():
                if isinstance(value, str | int | float):
                    known.setdefault(str(name), value)

    def report(self, source: str, row: int, column: str, reason: str) -> None:
        """Say what was changed in a row that is kept (or kept once)."""
        self._reports[source, column, reason] += 1
        if self._reports[source, column, reason] <= MAX_LISTED:
            self.refused.append(Refusal(source, row, column, reason))

    def add_query(self, query: QueryRow, *, repeats: bool = False, reworded: bool = False) -> None:
        """Check and keep one query.

        `repeats`: every response's row brings its query along. `reworded`: the same query may come
        in another wording (another prompt around it); the first one is kept and this is noted.
        """
        query = _unix(query)
        known = self.queries.get(query.query_id)
        if known is not None and reworded and known.text != query.text:
            self._reworded.add(query.query_id)
            query = query._replace(text=known.text)
        if known is not None and self.queries.same(known, query, 2):
            if not repeats:
                self._repeated(query)
            return
        if known is not None:
            raise ImportRefused(
                f"{query.source!r} holds query {query.query_id[:80]!r} twice with different "
                f"content ({_places(known, query)}; {_differing(known, query)}). Give every query "
                "its own id.",
                code="conflicting-rows",
            )
        problem = query_problem(query)
        if problem is None:
            self.queries.put(query.query_id, query)
            self._tally.count_query(query)
            no_gold = says_no_gold(query.gold)
            self._n_no_gold += no_gold and gold_answer(query.gold, query.options)[0] is None
            if query.options and not _n_options(query):
                self._several.add(query.query_id)
        else:
            self.lose(query.query_id, query.task, problem[1])
            self.refuse(query.source, query.row, *problem)

    def lose(self, query_id: str, task: str, reason: str) -> None:
        """Take down that a query is left out: its responses are, too."""
        if query_id not in self.lost_queries:
            self.lost_queries[query_id] = reason
            self._lost_tasks[task] += 1

    def add_response(self, response: ResponseRow) -> None:
        """Check and keep one response; its query must be known."""
        if response.query_id in self._several:
            response = self._read_set(response)
        elif self._chooses_several(response):
            self.report(response.source, response.row, "answer", "several options; no answer")
            response = response._replace(answer=None, rule=None, status="unreadable")
        problem = self._response_problem(response)
        if problem is not None:
            self.refuse(response.source, response.row, *problem)
            return
        key = (response.query_id, response.model, response.sample)
        known = self.responses.put(key, response)
        if known is None:
            self._count(response)
        elif self.responses.same(known, response, 2):
            self._repeated(response)
        else:
            raise ImportRefused(
                f"{response.source!r} holds two different responses of {key[1][:80]!r} to query "
                f"{key[0][:80]!r} ({_places(known, response)}). Number them in a column "
                "'sample', or drop one.",
                code="conflicting-rows",
            )

    def _count(self, response: ResponseRow) -> None:
        query = self.queries.get(response.query_id)
        if query is not None:
            self._tally.count_response(response, query, self.queries.place(response.query_id))

    def _chooses_several(self, response: ResponseRow) -> bool:
        query = self.queries.get(response.query_id)
        return query is not None and bool(query.options) and "," in (response.answer or "")

    def _read_set(self, response: ResponseRow) -> ResponseRow:
        """The response with all letters that its text names; what the source gives stays."""
        silent = response.status not in ("ok", "unreadable", "truncated")
        if silent or response.rule == "given" or not response.text:
            return response
        query = self.queries.get(response.query_id)
        options = query.options if query is not None else ()
        reading = read_response(response.text, 0, options, self.reading)
        status = reading.status if response.status == "unreadable" else response.status
        return response._replace(answer=reading.answer, rule=reading.rule, status=status)

    def _repeated(self, row: QueryRow | ResponseRow) -> None:
        self.report(row.source, row.row, "", "identical to an earlier row; kept once")

    def _response_problem(self, response: ResponseRow) -> tuple[str, str] | None:
        if not response.model:
            return "model", "no model name"
        if response.query_id not in self.queries:
            lost = self.lost_queries.get(response.query_id)
            return "query_id", f"its query was refused: {lost}" if lost else "unknown query"
        if response.sample > MAX_SAMPLE:
            return "sample", f"a number beyond {MAX_SAMPLE:,}"
        return (
            text_problem("response", response.text)
            or text_problem("model", response.model)
            or text_problem("answer", response.answer or "")
            or text_problem("rule", response.rule or "")
        )

    def finish(self, plan: Plan, source: str) -> Imported:
        """The complete data set, or a refusal when too little is left."""
        self._check_refused_share()
        if not self.queries:
            raise ImportRefused(
                f"No query is left of {source!r}. {self._first_reason()}", code="no-records"
            )
        self._note_reports()
        self._note_several()
        if self._n_no_gold:
            golds = counted(self._n_no_gold, "gold answer is", "gold answers are")
            self.notes.append(f"{golds} a word for none (N/A, nan): taken as unknown.")
        if self.n_decimal_commas:
            numbers = counted(self.n_decimal_commas, "number has", "numbers have")
            self.notes.append(f"{numbers} a decimal comma: 0,25 was read as 0.25.")
        self.notes += self._tally.notes(self.reading, plan.split, self.n_thought_unseen)
        return Imported(
            dataset=plan.dataset,
            origin=plan.origin,
            source=source,
            tasks=tuple(map(Task, self._tally.tasks)),
            models=tuple(map(ModelSpec, self._tally.models)),
            queries=query_rows(self.queries, plan.split),
            responses=response_rows(self.responses),
            refused=tuple(self.refused),
            notes=tuple(self.notes),
            kept=kept_table(self.kept),
            first_samples=self.first_samples,
            offered=tuple(dict.fromkeys(name for one in self.offered.values() for name in one)),
        )

    def _first_reason(self) -> str:
        first = next(iter(self.refused), None)
        if first is None:
            return "It holds column names only. Add the rows."
        return f"Row {first.row}, {first.column}: {first.reason}."

    def _check_refused_share(self) -> None:
        for source, rows in self._refused_rows.items():
            total = self._rows[source]
            if total and len(rows) > MAX_REFUSED_SHARE * total:
                reason, n_rows = Counter(
                    f"column {one.column!r}: {one.reason}" if one.column else one.reason
                    for one in self.refused
                    if one.source == source and one.row in rows
                ).most_common(1)[0]
                raise ImportRefused(
                    f"{len(rows):,} of {counted(total, 'row')} of {source!r} were refused, so "
                    f"nothing is imported. The most frequent reason ({counted(n_rows, 'row')}): "
                    f"{reason}. Check the column mapping or repair the file.",
                    code="mostly-refused",
                )

    def _note_reports(self) -> None:
        n_refused = sum(map(len, self._refused_rows.values()))
        whole = [one for one in self._lost_tasks if one and one not in self._tally.tasks]
        if whole:
            n_lost = sum(self._lost_tasks[one] for one in whole)
            names = ", ".join(repr(one[:40]) for one in whole[:5])
            lost = counted(n_lost, "query was", "queries were")
            self.notes.insert(0, f"Nothing is left of {names}: {lost} left out.")
        if n_refused:
            self.notes.insert(
                0, f"{counted(n_refused, 'row was', 'rows were')} refused and left out."
            )
        for (source, column, reason), n_rows in self._reports.items():
            where = f", column {column!r}" if column else ""
            self.notes.append(f"{source}{where}: {counted(n_rows, 'row')} – {reason}.")
        if self._reworded:
            self.notes.append(
                f"{counted(len(self._reworded), 'query is', 'queries are')} worded differently in "
                "several places; the first wording was kept."
            )

    def _note_several(self) -> None:
        if self._several:
            self.notes.append(
                f"{len(self._several):,} of {counted(len(self.queries), 'query')} "
                f"{agreeing(len(self._several), 'has', 'have')} several right options: each set of "
                "letters is one answer, as D,E, and only the whole set is right."
            )


def _places(first: QueryRow | ResponseRow, second: QueryRow | ResponseRow) -> str:
    """Where two rows stand, with the file of the first where it is another one."""
    other = f" of {first.source!r}" if first.source != second.source else ""
    return f"rows {first.row}{other} and {second.row}"


def _unix(query: QueryRow) -> QueryRow:
    """The query with line ends as Unix writes them: those of Windows are no other wording."""
    if "\r" not in query.text and not any("\r" in one for one in query.options):
        return query
    options = tuple(one.replace("\r\n", "\n") for one in query.options)
    return query._replace(text=query.text.replace("\r\n", "\n"), options=options)


def _differing(first: QueryRow, second: QueryRow) -> str:
    """What two rows of one query say differently, the first of it with both values."""
    names = [name for name in QueryRow._fields[3:] if getattr(first, name) != getattr(second, name)]
    texts = [str(getattr(one, names[0])) for one in (first, second)]
    pairs = enumerate(zip(*texts, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(map(len, texts)))
    begin = same - 10 if same > 20 else 0  # where they begin to differ
    values = [("…" if begin else "") + one[begin : begin + 40] for one in texts]
    also = f", also {', '.join(names[1:])}" if names[1:] else ""
    return f"{names[0]}: {values[0]!r} and {values[1]!r}{also}"


def _n_options(query: QueryRow) -> int:
    return count_options(query.options, gold_answer(query.gold, query.options)[0])

"""Rows of any format -> checked tables: what is refused, what is reported, what is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np
import pyarrow as pa

from cascal.answers import (
    TELLING,
    Answered,
    Reading,
    find_prose,
    holds_thinking,
    prose_sentence,
    read_answer,
    read_letters,
)
from cascal.columns import (
    KEPT_SCHEMA,
    QUERY_SCHEMA,
    RESPONSE_SCHEMA,
    DatasetOrigin,
    Imported,
    Progress,
    Refusal,
)
from cascal.datatypes import BoolArray, ModelSpec, ReadingName, Split, Task, count_options
from cascal.importers.fields import gold_answer
from cascal.importers.limits import MAX_FIELD_BYTES, MAX_OPTIONS, MAX_REFUSED_SHARE, ImportRefused
from cascal.importers.splits import SplitPlan, splits_of

MAX_LISTED = 1_000
"""Reports of one kind that are listed one by one; the notes count all of them."""
_FEW = 20
"""Answers below which nothing is said of all being wrong."""
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


class QueryRow(NamedTuple):
    """One query as a file gives it; `gold` is a letter, an option text, an index or None."""

    source: str
    row: int
    query_id: str
    task: str
    text: str
    options: tuple[str, ...]
    gold: Any
    origin: str = "gold"
    skill: str | None = None
    split: str = "train"


class ResponseRow(NamedTuple):
    """One response, already read; numbers are None where unknown."""

    source: str
    row: int
    query_id: str
    model: str
    sample: int
    text: str
    answer: str | None = None
    rule: str | None = None
    mean_logprob: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    latency: float | None = None
    status: str = "ok"
    score: float | None = None


@dataclass(kw_only=True)
class Draft:
    """A data set under way: rows that passed their checks, and a record of the others.

    reading : the rules by which answers are read from texts
    kept    : by column and query id, the values of columns that were asked for by name
    n_thought_unseen : responses with a log-probability whose thinking is counted but not shown
    offered : by query id, what a log says of the query besides, to be kept where it is asked for
    """

    reading: ReadingName = "stated"
    queries: dict[str, QueryRow] = field(default_factory=dict)
    responses: dict[tuple[str, str, int], ResponseRow] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lost_queries: dict[str, str] = field(default_factory=dict)
    kept: dict[str, dict[str, str] | dict[str, float]] = field(default_factory=dict)
    offered: dict[str, dict[str, object]] = field(default_factory=dict)
    n_thought_unseen: int = 0
    _rows: Counter[str] = field(default_factory=Counter)
    _refused_rows: dict[str, set[int]] = field(default_factory=dict)
    _reports: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _reworded: set[str] = field(default_factory=set)
    _several: set[str] = field(default_factory=set)

    def count_rows(self, source: str, n_rows: int) -> None:
        """Say how many rows a source holds: the share of refused rows is taken of it."""
        self._rows[source] += n_rows

    def read(self, text: str, n_options: int) -> Reading:
        """Read the answer from a text; 0 options mean a free answer."""
        return read_answer(text, n_options, self.reading)

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
        known = self.queries.get(query.query_id)
        if known is not None and reworded and known.text != query.text:
            self._reworded.add(query.query_id)
            query = query._replace(text=known.text)
        if known is not None and _unix(known)[2:] == _unix(query)[2:]:
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
        problem = _query_problem(query)
        if problem is None:
            self.queries[query.query_id] = query
            if query.options and not _n_options(query):
                self._several.add(query.query_id)
        else:
            self.lost_queries.setdefault(query.query_id, problem[1])
            self.refuse(query.source, query.row, *problem)

    def add_response(self, response: ResponseRow) -> None:
        """Check and keep one response; its query must be known."""
        if response.query_id in self._several:
            response = self._read_set(response)
        elif self._chooses_several(response):
            self.report(response.source, response.row, "answer", "several options; no answer")
            response = response._replace(answer=None, rule=None, status="unreadable")
        key = (response.query_id, response.model, response.sample)
        problem = self._response_problem(response)
        known = self.responses.get(key)
        if problem is not None:
            self.refuse(response.source, response.row, *problem)
        elif known is None:
            self.responses[key] = response
        elif known[2:] == response[2:]:
            self._repeated(response)
        else:
            raise ImportRefused(
                f"{response.source!r} holds two different responses of {key[1][:80]!r} to query "
                f"{key[0][:80]!r} ({_places(known, response)}). Number them in a column "
                "'sample', or drop one.",
                code="conflicting-rows",
            )

    def _chooses_several(self, response: ResponseRow) -> bool:
        query = self.queries.get(response.query_id)
        return query is not None and bool(query.options) and "," in (response.answer or "")

    def _read_set(self, response: ResponseRow) -> ResponseRow:
        """The response with all letters that its text names; what the source gives stays."""
        silent = response.status not in ("ok", "unreadable", "truncated")
        if silent or response.rule == "given" or not response.text:
            return response
        options = self.queries[response.query_id].options
        stated = self.reading == "stated"
        text = response.text
        reading = read_letters(text, options) if stated else self.read(text, 0)
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
        prose = self._prose()
        if prose.any():
            tasks = [one.task for one in self.queries.values()]
            self.notes.append(prose_sentence(prose, tasks))
        else:
            self._note_answers()
            self._note_rules()
        self._note_thinking()
        self._note_scores()
        self._note_split(plan.split)
        queries = list(self.queries.values())
        responses = list(self.responses.values())
        return Imported(
            dataset=plan.dataset,
            origin=plan.origin,
            source=source,
            tasks=tuple(Task(name) for name in dict.fromkeys(one.task for one in queries)),
            models=tuple(ModelSpec(name) for name in dict.fromkeys(one.model for one in responses)),
            queries=_query_table(queries, plan.split),
            responses=_response_table(responses),
            refused=tuple(self.refused),
            notes=tuple(self.notes),
            kept=_kept_table(self.kept),
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
                    f"column {one.column!r}: {one.reason}"
                    for one in self.refused
                    if one.source == source and one.row in rows
                ).most_common(1)[0]
                raise ImportRefused(
                    f"{len(rows):,} of {total:,} rows of {source!r} were refused, so nothing is "
                    f"imported. The most frequent reason ({n_rows:,} rows): {reason}. Check the "
                    "column mapping or repair the file.",
                    code="mostly-refused",
                )

    def _note_reports(self) -> None:
        n_refused = sum(map(len, self._refused_rows.values()))
        if n_refused:
            self.notes.insert(0, f"{n_refused:,} rows were refused and left out.")
        for (source, column, reason), n_rows in self._reports.items():
            where = f", column {column!r}" if column else ""
            self.notes.append(f"{source}{where}: {n_rows:,} rows – {reason}.")
        if self._reworded:
            self.notes.append(
                f"{len(self._reworded):,} queries are worded differently in several places; the "
                "first wording was kept."
            )

    def _note_several(self) -> None:
        if self._several:
            self.notes.append(
                f"{len(self._several):,} of {len(self.queries):,} queries have several right "
                "options: each set of letters is one answer, as D,E, and only the whole set is "
                "right."
            )

    def _prose(self) -> BoolArray:
        """(Q,) queries whose answers are open-ended; texts alike count as one answer."""
        row = {query_id: at for at, query_id in enumerate(self.queries)}
        free = np.array([not one.options for one in self.queries.values()], dtype=bool)
        told = [
            one
            for one in self.responses.values()
            if one.sample == 0 and one.status in TELLING
            if free[row[one.query_id]] and (one.text or one.answer)
        ]
        answered = Answered(
            rows=np.array([row[one.query_id] for one in told], dtype=np.int64),
            text_lengths=np.array([len(one.text) for one in told], dtype=np.int64),
            answer_lengths=np.array([len(one.answer or "") for one in told], dtype=np.int64),
            rules=[one.rule for one in told],
            same=[one.answer and one.answer.casefold() for one in told],
        )
        return find_prose(answered, free, [one.task for one in self.queries.values()])

    def _note_scores(self) -> None:
        """Name the models that cannot vote because they are only scored."""
        answering = {one.model for one in self.responses.values() if one.answer is not None}
        scored = {one.model: None for one in self.responses.values() if one.score is not None}
        names = [model for model in scored if model not in answering]
        if names:
            self.notes.append(
                f"{len(names)} models give only right or wrong, no answers: they can be evaluated "
                f"but cannot vote: {', '.join(names)}"
            )

    def _note_thinking(self) -> None:
        """Say where log-probabilities are means over thinking too, or may be."""
        n_shown = sum(
            one.mean_logprob is not None and holds_thinking(one.text)
            for one in self.responses.values()
        )
        if n_shown:
            self.notes.append(
                f"{n_shown:,} responses show their thinking: the mean log-probability is that of "
                "all tokens, thinking included, and says less of the answer."
            )
        if self.n_thought_unseen:
            self.notes.append(
                f"{self.n_thought_unseen:,} responses count tokens of thinking that they do not "
                "show: whether their mean log-probability includes these cannot be told."
            )

    def _note_answers(self) -> None:
        """Say how many answers could be read, and warn where none of them is a gold answer."""
        said = [one for one in self.responses.values() if one.score is None]
        readable = [one for one in said if one.answer is not None]
        if len(readable) < len(said):
            self.notes.append(
                f"{len(said) - len(readable):,} of {len(said):,} responses hold no answer that "
                "can be read."
            )
        bare = [(one.answer or "").strip("().: ") for one in readable]
        lettered = sum(len(one) == 1 and "A" <= one <= "J" for one in bare)
        free = not any(query.options for query in self.queries.values())
        if free and lettered >= max(_FEW, len(readable) / 2):
            self.notes.append(
                f"{lettered:,} of {len(readable):,} answers are single letters, but no query has "
                "options: for multiple choice add a column options (or n_options)."
            )
        golds = {
            query.query_id: (gold_answer(query.gold, query.options)[0] or "").casefold()
            for query in self.queries.values()
        }
        pairs = [
            (golds[one.query_id], (one.answer or "").casefold())
            for one in readable
            if golds[one.query_id]
        ]
        if len(pairs) >= _FEW and not any(gold == answer for gold, answer in pairs):
            self.notes.append(
                f"None of {len(pairs):,} answers is its query's gold answer word for word: look at "
                "how they were read. Multiple-choice queries need a column options (or n_options)."
            )

    def _note_rules(self) -> None:
        """Say which reading was used, and how many answers each of its rules read."""
        rules = Counter(
            one.rule
            for one in self.responses.values()
            if one.answer is not None and one.rule not in (None, "given")
        )
        if rules:
            counted = ", ".join(f"{name} {count:,}" for name, count in rules.most_common())
            self.notes.append(
                f"{rules.total():,} answers were read from texts by the reading "
                f"{self.reading!r}: {counted}."
            )

    def _note_split(self, plan: SplitPlan) -> None:
        n_test = sum(one.split == "test" for one in self.queries.values())
        if plan.test_share is not None and n_test:
            self.notes.append(
                f"The split of the file ({n_test:,} test queries) gives way to the test share of "
                f"{plan.test_share:g}."
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
    values = [str(getattr(one, names[0]))[:40] for one in (first, second)]
    also = f", also {', '.join(names[1:])}" if names[1:] else ""
    return f"{names[0]}: {values[0]!r} and {values[1]!r}{also}"


def text_problem(column: str, text: str) -> tuple[str, str] | None:
    """Why a text cannot be stored, as (column, reason); None if it can."""
    try:
        n_bytes = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        return column, "holds half a character (a lone surrogate), which is not valid text"
    if n_bytes > MAX_FIELD_BYTES:
        return column, f"{n_bytes:,} bytes, more than the {MAX_FIELD_BYTES:,} of one field"
    return None


def _n_options(query: QueryRow) -> int:
    return count_options(query.options, gold_answer(query.gold, query.options)[0])


def _query_problem(query: QueryRow) -> tuple[str, str] | None:
    if not query.query_id:
        return "query_id", "no query id"
    if not query.text.strip():
        return "text", "no text"
    if not query.task:
        return "task", "no task"
    n_options = len(query.options)
    if n_options == 1:
        return "options", "1 option; a choice needs at least 2, and none means a free answer"
    if n_options > MAX_OPTIONS:
        return "options", f"{n_options} options; at most {MAX_OPTIONS} (A to Z) can be read"
    if query.split not in ("train", "test"):
        return "split", f"split {query.split[:40]!r} is neither 'train' nor 'test'"
    for column, text in (
        ("query_id", query.query_id),
        ("task", query.task),
        ("text", query.text),
        ("options", "".join(query.options)),
        ("skill", query.skill or ""),
    ):
        if (problem := text_problem(column, text)) is not None:
            return problem
    gold, reason = gold_answer(query.gold, query.options)
    return ("gold", reason) if reason else text_problem("gold", gold or "")


def _query_table(queries: list[QueryRow], plan: SplitPlan) -> pa.Table:
    golds = [gold_answer(one.gold, one.options)[0] for one in queries]
    ids, tasks = [one.query_id for one in queries], [one.task for one in queries]
    columns: dict[str, Iterable[Any]] = {
        "query_id": ids,
        "task": tasks,
        "text": [one.text for one in queries],
        "options": [list(one.options) for one in queries],
        "answer": golds,
        "answer_origin": [
            "none" if gold is None else one.origin for gold, one in zip(golds, queries, strict=True)
        ],
        "skill": [one.skill for one in queries],
        "split": splits_of(ids, tasks, [cast("Split", one.split) for one in queries], plan),
    }
    return pa.table(columns, schema=QUERY_SCHEMA)


def _response_table(responses: list[ResponseRow]) -> pa.Table:
    columns = {name: [getattr(one, name) for one in responses] for name in RESPONSE_SCHEMA.names}
    return pa.table(columns, schema=RESPONSE_SCHEMA)


def _kept_table(kept: dict[str, dict[str, str] | dict[str, float]]) -> pa.Table:
    rows = [
        {
            "query_id": query_id,
            "name": name,
            "text": value if isinstance(value, str) else None,
            "number": None if isinstance(value, str) else value,
        }
        for name, values in kept.items()
        for query_id, value in values.items()
    ]
    return pa.Table.from_pylist(rows, KEPT_SCHEMA)

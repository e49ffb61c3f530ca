"""Tables with one column a model, as sheets have them: found by what the cells say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cascal.importers.draft import Draft
from cascal.importers.fields import clean, is_blank, raw_text
from cascal.importers.rows import QueryRow
from cascal.importers.stream import Numbered, Stream

MIN_READ = 0.8
"""Share of a column's cells that name an option from which it is taken for a model's answers."""
MIN_RIGHT = 0.1
"""The same for free answers: share of the cells that are the gold answer."""
FEWEST_MODELS = 2
_SCORES = frozenset({"0", "1", "0.0", "1.0", "true", "false"})
_MODEL = re.compile(
    r"(?i)(?:.*[/_: -])?(?:gpt|chatgpt|claude|llama|mistral|mixtral|ministral|gemini|gemma|qwen|qwq"
    r"|phi|deepseek|command|yi|falcon|grok|nova|granite|olmo|glm|kimi|o[134])(?![a-z]).*"
    r"|(?:response|answer|output)_.+"
    r"|.+_(?:response|answer|output)"
)
_NUMBERS = re.compile(
    r"(?i).*[_ -](?:cost|price|latency|time|seconds|tokens?|logprobs?|score|correct|acc|id|rank)\Z"
)
_BY_MODEL = frozenset({"responses", "model_responses", "outputs", "completions"})
"""What a column of objects {model: response} is called."""


def _is_called_a_model(name: str) -> bool:
    """Whether a column is called as models or their responses are, and not as their numbers."""
    return _MODEL.fullmatch(name) is not None and _NUMBERS.fullmatch(name) is None


def model_columns(draft: Draft, stream: Stream, ids: str, free: Sequence[str]) -> list[str]:
    """The free columns that hold the answers of one model each; [] unless there are several.

    ids : the column of the query ids, whose queries the draft knows by now
    """
    if len(free) < FEWEST_MODELS:
        return []
    counts = {name: _Counts() for name in free}
    golds: set[str] = set()
    for _, (query_id, *cells) in stream.cells([ids, *free]):
        query = draft.queries.get(clean(query_id))
        if query is None:
            continue
        if not query.options:
            golds.add(clean(query.gold).casefold())
        for column, cell in zip(counts.values(), cells, strict=True):
            if not is_blank(cell):
                column.add(draft, query, raw_text(cell).strip())
    found = {name for name, column in counts.items() if column.are_answers}
    called = [name for name in free if _is_called_a_model(name) and not counts[name].are_scores]
    if len(called) >= FEWEST_MODELS:
        found.update(called)
    if len(found) < FEWEST_MODELS:
        return []
    among = _among(golds, stream, [name for name in free if name not in found])
    return [name for name in free if name in found or name in among]


@dataclass(eq=False)
class _Counts:
    """What the cells of a column say to the queries: those with options, and those without."""

    n_chosen: int = 0
    n_named: int = 0
    n_free: int = 0
    n_right: int = 0
    n_scores: int = 0
    n_golds_like_scores: int = 0

    def add(self, draft: Draft, query: QueryRow, cell: str) -> None:
        """Count a cell that is not blank."""
        self.n_scores += cell.casefold() in _SCORES
        self.n_golds_like_scores += clean(query.gold).casefold() in _SCORES
        if query.options:
            self.n_chosen += 1
            self.n_named += draft.read(cell, query.options).answer is not None
            return
        self.n_free += 1
        said = draft.read(cell, ()).answer or cell
        self.n_right += clean(query.gold).casefold() in (cell.casefold(), said.casefold())

    @property
    def are_scores(self) -> bool:
        """Whether every cell is 0 or 1 where gold answers are not: right or wrong, no answer."""
        n_cells = self.n_chosen + self.n_free
        return self.n_scores == n_cells and self.n_golds_like_scores < n_cells

    @property
    def are_answers(self) -> bool:
        """Whether they are the answers of a model."""
        if self.n_chosen:
            return self.n_named >= MIN_READ * self.n_chosen
        return bool(self.n_free) and self.n_right >= MIN_RIGHT * self.n_free


def _among(golds: set[str], stream: Stream, names: Sequence[str]) -> set[str]:
    """The columns whose cells are answers to some of the queries: a model may be right in none."""
    if not golds or not names:
        return set()
    n_filled, n_known = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for _, cells in stream.cells(names):
        for name, cell in zip(names, cells, strict=True):
            if not is_blank(cell):
                n_filled[name] += 1
                n_known[name] += raw_text(cell).strip().casefold() in golds
    return {name for name in names if n_known[name] >= MIN_READ * max(n_filled[name], 1)}


def one_row_a_response(stream: Stream, ids: str, models: Sequence[str]) -> Stream:
    """The same answers under query_id, model and response; a blank cell was not asked."""

    def read(names: Sequence[str]) -> Numbered:
        for model in models:
            for row, (query_id, cell) in stream.cells([ids, model]):
                if not is_blank(cell):
                    told = {"query_id": query_id, "model": model, "response": cell}
                    yield row, [told[name] for name in names]

    return Stream(
        source=stream.source,
        names=("query_id", "model", "response"),
        n_good=stream.n_good * len(models),
        refused=[],
        read=read,
    )


def responses_by_model(stream: Stream, ids: str, free: Sequence[str]) -> tuple[str, Stream] | None:
    """The first column of objects {model: text} that is called as responses are, and its answers
    under query_id, model and response; null was not asked.
    """
    for name in free:
        if name.casefold() in _BY_MODEL and (n_responses := _n_responses(stream, name)):
            return name, _of_objects(stream, ids, name, n_responses)
    return None


def _n_responses(stream: Stream, name: str) -> int:
    """How many responses the objects of a column hold; 0 where a cell is anything else."""
    n_responses = 0
    for _, (cell,) in stream.cells([name]):
        if is_blank(cell):
            continue
        if not isinstance(cell, dict) or any(isinstance(one, list | dict) for one in cell.values()):
            return 0
        n_responses += sum(one is not None for one in cell.values())
    return n_responses


def _of_objects(stream: Stream, ids: str, name: str, n_responses: int) -> Stream:
    def read(names: Sequence[str]) -> Numbered:
        for row, (query_id, cell) in stream.cells([ids, name]):
            for model, text in {} if is_blank(cell) else cell.items():
                if text is not None:
                    told = {"query_id": query_id, "model": model, "response": text}
                    yield row, [told[one] for one in names]

    return Stream(
        source=stream.source,
        names=("query_id", "model", "response"),
        n_good=n_responses,
        refused=[],
        read=read,
    )

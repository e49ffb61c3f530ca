"""One task, model, query or response, as files and the workspace hold them."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import Literal, get_args

from cascal.datatypes.options import count_options

AnswerOrigin = Literal["gold", "generated", "none"]
Split = Literal["train", "test"]
OnConflict = Literal["refuse", "replace", "extend"]
"""What happens to a data set that is there already when another of its name comes."""
ReadingName = Literal["stated", "upstream", "source"]
READINGS: tuple[ReadingName, ...] = get_args(ReadingName)
"""stated: only what a text states as its answer. upstream: as MMLU-Pro's own scripts guess. source:
as the file itself says, also that there is none; texts without its word as "stated"."""
Right = Literal["auto", "source", "reading"]
"""Who tells right from wrong where a source scored responses itself: its scores, the answers as
they are read, or (auto) the scores where they often say otherwise."""
RIGHTS: tuple[Right, ...] = get_args(Right)
Status = Literal["ok", "unreadable", "truncated", "refused", "error", "missing"]
STATUSES: tuple[Status, ...] = ("ok", "unreadable", "truncated", "refused", "error", "missing")


@dataclass(frozen=True)
class Task:
    """A subject with a description, the paper's *t*; queries name it by its `name`."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class ModelSpec:
    """A routable model. `key_env` is the *name* of the key's environment variable, never the key.

    `model_id` is what the server at `base_url` calls it. `input_price` and `output_price` are in US
    dollars per million tokens, nan where unknown. `simulated`: no real model answers.
    """

    name: str
    _: KW_ONLY
    model_id: str = ""
    base_url: str = ""
    key_env: str = ""
    input_price: float = math.nan
    output_price: float = math.nan
    simulated: bool = False


@dataclass(frozen=True)
class Query:
    """One question to be routed. Nothing between `score` and `route` ever sees `answer`.

    `answer` is gold or generated, as `answer_origin` says; `skill` what it is known to test.
    `several`: all right options are asked for, without a gold answer that tells so.
    """

    query_id: str
    task: str
    text: str
    _: KW_ONLY
    options: tuple[str, ...] = ()
    answer: str | None = None
    answer_origin: AnswerOrigin = "none"
    skill: str | None = None
    split: Split = "train"
    several: bool = False

    @property
    def n_options(self) -> int:
        """How many options an answer chooses from; 0 means a free answer."""
        return 0 if self.several else count_options(self.options, self.answer)


@dataclass(frozen=True)
class Response:
    """What one model returned for one query, raw and parsed.

    `answer` is an option letter, or the text of a free answer; None where none could be read.
    `rule` names the rule of `answers` that read it. `mean_logprob` is nan where unknown, as are
    `cost` in US dollars and `latency` in seconds. Of repeated responses only `sample` 0 votes.
    `score` is what the source says about being right, 0 to 1, nan where it says nothing; a response
    with a score and no answer is legal: its model can be evaluated, but it cannot vote.
    """

    query_id: str
    model: str
    _: KW_ONLY
    text: str = ""
    answer: str | None = None
    rule: str | None = None
    mean_logprob: float = math.nan
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float = math.nan
    latency: float = math.nan
    status: Status = "ok"
    sample: int = 0
    score: float = math.nan

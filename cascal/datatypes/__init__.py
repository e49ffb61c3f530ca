"""The nouns of CASCAL Studio: frozen, shapes checked where they are made, arrays read-only.

Axes: Q queries, M models, D dimensions, C clusters, T tasks, K selected models.
"""

from cascal.datatypes.arrays import BoolArray, FloatArray, IntArray, read_only
from cascal.datatypes.embeddings import Embeddings
from cascal.datatypes.options import (
    FREE_ANSWER_OPTIONS,
    NO_ANSWER,
    SEVERAL_RIGHT,
    count_options,
    option_letter,
)
from cascal.datatypes.records import (
    READINGS,
    RIGHTS,
    STATUSES,
    AnswerOrigin,
    ModelSpec,
    OnConflict,
    Query,
    ReadingName,
    Response,
    Right,
    Split,
    Status,
    Task,
)
from cascal.datatypes.votes import Votes
from cascal.refusals import CascalError, NotApplicable

__all__ = [
    "FREE_ANSWER_OPTIONS",
    "NO_ANSWER",
    "READINGS",
    "RIGHTS",
    "SEVERAL_RIGHT",
    "STATUSES",
    "AnswerOrigin",
    "BoolArray",
    "CascalError",
    "Embeddings",
    "FloatArray",
    "IntArray",
    "ModelSpec",
    "NotApplicable",
    "OnConflict",
    "Query",
    "ReadingName",
    "Response",
    "Right",
    "Split",
    "Status",
    "Task",
    "Votes",
    "count_options",
    "option_letter",
    "read_only",
]

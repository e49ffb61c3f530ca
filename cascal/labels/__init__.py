"""A few labels where two routers differ, and what they say of all queries (docs/labels.md).

Arrays in, numbers with intervals out: no router, no file and no person is known here.
"""

from cascal.labels.contested import contested
from cascal.labels.gain import Gain, combined_gain, gain, keep_router
from cascal.labels.inclusion import inclusion_probabilities
from cascal.labels.record import LabelRecord, heeded_words, lift_to_first
from cascal.labels.rectifier import Correction, Rectifier, nearest_groups, rectifier
from cascal.labels.sequence import (
    confidence_sequence,
    labels_needed,
    settled_after,
)

__all__ = [
    "Correction",
    "Gain",
    "LabelRecord",
    "Rectifier",
    "combined_gain",
    "confidence_sequence",
    "contested",
    "gain",
    "heeded_words",
    "inclusion_probabilities",
    "keep_router",
    "labels_needed",
    "lift_to_first",
    "nearest_groups",
    "rectifier",
    "settled_after",
]

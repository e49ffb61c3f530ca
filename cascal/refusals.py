"""The kinds of refusals, each with the code that stays when a sentence is reworded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "cannot-listen": "the server's address or port cannot be taken",
        "conflicting-settings": "two settings exclude each other",
        "damaged-file": "a file lacks a part, or was cut or changed",
        "duplicate-id": "an id is there twice and must be unique",
        "encoder-failed": "the encoder ended with an error of its own",
        "foreign-file": "a file is of another kind or another program",
        "malformed-value": "a text does not have the form its field needs",
        "missing-value": "something that is needed was not given",
        "needs-labels": "right answers are needed to learn from, none are known",
        "needs-log-probabilities": "confidences are needed, and no response has any",
        "needs-probabilities": "scores of another kind are no probabilities of being right",
        "no-answers": "no model gave an answer that can be read",
        "no-gold": "no query has a gold answer to compare with",
        "no-skills": "no query names the skill that it needs",
        "no-such-file": "there is no file of this name",
        "no-such-option": "a vote names an option its query lacks",
        "no-test-queries": "all queries are for training, none is to test",
        "no-vectors": "queries or responses have not been encoded yet",
        "not-installed": "a part of the program is not installed here",
        "not-running": "the server has not started, or is shutting down",
        "nothing-to-compare": "nothing differs, or nothing is on both sides",
        "nothing-to-fit": "there is no training query, or no model",
        "nothing-to-split": "no model is strong on two different queries",
        "other-encoder": "vectors are not of the encoder that is needed",
        "other-models": "two things belong to different pools of models",
        "other-queries": "two things belong to different queries, or their order differs",
        "other-version": "a file was written by another version of cascal",
        "out-of-bounds": "a number is not within its field's bounds",
        "switched-off": "the settings leave out what was asked about",
        "taken-name": "a model's name is reserved for something else",
        "too-large": "a file is larger than is safe to read",
        "too-little-data": "too few queries, models or tasks for the question",
        "unknown-choice": "a name is none of those to choose from",
        "unknown-field": "a mapping holds a name that means nothing there",
        "unknown-model": "a model is named that is not in the pool",
        "unusable-costs": "costs are unknown, or the same for all models",
        "unusable-text": "a row has no text where each needs one",
        "unusable-vector": "numbers are nan or infinite, or a length is wrong",
        "wrong-path": "a folder is named for a file, or the reverse",
        "wrong-shape": "an array's shape does not fit what it describes",
        "wrong-type": "a value is of another type than its field",
    }
)
"""Code of every refusal → its meaning. The refusals of `cascal serve` over HTTP are not among
them: their codes are those that OpenAI clients know (`cascal.serve.errors.STATUS`)."""

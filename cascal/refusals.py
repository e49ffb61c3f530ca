"""The kinds of refusals, each with the code that stays when a sentence is reworded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "already-there": "a data set or run of this name is stored",
        "ambiguous-gold": "answers are numbers that may count from 0 or from 1",
        "bad-field": "a field of a hand-written file holds what it cannot mean",
        "bad-json": "a file that must be JSON cannot be read as JSON",
        "bad-yaml": "a file that must be YAML cannot be read as YAML",
        "binary-file": "a table is needed, and a binary file came",
        "cannot-listen": "the server's address or port cannot be taken",
        "changed-draw": "labels name queries, or an order, other than the draw's",
        "changed-encoder": "an encoder gives other vectors than it did before",
        "changed-query": "a query was edited since its label was asked for",
        "conflicting-rows": "rows with one id differ in what they say",
        "conflicting-settings": "two settings exclude each other",
        "damaged-file": "a file lacks a part, or was cut or changed",
        "dataset-in-use": "another process collects into the data set, or replaces it",
        "duplicate-file": "two files hold what one of them must hold",
        "duplicate-id": "an id is there twice and must be unique",
        "duplicate-key": "a key or column stands twice, and one would be lost",
        "encoder-failed": "the encoder ended with an error of its own",
        "encrypted": "an archive is locked by a password",
        "endpoint-failed": "an endpoint refused, failed or answered something else",
        "foreign-code": "loading a model would run code that came with it",
        "foreign-file": "a file is of another kind or another program",
        "foreign-host": "a file, not the user, names where texts would go",
        "judges-itself": "a model would judge where it is itself compared",
        "key-not-set": "the environment variable of a key is not set",
        "labelled-twice": "one person labelled one query in two ways",
        "malformed-value": "a text does not have the form its field needs",
        "missing-column": "a table lacks a column that is needed",
        "missing-part": "files that belong together are not all there",
        "missing-value": "something that is needed was not given",
        "mixed-formats": "files or rows of several formats came together",
        "mixed-origins": "real data would be mixed with simulated or shipped data",
        "mostly-refused": "too many rows of a file cannot be used",
        "needs-labels": "right answers are needed to learn from, none are known",
        "needs-latencies": "responses do not say how long they took",
        "needs-log-probabilities": "confidences are needed, and no response has any",
        "needs-probabilities": "scores of another kind are no probabilities of being right",
        "nested-too-deep": "entries are nested, or multiplied, beyond any use",
        "no-access": "a file or folder cannot be opened, or written to",
        "no-answers": "no model gave an answer that can be read",
        "no-dataset": "there is no data set of this name",
        "no-endpoint": "a model has no address at which to ask it",
        "no-gold": "no query has a gold answer to compare with",
        "no-map": "no query has a place on the map yet",
        "no-records": "what was given holds no row that can be used",
        "no-run": "there is no saved run of this name",
        "no-skills": "no query names the skill that it needs",
        "no-such-file": "there is no file of this name",
        "no-such-option": "a vote names an option its query lacks",
        "no-test-queries": "all queries are for training, none is to test",
        "no-vectors": "queries or responses have not been encoded yet",
        "no-workspace": "there is no workspace at this place",
        "not-comparable": "answers are open-ended, and no votes that could agree",
        "not-installed": "a part of the program is not installed here",
        "not-records": "a list of records is needed, and something else came",
        "not-running": "a server or client has not started, or has ended",
        "nothing-to-compare": "nothing differs, or nothing is on both sides",
        "nothing-to-fit": "there is no training query, or no model",
        "nothing-to-split": "no model is strong on two different queries",
        "other-encoder": "vectors are not of the encoder that is needed",
        "other-models": "two things belong to different pools of models",
        "other-queries": "two things belong to different queries, or their order differs",
        "other-version": "a file was written by another version of cascal",
        "out-of-bounds": "a number is not within its field's bounds",
        "outside-folder": "a path leads out of the folder it must stay in",
        "pickle": "a file may run code when it is opened",
        "switched-off": "the settings leave out what was asked about",
        "taken-name": "a model's name is reserved for something else",
        "too-large": "a file is larger than is safe to read",
        "too-little-data": "too few queries, models or tasks for the question",
        "unknown-address": "a place of this kind is not read from",
        "unknown-choice": "a name is none of those to choose from",
        "unknown-encoder": "a name is that of no encoder",
        "unknown-field": "a mapping holds a name that means nothing there",
        "unknown-format": "a file or folder is of no kind that is imported",
        "unknown-model": "a model is named that is not in the pool",
        "unknown-query": "a query is named that is not in the data set",
        "unknown-reference": "a row names a query or model that is not there",
        "unreadable-value": "a value looks like a number or date, but is none",
        "unusable-costs": "costs are unknown, or the same for all models",
        "unusable-row": "a row holds what its column cannot mean",
        "unusable-text": "a row has no text where each needs one",
        "unusable-vector": "numbers are nan or infinite, or a length is wrong",
        "workspace-failed": "a workspace cannot be made, read or written",
        "workspace-locked": "another process or thread holds the workspace",
        "written-secret": "a key is written where only its variable belongs",
        "wrong-encoding": "a text is not in UTF-8",
        "wrong-options": "a query lacks the options that it needs",
        "wrong-path": "a folder is named for a file, or the reverse",
        "wrong-path-count": "more or fewer paths came than belong together",
        "wrong-shape": "an array's shape does not fit what it describes",
        "wrong-type": "a value is of another type than its field",
        "zip-bomb": "an archive would unpack to more than is safe",
    }
)
"""Code of every refusal → its meaning. The refusals of `cascal serve` over HTTP are not among
them: their codes are those that OpenAI clients know (`cascal.serve.errors.STATUS`)."""


class CascalError(ValueError):
    """A refusal in one sentence: what came, what is wrong, what to do.

    `code` names the kind of refusal in a few words with hyphens; all are in `REFUSALS`.
    It stays when the sentence is reworded, so programs and tests go by it.
    """

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code

    def __reduce__(self) -> tuple[type[CascalError], tuple[str, str]]:
        """Made again with its code where another process refused."""
        return type(self), (str(self), self.code)


class NotApplicable(CascalError):
    """A measure or check that is undefined for the data at hand."""

"""DeepEval test runs (JSON) -> queries and responses.

File:      testCases[], hyperparameters{model}, testPassed; or one such object under testRunData
Test case: name, input, actualOutput, expectedOutput, success, metricsData[{name, score, success,
           error}], tokenCost, completionTime, inputTokenCount, outputTokenCount

One file is the run of one model: hyperparameters.model, else the name of the file. Whether all
metrics passed (`success`) is the score, as DeepEval counts its pass rate; a case whose metric
failed to judge has none. Conversations of several turns are named and not read.

Source of the format: deepeval.com, test runs; checked against files that deepeval wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cascal.columns import Imported
from cascal.importers.calls import Call, read_calls
from cascal.importers.checked_rows import items, part, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused, parse_json, read_bytes
from cascal.importers.messages import message_text
from cascal.importers.response import Said
from cascal.importers.sniff import foreign_files
from cascal.number_format import agreeing, counted

KIND = "deepeval"
ABOUT = "DeepEval test runs (DEEPEVAL_RESULTS_FOLDER, or .latest_test_run.json)"

_MODEL_NAMES = ("model", "model_name", "llm", "Model")


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one test run, or all of a folder."""
    return read_calls(paths, plan, KIND, _calls)


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The test cases of the first run, for looking at."""
    return _lines(*foreign_files(paths, KIND)[0])[1].records


def _lines(file: Path, source: str) -> tuple[Record, Lines]:
    """The run and its test cases."""
    document = part(parse_json(read_bytes(file), source))
    run = part(document.get("testRunData")) or document
    cases = [one for one in items(run.get("testCases")) if isinstance(one, dict)]
    if not cases:
        raise ImportRefused(
            f"{source!r} holds no test case of one turn (testCases). Run the evaluation with "
            "LLMTestCase.",
            code="no-records",
        )
    return run, Lines(source, list(range(1, len(cases) + 1)), cases, [])


def _calls(draft: Draft, file: Path, source: str) -> Iterator[Call]:
    run, lines = _lines(file, source)
    named = part(run.get("hyperparameters"))
    model = next((clean(named[one]) for one in _MODEL_NAMES if clean(named.get(one))), "")
    if not model:
        model = file.stem
        draft.notes.append(
            f"{source} names no model (hyperparameters model); its own name does: {model}."
        )
    if n_turns := len(items(run.get("conversationalTestCases"))):
        draft.notes.append(
            f"{source}: {counted(n_turns, 'conversation')} of several turns "
            f"{agreeing(n_turns, 'was', 'were')} not read."
        )
    for row, case in rows_with(draft, lines, ("input",)):
        yield Call(
            row=row,
            text=message_text(case["input"]),
            model=model,
            said=_said(case),
            gold=case.get("expectedOutput"),
            fields=case.get("metadata"),
        )


def _said(case: Record) -> Said:
    unjudged = any(part(one).get("error") for one in items(case.get("metricsData")))
    return Said(
        raw_text(case.get("actualOutput")),
        values={
            "input_tokens": case.get("inputTokenCount"),
            "output_tokens": case.get("outputTokenCount"),
            "cost": case.get("tokenCost"),
            "latency": case.get("completionTime"),
            "score": None if unjudged else case.get("success"),
        },
    )

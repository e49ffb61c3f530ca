"""False alarms of the rule that tells prose, on real free texts: a table of docs/prose.md.

    python -m tests.bench.prose_real

Reads what eight real models wrote to MMLU-Pro (../shared/realdata, not part of the project) as if
there had been no options: none of it is prose. Takes about two minutes on two cores.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.prose import prose_among
from tests.bench.worlds import RAW


@dataclass(frozen=True, kw_only=True)
class Written:
    """Queries with what every model wrote, and with the text of the option that it chose."""

    tasks: list[str]
    reasoned: list[list[str]]
    chosen: list[list[str]]


def read_raw() -> Written:
    """The queries that all eight models were asked."""
    of_models = []
    for path in sorted(RAW.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            rows = json.loads(archive.read(archive.namelist()[0]))
        of_models.append({str(row["question_id"]): row for row in rows})
    shared = [one for one in of_models[0] if all(one in rows for rows in of_models)]
    return Written(
        tasks=[of_models[0][one]["category"] for one in shared],
        reasoned=[[rows[one]["generated_text"] or "" for rows in of_models] for one in shared],
        chosen=[[_option(rows[one]) for rows in of_models] for one in shared],
    )


def _option(row: dict[str, str]) -> str:
    """The text of the chosen option; empty where none could be read."""
    options = row["options"]
    listed = ast.literal_eval(options) if isinstance(options, str) else options
    at = "ABCDEFGHIJ".find(row["pred"] or "?")
    return str(listed[at]) if 0 <= at < len(listed) else ""


def without_last_sentence(texts: list[list[str]]) -> list[list[str]]:
    """The same reasoning, but its answer is never stated."""
    return [[text.rpartition("answer is")[0] for text in of_query] for of_query in texts]


def table(written: Written) -> Iterator[str]:
    """Share of queries, and tasks, that are told as prose."""
    kinds = {
        "reasoning that states its answer": written.reasoned,
        "the text of the chosen option alone": written.chosen,
        "reasoning without its last sentence": without_last_sentence(written.reasoned),
    }
    n_tasks = len(set(written.tasks))
    yield "| what the models wrote | queries told as prose | tasks |"
    yield "|---|---|---|"
    for kind, texts in kinds.items():
        alone = prose_among(texts, [str(row) for row in range(len(texts))])
        tasks = {written.tasks[row] for row in prose_among(texts, written.tasks).nonzero()[0]}
        yield f"| {kind} | {alone.sum():,} of {len(texts):,} | {len(tasks)} of {n_tasks} |"


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0]).parse_args()
    if not RAW.is_dir():
        sys.exit("The real responses are not here (../shared/realdata).")
    for line in table(read_raw()):
        print(line)


if __name__ == "__main__":
    main()

"""The options of `cascal import`: what is read, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cascal.datatypes import OnConflict, ReadingName, Right

PathsArgument = Annotated[
    list[str],
    typer.Argument(
        help="A file, a folder, or several files that belong together; s3://BUCKET/KEY or "
        "https://… are copied first."
    ),
]
NameOption = Annotated[str | None, typer.Option(help="Name of the data set; default: the file's.")]
KindOption = Annotated[
    str | None,
    typer.Option(
        help="Found by looking where not given: long, mmlu_pro, cascal_release, lm_eval, "
        "inspect_log, llmrouter, llmrouterbench, routerarena, openai_batch, "
        "anthropic_batch, litellm_log, promptfoo, langfuse, helm, deepeval, "
        "openai_evals or not_diamond."
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option("--map", help="OURS=THEIRS, a column of the file; repeatable."),
]
TestShareOption = Annotated[
    float | None, typer.Option(help="Share of the queries kept back as test queries.")
]
ReadingOption = Annotated[
    ReadingName,
    typer.Option(
        help="How answers are read from texts: only what a text states as its answer, or as "
        "the scripts of MMLU-Pro guess, which take the last lone capital; or as the file says "
        "itself (pred of MMLU-Pro results)."
    ),
]
GoldFromOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=1,
        help="Gold answers that are numbers count the options from 0 or from 1; needed only "
        "where the file does not tell.",
    ),
]
KeepOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Columns of a table, or metadata of a log, that are kept, one value a query, for "
        "colours, filters and slices: names with commas between them, or all; repeatable."
    ),
]
RightOption = Annotated[
    Right,
    typer.Option(
        help="Who tells right from wrong where the source scored the responses: its scores, "
        "the answers as read, or (auto) its scores where they often differ."
    ),
]
FilterOption = Annotated[
    str,
    typer.Option(
        "--filter",
        help="The filter of lm-evaluation-harness whose lines are read; default: that which "
        "reads most answers.",
    ),
]
ConflictOption = Annotated[OnConflict, typer.Option(help="If the data set exists.")]
RefusedOption = Annotated[
    Path | None, typer.Option(help="Write everything that was refused to this JSON file.")
]

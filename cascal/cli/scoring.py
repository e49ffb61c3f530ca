"""`cascal scores`, and what `evaluate`, `fit` and `route` do where there are scores, not votes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.asking_options import CallsOption, DollarsOption, limits_of
from cascal.cli.common import (
    JsonOption,
    WorkspaceOption,
    check_target,
    open_workspace,
    out,
    print_json,
)
from cascal.cli.judging import JudgePoolOption, judge_of, let_score
from cascal.datatypes import CascalError
from cascal.number_format import counted, typed
from cascal.provenance import named

if TYPE_CHECKING:
    from cascal.dataset.dataset import Dataset
    from cascal.dataset.scored_evidence import ScoreEvidence
    from cascal.store import Workspace
    from cascal.verdicts.payback import Terms

SHOWN_UNLIKE = 20
CUT = 80
ScoredByOption = Annotated[
    str | None,
    typer.Option(help="Whose scores: person, source or judge:NAME; else the first there is."),
]


def scores(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    workspace: WorkspaceOption = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="Write responses to be scored to this CSV file.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Of how many random queries.")] = 30,
    seed: Annotated[int, typer.Option(help="Seed of the draw of queries.")] = 0,
    filled: Annotated[
        Path | None, typer.Option("--in", help="Read scores: the filled-in file, or any table.")
    ] = None,
    who: Annotated[
        str | None, typer.Option(help="Your name: every score is stored with it.")
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="A model judges: one of --pool scores now, or --in holds its scores."),
    ] = None,
    pool: JudgePoolOption = None,
    budget_calls: CallsOption = None,
    budget_dollars: DollarsOption = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete all scores of --who or --judge.")
    ] = False,
    unlike: Annotated[
        bool, typer.Option("--unlike", help="List responses that are unlike all others.")
    ] = False,
    scored_by: ScoredByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score open-ended responses from 0 to 1, and say which model is best and how sure that is."""
    if sum([to is not None, filled is not None, delete, unlike, pool is not None]) > 1:
        raise CascalError(
            "Give one of --out, --in, --delete, --unlike and --pool.", code="conflicting-settings"
        )
    scorer = judge or who or ""
    if filled is not None or delete:
        named(scorer)
    check_target(to)
    store = open_workspace(workspace)
    if pool is not None:
        model = judge_of(judge or "", pool)
        with limits_of(budget_calls, None, budget_dollars) as limits:
            let_score(store, dataset, model, n, seed, limits)
        scored_by = scored_by or f"judge:{model.name}"
    elif unlike:
        _list_unlike(store, dataset, as_json=as_json)
        return
    elif to is not None:
        _write(store, dataset, to, n, scorer, seed)
        return
    elif filled is not None:
        _read(store, dataset, filled, scorer, judged=judge is not None)
    elif delete:
        n_gone = store.delete_scores(dataset, "judge" if judge else "person", scorer)
        out.print(f"{counted(n_gone, 'score')} of {escape(scorer)} deleted.")
        return
    report_scores(store, dataset, scored_by, as_json=as_json)


def _write(store: Workspace, dataset: str, path: Path, n: int, who: str, seed: int) -> None:
    from cascal.dataset.score_file import score_rows, write_score_file

    rows = score_rows(store, dataset, n, who, seed)
    write_score_file(path, rows)
    n_queries = len({row["query_id"] for row in rows})
    out.print(
        f"{counted(len(rows), 'response')} to {counted(n_queries, 'query')} "
        f"written to {escape(str(path))}, without their models' names. Fill in the column `score` "
        "from 0 (useless) to 1 (as good as can be), and read it with --in."
    )


def _read(store: Workspace, dataset: str, path: Path, who: str, *, judged: bool) -> None:
    from cascal.dataset.score_file import read_score_file

    given = read_score_file(store, dataset, path, "judge" if judged else "person", who)
    done = store.add_scores(dataset, given)
    known = f"; {done.n_known:,} were there already" if done.n_known else ""
    out.print(f"{counted(done.n_added, 'score')} stored{known}.")


def _list_unlike(store: Workspace, dataset: str, *, as_json: bool) -> None:
    from cascal.dataset.unlike import N_LOOKED_AT, find_unlike
    from cascal.encode.encoders import load_encoder

    found = find_unlike(store, dataset, load_encoder("hashing"))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    table = Table("query", "model", "likeness", "response")
    for one in found[:SHOWN_UNLIKE]:
        cut = " ".join(one.text.split())[:CUT]
        table.add_row(escape(one.query_id), escape(one.model), typed(one.likeness, 1), escape(cut))
    out.print(table)
    out.print(
        f"{counted(len(found), 'response')} to {N_LOOKED_AT} random queries, or all, use other "
        "words than all others: look at them. This ranks no model."
    )


def goes_by_scores(store: Workspace, loaded: Dataset, scored_by: str | None) -> bool:
    """Whether scores are asked for, or are there and votes are not."""
    return scored_by is not None or (
        loaded.by_scores and any(one.current for one in store.response_scores(loaded.info.name))
    )


def report_scores(
    store: Workspace,
    dataset: str,
    scored_by: str | None,
    *,
    as_json: bool,
    paying: tuple[Dataset, Terms] | None = None,
) -> None:
    """Print what the scores of a data set say, and for `paying` when routing by them pays back."""
    from cascal.dataset.payback import find_score_payback
    from cascal.dataset.scored_evidence import gather_scores

    encoder = None if paying is None else paying[0].encoder
    evidence = gather_scores(store, dataset, scored_by, encoder)
    more = {}
    if paying is not None:
        loaded, terms = paying
        more["payback"] = find_score_payback(store, loaded, evidence, terms).to_dict()
    _print(store, evidence, as_json=as_json, more=more)


def fit_by_scores(
    store: Workspace, loaded: Dataset, scored_by: str | None, to: Path | None, *, as_json: bool
) -> None:
    """Learn a router from scores, say what it is worth, and write it if asked."""
    from cascal.dataset.scored_evidence import gather_scores, learnt_router

    evidence = gather_scores(store, loaded.info.name, scored_by, loaded.encoder)
    router = learnt_router(evidence)
    if to is not None:
        router.save(to)
    _print(store, evidence, as_json=as_json)
    if to is not None and not as_json:
        out.print(f"Router by scores written to {escape(str(to))}.")


def _print(
    store: Workspace,
    evidence: ScoreEvidence,
    *,
    as_json: bool,
    more: Mapping[str, Any] | None = None,
) -> None:
    found = evidence.to_dict() | dict(more or {})
    found["simulated"] = store.dataset(evidence.scored.dataset).origin == "simulated"
    if as_json:
        print_json(found)
    else:
        print_scores(found)


def print_scores(found: Mapping[str, Any]) -> None:
    """The ranking, one sentence each for the constant and for routing, and what to doubt."""
    if found["simulated"]:
        out.print("[yellow]Simulated data.[/]")
    table = Table("model", "mean score", "behind the first, points", "may be the best")
    for row in found["ranking"]:
        table.add_row(
            escape(row["model"]),
            f"{typed(row['score'], 3)} \\[{typed(row['score_low'], 3)}, "
            f"{typed(row['score_high'], 3)}]",
            typed(100 * row["behind"], 1, sign=True),
            "yes" if row["may_be_best"] else "no",
        )
    out.print(table)
    out.print(escape(found["sentence"]))
    out.print(escape(found["routing"]["sentence"]))
    for warning in (*found["warnings"], *found["judges"]):
        out.print(f"  {escape(warning)}")
    if "payback" in found:
        out.print(f"When it pays back: {escape(found['payback']['sentence'])}")
        out.print(f"  {escape(found['payback']['spending'])}")

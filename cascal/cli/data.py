"""`cascal import`, `cascal info` and `cascal embed`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cascal.cli.common import (
    JsonOption,
    WorkspaceOption,
    err,
    open_workspace,
    out,
    print_encoded,
    print_json,
    progress_bar,
)
from cascal.cli.import_options import (
    ColumnOption,
    ConflictOption,
    FilterOption,
    GoldFromOption,
    KeepOption,
    KindOption,
    NameOption,
    PathsArgument,
    ReadingOption,
    RefusedOption,
    RightOption,
    TestShareOption,
)
from cascal.datatypes import CascalError
from cascal.number_format import agreeing, counted

if TYPE_CHECKING:
    from cascal.columns import Imported
    from cascal.store import Workspace

SHOWN_REFUSALS = 10


def import_(
    path: PathsArgument,
    workspace: WorkspaceOption = None,
    dataset: NameOption = None,
    kind: KindOption = None,
    column: ColumnOption = None,
    test_share: TestShareOption = None,
    reading: ReadingOption = "stated",
    gold_from: GoldFromOption = None,
    keep: KeepOption = None,
    right: RightOption = "auto",
    log_filter: FilterOption = "",
    on_conflict: ConflictOption = "refuse",
    refused: RefusedOption = None,
) -> None:
    """Import queries and responses: all of a file, or nothing of it."""
    import pyarrow.compute as pc

    from cascal import importers
    from cascal.importers.addresses import local_copies

    mapping = dict(_pair(one) for one in column or ())
    with progress_bar("Reading") as report, local_copies(path, report) as paths:
        imported = importers.read(
            paths,
            kind=kind,
            dataset=dataset,
            mapping=mapping,
            progress=report,
            test_share=test_share,
            reading=reading,
            gold_from=gold_from,
            keep=[name.strip() for one in keep or () for name in one.split(",") if name.strip()],
            right=right,
            log_filter=log_filter,
        )
    with progress_bar("Storing") as report:
        added = open_workspace(workspace, create=True).add(
            imported, on_conflict=on_conflict, progress=report
        )
    imported = imported.without_rows()
    out.print(
        f"Imported {escape(added.dataset)}: {counted(added.queries_added, 'query')}, "
        f"{counted(added.responses_added, 'response')} of {counted(len(imported.models), 'model')}"
        + (f"; {added.already_there:,} were there already." if added.already_there else ".")
    )
    if kept := pc.unique(imported.kept["name"]).to_pylist():
        out.print(f"Kept columns: {escape(', '.join(kept))}.")
    _print_refused(imported, refused)
    _print_doubts(open_workspace(workspace), added.dataset)


def _print_doubts(store: Workspace, dataset: str) -> None:
    """Say loudly where right and wrong may be read from the answers otherwise than they are."""
    from cascal.dataset.reading_doubts import reading_of

    reading = reading_of(store, dataset)
    for note in reading.notes:
        out.print(f"  {escape(note)}")
    for doubt in reading.doubts:
        out.print(f"[yellow]Warning:[/] {escape(doubt)}")


def _pair(text: str) -> tuple[str, str]:
    ours, sign, theirs = text.partition("=")
    if not sign or not ours or not theirs:
        raise CascalError(
            f"--map {text!r} is not of the form OURS=THEIRS, e.g. text=question.",
            code="malformed-value",
        )
    return ours, theirs


def _print_refused(imported: Imported, target: Path | None) -> None:
    for note in imported.notes:
        out.print(f"  {escape(note)}")
    if imported.refused:
        out.print(f"{counted(len(imported.refused), 'thing was', 'things were')} left out:")
        for one in imported.refused[:SHOWN_REFUSALS]:
            out.print(
                f"  {escape(f'{one.source} row {one.row} {one.column}'.rstrip())}: "
                f"{escape(one.reason)}"
            )
        if len(imported.refused) > SHOWN_REFUSALS:
            out.print("  … all of them with --refused FILE.json")
    if target is not None:
        rows = [asdict(one) for one in imported.refused]
        target.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")


def info(
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is in a workspace."""
    store = open_workspace(workspace)
    known = store.datasets()
    if as_json:
        rows = [
            {
                **asdict(one),
                "created_at": one.created_at.isoformat(),
                "n_labels": len(store.labels(one.name)),
                "n_scores": store.score_counts(one.name),
                "kept": store.kept_names(one.name),
            }
            for one in known
        ]
        print_json(rows)
        return
    if not known:
        out.print("The workspace is empty. Fill it with `cascal import FILE` or `cascal demo`.")
        return
    table = Table(*("data set", "responses", "answers", "train", "test", "models", "encoder"))
    for one in known:
        vectors = ", ".join(f"{name} ({n:,})" for name, n, _ in store.encoders(one.name))
        n_labels = len(store.labels(one.name))
        scored = store.score_counts(one.name)
        evidence = (
            *((f"{counted(n_labels, 'label')}",) if n_labels else ()),
            *(f"{counted(n, 'score')} by {origin}" for origin, n in scored.items()),
        )
        cells = (
            escape(one.name),
            one.origin,
            ", ".join((*one.answer_origins, *evidence)),
            f"{one.n_train:,}",
            f"{one.n_test:,}",
            str(one.n_models),
            escape(vectors) or "none",
        )
        table.add_row(*cells)
    out.print(table)
    for one in known:
        if kept := store.kept_names(one.name):
            columns = ", ".join(f"{name} ({n:,})" for name, n in kept.items())
            out.print(f"Kept columns of {escape(one.name)}: {escape(columns)}.")


def embed(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    workspace: WorkspaceOption = None,
    encoder: Annotated[
        str,
        typer.Option(
            help="Name or folder of a sentence-transformers model, endpoint:MODEL@URL, or hashing."
        ),
    ] = "all-MiniLM-L6-v2",
    key_env: Annotated[
        str, typer.Option(help="Name of the environment variable with the endpoint's key.")
    ] = "",
    vectors: Annotated[
        str | None,
        typer.Option(
            help="Take these vectors (.npy, .npz, or Parquet, a file or a folder; also s3://… and "
            "https://…) that --encoder made; encode nothing."
        ),
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(help="Table with the query ids of the rows of an .npy file.")
    ] = None,
    draw: Annotated[bool, typer.Option("--map/--no-map", help="Also draw the 2-D map.")] = True,
) -> None:
    """Encode the queries that have no vector yet, and draw the map."""
    from cascal.dataset.encoding import draw_map

    store = open_workspace(workspace)
    store.dataset(dataset)
    if vectors is not None:
        _adopt(store, dataset, encoder, vectors, ids)
    else:
        encoder = _encode(store, dataset, encoder, key_env)
    if draw:
        with progress_bar("Drawing the map") as report:
            n_placed = draw_map(store, dataset, encoder, report)
        out.print(f"{counted(n_placed, 'query')} placed on the map.")


def _encode(store: Workspace, dataset: str, encoder: str, key_env: str) -> str:
    """Encode what has no vector; returns the encoder's id."""
    from cascal.dataset.encoding import encode_dataset
    from cascal.encode.encoders import load_encoder

    coder = load_encoder(encoder, key_env=key_env)
    try:
        with progress_bar("Loading the encoder") as report:
            encoded = encode_dataset(store, dataset, coder, report)
    except KeyboardInterrupt:
        n_left = len(store.texts_without_vectors(dataset, coder.id))
        err.print(
            f"Stopped: {counted(n_left, 'text has', 'texts have')} no vector yet. "
            "The same command goes on there."
        )
        raise
    print_encoded(encoded)
    if encoded.n_cut:
        was = agreeing(encoded.n_cut, "was", "were")
        out.print(f"{encoded.n_cut:,} of them {was} longer than the encoder reads and {was} cut.")
    return encoded.encoder


def _adopt(store: Workspace, dataset: str, encoder: str, given: str, ids: Path | None) -> None:
    from cascal.dataset.encoding import adopt_vectors
    from cascal.importers.addresses import local_copies
    from cascal.importers.vectors import read_vectors

    with local_copies([given]) as (path,):
        query_ids, array = read_vectors(path, ids)
    n = adopt_vectors(store, dataset, encoder, query_ids, array)
    out.print(f"{counted(n, 'query has', 'queries have')} vectors of {escape(encoder)} now.")

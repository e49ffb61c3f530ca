"""The command line: parse, call, print. Every failure is one sentence and exit code 1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

import cascal
from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from cascal.store import Workspace
    from cascal.tables import Imported
    from cascal.tables import Progress as Report

HERE = Path(__file__).resolve().parent
LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8501
WORKSPACE_ENV = "CASCAL_WORKSPACE"
READ_ONLY_ENV = "CASCAL_READ_ONLY"
SHOWN_REFUSALS = 10

OnConflict = Literal["refuse", "replace", "extend"]

app = typer.Typer(
    name="cascal",
    help="Which model is good at what, estimated without labels, and routed by it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console()
err = Console(stderr=True)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", "-w", help="DuckDB file; default $CASCAL_WORKSPACE or data/workspace.duckdb."
    ),
]


PresetOption = Annotated[str, typer.Option(help="recommended, released or paper.")]
SilhouetteOption = Annotated[float, typer.Option(help="A split must be at least this clear.")]
MergeOption = Annotated[float, typer.Option(help="Closer clusters become one.")]
JaccardOption = Annotated[float, typer.Option(help="0.95, 0.5 or 0.2: best models in common.")]
PruneOption = Annotated[bool, typer.Option("--prune/--no-prune", help="Join clusters at all.")]
TopKOption = Annotated[int, typer.Option(help="How many models vote.")]


def default_workspace() -> Path:
    """The workspace named by the environment, else data/workspace.duckdb below this folder."""
    return Path(os.environ.get(WORKSPACE_ENV) or Path("data") / "workspace.duckdb")


def open_workspace(path: Path | None, *, create: bool = False) -> Workspace:
    """The workspace at a path; a missing one is refused, and the refusal says how to make it."""
    from cascal.store import Workspace

    path = path or default_workspace()
    if not create and not path.exists():
        raise CascalError(
            f"There is no workspace at {path}. Make one with `cascal demo --no-open` or "
            "`cascal import FILE`, or name another with --workspace."
        )
    return Workspace(path)


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """A progress bar on standard error; yields the callback that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=not err.is_terminal) as bar:
        task = bar.add_task(title, total=1.0)

        def report(share: float, sentence: str) -> None:
            bar.update(task, completed=share, description=escape(sentence))

        yield report
        bar.update(task, completed=1.0)


@app.command()
def demo(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option(help="Port of the dashboard.")] = DEFAULT_PORT,
    open_dashboard: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the dashboard afterwards.")
    ] = True,
) -> None:
    """Put the simulated demo set into a workspace and open the dashboard on it."""
    from cascal.demo import install_demo

    path = workspace or default_workspace()
    with progress_bar("Storing the demo") as report:
        new = install_demo(open_workspace(path, create=True), report)
    out.print(f"Demo (simulated data) in {escape(str(path))}: {', '.join(new) or 'already there'}.")
    if open_dashboard:
        _serve(path, LOOPBACK, port)


@app.command()
def dashboard(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option(help="Port of the dashboard.")] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but loopback lets others in.")
    ] = LOOPBACK,
) -> None:
    """Open the dashboard on a workspace (an empty one where there is none)."""
    _serve(workspace or default_workspace(), host, port)


def dashboard_folder() -> Path:
    """The folder that holds `app` and `.streamlit`: in an installed package, or in a checkout."""
    for folder in (HERE / "_dashboard", HERE.parent):
        if (folder / "app" / "server.py").is_file():
            return folder
    raise CascalError("The dashboard is not part of this installation. Install cascal again.")


def _serve(workspace: Path, host: str, port: int) -> None:
    if find_spec("streamlit") is None:
        raise CascalError("The dashboard needs the extra app: pip install 'cascal[app]'.")
    folder = dashboard_folder()
    if host not in (LOOPBACK, "localhost", "::1"):
        err.print(
            f"[yellow]Warning:[/] listening on {escape(host)}: everybody who reaches this machine "
            "can read this workspace. There is no sign-in, so the pages are read-only."
        )
    command = [
        sys.executable, "-m", "streamlit", "run", str(folder / "app" / "server.py"),
        f"--server.address={host}", f"--server.port={port}", "--server.headless=true",
        "--browser.gatherUsageStats=false", "--server.fileWatcherType=none",
    ]  # fmt: skip
    environment = {
        **os.environ,
        WORKSPACE_ENV: str(workspace.resolve()),
        READ_ONLY_ENV: "" if host in (LOOPBACK, "localhost", "::1") else "1",
    }
    out.print(f"Dashboard: http://{escape(host)}:{port}  (Ctrl+C ends it)")
    with subprocess.Popen(command, cwd=folder, env=environment) as server:  # noqa: S603 – our own
        try:
            code = server.wait()
        except KeyboardInterrupt:
            server.terminate()
            code = 0
    if code:
        raise CascalError(
            f"The dashboard ended with code {code}. Is port {port} taken? Use --port."
        )


@app.command("import")
def import_(
    path: Annotated[list[Path], typer.Argument(help="A file, a folder, or queries and responses.")],
    workspace: WorkspaceOption = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set; default: the file's.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="long, mmlu_pro or cascal_release.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--map", help="OURS=THEIRS, a column of the file; repeatable."),
    ] = None,
    test_share: Annotated[
        float | None, typer.Option(help="Share of the queries kept back as test queries.")
    ] = None,
    on_conflict: Annotated[OnConflict, typer.Option(help="If the data set exists.")] = "refuse",
    refused: Annotated[
        Path | None, typer.Option(help="Write everything that was refused to this JSON file.")
    ] = None,
) -> None:
    """Import queries and responses: all of a file, or nothing of it."""
    from cascal import importers

    mapping = dict(_pair(one) for one in column or ())
    if len(path) > 2:
        raise CascalError(f"{len(path)} paths were given; name one, or queries and responses.")
    source: Any = path[0] if len(path) == 1 else path
    with progress_bar("Reading") as report:
        imported = importers.read(
            source, kind=kind, dataset=dataset, mapping=mapping, progress=report,
            test_share=test_share,
        )  # fmt: skip
    added = open_workspace(workspace, create=True).add(imported, on_conflict=on_conflict)
    out.print(
        f"Imported {escape(added.dataset)}: {added.queries_added:,} queries, "
        f"{added.responses_added:,} responses of {len(imported.models)} models"
        + (f"; {added.already_there:,} were there already." if added.already_there else ".")
    )
    _print_refused(imported, refused)


def _pair(text: str) -> tuple[str, str]:
    ours, sign, theirs = text.partition("=")
    if not sign or not ours or not theirs:
        raise CascalError(f"--map {text!r} is not of the form OURS=THEIRS, e.g. text=question.")
    return ours, theirs


def _print_refused(imported: Imported, target: Path | None) -> None:
    for note in imported.notes:
        out.print(f"  {escape(note)}")
    if imported.refused:
        out.print(f"{len(imported.refused):,} things were left out:")
        for one in imported.refused[:SHOWN_REFUSALS]:
            out.print(
                f"  {escape(one.source)} row {one.row} {escape(one.column)}: {escape(one.reason)}"
            )
        if len(imported.refused) > SHOWN_REFUSALS:
            out.print("  … all of them with --refused FILE.json")
    if target is not None:
        rows = [asdict(one) for one in imported.refused]
        target.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")


@app.command()
def info(
    workspace: WorkspaceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what is in a workspace."""
    store = open_workspace(workspace)
    known = store.datasets()
    if as_json:
        rows = [{**asdict(one), "created_at": one.created_at.isoformat()} for one in known]
        sys.stdout.write(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        return
    if not known:
        out.print("The workspace is empty. Fill it with `cascal import FILE` or `cascal demo`.")
        return
    table = Table("data set", "responses", "answers", "train", "test", "models", "encoder")
    for one in known:
        vectors = ", ".join(f"{name} ({n:,})" for name, n, _ in store.encoders(one.name))
        table.add_row(
            escape(one.name), one.origin, ", ".join(one.answer_origins), f"{one.n_train:,}",
            f"{one.n_test:,}", str(one.n_models), escape(vectors) or "none",
        )  # fmt: skip
    out.print(table)


@app.command()
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
    draw: Annotated[bool, typer.Option("--map/--no-map", help="Also draw the 2-D map.")] = True,
) -> None:
    """Encode the queries that have no vector yet, and draw the map."""
    from cascal.encoders import load_encoder
    from cascal.study import draw_map, encode_dataset

    store = open_workspace(workspace)
    store.dataset(dataset)
    with progress_bar("Loading the encoder") as report:
        encoded = encode_dataset(store, dataset, load_encoder(encoder, key_env=key_env), report)
    out.print(f"{encoded.n_new:,} texts encoded with {escape(encoded.encoder)}.")
    if encoded.n_cut:
        out.print(f"{encoded.n_cut:,} of them were longer than the encoder reads and were cut.")
    if draw:
        with progress_bar("Drawing the map") as report:
            n_placed = draw_map(store, dataset, encoded.encoder, report)
        out.print(f"{n_placed:,} queries placed on the map.")


def _thresholds(
    min_silhouette: float, merge_distance: float, prune_jaccard: float, prune: bool, top_k: int
) -> cascal.Thresholds:
    jaccard = prune_jaccard if prune else None
    return cascal.Thresholds(min_silhouette, merge_distance, jaccard, top_k)


@app.command()
def fit(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    workspace: WorkspaceOption = None,
    preset: PresetOption = "recommended",
    min_silhouette: SilhouetteOption = 0.05,
    merge_distance: MergeOption = 0.15,
    prune_jaccard: JaccardOption = 0.95,
    prune: PruneOption = True,
    top_k: TopKOption = 3,
    encoder: Annotated[str | None, typer.Option(help="Encoder, where there are several.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write the router to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate skills from the training queries' responses; write a router if asked."""
    from cascal.study import load_study, take_snapshot

    study = load_study(open_workspace(workspace), dataset, encoder)
    with err.status("Estimating skills"):
        fitted = cascal.fit(
            study.train.votes, study.train.vectors, cascal.FitSettings.preset(preset)
        )
        thresholds = _thresholds(min_silhouette, merge_distance, prune_jaccard, prune, top_k)
        snapshot = take_snapshot(study, fitted, thresholds)
    if to is not None:
        snapshot.router.save(to)
    summary = snapshot.summary()
    if as_json:
        sys.stdout.write(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
        return
    _print_summary(summary, study.simulated)
    if to is not None:
        out.print(f"Router written to {escape(str(to))}.")


def _print_summary(summary: dict[str, Any], simulated: bool) -> None:
    if simulated:
        out.print("[yellow]Simulated data.[/]")
    out.print(f"{summary['n_clusters']} skill clusters, preset {summary['preset']}.")
    table = Table("cluster", "name", "task", "queries", "best three")
    for row in summary["clusters"]:
        table.add_row(
            str(row["cluster"]), escape(row["name"]), escape(row["task"]), f"{row['queries']:,}",
            escape(", ".join(row["best"])),
        )  # fmt: skip
    out.print(table)
    for note in summary["notes"]:
        out.print(f"Note: {escape(note)}")
    if summary["verdict"]:
        out.print(
            f"Test queries with gold: first model right {summary['top1_accuracy']:.1%}, vote of 3 "
            f"right {summary['top3_vote_accuracy']:.1%}."
        )
        out.print(escape(summary["verdict"]))


@app.command()
def export(
    dataset: Annotated[str, typer.Argument(help="Data set of the workspace.")],
    to: Annotated[Path, typer.Argument(help="File to write, e.g. router.cascal.")],
    workspace: WorkspaceOption = None,
    preset: PresetOption = "recommended",
    min_silhouette: SilhouetteOption = 0.05,
    merge_distance: MergeOption = 0.15,
    prune_jaccard: JaccardOption = 0.95,
    prune: PruneOption = True,
    top_k: TopKOption = 3,
) -> None:
    """Write the router of a data set as one file, without texts and without pickle."""
    from cascal.study import load_study

    study = load_study(open_workspace(workspace), dataset)
    with err.status("Estimating skills"):
        settings = cascal.FitSettings.preset(preset)
        fitted = cascal.fit(study.train.votes, study.train.vectors, settings)
        thresholds = _thresholds(min_silhouette, merge_distance, prune_jaccard, prune, top_k)
        router = fitted.router(thresholds)
    router.save(to)
    out.print(
        f"Router with {len(router.clusters)} clusters and {len(router.models)} models written to "
        f"{escape(str(to))}."
    )


@app.command()
def route(
    router: Annotated[Path, typer.Argument(help="Router file written by fit or export.")],
    text: Annotated[
        str | None, typer.Argument(help="A query; - or nothing reads standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="File of queries: .txt, CSV, JSONL, Parquet.")
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="The whole decision, not only its result.")
    ] = False,
    encoder: Annotated[
        str | None,
        typer.Option(help="Where the router's encoder is found, if not by its own name."),
    ] = None,
    key_env: Annotated[
        str, typer.Option(help="Name of the environment variable with the endpoint's key.")
    ] = "",
) -> None:
    """Route a text, a file or standard input (one query a line); prints one JSON line each."""
    from cascal.encoders import load_encoder
    from cascal.explain import explain
    from cascal.importers.texts import read_texts

    loaded = cascal.Router.load(router)
    if file is not None:
        read = read_texts(file)
        query_ids, texts = read.query_ids, read.texts
    else:
        lines = [text] if text not in (None, "-") else sys.stdin.read().splitlines()
        texts = tuple(one.strip() for one in lines if one and one.strip())
        query_ids = tuple(str(row) for row in range(1, len(texts) + 1))
    if not texts:
        raise CascalError(
            "There is no text to route. Give a query, --file, or lines on standard input."
        )
    coder = load_encoder(encoder or loaded.encoder, key_env=key_env)
    if coder.id != loaded.encoder:
        raise CascalError(
            f"The encoder {coder.id!r} is not the one this router was fitted with "
            f"({loaded.encoder!r}). Name that one, or fit again."
        )
    vectors = cascal.Embeddings.from_array(query_ids, coder.encode(texts), coder.id)
    routes = loaded.route(vectors)
    for row, query_id in enumerate(query_ids):
        record: dict[str, Any] = {
            "query_id": query_id,
            "selected": [loaded.models[m] for m in routes.selected[row]],
            "task": loaded.tasks[routes.task[row]],
            "cluster": int(routes.cluster[row]),
            "distance": round(float(routes.distance[row]), 6),
            "scores": {
                name: round(float(score), 6)
                for name, score in zip(loaded.models, routes.scores[row], strict=True)
            },
        }
        if trace:
            record["trace"] = explain(loaded, vectors.vectors[row]).to_dict()
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")


def main() -> None:
    """Run the command line: a refusal is one sentence on standard error and exit code 1."""
    warnings.simplefilter("ignore")
    try:
        app()
    except CascalError as error:
        err.print(f"[red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        err.print(
            f"[red]Error:[/] {escape(str(error.strerror or error))}{escape(place)}", soft_wrap=True
        )
        sys.exit(1)


if __name__ == "__main__":
    main()

"""`cascal route`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

import cascal
from cascal.artefact import read_artefact
from cascal.cli.common import err, print_json
from cascal.cli.encoding import encoder_of_file
from cascal.datatypes import CascalError
from cascal.routing.same_encoder import check_vectors
from cascal.scores.score_router import KIND, router_of

if TYPE_CHECKING:
    from cascal.explain import RouteTrace


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
    loaded = load_router(router)
    query_ids, texts = _queries(text, file)
    coder = encoder_of_file(loaded.encoder, encoder, key_env)
    vectors = cascal.Embeddings.from_array(query_ids, coder.encode(texts), coder.id)
    if isinstance(loaded, cascal.ScoreRouter):
        _route_by_scores(loaded, vectors)
    else:
        _route_by_votes(loaded, vectors, trace=trace)


def load_router(path: Path) -> cascal.Router | cascal.ScoreRouter:
    """The router of a file, whether it was learnt from votes or from scores."""
    header, stored = read_artefact(path)
    if header.get("kind") == KIND:
        return router_of(path.name, header, stored)
    return cascal.Router.load(path)


def _queries(text: str | None, file: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids and texts of a file, of the one query given, or of the lines on standard input."""
    if file is not None:
        from cascal.importers.texts import read_texts

        read = read_texts(file)
        query_ids, texts = read.query_ids, read.texts
    else:
        lines = [text] if text not in (None, "-") else sys.stdin.read().splitlines()
        texts = tuple(one.strip() for one in lines if one and one.strip())
        query_ids = tuple(str(row) for row in range(1, len(texts) + 1))
    if not texts:
        raise CascalError(
            "There is no text to route. Give a query, --file, or lines on standard input.",
            code="missing-value",
        )
    return query_ids, texts


def _route_by_votes(router: cascal.Router, vectors: cascal.Embeddings, *, trace: bool) -> None:
    """One JSON line a query: selected models, cluster and scores, with `trace` the decision."""
    from cascal.explain import explain

    routes = router.route(vectors)
    for row, query_id in enumerate(vectors.query_ids):
        record: dict[str, Any] = {
            "query_id": query_id,
            "selected": [router.models[m] for m in routes.selected[row]],
            "task": router.tasks[routes.task[row]],
            "cluster": int(routes.cluster[row]),
            "distance": round(float(routes.distance[row]), 6),
            "scores": {
                name: round(float(score), 6)
                for name, score in zip(router.models, routes.scores[row], strict=True)
            },
        }
        if trace:
            traced = explain(router, vectors.vectors[row])
            record["trace"] = traced.to_dict()
            _say(query_id, traced, alone=len(vectors.query_ids) == 1)
        print_json(record, indent=None)


def _say(query_id: str, traced: RouteTrace, *, alone: bool) -> None:
    """On standard error: where a single query goes and why, and what asks for care in any."""
    if alone:
        said = filter(None, [f"{traced.headline}.", traced.reason, traced.doubt, traced.nearby])
        err.print(escape(" ".join(said)), soft_wrap=True)
    if traced.by_labels:
        err.print(f"Query {escape(query_id)}. {escape(traced.by_labels)}", soft_wrap=True)
    if traced.far:
        err.print(f"Query {escape(query_id)}. {traced.caution}", soft_wrap=True)


def _route_by_scores(router: cascal.ScoreRouter, vectors: cascal.Embeddings) -> None:
    """One JSON line a query: all models, best first, and what is expected of each."""
    check_vectors(router, vectors)
    order, expected = router.order(vectors.vectors)
    for row, query_id in enumerate(vectors.query_ids):
        print_json(
            {
                "query_id": query_id,
                "selected": [router.models[order[row, 0]]],
                "scored_by": router.scored_by,
                "scores": {
                    name: round(float(score), 6)
                    for name, score in zip(router.models, expected[row], strict=True)
                },
            },
            indent=None,
        )

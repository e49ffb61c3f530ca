"""A data set's texts -> vectors and map in the workspace, or vectors made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.columns import Progress
from cascal.datatypes import (
    CascalError,
    Embeddings,
    FloatArray,
)
from cascal.encode.batches import Encoder
from cascal.encode.layout import layout, layout_parameters
from cascal.encode.texts import embed_texts
from cascal.importers.point_zero import as_whole_number
from cascal.number_format import agreeing, counted
from cascal.store import Workspace


@dataclass(frozen=True)
class EncodedDataset:
    """What encoding a data set did: new texts, texts cut (None: the encoder cannot tell)."""

    encoder: str
    n_new: int
    n_cut: int | None


def encode_dataset(
    workspace: Workspace, dataset: str, encoder: Encoder, progress: Progress | None = None
) -> EncodedDataset:
    """Encode the texts of a data set that have no vector yet, and store them batch by batch.

    Whoever stops or kills this loses one batch at most; the next call goes on from there.
    """
    texts = dict(workspace.texts_without_vectors(dataset, encoder.id))

    def sink(hashes: list[str], vectors: FloatArray) -> None:
        workspace.put_vectors(encoder.id, vectors.shape[1], hashes, vectors)

    done = embed_texts(encoder, texts, sink, progress)
    return EncodedDataset(encoder.id, done.n_new, done.n_cut)


def adopt_vectors(
    workspace: Workspace, dataset: str, encoder: str, query_ids: Sequence[str], array: FloatArray
) -> int:
    """Store vectors somebody else computed for a data set's queries; returns how many.

    array (n, D) in the order of query_ids, normalised here; ids beyond the data set are ignored,
    a query without a vector is refused. `encoder` must be the one that made them.
    """
    table = workspace.queries(dataset)
    ids, hashes = table["query_id"].to_pylist(), table["text_hash"].to_pylist()
    place = {as_whole_number(one): row for row, one in enumerate(query_ids)}
    place |= {one: row for row, one in enumerate(query_ids)}
    missing = [one for one in ids if one not in place]
    if missing:
        raise CascalError(
            f"{counted(len(missing), 'query')} of {dataset!r} "
            f"{agreeing(len(missing), 'has', 'have')} no vector in the file, the first is "
            f"{missing[0][:80]!r}. Give vectors of all queries, or encode them with `cascal "
            "embed`.",
            code="no-vectors",
        )
    first = {text: one for one, text in zip(reversed(ids), reversed(hashes), strict=True)}
    rows = np.array([place[one] for one in first.values()], dtype=np.int64)
    given = np.asarray(array)[rows].astype(np.float32)
    vectors = Embeddings.from_array(list(first.values()), given, encoder)
    workspace.put_vectors(encoder, vectors.dimension, list(first), vectors.vectors)
    return len(ids)


def draw_map(
    workspace: Workspace, dataset: str, encoder: str, progress: Progress | None = None
) -> int:
    """Place all queries of a data set on one 2-D map and store it; returns how many."""
    vectors = workspace.embeddings(dataset, encoder)
    xy = layout(vectors.vectors, progress=progress)
    workspace.put_layout(dataset, encoder, layout_parameters(), vectors.query_ids, xy)
    return len(xy)

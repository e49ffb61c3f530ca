"""The shipped demo set -> a workspace: data, vectors and map, nothing is encoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cascal.columns import Progress
from cascal.dataset.encoding import draw_map, encode_dataset
from cascal.datatypes import CascalError
from cascal.encode.batches import Encoder
from cascal.encode.encoders import MINILM
from cascal.encode.layout import layout_parameters
from cascal.simulate import load_demo
from cascal.simulate.variants import make_variant
from cascal.store import Workspace

MIN_DIST = 0.9
"""The demo's skills lie far apart; a larger distance between points fills its map better."""
_HERE = Path(__file__).resolve().parents[1]
FOLDERS = (_HERE / "_dashboard" / "demo", _HERE.parent / "data" / "demo")
"""Where the files lie in an installed package, and in a checkout."""


def demo_folder() -> Path:
    """The folder of the shipped demo set."""
    for folder in FOLDERS:
        if (folder / "queries.parquet").is_file():
            return folder
    raise CascalError(
        "The demo set is not part of this installation. Rebuild it: data/make_demo.py",
        code="not-installed",
    )


def install_demo(workspace: Workspace, progress: Progress | None = None) -> list[str]:
    """Put the demo data sets into a workspace, each once; returns the names of the new ones."""
    folder, known = demo_folder(), {info.name for info in workspace.datasets()}
    new = [one for one in load_demo(folder) if one.dataset not in known]
    for place, imported in enumerate(new):
        if progress is not None:
            progress(place / len(new), f"Storing {imported.dataset}")
        workspace.add(imported)
    if new:
        _store_vectors(workspace, folder)
        _store_maps(workspace, folder, {one.dataset for one in new})
    return [one.dataset for one in new]


def install_variant(
    workspace: Workspace, name: str, encoder: Encoder, progress: Progress | None = None
) -> None:
    """Make one of `simulate.VARIANTS`, encode what has no vector yet, and place it on a map.

    The demo's own map serves where the queries are the demo's.
    """
    install_demo(workspace, progress)
    workspace.add(make_variant(name, progress=progress))
    encode_dataset(workspace, name, encoder, progress)
    known = workspace.layout("demo", encoder.id)
    wanted = set(workspace.queries(name)["query_id"].to_pylist())
    if known is not None and wanted <= set(known[0]):
        parameters = layout_parameters(min_dist=MIN_DIST)
        workspace.put_layout(name, encoder.id, parameters, list(known[0]), known[1])
    else:
        draw_map(workspace, name, encoder.id, progress)


def _store_vectors(workspace: Workspace, folder: Path) -> None:
    table = pq.read_table(folder / "vectors.parquet")
    column = table["vector"].combine_chunks()
    dimension = column.type.list_size
    vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, dimension)
    vectors = vectors.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    workspace.put_vectors(MINILM, dimension, table["text_hash"].to_pylist(), vectors)


def _store_maps(workspace: Workspace, folder: Path, datasets: set[str]) -> None:
    table = pq.read_table(folder / "layout.parquet")
    for dataset in sorted(datasets):
        of_dataset = table.filter(pc.equal(table["dataset"], dataset))
        xy = np.column_stack([of_dataset[axis].to_numpy() for axis in ("x", "y")])
        ids = of_dataset["query_id"].to_pylist()
        workspace.put_layout(
            dataset, MINILM, layout_parameters(min_dist=MIN_DIST), ids, xy.astype(np.float32)
        )

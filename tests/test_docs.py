"""The documentation runs: README's blocks, the files of docs/files.md; names stay in step."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import cascal
from cascal import importers, policy, pools
from cascal.answers import normalise_answer
from cascal.cli import app
from cascal.documents import read_document
from cascal.encoders import load_encoder
from cascal.importers.columns import QUERY_COLUMNS, RESPONSE_COLUMNS
from cascal.importers.vectors import read_vectors
from cascal.pools import read_pool, read_tasks
from cascal.settings import PRESETS, Thresholds
from cascal.study import encode_dataset, load_study

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_block_prints_what_the_readme_says(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    wanted = re.search(r"```python\n.*?```\s*```text\n(.*?)```", README, flags=re.DOTALL)[1]
    done = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == wanted


def test_every_command_is_documented_and_nothing_else():
    commands = set(typer.main.get_command(app).commands)
    assert set(re.findall(r"^\| `cascal (\w+)` \|", README, flags=re.MULTILINE)) == commands


def test_every_preset_and_threshold_is_documented_with_its_default():
    assert set(re.findall(r"^\| `(\w+)`(?: \(default\))? \|", README, flags=re.MULTILINE)) >= set(
        PRESETS
    )
    for name in ("min_silhouette", "merge_distance", "prune_jaccard", "top_k"):
        default = getattr(Thresholds(), name)
        assert re.search(rf"^\| `{name}` \| {default:g} \|", README, flags=re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([^)#]+)", README))
def test_every_file_the_readme_shows_is_there(path):
    assert (ROOT / path).is_file()


def test_no_placeholder_is_left_and_the_version_is_in_the_changelog():
    assert not re.search(r"@[A-Z_]+@", README)
    assert f"## {cascal.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_public_name_has_a_docstring():
    assert not [
        name for name in cascal.__all__ if name != "NO_ANSWER" and not getattr(cascal, name).__doc__
    ]


def test_the_commands_for_your_own_responses_run_as_printed(tmp_path, monkeypatch):
    """All but the last, which opens the dashboard; the data are those of docs/files.md."""
    block = re.search(
        r"^## Your own responses\n.*?```sh\n(.*?)```", README, re.DOTALL | re.MULTILINE
    )
    *lines, last = block[1].splitlines()
    assert last == "cascal dashboard"
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CASCAL_WORKSPACE", raising=False)
    rows = csv.DictReader(example("responses.csv").splitlines())
    text = "\n".join(json.dumps({**row, "options": json.loads(row["options"])}) for row in rows)
    Path("responses.jsonl").write_text(text, encoding="utf-8")
    for line in lines:
        program, *words = shlex.split(line)
        ended = CliRunner().invoke(app, words)
        assert (program, ended.exit_code) == ("cascal", 0), ended.output
    assert Path("data/workspace.duckdb").is_file()
    assert "recommended" in Path("report.html").read_text(encoding="utf-8")


# --- docs/files.md: its examples go through the real readers

FILES = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")


def example(name: str) -> str:
    """The block that follows the name of its file."""
    (block,) = re.findall(rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)```", FILES, flags=re.DOTALL)
    return block


def section(title: str) -> str:
    """What stands below one heading of the page."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", FILES, flags=re.DOTALL | re.MULTILINE)
    return text


def first_column(title: str) -> list[str]:
    """The names that the section's table explains."""
    return re.findall(r"^\| `(\w+)` \|", section(title), flags=re.MULTILINE)


@pytest.fixture
def written(tmp_path):
    """A folder with the example files of the page, as a reader of it would have."""
    for name in ("responses.csv", "pool.yaml", "tasks.yaml", "policy.yaml", "prompts.txt"):
        (tmp_path / name).write_text(example(name), encoding="utf-8")
    return tmp_path


@pytest.fixture
def imported(written):
    return importers.read(written / "responses.csv", test_share=0.4)


def test_the_table_on_the_page_imports_whole(imported):
    assert (imported.dataset, imported.refused) == ("responses", ())
    assert imported.models == (cascal.ModelSpec("small"), cascal.ModelSpec("large"))
    responses = imported.responses.to_pylist()
    assert [one["answer"] for one in responses] == ["B", "B", "C", "A", "A", None]
    assert {one["cost"] for one in responses} == {1e-05, 2e-05, 0.0003, 0.0004}
    queries = imported.queries.to_pylist()
    assert {one["answer_origin"] for one in queries} == {"gold"}
    assert {one["split"] for one in queries} == {"train", "test"}


def test_without_options_or_letters_answers_are_free_texts(tmp_path):
    """The page's own pair of sentences: they never agree."""
    texts = re.search(r'"(The answer is \(B\)\.)" and "(I choose B, surely)"', FILES).groups()
    rows = [{"query_id": "q1", "text": "?", "model": text, "response": text} for text in texts]
    path = tmp_path / "free.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    first, second = importers.read(path).responses["answer"].to_pylist()
    assert normalise_answer(first) != normalise_answer(second)


def test_every_column_of_a_table_is_explained_and_no_other():
    columns = first_column("Your own responses")
    assert columns[-3:] == ["gold", "generated", "none"]  # the table of origins
    assert columns[:-3] == [*QUERY_COLUMNS, *RESPONSE_COLUMNS]


def test_the_pool_and_the_task_file_on_the_page_are_read(written):
    small, large = read_pool(written / "pool.yaml")
    assert (small.name, small.spec.key_env, small.spec.input_price) == ("small", "", 0.0)
    assert (large.spec.key_env, large.spec.output_price, large.concurrency) == (
        "OPENAI_API_KEY", 8.0, 4,
    )  # fmt: skip
    chemistry, arithmetic = read_tasks(written / "tasks.yaml")
    assert (chemistry.n, chemistry.examples[0][0].answer) == (40, "B")
    assert (arithmetic.n, arithmetic.examples) == (None, ())


@pytest.mark.parametrize(
    ("title", "fields"),
    [("Pool file", pools._MODEL_FIELDS), ("Task file", pools._TASK_FIELDS),
     ("Policy file", policy._FIELDS)],
)  # fmt: skip
def test_every_field_of_a_file_is_explained_and_no_other(title, fields):
    assert set(first_column(title)) == set(fields)


def test_the_defaults_of_a_pool_model_are_those_on_the_page():
    plain = pools.parse_pool([{"name": "one", "base_url": "http://127.0.0.1/v1"}])[0]
    for name in ("concurrency", "temperature", "max_tokens", "logprobs"):
        default = str(getattr(plain, name)).lower()
        assert re.search(rf"^\| `{name}` \| no \| .* \| {default} \|$", FILES, flags=re.MULTILINE)


def test_the_policy_on_the_page_is_checked_against_a_router(written, imported):
    """The data on the page make the router, by the encoder that needs no download."""
    workspace = cascal.Workspace(written / "own.duckdb")
    workspace.add(imported)
    encode_dataset(workspace, "responses", load_encoder("hashing"))
    train = load_study(workspace, "responses").train
    router = cascal.fit(train.votes, train.vectors).router()
    router.save(written / "before.cascal")
    document = read_document(written / "policy.yaml", "policy")
    assert set(document) == set(policy._FIELDS)
    read = policy.read_policy(document, written, router.models)
    outcome = policy.check(router, read, lambda name, texts: load_encoder(name).encode(texts))
    assert {one.rule.partition("[")[0] for one in outcome.assertions} == set(document) - {"prompts"}


def test_the_vectors_on_the_page_fit_the_table_on_it(imported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(example("vectors.py"), "vectors.py", "exec"), {})  # noqa: S102 – our own page
    query_ids, vectors = read_vectors(tmp_path / "vectors.npz")
    assert list(query_ids) == imported.queries["query_id"].to_pylist()
    assert vectors.shape == (3, 3)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    for path, _, anchor in re.findall(
        r"\]\((?!http)([^)#]*)(#([^)]+))?\)", page.read_text(encoding="utf-8")
    ):
        target = page.parent / path if path else page
        assert target.is_file()
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
        assert not anchor or anchor in slugs

"""The documentation runs: every example, command, link, table and figure of every page."""

from __future__ import annotations

import ast
import csv
import importlib
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

import cascal
from cascal import importers, policy
from cascal.answers import normalise_answer
from cascal.cli import app
from cascal.collection.task_file import read_tasks
from cascal.compare.baselines import BASELINES
from cascal.compare.experiments import EXPERIMENTS
from cascal.dataset.dataset import load_dataset
from cascal.dataset.encoding import encode_dataset
from cascal.diagnose import CHECKS
from cascal.encode.encoders import load_encoder
from cascal.endpoint.pool_file import parse_pool, read_pool
from cascal.export import TARGETS
from cascal.importers.columns import QUERY_COLUMNS, RESPONSE_COLUMNS
from cascal.importers.vectors import read_vectors
from cascal.intervals import Estimate, estimate
from cascal.number_format import bracketed, decimal
from cascal.refusals import REFUSALS
from cascal.serve.errors import STATUS
from cascal.settings import PRESETS, ROUTINGS, TASKS_MEASURED, FitSettings, Thresholds
from cascal.verdicts.verdict import points
from cascal.yaml_files.documents import read_document

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "data" / "README.md", *sorted(ROOT.glob("docs/*.md")))
}
README = PAGES["README.md"]
FOLDER = {name: text for name, text in PAGES.items() if name.startswith("docs/")}
ALL = "\n".join(PAGES.values())
CODE_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
COMMANDS = typer.main.get_command(app).commands
(UsageError,) = typer.BadParameter.__bases__  # it has no public name of its own


def blocks(language: str) -> list[tuple[str, str]]:
    """Every code block of a language with the name of its page."""
    return [
        (name, block)
        for name, text in PAGES.items()
        for found, block in CODE_BLOCK.findall(text)
        if found == language
    ]


def prose(text: str) -> str:
    """A page without its code blocks."""
    return CODE_BLOCK.sub("", text)


def section(title: str, page: str) -> str:
    """What stands below one heading of a page."""
    pattern = rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)"
    (text,) = re.findall(pattern, PAGES[page], flags=re.DOTALL | re.MULTILINE)
    return text


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows, heads and rules included."""
    lines = re.findall(r"^\|(.*)\|$", prose(text), flags=re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def rows_of(name: str) -> list[list[str]]:
    """All rows of all pages that begin with a name in code quotes."""
    return [row for row in rows(ALL) if re.match(rf"`{re.escape(name)}`(?!\w)", row[0])]


def first_column(title: str, page: str) -> list[str]:
    """The names that the tables of a section explain."""
    found = (re.fullmatch(r"`(\w+)`", row[0]) for row in rows(section(title, page)))
    return [name[1] for name in found if name]


# --- the shape of the pages


def test_the_readme_is_short_and_every_page_has_less_than_200_lines():
    lengths = {name: len(text.splitlines()) for name, text in PAGES.items()}
    assert lengths["README.md"] <= 150
    assert {name: n for name, n in lengths.items() if n >= 200} == {}


@pytest.mark.parametrize("page", FOLDER)
def test_a_page_begins_with_the_question_that_it_answers(page):
    title, first = FOLDER[page].split("\n\n")[:2]
    assert title.startswith("# ")
    assert re.match(r"(What|Which|Who|How|Where|Are) [^.]*\?", first.replace("\n", " "))


def test_the_readme_leads_to_every_page():
    linked = set(re.findall(r"\]\((?!http)([^)#]+)", README))
    assert set(PAGES) - {"README.md"} <= linked


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_every_link_of_a_page_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for path, anchor in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", text):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), path
        assert not anchor or anchor in headings(target.read_text(encoding="utf-8")), anchor


def tables(text: str) -> Iterator[set[tuple[str, ...]]]:
    """The rows of every table, without head and rule."""
    for table in re.findall(r"(?:^\|.*\|\n?)+", prose(text), flags=re.MULTILINE):
        yield {tuple(row) for row in rows(table)[2:]}


def test_no_page_repeats_a_table_of_another():
    for (one, first), (other, second) in itertools.combinations(PAGES.items(), 2):
        for left, right in itertools.product(tables(first), tables(second)):
            shared = {row[0] for row in left} & {row[0] for row in right}
            assert len(shared) < max(3, min(len(left), len(right)) / 2), (one, other, shared)
            assert not left & right, (one, other, left & right)


def test_no_placeholder_is_left_and_the_version_is_in_the_changelog():
    assert not re.search(r"@[A-Z_]+@", ALL)
    assert f"## {cascal.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_pictures_of_the_readme_are_light_and_one_of_them_moves():
    pictures = [ROOT / name for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)]
    assert pictures
    assert all(path.stat().st_size < 1_500_000 for path in pictures)
    moves = []
    for path in pictures:
        with Image.open(path) as picture:
            moves.append(getattr(picture, "n_frames", 1) > 1)
    assert moves == [False, True]


# --- examples run


def run_script(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Save a block in a folder and run it there, by our own interpreter with our own code."""
    (folder / "example.py").write_text(block, encoding="utf-8")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "example.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize(("page", "block"), blocks("python"))
def test_a_python_block_runs_and_prints_what_the_page_says(page, block, tmp_path):
    shown = re.search(re.escape(block) + r"```\n\n```text\n(.*?)```", PAGES[page], flags=re.DOTALL)
    done = run_script(block, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (shown[1] if shown else "")


def test_the_readme_shows_what_its_python_block_prints():
    assert len(re.findall(r"```python\n.*?```\n\n```text\n", README, flags=re.DOTALL)) == 1


def commands_of(block: str) -> list[str]:
    """The lines of a shell block that call cascal, without the program."""
    found = (re.match(r"(?:\S*[/\\])?cascal (.+)$", line) for line in block.splitlines())
    return [line[1] for line in found if line]


def read_command(line: str) -> None:
    """Read a command as the program would; nothing is run."""
    name, *words = shlex.split(line.rstrip(" &"), comments=True)
    COMMANDS[name].make_context(name, [word for word in words if word != "&"])


@pytest.mark.parametrize(
    ("page", "line"),
    [
        (page, line)
        for language in ("sh", "bat")
        for page, block in blocks(language)
        for line in commands_of(block)
    ],
)
def test_a_shell_line_names_a_command_and_options_that_exist(page, line):
    read_command(line)


def test_a_shell_line_with_an_unknown_option_or_too_few_words_is_found():
    """The check above checks."""
    for wrong in ("embed mine --no-such-option", "embed", "fit mine --top-k many", "embed a b"):
        with pytest.raises(UsageError):
            read_command(wrong)


def test_every_make_target_on_a_page_exists():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:^|`)make (\w+)", ALL, flags=re.MULTILINE)) <= set(targets)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_in_a_sentence_exist(page):
    known = {name for command in COMMANDS.values() for name in option_names(command)}
    for code in re.findall(r"`([^`\n]+)`", prose(PAGES[page])):
        first, *words = code.split()
        if first == "cascal" and words:
            assert words[0] in (*COMMANDS, "COMMAND"), code
            options = option_names(COMMANDS[words[0]]) if words[0] in COMMANDS else known
            assert {word for word in words if word.startswith("--")} <= options, code
        elif first.startswith("-"):
            assert first in known, code


def option_names(command: object) -> set[str]:
    """The options of a command, in all spellings."""
    names = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return {"--help", *(name for name in names if name.startswith("-"))}


def run_commands(lines: list[str]) -> None:
    """Run lines as printed."""
    for line in lines:
        ended = CliRunner().invoke(app, shlex.split(line))
        assert ended.exit_code == 0, (line, ended.output)


@pytest.mark.slow
def test_the_commands_for_your_own_responses_run_as_printed(tmp_path, monkeypatch):
    """All but the last, which opens the dashboard; then those that hand the router on.

    The data are those of docs/files.md.
    """
    (own,) = CODE_BLOCK.findall(section("Your own responses", "README.md"))
    *lines, last = commands_of(own[1])
    assert last == "dashboard"
    (handed_on,) = CODE_BLOCK.findall(section("Hand it on", "docs/serve.md"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CASCAL_WORKSPACE", raising=False)
    table = csv.DictReader(example("responses.csv").splitlines())
    text = "\n".join(json.dumps({**row, "options": json.loads(row["options"])}) for row in table)
    Path("responses.jsonl").write_text(text, encoding="utf-8")
    run_commands([*lines, *commands_of(handed_on[1])])
    assert Path("data/workspace.duckdb").is_file()
    assert "recommended" in Path("report.html").read_text(encoding="utf-8")
    assert cascal.Router.load("released.cascal").settings.name == "released"


# --- names stay in step: each is documented, and once


def test_every_command_is_documented_once_and_nothing_else():
    found = [re.fullmatch(r"`cascal (\w+)`", row[0]) for row in rows(ALL)]
    assert sorted(name[1] for name in found if name) == sorted(COMMANDS)


def test_every_check_is_documented_once_with_its_rule():
    found = [row for row in rows(ALL) if re.fullmatch(r"CAS\d+", row[0])]
    wanted = [[check.code, check.title, check.rule] for check in CHECKS.values()]
    assert sorted(found) == sorted(wanted)


def test_every_code_of_a_refusal_is_documented_once_with_its_meaning():
    listed = rows(PAGES["docs/refusals.md"])[2:]
    assert listed == [[f"`{code}`", meaning] for code, meaning in REFUSALS.items()]


def test_every_code_of_the_server_is_documented_once_with_its_status():
    table = rows(section("Serve", "docs/serve.md").partition("### What it refuses\n")[2])[2:]
    listed = [(code, int(row[0])) for row in table for code in re.findall(r"`(\w+)`", row[1])]
    assert sorted(listed) == sorted(STATUS.items())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_documented_once_with_its_parts(name):
    settings = PRESETS[name]
    parts = [settings.consensus, settings.strong, settings.merge, settings.ranking]
    wanted = [f"`{part}`" for part in parts]
    (row,) = [row for row in rows(section("8. Presets", "docs/method.md")) if f"`{name}`" in row[0]]
    assert row[1:5] == wanted
    assert ("(default)" in row[0]) == (settings == FitSettings())


def test_every_threshold_is_documented_once_with_its_default():
    for name in ("min_silhouette", "merge_distance", "prune_jaccard", "top_k", "cost_weight"):
        (row,) = rows_of(name)
        assert row[1] == f"{getattr(Thresholds(), name):g}"


def test_every_way_to_route_and_every_other_router_is_in_the_method():
    presets = section("8. Presets", "docs/method.md")
    assert {name for name in ROUTINGS if f"`{name}`" not in presets} == {"preset"}
    named = re.findall(r"`(\w+)`", " ".join(row[0] for row in rows(section_10())))
    assert sorted(named) == sorted(BASELINES)


def section_10() -> str:
    """The chapter on the other routers."""
    return section("10. Other routers", "docs/method.md")


def test_every_experiment_and_every_target_of_convert_is_named():
    own_data = section("On your own data", "docs/trust.md")
    assert [name for name in EXPERIMENTS if name not in own_data] == []
    named = {row[0] for row in rows(section("Hand it on", "docs/serve.md"))}
    assert {f"`{name}`" for name in TARGETS} <= named


def test_every_public_name_has_a_docstring():
    assert not [
        name for name in cascal.__all__ if name != "NO_ANSWER" and not getattr(cascal, name).__doc__
    ]


# --- sources cite what a reader has

SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("cascal", "app", "tests", "data")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path != Path(__file__)
}
PRIVATE = re.compile(r"\b(METHOD|RECOMMENDED)\b|\b(ARCHITECTURE|LABELS|LAYOUT|STYLE|UI)(\.md| §)")
CITED = re.compile(r"docs/method\.md (§§? )([\d–, ]*\d)")


def numbers(cited: str) -> set[int]:
    """The sections of "2, 3" or "4–6"."""
    ends = [[int(end) for end in part.split("–")] for part in cited.split(", ")]
    return {section for first, *last in ends for section in range(first, (last or [first])[0] + 1)}


def test_no_source_cites_a_document_that_is_not_here():
    found = {name: PRIVATE.search(text) for name, text in SOURCES.items()}
    assert [name for name, line in found.items() if line] == []


def test_every_section_of_the_method_that_a_source_cites_exists():
    chapters = re.findall(r"^## (\d+)\. ", PAGES["docs/method.md"], flags=re.MULTILINE)
    assert [int(chapter) for chapter in chapters] == list(range(1, len(chapters) + 1))
    for name, text in SOURCES.items():
        citations = CITED.findall(text)
        assert len(citations) == text.count("docs/method.md"), name
        for sign, cited in citations:
            assert numbers(cited) <= {int(chapter) for chapter in chapters}, (name, cited)
            assert (sign == "§§ ") == (len(numbers(cited)) > 1), (name, cited)


def named_in_prose() -> set[tuple[str, str]]:
    """(file, dotted name) of everything in cascal that a page, a docstring or a sentence names."""
    texts = dict(PAGES)
    for path in [*ROOT.glob("cascal/**/*.py"), *ROOT.glob("app/**/*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        strings = [node.value for node in ast.walk(tree) if is_text(node)]
        texts[path.relative_to(ROOT).as_posix()] = "\n".join(strings)
    names = re.compile(r"(?<![\w./-])cascal(?:\.[A-Za-z_]\w*)+")
    return {(path, name) for path, text in texts.items() for name in names.findall(text)}


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for n_modules in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n_modules]))
        except ModuleNotFoundError:
            continue
        for part in parts[n_modules:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_everything_of_the_library_that_is_named_in_prose_exists():
    of_a_body = {"cascal.mode", "cascal.n_options", "cascal.top_k"}  # fields of a request to serve
    missing = {(path, name) for path, name in named_in_prose() if not exists(name)}
    assert {name for _, name in missing} == of_a_body
    assert {path for path, _ in missing} == {"cascal/serve/bodies.py"}


def test_sections_are_read_from_a_citation():
    assert (numbers("2, 3"), numbers("4–6"), numbers("7")) == ({2, 3}, {4, 5, 6}, {7})


# --- figures


def percent(share: Estimate) -> str:
    """A share in percent with its interval, as the pages write it."""
    span = bracketed(100 * share.low, 100 * share.high, sign=False)
    return f"{decimal(100 * share.value, 1)} {span}"


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_figures_on_the_demo_are_computed(name, demo, demo_fits):
    fitted = demo_fits[name]
    routes = fitted.router().route(demo.test.vectors)
    result = cascal.evaluate(routes, demo.test.votes, demo.test.gold)
    wanted = [
        percent(estimate(result.top1_right)),
        percent(estimate(result.top3_vote_right)),
        points(result.gain_over(result.best_single)).replace(" points", ""),
    ]
    (row,) = [
        row
        for row in rows(section("On the simulated demo", "docs/trust.md"))
        if row[0].startswith(f"`{name}`")
    ]
    assert row[1:] == wanted


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo", "demo-weak"])
def test_figures_of_one_cluster_a_task_are_computed(
    name, demo, demo_weak, demo_fits, demo_weak_fit
):
    study = {"demo": demo, "demo-weak": demo_weak}[name]
    fitted = {"demo": demo_fits["recommended"], "demo-weak": demo_weak_fit}[name]
    text = section("One cluster a task", "docs/trust.md")
    assert TASKS_MEASURED in text
    results = [
        cascal.evaluate(one.router().route(study.test.vectors), study.test.votes, study.test.gold)
        for one in (fitted, fitted.one_cluster_a_task())
    ]
    change = estimate(results[1].top1_right - results[0].top1_right)
    wanted = [
        f"{decimal(100 * one.top1_accuracy, 1)}, {decimal(100 * one.top3_vote_accuracy, 1)}"
        for one in results
    ]
    (row,) = [row for row in rows(text) if row[0] == name]
    assert row[1:3] == wanted
    assert row[3] == points(change).replace(" points", "")


def test_figures_on_real_responses_are_those_of_the_table():
    """Read from docs/realdata.md, which `make realdata` writes."""
    table = PAGES["docs/realdata.md"].replace("−", "-")
    bullet = re.search(r"- \*\*On real responses.*?(?=\n- )", README, flags=re.DOTALL)[0]
    text = f"{bullet}\n{section('On real responses', 'docs/trust.md')}".replace("−", "-")
    figures = re.findall(r"([+-]?\d+\.\d)(?:\spoints)?\s(\[[^\]]+\d\])", text)
    assert len(figures) >= 5
    for value, interval in figures:
        cell = " ".join([value, *interval.split()])
        assert f"| {cell} |" in table


# --- files that users write: the examples go through the real readers


def example(name: str) -> str:
    """The block that follows the name of its file, on whatever page."""
    pattern = rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)```"
    (block,) = re.findall(pattern, ALL, flags=re.DOTALL)
    return block


@pytest.fixture
def written(tmp_path):
    """A folder with the example files of the pages, as a reader of them would have."""
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
    assert [response["answer"] for response in responses] == ["B", "B", "C", "A", "A", None]
    assert {response["cost"] for response in responses} == {1e-05, 2e-05, 0.0003, 0.0004}
    queries = imported.queries.to_pylist()
    assert {query["answer_origin"] for query in queries} == {"gold"}
    assert {query["split"] for query in queries} == {"train", "test"}


def test_without_options_or_letters_answers_are_free_texts(tmp_path):
    """The page's own pair of sentences: they never agree."""
    pair = r'"(The answer is \(B\)\.)" and "(I choose B, surely)"'
    texts = re.search(pair, PAGES["docs/files.md"]).groups()
    table = [{"query_id": "q1", "text": "?", "model": text, "response": text} for text in texts]
    path = tmp_path / "free.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in table), encoding="utf-8")
    first, second = importers.read(path).responses["answer"].to_pylist()
    assert normalise_answer(first) != normalise_answer(second)


def test_every_column_of_a_table_is_explained_and_no_other():
    columns = first_column("Your own responses", "docs/files.md")
    assert columns[-3:] == ["gold", "generated", "none"]  # the table of origins
    assert columns[:-3] == [*QUERY_COLUMNS, *RESPONSE_COLUMNS]


def test_the_pool_and_the_task_file_on_the_page_are_read(written):
    small, large = read_pool(written / "pool.yaml")
    assert (small.name, small.spec.key_env, small.spec.input_price) == ("small", "", 0.0)
    assert (large.spec.key_env, large.spec.output_price) == ("OPENAI_API_KEY", 8.0)
    assert large.concurrency == 4
    chemistry, arithmetic = read_tasks(written / "tasks.yaml")
    assert (chemistry.n, chemistry.examples[0][0].answer) == (40, "B")
    assert (arithmetic.n, arithmetic.examples) == (None, ())


def known_fields(kind: str, folder: Path) -> set[str]:
    """The fields of a file, as the refusal of an unknown one lists them."""
    path = folder / "unknown.yaml"
    path.write_text("tasks:\n- unknown: 1\n", encoding="utf-8")
    read = {
        "Pool file": lambda: parse_pool([{"unknown": 1}]),
        "Task file": lambda: read_tasks(path),
        "Policy file": lambda: policy.read_policy({"unknown": 1}, folder, ()),
    }
    with pytest.raises(cascal.CascalError) as refusal:
        read[kind]()
    listed = re.search(r"(?:known are|write) ((?:\w+, )+\w+)\.", str(refusal.value))[1]
    return set(listed.split(", "))


@pytest.mark.parametrize(
    ("title", "page"),
    [
        ("Pool file", "docs/collect.md"),
        ("Task file", "docs/collect.md"),
        ("Policy file", "docs/serve.md"),
    ],
)
def test_every_field_of_a_file_is_explained_and_no_other(title, page, tmp_path):
    fields = first_column(title, page)
    assert sorted(fields) == sorted(known_fields(title, tmp_path))


def test_the_defaults_of_a_pool_model_are_those_on_the_page():
    plain = parse_pool([{"name": "one", "base_url": "http://127.0.0.1/v1"}])[0]
    defaults = {row[0]: row[3] for row in rows(section("Pool file", "docs/collect.md"))}
    for name in ("concurrency", "temperature", "max_tokens", "logprobs"):
        assert defaults[f"`{name}`"] == str(getattr(plain, name)).lower()


def test_the_policy_on_the_page_is_checked_against_a_router(written, imported):
    """The data on the page make the router, by the encoder that needs no download."""
    workspace = cascal.Workspace(written / "own.duckdb")
    workspace.add(imported)
    encode_dataset(workspace, "responses", load_encoder("hashing"))
    train = load_dataset(workspace, "responses").train
    router = cascal.fit(train.votes, train.vectors).router()
    router.save(written / "before.cascal")
    document = read_document(written / "policy.yaml", "policy")
    assert set(document) == known_fields("Policy file", written)
    read = policy.read_policy(document, written, router.models)
    outcome = policy.check(router, read, lambda name, texts: load_encoder(name).encode(texts))
    asserted = {assertion.rule.partition("[")[0] for assertion in outcome.assertions}
    assert asserted == set(document) - {"prompts"}


def test_the_vectors_on_the_page_fit_the_table_on_it(imported, tmp_path):
    assert run_script(example("vectors.py"), tmp_path).returncode == 0
    query_ids, vectors = read_vectors(tmp_path / "vectors.npz")
    assert list(query_ids) == imported.queries["query_id"].to_pylist()
    assert vectors.shape == (3, 3)

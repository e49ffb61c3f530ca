"""Words that pages explain where they stand: one sentence, that of the glossary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import copy_workspace
from streamlit.testing.v1 import AppTest

from app.terms.glossary import SENTENCES, mark, meaning

ROOT = Path(__file__).parents[1]
MAIN = ROOT / "app" / "main.py"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
MARKED = re.compile(r"\[([^\]]+)\]\(#(term-[\w-]+)\)")


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory, demo_workspace) -> Path:
    return copy_workspace(demo_workspace, tmp_path_factory.mktemp("terms") / "demo.duckdb").path


def page(demo_file: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> AppTest:
    monkeypatch.setenv("CASCAL_WORKSPACE", str(demo_file))
    app = AppTest.from_file(str(MAIN), default_timeout=120).run()
    return app if folder == "overview" else app.switch_page(f"{folder}/page.py").run()


@pytest.mark.parametrize("term", SENTENCES)
def test_a_word_is_explained_as_in_the_glossary_of_the_documentation(term):
    rows = dict(ROW.findall((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")))
    assert rows[term].startswith(SENTENCES[term]), rows[term]


def test_a_marked_word_is_a_link_to_its_sentence_and_an_unknown_one_is_refused():
    assert mark("Kendall τ", "τ") == "[τ](#term-kendall-τ)"
    assert meaning("oracle").startswith("Oracle: the best that could be")
    with pytest.raises(KeyError, match="accuracy"):
        mark("accuracy")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("overview", {"gold", "oracle", "merge", "joining"}),
        ("diagnose", {"silhouette", "strong queries", "joining"}),
    ],
)
def test_pages_mark_their_words(demo_file, monkeypatch, folder, words):
    app = page(demo_file, monkeypatch, folder)
    assert not app.exception
    texts = " ".join(one.value for one in [*app.caption, *app.sidebar.caption, *app.markdown])
    marked = MARKED.findall(texts)
    assert words <= {word for word, _ in marked}
    known = {MARKED.fullmatch(mark(term)).group(2) for term in SENTENCES}
    assert {to for _, to in marked} <= known


@pytest.mark.slow
def test_a_route_says_what_a_consensus_score_is(demo_file, monkeypatch, demo):
    app = page(demo_file, monkeypatch, "route")
    app.text_area(key="query_text").set_value(demo.test.texts[0]).run()
    texts = " ".join(one.value for one in app.caption)
    assert mark("consensus score") in texts
    assert mark("blend", "blended") in texts

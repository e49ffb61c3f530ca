"""The four failure signatures of the paper, each in a world made for it, as a person sees them.

The page has to show the number, name the cause and offer a remedy that was tried; applied, the
issue is gone (or, where the remedy only helps, more routes are right).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from test_diagnose import case_of, explosion, no_clusters, reversed_rankings, world

import cascal
from cascal.columns import Imported
from cascal.dataset.encoding import adopt_vectors
from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import option_letter
from cascal.simulate.demo import queries_table, responses_table

from .conftest import ROOT, idle, shot

pytestmark = pytest.mark.browser


def collapsed() -> Snapshot:
    """Five models with skills of their own; consensus by pds gives every query to one of them."""
    return case_of(world())


SIGNATURES = {
    "no-clusters": (no_clusters, "CAS101", "preset=released&silhouette=0.3", "split from"),
    "explosion": (
        explosion,
        "CAS102",
        "preset=released&silhouette=0.05&merge=0.01&share=off",
        "join clusters",
    ),
    "one-model": (collapsed, "CAS202", "preset=recommended-1", "preset released"),
    "contradicted": (reversed_rankings, "CAS201", "preset=released", "preset paper"),
}
"""Of every signature: world, code, state of the link, and what the remedy speaks of."""


def _rows(name: str, part: Part, split: str) -> tuple[list[cascal.Query], list[cascal.Response]]:
    votes = part.votes
    letters = [option_letter(place) for place in range(6)]
    queries, responses = [], []
    for row, query_id in enumerate(votes.query_ids):
        text = f"{name} {query_id}: which option?"
        gold = letters[part.gold[row]]
        queries.append(
            cascal.Query(
                query_id,
                votes.tasks[row],
                text,
                options=tuple(letters),
                answer=gold,
                answer_origin="gold",
                split=split,
            )
        )
        for place, model in enumerate(votes.models):
            answer = letters[votes.answers[row, place]]
            logprob = float(votes.logprobs[row, place])
            responses.append(cascal.Response(query_id, model, answer=answer, mean_logprob=logprob))
    return queries, responses


def _write(workspace: cascal.Workspace, name: str, snapshot: Snapshot) -> None:
    study = snapshot.dataset
    assert study.test is not None
    queries, responses = _rows(name, study.train, "train")
    for kept, more in zip((queries, responses), _rows(name, study.test, "test"), strict=True):
        kept += more
    tasks = tuple(cascal.Task(one) for one in sorted(set(study.train.votes.tasks)))
    workspace.add(
        Imported(
            dataset=name,
            origin="simulated",
            source="made for the test",
            tasks=tasks,
            models=study.models,
            queries=queries_table(queries),
            responses=responses_table(responses),
        )
    )
    vectors = np.concatenate([study.train.vectors.vectors, study.test.vectors.vectors])
    adopt_vectors(workspace, name, "test", [one.query_id for one in queries], vectors)


@pytest.fixture(scope="module")
def signatures(serve, tmp_path_factory) -> str:
    path: Path = tmp_path_factory.mktemp("workspace") / "signatures.duckdb"
    workspace = cascal.Workspace(path)
    for name, (make, *_) in SIGNATURES.items():
        _write(workspace, name, make())
    return serve(ROOT / "app" / "server.py", {"CASCAL_WORKSPACE": str(path)})


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_shown_named_and_remedied(reader, signatures, name):
    _, code, state, words = SIGNATURES[name]
    one = reader(height=1800)
    one.open(f"{signatures}/diagnose?dataset={name}&{state}")
    page = one.page
    heading = page.locator(".st-key-headline h1")
    heading.wait_for(timeout=90_000)
    idle(page)
    assert page.get_by_text(f"{name}: simulated models").count()
    assert page.get_by_text("training queries with gold answers").count()
    shot(page, f"signature-{name}-found")
    page.get_by_text(re.compile("checks? passed")).first.wait_for(timeout=120_000)
    idle(page, 60_000)  # while checks run an issue is a line, then a card
    badge = page.get_by_text(code, exact=True).first
    assert badge.is_visible()
    box = page.get_by_test_id("stVerticalBlock").filter(has=badge).last
    applies = page.locator(f"[class*='st-key-apply_{code}_'] button")
    try_out = box.get_by_role("button", name=re.compile("^Try "))
    if try_out.count():  # those of the first issue are tried out without asking
        try_out.click()
    applies.first.wait_for(timeout=240_000)
    idle(page, 60_000)
    shot(page, f"signature-{name}")
    tried = page.locator(".st-key-issues").text_content()
    assert words in tried.lower()
    assert re.search(r"Price\. Right [^[]+ pts \[.*This checkan issuepasses", tried)
    page.locator(".st-key-headline h1", has_text="apply “").wait_for(timeout=30_000)
    applies.first.click()
    idle(page, 60_000)
    heading.wait_for(timeout=90_000)
    idle(page, 60_000)
    shot(page, f"signature-{name}-applied")
    assert not page.locator(".st-key-issues").get_by_text(code, exact=True).count()
    proof = page.locator(".st-key-proof").filter(has_text=code)  # among what is gone
    proof.wait_for(timeout=90_000)  # the checks run again first
    one.clean()

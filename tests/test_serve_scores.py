"""A router by scores behind the endpoint: it routes, says whose scores, and counts no vote."""

from __future__ import annotations

import numpy as np
import pytest
from fake_upstream import FakeUpstream
from starlette.testclient import TestClient
from test_serve import KEY, QUESTION, FakeEncoder, app_of

import cascal
from cascal.cli.routing import load_router
from cascal.scores import fit_score_router


@pytest.fixture(scope="module")
def router():
    random = np.random.default_rng(0)
    ids = tuple(f"q{at}" for at in range(200))
    vectors = FakeEncoder().encode(ids)
    scores = np.clip(0.5 + 0.3 * vectors[:, :3] + random.normal(0, 0.05, (200, 3)), 0, 1)
    embeddings = cascal.Embeddings.from_array(ids, vectors, "test")
    return fit_score_router(scores, embeddings, ("a", "b", "c"), scored_by="3 people")


@pytest.fixture
def client(router, monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_KEY", KEY)
    router.save(tmp_path / "r.cascal")
    with (
        FakeUpstream() as upstream,
        TestClient(app_of(load_router(tmp_path / "r.cascal"), upstream.url("normal"))) as client,
    ):
        yield client


def test_it_asks_the_model_with_the_best_expected_score_and_says_whose_scores(client, router):
    order, expected = router.order(FakeEncoder().encode([QUESTION[0]["content"]]))
    names = [router.models[m] for m in order[0]]
    found = client.post("/v1/chat/completions", json={"model": "cascal", "messages": QUESTION})
    assert found.status_code == 200
    assert found.headers["x-cascal-model"] == names[0]
    assert found.headers["x-cascal-scored-by"] == "3 people"
    assert found.json()["cascal"]["selected"] == names[:1]
    routed = client.post(
        "/route", json={"text": QUESTION[0]["content"], "top_k": 2, "trace": True}
    ).json()
    assert routed["selected"] == names[:2]
    assert routed["margin"] == pytest.approx(
        expected[0, order[0, 0]] - expected[0, order[0, 1]], abs=1e-6
    )
    assert list(routed["trace"]["expected"]) == names


def test_answers_that_cannot_be_compared_are_not_counted_as_votes(client, router):
    body = {"model": "cascal-vote", "messages": QUESTION}
    refused = client.post("/v1/chat/completions", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "vote_not_comparable")
    names = [one["id"] for one in client.get("/v1/models").json()["data"]]
    assert names == ["cascal", *router.models]
    health = client.get("/health").json()
    assert (health["scored_by"], health["n_scored"], health["labels"]) == ("3 people", 200, None)
    empty = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    first = client.post("/v1/chat/completions", json={"model": "cascal", "messages": empty})
    assert first.headers["x-cascal-model"] == router.models[router.constant]
    wrong = client.post("/route", json={"vector": [1.0, 0.0]})
    assert wrong.json()["error"]["code"] == "invalid_body"

"""Every refusal has a code of the list, every code is used, and its sentence reads as meant.

The wording of refusals is looked at here and nowhere else, one sentence for each code. All other
tests go by the code and by the names and numbers in the sentence (`refusals.refuses`).
"""

from __future__ import annotations

import ast
import asyncio
import pickle
import re
import socket
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import make_part, make_world
from refusals import refuses
from refused_data import OF_DATA

import cascal
from cascal import charts
from cascal.answers import refuse_prose
from cascal.compare.baselines.neighbours import triplet_differences
from cascal.compare.cost import cost_grid
from cascal.compare.experiments.report import MAX_BYTES, read_report
from cascal.compare.gold_agreement import cluster_information, skill_alignment
from cascal.compare.latency import timed
from cascal.compare.sweep import attainable
from cascal.dataset.contest import contest_of_models
from cascal.dataset.demo import demo_folder
from cascal.dataset.judged import judgeable
from cascal.dataset.part import join
from cascal.datatypes import CascalError, Embeddings, NotApplicable, Votes
from cascal.diagnose.data import unreadable
from cascal.diagnose.routes import misplaced, moved_by_joining
from cascal.export import convert
from cascal.fit import Fit
from cascal.hosts import allowed_hosts
from cascal.importers.addresses import local_copies
from cascal.policy import read_policy
from cascal.refusals import REFUSALS
from cascal.routing.route import Router
from cascal.routing.same_encoder import EncoderMismatch
from cascal.score import consensus_scores
from cascal.serve.decide import Decider
from cascal.serve.endpoints import Endpoints
from cascal.serve.errors import ApiError
from cascal.serve.options import ServeOptions
from cascal.serve.pool import Pool, choose_models
from cascal.serve.running import listen
from cascal.settings import FitSettings, Routing, Thresholds

ROOT = Path(__file__).parents[1]
PASSING_ON = {"cascal/endpoint/pool_file.py"}
"""Where a refusal may carry the code of another one."""


def sources() -> Iterator[Path]:
    """The files that may refuse something."""
    for folder in ("cascal", "app"):
        yield from sorted((ROOT / folder).rglob("*.py"))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """The syntax of a file, read once for all tests."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def refusal_classes() -> set[str]:
    """CascalError and all that derive from it, but for the answers of the server over HTTP."""
    bases: dict[str, set[str]] = {}
    for path in sources():
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    found: set[str] = set()
    more = {"CascalError"}
    while more - found:
        found |= more
        more = {name for name, parents in bases.items() if parents & found}
    return found - {"ApiError"}


def made_refusals() -> Iterator[tuple[str, ast.Call]]:
    """Where a refusal is made, raised at once or not, and the call that makes it."""
    makers = {*refusal_classes(), "refusal"}  # of fields.py, for validators
    for path in sources():
        for node in nodes_of(path):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id in makers:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def code_of(call: ast.Call) -> str | None:
    """The code in a call, None where there is none or it is computed."""
    for keyword in call.keywords:
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    return None


def test_the_classes_of_refusals_are_found():
    assert {"CascalError", "NotApplicable", "ArtefactError", "PolicyError"} <= refusal_classes()


def test_every_refusal_has_a_code_of_the_list():
    uncoded = {place for place, call in made_refusals() if code_of(call) not in REFUSALS}
    passing_on = {place for place in uncoded if place.partition(":")[0] in PASSING_ON}
    assert uncoded == passing_on
    assert len(passing_on) == 1


def test_every_code_is_used():
    assert {code_of(call) for _, call in made_refusals()} >= set(REFUSALS)


def test_codes_are_short_and_meanings_a_line():
    assert list(REFUSALS) == sorted(REFUSALS)
    for code, meaning in REFUSALS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+){0,3}", code)
        assert 5 <= len(meaning.split()) <= 12, code


def refuse_ten() -> None:
    raise CascalError("'q1' has 10 options, 1.5 of them right.", code="out-of-bounds")


def test_a_test_of_a_refusal_looks_at_code_names_and_whole_numbers():
    with refuses("out-of-bounds", "'q1'", 10, 1.5):
        refuse_ten()
    for code, part in (("wrong-shape", 10), ("out-of-bounds", 1), ("out-of-bounds", "'q2'")):
        with pytest.raises(AssertionError), refuses(code, part):
            refuse_ten()


@pytest.mark.parametrize("kind", [CascalError, NotApplicable, EncoderMismatch])
def test_a_refusal_of_another_process_keeps_kind_sentence_and_code(kind):
    sent = pickle.dumps(kind("The vectors are odd.", code="unusable-vector"))
    told = pickle.loads(sent)  # noqa: S301 – made one line above
    assert (type(told), str(told), told.code) == (kind, "The vectors are odd.", "unusable-vector")


@dataclass(frozen=True)
class Stage:
    """What a refusal may need to come about."""

    votes: Votes
    vectors: Embeddings
    gold: np.ndarray
    fitted: Fit
    router: Router
    folder: Path
    patch: pytest.MonkeyPatch

    def policy(self, document: object) -> None:
        """Read a policy for the router."""
        read_policy(document, self.folder, self.router.models)

    def file(self, name: str, content: bytes) -> Path:
        """A file with this content."""
        path = self.folder / name
        path.write_bytes(content)
        return path


@pytest.fixture(scope="module")
def fitted_world() -> tuple[Votes, Embeddings, np.ndarray, Fit, Router]:
    votes, vectors, gold = make_world(n_queries=120)
    fitted = cascal.fit(votes, vectors)
    return votes, vectors, gold, fitted, fitted.router()


@pytest.fixture
def stage(fitted_world, tmp_path, monkeypatch) -> Stage:
    return Stage(*fitted_world, tmp_path, monkeypatch)


def taken_port(_: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen("127.0.0.1", taken.getsockname()[1])


def judge_of_itself(stage: Stage) -> None:
    """A model that judges where it is one of the two that are compared."""
    part = make_part(stage.votes, stage.vectors, stage.gold)
    judgeable(contest_of_models(part, *stage.votes.models[:2]), stage.votes.models[0])


def broken_encoder(stage: Stage) -> None:
    def encode(texts: object) -> None:
        raise RuntimeError(f"no memory for {texts}")

    async def ask() -> None:
        with ThreadPoolExecutor(1) as threads:
            encoder = SimpleNamespace(encode=encode)
            await Decider(stage.router, encoder, ServeOptions(), threads).encode(["Why?"])

    with pytest.raises(ApiError) as answered:
        asyncio.run(ask())
    raise answered.value.__cause__ or answered.value


def foreign_zip(stage: Stage) -> None:
    path = stage.folder / "other.cascal"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("router.json", '{"format": "something else"}')
        archive.writestr("arrays.npz", b"")
    Router.load(path)


def silent_snapshot(stage: Stage) -> SimpleNamespace:
    n_queries, n_models = stage.votes.shape
    silent = np.full((n_queries, n_models), cascal.NO_ANSWER)
    votes = Votes(
        stage.votes.query_ids,
        stage.votes.tasks,
        stage.votes.models,
        silent,
        stage.votes.logprobs,
    )
    return SimpleNamespace(dataset=SimpleNamespace(train=SimpleNamespace(votes=votes)))


def without_confidence(votes: Votes) -> Votes:
    return Votes(
        votes.query_ids,
        votes.tasks,
        votes.models,
        votes.answers,
        np.full(votes.shape, np.nan),
        votes.option_counts,
    )


def one_vote(answer: int, n_options: int) -> Votes:
    return Votes(["q1"], ["law"], ["gpt"], np.array([[answer]]), np.zeros((1, 1)), [n_options])


def uneven_part(stage: Stage) -> None:
    part = make_part(stage.votes, stage.vectors, stage.gold)
    join(part, part.with_models(part.votes.models[:2]))


def texts_with_a_gap(stage: Stage) -> None:
    stage.file("asked.csv", b'text\nWhy?\n""\nHow?\n')
    stage.policy({"prompts": "asked.csv", "min_effective_models": 1})


def router_into_a_folder(stage: Stage) -> None:
    convert(stage.router, stage.folder, "nordlys")


Trigger = Callable[[Stage], object]

WORDED: Mapping[str, tuple[Trigger, str]] = {
    **OF_DATA,
    "cannot-listen": (
        taken_port,
        r"Cannot listen on 127\.0\.0\.1 port \d+ \(Address already in use\)\. "
        r"Choose another with --port or --host\.",
    ),
    "conflicting-settings": (
        lambda _: Routing(two_stage=True, across_tasks=True),
        r"Routing\.two_stage keeps to one task; it excludes across_tasks\.",
    ),
    "damaged-file": (
        lambda stage: Router.load(stage.file("cut.cascal", b"PK\x03\x04")),
        r"cut\.cascal is not a CASCAL router, or it is damaged\. Export the router again\.",
    ),
    "duplicate-id": (
        lambda _: Embeddings.from_array(["q1", "q1"], np.eye(2), "test"),
        r"Embeddings\.query_ids holds 'q1' more than once; every id must be unique\. "
        r"Drop or rename the duplicates\.",
    ),
    "encoder-failed": (broken_encoder, r"The encoder failed \(RuntimeError\)\."),
    "foreign-file": (
        foreign_zip,
        r"other\.cascal is not a CASCAL router\. Export one with `cascal export`\.",
    ),
    "judges-itself": (
        judge_of_itself,
        r"\S+ is one of the two models compared on (\d+) of \1 contested queries, and a model "
        r"never judges where it is compared: 0 are left, 10 are needed\. Name another model as "
        r"judge, or label them yourself\.",
    ),
    "malformed-value": (
        lambda _: allowed_hosts("", ["http://here"]),
        r"'http://here' is no host name\. Give the name or address that stands in the browser's "
        r"address bar, without http:// and port; each one in full\.",
    ),
    "missing-value": (
        lambda stage: stage.policy({"min_effective_models": 2}),
        r"min_effective_models counts shares: name a file of queries under prompts\.",
    ),
    "needs-labels": (
        lambda stage: cascal.fit(stage.votes, stage.vectors, FitSettings(consensus="labels")),
        r"Scores by labels need labels: use cascal\.compare\.baselines\.CascalWithLabels\.",
    ),
    "needs-latencies": (
        lambda _: timed(np.full((30, 2), np.nan)),
        r"Of 0 queries all models say how long they took; at least 20 are needed\. Import a column "
        r"latency \(seconds\) with the responses\.",
    ),
    "needs-log-probabilities": (
        lambda stage: consensus_scores(without_confidence(stage.votes), "z_sum"),
        r"The preset 'paper' \(consensus z_sum\) needs log-probabilities, and these votes carry "
        r"none: its scores would all be 0 and the order alphabetical\. Use 'recommended'\.",
    ),
    "needs-probabilities": (
        lambda _: FitSettings(consensus="z_sum", strong="probable"),
        r"strong='probable' needs scores that are probabilities of being right, but "
        r"consensus='z_sum' gives none\. Use one of (\w+, )+or strong='unique'\.",
    ),
    "no-answers": (
        lambda stage: unreadable(silent_snapshot(stage)),
        r"No model gave any answer\.",
    ),
    "no-gold": (
        lambda stage: make_part(
            stage.votes, stage.vectors, stage.gold, origin="generated"
        ).need_gold("The sweep"),
        r"The sweep needs test queries with gold answers, and there are none\.",
    ),
    "no-map": (
        lambda stage: charts.portraits(
            SimpleNamespace(
                dataset=SimpleNamespace(train=make_part(stage.votes, stage.vectors, stage.gold)),
                router=stage.router,
            )
        ),
        r"These training queries have no place on a map yet: draw the map first\.",
    ),
    "no-skills": (
        lambda _: skill_alignment(np.zeros(2, int), [None, None]),
        r"No query has a known skill, so the clusters cannot be compared\.",
    ),
    "no-such-file": (
        lambda stage: Router.load(stage.folder / "gone.cascal"),
        r"There is no file /.+/gone\.cascal\. Save one with `cascal export`\.",
    ),
    "no-such-option": (
        lambda _: one_vote(answer=7, n_options=4),
        r"1 vote names an option that does not exist, the first is answer 7 of gpt to query 'q1', "
        r"which has 4 options\. Use -1 for an unreadable answer\.",
    ),
    "no-test-queries": (
        lambda stage: misplaced(
            SimpleNamespace(
                dataset=SimpleNamespace(test=None), test_routes=None, router=stage.router
            )
        ),
        r"There are no test queries of known tasks\.",
    ),
    "no-vectors": (
        lambda stage: stage.vectors.take(["q9999"]),
        r"1 query has no embedding, the first is 'q9999'\. "
        r"Run `cascal embed` first, or leave these queries out\.",
    ),
    "not-comparable": (
        lambda _: refuse_prose(np.array([True, True, False]), ("essays", "essays", "sums")),
        r"Answers are not comparable: 2 of 3 queries \(task 'essays'\) have open-ended answers, "
        r"which are no votes, so nothing can be ranked or routed without labels\. Score some "
        r"responses from 0 to 1 instead \(cascal scores DATASET --out FILE\), import short answers "
        r"in a column model_answer, or a column score\.",
    ),
    "not-installed": (
        lambda stage: (stage.patch.setattr("cascal.dataset.demo.FOLDERS", ()), demo_folder()),
        r"The demo set is not part of this installation\. Rebuild it: data/make_demo\.py",
    ),
    "not-running": (
        lambda stage: Endpoints(stage.router, Pool({}), None, ServeOptions()).service,
        r"The server has not started: run the application with its lifespan\.",
    ),
    "nothing-to-compare": (
        lambda _: cluster_information(np.zeros(3, int), np.zeros((3, 2))),
        r"No query has a right model: clusters cannot tell who wins\.",
    ),
    "nothing-to-fit": (
        lambda stage: cascal.fit(stage.votes.take(np.zeros(0, int)), stage.vectors),
        r"There are 0 queries and 5 models; at least one of each is needed\. "
        r"Import responses first\.",
    ),
    "nothing-to-split": (
        lambda _: attainable(
            SimpleNamespace(
                settings=FitSettings(),
                by_task=[SimpleNamespace(silhouettes=np.full((5, 3), np.nan))],
            ),
            "min_silhouette",
        ),
        r"No model has two different strong queries in any task: nothing to split\.",
    ),
    "other-encoder": (
        lambda stage: stage.router.route(np.ones((1, 3))),
        r"The vectors have 3 dimensions, this router needs 12 \(encoder 'test'\)\.",
    ),
    "other-models": (uneven_part, r"Only parts with the same models can be joined\."),
    "other-queries": (
        lambda stage: cascal.evaluate(
            stage.router.route(stage.vectors),
            stage.votes.take(np.arange(120)[::-1]),
            stage.gold,
        ),
        r"The votes are of other queries, or in another order, than the routes\.",
    ),
    "other-version": (
        lambda _: read_report('{"format": "cascal-experiment", "format_version": 99}'),
        r"the file has report format 99, this program reads \d+\. "
        r"Update cascal, or run the experiment again\.",
    ),
    "out-of-bounds": (
        lambda _: Thresholds(merge_distance=9.0),
        r"Thresholds\.merge_distance is 9\.0; it must be .+\.",
    ),
    "switched-off": (
        lambda _: moved_by_joining(
            SimpleNamespace(
                fit=SimpleNamespace(settings=FitSettings()),
                router=SimpleNamespace(thresholds=Thresholds(prune_jaccard=None)),
            )
        ),
        r"Joining is off\.",
    ),
    "taken-name": (
        lambda _: choose_models([SimpleNamespace(name="cascal")], ["cascal"]),
        r"The router has a model called 'cascal', which asks the router\.",
    ),
    "too-large": (
        lambda _: read_report(b" " * (MAX_BYTES + 1), "big.json"),
        r"big\.json is larger than [\d,]+ bytes; no report is\.",
    ),
    "too-little-data": (
        lambda _: triplet_differences(np.zeros((4, 2, 2))),
        r"A triplet needs 3 models, there are 2\.",
    ),
    "unknown-address": (
        lambda _: local_copies(["gopher://host/d.jsonl"]).__enter__(),
        r"Addresses of the scheme 'gopher' are not read; s3:// and https:// are\. Copy the data to "
        r"this machine and name the file\.",
    ),
    "unknown-choice": (
        lambda _: FitSettings.preset("best"),
        r"There is no preset 'best'; choose one of ([\w-]+, )+\w+\.",
    ),
    "unknown-field": (
        lambda stage: stage.policy({"max_shares": 0.5}),
        r"The policy holds 'max_shares', which is not known; write (\w+, )+\w+\.",
    ),
    "unknown-model": (
        lambda _: choose_models([], ["gpt", "llama"]),
        r"The pool file lacks 2 of the router's 2 models: gpt, llama\. "
        r"Add an entry for each, or fit a router without them\.",
    ),
    "unusable-costs": (
        lambda _: cost_grid(np.ones(3)),
        r"Costs per query are unknown or equal: there is nothing to weigh\.",
    ),
    "unusable-text": (
        texts_with_a_gap,
        r"asked\.csv has 1 row without a text, the first is row \d\. "
        r"A policy counts every row: remove them\.",
    ),
    "unusable-vector": (
        lambda _: Embeddings.from_array(["q1", "q2"], np.diag([1.0, 0.0]), "test"),
        r"1 embedding vector is all zero or hold nan or infinite numbers, the first is of query "
        r"'q2'\. Encode these queries again or leave them out\.",
    ),
    "wrong-path": (router_into_a_folder, r"/.+ is a folder\. Name a file to write\."),
    "wrong-shape": (
        lambda _: Embeddings(("q1",), np.eye(2), "test"),
        r"Embeddings\.vectors has shape \(2, 2\), but 1 query id needs \(queries, dimensions\)\.",
    ),
    "wrong-type": (
        lambda _: Thresholds(routing="blend"),
        r"Thresholds\.routing is 'blend'; give a cascal\.Routing, or None\.",
    ),
}
"""Code → what raises it and the whole sentence."""


@pytest.mark.parametrize("code", REFUSALS)
def test_the_sentence_of_a_code_reads_as_meant(code, stage):
    trigger, sentence = WORDED[code]
    with pytest.raises(CascalError) as caught:
        trigger(stage)
    assert caught.value.code == code
    assert re.fullmatch(sentence, str(caught.value)), str(caught.value)

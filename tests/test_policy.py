"""A policy in a user's CI: what holds, what is violated, and policies that cannot be checked."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_world
from refusals import refuses
from typer import Typer
from typer.testing import CliRunner

import cascal
from cascal.cli.serving import check as check_command
from cascal.datatypes import CascalError
from cascal.encode.encoders import load_encoder
from cascal.evaluate import effective_number
from cascal.policy import PolicyError, check, read_policy
from cascal.yaml_files.documents import read_document

PROMPTS = [f"Prompt number {number} <b>bold</b>" for number in range(60)]


def encode(encoder_id, texts):
    assert encoder_id == "test"
    rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=12) for text in texts]
    return np.stack(rows) / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def fit():
    votes, vectors, _ = make_world(seed=4)
    return cascal.fit(votes, vectors)


@pytest.fixture(scope="module")
def router(fit):
    return fit.router()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "prompts.txt").write_text("\n".join(PROMPTS), encoding="utf-8")
    return tmp_path


def first(router, texts=PROMPTS):
    return [router.models[m] for m in router.route(encode("test", texts)).selected[:, 0]]


def judged(router, document, folder):
    return check(router, read_policy(document, folder, router.models), encode)


def test_texts_that_must_go_to_a_model_are_checked_one_by_one(router, folder):
    goes = first(router)[0]
    other = next(name for name in router.models if name != goes)
    outcome = judged(
        router,
        {
            "must_go_to": [{"models": [goes], "texts": PROMPTS[:1]}],
            "must_not_go_to": [
                {"models": [other], "texts": PROMPTS[:1]},
                {"models": [goes, other], "texts": PROMPTS[:2]},
            ],
        },
        folder,
    )
    held = [one.held for one in outcome.assertions]
    assert held == [True, True, False, first(router)[1] not in (goes, other)]
    said = outcome.violated[0].sentence
    assert said == (
        f"must_not_go_to[2]: '{PROMPTS[0]}' goes to {goes}; it must not go to {goes} or {other}."
    )


def test_all_selected_models_count_where_that_is_asked(router, folder):
    selected = [router.models[m] for m in router.route(encode("test", PROMPTS[:1])).selected[0]]
    second = {"models": [selected[1]], "texts": PROMPTS[:1]}
    assert not judged(router, {"must_not_go_to": [second]}, folder).violated
    assert judged(router, {"must_not_go_to": [{**second, "among": "selected"}]}, folder).violated
    assert not judged(router, {"must_go_to": [{**second, "among": "selected"}]}, folder).violated


def test_shares_and_the_effective_number_are_counted_on_the_prompts(router, folder):
    names = first(router)
    share = np.array([names.count(name) / len(names) for name in router.models])
    top = float(share.max())
    policy = {
        "prompts": "prompts.txt",
        "max_share": top,
        "min_effective_models": effective_number(share),
    }
    assert not judged(router, policy, folder).violated
    outcome = judged(
        router, {**policy, "max_share": top - 0.001, "min_effective_models": 5}, folder
    )
    assert [one.rule for one in outcome.violated] == ["max_share", "min_effective_models"]
    assert outcome.violated[0].measured == pytest.approx(top)
    assert router.models[int(share.argmax())] in outcome.violated[0].sentence


def test_a_share_may_be_set_for_one_model_only(router, folder):
    name = first(router)[0]
    policy = {"prompts": "prompts.txt", "max_share": {name: 0.0}}
    outcome = judged(router, policy, folder)
    assert [one.rule for one in outcome.assertions] == ["max_share"]
    assert name in outcome.violated[0].sentence


def test_flips_against_a_baseline_are_counted_by_name(fit, router, folder):
    other = fit.router(cascal.Thresholds(routing=cascal.Routing(margin=1.0)))
    other.save(folder / "old.cascal")
    flipped = np.mean([a != b for a, b in zip(first(router), first(other), strict=True)])
    assert flipped > 0
    policy = {"prompts": "prompts.txt", "baseline": {"router": "old.cascal", "max_flipped": 1}}
    assert judged(router, policy, folder).assertions[0].measured == pytest.approx(flipped)
    policy["baseline"]["max_flipped"] = float(flipped)
    assert not judged(router, policy, folder).violated
    policy["baseline"]["max_flipped"] = float(flipped) - 0.001
    assert judged(router, policy, folder).violated
    router.save(folder / "old.cascal")
    policy["baseline"]["max_flipped"] = 0
    assert not judged(router, policy, folder).violated


def test_a_baseline_of_another_encoder_is_encoded_with_its_own(router, folder):
    replace(router, encoder="another").save(folder / "old.cascal")
    policy = {"prompts": "prompts.txt", "baseline": {"router": "old.cascal", "max_flipped": 0}}
    asked = []

    def encode_any(encoder_id, texts):
        asked.append(encoder_id)
        return encode("test", texts)

    outcome = check(router, read_policy(policy, folder, router.models), encode_any)
    assert not outcome.violated
    assert asked == ["test", "another"]


TEXTS = {"texts": ["a"]}


@pytest.mark.parametrize(
    ("document", "code", "part"),
    [
        (None, "wrong-type", "must_go_to"),
        ([], "wrong-type", "must_go_to"),
        ({"prompts": "prompts.txt"}, "missing-value", "must_go_to"),
        ({"max_shares": 0.5}, "unknown-field", "'max_shares'"),
        ({"max_share": 0.5}, "missing-value", "max_share"),
        ({"prompts": 3, "max_share": 0.5}, "wrong-type", "prompts"),
        ({"prompts": "none.txt", "max_share": 0.5}, "no-such-file", "none.txt"),
        ({"prompts": "prompts.txt", "max_share": 1.5}, "out-of-bounds", "0 to 1"),
        ({"prompts": "prompts.txt", "max_share": "half"}, "out-of-bounds", "'half'"),
        ({"prompts": "prompts.txt", "max_share": True}, "out-of-bounds", "'True'"),
        ({"prompts": "prompts.txt", "max_share": {}}, "missing-value", "max_share"),
        ({"prompts": "prompts.txt", "max_share": {"gpt": 0.5}}, "unknown-model", "'gpt'"),
        ({"prompts": "prompts.txt", "min_effective_models": 6}, "out-of-bounds", "1 to 5"),
        ({"prompts": "prompts.txt", "baseline": "old.cascal"}, "wrong-type", "baseline"),
        (
            {"prompts": "prompts.txt", "baseline": {"router": "x"}},
            "out-of-bounds",
            "baseline.max_flipped is 'None'",
        ),
        (
            {"prompts": "prompts.txt", "baseline": {"router": "x", "max_flipped": 0}},
            "no-such-file",
            "/x",
        ),
        ({"must_go_to": {}}, "wrong-type", "must_go_to"),
        ({"must_go_to": ["x"]}, "wrong-type", "must_go_to[1]"),
        ({"must_go_to": [{"models": ["model-a"]}]}, "missing-value", "must_go_to[1]"),
        ({"must_go_to": [{"models": [], **TEXTS}]}, "wrong-type", "must_go_to[1].models"),
        ({"must_go_to": [{"models": ["x"], **TEXTS}]}, "unknown-model", "'x'"),
        ({"must_go_to": [{"models": ["model-a"], "texts": [3]}]}, "wrong-type", "'3'"),
        (
            {"must_go_to": [{"models": ["model-a"], **TEXTS, "among": "all"}]},
            "unknown-choice",
            "must_go_to[1].among is 'all'",
        ),
        (
            {"must_go_to": [{"models": ["model-a"], **TEXTS, "model": "b"}]},
            "unknown-field",
            "'model'",
        ),
        ({"must_go_to": [{"models": ["model-a"], "file": 3}]}, "wrong-type", "must_go_to[1].file"),
    ],
)
def test_a_policy_that_cannot_be_checked_is_refused_in_a_sentence(
    router, folder, document, code, part
):
    with refuses(code, part):
        read_policy(document, folder, router.models)


ENTRY = {"models": ["model-a"], "texts": ["a"]}
COUNTED = {"prompts": "prompts.txt"}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            {"must_go_to": [ENTRY, {**ENTRY, "models": []}]},
            "must_go_to[2].models is a list of texts that is not empty.",
        ),
        (
            {"must_not_go_to": [{**ENTRY, "texts": ["a", " "]}]},
            "must_not_go_to[1].texts holds ' ', which is no text. Put it into quotes.",
        ),
        (
            {"must_go_to": [{**ENTRY, "file": "prompts.txt"}]},
            "must_go_to[1] needs texts or file, one of the two.",
        ),
        (
            {**COUNTED, "max_share": {"model-a": "half"}},
            "max_share.model-a is 'half'; write a number from 0 to 1.",
        ),
        (
            {**COUNTED, "max_share": "{place}"},
            "max_share is '{place}'; write a number from 0 to 1.",
        ),
        (
            {**COUNTED, "baseline": {"max_flipped": 0}},
            "baseline is {router: file, max_flipped: share}.",
        ),
        (
            {"must_go_to": [{**ENTRY, "{known}": 1}]},
            "must_go_to[1] holds '{known}', which is not known; write models, texts, file, among.",
        ),
    ],
)
def test_a_refusal_names_the_place_shows_what_came_and_says_what_to_write(
    router, folder, document, sentence
):
    with pytest.raises(PolicyError) as caught:
        read_policy(document, folder, router.models)
    assert str(caught.value) == sentence


class Unwritable:
    """A value whose text would be too much."""

    def __repr__(self):
        raise AssertionError("The whole value was written out.")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (["x" * 100, Unwritable()], "\"['" + "x" * 38 + '"'),
        (
            {"a": {"b": [1, ("c", 2.5)]}, "d": ["e" * 30, Unwritable()]},
            "{'a': {'b': [1, ('c', 2.5)]",
        ),
        (["a", [], {}, (), None], "\"['a', [], {}, (), None]\""),
    ],
)
def test_what_came_is_never_written_out_whole(router, folder, value, shown):
    with refuses("out-of-bounds", shown, kind=PolicyError):
        read_policy(
            {**COUNTED, "max_share": 1, "min_effective_models": value}, folder, router.models
        )


def test_a_row_without_a_text_is_refused(router, folder):
    (folder / "holes.csv").write_text("id,text\n1,one\n2,\n", encoding="utf-8")
    with refuses("unusable-text", "holes.csv", "row 2", kind=PolicyError):
        read_policy({"prompts": "holes.csv", "max_share": 1}, folder, router.models)


# The files of policies and pools


@pytest.mark.parametrize(
    ("name", "text", "code", "part"),
    [
        ("p.yaml", "max_share: [", "bad-yaml", "(line 1)"),
        ("p.yaml", "a: !!python/object/apply:os.system ['true']", "bad-yaml", "(line 1)"),
        ("p.yaml", "must_go_to: []\nmax_share: 1\nmust_go_to: []", "duplicate-key", "'must_go_to'"),
        ("p.yaml", "a:\n- {b: 1, b: 2}", "duplicate-key", "'b'"),
        ("p.json", '{"a": 1, "a": 2}', "duplicate-key", "'a'"),
        ("p.json", "{", "bad-json", "(line 1)"),
        ("p.yaml", "[" * 5000, "bad-yaml", "p.yaml"),
    ],
)
def test_a_document_that_is_none_is_refused_in_a_sentence(tmp_path, name, text, code, part):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with refuses(code, part):
        read_document(tmp_path / name, "policy")


def test_yaml_and_json_say_the_same(tmp_path):
    (tmp_path / "p.yaml").write_text("prompts: p.txt\nmax_share: {a: 0.5}\n", encoding="utf-8")
    (tmp_path / "p.json").write_text('{"prompts": "p.txt", "max_share": {"a": 0.5}}')
    both = [read_document(tmp_path / name, "policy") for name in ("p.yaml", "p.json")]
    assert both[0] == both[1] == {"prompts": "p.txt", "max_share": {"a": 0.5}}
    with refuses("no-such-file", "none.yaml"):
        read_document(tmp_path / "none.yaml", "policy")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with refuses("wrong-encoding", "latin.yaml", "UTF-8"):
        read_document(tmp_path / "latin.yaml", "policy")


# The command


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A router whose texts the hashing encoder reads, and a file of prompts."""
    folder = tmp_path_factory.mktemp("policy")
    votes, _, _ = make_world(seed=4)
    texts = [f"{task} {one}" for task, one in zip(votes.tasks, votes.query_ids, strict=True)]
    coder = load_encoder("hashing")
    vectors = cascal.Embeddings.from_array(votes.query_ids, coder.encode(texts), coder.id)
    router = cascal.fit(votes, vectors).router()
    router.save(folder / "r.cascal")
    (folder / "prompts.txt").write_text("\n".join(PROMPTS), encoding="utf-8")
    return folder, router


def run(folder, policy, *more):
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    app = Typer()
    app.command()(check_command)
    paths = [str(folder / "r.cascal"), str(folder / "policy.yaml")]
    return CliRunner().invoke(app, [*paths, *more])


def test_the_command_ends_with_0_when_all_holds(saved):
    folder, _ = saved
    done = run(folder, "prompts: prompts.txt\nmax_share: 1.0\nmin_effective_models: 1\n")
    assert done.exit_code == 0, done.output
    assert done.output.strip() == "6 assertions hold."


def test_the_command_ends_with_1_and_a_line_for_each_violation(saved):
    folder, router = saved
    names = ", ".join(f'"{name}"' for name in router.models)
    policy = (
        "prompts: prompts.txt\nmin_effective_models: 5\n"
        f"must_not_go_to:\n- models: [{names}]\n  texts: ['[bold]one[/] <b>', 'two']\n"
    )
    done = run(folder, policy)
    assert done.exit_code == 1
    lines = done.output.strip().splitlines()
    assert len(lines) == 3
    assert all(
        re.match(r"Violated: (must_not_go_to\[1\]|min_effective_models): ", x) for x in lines
    )
    assert "[bold]one[/] <b>" in lines[0]
    stated = json.loads(run(folder, policy, "--json").output)
    assert stated["n_violated"] == 3
    assert [one["held"] for one in stated["assertions"]] == [False] * 3


def test_the_command_refuses_another_encoder(saved):
    folder, _ = saved
    done = run(folder, "prompts: prompts.txt\nmax_share: 1\n", "--encoder", "all-MiniLM-L6-v2")
    assert isinstance(done.exception, CascalError)
    assert "not the one this router was fitted with" in str(done.exception)

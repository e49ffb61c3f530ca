"""Logs of lm-evaluation-harness and inspect_ai: what is read of them, and what is refused."""

import math
import zipfile

import pytest
from foreign_files import (
    DATE,
    ERROR,
    HTML,
    document,
    harness_choice,
    harness_folder,
    harness_text,
    inspect_eval,
    inspect_header,
    inspect_json,
    inspect_sample,
    jsonl,
    zstd_zip,
)
from refusals import refuses

from cascal import importers
from cascal.importers import ImportRefused, inspect_log, unzip


def column(table, name):
    return table[name].to_pylist()


# --- lm-evaluation-harness


def test_a_choice_is_the_likeliest_and_its_confidence_the_log_softmax(tmp_path):
    """By hand: log(e^-0.5 / (e^-0.5 + e^-1.5 + e^-3)), and log(e^-1 / (e^-1 + e^-2))."""
    file = harness_folder(tmp_path)
    assert importers.detect(file) == importers.detect(tmp_path) == "lm_eval"
    result = importers.read(tmp_path)
    assert [one.name for one in result.models] == ["org/tiny"]
    assert [one.name for one in result.tasks] == ["demo_mc"]
    assert column(result.queries, "query_id") == ["0" + "a" * 15, "1" + "a" * 15]
    assert column(result.queries, "text") == [f"{HTML} 0", f"{HTML} 1"]
    assert column(result.queries, "options") == [["1", "2", HTML], ["1", "2"]]
    assert column(result.queries, "answer") == ["B", "B"]
    assert column(result.responses, "answer") == ["A", "B"]
    assert column(result.responses, "rule") == ["given", "given"]
    by_hand = [-math.log(1 + math.exp(-1) + math.exp(-2.5)), -math.log(1 + math.exp(-1))]
    assert column(result.responses, "mean_logprob") == pytest.approx(by_hand)
    assert column(result.responses, "score") == [0.0, 0.0]
    assert column(result.responses, "status") == ["ok", "ok"]
    assert column(result.responses, "text") == ["", ""]
    assert result.refused == ()


def test_log_probabilities_may_be_numbers_and_choices_texts_and_labels(tmp_path):
    row = harness_choice(
        0,
        resps=[[[-2.0, False]], [[-1.0, True]]],
        doc={"question": HTML, "choices": {"text": ["x", "y"], "label": ["1", "2"]}},
        target="1",
    )
    result = importers.read(harness_folder(tmp_path, rows=[row]))
    assert column(result.queries, "options") == [["x", "y"]]
    assert column(result.queries, "answer") == ["B"]
    assert column(result.responses, "answer") == ["B"]


def test_options_come_from_letters_continuations_or_contexts_where_the_document_has_none(tmp_path):
    arguments = {
        "letters": [["p", " A"], ["p", " B"]],
        "contexts": [["x", " end"], ["y", " end"]],
    }
    rows = [
        harness_choice(
            0,
            (-1, -2),
            doc={"question": "q0", "choices": ["me", "you"]},
            arguments=arguments["letters"],
        ),
        harness_choice(1, (-1, -2), doc={"question": "q1"}),
        harness_choice(2, (-1, -2), doc={"sentence": "q2"}, arguments=arguments["contexts"]),
        harness_choice(
            3,
            (-1, -2),
            doc={"question": "q3", "option1": "a", "option2": "b"},
            arguments=arguments["letters"],
        ),
    ]
    result = importers.read(harness_folder(tmp_path, rows=rows))
    assert column(result.queries, "options") == [
        ["me", "you"],
        ["1", "2"],
        ["x", "y"],
        ["a", "b"],
    ]


def test_mutual_information_counts_the_conditional_half_only(tmp_path):
    row = harness_choice(0, (-3.0, -1.0))
    twice = {f"gen_args_{i}": {"arg_0": "p", "arg_1": f" {i % 2 + 1}"} for i in range(4)}
    row |= {"arguments": twice, "resps": row["resps"] + [[["-0.1", "False"]], [["-9.0", "False"]]]}
    result = importers.read(harness_folder(tmp_path, rows=[row]))
    assert column(result.responses, "answer") == ["B"]
    assert column(result.responses, "mean_logprob") == pytest.approx([-math.log1p(math.exp(-2))])


def test_log_probabilities_that_are_no_numbers_choose_nothing(tmp_path):
    rows = [
        harness_choice(0, (math.nan, -1.0)),
        harness_choice(1, (-math.inf, -math.inf)),
        harness_choice(2, (-1.0, -math.inf)),
    ]
    result = importers.read(harness_folder(tmp_path, rows=rows))
    assert column(result.responses, "answer") == [None, None, "A"]
    assert column(result.responses, "mean_logprob") == [None, None, 0.0]


def test_a_filter_is_kept_by_name_and_another_name_refused(tmp_path):
    rows = [harness_text(n, filter=name) for n in (0, 1) for name in ("strict", "loose")]
    folder = harness_folder(tmp_path, task="gsm8k", rows=rows)
    notes = importers.read(folder, log_filter="strict").notes
    assert "gsm8k: filter 'strict' was kept, not 'loose'. --filter NAME keeps another." in notes
    with refuses("unknown-choice", "'loose', 'strict'", kind=ImportRefused):
        importers.read(folder, log_filter="other")


def test_other_formats_have_no_filter(tmp_path):
    path = inspect_json(tmp_path / "log.json", [inspect_sample(1)])
    with refuses("unknown-choice", "inspect_log", kind=ImportRefused):
        importers.read(path, log_filter="strict")


def test_a_single_likelihood_has_a_score_and_no_answer(tmp_path):
    row = harness_choice(0, resps=[[["-4.5", "True"]]], doc={"text": HTML}, target=" word", acc=1.0)
    result = importers.read(harness_folder(tmp_path, rows=[row]))
    assert column(result.responses, "answer") == [None]
    assert column(result.responses, "status") == ["ok"]
    assert column(result.responses, "score") == [1.0]
    assert (
        "1 model gives only right or wrong, no answers: it can be evaluated but cannot "
        "vote: org/tiny" in result.notes
    )


def test_a_likelihood_that_no_float_holds_is_none(tmp_path):
    row = harness_choice(0, resps=[[[-(10**400), "True"]], [["-1", "False"]]], acc=1.0)
    result = importers.read(harness_folder(tmp_path, rows=[row]))
    assert column(result.responses, "answer") == [None]


def test_a_generated_text_is_read_again_and_one_filter_is_kept_and_named(tmp_path):
    rows = [
        harness_text(0, "#### 9", "[invalid]", "strict-match", exact_match=0.0),
        harness_text(1, "many\nlines", "[invalid]", "strict-match", exact_match=0.0),
        harness_text(0, "#### 9"),
        harness_text(1, "many\nlines", "7", exact_match=0.0),
    ]
    result = importers.read(harness_folder(tmp_path, task="gsm8k", rows=rows))
    assert result.responses.num_rows == 2
    assert column(result.queries, "answer") == ["9", "9"]
    assert column(result.responses, "text") == ["#### 9", "many\nlines"]
    assert column(result.responses, "answer") == ["9", "7"]
    assert column(result.responses, "score") == [1.0, 0.0]
    assert "gsm8k: filter 'flexible-extract' was kept, not 'strict-match'. " in result.notes[0]


def test_letters_are_read_from_the_text_where_the_target_is_a_letter(tmp_path):
    doc = {"question": HTML, "options": ["me", "you", "them"]}
    rows = [
        harness_text(0, "The answer is (C).", "The answer is (C).", doc=doc, target="C"),
        harness_text(1, "no idea", "no idea", doc=doc, target="(B)"),
    ]
    result = importers.read(harness_folder(tmp_path, task="mmlu_pro", rows=rows))
    assert column(result.queries, "options") == [["me", "you", "them"]] * 2
    assert column(result.queries, "answer") == ["C", "B"]
    assert column(result.responses, "answer") == ["C", None]
    assert column(result.responses, "status") == ["ok", "unreadable"]


def test_repeats_and_documents_that_occur_twice_are_further_samples(tmp_path):
    rows = [
        harness_text(0, resps=[["#### 9", "#### 8"]]),
        harness_text(
            1, resps=[["#### 7", "#### 6"]], doc_hash="0".ljust(64, "d"), doc=harness_text(0)["doc"]
        ),
    ]
    result = importers.read(harness_folder(tmp_path, task="gsm8k", rows=rows))
    assert column(result.responses, "sample") == [0, 1, 2, 3]
    assert column(result.responses, "answer") == ["9", "8", "7", "6"]


def test_models_join_by_document_and_the_newest_log_counts(tmp_path):
    harness_folder(tmp_path, "org/a")
    harness_folder(
        tmp_path,
        "org/b",
        rows=[
            harness_choice(
                0,
                arguments={
                    f"gen_args_{i}": {"arg_0": "another template", "arg_1": f" {one}"}
                    for i, one in enumerate(["1", "2", HTML])
                },
            )
        ],
    )
    harness_folder(
        tmp_path, "org/b", rows=[harness_choice(0, (-9, -1, -9))], date="2026-11-25T00-00-00.000001"
    )
    result = importers.read(tmp_path)
    assert result.queries.num_rows == 2
    assert [one.name for one in result.models] == ["org/a", "org/b"]
    assert column(result.responses, "answer") == ["A", "B", "B"]
    assert any("was left out: org/b has a newer one" in note for note in result.notes)


def test_several_tasks_keep_their_queries_apart(tmp_path):
    harness_folder(tmp_path, task="one")
    harness_folder(tmp_path, task="two")
    ids = column(importers.read(tmp_path).queries, "query_id")
    assert ids[0] == "one/0" + "a" * 15
    assert ids[2] == "two/0" + "a" * 15


def test_older_logs_without_hashes_are_named_by_task_and_document(tmp_path):
    rows = [{k: v for k, v in harness_choice(i).items() if k != "doc_hash"} for i in range(2)]
    result = importers.read(harness_folder(tmp_path, rows=rows))
    assert column(result.queries, "query_id") == ["demo_mc/0", "demo_mc/1"]
    mixed = harness_folder(tmp_path, "org/mixed", rows=[rows[0], harness_choice(1)])
    with refuses("mixed-formats", mixed.name, "doc_hash", 1, kind=ImportRefused):
        importers.read(mixed)


def test_without_a_results_file_the_folder_names_the_model_and_a_note_says_so(tmp_path):
    file = jsonl(tmp_path / "my-model" / f"samples_t_{DATE}.jsonl", [harness_choice()])
    result = importers.read(file)
    assert result.models[0].name == "my-model"
    assert any("its folder does: my-model" in note for note in result.notes)
    document(file.parent / f"results_{DATE}.json", {"model_name": "org/named"})
    (file.parent / "results_0.json").write_text("{broken")
    assert importers.read(file).models[0].name == "org/named"


def test_several_right_options_are_no_gold_answer(tmp_path):
    result = importers.read(harness_folder(tmp_path, rows=[harness_choice(target="[0, 2]")]))
    assert column(result.queries, "answer") == [None]
    assert result.refused[0].column == "target"


# --- inspect_ai


@pytest.mark.parametrize("name", ["log.json", "log.eval"])
def test_a_log_is_read_the_same_from_json_and_from_a_zstd_zip(tmp_path, name):
    samples = [
        inspect_sample(1),
        inspect_sample(1, epoch=2, completion="ANSWER: A", answer="A", value="I"),
        inspect_sample("two", completion="no idea", answer="", value="I"),
    ]
    write = inspect_json if name.endswith("json") else inspect_eval
    path = write(tmp_path / name, samples)
    assert importers.detect(path) == "inspect_log"
    result = importers.read(path)
    assert column(result.queries, "query_id") == ["1", "two"]
    assert column(result.queries, "text") == [f"{HTML} 1", f"{HTML} two"]
    assert column(result.queries, "options") == [["one", "two", "three"]] * 2
    assert column(result.queries, "answer") == ["B", "B"]
    assert column(result.responses, "sample") == [0, 1, 0]
    assert column(result.responses, "answer") == ["B", "A", None]
    assert column(result.responses, "status") == ["ok", "ok", "unreadable"]
    assert column(result.responses, "score") == [1.0, 0.0, 0.0]
    assert column(result.responses, "mean_logprob") == pytest.approx([-0.2] * 3)
    assert column(result.responses, "input_tokens") == [12] * 3
    assert column(result.responses, "output_tokens") == [4] * 3
    assert column(result.responses, "cost") == [0.25] * 3
    assert column(result.responses, "latency") == [1.5] * 3
    assert result.models[0].name == "mockllm/model"
    assert result.notes == ()


def test_a_sample_with_an_error_is_an_error_and_an_unfinished_log_has_a_note(tmp_path):
    empty = {"model": "m", "choices": [], "completion": ""}
    failed = inspect_sample(2, output=empty, scores={}, error={"message": "ValueError('boom')"})
    scored = inspect_sample(3, error={"message": "late"})
    path = inspect_eval(tmp_path / "log.eval", [inspect_sample(1), failed, scored], status="error")
    result = importers.read(path)
    assert column(result.responses, "status") == ["ok", "error", "error"]
    assert column(result.responses, "answer") == ["B", None, None]
    assert column(result.responses, "score") == [1.0, None, None]
    assert any("did not finish (status 'error')" in note for note in result.notes)
    running = inspect_eval(tmp_path / "running.eval", header=None)
    assert any("(status 'started')" in note for note in importers.read(running).notes)


def test_shuffled_choices_let_only_the_scorers_answer_count(tmp_path):
    plan = {"steps": [{"solver": "multiple_choice", "params": {"shuffle": True}}]}
    samples = [inspect_sample(1, answer="C"), inspect_sample(2, answer="", value="I")]
    several = inspect_sample(1, answer="A, C", completion="ANSWER: A, C", target=["A", "C"])
    result = importers.read(inspect_json(tmp_path / "several.json", [several]))
    assert column(result.responses, "answer") == ["A,C"]
    assert column(result.queries, "answer") == ["A,C"]
    result = importers.read(inspect_json(tmp_path / "log.json", samples, plan=plan))
    assert column(result.responses, "answer") == ["C", None]
    assert column(result.responses, "status") == ["ok", "unreadable"]
    assert any("were shuffled" in note for note in result.notes)


def test_free_answers_messages_attachments_limits_and_several_targets(tmp_path):
    free = {"choices": None}
    whole = {"includes": {"value": 0.5, "answer": "the answer is 4"}, "match": {"value": "C"}}
    samples = [
        inspect_sample(1, completion="The answer is 4", scores=whole, target="4", **free),
        inspect_sample(
            2,
            completion="so:\n\ny",
            target=["6", "six"],
            **free,
            scores={"includes": {"value": "P", "answer": "6"}},
        ),
        inspect_sample(
            3,
            completion="so:\n\ny",
            target="",
            **free,
            limit={"type": "token"},
            scores={"includes": {"value": {"a": 1}}},
            input=[
                {"role": "system", "content": "Be short."},
                {
                    "role": "user",
                    "content": [{"type": "image", "image": "x"}, {"type": "text", "text": HTML}],
                },
            ],
        ),
        inspect_sample(
            4,
            input="attachment://abc",
            attachments={"abc": "kept elsewhere"},
            **free,
            scores={"includes": {"value": "C"}},
            completion="so:\n\nb",
        ),
    ]
    result = importers.read(inspect_json(tmp_path / "log.json", samples))
    assert column(result.queries, "answer") == ["4", "6", None, "B"]
    assert column(result.queries, "text")[2:] == [f"[image]\n{HTML}", "kept elsewhere"]
    assert column(result.responses, "answer") == ["4", "6", None, None]
    assert column(result.responses, "score") == [0.5, 0.5, None, 1.0]
    assert column(result.responses, "status") == ["ok", "ok", "truncated", "ok"]
    assert any("scores are those of 'includes'; not read: 'match'" in one for one in result.notes)
    assert any("the first was kept" in one.reason for one in result.refused)


def test_of_several_logs_of_a_model_the_newest_successful_one_counts(tmp_path):
    inspect_json(tmp_path / "a.json", [inspect_sample(1, answer="C")])
    inspect_json(
        tmp_path / "b.json",
        [inspect_sample(1, answer="A")],
        status="error",
        created="2027-01-01T00:00:00+00:00",
    )
    inspect_eval(tmp_path / "c.eval", [inspect_sample(1)], model="mockllm/other")
    result = importers.read(tmp_path)
    assert column(result.responses, "answer") == ["C", "B"]
    assert [one.name for one in result.models] == ["mockllm/model", "mockllm/other"]
    assert any("b.json was left out" in note for note in result.notes)


def test_logs_of_several_tasks_keep_their_queries_apart(tmp_path):
    inspect_json(tmp_path / "a.json")
    inspect_json(tmp_path / "b.json", eval={"task": "other", "model": "m"})
    ids = column(importers.read(tmp_path).queries, "query_id")
    assert ids == ["demo_mc/1", "demo_mc/2", "other/1", "other/2"]


BAD_LOGS = [
    (lambda path: document(path, inspect_header() | {"samples": None}), "no-records"),
    (lambda path: inspect_json(path, eval={"task": "t"}), "missing-value"),
    (lambda path: inspect_json(path, [{"id": 1, "epoch": 1}]), "mostly-refused"),
    (lambda path: inspect_json(path, [inspect_sample(epoch=0)]), "mostly-refused"),
]


@pytest.mark.parametrize(("write", "code"), BAD_LOGS)
def test_a_log_that_lacks_what_is_needed_is_refused(tmp_path, write, code):
    with refuses(code, "log.json", kind=ImportRefused):
        importers.read(write(tmp_path / "log.json"))


def test_a_log_of_a_newer_version_is_read_with_a_note(tmp_path):
    result = importers.read(inspect_json(tmp_path / "log.json", version=9))
    assert any("log version 9" in note for note in result.notes)


def test_the_same_epoch_twice_with_other_content_is_refused(tmp_path):
    samples = [inspect_sample(1), inspect_sample(1, completion="ANSWER: C", answer="C")]
    with refuses("conflicting-rows", "log.json", kind=ImportRefused):
        importers.read(inspect_json(tmp_path / "log.json", samples))


# --- .eval archives that are broken or hostile


def test_a_zstd_bomb_is_refused_before_it_fills_memory(tmp_path):
    members = {"header.json": b"{}", "samples/1_epoch_1.json": b" " * (40 << 20)}
    with refuses("zip-bomb", "bomb.eval", kind=ImportRefused):
        importers.read(zstd_zip(tmp_path / "bomb.eval", members))


def test_a_zstd_bomb_that_lies_about_its_size_is_stopped_while_unpacking(tmp_path):
    members = {"header.json": b"{}", "samples/1_epoch_1.json": b" " * (40 << 20)}
    with refuses("zip-bomb", "bomb.eval", kind=ImportRefused):
        importers.read(zstd_zip(tmp_path / "bomb.eval", members, declared=100))


def test_all_members_of_a_log_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(unzip, "MAX_UNZIPPED_BYTES", 1_000)
    with refuses("zip-bomb", "log.eval", "1,000", kind=ImportRefused):
        importers.read(inspect_eval(tmp_path / "log.eval"))
    monkeypatch.setattr(inspect_log, "MAX_LOG_MEMBERS", 2)
    with refuses("too-large", "log.eval", 6, 2, kind=ImportRefused):
        importers.read(inspect_eval(tmp_path / "log.eval"))


def test_damaged_and_cut_archives_are_refused(tmp_path):
    whole = inspect_eval(tmp_path / "log.eval").read_bytes()
    header = whole.index(b"PK\x03\x04", 100)
    for name, code, content in (
        ("cut", "damaged-file", whole[:-40]),
        ("flipped", "damaged-file", whole[:300] + bytes([whole[300] ^ 0xFF]) + whole[301:]),
        ("header", "damaged-file", whole[:header] + b"XXXX" + whole[header + 4 :]),
        ("nothing", "missing-part", b"PK\x05\x06" + bytes(18)),
    ):
        path = tmp_path / f"{name}.eval"
        path.write_bytes(content)
        with refuses(code, path.name, kind=ImportRefused):
            importers.read(path)


def test_a_deflated_log_is_read_too_and_member_names_are_never_paths(tmp_path):
    packed = inspect_eval(tmp_path / "log.eval")
    members = dict(unzip.members(packed, lambda _: True, "", 100))
    with zipfile.ZipFile(tmp_path / "plain.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("../../samples/evil.json", "{}")
    one, other = importers.read(packed), importers.read(tmp_path / "plain.eval")
    assert one.responses.equals(other.responses)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.eval", "plain.eval"]


def test_an_error_text_in_a_generation_is_an_error_and_has_no_score(tmp_path):
    result = importers.read(harness_folder(tmp_path, rows=[harness_text(0, ERROR, ERROR)]))
    assert column(result.responses, "status") == ["error"]
    assert column(result.responses, "answer") == [None]
    assert column(result.responses, "score") == [None]
    assert column(result.responses, "text") == [ERROR]

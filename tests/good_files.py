"""A good file of every format that is read, to be spoilt by tests."""

import bz2
import csv
import gzip
import json
import lzma
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from foreign_files import (
    HTML,
    anthropic_request,
    anthropic_result,
    arena_cached,
    batch_input,
    batch_output,
    bench_flat,
    deepeval_run,
    diamond_csv,
    harness_folder,
    harness_text,
    helm_run,
    inspect_json,
    inspect_sample,
    jsonl,
    langfuse_export,
    litellm_row,
    openai_evals_record,
    promptfoo_row,
    router_row,
)

from cascal.importers import KINDS


def write_calls(kind, folder, last):
    """A good log of calls."""
    if kind == "promptfoo":
        return jsonl(folder / "out.jsonl", [promptfoo_row(), promptfoo_row(1, **last)])
    if kind == "litellm_log":
        return jsonl(folder / "log.jsonl", [litellm_row(), litellm_row(1, **last)])
    asked = [anthropic_request("q1"), anthropic_request("q2", f"{HTML} two")]
    jsonl(folder / "input.jsonl", asked)
    return jsonl(folder / "output.jsonl", [anthropic_result(), anthropic_result("q2")])


def arena_run(folder, **answer):
    if "text" in answer:
        answer = {"answer": answer["text"]}
    return jsonl(folder / "m.jsonl", [arena_cached(), arena_cached("ArcMMLU_2", **answer)])


RUNS = {
    "routerarena": arena_run,
    "langfuse": langfuse_export,
    "deepeval": deepeval_run,
    "helm": helm_run,
    "openai_evals": openai_evals_record,
}


def write_good(kind, folder, text=None):
    """A good file of a kind; `text` is what the model says in its last row instead."""
    if kind == "lm_eval":
        rows = [harness_text(0), harness_text(1)]
        if text:
            rows[1] |= {"resps": [[text]], "filtered_resps": [text]}
        return harness_folder(folder, task="gsm8k", rows=rows)
    if kind == "inspect_log":
        last = inspect_sample(2, completion=text, answer=text) if text else inspect_sample(2)
        return inspect_json(folder / "log.json", [inspect_sample(1), last])
    if kind == "llmrouter":
        rows = [router_row(), router_row(model="m", **({"response": text} if text else {}))]
        return jsonl(folder / "routing.jsonl", rows)
    if kind == "llmrouterbench":
        last = bench_flat(record_index=2)
        if text:
            last |= {"raw_output": text, "prediction": text}
        return jsonl(folder / "flat.jsonl", [bench_flat(), last])
    if kind == "openai_batch":
        jsonl(folder / "input.jsonl", [batch_input("q1"), batch_input("q2")])
        last = batch_output("q2", **({"content": text} if text else {}))
        return jsonl(folder / "output.jsonl", [batch_output(), last])
    if kind in ("promptfoo", "litellm_log", "anthropic_batch"):
        return write_calls(kind, folder, {"output": text} if text else {})
    if kind in RUNS:
        return RUNS[kind](folder, **({"text": text} if text else {}))
    rows = [[HTML, "1", "The answer is 4", "0", "5"], ["Two?", "1", text or "é4", "0", "5"]]
    return diamond_csv(folder / "data.csv", rows)


def released(folder, *, selected="B", test_ids=(8,)):
    """The folder that the authors of CASCAL published."""
    base = [
        {
            "question_id": i,
            "category": "law",
            "question": f"q{i}",
            "options": ["a", "b"],
            "answer": "A",
        }
        for i in (0, 1)
    ]
    test = [{**base[0], "question_id": i, "question": "t"} for i in test_ids]
    said = ["The answer is (B).", "no idea"]
    responses = [
        {
            **one,
            "m_response": text,
            "avg_logprob": -0.25,
            "selected_choice": selected,
            "is_correct": 0,
            "consensus_score": 9.9,
        }
        for one, text in zip(base, said, strict=True)
    ]
    for path, rows in (
        ("Data/MMLU/train.json", base),
        ("Data/MMLU/test.json", test),
        ("Model_Responses/MMLU-train/m.json", responses),
        ("Model_Responses/MMLU-test/m.json", [{**test[0], "selected_choice": "N/A"}]),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(rows))
    return folder


ROWS = [
    {
        "query_id": f"q{query}",
        "task": "größe",
        "text": f"Which, “one” or 'two'? {query}",
        "options": json.dumps(["one", "two", "three"]),
        "gold": "ABC"[query % 3],
        "model": model,
        "response": f'The answer is\n"({"ABC"[query % 2]})".',
        "mean_logprob": -0.25 * query,
        "score": query % 2,
        "split": ("train", "test")[query % 2],
    }
    for query in range(4)
    for model in ("a", "b")
]
OWN = ("csv", "tsv", "jsonl", "json", "parquet", "xlsx", "gz", "xz", "bz2", "zst", "zip")
"""Tables of one's own, by the end of their name."""
RESULTS = ("mmlu_pro", "cascal_release")
EVERY = (*OWN, *RESULTS, *(kind for kind in KINDS if kind not in ("long", *RESULTS)))
"""Every format that is read."""


def _delimited(path, delimiter):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(ROWS[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(ROWS)
    return path


def _workbook(path):
    book = openpyxl.Workbook()
    for row in [list(ROWS[0]), *(list(one.values()) for one in ROWS)]:
        book.active.append(row)
    book.save(path)
    return path


def _result(folder):
    """What one model of MMLU-Pro said, as its authors publish it."""
    rows = [
        {
            "question_id": number,
            "question": f"Which? é {number}",
            "options": ["one", "two", "three"],
            "answer": "B",
            "answer_index": 1,
            "category": "law",
            "pred": "B",
            "model_outputs": "The answer is (B).",
        }
        for number in range(4)
    ]
    path = folder / "model_outputs_m_5shots.json"
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


PACK = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": lambda raw: pa.Codec("zstd").compress(raw, asbytes=True),
}


def write_any(kind, folder):
    """A good file of every format, our own tables and packed ones included."""
    path = folder / f"table.{kind}"
    if kind in ("csv", "tsv"):
        return _delimited(path, "," if kind == "csv" else "\t")
    if kind == "jsonl":
        return jsonl(path, ROWS)
    if kind == "json":
        path.write_text(json.dumps(ROWS, ensure_ascii=False, indent=1), encoding="utf-8")
        return path
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path, compression="none")
        return path
    if kind == "xlsx":
        return _workbook(path)
    if kind in PACK or kind == "zip":
        return pack(kind, folder / "table.csv", _delimited(folder / "plain.csv", ",").read_bytes())
    if kind == "mmlu_pro":
        return _result(folder)
    if kind == "cascal_release":
        return released(folder)
    return write_good(kind, folder)


def pack(kind, path, content):
    """`content` packed, beside a path that is told in its name."""
    target = path.with_name(f"{path.name}.{kind}")
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(path.name, content)
    else:
        target.write_bytes(PACK[kind](content))
    return target

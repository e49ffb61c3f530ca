"""Small files in other tools' formats, written as those tools write them, for the import tests."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pyarrow as pa

HTML = "café <script>alert(1)</script>?"
ERROR = "Error code: 429 - {'error': {'message': 'Rate limit reached', 'code': 'rate_limit'}}"


def jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


def document(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


# --- lm-evaluation-harness 0.4.13, --log_samples


def harness_choice(doc_id=0, logprobs=(-0.5, -1.5, -3.0), **changes):
    """A line of a multiple-choice task, as lm_eval's evaluation tracker writes it."""
    choices = ["1", "2", HTML][: len(logprobs)]
    record = {
        "doc_id": doc_id,
        "doc": {
            "id": f"a{doc_id}",
            "question": f"{HTML} {doc_id}",
            "choices": choices,
            "answer": 1,
        },
        "target": "1",
        "arguments": {
            f"gen_args_{i}": {"arg_0": f"Five examples. {HTML}\nAnswer:", "arg_1": f" {choice}"}
            for i, choice in enumerate(choices)
        },
        "resps": [[[str(one), "False"]] for one in logprobs],
        "filtered_resps": [[str(one), "False"] for one in logprobs],
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "doc_hash": f"{doc_id:x}".ljust(64, "a"),
        "prompt_hash": "b" * 64,
        "target_hash": "c" * 64,
        "acc": 0.0,
        "acc_norm": 1.0,
    }
    return record | changes


def harness_text(
    doc_id=0, text="She has 9 left.\n#### 9", filtered="9", filter_="flexible-extract", **changes
):
    """A line of a generation task; the harness writes one for each filter."""
    record = {
        "doc_id": doc_id,
        "doc": {"question": f"{HTML} {doc_id}", "answer": "16 - 7 = 9\n#### 9"},
        "target": "16 - 7 = 9\n#### 9",
        "arguments": {"gen_args_0": {"arg_0": "Question: …", "arg_1": {"until": ["\n\n"]}}},
        "resps": [[text]],
        "filtered_resps": [filtered],
        "filter": filter_,
        "metrics": ["exact_match"],
        "doc_hash": f"{doc_id:x}".ljust(64, "d"),
        "prompt_hash": "b" * 64,
        "target_hash": "c" * 64,
        "exact_match": 1.0,
    }
    return record | changes


DATE = "2026-11-24T23-34-01.829374"


def harness_folder(folder, model="org/tiny", task="demo_mc", rows=None, date=DATE):
    inside = folder / model.replace("/", "__")
    rows = [harness_choice(0), harness_choice(1, (-2.0, -1.0))] if rows is None else rows
    document(inside / f"results_{date}.json", {"results": {}, "model_name": model})
    return jsonl(inside / f"samples_{task}_{date}.jsonl", rows)


# --- inspect_ai 0.3.285


def inspect_sample(number=1, epoch=1, completion="ANSWER: B", answer="B", value="C", **changes):
    output = {
        "model": "mockllm/model",
        "choices": [
            {
                "message": {"content": completion, "role": "assistant"},
                "stop_reason": "stop",
                "logprobs": {
                    "content": [{"token": "x", "logprob": -0.1}, {"token": "y", "logprob": -0.3}]
                },
            }
        ],
        "completion": completion,
        "usage": {"input_tokens": 12, "output_tokens": 4, "total_tokens": 16, "total_cost": 0.25},
        "time": 1.5,
    }
    record = {
        "id": number,
        "epoch": epoch,
        "input": f"{HTML} {number}",
        "choices": ["one", "two", "three"],
        "target": "B",
        "messages": [{"role": "user", "content": "long"}],
        "output": output,
        "scores": {"choice": {"value": value, "answer": answer, "explanation": completion}},
        "metadata": {},
        "store": {},
        "model_usage": {"mockllm/model": output["usage"]},
        "total_time": 2.0,
        "events": [],
        "attachments": {},
    }
    return record | changes


def inspect_header(
    model="mockllm/model", status="success", created="2026-11-24T23:34:03+00:00", **changes
):
    header = {
        "version": 2,
        "status": status,
        "eval": {"task": "demo_mc", "model": model, "created": created},
        "plan": {"name": "plan", "steps": [{"solver": "multiple_choice", "params": {}}]},
        "results": {},
        "stats": {},
    }
    return header | changes


def inspect_json(path, samples=None, **header):
    samples = [inspect_sample(1), inspect_sample(2)] if samples is None else samples
    return document(path, inspect_header(**header) | {"samples": samples})


def inspect_eval(path, samples=None, header="header.json", **changes):
    samples = [inspect_sample(1), inspect_sample(2)] if samples is None else samples
    members = {"_journal/start.json": json.dumps(inspect_header() | {"status": None})}
    for one in samples:
        members[f"samples/{one['id']}_epoch_{one['epoch']}.json"] = json.dumps(one)
        members[f"_journal/summaries/{one['id']}.json"] = "[]"
    if header:
        members[header] = json.dumps(inspect_header(**changes))
    return zstd_zip(path, members)


def zstd_zip(path, members, declared=None):
    """A zip whose members are packed with Zstandard (method 93), as inspect_ai writes them."""
    body, directory = b"", b""
    for name, text in members.items():
        raw = text if isinstance(text, bytes) else text.encode()
        packed = pa.Codec("zstd").compress(raw, asbytes=True)
        size = len(raw) if declared is None else declared
        common = struct.pack(
            "<HHHHHIIIHH", 63, 0, 93, 0, 33, zlib.crc32(raw), len(packed), size, len(name), 0
        )
        directory += (
            b"PK\x01\x02"
            + struct.pack("<H", 63)
            + common
            + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
            + name.encode()
        )
        body += b"PK\x03\x04" + common + name.encode() + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)
    return path


# --- LLMRouter


def router_row(query=HTML, model="qwen2.5-7b-instruct", response="The answer is (B).", **changes):
    record = {
        "task_name": "mmlu",
        "query": query,
        "ground_truth": "B",
        "metric": "em_mc",
        "choices": json.dumps({"text": ["Paris", "Rome", "Bern"], "labels": ["A", "B", "C"]}),
        "task_id": None,
        "model_name": model,
        "response": response,
        "token_num": 24,
        "input_tokens": 20,
        "output_tokens": 4,
        "response_time": 1.75,
        "api_key_used": "",
        "performance": 1.0,
        "embedding_id": 61,
        "user_id": None,
        "fig_id": None,
    }
    return record | changes


def query_row(**changes):
    names = ("task_name", "query", "ground_truth", "metric", "choices", "task_id")
    row = router_row(**changes)
    return {name: row[name] for name in names}


# --- LLMRouterBench

PROMPT = f"Answer the question.\n\n{HTML}\n\nA. red\nB. blue\nC. green\n\nLet's think step by step."


def bench_record(index=1, raw="So it is blue.\nAnswer: B", prediction="B", **changes):
    record = {
        "index": index,
        "origin_query": f"{HTML} {index}",
        "prompt": PROMPT,
        "prompt_tokens": 30,
        "completion_tokens": 8,
        "cost": 0.002,
        "score": 1.0,
        "prediction": prediction,
        "ground_truth": "B",
        "raw_output": raw,
        "extra_fields": {},
    }
    return record | changes


def bench_run(records=None, model="qwen3-8b", **changes):
    records = [bench_record(1), bench_record(2)] if records is None else records
    run = {
        "performance": 0.5,
        "time_taken": 9.0,
        "prompt_tokens": 60,
        "completion_tokens": 16,
        "cost": 0.004,
        "counts": len(records),
        "model_name": model,
        "dataset_name": "mmlupro",
        "split": "test",
        "demo": False,
        "extra_metrics": {},
        "data_fingerprint": "f",
        "records": records,
    }
    return run | changes


def bench_file(folder, stamp="20250801_120000", model="qwen3-8b", **changes):
    path = folder / "bench" / "mmlupro" / "test" / model
    return document(path / f"mmlupro-test-{model}-{stamp}.json", bench_run(model=model, **changes))


def bench_flat(**changes):
    record = bench_record()
    flat = {"dataset_id": "mmlupro", "split": "test", "model_name": "qwen3-8b", "record_index": 1}
    del record["index"], record["extra_fields"]
    return flat | record | changes


# --- RouterArena

ARENA_PROMPT = (
    "Please read the following multiple-choice questions.\n\nContext: None\n\n"
    f"Question: {HTML}\n\nOptions: \nA. NIST\nB. NEFT\nC. NIT\n\n\n"
    "Provide the correct letter choice in \\boxed{X}."
)


def arena_cached(
    index="ArcMMLU_447", model="claude-3-haiku", answer="\\boxed{B}\n\nBecause.", **changes
):
    record = {
        "global_index": index,
        "question": ARENA_PROMPT,
        "llm_selected": model,
        "generated_answer": answer,
        "token_usage": {"input_tokens": 123, "output_tokens": 60, "total_tokens": 183},
        "success": True,
        "provider": "anthropic",
        "error": None,
        "batch_size": 1,
        "batch_number": 1,
        "batch_index": 0,
        "processing_mode": "single_inference",
        "evaluation_result": {
            "extracted_answer": answer,
            "ground_truth": "B",
            "score": 1.0,
            "metric": "mcq_accuracy",
            "inference_cost": 0.00010575,
        },
    }
    return record | changes


def arena_prediction(index="ArcMMLU_447", model="deepseek-v4", answer="\\boxed{A}", **changes):
    record = {
        "global index": index,
        "prompt": ARENA_PROMPT,
        "prediction": model,
        "generated_result": {
            "generated_answer": answer,
            "success": True,
            "token_usage": {"input_tokens": 97, "output_tokens": 43, "total_tokens": 140},
            "finish_reason": "stop",
            "error": None,
        },
        "cost": 2.5e-05,
        "accuracy": 0.0,
        "for_optimality": False,
    }
    return record | changes


def arena_query(index="ArcMMLU_447", **changes):
    record = {
        "Global Index": index,
        "Dataset name": "ArcMMLU",
        "Question": f"Which? {HTML}",
        "Options": ["NIST", "NEFT", "NIT"],
        "Context": "",
        "Answer": "B",
    }
    return record | changes


# --- OpenAI batch


def batch_output(custom_id="q1", content="Café: the answer is (B).", **changes):
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "refusal": None},
                "logprobs": {
                    "content": [
                        {"token": "The", "logprob": -0.2, "top_logprobs": []},
                        {"token": " answer", "logprob": -0.6},
                    ]
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 22, "completion_tokens": 2, "total_tokens": 24},
    }
    record = {
        "id": "batch_req_1",
        "custom_id": custom_id,
        "response": {"status_code": 200, "request_id": "r1", "body": body},
        "error": None,
    }
    return record | changes


def batch_error(custom_id="q2"):
    error = {"message": "Invalid image", "type": "invalid_request_error", "code": "bad"}
    return {
        "id": "batch_req_2",
        "custom_id": custom_id,
        "response": {"status_code": 400, "request_id": "r2", "body": {"error": error}},
        "error": None,
    }


def batch_expired(custom_id="q3"):
    error = {"code": "batch_expired", "message": "This request could not be executed in time."}
    return {"id": "batch_req_3", "custom_id": custom_id, "response": None, "error": error}


def batch_input(custom_id="q1", text=f"{HTML}\nA. one\nB. two\n", model="gpt-4o-mini"):
    messages = [
        {"role": "system", "content": "Answer briefly."},
        {"role": "user", "content": [{"type": "text", "text": text}]},
    ]
    body = {"model": model, "messages": messages, "logprobs": True}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}


# --- Not Diamond


def diamond_csv(path, rows=None, names=("openai/gpt-4o", "anthropic/claude-3")):
    header = ["prompt", *(f"{name}/{end}" for name in names for end in ("score", "response"))]
    if rows is None:
        rows = [
            [f"{HTML}\nA. one\nB. two", "1", "The answer is (B).", "0", "Answer: A"],
            ["Two plus two?", "1.0", "4", "0.5", "The answer is 5."],
        ]
    cells = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    path.write_text("\n".join([",".join(header), *cells]) + "\n", encoding="utf-8")
    return path


# --- promptfoo, LiteLLM, Anthropic: a line each, changed from files in tests/foreign

FOREIGN_FOLDER = Path(__file__).parent / "foreign"


def promptfoo_row(number=0, output="The answer is 34.", **changes):
    document = json.loads((FOREIGN_FOLDER / "promptfoo.json").read_text(encoding="utf-8"))
    record = document["results"]["results"][number] | {"id": f"r{number}", "failureReason": 0}
    record["prompt"]["raw"] = f"{HTML} {number}"
    record["response"] = {"output": output, "tokenUsage": {"prompt": 8, "completion": 4}}
    return record | changes


def litellm_row(number=0, output="The answer is 34.", **changes):
    lines = (FOREIGN_FOLDER / "litellm.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[0]) | {"id": f"c{number}"}
    record["messages"][1]["content"] = f"{HTML} {number}"
    record["response"]["choices"][0]["message"]["content"] = output
    return record | changes


def anthropic_request(custom_id="q1", text=f"{HTML}\nA. one\nB. two"):
    messages = [{"role": "user", "content": text}]
    params = {"model": "claude-x", "max_tokens": 64, "messages": messages}
    return {"custom_id": custom_id, "params": params}


def anthropic_result(custom_id="q1", text="Café: the answer is (B).", **changes):
    message = {
        "model": "claude-x-1",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 15, "output_tokens": 7},
    }
    result = {"type": "succeeded", "message": message}
    return {"custom_id": custom_id, "result": result} | changes


# --- Langfuse, HELM, DeepEval, OpenAI evals: changed from files in tests/foreign


def _kept(*path):
    return json.loads(FOREIGN_FOLDER.joinpath(*path).read_text(encoding="utf-8"))


def langfuse_row(number=0, output="Café: the answer is 34.", **changes):
    record = _kept("langfuse", "observations.json")[number] | {"id": f"o{number}"}
    return record | {"input": f"{HTML} {number}", "output": output} | changes


def langfuse_export(folder, text="Café: the answer is 34."):
    return jsonl(folder / "observations.jsonl", [langfuse_row(), langfuse_row(1, output=text)])


def deepeval_run(folder, text="Café: the answer is 34."):
    run = _kept("deepeval", "adder.json")
    first, second = run["testCases"][:2]
    first |= {"input": f"{HTML} 0", "actualOutput": "Café: 34"}
    second |= {"actualOutput": text}
    return document(folder / "run.json", run | {"testCases": [first, second]})


def helm_run(folder, text="Café: the answer is 34."):
    state = _kept("helm", "sums_free=yes_model=scripted_adder", "scenario_state.json")
    first, second = state["request_states"][:2]
    first["instance"]["input"]["text"] = f"{HTML} 0"
    second["result"]["completions"][0]["text"] = text
    changed = state | {"request_states": [first, second]}
    return document(folder / "scenario_state.json", changed)


def openai_evals_record(folder, text="Café: the answer is 34."):
    source = FOREIGN_FOLDER / "openai_evals" / "adder.jsonl"
    spec, *events, report = map(json.loads, source.read_text(encoding="utf-8").splitlines())
    events = events[:4]
    events[0]["data"]["prompt"] = f"{HTML} 0"
    events[2]["data"]["sampled"] = [text]
    return jsonl(folder / "record.jsonl", [spec, *events, report])

"""Requests and results of a message batch from the types of the package anthropic.

`python make_anthropic.py` writes anthropic/requests.jsonl and anthropic/results.jsonl beside it;
needs `pip install anthropic` in an environment of its own.
"""

import json
from pathlib import Path

from anthropic.types.messages import MessageBatchIndividualResponse as Line

HERE = Path(__file__).parent / "anthropic"
HERE.mkdir(exist_ok=True)
MODELS = ("claude-3-5-haiku-20241022", "claude-sonnet-4-20250514")


def result(number, model, wrong):
    """What the service answers to one request."""
    if number == 3 and wrong:
        inner = {"type": "api_error", "message": "Overloaded"}
        error = {"type": "error", "error": inner, "request_id": "req_1"}
        return {"type": "errored", "error": error}
    if number == 2 and wrong:
        return {"type": "expired"}
    text = f"The answer is {number + 5 + wrong}."
    return {
        "type": "succeeded",
        "message": {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text, "citations": None}],
            "stop_reason": "max_tokens" if number == 1 and wrong else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 15, "output_tokens": 7},
        },
    }


requests, results = [], []
for place, model in enumerate(MODELS):
    for number in range(4):
        custom_id = f"request-{place}-{number}"
        messages = [{"role": "user", "content": f"What is {number} + 5?"}]
        params = {"model": model, "max_tokens": 64, "messages": messages}
        requests.append(json.dumps({"custom_id": custom_id, "params": params}))
        line = Line.model_validate({"custom_id": custom_id, "result": result(number, model, place)})
        results.append(line.to_json(indent=None))
(HERE / "requests.jsonl").write_text("\n".join(requests) + "\n", encoding="utf-8")
(HERE / "results.jsonl").write_text("\n".join(results) + "\n", encoding="utf-8")

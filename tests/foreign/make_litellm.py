"""Let LiteLLM write its own log of mocked calls: `python make_litellm.py > litellm.jsonl`.

Needs `pip install litellm` in an environment of its own; nothing is sent to anyone.
"""

import json
import os
import sys
import time
from contextlib import suppress

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from litellm.integrations.custom_logger import CustomLogger

KEPT = [
    "id",
    "call_type",
    "status",
    "custom_llm_provider",
    "total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "response_time",
    "response_cost",
    "model",
    "model_group",
    "messages",
    "response",
    "error_str",
    "startTime",
    "endTime",
]


class Writer(CustomLogger):
    """Write each payload as a line, without what tells of this machine."""

    def log_success_event(self, kwargs, response_obj, start_time, end_time):
        payload = kwargs["standard_logging_object"]
        line = json.dumps({name: payload.get(name) for name in KEPT})
        sys.stdout.write(f"{line}\n")

    log_failure_event = log_success_event


litellm.callbacks = [Writer()]
litellm.suppress_debug_info = True
for number in range(4):
    for model, wrong in (("openai/gpt-4o-mini", 0), ("anthropic/claude-3-haiku-20240307", 1)):
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"What is {number} + 5?"},
        ]
        fails = number == 3 and wrong
        reply = "litellm.RateLimitError" if fails else f"The answer is {number + 5 + wrong}."
        with suppress(litellm.RateLimitError):
            litellm.completion(model=model, messages=messages, mock_response=reply, max_retries=0)
        time.sleep(0.3)

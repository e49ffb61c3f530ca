"""The mean log-probability of a reply's tokens, from the formats that servers send."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

LEAST_LOGPROB = -1000.0
"""What is lower is a placeholder: OpenAI and vLLM write -9999 where they do not know."""

LARGEST_ROUNDING = 1e-3
"""How far above 0 half-precision arithmetic may lift a log-probability."""


def mean_logprob(choice: Mapping[str, Any]) -> float:
    """Mean log-probability of the tokens of one choice of a chat completion; nan if unknown.

    Read are `logprobs.content[].logprob` (OpenAI, vLLM, llama.cpp) and, where that is missing, the
    legacy `logprobs.token_logprobs` (its first token may be null). Then, token by token:

    - null, nan, texts and anything below `LEAST_LOGPROB` (−9999, −inf) are unknown and left out;
      the mean is that of the others, nan if none is left;
    - 0 < value ≤ `LARGEST_ROUNDING` is rounding and counts as 0;
    - one larger value means that the numbers are no log-probabilities: nan.

    Where the message is nothing but a call of a tool its tokens are no answer: nan.
    """
    message = choice.get("message")
    if isinstance(message, Mapping) and message.get("tool_calls") and not message.get("content"):
        return math.nan
    known = []
    for value in _stated(choice.get("logprobs")):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not value >= LEAST_LOGPROB:  # nan is not; an integer may be huge
            continue
        if value > LARGEST_ROUNDING:
            return math.nan
        known.append(min(float(value), 0.0))
    return math.fsum(known) / len(known) if known else math.nan


def _stated(logprobs: object) -> Iterator[Any]:
    """What a server says of each token, whatever it is."""
    if not isinstance(logprobs, Mapping):
        return
    content, legacy = logprobs.get("content"), logprobs.get("token_logprobs")
    if isinstance(content, list):
        yield from (one.get("logprob") for one in content if isinstance(one, Mapping))
    elif isinstance(legacy, list):
        yield from legacy

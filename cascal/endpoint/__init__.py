"""The only network code: OpenAI-compatible embeddings and chat, with bounded patience and budgets.

A key is read from the environment variable that is named, sent to the endpoint and never stored,
shown or logged; what an error quotes from a server is scrubbed of it.
"""

from __future__ import annotations

from cascal.endpoint.budget import Budget, Spent
from cascal.endpoint.chat import ChatClient, ChatRequest, Reply
from cascal.endpoint.completion import ReplyStatus
from cascal.endpoint.embeddings import embed
from cascal.endpoint.keys import EndpointError, check_base_url, read_key, scrub
from cascal.endpoint.logprobs import mean_logprob
from cascal.endpoint.probing import Probe, probe
from cascal.endpoint.retry import Cause, Patience, retry_after
from cascal.endpoint.running import run_to_end
from cascal.endpoint.shared_budget import SharedBudget

__all__ = [
    "Budget",
    "Cause",
    "ChatClient",
    "ChatRequest",
    "EndpointError",
    "Patience",
    "Probe",
    "Reply",
    "ReplyStatus",
    "SharedBudget",
    "Spent",
    "check_base_url",
    "embed",
    "mean_logprob",
    "probe",
    "read_key",
    "retry_after",
    "run_to_end",
    "scrub",
]

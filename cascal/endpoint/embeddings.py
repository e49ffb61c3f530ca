"""Vectors of texts from an embeddings endpoint, in batches."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from cascal.datatypes import FloatArray
from cascal.endpoint.keys import EndpointError, check_base_url, omitted_headers, read_key
from cascal.endpoint.retry import Failure, Patience, ending, failure_of, wait_seconds

if TYPE_CHECKING:
    from openai import OpenAI

    from cascal.tables import Progress


def embed(
    base_url: str,
    model: str,
    texts: Sequence[str],
    key_env: str = "",
    *,
    batch: int = 128,
    attempts: int = 5,
    total_seconds: float = 120.0,
    timeout: float = 30.0,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> FloatArray:
    """Vectors (n, D) float32 of n texts, as the endpoint returned them (not normalised).

    The limits hold for each request of `batch` texts. `key_env` names the key's variable.
    """
    base_url, key = check_base_url(base_url), read_key(key_env)
    _refuse_empty(texts)
    patience = Patience(attempts, total_seconds, timeout, sleep)
    parts: list[FloatArray] = []
    with _client(base_url, key, timeout) as client:
        for start in range(0, len(texts), batch):
            part = list(texts[start : start + batch])
            body = _request(partial(_post, client, model, part), key, base_url, patience)
            parts.append(_vectors(body, len(part), base_url))
            _same_dimension(parts, base_url)
            if progress is not None:
                progress((start + len(part)) / len(texts), f"{start + len(part):,} texts encoded")
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def _refuse_empty(texts: Sequence[str]) -> None:
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise EndpointError(f"Text {number} is empty; endpoints refuse that. Leave it out.")


def _client(base_url: str, key: str, timeout: float) -> OpenAI:
    import openai

    return openai.OpenAI(api_key=key, base_url=base_url, timeout=timeout, max_retries=0)


def _post(client: OpenAI, model: str, texts: list[str], timeout: float) -> str:
    answer = client.embeddings.with_raw_response.create(
        model=model,
        input=texts,
        encoding_format="float",
        extra_headers=omitted_headers(),
        timeout=timeout,
    )
    return str(answer.http_response.text)


def _request(call: Callable[[float], str], key: str, base_url: str, patience: Patience) -> str:
    """Call, with the seconds one attempt may take, until it succeeds or patience ends.

    The error is raised outside of every handler, so that it drags no request along as context.
    """
    started = patience.clock()
    attempt = 1
    outcome = _attempt(partial(call, min(patience.timeout, patience.total_seconds)), key)
    while isinstance(outcome, Failure):
        left = patience.total_seconds - (patience.clock() - started)
        wait = wait_seconds(outcome, attempt)
        end = ending(outcome, attempt, left - wait, patience)
        if end is not None:
            raise EndpointError(f"{urlsplit(base_url).netloc}: {outcome.reason}{end}")
        patience.sleep(wait)
        attempt += 1
        outcome = _attempt(partial(call, min(patience.timeout, left - wait)), key)
    return outcome


def _attempt(call: Callable[[], str], key: str) -> str | Failure:
    import openai

    try:
        return call()
    except openai.OpenAIError as error:
        return failure_of(error, key)


def _vectors(body: str, n_texts: int, base_url: str) -> FloatArray:
    """The vectors (n, D) of one answer, in the order of the texts, or a refusal."""
    host = urlsplit(base_url).netloc
    rows = _rows(body)
    if rows is None:
        raise EndpointError(
            f"{host} answered something that is not a list of embeddings. Check that the URL ends "
            "in /v1 and that the model is an embedding model."
        )
    if sorted(rows, key=str) != sorted(range(n_texts), key=str):
        raise EndpointError(f"{host} returned {len(rows)} embeddings for {n_texts} texts.")
    array = _array([rows[row] for row in range(n_texts)])
    if array is None:
        raise EndpointError(f"{host} returned embeddings that are no equally long rows of numbers.")
    return array


def _rows(body: str) -> dict[object, object] | None:
    """Position -> embedding of one answer; None if it is something else."""
    try:
        items = json.loads(body)["data"]
        return {item.get("index", row): item["embedding"] for row, item in enumerate(items)}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _array(rows: list[object]) -> FloatArray | None:
    try:
        array = np.array(rows, dtype=np.float32)
    except (ValueError, TypeError):
        return None
    return array if array.ndim == 2 and array.size and np.isfinite(array).all() else None


def _same_dimension(parts: list[FloatArray], base_url: str) -> None:
    if parts[-1].shape[1] != parts[0].shape[1]:
        raise EndpointError(
            f"{urlsplit(base_url).netloc} returned {parts[-1].shape[1]} dimensions after "
            f"{parts[0].shape[1]}: the model changed while it was asked. Try again."
        )

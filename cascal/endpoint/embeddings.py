"""Vectors of texts from an embeddings endpoint, in batches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from cascal.datatypes import FloatArray
from cascal.endpoint.client import endpoint_client
from cascal.endpoint.keys import EndpointError, check_base_url, omitted_headers, read_key
from cascal.endpoint.retry import Failure, Patience, failure_of, timed_out, try_patiently
from cascal.endpoint.running import run_to_end
from cascal.number_format import counted

if TYPE_CHECKING:
    from openai.resources import AsyncEmbeddings

    from cascal.columns import Progress


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
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> FloatArray:
    """Vectors (n, D) float32 of n texts, as the endpoint returned them (not normalised).

    The limits hold for each request of `batch` texts. `key_env` names the key's variable.
    """
    base_url, key = check_base_url(base_url), read_key(key_env)
    _refuse_empty(texts)
    patience = Patience(attempts, total_seconds, timeout, pause=pause)
    batches = [list(texts[start : start + batch]) for start in range(0, len(texts), batch)]
    parts = run_to_end(_embed(base_url, key, model, batches, patience, progress))
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


async def _embed(
    base_url: str,
    key: str,
    model: str,
    batches: Sequence[list[str]],
    patience: Patience,
    progress: Progress | None,
) -> list[FloatArray]:
    """The vectors of every batch, one request after the other."""
    n_texts, n_done = sum(map(len, batches)), 0
    parts: list[FloatArray] = []
    async with endpoint_client(base_url, key, patience.timeout) as client:
        resource = client.embeddings  # loaded here: no attempt waits for that
        for texts in batches:
            tried = await try_patiently(partial(_attempt, resource, model, texts, key), patience)
            if isinstance(tried.outcome, Failure):
                raise EndpointError(
                    f"{urlsplit(base_url).netloc}: {tried.outcome.reason}", code="endpoint-failed"
                )
            parts.append(_vectors(tried.outcome, len(texts), base_url))
            _same_dimension(parts, base_url)
            n_done += len(texts)
            if progress is not None:
                progress(n_done / n_texts, f"{counted(n_done, 'text')} encoded")
    return parts


def _refuse_empty(texts: Sequence[str]) -> None:
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise EndpointError(
                f"Text {number} is empty; endpoints refuse that. Leave it out.",
                code="unusable-text",
            )


async def _attempt(
    resource: AsyncEmbeddings, model: str, texts: list[str], key: str, seconds: float
) -> str | Failure:
    """The body of one answer, waited for no longer than `seconds`."""
    import openai

    try:
        async with asyncio.timeout(seconds):
            answer = await resource.with_raw_response.create(
                model=model,
                input=texts,
                encoding_format="float",
                extra_headers=omitted_headers(),
                timeout=max(seconds, 0.001),
            )
    except TimeoutError:
        return timed_out()
    except openai.OpenAIError as error:
        return failure_of(error, key)
    return str(answer.http_response.text)


def _vectors(body: str, n_texts: int, base_url: str) -> FloatArray:
    """The vectors (n, D) of one answer, in the order of the texts, or a refusal."""
    host = urlsplit(base_url).netloc
    rows = _rows(body)
    if rows is None:
        raise EndpointError(
            f"{host} answered something that is not a list of embeddings. Check that the URL ends "
            "in /v1 and that the model is an embedding model.",
            code="endpoint-failed",
        )
    if sorted(rows, key=str) != sorted(range(n_texts), key=str):
        raise EndpointError(
            f"{host} returned {counted(len(rows), 'embedding')} for {counted(n_texts, 'text')}.",
            code="endpoint-failed",
        )
    array = _array([rows[row] for row in range(n_texts)])
    if array is None:
        raise EndpointError(
            f"{host} returned embeddings that are no equally long rows of numbers.",
            code="endpoint-failed",
        )
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
            f"{urlsplit(base_url).netloc} returned {counted(parts[-1].shape[1], 'dimension')} "
            f"after {parts[0].shape[1]}: the model changed while it was asked. Try again.",
            code="changed-encoder",
        )

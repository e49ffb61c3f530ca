"""The client of an endpoint, made in one way and with certificates that are read once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    from openai import AsyncOpenAI


@cache
def certificates() -> ssl.SSLContext:
    """What https is checked against: to read it takes longer than to ask a quick server."""
    import httpx

    return httpx.create_ssl_context()


def endpoint_client(base_url: str, key: str, timeout: float) -> AsyncOpenAI:
    """A client that tries once and gives up after `timeout` seconds; whoever opens it closes it."""
    import openai

    carrier = openai.DefaultAsyncHttpxClient(timeout=timeout, verify=certificates())
    return openai.AsyncOpenAI(
        api_key=key, base_url=base_url, timeout=timeout, max_retries=0, http_client=carrier
    )

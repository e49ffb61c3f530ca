"""Addresses and keys: a key is read from the variable that is named, and never shown or logged."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from openai import Omit

NO_KEY = "none"
"""What is sent to an endpoint without keys."""

_KEY = re.compile(r"[!#-&(-\[\]-~]+")  # visible ASCII without quotes and backslash
_LONG_KEY = 12


class EndpointError(CascalError):
    """An endpoint that refused, failed or answered something else; never holds the key."""


def check_base_url(base_url: str) -> str:
    """The URL without a trailing slash; one that is not http(s) or carries a secret is refused."""
    try:
        parts = urlsplit(base_url.strip())
        named = parts.port != 0 and bool(parts.hostname)  # reading a port checks it
    except ValueError:  # of an address in brackets or a port that is none
        named = False
    if not named or parts.scheme not in ("http", "https"):
        raise EndpointError(
            "A base URL looks like https://host/v1 (http:// or https://).", code="malformed-value"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise EndpointError(
            f"The base URL of {parts.hostname} carries a user name, a password or a query. Put the "
            "key into an environment variable and name that variable.",
            code="written-secret",
        )
    return base_url.strip().rstrip("/")


def read_key(key_env: str) -> str:
    """The key held by an environment variable, "none" without a variable's name."""
    if not key_env:
        return NO_KEY
    key = os.environ.get(key_env, "").strip()
    if not key:
        raise EndpointError(
            f"The environment variable {key_env} is not set. Set it to the endpoint's key, or "
            "leave key_env empty for an endpoint without keys.",
            code="key-not-set",
        )
    if not _KEY.fullmatch(key):
        raise EndpointError(
            f"The environment variable {key_env} holds characters no key has (spaces, quotes, line "
            "breaks or non-ASCII). Set it to the bare key.",
            code="malformed-value",
        )
    return key


def scrub(text: str, key: str, limit: int = 300) -> str:
    """One line of what a server said, at most `limit` characters, the key blotted out."""
    if key and key != NO_KEY:
        text = text.replace(key, "***")
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit] + "…"


def blot(text: str, key: str) -> str:
    """A model's text without the key, should a server echo it.

    Keys under 12 characters ("ollama", "EMPTY") are left: they are words, and no secret.
    """
    return text.replace(key, "***") if len(key) >= _LONG_KEY else text


def omitted_headers() -> dict[str, Omit]:
    """Headers that keep organisation and project of the environment from being sent along."""
    import openai

    return {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}

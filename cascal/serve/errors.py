"""Every refusal of the server: an OpenAI error object with a documented code and status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascal.datatypes import CascalError

STATUS: dict[str, int] = {
    "invalid_body": 400,
    "no_user_text": 400,
    "vote_cannot_stream": 400,
    "vote_not_comparable": 400,
    "upstream_refused": 400,
    "invalid_api_key": 401,
    "host_not_allowed": 403,
    "model_not_found": 404,
    "not_found": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "body_too_large": 413,
    "overloaded": 429,
    "upstream_rate_limited": 429,
    "internal_error": 500,
    "key_not_configured": 500,
    "encoder_failed": 502,
    "upstream_unreachable": 502,
    "upstream_error": 502,
    "upstream_key_refused": 502,
    "upstream_not_found": 502,
    "upstream_malformed": 502,
    "upstream_cut": 502,
    "encoder_timeout": 504,
    "upstream_timeout": 504,
}
"""HTTP status of every code. `upstream_cut` is only met inside a stream, after its status."""


class TooLarge(Exception):
    """An upstream sent more than is read."""


class ApiError(CascalError):
    """A refusal with its code; `headers` go out with it (the decision, Retry-After)."""

    def __init__(
        self, code: str, message: str, headers: Mapping[str, str] | None = None, param: str = ""
    ) -> None:
        super().__init__(message, code)
        self.status = STATUS[code]
        self.param = param
        self.headers: dict[str, str] = dict(headers or {})

    def to_dict(self) -> dict[str, Any]:
        """The body that OpenAI clients read."""
        return {
            "error": {
                "message": str(self),
                "type": _kind(self.status),
                "param": self.param or None,
                "code": self.code,
            }
        }


def _kind(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"

"""Texts that are an endpoint's error message, written where a model's answer should be.

Collectors that catch an exception often store its text as the response. Such a text is no answer:
it says nothing about the model, so it becomes status "error" and never a vote.
"""

from __future__ import annotations

import re

_LOOKED_AT = 400
"""Characters of a text that are looked at; an error message says what it is at its start."""

_SDK_ERRORS = (
    "RateLimit|APIConnection|APITimeout|APIStatus|APIResponseValidation|APIError|Authentication"
    "|PermissionDenied|BadRequest|InternalServer|ServiceUnavailable|UnprocessableEntity"
    "|ContentPolicyViolation|ContextWindowExceeded|ResourceExhausted|Overloaded"
)
_API_WORDS = (
    r"rate.?limit|time.?out|timed out|\bapi\b|connection|quota|status code|exception|litellm"
    r"|unauthori[sz]ed|overloaded|\b(?:401|403|404|408|429|5\d\d)\b"
)
_WRAPPED = (
    r"error \[?(?:401|403|408|409|413|422|429|50[0-4]|529)\]?\s{0,2}[:(–-]"
    r"|(?:429 too many requests|500 internal server error|502 bad gateway"
    r"|503 service(?: temporarily)? unavailable|504 gateway time-?out)"
    r"\s{0,2}(?:[:({<\n–-]|\.?\s{0,9}\Z)"
    r"|(?:axioserror: )?request failed with status(?: code)?:? [45]\d\d\b"
    rf"|\[error\].{{0,200}}?(?:{_API_WORDS})"
    r"|(?:[a-z_]{1,20}\.){0,4}(?:(?:Read|Connect)?TimeoutError|ReadTimeout|ConnectTimeout"
    r"|Connect(?:ion)?Error)\s{0,2}[:(]"
    r"|(?:\[error\]|#n/a|\(no response\)|\[no response\]|<no response>)\s{0,9}\Z"
)
"""As scripts write a code or an exception that they caught, or that a cell holds nothing."""
_PATTERNS = re.compile(
    r"error code:\s{0,3}[45]\d\d\b"
    r"|(?:api|http|server)[ _-]error\s{0,3}(?:[:(\[]|[45]\d\d\b)"
    rf"|error:.{{0,200}}?(?:{_API_WORDS})"
    r"|litellm\.[a-z.]{0,60}(?:error|exception|timeout)\b"
    rf"|(?:[a-z_]{{1,20}}\.){{0,4}}(?:{_SDK_ERRORS})(?:Error)?\s{{0,2}}[:(]"
    r"|(?:http\s)?[45]\d\d (?:client|server) error:"
    r"|http(?:/\d(?:\.\d)?)?(?: status)?(?: code)?:? [45]\d\d\b.{0,60}?(?:[:-]|\Z)"
    r"|https?connectionpool\(host="
    r"|(?:connection error|request timed out|rate limit exceeded|rate limit reached"
    r"|internal server error)\.?\Z"
    r"|[{]\s{0,9}[\"']error[\"']\s{0,9}:\s{0,9}(?:[{]|[\"'])"
    r"|<html>\s{0,9}<head>\s{0,9}<title>(?:4\d\d|5\d\d)\b"
    rf"|{_WRAPPED}",
    re.IGNORECASE | re.DOTALL,
)


def is_api_error(text: str) -> bool:
    """Whether a text is an endpoint's error message; in doubt it is not.

    Only the start of the text is read, and a status code or the name of a client library's
    exception is asked for: a model that writes *about* errors is not meant.
    """
    return _PATTERNS.match(text.lstrip()[:_LOOKED_AT]) is not None

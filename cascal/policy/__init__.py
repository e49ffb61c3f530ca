"""Assertions on a router's decisions, for a user's CI: no model is called, no label is needed."""

from __future__ import annotations

from cascal.policy.checking import (
    Among,
    Assertion,
    Encode,
    Outcome,
    Policy,
    PolicyError,
    RouteRule,
    check,
)
from cascal.policy.policy_file import read_policy

__all__ = [
    "Among",
    "Assertion",
    "Encode",
    "Outcome",
    "Policy",
    "PolicyError",
    "RouteRule",
    "check",
    "read_policy",
]

"""Requests to servers on loopback: certificates are read once, and no connection is kept."""

from __future__ import annotations

import httpx

from cascal.endpoint.client import certificates

WEB = httpx.Client(
    verify=certificates(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
)

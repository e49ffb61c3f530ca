"""The encoder of a file, and who chose the host that the texts go to."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import typer

from cascal.datatypes import CascalError
from cascal.routing.same_encoder import check_encoder

if TYPE_CHECKING:
    from cascal.encode.batches import Encoder


def encoder_of_file(encoder_id: str, named: str | None, key_env: str) -> Encoder:
    """The encoder that a router file asks for; another one is refused.

    `named` is what the command line says. Without it an endpoint is the file's choice alone: its
    host is shown and must be confirmed before it gets a text, and it never gets a key.
    """
    from cascal.encode.encoders import endpoint_host, load_encoder

    host = "" if named else endpoint_host(encoder_id)
    if host and key_env:
        raise CascalError(
            f"The router file, not you, names the encoder's host {host!r}; it gets no key. If you "
            f"trust that host with the key in {key_env}, add {_by_name(encoder_id)}.",
            code="foreign-host",
        )
    if host:
        _confirm(host, f"add {_by_name(encoder_id)}")
    coder = load_encoder(named or encoder_id, key_env=key_env)
    check_encoder(coder.id, encoder_id)
    return coder


def encoder_of_baseline(encoder_id: str) -> Encoder:
    """The encoder of the router that a policy file compares with; its host is confirmed too."""
    from cascal.encode.encoders import endpoint_host, load_encoder

    host = endpoint_host(encoder_id)
    if host:
        _confirm(host, "run the check in a terminal and say so there")
    return load_encoder(encoder_id)


def _by_name(encoder_id: str) -> str:
    return f"--encoder {shlex.quote(encoder_id)}"


def _confirm(host: str, way: str) -> None:
    """Ask whether the host may have the texts; refuse where nobody can be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CascalError(
            f"The router file, not you, names the encoder's host {host!r}, which would get every "
            f"text. If you trust that host, {way}.",
            code="foreign-host",
        )
    if not typer.confirm(f"The router file sends every text to {host!r}. Do that?", err=True):
        raise CascalError(f"Nothing was sent to {host!r}.", code="foreign-host")

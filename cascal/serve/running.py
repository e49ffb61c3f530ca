"""Run the application until it is ended."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from cascal.datatypes import CascalError

if TYPE_CHECKING:
    from starlette.applications import Starlette

_SHUTDOWN_SECONDS = 10
_BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a taken port or an unknown address is refused in a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, since asyncio switches Nagle's algorithm off only where it can see that.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)  # whoever is told the address may connect at once
    except (OSError, OverflowError, TypeError, UnicodeError) as error:  # also: no name of a host
        listening.close()
        said = getattr(error, "strerror", None) or error
        raise CascalError(
            f"Cannot listen on {host[:80]} port {port} ({said}). Choose another with --port or "
            "--host.",
            code="cannot-listen",
        ) from None
    return listening


def run(app: Starlette, listening: socket.socket) -> None:
    """Serve until Ctrl+C; requests under way get some seconds to end."""
    import uvicorn

    from cascal.serve.connections import BoundedConnection, quieten

    quieten()
    config = uvicorn.Config(
        app,
        http=BoundedConnection,
        ws="none",
        log_level="warning",
        access_log=False,  # its lines hold nothing that /metrics does not count
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    with listening:
        uvicorn.Server(config).run(sockets=[listening])

"""Which names a server answers to.

A page elsewhere may let its own name point at this machine: for the browser the two are one site
then, and the page reads what the server sends. Only the Host header still tells them apart.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from cascal.datatypes import CascalError

LOOPBACK = ("127.0.0.1", "localhost", "::1")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_.-]+))(:[0-9]{0,5})?", re.IGNORECASE)
_POLICY_VIOLATION = 1008


def host_name(header: str) -> str:
    """The name in a Host header, without its port, as it is compared; "" where there is none."""
    match = _HOST.fullmatch(header)
    return "" if match is None else _same(match["v6"] or match["name"])


def _same(name: str) -> str:
    """One spelling of a name: small letters, no last dot, addresses in their shortest form."""
    name = name.lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return str(getattr(address, "ipv4_mapped", None) or address)


def allowed_hosts(bound: str, more: Collection[str] = ()) -> tuple[str, ...]:
    """Loopback names, the address listened on, and names given; what is no name is refused."""
    names = [*LOOPBACK, *([bound] if bound else ())]
    for name in more:
        found = host_name(f"[{name}]" if name.count(":") > 1 and "[" not in name else name)
        if not found or found != _same(name.strip("[]")):
            raise CascalError(
                f"{name!r} is no host name. Give the name or address that stands in the browser's "
                "address bar, without http:// and port; each one in full.",
                code="malformed-value",
            )
        names.append(found)
    return tuple(dict.fromkeys(_same(name) for name in names))


class HostGuard:
    """Answers `refusal` to every request and websocket whose Host is none of `hosts`.

    The address that a connection came in by passes as well: where a server listens on all of its
    addresses, that is the one bound to, and an address can be no foreign name.
    """

    def __init__(self, app: App, hosts: Collection[str], refusal: App) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or self._passes(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()  # the handshake; a close before it is accepted is a 403
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await self.refusal(scope, receive, send)

    def _passes(self, scope: Scope) -> bool:
        sent = [value for name, value in scope["headers"] if name == b"host"]
        if len(sent) != 1:
            return False
        name = host_name(sent[0].decode("latin-1"))
        own = (scope.get("server") or ("", 0))[0]
        return bool(name) and (name in self.hosts or name == _same(own))

"""The dashboard as an ASGI app: main.py behind security headers, with plotly.js beside it.

Started by `python -m streamlit run app/server.py` from the folder that holds `.streamlit`.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # `streamlit run` only adds the folder of this file
    sys.path.insert(0, str(HERE.parent))

from app import sent, session  # noqa: E402 (the path comes first)
from app.map_component import component  # noqa: E402 (the path comes first)
from app.pages import PAGES  # noqa: E402 (the path comes first)
from cascal.hosts import HostGuard, allowed_hosts  # noqa: E402

JAVASCRIPT = "text/javascript"
FOREVER = "public, max-age=31536000, immutable"
CSP = "; ".join(
    [
        "default-src 'self'",
        # unsafe-eval: scattergl compiles its draw calls; blob: Streamlit imports a component's
        # script from one; the hash is the inline script of Streamlit's own index.html.
        "script-src 'self' 'unsafe-eval' blob: "
        "'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)
HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]


ALLOWED_HOSTS_ENV = "CASCAL_ALLOWED_HOSTS"
FOREIGN_HOST = PlainTextResponse(
    "This dashboard does not answer to the host name of this request. Open it by its address, or "
    "start it with --allow-host NAME.\n",
    status_code=403,
)


def hosts() -> tuple[str, ...]:
    """Host names that are answered to: the command line says more through the environment."""
    bound = str(st.get_option("server.address") or "")
    return allowed_hosts(bound, os.environ.get(ALLOWED_HOSTS_ENV, "").split())


class SecurityHeaders:
    """Add the headers to every HTTP response; websockets pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of any kind."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in HEADERS}
                kept = [pair for pair in message["headers"] if pair[0].lower() not in own]
                message["headers"] = [*kept, *HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


@cache
def plotly_bundle() -> tuple[bytes, bytes]:
    """Return plotly.js as it is and compressed; done once, 4.8 MB become 1.4."""
    plain = component.PLOTLY_FILE.read_bytes()
    return plain, gzip.compress(plain, compresslevel=6, mtime=0)


def serve_plotly(request: Request) -> Response:
    """Send plotly.js; its address carries the version, so browsers keep it."""
    plain, packed = plotly_bundle()
    headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(plain, headers=headers, media_type=JAVASCRIPT)
    headers["content-encoding"] = "gzip"
    return Response(packed, headers=headers, media_type=JAVASCRIPT)


def serve_points(request: Request) -> Response:
    """Send the coordinates of one map, by its unguessable name."""
    found = component.POINTS.get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("These points have expired: reload the page.", status_code=404)
    headers = {"cache-control": "private, max-age=86400, immutable", "content-encoding": "gzip"}
    return Response(found, headers=headers, media_type="application/json")


def serve_near(request: Request) -> Response:
    """Send the points of a large map that are in view, by the unguessable name of its state."""
    view = component.read_view(request.query_params.get("view", ""))
    if view is None:
        return PlainTextResponse("Ask with view=x0,x1,y0,y1, four rising ends.", status_code=400)
    found = component.POINTS.inside(request.path_params["name"], view)
    if found is None:
        return PlainTextResponse("These points have expired: reload the page.", status_code=404)
    headers = {"cache-control": "no-store", "content-encoding": "gzip"}
    return Response(found, headers=headers, media_type="application/json")


def serve_module(request: Request) -> Response:
    """Send one script of the map; its address names its content, so browsers keep it."""
    script = component.MODULES.get(request.path_params["name"])
    if script is None or request.path_params["version"] != component.MODULES_VERSION:
        return PlainTextResponse("The map has changed: reload the page.", status_code=404)
    return Response(script, headers={"cache-control": FOREVER}, media_type=JAVASCRIPT)


INDEX_FILE = Path(st.__file__).parent / "static" / "index.html"
ROOT_PATH = "/cascal/root.js"
ROOT_SCRIPT = (
    'window.__streamlit = { BACKEND_BASE_URL: new URL("..", document.currentScript.src).href };\n'
)
"""Where the server's own routes are: Streamlit would look for them below each page's path first."""


def serve_root(_: Request) -> Response:
    """Send the script that comes before Streamlit's."""
    return Response(ROOT_SCRIPT, headers={"cache-control": "no-cache"}, media_type=JAVASCRIPT)


@cache
def index() -> str:
    """Return Streamlit's document with our script before its own."""
    script = f'<head>\n    <script src=".{ROOT_PATH}"></script>'
    return INDEX_FILE.read_text(encoding="utf-8").replace("<head>", script, 1)


def serve_page(_: Request) -> Response:
    """Send the document of a page."""
    return HTMLResponse(index(), headers={"cache-control": "no-cache"})


_CONTEXT_LOGGER = "streamlit.runtime.scriptrunner_utils.script_run_context"
"""Warns of every cached function that is called outside of a page, as warming up does."""
WARM_UP: list[Callable[[], object]] = [plotly_bundle, session.warm_up]


async def _warm_up() -> None:
    """Do all of it; what is there then stays, so the garbage collector need not visit it again."""
    await asyncio.gather(*(asyncio.to_thread(task) for task in WARM_UP))
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def warm_up(_app: st.App) -> AsyncIterator[None]:
    """Tell the map that its routes exist; warm up in threads while the server answers."""
    component.POINTS.served = True
    gc.freeze()  # what is imported stays: no run waits while hundreds of modules are searched
    logging.getLogger(_CONTEXT_LOGGER).setLevel(logging.ERROR)
    work = asyncio.create_task(_warm_up())
    yield
    await work


def parts() -> dict[str, Any]:
    """Return everything but the script that makes the app."""
    base = component.base_path()
    return {
        "lifespan": warm_up,
        "middleware": [
            Middleware(SecurityHeaders),
            Middleware(HostGuard, hosts=hosts(), refusal=FOREIGN_HOST),
            Middleware(sent.Watch),
        ],
        "routes": [
            *(Route(f"{base}/{address}", serve_page) for _, address in PAGES.values() if address),
            Route(f"{base}{ROOT_PATH}", serve_root),
            Route(f"{base}{component.PLOTLY_PATH}", serve_plotly),
            Route(f"{base}{component.POINTS_PATH}/{{name}}", serve_points),
            Route(f"{base}{component.NEAR_PATH}/{{name}}", serve_near),
            Route(f"{base}{component.MODULES_PATH}/{{version}}/{{name}}", serve_module),
            Mount(f"{base}/app/static", StaticFiles(directory=HERE / "static")),
        ],
    }


def build_app(script: Path) -> st.App:
    """Return the app around another entry script, with the same routes and headers."""
    return st.App(script, **parts())


app = st.App(HERE / "main.py", **parts())  # `streamlit run` looks for this very assignment

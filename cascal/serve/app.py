"""The application: paths, their refusals, and which names it answers to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cascal.datatypes import CascalError
from cascal.hosts import HostGuard
from cascal.routing.same_encoder import check_encoder
from cascal.serve.endpoints import Endpoints
from cascal.serve.errors import ApiError
from cascal.serve.options import ServeOptions
from cascal.serve.pool import Pool
from cascal.serve.replies import Reply, refuse

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

    from cascal.encode.batches import Encoder
    from cascal.serve.decide import AnyRouter

_FOREIGN_HOST = refuse(
    ApiError(
        "host_not_allowed",
        "This server answers to its own address only; a name needs --allow-host NAME at its start.",
    )
)


def create_app(
    router: AnyRouter,
    pool: Pool,
    encoder: Encoder,
    options: ServeOptions = ServeOptions(),  # noqa: B008 – frozen
) -> Starlette:
    """The application; refused where the extra `serve` is not installed.

    POST /v1/chat/completions, /v1/responses, /v1/embeddings, /route, GET /v1/models, /health,
    /metrics. It can be started once. `warm_up` before that spares the first request the loading of
    the encoder.
    """
    refuse_without_extra()
    check_encoder(encoder.id, router.encoder)
    from starlette.applications import Starlette
    from starlette.routing import Route

    endpoints = Endpoints(router, pool, encoder, options)
    refusals: dict[int | type[Exception], Any] = {
        404: _refuser("not_found", "There is nothing at this path."),
        405: _refuser("method_not_allowed", "This path is asked in another way."),
        500: endpoints.failed,
    }
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", endpoints.chat, methods=["POST"]),
            Route("/route", endpoints.route, methods=["POST"]),
            Route("/v1/responses", endpoints.responses, methods=["POST"]),
            Route("/v1/embeddings", endpoints.embeddings, methods=["POST"]),
            Route("/v1/models", endpoints.models, methods=["GET"]),
            Route("/v1/models/{name:path}", endpoints.model, methods=["GET"]),
            Route("/health", endpoints.health, methods=["GET"]),
            Route("/metrics", endpoints.metrics, methods=["GET"]),
        ],
        exception_handlers=refusals,
        lifespan=endpoints.lifespan,
    )
    if options.hosts:
        app.add_middleware(HostGuard, hosts=options.hosts, refusal=_FOREIGN_HOST)
    app.state.endpoints = endpoints
    return app


def warm_up(app: Starlette) -> None:
    """Load the encoder; a failure is the encoder's own refusal."""
    endpoints: Endpoints = app.state.endpoints
    endpoints.warm_up()


def refuse_without_extra() -> None:
    """A sentence where a library of the extra is missing."""
    if any(find_spec(name) is None for name in ("prometheus_client", "starlette", "uvicorn")):
        raise CascalError(
            "Serving needs the extra serve: pip install 'cascal[serve]'.", code="not-installed"
        )


def _refuser(code: str, message: str) -> Callable[[Request, Exception], Awaitable[Reply]]:
    async def refused(_request: Request, _error: Exception) -> Reply:
        return refuse(ApiError(code, message))

    return refused

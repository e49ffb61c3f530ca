"""A tuned router behind an OpenAI-compatible endpoint (extra `serve`).

A chat completion for the model `cascal` goes to the first model of its route, one for
`cascal-vote` to the K selected ones, whose answers are counted; any model of the pool can be asked
by its name. The decision comes back in `x-cascal-*` headers and in the body's field `cascal`.
`errors.STATUS` lists every refusal.
"""

from __future__ import annotations

from cascal.serve.app import create_app, refuse_without_extra, warm_up
from cascal.serve.options import ServeOptions
from cascal.serve.pool import Pool, choose_models
from cascal.serve.running import listen, run

__all__ = [
    "Pool",
    "ServeOptions",
    "choose_models",
    "create_app",
    "listen",
    "refuse_without_extra",
    "run",
    "warm_up",
]

"""`cascal serve`, `cascal convert` and `cascal check`: what a tuned router is used for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

import cascal
from cascal.cli.asking_options import read_models
from cascal.cli.common import JsonOption, PortOption, err, out, print_json
from cascal.cli.encoding import encoder_of_baseline, encoder_of_file
from cascal.cli.routing import load_router
from cascal.datatypes import CascalError, FloatArray
from cascal.hosts import LOOPBACK, allowed_hosts
from cascal.number_format import counted
from cascal.yaml_files.documents import read_document

DEFAULT_PORT = 8610
_SHOWN_TEXT = 60

RouterArgument = Annotated[Path, typer.Argument(help="Router file written by fit or export.")]
EncoderOption = Annotated[
    str | None, typer.Option(help="Where the router's encoder is found, if not by its own name.")
]
KeyEnvOption = Annotated[
    str, typer.Option(help="Name of the environment variable with the encoder endpoint's key.")
]


def serve(
    router: RouterArgument,
    pool: Annotated[
        str,
        typer.Option(
            help="YAML or JSON list of models: name, model_id, base_url, key_env, input_price, "
            "output_price; or 'simulated'."
        ),
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but loopback lets others in.")
    ] = "127.0.0.1",
    port: PortOption = DEFAULT_PORT,
    timeout: Annotated[
        float, typer.Option(help="Seconds an upstream may take for an answer.")
    ] = 60.0,
    concurrency: Annotated[int, typer.Option(help="Requests worked on at once.")] = 64,
    queue: Annotated[int, typer.Option(help="Requests that may wait; more are refused.")] = 128,
    failover: Annotated[
        int, typer.Option(help="Further models of the route to ask where the first one fails.")
    ] = 0,
    max_body: Annotated[int, typer.Option(help="Bytes a request may have.")] = 1 << 20,
    api_key_env: Annotated[
        str, typer.Option(help="Name of the variable with the key that clients must send.")
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name that clients may reach the server by; repeatable."),
    ] = None,
    encoder: EncoderOption = None,
    key_env: KeyEnvOption = "",
) -> None:
    """Serve a router as an OpenAI-compatible endpoint: models cascal, cascal-vote and the pool."""
    from joblib import cpu_count

    from cascal import serve as server
    from cascal.computing.blas import one_blas_thread
    from cascal.encode.bert_encoder import BertEncoder
    from cascal.endpoint import read_key

    server.refuse_without_extra()
    if api_key_env:
        read_key(api_key_env)
    elif host not in LOOPBACK:
        raise _no_key(host)
    loaded = load_router(router)
    models = server.choose_models(read_models(pool), loaded.models)
    coder = encoder_of_file(loaded.encoder, encoder, key_env)
    options = server.ServeOptions(
        timeout=timeout,
        concurrency=concurrency,
        queue=queue,
        max_body=max_body,
        failover=failover,
        encoder_threads=min(8, cpu_count()) if isinstance(coder, BertEncoder) else 1,
        api_key_env=api_key_env,
        hosts=allowed_hosts(host, allow_host or ()),
    )
    _say_before(loaded, models.notes, host)
    app = server.create_app(loaded, models, coder, options)
    with err.status("Loading the encoder"):
        server.warm_up(app)
    listening = server.listen(host, port)
    _say_where(loaded, host, listening.getsockname()[1])
    with one_blas_thread(numpy_alone=True):  # as each text does, but once for all of them
        server.run(app, listening)


def _say_before(
    router: cascal.Router | cascal.ScoreRouter, notes: Sequence[str], host: str
) -> None:
    """What whoever serves should know of the pool, the router and the address."""
    for note in notes:
        err.print(f"Note: {escape(note)}")
    if isinstance(router, cascal.ScoreRouter):
        err.print(f"A router by scores of {escape(router.scored_by)}: there are no votes.")
    elif router.labels is not None:
        err.print(f"With a few labels: {escape(router.labels.sentence)}")
    if host not in LOOPBACK:
        err.print(
            f"[yellow]Warning:[/] listening on {escape(host)}: everybody with the key can ask your "
            "models at your cost."
        )


def _say_where(router: cascal.Router | cascal.ScoreRouter, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    out.print(
        f"Router with {counted(len(router.models), 'model')}: "
        f"http://{escape(shown)}:{port}/v1  (Ctrl+C ends it)",
        soft_wrap=True,
    )


def _no_key(host: str) -> CascalError:
    return CascalError(
        f"--host {host[:80]} lets everybody who reaches this machine ask your models at your cost. "
        "Demand a key: put it into a variable and name that with --api-key-env.",
        code="missing-value",
    )


def convert(
    router: RouterArgument,
    target: Annotated[Path, typer.Argument(help="File to write; for avengers a folder.")],
    to: Annotated[str, typer.Option(help="nordlys, vllm-sr or avengers.")],
) -> None:
    """Write a router in the format of another runtime, and say what is lost."""
    from cascal.export import convert as write

    loaded = cascal.Router.load(router)
    lost = write(loaded, target, to)
    out.print(
        f"Router with {counted(len(loaded.clusters), 'cluster')} and "
        f"{counted(len(loaded.models), 'model')} written to {escape(str(target))} for {escape(to)}."
    )
    for sentence in lost:
        out.print(f"Lost: {escape(sentence)}")


def check(
    router: RouterArgument,
    policy: Annotated[Path, typer.Argument(help="YAML or JSON file of assertions.")],
    encoder: EncoderOption = None,
    key_env: KeyEnvOption = "",
    as_json: JsonOption = False,
) -> None:
    """Check a router against a policy: exit code 1 and a line for each violated assertion."""
    from cascal.policy import check as check_policy
    from cascal.policy import read_policy

    loaded = cascal.Router.load(router)
    checked = read_policy(read_document(policy, "policy"), policy.parent, loaded.models)
    coder = encoder_of_file(loaded.encoder, encoder, key_env)

    def encode(encoder_id: str, texts: Sequence[str]) -> FloatArray:
        found = coder if encoder_id == coder.id else encoder_of_baseline(encoder_id)
        return found.encode(texts)

    outcome = check_policy(loaded, checked, encode)
    if as_json:
        print_json(outcome.to_dict())
    else:
        for one in outcome.violated:
            out.print(f"[red]Violated:[/] {escape(one.sentence)}", soft_wrap=True)
        if not outcome.violated:
            out.print(f"{counted(len(outcome.assertions), 'assertion holds', 'assertions hold')}.")
    if outcome.violated:
        raise typer.Exit(1)

"""`cascal demo` and `cascal dashboard`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.markup import escape

from cascal.cli.common import (
    WORKSPACE_ENV,
    WorkspaceOption,
    default_workspace,
    err,
    open_workspace,
    out,
    progress_bar,
)
from cascal.datatypes import CascalError
from cascal.hosts import LOOPBACK, allowed_hosts

PACKAGE = Path(__file__).resolve().parents[1]
DEFAULT_HOST = LOOPBACK[0]
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 – compared, not bound
DEFAULT_PORT = 8501
DashboardPort = Annotated[
    int, typer.Option("--port", min=1, max=65_535, help="Port of the dashboard.")
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        help="Also answer to this host name, as a proxy or the network may send it; repeatable."
    ),
]
AllowFolder = Annotated[
    list[Path] | None,
    typer.Option(
        help="Let the dashboard read paths below this folder instead of the working folder; "
        "repeatable.",
        exists=True,
        file_okay=False,
    ),
]
READ_ONLY_ENV = "CASCAL_READ_ONLY"
ALLOWED_HOSTS_ENV = "CASCAL_ALLOWED_HOSTS"
FOLDERS_ENV = "CASCAL_ALLOWED_FOLDERS"


def demo(
    workspace: WorkspaceOption = None,
    port: DashboardPort = DEFAULT_PORT,
    open_dashboard: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the dashboard afterwards.")
    ] = True,
    allow_host: AllowHost = None,
    allow_folder: AllowFolder = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="Also make demo-mislabelled (35 % of the generated answers wrong), "
            "demo-scattered (mistakes spread evenly) or demo-weak-20k (20,000 weak queries; "
            "encoding takes minutes); repeatable."
        ),
    ] = None,
) -> None:
    """Put the simulated demo set into a workspace and open the dashboard on it."""
    from cascal.dataset.demo import install_demo, install_variant
    from cascal.encode.encoders import MINILM, load_encoder

    path = workspace or default_workspace()
    store = open_workspace(path, create=True)
    with progress_bar("Storing the demo") as report:
        new = install_demo(store, report)
    for name in variant or ():
        with progress_bar(f"Making {name}") as report:
            install_variant(store, name, load_encoder(MINILM), report)
        new.append(name)
    out.print(f"Demo (simulated data) in {escape(str(path))}: {', '.join(new) or 'already there'}.")
    if open_dashboard:
        _serve(path, DEFAULT_HOST, port, _Allowed(allow_host or (), allow_folder or ()))


def dashboard(
    workspace: WorkspaceOption = None,
    port: DashboardPort = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but loopback lets others in.")
    ] = DEFAULT_HOST,
    allow_host: AllowHost = None,
    allow_folder: AllowFolder = None,
) -> None:
    """Open the dashboard on a workspace (an empty one where there is none)."""
    allowed = _Allowed(allow_host or (), allow_folder or ())
    _serve(workspace or default_workspace(), host, port, allowed)


def dashboard_folder() -> Path:
    """The folder that holds `app` and `.streamlit`: in an installed package, or in a checkout."""
    for folder in (PACKAGE / "_dashboard", PACKAGE.parent):
        if (folder / "app" / "server.py").is_file():
            return folder
    raise CascalError(
        "The dashboard is not part of this installation. Install cascal again.",
        code="not-installed",
    )


class _Allowed(NamedTuple):
    """Host names that are answered to beside the usual ones, and the folders that are read."""

    hosts: Sequence[str]
    folders: Sequence[Path]

    def joined_folders(self) -> str:
        """What the dashboard is told; it runs in another folder, so every path is whole."""
        paths = [str(path.resolve()) for path in self.folders or (Path.cwd(),)]
        for path in paths:
            if os.pathsep in path:
                raise CascalError(
                    f"{path} has a {os.pathsep!r} in its name. Rename the folder.",
                    code="malformed-value",
                )
        return os.pathsep.join(paths)


def _serve(workspace: Path, host: str, port: int, allowed: _Allowed) -> None:
    if find_spec("streamlit") is None:
        raise CascalError(
            "The dashboard needs the extra app: pip install 'cascal[app]'.", code="not-installed"
        )
    folder = dashboard_folder()
    hosts = allowed_hosts(host, allowed.hosts)
    if host not in LOOPBACK:
        err.print(
            f"[yellow]Warning:[/] listening on {escape(host)}: everybody who reaches this machine "
            "can read this workspace. There is no sign-in, so the pages are read-only."
        )
    _check_port(host, port)
    command = _command(folder, host, port, hosts)
    environment = {
        **os.environ,
        WORKSPACE_ENV: str(workspace.resolve()),
        READ_ONLY_ENV: "" if host in LOOPBACK else "1",
        ALLOWED_HOSTS_ENV: " ".join(hosts),
        FOLDERS_ENV: allowed.joined_folders(),
    }
    out.print(f"Dashboard: http://{escape(host)}:{port}  (Ctrl+C ends it)")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server ends with us
    with subprocess.Popen(command, cwd=folder, env=environment) as server:  # noqa: S603 – our own
        try:
            code = server.wait()
        except KeyboardInterrupt:
            server.terminate()
            code = 0
    if code:
        raise CascalError(
            f"The dashboard ended with code {code}; the lines above say why.",
            code="not-running",
        )


def _command(folder: Path, host: str, port: int, hosts: tuple[str, ...]) -> list[str]:
    """How the dashboard's own process is started."""
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(folder / "app" / "server.py"),
        f"--server.address={host}",
        f"--server.port={port}",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
        "--server.fileWatcherType=none",
        *(f"--server.allowedHosts={name}" for name in _for_streamlit(host, hosts)),
    ]


def _for_streamlit(host: str, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """What Streamlit is told; it knows no addresses behind a wildcard, as our own guard does."""
    return ("*",) if host in WILDCARDS else hosts


def _check_port(host: str, port: int) -> None:
    """Refuse a taken port in a sentence, before anything is announced."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, TypeError, UnicodeError) as error:  # also: no name of a host
            said = getattr(error, "strerror", None) or error
            raise CascalError(
                f"Cannot listen on {host[:80]} port {port} ({said}). Choose another with --port or "
                "--host.",
                code="cannot-listen",
            ) from None

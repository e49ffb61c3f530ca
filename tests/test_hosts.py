"""A foreign host name opens nothing: not a page, not a file, not a websocket."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import free_port
from refusals import refuses
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from cascal.hosts import LOOPBACK, allowed_hosts, host_name

PATHS = (
    *("/", "/data", "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics"),
    *(
        "/_stcore/upload_file/one/two",
        "/media/0123.png",
        "/app/static/inter-latin-wght-normal.woff2",
    ),
    *(
        "/cascal/points/0123",
        "/cascal/plotly.min.js",
        "/_stcore/bidi-components/x/y.js",
        "/component/x/y",
    ),
    "/static/nothing.js",
)
REFUSED = (
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
)
PASSING = (
    "127.0.0.1",
    "127.0.0.1:{port}",
    "localhost:1",
    "LOCALHOST",
    "localhost.",
    "[::1]:{port}",
)


@pytest.fixture(scope="module", params=["", "--allow-host"])
def dashboard(request, tmp_path_factory) -> Iterator[tuple[int, bool]]:
    """Ports of a started dashboard without and with a further name, and whether it has that."""
    folder, port = tmp_path_factory.mktemp("hosts"), free_port()
    command = [sys.executable, "-m", "cascal.cli", "dashboard", "--port", str(port)]
    command += ["--allow-host", "studio.example"] if request.param else []
    environment = {**os.environ, "CASCAL_WORKSPACE": str(folder / "none.duckdb")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield port, bool(request.param)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(port: int, process: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{port}/_stcore/health"
            if urllib.request.urlopen(url, timeout=2).read() == b"ok":
                return
        time.sleep(0.2)
    pytest.fail(f"The dashboard did not start:\n{log.read_text()[-2000:]}")


def _ask(port: int, path: str, host: str | None, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True)
        if host is not None:
            connection.putheader("Host", host.format(port=port))
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    finally:
        connection.close()


async def _open_socket(port: int, host: str) -> None:
    address, origin = f"ws://{host}/_stcore/stream", f"http://{host}"
    async with connect(
        address,
        host="127.0.0.1",
        port=port,
        origin=origin,
        subprotocols=["streamlit"],
        open_timeout=20,
        proxy=None,
    ):
        pass


def _socket_status(port: int, host: str) -> int:
    """101 where the websocket opens, else the status of the refusal."""
    try:
        asyncio.run(_open_socket(port, host.format(port=port)))
    except InvalidStatus as error:
        return error.response.status_code
    return 101


@pytest.mark.slow
def test_a_foreign_host_is_refused_by_every_path_of_the_dashboard(dashboard):
    port, _ = dashboard
    for host in REFUSED:
        for path in PATHS:
            status, text = _ask(port, path, host)
            assert status in (400, 403), (host, path)
            if status == 403:
                assert "does not answer to the host name" in text
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert _ask(port, "/_stcore/upload_file/one/two", host, method)[0] in (400, 403)
    assert _ask(port, "/", "")[0] in (400, 403)
    assert _ask(port, "/", None)[0] in (400, 403)


@pytest.mark.slow
def test_loopback_names_pass_with_any_port(dashboard):
    port, _ = dashboard
    for host in PASSING:
        assert _ask(port, "/_stcore/health", host) == (200, "ok"), host


@pytest.mark.slow
def test_a_websocket_opens_for_loopback_names_only(dashboard):
    port, more = dashboard
    for host in ("127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}"):
        assert _socket_status(port, host) == 101, host
    for host in ("evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}"):
        assert _socket_status(port, host) == 403, host
    assert _socket_status(port, "studio.example") == (101 if more else 403)


@pytest.mark.slow
def test_a_named_host_passes_and_only_that(dashboard):
    port, more = dashboard
    assert (_ask(port, "/_stcore/health", "studio.example:80")[0] == 200) is more
    assert _ask(port, "/_stcore/health", "sub.studio.example")[0] == 403


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("LocalHost:8501", "localhost"),
        ("localhost.", "localhost"),
        ("[::1]:8501", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("", ""),
        ("localhost:port", ""),
        ("localhost@evil.example", ""),
        ("localhost/evil.example", ""),
        ("evil.example localhost", ""),
        ("localhost\n", ""),
    ],
)
def test_a_host_header_is_compared_in_one_spelling(header, name):
    assert host_name(header) == name


def test_names_are_added_in_full():
    assert allowed_hosts("10.0.0.5") == (*LOOPBACK, "10.0.0.5")
    assert allowed_hosts("localhost", ["Studio.Example", "fe80::1"]) == (
        *LOOPBACK,
        "studio.example",
        "fe80::1",
    )


@pytest.mark.parametrize("name", ["*", "*.example", "http://studio.example", "a:80", "a b", ""])
def test_what_is_no_name_is_refused(name):
    with refuses("malformed-value", repr(name)):
        allowed_hosts("127.0.0.1", [name])

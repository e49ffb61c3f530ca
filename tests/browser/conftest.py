"""A real Chromium and a real server for the browser tests.

Without Chromium the tests are skipped, on CI (the variable CI is set) they fail.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import TimeoutExpired
from urllib.parse import urlsplit

import pytest
from forked import Forked, preload_the_dashboard, streamlit_process
from playwright.sync_api import Error, expect

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(__file__).parent / "shots"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    # Without a graphics card half of the time of a map goes into smoothing its points' edges.
    "--webgl-antialiasing-mode=none",
]
KNOWS_THE_TOUR = "try { localStorage.setItem('cascal.tour', 'known') } catch {}"
"""Other tests are about pages without the offer at their foot."""
LISTENS = """(() => {
  const news = window.cascalNews = { asked: 0, begun: 0, ended: 0 }
  const fields = { 4: 'begun', 6: 'ended' }  // of ForwardMsg: new_session, script_finished
  function field(bytes) {  // its only one that is neither the hash nor the metadata
    let at = 0
    const number = () => {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        value += (bytes[at] & 127) * 2 ** shift
        if (bytes[at++] < 128) return value
      }
    }
    for (;;) {
      const tag = number()
      if (tag >> 3 > 2) return tag >> 3
      const length = number()
      at += length
    }
  }
  window.WebSocket = class extends window.WebSocket {
    constructor(...all) {
      super(...all)
      this.addEventListener('message', ({ data }) => {
        const name = data instanceof ArrayBuffer && fields[field(new Uint8Array(data))]
        if (name) news[name] = performance.now()
      })
    }
    send(data) {
      if (data[0] === 90) news.asked = performance.now()  // of BackMsg: rerun_script
      super.send(data)
    }
  }
})()"""
"""Keeps when the page last asked for a run of the script, and when one last began and ended."""
LAUNCHER = """\
import streamlit as st
from pathlib import Path
from app.server import parts

app = st.App(Path({script!r}), **parts())
"""
CONNECTED = (
    "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
)
STALE = "[data-stale=true],[data-testid=stSkeleton],[data-testid=stSpinner]"
AT_REST = f"""timeout => new Promise((resolve, reject) => {{
  const news = window.cascalNews ?? {{}}, end = performance.now() + timeout
  let since = performance.now() + 210  // widgets wait about 200 ms before they ask for a run
  const look = () => {{
    const now = performance.now()
    const rest = !(news.asked > news.begun || news.begun > news.ended) &&
      document.querySelector('{CONNECTED}') && !document.querySelector('{STALE}')
    if (!rest) since = Math.max(since, now)
    if (now > end) reject(new Error('timeout'))
    else if (now - since > 50) resolve()
    else setTimeout(look, 10)
  }}
  look() }})"""
"""Until every run that was asked for has ended, for 50 ms: one may follow upon another."""
STATE = f"""() => {{
  const app = document.querySelector('[data-testid=stApp]')?.dataset ?? {{}};
  const stale = [...document.querySelectorAll('{STALE}')].map(one =>
    `${{one.dataset.testid ?? one.className}} ${{one.innerText.slice(0, 60)}}`);
  return `connection ${{app.testConnectionState}}, script ${{app.testScriptState}}, ` +
    `${{stale.length}} stale: ${{stale.slice(0, 5).join(' | ')}}` +
    [...document.querySelectorAll('[role=dialog]')].map(one => `, dialog: ${{one.innerText}}`) }}"""
NAV_LINKS = "[data-testid=stTopNavLink],[data-testid=stSidebarNavLink]"
"""The links of the menu; a link in the text or the sidebar's body is none of them."""
REVISION = "() => document.querySelector('.cascal-map').dataset.revision"
DRAWN_AT = """([name, value]) => {
  const { revision } = document.querySelector('.cascal-map').dataset;
  return Math.abs(revision.match(new RegExp(`${name}=([^,)]+)`))?.[1] - value) < 1e-9 }"""
MAP_FILLS = """() => { const gd = document.querySelector('.cm-plot');
  return !gd || Math.abs(gd._fullLayout.width - gd.clientWidth) < 2 }"""
LOGS: dict[str, Path] = {}
"""The logs of the servers, by their address."""


def idle(page, timeout: float = 60_000) -> None:
    """Wait until the script has run and nothing on the page is stale.

    The wait is long enough for a machine that does much else: what must be fast has its own test.
    """
    try:
        page.evaluate(AT_REST, timeout)
    except Error as error:
        raise AssertionError(f"The page did not come to rest. {_seen(page)}") from error


def _seen(page) -> str:
    """What a page that does not come to rest shows, and the end of its server's log."""
    try:
        state = page.evaluate(STATE)
    except Error as error:
        state = f"no answer from the page: {error}"
    log = LOGS.get(origin(page))
    lines = [] if log is None else log.read_text(errors="replace").splitlines()[-20:]
    return "\n".join([state, "The end of the server's log:", *lines])


def shot(page, name: str) -> Path:
    """Write a screenshot to look at, where CASCAL_SHOTS is set; the folder is ignored by git."""
    SHOTS.mkdir(exist_ok=True)
    path = SHOTS / f"{name}.png"
    if os.environ.get("CASCAL_SHOTS"):
        page.screenshot(path=path)
    return path


class Reader:
    """A browser page with everything it asked for or complained about."""

    def __init__(
        self, window, scheme="light", width=1400, height=1000, *, new_here=False, heard=None
    ) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []
        heard = {
            "request": self._request,
            "console": self._console,
            "pageerror": lambda error: self.errors.append(str(error)),
            **(heard or {}),
        }
        self.page = window(width, height, scheme, new_here=new_here, heard=heard)

    def _request(self, request) -> None:
        if not request.url.startswith(("http://127.0.0.1", "data:", "blob:", "ws://127.0.0.1")):
            self.outside.append(request.url)

    def _console(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, url: str) -> None:
        self.page.goto(url)
        idle(self.page, 90_000)

    def follow(self, title: str) -> None:
        """Go to a page by its link above, or in a narrow window in the sidebar, folded away."""
        link = self.page.locator(NAV_LINKS, has_text=title)
        path = urlsplit(link.get_attribute("href")).path
        link.dispatch_event("click")
        self.page.wait_for_url(lambda url: urlsplit(url).path == path)
        idle(self.page, 90_000)

    def metric(self, label: str) -> str:
        one = self.page.get_by_test_id("stMetric").filter(has_text=label)
        return one.get_by_test_id("stMetricValue").inner_text()

    def shows(self, label: str, value: str) -> None:
        """Wait until a tile has a value: after a click its script may not have begun yet."""
        tile = self.page.get_by_test_id("stMetric").filter(has_text=label)
        expect(tile.get_by_test_id("stMetricValue")).to_have_text(value, timeout=30_000)

    def delta(self, label: str) -> str:
        return self.page.get_by_test_id("stMetric").filter(has_text=label).inner_text()

    def clean(self) -> None:
        assert not self.outside
        assert not self.errors

    def map_drawn(self) -> None:
        self.page.wait_for_selector(".cascal-map[data-drawn='1']", timeout=60_000)

    def revision(self) -> str:
        return self.page.evaluate(REVISION)

    def resize(self, width: int, height: int) -> None:
        """Make the window wider or narrower, and wait until a map on it is as wide as it may be."""
        self.page.set_viewport_size({"width": width, "height": height})
        idle(self.page)
        self.page.wait_for_function(MAP_FILLS, timeout=30_000)

    def moved(self, before: str) -> None:
        changed = "old => document.querySelector('.cascal-map').dataset.revision !== old"
        self.page.wait_for_function(changed, arg=before, timeout=30_000)
        idle(self.page)

    def slide(self, name: str, key: str, times: int) -> None:
        """Press a key so often, and wait until the map is drawn at the value that it led to."""
        before, slider = self.revision(), self.page.get_by_role("slider", name=name)
        slider.focus()
        for _ in range(times):
            self.page.keyboard.press(key)
        value = float(slider.get_attribute("aria-valuetext") or slider.input_value())
        self.moved(before)  # perhaps by the first few
        self.page.wait_for_function(DRAWN_AT, arg=[name.lower().replace(" ", "_"), value])
        idle(self.page)


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """What starts a headless Chromium."""
    if not CHROMIUM.exists():
        reason = f"No Chromium at {CHROMIUM}: install it or set CHROMIUM to its path."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator[object]:
    """A Chromium for pages that share nothing."""
    started = chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def profile(chromium, tmp_path_factory) -> Iterator[object]:
    """A Chromium with one profile for the whole session.

    Most of the time of opening the dashboard goes into compiling its scripts. A profile keeps what
    it compiled; a context without one compiles anew for every test.
    """
    folder = str(tmp_path_factory.mktemp("profile"))
    started = chromium.launch_persistent_context(folder, executable_path=str(CHROMIUM), args=FLAGS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def resting(profile) -> list[object]:
    """Tabs that a test is done with; to open a page there takes two thirds of the work."""
    return []


@pytest.fixture
def window(profile, resting) -> Iterator[Callable[..., object]]:
    """Opens pages; after the test they are closed, and the profile forgets what they stored.

    A page whose listeners are all named (`heard`, by event) may be in a tab of an earlier test, and
    later ones get its tab: whoever adds anything else to a page that would stay names none.
    """
    opened: list[tuple[object, dict[str, Callable] | None]] = []

    def open_window(
        width: int = 1280,
        height: int = 720,
        scheme: str = "light",
        *,
        motion: str = "no-preference",
        new_here: bool = False,
        heard: dict[str, Callable] | None = None,
    ) -> object:
        if heard is not None and not new_here and resting:
            page = resting.pop()
        else:
            page = profile.new_page()
            page.add_init_script(LISTENS)
            if not new_here:
                page.add_init_script(KNOWS_THE_TOUR)
        opened.append((page, None if new_here else heard))
        for event, hear in (heard or {}).items():
            page.on(event, hear)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion=motion)
        return page

    yield open_window
    visited = {origin(page) for page, _ in opened if "://" in page.url}
    for page, heard in opened:
        if heard is None or not at_rest(page, heard):
            page.close()
        else:
            resting.append(page)
    developer = profile.new_cdp_session(profile.pages[0])
    for one in visited:
        developer.send("Storage.clearDataForOrigin", {"origin": one, "storageTypes": "all"})
    developer.detach()


def origin(page) -> str:
    """Where a page came from, without its path."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(page.url))


def at_rest(page, heard: dict[str, Callable]) -> bool:
    """Leave the dashboard, and what the test did to its tab; False where that does not work."""
    for event, hear in heard.items():
        page.remove_listener(event, hear)
    try:
        if "://" in page.url:
            page.goto(f"{origin(page)}/_stcore/health")
            page.evaluate("() => sessionStorage.clear()")
        page.mouse.move(0, 0)
    except Error:
        return False
    return True


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(url: str, process: Forked, log: Path, seconds: float) -> None:
    """Wait until a server answers; one that ends or takes longer fails with what it logged."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.returncode is not None:
            break
        with contextlib.suppress(OSError):  # refused, reset or too slow: ask again
            if urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).read() == b"ok":  # noqa: S310 (loopback)
                return
        time.sleep(0.1)
    pytest.fail(f"The server did not start within {seconds:.0f} s:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def serve(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """Start servers on free loopback ports; returns their address and ends them afterwards.

    A script that makes the app itself (app/server.py) runs as it is; any other gets the same
    routes and headers from a launcher. The folder with .streamlit is the working directory.
    """
    running: list[Forked] = []
    preload_the_dashboard()

    def start(
        script: Path,
        env: dict[str, str] | None = None,
        seconds: float = 60,
        log: Path | None = None,
    ) -> str:
        folder = tmp_path_factory.mktemp("server")
        if "st.App(" not in script.read_text(encoding="utf-8"):
            launcher = folder / "launcher.py"
            launcher.write_text(LAUNCHER.format(script=str(script)), encoding="utf-8")
            script = launcher
        port, log = free_port(), log or folder / "server.log"
        words = ("run", str(script), "--server.headless=true", f"--server.port={port}")
        words += ("--server.address=127.0.0.1",)
        process = streamlit_process(*words, cwd=ROOT, env=env or {}, log=log)
        running.append(process)
        LOGS[f"http://127.0.0.1:{port}"] = log
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log, seconds)
        return f"http://127.0.0.1:{port}"

    yield start
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.communicate(timeout=15)
        except TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory, demo_workspace) -> Path:
    """The demo workspace of the one dashboard; a test that writes there deletes what it wrote."""
    folder = tmp_path_factory.mktemp("workspace")
    return Path(shutil.copy(demo_workspace.path, folder / "demo.duckdb"))


@pytest.fixture(scope="session")
def dashboard(serve, workspace) -> str:
    """The real app on the demo workspace."""
    return serve(ROOT / "app" / "server.py", {"CASCAL_WORKSPACE": str(workspace)})


@pytest.fixture
def reader(window):
    def open_reader(**kwargs) -> Reader:
        return Reader(window, **kwargs)

    return open_reader

"""The pictures of the README, taken from the running product: `make pictures`.

docs/skill-map.png is the map of the demo; docs/flips.webp shows which queries go elsewhere while
the merge distance moves and comes back. Both are of simulated data, and the pages say so.
"""

from __future__ import annotations

import base64
import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from forked import preload_the_dashboard, streamlit_process
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import cascal
from cascal.dataset.demo import install_demo

from .conftest import (
    CHROMIUM,
    FLAGS,
    KNOWS_THE_TOUR,
    ROOT,
    free_port,
    idle,
    wait_until_healthy,
)

MAP, FLIPS = ROOT / "docs" / "skill-map.png", ROOT / "docs" / "flips.webp"
SIZE = {"width": 1360, "height": 1130}
FILM_SIZE = {"width": 1240, "height": 760}
FILM_WIDTH = 880
"""Pixels of the film, which shows less than it sees."""
MOVES = (("ArrowRight", 15), ("ArrowRight", 20), ("ArrowLeft", 35))
"""Keys on the slider of the merge distance, and how often each."""
LOOK_MS = 1800
"""How long the reader looks at what a move did."""
SHORTEST_MS, LONGEST_MS = 60, 1500
"""Bounds of how long a picture of the film stands; the next one shows what a shorter one did."""
MAX_BYTES = 1_500_000


@contextlib.contextmanager
def dashboard(folder: Path) -> Iterator[str]:
    """The dashboard on a fresh demo, on a free port."""
    workspace = folder / "demo.duckdb"
    install_demo(cascal.Workspace(workspace))
    port = free_port()
    words = ("run", str(ROOT / "app" / "server.py"), "--server.headless=true")
    words += (f"--server.port={port}", "--server.address=127.0.0.1")
    log = folder / "server.log"
    environment = {"CASCAL_WORKSPACE": str(workspace)}
    preload_the_dashboard()
    server = streamlit_process(*words, cwd=ROOT, env=environment, log=log)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", server, log, 120)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=20)


def opened(page: Page, url: str) -> Page:
    """The Skill map, drawn and at rest."""
    page.add_init_script(KNOWS_THE_TOUR)
    page.goto(f"{url}/map")
    idle(page, 180_000)
    page.wait_for_selector(".cascal-map[data-drawn='1']", timeout=120_000)
    page.wait_for_timeout(1500)
    return page


def film(page: Page) -> list[tuple[float, Image.Image]]:
    """Seconds and pictures of the page while the slider moves."""
    frames: list[tuple[float, Image.Image]] = []
    developer = page.context.new_cdp_session(page)

    def keep(event: dict) -> None:
        developer.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})
        picture = Image.open(io.BytesIO(base64.b64decode(event["data"]))).convert("RGB")
        frames.append((event["metadata"]["timestamp"], picture))

    developer.on("Page.screencastFrame", keep)
    slider = page.get_by_role("slider", name="Merge distance")
    slider.focus()
    developer.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})
    page.wait_for_timeout(LOOK_MS)
    for key, times in MOVES:
        for _ in range(times):
            page.keyboard.press(key)
        idle(page)
        page.wait_for_timeout(LOOK_MS)
    developer.send("Page.stopScreencast")
    return frames


def animation(frames: list[tuple[float, Image.Image]], quality: int) -> bytes:
    """The film as a WebP that repeats; a picture that is the last one again only lasts longer."""
    pictures: list[Image.Image] = []
    lasts: list[float] = []
    ends = [at for at, _ in frames[1:]] + [frames[-1][0] + LOOK_MS / 1000]
    for (at, picture), end in zip(frames, ends, strict=True):
        height = round(FILM_WIDTH * picture.height / picture.width)
        small = picture.resize((FILM_WIDTH, height), Image.Resampling.LANCZOS)
        same = bool(pictures) and small.tobytes() == pictures[-1].tobytes()
        if same or (pictures and 1000 * (end - at) < SHORTEST_MS):
            lasts[-1] += 1000 * (end - at)
        else:
            pictures.append(small)
            lasts.append(1000 * (end - at))
    file = io.BytesIO()
    pictures[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=[round(min(LONGEST_MS, one)) for one in lasts],
        loop=0,
        quality=quality,
        method=4,
    )
    return file.getvalue()


def main() -> None:
    """Take both, and say where they are."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        with dashboard(Path(name)) as url:
            page = opened(browser.new_page(viewport=SIZE), url)
            page.screenshot(path=MAP)
            page.set_viewport_size(FILM_SIZE)
            page.wait_for_timeout(2000)
            frames = film(page)
        browser.close()
    for quality in (70, 40, 15):
        data = animation(frames, quality)
        if len(data) <= MAX_BYTES:
            break
    FLIPS.write_bytes(data)
    for path in (MAP, FLIPS):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

"""A page at a foreign name that resolves to this machine reads nothing of the dashboard."""

from __future__ import annotations

import pytest

from .conftest import CHROMIUM, FLAGS, ROOT, idle

pytestmark = pytest.mark.browser
SOCKET = """() => new Promise((resolve) => {
    const socket = new WebSocket(`ws://${location.host}/_stcore/stream`, ["streamlit"]);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
})"""


@pytest.mark.parametrize("read_only", ["", "1"])
def test_a_foreign_name_that_resolves_to_loopback_opens_nothing(
    browser, serve, tmp_path, read_only
):
    environment = {
        "CASCAL_WORKSPACE": str(tmp_path / "none.duckdb"),
        "CASCAL_READ_ONLY": read_only,
    }
    url = serve(ROOT / "app" / "server.py", environment)
    port = url.rpartition(":")[2]
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    foreign = browser.browser_type.launch(
        executable_path=str(CHROMIUM), args=[*FLAGS, rules, "--no-proxy-server"]
    )
    try:
        page = foreign.new_page()
        response = page.goto(f"http://evil.example:{port}/data")
        assert response.status == 403
        assert "does not answer to the host name" in page.inner_text("body")
        assert page.evaluate(SOCKET) == "refused"
        page.goto(url)
        idle(page)
        assert page.evaluate(SOCKET) == "open"
    finally:
        foreign.close()

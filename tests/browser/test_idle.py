"""What the tests say of a page that does not come to rest."""

from __future__ import annotations

import pytest

from .conftest import LOGS, idle

pytestmark = pytest.mark.browser
RUNNING = """<div data-testid="stApp" data-test-connection-state="CONNECTED"
  data-test-script-state="running"><p data-testid="stText" data-stale="true">
  An old number</p></div><div role="dialog">D</div>"""


def test_a_page_without_rest_says_what_it_shows_and_what_its_server_said(window, tmp_path):
    log = tmp_path / "server.log"
    log.write_text("The script began.\nIt waits.\n")
    LOGS["http://127.0.0.1:9"] = log
    page = window()
    page.route("**/*", lambda route: route.fulfill(body=RUNNING, content_type="text/html"))
    page.goto("http://127.0.0.1:9/")
    with pytest.raises(AssertionError) as failure:
        idle(page, timeout=500)
    said = str(failure.value)
    assert "connection CONNECTED, script running, 1 stale: stText An old number, dialog: D" in said
    assert said.endswith("It waits.")
    page.evaluate("""() => { document.querySelector('[data-stale]').remove();
      document.querySelector('[data-testid=stApp]').dataset.testScriptState = 'notRunning' }""")
    idle(page, timeout=500)

"""The report as a stakeholder opens it: from disk, without a network, on screen and on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_report import EVIL, report

import cascal
from cascal.compare.comparison import compare_routers
from cascal.dataset.snapshot import take_snapshot
from cascal.diagnose import diagnose
from cascal.settings import Thresholds

from .conftest import shot

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def written(tmp_path_factory, demo):
    """The demo's report, where every query, the data set and one cluster are called EVIL.

    Routers are compared on every tenth query: enough for what is drawn.
    """
    fitted = cascal.fit(demo.train.votes, demo.train.vectors, costs=demo.costs)
    snapshot = take_snapshot(demo, fitted, Thresholds())
    tenth = (part.take(np.arange(0, len(part), 10)) for part in (demo.train, demo.test))
    comparison = compare_routers(*tenth)
    train = replace(demo.train, texts=(EVIL,) * len(demo.train.texts))
    odd = replace(demo, train=train, info=replace(demo.info, name=EVIL))
    names = ((EVIL,), *snapshot.names[1:])
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = report(odd, replace(snapshot, names=names), diagnose(snapshot), comparison=comparison)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_report_opens_from_disk_without_a_network_and_runs_nothing(browser, written):
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 1400})
    page = context.new_page()
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message) or dialog.dismiss())
    page.goto(written.as_uri())
    page.wait_for_timeout(500)  # an image that fails would have run its handler by now
    assert requests == [written.as_uri()]
    assert complaints == []
    assert not page.locator("script, img, iframe, link, object").count()
    assert page.locator("body").text_content().count(EVIL) > 10
    assert page.locator("svg circle").count() > 4000
    assert "Routing pays here" in page.locator("h1").inner_text()
    shot(page, "report-screen")
    page.set_viewport_size({"width": 420, "height": 900})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 420
    shot(page, "report-narrow")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch
    page.screenshot(path=shot(page, "report-print"), full_page=True)
    assert page.pdf(format="A4").startswith(b"%PDF")
    context.close()

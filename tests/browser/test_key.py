"""The key of an endpoint reaches the endpoint, and nothing that a browser receives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from counting import TASKS, counting

import cascal
from cascal.collection import into_workspace
from cascal.collection.generate import GenerateSettings
from cascal.collection.task_file import parse_tasks
from cascal.dataset.encoding import encode_dataset
from cascal.encode.encoders import load_encoder

from .conftest import ROOT, idle, shot
from .test_dashboard import PAGES

pytestmark = pytest.mark.browser
KEY = "sk-marker-0123456789abcdef"


def collected(path, asked) -> None:
    """A workspace that was generated and collected with the key in the environment."""
    store, encoder = cascal.Workspace(path), load_encoder("hashing")
    generator, *pool = (
        replace(one, spec=replace(one.spec, key_env="MARKER_API_KEY"))
        for one in (asked.generator(), *asked.pool(4))
    )
    settings, tasks = GenerateSettings(n=20), parse_tasks(yaml.safe_load(TASKS))
    into_workspace.generate_into(store, "mine", tasks, generator, encoder.encode, settings=settings)
    into_workspace.collect_into(store, "mine", pool)
    encode_dataset(store, "mine", encoder)


def test_a_live_call_uses_the_key_and_no_page_receives_it(serve, reader, tmp_path, monkeypatch):
    monkeypatch.setenv("MARKER_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path, log = tmp_path / "mine.duckdb", tmp_path / "server.log"
    with counting() as asked:
        collected(path, asked)
        asked.keys.clear()
        url = serve(ROOT / "app" / "server.py", {"CASCAL_WORKSPACE": str(path)}, log=log)
        received = []

        def listen(socket):
            socket.on("framereceived", lambda frame: received.append(frame))

        one = reader(heard={"websocket": listen})
        one.open(url)
        for page, title in PAGES.items():
            if page:
                one.follow(title)
            received.append(one.page.content())
        one.open(f"{url}/route")
        one.page.get_by_role("button", name="Try a training query").click()
        idle(one.page)
        one.page.get_by_text("Send the query to the chosen models").click()
        idle(one.page)
        one.page.get_by_role("button", name="Ask", exact=True).click()
        one.page.get_by_text("3 of 3 have answered").wait_for(timeout=30_000)
        shot(one.page, "live-calls")
        received.append(one.page.content())
        assert asked.keys == {f"Bearer {KEY}"}
    as_bytes = [part if isinstance(part, bytes) else part.encode() for part in received]
    assert sum(b"atlas-large" in part for part in as_bytes) > len(PAGES)  # frames were read
    assert not [part for part in as_bytes if KEY.encode() in part]
    assert KEY not in log.read_text()
    one.clean()

"""The encoder of this machine is loaded while the reader types; an endpoint is never asked."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from app import encoding


@pytest.fixture
def loaded(monkeypatch):
    """The names of the encoders that were loaded, and what says that one was used."""
    names, used = [], threading.Event()

    class Counted:
        def encode(self, texts):
            used.set()
            return np.zeros((len(texts), 2))

    def load(name):
        names.append(name)
        return Counted()

    monkeypatch.setattr(encoding, "encoder", load)
    return names, used


def test_an_encoder_is_loaded_once_in_the_background(loaded):
    names, used = loaded
    encoding.warm_up("a folder of this test")
    assert used.wait(10)
    encoding.warm_up("a folder of this test")
    assert names == ["a folder of this test"]


def test_an_endpoint_gets_no_text_unasked(loaded):
    names, used = loaded
    encoding.warm_up("endpoint:some-model@https://example.org/v1")
    assert not used.wait(0.2)
    assert names == []

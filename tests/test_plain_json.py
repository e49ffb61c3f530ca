"""JSON has no nan: what is printed, saved or shown has null instead."""

from __future__ import annotations

import json
from types import MappingProxyType

import numpy as np

from cascal.cli.common import print_json
from cascal.files.plain_json import finite, without_nan


def test_nan_and_infinities_become_none_at_any_depth():
    value = MappingProxyType({"a": [1.5, np.nan, (np.inf, {"b": -np.inf})], "c": np.float64("nan")})
    assert without_nan(value) == {"a": [1.5, None, [None, {"b": None}]], "c": None}


def test_everything_else_stays():
    value = {"a": [True, 2, "nan", None], "b": {}}
    assert without_nan(value) == value
    assert finite(np.float32(0.5)) == 0.5
    assert finite(np.nan) is finite(np.inf) is None


def test_a_command_prints_what_every_json_reader_takes(capsys):
    def refuse(name: str) -> None:
        raise AssertionError(name)

    print_json({"größe": [np.nan, 1.0]})
    printed = capsys.readouterr().out
    assert printed == '{\n "größe": [\n  null,\n  1.0\n ]\n}\n'
    assert json.loads(printed, parse_constant=refuse) == {"größe": [None, 1.0]}
    print_json({"one": 1}, indent=None)
    assert capsys.readouterr().out == '{"one": 1}\n'

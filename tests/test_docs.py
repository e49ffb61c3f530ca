"""The documentation runs: README's Python block, its commands, its picture; names stay in step."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import cascal
from cascal.cli import app
from cascal.settings import PRESETS, Thresholds

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_block_prints_what_the_readme_says(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    wanted = re.search(r"```python\n.*?```\s*```text\n(.*?)```", README, flags=re.DOTALL)[1]
    done = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == wanted


def test_every_command_is_documented_and_nothing_else():
    commands = set(typer.main.get_command(app).commands)
    assert set(re.findall(r"^\| `cascal (\w+)` \|", README, flags=re.MULTILINE)) == commands


def test_every_preset_and_threshold_is_documented_with_its_default():
    assert set(re.findall(r"^\| `(\w+)`(?: \(default\))? \|", README, flags=re.MULTILINE)) >= set(
        PRESETS
    )
    for name in ("min_silhouette", "merge_distance", "prune_jaccard", "top_k"):
        default = getattr(Thresholds(), name)
        assert re.search(rf"^\| `{name}` \| {default:g} \|", README, flags=re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_every_file_the_readme_shows_is_there(path):
    assert (ROOT / path).is_file()


def test_no_placeholder_is_left_and_the_version_is_in_the_changelog():
    assert not re.search(r"@[A-Z_]+@", README)
    assert f"## {cascal.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_public_name_has_a_docstring():
    assert not [
        name for name in cascal.__all__ if name != "NO_ANSWER" and not getattr(cascal, name).__doc__
    ]

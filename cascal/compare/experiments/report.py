"""The result of an experiment: a question, a table, a target, pass or fail; as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from cascal.datatypes import CascalError
from cascal.files.plain_json import finite, without_nan
from cascal.intervals import Estimate

FORMAT, FORMAT_VERSION = "cascal-experiment", 1
MAX_BYTES = 16 << 20
Kind = Literal["text", "count", "percent", "points", "number", "flag"]


@dataclass(frozen=True)
class Column:
    """One column of a table; percent, points and number may have NAME_low and NAME_high beside."""

    name: str
    label: str
    kind: Kind = "text"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an experiment found. `passed` is None where the target does not apply.

    rows hold JSON types under the names of `columns`; shares as 0 … 1, differences of shares too.
    """

    experiment: str
    question: str
    datasets: tuple[str, ...]
    sentence: str
    target: str
    passed: bool | None
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    simulated: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    fingerprints: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""

    @property
    def outcome(self) -> str:
        """Whether it passed, failed, or the target does not apply."""
        return "not applicable" if self.passed is None else "passed" if self.passed else "failed"

    @property
    def file_name(self) -> str:
        """NAME-DATASET.json; a name of a data set is never a path."""
        dataset = "-".join(self.datasets)
        safe = "".join(one if one.isalnum() or one in "-_." else "_" for one in dataset)[:80]
        return f"{self.experiment}-{safe}.json"

    def to_json(self) -> str:
        """The report as JSON text; numbers that are nan become null."""
        body = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        return json.dumps(without_nan(body), indent=1, ensure_ascii=False, allow_nan=False)

    def save(self, path: Path) -> None:
        """Write the report; the file appears whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        partial.write_text(self.to_json() + "\n", encoding="utf-8")
        partial.replace(path)


_REPORT = TypeAdapter(Report)


def read_report(text: str | bytes, name: str = "the file") -> Report:
    """Read a report back; anything else is refused in a sentence."""
    if len(text) > MAX_BYTES:
        raise CascalError(
            f"{name} is larger than {MAX_BYTES:,} bytes; no report is.", code="too-large"
        )
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CascalError(
            f"{name} is not JSON ({str(error)[:80]}). Write it with `cascal experiment`.",
            code="damaged-file",
        ) from None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise CascalError(
            f"{name} is no report of an experiment. Write one: `cascal experiment`.",
            code="foreign-file",
        )
    if body.get("format_version") != FORMAT_VERSION:
        raise CascalError(
            f"{name} has report format {str(body.get('format_version'))[:20]}, this program reads "
            f"{FORMAT_VERSION}. Update cascal, or run the experiment again.",
            code="other-version",
        )
    try:
        return _REPORT.validate_json(text, strict=True)
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise CascalError(
            f"{name} lacks a part of a report or is damaged ({place!r}). Run it again.",
            code="damaged-file",
        ) from None


def with_interval(name: str, value: Estimate | None) -> dict[str, Any]:
    """An estimate as NAME, NAME_low, NAME_high."""
    if value is None or not value.n:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {
        name: finite(value.value),
        f"{name}_low": finite(value.low),
        f"{name}_high": finite(value.high),
    }

"""Every cache and every key of the session state; what a page may ask for.

Caches are keyed by content fingerprints: Streamlit hashes only a sample of a large array.
No DuckDB connection is ever kept: it would lock other processes out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import local
from weakref import WeakValueDictionary

import streamlit as st

import cascal
from app import access, history, values
from app.snapshots import Snapshots
from app.values import DEFAULTS, Values
from cascal.compare.cost import cost_grid
from cascal.dataset.dataset import Dataset, load_dataset
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import CascalError
from cascal.diagnose.repeats import caution
from cascal.fit import Fit
from cascal.settings import FitSettings, Thresholds
from cascal.store import DatasetInfo
from cascal.verdicts.light import Light

WORKSPACE_ENV = "CASCAL_WORKSPACE"


def workspace_path() -> Path:
    """Where the workspace file is; the command line says it through the environment."""
    return Path(os.environ.get(WORKSPACE_ENV, "data/workspace.duckdb"))


def workspace() -> cascal.Workspace:
    """The workspace; it opens and closes the file at every use."""
    return cascal.Workspace(workspace_path())


def read_only() -> bool:
    """Whether others than the owner may reach this server: then nothing is written."""
    return access.read_only()


_look = local()


@contextmanager
def one_look() -> Iterator[None]:
    """All that follows in it shows one state of the workspace file, which is asked for once."""
    _look.token = file_token()
    try:
        yield
    finally:
        del _look.token


def file_token() -> str:
    """What names the workspace file in its present state."""
    seen: str | None = getattr(_look, "token", None)
    return _file_token() if seen is None else seen


def _file_token() -> str:
    path = workspace_path()
    try:
        facts = os.stat(path)  # asked for at every use of the data: no second call for `exists`
    except (FileNotFoundError, NotADirectoryError):
        return "none"
    return f"{path}:{facts.st_ino}:{facts.st_mtime_ns}:{facts.st_size}"


@lru_cache(2)  # asked for a hundred times a run: Streamlit's cache would hash its way there
def _datasets(token: str) -> tuple[DatasetInfo, ...]:
    return tuple(workspace().datasets()) if token != "none" else ()  # noqa: S105 – no password


def datasets() -> tuple[DatasetInfo, ...]:
    """All data sets of the workspace, read again only when the file has changed."""
    return _datasets(file_token())


def current_info() -> DatasetInfo | None:
    """The data set chosen in the sidebar, the first one by default."""
    return _chosen(datasets())


def _chosen(known: tuple[DatasetInfo, ...]) -> DatasetInfo | None:
    chosen = st.session_state.get("dataset")
    return next((info for info in known if info.name == chosen), known[0] if known else None)


def dataset_name() -> str:
    """The name of the chosen data set; empty where there is none."""
    info = current_info()
    return "" if info is None else info.name


@st.cache_resource(show_spinner="Reading responses and vectors", max_entries=3)
def _dataset(name: str, token: str) -> Dataset:
    return load_dataset(workspace(), name)


@lru_cache(16)
def _reading_token(info: DatasetInfo, token: str) -> str:
    """What names all that is read of a data set: a label or a saved run is no part of it."""
    return f"{info!r}:{workspace_path()}:{workspace().derived_token(info.name)}"


_known_datasets: WeakValueDictionary[tuple[str, str], Dataset] = WeakValueDictionary()
"""Those that somebody holds: asked for a hundred times a run, as `datasets` is."""


def dataset() -> Dataset:
    """The chosen data set with votes, vectors and map. CascalError says what is missing."""
    token = file_token()
    info = _chosen(_datasets(token))
    if info is None:
        raise CascalError(
            "The workspace is empty. Import responses on the page Data.", code="no-dataset"
        )
    called = info.name, _reading_token(info, token)
    found = _known_datasets.get(called)
    if found is None:
        found = _known_datasets[called] = _dataset(*called)
    return found


@st.cache_resource(show_spinner="Estimating skills", max_entries=6)
def _fit(token: str, _dataset: Dataset, _settings: FitSettings) -> tuple[Fit, float]:
    """The fit, and how many seconds it took."""
    train, begun = _dataset.train, time.perf_counter()
    fitted = cascal.fit(train.votes, train.vectors, _settings, costs=_dataset.costs)
    return fitted, time.perf_counter() - begun


@st.cache_resource(show_spinner=False)
def _known_fits() -> WeakValueDictionary[str, Fit]:
    return WeakValueDictionary()


@st.cache_resource(show_spinner=False, max_entries=6)
def _snapshots(token: str, _fit: Fit) -> Snapshots:
    return Snapshots(_fit)


_known_snapshots: WeakValueDictionary[str, Snapshots] = WeakValueDictionary()


def dataset_token() -> str:
    """What names the present data set, its content and its encoder."""
    return _dataset_token(dataset())


def _dataset_token(data: Dataset) -> str:
    return f"{data.info.name}:{data.info.fingerprint}:{data.encoder}"


def _fit_token(data: Dataset, settings: FitSettings) -> str:
    return _token(_dataset_token(data), settings)


def _snapshot_token(data: Dataset, settings: FitSettings, thresholds: Thresholds) -> str:
    return _token(_dataset_token(data), settings, thresholds)


@lru_cache(256)
def _token(data: str, *values: object) -> str:
    return ":".join([data, *map(repr, values)])


def fit(settings: FitSettings | None = None) -> Fit:
    """The fit of the chosen data set and preset."""
    return _fit_of(dataset(), settings or current_settings())


def _fit_of(data: Dataset, settings: FitSettings) -> Fit:
    token = _fit_token(data, settings)
    known = _known_fits()[token] = _fit(token, data, settings)[0]
    return known


def fit_seconds() -> float:
    """How long the present fit took here: what fits again takes as many times as long."""
    data, settings = dataset(), current_settings()
    return _fit(_fit_token(data, settings), data, settings)[1]


def _snapshots_of(data: Dataset, settings: FitSettings) -> Snapshots:
    token = _fit_token(data, settings)
    found = _known_snapshots.get(token)
    if found is None:
        found = _known_snapshots[token] = _snapshots(token, _fit_of(data, settings))
    return found


def known_fit() -> Fit | None:
    """The present fit if a page has asked for it; this asks for none, which would take seconds."""
    return _known_fits().get(fit_token())


def snapshot_at(state: Values) -> Snapshot:
    """Router, routes and numbers at the given values of the controls."""
    data, settings = dataset(), state.settings
    thresholds = _allowed(state.thresholds, data.costs is not None)
    return _snapshots_of(data, settings).at(data, thresholds)


def _allowed(thresholds: Thresholds, costs_known: bool) -> Thresholds:
    """Without known costs there is nothing to weigh: a link may still ask for it."""
    return thresholds if costs_known else replace(thresholds, cost_weight=0.0)


def current_settings() -> FitSettings:
    """The settings of the chosen preset."""
    return values.present().settings


def current_thresholds() -> Thresholds:
    """The thresholds of the controls."""
    return _allowed(values.present().thresholds, costs_known())


def costs_known() -> bool:
    """Whether the chosen data set says what every model costs; False where it cannot be read."""
    try:
        return dataset().costs is not None
    except CascalError:
        return False


def cost_weights() -> tuple[float, ...]:
    """Stops of the cost weight: the grid of the data set and what a link or another data set set.

    Empty where there is nothing to weigh.
    """
    try:
        grid = cost_grid(dataset().costs)
    except CascalError:
        return ()
    own: set[float] = st.session_state.setdefault("cost_stops", set())
    now = values.present().cost
    if now not in grid:
        own.add(now)
    return tuple(sorted({*grid, *own}))


def snapshot_token() -> str:
    """What names the present data, settings and thresholds; keys of caches and jobs."""
    return _snapshot_token(dataset(), current_settings(), current_thresholds())


def pinned_token() -> str:
    """What names the state that changes are measured against, on the present data."""
    data, pinned = dataset(), history.pinned()
    thresholds = _allowed(pinned.thresholds, data.costs is not None)
    return _snapshot_token(data, pinned.settings, thresholds)


def fit_token() -> str:
    """What names the present data and settings."""
    return _fit_token(dataset(), current_settings())


def snapshot() -> Snapshot:
    """Router, routes and numbers at the present thresholds."""
    return snapshot_at(values.present())


def light() -> Light:
    """The light without labels at the present state; NotApplicable says why there is none."""
    with st.spinner("Asking whether the models agree"):
        return snapshot().light


def warm_up() -> None:
    """Fit the first data set at the defaults before the first visitor asks for it."""
    try:
        token = file_token()
        known = _datasets(token)
        if known:
            data = _dataset(known[0].name, _reading_token(known[0], token))
            settings, thresholds = DEFAULTS.settings, DEFAULTS.thresholds
            first = _snapshots_of(data, settings).at(data, thresholds)
            _ = first.router.reach  # the first card and the first route ask for it
            caution(first)  # and all pages for this
    except CascalError:
        return  # the page that needs it says it where it can be read

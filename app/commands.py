"""Lines for a shell that do what the dashboard shows."""

from __future__ import annotations

import shlex

import numpy as np

from app import access, session, values
from cascal.compare.cost import weight_label
from cascal.settings import JOINING


def _plain(threshold: float) -> str:
    """A threshold with all its digits, and no others."""
    return np.format_float_positional(values.without_noise(threshold), trim="-")


def options_line() -> str:
    """The options of any command that takes the present settings and thresholds."""
    now = values.present()
    jaccard = JOINING[now.share]
    prune = "--no-prune" if jaccard is None else f"--prune-jaccard {jaccard:g}"
    weight = session.current_thresholds().cost_weight
    cost = f" --cost-weight {weight_label(weight)}" if weight else ""
    routing = "" if now.routing == "preset" else f" --routing {now.routing}"
    clusters = "" if now.clusters == values.DEFAULTS.clusters else f" --clusters {now.clusters}"
    return (
        f"--preset {now.preset}{clusters} --min-silhouette {_plain(now.silhouette)} "
        f"--merge-distance {_plain(now.merge)} {prune} --top-k {now.top_k}{cost}{routing}"
    )


def command_line(*, workspace: bool = True) -> str:
    """The line that makes the same router outside the dashboard; a name is never more than one."""
    where = f" -w {shlex.quote(access.shown_path(session.workspace().path))}" if workspace else ""
    dataset = shlex.quote(session.dataset_name())
    return f"cascal fit {dataset}{where} {options_line()} --out router.cascal"

"""Library types -> frames -> plotly figures, for the dashboard and the report.

Every figure draws a frame that can be shown as a table instead. Text written by models or users is
escaped: plotly reads a subset of HTML. Colours are passed in, by name.
"""

from __future__ import annotations

from cascal.charts.comparison import (
    PRESENT,
    contenders_frame,
    differences_frame,
    gain_figure,
    groups_frame,
    p_text,
    removals_frame,
    report_frame,
    routers_figure,
    routers_frame,
    scaling_figure,
    scaling_frame,
)
from cascal.charts.confidence import confidence_sentence, learnt_frame
from cascal.charts.cost import cost_figure, cost_frame
from cascal.charts.diagnosis import (
    SWEEP_MEASURES,
    best_change,
    curve_figure,
    curve_frame,
    evidence_figure,
    map_figure,
    track_record_frame,
    value_label,
)
from cascal.charts.figures import interval_figure, safe_csv, shorten
from cascal.charts.presets import disputed_queries_frame, disputed_tasks_frame, presets_frame
from cascal.charts.silhouettes import (
    bench_figure,
    bench_frame,
    split_figure,
    split_frame,
    split_names,
    splits_figure,
)
from cascal.charts.skills import (
    COLOUR_TITLES,
    ColourBy,
    Colouring,
    agreement_figure,
    agreement_frame,
    cluster_labels,
    clusters_frame,
    colour_map,
    coverage_frame,
    decisions_frame,
    ranking_frame,
    selection_frame,
    share_figure,
    share_frame,
    trace_frame,
    who_disagrees,
)
from cascal.cluster_names import cluster_name

__all__ = [
    "COLOUR_TITLES",
    "PRESENT",
    "SWEEP_MEASURES",
    "ColourBy",
    "Colouring",
    "agreement_figure",
    "agreement_frame",
    "bench_figure",
    "bench_frame",
    "best_change",
    "cluster_labels",
    "cluster_name",
    "clusters_frame",
    "colour_map",
    "confidence_sentence",
    "contenders_frame",
    "cost_figure",
    "cost_frame",
    "coverage_frame",
    "curve_figure",
    "curve_frame",
    "decisions_frame",
    "differences_frame",
    "disputed_queries_frame",
    "disputed_tasks_frame",
    "evidence_figure",
    "gain_figure",
    "groups_frame",
    "interval_figure",
    "learnt_frame",
    "map_figure",
    "p_text",
    "presets_frame",
    "ranking_frame",
    "removals_frame",
    "report_frame",
    "routers_figure",
    "routers_frame",
    "safe_csv",
    "scaling_figure",
    "scaling_frame",
    "selection_frame",
    "share_figure",
    "share_frame",
    "shorten",
    "split_figure",
    "split_frame",
    "split_names",
    "splits_figure",
    "trace_frame",
    "track_record_frame",
    "value_label",
    "who_disagrees",
]

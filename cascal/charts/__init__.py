"""Library types -> frames -> plotly figures, for the dashboard and the report.

Every figure draws a frame that can be shown as a table instead. Text written by models or users is
escaped: plotly reads a subset of HTML. Colours are passed in, by name.
"""

from __future__ import annotations

from cascal.charts.agreement import (
    agreement_figure,
    agreement_frame,
    agreement_groups,
    coverage_frame,
    who_disagrees,
)
from cascal.charts.comparison import (
    PRESENT,
    contenders_frame,
    main_routers,
    p_text,
    routers_figure,
    routers_frame,
    routers_sentence,
    standing,
)
from cascal.charts.confidence import confidence_sentence, learnt_frame
from cascal.charts.cost import cost_figure, cost_frame
from cascal.charts.diagnosis import (
    checks_frame,
    evidence_figure,
    track_record_clause,
    track_record_frame,
)
from cascal.charts.domains import Domain, domains
from cascal.charts.experiments import report_frame
from cascal.charts.figures import (
    in_percent,
    interval_figure,
    judged_model,
    safe_csv,
    shorten,
    shorten_middle,
)
from cascal.charts.label_trail import label_trail_frame, label_trail_svg
from cascal.charts.latency import latency_figure, latency_frame
from cascal.charts.map_colours import COLOUR_TITLES, ColourBy, Colouring, colour_map
from cascal.charts.map_titles import map_title
from cascal.charts.pictures import Look, png, scale_image
from cascal.charts.portraits import (
    ABOUT,
    MEASURES,
    Measure,
    Portraits,
    map_image,
    portrait_images,
    portraits,
    poster,
    task_image,
)
from cascal.charts.presets import disputed_queries_frame, disputed_tasks_frame, presets_frame
from cascal.charts.scaling import scaling_figure, scaling_frame
from cascal.charts.selected_queries import (
    answers_frame,
    compact_answers_frame,
    queries_frame,
    short_heads,
)
from cascal.charts.silhouettes import (
    bench_figure,
    bench_frame,
    coherence_frame,
    split_figure,
    split_frame,
    split_names,
    splits_figure,
)
from cascal.charts.skills import (
    cluster_labels,
    clusters_frame,
    decisions_frame,
    ranking_frame,
    routed_frame,
    selection_frame,
    share_figure,
    share_frame,
    trace_frame,
)
from cascal.charts.slices import (
    differences_frame,
    gain_figure,
    gains_sentence,
    groups_frame,
    slices_frame,
)
from cascal.charts.sweep import (
    SWEEP_MEASURES,
    changing_measures,
    curve_figure,
    curve_frame,
)
from cascal.charts.sweep_map import map_figure
from cascal.charts.sweep_summary import sweep_frame, sweep_line
from cascal.charts.task_agreement import MODEL as MODEL_COLUMN
from cascal.charts.task_agreement import (
    READABLE,
    cell_style,
    orange_below,
    task_agreement_frame,
    where_models_part,
)
from cascal.charts.task_skills import (
    ALL_TASKS,
    BASES,
    Basis,
    task_skills_figure,
    task_skills_frame,
)
from cascal.charts.without_a_model import removals_frame
from cascal.naming.cluster_names import cluster_name

__all__ = [
    "ABOUT",
    "ALL_TASKS",
    "BASES",
    "COLOUR_TITLES",
    "MEASURES",
    "MODEL_COLUMN",
    "PRESENT",
    "READABLE",
    "SWEEP_MEASURES",
    "Basis",
    "ColourBy",
    "Colouring",
    "Domain",
    "Look",
    "Measure",
    "Portraits",
    "agreement_figure",
    "agreement_frame",
    "agreement_groups",
    "answers_frame",
    "bench_figure",
    "bench_frame",
    "cell_style",
    "changing_measures",
    "checks_frame",
    "cluster_labels",
    "cluster_name",
    "clusters_frame",
    "coherence_frame",
    "colour_map",
    "compact_answers_frame",
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
    "domains",
    "evidence_figure",
    "gain_figure",
    "gains_sentence",
    "groups_frame",
    "in_percent",
    "interval_figure",
    "judged_model",
    "label_trail_frame",
    "label_trail_svg",
    "latency_figure",
    "latency_frame",
    "learnt_frame",
    "main_routers",
    "map_figure",
    "map_image",
    "map_title",
    "orange_below",
    "p_text",
    "png",
    "portrait_images",
    "portraits",
    "poster",
    "presets_frame",
    "queries_frame",
    "ranking_frame",
    "removals_frame",
    "report_frame",
    "routed_frame",
    "routers_figure",
    "routers_frame",
    "routers_sentence",
    "safe_csv",
    "scale_image",
    "scaling_figure",
    "scaling_frame",
    "selection_frame",
    "share_figure",
    "share_frame",
    "short_heads",
    "shorten",
    "shorten_middle",
    "slices_frame",
    "split_figure",
    "split_frame",
    "split_names",
    "splits_figure",
    "standing",
    "sweep_frame",
    "sweep_line",
    "task_agreement_frame",
    "task_image",
    "task_skills_figure",
    "task_skills_frame",
    "trace_frame",
    "track_record_clause",
    "track_record_frame",
    "where_models_part",
    "who_disagrees",
]

"""What can be chosen: settings (changing one refits) and thresholds (changing one never does)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, replace
from typing import Any, Literal

from cascal.datatypes import CascalError
from cascal.setting_bounds import check, shown

RoutingKind = Literal["nearest", "blend"]


@dataclass(frozen=True)
class Routing:
    """How a query's vector becomes model scores (docs/method.md § 7).

    kind                 "nearest": the ranking of the nearest centroid; "blend": a weighted mean
    two_stage            True: first the nearest task, then its centroids; False: the task is that
                         of the nearest centroid of all
    across_tasks         blend the nearest centroids of all tasks, not only of the chosen one
    k_nearest            how many centroids are blended
    distance_temperature weights = softmax(−distance / temperature)
    sharp                turn each ranking into softmax(score / scoring_temperature) first
    fallback_distance    beyond it the global ranking fades in; None = never
    margin               bonus of the globally best model
    """

    kind: RoutingKind = "blend"
    _: KW_ONLY
    two_stage: bool = False
    k_nearest: int = 3
    distance_temperature: float = 0.1
    sharp: bool = False
    scoring_temperature: float = 0.1
    fallback_distance: float | None = None
    margin: float = 0.0
    across_tasks: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("nearest", "blend"):
            raise CascalError(
                f"Routing.kind is {shown(self.kind)}; choose 'nearest' or 'blend'.",
                code="unknown-choice",
            )
        check(self)
        if self.two_stage and self.across_tasks:
            raise CascalError(
                "Routing.two_stage keeps to one task; it excludes across_tasks.",
                code="conflicting-settings",
            )


@dataclass(frozen=True)
class Thresholds:
    """What can be moved without a refit (docs/method.md §§ 4–7).

    min_silhouette  a model's strong queries in a task are split only if the split is this clear
    merge_distance  centroids nearer than this (1 − cosine) become one
    prune_jaccard   clusters whose three best models have this Jaccard index are joined; None: never
    top_k           how many models vote
    routing         None: the preset's own
    cost_weight     λ: routes are chosen by score − λ · US dollars per 1,000 queries
    """

    min_silhouette: float = 0.05
    merge_distance: float = 0.15
    prune_jaccard: float | None = 0.95
    top_k: int = 3
    routing: Routing | None = None
    cost_weight: float = 0.0

    def __post_init__(self) -> None:
        check(self)
        if not isinstance(self.routing, Routing | None):
            raise CascalError(
                f"Thresholds.routing is {shown(self.routing)}; give a cascal.Routing, or None.",
                code="wrong-type",
            )


RECOMMENDED_ROUTING = Routing("blend", margin=0.01, across_tasks=True)
_RELEASED_ROUTING = Routing("blend", two_stage=True, sharp=True, fallback_distance=0.35)
LABELS = "labels"
"""Scores that are labels: only `fit_on_labels` makes them, for the router that has some."""
GROUPED = ("pds", "pds_confidence")
"""Consensus methods that estimate reliabilities within groups of queries."""
PROBABILITIES = (*GROUPED, "dawid_skene")
"""Consensus methods whose scores are probabilities of being right."""
_CHOICES: dict[str, tuple[str, ...]] = {
    "consensus": (*PROBABILITIES, "posterior", "z_sum", "agreement", LABELS),
    "strong": ("probable", "unique", "released"),
    "merge": ("closest_pair", "released"),
    "joining": ("sets", "sets_and_first"),
    "ranking": ("shrunken", "mean", "mean_3_decimals"),
    "clusters": ("skills", "task"),
}


_ONLY_ONE_BEFORE = {"joining": "sets", "clusters": "skills", "sample": None}
"""Fields that came later, at the value that was the only one before."""


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """Which variant of each part is used (docs/method.md § 8). Changing one refits.

    consensus, strong, merge, ranking, routing : the variants of docs/method.md §§ 2, 3, 5–7 by name
    min_agreement : share of the models behind a strong vote, for `strong` "released" and "unique"
    max_k    most clusters into which a model's strong queries of a task are split
    seed     of k-means
    clusters "skills": those of the models' strong queries in each task; "task": one cluster a task,
             so that `max_k`, `merge`, `joining` and the thresholds of clusters have no effect
    sample   k-means of a task is of at most so many of its strong queries, to whose centres all are
             assigned once; None: of all
    joining  "sets": clusters whose three best models have the Jaccard index of `prune_jaccard`;
             "sets_and_first": only if their best model is the same as well
    """

    consensus: str = "pds_confidence"
    strong: str = "probable"
    merge: str = "closest_pair"
    joining: str = "sets_and_first"
    ranking: str = "shrunken"
    clusters: str = "skills"
    routing: Routing = RECOMMENDED_ROUTING
    min_agreement: float = 0.5
    max_k: int = 5
    seed: int = 0
    sample: int | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise CascalError(
                    f"FitSettings.{name} is {shown(getattr(self, name))}; choose one of "
                    f"{', '.join(choices)}.",
                    code="unknown-choice",
                )
        if self.strong == "probable" and self.consensus not in (*PROBABILITIES, LABELS):
            raise CascalError(
                f"strong='probable' needs scores that are probabilities of being right, but "
                f"consensus={self.consensus!r} gives none. Use one of "
                f"{', '.join(PROBABILITIES)}, or strong='unique'.",
                code="needs-probabilities",
            )
        check(self)
        if not isinstance(self.routing, Routing):
            raise CascalError(
                f"FitSettings.routing is {shown(self.routing)}; give a cascal.Routing.",
                code="wrong-type",
            )

    @classmethod
    def preset(cls, name: str) -> FitSettings:
        """The settings of a preset: "recommended" (default), its first version "recommended-1",
        "released" or "paper".
        """
        if name not in PRESETS:
            raise CascalError(
                f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.",
                code="unknown-choice",
            )
        return PRESETS[name]

    @property
    def preset_name(self) -> str:
        """Name of the preset these settings equal but for `clusters`, or "custom"."""
        own = replace(self, clusters="skills")
        return next((name for name, preset in PRESETS.items() if preset == own), "custom")

    @property
    def name(self) -> str:
        """What these settings are called: their preset, and "one cluster a task" where chosen."""
        return f"{self.preset_name}, {CLUSTERS['task']}" if self.by_task else self.preset_name

    @property
    def by_task(self) -> bool:
        """Whether each task is one cluster."""
        return self.clusters == "task"

    def record(self) -> dict[str, Any]:
        """The fields in JSON types, for fingerprints, runs and router files.

        A field that came later is left out at the value that was the only one before, so that what
        was recorded then still compares equal.
        """
        fields = asdict(self)
        for name, only_one_before in _ONLY_ONE_BEFORE.items():
            if fields[name] == only_one_before:
                del fields[name]
        return fields

    @classmethod
    def from_record(cls, fields: Mapping[str, Any]) -> FitSettings:
        """The settings of a `record`, also of one that is older than some fields."""
        return cls(**{"joining": "sets", **fields, "routing": Routing(**fields["routing"])})

    @property
    def keeps_caller_order(self) -> bool:
        """`released` merging depends on the order of rows and models by definition."""
        return self.merge == "released"


PRESETS: dict[str, FitSettings] = {
    "recommended": FitSettings(),
    "recommended-1": FitSettings(consensus="pds", joining="sets"),
    "released": FitSettings(
        consensus="posterior",
        strong="released",
        merge="released",
        joining="sets",
        ranking="mean_3_decimals",
        routing=_RELEASED_ROUTING,
    ),
    "paper": FitSettings(
        consensus="z_sum",
        strong="released",
        merge="closest_pair",
        joining="sets",
        ranking="mean",
        routing=Routing("nearest", two_stage=True, k_nearest=1),
    ),
}


DEFAULT_CONSENSUS = PRESETS["recommended"].consensus


@dataclass(frozen=True)
class NamedRouting:
    """A way to route that pages and the command line offer by name; None = the preset's own."""

    label: str
    routing: Routing | None


ROUTINGS: dict[str, NamedRouting] = {
    "preset": NamedRouting("as the preset says", None),
    "blend": NamedRouting("blend the 3 nearest clusters of all tasks", RECOMMENDED_ROUTING),
    "blend_without_bonus": NamedRouting(
        "blend those of all tasks without the best model's bonus",
        replace(RECOMMENDED_ROUTING, margin=0.0),
    ),
    "task_blend": NamedRouting(
        "blend the 3 nearest clusters of the nearest task", Routing("blend", two_stage=True)
    ),
    "nearest": NamedRouting(
        "follow the nearest cluster alone", Routing("nearest", two_stage=False, k_nearest=1)
    ),
    "late_fallback": NamedRouting(
        "as released, fall back only beyond 0.5", replace(_RELEASED_ROUTING, fallback_distance=0.5)
    ),
    "no_fallback": NamedRouting(
        "as released, never fall back", replace(_RELEASED_ROUTING, fallback_distance=None)
    ),
}
"""Ways to route by name; the thresholds' `routing` may be any other as well."""

CLUSTERS = {"skills": "skill clusters", "task": "one cluster a task"}
"""What `FitSettings.clusters` may be, in words."""
TASKS_MEASURED = (
    "Measured over 48 pools of real responses, one ranking per task was as good as the clusters: "
    "0.0 [−0.4, +0.3] points. Clusters pay where skills lie inside tasks, as in the simulated demo."
)
"""What skill clusters are worth against one cluster a task, wherever a user chooses."""


JOINING: dict[str, float | None] = {"all 3": 0.95, "2 or more": 0.5, "1 or more": 0.2, "off": None}
"""The settings of joining that differ: how many of their three best models clusters must share.

Two sets of three have a Jaccard index of 1, 0.5, 0.2 or 0 where they share 3, 2, 1 or none.
"""


def joining_name(prune_jaccard: float | None) -> str | None:
    """The name of a setting of joining; None where it has none."""
    return next((name for name, value in JOINING.items() if value == prune_jaccard), None)


def named_routing(name: str) -> Routing | None:
    """The routing of a name; an unknown one is refused."""
    if name not in ROUTINGS:
        raise CascalError(
            f"There is no routing {name!r}; choose {', '.join(ROUTINGS)}.", code="unknown-choice"
        )
    return ROUTINGS[name].routing


def routing_name(routing: Routing | None) -> str | None:
    """The name of a routing; None where it has none."""
    return next((name for name, one in ROUTINGS.items() if one.routing == routing), None)

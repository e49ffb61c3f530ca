"""HELM run folders (scenario_state.json, beside per_instance_stats.json) -> queries, responses.

    runs/{suite}/{run name}/scenario_state.json: adapter_spec{method, model}, request_states[]
    per_instance_stats.json: [{instance_id, train_trial_index, stats[{name{name}, mean}]}]

Request state: instance{id, input{text}, references[{output{text}, tags[]}], perturbation},
reference_index, request_mode, train_trial_index, output_mapping{letter: text}, result{success,
completions[{text, logprob, tokens[{logprob}]}], request_time, error}

A query is an instance, without the examples of the prompt. Options are those of output_mapping, or
the references where each is asked apart: then the answer is the likeliest one, less its
log-probability without the question where that was asked too. Perturbed copies are left out.
The score is that of the first metric of SCORED that HELM computed. Trial n is sample n.

Source of the format: github.com/stanford-crfm/helm; checked against runs that HELM wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeGuard

from cascal.columns import Imported
from cascal.datatypes import option_letter
from cascal.importers.checked_rows import items, part, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import MAX_AMOUNT, clean, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused, parse_json, read_bytes
from cascal.importers.response import Place, Said, add_said, known_gold
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files
from cascal.number_format import counted

KIND = "helm"
ABOUT = "HELM run folders (scenario_state.json beside per_instance_stats.json)"

SCORED = (
    "exact_match",
    "quasi_exact_match",
    "final_number_exact_match",
    "math_equiv_chain_of_thought",
    "math_equiv",
    "chain_of_thought_correctness",
    "prefix_exact_match",
    "quasi_prefix_exact_match",
    "f1_score",
)
"""Metrics that say whether an answer is right, the first one that is there is taken."""
_STATS, _SPEC = "per_instance_stats.json", "run_spec.json"
Scores = dict[tuple[str, str], float]


def is_number(value: Any) -> TypeGuard[float]:  # noqa: ANN401 - whatever JSON holds
    """Whether a value is a number that a float can hold."""
    return isinstance(value, int | float) and abs(value) <= MAX_AMOUNT


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one scenario state, or all below a folder."""
    draft = Draft(reading=plan.reading)
    files = foreign_files(paths, KIND)
    for number, (file, source) in enumerate(files):
        plan.progress(number / len(files), f"Reading {source}")
        _add_run(draft, file, source)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The request states of the first run, for looking at."""
    return _lines(*foreign_files(paths, KIND)[0])[1].records


def _lines(file: Path, source: str) -> tuple[Record, Lines]:
    """What the run is of, and its request states."""
    document = part(parse_json(read_bytes(file), source))
    states = [one for one in items(document.get("request_states")) if isinstance(one, dict)]
    adapter = part(document.get("adapter_spec"))
    if not states or not clean(adapter.get("model")):
        raise ImportRefused(
            f"{source!r} holds no request states, or names no model (adapter_spec.model). Take "
            "the scenario_state.json of a finished run.",
            code="no-records",
        )
    return adapter, Lines(source, list(range(1, len(states) + 1)), states, [])


def _beside(file: Path, name: str) -> object:
    """A file of the same run; None where it is not there or cannot be read."""
    path = file.parent / name
    if path.is_file():
        with suppress(ImportRefused):
            return parse_json(read_bytes(path), name)
    return None


def _task(file: Path) -> str:
    """The run's name without its model, as "mmlu:subject=law"."""
    name = clean(part(_beside(file, _SPEC)).get("name")) or file.parent.resolve().name
    scenario, _, arguments = name.partition(":")
    kept = [one for one in arguments.split(",") if one and not one.startswith("model")]
    return f"{scenario}:{','.join(kept)}" if kept else scenario


def _scores(draft: Draft, file: Path, source: str) -> Scores:
    """The metric's mean by instance and trial."""
    found: dict[str, Scores] = {}
    for one in map(part, items(_beside(file, _STATS))):
        if one.get("perturbation"):
            continue
        key = clean(one.get("instance_id")), clean(one.get("train_trial_index")) or "0"
        for stat in map(part, items(one.get("stats"))):
            name, mean = clean(part(stat.get("name")).get("name")), stat.get("mean")
            if name in SCORED and is_number(mean):
                found.setdefault(name, {})[key] = float(mean)
    metric = next((one for one in SCORED if one in found), "")
    if not metric:
        draft.notes.append(f"{source}: no {_STATS} beside it with a known metric, so no scores.")
    return found.get(metric, {})


def _add_run(draft: Draft, file: Path, source: str) -> None:
    adapter, lines = _lines(file, source)
    task, scores = _task(file), _scores(draft, file, source)
    apart: dict[tuple[str, str], list[tuple[int, Record]]] = {}
    for row, state in rows_with(draft, lines, ("instance",)):
        instance = part(state["instance"])
        if instance.get("perturbation"):
            draft.report(source, row, "perturbation", "a perturbed copy; left out")
            continue
        trial = clean(state.get("train_trial_index")) or "0"
        apart.setdefault((clean(instance.get("id")), trial), []).append((row, state))
    for (instance_id, trial), states in apart.items():
        row, first = states[0]
        if first.get("reference_index") is None:
            for again, _ in states[1:]:
                draft.report(source, again, "", "identical to an earlier row; kept once")
        options = _options(first)
        query_id = f"{task}/{instance_id}" if instance_id else ""
        _add_query(draft, (source, row, query_id, task), part(first["instance"]), options)
        number = int(trial) if trial.isdecimal() else 0
        place = Place(source, row, query_id, clean(adapter["model"]), number)
        said = _said([one for _, one in states], scores.get((instance_id, trial)))
        add_said(draft, place, said, options)


def _add_query(
    draft: Draft, where: tuple[str, int, str, str], instance: Record, options: tuple[str, ...]
) -> None:
    source, row, query_id, task = where
    right = [_output(one) for one in items(instance.get("references")) if "correct" in _tags(one)]
    if len(right) > 1 and not options:
        draft.report(source, row, "references", "several answers are right; the first was kept")
    several = len(right) > 1 and options and all(one in options for one in right)
    letters = [option_letter(options.index(one)) for one in right] if several else []
    gold = known_gold(draft, source, row, letters or next(iter(right), None), options)
    query = QueryRow(
        source=source,
        row=row,
        query_id=query_id,
        task=task,
        text=raw_text(part(instance.get("input")).get("text")),
        options=options,
        gold=gold,
    )
    draft.add_query(query, repeats=True)


def _tags(reference: object) -> list[Any]:
    return items(part(reference).get("tags"))


def _output(reference: object) -> str:
    return raw_text(part(part(reference).get("output")).get("text"))


def _options(state: Record) -> tuple[str, ...]:
    """The options by their letters, or every reference where each was asked apart; () if free."""
    mapping = part(state.get("output_mapping"))
    letters = [option_letter(place) for place in range(len(mapping))]
    if letters and sorted(mapping) == letters:
        return tuple(raw_text(mapping[one]) for one in letters)
    if state.get("reference_index") is None:
        return ()
    return tuple(map(_output, items(part(state["instance"]).get("references"))))


def _said(states: Sequence[Record], score: float | None) -> Said:
    if states[0].get("reference_index") is not None:
        return Said(None, _likeliest(states), values={"score": score})
    result = part(states[0].get("result"))
    if result.get("success") is False:
        return Said(raw_text(result.get("error")), status="error", marks_errors=True)
    completion = part(next(iter(items(result.get("completions"))), None))
    ended = clean(part(completion.get("finish_reason")).get("reason"))
    return Said(
        raw_text(completion.get("text")),
        status="truncated" if ended == "length" and not states[0].get("output_mapping") else None,
        values={
            "mean_logprob": _mean(completion),
            "latency": result.get("request_time"),
            "score": score,
        },
        marks_errors=True,
    )


def _mean(completion: Record) -> float | None:
    """The mean of the tokens' log-probabilities; a zero for all of them stands for none."""
    values = [part(one).get("logprob") for one in items(completion.get("tokens"))]
    known = [float(one) for one in values if is_number(one)]
    return sum(known) / len(known) if any(known) and len(known) == len(values) else None


def _likeliest(states: Sequence[Record]) -> str:
    """The letter of the likeliest reference, calibrated where that is known."""
    totals: dict[int, float] = {}
    for one in states:
        completion = part(next(iter(items(part(one.get("result")).get("completions"))), None))
        value, place = completion.get("logprob"), one.get("reference_index")
        if is_number(value) and isinstance(place, int):
            sign = -1.0 if one.get("request_mode") == "calibration" else 1.0
            totals[place] = totals.get(place, 0.0) + sign * float(value)
    return option_letter(max(totals, key=lambda one: totals[one])) if totals else ""

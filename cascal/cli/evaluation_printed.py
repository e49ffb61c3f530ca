"""What `cascal evaluate` prints for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from cascal.cli.common import out
from cascal.number_format import counted, dollars, typed

WIDE = 110
"""From this many columns on, the table also shows models in use and cost."""


def _print_labels(found: Mapping[str, Any]) -> None:
    """What people labelled, and what models judged."""
    if found["with_few_labels"]:
        out.print(f"With a few labels: {escape(found['with_few_labels']['sentence'])}")
        if found["with_few_labels"].get("always"):
            out.print("All else that is said here is of the router without them.")
    for judged in found["judged"]:
        out.print(escape(judged["sentence"]))


def print_evaluation(found: Mapping[str, Any]) -> None:
    """The table of the routers, every verdict, and when it pays back."""
    if found["simulated"]:
        out.print("[yellow]Simulated data.[/]")
    if found["cannot_vote"]:
        silent = escape(", ".join(found["cannot_vote"]))
        out.print(f"Only right or wrong is known of {silent}: evaluated, but without a vote.")
    if found["routers"]:
        _print_routers(found)
        out.print(f"With labels: {escape(found['with_labels']['sentence'])}")
        if found["cost"]:
            out.print(escape(found["cost"]["sentence"]))
    else:
        out.print(escape(found["reason"]))
    if found["latency"]:
        out.print(f"Latency: {escape(found['latency']['sentence'])}")
    _print_slices(found["slices"])
    _print_peers(found)
    _print_labels(found)
    payback = found["payback"]
    out.print(f"When it pays back: {escape(payback['sentence'])}")
    out.print(f"  {escape(payback['spending'])}")
    _print_to_ship(found["to_ship"])
    without = found["without_labels"]
    out.print(f"Without labels: {escape(without['sentence'])}")
    if without["light"] is not None:
        for doubt in without["doubts"]:
            out.print(f"  {doubt['code']}: {escape(doubt['sentence'])}")
        if without["right"] is not None:
            out.print(f"  That is {'right' if without['right'] else 'wrong'} here.")
        if without["to_label"]:
            out.print(f"  Such queries: {escape(', '.join(without['to_label']))}.")
        out.print(f"  {escape(without['record'])}")


def _print_to_ship(found: Mapping[str, Any] | None) -> None:
    """Which setting to ship, and why not another."""
    if found is None:
        return
    out.print(escape(found["title"]))
    told = (found[name] for name in ("reason", "in_addition", "vote"))
    for said in filter(None, (*told, found["payback"]["sentence"])):
        out.print(f"  {escape(said)}")
    for other in found["others"]:
        right, price = f"{typed(100 * other['top1'], 1)} %", other["cost_per_1000"]
        cost = "" if price is None else f" for {dollars(price)}"
        out.print(f"  {escape(other['setting'])}: {right} right{cost}; {escape(other['why_not'])}")
    out.print(f"  {escape(found['basis'])}")


def _print_routers(found: Mapping[str, Any]) -> None:
    table = Table()
    table.add_column("router", min_width=22)
    table.add_column("needs")
    wide = out.width >= WIDE
    for name in ("first right", "vote of 3", "gain", *(("in use", "$ / 1,000") if wide else ())):
        table.add_column(name, justify="right", no_wrap=wide)
    for row in found["routers"]:
        cells = [
            with_interval(row, "top1", 1),
            with_interval(row, "vote", 1),
            with_interval(row, "gain", 1, sign=True),
            typed(row["effective_models"], 1) if row["effective_models"] else "",
            "" if row["cost_per_1000"] is None else typed(row["cost_per_1000"], 2),
        ]
        needs = "" if row["needs"] == "nothing" else row["needs"]
        table.add_row(escape(row["router"]), needs, *(cells if wide else cells[:3]))
    out.print(table)
    gold = counted(found["n_gold"], "test query")
    if found["n_gold"] < found["n_test"]:
        gold = f"{found['n_gold']:,} gold of {counted(found['n_test'], 'test query')}"
    averaged = "" if found["n_splits"] == 1 else f", mean of {counted(found['n_splits'], 'split')}"
    out.print(
        f"{gold}{averaged}; percent with 95 % interval (paired bootstrap "
        f"over {found['resampled']}); gain in points over always asking "
        f"{escape(found['with_labels']['constant_words'])}. labels: learns from the "
        f"{found['label_origin']} answers of the training queries. gold: knows these "
        "answers, a bound and no router. in use: effective number of models."
    )
    if found["best_other"]:
        out.print(f"{escape(found['best_other']['headline'])}.")
        out.print(f"  {escape(found['best_other']['sentence'])}")


def _print_slices(found: Mapping[str, Any] | None) -> None:
    if found is None:
        return
    table = Table(escape(found["by"]))
    for name in ("queries", "this router", "best single model", "gain"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        gain = "too small" if row["too_small"] else with_interval(row, "gain", 1, sign=True)
        accuracies = (with_interval(row, name, 1) for name in ("own", "best"))
        table.add_row(escape(row["slice"]), f"{row['queries']:,}", *accuracies, gain)
    out.print(table)
    out.print(escape(found["note"]))


def _print_peers(found: Mapping[str, Any]) -> None:
    """What other benchmarks measure, as far as it is known."""
    known = [one for one in found["peer_measures"].values() if one["value"] is not None]
    if known:
        said = ", ".join(f"{one['name']} {_numberwith_interval(one)}" for one in known)
        out.print(f"As other benchmarks measure it: {said}.")


def _numberwith_interval(row: Mapping[str, Any]) -> str:
    low, high = ("?" if row[end] is None else typed(row[end], 2) for end in ("low", "high"))
    return f"{typed(row['value'], 2)} \\[{low}, {high}]"


def with_interval(row: Mapping[str, Any], name: str, decimals: int, *, sign: bool = False) -> str:
    """A share in percent with its interval, "" where there is none."""
    value, low, high = (row.get(key) for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return ""
    text = typed(100 * value, decimals, sign=sign)
    if low is None or high is None:
        return text
    ends = (typed(100 * end, decimals, sign=sign) for end in (low, high))
    return f"{text} \\[{', '.join(ends)}]"

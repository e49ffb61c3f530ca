"""A simulated world with known truth: queries by templates, a pool of models that do not exist."""

from __future__ import annotations

from cascal.simulate.demo import (
    collect_responses,
    demo_items,
    demo_world,
    load_demo,
    queries_table,
    responses_table,
    save_demo,
)
from cascal.simulate.faults import Faults, read_faults
from cascal.simulate.generators import generate_items, generate_queries, gold_items
from cascal.simulate.items import Item, invented_item
from cascal.simulate.pool import SimulatedPool
from cascal.simulate.questions import SKILLS, TASKS, WRITERS, Question
from cascal.simulate.server import running, serve, simulated_generators, simulated_pool

__all__ = [
    "SKILLS",
    "TASKS",
    "WRITERS",
    "Faults",
    "Item",
    "Question",
    "SimulatedPool",
    "collect_responses",
    "demo_items",
    "demo_world",
    "generate_items",
    "generate_queries",
    "gold_items",
    "invented_item",
    "load_demo",
    "queries_table",
    "read_faults",
    "responses_table",
    "running",
    "save_demo",
    "serve",
    "simulated_generators",
    "simulated_pool",
]

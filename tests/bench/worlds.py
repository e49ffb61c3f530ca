"""What is measured: synthetic worlds of any size, and the real pool mixed12 where it is present."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import cascal
from cascal.datatypes import NO_ANSWER, FloatArray, IntArray

REALDATA = Path(__file__).parents[3] / "shared" / "realdata" / "mmlu_pro"
RAW = REALDATA / "raw"
N_MODELS, DIMENSION, N_TASKS, N_SKILLS, N_OPTIONS = 12, 384, 14, 3, 10
MISSING = 0.03
WEAK8 = (
    "Meta-Llama-3_1-8B-Instruct",
    "Phi-3-mini-4k-instruct",
    "mathstral-7B",
    "Yi-34B",
    "c4ai-command-r-v01",
    "Mixtral-8x7B-Instruct-v0.1",
    "gemma-7b",
    "Llama-2-70b-hf",
)
MIXED12 = (
    "gemini-1.5-flash-002",
    "Meta-Llama-3_1-70B-Instruct",
    "DeepSeek-V2-Chat",
    "Meta-Llama-3-70B",
    "Qwen1.5-110B",
    "Qwen1.5-72B-Chat",
    "Meta-Llama-3_1-8B-Instruct",
    "Phi-3-mini-4k-instruct",
    "Mixtral-8x7B-Instruct-v0.1",
    "Yi-34B",
    "mathstral-7B",
    "c4ai-command-r-v01",
)


@dataclass(frozen=True, eq=False)
class World:
    """Votes and float64 unit vectors of the same queries; gold (Q,) where they were made."""

    name: str
    votes: cascal.Votes
    vectors: cascal.Embeddings
    gold: IntArray | None = None


def _unit(rows: FloatArray) -> FloatArray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _vectors(random: np.random.Generator, task: IntArray, skill: IntArray) -> FloatArray:
    """Task + skill + text: skills of a task are anything from hardly to clearly separate."""
    n_tasks = int(task.max()) + 1
    task_centre = _unit(random.normal(size=(n_tasks, DIMENSION)))
    skill_centre = _unit(random.normal(size=(n_tasks, N_SKILLS, DIMENSION)))
    clarity = random.uniform(0.2, 0.6, size=n_tasks)
    rows = random.standard_normal(size=(len(task), DIMENSION))
    rows /= np.sqrt(DIMENSION)
    rows += 0.6 * task_centre[task]
    rows += clarity[task, None] * skill_centre[task, skill]
    return rows


def synthetic(n_queries: int, seed: int = 0, n_tasks: int = N_TASKS) -> World:
    """A world of 14 tasks, or more, with 3 skills each and 12 models x 384 dimensions.

    A model is good at some skills; wrong models tend to fall for the same option; log-probabilities
    are a little higher where the vote is right; 3 % of the answers are missing.
    """
    random = np.random.default_rng(seed)
    task = random.integers(n_tasks, size=n_queries)
    skill = random.integers(N_SKILLS, size=n_queries)
    accuracy = random.uniform(0.3, 0.9, size=(n_tasks, N_SKILLS, N_MODELS))
    gold = random.integers(N_OPTIONS, size=n_queries)
    right = random.random((n_queries, N_MODELS)) < accuracy[task, skill]
    lure = (gold + 1 + random.integers(N_OPTIONS - 1, size=n_queries)) % N_OPTIONS
    wrong = (gold[:, None] + 1 + random.integers(N_OPTIONS - 1, size=right.shape)) % N_OPTIONS
    wrong = np.where(random.random(right.shape) < 0.4, lure[:, None], wrong)
    answers = np.where(right, gold[:, None], wrong)
    answers[random.random(answers.shape) < MISSING] = NO_ANSWER
    logprobs = -np.abs(random.normal(0.6, 0.2, size=right.shape)) - 0.15 * ~right
    ids = [f"q{row:06d}" for row in range(n_queries)]
    votes = cascal.Votes(
        ids,
        [f"task {one:02d}" for one in task],
        [f"model-{one:02d}" for one in range(N_MODELS)],
        answers,
        np.where(answers == NO_ANSWER, np.nan, logprobs),
        np.full(n_queries, N_OPTIONS),
    )
    vectors = cascal.Embeddings.from_array(ids, _vectors(random, task, skill), "synthetic")
    return World(f"{n_queries:,} x {N_MODELS} x {DIMENSION}", votes, vectors, gold)


def mixed12() -> World | None:
    """The 7,213 training queries of the real pool mixed12, or None where the data are absent.

    A query with one option counts as having two, an answer beyond the options as unreadable.
    """
    if not REALDATA.is_dir():
        return None
    queries = pq.read_table(REALDATA / "queries.parquet")
    train = np.array(queries["split"].to_pylist()) == "train"
    array = np.load(REALDATA / "embeddings_all-MiniLM-L6-v2_f16.npy")[train].astype(np.float32)
    queries = queries.filter(train)
    ids = queries["query_id"].to_pylist()
    n_options = np.array([max(2, len(one)) for one in queries["options"].to_pylist()])
    row = {query_id: place for place, query_id in enumerate(ids)}
    column = {model: place for place, model in enumerate(MIXED12)}
    answers = np.full((len(ids), len(MIXED12)), NO_ANSWER)
    responses = pq.read_table(
        REALDATA / "responses.parquet", columns=["query_id", "model", "answer"]
    )
    for query_id, model, letter in zip(*(one.to_pylist() for one in responses), strict=True):
        if letter is not None and query_id in row and model in column:
            answers[row[query_id], column[model]] = ord(letter) - ord("A")
    answers[answers >= n_options[:, None]] = NO_ANSWER
    votes = cascal.Votes(
        ids,
        queries["task"].to_pylist(),
        MIXED12,
        answers,
        np.full(answers.shape, np.nan),
        n_options,
    )
    vectors = cascal.Embeddings.from_array(ids, array.astype(np.float64), "MiniLM")
    return World(f"mixed12, {len(ids):,} x {len(MIXED12)}", votes, vectors)

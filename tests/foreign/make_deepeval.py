"""Let DeepEval judge scripted answers and write its test runs: `python make_deepeval.py FOLDER`.

Needs `pip install deepeval` in an environment of its own; nothing is sent to anyone.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ["DEEPEVAL_TELEMETRY_OPT_OUT"] = "YES"
os.environ["CONFIDENT_OPEN_BROWSER"] = "NO"

from deepeval import evaluate
from deepeval.metrics import ExactMatchMetric
from deepeval.test_case import LLMTestCase

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "deepeval").resolve()
WRONG = {"adder": (), "guesser": (1, 4, 7)}

os.chdir(tempfile.mkdtemp())
for name, wrong in WRONG.items():
    results = Path(tempfile.mkdtemp())
    os.environ["DEEPEVAL_RESULTS_FOLDER"] = str(results)
    cases = [
        LLMTestCase(
            input=f"What is {number} + 5 ?",
            actual_output=str(number + 5 + (number in wrong)),
            expected_output=str(number + 5),
            token_cost=0.001,
            completion_time=0.5,
        )
        for number in range(8)
    ]
    evaluate(cases, [ExactMatchMetric()], hyperparameters={"model": name})
    (written,) = (one for one in results.iterdir() if one.suffix == ".json")
    (FOLDER / f"{name}.json").write_text(written.read_text())

"""Let OpenAI evals write its own records of two scripted models: `python make_openai_evals.py`.

Needs `pip install evals` in an environment of its own; nothing is sent to anyone.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["EVALS_SEQUENTIAL"] = "1"
os.environ["OPENAI_API_KEY"] = "none"

import evals.base
import evals.record
from evals.elsuite.basic.match import Match

WRONG = {"adder": (), "guesser": (1, 4, 7)}


class Scripted:
    """A completion function that adds, but for some numbers."""

    def __init__(self, name):
        self.wrong = WRONG[name]

    def __call__(self, prompt, **_settings):
        number = int(prompt[-1]["content"].split()[2])
        self.said = f"{number + 5 + (number in self.wrong)} is the sum."
        evals.record.record_sampling(prompt=prompt, sampled=[self.said])
        return self

    def get_completions(self):
        return [self.said]


def main(folder):
    """Write one record for each model."""
    samples = Path(tempfile.mkdtemp()) / "samples.jsonl"
    with samples.open("w") as stream:
        for number in range(8):
            asked = [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": f"What is {number} + 5 ?"},
            ]
            stream.write(json.dumps({"input": asked, "ideal": str(number + 5)}) + "\n")
    for name in WRONG:
        spec = evals.base.RunSpec(
            completion_fns=[name],
            eval_name="sums.dev.v0",
            base_eval="sums",
            split="dev",
            run_config={"seed": 1},
            created_by="",
            run_id=f"run-{name}",
            created_at="2026-11-27 12:00:00",
        )
        recorder = evals.record.LocalRecorder(str(folder / f"{name}.jsonl"), spec)
        match = Match([Scripted(name)], str(samples), eval_registry_path=Path(), name="sums.dev.v0")
        result = match.run(recorder)
        recorder.flush_events()
        recorder.record_final_report(result)


main(Path(sys.argv[1] if len(sys.argv) > 1 else "openai_evals"))

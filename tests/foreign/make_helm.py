"""Let HELM run scripted models on choices and on free answers: `python make_helm.py FOLDER`.

Needs `pip install crfm-helm` in an environment of its own; nothing is sent to anyone.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from helm.benchmark import model_deployment_registry, model_metadata_registry
from helm.benchmark.adaptation.common_adapter_specs import (
    get_generation_adapter_spec,
    get_multiple_choice_joint_adapter_spec,
)
from helm.benchmark.config_registry import register_builtin_configs_from_helm_package
from helm.benchmark.executor import ExecutionSpec
from helm.benchmark.metrics.common_metric_specs import get_exact_match_metric_specs
from helm.benchmark.run_spec import RunSpec
from helm.benchmark.runner import Runner
from helm.benchmark.scenarios.scenario import (
    CORRECT_TAG,
    TEST_SPLIT,
    Input,
    Instance,
    Output,
    Reference,
    Scenario,
    ScenarioSpec,
)
from helm.clients.simple_client import SimpleClient
from helm.common.authentication import Authentication

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "helm")
KEPT = ("run_spec.json", "scenario_state.json", "per_instance_stats.json")
WRONG = {"adder": (), "guesser": (1, 4, 7)}


class Sums(Scenario):
    """Eight sums, each with four offered results, or free."""

    name, description, tags = "sums", "sums", []

    def __init__(self, free="no"):
        super().__init__()
        self.free = free == "yes"

    def get_instances(self, output_path):
        """The instances, with the right one in another place each time."""
        return [self._instance(number) for number in range(8)]

    def _instance(self, number):
        results = [number + 5] if self.free else [number + n for n in (4, 5, 6, 7)]
        shift = number % len(results)
        references = [
            Reference(Output(str(one)), [CORRECT_TAG] if one == number + 5 else [])
            for one in (*results[shift:], *results[:shift])
        ]
        return Instance(Input(f"What is {number} + 5 ?"), references, split=TEST_SPLIT)


def said(self, raw_request):
    """The scripted answer of a model to the last question of the prompt."""
    asked = raw_request["prompt"].rpartition("What is ")[2]
    number = int(asked.split()[0])
    result = str(number + 5 + (number in WRONG[raw_request["engine"]]))
    lines = [line for line in asked.splitlines() if line[1:2] == "."]
    letters = {line[2:].strip(): line[0] for line in lines}
    return {"completions": [f" {letters.get(result, result)}"]}


SimpleClient.invoke_model = said
base = Path(tempfile.mkdtemp())
register_builtin_configs_from_helm_package()
for model in WRONG:
    name = f"scripted/{model}"
    model_metadata_registry.register_model_metadata(
        model_metadata_registry.ModelMetadata(
            name=name,
            display_name=model,
            description="",
            access="open",
            creator_organization_name="",
            release_date=None,
            tags=["TEXT_MODEL_TAG"],
        )
    )
    model_deployment_registry.register_model_deployment(
        model_deployment_registry.ModelDeployment(
            name=name,
            tokenizer_name="simple/tokenizer1",
            max_sequence_length=2048,
            client_spec=model_deployment_registry.ClientSpec(
                "helm.clients.simple_client.SimpleClient"
            ),
        )
    )
    for free, adapter in (
        ("no", get_multiple_choice_joint_adapter_spec("", "Question", "Answer", max_tokens=2)),
        ("yes", get_generation_adapter_spec(input_noun="Question", output_noun="Answer")),
    ):
        spec = RunSpec(
            name=f"sums:free={free},model=scripted_{model}",
            scenario_spec=ScenarioSpec("__main__.Sums", {"free": free}),
            adapter_spec=type(adapter)(
                **{**vars(adapter), "model": name, "model_deployment": name}
            ),
            metric_specs=get_exact_match_metric_specs(),
            groups=["sums"],
        )
        runner = Runner(
            ExecutionSpec(url=None, auth=Authentication(""), local_path=str(base), parallelism=1),
            str(base),
            "s",
            False,
            False,
            False,
            False,
            True,
        )
        runner.run_one(spec)
        target = FOLDER / spec.name.replace(":", "_").replace(",", "_")
        target.mkdir(parents=True, exist_ok=True)
        for file in KEPT:
            document = json.loads((base / "runs" / "s" / spec.name / file).read_text())
            (target / file).write_text(json.dumps(document))
shutil.rmtree(base)

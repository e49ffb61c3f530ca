"""Write observations as Langfuse exports them, by its own types: `python make_langfuse.py FOLDER`.

Needs `pip install langfuse` in an environment of its own. observations.json is a list of the API's
objects, observations.csv the same as a table, whose objects are JSON.
"""

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from langfuse.api.commons.types.observation_v2 import ObservationV2

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "langfuse")
WRONG = {"adder": (), "guesser": (1, 4, 7)}
START = datetime(2026, 11, 27, 12, tzinfo=UTC)


def observation(number, model, wrong):
    """One generation, and for the last number a failed one."""
    failed = number == 7 and bool(wrong)
    return ObservationV2(
        id=f"{model}-{number}",
        trace_id=f"trace-{number}",
        project_id="p",
        start_time=START + timedelta(minutes=number),
        end_time=START + timedelta(minutes=number, seconds=1.5),
        type="GENERATION",
        name="sum",
        level="ERROR" if failed else "DEFAULT",
        status_message="Rate limit reached" if failed else None,
        input={
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": f"What is {number} + 5 ?"},
            ]
        },
        output=None
        if failed
        else {"role": "assistant", "content": f"The answer is {number + 5 + (number in wrong)}."},
        metadata={"language": "en"},
        model=model,
        usage_details={"input": 12, "output": 6, "total": 18},
        total_cost=0.0002,
        latency=1.5,
    )


rows = [
    json.loads(observation(number, model, wrong).json(by_alias=True, exclude_none=True))
    for model, wrong in WRONG.items()
    for number in range(8)
]
span = {"id": "s", "traceId": "trace-0", "type": "SPAN", "startTime": rows[0]["startTime"]}
rows.append({**span, "projectId": "p", "name": "step"})
(FOLDER / "observations.json").write_text(json.dumps(rows, indent=1))
with (FOLDER / "observations.csv").open("w", newline="") as stream:
    table = csv.DictWriter(stream, list(rows[0]))
    table.writeheader()
    for row in rows:
        table.writerow(
            {
                name: json.dumps(value) if isinstance(value, dict | list) else value
                for name, value in row.items()
            }
        )

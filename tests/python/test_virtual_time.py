"""The tests in virtual time, seen by the same checker as the tests over a real socket.

Each of them writes down its frames; whatever else it looks at, no frame may break the rules.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from simulator import ROOT
from wire_checker import WireChecker


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    # `make test` has run them already.
    if "EVCP_TRACES" in os.environ:
        return sorted(Path(os.environ["EVCP_TRACES"]).iterdir())
    folder = tmp_path_factory.mktemp("traces")
    subprocess.run(
        ["cargo", "test", "--quiet", "--tests"], cwd=ROOT, check=True, capture_output=True,
        env={**os.environ, "EVCP_TRACES": str(folder)},
    )
    return sorted(folder.iterdir())


def replay(trace):
    """What the checker finds wrong in a trace; and how many frames it saw."""
    now = 0
    checker = WireChecker(trace.stem, clock=lambda: now)
    checker.grouped_samples = True
    connection = 0
    frames = 0
    for line in trace.read_text().splitlines():
        step = json.loads(line)
        now = step["ms"] / 1000
        what, text = step["what"], step["text"]
        if what == "power":
            checker.power_up()
        elif what == "clock":
            checker.clock_stepped()
        elif what == "connected":
            connection += 1
            checker.connected(connection, text)
        elif what == "sent":
            frames += 1
            # Two sessions within one instant do look the same.
            checker.contents.clear()
            checker.received(connection, text)
        elif what == "ignored":
            checker.answered(connection, json.loads(text)[1])
        elif what == "received" and is_frame(text):
            checker.sent(connection, text)
    return checker.violations, frames


def is_frame(text):
    """Whether it is one that can be answered: tests send all kinds of garbage, too."""
    try:
        frame = json.loads(text)
    except ValueError:
        return False
    return isinstance(frame, list) and len(frame) > 2 and isinstance(frame[1], (str, int, float))


def test_no_test_in_virtual_time_breaks_a_rule_of_the_wire(traces):
    assert len(traces) > 100
    found = {}
    frames = 0
    for trace in traces:
        violations, seen = replay(trace)
        frames += seen
        if violations:
            found[trace.name] = violations[:3]
    assert frames > 10_000
    assert not found, "\n".join(f"{name}: {texts}" for name, texts in found.items())

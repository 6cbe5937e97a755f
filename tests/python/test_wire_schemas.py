"""Every message of the library against the official schemas, in both directions.

Needs `cargo build --no-default-features --example wire_filter`, or WIRE_FILTER with the path of the
program. Nothing here is random from run to run: hypothesis is derandomised and the seeds are counted.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import ocpp_schemas as schemas

ROOT = Path(__file__).parents[2]
FILTER = os.environ.get("WIRE_FILTER", ROOT / "target" / "debug" / "examples" / "wire_filter")
SEEDS = range(200)

generated = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
every_message = pytest.mark.parametrize("name", schemas.SCHEMAS)


class Filter:
    """The library as a program: a message in, its verdict out."""

    def __init__(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([str(FILTER)], stdin=pipe, stdout=pipe, text=True, encoding="utf-8")

    def ask(self, name, **question):
        """The line of the answer."""
        kind = "response" if name.endswith("Response") else "request"
        question.update(action=name[: -len("Response")] if kind == "response" else name, kind=kind)
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the filter has died of {question}"
        return line

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@pytest.fixture(scope="module")
def wire():
    wire = Filter()
    yield wire
    wire.close()


def test_there_are_two_schemas_for_each_of_the_39_actions():
    assert len(schemas.SCHEMAS) == 78
    assert {name for name in schemas.SCHEMAS if f"{name}Response" in schemas.SCHEMAS} == {
        name for name in schemas.SCHEMAS if not name.endswith("Response")
    }


# rules: 15
@every_message
def test_a_valid_payload_is_read_and_written_again(wire, name):
    schema = schemas.SCHEMAS[name]

    @settings(generated, max_examples=120)
    @given(payload=schemas.payloads(schema))
    def run(payload):
        schemas.check(name, json.dumps(payload))
        answer = json.loads(wire.ask(name, payload=payload))
        assert "ok" in answer, answer
        assert schemas.meaning(answer["ok"], schema) == schemas.meaning(payload, schema)

    run()


# rules: 12, 14
@every_message
def test_an_invalid_payload_is_refused_with_the_code_and_the_place_of_its_fault(wire, name):
    schema = schemas.SCHEMAS[name]

    @settings(generated, max_examples=16)
    @given(payload=schemas.payloads(schema))
    def run(payload):
        for faulty, code, path in schemas.faults(payload, schema):
            answer = json.loads(wire.ask(name, payload=faulty))
            assert (answer.get("error"), answer.get("path")) == (code, path), (faulty, answer)

    run()


@every_message
def test_null_for_an_optional_member_means_that_it_is_not_there(wire, name):
    schema = schemas.SCHEMAS[name]

    @settings(generated, max_examples=16)
    @given(payload=schemas.payloads(schema))
    def run(payload):
        for null, absent in schemas.without_optional(payload, schema):
            assert wire.ask(name, payload=null) == wire.ask(name, payload=absent), null

    run()


# rules: 14, 15
@every_message
def test_whatever_the_library_writes_is_valid(wire, name):
    schema = schemas.SCHEMAS[name]
    seen = set()
    for seed in SEEDS:
        answer = wire.ask(name, random=seed)
        text = answer[len('{"ok":') : -len("}\n")]
        try:
            schemas.check(name, text)
        except Exception as error:
            pytest.fail(f"seed {seed}: {error}")
        seen.update(schemas.parts_of(json.loads(text), schema))
    assert seen == set(schemas.parts(schema)), "every member and every word should have occurred"


@every_message
def test_whatever_the_library_writes_it_can_read(wire, name):
    for seed in SEEDS:
        written = json.loads(wire.ask(name, random=seed))["ok"]
        assert json.loads(wire.ask(name, payload=written)) == {"ok": written}, f"seed {seed}"

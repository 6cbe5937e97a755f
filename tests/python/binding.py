"""What the tests of the Python binding share: where things lie, and a charger that remembers what it was told."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from feed import PATIENCE, Feed

ROOT = Path(__file__).resolve().parents[2]
BINDING = ROOT / "bindings" / "python"
#: Before the first import of the package, which asks for it.
LIBRARY = os.environ.setdefault("EVCP_LIBRARY", str(ROOT / "target" / "release" / "libevcp.so"))
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(BINDING / "src")}

import evcp  # noqa: E402

TAG = "CAFE01"
#: A port that nobody listens on.
NOWHERE = "ws://127.0.0.1:9"
SETTINGS = {"reconnect.min_s": 0.05, "reconnect.max_s": 1, "WebSocketPingInterval": 0, "MeterValueSampleInterval": 0}


def config(url=NOWHERE, identity="PY1", *, settings=None, **members):
    return evcp.Config(url, identity, "evcp", "python", settings={**SETTINGS, **(settings or {})}, **members)


class Charger(evcp.ChargePoint):
    """Writes down every notice; its meter shows 100 Wh more each time it is read."""

    def __init__(self, made_of):
        super().__init__(made_of)
        self.told = Feed("what the charger was told")
        self.wh = 0.0

    def on_supply(self, connector, supply):
        self.told.push({"on": "supply", "connector": connector, "supply": supply, "permit": supply.permit})

    def on_connection(self, connection):
        self.told.push({"on": "connection", **vars(connection)})

    def on_boot(self, boot):
        self.told.push({"on": "boot", **vars(boot)})

    def on_time(self, unix_ms):
        self.told.push({"on": "time", "unix_ms": unix_ms})

    def on_auth(self, auth):
        self.told.push({"on": "auth", **vars(auth)})

    def on_status(self, now):
        self.told.push({"on": "status", **vars(now)})

    def on_tx(self, tx):
        self.told.push({"on": "tx", "change": tx.change, "tx": tx})

    def on_availability(self, connector, operative):
        self.told.push({"on": "availability", "connector": connector, "operative": operative})

    def on_key_changed(self, changed):
        self.told.push({"on": "key", **vars(changed)})

    def on_reboot(self, hard):
        self.told.push({"on": "reboot", "hard": hard})

    def on_meter_read(self, connector, context):
        self.told.push({"on": "meter", "connector": connector, "context": context})
        self.wh += 100
        return [evcp.Sample(self.wh), evcp.Sample(230.0, evcp.Measurand.VOLTAGE, evcp.Phase.L1_N)]

    async def wait(self, on, **members):
        return await self.told.wait({"on": on, **members})

    async def ready(self, connector=1):
        await self.wait("status", connector=connector, status=evcp.Status.AVAILABLE)

    async def charge(self, connector=1, tag=TAG):
        """Brings a connector to a transaction that the central system knows."""
        await self.ready(connector)
        self.set_ev(connector, evcp.Ev.PLUGGED)
        self.present_tag(connector, tag)
        await self.wait("supply", connector=connector, permit=True)
        self.set_ev(connector, evcp.Ev.CHARGING)
        return (await self.wait("tx", change=evcp.Change.CONFIRMED))["tx"]


def python(*arguments, **settings):
    """Runs a Python program to its end."""
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=10 * PATIENCE, **settings
    )


async def python_beside(*arguments):
    """Starts a Python program, which runs beside the test."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-u", *arguments, env=ENVIRONMENT, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )

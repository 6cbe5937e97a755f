"""Crashes of a charge point at a chosen system call, in a session that uses every feature.

`tests/crash/shim.c` counts the calls and makes one of them the last; here are the session, what follows
the crash, and what must be on the books then.
"""

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from feed import cancelled
from simulator import ROOT, Simulator, configuration
from wire_checker import CLOCK_STEP, parse_time

#: What is crashed, and in which ways: a call that moves no data to the disk or the link has one way only.
CRASHES = {
    "storage": ("before", "half", "lost", "mixed"),
    "link": ("before", "half", "lost", "mixed"),
    "told": ("before", "lost"),
    "rest": ("before",),
}

KEYS = {
    "StopTxnSampledData": "Energy.Active.Import.Register,SoC",
    "StopTxnAlignedData": "Voltage",
    "AllowOfflineTxForUnknownId": "true",
    "TransactionMessageRetryInterval": "1",
}

#: The sessions of the script: connector, register at the start, register at the stop.
SESSIONS = {
    "LOCAL": (1, 1000, 5000),
    "REMOTE": (2, 2000, 2600),
    "OFFLINE": (2, 2600, 3100),
    "RESET": (1, 5000, 5700),
    "LAST": (2, 3100, 3333),
    "AFTER": (1, None, None),  # the one that shows that the charge point works again
}

#: A limit for connector 1, whatever runs there; 10 A.
PROFILE = {
    "charging_profile_id": 7, "stack_level": 1, "charging_profile_purpose": "TxDefaultProfile",
    "charging_profile_kind": "Relative",
    "charging_schedule": {"charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 10}]},
}
TX_PROFILE = {**PROFILE, "charging_profile_id": 8, "charging_profile_purpose": "TxProfile"}


def built_shim(folder):
    shim = Path(folder) / "shim.so"
    subprocess.run(
        ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-pthread",
         str(ROOT / "tests" / "crash" / "shim.c"), "-o", str(shim)],
        check=True,
    )
    return shim


@dataclass(frozen=True)
class Crash:
    """The call that is the last one."""

    kind: str
    number: int
    how: str
    seed: int = 0

    def __str__(self):
        return f"{self.kind} {self.number} {self.how} {self.seed}"


@dataclass
class Promises:
    """What the central system was promised beside transactions: what it set, and what was answered."""

    #: By name: the values that may be in force now, the oldest that nobody has replaced first.
    possible: dict = field(default_factory=dict)

    def ask(self, name, value, before=None):
        self.possible.setdefault(name, [before]).append(value)

    def answered(self, name, value):
        """Accepted: nothing older may be in force any more."""
        self.possible[name] = [value]


class Scene:
    """One charge point with its central system, for one crash; its files are gone at the end."""

    def __init__(self, central, shim, identity, **sections):
        # In memory: the shim keeps books on what is synced, so that no disk has to be waited for.
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="evcp-crash-", dir=base))
        settings = configuration(identity, central.url, keys=KEYS, ev={"reaction_s": 0.0, "power_w": 0}, **sections)
        self.central = central
        self.simulator = Simulator(self.folder, settings)
        self.point = central.point(identity)
        self.promises = Promises()
        self.stopping = False
        self.shim = {
            "LD_PRELOAD": str(shim),
            "EVCP_CRASH_FOLDER": str(self.folder / "state"),
            "EVCP_CRASH_LOG": str(self.folder / "calls"),
            "EVCP_CRASH_SWITCH": str(self.folder / "switch"),
        }

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        if self.simulator.running:
            await self.simulator.kill()
        self.central.points.pop(self.point.identity, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def switch(self, on):
        """Whether calls may fail now."""
        file = self.folder / "switch"
        file.touch() if on else file.unlink(missing_ok=True)

    def said(self, text):
        """Where the simulator logged that, as positions in its events."""
        return [
            place for place, event in enumerate(self.simulator.events.items)
            if event["event"] == "log" and event["text"].startswith(text)
        ]

    def calls(self):
        """What the shim wrote down: (class, number, call, on what)."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [tuple(line.split(" ")) for line in lines]

    async def until_gone(self, work):
        """Does the work until it is done or the process was killed; says whether it was done."""
        work = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self.simulator.ended())
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        # A command may hear of the end before we do.
        if gone.done() or isinstance(work.exception(), (ConnectionError, ConnectionClosed)):
            if await gone != 0:
                await cancelled(work)
                await self.simulator.gone()
                return False
        await asyncio.gather(work)
        gone.cancel()
        return True

    async def until_over(self, work):
        """Does the work until it is done or the process has ended in any way; says whether it was done."""
        work = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self.simulator.ended())
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if work.done() and work.exception() is None:
            gone.cancel()
            return True
        if not gone.done() and not isinstance(work.exception(), (ConnectionError, ConnectionClosed)):
            gone.cancel()
            work.result()
        code = await gone
        # It may have ended because it was told to.
        if code == 0 and self.stopping:
            await work
            return True
        await cancelled(work)
        await self.simulator.gone()
        return False

    async def central_away(self, simulator):
        """Starts again, and finds nobody there."""
        self.url, simulator.settings["csms"]["url"] = simulator.settings["csms"]["url"], "ws://127.0.0.1:9"
        await self.power_back()
        await simulator.ready()

    def central_back(self, simulator):
        simulator.settings["csms"]["url"] = self.url

    async def power_back(self, **environment):
        """Starts again after the central system has read all that was sent before the crash."""
        await self.point.disconnected()
        self.point.checker.power_up()
        self.point.forget()
        self.simulator.forget()
        self.simulator.environment = environment
        await self.simulator.launch()

    # What is asked of the charge point

    async def change(self, key, value):
        name, before = ("key", key), KEYS.get(key, self.simulator.settings["keys"].get(key))
        self.promises.ask(name, value, before)
        answer = await self.point.call("ChangeConfiguration", key=key, value=value)
        assert answer.status == "Accepted", f"{key}={value}: {answer.status}"
        self.promises.answered(name, value)

    async def install(self, profile):
        self.promises.ask("profile", 10)
        answer = await self.point.call("SetChargingProfile", connector_id=1, cs_charging_profiles=profile)
        assert answer.status == "Accepted", answer
        self.promises.answered("profile", 10)

    async def clear_profiles(self):
        self.promises.ask("profile", None)
        answer = await self.point.call("ClearChargingProfile")
        assert answer.status == "Accepted", answer
        self.promises.answered("profile", None)

    async def availability(self, connector, kind, before):
        self.promises.ask(("availability", connector), kind, before)
        answer = await self.point.call("ChangeAvailability", connector_id=connector, type=kind)
        assert answer.status == "Accepted", answer
        self.promises.answered(("availability", connector), kind)

    async def meter(self, connector, wh):
        await self.simulator.do("meter", connector=connector, wh=wh, soc=wh // 100)

    async def sample_of(self, context, wh):
        def shows(values):
            samples = values[0]["sampledValue"]
            return samples[0].get("context", "Sample.Periodic") == context and float(samples[0]["value"]) == wh
        return await self.point.wait("MeterValues", meterValue=shows)

    async def begin(self, connector, tag, state="confirmed"):
        await self.meter(connector, SESSIONS[tag][1])
        await self.simulator.tag(connector, tag)
        await self.simulator.wait("tx", state=state, id_tag=tag)

    async def end(self, connector, tag):
        await self.meter(connector, SESSIONS[tag][2])
        await self.simulator.tag(connector, tag)
        await self.simulator.wait("tx", state="stopped", id_tag=tag)

    async def stopped(self, tag):
        def stop():
            found = self.point.books.of_tag(tag)
            return found and found[0].stop
        return await self.point.until(stop, f"a stop of {tag}")

    # The session

    async def session(self, disk_comes_back=True):
        """A day of a charge point, with every feature in it that leaves a trace on the disk."""
        simulator, point = self.simulator, self.point
        await simulator.ready()
        await point.wait("BootNotification")
        for connector in range(3):
            await point.status(connector, "Available")
        self.switch(True)
        await self.change("ConnectionTimeOut", "77")
        await self.install(PROFILE)

        # Somebody charges at connector 1, with samples on both clocks.
        await simulator.plug_in(1)
        await self.begin(1, "LOCAL")
        await point.status(1, "Charging")
        await self.meter(1, 1500)
        await self.change("ClockAlignedDataInterval", "1")
        await self.sample_of("Sample.Clock", 1500)
        await self.change("ClockAlignedDataInterval", "0")
        await self.change("MeterValueSampleInterval", "1")
        await self.sample_of("Sample.Periodic", 1500)
        await self.change("MeterValueSampleInterval", "0")
        await point.call("TriggerMessage", requested_message="MeterValues", connector_id=1)
        await self.sample_of("Trigger", 1500)

        # Somebody else at connector 2, from the app.
        await self.meter(2, 2000)
        await simulator.plug_in(2)
        await point.call("RemoteStartTransaction", id_tag="REMOTE", connector_id=2, charging_profile=TX_PROFILE)
        await simulator.wait("tx", state="confirmed", id_tag="REMOTE")
        await self.meter(2, 2600)
        remote = point.books.of_tag("REMOTE")[0]
        await point.call("RemoteStopTransaction", transaction_id=remote.transaction_id)
        await self.stopped("REMOTE")
        await point.call("UnlockConnector", connector_id=2)
        await simulator.plug_out(2)
        await simulator.do("data_transfer", vendor_id="org.evcp", message_id="m", data="d")
        await point.wait("DataTransfer")
        await self.change("MeterValueSampleInterval", "1")

        # The link is gone: one session begins and ends, one ends, one begins.
        await simulator.network(False)
        await point.disconnected()
        await simulator.plug_in(2)
        await self.begin(2, "OFFLINE", "started")
        await self.end(2, "OFFLINE")
        await simulator.plug_out(2)
        await self.meter(1, 5000)
        await simulator.plug_out(1)
        await simulator.wait("tx", state="stopped", id_tag="LOCAL")
        await simulator.plug_in(1)
        await self.begin(1, "RESET", "started")
        await self.a_sample_is_stored()

        # And back: all of it is delivered.
        await simulator.network(True)
        await simulator.wait("tx", state="confirmed", id_tag="RESET")
        await self.sample_of("Sample.Periodic", 5000)
        await self.change("MeterValueSampleInterval", "0")
        if disk_comes_back:
            await self.disk_works_again()
        await self.availability(2, "Inoperative", "Operative")
        await point.status(2, "Unavailable")
        await self.meter(1, 5700)
        boots = point.boots
        answer = await point.call("Reset", type="Soft")
        assert answer.status == "Accepted", answer
        await point.until(lambda: point.boots > boots, "a boot after the reset")
        await self.stopped("RESET")
        await point.status(2, "Unavailable")
        await simulator.plug_out(1)
        await point.call("ClearCache")
        await self.clear_profiles()
        await self.availability(2, "Operative", "Inoperative")
        await point.status(2, "Available")

        await simulator.plug_in(2)
        await self.begin(2, "LAST")
        await self.end(2, "LAST")
        await self.stopped("LAST")
        await simulator.plug_out(2)
        await point.status(2, "Available")
        self.stopping = True
        await simulator.stop()

    async def disk_works_again(self):
        """A restart is no time for a disk that fails: what only memory has would be lost."""
        self.switch(False)
        await self.simulator.events.until(
            lambda: len(self.said("storage fails")) == len(self.said("storage works again")), "a working storage",
        )

    async def a_sample_is_stored(self):
        """Looked at from outside: to ask the charge point would be more calls, each time another number."""
        if "EVCP_CRASH_FAULT" in self.simulator.environment:
            queued = (await self.simulator.state())["queue"]
            await self.simulator.until(lambda state: state["queue"] > queued, "a sample in the queue")
            return
        log = self.folder / "state" / "evcp.db-wal"
        before = log.stat().st_mtime_ns
        deadline = asyncio.get_running_loop().time() + 20
        while log.stat().st_mtime_ns == before:
            assert asyncio.get_running_loop().time() < deadline, "no sample was stored"
            await asyncio.sleep(0.02)

    async def recovery(self):
        """After the crash: everything is delivered, and the charge point charges again."""
        simulator = self.simulator
        await simulator.ready()
        await self.settled()
        await simulator.plug_in(1)
        await simulator.tag(1, "AFTER")
        # One of the recovery before this one may be stopped and confirmed now, too.
        await simulator.wait("tx", state="confirmed", id_tag="AFTER", reason=None)
        await simulator.tag(1, "AFTER")
        await simulator.wait("tx", state="stopped", id_tag="AFTER", reason="Local")
        return await self.settled()

    async def settled(self):
        return await self.simulator.until(
            lambda state: state["registration"] == "Accepted" and state["connected"] and state["queue"] == 0,
            "all delivered",
        )


async def run(scene, crash, again=None):
    """The session with that crash, a recovery, with a second crash in it if so asked, and the verdict.

    Returns the fatal call, or None if the session ended before it came, and what is wrong.
    """
    scene.simulator.environment = {**scene.shim, "EVCP_CRASH_AT": str(crash)}
    await scene.simulator.launch()
    ended = await scene.until_gone(scene.session())
    if again is not None:
        await scene.power_back(**scene.shim, EVCP_CRASH_AT=str(again))
        await scene.until_gone(scene.recovery())
        await scene.simulator.kill()
    await scene.power_back()
    await scene.recovery()
    wrong = faults(scene) + await broken_promises(scene)
    await scene.simulator.kill()
    calls = scene.calls()
    assert ended or calls, f"the simulator ended by itself: {scene.simulator.stderr.tail()}"
    return (calls[0] if calls and not ended else None), wrong


def faults(scene):
    """What is wrong with the books, as sentences."""
    books, wrong = scene.point.books, list(scene.point.checker.violations)
    wrong += [line for line in scene.simulator.stderr.items if line.startswith("crash shim")]
    wrong += [f"belongs to no open session: {stray}" for stray in books.strays]
    for event in scene.simulator.events.items:
        if event["event"] == "error":
            wrong.append(f"the simulator says {event['text']}")
        if event["event"] != "tx":
            continue
        tag, told = event["id_tag"], event["transaction_id"]
        found = books.of_tag(tag)
        if not found:
            wrong.append(f"{tag} was told to be {event['state']}, and is not on the books")
        elif event["state"] == "confirmed" and told not in [one.transaction_id for one in found]:
            wrong.append(f"{tag} was confirmed as {told}, and is on the books as {found}")
        elif event["state"] == "stopped" and event["meter_stop"] not in [one.meter_stop for one in found]:
            wrong.append(f"{tag} was told to be stopped at {event['meter_stop']}, and is on the books as {found}")
    for tag in SESSIONS:
        found = books.of_tag(tag)
        # AFTER comes twice if the recovery was crashed.
        if len(found) > (2 if tag == "AFTER" else 1):
            wrong.append(f"{tag} is on the books {len(found)} times")
    for session in books.sessions.values():
        wrong += faults_of(session)
    for connector in (1, 2):
        own = [session for session in books.sessions.values() if session.connector == connector and session.stop]
        for one, following in zip(own, own[1:]):
            if parse_time(one.stop["timestamp"]) > parse_time(following.start["timestamp"]) + CLOCK_STEP:
                wrong.append(f"overlap: {one} and {following}")
            if one.meter_stop > following.meter_start:
                wrong.append(f"energy is billed twice: {one} and {following}")
    return wrong


def faults_of(session):
    """What is wrong with one session."""
    if session.id_tag not in SESSIONS:
        return [f"nobody began {session}"]
    connector, start, stop = SESSIONS[session.id_tag]
    if session.stop is None:
        return [f"never stopped: {session}"]
    wrong = []
    readings = [session.meter_start, *session.readings]
    if session.connector != connector or (start is not None and session.meter_start != start):
        wrong.append(f"began as {session.start}, not at connector {connector} with {start} Wh")
    if readings != sorted(readings) or session.meter_stop < readings[-1]:
        wrong.append(f"the register runs backwards: {session}")
    if stop is not None and session.stop["reason"] != "PowerLoss" and session.meter_stop != stop:
        wrong.append(f"stops at {session.meter_stop} Wh instead of {stop}: {session}")
    if stop is not None and session.meter_stop > stop:
        wrong.append(f"stops at {session.meter_stop} Wh, more than the {stop} that the meter ever showed: {session}")
    data = session.stop.get("transactionData", [])
    contexts = [value["sampledValue"][0].get("context") for value in data]
    if contexts[:1] != ["Transaction.Begin"] or contexts[-1:] != ["Transaction.End"]:
        wrong.append(f"its data is not from begin to end: {contexts} {session}")
    else:
        first, last = (int(value["sampledValue"][0]["value"]) for value in (data[0], data[-1]))
        times = [parse_time(value["timestamp"]) for value in data]
        if (first, last) != (session.meter_start, session.meter_stop) or times != sorted(times):
            wrong.append(f"its data does not fit: {session}")
    if parse_time(session.stop["timestamp"]) + CLOCK_STEP < parse_time(session.start["timestamp"]):
        wrong.append(f"stops before it starts: {session}")
    return wrong


async def broken_promises(scene):
    """What the charge point accepted, and does not hold now."""
    wrong = []
    for name, possible in scene.promises.possible.items():
        if name == "profile":
            answer = await scene.point.call("GetCompositeSchedule", connector_id=1, duration=60)
            periods = answer.charging_schedule["charging_schedule_period"]
            found = periods[0]["limit"]
            held = found in [32 if limit is None else limit for limit in possible]
        elif name[0] == "key":
            answer = await scene.point.call("GetConfiguration", key=[name[1]])
            found = answer.configuration_key[0]["value"]
            held = found in possible
        else:
            statuses = scene.point.seen("StatusNotification", connectorId=name[1])
            found = statuses[-1]["status"]
            held = found in [{"Operative": "Available", "Inoperative": "Unavailable"}[one] for one in possible]
        if not held:
            wrong.append(f"{name} is {found}; possible are {possible}")
    return wrong


async def recorded(scene):
    """A session without a crash: how many calls of each kind it makes, and what they are."""
    scene.simulator.environment = dict(scene.shim)
    await scene.simulator.launch()
    assert await scene.until_gone(scene.session()), scene.simulator.stderr.tail()
    return scene.calls()


def plan(counts, kind, how, seed, stride=1):
    """The crashes of one kind: every call, or every `stride`-th from a random one on."""
    dice = random.Random(f"{seed}-{kind}-{how}")
    first = 1 + dice.randrange(stride)
    for number in range(first, counts[kind] + 1, stride):
        crash = Crash(kind, number, how, dice.randrange(1 << 31))
        # What the dice let survive is crashed once more, somewhere in the recovery.
        again = Crash("storage", 1 + dice.randrange(150), "mixed", dice.randrange(1 << 31)) if how == "mixed" else None
        yield crash, again


def counted(calls):
    return Counter(call[0] for call in calls)

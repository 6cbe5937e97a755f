"""The power is cut at random instants of sessions, and the link too: every session is on the books exactly once.

The dice are settable: EVCP_SEED repeats a run as far as a race can be repeated, EVCP_KILLS asks for more of it.
"""

import asyncio
import os
import random
import time

import pytest

from feed import cancelled
from wire_checker import CLOCK_STEP, parse_time

KILLS = int(os.environ.get("EVCP_KILLS", "200"))
CHARGE_POINTS = 4
CONNECTORS = 2

KEYS = {
    "MeterValueSampleInterval": "1",
    "ClockAlignedDataInterval": "2",
    "StopTxnSampledData": "Energy.Active.Import.Register,SoC",
    "StopTxnAlignedData": "Voltage",
    "LocalAuthorizeOffline": "true",
    "AuthorizationCacheEnabled": "true",
    "AllowOfflineTxForUnknownId": "true",
    "TransactionMessageAttempts": "5",
    "TransactionMessageRetryInterval": "1",
}


class Driver:
    """One charge point and the people at it; it notes what the simulator says it began."""

    def __init__(self, simulator, point, dice):
        self.simulator = simulator
        self.point = point
        self.dice = dice
        self.kills = 0
        self.drops = 0
        self.tags = 0
        self.noted = 0
        self.begun = {}  # id tag -> connector
        self.confirmed = {}  # id tag -> transaction id, as the simulator was told

    async def run(self, kills):
        people = []
        while self.kills < kills:
            people = [asyncio.create_task(self.charge(number)) for number in range(1, CONNECTORS + 1)]
            people.append(asyncio.create_task(self.disturb_the_link()))
            await asyncio.sleep(self.instant())
            await self.simulator.kill()
            self.kills += 1
            await asyncio.gather(*(cancelled(person) for person in people))
            for outcome in await asyncio.gather(*people, return_exceptions=True):
                if not isinstance(outcome, (ConnectionError, asyncio.CancelledError)):
                    raise outcome
            self.note()
            self.point.checker.power_up()
            await self.simulator.restart()

    def instant(self):
        """How long until the next cut: often within the first messages, at times after several samples."""
        if self.dice.random() < 0.7:
            return self.dice.uniform(0.0, 0.6)
        return self.dice.uniform(0.6, 3.5)

    async def charge(self, connector):
        """Sessions on one connector, one after the other, each under a tag of its own."""
        dice, simulator = self.dice, self.simulator
        while True:
            self.tags += 1
            tag = f"{self.point.identity}-{connector}-{self.tags}"
            if dice.random() < 0.7:
                await simulator.plug_in(connector)
                await simulator.tag(connector, tag)
            else:
                await simulator.tag(connector, tag)
                await simulator.plug_in(connector)
            try:
                await simulator.wait("tx", state="started", id_tag=tag, timeout=5)
            except AssertionError:
                # The authorization got lost with a link; this person gives up.
                await simulator.ask("plug_out", connector=connector)
                continue
            if dice.random() < 0.5:
                await simulator.wait("tx", state="confirmed", id_tag=tag)
            await asyncio.sleep(dice.choice([0, 0, 0.01, 0.05, 0.3, 1.3]))
            if dice.random() < 0.7:
                await simulator.tag(connector, tag)
            else:
                await simulator.plug_out(connector)
            await simulator.wait("tx", state="stopped", id_tag=tag)
            await simulator.ask("plug_out", connector=connector)

    async def disturb_the_link(self):
        dice = self.dice
        while True:
            await asyncio.sleep(dice.uniform(0.05, 0.8))
            if dice.random() < 0.5:
                if self.point.link is not None:
                    self.point.link.connection.cut()
                    self.drops += 1
            else:
                await self.simulator.network(False)
                self.drops += 1
                await asyncio.sleep(dice.uniform(0.0, 0.3))
                await self.simulator.network(True)

    def note(self):
        events = self.simulator.events.items
        for event in events[self.noted:]:
            if event["event"] != "tx":
                continue
            if event["state"] == "started":
                self.begun[event["id_tag"]] = event["connector"]
            elif event["state"] == "confirmed":
                self.confirmed[event["id_tag"]] = event["transaction_id"]
        self.noted = len(events)

    async def settle(self):
        """After the last cut: undisturbed until all is delivered."""
        self.point.policy.cut = 0
        state = await self.simulator.until(
            lambda state: state["registration"] == "Accepted" and state["connected"] and state["queue"] == 0,
            "all delivered", timeout=60,
        )
        self.note()
        return state


def faults(driver, state):
    """What is wrong with the books of one charge point."""
    books, wrong = driver.point.books, []
    running = {
        one["transaction"]["id_tag"] for one in state["connectors"] if one.get("transaction") is not None
    }
    for tag, connector in driver.begun.items():
        sessions = books.of_tag(tag)
        if len(sessions) != 1:
            wrong.append(f"{tag} was begun and is {len(sessions)} times on the books")
        elif sessions[0].connector != connector:
            wrong.append(f"{tag} was begun on connector {connector}: {sessions[0]}")
        elif driver.confirmed.get(tag, sessions[0].transaction_id) != sessions[0].transaction_id:
            wrong.append(f"{tag} was confirmed as {driver.confirmed[tag]}: {sessions[0]}")
    for stray in books.strays:
        wrong.append(f"belongs to no open session: {stray}")
    for session in books.sessions.values():
        if len(books.of_tag(session.id_tag)) != 1:
            wrong.append(f"{session.id_tag} is on the books more than once")
        if session.stop is None:
            if session.id_tag not in running:
                wrong.append(f"never stopped: {session}")
            continue
        floor = max([session.meter_start, *session.readings])
        if session.meter_stop < floor:
            wrong.append(f"stops at {session.meter_stop} Wh below {floor} Wh: {session}")
        wrong += faults_of_data(session)
        if parse_time(session.stop["timestamp"]) + CLOCK_STEP < parse_time(session.start["timestamp"]):
            wrong.append(f"stops before it starts: {session}")
    for connector in range(1, CONNECTORS + 1):
        own = [session for session in books.sessions.values() if session.connector == connector]
        for one, following in zip(own, own[1:]):
            if one.stop is None or (
                parse_time(one.stop["timestamp"]) > parse_time(following.start["timestamp"]) + CLOCK_STEP
            ):
                wrong.append(f"overlap: {one} and {following}")
    return wrong


def faults_of_data(session):
    """The transactionData of a stop begins and ends it, and is in order between."""
    data = session.stop.get("transactionData", [])
    contexts = [value["sampledValue"][0].get("context") for value in data]
    first = data and data[0]["sampledValue"][0]["value"]
    last = data and data[-1]["sampledValue"][0]["value"]
    times = [parse_time(value["timestamp"]) for value in data]
    if contexts[:1] != ["Transaction.Begin"] or contexts[-1:] != ["Transaction.End"]:
        return [f"its data is not from begin to end: {contexts} {session}"]
    if (int(first), int(last)) != (session.meter_start, session.meter_stop):
        return [f"its data says {first} to {last} Wh: {session}"]
    if any(one > following + CLOCK_STEP for one, following in zip(times, times[1:])):
        return [f"its data is out of order: {session}"]
    return []


# rules: 61, 72
async def test_every_session_is_on_the_books_once_whenever_the_power_is_cut(central, simulators):
    seed = int(os.environ.get("EVCP_SEED") or random.randrange(1 << 31))
    print(f"EVCP_SEED={seed}")
    drivers = []
    for number in range(1, CHARGE_POINTS + 1):
        point = central.point(f"P{number}")
        point.policy.cut = 0.03
        point.policy.dice = random.Random(f"{seed}-link-{number}")
        simulator = simulators(central.url, point.identity, connectors=CONNECTORS, keys=KEYS)
        drivers.append(Driver(simulator, point, random.Random(f"{seed}-{number}")))
    began = time.monotonic()
    await asyncio.gather(*(driver.simulator.start() for driver in drivers))
    await asyncio.gather(*(driver.run(-(-KILLS // CHARGE_POINTS)) for driver in drivers))
    states = await asyncio.gather(*(driver.settle() for driver in drivers))
    report = [
        f"{driver.point.identity}: {driver.kills} power cuts, {driver.drops + driver.point.cuts} broken links, "
        f"{len(driver.begun)} sessions begun, {len(driver.point.books.sessions)} on the books"
        for driver in drivers
    ]
    print("\n".join(report), f"\n{time.monotonic() - began:.0f} s")
    wrong = [fault for driver, state in zip(drivers, states) for fault in faults(driver, state)]
    if wrong:
        pytest.fail(f"EVCP_SEED={seed}: {len(wrong)} faults:\n" + "\n".join(wrong[:20]), pytrace=False)
    assert sum(driver.kills for driver in drivers) >= KILLS
    assert sum(len(driver.begun) for driver in drivers) >= KILLS, "the test must have seen sessions"

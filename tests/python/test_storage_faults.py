"""A disk that fails at single system calls: charging goes on, it is told, and the books are right in the end.

EVCP_SWEEP and EVCP_SEED as in test_crash_sweep.py.
"""

import asyncio
import os
import random
from collections import Counter

import pytest

from crash import SESSIONS, Scene, broken_promises, built_shim, faults, recorded

SWEEP = os.environ.get("EVCP_SWEEP", "4")
AT_ONCE = int(os.environ.get("EVCP_AT_ONCE", "16"))

#: How many calls on the database a session makes before its reset, by name; recorded once.
COUNTS = Counter()

#: Which calls on the database fail, and how.
FAULTS = [
    ("write", "EIO"), ("write", "ENOSPC"), ("write", "short"), ("write", "full"), ("sync", "EIO"), ("any", "EIO"),
]
#: So many calls in a row, each of which spoils one commit; 0: until the disk is said to work again.
ROWS = (1, 3, 0)
CALLS_OF = {"write": ("pwrite64",), "sync": ("fdatasync",), "any": ("pwrite64", "fdatasync", "ftruncate")}


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return built_shim(tmp_path_factory.mktemp("shim"))


def seeded():
    seed = int(os.environ.get("EVCP_SEED") or random.randrange(1 << 31))
    print(f"EVCP_SEED={seed}")
    return random.Random(seed)


async def calls_after_boot(central, shim):
    if not COUNTS:
        async with Scene(central, shim, "RECORD") as scene:
            calls = await recorded(scene)
        started = next(place for place, call in enumerate(calls) if call[0] == "link")
        ended = next(place for place, call in enumerate(calls) if call[2:] == ("unlink", "evcp.db-wal"))
        COUNTS.update(call[2] for call in calls[started:ended] if call[0] == "storage")
    return COUNTS


async def each(tries, one):
    """Does all of them, some at a time; what is wrong with any."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(what):
        async with gate:
            try:
                return [f"{what}: {fault}" for fault in await one(*what)]
            except (AssertionError, OSError, asyncio.TimeoutError) as error:
                return [f"{what}: {error!r}"]

    wrong = [fault for found in await asyncio.gather(*map(gated, tries)) for fault in found]
    if wrong:
        pytest.fail(f"{len(wrong)} faults:\n" + "\n".join(wrong[:20]), pytrace=False)


# rules: 61
@pytest.mark.parametrize("calls, error", FAULTS)
async def test_a_disk_that_fails_for_a_while_costs_nothing(central, shim, calls, error):
    dice = seeded()
    made = await calls_after_boot(central, shim)
    count = sum(made[name] for name in CALLS_OF[calls])
    stride = 1 if SWEEP == "all" else max(1, count // int(SWEEP))
    tries = [
        (number, row) for row in ROWS for number in range(1 + dice.randrange(stride), count + 1, stride)
    ]
    outcomes = Counter()

    async def one(number, row):
        async with Scene(central, shim, f"{calls}-{error}-{number}-{row}") as scene:
            simulator = scene.simulator
            simulator.environment = {**scene.shim, "EVCP_CRASH_FAULT": f"{calls} {error} {number} {row}"}
            await simulator.launch()
            assert await scene.until_over(scene.session()), "the simulator ended by itself"
            outcomes["told" if scene.said("storage fails") else "not noticed"] += 1
            await scene.power_back()
            await scene.recovery()
            return faults(scene) + await broken_promises(scene)

    await each(tries, one)
    print(f"{calls} {error}: {len(tries)} faults at {count} calls: {dict(outcomes)}")
    # SQLite writes the rest of what was cut short by itself.
    assert error == "short" or outcomes["told"] > 0


async def test_what_waits_in_memory_is_written_at_an_orderly_stop(central, shim):
    async with Scene(central, shim, "STOP") as scene:
        simulator, point = scene.simulator, scene.point
        simulator.environment = {**scene.shim, "EVCP_CRASH_FAULT": "any ENOSPC 1 0"}
        await simulator.launch()
        await simulator.ready()
        await point.status(2, "Available")
        await simulator.network(False)
        await point.disconnected()
        scene.switch(True)
        await simulator.plug_in(2)
        await scene.begin(2, "OFFLINE", "started")
        await scene.end(2, "OFFLINE")
        assert scene.said("storage fails") and not scene.said("storage works again")
        scene.switch(False)
        await simulator.stop()
        await scene.power_back()
        await scene.recovery()
        assert not faults(scene)
        assert [one.stop["reason"] for one in point.books.of_tag("OFFLINE")] == ["Local"]


# rules: 61
async def test_a_power_cut_while_the_disk_fails_costs_only_what_came_after_the_failure(central, shim):
    dice = seeded()
    made = await calls_after_boot(central, shim)
    count = made["pwrite64"] + made["fdatasync"]
    tries = [(number, dice.randrange(1, 60)) for number in range(1 + dice.randrange(9), count, max(1, count // 24))]

    async def one(number, later):
        async with Scene(central, shim, f"cut-{number}") as scene:
            simulator = scene.simulator
            # Sends go on while nothing is stored; one of those is the last.
            simulator.environment = {
                **scene.shim, "EVCP_CRASH_FAULT": f"any EIO {number} 0", "EVCP_CRASH_AT": f"told {100 + later} lost 1",
            }
            await simulator.launch()
            await scene.until_over(scene.session(disk_comes_back=False))
            if simulator.running:
                await simulator.kill()
            before = (scene.said("storage fails") or [len(simulator.events.items)])[0]
            told = [event for event in simulator.events.items[:before] if event["event"] == "tx"]
            scene.switch(False)
            await scene.power_back()
            await scene.recovery()
            books = scene.point.books
            wrong = [f"{tag} is on the books more than once" for tag in SESSIONS if len(books.of_tag(tag)) > 1]
            for event in told:
                found = books.of_tag(event["id_tag"])
                if not found or found[0].stop is None:
                    wrong.append(f"{event['id_tag']} is lost: {found}")
                elif event["state"] == "stopped" and found[0].meter_stop != event["meter_stop"]:
                    wrong.append(f"{event['id_tag']} has another end: {found}")
            # A stop that only memory knew is followed by that of the power cut: nobody else can be stray.
            wrong += [f"stray: {stray}" for stray in books.strays if stray.get("reason") != "PowerLoss"]
            scene.point.checker.violations.clear()
            return wrong

    await each(tries, one)


# rules: 61
@pytest.mark.parametrize("calls, error", [("read", "EIO"), ("open", "EIO"), ("write", "ENOSPC"), ("sync", "EIO")])
async def test_a_disk_that_fails_at_the_start_leaves_the_books_alone(central, shim, calls, error):
    """The charge point may refuse to start; what it has on the disk is there when the disk works again."""

    async def one(number):
        async with Scene(central, shim, f"start-{calls}-{number}") as scene:
            simulator, point = scene.simulator, scene.point
            await simulator.start()
            await point.status(2, "Available")
            await simulator.stop()
            # A clock that nobody has set yet: the next start has to write, not only to read.
            await scene.central_away(simulator)
            await simulator.plug_in(2)
            await scene.begin(2, "OFFLINE", "started")
            await scene.end(2, "OFFLINE")
            await simulator.kill()
            scene.switch(True)
            simulator.environment = {**scene.shim, "EVCP_CRASH_FAULT": f"{calls} {error} {number} 0"}
            await simulator.launch()
            await scene.until_over(simulator.ready())
            started = simulator.running
            if started:
                await simulator.kill()
            scene.switch(False)
            scene.central_back(simulator)
            await scene.power_back()
            await scene.recovery()
            reasons = [one.stop["reason"] for one in point.books.of_tag("OFFLINE")]
            if not started:
                refusals.append(number)
            return faults(scene) + ([f"OFFLINE is on the books as {reasons}"] if reasons != ["Local"] else [])

    refusals = []
    await each([(number,) for number in range(1, 16)], one)
    assert refusals, "no start failed"


# rules: 60, 61
async def test_a_queue_that_cannot_be_read_waits_and_is_not_overtaken(central, simulators):
    point = central.point("QUEUE")
    simulator = await simulators(central.url, "QUEUE", keys={"AllowOfflineTxForUnknownId": "true"}).start()
    await point.status(2, "Available")
    await central.stop_listening()
    # More than the charge point has in memory at a time.
    tags = [f"T{number}" for number in range(40)]
    await simulator.plug_in(1)
    for tag in tags:
        await simulator.tag(1, tag)
        await simulator.wait("tx", state="started", id_tag=tag)
        await simulator.tag(1, tag)
        await simulator.wait("tx", state="stopped", id_tag=tag)
        await simulator.plug_out(1)
        await simulator.plug_in(1)
    await simulator.plug_out(1)
    await simulator.kill()
    point.checker.power_up()
    simulator.forget()
    await simulator.start()
    # By then it has read the first of them.
    await simulator.wait("ws", state="failed")
    await simulator.do("storage", fail=True)
    await central.resume()
    await simulator.wait("log", text=lambda text: text.startswith("storage fails"))
    await simulator.plug_in(1)
    await simulator.tag(1, "LATER")
    await simulator.wait("tx", state="started", id_tag="LATER")
    await point.until(lambda: len(point.books.sessions) >= 32, "all that was in memory")
    await simulator.do("storage", fail=False)
    await simulator.wait("tx", state="confirmed", id_tag="LATER")
    await simulator.wait("log", text="storage works again")
    assert [one.id_tag for one in point.books.sessions.values()] == [*tags, "LATER"]
    assert all(one.stop for one in list(point.books.sessions.values())[:-1]) and not point.books.strays

"""The firmware to copy, `examples/c/charger`, at a central system: what its hardware does in each case."""

import asyncio
import subprocess

import pytest
import pytest_asyncio

from feed import PATIENCE, Feed
from test_c_api import ROOT, SANITIZE, WARNINGS, compiled
from test_smart_cases import install, profile

SOURCES = sorted((ROOT / "examples" / "c" / "charger").glob("*.c"))


class Charger:
    """The process: people write a line to it, and read what it shows, without the blanks between."""

    def __init__(self, process, point):
        self.process, self.point = process, point
        self.shown = Feed("what the charger shows")
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        while line := await self.process.stdout.readline():
            self.shown.push({"line": " ".join(line.decode().split())})

    async def do(self, *lines):
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        await self.process.stdin.drain()

    async def shows(self, what, line):
        """Waits for a line such as "contactor open" at connector 1, that nobody has waited for yet."""
        await self.shown.wait({"line": f"{what} {line} (connector 1)"})

    async def charges(self, amps="32.0 A", contactor="closed, energy flows"):
        """Somebody plugs in at connector 1, and shows a card."""
        await self.do("plug 1", "tag 1 CAFE01")
        await self.shows("lock", "closed")
        await self.shows("pilot", amps)
        await self.shows("contactor", contactor)
        await self.point.status(1, "Charging")

    async def quit(self):
        await self.do("quit")
        assert await asyncio.wait_for(self.process.wait(), 3 * PATIENCE) == 0
        await self._reading


def one_phase(purpose):
    """20 A on one phase."""
    made = profile(purpose, [(0, 20)], kind="Relative")
    made["charging_schedule"]["charging_schedule_period"][0]["number_phases"] = 1
    return made


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compiled("examples/c/charger", tmp_path_factory.mktemp("program"), *SANITIZE)


@pytest_asyncio.fixture
async def charger(central, program, tmp_path):
    point = central.point("CHARGER")
    process = await asyncio.create_subprocess_exec(
        program, "--url", central.url, "--state-dir", str(tmp_path / "state"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )
    made = Charger(process, point)
    await point.status(2, "Available")
    yield made
    await made.quit()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_it_compiles_without_a_warning_of_any_kind(compiler):
    more = ["-Wshadow", "-Wconversion", "-Wstrict-prototypes"]
    for source in SOURCES:
        subprocess.run(
            [compiler, "-std=c11", "-Os", *WARNINGS, *more, f"-I{ROOT / 'include'}", "-fsyntax-only", str(source)], check=True
        )


def test_it_can_be_read_in_an_hour():
    sizes = {path.name: len(path.read_text().splitlines()) for path in SOURCES[0].parent.iterdir()}
    assert max(sizes.values()) <= 280, sizes
    # Without the board that is simulated, and the people in front of it.
    assert sum(size for name, size in sizes.items() if not name.startswith(("simulated", "commands"))) <= 1300, sizes


async def test_the_pilot_follows_the_limit_down_to_nothing_and_back(charger):
    await charger.charges()
    for limit, pilot, status in [(10, "10.0 A", None), (0, "no current", "SuspendedEVSE"), (16, "16.0 A", "Charging")]:
        await install(charger.point, 1, profile("TxProfile", [(0, limit)], kind="Relative"))
        await charger.shows("pilot", pilot)
        if status:
            await charger.point.status(1, status)
    await charger.shows("contactor", "closed, energy flows")


async def test_one_phase_closes_one_pole(charger):
    await install(charger.point, 1, one_phase("TxDefaultProfile"))
    await charger.charges("20.0 A", "closed, energy flows, one phase")


async def test_phases_are_switched_with_an_open_contactor_and_a_pause(charger):
    await charger.charges()
    await install(charger.point, 1, one_phase("TxProfile"))
    await charger.shows("contactor", "open")
    assert (await charger.point.status(1, "SuspendedEVSE"))["info"] == "switch of phases"
    await charger.shows("contactor", "closed, energy flows, one phase")
    await charger.point.status(1, "Charging")


async def test_heat_takes_half_of_the_current_then_all_then_the_service(charger):
    await charger.charges()
    await charger.do("temp 65")
    await charger.shows("pilot", "16.0 A")
    await charger.do("temp 80")
    await charger.shows("contactor", "open")
    assert (await charger.point.status(1, "SuspendedEVSE"))["info"] == "too hot"
    await charger.do("temp 95")
    assert (await charger.point.status(1, "Faulted"))["errorCode"] == "HighTemperature"
    await charger.shows("pilot", "out of order")
    await charger.do("temp 20")
    await charger.shows("pilot", "32.0 A")
    await charger.point.status(1, "Charging")
    assert not charger.point.seen("StopTransaction")


async def test_nothing_flows_when_the_lock_does_not_close(charger):
    await charger.do("break 1 stick", "plug 1", "tag 1 CAFE01")
    await charger.shows("lock", "stuck")
    assert (await charger.point.status(1, "Faulted"))["errorCode"] == "ConnectorLockFailure"
    assert not [item for item in charger.shown.items if "closed, energy flows" in item["line"]]
    await charger.do("mend 1 stick", "clear 1")
    await charger.shows("contactor", "closed, energy flows")
    await charger.point.status(1, "Charging")


async def test_a_welded_contactor_keeps_its_cable_and_is_told(charger):
    await charger.charges()
    await charger.do("break 1 weld", "button 1")
    assert (await charger.point.status(1, "Faulted"))["errorCode"] == "PowerSwitchFailure"
    await charger.point.wait("StopTransaction")
    assert (await charger.point.call("UnlockConnector", connector_id=1)).status == "UnlockFailed"
    assert not [item for item in charger.shown.items if item["line"] == "lock open (connector 1)"]


async def test_a_ground_fault_pauses_until_a_technician_has_looked(charger):
    await charger.charges()
    await charger.do("break 1 rcd")
    await charger.shows("contactor", "open")
    assert (await charger.point.status(1, "Faulted"))["errorCode"] == "GroundFailure"
    await charger.do("mend 1 rcd", "clear 1")
    await charger.point.status(1, "Charging")


async def test_the_emergency_stop_ends_what_runs(charger):
    await charger.charges()
    await charger.do("estop")
    await charger.shows("contactor", "open")
    assert (await charger.point.wait("StopTransaction"))["reason"] == "EmergencyStop"
    await charger.point.status(0, "Faulted", info="emergency stop")
    await charger.do("estop over")
    await charger.point.status(0, "Available")
    await charger.do("unplug 1")
    await charger.point.status(1, "Available")


async def test_a_card_that_lies_there_is_one_card(charger):
    await charger.charges()
    await charger.do("tag 1 CAFE01", "tag 1 CAFE01")
    await charger.point.wait("StopTransaction")
    await charger.do("tag 1 CAFE01", "unplug 1")
    await charger.point.status(1, "Available")
    await charger.shows("status", "Available")
    assert len([item for item in charger.shown.items if item["line"].startswith("tag ")]) == 2


async def test_a_shorted_pilot_is_a_warning_and_no_energy(charger):
    await charger.charges()
    await charger.do("break 1 short")
    await charger.point.status(1, "SuspendedEVSE", errorCode="EVCommunicationError")
    await charger.do("mend 1 short")
    await charger.point.status(1, "Charging", errorCode="NoError")


async def test_a_full_vehicle_is_suspended_by_itself(charger):
    await charger.charges()
    await charger.do("break 1 full")
    await charger.point.status(1, "SuspendedEV")
    await charger.shows("contactor", "open")


async def test_a_meter_that_says_nothing_is_a_warning(charger):
    await charger.do("break 1 dead", "plug 1", "tag 1 CAFE01")
    await charger.point.status(1, "Charging")
    await charger.point.status(1, "Charging", errorCode="PowerMeterFailure")

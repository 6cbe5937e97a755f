"""Fixtures that every scenario uses: a central system, and charge points that connect to it."""

import os
from pathlib import Path

import pytest_asyncio
import pytest

# The Python binding loads it at import.
os.environ.setdefault("EVCP_LIBRARY", str(Path(__file__).resolve().parents[2] / "target/release/libevcp.so"))

from central_system import CentralSystem
from hostile_site import site  # noqa: F401
from simulator import Simulator, configuration, program

CENTRALS = pytest.StashKey()


def pytest_report_header():
    try:
        return f"simulator: {' '.join(program())}"
    except FileNotFoundError as error:
        return f"simulator: missing: {error}"


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """A test fails on what the wire checker saw, even when all that it asserts holds."""
    result = yield
    violations = [text for central in pyfuncitem.stash.get(CENTRALS, []) for text in central.violations]
    if violations:
        pytest.fail("the wire checker saw:\n  " + "\n  ".join(violations[:20]), pytrace=False)
    return result


@pytest_asyncio.fixture
async def central_system(request):
    """Makes central systems: `await central_system(passwords=...)`."""
    made = request.node.stash.setdefault(CENTRALS, [])

    async def make(**settings):
        central = CentralSystem(**settings)
        made.append(central)
        return await central.start()

    yield make
    for central in made:
        await central.close()


@pytest_asyncio.fixture
async def central(central_system):
    return await central_system()


@pytest_asyncio.fixture
async def simulators(tmp_path):
    """Makes simulators, which are not started yet: `simulators(url, "CP1", keys={...})`."""
    made = []

    def make(url, identity="CP1", **settings):
        simulator = Simulator(tmp_path / f"{len(made)}-{identity}", configuration(identity, url, **settings))
        made.append(simulator)
        return simulator

    yield make
    for simulator in made:
        if simulator.running:
            await simulator.kill()


@pytest_asyncio.fixture
async def booted(central, simulators):
    """Makes a charge point that is accepted and has reported all its connectors: (simulator, point)."""

    async def make(identity="CP1", *, connectors=2, **settings):
        point = central.point(identity)
        simulator = await simulators(central.url, identity, connectors=connectors, **settings).start()
        await point.wait("BootNotification")
        for connector in range(connectors + 1):
            await point.status(connector, "Available")
        point.forget()
        simulator.forget()
        return simulator, point

    return make

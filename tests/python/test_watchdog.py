"""The watchdog (host.watchdog_s): a firmware that does not dispatch while energy flows, in Python."""

import time

import evcp
import pytest
from evcp import ErrorCode, Ev, EvcpError, Fault, Status

from binding import Charger, config


async def test_a_loop_that_hangs_has_no_energy_and_gets_it_back(central):
    point = central.point("PY1")
    async with Charger(config(central.url, settings={"host.watchdog_s": 1})) as charger:
        await charger.ready()
        charger.set_ev(1, Ev.CHARGING)
        charger.start_tx(1, "FREE")
        await charger.wait("supply", connector=1, permit=True)
        # Nothing else runs on this loop meanwhile.
        while charger.get_supply(1).permit:
            time.sleep(0.01)
        await charger.wait("status", connector=0, status=Status.FAULTED, fault=Fault.INTERNAL_ERROR)
        await charger.wait("supply", connector=1, permit=False)
        await point.status(0, "Faulted", errorCode="InternalError")
        await charger.wait("supply", connector=1, permit=True)
        await point.status(0, "Available", errorCode="NoError")
        assert point.books.of_tag("FREE")[0].stop is None


@pytest.mark.parametrize("wrong", [-1, 0.5, "soon"])
def test_what_is_no_time_is_refused(wrong):
    with pytest.raises(EvcpError, match="host.watchdog_s") as refused:
        evcp.ChargePoint(config(settings={"host.watchdog_s": wrong}))
    assert refused.value.code is ErrorCode.INVALID

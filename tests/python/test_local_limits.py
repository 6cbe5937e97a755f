"""Local limits through Python."""

import math

import evcp
import pytest
from evcp import EvcpError, Unit

from binding import Charger, config


async def test_a_house_meter_limits_and_what_it_said_goes_stale(central):
    point = central.point("PY1")
    async with Charger(config(central.url)) as charger:
        await charger.ready()
        charger.set_failsafe(0, "house meter", 4140, Unit.WATTS)
        charger.set_ev(1, evcp.Ev.CHARGING)
        charger.start_tx(1, "FREE")
        (await charger.wait("supply", permit=True))
        assert charger.get_supply(1).amps == 6
        charger.set_local_limit(0, "house meter", 16, valid_for=0.2)
        told = await charger.wait("supply", permit=True)
        assert told["supply"].amps == 16
        assert [(limit.source, limit.value, limit.failsafe) for limit in charger.get_local_limits(0)] \
            == [("house meter", 16, False)]
        told = await charger.wait("supply", permit=True)
        assert told["supply"].amps == 6
        assert charger.get_local_limits(0) == [evcp.LocalLimit("house meter", 4140, Unit.WATTS, 0, True)]
        charger.set_local_limit(0, "house meter", 3)
        await charger.wait("supply", permit=False)
        await point.status(1, "SuspendedEVSE")


async def test_failsafe_values_outlive_a_restart(central, tmp_path):
    made_of = config(central.url, storage=tmp_path / "state")
    point = central.point("PY1")
    async with Charger(made_of) as charger:
        charger.set_failsafe(1, "cable", 13, phases=1)
        await charger.ready()
        assert charger.get_local_limits(1)
    point.checker.power_up()
    async with Charger(made_of) as charger:
        assert charger.get_local_limits(1) == [evcp.LocalLimit("cable", 13, Unit.AMPS, 1, True)]


@pytest.mark.parametrize("value, name", [(math.nan, "NaN"), (-1, "-1"), (10_001, "10000 A")])
def test_what_is_no_limit_is_refused(value, name):
    with evcp.ChargePoint(config()) as charger, pytest.raises(EvcpError, match=name):
        charger.set_local_limit(1, "grid", value)


def test_the_least_current_is_part_of_the_set_up():
    with pytest.raises(EvcpError, match="0 to 80"):
        evcp.ChargePoint(config(min_currents={1: 81}))

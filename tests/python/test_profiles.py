"""Charging profiles of the charger's own through Python."""

import json

import pytest
from evcp import Change, ErrorCode, Ev, EvcpError, Purpose

from binding import Charger, config


def profile(number, purpose="TxDefaultProfile", level=0, amps=10):
    period = {"startPeriod": 0, "limit": amps}
    return {
        "chargingProfileId": number, "stackLevel": level, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]},
    }


async def test_python_installs_lists_and_clears_and_the_central_system_sees_the_composite(central):
    point = central.point("PY1")
    async with Charger(config(central.url)) as charger:
        await charger.ready()
        charger.install_profile(1, json.dumps(profile(7)))
        charger.set_ev(1, Ev.CHARGING)
        charger.start_tx(1, "FREE")
        await charger.wait("tx", change=Change.CONFIRMED)
        (found,) = charger.get_profiles()
        assert (found.connector, found.id, found.level, found.purpose, found.local, found.ignored, found.tx) == (
            1, 7, 0, Purpose.TX_DEFAULT, True, False, None)
        assert json.loads(found.json) == profile(7)
        answer = await point.call("GetCompositeSchedule", connector_id=1, duration=60)
        (period,) = answer.charging_schedule["charging_schedule_period"]
        assert period["limit"] == 10
        assert (await point.call("ClearChargingProfile")).status == "Unknown"
        charger.clear_profile(1, 7)
        charger.clear_profiles()
        with pytest.raises(EvcpError, match="no profile 7") as refused:
            charger.clear_profile(1, 7)
        assert refused.value.code is ErrorCode.INVALID
        with pytest.raises(EvcpError, match="stackLevel"):
            charger.install_profile(1, json.dumps(profile(7, level=-1)))
        with pytest.raises(EvcpError, match="connector 9"):
            charger.install_profile(9, json.dumps(profile(7)))

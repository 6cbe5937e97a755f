"""Smart charging over a real socket: the certification cases, the live supply, and what survives."""

import datetime
import itertools

import pytest
from ocpp.exceptions import OCPPError
from ocpp.v16 import call

from steps import OTHER, TAG, charge, value_of

UNITS = pytest.mark.parametrize("unit", ["A", "W"])
ids = itertools.count(1)

#: High enough for limits in W.
HARDWARE = {"smart_charging": {"default_limit_a": 100, "phases": 3, "voltage": 230}}


def utc(offset_s=0):
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def profile(purpose, periods, unit="A", *, level=0, duration=None, start=0, kind="Absolute", **more):
    scale = 1000 if unit == "W" else 1
    schedule = {
        "charging_rate_unit": unit,
        "charging_schedule_period": [
            {"start_period": begin, "limit": float(limit * scale)} for begin, limit in periods
        ],
    }
    if kind != "Relative":
        schedule["start_schedule"] = utc(start)
    if duration is not None:
        schedule["duration"] = duration
    return {
        "charging_profile_id": next(ids), "stack_level": level, "charging_profile_purpose": purpose,
        "charging_profile_kind": kind, "charging_schedule": schedule, **more,
    }


async def install(point, connector, wanted, status="Accepted"):
    answer = await point.call("SetChargingProfile", connector_id=connector, cs_charging_profiles=wanted)
    assert answer.status == status


async def composite(point, connector, duration, unit):
    """The periods of the composite schedule, limits as in the profiles."""
    answer = await point.call(
        "GetCompositeSchedule", connector_id=connector, duration=duration, charging_rate_unit=unit
    )
    assert (answer.status, answer.connector_id) == ("Accepted", connector)
    schedule = answer.charging_schedule
    assert schedule["charging_rate_unit"] == unit and schedule["duration"] == duration
    assert "start_schedule" not in schedule
    scale = 1000 if unit == "W" else 1
    return [(one["start_period"], one["limit"] / scale) for one in schedule["charging_schedule_period"]]


def assert_periods(found, expected):
    """The same limits, at the same times but for the seconds that went by."""
    assert [limit for _, limit in found] == [limit for _, limit in expected]
    assert found[0][0] == 0
    for (start, _), (wanted, _) in zip(found[1:], expected[1:]):
        assert wanted - 4 <= start <= wanted


async def limits_told(simulator, count, connector=1):
    """The next limits that the charger is told, in A per phase; 0 where nothing may flow."""
    found = []
    while len(found) < count:
        event = await simulator.wait("supply", connector=connector)
        found.append(event["amps"] if event["permit"] else 0)
    return found


# cases: TC_056, TC_082; rules: 151
@UNITS
async def test_a_default_profile_is_in_the_schedule_of_a_transaction(booted, unit):
    simulator, point = await booted(**HARDWARE)
    await charge(simulator, point)
    await install(point, 1, profile("TxDefaultProfile", [(0, 6), (60, 10), (120, 8)], unit, duration=300))
    assert_periods(await composite(point, 1, 180, unit), [(0, 6), (60, 10), (120, 8)])


# cases: TC_057
@UNITS
async def test_a_profile_of_a_transaction_is_in_its_schedule(booted, unit):
    simulator, point = await booted(**HARDWARE)
    session = await charge(simulator, point)
    wanted = profile(
        "TxProfile", [(0, 6), (60, 10), (120, 8)], unit, duration=260, transaction_id=session.transaction_id
    )
    await install(point, 1, wanted)
    assert_periods(await composite(point, 1, 200, unit), [(0, 6), (60, 10), (120, 8)])


# cases: TC_058_1, TC_058_2; rules: 139
async def test_a_profile_for_no_transaction_or_another_is_rejected(booted):
    simulator, point = await booted(**HARDWARE)
    await install(point, 1, profile("TxProfile", [(0, 6)]), "Rejected")
    session = await charge(simulator, point)
    other = profile("TxProfile", [(0, 6)], transaction_id=session.transaction_id + 1)
    await install(point, 1, other, "Rejected")
    await install(point, 2, profile("TxProfile", [(0, 6)]), "Rejected")


# cases: TC_059; rules: 105
@UNITS
async def test_a_remote_start_brings_its_profile(booted, unit):
    simulator, point = await booted(**HARDWARE)
    wanted = profile("TxProfile", [(0, 6), (60, 10)], unit, kind="Relative")
    await simulator.plug_in(1)
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1, charging_profile=wanted)
    assert answer.status == "Accepted"
    await point.status(1, "Charging")
    assert_periods(await composite(point, 1, 120, unit), [(0, 6), (60, 10)])


# cases: TC_060; rules: 105
async def test_a_remote_start_with_a_profile_of_another_purpose_is_rejected(booted):
    _, point = await booted(**HARDWARE)
    for purpose in ("TxDefaultProfile", "ChargePointMaxProfile"):
        wanted = profile(purpose, [(0, 6)])
        answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1, charging_profile=wanted)
        assert answer.status == "Rejected"


# rules: 105
async def test_a_profile_of_a_remote_start_that_never_started_applies_to_nobody_else(booted):
    simulator, point = await booted(**HARDWARE)
    wanted = profile("TxProfile", [(0, 6)], kind="Relative")
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1, charging_profile=wanted)
    assert answer.status == "Accepted"
    await point.status(1, "Preparing")
    await simulator.tag(1, TAG)
    await point.status(1, "Available")
    await charge(simulator, point, 1, OTHER)
    assert await composite(point, 1, 60, "A") == [(0, 100)]


# cases: TC_066; rules: 144
@UNITS
async def test_all_purposes_make_one_schedule(booted, unit):
    simulator, point = await booted(**HARDWARE)
    session = await charge(simulator, point)
    await install(point, 0, profile("ChargePointMaxProfile", [(0, 10)], unit, duration=86400))
    default = [(0, 6), (60, 10), (120, 8), (180, 25), (260, 8)]
    await install(point, 1, profile("TxDefaultProfile", default, unit, duration=300))
    own = [(0, 8), (50, 11), (140, 16), (200, 6), (240, 12)]
    wanted = profile("TxProfile", own, unit, duration=260, transaction_id=session.transaction_id)
    await install(point, 1, wanted)
    expected = [(0, 8), (50, 10), (200, 6), (240, 10), (260, 8), (300, 10)]
    assert_periods(await composite(point, 1, 400, unit), expected)


# cases: TC_067; rules: 153
@UNITS
async def test_profiles_are_cleared_one_by_one_by_kind_and_all_at_once(booted, unit):
    simulator, point = await booted(**HARDWARE)
    session = await charge(simulator, point)

    async def clear(status="Accepted", **members):
        assert (await point.call("ClearChargingProfile", **members)).status == status

    top = profile("ChargePointMaxProfile", [(0, 30)], unit)
    own = profile("TxProfile", [(0, 6)], unit, transaction_id=session.transaction_id)
    await install(point, 0, top)
    await install(point, 1, profile("TxDefaultProfile", [(0, 10)], unit))
    await install(point, 1, own)
    assert await composite(point, 1, 60, unit) == [(0, 6)]
    await clear(id=own["charging_profile_id"])
    assert await composite(point, 1, 60, unit) == [(0, 10)]
    await clear("Unknown", connector_id=0, charging_profile_purpose="TxDefaultProfile")
    await clear(connector_id=1, charging_profile_purpose="TxDefaultProfile", stack_level=0)
    assert await composite(point, 1, 60, unit) == [(0, 30)]
    await clear()
    await clear("Unknown")
    free = 100 if unit == "A" else 69
    assert await composite(point, 1, 60, unit) == [(0, free)]


# cases: TC_072; rules: 143
@UNITS
async def test_a_stack_falls_back_to_its_lower_level(booted, unit):
    simulator, point = await booted(**HARDWARE)
    low = profile("TxDefaultProfile", [(0, 6), (50, 5), (100, 8), (200, 10)], unit, duration=400)
    await install(point, 1, low)
    await install(point, 1, profile("TxDefaultProfile", [(0, 7), (100, 9)], unit, level=1, duration=150))
    await charge(simulator, point)
    expected = [(0, 7), (100, 9), (150, 8), (200, 10)]
    assert_periods(await composite(point, 1, 350, unit), expected)


# rules: 152
async def test_the_grid_connection_has_a_schedule_and_an_unknown_connector_none(booted):
    _, point = await booted(**HARDWARE)
    assert await composite(point, 0, 60, "A") == [(0, 200)]
    await install(point, 0, profile("ChargePointMaxProfile", [(0, 32)]))
    assert await composite(point, 0, 60, "A") == [(0, 32)]
    answer = await point.call("GetCompositeSchedule", connector_id=3, duration=60)
    assert answer.status == "Rejected"


# rules: 156
async def test_the_charger_is_told_each_limit_when_its_time_comes(booted):
    simulator, point = await booted(**HARDWARE)
    await charge(simulator, point)
    simulator.forget()
    point.forget()
    await install(point, 1, profile("TxDefaultProfile", [(0, 16), (2, 0), (4, 6.5), (6, 20)]))
    assert await limits_told(simulator, 4) == [16, 0, 6.5, 20]
    await point.status(1, "SuspendedEVSE")
    await point.status(1, "Charging")


# rules: 150
@pytest.mark.parametrize("after, own", [("stop", 16), ("resume", 8)])
async def test_profiles_survive_a_power_cut_and_that_of_a_transaction_with_it(booted, after, own):
    tuning = {"tx.after_power_loss": after, "storage.sample_commit_s": "0"}
    # The vehicle is not there any more when the power is back; a transaction that goes on waits for it.
    keys = {"StopTransactionOnEVSideDisconnect": "false"}
    simulator, point = await booted(tuning=tuning, keys=keys, **HARDWARE)
    session = await charge(simulator, point)
    await install(point, 0, profile("ChargePointMaxProfile", [(0, 60)]))
    await install(point, 0, profile("TxDefaultProfile", [(0, 16)]))
    await install(point, 2, profile("TxDefaultProfile", [(0, 10)]))
    await install(point, 1, profile("TxProfile", [(0, 8)], transaction_id=session.transaction_id))
    answer = await point.call("ClearChargingProfile", connector_id=2)
    assert answer.status == "Accepted"
    await simulator.kill()
    point.checker.power_up()
    point.forget()
    await simulator.restart()
    await point.status(2, "Available")
    assert await composite(point, 1, 60, "A") == [(0, own)]
    assert await composite(point, 2, 60, "A") == [(0, 16)]
    assert await composite(point, 0, 60, "A") == [(0, own + 16)]


# rules: 144
async def test_two_connectors_share_what_all_may_draw(booted):
    simulator, point = await booted(**HARDWARE)
    await install(point, 0, profile("ChargePointMaxProfile", [(0, 21)]))
    await charge(simulator, point, 1, TAG)
    assert (await simulator.connector(1))["supply"]["amps"] == 21
    await charge(simulator, point, 2, OTHER)
    both = [(await simulator.connector(number))["supply"]["amps"] for number in (1, 2)]
    assert both == [10.5, 10.5]
    await simulator.tag(1, TAG)
    await simulator.wait("supply", connector=2, amps=21)
    now = {1: 0, 2: 0}
    for event in simulator.events.items:
        if event["event"] == "supply":
            now[event["connector"]] = event["amps"] if event["permit"] else 0
            assert sum(now.values()) <= 21


# cases: TC_019; rules: 154
async def test_the_keys_of_smart_charging_are_listed_and_cannot_be_written(booted):
    _, point = await booted()
    assert "SmartCharging" in (await value_of(point, "SupportedFeatureProfiles")).split(",")
    names = [
        "ChargeProfileMaxStackLevel", "ChargingScheduleAllowedChargingRateUnit", "ChargingScheduleMaxPeriods",
        "MaxChargingProfilesInstalled",
    ]
    answer = await point.call("GetConfiguration", key=names)
    assert [(one["key"], one["readonly"]) for one in answer.configuration_key] == [(name, True) for name in names]
    answer = await point.call("ChangeConfiguration", key=names[0], value="1")
    assert answer.status == "Rejected"


# rules: 140
async def test_a_profile_that_breaks_the_schema_is_an_error_and_changes_nothing(booted):
    _, point = await booted(**HARDWARE)
    bad = profile("TxDefaultProfile", [(0, 6)])
    bad["charging_profile_purpose"] = "Nonsense"
    with pytest.raises(OCPPError) as error:
        request = call.SetChargingProfile(1, bad)
        await point.link.call(request, suppress=False, skip_schema_validation=True)
    assert error.value.code == "PropertyConstraintViolation"
    assert await composite(point, 1, 60, "A") == [(0, 100)]

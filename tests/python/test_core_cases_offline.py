"""The core cases of certification: power failures, and sessions without a network."""

import datetime

import pytest

from steps import (
    OTHER, TAG, TOLERANCE_S, availability, begin_offline, boot_statuses, boots, charge, lock_of, offline,
    power_back, samples, starts, utc_now, well_formed,
)
from wire_checker import parse_time

OFFLINE = {"LocalAuthorizeOffline": "true", "AuthorizationCacheEnabled": "true", "AllowOfflineTxForUnknownId": "true"}
TOLERANCE = datetime.timedelta(seconds=TOLERANCE_S)


def only_session(point):
    (session,) = point.books.sessions.values()
    assert not point.books.strays
    return session


async def known(simulator, point, id_tag=TAG):
    """A session that leaves its tag in the cache."""
    await charge(simulator, point, 1, id_tag)
    await simulator.tag(1, id_tag)
    await point.wait("StopTransaction")
    await simulator.plug_out(1)
    await point.status(1, "Available")
    point.forget()
    simulator.forget()


async def started_with_refused_tag(booted, stops, **keys):
    """A transaction that began offline with a tag that the central system does not accept; online again."""
    simulator, point = await booted(keys={**OFFLINE, "StopTransactionOnInvalidId": stops, **keys})
    point.policy.tags[TAG] = {"status": "Invalid", "parentIdTag": "GROUP"}
    point.policy.tags["FRIEND"] = {"status": "Accepted", "parentIdTag": "GROUP"}
    await begin_offline(simulator, point)
    await simulator.network(True)
    await point.wait("StartTransaction", idTag=TAG)
    return simulator, point, only_session(point)


# cases: TC_032_1; rules: 72
async def test_a_power_failure_with_a_backup_is_reported_before_the_end(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    await simulator.do("power_loss", backup=True)
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="PowerLoss")
    await point.status(1, "Finishing")
    await simulator.gone()
    await point.disconnected()
    await power_back(simulator, point, plugged=[1])
    statuses = await boot_statuses(point, 2)
    assert statuses[0] == statuses[2] == "Available" and statuses[1] in ("Preparing", "Finishing")
    assert not point.books.strays


# cases: TC_032_2; rules: 28, 61, 72
async def test_a_power_failure_without_a_backup_is_reported_after_the_boot(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    await simulator.kill()
    await point.disconnected()
    assert session.stop is None
    await power_back(simulator, point, plugged=[1])
    statuses = await boot_statuses(point, 2)
    assert statuses[0] == statuses[2] == "Available" and statuses[1] in ("Preparing", "Finishing")
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="PowerLoss")
    assert session.meter_stop >= session.meter_start and not point.books.strays


@pytest.mark.parametrize("connector", [0, 1])
# cases: TC_034; rules: 27, 47
async def test_what_is_unavailable_stays_so_over_a_power_failure(booted, connector):
    simulator, point = await booted()
    await availability(point, connector, "Inoperative")
    affected = [0, 1, 2] if connector == 0 else [1]
    for one in affected:
        await point.status(one, "Unavailable")
    await simulator.kill()
    await power_back(simulator, point)
    wanted = ["Unavailable" if one in affected else "Available" for one in (0, 1, 2)]
    assert await boot_statuses(point, 2) == wanted


# cases: TC_036; rules: 4, 60, 73
async def test_the_samples_of_an_outage_arrive_without_a_gap_and_before_the_new_ones(booted):
    simulator, point = await booted(keys={"MeterValueSampleInterval": "1"})
    session = await charge(simulator, point)
    await point.wait("MeterValues")
    await offline(simulator, point)
    before = len(session.values)
    # The queue grows by one with each sample.
    await simulator.until(lambda state: state["queue"] >= 3, "three samples in the queue")
    await simulator.network(True)
    await point.until(lambda: len(session.values) >= before + 5, "old samples and new ones")
    taken = [parse_time(one["meterValue"][0]["timestamp"]) for one in session.values]
    steps = [(later - earlier).total_seconds() for earlier, later in zip(taken, taken[1:])]
    assert all(abs(step - 1) <= TOLERANCE_S for step in steps), steps
    found = samples(session.values, "Sample.Periodic")
    assert len(found) == sum(len(value["sampledValue"]) for one in session.values for value in one["meterValue"])
    assert all(well_formed(sample) for _, sample in found)
    assert session.readings == sorted(session.readings)
    assert len(boots(point)) == 1


# cases: TC_037_1; rules: 4, 60, 91
async def test_a_known_tag_starts_offline_and_the_start_keeps_its_time(booted):
    simulator, point = await booted(keys={**OFFLINE, "MeterValueSampleInterval": "1"})
    await known(simulator, point)
    came = utc_now()
    await begin_offline(simulator, point)
    await simulator.until(lambda state: state["queue"] >= 3, "the start and two samples in the queue")
    back = utc_now()
    await simulator.network(True)
    start = await point.wait("StartTransaction", idTag=TAG, connectorId=1)
    time = parse_time(start["timestamp"])
    assert came - TOLERANCE <= time <= back - 3 * TOLERANCE, "two samples are 2 s younger than the start"
    await point.status(1, "Charging")
    assert len(boots(point)) == 1


# cases: TC_037_2; rules: 58
async def test_a_refused_tag_gets_no_energy_and_keeps_its_transaction_until_it_stops_it(booted):
    simulator, point, session = await started_with_refused_tag(booted, "false")
    await point.status(1, "SuspendedEVSE")
    assert (await simulator.connector(1))["supply"]["permit"] is False
    assert session.stop is None
    await simulator.tag(1, TAG)
    stop = await point.wait("StopTransaction", transactionId=session.transaction_id)
    assert stop.get("reason", "Local") == "Local"
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")


# cases: TC_037_2; rules: 59
async def test_a_refused_tag_gets_as_much_energy_as_is_conceded(booted):
    simulator, point, session = await started_with_refused_tag(
        booted, "false", MaxEnergyOnInvalidId="10", MeterValueSampleInterval="1"
    )
    await simulator.wait("tx", connector=1, state="deauthorized")
    await point.status(1, "SuspendedEVSE")
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction", transactionId=session.transaction_id)
    # 10 Wh take 1.6 s at 22 kW, so without the concession there would be next to nothing.
    assert session.meter_stop - session.meter_start >= 10


@pytest.mark.parametrize("tag", [TAG, "FRIEND"])
# cases: TC_037_3; rules: 58
async def test_a_refused_tag_is_stopped_and_its_cable_kept_until_it_is_shown(booted, tag):
    simulator, point, session = await started_with_refused_tag(booted, "true")
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="DeAuthorized")
    await point.status(1, "Finishing")
    assert await lock_of(simulator) is True
    point.policy.tags[OTHER] = {"status": "Invalid"}
    await simulator.tag(1, OTHER)
    await simulator.wait("auth", id_tag=OTHER)
    assert await lock_of(simulator) is True, "a stranger gets no cable"
    simulator.forget()
    await simulator.tag(1, tag)
    await simulator.wait("supply", connector=1, lock=False)
    await simulator.plug_out(1)
    await point.status(1, "Available")
    assert len(point.seen("StopTransaction", transactionId=session.transaction_id)) == 1


# cases: TC_037_3; rules: 58
async def test_a_refused_tag_is_stopped_online_as_well(booted):
    simulator, point = await booted(keys={
        "StopTransactionOnInvalidId": "true", "AuthorizeRemoteTxRequests": "false",
    })
    point.policy.tags[TAG] = {"status": "Blocked"}
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1)
    assert answer.status == "Accepted"
    await point.wait("StopTransaction", reason="DeAuthorized")
    await point.status(1, "Finishing")
    assert starts(point) == [TAG]


# cases: TC_038; rules: 92
async def test_a_tag_stops_its_transaction_offline(booted):
    simulator, point = await booted(keys=OFFLINE)
    session = await charge(simulator, point)
    await offline(simulator, point)
    await simulator.tag(1, TAG)
    await simulator.wait("tx", connector=1, state="stopped")
    await simulator.network(True)
    stop = await point.wait("StopTransaction", transactionId=session.transaction_id)
    assert stop.get("reason", "Local") == "Local"
    await point.status(1, "Finishing")


# cases: TC_038; rules: 92
async def test_a_tag_of_another_group_stops_nothing_offline(booted):
    simulator, point = await booted(keys=OFFLINE)
    point.policy.tags[TAG] = {"status": "Accepted", "parentIdTag": "GROUP"}
    await known(simulator, point, OTHER)
    session = await charge(simulator, point)
    await offline(simulator, point)
    await simulator.tag(1, OTHER)
    await simulator.tag(1, TAG)
    await simulator.wait("tx", connector=1, state="stopped")
    await simulator.network(True)
    stop = await point.wait("StopTransaction", transactionId=session.transaction_id)
    assert stop["idTag"] == TAG


# cases: TC_039; rules: 48, 60, 64
async def test_a_whole_session_offline_is_delivered_with_the_id_that_its_start_gets(booted):
    simulator, point = await booted(keys=OFFLINE)
    await known(simulator, point)
    await begin_offline(simulator, point)
    await simulator.tag(1, TAG)
    await simulator.wait("tx", connector=1, state="stopped")
    await simulator.plug_out(1)
    await simulator.wait("status", connector=1, status="Available")
    await simulator.network(True)
    await point.wait("StartTransaction", idTag=TAG)
    stop = await point.wait("StopTransaction")
    assert stop.get("reason", "Local") == "Local"
    first, second = point.books.sessions.values()
    assert stop["transactionId"] == second.transaction_id and first.stop is not None
    assert not point.books.strays and len(boots(point)) == 1

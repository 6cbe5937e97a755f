"""The core cases of certification: boot, sessions, and who may start and stop them."""

import asyncio

import pytest

from steps import (
    OTHER, TAG, actions, asked, authorized, boot_statuses, change, charge, later_session, lock_of, locked, remote_stop,
    starts, value_of,
)
from wire_checker import parse_time

CACHED = {"AuthorizationCacheEnabled": "true", "LocalPreAuthorize": "true"}
EVERY_WAY = pytest.mark.parametrize("way", ["local", "remote"])


# cases: TC_001; rules: 21, 22, 23, 27, 31
async def test_a_rejected_cold_boot_waits_and_then_reports_and_keeps_its_heartbeat(central, simulators):
    point = central.point("CP1")
    point.policy.boot = [("Rejected", 2)]
    point.policy.heartbeat_s = 1
    clock = asyncio.get_running_loop()
    await simulators(central.url).start()
    await point.wait("BootNotification")
    refused = clock.time()
    await point.wait("BootNotification")
    assert clock.time() - refused > 1.5, "the interval of a refusal is the least wait"
    assert actions(point)[:2] == ["BootNotification"] * 2
    assert await boot_statuses(point, 2) == ["Available"] * 3
    await point.wait("Heartbeat")
    first = clock.time()
    for _ in range(3):
        await point.wait("Heartbeat")
    assert clock.time() - first > 2, "three intervals of 1 s"


# cases: TC_001; rules: 32
async def test_a_changed_heartbeat_interval_is_effective_at_once(booted):
    _, point = await booted()
    await change(point, "HeartbeatInterval", "1")
    await point.wait("Heartbeat")
    await point.wait("Heartbeat")


# cases: TC_002; rules: 21, 24, 27
async def test_a_pending_cold_boot_answers_questions_and_says_nothing_else(central, simulators):
    point = central.point("CP1")
    point.policy.boot = [("Pending", 2)]
    point.policy.heartbeat_s = 1
    simulator = await simulators(central.url).start()
    await point.wait("BootNotification")
    answer = await point.call("GetConfiguration")
    assert len(answer.configuration_key) > 20
    await change(point, "ConnectionTimeOut", "44")
    await simulator.tag(1, TAG)
    await point.wait("BootNotification")
    assert actions(point)[:2] == ["BootNotification"] * 2
    statuses = await boot_statuses(point, 2)
    assert (statuses[0], statuses[2]) == ("Available", "Available")
    await point.wait("Heartbeat")
    assert await value_of(point, "ConnectionTimeOut") == "44"


# cases: TC_003; rules: 39, 51, 53, 67
async def test_a_vehicle_that_is_plugged_in_first_charges_until_its_tag_is_shown_again(booted):
    simulator, point = await booted()
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await simulator.tag(1, TAG)
    await point.wait("Authorize", idTag=TAG)
    start = await point.wait("StartTransaction", connectorId=1, idTag=TAG)
    assert start["meterStart"] == 0 and "reservationId" not in start
    await point.status(1, "Charging")
    await simulator.tag(1, TAG)
    stop = await point.wait("StopTransaction")
    assert stop.get("reason", "Local") == "Local" and stop["idTag"] == TAG
    await point.status(1, "Finishing")
    assert asked(point) == [TAG]


# cases: TC_004_1; rules: 39, 51
async def test_a_tag_that_is_shown_first_charges_after_the_plug_and_frees_the_connector(booted):
    simulator, point = await booted(keys={"MeterValueSampleInterval": "1"})
    await simulator.tag(1, TAG)
    await point.wait("Authorize", idTag=TAG)
    await point.status(1, "Preparing")
    assert not point.seen("StartTransaction")
    await simulator.plug_in(1)
    await point.wait("StartTransaction", connectorId=1, idTag=TAG)
    await point.status(1, "Charging")
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction")
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")


# cases: TC_004_2; rules: 40
async def test_an_authorization_without_a_plug_expires(booted):
    simulator, point = await booted(keys={"ConnectionTimeOut": "1"})
    preparing = await authorized(simulator, point, "local")
    available = await point.status(1, "Available")
    waited = parse_time(available["timestamp"]) - parse_time(preparing["timestamp"])
    assert waited.total_seconds() > 0.9
    # The vehicle that comes too late finds nobody who lets it charge.
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]


# cases: TC_005_1; rules: 49, 68
async def test_a_vehicle_that_leaves_ends_the_transaction_and_frees_the_cable(booted):
    simulator, point = await booted(keys={
        "MinimumStatusDuration": "0", "StopTransactionOnEVSideDisconnect": "true",
        "UnlockConnectorOnEVSideDisconnect": "true",
    })
    session = await charge(simulator, point)
    await locked(simulator, True)
    await simulator.plug_out(1, side="ev")
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="EVDisconnected")
    finishing = await point.status(1, "Finishing")
    assert finishing["errorCode"] == "NoError" and finishing["info"] == "EV side disconnected"
    await locked(simulator, False)
    await simulator.plug_out(1, side="cp")
    await point.status(1, "Available")


# cases: TC_005_2; rules: 49
async def test_a_cable_stays_locked_after_the_vehicle_left_until_it_is_unlocked_remotely(booted):
    simulator, point = await booted(keys={
        "StopTransactionOnEVSideDisconnect": "true", "UnlockConnectorOnEVSideDisconnect": "false",
    })
    session = await charge(simulator, point)
    await simulator.plug_out(1, side="ev")
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="EVDisconnected")
    await point.status(1, "Finishing")
    assert await lock_of(simulator) is True, "the stop alone opens nothing"
    answer = await point.call("UnlockConnector", connector_id=1)
    assert answer.status == "Unlocked"
    await locked(simulator, False)
    await simulator.plug_out(1, side="cp")
    await point.status(1, "Available")


# cases: TC_005_2; rules: 70, 106
async def test_a_fixed_cable_has_nothing_to_unlock_when_the_vehicle_leaves(booted):
    simulator, point = await booted(connectors=1, lockable=False)
    assert await value_of(point, "UnlockConnectorOnEVSideDisconnect") == "false"
    await change(point, "UnlockConnectorOnEVSideDisconnect", "true", "Rejected")
    session = await charge(simulator, point)
    await simulator.plug_out(1)
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="EVDisconnected")
    answer = await point.call("UnlockConnector", connector_id=1)
    assert answer.status == "NotSupported"


# cases: TC_005_3; rules: 49, 69
async def test_a_vehicle_that_leaves_may_come_back_to_its_transaction(booted):
    simulator, point = await booted()
    await change(point, "StopTransactionOnEVSideDisconnect", "false")
    await change(point, "UnlockConnectorOnEVSideDisconnect", "false")
    session = await charge(simulator, point)
    await simulator.plug_out(1, side="ev")
    suspended = await point.status(1, "SuspendedEV")
    assert suspended["errorCode"] == "NoError" and suspended["info"] == "EV side disconnected"
    await locked(simulator, True)
    assert session.stop is None
    await remote_stop(point, session)
    await point.status(1, "Finishing")
    assert len(point.seen("StopTransaction")) == 1


# cases: TC_005_3; rules: 69
async def test_keeping_the_transaction_beats_unlocking_the_cable(booted):
    simulator, point = await booted(keys={
        "StopTransactionOnEVSideDisconnect": "false", "UnlockConnectorOnEVSideDisconnect": "true",
    })
    session = await charge(simulator, point)
    await simulator.plug_out(1, side="ev")
    await point.status(1, "SuspendedEV")
    await locked(simulator, True)
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction", transactionId=session.transaction_id)
    await locked(simulator, False)


# cases: TC_068; rules: 53
async def test_only_the_tag_that_started_stops_and_nobody_is_asked_about_another(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    await simulator.tag(1, OTHER)
    await simulator.tag(1, TAG)
    stop = await point.wait("StopTransaction", transactionId=session.transaction_id)
    assert stop["idTag"] == TAG
    await point.status(1, "Finishing")
    assert asked(point) == [TAG]


@EVERY_WAY
# cases: TC_069; rules: 54, 55
async def test_a_tag_of_the_same_group_stops(booted, way):
    # Without an Authorize the group is known from StartTransaction.conf alone.
    simulator, point = await booted(keys={"AuthorizeRemoteTxRequests": "false"})
    for tag in (TAG, OTHER):
        point.policy.tags[tag] = {"status": "Accepted", "parentIdTag": "GROUP"}
    await authorized(simulator, point, way)
    await simulator.plug_in(1)
    await simulator.wait("tx", connector=1, state="confirmed")
    await point.status(1, "Charging")
    await simulator.tag(1, OTHER)
    await point.wait("Authorize", idTag=OTHER)
    stop = await point.wait("StopTransaction")
    assert stop["idTag"] == OTHER
    await point.status(1, "Finishing")


# cases: TC_069; rules: 54, 55
async def test_a_tag_of_another_group_does_not_stop(booted):
    simulator, point = await booted()
    point.policy.tags[TAG] = {"status": "Accepted", "parentIdTag": "GROUP"}
    point.policy.tags[OTHER] = {"status": "Accepted", "parentIdTag": "STRANGERS"}
    point.policy.tags["GROUP"] = {"status": "Accepted"}
    session = await charge(simulator, point)
    for tag in (OTHER, "GROUP"):
        await simulator.tag(1, tag)
        await simulator.wait("auth", id_tag=tag)
    await later_session(simulator, point)
    assert session.stop is None


@EVERY_WAY
# cases: TC_007_1, TC_007_2; rules: 87, 102
async def test_a_cached_tag_starts_without_a_question(booted, way):
    simulator, point = await booted(keys={**CACHED, "AuthorizeRemoteTxRequests": "true"})
    await later_session(simulator, point, 1, TAG)
    await simulator.tag(1, TAG)
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")
    point.forget()
    await authorized(simulator, point, way)
    await simulator.plug_in(1)
    await point.wait("StartTransaction", connectorId=1, idTag=TAG)
    await point.status(1, "Charging")
    assert asked(point) == [TAG], "the one that filled the cache"


@EVERY_WAY
# cases: TC_061_1, TC_061_2; rules: 41, 89
async def test_a_cleared_cache_asks_again(booted, way):
    simulator, point = await booted(keys={**CACHED, "ConnectionTimeOut": "1"})
    for _ in range(2):
        await authorized(simulator, point, way)
        if way == "local":
            await simulator.tag(1, TAG)
        await point.status(1, "Available")
        assert asked(point) == [TAG], "the second time the cache knows"
    answer = await point.call("ClearCache")
    assert answer.status == "Accepted"
    point.forget()
    await authorized(simulator, point, way)
    assert asked(point) == [TAG, TAG]


# cases: TC_061_1; rules: 90
async def test_a_cache_that_is_off_cannot_be_cleared(booted):
    _, point = await booted(keys={"AuthorizationCacheEnabled": "false"})
    answer = await point.call("ClearCache")
    assert answer.status == "Rejected"


@pytest.mark.parametrize("authorize", ["true", "false"])
# cases: TC_010; rules: 101, 102
async def test_a_remote_start_finds_the_cable_plugged_in(booted, authorize):
    simulator, point = await booted(keys={"AuthorizeRemoteTxRequests": authorize})
    assert await value_of(point, "AuthorizeRemoteTxRequests") == authorize
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1)
    assert answer.status == "Accepted"
    await point.wait("StartTransaction", connectorId=1, idTag=TAG)
    await point.status(1, "Charging")
    assert asked(point) == [TAG] * (authorize == "true")


@pytest.mark.parametrize("authorize", ["true", "false"])
# cases: TC_011_1; rules: 102, 104
async def test_a_remote_start_comes_before_the_cable(booted, authorize):
    simulator, point = await booted(keys={"AuthorizeRemoteTxRequests": authorize})
    assert await value_of(point, "AuthorizeRemoteTxRequests") == authorize
    await authorized(simulator, point, "remote")
    assert asked(point) == [TAG] * (authorize == "true")
    assert not starts(point)
    await simulator.plug_in(1)
    await point.wait("StartTransaction", connectorId=1, idTag=TAG)
    await point.status(1, "Charging")


@pytest.mark.parametrize("authorize", ["true", "false"])
# cases: TC_011_2; rules: 40, 104
async def test_a_remote_start_expires_without_a_cable(booted, authorize):
    simulator, point = await booted(keys={"AuthorizeRemoteTxRequests": authorize, "ConnectionTimeOut": "1"})
    await authorized(simulator, point, "remote")
    await point.status(1, "Available")
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]


# cases: TC_012; rules: 67, 68
async def test_a_remote_stop_ends_the_transaction_and_the_unplug_frees_the_connector(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    await remote_stop(point, session)
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")


@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired", "ConcurrentTx"])
# cases: TC_023_4
async def test_a_refused_tag_starts_nothing(booted, status):
    simulator, point = await booted(keys={"MinimumStatusDuration": "0", "LocalPreAuthorize": "true"})
    point.policy.tags[TAG] = {"status": status}
    await simulator.tag(1, TAG)
    await point.wait("Authorize", idTag=TAG)
    await simulator.wait("auth", id_tag=TAG, status=status)
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]


# cases: TC_023_5; rules: 102
async def test_a_remote_start_of_a_refused_tag_starts_nothing(booted):
    simulator, point = await booted(keys={"AuthorizeRemoteTxRequests": "true"})
    point.policy.tags[TAG] = {"status": "Invalid"}
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1)
    assert answer.status == "Accepted"
    await point.wait("Authorize", idTag=TAG)
    await simulator.wait("auth", id_tag=TAG, status="Invalid")
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]


# cases: TC_026; rules: 103
async def test_a_remote_start_where_somebody_charges_is_rejected(booted):
    simulator, point = await booted(keys={"LocalPreAuthorize": "false"})
    session = await charge(simulator, point)
    answer = await point.call("RemoteStartTransaction", id_tag=OTHER, connector_id=1)
    assert answer.status == "Rejected"
    await later_session(simulator, point)
    assert starts(point) == [TAG, "LATER"] and session.stop is None


@pytest.mark.parametrize("connector", [0, 3])
# cases: TC_027; rules: 103
async def test_a_remote_start_where_there_is_no_connector_is_rejected(booted, connector):
    simulator, point = await booted()
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=connector)
    assert answer.status == "Rejected"
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]


# cases: TC_028; rules: 66
async def test_a_remote_stop_of_an_unknown_transaction_is_rejected(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    for unknown in (session.transaction_id + 1, 0, -1):
        answer = await point.call("RemoteStopTransaction", transaction_id=unknown)
        assert answer.status == "Rejected"
    await later_session(simulator, point)
    assert session.stop is None
    await remote_stop(point, session)

"""The charge point against a central system on PyPI `ocpp`: boot, sessions, and what it is asked to do."""

import asyncio

import pytest
from ocpp.exceptions import OCPPError

TAG = "CAFE01"


async def charge(simulator, point, connector=1, id_tag=TAG):
    """Brings a connector to a confirmed, charging transaction; the session on the books."""
    await simulator.plug_in(connector)
    await point.status(connector, "Preparing")
    await simulator.tag(connector, id_tag)
    await simulator.wait("tx", connector=connector, state="confirmed")
    await point.status(connector, "Charging")
    return point.books.of_tag(id_tag)[-1]


# rules: 27
async def test_a_boot_is_followed_by_the_status_of_every_connector(central, simulators):
    point = central.point("CP1")
    await simulators(central.url, connectors=2).start()
    boot = await point.wait("BootNotification")
    assert boot["chargePointVendor"] == "evcp" and boot["chargePointModel"] == "simulator"
    for connector in (0, 1, 2):
        status = await point.status(connector, "Available")
        assert status["errorCode"] == "NoError" and "timestamp" in status


# rules: 22
async def test_the_heartbeat_follows_the_interval_of_the_boot_answer(central, simulators):
    point = central.point("CP1")
    point.policy.heartbeat_s = 1
    await simulators(central.url).start()
    for _ in range(3):
        await point.wait("Heartbeat")


# rules: 2
async def test_an_identity_with_a_space_is_encoded_in_the_url(central, simulators):
    await simulators(central.url, "RDAM 123").start()
    attempt = await central.attempts.wait({"status": 101})
    assert attempt["path"] == "/ocpp/RDAM%20123"
    await central.point("RDAM 123").wait("BootNotification")


# rules: 51
async def test_plug_first_and_then_a_tag_makes_a_session(booted):
    simulator, point = await booted()
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await simulator.tag(1, TAG)
    await point.wait("Authorize", idTag=TAG)
    started = await simulator.wait("tx", connector=1, state="started")
    assert started["id_tag"] == TAG and isinstance(started["tx"], int)
    await point.wait("StartTransaction", connectorId=1, idTag=TAG, meterStart=0)
    await point.status(1, "Charging")
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction", reason="Local")
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")
    (session,) = point.books.sessions.values()
    assert session.stop["idTag"] == TAG and session.meter_stop >= session.meter_start
    assert not point.books.strays


# rules: 41
async def test_a_tag_shown_twice_before_the_plug_withdraws(booted):
    simulator, point = await booted()
    await simulator.tag(1, TAG)
    await point.status(1, "Preparing")
    await simulator.tag(1, TAG)
    await point.status(1, "Available")
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    assert not point.seen("StartTransaction")


async def test_both_connectors_charge_at_once(booted):
    simulator, point = await booted()
    first = await charge(simulator, point, 1, "TAG1")
    second = await charge(simulator, point, 2, "TAG2")
    assert (first.connector, second.connector) == (1, 2)
    await simulator.tag(1, "TAG1")
    await point.wait("StopTransaction", transactionId=first.transaction_id)
    assert second.stop is None
    await simulator.tag(2, "TAG2")
    await point.wait("StopTransaction", transactionId=second.transaction_id)


# rules: 73, 75, 84
async def test_meter_values_come_with_the_transaction_and_never_fall(booted):
    simulator, point = await booted(keys={"MeterValueSampleInterval": "1"})
    session = await charge(simulator, point)
    for _ in range(3):
        values = await point.wait("MeterValues", connectorId=1, transactionId=session.transaction_id)
        for sample in values["meterValue"][0]["sampledValue"]:
            assert sample.get("context", "Sample.Periodic") == "Sample.Periodic"
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction")
    assert session.readings == sorted(session.readings)
    assert session.meter_start <= session.readings[0] and session.readings[-1] <= session.meter_stop


# rules: 57
async def test_the_register_is_not_rebased(booted):
    simulator, point = await booted(meter={"start_wh": 123456})
    session = await charge(simulator, point)
    assert session.meter_start == 123456


# rules: 37
async def test_an_ev_that_pauses_is_reported_as_suspended(booted):
    simulator, point = await booted()
    await charge(simulator, point)
    await simulator.do("ev_state", connector=1, state="suspended")
    await point.status(1, "SuspendedEV")
    await simulator.do("ev_state", connector=1, state="charging")
    await point.status(1, "Charging")


# rules: 44
async def test_a_fault_is_reported_and_cleared(booted):
    simulator, point = await booted()
    await simulator.do("fault", connector=1, error_code="GroundFailure")
    await point.status(1, "Faulted", errorCode="GroundFailure")
    await simulator.do("clear_fault", connector=1)
    await point.status(1, "Available", errorCode="NoError")


# rules: 65
async def test_a_transaction_id_of_zero_is_an_id_like_any_other(booted):
    simulator, point = await booted()
    point.books.next_id = 0
    session = await charge(simulator, point)
    assert session.transaction_id == 0
    answer = await point.call("RemoteStopTransaction", transaction_id=0)
    assert answer.status == "Accepted"
    await point.wait("StopTransaction", transactionId=0, reason="Remote")


# rules: 58
async def test_a_start_that_is_refused_as_invalid_is_stopped_again(booted):
    simulator, point = await booted(keys={"StopTransactionOnInvalidId": "true"})
    hold = point.policy.hold["StartTransaction"] = asyncio.Event()
    await simulator.plug_in(1)
    await simulator.tag(1, TAG)
    await point.wait("StartTransaction", held=True)
    point.policy.tags[TAG] = {"status": "Invalid"}
    hold.set()
    await point.wait("StopTransaction", reason="DeAuthorized")


# rules: 62
async def test_a_start_answered_with_an_error_is_tried_again(booted):
    simulator, point = await booted(
        keys={"TransactionMessageAttempts": "5", "TransactionMessageRetryInterval": "1"}
    )
    point.policy.refuse["StartTransaction"] = 1
    await simulator.plug_in(1)
    await simulator.tag(1, TAG)
    await point.wait("StartTransaction", refused=True)
    await simulator.wait("tx", state="confirmed")
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction")
    (session,) = point.books.sessions.values()
    assert session.stop and not point.books.strays


# rules: 121
async def test_single_keys_are_found_in_any_case_and_unknown_ones_named(booted):
    _, point = await booted()
    answer = await point.call("GetConfiguration", key=["connectiontimeout", "NoSuchKey"])
    assert [one["value"] for one in answer.configuration_key] == ["60"]
    assert answer.unknown_key == ["NoSuchKey"]


# rules: 32, 122
async def test_a_changed_key_is_effective_and_survives_a_power_cut(booted):
    simulator, point = await booted()
    answer = await point.call("ChangeConfiguration", key="HeartbeatInterval", value="1")
    assert answer.status == "Accepted"
    await point.wait("Heartbeat")
    answer = await point.call("ChangeConfiguration", key="ConnectionTimeOut", value="33")
    assert answer.status == "Accepted"
    await simulator.kill()
    point.checker.power_up()
    point.forget()
    await simulator.restart()
    await point.status(2, "Available")
    answer = await point.call("GetConfiguration", key=["ConnectionTimeOut"])
    assert answer.configuration_key[0]["value"] == "33"


# rules: 119
@pytest.mark.parametrize("kind", ["Soft", "Hard"])
async def test_a_reset_boots_again(booted, kind):
    simulator, point = await booted()
    answer = await point.call("Reset", type=kind)
    assert answer.status == "Accepted"
    await simulator.wait("reset", type=kind)
    await point.wait("BootNotification")
    for connector in (0, 1, 2):
        await point.status(connector, "Available")


# rules: 47
async def test_an_unavailable_connector_stays_so_over_a_power_cut(booted):
    simulator, point = await booted()
    answer = await point.call("ChangeAvailability", connector_id=1, type="Inoperative")
    assert answer.status == "Accepted"
    await point.status(1, "Unavailable")
    await simulator.kill()
    point.checker.power_up()
    point.forget()
    await simulator.restart()
    await point.status(1, "Unavailable")
    await point.status(2, "Available")
    answer = await point.call("ChangeAvailability", connector_id=1, type="Operative")
    assert answer.status == "Accepted"
    await point.status(1, "Available")


# rules: 114
async def test_an_unknown_connector_has_no_availability(booted):
    _, point = await booted()
    answer = await point.call("ChangeAvailability", connector_id=9, type="Inoperative")
    assert answer.status == "Rejected"


async def test_data_goes_to_the_central_system(booted):
    simulator, point = await booted()
    await simulator.do("data_transfer", vendor_id="org.example", message_id="hello", data="{\"a\": 1}")
    await point.wait("DataTransfer", vendorId="org.example", messageId="hello", data="{\"a\": 1}")


async def test_a_triggered_heartbeat_comes_or_is_declined(booted):
    _, point = await booted()
    try:
        answer = await point.call("TriggerMessage", requested_message="Heartbeat")
    except OCPPError as error:
        assert error.code in ("NotSupported", "NotImplemented")
        return
    assert answer.status in ("Accepted", "NotImplemented")
    if answer.status == "Accepted":
        await point.wait("Heartbeat")


async def test_it_ends_in_good_order(booted):
    simulator, point = await booted()
    await simulator.stop()
    await point.disconnected()

"""Core cases beyond certification: refusals, malformed messages, readers, caches, retries."""

import asyncio
import datetime
import json

import pytest

from central_system import now
from steps import (
    OTHER, TAG, actions, asked, authorized, availability, begin_offline, boot_statuses, change, charge, later_session,
    offline, power_back, remote_stop, starts, utc_now, value_of,
)
from wire_checker import parse_time


async def answers_after(point, frames):
    """Sends frames as they stand; the answers by message id, once a sane question has been answered."""
    connection = point.link.connection
    for message_id, action, text in frames:
        point.checker.ours[(connection, message_id)] = action
        await connection.websocket.send(text)
    assert await value_of(point, "NumberOfConnectors") == "2"
    assert point.link.connection is connection
    answers = [json.loads(text) for direction, text in point.frames if direction == "in"]
    return {answer[1]: answer for answer in answers if answer[0] in (3, 4)}


# cases: X-088; rules: 1
async def test_a_server_without_the_subprotocol_hears_nothing_and_is_tried_again_later(central_system, simulators):
    central = await central_system(subprotocol="none")
    clock = asyncio.get_running_loop()
    await simulators(central.url, timing={"reconnect_wait_s": 0.4, "reconnect_jitter_s": 0}).start()
    await central.attempts.wait({"offered": "ocpp1.6"})
    first = clock.time()
    for _ in range(3):
        await central.attempts.wait({"offered": "ocpp1.6"})
    assert clock.time() - first > 1.5, "three equal waits would be 1.2 s"
    point = central.point("CP1")
    assert point.frames == []
    central.subprotocol = "ocpp1.6"
    await point.wait("BootNotification")


@pytest.mark.parametrize("status", ["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"])
# cases: X-064; rules: 131
async def test_every_answer_to_data_is_told(booted, status):
    simulator, point = await booted()
    point.policy.data_transfer = {"status": status}
    await simulator.do("data_transfer", vendor_id="org.example", message_id="hello", data="{}")
    await point.wait("DataTransfer", vendorId="org.example", messageId="hello", data="{}")
    told = await simulator.wait("data_transfer")
    assert "Answered" in told["outcome"] and status in told["outcome"]


# cases: X-064
async def test_an_error_in_answer_to_data_is_told(booted):
    simulator, point = await booted()
    point.policy.refuse["DataTransfer"] = 1
    await simulator.do("data_transfer", vendor_id="org.example")
    await point.wait("DataTransfer", refused=True)
    told = await simulator.wait("data_transfer")
    assert "Answered" not in told["outcome"]
    await later_session(simulator, point)


# cases: X-BOOT-REJ; rules: 23
async def test_a_rejected_charge_point_answers_nothing(central, simulators):
    point = central.point("CP1")
    point.policy.boot = [("Rejected", 2)]
    simulator = await simulators(central.url).start()
    await simulator.wait("boot", status="Rejected")
    await point.link.connection.send(json.dumps([2, "unheard", "GetConfiguration", {}]))
    await simulator.plug_in(1)
    await point.wait("BootNotification")
    await point.wait("BootNotification")
    await point.status(1, "Preparing")
    # An answer that was only late would come before this one.
    assert await value_of(point, "NumberOfConnectors") == "2"
    assert not [text for direction, text in point.frames if direction == "in" and "unheard" in text]
    assert actions(point)[:2] == ["BootNotification"] * 2


@pytest.mark.parametrize("fault", ["refuse", "ignore"])
# cases: X-BOOT-ERR; rules: 26
async def test_a_boot_that_fails_is_tried_again_before_anything_else(central, simulators, fault):
    point = central.point("CP1")
    getattr(point.policy, fault)["BootNotification"] = 2
    simulator = await simulators(central.url, keys={"MessageTimeout": "1"}).start()
    await simulator.plug_in(1)
    await simulator.tag(1, TAG)
    await point.until(lambda: point.boots == 1, "the boot that is accepted")
    await point.status(1, lambda status: status != "Available")
    assert actions(point)[:3] == ["BootNotification"] * 3
    assert "BootNotification" not in actions(point)[3:]


@pytest.mark.parametrize("attempts", [1, 3])
# cases: X-RETRY; rules: 62, 63, 64
async def test_a_start_that_is_refused_every_time_is_given_up_and_its_stop_goes_on(booted, attempts):
    simulator, point = await booted(keys={
        "TransactionMessageAttempts": str(attempts), "TransactionMessageRetryInterval": "1",
    })
    point.policy.refuse["StartTransaction"] = 100
    clock = asyncio.get_running_loop()
    await simulator.plug_in(1)
    await simulator.tag(1, TAG)
    arrivals = []
    for _ in range(attempts):
        await point.wait("StartTransaction", refused=True)
        arrivals.append(clock.time())
    least = sum(range(attempts))
    assert arrivals[-1] - arrivals[0] > least - 0.5, "the wait grows by one interval each time"
    await simulator.tag(1, TAG)
    stop = await point.wait("StopTransaction")
    assert stop["transactionId"] == -1 and stop.get("reason", "Local") == "Local"
    point.policy.refuse.clear()
    await later_session(simulator, point)
    assert starts(point) == [TAG] * attempts + ["LATER"]


# cases: X-RETRY; rules: 62
async def test_a_stop_that_is_refused_every_time_is_given_up_and_the_next_session_goes_on(booted):
    simulator, point = await booted(keys={
        "TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "1",
    })
    await charge(simulator, point)
    point.policy.refuse["StopTransaction"] = 100
    await simulator.tag(1, TAG)
    await later_session(simulator, point)
    assert len(point.seen("StopTransaction", refused=True)) == 2


# cases: X-CALLERROR; rules: 11, 12
async def test_malformed_calls_get_errors_and_leave_everything_as_it_is(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    wanted = {
        "missing": ("RemoteStopTransaction", {}, "OccurenceConstraintViolation"),
        "type": ("RemoteStopTransaction", {"transactionId": "1"}, "TypeConstraintViolation"),
        "long": ("ChangeConfiguration", {"key": "k" * 51, "value": "1"}, "PropertyConstraintViolation"),
        "enum": ("Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
        "extra": ("ClearCache", {"now": True}, "FormationViolation"),
        "action": ("Nonsense", {}, "NotImplemented"),
    }
    frames = [(name, action, json.dumps([2, name, action, payload])) for name, (action, payload, _) in wanted.items()]
    frames.append(("short", "?", '[2,"short"]'))
    answers = await answers_after(point, frames)
    for name, (_, _, code) in wanted.items():
        assert answers[name][0] == 4 and answers[name][2] == code, answers[name]
    assert answers["short"][0] == 4 and answers["short"][2] == "FormationViolation"
    assert session.stop is None
    await remote_stop(point, session)


# cases: X-CALLERROR; rules: 9, 10
async def test_frames_that_cannot_be_read_leave_everything_as_it_is(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    connection = point.link.connection
    for text in ('[2,"cut","Reset",{"type":"Ha', "{}", "", "\x00", '[7,"x",{}]', '[3,"never asked",{}]'):
        await connection.websocket.send(text)
    assert await value_of(point, "NumberOfConnectors") == "2"
    assert point.link.connection is connection and simulator.running
    await remote_stop(point, session)


@pytest.mark.parametrize("info", [{}, None, {"status": ""}, {"parentIdTag": "GROUP"}])
# cases: X-CALLERROR
async def test_an_authorization_without_a_status_is_none(booted, info):
    simulator, point = await booted()
    point.policy.raw["Authorize"] = {"idTagInfo": info}
    await simulator.plug_in(1)
    await simulator.tag(1, TAG)
    await simulator.wait("auth", id_tag=TAG, status="Invalid")
    point.policy.raw.clear()
    await later_session(simulator, point, 1)
    assert starts(point) == ["LATER"]


# cases: X-AVAIL; rules: 114
async def test_what_is_unavailable_already_is_not_reported_again(booted):
    _, point = await booted()
    for _ in range(3):
        await availability(point, 1, "Inoperative")
    await availability(point, 1, "Operative")
    await availability(point, 1, "Operative")
    await availability(point, 2, "Inoperative")
    await point.status(2, "Unavailable")
    told = [one["status"] for one in point.seen("StatusNotification", connectorId=1)]
    assert told == ["Available", "Unavailable", "Available"]


# cases: X-AVAIL; rules: 115, 117
async def test_connector_zero_stands_for_all(booted):
    _, point = await booted()
    for kind, status in (("Inoperative", "Unavailable"), ("Operative", "Available")):
        await availability(point, 0, kind)
        for connector in (0, 1, 2):
            await point.status(connector, status)


@pytest.mark.parametrize("connector", [0, 1])
# cases: X-AVAIL; rules: 114, 115
async def test_availability_waits_for_the_end_of_a_preparation(booted, connector):
    simulator, point = await booted()
    await simulator.plug_in(1)
    await point.status(1, "Preparing")
    await availability(point, connector, "Inoperative", "Scheduled")
    if connector == 0:
        await point.status(2, "Unavailable")
    await simulator.plug_out(1)
    await point.status(1, "Unavailable")


@pytest.mark.parametrize("connector", [0, 1])
# cases: X-AVAIL; rules: 114, 115
async def test_availability_waits_for_the_end_of_a_transaction(booted, connector):
    simulator, point = await booted()
    session = await charge(simulator, point)
    await availability(point, connector, "Inoperative", "Scheduled")
    if connector == 0:
        await point.status(2, "Unavailable")
    assert session.stop is None
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction", transactionId=session.transaction_id)
    await simulator.plug_out(1)
    await point.status(1, "Unavailable")
    answer = await point.call("RemoteStartTransaction", id_tag=TAG, connector_id=1)
    assert answer.status == "Rejected"


# cases: X-AVAIL; rules: 115
async def test_a_scheduled_change_of_availability_is_taken_back(booted):
    simulator, point = await booted()
    await charge(simulator, point)
    await availability(point, 1, "Inoperative", "Scheduled")
    await availability(point, 1, "Operative")
    await simulator.tag(1, TAG)
    await point.status(1, "Finishing")
    await simulator.plug_out(1)
    await point.status(1, "Available")
    assert not point.seen("StatusNotification", status="Unavailable")


# cases: X-AVAIL; rules: 116
async def test_a_scheduled_change_of_availability_survives_a_power_failure(booted):
    simulator, point = await booted()
    await charge(simulator, point)
    await availability(point, 1, "Inoperative", "Scheduled")
    await simulator.kill()
    await power_back(simulator, point)
    statuses = await boot_statuses(point, 2)
    # The interrupted transaction may still wait for its last register.
    assert statuses[0] == statuses[2] == "Available" and statuses[1] in ("Finishing", "Unavailable")
    await point.status(1, "Unavailable")


# cases: X-READER; rules: 53
async def test_a_reader_of_two_connectors_gives_each_tag_its_own(booted):
    simulator, point = await booted()

    async def show(tag):
        await simulator.do("present_id_tag", id_tag=tag, connectors=[1, 2])

    for connector, tag in ((1, TAG), (2, OTHER)):
        await simulator.plug_in(connector)
        await point.status(connector, "Preparing")
        await show(tag)
        await point.wait("StartTransaction", connectorId=connector, idTag=tag)
        await point.status(connector, "Charging")
    await show("THIRD")
    first, second = point.books.of_tag(TAG)[0], point.books.of_tag(OTHER)[0]
    await show(OTHER)
    await point.wait("StopTransaction", transactionId=second.transaction_id, idTag=OTHER)
    await point.status(2, "Finishing")
    assert first.stop is None
    await show(TAG)
    await point.wait("StopTransaction", transactionId=first.transaction_id, idTag=TAG)
    await point.status(1, "Finishing")
    assert starts(point) == [TAG, OTHER]


# cases: X-READER
async def test_a_tag_at_a_reader_of_two_connectors_goes_to_the_one_that_is_free(booted):
    simulator, point = await booted()
    await charge(simulator, point)
    await simulator.do("present_id_tag", id_tag=OTHER, connectors=[1, 2])
    await point.status(2, "Preparing")
    await simulator.plug_in(2)
    await point.wait("StartTransaction", connectorId=2, idTag=OTHER)


# cases: X-CACHE; rules: 87, 89, 91
async def test_a_cached_tag_starts_offline_and_needs_no_question(booted):
    simulator, point = await booted(keys={"AllowOfflineTxForUnknownId": "false", "LocalAuthorizeOffline": "true"})
    await authorized(simulator, point, "local")
    await simulator.tag(1, TAG)
    await point.status(1, "Available")
    await offline(simulator, point)
    await simulator.tag(2, "STRANGER")
    await simulator.wait("auth", id_tag="STRANGER", status="Invalid")
    await begin_offline(simulator, point)
    await simulator.network(True)
    await point.wait("StartTransaction", idTag=TAG, connectorId=1)
    await later_session(simulator, point)
    assert asked(point) == [TAG, "LATER"] and starts(point) == [TAG, "LATER"]


# cases: X-CACHE; rules: 91
async def test_a_cache_that_may_not_decide_offline_starts_nobody(booted):
    simulator, point = await booted(keys={"AllowOfflineTxForUnknownId": "false", "LocalAuthorizeOffline": "false"})
    await authorized(simulator, point, "local")
    await simulator.tag(1, TAG)
    await point.status(1, "Available")
    await offline(simulator, point)
    await simulator.plug_in(1)
    await simulator.tag(1, TAG)
    await simulator.wait("auth", id_tag=TAG, status="Invalid")
    await simulator.network(True)
    await simulator.until(lambda state: state["connected"], "a connection")
    await later_session(simulator, point)
    assert starts(point) == ["LATER"]


# cases: X-CACHE; rules: 89
async def test_a_cached_tag_is_asked_about_again_after_its_expiry_date(booted):
    simulator, point = await booted(keys={"LocalPreAuthorize": "true", "AuthorizationCacheEnabled": "true"})
    await change(point, "HeartbeatInterval", "1")
    expiry = utc_now() + datetime.timedelta(seconds=3)
    point.policy.tags[TAG] = {"status": "Accepted", "expiryDate": expiry.strftime("%Y-%m-%dT%H:%M:%SZ")}
    for _ in range(2):
        await authorized(simulator, point, "local")
        await simulator.tag(1, TAG)
        await point.status(1, "Available")
    assert asked(point) == [TAG], "the second time the cache knows"
    while parse_time(now()) <= expiry:
        await point.wait("Heartbeat")
    await authorized(simulator, point, "local")
    assert asked(point) == [TAG, TAG]


# cases: X-CACHE; rules: 88
async def test_a_tag_that_the_cache_refuses_is_asked_about_again(booted):
    simulator, point = await booted(keys={"LocalPreAuthorize": "true", "AuthorizationCacheEnabled": "true"})
    point.policy.tags[TAG] = {"status": "Blocked"}
    await simulator.tag(1, TAG)
    await simulator.wait("auth", id_tag=TAG, status="Blocked")
    point.policy.tags.clear()
    await authorized(simulator, point, "local")
    assert asked(point) == [TAG, TAG]


@pytest.mark.parametrize("tag", [TAG, OTHER])
# cases: X-FIN; rules: 43
async def test_a_tag_in_finishing_does_not_stop_again(booted, tag):
    simulator, point = await booted()
    session = await charge(simulator, point)
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction")
    await point.status(1, "Finishing")
    await simulator.tag(1, tag)
    await later_session(simulator, point)
    stops = [stop["transactionId"] for stop in point.seen("StopTransaction")]
    assert stops == [session.transaction_id] and not point.books.strays


# cases: X-FIN
async def test_a_tag_that_is_shown_twice_at_once_stops_once(booted):
    simulator, point = await booted()
    session = await charge(simulator, point)
    hold = point.policy.hold["StopTransaction"] = asyncio.Event()
    await simulator.tag(1, TAG)
    await point.wait("StopTransaction", held=True)
    await simulator.tag(1, TAG)
    hold.set()
    point.policy.hold.clear()
    await later_session(simulator, point)
    ended = [stop for stop in point.seen("StopTransaction") if "held" not in stop]
    assert [stop["transactionId"] for stop in ended] == [session.transaction_id]
    assert not point.books.strays

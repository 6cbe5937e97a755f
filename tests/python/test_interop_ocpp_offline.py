"""Sessions while the link is down, or comes and goes: nothing is lost, doubled or out of order."""

import asyncio
import random

TAG = "CAFE01"
OFFLINE = {"LocalAuthorizeOffline": "true", "AuthorizationCacheEnabled": "true", "AllowOfflineTxForUnknownId": "true"}


async def start_session(simulator, connector=1, id_tag=TAG):
    await simulator.plug_in(connector)
    await simulator.tag(connector, id_tag)
    return await simulator.wait("tx", connector=connector, state="started", id_tag=id_tag)


async def stop_session(simulator, connector=1, id_tag=TAG):
    await simulator.tag(connector, id_tag)
    await simulator.wait("tx", connector=connector, state="stopped", id_tag=id_tag)
    await simulator.plug_out(connector)
    await simulator.wait("status", connector=connector, status="Available")


async def show_until_it_starts(simulator, tag):
    """An Authorize may get lost with its link; a person shows the tag again after a while."""
    while True:
        await simulator.tag(1, tag)
        try:
            return await simulator.wait("tx", state="started", id_tag=tag, timeout=3)
        except AssertionError:
            assert (await simulator.connector(1))["transaction"] is None


async def all_delivered(simulator):
    return await simulator.until(lambda state: state["connected"] and state["queue"] == 0, "all delivered")


def only_session(point):
    (session,) = point.books.sessions.values()
    assert not point.books.strays
    return session


# rules: 4, 60
async def test_a_session_without_a_network_is_delivered_later(booted):
    simulator, point = await booted(keys=OFFLINE)
    await simulator.network(False)
    await point.disconnected()
    await start_session(simulator)
    await stop_session(simulator)
    assert not point.books.sessions
    await simulator.network(True)
    await point.wait("StopTransaction")
    session = only_session(point)
    assert session.id_tag == TAG and session.meter_stop >= session.meter_start
    assert len(point.seen("BootNotification")) == 1, "a reconnect is not a boot"
    await all_delivered(simulator)


# rules: 4, 60
async def test_a_session_without_a_central_system_is_delivered_later(central, booted):
    simulator, point = await booted(keys=OFFLINE)
    await central.stop_listening()
    await simulator.wait("ws", state="disconnected")
    await start_session(simulator)
    await stop_session(simulator)
    await central.resume()
    await point.wait("StopTransaction")
    assert only_session(point).stop
    assert len(point.seen("BootNotification")) == 1


# rules: 60
async def test_many_offline_sessions_arrive_in_their_order(booted):
    simulator, point = await booted(keys=OFFLINE)
    await simulator.network(False)
    tags = [f"OFF{number}" for number in range(8)]
    for number, tag in enumerate(tags):
        connector = 1 + number % 2
        await start_session(simulator, connector, tag)
        await stop_session(simulator, connector, tag)
    await simulator.network(True)
    await all_delivered(simulator)
    assert [session.id_tag for session in point.books.sessions.values()] == tags
    assert not point.books.running and not point.books.strays


# rules: 91
async def test_a_known_tag_starts_offline_and_an_unknown_one_does_not(booted):
    simulator, point = await booted(keys={**OFFLINE, "AllowOfflineTxForUnknownId": "false"})
    await start_session(simulator)
    await stop_session(simulator)
    await all_delivered(simulator)
    await simulator.network(False)
    await point.disconnected()
    await simulator.plug_in(1)
    await simulator.tag(1, "STRANGER")
    await simulator.tag(1, TAG)
    await simulator.wait("tx", state="started", id_tag=TAG)
    await simulator.network(True)
    await point.until(lambda: len(point.books.sessions) == 2, "the second session")
    assert [session.id_tag for session in point.books.sessions.values()] == [TAG, TAG]


# rules: 60
async def test_meter_values_of_an_outage_arrive_before_the_stop(booted):
    simulator, point = await booted(keys={**OFFLINE, "MeterValueSampleInterval": "1"})
    started = await start_session(simulator)
    await simulator.wait("tx", state="confirmed", tx=started["tx"])
    await simulator.network(False)
    await point.disconnected()
    before = len(only_session(point).values)
    # The queue grows by one with each sample.
    await simulator.until(lambda state: state["queue"] >= 3, "three samples in the queue")
    await stop_session(simulator)
    await simulator.network(True)
    await point.wait("StopTransaction")
    session = only_session(point)
    assert len(session.values) >= before + 3
    assert session.readings == sorted(session.readings) and session.readings[-1] <= session.meter_stop


# rules: 92
async def test_a_stop_without_a_network_carries_the_right_id(booted):
    simulator, point = await booted(keys=OFFLINE)
    await start_session(simulator)
    await simulator.wait("tx", state="confirmed")
    await simulator.network(False)
    await point.disconnected()
    await stop_session(simulator)
    await simulator.network(True)
    await point.wait("StopTransaction", transactionId=only_session(point).transaction_id)


# rules: 61
async def test_an_offline_session_survives_power_cuts(booted):
    simulator, point = await booted(keys=OFFLINE)
    await simulator.network(False)
    await point.disconnected()
    await start_session(simulator)
    await stop_session(simulator)
    await simulator.kill()
    for _ in range(3):
        point.checker.power_up()
        await simulator.restart()
        await simulator.kill()
    point.checker.power_up()
    await simulator.restart()
    await all_delivered(simulator)
    assert only_session(point).stop["reason"] == "Local"


# rules: 72
async def test_a_power_cut_ends_the_transaction_with_its_last_reading(booted):
    simulator, point = await booted(keys={"MeterValueSampleInterval": "1"})
    started = await start_session(simulator)
    await simulator.wait("tx", state="confirmed", tx=started["tx"])
    await point.wait("MeterValues")
    await simulator.kill()
    session = only_session(point)
    assert session.stop is None
    point.checker.power_up()
    await simulator.restart()
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="PowerLoss")
    assert session.meter_stop >= session.readings[-1] >= session.meter_start


# rules: 63
async def test_a_start_that_is_not_answered_is_sent_again_under_its_id(booted):
    simulator, point = await booted(keys=OFFLINE)
    hold = point.policy.hold["StartTransaction"] = asyncio.Event()
    await start_session(simulator)
    await point.wait("StartTransaction", held=True)
    await point.drop()
    await point.wait("StartTransaction", held=True)
    hold.set()
    await simulator.wait("tx", state="confirmed")
    await stop_session(simulator)
    await all_delivered(simulator)
    assert only_session(point).stop


# rules: 64
async def test_a_stop_waits_for_the_id_that_its_start_gets_late(booted):
    simulator, point = await booted(keys=OFFLINE)
    hold = point.policy.hold["StartTransaction"] = asyncio.Event()
    await start_session(simulator)
    await point.wait("StartTransaction", held=True)
    await stop_session(simulator)
    assert not point.seen("StopTransaction")
    hold.set()
    await point.wait("StopTransaction", transactionId=lambda one: one == only_session(point).transaction_id)


# rules: 5
async def test_calls_are_answered_while_our_own_call_waits(booted):
    simulator, point = await booted()
    hold = point.policy.hold["StartTransaction"] = asyncio.Event()
    await start_session(simulator)
    await point.wait("StartTransaction", held=True)
    answer = await point.call("GetConfiguration", key=["NumberOfConnectors"])
    assert answer.configuration_key[0]["value"] == "2"
    hold.set()
    await simulator.wait("tx", state="confirmed")


# rules: 60, 63
async def test_sessions_survive_a_link_that_breaks_at_any_frame(booted):
    simulator, point = await booted(keys={**OFFLINE, "MeterValueSampleInterval": "1"})
    point.policy.dice = random.Random(7)
    point.policy.cut = 0.15
    tags = [f"TORN{number}" for number in range(20)]
    for tag in tags:
        await simulator.until(lambda state: state["connected"], "connected")
        await simulator.plug_in(1)
        await simulator.wait("status", connector=1, status="Preparing")
        await show_until_it_starts(simulator, tag)
        await point.until(lambda: point.link is None or point.books.of_tag(tag), "a start or a cut")
        await stop_session(simulator, 1, tag)
    point.policy.cut = 0
    await all_delivered(simulator)
    assert [session.id_tag for session in point.books.sessions.values()] == tags
    assert not point.books.running and not point.books.strays
    assert point.cuts > 10


# rules: 4, 48
async def test_after_an_outage_the_status_of_now_is_reported(booted):
    simulator, point = await booted()
    await simulator.network(False)
    await point.disconnected()
    await simulator.plug_in(1)
    await simulator.wait("status", connector=1, status="Preparing")
    await simulator.network(True)
    await point.status(1, "Preparing")
    assert len(point.seen("BootNotification")) == 1

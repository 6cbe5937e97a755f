"""Steps that many cases share."""

import asyncio
import datetime
import json

from wire_checker import parse_time

TAG = "CAFE01"
OTHER = "CAFE02"

#: A clock-driven value may come this late, or early, against its instant.
TOLERANCE_S = 0.5


async def charge(simulator, point, connector=1, id_tag=TAG):
    """The state "Charging" of the cases, confirmed by the central system; the session on its books."""
    await simulator.plug_in(connector)
    await point.status(connector, "Preparing")
    await simulator.tag(connector, id_tag)
    await simulator.wait("tx", connector=connector, state="confirmed")
    await point.status(connector, "Charging")
    return point.books.of_tag(id_tag)[-1]


async def authorized(simulator, point, way, connector=1, id_tag=TAG):
    """A tag at the reader ("local") or a RemoteStartTransaction ("remote"), and the report of Preparing after it."""
    if way == "local":
        await simulator.tag(connector, id_tag)
    else:
        answer = await point.call("RemoteStartTransaction", id_tag=id_tag, connector_id=connector)
        assert answer.status == "Accepted"
    return await point.status(connector, "Preparing")


async def later_session(simulator, point, connector=2, id_tag="LATER"):
    """A session at another connector: all that was due before it had its turn when this returns."""
    await simulator.plug_in(connector)
    await simulator.tag(connector, id_tag)
    await point.wait("Authorize", idTag=id_tag)
    await point.wait("StartTransaction", connectorId=connector, idTag=id_tag)
    await point.status(connector, "Charging")


def starts(point):
    return [start["idTag"] for start in point.seen("StartTransaction")]


def asked(point):
    """The tags that the central system was asked about."""
    return [request["idTag"] for request in point.seen("Authorize")]


async def change(point, key, value, status="Accepted"):
    answer = await point.call("ChangeConfiguration", key=key, value=value)
    assert answer.status == status, f"{key}={value}: {answer.status}"


async def value_of(point, key):
    answer = await point.call("GetConfiguration", key=[key])
    assert not answer.unknown_key, answer.unknown_key
    return answer.configuration_key[0]["value"]


async def availability(point, connector, kind, status="Accepted"):
    answer = await point.call("ChangeAvailability", connector_id=connector, type=kind)
    assert answer.status == status


async def remote_stop(point, session):
    answer = await point.call("RemoteStopTransaction", transaction_id=session.transaction_id)
    assert answer.status == "Accepted"
    await point.wait("StopTransaction", transactionId=session.transaction_id, reason="Remote")


async def lock_of(simulator, connector=1):
    return (await simulator.connector(connector))["supply"].get("lock")


async def locked(simulator, closed, connector=1):
    """Waits until the connector lock is commanded to be closed, or open."""
    def commanded(state):
        (one,) = [one for one in state["connectors"] if one["connector"] == connector]
        return one["supply"].get("lock") is closed
    return await simulator.until(commanded, f"lock {'closed' if closed else 'open'}")


async def offline(simulator, point):
    await simulator.network(False)
    await point.disconnected()


async def begin_offline(simulator, point, connector=1, id_tag=TAG):
    """A transaction starts while there is no network."""
    await offline(simulator, point)
    await simulator.plug_in(connector)
    await simulator.tag(connector, id_tag)
    return await simulator.wait("tx", connector=connector, state="started", id_tag=id_tag)


def boots(point):
    """BootNotifications that have been answered."""
    return [boot for boot in point.seen("BootNotification") if "held" not in boot and "refused" not in boot]


def since_boot(point):
    """The first status of each connector since the last boot."""
    found = {}
    for call in point.calls.items:
        if call["action"] == "BootNotification":
            found = {}
        elif call["action"] == "StatusNotification":
            found.setdefault(call["connectorId"], call["status"])
    return found


async def boot_statuses(point, count, connectors=2):
    """The statuses that boot number `count` is followed by, from connector 0 on."""
    def all_told():
        return len(boots(point)) == count and len(since_boot(point)) == connectors + 1
    await point.until(all_told, f"boot {count} with all statuses")
    return [since_boot(point)[connector] for connector in range(connectors + 1)]


def shows_vehicle(state, number):
    (status,) = [one["status"] for one in state["connectors"] if one["connector"] == number]
    return status != "Available"


async def power_back(simulator, point, plugged=()):
    """Power comes back with these vehicles still plugged in; the boot is accepted after they were noticed."""
    point.checker.power_up()
    point.forget()
    simulator.forget()
    hold = point.policy.hold["BootNotification"] = asyncio.Event()
    await simulator.restart()
    await point.wait("BootNotification", held=True)
    for connector in plugged:
        await simulator.plug_in(connector)
    for connector in plugged:
        await simulator.until(lambda state: shows_vehicle(state, connector), f"a vehicle at connector {connector}")
    del point.policy.hold["BootNotification"]
    hold.set()
    await point.wait("BootNotification")


def actions(point):
    """The CALLs of the charge point as they came over the wire, answered or not."""
    frames = [json.loads(text) for direction, text in point.frames if direction == "in"]
    return [frame[2] for frame in frames if frame[0] == 2]


def samples(messages, context):
    """All sampled values of that context as (time, sample); a periodic one may leave its context out."""
    return [
        (parse_time(value["timestamp"]), sample)
        for message in messages for value in message["meterValue"] for sample in value["sampledValue"]
        if sample.get("context", "Sample.Periodic") == context
    ]


def well_formed(sample):
    """Whether location and format are what a charge point may say of its own meter."""
    at_vehicle = sample.get("location") == "EV"
    return sample.get("format", "Raw") == "Raw" and at_vehicle <= (sample.get("measurand") == "SoC")


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)

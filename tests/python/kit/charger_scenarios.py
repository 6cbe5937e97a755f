"""The unit test of the charger in Python: the scenarios of examples/c/test_charger.c, in virtual time."""

import sys
from pathlib import Path

import pytest

from evcp import Config, Status
from evcp.testing import Line

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples" / "python"))
from charger import Board, Charger  # noqa: E402

SECOND, MINUTE = 1000, 60_000


class Scene:
    """The charger in front of its board, in a world with a central system that keeps books."""

    def __init__(self, world, storage):
        self.world, self.storage, self.board = world, storage, Board()
        self.power_on()

    def power_on(self):
        config = Config("ws://central.test/ocpp", "CHARGER", "evcp", "charger.py", connectors=2, storage=self.storage)
        self.charger = Charger(config, self.board, self.world.now)
        self.charger.start()
        self.world.every(20, self.tick)
        self.wait(2 * SECOND)

    def power_cut(self):
        self.world.every(0, None)
        self.world.power_cut()
        self.charger.close()
        for socket in self.board.sockets:
            socket.closed = False

    def tick(self):
        self.charger.tick(self.world.now)
        for connector, socket in enumerate(self.board.sockets, 1):
            supply = self.charger.get_supply(connector)
            assert supply.permit or not socket.closed
            assert socket.locked or not (supply.lock and socket.closed)

    def wait(self, ms):
        self.world.advance(ms)

    def plug(self, connector=1, plugged=True):
        self.board.socket(connector).vehicle = plugged
        self.wait(2 * SECOND)

    def card(self, connector=1, tag="ONE"):
        self.charger.present_tag(connector, tag)
        self.wait(2 * SECOND)

    def charge(self, connector=1, tag="ONE"):
        self.plug(connector)
        self.card(connector, tag)
        assert self.flows(connector)

    def flows(self, connector=1):
        return self.board.socket(connector).closed

    def status(self, connector=1):
        return self.charger.get_status(connector)

    def books(self):
        return self.world.transactions()

    def billed(self, number, reason):
        tx = self.books()[number]
        return tx.stopped and tx.reason == reason and abs(tx.meter_stop_wh - self.board.socket(tx.connector).wh) <= 1


@pytest.fixture
def scene(evcp_world, tmp_path):
    made = Scene(evcp_world, tmp_path)
    yield made
    made.charger.close()


def test_a_card_and_then_a_plug_begin_a_session(scene):
    scene.card()
    assert scene.status() is Status.PREPARING and not scene.books()
    scene.plug()
    assert scene.flows() and scene.board.socket(1).locked
    scene.wait(3 * MINUTE)
    scene.card()
    assert not scene.flows() and not scene.board.socket(1).locked
    assert scene.billed(0, "Local") and scene.board.socket(1).wh > 500
    scene.plug(plugged=False)
    assert scene.status() is Status.AVAILABLE


def test_a_plug_and_then_a_card_begin_a_session(scene):
    scene.plug()
    assert not scene.flows()
    scene.card()
    assert scene.flows()
    scene.plug(plugged=False)
    assert scene.billed(0, "EVDisconnected")


def test_a_fault_in_the_start_begins_nothing(scene):
    socket = scene.board.socket(1)
    socket.takes_ms = 1500
    scene.plug()
    scene.charger.present_tag(1, "ONE")
    scene.wait(500)
    socket.tripped = True
    scene.wait(MINUTE)
    assert scene.status() is Status.FAULTED and not scene.books()
    socket.tripped = False
    scene.wait(MINUTE)
    assert not scene.books() and not scene.flows()
    scene.card()
    scene.wait(3 * SECOND)
    assert len(scene.books()) == 1 and scene.flows()


def test_an_emergency_stop_ends_all_sessions(scene):
    scene.charge(1, "ONE")
    scene.charge(2, "TWO")
    scene.board.emergency_stop = True
    scene.wait(20)
    assert not scene.flows(1) and not scene.flows(2)
    scene.wait(2 * SECOND)
    assert scene.billed(0, "EmergencyStop") and scene.billed(1, "EmergencyStop")
    assert scene.status(0) is Status.FAULTED
    scene.card()
    scene.board.emergency_stop = False
    scene.wait(MINUTE)
    assert len(scene.books()) == 2 and not scene.flows(1) and not scene.flows(2)


def test_a_power_cut_ends_a_session_with_what_the_meter_shows(scene):
    scene.charge()
    scene.wait(2 * MINUTE)
    scene.power_cut()
    scene.power_on()
    scene.wait(10 * SECOND)
    assert scene.billed(0, "PowerLoss") and not scene.flows()


def test_what_is_charged_offline_is_booked_later(scene):
    scene.charge()  # so that it is known here
    scene.card()
    scene.plug(plugged=False)
    scene.world.link(Line.DOWN)
    scene.charge()
    scene.wait(3 * MINUTE)
    scene.card()
    assert not scene.flows() and len(scene.books()) == 1
    scene.world.link(Line.UP)
    scene.wait(2 * MINUTE)
    assert scene.billed(1, "Local")


def test_a_limit_of_nothing_is_a_pause(scene):
    def limit(amps):
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}]}
        profile = {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
                   "chargingProfileKind": "Relative", "chargingSchedule": schedule}
        answer = scene.world.call("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
        assert answer == {"status": "Accepted"}
        scene.wait(2 * SECOND)

    scene.charge()
    limit(0)
    assert not scene.flows() and scene.board.socket(1).locked and scene.status() is Status.SUSPENDED_EVSE
    limit(10)
    assert scene.flows() and scene.status() is Status.CHARGING and not scene.books()[0].stopped


def test_a_reset_ends_the_session_before_the_device_restarts(scene):
    scene.charge()
    assert scene.world.call("Reset", {"type": "Soft"}) == {"status": "Accepted"}
    scene.wait(5 * SECOND)
    assert scene.charger.over and scene.billed(0, "SoftReset")


def test_an_unlock_opens_the_contactor_and_then_the_lock(scene):
    scene.charge()
    assert scene.world.call("UnlockConnector", {"connectorId": 1}) is None  # the motor runs
    assert not scene.flows()
    scene.wait(SECOND)
    assert scene.world.answer() == {"status": "Unlocked"} and scene.billed(0, "UnlockCommand")


def test_a_slow_meter_costs_nobody_anything(scene):
    scene.board.socket(1).takes_ms = 1500
    scene.plug()
    scene.card()
    scene.wait(5 * SECOND)
    assert scene.flows()
    scene.wait(2 * MINUTE)
    scene.card()
    scene.wait(5 * SECOND)
    assert scene.billed(0, "Local")


def test_a_dead_meter_stops_nobody(scene):
    scene.board.socket(1).takes_ms = None
    scene.plug()
    scene.card()
    scene.wait(20 * SECOND)
    assert scene.flows()
    scene.card()
    scene.wait(20 * SECOND)
    assert scene.books()[0].stopped


def test_a_card_of_the_same_group_ends_the_session(scene):
    for tag in ("ONE", "TWO"):
        scene.world.set_tag(tag, "Accepted", "FAMILY")
    scene.charge(1, "ONE")
    scene.card(1, "SIX")
    assert scene.flows()
    scene.card(1, "TWO")
    assert scene.billed(0, "Local") and scene.books()[0].stop_tag == "TWO"


def test_a_step_of_the_clock_changes_no_bill(scene):
    scene.charge()
    scene.wait(MINUTE)
    scene.world.clock += 24 * 60 * MINUTE
    scene.wait(MINUTE)
    scene.card()
    tx = scene.books()[0]
    assert scene.billed(0, "Local") and 2 * MINUTE <= tx.stopped_ms - tx.started_ms <= 3 * MINUTE


def test_a_remote_start_without_a_plug_lapses(scene):
    start = {"connectorId": 1, "idTag": "ONE"}
    assert scene.world.call("RemoteStartTransaction", start) == {"status": "Accepted"}
    scene.wait(2 * MINUTE)
    scene.plug()
    assert not scene.books() and not scene.flows()
    assert scene.world.call("RemoteStartTransaction", start) == {"status": "Accepted"}
    scene.wait(2 * SECOND)
    assert len(scene.books()) == 1 and scene.flows()


def test_an_update_waits_for_the_last_session(scene):
    scene.charge()
    scene.charger.update()
    scene.wait(MINUTE)
    assert scene.flows() and not scene.charger.over
    scene.plug(2)
    scene.card(2, "TWO")
    assert not scene.flows(2) and len(scene.books()) == 1
    scene.card()
    assert scene.billed(0, "Local") and scene.charger.over

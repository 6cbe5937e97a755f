"""A charger in Python, tested in virtual time."""

import ctypes
import re
from pathlib import Path

import pytest
from evcp import Boot, ChargePoint, Config, ErrorCode, Ev, EvcpError, Sample
from evcp import testing
from evcp.testing import Line, Rule, World

HEADER = Path(__file__).resolve().parents[3] / "include" / "evcp_test.h"


class Charger(ChargePoint):
    """A charger with a contactor and a meter."""

    def __init__(self, config):
        self.wh = 1000.0
        self.closed_contactor = False
        self.boots = self.failures = 0
        self.curious = None
        super().__init__(config)

    def on_supply(self, connector, supply):
        self.closed_contactor = supply.permit

    def on_meter_read(self, connector, context):
        self.wh += 100
        return [Sample(self.wh)]

    def on_boot(self, boot):
        self.boots += boot.status is Boot.ACCEPTED
        if self.curious:
            self.curious()

    def on_storage(self, storage):
        self.failures += 1


def config(storage=None):
    return Config("ws://central.example/ocpp", "PY", "evcp", "kit", storage=storage)


def booted(world, storage=None):
    charger = Charger(config(storage))
    charger.start()
    world.advance()
    assert charger.boots == 1
    return charger


def charge(world, charger, tag="CAFE01"):
    charger.present_tag(1, tag)
    charger.set_ev(1, Ev.CHARGING)
    world.advance(1000)


def test_a_session_is_in_the_books(evcp_world):
    charger = booted(evcp_world)
    assert evcp_world.sent_call("BootNotification")["chargePointModel"] == "kit"
    charge(evcp_world, charger)
    assert charger.closed_contactor
    (running,) = evcp_world.transactions()
    assert (running.id, running.tag, running.stopped, running.reason) == (1, "CAFE01", False, None)
    assert running.stopped_ms is running.meter_stop_wh is running.stop_tag is None
    evcp_world.advance(3_600_000)
    charger.set_ev(1, Ev.ABSENT)
    evcp_world.advance(1000)
    assert not charger.closed_contactor
    (over,) = evcp_world.transactions()
    assert over.reason == "EVDisconnected" and over.meter_stop_wh > over.meter_start_wh
    assert over.samples > 0 and over.last_sample["transactionId"] == 1
    assert "StopTransaction" in [frame[2] for frame in evcp_world.sent() if frame[0] == 2]
    charger.close()


def test_the_central_system_follows_its_rules(evcp_world):
    evcp_world.rule("BootNotification", Rule.ANSWER, {"status": "Pending", "interval": 30})
    charger = Charger(config())
    charger.start()
    evcp_world.advance(1000)
    assert charger.boots == 0
    evcp_world.rule(None, Rule.ANSWER)
    evcp_world.advance(30_000)
    assert charger.boots == 1
    evcp_world.set_tag("BAD", "Blocked")
    charge(evcp_world, charger, "BAD")
    assert not charger.closed_contactor
    evcp_world.rule("Authorize", Rule.BY_HAND)
    charge(evcp_world, charger)
    assert not charger.closed_contactor
    evcp_world.reply({"idTagInfo": {"status": "Accepted", "parentIdTag": "GROUP"}})
    evcp_world.advance(1000)
    assert charger.closed_contactor
    evcp_world.rule("Authorize", Rule.ERROR, "InternalError")
    evcp_world.set_tag("CAFE02", parent="GROUP")
    evcp_world.rule("DataTransfer", Rule.SILENT)
    transfer = charger.data_transfer("vendor", "message", "data")
    evcp_world.advance(1000)
    evcp_world.refuse("NotSupported", "no")
    assert transfer.done()
    with pytest.raises(EvcpError) as caught:
        evcp_world.reply({})
    assert caught.value.code is ErrorCode.STATE
    charger.close()


def test_calls_and_answers(evcp_world):
    charger = booted(evcp_world)
    assert evcp_world.call("ClearCache") == {"status": "Accepted"} == evcp_world.answer()
    assert evcp_world.call("Nonsense")["errorCode"] == "NotImplemented"
    evcp_world.set_delay(50)
    assert evcp_world.call("GetConfiguration", {"key": ["HeartbeatInterval"]}) is None
    evcp_world.advance(50)
    assert evcp_world.answer()["configurationKey"][0]["value"] == "300"
    evcp_world.link(Line.DOWN)
    evcp_world.advance()
    with pytest.raises(EvcpError) as caught:
        evcp_world.call("ClearCache")
    assert caught.value.code is ErrorCode.OFFLINE
    charger.close()


def test_a_power_cut_and_a_failing_disk(evcp_world, tmp_path):
    charger = booted(evcp_world, storage=str(tmp_path / "state"))
    charge(evcp_world, charger)
    evcp_world.storage(works=False)
    evcp_world.power_cut()
    with pytest.raises(EvcpError) as caught:
        charger.set_ev(1, Ev.ABSENT)
    assert caught.value.code is ErrorCode.CLOSED
    charger.close()
    evcp_world.storage(works=True)
    with Charger(config(str(tmp_path / "state"))) as charger:
        charger.set_ev(1, Ev.PLUGGED)
        evcp_world.advance(60_000)
        (over,) = evcp_world.transactions()
        assert over.reason == "PowerLoss"
        evcp_world.storage(works=False)
        charge(evcp_world, charger)
        assert charger.failures == 1


def test_time_and_the_loop_of_the_firmware(evcp_world):
    assert (evcp_world.now, evcp_world.clock) == (0, 1_767_225_600_000)
    seen = []
    evcp_world.every(100, lambda: seen.append(evcp_world.now))
    evcp_world.advance(300)
    assert seen == [100, 200, 300]
    evcp_world.stall(1000)
    evcp_world.clock = 5
    assert (evcp_world.now, evcp_world.clock) == (1300, 5) and len(seen) == 3

    def fails():
        raise ValueError("the firmware's own")

    evcp_world.every(100, fails)
    with pytest.raises(ValueError, match="the firmware's own"):
        evcp_world.advance(100)
    evcp_world.every(100, None)
    assert evcp_world.advance(1000) == 0


def test_nothing_passes_time_inside_a_handler(evcp_world):
    charger = Charger(config())
    refused = []

    def look():
        with pytest.raises(EvcpError) as caught:
            evcp_world.advance(1)
        refused.append(caught.value.code)

    charger.curious = look
    charger.start()
    evcp_world.advance()
    assert refused == [ErrorCode.DEADLOCK]
    charger.close()


def test_one_world_for_a_thread_and_none_is_named(evcp_world):
    with pytest.raises(EvcpError, match="evcp_test_free"):
        World()
    evcp_world.close()
    with pytest.raises(EvcpError, match="evcp_test_new"):
        Charger(config())


def test_the_description_is_the_header():
    header = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    c = header[:header.index("namespace")]
    declared = dict(re.findall(r"\b(evcp_test_\w+)\(([^()]*)\);", c[c.index("EVCP_API"):]))
    assert set(declared) == set(testing.FUNCTIONS)
    for name, arguments in declared.items():
        count = 0 if arguments.strip() == "void" else arguments.count(",") + 1
        assert count == len(testing.FUNCTIONS[name][1]), name
    body = re.search(r"typedef struct \{(.*?)\} evcp_test_tx_t;", c, re.DOTALL).group(1)
    members = [re.search(r"(\w+)(?:\[\d+\])?$", member.strip()).group(1) for member in body.split(";") if member.strip()]
    assert members == [name for name, _ in testing.Tx._fields_]
    assert ctypes.sizeof(testing.Tx) == 88
    for prefix, constants in (("EVCP_TEST_LINK_", Line), ("EVCP_TEST_", Rule)):
        for value in constants:
            assert re.search(rf"#define {prefix}{value.name} {value.value}\n", header)

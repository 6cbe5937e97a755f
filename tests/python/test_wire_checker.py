"""The wire checker goes red on what the protocol forbids, and stays green on what it allows."""

import json

import pytest

from wire_checker import WireChecker

NOW = "2030-01-01T00:00:00Z"
LATER = "2030-01-01T00:01:00Z"
EARLIER = "2029-12-31T23:00:00Z"
ACCEPTED = {"status": "Accepted", "currentTime": NOW, "interval": 300}
TAG_INFO = {"idTagInfo": {"status": "Accepted"}}


class Wire:
    """Plays frames to a checker: `ask` is a CALL of the charge point, `tell` its answer."""

    def __init__(self, boots=True):
        self.checker = WireChecker("CP1")
        self.link = "first connection"
        self.count = 0
        if boots:
            self.talk("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"}, ACCEPTED)

    def ask(self, action, payload, message_id=None):
        self.count += 1
        message_id = message_id or f"id-{self.count}"
        self.checker.received(self.link, json.dumps([2, message_id, action, payload]))
        return message_id

    def tell(self, message_id, payload):
        self.checker.sent(self.link, json.dumps([3, message_id, payload]))

    def talk(self, action, payload, answer, message_id=None):
        message_id = self.ask(action, payload, message_id)
        self.tell(message_id, answer)
        return message_id

    def reconnect(self, central=""):
        self.link = f"next connection {central}"
        self.checker.connected(self.link, central)

    def status(self, status, connector=1, code="NoError", timestamp=NOW):
        payload = {"connectorId": connector, "errorCode": code, "status": status, "timestamp": timestamp}
        self.talk("StatusNotification", payload, {})

    def start(self, transaction=7, timestamp=NOW):
        payload = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": timestamp}
        return self.talk("StartTransaction", payload, {"transactionId": transaction, **TAG_INFO})

    def values(self, transaction=7, timestamp=NOW, value="1"):
        meter_value = [{"timestamp": timestamp, "sampledValue": [{"value": value}]}]
        self.talk("MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": meter_value}, {})

    def stop(self, transaction=7, timestamp=LATER, **members):
        payload = {"transactionId": transaction, "meterStop": 5, "timestamp": timestamp, **members}
        self.talk("StopTransaction", payload, {})

    @property
    def complaints(self):
        return self.checker.violations


def test_a_session_as_it_should_be_is_no_violation():
    wire = Wire()
    for connector in (0, 1, 2):
        wire.status("Available", connector)
    wire.status("Preparing")
    wire.talk("Authorize", {"idTag": "T"}, TAG_INFO)
    wire.start()
    wire.status("Charging")
    wire.values()
    wire.stop(reason="Local", idTag="T")
    wire.status("Finishing")
    wire.status("Available")
    wire.talk("Heartbeat", {}, {"currentTime": NOW})
    assert wire.complaints == []


@pytest.mark.parametrize(
    "action, payload, part",
    [
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Busy"}, "Busy"),
        ("StatusNotification", {"connectorId": 1, "status": "Available"}, "errorCode"),
        ("Authorize", {"idTag": "T" * 21}, "too long"),
        ("Authorize", {"idTag": 5}, "is not of type"),
        ("Heartbeat", {"more": 1}, "more"),
        ("Invented", {}, "Invented"),
    ],
)
def test_an_invalid_message_is_seen(action, payload, part):
    wire = Wire()
    wire.ask(action, payload)
    assert len(wire.complaints) == 1 and part in wire.complaints[0]


def test_an_invalid_answer_is_seen():
    wire = Wire()
    wire.checker.sent(wire.link, '[2,"cs-1","Reset",{"type":"Hard"}]')
    wire.checker.received(wire.link, '[3,"cs-1",{"status":"Perhaps"}]')
    assert len(wire.complaints) == 1 and "Perhaps" in wire.complaints[0]


@pytest.mark.parametrize("text", ["no JSON", "{}", "[2]", '[2,5,"Heartbeat",{}]', '[5,"x",{}]', b"\x00"])
def test_what_is_no_frame_is_seen(text):
    wire = Wire()
    wire.checker.received(wire.link, text)
    assert len(wire.complaints) == 1


@pytest.mark.parametrize("timestamp", ["2030-01-01T00:00:00", "2030-01-01 00:00:00Z", "2030-13-01T00:00:00Z", "now"])
def test_a_time_that_is_none_is_seen(timestamp):
    wire = Wire()
    wire.status("Available", timestamp=timestamp)
    assert len(wire.complaints) == 1
    wire.start(timestamp=timestamp if timestamp != "now" else EARLIER[:-1])
    assert len(wire.complaints) == 2


def test_a_message_id_that_is_used_for_something_else_is_seen():
    wire = Wire()
    wire.talk("Authorize", {"idTag": "A"}, TAG_INFO, "same")
    wire.reconnect()
    wire.talk("Authorize", {"idTag": "B"}, TAG_INFO, "same")
    assert len(wire.complaints) == 1 and "message id" in wire.complaints[0]


def test_a_message_id_that_is_used_again_after_its_answer_is_seen():
    wire = Wire()
    for _ in range(2):
        wire.talk("Heartbeat", {}, {"currentTime": NOW}, "same")
    assert len(wire.complaints) == 1 and "answered" in wire.complaints[0]


def test_a_counter_that_starts_again_with_each_boot_is_seen():
    boot = {"chargePointVendor": "v", "chargePointModel": "m"}
    wire = Wire(boots=False)
    wire.talk("BootNotification", boot, ACCEPTED, "1")
    wire.talk("Heartbeat", {}, {"currentTime": NOW}, "2")
    wire.checker.power_up()
    wire.reconnect()
    wire.talk("BootNotification", boot, ACCEPTED, "1")
    assert len(wire.complaints) == 1 and "message id" in wire.complaints[0]


def test_a_message_whose_answer_may_be_lost_may_be_sent_again():
    wire = Wire()
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOW}
    wire.talk("StartTransaction", start, {"transactionId": 7, **TAG_INFO}, "kept")
    wire.reconnect()
    wire.talk("StartTransaction", start, {"transactionId": 7, **TAG_INFO}, "kept")
    wire.stop()
    assert wire.complaints == []


def test_two_calls_at_once_are_seen():
    wire = Wire()
    wire.ask("Heartbeat", {})
    wire.ask("Authorize", {"idTag": "T"})
    assert len(wire.complaints) == 1 and "waits for its answer" in wire.complaints[0]


def test_a_call_on_a_new_connection_does_not_wait_for_an_old_one():
    wire = Wire()
    wire.ask("Heartbeat", {})
    wire.reconnect()
    wire.ask("Authorize", {"idTag": "T"})
    assert wire.complaints == []


@pytest.mark.parametrize(
    "disorder",
    [
        lambda wire: (wire.start(), wire.stop(), wire.values(timestamp=LATER)),
        lambda wire: (wire.start(), wire.stop(), wire.stop(reason="Remote")),
        lambda wire: (wire.values(),),
        lambda wire: (wire.start(timestamp=LATER), wire.values(timestamp=NOW)),
        lambda wire: (wire.start(), wire.stop(timestamp=EARLIER)),
        lambda wire: (wire.start(), wire.values(), wire.values()),
        lambda wire: (wire.start(timestamp=LATER), wire.start(8, timestamp=EARLIER)),
    ],
    ids=["values after stop", "two stops", "no start", "values before start", "stop before start", "twice the same",
         "starts in disorder"],
)
def test_transaction_messages_out_of_order_are_seen(disorder):
    wire = Wire()
    disorder(wire)
    assert wire.complaints


def test_a_stop_before_the_answer_to_its_start_is_seen():
    wire = Wire()
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOW}
    wire.ask("StartTransaction", start)
    wire.reconnect()
    wire.stop()
    assert any("before StartTransaction" in text for text in wire.complaints)


def test_a_stop_that_was_refused_may_be_sent_again_and_one_that_was_not_may_not():
    wire = Wire()
    wire.start()
    stop = {"transactionId": 7, "meterStop": 5, "timestamp": LATER}
    refused = wire.ask("StopTransaction", stop)
    wire.checker.sent(wire.link, json.dumps([4, refused, "InternalError", "", {}]))
    wire.talk("StopTransaction", stop, {})
    assert wire.complaints == []
    wire.talk("StopTransaction", stop, {})
    assert wire.complaints


def test_a_stop_that_was_never_answered_may_come_without_its_data_and_not_with_other_contents():
    wire = Wire()
    wire.start()
    data = [{"timestamp": NOW, "sampledValue": [{"value": "1"}]}]
    wire.ask("StopTransaction", {"transactionId": 7, "meterStop": 5, "timestamp": LATER, "transactionData": data})
    wire.reconnect()
    wire.stop()
    assert wire.complaints == []
    wire.stop(reason="Remote")
    assert any("already been stopped" in text for text in wire.complaints)


def test_samples_of_one_connector_keep_the_order_of_their_readings():
    wire = Wire()
    wire.start()
    wire.talk("StartTransaction", {"connectorId": 2, "idTag": "T", "meterStart": 0, "timestamp": NOW},
              {"transactionId": 8, **TAG_INFO})
    wire.values(timestamp=LATER)
    other = [{"timestamp": NOW, "sampledValue": [{"value": "1"}]}]
    wire.talk("MeterValues", {"connectorId": 2, "transactionId": 8, "meterValue": other}, {})
    assert wire.complaints == []
    wire.values(timestamp=NOW)
    assert any("of connector 1" in text for text in wire.complaints)


@pytest.mark.parametrize("answer", [{"transactionId": 7}, {"transactionId": "7", "idTagInfo": {"status": "accepted"}}])
def test_a_start_has_the_id_that_can_be_read_in_its_answer(answer):
    wire = Wire()
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOW}
    wire.talk("StartTransaction", start, answer, "sloppy")
    wire.stop()
    assert wire.complaints == []
    wire.talk("StartTransaction", start, answer, "sloppy")
    assert wire.complaints


def test_a_start_that_is_known_under_no_id_may_be_asked_for_again():
    wire = Wire()
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOW}
    known = {"transactionId": 0, "idTagInfo": {"status": "ConcurrentTx"}}
    wire.talk("StartTransaction", start, known, "same")
    wire.talk("StartTransaction", start, {"transactionId": 7, **TAG_INFO}, "same")
    wire.stop()
    assert wire.complaints == []


def test_a_registration_stands_with_an_interval_that_cannot_be_read():
    wire = Wire(boots=False)
    odd = {"status": "accepted", "interval": "soon", "currentTime": 5}
    wire.talk("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"}, odd)
    wire.status("Available", 0)
    assert wire.complaints == []


def test_a_start_that_was_refused_may_come_again_after_newer_ones_and_another_may_not():
    wire = Wire()
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": EARLIER}
    refused = wire.ask("StartTransaction", start)
    wire.checker.sent(wire.link, json.dumps([4, refused, "InternalError", "", {}]))
    wire.start(7, timestamp=LATER)
    wire.talk("StartTransaction", start, {"transactionId": 8, **TAG_INFO})
    wire.stop(8, timestamp=NOW)
    assert wire.complaints == []
    wire.talk("StartTransaction", {**start, "idTag": "U"}, {"transactionId": 9, **TAG_INFO})
    assert wire.complaints


def test_while_pending_a_trigger_for_no_connector_asks_for_all_of_them():
    wire = Wire(boots=False)
    boot = {"chargePointVendor": "v", "chargePointModel": "m"}
    wire.talk("BootNotification", boot, {**ACCEPTED, "status": "Pending"})
    wire.checker.sent(wire.link, json.dumps([2, "t", "TriggerMessage", {"requestedMessage": "StatusNotification"}]))
    wire.checker.received(wire.link, json.dumps([3, "t", {"status": "Accepted"}]))
    wire.status("Available", 0)
    wire.status("Available", 1)
    assert wire.complaints == []
    wire.ask("Heartbeat", {})
    assert wire.complaints


def test_a_boot_that_is_triggered_and_never_answered_leaves_an_accepted_charge_point_in_operation():
    wire = Wire()
    boot = {"chargePointVendor": "v", "chargePointModel": "m"}
    wire.checker.sent(wire.link, json.dumps([2, "t", "TriggerMessage", {"requestedMessage": "BootNotification"}]))
    wire.checker.received(wire.link, json.dumps([3, "t", {"status": "Accepted"}]))
    wire.ask("BootNotification", boot)
    wire.reconnect()
    wire.ask("Heartbeat", {})
    assert wire.complaints == []


def test_another_central_system_is_asked_for_a_registration_before_anything_else():
    wire = Wire()
    wire.talk("Heartbeat", {}, {"currentTime": NOW})
    wire.reconnect("another")
    wire.talk("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"}, ACCEPTED)
    wire.talk("Heartbeat", {}, {"currentTime": NOW})
    assert wire.complaints == []
    wire.reconnect("a third")
    wire.ask("Heartbeat", {})
    assert wire.complaints


@pytest.mark.parametrize(
    "before, after",
    [
        ("Available", "Finishing"), ("Preparing", "Reserved"), ("Preparing", "Unavailable"), ("Charging", "Preparing"),
        ("Charging", "Reserved"), ("SuspendedEV", "Preparing"), ("SuspendedEVSE", "Reserved"),
        ("Finishing", "Charging"), ("Finishing", "SuspendedEV"), ("Reserved", "Charging"), ("Unavailable", "Finishing"),
    ],
)
def test_a_status_that_cannot_follow_is_seen(before, after):
    wire = Wire()
    wire.status(before)
    wire.status(after)
    assert len(wire.complaints) == 1 and before in wire.complaints[0] and after in wire.complaints[0]


@pytest.mark.parametrize("status", ["Preparing", "Charging", "Finishing", "Reserved"])
def test_a_status_that_connector_zero_cannot_have_is_seen(status):
    wire = Wire()
    wire.status(status, connector=0)
    assert len(wire.complaints) == 1


def test_a_fault_without_an_error_is_seen():
    wire = Wire()
    wire.status("Faulted", code="GroundFailure")
    wire.status("Faulted")
    assert len(wire.complaints) == 1


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
def test_a_call_without_a_registration_is_seen(registration):
    wire = Wire(boots=False)
    answer = {**ACCEPTED, "status": registration}
    wire.talk("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"}, answer)
    wire.status("Available", 0)
    assert len(wire.complaints) == 1 and registration in wire.complaints[0]

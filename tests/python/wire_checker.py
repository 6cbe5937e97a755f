"""Watches every frame of a charge point and writes down what the protocol forbids.

It stands behind every scenario: whatever a test looks at, these rules hold all the time.
"""

import datetime
import decimal
import json
import re
import time

from jsonschema import Draft4Validator, Draft6Validator
from ocpp.messages import MessageType, get_validator

from sloppy_answers import is_id_missing, readable_answer

CALL, RESULT, ERROR = 2, 3, 4

ERROR_CODES = {
    "NotImplemented", "NotSupported", "InternalError", "ProtocolError", "SecurityError", "FormationViolation",
    "PropertyConstraintViolation", "OccurenceConstraintViolation", "TypeConstraintViolation", "GenericError",
}

TRANSACTION_ACTIONS = {"StartTransaction", "MeterValues", "StopTransaction"}

#: What is kept on the disk until it has been answered.
KEPT = TRANSACTION_ACTIONS | {"DataTransfer", "SecurityEventNotification"}

#: OCPP 1.6 section 4.9: from which status a connector may go to which.
TRANSITIONS = {
    "Available": {"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Reserved", "Unavailable", "Faulted"},
    "Preparing": {"Available", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Faulted"},
    "Charging": {"Available", "SuspendedEV", "SuspendedEVSE", "Finishing", "Unavailable", "Faulted"},
    "SuspendedEV": {"Available", "Charging", "SuspendedEVSE", "Finishing", "Unavailable", "Faulted"},
    "SuspendedEVSE": {"Available", "Charging", "SuspendedEV", "Finishing", "Unavailable", "Faulted"},
    "Finishing": {"Available", "Preparing", "Unavailable", "Faulted"},
    "Reserved": {"Available", "Preparing", "Unavailable", "Faulted"},
    "Unavailable": {"Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Faulted"},
    "Faulted": {
        "Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Reserved", "Unavailable",
    },
}

MOST_CONNECTORS = 256

#: A clock that is set while a message waits may put it a little before its forerunner.
CLOCK_STEP = datetime.timedelta(seconds=1)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def parse_time(text):
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not an ISO 8601 time with an offset")
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def schema_errors(kind, action, payload):
    """What the official schema of `action` finds wrong; `payload` parsed with decimals."""
    message_type = MessageType.Call if kind == CALL else MessageType.CallResult
    schema = get_validator(message_type, action, "1.6", parse_float=decimal.Decimal).schema
    validator = Draft6Validator if "draft-06" in schema.get("$schema", "") else Draft4Validator
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in validator(schema).iter_errors(payload)]


def start_time(payload):
    """When a transaction started; of a time that was complained of already: at any time."""
    try:
        return parse_time(payload["timestamp"])
    except ValueError:
        return datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)


def meter_times(payload):
    return [parse_time(value["timestamp"]) for value in payload.get("meterValue", [])]


def is_triggered(payload):
    contexts = {sample.get("context") for value in payload["meterValue"] for sample in value["sampledValue"]}
    return contexts == {"Trigger"}


def without_data(stop):
    return {key: value for key, value in stop.items() if key != "transactionData"}


class WireChecker:
    """The rules for one charge point identity, over all of its connections."""

    def __init__(self, identity, clock=time.monotonic):
        self.identity = identity
        self.clock = clock
        #: Samples are stored in groups: the last known reading may be older than a delivered sample.
        self.grouped_samples = False
        self.times_are_ordered = True
        self.violations = []
        self.calls = {}  # id -> (action, payload), of all time
        self.results = {}  # id -> the connection on which it was answered with a result
        self.last_result = {}  # connection -> the id that was answered last
        self.arrived = set()  # ids whose results are known to have arrived: the next CALL came after them
        self.outstanding = {}  # connection -> id of the charge point's unanswered CALL
        self.ours = {}  # (connection, id) -> action of an unanswered CALL of the central system
        self.finished = set()  # (connection, id) of those that have been answered
        self.statuses = {}  # connector -> last status reported on this connection
        self.central = ""
        self.registration = None
        self.may_boot = True  # nothing shows yet that the last answer arrived
        self.reset_due = False
        self.not_before = None
        self.triggered = []  # [action, how many of it were asked for at most]
        self.last_time = None
        self.last_samples = {}  # connector -> the time of its last MeterValues
        self.unconfirmed = None  # the StartTransaction that is not answered
        self.open = {}  # transaction id -> (connector, time of its last message)
        self.closed = {}  # the same of those that have been stopped
        self.stops = {}  # transaction id -> the id of the StopTransaction that came last
        self.contents = {}  # what a transaction message says -> its id
        self.refused_starts = 0
        self.refused = set()  # what they said
        #: Ids of starts that were refused and come again, and of their transactions: newer ones came between.
        self.belated = set()

    def complain(self, text):
        self.violations.append(f"{self.identity}: {text}")

    def power_up(self):
        """The charge point has been switched on: the next CALL must be a BootNotification."""
        self.registration = None
        self.may_boot = True
        self.not_before = None
        self.statuses.clear()
        # It may have lost that a result arrived, but only of what it had to keep.
        self.arrived = {one for one in self.arrived if self.calls[one][0] not in KEPT}
        self.last_result.clear()

    def clock_stepped(self):
        """Somebody set the clocks: from here on times say nothing about order."""
        self.times_are_ordered = False

    def connected(self, connection, central=""):
        """central: which one is connected to, where there are several: another one registers anew."""
        if central != self.central:
            self.central = central
            self.registration = None
            self.may_boot = True
            self.not_before = None
        # What changed while nobody listened is not told: any status may come first.
        self.statuses.clear()
        self.outstanding.pop(connection, None)

    # From the charge point

    def received(self, connection, text):
        if not isinstance(text, str):
            return self.complain(f"binary frame {text[:60]!r}")
        try:
            frame = json.loads(text, parse_float=decimal.Decimal)
        except ValueError as error:
            return self.complain(f"not JSON: {error}: {text[:200]}")
        # An id that is a number comes back as it is.
        ids = (str, int, decimal.Decimal) if isinstance(frame, list) and frame[:1] == [ERROR] else str
        if not isinstance(frame, list) or len(frame) < 3 or not isinstance(frame[1], ids):
            return self.complain(f"not a frame: {text[:200]}")
        if self.registration == "Rejected" and frame[0] in (RESULT, ERROR):
            self.complain(f"answers although its boot was rejected: {text[:200]}")
        if frame[0] == CALL and len(frame) == 4:
            self._call(connection, frame[1], frame[2], frame[3])
        elif frame[0] == RESULT and len(frame) == 3:
            self._result(connection, frame[1], frame[2])
        elif frame[0] == ERROR and len(frame) == 5:
            self._error(connection, frame)
        else:
            self.complain(f"not a frame: {text[:200]}")

    def _call(self, connection, message_id, action, payload):
        named = f"{action} {message_id}"
        try:
            for error in schema_errors(CALL, action, payload):
                self.complain(f"{named}: {error}")
        except Exception as error:  # no such schema
            return self.complain(f"{named}: {error!r}")
        if not 0 < len(message_id) <= 36:
            self.complain(f"{named}: the message id has {len(message_id)} characters")
        self._outstanding(connection, message_id, named)
        self._registration(action, named)
        self.arrived.update({self.last_result.pop(connection, message_id)} - {message_id})
        repeated = self._identity(connection, message_id, action, payload, named)
        if action == "BootNotification":
            self.statuses.clear()
        elif action == "StatusNotification":
            try:
                self._status(payload, named)
            except (TypeError, ValueError) as error:
                self.complain(f"{named}: {error!r}")
        if not repeated and action in TRANSACTION_ACTIONS:
            try:
                self._transaction(message_id, action, payload, named)
            except (KeyError, TypeError, ValueError) as error:
                self.complain(f"{named}: {error!r}")

    def _outstanding(self, connection, message_id, named):
        waiting = self.outstanding.get(connection)
        if waiting not in (None, message_id):
            self.complain(f"{named} is sent while {waiting} waits for its answer")
        self.outstanding[connection] = message_id

    def _identity(self, connection, message_id, action, payload, named):
        """Whether this very CALL came before, as at-least-once delivery allows until it is answered."""
        known = self.calls.get(message_id)
        if known is None:
            self.calls[message_id] = (action, payload)
            return False
        if known != (action, payload):
            self.complain(f"{named}: the message id was used for {known} and now for {payload}")
        if self.results.get(message_id) == connection:
            self.complain(f"{named} comes again although it was answered on this connection")
        elif message_id in self.arrived:
            self.complain(f"{named}: the message id was used for a CALL whose answer arrived")
        return True

    def _registration(self, action, named):
        asked_for = [one for one in self.triggered if one[0] == action]
        triggered = bool(asked_for)
        if triggered:
            asked_for[0][1] -= 1
            self.triggered = [one for one in self.triggered if one[1]]
        if action == "BootNotification":
            if self.registration == "Accepted" and not (self.may_boot or self.reset_due or triggered):
                self.complain(f"{named} without a reboot")
            self.may_boot, self.reset_due = True, False
            if self.not_before is not None and not triggered and self.clock() < self.not_before:
                self.complain(f"{named} comes {self.not_before - self.clock():.1f} s too early")
            # One that is triggered takes an accepted charge point out of operation only if the answer does.
            if self.registration != "Accepted" or not triggered:
                self.registration = None
            self.not_before = None
        elif self.registration == "Accepted":
            self.may_boot = False
        elif self.registration != "Pending" or not triggered:
            self.complain(f"{named} while its registration is {self.registration or 'unanswered'}")

    def _status(self, payload, named):
        connector, status = payload.get("connectorId"), payload.get("status")
        before = self.statuses.get(connector)
        self.statuses[connector] = status
        if connector == 0 and status not in ("Available", "Unavailable", "Faulted"):
            self.complain(f"{named}: connector 0 is {status}")
        elif before not in (None, status) and status not in TRANSITIONS.get(before, ()):
            self.complain(f"{named}: connector {connector} goes from {before} to {status}")
        faulty = payload.get("errorCode") != "NoError"
        if status == "Faulted" and not faulty:
            self.complain(f"{named}: Faulted without an error")
        if "timestamp" in payload:
            parse_time(payload["timestamp"])

    def _transaction(self, message_id, action, payload, named):
        if self.unconfirmed not in (None, message_id):
            self.complain(f"{named} is sent before StartTransaction {self.unconfirmed} has its answer")
        content = json.dumps([action, payload], sort_keys=True, default=str)
        if self.contents.setdefault(content, message_id) != message_id:
            self.complain(f"{named} says again what {self.contents[content]} said")
        if action == "StartTransaction":
            self.unconfirmed = message_id
            again = content in self.refused
            if again:
                self.belated.add(message_id)
            self._chronology([parse_time(payload["timestamp"])], named, loosely=again)
            return
        transaction = payload.get("transactionId")
        belated = transaction in self.belated or (transaction == -1 and self.refused_starts)
        if action == "StopTransaction":
            times = [parse_time(payload["timestamp"])]
            # After a power cut the stop carries the time of the last known reading.
            self._chronology(times, named, loosely=belated or payload.get("reason") == "PowerLoss")
        else:
            times = meter_times(payload)
            if transaction is None:
                return
            if payload["connectorId"] == 0:
                self.complain(f"{named}: connector 0 has no transactions")
            if is_triggered(payload):
                return  # told when its turn comes, beside the queue
            if not belated:
                self._samples(times, payload["connectorId"], named)
        if transaction == -1 and self.refused_starts:
            return  # the start was given up: there is no id
        if transaction in self.closed:
            if action != "StopTransaction" or not self._may_repeat_stop(transaction, payload):
                self.complain(f"{named}: transaction {transaction} has already been stopped")
        elif transaction not in self.open:
            self.complain(f"{named}: transaction {transaction} has never been started")
        else:
            connector, last = self.open[transaction]
            known = not (self.grouped_samples and payload.get("reason") == "PowerLoss")
            if known and self.times_are_ordered and times and min(times) + CLOCK_STEP < last:
                self.complain(f"{named}: {min(times)} comes after {last} of the same transaction")
            if action == "MeterValues" and payload["connectorId"] != connector:
                self.complain(f"{named}: transaction {transaction} runs on connector {connector}")
            self.open[transaction] = (connector, max([last, *times]))
        if action == "StopTransaction":
            self.stops[transaction] = message_id
            if transaction in self.open:
                self.closed[transaction] = self.open.pop(transaction)

    def _may_repeat_stop(self, transaction, payload):
        """One that was never answered, as if it could not be taken, may come without its data."""
        before = self.stops.get(transaction)
        if before is None or before in self.results or "transactionData" in payload:
            return False
        return without_data(self.calls[before][1]) == payload

    def _samples(self, times, connector, named):
        """In the order of their times, connector by connector: a sample has the time of its reading, and
        the reading of one may be older than that of another."""
        if not self.times_are_ordered:
            return
        for one in times:
            last = self.last_samples.get(connector)
            if last and one + CLOCK_STEP < last:
                self.complain(f"{named}: {one} comes after {last} of connector {connector}")
            self.last_samples[connector] = max(last or one, one)

    def _chronology(self, times, named, loosely=False):
        loosely = loosely or not self.times_are_ordered
        for one in times:
            if self.last_time and one + CLOCK_STEP < self.last_time and not loosely:
                self.complain(f"{named}: {one} comes after {self.last_time}")
            self.last_time = max(self.last_time or one, one)

    def _result(self, connection, message_id, payload):
        action = self._answered(connection, message_id, "CALLRESULT")
        if action is None:
            return
        for error in schema_errors(RESULT, action, payload):
            self.complain(f"answer to {action} {message_id}: {error}")
        if action == "Reset" and payload.get("status") == "Accepted":
            self.reset_due = True
        if action in ("TriggerMessage", "ExtendedTriggerMessage") and payload.get("status") != "Accepted":
            self.triggered = self.triggered[:-1]

    def _error(self, connection, frame):
        action = self._answered(connection, frame[1], "CALLERROR")
        if frame[2] not in ERROR_CODES:
            self.complain(f"CALLERROR to {action}: {frame[2]!r} is no error code")
        if not isinstance(frame[3], str) or len(frame[3]) > 255 or not isinstance(frame[4], dict):
            self.complain(f"CALLERROR to {action}: {str(frame[3:])[:200]}")
        if action in ("TriggerMessage", "ExtendedTriggerMessage"):
            self.triggered = self.triggered[:-1]

    def _answered(self, connection, message_id, what):
        key = (connection, message_id)
        action = self.ours.pop(key, None)
        if action is None:
            again = "a second time" if key in self.finished else "although nothing was asked"
            self.complain(f"{what} {message_id} comes {again}")
        else:
            self.finished.add(key)
        return action

    # From the central system

    def sent(self, connection, text):
        frame = json.loads(text)
        if frame[0] == CALL:
            self.ours[(connection, frame[1])] = frame[2]
            if frame[2] in ("TriggerMessage", "ExtendedTriggerMessage"):
                message = frame[3].get("requestedMessage")
                of_each = message in ("StatusNotification", "MeterValues") and "connectorId" not in frame[3]
                self.triggered.append([message, MOST_CONNECTORS + 1 if of_each else 1])
            return
        self.answered(connection, frame[1])
        action, payload = self.calls.get(frame[1], (None, None))
        if frame[0] != RESULT:
            self._refused(frame[1], action, payload)
            return
        answer = frame[2]
        if action and schema_errors(RESULT, action, answer):
            answer = readable_answer(action, answer)
        if answer is None or action == "StartTransaction" and is_id_missing(answer):
            # Nobody can make anything of it, so the call may come again.
            self._refused(frame[1], action, payload)
            return
        self.results[frame[1]] = connection
        self.last_result[connection] = frame[1]
        if action == "BootNotification":
            self.registration = answer["status"]
            if self.registration != "Accepted" and answer["interval"] > 0:
                self.not_before = self.clock() + answer["interval"] - 0.3
        elif action == "StartTransaction":
            transaction = answer["transactionId"]
            if frame[1] in self.belated:
                self.belated.add(transaction)
            if transaction not in self.open and transaction not in self.closed:
                self.open[transaction] = (payload["connectorId"], start_time(payload))

    def _refused(self, message_id, action, payload):
        # A refused message may be tried again, under its id or a new one.
        self.contents = {content: one for content, one in self.contents.items() if one != message_id}
        if action == "StartTransaction":
            self.refused_starts += 1
            self.refused.add(json.dumps([action, payload], sort_keys=True, default=str))
        elif action == "StopTransaction" and payload.get("transactionId") in self.closed:
            transaction = payload["transactionId"]
            self.open[transaction] = self.closed.pop(transaction)

    def answered(self, connection, message_id):
        """The CALL is over for the central system: answered, refused, or passed over on purpose."""
        if self.outstanding.get(connection) == message_id:
            del self.outstanding[connection]
        if self.unconfirmed == message_id:
            self.unconfirmed = None

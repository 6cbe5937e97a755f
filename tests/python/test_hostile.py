"""A central system that sends everything but sense: the right answer or none, never a crash, bounded memory."""

import asyncio
import json
from pathlib import Path

import pytest
import pytest_asyncio
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from central_system import now
from feed import PATIENCE

#: What the central system sends, with a payload that is good but for what a test does to it.
GOOD = {
    "ChangeAvailability": {"connectorId": 9, "type": "Operative"},
    "ChangeConfiguration": {"key": "Nonsense", "value": "1"},
    "ClearCache": {},
    "ClearChargingProfile": {"id": 1, "connectorId": 1, "chargingProfilePurpose": "TxProfile", "stackLevel": 0},
    "GetCompositeSchedule": {"connectorId": 9, "duration": 60, "chargingRateUnit": "A"},
    "DataTransfer": {"vendorId": "nobody", "messageId": "m", "data": "d"},
    "GetConfiguration": {"key": ["HeartbeatInterval"]},
    "RemoteStartTransaction": {"connectorId": 9, "idTag": "CAFE01"},
    "RemoteStopTransaction": {"transactionId": 123456},
    "TriggerMessage": {"requestedMessage": "FirmwareStatusNotification", "connectorId": 1},
    "UnlockConnector": {"connectorId": 9},
}

#: Members that may be missing.
OPTIONAL = {
    "key", "messageId", "data", "connectorId", "id", "chargingProfilePurpose", "stackLevel", "chargingRateUnit",
}


class Hostile:
    """A raw WebSocket server that accepts the boot and then sends what it is told to."""

    def __init__(self):
        self.answers = {}
        self.calls = []
        self.socket = None
        self.connects = 0
        self.changed = asyncio.Condition()
        self.counter = 0
        self.senseless = {}

    async def __aenter__(self):
        self.server = await serve(self.connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"], max_size=None)
        self.url = f"ws://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def connected(self, socket):
        self.socket = socket
        self.connects += 1
        await self.ring()
        try:
            async for text in socket:
                frame = json.loads(text)
                if frame[0] == 2:
                    self.calls.append(frame)
                    answer = {}
                    if frame[2] == "BootNotification":
                        answer = {"status": "Accepted", "currentTime": now(), "interval": 3600}
                    if frame[2] == "Authorize":
                        answer = self.senseless
                    await socket.send(json.dumps([3, frame[1], answer]))
                else:
                    self.answers.setdefault(frame[1], []).append(frame)
                await self.ring()
        except ConnectionClosed:
            pass
        finally:
            if self.socket is socket:
                self.socket = None
            await self.ring()

    async def ring(self):
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition, what):
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(condition), PATIENCE)
            except asyncio.TimeoutError:
                pytest.fail(f"waited in vain for {what}")

    async def booted(self):
        def all_said():
            said = [call for call in self.calls if call[2] == "StatusNotification"]
            return self.socket is not None and len(said) >= 3
        await self.until(all_said, "the boot")

    def fresh(self):
        self.counter += 1
        return f"h-{self.counter}"

    async def send(self, text):
        """Sends a frame, on a new connection if the charge point closed the last one."""
        await self.until(lambda: self.socket is not None, "a connection")
        try:
            await self.socket.send(text)
        except ConnectionClosed:
            pass

    async def answer(self, identity):
        await self.until(lambda: identity in self.answers, f"an answer to {identity}")
        return self.answers[identity][0]

    async def still_works(self):
        """A sane question gets a sane answer, perhaps on a new connection."""
        for _ in range(20):
            identity = self.fresh()
            await self.send(json.dumps([2, identity, "GetConfiguration", {"key": ["HeartbeatInterval"]}]))
            def answered_or_gone():
                return identity in self.answers or self.socket is None
            await self.until(answered_or_gone, "an answer or the end of the connection")
            if identity in self.answers:
                assert self.answers[identity][0][2]["configurationKey"][0]["key"] == "HeartbeatInterval"
                return
        pytest.fail("the charge point does not answer any more")


def memory_kb(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest_asyncio.fixture
async def hostile(simulators):
    async with Hostile() as central:
        central.simulator = await simulators(central.url).start()
        await central.booted()
        before = memory_kb(central.simulator.pid)
        yield central
        await central.still_works()
        after = memory_kb(central.simulator.pid)
        assert central.simulator.running
        assert after < 64 * 1024 and after - before < 16 * 1024, f"{before} kB grew to {after} kB"


# cases: X-CALLERROR; rules: 9, 10
async def test_frames_that_are_no_frames_are_ignored(hostile):
    nonsense = [
        "", " ", "null", "true", "1", '"x"', "{}", "[", "]", "[]", "[2]", "[2,null]", "[3]", "[4]", "[9,\"x\",{}]",
        "[3,null,{}]", "[4,null,\"E\",\"\",{}]", '[3,"unknown",{}]', '[4,"unknown","GenericError","",{}]',
        '[3,"' + "i" * 37 + '",{}]', '[4,"","GenericError","",{}]', "[2,{},\"ClearCache\",{}]",
        "[" * 100_000, '{"a":' * 50_000, '[3,"x",' + "[" * 10_000, "\u0000", "[2,\"a\\ud800\",\"ClearCache\",{}]",
        '[-2,"x","ClearCache",{}]', '[2.5,"x","ClearCache",{}]', '[1e400,"x"]', '["2","x","ClearCache",{}]',
    ]
    for text in nonsense * 8:
        await hostile.send(text)
    await hostile.still_works()
    assert all(identity.startswith("h-") for identity in hostile.answers), hostile.answers


# cases: X-CALLERROR; rules: 7, 8
async def test_ids_that_cannot_be_used_are_refused_as_they_came(hostile):
    for identity in ["i" * 37, "i" * 30_000, "", 1, -1, 2**70, 1.5]:
        await hostile.send(json.dumps([2, identity, "ClearCache", {}]))
        answer = await hostile.answer(identity)
        assert answer[0] == 4 and answer[2] == "FormationViolation", answer


# cases: X-CALLERROR; rules: 12
async def test_broken_calls_with_an_id_are_answered_with_formation_violation(hostile):
    for rest in ["", ',"ClearCache"', ',"ClearCache",1', ',"ClearCache",[]', ',"ClearCache","x"', ',1,{}', ',"ClearCache",{},1']:
        identity = hostile.fresh()
        await hostile.send(f'[2,"{identity}"{rest}]')
        answer = await hostile.answer(identity)
        assert answer[0] == 4 and answer[2] == "FormationViolation", (rest, answer)


# rules: 8, 12
async def test_unknown_actions_are_not_implemented(hostile):
    for action in ["Nonsense", "", "clearCache", "BootNotifications", "x" * 1000]:
        identity = hostile.fresh()
        await hostile.send(json.dumps([2, identity, action, {}]))
        answer = await hostile.answer(identity)
        assert answer[:1] + answer[2:3] == [4, "NotImplemented"], answer


def broken(payload):
    """Payloads with one fault each, and the code for it: unknown members, wrong types, too long."""
    yield {**payload, "unknown": 1}, "FormationViolation"
    for name, value in payload.items():
        yield {**payload, name: {"a": 1}}, "TypeConstraintViolation"
        # Nothing, in the place of what may be missing, is nothing.
        if name not in OPTIONAL:
            yield {**payload, name: None}, "TypeConstraintViolation"
        if isinstance(value, str):
            yield {**payload, name: 5}, "TypeConstraintViolation"
            if name != "data":
                yield {**payload, name: "x" * 2000}, "PropertyConstraintViolation"
        if isinstance(value, int):
            yield {**payload, name: "5"}, "TypeConstraintViolation"
            too_large = 2**70 if name == "transactionId" else 2**40
            yield {**payload, name: too_large}, "PropertyConstraintViolation"
    for name in payload:
        if name not in OPTIONAL:
            yield {key: value for key, value in payload.items() if key != name}, "OccurenceConstraintViolation"


# cases: X-CALLERROR; rules: 12, 14
async def test_every_fault_in_a_payload_has_its_code(hostile):
    wanted = {}
    for action, payload in GOOD.items():
        for bad, code in broken(payload):
            for _ in range(8):
                identity = hostile.fresh()
                wanted[identity] = (code, action, bad)
                await hostile.send(json.dumps([2, identity, action, bad]))
    assert len(wanted) > 500
    for identity, (code, action, bad) in wanted.items():
        answer = await hostile.answer(identity)
        assert answer[0] == 4 and answer[2] == code, (action, bad, answer)


async def test_a_burst_of_calls_is_answered_once_each(hostile):
    identities = [hostile.fresh() for _ in range(400)]
    for identity in identities:
        await hostile.send(json.dumps([2, identity, "GetConfiguration", {}]))
    for identity in identities:
        await hostile.answer(identity)
    await hostile.still_works()
    assert all(len(hostile.answers[identity]) == 1 for identity in identities)


async def test_a_frame_of_a_mebibyte_costs_the_connection_at_most(hostile):
    for _ in range(3):
        await hostile.send(json.dumps([2, hostile.fresh(), "DataTransfer", {"vendorId": "v", "data": "x" * (1 << 20)}]))
        await hostile.still_works()


async def test_text_that_is_not_utf8_costs_the_connection_at_most(hostile):
    for _ in range(3):
        await hostile.until(lambda: hostile.socket is not None, "a connection")
        await hostile.socket.send(b'[2,"x","\xff\xfe\x80",{}]', text=True)
        await hostile.still_works()


async def test_binary_frames_are_ignored(hostile):
    for _ in range(20):
        await hostile.send(b"\x00\x01\x02" * 100)
    await hostile.still_works()


# cases: X-CALLERROR; rules: 52
async def test_answers_that_make_no_sense_authorize_nobody(hostile):
    senseless = [{}, {"idTagInfo": None}, {"idTagInfo": {}}, {"idTagInfo": {"status": "Maybe"}}, [], None, 7]
    for number, answer in enumerate(senseless):
        hostile.senseless = answer
        await hostile.simulator.tag(1, f"TAG{number}")
        refused = await hostile.simulator.wait("auth", id_tag=f"TAG{number}")
        assert refused["status"] == "Invalid", (answer, refused)


@pytest.mark.parametrize("date", [5, "", "2030-01-01", {}])
async def test_a_date_that_cannot_be_read_takes_no_permission_away(hostile, date):
    hostile.senseless = {"idTagInfo": {"status": "Accepted", "expiryDate": date}}
    await hostile.simulator.tag(1, "TAG")
    answered = await hostile.simulator.wait("auth", id_tag="TAG")
    assert answered["status"] == "Accepted", answered

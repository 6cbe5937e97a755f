"""A central system on the `ocpp` package, which checks all messages by the official schemas.

It listens on loopback, keeps books, and misbehaves as it is told to.
"""

import asyncio
import base64
import datetime
import http
import json
import logging
import random
from dataclasses import dataclass, field
from urllib.parse import unquote

import ocpp.messages
from ocpp.exceptions import InternalError, OCPPError
from ocpp.messages import CallError, CallResult, MessageType, unpack
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from books import Books
from feed import PATIENCE, Feed
from wire_checker import TRANSACTION_ACTIONS, WireChecker

# The schemas are small: a thread for each message costs more than it saves.
ocpp.messages.ASYNC_VALIDATION = False
logging.getLogger("ocpp").setLevel(logging.CRITICAL)
logging.getLogger("websockets").setLevel(logging.CRITICAL)

#: Booked once however often it arrives; other calls may simply be answered again.
REMEMBERED = TRANSACTION_ACTIONS | {"DataTransfer"}


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z"


@dataclass
class Policy:
    """How the central system treats one charge point."""

    #: Answers to the next BootNotifications as (status, interval); after them `accept`.
    boot: list = field(default_factory=list)
    #: The interval of an Accepted boot.
    heartbeat_s: int = 86400
    #: IdTagInfo by idTag, for Authorize, StartTransaction and StopTransaction. Others are Accepted.
    tags: dict = field(default_factory=dict)
    #: Answer to DataTransfer.
    data_transfer: dict = field(default_factory=lambda: {"status": "Accepted"})
    #: How many times an action is refused with a CALLERROR, by action.
    refuse: dict = field(default_factory=dict)
    #: How many answers are not given at all, by action.
    ignore: dict = field(default_factory=dict)
    #: An asyncio.Event by action: answers wait for it.
    hold: dict = field(default_factory=dict)
    #: Answers that are sent as they stand, whatever the schema says, by action.
    raw: dict = field(default_factory=dict)
    #: Probability that the TCP connection is cut at each of three instants of a CALL, and by which dice.
    cut: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(0))


class Point:
    """All that the central system knows of one charge point, over its connections."""

    def __init__(self, identity, first_id):
        self.identity = identity
        self.policy = Policy()
        self.books = Books(first_id)
        self.checker = WireChecker(identity)
        self.calls = Feed(f"calls of {identity}")
        self.links = Feed(f"connections of {identity}")
        self.frames = []  # (direction, text)
        self.link = None
        self.cuts = 0
        self.boots = 0
        self.answers = {}  # id -> (action, payload, answer) of what is booked

    # What the charge point does

    async def connected(self):
        await self.links.until(lambda: self.link is not None, "a connection")

    async def disconnected(self):
        await self.links.until(lambda: self.link is None, "no connection")

    async def wait(self, action, timeout=None, **members):
        """The next CALL of this action with these members; its payload."""
        found = await self.calls.wait({"action": action, **members}, timeout)
        return {name: value for name, value in found.items() if name != "action"}

    async def status(self, connector, status, timeout=None, **members):
        return await self.wait("StatusNotification", timeout, connectorId=connector, status=status, **members)

    async def until(self, condition, what, timeout=None):
        return await self.calls.until(condition, what, timeout)

    def seen(self, action, **members):
        """All CALLs of this action so far."""
        return [
            item for item in self.calls.items
            if item["action"] == action and all(item.get(name) == value for name, value in members.items())
        ]

    def forget(self):
        self.calls.forget()
        self.links.forget()

    # What the central system does

    async def call(self, action, **payload):
        """Sends a CALL by the `ocpp` package; members in snake case."""
        await self.connected()
        return await self.link.call(getattr(call, action)(**payload), suppress=False)

    async def drop(self):
        """Cuts the TCP connection without a word."""
        if self.link is not None:
            self.link.connection.cut()
            await self.disconnected()

    async def close(self):
        """Closes the WebSocket in good order."""
        if self.link is not None:
            await self.link.connection.websocket.close()
            await self.disconnected()


class Connection:
    """The socket as the `ocpp` package uses it; every frame is shown to the checker."""

    def __init__(self, point, websocket):
        self.point = point
        self.websocket = websocket

    async def recv(self):
        text = await self.websocket.recv()
        self.point.frames.append(("in", text))
        self.point.checker.received(self, text)
        return text

    async def send(self, text):
        self.point.frames.append(("out", text))
        self.point.checker.sent(self, text)
        await self.websocket.send(text)

    def cut(self):
        self.websocket.transport.abort()


class Link(ChargePoint):
    """One connection of a charge point."""

    def __init__(self, point, connection):
        super().__init__(point.identity, connection, response_timeout=PATIENCE)
        self.point = point
        self.connection = connection
        self._answering = set()

    async def start(self):
        while True:
            raw = await self.connection.recv()
            try:
                message = unpack(raw)
            except (OCPPError, UnicodeDecodeError, TypeError):
                continue  # the checker has written it down
            if message.message_type_id == MessageType.Call:
                # In a task, so that answers to our own calls are read meanwhile.
                task = asyncio.create_task(self._answer(message))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            else:
                self._response_queue.put_nowait(message)

    async def _answer(self, message):
        try:
            await self._treat(message)
        except (ConnectionClosed, OSError):
            pass

    async def _treat(self, message):
        policy, action = self.point.policy, message.action
        if self._cut():
            return
        if hold := policy.hold.get(action):
            self.point.calls.push({"action": action, "held": True, **message.payload})
            await hold.wait()
        if policy.ignore.get(action, 0) > 0:
            policy.ignore[action] -= 1
            self.point.checker.answered(self.connection, message.unique_id)
            return
        if policy.refuse.get(action, 0) > 0:
            policy.refuse[action] -= 1
            self.point.calls.push({"action": action, "refused": True, **message.payload})
            await self.connection.send(message.create_call_error(InternalError()).to_json())
            return
        if action in policy.raw:
            self.point.calls.push({"action": action, **message.payload})
            await self.connection.send(json.dumps([3, message.unique_id, policy.raw[action]]))
            return
        known = self.point.answers.get(message.unique_id)
        if known and known[:2] == (action, message.payload):
            await self._send(known[2])
            return
        payload = json.loads(json.dumps(message.payload))
        try:
            await self._handle_call(message)
        except OCPPError as error:
            await self.connection.send(message.create_call_error(error).to_json())
        finally:
            self.point.calls.push({"action": action, **payload})

    async def _send(self, text):
        """All that the package sends; here an answer is remembered, and maybe never gets out."""
        message = unpack(text)
        if isinstance(message, (CallResult, CallError)):
            asked = self.point.checker.calls.get(message.unique_id)
            if asked and asked[0] in REMEMBERED and isinstance(message, CallResult):
                self.point.answers[message.unique_id] = (*asked, text)
            if self._cut():
                raise ConnectionResetError("cut before the answer")
            await self.connection.send(text)
            self._cut()
        else:
            await self.connection.send(text)

    def _cut(self):
        policy = self.point.policy
        if policy.cut and policy.dice.random() < policy.cut:
            self.point.cuts += 1
            self.connection.cut()
            return True
        return False

    def _tag(self, id_tag):
        return self.point.policy.tags.get(id_tag, {"status": "Accepted"})

    # Both forms of the payload are needed: the package gives the one, the books keep the other.

    async def _handle_call(self, message):
        self._payload = message.payload
        return await super()._handle_call(message)

    @on(Action.boot_notification)
    def on_boot(self, **_):
        self.point.boots += 1
        policy = self.point.policy
        status, interval = policy.boot.pop(0) if policy.boot else ("Accepted", policy.heartbeat_s)
        return call_result.BootNotification(current_time=now(), interval=interval, status=status)

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=now())

    @on(Action.status_notification)
    def on_status(self, **_):
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, id_tag):
        return call_result.Authorize(id_tag_info=self._tag(id_tag))

    @on(Action.start_transaction)
    def on_start(self, id_tag, **_):
        session = self.point.books.open(self._payload)
        return call_result.StartTransaction(transaction_id=session.transaction_id, id_tag_info=self._tag(id_tag))

    @on(Action.meter_values)
    def on_meter_values(self, **_):
        self.point.books.meter_values(self._payload)
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop(self, id_tag=None, **_):
        self.point.books.close(self._payload)
        return call_result.StopTransaction(id_tag_info=self._tag(id_tag) if id_tag else None)

    @on(Action.data_transfer)
    def on_data_transfer(self, **_):
        return call_result.DataTransfer(**self.point.policy.data_transfer)

    @on(Action.security_event_notification)
    def on_security_event(self, **_):
        return call_result.SecurityEventNotification()

    @on(Action.firmware_status_notification)
    def on_firmware_status(self, **_):
        return call_result.FirmwareStatusNotification()

    @on(Action.diagnostics_status_notification)
    def on_diagnostics_status(self, **_):
        return call_result.DiagnosticsStatusNotification()


class CentralSystem:
    """Listens on one port of 127.0.0.1, which it keeps over `stop_listening` and `resume`."""

    def __init__(self, *, passwords=None, tls=None, subprotocol="ocpp1.6", host="127.0.0.1"):
        self.passwords = passwords  # identity -> bytes; None: nobody is asked
        self.tls = tls
        self.subprotocol = subprotocol
        self.host = host
        self.points = {}
        self.attempts = Feed("connection attempts")
        self.unknown = set()  # identities that get a 404
        self.upgrade = None  # the lines of Connection in the answer to the handshake, if not the usual one
        self.port = 0
        self._server = None

    @property
    def url(self):
        return f"{'wss' if self.tls else 'ws'}://{self.host}:{self.port}/ocpp"

    def point(self, identity):
        if identity not in self.points:
            # Ids of different charge points do not overlap, so that one that strays is seen.
            self.points[identity] = Point(identity, 1 + 100_000 * len(self.points))
        return self.points[identity]

    @property
    def violations(self):
        return [text for point in self.points.values() for text in point.checker.violations]

    async def resume(self):
        self._server = await serve(
            self._serve, "127.0.0.1", self.port, ssl=self.tls, select_subprotocol=self._select,
            process_request=self._admit, process_response=self._answer, ping_interval=None, compression=None,
            max_size=None, close_timeout=1,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    start = resume

    async def stop_listening(self):
        """As if the machine were gone: no connection, nobody listens."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close(close_connections=False)
        for point in self.points.values():
            await point.drop()
        await server.wait_closed()

    async def close(self):
        await self.stop_listening()

    def _select(self, _websocket, offered):
        return self.subprotocol if self.subprotocol in offered else None

    def _admit(self, websocket, request):
        identity = unquote(request.path.rsplit("/", 1)[1])
        authorization = request.headers.get("Authorization")
        status, password = 101, None
        if authorization and authorization.startswith("Basic "):
            user, _, password = base64.b64decode(authorization[6:]).partition(b":")
        if identity in self.unknown:
            status = 404
        elif self.passwords is not None:
            expected = self.passwords.get(identity)
            if password is None or user != identity.encode() or password != expected:
                status = 401
        self.attempts.push({
            "identity": identity, "status": status, "password": password, "path": request.path,
            "offered": request.headers.get("Sec-WebSocket-Protocol"),
        })
        if status != 101:
            return websocket.respond(http.HTTPStatus(status), "no\n")
        return None

    def _answer(self, _websocket, _request, response):
        if self.upgrade is not None and response.status_code == 101:
            del response.headers["Connection"]
            for line in self.upgrade:
                response.headers["Connection"] = line
        return response

    async def _serve(self, websocket):
        identity = unquote(websocket.request.path.rsplit("/", 1)[1])
        point = self.point(identity)
        connection = Connection(point, websocket)
        link = Link(point, connection)
        previous, point.link = point.link, link
        if previous is not None:
            previous.connection.cut()
        point.checker.connected(connection)
        point.links.push({"event": "connected", "subprotocol": websocket.subprotocol})
        code = None
        try:
            await link.start()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
        finally:
            if point.link is link:
                point.link = None
            point.links.push({"event": "disconnected", "code": code})
            point.calls.touch()

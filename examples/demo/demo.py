"""The main job, to watch: a firmware in C charges a car against a central system.

usage: demo.py CHARGER    (the program made of examples/c/charger)

Ends with what the central system has on its books; the exit code is 0 only if they are right.
"""

import asyncio
import logging
import sys
import tempfile
from datetime import datetime, timezone

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action

PATIENCE = 20


def say(who, text):
    print(f"{datetime.now():%H:%M:%S.%f}"[:-4] + f"  {who:8} {text}", flush=True)


def now():
    return datetime.now(timezone.utc).isoformat()


class Books:
    """What the central system knows, and a bell for whoever waits for it."""

    def __init__(self):
        self.sessions = {}
        self.statuses = []
        self.changed = asyncio.Condition()

    async def note(self, text):
        say("central", text)
        async with self.changed:
            self.changed.notify_all()

    async def wait(self, condition, what):
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(condition), PATIENCE)
            except asyncio.TimeoutError:
                raise SystemExit(f"demo: nothing came of it: {what}")


class Central(ChargePoint):
    """One connection of one charge point."""

    books = None

    @on(Action.boot_notification)
    async def on_boot(self, charge_point_vendor, charge_point_model, **_):
        await self.books.note(f"boot of {charge_point_vendor} {charge_point_model}: accepted")
        return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on(Action.heartbeat)
    async def on_heartbeat(self):
        return call_result.Heartbeat(current_time=now())

    @on(Action.status_notification)
    async def on_status(self, connector_id, error_code, status, **_):
        self.books.statuses.append((connector_id, status))
        await self.books.note(f"connector {connector_id} is {status}")
        return call_result.StatusNotification()

    @on(Action.authorize)
    async def on_authorize(self, id_tag):
        await self.books.note(f"may {id_tag} charge? yes")
        return call_result.Authorize(id_tag_info={"status": "Accepted"})

    @on(Action.start_transaction)
    async def on_start(self, connector_id, id_tag, meter_start, timestamp, **_):
        key = (connector_id, timestamp)
        known = [n for n, session in self.books.sessions.items() if session["key"] == key]
        number = known[0] if known else 4711 + len(self.books.sessions)
        self.books.sessions.setdefault(
            number, {"key": key, "tag": id_tag, "start": meter_start, "values": [], "stops": []}
        )
        await self.books.note(f"transaction {number} of {id_tag} starts at {meter_start} Wh")
        return call_result.StartTransaction(number, {"status": "Accepted"})

    @on(Action.meter_values)
    async def on_values(self, connector_id, meter_value, transaction_id=None, **_):
        taken = meter_value[0]
        register = taken["sampled_value"][0]["value"]
        self.books.sessions[transaction_id]["values"].append(int(register))
        at = taken["timestamp"][11:19]
        await self.books.note(f"transaction {transaction_id} stood at {register} Wh at {at} UTC")
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    async def on_stop(self, meter_stop, timestamp, transaction_id, reason="Local", **_):
        self.books.sessions[transaction_id]["stops"].append((meter_stop, reason))
        await self.books.note(f"transaction {transaction_id} ends at {meter_stop} Wh: {reason}")
        return call_result.StopTransaction()


async def serve(books, port):
    async def connected(connection):
        say("central", f"{connection.request.path[1:]} is connected")
        central = Central(connection.request.path[1:], connection)
        central.books = books
        try:
            await central.start()
        except websockets.ConnectionClosed:
            say("central", "the connection is gone")

    return await websockets.serve(connected, "127.0.0.1", port, subprotocols=["ocpp1.6"])


class Charger:
    """The firmware, and the people at it."""

    def __init__(self, process):
        self.process = process
        self.talking = asyncio.create_task(self.listen())

    async def listen(self):
        while line := await self.process.stdout.readline():
            say("charger", line.decode().rstrip())

    async def do(self, command):
        say("person", command)
        self.process.stdin.write(command.encode() + b"\n")
        await self.process.stdin.drain()

    async def end(self):
        await self.do("quit")
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        await self.talking
        return code


async def play(program):
    books = Books()
    server = await serve(books, 0)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as state:
        process = await asyncio.create_subprocess_exec(
            program, "--url", f"ws://127.0.0.1:{port}", "--id", "DEMO", "--state-dir", state,
            "--MeterValueSampleInterval", "2", "--reconnect.max_s", "2",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        charger = Charger(process)
        await books.wait(lambda: (2, "Available") in books.statuses, "the boot")
        await charger.do("plug 1")
        await books.wait(lambda: (1, "Preparing") in books.statuses, "the plug")
        await charger.do("tag 1 CAFE01")
        await books.wait(lambda: (1, "Charging") in books.statuses, "the tag")
        session = lambda: next(iter(books.sessions.values()))
        await books.wait(lambda: len(session()["values"]) >= 2, "meter values")

        say("demo", "the network is cut for six seconds; the car goes on charging")
        server.close()
        await server.wait_closed()
        before = len(session()["values"])
        await asyncio.sleep(6)
        server = await serve(books, port)
        say("demo", "the network is back: what was missed comes first")
        await books.wait(lambda: len(session()["values"]) >= before + 3, "missed values")

        await charger.do("tag 1 CAFE01")
        await books.wait(lambda: session()["stops"], "the stop")
        await charger.do("unplug 1")
        await books.wait(lambda: books.statuses[-1] == (1, "Available"), "the unplugging")
        code = await charger.end()
    server.close()
    await server.wait_closed()
    return code == 0 and balance(books)


def balance(books):
    print("\n  transaction  tag      start Wh  samples  stop Wh  energy Wh  reason")
    for number, session in books.sessions.items():
        stop, reason = session["stops"][0]
        energy = stop - session["start"]
        print(f"  {number:11}  {session['tag']:7}  {session['start']:8}  {len(session['values']):7}"
              f"  {stop:7}  {energy:9}  {reason}")
    one = list(books.sessions.values())
    right = (
        len(one) == 1
        and len(one[0]["stops"]) == 1
        and one[0]["values"] == sorted(one[0]["values"])
        and one[0]["stops"][0][0] >= one[0]["values"][-1] > one[0]["start"]
    )
    print("\n  The books are right: one session, begun once, ended once, nothing missing.\n" if right
          else "\n  The books are WRONG.\n")
    return right


if __name__ == "__main__":
    logging.getLogger("ocpp").setLevel(logging.ERROR)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    sys.exit(0 if asyncio.run(play(sys.argv[1])) else 1)

"""Drives the simulator process by its control protocol: one JSON object a line."""

import asyncio
import json
import os
import shlex
import signal
from pathlib import Path

from feed import PATIENCE, Feed

ROOT = Path(__file__).resolve().parents[2]

#: A frame of 1 MiB is one line here, with every byte escaped in the worst case.
LONGEST_LINE = 16 * 1024 * 1024


def program():
    """The command that starts a simulator."""
    named = os.environ.get("EVCP_SIMULATOR")
    if named:
        return shlex.split(named)
    built = ROOT / "target" / "release" / "examples" / "simulator"
    if not built.exists():
        raise FileNotFoundError(f"{built}: build it with `cargo build --release --example simulator`")
    return [str(built)]


def configuration(identity, url, *, connectors=2, lockable=True, keys=None, **sections):
    """A configuration file with short times; a section given as a keyword is merged into its default."""
    settings = {
        "identity": identity,
        "vendor": "evcp",
        "model": "simulator",
        "charge_box_serial_number": f"SN-{identity}"[:25],
        "firmware_version": "1.0",
        "csms": {"url": url},
        "connectors": [{"id": number, "lockable": lockable} for number in range(1, connectors + 1)],
        "keys": {
            "MeterValueSampleInterval": "0",
            "ClockAlignedDataInterval": "0",
            "WebSocketPingInterval": "0",
            "ConnectionTimeOut": "60",
            **(keys or {}),
        },
        "timing": {"reconnect_wait_s": 0.05, "reconnect_jitter_s": 0.01, "boot_retry_s": 1},
        # Each start finds the connectors empty, unless a test is about that.
        "ev": {"reaction_s": 0.02, "power_w": 22000, "remember": False},
        "meter": {"start_wh": 0},
        "on_reset": "internal",
        # Every sample is durable before it is sent, so that no power cut can take back what was told.
        "tuning": {"storage.sample_commit_s": "0"},
    }
    for name, value in sections.items():
        if isinstance(settings.get(name), dict):
            settings[name] = {**settings[name], **value}
        else:
            settings[name] = value
    return settings


class Simulator:
    """One charge point: a process, its state directory and its configuration."""

    def __init__(self, directory, settings):
        self.identity = settings["identity"]
        self.directory = Path(directory)
        self.settings = settings
        self.events = Feed(f"simulator {self.identity}")
        self.stderr = Feed(f"stderr of {self.identity}")
        self.environment = {}  # beside that of the tests
        self.wrapper = []  # a program, with its arguments, that runs the simulator
        self._process = None
        self._readers = []
        self._replies = {}
        self._next_id = 1

    # Life

    async def start(self):
        await self.launch()
        return await self.ready()

    async def launch(self):
        """Starts the process, which may not live long."""
        state = self.directory / "state"
        state.mkdir(parents=True, exist_ok=True)
        file = self.directory / "config.json"
        file.write_text(json.dumps(self.settings, indent=1))
        self._process = await asyncio.create_subprocess_exec(
            *self.wrapper, *program(), "--json", "--state-dir", str(state), "--config", str(file),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE, env={**os.environ, **self.environment},
        )
        self._readers = [
            asyncio.create_task(self._read_events(self._process.stdout)),
            asyncio.create_task(self._read_stderr(self._process.stderr)),
        ]

    async def ready(self):
        ready = await self.wait("ready")
        assert ready.get("protocol") == 1, ready
        return self

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.returncode is None

    async def kill(self):
        """The power cut: SIGKILL, and whatever it had written to the pipe is still read."""
        if self.running:
            self._process.send_signal(signal.SIGKILL)
        await self.gone()

    async def ended(self):
        """Waits for the process to end, however long that takes; the exit code."""
        return await self._process.wait()

    async def gone(self, timeout=PATIENCE):
        """Waits for the process to end and for all that it said; returns the exit code."""
        code = await asyncio.wait_for(self._process.wait(), timeout)
        await asyncio.gather(*self._readers)
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(ConnectionError("the simulator is gone"))
                reply.exception()
        self._replies.clear()
        return code

    async def stop(self):
        """An orderly end, which must be one."""
        await self.do("shutdown")
        code = await self.gone()
        assert code == 0, f"exit code {code}; stderr:\n{self.stderr.tail()}"

    async def restart(self):
        """Power back on: the same state directory, a new process."""
        assert not self.running
        return await self.start()

    # Commands

    async def ask(self, cmd, **members):
        """Sends a command; the reply as it came."""
        number = self._next_id
        self._next_id += 1
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "cmd": cmd, **members})
        try:
            self._process.stdin.write(line.encode() + b"\n")
            await self._process.stdin.drain()
        except OSError as error:
            self._replies.pop(number, None)
            raise ConnectionError("the simulator is gone") from error
        return await asyncio.wait_for(reply, PATIENCE)

    async def do(self, cmd, **members):
        """Sends a command that the simulator must take."""
        reply = await self.ask(cmd, **members)
        assert reply.get("ok") is True, f"{cmd} {members}: {reply}"
        return reply

    async def plug_in(self, connector):
        return await self.do("plug_in", connector=connector)

    async def plug_out(self, connector, **members):
        return await self.do("plug_out", connector=connector, **members)

    async def tag(self, connector, id_tag):
        return await self.do("present_id_tag", id_tag=id_tag, connectors=[connector])

    async def network(self, up):
        return await self.do("network", up=up)

    async def state(self):
        return (await self.do("get_state"))["state"]

    async def connector(self, number):
        return next(one for one in (await self.state())["connectors"] if one["connector"] == number)

    # Events

    async def wait(self, event, timeout=None, **members):
        return await self.events.wait({"event": event, **members}, timeout)

    async def until(self, condition, what, timeout=PATIENCE):
        """Asks for the state until `condition(state)` holds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            state = await self.state()
            if condition(state):
                return state
            if loop.time() > deadline:
                raise AssertionError(f"{self.identity}: not {what}: {state}\n{self.events.tail()}")
            await asyncio.sleep(0.02)

    def forget(self):
        self.events.forget()

    async def _read_events(self, stream):
        while line := await stream.readline():
            if not line.endswith(b"\n"):
                break  # It was killed in the middle of saying this.
            event = json.loads(line)
            if event.get("event") == "reply":
                reply = self._replies.pop(event.get("id"), None)
                if reply and not reply.done():
                    reply.set_result(event)
            self.events.push(event)

    async def _read_stderr(self, stream):
        while line := await stream.readline():
            self.stderr.push(line.decode(errors="replace").rstrip())

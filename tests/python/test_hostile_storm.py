"""A storm: faults of every kind, at random, one after the other; every session is on the books exactly once.

The dice are settable: EVCP_SEED repeats a run as far as a race can be repeated, EVCP_FAULTS asks for more of it.
"""

import asyncio
import os
import random
from collections import Counter

import pytest

from certificates import Authority
from feed import cancelled
from hostile_proxy import DOWN, UP, Cut, Proxy, Weather, message_of
from hostile_servers import BAD_FRAMES, ENDS, NO_HANDSHAKE, never_answers, then
from test_power_cut import CONNECTORS, KEYS, Driver, faults
from websocket_frames import PONG, POSITIONS

FAULTS = int(os.environ.get("EVCP_FAULTS", "60"))

#: The first of them speaks TLS.
CHARGE_POINTS = 2

TUNING = {
    "storage.sample_commit_s": "0",
    "reconnect.min_s": "0.03",
    "reconnect.max_s": "0.3",
    "ws.pong_timeout_s": "0.3",
}


class Storm(Driver):
    """One charge point in the storm, and the people at it."""

    def __init__(self, simulator, point, dice, proxy, good, bad):
        super().__init__(simulator, point, dice)
        self.proxy = proxy
        self.good = good  # the certificate of the central system; None without TLS
        self.bad = bad
        self.weathered = Counter()

    async def run(self, count):
        people = [asyncio.create_task(self.charge(number)) for number in range(1, CONNECTORS + 1)]
        while sum(self.weathered.values()) < count:
            fault = self.dice.choice(self.kinds())
            self.weathered[fault.__name__] += 1
            await fault()
            # Long enough to be felt, and at times to be found out by a ping.
            await asyncio.sleep(self.dice.choice([0.0, 0.05, 0.1, 0.3, 0.6, 1.8]))
            await self.clear_up()
            await asyncio.sleep(self.dice.choice([0.0, 0.0, 0.1, 0.4]))
        await asyncio.gather(*(cancelled(person) for person in people))
        for outcome in await asyncio.gather(*people, return_exceptions=True):
            if not isinstance(outcome, asyncio.CancelledError):
                raise outcome
        assert self.simulator.running

    def kinds(self):
        kinds = [
            self.reset, self.finish, self.half_open, self.one_direction, self.nonsense, self.another_server,
            self.nobody, self.cut, self.cut, self.cut, self.bad_weather, self.no_pongs,
        ]
        return kinds + [self.certificate] if self.good else kinds

    async def clear_up(self):
        if self.proxy.reception or self.proxy.tls is not self.good:
            self.proxy.reception, self.proxy.tls = None, self.good
            self.proxy.reset()
        self.proxy.weather = Weather(dice=self.dice)
        if not self.proxy.listens:
            await self.proxy.resume()

    async def reset(self):
        self.proxy.reset()

    async def finish(self):
        self.proxy.finish()

    async def half_open(self):
        self.proxy.swallow(*self.dice.choice([(UP,), (DOWN,), (UP, DOWN)]))

    async def one_direction(self):
        self.proxy.finish_one_side(self.dice.choice([UP, DOWN]))

    async def nonsense(self):
        frame, _ = self.dice.choice(list(BAD_FRAMES.values()))
        self.proxy.inject(frame)

    async def another_server(self):
        servers = [server for server, _ in [*NO_HANDSHAKE.values(), *ENDS.values()]]
        self.proxy.reception = self.dice.choice([*servers, never_answers, then(b"")])
        self.proxy.reset()

    async def nobody(self):
        await self.proxy.stop_listening()
        self.proxy.reset()

    async def cut(self):
        actions = ["StartTransaction", "StopTransaction"] + self.dice.choice([["MeterValues"], []])
        self.proxy.weather.cut = Cut(
            message_of(actions, self.dice.choice([UP, DOWN])), self.dice.choice(POSITIONS),
            self.dice.choice(["reset", "fin"]),
        )

    async def bad_weather(self):
        self.proxy.weather = Weather(
            delay_s=self.dice.choice([0, 0.02]), jitter_s=self.dice.choice([0, 0.1]), dice=self.dice,
            piece=self.dice.choice([0, 1, 7]), fragments=self.dice.choice([0, 2, 9]),
        )

    async def no_pongs(self):
        self.proxy.weather.lost = {DOWN: {PONG}}

    async def certificate(self):
        self.proxy.tls = self.dice.choice(self.bad)
        self.proxy.reset()


# rules: 3, 17, 60, 63
async def test_every_session_is_on_the_books_once_whatever_the_network_does(central, simulators, tmp_path):
    seed = int(os.environ.get("EVCP_SEED") or random.randrange(1 << 31))
    print(f"EVCP_SEED={seed}")
    authority, here = Authority(tmp_path, "A Root"), ["127.0.0.1"]
    good = authority.server("x", here)
    bad = [
        authority.server("x", here, days=(-30, -1)), authority.server("x", ["example.org"]),
        authority.server("x", here, self_signed=True),
    ]
    storms = []
    for number in range(1, CHARGE_POINTS + 1):
        point, tls = central.point(f"P{number}"), good if number == 1 else None
        proxy = await Proxy(central, tls=tls).start()
        security = {"profile": 2, "authorization_key": "0123456789abcdef" * 2,
                    "central_system_roots": [str(authority.root)]}
        simulator = simulators(
            proxy.url, point.identity, connectors=CONNECTORS, keys={**KEYS, "WebSocketPingInterval": "1"},
            tuning=TUNING, security=security if tls else {},
        )
        storms.append(Storm(simulator, point, random.Random(f"{seed}-{number}"), proxy, tls, bad))
    await asyncio.gather(*(storm.simulator.start() for storm in storms))
    await asyncio.gather(*(storm.run(FAULTS // CHARGE_POINTS) for storm in storms))
    states = await asyncio.gather(*(storm.settle() for storm in storms))
    for storm in storms:
        await storm.proxy.close()
        print(
            f"{storm.point.identity}: {len(storm.proxy.attempts.items)} connections, {len(storm.begun)} sessions "
            f"begun, {len(storm.point.books.sessions)} on the books; {dict(storm.weathered)}"
        )
    wrong = [fault for storm, state in zip(storms, states) for fault in faults(storm, state)]
    if wrong:
        pytest.fail(f"EVCP_SEED={seed}: {len(wrong)} faults:\n" + "\n".join(wrong[:20]), pytrace=False)
    assert sum(len(storm.begun) for storm in storms) >= FAULTS // 4, "the test must have seen sessions"

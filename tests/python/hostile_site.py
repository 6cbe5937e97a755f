"""Charge points behind proxies, and how they get through a fault of the network."""

import asyncio
import re

import pytest
import pytest_asyncio

from hostile_proxy import Proxy

#: The first wait in seconds, the longest, and by how much they vary, in percent.
FIRST_S, LONGEST_S, JITTER = 0.05, 0.8, 20

#: How long a ping may stay unanswered here.
PONG_S = 0.5

#: Times are told in milliseconds.
ROUNDING_S = 0.002

SECRET = "0123456789abcdef0123456789ABCDEF01234567"

KEYS = {
    "MeterValueSampleInterval": "1",
    "AllowOfflineTxForUnknownId": "true",
    "TransactionMessageRetryInterval": "1",
}

TUNING = {
    "storage.sample_commit_s": "0",
    "reconnect.min_s": str(FIRST_S),
    "reconnect.max_s": str(LONGEST_S),
    "reconnect.jitter_percent": str(JITTER),
    "ws.pong_timeout_s": str(PONG_S),
}


class Site:
    """A charge point behind a proxy of its own."""

    def __init__(self, simulator, point, proxy):
        self.simulator = simulator
        self.point = point
        self.proxy = proxy
        self.identity = point.identity

    def tag(self, name):
        return f"{self.identity}-{name}"

    async def begins(self, connector, name):
        """A session begins, whatever the network does."""
        await self.simulator.plug_in(connector)
        await self.simulator.tag(connector, self.tag(name))
        await self.simulator.wait("tx", state="started", id_tag=self.tag(name))

    async def ends(self, connector, name):
        await self.simulator.tag(connector, self.tag(name))
        await self.simulator.wait("tx", state="stopped", id_tag=self.tag(name))

    async def leaves(self, connector):
        await self.simulator.plug_out(connector)

    async def charges(self, connector):
        assert self.simulator.running
        state = await self.simulator.connector(connector)
        assert state["supply"]["permit"] and state["transaction"], state

    async def delivers(self):
        await self.simulator.until(lambda state: state["connected"] and state["queue"] == 0, "all delivered")

    async def log_says(self, pattern, timeout=None):
        def found():
            return any(re.search(pattern, line, re.IGNORECASE) for line in self.simulator.stderr.items)

        await self.simulator.stderr.until(found, f"a line with {pattern!r}", timeout)

    def begun_and_ended(self):
        """What the central system heard of sessions, in the order in which it heard it for the first time."""
        heard, names = [], {one.transaction_id: one.id_tag for one in self.point.books.sessions.values()}
        for call in self.point.calls.items:
            if call["action"] == "StartTransaction":
                one = ("begin", call["idTag"])
            elif call["action"] == "StopTransaction":
                one = ("end", names[call["transactionId"]])
            else:
                continue
            if one not in heard:
                heard.append(one)
        return heard

    def books_are(self, *expected):
        """The books hold exactly these, once each and in this order: ("begin", name) and ("end", name)."""
        books = self.point.books
        assert not books.strays, books.strays
        assert self.begun_and_ended() == [(what, self.tag(name)) for what, name in expected]
        tags = [session.id_tag for session in books.sessions.values()]
        assert len(tags) == len(set(tags)), tags
        for session in books.sessions.values():
            readings = [session.meter_start, *session.readings]
            readings += [session.meter_stop] if session.stop else []
            assert readings == sorted(readings), session


@pytest_asyncio.fixture
async def site(central, simulators):
    """Makes charge points behind proxies, booted; afterwards no secret is in what they logged."""
    made = []

    async def make(identity="CP1", *, tls=None, roots=(), piece=0, keys=None, **settings):
        proxy = await Proxy(central, tls=tls).start()
        proxy.weather.piece = piece
        security = {"profile": 1, "authorization_key": SECRET}
        if tls:
            security = {**security, "profile": 2, "central_system_roots": [str(root) for root in roots]}
        tuning = {**TUNING, **settings.pop("tuning", {})}
        simulator = simulators(
            proxy.url, identity, keys={**KEYS, **(keys or {})}, tuning=tuning, security=security, **settings
        )
        one = Site(simulator, central.point(identity), proxy)
        made.append(one)
        await simulator.start()
        for connector in (0, 1, 2):
            await one.point.status(connector, "Available")
        return one

    yield make
    for one in made:
        if one.simulator.running:
            await one.simulator.stop()
        await one.proxy.close()
    for one in made:
        told = "\n".join(one.simulator.stderr.items)
        for secret in (SECRET, str(bytes.fromhex(SECRET)), "Basic", "uthorization:"):
            assert secret.lower() not in told.lower(), f"{secret} is in the log of {one.identity}"


async def all_of(scenarios, at_once=8):
    """Runs scenarios by name, several at once; tells of each that failed."""
    turns = asyncio.Semaphore(at_once)

    async def take_turn(scenario):
        async with turns:
            await scenario

    names = list(scenarios)
    outcomes = await asyncio.gather(*map(take_turn, scenarios.values()), return_exceptions=True)
    failed = [f"{name}: {outcome!r}" for name, outcome in zip(names, outcomes) if outcome is not None]
    if failed:
        pytest.fail("\n".join(failed), pytrace=False)


def backed_off(times, first_s=FIRST_S, longest_s=LONGEST_S):
    """Each attempt came after a longer wait than the one before; the first of them followed on the shortest."""
    waits = [later - earlier for earlier, later in zip(times, times[1:])]
    for number, wait in enumerate(waits, start=1):
        least = min(first_s * 2**number, longest_s) * (1 - JITTER / 100)
        assert wait >= least - ROUNDING_S, f"wait {number} of {waits} is shorter than {least}"


async def endures(one, breaks, heals, reason, failures=3):
    """Sessions begin, run and end across a fault, in which so many attempts to connect fail."""
    await one.begins(1, "A")
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("A"))
    before = len(one.proxy.attempts.items)
    await breaks()
    failed = await one.proxy.failed(failures, before)
    backed_off(failed)
    await one.charges(1)
    await one.begins(2, "B")
    await one.ends(1, "A")
    await one.log_says(reason)
    await heals()
    await one.delivers()
    await one.simulator.wait("tx", state="confirmed", id_tag=one.tag("B"))
    await one.ends(2, "B")
    await one.delivers()
    one.books_are(("begin", "A"), ("begin", "B"), ("end", "A"), ("end", "B"))


def receiving(one, server):
    """The proxy takes connections in by this server, and ends those that stand; and the way back."""

    async def breaks():
        one.proxy.reception = server
        one.proxy.reset()

    async def heals():
        one.proxy.reception = None
        one.proxy.reset()

    return breaks, heals


async def meets(site, identity, server, reason):
    one = await site(identity)
    await endures(one, *receiving(one, server), reason)

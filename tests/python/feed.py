"""A list of things that happened, in order, that a test can wait on."""

import asyncio
import os

#: How long a test waits for something that must happen. Generous: it is only ever used up by a failure.
PATIENCE = float(os.environ.get("EVCP_TEST_TIMEOUT", "20"))


def matches(item, wanted):
    """Whether every wanted member has the wanted value; a callable is asked instead of compared."""
    for name, value in wanted.items():
        if name not in item:
            return False
        if not (value(item[name]) if callable(value) else item[name] == value):
            return False
    return True


async def cancelled(work):
    """Ends a task. Before Python 3.12, one that waits with a timeout may miss that it was cancelled."""
    while not work.done():
        work.cancel()
        await asyncio.wait({work}, timeout=0.1)
    if not work.cancelled():
        work.exception()


class Feed:
    """Each item answers one wait only, so that a stale one never stands in for the one that is due."""

    def __init__(self, name):
        self.name = name
        self.items = []
        self._fresh = []
        self._arrival = asyncio.Event()

    def push(self, item):
        self.items.append(item)
        self._fresh.append(item)
        self.touch()

    def touch(self):
        """Wakes all waits, so that they look again."""
        self._arrival.set()
        self._arrival = asyncio.Event()

    def forget(self):
        """From here on only what is still to come answers a wait."""
        self._fresh.clear()

    async def wait(self, wanted, timeout=None):
        """The first item not yet waited for in which all of `wanted` holds."""

        def take():
            for position, item in enumerate(self._fresh):
                if matches(item, wanted):
                    return self._fresh.pop(position)
            return None

        return await self.until(take, f"{wanted}", timeout)

    async def until(self, condition, what, timeout=None):
        """What `condition()` returns as soon as that is true; looked at whenever something happens."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (PATIENCE if timeout is None else timeout)
        while True:
            arrival = self._arrival
            found = condition()
            if found:
                return found
            left = deadline - loop.time()
            if left <= 0:
                raise AssertionError(f"{self.name}: {what} did not happen; the last events:\n{self.tail()}")
            try:
                await asyncio.wait_for(arrival.wait(), left)
            except asyncio.TimeoutError:
                pass

    def tail(self, count=25):
        return "\n".join(f"  {str(item)[:400]}" for item in self.items[-count:]) or "  (none)"

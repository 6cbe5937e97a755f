"""A hundred charge points in one process: whatever happens to them, nothing leaks and nothing gets lost.

EVCP_SOAK_SECONDS asks for more of it, EVCP_SEED repeats the dice.
"""

import asyncio
import os
import random
from collections import Counter
from statistics import median

from ocpp.exceptions import OCPPError
from websockets.exceptions import ConnectionClosed

from test_c_api import SANITIZE, compiled

SECONDS = int(os.environ.get("EVCP_SOAK_SECONDS", "20"))
POINTS = 100
ON_DISK = range(0, POINTS, 4)
#: How much the anonymous memory of the process may grow from the second fifth of the run to the last.
MOST_GROWTH_KIB = 1024
#: How long nothing may be printed before the program counts as hung.
SILENCE = 120


class Soak:
    """The program, and what it says."""

    def __init__(self, process, central, dice):
        self.process = process
        self.central = central
        self.dice = dice
        self.begun = []  # (point, tag, first reading)
        self.ended = []  # (point, tag, first reading, last reading)
        self.looks = []  # (second, RSS in KiB, file descriptors, threads)
        self.still = {}  # place -> (RSS in KiB, file descriptors, threads)
        self.resets = 0
        self.asking = set()

    async def run(self):
        disturbing = asyncio.create_task(self.disturb())
        try:
            while line := await asyncio.wait_for(self.process.stdout.readline(), SILENCE):
                word, *rest = line.decode().split()
                if word == "settling":
                    disturbing.cancel()
                    for point in self.central.points.values():
                        point.policy.cut = 0
                else:
                    getattr(self, f"on_{word}")(*rest)
        finally:
            for task in [disturbing, *self.asking]:
                task.cancel()
        assert await self.process.wait() == 0, (await self.process.stderr.read()).decode()

    def on_begun(self, point, tag, start):
        self.begun.append((point, tag, int(start)))

    def on_ended(self, point, tag, start, stop):
        self.ended.append((point, tag, int(start), int(stop)))

    def on_off(self, point):
        self.resets += 1
        self.central.point(point).checker.power_up()
        self.process.stdin.write(f"on {point}\n".encode())

    def on_look(self, *numbers):
        self.looks.append(tuple(map(int, numbers)))
        second, rss, fds, threads = self.looks[-1]
        print(f"{second:5} s: RSS {rss} KiB, {fds} file descriptors, {threads} threads, {len(self.ended)} sessions")

    def on_still(self, place, *numbers):
        self.still[place] = tuple(map(int, numbers))
        print(f"{place}: RSS {numbers[0]} KiB, {numbers[1]} file descriptors, {numbers[2]} threads")
        if place == "start":
            for number in range(POINTS):
                policy = self.central.point(f"S{number}").policy
                policy.dice, policy.cut = random.Random(self.dice.random()), 0.01

    async def disturb(self):
        """Resets one charge point on a disk after the other; the central system cuts links by itself."""
        while True:
            await asyncio.sleep(self.dice.uniform(0.2, 0.8))
            point = self.central.point(f"S{self.dice.choice(ON_DISK)}")
            if point.policy.cut:
                # In a task: the link may be cut before the answer.
                task = asyncio.create_task(self.reset(point, self.dice.choice(["Hard", "Soft"])))
                self.asking.add(task)
                task.add_done_callback(self.asking.discard)

    async def reset(self, point, kind):
        try:
            await point.call("Reset", type=kind)
        except (AssertionError, OCPPError, ConnectionClosed, OSError, asyncio.TimeoutError):
            pass  # it was off, or got lost: then there is one reset less

    # The verdict

    def wrong_books(self):
        """Sessions that are not on the books exactly once, with the readings that the meter showed."""
        booked, wrong = Counter(), []
        for point in self.central.points.values():
            wrong += [f"belongs to no open session: {stray}" for stray in point.books.strays]
            for one in point.books.sessions.values():
                booked[point.identity, one.id_tag, one.meter_start, one.meter_stop] += 1
        told = Counter(self.ended)
        wrong += [f"told {told[one]} times, booked {booked[one]} times: {one}"
                  for one in told | booked if told[one] != booked[one]]
        unended = set(self.begun) - {one[:3] for one in self.ended}
        return wrong + [f"begun and never ended: {one}" for one in unended]

    def growth(self):
        """From the median of the second fifth of the run to that of the last, in KiB."""
        rss = [look[1] for look in self.looks]
        fifth = len(rss) // 5
        return median(rss[-fifth:]) - median(rss[fifth:2 * fifth])


async def soaked(central, folder, seconds, *flags):
    """Runs the program, and looks at all of it but the memory."""
    seed = int(os.environ.get("EVCP_SEED") or random.randrange(1 << 31))
    print(f"EVCP_SEED={seed}")
    process = await asyncio.create_subprocess_exec(
        compiled("tests/capi/soak.c", folder, *flags), central.url, str(folder), str(seconds), str(seed),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    soak = Soak(process, central, random.Random(seed))
    await soak.run()
    cuts = sum(point.cuts for point in central.points.values())
    print(f"{len(soak.ended)} sessions, {cuts} links cut, {soak.resets} resets")
    assert soak.wrong_books() == []
    assert len(soak.ended) >= seconds and cuts > 0 and soak.resets > 0
    # All are connected and idle at both instants: the same descriptors and threads are there.
    assert soak.still["end"][1:] == soak.still["start"][1:]
    assert {threads for *_, threads in soak.looks} == {soak.still["before"][2] + 1}, "one thread of the library"
    assert soak.still["freed"][1:] == soak.still["before"][1:]
    return soak


async def test_a_hundred_charge_points_in_one_process_leak_nothing_and_lose_nothing(central, tmp_path):
    soak = await soaked(central, tmp_path, SECONDS)
    print(f"RSS grew by {soak.growth()} KiB")
    assert soak.growth() <= MOST_GROWTH_KIB


async def test_a_hundred_charge_points_in_one_process_are_clean_under_sanitizers(central, tmp_path):
    await soaked(central, tmp_path, 5, *SANITIZE)

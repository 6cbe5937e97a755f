"""An idle charge point sleeps: between heartbeats and pings it makes no system call, on one thread."""

import asyncio
import os
import re
from pathlib import Path


def threads(pid):
    tasks = Path(f"/proc/{pid}/task")
    return {int(task.name): (task / "comm").read_text().strip() for task in tasks.iterdir()}


async def trace(thread, seconds, output):
    """Counts the system calls of one thread for a while."""
    process = await asyncio.create_subprocess_exec(
        "timeout", "-s", "INT", str(seconds), "strace", "-c", "-p", str(thread), "-o", str(output),
        stderr=asyncio.subprocess.PIPE,
    )
    assert b"attached" in await process.stderr.readline()
    await process.communicate()
    report = output.read_text()
    total = re.search(r"^100\.00.*?(\d+)\s+(?:\d+\s+)?total$", report, re.MULTILINE)
    return int(total.group(1)) if total else 0, report


async def test_an_idle_connected_charge_point_makes_no_system_call(booted, tmp_path):
    simulator, _ = await booted(keys={"HeartbeatInterval": "3600"})
    ours = [thread for thread, name in threads(simulator.pid).items() if name == "evcp"]
    assert len(ours) == 1, threads(simulator.pid)
    # Attaching interrupts the one call that it sleeps in, which is then made again; nothing else is.
    calls, report = await trace(ours[0], 5, tmp_path / "strace")
    assert calls <= 2, report


async def test_idle_seconds_cost_no_processor_time(booted):
    simulator, _ = await booted(keys={"HeartbeatInterval": "3600"})

    def ticks():
        fields = Path(f"/proc/{simulator.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    # An observation window, not a synchronisation: nothing may happen in it.
    await asyncio.sleep(3)
    assert ticks() - before <= 1, f"{ticks() - before} ticks of {1 / os.sysconf('SC_CLK_TCK')} s"

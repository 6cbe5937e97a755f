"""Crashes and power cuts at system calls, swept over a session that uses every feature.

EVCP_SWEEP says how many crashes are tried of each sort, or `all`: then each call of the session is crashed
in each way. EVCP_SEED repeats a choice.
"""

import asyncio
import os
import random
import re
import time
from collections import Counter

import pytest

from crash import CRASHES, Scene, built_shim, counted, plan, recorded, run

SWEEP = os.environ.get("EVCP_SWEEP", "14")
#: So many charge points at a time: they mostly wait for clocks and for the central system.
AT_ONCE = int(os.environ.get("EVCP_AT_ONCE", "16"))

#: How many calls of each class a session makes; recorded once.
COUNTS = Counter()


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    return built_shim(tmp_path_factory.mktemp("shim"))


def sorts():
    return [(kind, how) for kind, hows in CRASHES.items() for how in hows]


# rules: 61, 72
@pytest.mark.parametrize("kind, how", sorts())
async def test_the_books_are_right_whatever_call_is_the_last_one(central, shim, kind, how):
    seed = int(os.environ.get("EVCP_SEED") or random.randrange(1 << 31))
    began = time.monotonic()
    if not COUNTS:
        async with Scene(central, shim, "RECORD") as scene:
            COUNTS.update(counted(await recorded(scene)))
    counts = COUNTS
    stride = 1 if SWEEP == "all" else max(1, counts[kind] // int(SWEEP))
    crashes = list(plan(counts, kind, how, seed, stride))
    gate = asyncio.Semaphore(AT_ONCE)
    hit, wrong, past_the_end = Counter(), [], 0

    async def one(crash, again):
        nonlocal past_the_end
        async with gate, Scene(central, shim, f"{kind}-{how}-{crash.number}") as scene:
            try:
                call, found = await run(scene, crash, again)
            except (AssertionError, OSError, asyncio.TimeoutError) as error:
                return wrong.append(f"{crash}; {again}: {error!r}")
            wrong.extend(f"{crash}; {again}; {call}: {fault}" for fault in found)
        if call is None:
            past_the_end += 1
        else:
            hit[call[2:]] += 1

    await asyncio.gather(*(one(*each) for each in crashes))
    print(
        f"EVCP_SEED={seed}: {kind}, {how}: {len(crashes)} crashes at {counts[kind]} calls, {past_the_end} after the "
        f"session, {time.monotonic() - began:.0f} s\n"
        + "\n".join(f"  {count} x {name} {on}" for (name, on), count in sorted(hit.items()))
    )
    if wrong:
        pytest.fail(f"EVCP_SEED={seed}: {len(wrong)} faults:\n" + "\n".join(wrong[:20]), pytrace=False)
    assert sum(hit.values()) >= 0.9 * len(crashes), "the crashes did not come"


#: Everything by which bytes, names and lengths leave a process on Linux.
KERNEL = (
    "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,copy_file_range,fsync,fdatasync,"
    "sync_file_range,msync,ftruncate,truncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,"
    "io_uring_enter"
)
#: How the shim makes the calls that it is asked for.
MADE_BY = {"send": "sendto", "unlink": "unlinkat", "rename": "renameat2"}


async def test_the_sweep_knows_of_every_write_sync_and_send_that_the_kernel_sees(central, shim, tmp_path):
    async with Scene(central, shim, "KERNEL") as scene:
        seen = tmp_path / "strace"
        scene.simulator.wrapper = ["strace", "-f", "-y", "-o", str(seen), "-e", f"trace={KERNEL}"]
        for name, value in scene.shim.items():
            scene.simulator.wrapper += ["-E", f"{name}={value}"]
        await scene.simulator.launch()
        assert await scene.until_gone(scene.session())
        known = Counter(MADE_BY.get(call[2], call[2]) for call in scene.calls())
    # The shim's own notes are no calls of the charge point.
    lines = [line for line in seen.read_text().splitlines() if "/calls>" not in line]
    made = Counter(found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line)))
    assert made == known
    assert known["pwrite64"] > 200 and known["fdatasync"] > 50 and known["sendto"] > 50

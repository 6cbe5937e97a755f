"""Measures what docs/performance.md states. Run by `make bench`; prints, decides nothing.

Needs valgrind and strace. `measure.py kit` measures the test kit alone. Builds two more variants of the library into target/variants.
"""

import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "bindings" / "python" / "src")]

from websockets.asyncio.server import serve  # noqa: E402
from central_system import CentralSystem  # noqa: E402
from certificates import Authority  # noqa: E402
from simulator import Simulator, configuration  # noqa: E402


def say(what, value):
    print(f"{what:58} {value}", flush=True)


def sizes():
    say("libevcp.so, default, stripped", f"{(ROOT / 'target/release/libevcp.so').stat().st_size:,} bytes")
    variants = {"without TLS": "capi,bundled-sqlite", "with the system's SQLite": "capi,tls"}
    for name, features in variants.items():
        target = ROOT / "target" / "variants"
        built = subprocess.run(
            ["cargo", "rustc", "--quiet", "--release", "--lib", "--crate-type", "cdylib",
             "--no-default-features", "--features", features],
            cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(target)},
        )
        size = f"{(target / 'release/libevcp.so').stat().st_size:,} bytes" if built.returncode == 0 else "not built"
        say(f"libevcp.so, {name}", size)


def smaps(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: int(value) for name, value in re.findall(r"^(Rss|Pss|Anonymous):\s+(\d+) kB", text, re.MULTILINE)}


async def charger(url, folder, *options, wrapper=()):
    """The example firmware in C."""
    return await asyncio.create_subprocess_exec(
        *wrapper, str(ROOT / "target/release/charger"), "--url", url, "--id", "BENCH", *options,
        *(["--state-dir", str(folder)] if folder else []),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )


async def quit(process):
    process.stdin.write(b"quit\n")
    await process.communicate()


async def memory(folder):
    central = await CentralSystem().start()
    point = central.point("BENCH")
    process = await charger(central.url, folder / "ws")
    await point.status(2, "Available")
    await asyncio.sleep(1)
    seen = smaps(process.pid)
    say("C firmware, idle on ws: RSS / PSS / anonymous", f"{seen['Rss']} / {seen['Pss']} / {seen['Anonymous']} kB")
    say("threads of it", len(list(Path(f"/proc/{process.pid}/task").iterdir())))
    await quit(process)
    await central.close()

    authority = Authority(folder, "root")
    central = await CentralSystem(tls=authority.server("localhost", ["127.0.0.1"])).start()
    point = central.point("BENCH")
    process = await charger(central.url, folder / "wss", "--ca", str(authority.root))
    await point.status(2, "Available")
    await asyncio.sleep(1)
    seen = smaps(process.pid)
    say("C firmware, idle on wss: RSS / PSS / anonymous", f"{seen['Rss']} / {seen['Pss']} / {seen['Anonymous']} kB")
    await quit(process)
    await central.close()


async def boot(folder):
    for name in ("fresh store", "existing store", "existing store"):
        central = await CentralSystem().start()
        begun = time.perf_counter()
        process = await charger(central.url, folder / "boot")
        await central.point("BENCH").wait("BootNotification")
        say(f"start to BootNotification, {name}", f"{(time.perf_counter() - begun) * 1000:.1f} ms (process and all)")
        await central.point("BENCH").status(2, "Available")
        await quit(process)
        await central.close()


async def session(central, process, samples):
    point = central.point("BENCH")
    async def do(line):
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()
    await point.status(2, "Available", timeout=120)
    await do("plug 1")
    await do("tag 1 CAFE01")
    await point.status(1, "Charging", timeout=120)
    for _ in range(samples):
        await point.wait("MeterValues", timeout=120)
    await do("tag 1 CAFE01")
    await point.wait("StopTransaction", timeout=120)
    await do("unplug 1")
    await point.status(1, "Available", timeout=120)


async def instructions(folder):
    central = await CentralSystem().start()
    out = folder / "callgrind"
    process = await charger(central.url, folder / "instructions", "--MeterValueSampleInterval", "1",
                            wrapper=("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"))
    await session(central, process, 10)
    await quit(process)
    total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1)
    say("instructions: boot, one transaction, 10 meter values", f"{int(total):,}")
    await central.close()


async def writes(folder):
    central = await CentralSystem().start()
    log = folder / "strace"
    process = await charger(central.url, folder / "writes", "--MeterValueSampleInterval", "0",
                            wrapper=("strace", "-f", "-e", "trace=fsync,fdatasync,pwrite64", "-o", str(log)))
    point = central.point("BENCH")
    await point.status(2, "Available", timeout=120)

    def count():
        text = log.read_text()
        syncs = len(re.findall(r"\bf(?:data)?sync\(", text))
        return syncs, sum(int(n) for n in re.findall(r"pwrite64\(.*\) = (\d+)", text))

    async def one(tag):
        async def do(line):
            process.stdin.write(line.encode() + b"\n")
            await process.stdin.drain()
        await do("plug 1")
        await do(f"tag 1 {tag}")
        await point.status(1, "Charging", timeout=120)
        await do(f"tag 1 {tag}")
        await point.wait("StopTransaction", timeout=120)
        await do("unplug 1")
        await point.status(1, "Available", timeout=120)
        await asyncio.sleep(0.3)

    await one("CAFE01")
    before = count()
    for _ in range(10):
        await one("CAFE01")
    after = count()
    say("syncs per transaction without samples", f"{(after[0] - before[0]) / 10:.1f}")
    say("bytes written per transaction without samples", f"{(after[1] - before[1]) / 10:,.0f}")
    await quit(process)
    await central.close()


async def drain(folder):
    """A month's queue, sent to a server that answers at once and checks nothing."""
    state = folder / "drain"
    subprocess.run(
        ["cargo", "test", "--quiet", "--test", "soak"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "EVCP_SOAK_DIR": str(state)},
    )
    stored = (state / "evcp.db").stat().st_size
    count, stops, done = 0, 0, asyncio.Event()

    async def serve_one(websocket):
        nonlocal count, stops
        async for text in websocket:
            _, message_id, action, _ = json.loads(text)
            answer = {}
            if action == "BootNotification":
                answer = {"status": "Accepted", "currentTime": "2026-02-01T00:00:00Z", "interval": 86400}
            elif action == "StartTransaction":
                answer = {"transactionId": count, "idTagInfo": {"status": "Accepted"}}
            count += action in ("StartTransaction", "MeterValues", "StopTransaction")
            stops += action == "StopTransaction"
            await websocket.send(json.dumps([3, message_id, answer]))
            if stops == 600:
                done.set()

    async with serve(serve_one, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            str(ROOT / "target/release/examples/simulator"), "--url", f"ws://127.0.0.1:{port}", "--id", "BENCH",
            "--state-dir", str(state), "--json", stdin=asyncio.subprocess.PIPE, stdout=subprocess.DEVNULL,
        )
        await asyncio.wait_for(done.wait(), 600)
        wall = time.perf_counter() - begun
        ticks = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = re.search(r"VmHWM:\s+(\d+)", status).group(1)
        cpu = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        process.stdin.close()
        await process.wait()
    say("a month offline: messages queued, bytes stored", f"{count:,}, {stored:,}")
    say("sending 10,000 of them: CPU, wall time", f"{cpu / count * 1e4:.2f} s, {wall / count * 1e4:.2f} s")
    say("memory of the simulator at its peak meanwhile", f"{peak} kB")


def smart():
    """Composite schedules and the live limit: time by criterion, instructions by callgrind."""
    subprocess.run(["cargo", "bench", "--quiet", "--bench", "smart"], cwd=ROOT, check=True)
    built = subprocess.run(
        ["cargo", "bench", "--bench", "smart", "--no-run", "--message-format=json", "--quiet"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )
    program = [json.loads(line).get("executable") for line in built.stdout.splitlines()][-2]

    def instructions(what, count):
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program],
            env={**os.environ, "EVCP_ONCE": f"{what}:{count}"}, check=True, capture_output=True, text=True,
        )
        return int(re.search(r"Collected : (\d+)", run.stderr).group(1))

    for what in ("composite", "live"):
        each = (instructions(what, 1000) - instructions(what, 0)) / 1000
        say(f"instructions: {what}, 20 profiles", f"{each:,.0f}")


def kit(folder):
    """The scenarios of the example chargers in virtual time, in C, in C++ and in Python, one after the other."""
    from test_kit_charger import LANGUAGES, built
    from test_kit_python import charger_scenarios

    programs = {}
    for language in LANGUAGES:
        (folder / language).mkdir()
        programs[language] = built(folder / language, language)

    def play(round):
        for language, program in programs.items():
            storage = folder / language / f"{round}"
            storage.mkdir()
            subprocess.run([program, storage], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        charger_scenarios()

    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime, time.perf_counter()

    for round in range(3):
        before = used()
        play(round)
        cpu, wall = (after - was for was, after in zip(before, used()))
        say("the kit's scenarios in C, C++, Python: CPU, wall time", f"{cpu:.2f} s, {wall:.2f} s")


async def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        kit(folder)
        if sys.argv[1:] == ["kit"]:
            return
        sizes()
        smart()
        await memory(folder)
        await boot(folder)
        await instructions(folder)
        await writes(folder)
        await drain(folder)


if __name__ == "__main__":
    asyncio.run(main())

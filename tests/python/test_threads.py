"""Every function of the C API from many threads at once: no race, no deadlock, no wild access.

ThreadSanitizer sees into the library, which is built anew for it in target/tsan: without TLS, which starts no
thread and shares nothing, and with the locks of parking_lot in tokio too, because those of the standard library
come ready compiled and are not seen.
"""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

from ocpp.exceptions import OCPPError
from websockets.exceptions import ConnectionClosed

from test_c_api import ROOT, SANITIZE, VALGRIND, WARNINGS, compiled, run

SOURCE = "tests/capi/threads.c"
CARGO = os.environ.get("CARGO", "cargo")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def seen_by_thread_sanitizer(folder):
    """The program and the library, both with ThreadSanitizer; with the runtime of the Rust compiler."""
    version = output("rustc", "-vV").splitlines()
    host = next(line.removeprefix("host: ") for line in version if line.startswith("host: "))
    (runtime,) = Path(output("rustc", "--print", "target-libdir").strip()).glob("librustc-*_rt.tsan.a")
    target = ROOT / "target" / "tsan"
    subprocess.run(
        [CARGO, "rustc", "--quiet", "--lib", "--crate-type", "cdylib", "--target", host, "--no-default-features",
         "--features", "capi,bundled-sqlite,tokio/parking_lot"],
        check=True, cwd=ROOT,
        env={
            **os.environ,
            "CARGO_TARGET_DIR": str(target),
            # -Zsanitizer is not stable; nothing else of this build is shipped or depends on it.
            "RUSTC_BOOTSTRAP": "1",
            "RUSTFLAGS": "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer",
            "CFLAGS": "-fsanitize=thread",
        },
    )
    library = target / host / "debug"
    program = folder / "threads-tsan"
    compiler = ["clang", "-std=c11", *WARNINGS, "-g", f"-I{ROOT / 'include'}"]
    subprocess.run([*compiler, "-fsanitize=thread", "-c", str(ROOT / SOURCE), "-o", f"{program}.o"], check=True)
    subprocess.run(
        [*compiler, f"{program}.o", "-Wl,--whole-archive", str(runtime), "-Wl,--no-whole-archive,--export-dynamic",
         f"-L{library}", "-levcp", "-lpthread", "-lm", "-ldl", "-lrt", f"-Wl,-rpath,{library}", "-o", str(program)],
        check=True,
    )
    return str(program)


async def ask(point):
    """Whatever asks the firmware, one after the other."""
    asked = [
        ("UnlockConnector", {"connector_id": 1}), ("Reset", {"type": "Soft"}), ("DataTransfer", {"vendor_id": "v"}),
        ("TriggerMessage", {"requested_message": "MeterValues"}),
        ("GetCompositeSchedule", {"connector_id": 1, "duration": 60}),
        ("ChangeConfiguration", {"key": "Colour", "value": "white"}),
    ]
    while True:
        for action, payload in asked:
            try:
                # The answer to a call does not come when its link goes.
                await asyncio.wait_for(point.call(action, **payload), 1)
            except (AssertionError, OCPPError, ConnectionClosed, OSError, asyncio.TimeoutError):
                await point.connected()  # the host said that the network is gone


async def all_threads(command, central, folder, rounds, **environment):
    # One reading of a clock is handed over after a later one of another thread.
    central.point("THREADS").checker.clock_stepped()
    asking = asyncio.create_task(ask(central.point("THREADS")))
    try:
        out = await run([*command, central.url, str(folder / "state"), str(rounds)], **environment)
    finally:
        asking.cancel()
    assert out == "0 failures\n"
    assert central.point("THREADS").books.sessions


async def test_every_function_may_be_called_from_any_thread(central, tmp_path):
    await all_threads([compiled(SOURCE, tmp_path)], central, tmp_path, 3000)


async def test_threads_are_clean_under_sanitizers(central, tmp_path):
    await all_threads([compiled(SOURCE, tmp_path, *SANITIZE)], central, tmp_path, 1000)


async def test_threads_are_clean_under_valgrind(central, tmp_path):
    await all_threads([*VALGRIND, "--fair-sched=yes", compiled(SOURCE, tmp_path, "-g")], central, tmp_path, 50)


async def test_thread_sanitizer_sees_no_race_in_the_library_nor_between_callbacks(central, tmp_path):
    assert shutil.which("clang")
    suppressions = ROOT / "tests" / "capi" / "tsan.supp"
    await all_threads(
        [seen_by_thread_sanitizer(tmp_path)], central, tmp_path, 500, TSAN_OPTIONS=f"suppressions={suppressions}",
    )

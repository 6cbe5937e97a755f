"""The Python binding as a guest in a process: memory, threads, signals, the collector, and the end."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import weakref

import evcp
import pytest
from evcp import Answer, ErrorCode, Ev, EvcpError, LogLevel, Sample
from evcp import _charge_point, _handle, _log, _slots

from binding import NOWHERE, TAG, Charger, config, python, python_beside
from programs import ended


def descriptors():
    return sorted(os.listdir("/proc/self/fd"))


CYCLES = """
import os, sys, threading
import evcp

class Charger(evcp.ChargePoint):
    def on_supply(self, connector, supply):
        self.told = supply
    async def on_unlock(self, connector):
        return evcp.Answer.ACCEPTED

def cycle(url):
    config = evcp.Config(url, "PY1", "evcp", "python", settings={"answer.timeout_s": 30}, keys=[evcp.Key("A", "b")])
    charger = Charger(config)
    with charger:
        charger.set_ev(1, evcp.Ev.PLUGGED)
        charger.push_meter(1, [evcp.Sample(1.0), evcp.Sample(2.0, evcp.Measurand.VOLTAGE)])
        while not hasattr(charger, "told"):
            charger.dispatch(None)
        future = charger.data_transfer("org.example", "m", "d" * 1000)
        charger.get_stats(), charger.get_schedule(1, 60), charger.get_key("A")
    assert future.done()

def footprint():
    with open("/proc/self/statm") as statm:
        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resident, len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

def run(url, times):
    for _ in range(times):
        cycle(url)
    return footprint()

before = run(sys.argv[1], 300)
after = run(sys.argv[1], 1000)
print(after[0] - before[0], before[1:] == after[1:], threading.active_count())
"""


def test_a_thousand_charge_points_leave_nothing_behind():
    ran = python("-c", CYCLES, NOWHERE)
    assert ran.returncode == 0 and ran.stderr == "", ran.stderr
    grown, same, threads = ran.stdout.split()
    # The 1000 messages of data alone have a megabyte; a callback has 100 bytes, a charge point many thousand.
    assert int(grown) < 512 * 1024, f"{grown} bytes in 1000 cycles"
    assert (same, threads) == ("True", "1")


async def test_a_storm_of_threads_leaks_nothing_and_hurts_nobody(central):
    point = central.point("PY1")
    threads_before, switch_interval = threading.active_count(), sys.getswitchinterval()
    transfers, errors, go_on = [], [], threading.Event()
    go_on.set()
    sys.setswitchinterval(1e-6)

    class Busy(Charger):
        def on_unlock(self, connector):
            return Answer.ACCEPTED

    async def session():
        charger = Busy(config(central.url))

        def storm():
            calls, mine = 0, None
            while go_on.is_set():
                calls += 1
                try:
                    charger.push_meter(1, [Sample(float(calls))] * 8)
                    charger.get_key("HeartbeatInterval"), charger.get_stats(), charger.get_supply(1)
                    charger.get_schedule(1, 60), charger.get_status(1), charger.get_tx(1)
                    # One of each thread at a time: the messages of the session wait in the same queue.
                    if mine is None or mine.done():
                        mine = charger.data_transfer("org.example", None, "x" * 100)
                        transfers.append(mine)
                    with pytest.raises(EvcpError) as wrong:
                        charger.set_ev(9, Ev.PLUGGED)
                    assert wrong.value.code is ErrorCode.CLOSED or "9" in wrong.value.text, wrong.value
                except EvcpError as error:
                    if error.code is ErrorCode.CLOSED:
                        return
                    if error.code is not ErrorCode.STATE:  # too much is waiting
                        errors.append(error)
                        return

        threads = [threading.Thread(target=storm) for _ in range(3)]
        async with charger:
            await charger.ready()
            for thread in threads:
                thread.start()
            charger.set_ev(1, Ev.PLUGGED)
            charger.present_tag(1, TAG)
            await charger.wait("tx", change=evcp.Change.CONFIRMED)
            for _ in range(20):
                answer = await point.call("TriggerMessage", requested_message="Heartbeat")
                assert answer.status == "Accepted"
            assert (await point.call("UnlockConnector", connector_id=1)).status == "Unlocked"
        # They still call while it is closed.
        loop = asyncio.get_running_loop()
        for thread in threads:
            await loop.run_in_executor(None, thread.join)
        return weakref.ref(charger)

    try:
        gone = await session()
    finally:
        go_on.clear()
        sys.setswitchinterval(switch_interval)
    assert not errors
    assert len(transfers) >= 3 and all(future.done() for future in transfers)
    gc.collect()
    assert gone() is None and not _slots.transfers
    await asyncio.get_running_loop().shutdown_default_executor()
    assert threading.active_count() == threads_before


async def test_callbacks_survive_the_collector(central):
    async with Charger(config(central.url)) as charger:
        gc.collect()
        await charger.ready()
        gc.collect()
        threshold = gc.get_threshold()
        gc.set_threshold(1)
        try:
            await session(charger)
        finally:
            gc.set_threshold(*threshold)


async def session(charger):
    charger.set_ev(1, Ev.PLUGGED)
    charger.present_tag(1, TAG)
    await charger.wait("tx", change=evcp.Change.CONFIRMED)
    charger.present_tag(1, TAG)
    await charger.wait("tx", change=evcp.Change.STOPPED)


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_one_that_is_dropped_is_closed_by_the_collector(in_a_cycle):
    before = descriptors()
    charger = Charger(config())
    charger.start()
    if in_a_cycle:
        charger.me = charger
    future = charger.data_transfer("org.example")
    gone = weakref.ref(charger)
    assert descriptors() != before
    del charger
    gc.collect()
    assert gone() is None and descriptors() == before
    with pytest.raises(EvcpError):
        future.result(0)


def test_one_that_is_dropped_in_the_log_function_is_closed_on_another_thread(monkeypatch):
    closers = []
    close = _handle.Handle.close
    monkeypatch.setattr(_handle.Handle, "close", lambda self: (closers.append(threading.current_thread().name), close(self)))
    evcp.set_log(LogLevel.ERROR)
    charger = Charger(config())
    monkeypatch.setattr(_log, "_inside", {threading.get_ident()})
    del charger
    evcp.set_log(None)
    assert closers == ["evcp-log"]


def test_the_log_arrives_in_logging_until_it_is_taken_away(caplog):
    caplog.set_level(logging.DEBUG, "evcp")
    evcp.set_log(LogLevel.DEBUG)
    with Charger(config()) as charger:
        while not any(item["on"] == "connection" for item in charger.told.items):
            charger.dispatch(None)
    evcp.set_log(None)
    (refused, *_) = [record for record in caplog.records if "Connection refused" in record.getMessage()]
    assert refused.name.startswith("evcp.") and refused.threadName == "evcp-log"
    count = len(caplog.records)
    with Charger(config()) as charger:
        while not any(item["on"] == "connection" for item in charger.told.items):
            charger.dispatch(None)
    assert len(caplog.records) == count and _log._queue.empty()
    assert "evcp-log" not in [thread.name for thread in threading.enumerate()]


def test_a_dispatch_that_waits_ends_when_another_thread_closes():
    charger = Charger(config())
    outcome = []

    def wait():
        try:
            charger.dispatch(None)
        except EvcpError as error:
            outcome.append(error.code)

    # Not started: there is nothing to tell, so this waits for ever.
    thread = threading.Thread(target=wait)
    thread.start()
    charger.close()
    thread.join()
    assert outcome == [ErrorCode.CLOSED]


def test_a_dispatch_that_waits_ends_when_another_thread_stops():
    charger = Charger(config())
    codes = []

    def wait():
        try:
            while True:
                charger.dispatch(None)
        except EvcpError as error:
            codes.append(error.code)

    with charger:
        thread = threading.Thread(target=wait)
        thread.start()
        charger.stop()
        thread.join()
    assert codes == [ErrorCode.CLOSED]


def test_a_dispatch_after_the_stop_does_not_wait_for_what_cannot_come(monkeypatch):
    with Charger(config()) as charger:
        charger.stop()
        monkeypatch.setattr(_charge_point.select, "poll", None)
        with pytest.raises(EvcpError) as error:
            while True:
                charger.dispatch(None)
        assert error.value.code is ErrorCode.CLOSED


def test_a_wakeup_ends_a_wait():
    charger = Charger(config())
    charger.wakeup()
    assert charger.dispatch(None) == 0
    charger.close()


def test_closing_in_the_handler_of_a_signal_in_the_middle_of_a_call_is_refused():
    charger = Charger(config())
    former = signal.signal(signal.SIGUSR1, lambda *_: charger.close())
    sender = threading.Timer(0.0, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        sender.start()
        with pytest.raises(EvcpError) as error:
            while True:
                charger.dispatch(3600)
        assert error.value.code in (ErrorCode.DEADLOCK, ErrorCode.CLOSED)
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, former)
        charger.close()


# Between two callbacks a signal finds no Python that could catch what its handler raises.
ALARMS = """
import random, signal, sys
import evcp

class Alarm(BaseException):
    pass

def handler(*_):
    raise Alarm

class Charger(evcp.ChargePoint):
    def on_status(self, now):
        pass

dice = random.Random(1)
signal.signal(signal.SIGALRM, handler)
with Charger(evcp.Config(sys.argv[1], "PY1", "evcp", "python", connectors=200)) as charger:
    for turn in range(300):
        for connector in range(1, 201):
            charger.set_fault(connector, evcp.Fault.NO_ERROR if turn % 2 else evcp.Fault.GROUND_FAILURE)
        try:
            signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-6, 1e-3))
            while True:
                charger.dispatch()
        except Alarm:
            pass
        # An alarm may have taken a notice along, but not the state.
        while (charger.get_status(200) is evcp.Status.FAULTED) == bool(turn % 2):
            charger.dispatch(0.01)
"""


async def test_what_a_signals_handler_raises_leaves_the_dispatch_and_makes_no_noise():
    assert await ended(await python_beside("-c", ALARMS, NOWHERE)) == (0, b"", b"")


WAITS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)    # it may be ignored where tests run in the background
import sys
import evcp
class Charger(evcp.ChargePoint):
    def on_connection(self, connection):
        if connection.link is evcp.Link.CONNECTED:
            print("ready", flush=True)
charger = Charger(evcp.Config(sys.argv[1], "PY1", "evcp", "python"))
evcp.set_log(evcp.LogLevel.ERROR)
"""
INTERRUPTED = {
    "in a wait": """
with charger:
    try:
        while True:
            charger.dispatch(None)
    except KeyboardInterrupt:
        print("interrupted")
""",
    "in a handler": """
import threading
def wait(self, connection):
    if connection.link is evcp.Link.CONNECTED:
        print("ready", flush=True)
        threading.Event().wait()
Charger.on_connection = wait
with charger:
    try:
        while True:
            charger.dispatch(None)
    except KeyboardInterrupt:
        print("interrupted")
""",
    "in asyncio": """
import asyncio
async def main():
    async with charger:
        await asyncio.Event().wait()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
""",
}


@pytest.mark.parametrize("program", INTERRUPTED.values(), ids=INTERRUPTED.keys())
async def test_an_interrupt_ends_the_program_in_good_order(central, program):
    process = await python_beside("-c", WAITS + program, central.url)
    assert await process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    assert await ended(process) == (0, b"interrupted\n", b"")
    await central.point("PY1").disconnected()


LEFT_ALIVE = {
    "started": "charger.start(); charger.dispatch(None)",
    "never started": "",
    "in a cycle": "charger.me = charger; charger.start()",
    "with a log": "evcp.set_log(evcp.LogLevel.TRACE); charger.start()",
    "in asyncio": """
import asyncio
async def main():
    await charger.__aenter__()
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "with a thread that dispatches": """
import threading
def loop():
    try:
        while True:
            charger.dispatch(None)
    except evcp.EvcpError:
        pass
charger.start()
threading.Thread(target=loop, daemon=True).start()
""",
    "with an answer that never comes": """
import concurrent.futures
charger.start()
future = charger.data_transfer("org.example")
""",
    "by sys.exit in a handler": """
def leave(self, connection):
    raise SystemExit(0)
Charger.on_connection = leave
charger.start()
while True:
    charger.dispatch(None)
""",
}


@pytest.mark.parametrize("program", LEFT_ALIVE.values(), ids=LEFT_ALIVE.keys())
async def test_the_interpreter_ends_cleanly_with_a_charge_point_that_lives(central, program):
    process = await python_beside("-X", "dev", "-W", "error", "-c", WAITS + program, central.url)
    code, _, err = await ended(process)
    assert (code, err) == (0, b"")

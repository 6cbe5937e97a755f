"""The Python binding against a central system: sessions, questions, errors, and the examples."""

import asyncio
import signal
import threading
import time
from concurrent.futures import Future

import evcp
import pytest
from evcp import Answer, Change, DataReply, Ev, ErrorCode, EvcpError, Fault, Measurand, Read, Reason, Sample, Status

from binding import BINDING, NOWHERE, ROOT, TAG, Charger, config, python_beside
from feed import PATIENCE
from programs import ended


async def test_a_session_from_plug_to_unplug(central):
    point = central.point("PY1")
    async with Charger(config(central.url)) as charger:
        tx = await charger.charge()
        start = await point.wait("StartTransaction", idTag=TAG)
        assert tx.tag == TAG and tx.connector == 1 and tx.tx == charger.get_tx(1)
        assert tx.ocpp_id == point.books.of_tag(TAG)[0].transaction_id and tx.ocpp_id_text == str(tx.ocpp_id)
        assert tx.meter_start_wh == start["meterStart"] and tx.stopped_ms is None and tx.reason is Reason.NONE
        await charger.wait("status", status=Status.CHARGING)
        assert charger.get_status(1) is Status.CHARGING
        assert charger.get_supply(1) == evcp.Supply(
            permit=True, lock=True, amps=32.0, watts=32.0 * 230 * 3, phases=0, tx=tx.tx
        )
        charger.present_tag(1, TAG)
        stopped = (await charger.wait("tx", change=Change.STOPPED))["tx"]
        stop = await point.wait("StopTransaction", reason="Local")
        assert stopped.meter_stop_wh == stop["meterStop"] > stopped.meter_start_wh
        assert stopped.reason is Reason.LOCAL and stopped.stopped_ms >= stopped.started_ms
        charger.set_ev(1, Ev.ABSENT)
        await point.status(1, "Available")
        assert charger.get_tx(1) is None and charger.get_stats().connects == 1
    assert not point.books.strays


async def test_the_notices_of_a_boot_arrive_as_values(central):
    async with Charger(config(central.url)) as charger:
        assert (await charger.wait("connection"))["link"] is evcp.Link.CONNECTED
        boot = await charger.wait("boot")
        assert boot["interval_s"] == 86400 and abs(boot["time_ms"] / 1000 - time.time()) < 60
        assert (await charger.wait("time"))["unix_ms"] > 1_600_000_000_000
        await charger.ready()
        charger.set_fault(1, Fault.GROUND_FAILURE, "a test", "E1")
        told = await charger.wait("status", status=Status.FAULTED)
        assert (told["fault"], told["info"], told["vendor_code"]) == (Fault.GROUND_FAILURE, "a test", "E1")
        await central.point("PY1").status(1, "Faulted", info="a test", vendorErrorCode="E1")


async def test_a_meter_is_read_with_units_and_phases(central):
    point = central.point("PY1")
    settings = {"meter.measurands": "Voltage.L1-N", "MeterValuesSampledData": "Voltage.L1-N"}
    async with Charger(config(central.url, settings=settings)) as charger:
        await charger.charge()
        assert (await charger.wait("meter"))["context"] is Read.BEGIN
        await point.call("TriggerMessage", requested_message="MeterValues", connector_id=1)
        values = await point.wait("MeterValues")
        (sample,) = values["meterValue"][0]["sampledValue"]
        assert (sample["measurand"], sample["phase"], float(sample["value"])) == ("Voltage", "L1-N", 230.0)
        charger.present_tag(1, TAG)
        await charger.wait("meter", context=Read.END)


async def test_an_unlock_is_answered_when_the_coroutine_is_done(central):
    opened, asked = asyncio.Event(), asyncio.Event()

    class Lock(Charger):
        async def on_unlock(self, connector):
            asked.set()
            await opened.wait()
            return Answer.ACCEPTED

    point = central.point("PY1")
    async with Lock(config(central.url)) as charger:
        await charger.ready()
        answer = asyncio.ensure_future(point.call("UnlockConnector", connector_id=1))
        await asked.wait()
        # The charge point works on meanwhile.
        charger.set_ev(1, Ev.PLUGGED)
        await point.status(1, "Preparing")
        assert not answer.done()
        opened.set()
        assert (await answer).status == "Unlocked"


async def test_an_answer_that_is_still_awaited_at_the_end_is_cancelled(central):
    asked, outcome = asyncio.Event(), []

    class Stuck(Charger):
        async def on_unlock(self, connector):
            asked.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                outcome.append("cancelled")
                raise

    async def session():
        async with Stuck(config(central.url)) as charger:
            await charger.ready()
            question = asyncio.ensure_future(central.point("PY1").call("UnlockConnector", connector_id=1))
            await asked.wait()
        question.cancel()

    await asyncio.wait_for(session(), PATIENCE)
    assert outcome == ["cancelled"]


async def test_what_happens_until_the_end_is_told(central):
    async with Charger(config(central.url)) as charger:
        await charger.ready()
    assert charger.told.items[-1]["link"] is evcp.Link.DISCONNECTED


async def test_an_unlock_is_answered_by_a_future_from_another_thread(central):
    threads = []

    class Lock(Charger):
        def on_unlock(self, connector):
            future = Future()
            threads.append(threading.Thread(target=future.set_result, args=(Answer.ACCEPTED,)))
            threads[0].start()
            return future

    async with Lock(config(central.url)) as charger:
        await charger.ready()
        assert (await central.point("PY1").call("UnlockConnector", connector_id=1)).status == "Unlocked"
    threads[0].join()


def failing(answer):
    """Chargers whose handlers fail in each of the ways there are."""

    def plain(self, *_):
        raise LookupError("on purpose")

    async def later(self, *_):
        raise LookupError("on purpose")

    def elsewhere(self, *_):
        future = Future()
        future.set_exception(LookupError("on purpose"))
        return future

    def wrong(self, *_):
        return answer

    return [plain, later, elsewhere, wrong]


async def test_the_charger_itself_authorizes_pauses_and_takes_back(central):
    point = central.point("PY1")
    async with Charger(config(central.url)) as charger:
        await charger.ready()
        # The stop button before the plug.
        charger.start_tx(1, "FREE")
        await point.status(1, "Preparing")
        charger.cancel(1)
        await point.status(1, "Available")
        charger.set_ev(1, Ev.PLUGGED)
        charger.start_tx(1, "FREE")
        await charger.wait("tx", change=Change.CONFIRMED)
        assert not point.seen("Authorize")
        await charger.wait("supply", connector=1, permit=True)
        charger.set_evse_ready(1, False, "too hot")
        assert not charger.get_supply(1).permit
        await point.status(1, "SuspendedEVSE", info="too hot")
        charger.set_evse_ready(1, True)
        charger.set_ev(1, Ev.CHARGING)
        await point.status(1, "Charging")
        assert point.books.of_tag("FREE")[0].stop is None


@pytest.mark.parametrize("handler", failing(True), ids=lambda one: one.__name__)
async def test_a_handler_that_fails_is_answered_with_the_safe_refusal_and_logged(central, caplog, handler):
    broken = type("Broken", (Charger,), {
        "on_unlock": handler, "on_reset": handler, "on_meter_read": handler, "on_data_transfer": handler,
    })
    point = central.point("PY1")
    async with broken(config(central.url)) as charger:
        await charger.ready()
        assert (await point.call("UnlockConnector", connector_id=1)).status == "UnlockFailed"
        assert (await point.call("Reset", type="Hard")).status == "Rejected"
        assert (await point.call("DataTransfer", vendor_id="org.example")).status == "Rejected"
        charger.push_meter(1, [Sample(4711.0)])
        # A value that is younger than a second would be used without asking.
        charger.set_ev(1, Ev.PLUGGED)
        charger.present_tag(1, TAG)
        await charger.wait("tx", change=Change.CONFIRMED)
        assert point.books.of_tag(TAG)[0].meter_start == 4711
    for name in ("on_unlock", "on_reset", "on_data_transfer"):
        assert f"{name} failed" in caplog.text


async def test_a_meter_that_raises_lets_the_session_begin_with_what_it_showed_last(central, caplog):
    class Broken(Charger):
        def on_meter_read(self, connector, context):
            raise OSError("bus error")

    async with Broken(config(central.url, settings={"meter.timeout_s": 3600})) as charger:
        await charger.charge()
    assert "on_meter_read failed" in caplog.text and "bus error" in caplog.text


async def test_a_notice_that_raises_is_logged_and_the_next_one_follows(central, caplog):
    class Broken(Charger):
        def on_boot(self, boot):
            raise LookupError("on purpose")

    async with Broken(config(central.url)) as charger:
        await charger.ready()
    assert "on_boot failed" in caplog.text and "on purpose" in caplog.text


async def test_questions_that_nobody_serves_get_the_answer_of_ocpp(central):
    class Bare(evcp.ChargePoint):
        def __init__(self, made_of):
            super().__init__(made_of)
            self.ready = asyncio.Event()

        def on_status(self, now):
            if now.status is Status.AVAILABLE and now.connector == 1:
                self.ready.set()

    point = central.point("PY1")
    async with Bare(config(central.url)) as charger:
        await charger.ready.wait()
        assert (await point.call("UnlockConnector", connector_id=1)).status == "NotSupported"
        assert (await point.call("Reset", type="Soft")).status == "Rejected"
        assert (await point.call("DataTransfer", vendor_id="org.example")).status == "UnknownVendorId"


async def test_vendor_data_goes_both_ways(central):
    class Vendor(Charger):
        async def on_data_transfer(self, asked):
            self.told.push({"on": "data", **vars(asked)})
            return DataReply(Answer.ACCEPTED, asked.data[::-1] if asked.data else None)

    point = central.point("PY1")
    async with Vendor(config(central.url)) as charger:
        await charger.ready()
        reply = await point.call("DataTransfer", vendor_id="org.example", message_id="hello", data="a\0bü")
        assert (reply.status, reply.data) == ("Accepted", "üb\0a")
        assert await charger.wait("data", vendor="org.example", message="hello", data="a\0bü")
        reply = await point.call("DataTransfer", vendor_id="org.example")
        assert (reply.status, reply.data) == ("Accepted", None)
        assert await charger.wait("data", message=None, data=None)

        point.policy.data_transfer = {"status": "Accepted", "data": "x\0y"}
        assert await asyncio.wrap_future(charger.data_transfer("org.example", "m", "d")) == DataReply(
            Answer.ACCEPTED, "x\0y"
        )
        point.policy.refuse["DataTransfer"] = 1
        with pytest.raises(EvcpError) as refused:
            await asyncio.wrap_future(charger.data_transfer("org.example"))
        assert refused.value.code is ErrorCode.IO
        await point.drop()
        waiting = charger.data_transfer("org.example")
    with pytest.raises(EvcpError) as gone:
        waiting.result(0)
    assert gone.value.code in (ErrorCode.OFFLINE, ErrorCode.CLOSED)


async def test_a_reset_that_is_accepted_ends_in_a_reboot(central):
    class Resets(Charger):
        def on_reset(self, hard):
            return Answer.ACCEPTED

    async with Resets(config(central.url)) as charger:
        await charger.ready()
        assert (await central.point("PY1").call("Reset", type="Hard")).status == "Accepted"
        assert (await charger.wait("reboot"))["hard"] is True


async def test_keys_and_availability_are_told_and_can_be_read(central):
    point = central.point("PY1")
    long = "x" * 400
    keys = [evcp.Key("Colour", "ü" * 300), evcp.Key("Fixed", "1", read_only=True)]
    async with Charger(config(central.url, keys=keys)) as charger:
        await charger.ready()
        assert charger.get_key("Colour") == "ü" * 300 and charger.get_key("HeartbeatInterval") == "86400"
        assert (await point.call("ChangeConfiguration", key="Colour", value=long)).status == "Accepted"
        assert (await charger.wait("key", key="Colour"))["value"] == long
        assert (await point.call("ChangeConfiguration", key="Fixed", value="2")).status == "Rejected"
        await point.call("ChangeAvailability", connector_id=1, type="Inoperative")
        assert (await charger.wait("availability"))["operative"] is False
        charger.set_operative(1, True)
        await point.status(1, "Available")


async def test_a_schedule_with_many_periods_arrives_whole(central):
    point = central.point("PY1")
    async with Charger(config(central.url)) as charger:
        await charger.ready()
        periods = [{"startPeriod": 60 * at, "limit": 6.0 + at % 20} for at in range(200)]
        answer = await point.call("SetChargingProfile", connector_id=1, cs_charging_profiles={
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
        })
        assert answer.status == "Accepted"
        found = charger.get_schedule(1, 200 * 60)
        assert [(one.start_s, one.limit) for one in found] == [(at["startPeriod"], at["limit"]) for at in periods]


async def test_a_schedule_that_is_cut_says_where(central):
    point = central.point("PY1")
    async with Charger(config(central.url, settings={"ChargingScheduleMaxPeriods": 24})) as charger:
        await charger.ready()
        periods = [{"startPeriod": 3600 * hour, "limit": 6.0 + hour} for hour in range(24)]
        answer = await point.call("SetChargingProfile", connector_id=1, cs_charging_profiles={
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Recurring", "recurrencyKind": "Daily",
            "chargingSchedule": {
                "startSchedule": "2026-01-01T00:00:00Z", "chargingRateUnit": "A", "chargingSchedulePeriod": periods,
            },
        })
        assert answer.status == "Accepted"
        whole = charger.get_schedule(1, 3600)
        assert whole.covered_s == 3600
        found = charger.get_schedule(1, 7 * 86400)
        assert len(found) == 24
        assert found[-1].start_s < found.covered_s <= 86400


async def test_the_storage_keeps_a_session_over_a_restart(central, tmp_path):
    made_of = config(central.url, storage=tmp_path / "state", settings={"tx.after_power_loss": "resume"})
    point = central.point("PY1")
    async with Charger(made_of) as charger:
        tx = await charger.charge()
    point.checker.power_up()
    async with Charger(made_of) as charger:
        resumed = (await charger.wait("tx", change=Change.RESUMED))["tx"]
        assert (resumed.tx, resumed.ocpp_id) == (tx.tx, tx.ocpp_id)
        charger.stop_tx(1, Reason.LOCAL)
        await point.wait("StopTransaction", transactionId=tx.ocpp_id)


async def test_a_dispatch_loop_needs_no_asyncio(central):
    point = central.point("PY1")
    done = threading.Event()

    class Plain(evcp.ChargePoint):
        thread = link = None

        def on_connection(self, connection):
            self.link = connection.link

        def on_status(self, now):
            if now.connector == 1 and now.status is Status.AVAILABLE:
                self.thread = threading.get_ident()
                done.set()

    def loop():
        with Plain(config(central.url)) as charger:
            while not done.is_set():
                charger.dispatch(None)
        return charger.thread == threading.get_ident() and charger.link is evcp.Link.DISCONNECTED

    assert await asyncio.get_running_loop().run_in_executor(None, loop)
    await point.disconnected()


@pytest.mark.parametrize("members, text", [
    ({"url": "http://x"}, "url"), ({"url": "wss://x", "profile": 1, "auth_key": b"sixteen or more!"}, "profile 1"),
    ({"vendor": "x" * 21}, "vendor"), ({"connectors": 0}, "connectors"),
    ({"connectors": 2**32 + 1}, "connectors is 4294967297"), ({"profile": -1}, "profile is -1"),
    ({"settings": {"NoSuchKey": 1}}, "NoSuchKey"), ({"settings": {"HeartbeatInterval": "x"}}, "HeartbeatInterval"),
    ({"identity": "a\0b"}, "identity contains a NUL"), ({"identity": "\ud800"}, "identity"),
    ({"client_key_pem": b"x"}, "belong together"), ({"limits": {9: evcp.Limit(16)}}, "9"),
])
def test_a_config_that_cannot_be_is_named(members, text):
    wrong = {"url": NOWHERE, "identity": "PY1", "vendor": "evcp", "model": "python", **members}
    with pytest.raises(EvcpError, match=text) as error:
        evcp.ChargePoint(evcp.Config(**wrong))
    assert error.value.code in (ErrorCode.INVALID, ErrorCode.UNSUPPORTED)


def test_errors_have_a_code_and_a_text():
    with Charger(config()) as charger:
        with pytest.raises(EvcpError, match="SetEv|connector|Connector") as error:
            charger.set_ev(2, Ev.PLUGGED)
        assert error.value.code is ErrorCode.INVALID and error.value.text in str(error.value)
        with pytest.raises(EvcpError, match="connector is 4294967297"):
            charger.set_ev(2**32 + 1, Ev.PLUGGED)
        with pytest.raises(EvcpError):
            charger.set_ev(1, Ev(77))
        with pytest.raises(EvcpError):
            charger.push_meter(1, [Sample(float("nan"))])
        with pytest.raises(EvcpError):
            charger.push_meter(1, [Sample(1.0, Measurand(77))])
        with pytest.raises(EvcpError) as error:
            charger.get_key("NoSuchKey")
        assert error.value.code is ErrorCode.UNSUPPORTED
        with pytest.raises(EvcpError) as error:
            charger.start()
        assert error.value.code is ErrorCode.STATE


def test_a_closed_charge_point_says_so_and_nothing_else():
    charger = Charger(config())
    charger.close()
    charger.close()
    assert charger.closed and charger.fileno() == -1
    for call in (charger.start, charger.dispatch, charger.get_stats, lambda: charger.set_ev(1, Ev.ABSENT)):
        with pytest.raises(EvcpError) as error:
            call()
        assert error.value.code is ErrorCode.CLOSED


async def test_a_subclass_may_use_any_plain_name_for_its_own(central):
    class Names(Charger):
        closed = True

        def __init__(self, made_of):
            super().__init__(made_of)
            self._loop = self._tasks = self._handle = self._fd = self._wait = True

    async with Names(config(central.url)) as charger:
        await charger.charge()


def test_a_secret_is_not_in_the_repr_of_a_config():
    assert "hunter2" not in repr(config(auth_key=b"hunter2hunter2hunter2"))


def test_a_notice_cannot_be_a_coroutine():
    class Wrong(evcp.ChargePoint):
        async def on_supply(self, connector, supply):
            pass

    with pytest.raises(TypeError, match="on_supply"):
        Wrong(config())


async def test_a_handler_may_close_and_may_not_wait(central):
    class Closes(Charger):
        code = None

        def on_boot(self, boot):
            for wait in (lambda: self.dispatch(60), lambda: self.stop()):
                with pytest.raises(EvcpError) as error:
                    wait()
                self.told.push({"on": "refused", "code": error.value.code})
            self.close()
            self.told.push({"on": "closed"})

        def on_time(self, unix_ms):
            self.told.push({"on": "time after the end"})

    async with Closes(config(central.url)) as charger:
        await charger.wait("closed")
        assert [item["code"] for item in charger.told.items if item["on"] == "refused"] == [ErrorCode.DEADLOCK] * 2
        await central.point("PY1").disconnected()
        assert charger.told.items[-1] == {"on": "closed"}


@pytest.mark.parametrize("program, identity", [("charge_point.py", "PYTHON"), ("bench.py", "BENCH10")])
async def test_the_example_runs(central, program, identity):
    process = await python_beside(str(ROOT / "examples" / "python" / program), central.url)
    if program == "charge_point.py":
        point = central.point(identity)
        await point.status(1, "Charging")
        assert (await point.call("UnlockConnector", connector_id=1)).status == "Unlocked"
        await point.wait("StopTransaction", reason="UnlockCommand")
        assert (await point.call("Reset", type="Soft")).status == "Accepted"
    code, out, err = await ended(process)
    assert (code, err) == (0, b""), out + err
    sessions = [session for point in central.points.values() for session in point.books.sessions.values()]
    assert len(sessions) == (1 if program == "charge_point.py" else 10)
    assert all(session.stop and session.meter_stop >= session.meter_start for session in sessions)


async def test_the_program_in_the_readme_charges(central):
    readme = (BINDING / "README.md").read_text()
    program = readme.split("```python\n")[1].split("```")[0].replace("ws://127.0.0.1:9000", central.url)
    process = await python_beside("-c", program)
    await central.point("CP1").wait("StartTransaction", idTag=TAG, meterStart=1235)  # 1234.5, rounded
    said = b""
    while b"contactor closed 32.0 A\n" not in said and not process.stdout.at_eof():
        said += await process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    code, _, err = await ended(process)
    assert (code, err) == (-signal.SIGTERM, b"") and said.startswith(b"contactor open 0.0 A\n")


def test_the_asyncio_example_has_less_than_sixty_lines():
    assert len((ROOT / "examples" / "python" / "charge_point.py").read_text().splitlines()) < 60


async def test_what_the_central_system_refuses_to_the_end_is_listed_delivered_again_and_forgotten(central, tmp_path):
    point = central.point("PY1")
    settings = {"TransactionMessageAttempts": 1}

    async def session(charger, tag):
        await charger.ready()
        charger.set_ev(1, Ev.PLUGGED)
        charger.present_tag(1, tag)
        await charger.wait("tx", change=Change.STARTED)
        charger.present_tag(1, tag)
        given_up = (await charger.wait("tx", change=Change.GIVEN_UP))["tx"]
        charger.set_ev(1, Ev.ABSENT)
        await point.status(1, "Available")
        return given_up

    async with Charger(config(central.url, settings=settings, storage=tmp_path)) as charger:
        assert charger.get_undelivered() == []
        point.policy.refuse["StartTransaction"] = 100
        one = await session(charger, TAG)
        two = await session(charger, "OTHER")
        assert charger.get_undelivered() == [one, two]
        assert (one.tag, one.connector, one.ocpp_id, one.reason) == (TAG, 1, None, Reason.LOCAL)
        assert one.meter_stop_wh > one.meter_start_wh and one.stopped_ms >= one.started_ms
    # They are there after a restart, before the start.
    point.checker.power_up()
    async with Charger(config(central.url, settings=settings, storage=tmp_path)) as charger:
        assert charger.get_undelivered() == [one, two]
        charger.deliver_tx(one.tx)
        await charger.wait("tx", change=Change.GIVEN_UP)
        point.policy.refuse.clear()
        charger.deliver_tx(one.tx)
        delivered = (await charger.wait("tx", change=Change.DELIVERED))["tx"]
        assert delivered.tx == one.tx
        (booked,) = point.books.of_tag(TAG)
        assert (booked.start["meterStart"], booked.stop["meterStop"]) == (one.meter_start_wh, one.meter_stop_wh)
        charger.forget_tx(two.tx)
        await charger.ready()
        with pytest.raises(EvcpError) as refused:
            charger.deliver_tx(one.tx)
        assert refused.value.code == ErrorCode.INVALID and "not undelivered" in str(refused.value)
    assert not point.books.of_tag("OTHER")

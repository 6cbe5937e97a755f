"""The functions that the library calls.

There is one for each slot and process, made at import and never let go, so that none can be collected under
the library's feet. user_data is a number, by which the charge point is found as long as it lives.
"""

from __future__ import annotations

import ctypes
import itertools
import logging
import sys
import threading
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

from . import _abi, _questions
from ._abi import lib
from ._arguments import data_of
from ._error import EvcpError
from ._handle import Handle
from ._questions import Question
from ._values import (
    Answer, Auth, AuthInfo, Boot, BootInfo, By, Change, ConnectionInfo, DataReply, Direction, ErrorCode, Fault, FaultInfo, For, FrameInfo, KeyInfo, Link, ProfileInfo, Purpose, Read,
    Reason, RestartInfo, Status, StatusInfo, Storage, StorageInfo, Supply, TimeoutInfo, Transaction, VendorData, Verdict, Why,
)

if TYPE_CHECKING:
    from ._charge_point import ChargePoint

log = logging.getLogger("evcp.python")

numbers = itertools.count(1)
#: The charge points that live, by their number.
points: weakref.WeakValueDictionary[int, ChargePoint] = weakref.WeakValueDictionary()
#: Vendor data that was sent and is not answered yet.
transfers: Dict[int, Future[DataReply]] = {}


class Turn(threading.local):
    """What must leave a dispatch on this thread, and cannot pass through the library."""

    error: Optional[BaseException] = None


turn = Turn()


def text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def optional(value: Optional[bytes]) -> Optional[str]:
    return None if value is None else text(value)


def contained(body: Callable[..., None]) -> Callable[..., None]:
    """Nothing may be raised into the library."""

    def call(*arguments: Any) -> None:
        try:
            body(*arguments)
        except Exception:
            log.exception("%s failed", body.__name__)
        except BaseException as error:
            turn.error = error

    return call


def slot(body: Callable[..., None]) -> Any:
    """A slot, for a body that takes the charge point in the place of user_data."""

    def call(number: int, *arguments: Any) -> None:
        point = points.get(number)
        if point is None or point._evcp_handle.closed:
            return  # another thread waits for this dispatch, to free the charge point
        handle = point._evcp_handle
        handle.dispatcher = threading.get_ident()
        try:
            body(point, *arguments)
        finally:
            handle.dispatcher = 0

    call.__name__ = body.__name__
    return _abi.SLOTS[body.__name__](contained(call))


def on_supply(point: ChargePoint, connector: int, pointer: Any) -> None:
    point.on_supply(connector, supply_of(pointer.contents))


def supply_of(c: _abi.Supply) -> Supply:
    return Supply(permit=c.permit, lock=c.lock, amps=c.amps, watts=c.watts, phases=c.phases, tx=c.tx)


def on_unlock(point: ChargePoint, connector: int, token: int) -> None:
    question = Question("on_unlock", point, token, _questions.plain, Answer.FAILED)
    question.ask(point.on_unlock, connector)


def on_reset(point: ChargePoint, hard: bool, token: int) -> None:
    question = Question("on_reset", point, token, _questions.plain, Answer.REJECTED)
    question.ask(point.on_reset, hard)


def on_meter_read(point: ChargePoint, connector: int, context: int, token: int) -> None:
    # Without a sample, what the meter showed last counts, as if nobody had answered.
    question = Question("on_meter_read", point, token, _questions.meter, ())
    question.ask(point.on_meter_read, connector, Read(context))


def on_data_transfer(point: ChargePoint, pointer: Any, token: int) -> None:
    c = pointer.contents
    question = Question("on_data_transfer", point, token, _questions.data, DataReply(Answer.REJECTED))
    asked = VendorData(vendor=text(c.vendor), message=optional(c.message), data=data_of(c.data, c.len))
    question.ask(point.on_data_transfer, asked)


def on_key_change(point: ChargePoint, pointer: Any, token: int) -> None:
    question = Question("on_key_change", point, token, _questions.plain, Answer.REJECTED)
    question.ask(point.on_key_change, key_of(pointer.contents))


def on_connection(point: ChargePoint, pointer: Any) -> None:
    point.on_connection(connection_of(pointer.contents))


def connection_of(c: _abi.ConnectionInfo) -> ConnectionInfo:
    return ConnectionInfo(link=Link(c.state), detail=text(c.detail), slot=c.slot)


def on_boot(point: ChargePoint, pointer: Any) -> None:
    point.on_boot(boot_of(pointer.contents))


def boot_of(c: _abi.BootInfo) -> BootInfo:
    return BootInfo(status=Boot(c.status), interval_s=c.interval_s, time_ms=c.time_ms or None)


def on_time(point: ChargePoint, unix_ms: int) -> None:
    point.on_time(unix_ms)


def on_auth(point: ChargePoint, pointer: Any) -> None:
    c = pointer.contents
    point.on_auth(AuthInfo(
        connector=c.connector, reader=c.reader, by=By(c.by), purpose=For(c.purpose), tag=text(c.tag),
        status=Auth(c.status), why=Why(c.why),
    ))


def on_timeout(point: ChargePoint, pointer: Any) -> None:
    c = pointer.contents
    point.on_timeout(TimeoutInfo(connector=c.connector, reader=c.reader, by=By(c.by), tag=text(c.tag)))


def on_status(point: ChargePoint, pointer: Any) -> None:
    c = pointer.contents
    point.on_status(StatusInfo(
        connector=c.connector, status=Status(c.status), fault=Fault(c.error_code), info=optional(c.info),
        vendor_code=optional(c.vendor_code),
    ))


def on_tx(point: ChargePoint, pointer: Any) -> None:
    point.on_tx(transaction_of(pointer.contents))


def transaction_of(c: Any) -> Transaction:
    over = c.reason != Reason.NONE
    return Transaction(
        change=Change(c.change), connector=c.connector, tx=c.tx,
        ocpp_id=c.ocpp_id if c.ocpp_id_known else None, ocpp_id_text=optional(c.ocpp_id_text), tag=text(c.tag),
        started_ms=c.started_ms, meter_start_wh=c.meter_start_wh,
        stopped_ms=c.stopped_ms if over else None, meter_stop_wh=c.meter_stop_wh if over else None,
        reason=Reason(c.reason),
    )


def profile_of(c: Any) -> ProfileInfo:
    return ProfileInfo(
        connector=c.connector, id=c.id, level=c.level, purpose=Purpose(c.purpose), tx=c.tx or None, local=c.local,
        ignored=c.ignored, json=text(c.json),
    )


def on_availability(point: ChargePoint, connector: int, operative: bool) -> None:
    point.on_availability(connector, operative)


def on_key_changed(point: ChargePoint, pointer: Any) -> None:
    point.on_key_changed(key_of(pointer.contents))


def key_of(c: _abi.KeyInfo) -> KeyInfo:
    return KeyInfo(text(c.key), optional(c.value), read_only=c.read_only, reboot_required=c.reboot_required)


def fault_of(c: _abi.FaultInfo) -> FaultInfo:
    return FaultInfo(
        c.connector, Fault(c.code), warning=c.warning, shown=c.shown, own=c.own, info=optional(c.info),
        vendor_code=optional(c.vendor_code),
    )


def on_storage(point: ChargePoint, pointer: Any) -> None:
    c = pointer.contents
    point.on_storage(StorageInfo(storage=Storage(c.state), detail=text(c.detail)))


def on_frame(point: ChargePoint, pointer: Any) -> None:
    c = pointer.contents
    point.on_frame(FrameInfo(
        Direction(c.direction), c.time_ms, data_of(c.text, c.len) or "", masked=c.masked, dropped=c.dropped
    ))


def restart_of(c: _abi.RestartInfo) -> RestartInfo:
    names = [name for name in RestartInfo.__dataclass_fields__ if name != "verdict"]
    return RestartInfo(verdict=Verdict(c.verdict), **{name: getattr(c, name) for name in names})


def on_drained(point: ChargePoint, pointer: Any) -> None:
    point.on_drained(restart_of(pointer.contents))


def on_reboot(point: ChargePoint, hard: bool) -> None:
    point.on_reboot(hard)


def on_fatal(point: ChargePoint, code: int, detail: bytes) -> None:
    point._evcp_over = True
    point.on_fatal(EvcpError(code, text(detail)))


def data_done(number: int, code: int, status: int, data: Optional[int], length: int) -> None:
    future = transfers.pop(number)
    if code == ErrorCode.OK:
        future.set_result(DataReply(Answer(status), data_of(data, length)))
    else:
        future.set_exception(EvcpError(code, data_of(data, length) or ""))


_BODIES = (
    on_supply, on_unlock, on_reset, on_meter_read, on_data_transfer, on_key_change, on_connection, on_boot, on_time, on_auth,
    on_timeout, on_status, on_tx, on_availability, on_key_changed, on_storage, on_frame, on_reboot, on_drained, on_fatal,
)
SLOTS: Dict[str, Any] = {body.__name__: slot(body) for body in _BODIES}
DATA_DONE = _abi.DataFn(contained(data_done))
#: Without these the library answers by itself, as OCPP asks of a charger that cannot do it.
QUESTIONS = ("on_unlock", "on_reset", "on_meter_read", "on_data_transfer", "on_key_change")


def callbacks_for(wanted: Callable[[str], bool]) -> _abi.Callbacks:
    table = _abi.Callbacks()
    table.struct_size = ctypes.sizeof(table)
    for name, function in SLOTS.items():
        if wanted(name):
            setattr(table, name, function)
    return table


def dispatch(handle: Handle, timeout_ms: int) -> int:
    """evcp_dispatch(), and what its callbacks could not raise is raised after it."""
    outer, turn.error = turn.error, None
    hook = sys.unraisablehook
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread:
        # A signal may strike when the interpreter enters a callback, before anything there can catch what the
        # signal's handler raises. ctypes would print that and go on.
        def catch(unraisable: Any) -> None:
            where = f"{unraisable.err_msg} {unraisable.object!r}"
            if "ctypes callback function" in where and threading.current_thread() is threading.main_thread():
                turn.error = unraisable.exc_value
            else:
                hook(unraisable)

        sys.unraisablehook = catch
    try:
        return int(lib.evcp_dispatch(handle.pointer, timeout_ms))
    finally:
        if on_main_thread:
            sys.unraisablehook = hook
        error, turn.error = turn.error, outer
        if error is not None:
            raise error

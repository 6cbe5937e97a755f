"""The charge point: its life, its turns, and the methods to override."""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import logging
import math
import select
import threading
import weakref
from typing import Any, Iterable, Optional, TypeVar, Union

from . import _slots
from ._abi import lib
from ._config import Config, made
from ._error import EvcpError, check
from ._facts import Facts
from ._handle import Handle
from ._questions import Later, Tasks
from ._values import (
    Answer, AuthInfo, BootInfo, ConnectionInfo, DataReply, ErrorCode, FrameInfo, KeyInfo, Read, RestartInfo, Sample, StatusInfo, StorageInfo,
    Supply, TimeoutInfo, Transaction, VendorData,
)

log = logging.getLogger("evcp.python")

Self = TypeVar("Self", bound="ChargePoint")


class ChargePoint(Facts):
    """A charge point. Override the `on_...` methods that your charger serves.

    They run inside `dispatch()` only, one at a time, on the thread that calls it; with `async with`, that is
    the event loop's. An exception in one of them is logged, to the logger "evcp.python".

    `on_unlock`, `on_reset`, `on_meter_read`, `on_data_transfer` and `on_key_change` are questions: what they return is the answer.
    They may be `async def`, or return a `concurrent.futures.Future` that any thread fulfils, in time: 25 s, and
    2 s for a meter. An exception is answered with the safe refusal. A question that is not overridden is answered
    as OCPP asks of a charger that cannot do it.

    Close it, by `with`, `async with` or `close()`: one that is dropped is closed by the collector, some day.
    """

    def __init__(self, config: Config) -> None:
        """Checks everything and opens the storage; nothing runs yet."""
        # Names that a subclass will hardly take for something of its own.
        self._evcp_tasks: Tasks = set()
        self.__loop: Optional[asyncio.AbstractEventLoop] = None
        self.__loop_thread = 0
        self._evcp_over = False
        for name in _slots.SLOTS:
            if name not in _slots.QUESTIONS and inspect.iscoroutinefunction(getattr(self, name)):
                raise TypeError(f"{name} is told in order, and cannot be async")
        number = next(_slots.numbers)
        table = _slots.callbacks_for(self.__serves)
        pointer = ctypes.c_void_p()
        with made(config) as cfg:
            check(lib.evcp_new(cfg, ctypes.byref(table), number, ctypes.byref(pointer)))
        self._evcp_handle = Handle(pointer)
        self.__fd = int(lib.evcp_fd(pointer))
        # Runs at the end of the interpreter too, while there still is one to call back.
        self.__finalizer = weakref.finalize(self, self._evcp_handle.close_anywhere)
        _slots.points[number] = self

    def __serves(self, name: str) -> bool:
        overridden = getattr(type(self), name) is not getattr(ChargePoint, name)
        # After the last one the descriptor says nothing any more, so this one is always wanted.
        return overridden or name == "on_fatal"

    # ---- life ----

    def start(self) -> None:
        """Starts the charge point: returns at once, and connects for ever."""
        self._evcp_handle.call(lib.evcp_start)

    def stop(self, timeout: float = 2.0) -> None:
        """Closes the link and flushes the storage, and waits for that, in seconds. Transactions go on.

        What happened until then can still be dispatched. DEADLOCK in a handler, IO when it takes longer.
        """
        # A dispatch that begins now is not to wait for what may never come.
        before, self._evcp_over = self._evcp_over, True
        result = self._evcp_handle.result_of(lib.evcp_stop, milliseconds(timeout))
        self._evcp_over = before if result == ErrorCode.DEADLOCK else True
        check(result)

    def close(self) -> None:
        """Stops and frees the charge point; again is fine. In a handler it is over when the dispatch is.
        Everything else raises CLOSED from now on. DEADLOCK in the handler of a signal that came in the middle of
        a call: use `wakeup()` there."""
        self.__leave_loop()
        self._evcp_handle.close()
        self.__finalizer.detach()

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._evcp_handle.closed

    def fileno(self) -> int:
        """A descriptor that is readable while callbacks wait, for `select` and the like. -1 when closed."""
        return -1 if self._evcp_handle.closed else self.__fd

    def dispatch(self, timeout: Optional[float] = 0.0) -> int:
        """Runs the handlers that wait, on this thread; waits up to `timeout` seconds for the first (None: for
        ever). Returns how many ran; that may be none, also before the time is over.

        A signal's handler, such as that of Ctrl-C, runs while it waits. DEADLOCK in a handler, STATE while another
        thread dispatches, CLOSED when it was closed meanwhile, or stopped and nothing is left to tell.

        After an exception out of here, a command may have been missed: look at `get_supply()`.
        """
        handle = self._evcp_handle
        with handle.lock:
            left = 0
            if timeout is None or timeout > 0:
                left = -1 if timeout is None else milliseconds(timeout)
                # In a handler the library refuses to wait. Stopped, or stopping on another thread, it knows best
                # how long that takes. Else this waits, for a signal's handler to run meanwhile.
                if not self._evcp_over and not handle.is_dispatched_here and not handle.closed:
                    self.__wait(left)
                    left = 0
            return check(_slots.dispatch(handle, left))

    def __wait(self, timeout_ms: int) -> None:
        poll = select.poll()
        poll.register(self.__fd, select.POLLIN)
        poll.poll(timeout_ms)

    def wakeup(self) -> None:
        """Makes `dispatch()` return, now or the next time."""
        with self._evcp_handle.lock:
            lib.evcp_wakeup(self._evcp_handle.pointer)

    def __enter__(self: Self) -> Self:
        """Starts it. Somebody has to call `dispatch()`."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stops it, tells what is left to tell, and closes it."""
        if self._evcp_handle.closed:
            return
        try:
            self.__tell_the_rest(self.stop)
        finally:
            self.close()

    def __tell_the_rest(self, stop: Any) -> None:
        try:
            stop()
        except EvcpError as error:
            log.warning("the charge point did not stop in good order: %s", error)
        try:
            while self.dispatch() > 0:
                pass
        except EvcpError as error:
            if error.code is not ErrorCode.CLOSED:
                raise

    # ---- asyncio ----

    async def __aenter__(self: Self) -> Self:
        """Starts it; handlers run on this event loop."""
        self.__enter__()
        self.__loop, self.__loop_thread = asyncio.get_running_loop(), threading.get_ident()
        self.__loop.add_reader(self.__fd, self.__readable)
        return self

    async def __aexit__(self, *_: object) -> None:
        """As `__exit__`; answers that are still awaited are cancelled."""
        if self._evcp_handle.closed:
            return
        try:
            # It may take a while, and the loop has other things to do.
            stopping = asyncio.get_running_loop().run_in_executor(None, self.stop)
            await asyncio.wait({stopping})
            self.__tell_the_rest(stopping.result)
        finally:
            tasks = list(self._evcp_tasks)
            self.close()
            await asyncio.gather(*tasks, return_exceptions=True)

    def __readable(self) -> None:
        try:
            self.dispatch()
        except EvcpError as error:
            # Nothing will come any more; the descriptor may stay readable.
            self.__leave_loop()
            if error.code is not ErrorCode.CLOSED:
                log.error("the charge point cannot go on: %s", error)

    def __leave_loop(self) -> None:
        loop = self.__loop
        if loop is None or loop.is_closed():
            return
        if threading.get_ident() != self.__loop_thread:
            # The descriptor would be gone, and its number maybe another's, before the loop hears of it.
            raise EvcpError(ErrorCode.STATE, "close it on the thread of its event loop")
        self.__loop = None
        loop.remove_reader(self.__fd)
        for task in tuple(self._evcp_tasks):
            task.cancel()

    # ---- to override: commands and notices ----

    def on_supply(self, connector: int, supply: Supply) -> None:
        """A command, complete: obey in the order in which they come. The first ones come after the start."""

    def on_connection(self, connection: ConnectionInfo) -> None:
        """The link changed, and why."""

    def on_boot(self, boot: BootInfo) -> None:
        """BootNotification was answered."""

    def on_time(self, unix_ms: int) -> None:
        """The central system says what time it is, in milliseconds: the device may set its clock."""

    def on_auth(self, auth: AuthInfo) -> None:
        """What became of a tag: one that was shown, that a remote start brought, or that `start_tx` let in. One that
        was accepted for a start is told again, with why, if it is called off before the transaction begins."""

    def on_timeout(self, timeout: TimeoutInfo) -> None:
        """ConnectionTimeOut is over, and nobody plugged in: who may charge may not any more."""

    def on_status(self, now: StatusInfo) -> None:
        """A connector (0: the charge point) has a new status, or another fault."""

    def on_tx(self, tx: Transaction) -> None:
        """A transaction took a step."""

    def on_availability(self, connector: int, operative: bool) -> None:
        """The central system put a connector (0: all) in or out of service."""

    def on_key_changed(self, changed: KeyInfo) -> None:
        """A configuration key was changed. Secrets come without their value."""

    def on_storage(self, storage: StorageInfo) -> None:
        """The storage fails, works again, or was damaged."""

    def on_frame(self, frame: FrameInfo) -> None:
        """A frame of OCPP-J was received or is being sent; secrets are replaced by "***" (setting "frames.secrets").
        Who is behind loses the oldest: 256 of them wait at most."""

    def on_reboot(self, hard: bool) -> None:
        """All is stored and said: restart the device (hard) or the application now."""

    def on_drained(self, restart: RestartInfo) -> None:
        """No session is left since `set_draining`."""

    def on_fatal(self, error: EvcpError) -> None:
        """The library cannot go on: supply nothing, and close the charge point. The last call."""
        log.critical("the library cannot go on: %s", error)

    # ---- to override: questions ----

    def on_unlock(self, connector: int) -> Later[Answer]:
        """Unlock the connector; energy is off. ACCEPTED, FAILED or NOT_SUPPORTED. Safe refusal: FAILED."""
        return Answer.NOT_SUPPORTED

    def on_reset(self, hard: bool) -> Later[Answer]:
        """May the device be restarted? ACCEPTED or REJECTED; `on_reboot` says when. Safe refusal: REJECTED."""
        return Answer.REJECTED

    def on_meter_read(self, connector: int, context: Read) -> Later[Iterable[Sample]]:
        """What does the meter show (connector 0: the main meter)? Within 2 s.

        Safe refusal, and without an answer: what the meter showed last. Alternative: `push_meter()`.
        """
        return ()

    def on_data_transfer(self, asked: VendorData) -> Later[Union[Answer, DataReply]]:
        """Vendor data of the central system: a `DataReply`, or an `Answer` alone. Safe refusal: REJECTED."""
        return Answer.UNKNOWN_VENDOR

    def on_key_change(self, wanted: KeyInfo) -> Later[Answer]:
        """May the central system change this key of the firmware's own, which was declared with `asks`?
        `wanted.value` is what it is to be, within its limits. ACCEPTED, REJECTED, or REBOOT_REQUIRED: it counts from
        the next boot on. It has its value when `on_key_changed` says so. Safe refusal: REJECTED."""
        return Answer.REJECTED


def milliseconds(seconds: float) -> int:
    """Rounded up: a wait that is a little too long is better than one that spins."""
    return min(math.ceil(max(seconds, 0.0) * 1000), 2**31 - 1)

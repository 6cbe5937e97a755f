"""evcp_test.h for Python: a charge point in virtual time, with a central system in the process.

The library has to be the test kit: set `EVCP_LIBRARY` to libevcp-test.so before evcp is imported. In pytest,
`pytest_plugins = ["evcp.testing"]` in conftest.py gives each test that wants it a fresh world, `evcp_world`:

    def test_a_card_starts_a_session(evcp_world):
        with Charger(config) as charger:
            evcp_world.advance(0)
            charger.present_tag(1, "CAFE01")
            charger.set_ev(1, Ev.CHARGING)
            evcp_world.advance(1000)
            assert evcp_world.transactions()[0].tag == "CAFE01"

A `ChargePoint` that is made while there is a world lives in it, and runs by its clock: handlers run in
`World.advance()`, and in `dispatch()`, which waits for nothing if it gets no timeout. All on one thread.
"""

from __future__ import annotations

import ctypes
import enum
import json
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

from . import _slots
from ._abi import lib
from ._error import EvcpError, check
from ._values import ErrorCode

__all__ = ["Booked", "Line", "Rule", "World", "evcp_world"]


class Tx(ctypes.Structure):
    """evcp_test_tx_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("connector", c_uint32), ("id", c_int64), ("started_ms", c_int64),
        ("stopped_ms", c_int64), ("meter_start_wh", c_double), ("meter_stop_wh", c_double), ("stopped", c_bool),
        ("reserved", c_uint8 * 3), ("samples", c_uint32), ("tag", c_char_p), ("stop_tag", c_char_p),
        ("reason", c_char_p), ("last_sample", c_char_p),
    ]


#: evcp_test_tick_fn
TickFn: Any = ctypes.CFUNCTYPE(None, c_void_p)

err_t = c_int32

#: name: (what it returns, what it takes)
FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "evcp_test_new": (c_void_p, ()),
    "evcp_test_free": (None, (c_void_p,)),
    "evcp_test_advance": (c_int32, (c_void_p, c_uint64)),
    "evcp_test_stall": (err_t, (c_void_p, c_uint64)),
    "evcp_test_now": (c_uint64, (c_void_p,)),
    "evcp_test_clock": (c_int64, (c_void_p,)),
    "evcp_test_set_clock": (err_t, (c_void_p, c_int64)),
    "evcp_test_every": (err_t, (c_void_p, c_uint32, TickFn, c_void_p)),
    "evcp_test_link": (err_t, (c_void_p, c_uint32)),
    "evcp_test_sent": (c_char_p, (c_void_p,)),
    "evcp_test_sent_call": (c_char_p, (c_void_p, c_char_p)),
    "evcp_test_value": (c_char_p, (c_void_p, c_char_p, c_char_p)),
    "evcp_test_rule": (err_t, (c_void_p, c_char_p, c_uint32, c_char_p)),
    "evcp_test_set_tag": (err_t, (c_void_p, c_char_p, c_char_p, c_char_p)),
    "evcp_test_set_delay": (err_t, (c_void_p, c_uint32)),
    "evcp_test_reply": (err_t, (c_void_p, c_char_p)),
    "evcp_test_refuse": (err_t, (c_void_p, c_char_p, c_char_p)),
    "evcp_test_call": (err_t, (c_void_p, c_char_p, c_char_p, POINTER(c_char_p))),
    "evcp_test_answer": (c_char_p, (c_void_p,)),
    "evcp_test_tx_count": (c_size_t, (c_void_p,)),
    "evcp_test_tx": (err_t, (c_void_p, c_size_t, POINTER(Tx))),
    "evcp_test_power_cut": (err_t, (c_void_p,)),
    "evcp_test_storage": (err_t, (c_void_p, c_uint32)),
}


def _declare() -> None:
    for name, (result, arguments) in FUNCTIONS.items():
        try:
            function = getattr(lib, name)
        except AttributeError:
            raise ImportError(
                f"evcp.testing: {lib._name} is not the test kit: set EVCP_LIBRARY to libevcp-test.so (`make kit`)"
            ) from None
        function.restype = result
        function.argtypes = arguments


_declare()


class Line(enum.IntEnum):
    """The state of the link."""

    DOWN = 0  #: There is none: the connection breaks, and each attempt fails at once.
    UP = 1  #: It works.
    DEAD = 2  #: Nothing arrives, in neither direction, and nobody is told. It arrives when it is up again.


class Rule(enum.IntEnum):
    """What the central system does with a call of the charge point."""

    ANSWER = 0  #: It accepts, and keeps books: what it does at first.
    ERROR = 1  #: It answers with an error, and books nothing.
    SILENT = 2  #: It never answers, and books nothing.
    BY_HAND = 3  #: You answer: `reply()`, `refuse()`.


@dataclass(frozen=True)
class Booked:
    """A transaction in the books of the central system."""

    id: int  #: that the central system gave it: 1, 2, 3, ...
    connector: int
    tag: str
    started_ms: int  #: Unix time in milliseconds, as the charge point said it
    meter_start_wh: float
    stopped: bool
    stopped_ms: Optional[int]  #: None while it runs
    meter_stop_wh: Optional[float]
    stop_tag: Optional[str]  #: None if no tag stopped it
    reason: Optional[str]  #: as on the wire; "Local" if the charge point does not say
    samples: int  #: how many MeterValues came for it
    last_sample: Optional[Dict[str, Any]]  #: the payload of the last one


def _bytes(text: Optional[str]) -> Optional[bytes]:
    return None if text is None else text.encode()


def _text(value: Optional[bytes]) -> Optional[str]:
    return None if value is None else value.decode()


def _json(value: Optional[bytes]) -> Any:
    return None if value is None else json.loads(value)


def _run(function: Callable[..., Any], *arguments: Any) -> int:
    """Calls what runs handlers. What they could not raise, such as KeyboardInterrupt, is raised after it."""
    outer, _slots.turn.error = _slots.turn.error, None
    try:
        return check(int(function(*arguments)))
    finally:
        error, _slots.turn.error = _slots.turn.error, outer
        if error is not None:
            raise error


class World:
    """Virtual time, a link, a central system. Charge points that are made on its thread live in it, one at a time."""

    def __init__(self) -> None:
        """The link is up, the clock shows 2026-01-01T00:00:00Z, the books are empty. STATE if the thread has one."""
        self._tick: Any = None
        self._pointer = lib.evcp_test_new()
        if self._pointer is None:
            raise EvcpError(ErrorCode.STATE, lib.evcp_last_error().decode("utf-8", "replace"))

    def close(self) -> None:
        """Ends the world; again is fine. A charge point that is still in it goes as in a power cut."""
        pointer, self._pointer = self._pointer, None
        lib.evcp_test_free(pointer)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- time ----

    def advance(self, ms: int = 0) -> int:
        """Lets so much time pass, from one moment at which something is due to the next; handlers run in each.
        What a tick raises comes out of here. Returns how many handlers ran."""
        return _run(lib.evcp_test_advance, self._pointer, ms)

    def stall(self, ms: int) -> None:
        """Lets so much time pass in which nobody dispatches: a host that is busy."""
        check(lib.evcp_test_stall(self._pointer, ms))

    @property
    def now(self) -> int:
        """Virtual milliseconds since the world was made."""
        return int(lib.evcp_test_now(self._pointer))

    @property
    def clock(self) -> int:
        """The wall clock of the device, Unix time in milliseconds. Setting it is a step."""
        return int(lib.evcp_test_clock(self._pointer))

    @clock.setter
    def clock(self, unix_ms: int) -> None:
        check(lib.evcp_test_set_clock(self._pointer, unix_ms))

    def every(self, ms: int, tick: Optional[Callable[[], None]]) -> None:
        """Has `advance()` call a function every so many milliseconds: the loop of the firmware. None: no more."""

        def call(_: Any) -> None:
            try:
                if tick is not None:
                    tick()
            except BaseException as error:
                _slots.turn.error = error

        function = TickFn(call) if tick is not None else TickFn()
        check(lib.evcp_test_every(self._pointer, ms, function, None))
        # As long as the library may call it.
        self._tick = function

    # ---- the link ----

    def link(self, line: Line) -> None:
        """The link is so from now on."""
        check(lib.evcp_test_link(self._pointer, line))

    def sent(self) -> Iterator[List[Any]]:
        """The frames that the charge point sent and nobody has read, one by one: [2, id, action, payload]."""
        while (frame := _json(lib.evcp_test_sent(self._pointer))) is not None:
            yield frame

    def sent_call(self, action: str) -> Optional[Dict[str, Any]]:
        """The payload of the next call that it sent with that action; what it sent before is passed over. None when
        there is none: then nothing is passed over."""
        payload: Optional[Dict[str, Any]] = _json(lib.evcp_test_sent_call(self._pointer, action.encode()))
        return payload

    # ---- the central system ----

    def rule(
        self, action: Optional[str], rule: Rule, answer: Union[Dict[str, Any], str, None] = None,
    ) -> None:
        """How the central system deals with calls of an action (None: of every one) from now on. `answer`: for
        ANSWER, members that take the place of those of its answer; for ERROR, the code."""
        text = json.dumps(answer) if isinstance(answer, dict) else answer
        check(lib.evcp_test_rule(self._pointer, _bytes(action), rule, _bytes(text)))

    def set_tag(self, tag: str, status: str = "Accepted", parent: Optional[str] = None) -> None:
        """What the central system says of a tag, and the tag of its group."""
        check(lib.evcp_test_set_tag(self._pointer, tag.encode(), status.encode(), _bytes(parent)))

    def set_delay(self, ms: int) -> None:
        """How long answers and calls of the central system take to arrive: 0 at first."""
        check(lib.evcp_test_set_delay(self._pointer, ms))

    def reply(self, payload: Dict[str, Any]) -> None:
        """Answers the call of the charge point that was left without an answer. STATE when there is none."""
        _run(lib.evcp_test_reply, self._pointer, json.dumps(payload).encode())

    def refuse(self, code: str, description: Optional[str] = None) -> None:
        """The same with an error."""
        _run(lib.evcp_test_refuse, self._pointer, code.encode(), _bytes(description))

    def call(self, action: str, payload: Optional[Dict[str, Any]] = None) -> Optional[Dict[str, Any]]:
        """The central system calls the charge point. The payload of the answer or, of an error, its errorCode and
        errorDescription; None while there is none, see `answer()`. OFFLINE without a connection."""
        answer = c_char_p()
        text = json.dumps(payload or {}).encode()
        _run(lib.evcp_test_call, self._pointer, action.encode(), text, byref(answer))
        found: Optional[Dict[str, Any]] = _json(answer.value)
        return found

    def answer(self) -> Optional[Dict[str, Any]]:
        """The answer to the last `call()`; None while there is none."""
        found: Optional[Dict[str, Any]] = _json(lib.evcp_test_answer(self._pointer))
        return found

    def transactions(self) -> List[Booked]:
        """The books of the central system, the oldest transaction first."""
        return [self._booked(number) for number in range(lib.evcp_test_tx_count(self._pointer))]

    def _booked(self, number: int) -> Booked:
        tx = Tx(struct_size=ctypes.sizeof(Tx))
        check(lib.evcp_test_tx(self._pointer, number, byref(tx)))
        return Booked(
            id=tx.id, connector=tx.connector, tag=tx.tag.decode(), started_ms=tx.started_ms,
            meter_start_wh=tx.meter_start_wh, stopped=tx.stopped, stopped_ms=tx.stopped_ms if tx.stopped else None,
            meter_stop_wh=tx.meter_stop_wh if tx.stopped else None, stop_tag=_text(tx.stop_tag),
            reason=_text(tx.reason), samples=tx.samples, last_sample=_json(tx.last_sample),
        )

    # ---- trouble ----

    def power_cut(self) -> None:
        """The charge point is gone, with all that was not stored: `close()` it. One that is made with the same storage
        is the device that starts again. STATE without a charge point."""
        check(lib.evcp_test_power_cut(self._pointer))

    def storage(self, works: bool) -> None:
        """Whether the storage can be written to."""
        check(lib.evcp_test_storage(self._pointer, 0 if works else 1))


try:
    import pytest
except ImportError:
    pass
else:

    @pytest.fixture
    def evcp_world() -> Iterator[World]:
        """A world of the test's own."""
        with World() as world:
            yield world

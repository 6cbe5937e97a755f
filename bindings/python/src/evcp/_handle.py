"""The pointer to a charge point, so that nobody can use it after it was freed."""

from __future__ import annotations

import ctypes
import threading
from contextlib import contextmanager
from typing import Iterator, List

from ._abi import lib
from ._error import EvcpError
from ._log import outside_log
from ._values import ErrorCode

#: How long close() waits for calls on other threads, in seconds; the library has the same patience.
PATIENCE_S = 2.0


class Handle:
    """Counts the calls that are under way. The last one out after close() frees the charge point."""

    def __init__(self, pointer: ctypes.c_void_p) -> None:
        self._pointer = pointer
        self._users: List[int] = []
        self._closing = False
        self._freed = False
        self._change = threading.Condition()

    @property
    def closed(self) -> bool:
        return self._closing

    @contextmanager
    def use(self) -> Iterator[ctypes.c_void_p]:
        """The pointer, which stays good within the block."""
        me = threading.get_ident()
        with self._change:
            if self._closing:
                raise EvcpError(ErrorCode.CLOSED, "the charge point was closed")
            self._users.append(me)
        try:
            yield self._pointer
        finally:
            with self._change:
                self._users.remove(me)
                last = self._closing and not self._users
            if last:
                self._free()

    def is_used_around_here(self) -> bool:
        """Whether the use() that this is called in is inside another one on the same thread."""
        return self._users.count(threading.get_ident()) > 1

    def close(self) -> None:
        """Frees the charge point, once. Inside a callback it is freed when the dispatch is over; while another
        thread uses it, this waits for that thread, two seconds at most."""
        with self._change:
            if self._closing:
                return
            self._closing = True
            if self._users:
                lib.evcp_wakeup(self._pointer)
                if threading.get_ident() not in self._users:
                    self._change.wait_for(lambda: self._freed, PATIENCE_S)
                return
        self._free()

    def close_anywhere(self) -> None:
        """As close(), for the garbage collector, which may come at any instant, on any thread."""
        outside_log(self.close)

    def _free(self) -> None:
        lib.evcp_free(self._pointer)
        with self._change:
            self._freed = True
            self._change.notify_all()



"""The pointer to a charge point, so that nobody can use it after it was freed."""

from __future__ import annotations

import ctypes
import threading
import time
import weakref
from typing import Any, Callable

from ._abi import lib
from ._error import EvcpError, check
from ._log import outside_log
from ._values import ErrorCode

#: How long close() waits for calls on other threads, in seconds; the library has the same patience.
PATIENCE_S = 2.0


class Handle:
    """Every thread calls under a lock of its own, and who closes takes the locks of all the others.

    The locks are C's: an exception of a signal's handler can strike anywhere, and still releases them.
    """

    def __init__(self, pointer: ctypes.c_void_p) -> None:
        self._pointer = pointer
        self._mine = threading.local()
        self._locks: weakref.WeakSet[Any] = weakref.WeakSet()
        self._guard = threading.RLock()
        self.closed = False
        #: Set while callbacks of this charge point run, to the thread that they run on.
        self.dispatcher = 0

    @property
    def lock(self) -> Any:
        """The lock of the thread that asks, to be held around each use of the pointer."""
        try:
            return self._mine.lock
        except AttributeError:
            lock = self._mine.lock = threading.RLock()
            with self._guard:
                self._locks.add(lock)
            return lock

    @property
    def pointer(self) -> ctypes.c_void_p:
        """Good for as long as the lock is held."""
        if self.closed:
            raise EvcpError(ErrorCode.CLOSED, "the charge point was closed")
        return self._pointer

    def result_of(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Calls a function of the library; what it returns, also if that is an error."""
        with self.lock:
            return int(function(self.pointer, *arguments))

    def call(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Calls a function of the library, and raises its error."""
        with self.lock:
            return check(int(function(self.pointer, *arguments)))

    @property
    def is_dispatched_here(self) -> bool:
        """Whether the caller is a callback."""
        return self.dispatcher == threading.get_ident()

    def close(self) -> None:
        """Frees the charge point, once. Waits for other threads that use it, two seconds at most."""
        mine = self.lock
        with self._guard:
            if self.closed:
                return
            # In a callback the library itself waits with the end until that returns.
            if mine._is_owned() and not self.is_dispatched_here:
                raise EvcpError(ErrorCode.DEADLOCK, "not in the middle of another call, in a signal's handler")
            self.closed = True
            others = [lock for lock in self._locks if lock is not mine]
        lib.evcp_wakeup(self._pointer)
        until = time.monotonic() + PATIENCE_S
        for lock in others:
            # Who is inside for longer than that is safe as well: the library keeps what a call uses.
            if lock.acquire(timeout=max(until - time.monotonic(), 0.0)):
                lock.release()
        lib.evcp_free(self._pointer)

    def close_anywhere(self) -> None:
        """As close(), for the garbage collector, which may come at any instant, on any thread."""
        outside_log(self.close)

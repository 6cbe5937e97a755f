"""The library's log, brought to `logging`.

Lines come on any thread, also on the library's own, which must neither wait for a handler of `logging` nor
call the library again. So they go into a queue, and a thread of Python takes them out.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
from typing import Any, Callable, Optional, Set, Tuple, Union

from ._abi import LogFn, lib
from ._error import check
from ._values import LogLevel

#: How many lines wait at most: a handler that hangs must not fill the memory.
MOST = 10_000

LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARN: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.TRACE: logging.DEBUG - 5,
}

Line = Tuple[int, str, str, Optional[str]]

_queue: queue.SimpleQueue[Union[Line, Callable[[], None], None]] = queue.SimpleQueue()
_lock = threading.Lock()
_thread: Optional[threading.Thread] = None
#: The threads that are inside the log function now.
_inside: Set[int] = set()


def _take_line(_user_data: Optional[int], pointer: Any) -> None:
    me = threading.get_ident()
    try:
        _inside.add(me)
        if _queue.qsize() < MOST:
            line = pointer.contents
            target, text = line.target.decode("utf-8", "replace"), line.text.decode("utf-8", "replace")
            identity = line.identity.decode("utf-8", "replace") if line.identity else None
            _queue.put((line.level, target, text, identity))
    finally:
        _inside.discard(me)


#: One for the process and never let go: the library may be about to call it.
_function = LogFn(_take_line)


def _drain() -> None:
    while (item := _queue.get()) is not None:
        if callable(item):
            item()
            continue
        level, target, text, identity = item
        # "evcp::shell" is the logger "evcp.shell".
        logger, of = logging.getLogger(target.replace("::", ".")), {"identity": identity}
        logger.log(LEVELS.get(LogLevel(level), logging.DEBUG), "%s", text, extra=of)


def set_log(level: Optional[LogLevel]) -> None:
    """Sends what the library logs, up to a level, to the logger "evcp" and those below it; None stops that.

    One for the process. Each record has an `identity`: the charge point that it is about, or None. The lines come on a thread of this package, a moment later. When this returns after
    None, all of them were handled. Not for a handler of the log: `DEADLOCK` in the library's own log function.
    """
    global _thread
    with _lock:
        if level is None:
            check(lib.evcp_set_log(0, LogFn(), None))
            thread, _thread = _thread, None
            if thread is not None:
                _queue.put(None)
                if thread is not threading.current_thread():
                    thread.join()
            return
        check(lib.evcp_set_log(LogLevel(level), _function, None))
        if _thread is None:
            _thread = threading.Thread(target=_drain, name="evcp-log", daemon=True)
            _thread.start()


def outside_log(action: Callable[[], None]) -> None:
    """Runs an action that calls the library: now, or, if the collector came here from inside the log function,
    on the thread that takes the lines out."""
    if threading.get_ident() in _inside:
        _queue.put(action)
    else:
        action()


# Nothing of the library may call into an interpreter that is going away.
atexit.register(set_log, None)

"""Questions: what a handler returns, now or later, becomes the answer; when it fails, the safe refusal does."""

from __future__ import annotations

import asyncio
import inspect
import logging
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Iterable, Set, TypeVar, Union

from ._abi import lib
from ._arguments import c_data, c_samples
from ._error import EvcpError
from ._handle import Handle
from ._values import Answer, DataReply, ErrorCode, Sample

if TYPE_CHECKING:
    from ._charge_point import ChargePoint

log = logging.getLogger("evcp.python")

T = TypeVar("T")
#: What a handler may return: the answer, something to await for it, or a future that another thread fulfils.
Later = Union[T, Awaitable[T], "Future[T]"]

#: What the charge point still waits for; here so that the loop does not forget its tasks.
Tasks = Set["asyncio.Task[None]"]


def plain(handle: Handle, token: int, answer: object) -> None:
    # True is 1, and 1 is Rejected: no bool may pass for an answer.
    if not isinstance(answer, Answer):
        raise TypeError(f"{answer!r} is no evcp.Answer")
    handle.call(lib.evcp_answer, token, answer)


def meter(handle: Handle, token: int, samples: Iterable[Sample]) -> None:
    handle.call(lib.evcp_answer_meter, token, *c_samples(samples))


def data(handle: Handle, token: int, reply: Union[Answer, DataReply]) -> None:
    if isinstance(reply, Answer):
        reply = DataReply(reply)
    if not isinstance(reply, DataReply):
        raise TypeError(f"{reply!r} is neither evcp.Answer nor evcp.DataReply")
    handle.call(lib.evcp_answer_data, token, reply.status, *c_data(reply.data))


class Question:
    """A question that was asked, to be answered once."""

    def __init__(
        self, name: str, point: ChargePoint, token: int, give: Callable[[Handle, int, Any], None], refusal: object
    ) -> None:
        self._name = name
        # Who is asked lives until the answer.
        self._point = point
        self._handle = point._evcp_handle
        self._token = token
        self._give = give
        self._refusal = refusal

    def ask(self, handler: Callable[..., object], *arguments: object) -> None:
        try:
            result = handler(*arguments)
        except BaseException as error:
            self._failed(error)
            if not isinstance(error, Exception):
                raise
            return
        if isinstance(result, Future):
            result.add_done_callback(self._take_future)
        elif inspect.isawaitable(result):
            self._await(result)
        else:
            self.answer(result)

    def answer(self, result: object) -> None:
        try:
            self._give(self._handle, self._token, result)
        except EvcpError as error:
            if error.code is ErrorCode.EXPIRED:
                log.warning("%s: the answer comes too late", self._name)
            elif error.code is not ErrorCode.CLOSED:
                self._failed(error)
        except Exception as error:
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        log.error("%s failed, and is answered with a refusal", self._name, exc_info=error)
        try:
            self._give(self._handle, self._token, self._refusal)
        except EvcpError as late:
            log.debug("%s: nobody waits for the refusal: %s", self._name, late)

    def _take_future(self, future: Future[Any]) -> None:
        try:
            result = future.result()
        except BaseException as error:
            self._failed(error)
        else:
            self.answer(result)

    def _await(self, result: Awaitable[object]) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if inspect.iscoroutine(result):
                result.close()
            self._failed(TypeError("it is async, and there is no running event loop"))
            return
        task = loop.create_task(self._wait_for(result))
        self._point._evcp_tasks.add(task)
        task.add_done_callback(self._point._evcp_tasks.discard)

    async def _wait_for(self, result: Awaitable[object]) -> None:
        try:
            answer = await result
        except asyncio.CancelledError as error:
            if not self._handle.closed:
                self._failed(error)
            raise
        except Exception as error:
            self._failed(error)
        else:
            self.answer(answer)

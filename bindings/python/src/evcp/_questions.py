"""Questions: what a handler returns, now or later, becomes the answer; when it fails, the safe refusal does."""

from __future__ import annotations

import asyncio
import inspect
import logging
from concurrent.futures import Future
from typing import Any, Awaitable, Callable, Iterable, Set, TypeVar, Union

from ._abi import lib
from ._arguments import c_data, c_samples
from ._error import EvcpError, check
from ._handle import Handle
from ._values import Answer, DataReply, ErrorCode, Sample

log = logging.getLogger("evcp.python")

T = TypeVar("T")
#: What a handler may return: the answer, something to await for it, or a future that another thread fulfils.
Later = Union[T, Awaitable[T], "Future[T]"]

#: What the charge point still waits for; here so that the loop does not forget its tasks.
Tasks = Set["asyncio.Task[None]"]


def plain(pointer: Any, token: int, answer: object) -> None:
    # True is 1, and 1 is Rejected: no bool may pass for an answer.
    if not isinstance(answer, Answer):
        raise TypeError(f"{answer!r} is no evcp.Answer")
    check(lib.evcp_answer(pointer, token, answer))


def meter(pointer: Any, token: int, samples: Iterable[Sample]) -> None:
    check(lib.evcp_answer_meter(pointer, token, *c_samples(samples)))


def data(pointer: Any, token: int, reply: Union[Answer, DataReply]) -> None:
    if isinstance(reply, Answer):
        reply = DataReply(reply)
    if not isinstance(reply, DataReply):
        raise TypeError(f"{reply!r} is neither evcp.Answer nor evcp.DataReply")
    check(lib.evcp_answer_data(pointer, token, reply.status, *c_data(reply.data)))


class Question:
    """A question that was asked, to be answered once."""

    def __init__(self, name: str, handle: Handle, token: int, give: Callable[[Any, int, Any], None], refusal: object):
        self._name = name
        self._handle = handle
        self._token = token
        self._give = give
        self._refusal = refusal

    def ask(self, handler: Callable[..., object], tasks: Tasks, *arguments: object) -> None:
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
            self._await(result, tasks)
        else:
            self.answer(result)

    def answer(self, result: object) -> None:
        try:
            with self._handle.use() as pointer:
                self._give(pointer, self._token, result)
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
            with self._handle.use() as pointer:
                self._give(pointer, self._token, self._refusal)
        except EvcpError as late:
            log.debug("%s: nobody waits for the refusal: %s", self._name, late)

    def _take_future(self, future: Future[Any]) -> None:
        try:
            result = future.result()
        except BaseException as error:
            self._failed(error)
        else:
            self.answer(result)

    def _await(self, result: Awaitable[object], tasks: Tasks) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if inspect.iscoroutine(result):
                result.close()
            self._failed(TypeError("it is async, and there is no running event loop"))
            return
        task = loop.create_task(self._wait_for(result))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

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

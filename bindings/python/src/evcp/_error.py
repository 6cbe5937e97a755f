"""Errors: a code to act on, and a text for people."""

from __future__ import annotations

from ._abi import lib
from ._values import ErrorCode


class EvcpError(Exception):
    """A call that failed.

    `code` says what can be done about it; `text` says what exactly went wrong.
    """

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code, text)
        self.code = ErrorCode(code)
        self.text = text

    def __str__(self) -> str:
        means = lib.evcp_strerror(int(self.code)).decode()
        return f"{means}: {self.text} ({self.code.name})" if self.text else f"{means} ({self.code.name})"


def check(result: int) -> int:
    """The result of a call of the library; raises what it says went wrong in it, on the same thread."""
    if result < 0:
        raise EvcpError(result, lib.evcp_last_error().decode("utf-8", "replace"))
    return result

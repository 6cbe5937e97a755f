"""Arguments on their way to C. ctypes would cut numbers that are too large, and texts at a NUL, in silence."""

from __future__ import annotations

import ctypes
import operator
from typing import Any, Iterable, Optional, Tuple

from . import _abi
from ._error import EvcpError
from ._values import ErrorCode, Sample


def c_text(value: str, what: str) -> bytes:
    if "\0" in value:
        raise EvcpError(ErrorCode.INVALID, f"{what} contains a NUL")
    # Half a surrogate pair becomes bytes that are not UTF-8, and the library says so.
    return value.encode("utf-8", "surrogatepass")


def c_optional(value: Optional[str], what: str) -> Optional[bytes]:
    return None if value is None else c_text(value, what)


def c_data(value: Optional[str]) -> Tuple[Optional[bytes], int]:
    """Text with a length, which may contain a NUL."""
    data = None if value is None else value.encode("utf-8", "surrogatepass")
    return data, len(data or b"")


def c_number(value: int, bits: int, signed: bool, what: str) -> int:
    number = operator.index(value)
    lowest, beyond = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    if not lowest <= number < beyond:
        raise EvcpError(ErrorCode.INVALID, f"{what} is {number}")
    return number


def c_u32(value: int, what: str) -> int:
    return c_number(value, 32, False, what)


def c_samples(samples: Iterable[Sample]) -> Tuple[Any, int]:
    """An array of samples, and its length."""
    filled = [
        _abi.Sample(
            sample.value,
            c_number(sample.measurand, 16, False, "measurand"),
            c_number(sample.phase, 8, False, "phase"),
            c_number(sample.location, 8, False, "location"),
        )
        for sample in samples
    ]
    return (_abi.Sample * len(filled))(*filled), len(filled)


def data_of(address: Optional[int], length: int) -> Optional[str]:
    """Text with a length, as it comes from the library."""
    return None if address is None else ctypes.string_at(address, length).decode("utf-8", "replace")

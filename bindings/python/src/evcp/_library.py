"""Finds libevcp.so, and makes sure that it is the one that this package was written for."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Tuple

HERE = Path(__file__).resolve().parent


def package_version() -> str:
    """The version that stands in Cargo.toml: a copy lies in a wheel, the original in a checkout."""
    beside = HERE / "Cargo.toml"
    text = (beside if beside.exists() else HERE.parents[3] / "Cargo.toml").read_text("utf-8")
    found = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise ImportError("evcp: there is no version in its Cargo.toml")
    return found.group(1)


def numbers(version: str) -> Tuple[int, int, int]:
    major, minor, patch = (int(part) for part in re.split(r"[-+]", version)[0].split("."))
    return major, minor, patch


def soname(version: str) -> str:
    """cargo-c's rule: what may break the ABI is the minor version before 1.0, the major one after."""
    major, minor, patch = numbers(version)
    if major:
        return f"libevcp.so.{major}"
    return f"libevcp.so.0.{minor}" if minor else f"libevcp.so.0.0.{patch}"


def candidates(version: str) -> Tuple[str, ...]:
    """What is tried, in this order. Who names a library or ships one wants that one and no other."""
    if named := os.environ.get("EVCP_LIBRARY"):
        return (named,)
    inside = HERE / "libevcp.so"
    return (str(inside),) if inside.exists() else (soname(version), "libevcp.so")


def fits(library: Tuple[int, int, int], package: Tuple[int, int, int]) -> bool:
    """Within one SONAME the library only grows, and a patch adds nothing: not older than the package."""
    if package[0]:
        return library[0] == package[0] and library[1] >= package[1]
    return library[:2] == package[:2]


def load() -> ctypes.CDLL:
    version = package_version()
    reasons = []
    for name in candidates(version):
        try:
            library = ctypes.CDLL(name)
        except OSError as error:
            reasons.append(str(error))
            continue
        try:
            number = int(library.evcp_version_number())
        except AttributeError:
            raise ImportError(f"evcp: {name} is not libevcp: it has no evcp_version_number()") from None
        there = (number >> 16, number >> 8 & 0xFF, number & 0xFF)
        if not fits(there, numbers(version)):
            raise ImportError(f"evcp: {name} is version {'.'.join(map(str, there))}, this package is {version}")
        return library
    raise ImportError("evcp: libevcp was not found: " + "; ".join(reasons))

"""The names of constants, as the library knows them."""

from __future__ import annotations

from typing import Any, Dict

from ._abi import lib
from ._values import Auth, Boot, By, Change, Ev, Fault, For, Link, Open, Read, Reason, Status, Storage, Verdict, Why

_FUNCTIONS: Dict[type, Any] = {
    Status: lib.evcp_status_name,
    Reason: lib.evcp_reason_name,
    Fault: lib.evcp_error_code_name,
    Auth: lib.evcp_auth_name,
    By: lib.evcp_by_name,
    For: lib.evcp_for_name,
    Why: lib.evcp_why_name,
    Boot: lib.evcp_boot_name,
    Read: lib.evcp_read_name,
    Ev: lib.evcp_ev_name,
    Change: lib.evcp_tx_change_name,
    Link: lib.evcp_connection_name,
    Storage: lib.evcp_storage_name,
    Verdict: lib.evcp_restart_name,
}


def name(value: Open) -> str:
    """What OCPP calls it, such as "SuspendedEV", or the library where OCPP does not; "unknown" for a number that
    the library does not know."""
    text: bytes = _FUNCTIONS[type(value)](value)
    return text.decode()

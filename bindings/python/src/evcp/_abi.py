"""evcp.h for ctypes: every struct, slot and function, and nothing else. A test compares it with the header."""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8, c_uint16,
    c_uint32, c_uint64, c_void_p,
)
from typing import Any, Dict, Tuple

from ._library import load

# Data with a length is no c_char_p: ctypes would stop at its first NUL.
bytes_p = c_void_p


class Supply(Structure):
    """evcp_supply_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("permit", c_bool), ("phases", c_uint8), ("lock", c_bool), ("reserved", c_uint8),
        ("amps", c_double), ("watts", c_double), ("tx", c_uint64),
    ]


class TxInfo(Structure):
    """evcp_tx_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("connector", c_uint32), ("tx", c_uint64), ("ocpp_id", c_int64),
        ("started_ms", c_int64), ("stopped_ms", c_int64), ("meter_start_wh", c_double), ("meter_stop_wh", c_double),
        ("change", c_uint32), ("reason", c_uint32), ("ocpp_id_known", c_bool), ("reserved", c_uint8 * 7), ("tag", c_char_p),
        ("ocpp_id_text", c_char_p),
    ]


class AuthInfo(Structure):
    """evcp_auth_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("connector", c_uint32), ("reader", c_uint32), ("by", c_uint32),
        ("purpose", c_uint32), ("status", c_uint32), ("why", c_uint32), ("reserved", c_uint32), ("tag", c_char_p),
    ]


class TimeoutInfo(Structure):
    """evcp_timeout_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("connector", c_uint32), ("reader", c_uint32), ("by", c_uint32), ("tag", c_char_p),
    ]


class StatusInfo(Structure):
    """evcp_status_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("connector", c_uint32), ("status", c_uint32), ("error_code", c_uint32),
        ("info", c_char_p), ("vendor_code", c_char_p),
    ]


class DataInfo(Structure):
    """evcp_data_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("reserved", c_uint32), ("vendor", c_char_p), ("message", c_char_p),
        ("data", bytes_p), ("len", c_size_t),
    ]


class BootInfo(Structure):
    """evcp_boot_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("status", c_uint32), ("interval_s", c_uint32), ("reserved", c_uint32),
        ("time_ms", c_int64),
    ]


class ConnectionInfo(Structure):
    """evcp_connection_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("state", c_uint32), ("detail", c_char_p), ("slot", c_uint32), ("reserved", c_uint32),
    ]


class NetworkProfile(Structure):
    """evcp_network_profile_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("security_profile", c_uint32), ("url", c_char_p), ("identity", c_char_p),
        ("auth_key", c_char_p), ("auth_key_len", c_size_t), ("ca_pem", c_char_p), ("ca_pem_len", c_size_t),
        ("client_chain_pem", c_char_p), ("client_chain_pem_len", c_size_t),
        ("client_key_pem", c_char_p), ("client_key_pem_len", c_size_t), ("interface", c_char_p),
        ("source_address", c_char_p), ("proxy", c_char_p), ("connect_timeout_s", c_uint32), ("reserved", c_uint32),
    ]


class KeyInfo(Structure):
    """evcp_key_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("read_only", c_bool), ("reboot_required", c_bool), ("reserved", c_uint8 * 2),
        ("key", c_char_p), ("value", c_char_p),
    ]


class KeyDecl(Structure):
    """evcp_key_decl_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("kind", c_uint32), ("name", c_char_p), ("value", c_char_p), ("words", c_char_p),
        ("reserved_pointer", c_char_p), ("min", c_int64), ("max", c_int64), ("read_only", c_bool), ("reboot_required", c_bool), ("asks", c_bool),
        ("reserved", c_uint8 * 5),
    ]


class ProfileInfo(Structure):
    """evcp_profile_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("connector", c_uint32), ("number", c_uint64), ("tx", c_uint64), ("id", c_int32),
        ("level", c_int32), ("purpose", c_uint32), ("local", c_bool), ("ignored", c_bool), ("reserved", c_uint8 * 2),
        ("json", c_char_p), ("reserved_pointer", c_char_p),
    ]


class FaultInfo(Structure):
    """evcp_fault_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("number", c_uint32), ("connector", c_uint32), ("code", c_uint32),
        ("warning", c_bool), ("shown", c_bool), ("own", c_bool), ("reserved", c_uint8 * 5), ("info", c_char_p),
        ("vendor_code", c_char_p),
    ]


class StorageInfo(Structure):
    """evcp_storage_info_t"""

    _fields_ = [("struct_size", c_uint32), ("state", c_uint32), ("detail", c_char_p)]


class FrameInfo(Structure):
    """evcp_frame_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("direction", c_uint32), ("time_ms", c_int64), ("dropped", c_uint64),
        ("text", bytes_p), ("len", c_size_t), ("masked", c_bool), ("reserved", c_uint8 * 7),
    ]


class Sample(Structure):
    """evcp_sample_t"""

    _fields_ = [
        ("value", c_double), ("measurand", c_uint16), ("phase", c_uint8), ("location", c_uint8), ("reserved", c_uint32),
    ]


class Period(Structure):
    """evcp_period_t"""

    _fields_ = [("limit", c_double), ("start_s", c_uint32), ("phases", c_uint32)]


class LimitGiven(Structure):
    """evcp_limit_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("unit", c_uint32), ("value", c_double), ("phases", c_uint32), ("reserved", c_uint32),
    ]


class LocalLimit(Structure):
    """evcp_local_limit_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("unit", c_uint32), ("value", c_double), ("phases", c_uint32), ("failsafe", c_bool),
        ("reserved", c_uint8 * 3), ("source", c_char * 40),
    ]


class Stats(Structure):
    """evcp_stats_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("reserved", c_uint32), ("connects", c_uint64), ("calls_sent", c_uint64),
        ("calls_received", c_uint64), ("call_errors", c_uint64), ("timeouts", c_uint64), ("garbage", c_uint64),
        ("queued", c_uint64), ("stored_bytes", c_uint64), ("panics", c_uint64),
        ("clock_offset_ms", c_int64), ("thinned", c_uint64),
    ]


class RestartInfo(Structure):
    """evcp_restart_info_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("verdict", c_uint32), ("transactions", c_uint32), ("permissions", c_uint32),
        ("asked", c_uint32), ("storage_fails", c_bool), ("unsaved", c_bool), ("draining", c_bool), ("resetting", c_bool),
        ("queued", c_uint64), ("undelivered", c_uint64),
    ]


class LogLine(Structure):
    """evcp_log_line_t"""

    _fields_ = [
        ("struct_size", c_uint32), ("level", c_uint32), ("target", c_char_p), ("text", c_char_p), ("identity", c_char_p),
    ]


#: The slots of evcp_callbacks_t, in their order; user_data comes first in each.
SLOTS: Dict[str, Any] = {
    "destroy": CFUNCTYPE(None, c_void_p),
    "on_supply": CFUNCTYPE(None, c_void_p, c_uint32, POINTER(Supply)),
    "on_unlock": CFUNCTYPE(None, c_void_p, c_uint32, c_uint64),
    "on_reset": CFUNCTYPE(None, c_void_p, c_bool, c_uint64),
    "on_meter_read": CFUNCTYPE(None, c_void_p, c_uint32, c_uint32, c_uint64),
    "on_data_transfer": CFUNCTYPE(None, c_void_p, POINTER(DataInfo), c_uint64),
    "on_key_change": CFUNCTYPE(None, c_void_p, POINTER(KeyInfo), c_uint64),
    "on_connection": CFUNCTYPE(None, c_void_p, POINTER(ConnectionInfo)),
    "on_boot": CFUNCTYPE(None, c_void_p, POINTER(BootInfo)),
    "on_time": CFUNCTYPE(None, c_void_p, c_int64),
    "on_auth": CFUNCTYPE(None, c_void_p, POINTER(AuthInfo)),
    "on_timeout": CFUNCTYPE(None, c_void_p, POINTER(TimeoutInfo)),
    "on_status": CFUNCTYPE(None, c_void_p, POINTER(StatusInfo)),
    "on_tx": CFUNCTYPE(None, c_void_p, POINTER(TxInfo)),
    "on_availability": CFUNCTYPE(None, c_void_p, c_uint32, c_bool),
    "on_key_changed": CFUNCTYPE(None, c_void_p, POINTER(KeyInfo)),
    "on_storage": CFUNCTYPE(None, c_void_p, POINTER(StorageInfo)),
    "on_frame": CFUNCTYPE(None, c_void_p, POINTER(FrameInfo)),
    "on_reboot": CFUNCTYPE(None, c_void_p, c_bool),
    "on_drained": CFUNCTYPE(None, c_void_p, POINTER(RestartInfo)),
    "on_fatal": CFUNCTYPE(None, c_void_p, c_int32, c_char_p),
}


class Callbacks(Structure):
    """evcp_callbacks_t"""

    _fields_ = [("struct_size", c_uint32), ("reserved", c_uint32), *SLOTS.items()]


#: evcp_data_fn
DataFn: Any = CFUNCTYPE(None, c_void_p, c_int32, c_uint32, bytes_p, c_size_t)
#: evcp_log_fn
LogFn: Any = CFUNCTYPE(None, c_void_p, POINTER(LogLine))

err_t = c_int32
connector_t = c_uint32

#: name: (what it returns, what it takes)
FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "evcp_strerror": (c_char_p, (err_t,)),
    "evcp_last_error": (c_char_p, ()),
    "evcp_version": (c_char_p, ()),
    "evcp_version_number": (c_uint32, ()),
    "evcp_config_new": (c_void_p, ()),
    "evcp_config_free": (None, (c_void_p,)),
    "evcp_config_set_url": (err_t, (c_void_p, c_char_p)),
    "evcp_config_set_identity": (err_t, (c_void_p, c_char_p)),
    "evcp_config_set_device": (err_t, (c_void_p, c_char_p, c_char_p, c_char_p, c_char_p)),
    "evcp_config_set_connectors": (err_t, (c_void_p, c_uint32)),
    "evcp_config_set_lockable": (err_t, (c_void_p, connector_t, c_bool)),
    "evcp_config_set_feedback": (err_t, (c_void_p, connector_t, c_uint32)),
    "evcp_config_set_limit": (err_t, (c_void_p, connector_t, c_uint32, c_double)),
    "evcp_config_set_min_current": (err_t, (c_void_p, connector_t, c_double)),
    "evcp_config_set_storage": (err_t, (c_void_p, c_char_p)),
    "evcp_config_set_profile": (err_t, (c_void_p, c_uint32)),
    "evcp_config_set_auth_key": (err_t, (c_void_p, c_char_p, c_size_t)),
    "evcp_config_set_ca_pem": (err_t, (c_void_p, c_char_p, c_size_t)),
    "evcp_config_set_client_pem": (err_t, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "evcp_config_set": (err_t, (c_void_p, c_char_p, c_char_p)),
    "evcp_config_declare": (err_t, (c_void_p, POINTER(KeyDecl))),
    "evcp_dispatch": (c_int32, (c_void_p, c_int32)),
    "evcp_new": (err_t, (c_void_p, POINTER(Callbacks), c_void_p, POINTER(c_void_p))),
    "evcp_start": (err_t, (c_void_p,)),
    "evcp_stop": (err_t, (c_void_p, c_uint32)),
    "evcp_free": (None, (c_void_p,)),
    "evcp_fd": (c_int32, (c_void_p,)),
    "evcp_wakeup": (None, (c_void_p,)),
    "evcp_set_ev": (err_t, (c_void_p, connector_t, c_uint32)),
    "evcp_set_fault": (err_t, (c_void_p, connector_t, c_uint32, c_char_p, c_char_p)),
    "evcp_set_warning": (err_t, (c_void_p, connector_t, c_uint32, c_char_p, c_char_p)),
    "evcp_clear_fault": (err_t, (c_void_p, connector_t, c_uint32)),
    "evcp_clear_warning": (err_t, (c_void_p, connector_t, c_uint32)),
    "evcp_set_operative": (err_t, (c_void_p, connector_t, c_bool)),
    "evcp_set_evse_ready": (err_t, (c_void_p, connector_t, c_bool, c_char_p)),
    "evcp_set_contactor": (err_t, (c_void_p, connector_t, c_bool)),
    "evcp_set_lock": (err_t, (c_void_p, connector_t, c_bool)),
    "evcp_set_clock": (err_t, (c_void_p, c_int64)),
    "evcp_set_network": (err_t, (c_void_p, c_bool)),
    "evcp_push_meter": (err_t, (c_void_p, connector_t, POINTER(Sample), c_size_t)),
    "evcp_push_signed_meter": (err_t, (c_void_p, connector_t, c_char_p, c_size_t)),
    "evcp_set_local_limit": (err_t, (c_void_p, connector_t, c_char_p, POINTER(LimitGiven), c_uint64)),
    "evcp_set_failsafe": (err_t, (c_void_p, connector_t, c_char_p, POINTER(LimitGiven))),
    "evcp_get_local_limit": (err_t, (c_void_p, connector_t, c_uint32, POINTER(LocalLimit))),
    "evcp_present_tag_at": (err_t, (c_void_p, POINTER(c_uint32), c_size_t, c_char_p)),
    "evcp_present_tag": (err_t, (c_void_p, connector_t, c_char_p)),
    "evcp_start_tx": (err_t, (c_void_p, connector_t, c_char_p, c_uint32)),
    "evcp_cancel": (err_t, (c_void_p, connector_t)),
    "evcp_stop_tx": (err_t, (c_void_p, connector_t, c_uint32)),
    "evcp_power_fails": (err_t, (c_void_p,)),
    "evcp_config_set_network_profile": (err_t, (c_void_p, c_uint32, POINTER(NetworkProfile))),
    "evcp_set_network_profile": (err_t, (c_void_p, c_uint32, POINTER(NetworkProfile))),
    "evcp_set_network_priority": (err_t, (c_void_p, POINTER(c_uint32), c_size_t)),
    "evcp_set_key": (err_t, (c_void_p, c_char_p, c_char_p)),
    "evcp_data_transfer": (err_t, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t, DataFn, c_void_p)),
    "evcp_answer": (err_t, (c_void_p, c_uint64, c_uint32)),
    "evcp_answer_meter": (err_t, (c_void_p, c_uint64, POINTER(Sample), c_size_t)),
    "evcp_answer_data": (err_t, (c_void_p, c_uint64, c_uint32, c_char_p, c_size_t)),
    "evcp_get_supply": (err_t, (c_void_p, connector_t, POINTER(Supply))),
    "evcp_get_schedule": (
        err_t,
        (c_void_p, connector_t, c_uint32, c_uint32, POINTER(Period), c_size_t, POINTER(c_size_t), POINTER(c_uint32)),
    ),
    "evcp_get_tx": (err_t, (c_void_p, connector_t, POINTER(c_uint64))),
    "evcp_get_status": (err_t, (c_void_p, connector_t, POINTER(c_uint32))),
    "evcp_get_key": (err_t, (c_void_p, c_char_p, c_char_p, POINTER(c_size_t))),
    "evcp_get_restart": (err_t, (c_void_p, POINTER(RestartInfo))),
    "evcp_set_draining": (err_t, (c_void_p, c_bool)),
    "evcp_get_stats": (err_t, (c_void_p, POINTER(Stats))),
    "evcp_get_link": (err_t, (c_void_p, POINTER(ConnectionInfo), c_char_p, POINTER(c_size_t))),
    "evcp_get_registration": (err_t, (c_void_p, POINTER(BootInfo))),
    "evcp_get_tx_info": (err_t, (c_void_p, connector_t, POINTER(TxInfo), c_char_p, POINTER(c_size_t))),
    "evcp_get_fault": (err_t, (c_void_p, connector_t, c_uint32, POINTER(FaultInfo), c_char_p, POINTER(c_size_t))),
    "evcp_get_key_info": (err_t, (c_void_p, c_char_p, POINTER(KeyInfo), c_char_p, POINTER(c_size_t))),
    "evcp_get_undelivered": (err_t, (c_void_p, c_uint64, POINTER(TxInfo), c_char_p, POINTER(c_size_t))),
    "evcp_install_profile": (err_t, (c_void_p, connector_t, c_char_p)),
    "evcp_clear_profile": (err_t, (c_void_p, connector_t, c_int32)),
    "evcp_clear_profiles": (err_t, (c_void_p,)),
    "evcp_get_profile": (err_t, (c_void_p, c_uint64, POINTER(ProfileInfo), c_char_p, POINTER(c_size_t))),
    "evcp_deliver_tx": (err_t, (c_void_p, c_uint64)),
    "evcp_forget_tx": (err_t, (c_void_p, c_uint64)),
    "evcp_status_name": (c_char_p, (c_uint32,)),
    "evcp_reason_name": (c_char_p, (c_uint32,)),
    "evcp_error_code_name": (c_char_p, (c_uint32,)),
    "evcp_auth_name": (c_char_p, (c_uint32,)),
    "evcp_by_name": (c_char_p, (c_uint32,)),
    "evcp_for_name": (c_char_p, (c_uint32,)),
    "evcp_why_name": (c_char_p, (c_uint32,)),
    "evcp_boot_name": (c_char_p, (c_uint32,)),
    "evcp_read_name": (c_char_p, (c_uint32,)),
    "evcp_ev_name": (c_char_p, (c_uint32,)),
    "evcp_tx_change_name": (c_char_p, (c_uint32,)),
    "evcp_connection_name": (c_char_p, (c_uint32,)),
    "evcp_restart_name": (c_char_p, (c_uint32,)),
    "evcp_storage_name": (c_char_p, (c_uint32,)),
    "evcp_set_log": (err_t, (c_uint32, LogFn, c_void_p)),
}


def declared() -> ctypes.CDLL:
    """The library, every function of it with its types."""
    library = load()
    for name, (result, arguments) in FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"evcp: {library._name} has no {name}(): it does not fit this package") from None
        function.restype = result
        function.argtypes = arguments
    return library


#: A call gives the interpreter's lock away: other threads of Python run while the library waits.
lib = declared()

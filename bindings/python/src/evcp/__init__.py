"""evcp: an OCPP 1.6-J charge point. Subclass `ChargePoint`, state facts, obey `on_supply`."""

from ._abi import lib as _lib
from ._charge_point import ChargePoint
from ._config import Config, Key, Limit
from ._error import EvcpError
from ._library import package_version as _package_version
from ._log import set_log
from ._names import name
from ._networks import NetworkProfile
from ._values import (
    ANSWER_MS, Answer, At, Auth, AuthInfo, Boot, BootInfo, By, Change, ConnectionInfo, DataReply, Direction, ErrorCode, Ev, Fault,
    FaultInfo, Feedback, For, FrameInfo, KeyInfo, KeyKind, Link, LocalLimit, LogLevel, Measurand, Period, Phase, ProfileInfo, Purpose, Read, Reason, RestartInfo, Sample, Schedule, Stats, Status,
    StatusInfo, Storage, StorageInfo, Supply, TimeoutInfo, Transaction, Unit, VendorData, Verdict, Why,
)

__version__ = _package_version()
#: The version of the library that was loaded.
library_version: str = _lib.evcp_version().decode()

__all__ = [
    "ANSWER_MS", "Answer", "At", "Auth", "AuthInfo", "Boot", "BootInfo", "By", "Change", "ChargePoint", "Config",
    "ConnectionInfo", "DataReply", "Direction", "ErrorCode", "Ev", "EvcpError", "Fault", "FaultInfo", "Feedback", "For", "FrameInfo", "Key", "KeyInfo", "KeyKind", "Limit",
    "Link", "LocalLimit", "LogLevel", "Measurand", "NetworkProfile", "Period", "Phase", "ProfileInfo", "Purpose", "Read", "Reason", "RestartInfo", "Sample", "Schedule", "Stats",
    "Status", "StatusInfo", "Storage", "StorageInfo", "Supply", "TimeoutInfo", "Transaction", "Unit", "VendorData", "Verdict", "Why",
    "__version__", "library_version", "name", "set_log",
]

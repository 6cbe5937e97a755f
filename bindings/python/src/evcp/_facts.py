"""What a charger tells its charge point, and what it can ask it. All of it from any thread."""

from __future__ import annotations

import ctypes
from concurrent.futures import Future
from typing import Any, Collection, Iterable, List, Optional

from . import _abi, _slots
from ._abi import lib
from ._arguments import c_data, c_number, c_optional, c_samples, c_text, c_u32
from ._error import EvcpError, check
from ._handle import Handle
from ._networks import NetworkProfile, c_profile
from ._values import (
    BootInfo, ConnectionInfo, DataReply, ProfileInfo, ErrorCode, Ev, Fault, FaultInfo, KeyInfo, LocalLimit, Period, Reason, RestartInfo, Sample,
    Schedule, Stats, Status, Supply, Transaction, Unit,
)


def _limit(value: Optional[float], unit: Unit, phases: int) -> Optional[_abi.LimitGiven]:
    if value is None:
        return None
    size, number = ctypes.sizeof(_abi.LimitGiven), c_u32(unit, "unit")
    return _abi.LimitGiven(struct_size=size, unit=number, value=value, phases=c_u32(phases, "phases"))


class Facts:
    """The half of a charge point that waits for nothing.

    Connectors are numbered from 1; 0 is the charge point as a whole, where that makes sense. Every method
    may be called from any thread, also in a handler, and raises `EvcpError`.
    """

    _evcp_handle: Handle

    def set_ev(self, connector: int, ev: Ev) -> None:
        """States what the vehicle at a connector does; as often as you like."""
        self._evcp_handle.call(lib.evcp_set_ev, c_u32(connector, "connector"), c_u32(ev, "ev"))

    def set_fault(
        self, connector: int, fault: Fault, info: Optional[str] = None, vendor_code: Optional[str] = None
    ) -> None:
        """A connector (0: the charge point) has a fault, beside others perhaps, or, with `Fault.NO_ERROR`, none any
        more.

        `info` and `vendor_code` are cut at 50 characters. Energy is off while any lasts; a transaction goes on when all are over.
        """
        texts = (c_u32(fault, "fault"), c_optional(info, "info"), c_optional(vendor_code, "vendor_code"))
        self._evcp_handle.call(lib.evcp_set_fault, c_u32(connector, "connector"), *texts)

    def set_warning(
        self, connector: int, fault: Fault, info: Optional[str] = None, vendor_code: Optional[str] = None
    ) -> None:
        """Something should be looked at, and stops nothing; as `set_fault` otherwise."""
        texts = (c_u32(fault, "fault"), c_optional(info, "info"), c_optional(vendor_code, "vendor_code"))
        self._evcp_handle.call(lib.evcp_set_warning, c_u32(connector, "connector"), *texts)

    def clear_fault(self, connector: int, fault: Fault) -> None:
        """The fault with this code is over; others stay."""
        self._evcp_handle.call(lib.evcp_clear_fault, c_u32(connector, "connector"), c_u32(fault, "fault"))

    def clear_warning(self, connector: int, fault: Fault) -> None:
        """The warning with this code is over; others stay."""
        self._evcp_handle.call(lib.evcp_clear_warning, c_u32(connector, "connector"), c_u32(fault, "fault"))

    def set_operative(self, connector: int, operative: bool) -> None:
        """Somebody at the charger took a connector (0: all of it) out of service, or back."""
        self._evcp_handle.call(lib.evcp_set_operative, c_u32(connector, "connector"), operative)

    def set_evse_ready(self, connector: int, ready: bool, reason: str | None = None) -> None:
        """Whether the charger itself can supply energy at a connector (True at the start).

        While it cannot, a transaction goes on without energy, as SuspendedEVSE, and `reason` (50 characters at
        most) goes along with that status.
        """
        text = c_optional(reason, "reason")
        self._evcp_handle.call(lib.evcp_set_evse_ready, c_u32(connector, "connector"), ready, text)

    def set_contactor(self, connector: int, closed: bool) -> None:
        """Whether the contactor of a connector is closed, where `Config.feedback` declares that it is told."""
        self._evcp_handle.call(lib.evcp_set_contactor, c_u32(connector, "connector"), closed)

    def set_lock(self, connector: int, closed: bool) -> None:
        """Whether the lock of a connector is closed, where `Config.feedback` declares that it is told.

        With False, energy is off from this call on.
        """
        self._evcp_handle.call(lib.evcp_set_lock, c_u32(connector, "connector"), closed)

    def set_local_limit(
        self, connector: int, source: str, value: Optional[float], unit: Unit = Unit.AMPS, *, phases: int = 0,
        valid_for: float = 0,
    ) -> None:
        """A source of limits other than the central system says what may be drawn at a connector (0: by all together),
        up to so many amperes per phase or watts; None: it does not limit it.

        After `valid_for` seconds without another word its failsafe value stands in its place; 0: until it says
        something else. The least of all limits counts.
        """
        limit, valid = _limit(value, unit, phases), c_number(round(valid_for * 1000), 64, False, "valid_for")
        place = c_u32(connector, "connector")
        self._evcp_handle.call(lib.evcp_set_local_limit, place, c_text(source, "source"), limit, valid)

    def set_failsafe(
        self, connector: int, source: str, value: Optional[float], unit: Unit = Unit.AMPS, *, phases: int = 0
    ) -> None:
        """What holds while that source has not spoken since the start, or not in time (None: no limit); it is kept."""
        limit = _limit(value, unit, phases)
        self._evcp_handle.call(lib.evcp_set_failsafe, c_u32(connector, "connector"), c_text(source, "source"), limit)

    def get_local_limits(self, connector: int) -> List[LocalLimit]:
        """The local limits that stand at a connector (0: for all together)."""
        found: List[LocalLimit] = []
        out = _abi.LocalLimit(struct_size=ctypes.sizeof(_abi.LocalLimit))
        place = c_u32(connector, "connector")
        while self._evcp_handle.call(lib.evcp_get_local_limit, place, len(found), ctypes.byref(out)):
            source, unit = out.source.decode(), Unit(out.unit)
            found.append(LocalLimit(source, out.value, unit, out.phases, out.failsafe))
        return found

    def set_clock(self, unix_ms: int) -> None:
        """The device has a better clock than the library's: Unix time in milliseconds."""
        self._evcp_handle.call(lib.evcp_set_clock, c_number(unix_ms, 64, True, "unix_ms"))

    def set_network(self, up: bool) -> None:
        """Whether there is a network at all (True at the start). Without one no connection is tried."""
        self._evcp_handle.call(lib.evcp_set_network, up)

    def set_network_profile(self, slot: int, profile: Optional[NetworkProfile]) -> None:
        """Another network profile for a slot, 1 to 4; None: no longer any, which is refused for the last one.

        It counts from the next attempt to connect, or at once if the connection that stands is by this slot. It is
        not kept: after a restart `Config` counts.
        """
        self._evcp_handle.call(lib.evcp_set_network_profile, c_u32(slot, "slot"), c_profile(profile))

    def set_network_priority(self, slots: Collection[int]) -> None:
        """The order in which network profiles are tried, by their slots; one that is not named is not used."""
        numbers = (ctypes.c_uint32 * len(slots))(*(c_u32(slot, "slot") for slot in slots))
        self._evcp_handle.call(lib.evcp_set_network_priority, numbers, len(numbers))

    def push_meter(self, connector: int, samples: Iterable[Sample]) -> None:
        """What the meter of a connector (0: the main meter) shows now, 256 values at most.

        Values that are not named stay as they were. Once a second is often enough.
        """
        array = c_samples(samples)
        self._evcp_handle.call(lib.evcp_push_meter, c_u32(connector, "connector"), *array)

    def push_signed_meter(self, connector: int, data: str) -> None:
        """What the meter shows, in the form that it signed, such as OCMF; 64 KiB at most.

        Goes with the next first or last reading of a transaction: push it before `on_meter_read` answers for
        `Read.BEGIN` and `Read.END`.
        """
        self._evcp_handle.call(lib.evcp_push_signed_meter, c_u32(connector, "connector"), *c_data(data))

    def present_tag(self, connector: int, tag: str) -> None:
        """A card was shown (20 characters at most) at the reader of a connector; 0: at one for all of them.
        The outcome arrives in `on_auth`."""
        self._evcp_handle.call(lib.evcp_present_tag, c_u32(connector, "connector"), c_text(tag, "tag"))

    def present_tag_at(self, connectors: Collection[int], tag: str) -> None:
        """As `present_tag`, for a reader that serves these connectors."""
        numbers = (ctypes.c_uint32 * len(connectors))(*(c_u32(number, "connector") for number in connectors))
        self._evcp_handle.call(lib.evcp_present_tag_at, numbers, len(numbers), c_text(tag, "tag"))

    def start_tx(self, connector: int, tag: str) -> None:
        """The charger itself lets somebody charge: nobody is asked about the tag (20 characters at most).

        The transaction begins when a vehicle is there. The outcome arrives in `on_auth`.
        """
        self._evcp_handle.call(lib.evcp_start_tx, c_u32(connector, "connector"), c_text(tag, "tag"), 0)

    def cancel(self, connector: int) -> None:
        """What waits at a connector (0: at all of them) is not wanted any more; a transaction goes on."""
        self._evcp_handle.call(lib.evcp_cancel, c_u32(connector, "connector"))

    def stop_tx(self, connector: int, reason: Reason) -> None:
        """Stops the transaction of a connector, if one runs."""
        self._evcp_handle.call(lib.evcp_stop_tx, c_u32(connector, "connector"), c_u32(reason, "reason"))

    def power_fails(self) -> None:
        """Power fails: transactions are stopped with the last reading, stored, and reported if there is time."""
        self._evcp_handle.call(lib.evcp_power_fails)

    def set_key(self, key: str, value: str) -> None:
        """Changes a configuration key, also one that the central system may only read."""
        self._evcp_handle.call(lib.evcp_set_key, c_text(key, "key"), c_text(value, "value"))

    def data_transfer(
        self, vendor: str, message: Optional[str] = None, data: Optional[str] = None
    ) -> "Future[DataReply]":
        """Sends vendor data (vendor 255, message 50 characters).

        The future gets the answer, or an `EvcpError`: OFFLINE, IO when no answer came or an error instead, CLOSED.
        It is fulfilled by a dispatch: `await asyncio.wrap_future(cp.data_transfer(...))` in asyncio.
        """
        future: Future[DataReply] = Future()
        # It cannot be called back any more, so it cannot be cancelled either.
        future.set_running_or_notify_cancel()
        number = next(_slots.numbers)
        texts = (c_text(vendor, "vendor"), c_optional(message, "message"), *c_data(data))
        _slots.transfers[number] = future
        try:
            self._evcp_handle.call(lib.evcp_data_transfer, *texts, _slots.DATA_DONE, number)
        except EvcpError:
            del _slots.transfers[number]
            raise
        return future

    def get_supply(self, connector: int) -> Supply:
        """What a connector may draw now. After a failure inside the library this permits nothing."""
        out = _abi.Supply(struct_size=ctypes.sizeof(_abi.Supply))
        self._evcp_handle.call(lib.evcp_get_supply, c_u32(connector, "connector"), ctypes.byref(out))
        return _slots.supply_of(out)

    def get_schedule(self, connector: int, duration_s: int, unit: Unit = Unit.AMPS) -> Schedule:
        """What a connector (0: the whole charge point) may draw from now on, as far as is known now: OCPP's
        composite schedule."""
        covered, count = ctypes.c_uint32(), ctypes.c_size_t(64)
        while True:
            room = (_abi.Period * count.value)()
            arguments = (c_u32(connector, "connector"), c_u32(duration_s, "duration_s"), c_u32(unit, "unit"))
            outcome = (room, ctypes.sizeof(_abi.Period), ctypes.byref(count), ctypes.byref(covered))
            result = self._evcp_handle.result_of(lib.evcp_get_schedule, *arguments, *outcome)
            if result != ErrorCode.BUFFER:
                check(result)
                periods = (Period(c.start_s, c.limit, c.phases) for c in room[:count.value])
                return Schedule(periods, covered.value)

    def get_tx(self, connector: int) -> Optional[int]:
        """The number of the transaction that runs at a connector; None if none does."""
        out = ctypes.c_uint64()
        self._evcp_handle.call(lib.evcp_get_tx, c_u32(connector, "connector"), ctypes.byref(out))
        return out.value or None

    def _asked(self, function: Any, out: Any, *arguments: Any) -> bool:
        """Asks for a struct with texts, which live as long as it; whether there is one."""
        length = ctypes.c_size_t(256)
        while True:
            # Kept by the struct: its texts are in there.
            out._room = room = ctypes.create_string_buffer(length.value)
            result = self._evcp_handle.result_of(function, *arguments, ctypes.byref(out), room, ctypes.byref(length))
            if result != ErrorCode.BUFFER:
                return check(result) > 0

    def get_link(self) -> ConnectionInfo:
        """The link to the central system; DISCONNECTED before the start."""
        out = _abi.ConnectionInfo(struct_size=ctypes.sizeof(_abi.ConnectionInfo))
        self._asked(lib.evcp_get_link, out)
        return _slots.connection_of(out)

    def get_registration(self) -> Optional[BootInfo]:
        """The last answer to BootNotification since the start; None if there was none yet."""
        out = _abi.BootInfo(struct_size=ctypes.sizeof(_abi.BootInfo))
        found = self._evcp_handle.call(lib.evcp_get_registration, ctypes.byref(out))
        return _slots.boot_of(out) if found else None

    def get_tx_info(self, connector: int) -> Optional[Transaction]:
        """All that is known of the transaction that runs at a connector; None if none does."""
        out = _abi.TxInfo(struct_size=ctypes.sizeof(_abi.TxInfo))
        found = self._asked(lib.evcp_get_tx_info, out, c_u32(connector, "connector"))
        return _slots.transaction_of(out) if found else None

    def get_faults(self, connector: int) -> List[FaultInfo]:
        """The faults, then the warnings, of a connector (0: the charge point), those that the library found itself
        too. One that was just told shows when the library has dealt with it."""
        found: List[FaultInfo] = []
        out = _abi.FaultInfo(struct_size=ctypes.sizeof(_abi.FaultInfo))
        while self._asked(lib.evcp_get_fault, out, c_u32(connector, "connector"), out.number):
            found.append(_slots.fault_of(out))
        return found

    def get_keys(self) -> List[KeyInfo]:
        """All configuration keys: those of OCPP in the order of the standard, then the firmware's own."""
        found: List[KeyInfo] = []
        out = _abi.KeyInfo(struct_size=ctypes.sizeof(_abi.KeyInfo))
        while self._asked(lib.evcp_get_key_info, out, found[-1].key.encode() if found else None):
            found.append(_slots.key_of(out))
        return found

    def get_undelivered(self) -> List[Transaction]:
        """The transactions that the central system refused to the end, oldest first (`Change.GIVEN_UP`). They
        survive restarts; the setting "tx.keep_undelivered" says how many are kept."""
        found: List[Transaction] = []
        while True:
            out = _abi.TxInfo(struct_size=ctypes.sizeof(_abi.TxInfo))
            if not self._asked(lib.evcp_get_undelivered, out, found[-1].tx if found else 0):
                return found
            found.append(_slots.transaction_of(out))

    def install_profile(self, connector: int, json: str) -> None:
        """Installs a charging profile of the charger's own at a connector (0: the charge point): a ChargingProfile of
        OCPP 1.6, as JSON. One of the central system's with the same purpose and stackLevel prevails while it says
        something; a higher stackLevel prevails, whosever it is. It is kept over a restart; a TxProfile ends with the
        transaction that runs there. INVALID says what is wrong with it, or that 16 are installed."""
        self._evcp_handle.call(lib.evcp_install_profile, c_u32(connector, "connector"), c_text(json, "json"))

    def clear_profile(self, connector: int, id: int) -> None:
        """Removes the profile of the charger's own with that chargingProfileId there; INVALID if there is none."""
        self._evcp_handle.call(lib.evcp_clear_profile, c_u32(connector, "connector"), c_number(id, 32, True, "id"))

    def clear_profiles(self) -> None:
        """Removes all charging profiles of the charger's own."""
        self._evcp_handle.call(lib.evcp_clear_profiles)

    def get_profiles(self) -> List[ProfileInfo]:
        """All charging profiles that are installed: those of the central system, then the charger's own. What was just
        installed or cleared shows when the library has dealt with it."""
        found: List[ProfileInfo] = []
        out = _abi.ProfileInfo(struct_size=ctypes.sizeof(_abi.ProfileInfo))
        while self._asked(lib.evcp_get_profile, out, out.number):
            found.append(_slots.profile_of(out))
        return found

    def deliver_tx(self, tx: int) -> None:
        """Delivers an undelivered transaction again, each of its messages once; then `on_tx` tells
        `Change.DELIVERED`, or `Change.GIVEN_UP` again. INVALID if it is not undelivered."""
        self._evcp_handle.call(lib.evcp_deliver_tx, c_number(tx, 64, False, "tx"))

    def forget_tx(self, tx: int) -> None:
        """Forgets an undelivered transaction: its bill was written by hand. INVALID if it is not undelivered."""
        self._evcp_handle.call(lib.evcp_forget_tx, c_number(tx, 64, False, "tx"))

    def get_status(self, connector: int) -> Status:
        """The status of a connector (0: the charge point)."""
        out = ctypes.c_uint32()
        self._evcp_handle.call(lib.evcp_get_status, c_u32(connector, "connector"), ctypes.byref(out))
        return Status(out.value)

    def get_key(self, key: str) -> str:
        """The value of a configuration key; UNSUPPORTED if there is none, or it may not be read."""
        length = ctypes.c_size_t(512)
        while True:
            room = ctypes.create_string_buffer(length.value)
            name = c_text(key, "key")
            result = self._evcp_handle.result_of(lib.evcp_get_key, name, room, ctypes.byref(length))
            if result != ErrorCode.BUFFER:
                check(result)
                return room.raw[:length.value].decode("utf-8")
            length.value += 1  # for the NUL

    def get_restart(self) -> RestartInfo:
        """What is going on, and what a restart now would cost, as of what the library has dealt with."""
        out = _abi.RestartInfo(struct_size=ctypes.sizeof(_abi.RestartInfo))
        self._evcp_handle.call(lib.evcp_get_restart, ctypes.byref(out))
        return _slots.restart_of(out)

    def set_draining(self, draining: bool) -> None:
        """Whether nothing new is to begin (False at the start), before an update or a shutdown.

        Transactions go on to their own end, everybody else is refused, idle connectors are Unavailable; `on_drained`
        tells when no session is left. After a restart the charger serves again by itself.
        """
        self._evcp_handle.call(lib.evcp_set_draining, draining)

    def get_stats(self) -> Stats:
        """How much happened since the start."""
        out = _abi.Stats(struct_size=ctypes.sizeof(_abi.Stats))
        self._evcp_handle.call(lib.evcp_get_stats, ctypes.byref(out))
        names = Stats.__dataclass_fields__
        return Stats(**{name: getattr(out, name) for name in names})

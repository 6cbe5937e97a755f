"""The values of evcp.h: sets of constants as IntEnums, structs as frozen dataclasses."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Iterable, Optional, Tuple

#: How long a question may stay without answer, in milliseconds, unless "answer.timeout_s" says otherwise.
ANSWER_MS = 25000


class Open(enum.IntEnum):
    """A set that grows: a number that this version does not know becomes a member named OTHER_<number>."""

    @classmethod
    def _missing_(cls, value: object) -> Optional[Open]:
        if not isinstance(value, int):
            return None
        other = int.__new__(cls, value)
        other._name_ = f"OTHER_{value}"
        other._value_ = value
        return other

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        # The same on every Python; IntEnum's own has changed its mind twice.
        return format(self.name, spec)


class ErrorCode(Open):
    """Why a call failed."""

    OK = 0
    INVALID = -1  #: An argument is out of range, not UTF-8 or too long.
    STATE = -2  #: Not possible now, such as a second start.
    UNSUPPORTED = -3  #: A name that this library does not know.
    BUFFER = -4
    EXPIRED = -5  #: The question was answered before, or its time is over.
    OFFLINE = -6  #: Needs a connection, and there is none.
    DEADLOCK = -7  #: Would wait for the thread that calls.
    CLOSED = -8  #: The charge point was closed or stopped.
    IO = -9  #: Storage or sockets failed.
    FULL = -10  #: Too much is waiting: dispatch, and try again.
    PANIC = -99  #: A bug of the library, contained: supply nothing, and close the charge point.


class Ev(Open):
    """What the control pilot (IEC 61851) and the socket say of the vehicle."""

    ABSENT = 0  #: A: nothing is plugged in.
    PLUGGED = 1  #: B: plugged in, asks for no energy.
    CHARGING = 2  #: C or D: asks for energy, or takes it.
    SUSPENDED = 3  #: Energy is on offer, and the vehicle takes none.
    CABLE = 4  #: A cable is in the socket, and no vehicle at its end.


class Answer(Open):
    """An answer to a question, and what became of vendor data."""

    ACCEPTED = 0
    REJECTED = 1
    FAILED = 2  #: It was tried, and did not work.
    NOT_SUPPORTED = 3
    REBOOT_REQUIRED = 4  #: Yes, and it counts from the next boot on: `on_key_change` only.
    UNKNOWN_VENDOR = 5  #: Vendor data only.
    UNKNOWN_MESSAGE = 6  #: Vendor data only.


class KeyKind(Open):
    """What the value of a configuration key of the firmware's own is."""

    TEXT = 0
    INTEGER = 1
    BOOLEAN = 2  #: "true" or "false", in any case.
    LIST = 3  #: Entries with commas between them.


class Purpose(Open):
    """What a charging profile limits."""

    CHARGE_POINT_MAX = 0  #: What all connectors draw together.
    TX_DEFAULT = 1  #: Each transaction that has no profile of its own.
    TX = 2  #: One transaction.


class Measurand(Open):
    """What a meter measures, and in which unit."""

    ENERGY_IMPORT = 0  #: Register, Wh: the one value that every charger must have.
    POWER_IMPORT = 1  #: W
    CURRENT_IMPORT = 2  #: A
    VOLTAGE = 3  #: V
    SOC = 4  #: State of charge of the vehicle, %
    POWER_OFFERED = 5  #: W that the vehicle may take
    CURRENT_OFFERED = 6  #: A that the vehicle may take
    TEMPERATURE = 7  #: Degrees Celsius
    FREQUENCY = 8  #: Hz
    ENERGY_EXPORT = 9  #: Register, Wh
    POWER_EXPORT = 10  #: W
    CURRENT_EXPORT = 11  #: A
    REACTIVE_POWER_IMPORT = 12  #: var
    REACTIVE_POWER_EXPORT = 13  #: var
    REACTIVE_ENERGY_IMPORT = 14  #: Register, varh
    REACTIVE_ENERGY_EXPORT = 15  #: Register, varh
    ENERGY_IMPORT_INTERVAL = 16  #: Wh in this interval
    ENERGY_EXPORT_INTERVAL = 17  #: Wh in this interval
    REACTIVE_ENERGY_IMPORT_INTERVAL = 18  #: varh in this interval
    REACTIVE_ENERGY_EXPORT_INTERVAL = 19  #: varh in this interval
    POWER_FACTOR = 20
    RPM = 21  #: Fan speed, 1/min


class Phase(Open):
    """Where in the three-phase system a value was measured."""

    NONE = 0  #: All phases together, or there is only one.
    L1 = 1
    L2 = 2
    L3 = 3
    N = 4
    L1_N = 5
    L2_N = 6
    L3_N = 7
    L1_L2 = 8
    L2_L3 = 9
    L3_L1 = 10


class At(Open):
    """Where a value was measured."""

    DEFAULT = 0  #: The outlet, or the vehicle for Measurand.SOC.
    CABLE = 1
    EV = 2
    INLET = 3  #: At the grid connection.
    OUTLET = 4
    BODY = 5


class Feedback(Open):
    """What of a connector reports whether it is closed."""

    CONTACTOR = 1  #: With `set_contactor`.
    LOCK = 2  #: With `set_lock`.


class Unit(Open):
    """The unit of a schedule."""

    AMPS = 0  #: Amperes per phase.
    WATTS = 1  #: Watts over all phases.


class Change(Open):
    """The step that a transaction took."""

    STARTED = 0  #: It began; energy is permitted from now on.
    RESUMED = 1  #: It goes on after a restart.
    CONFIRMED = 2  #: The central system gave it an id.
    DEAUTHORIZED = 3  #: The central system does not accept the tag after all.
    STOPPED = 4
    GIVEN_UP = 5  #: The central system refused it to the end: it is kept as undelivered.
    DELIVERED = 6  #: One that was given up has been delivered after all.
    UNANSWERED = 7  #: The central system does not answer a message of it.


class Link(Open):
    """The connection to the central system."""

    DISCONNECTED = 0
    CONNECT_FAILED = 1  #: An attempt failed; the next follows by itself.
    CONNECTED = 2


class Boot(Open):
    """How the central system answered BootNotification."""

    ACCEPTED = 0
    PENDING = 1
    REJECTED = 2


class Auth(Open):
    """What became of a tag."""

    ACCEPTED = 0  #: It may charge, or it stopped its transaction.
    BLOCKED = 1
    EXPIRED = 2
    INVALID = 3  #: Nobody knows it; or nobody could be asked, or what it was to do is off.
    CONCURRENT_TX = 4  #: It is charging elsewhere, or nothing can begin here.


class By(Open):
    """Who brought a tag."""

    READER = 0  #: Somebody showed it at a reader.
    CENTRAL_SYSTEM = 1  #: A remote start.
    CHARGER = 2  #: `start_tx`.
    FREE_CHARGING = 3  #: Nobody: a vehicle was plugged in while the key FreeCharging is set.


class For(Open):
    """What a tag does, or was to do."""

    START = 0  #: Start a transaction.
    STOP = 1  #: Stop one: its own, or that of its group.
    UNLOCK = 2  #: Get a cable out that is kept for it, or for its group.
    TAKE_BACK = 3  #: Take back its permission, before anything was plugged in.


class Why(Open):
    """What keeps a tag from what it was to do, where `Auth` does not say it all."""

    NONE = 0  #: The status says it all.
    OUT_OF_SERVICE = 1  #: The connector, or each that the reader serves.
    FAULTED = 2  #: The connector, each that the reader serves, or the charge point.
    NOT_REGISTERED = 3  #: The central system has never accepted this charge point.
    RESTARTING = 4  #: A reset is under way, or the charge point is being stopped.
    OFFLINE_UNKNOWN = 5  #: There is no connection, and what is known here does not let it charge.
    CENTRAL_SYSTEM_SILENT = 6  #: No answer that says, and what is known here does not let it charge.
    TOO_MANY = 7  #: So many tags are being asked about that this one was not: show it again.
    NO_FREE_CONNECTOR = 8
    OTHER_TAG_CHARGES = 9  #: At this connector, the only one that the reader serves.
    CABLE_KEPT = 10  #: The cable is kept for the tag that charged.
    CANCELLED = 11  #: `cancel`, a stop or an unlock came first.
    FREE_CHARGING = 12  #: The vehicle charges without a tag: this one changes nothing.
    DRAINING = 13  #: The charger is about to be updated, or shut down: `set_draining`.


class Verdict(Open):
    """What a restart now would cost, the worst of it."""

    FREE = 0  #: It costs nobody anything.
    WAITING = 1  #: Somebody would have to show the tag again.
    SESSION = 2  #: A transaction would be interrupted.
    DATA = 3  #: What is in memory alone would be lost.


class Status(Open):
    """The status of a connector, as OCPP has it."""

    AVAILABLE = 0
    PREPARING = 1
    CHARGING = 2
    SUSPENDED_EVSE = 3
    SUSPENDED_EV = 4
    FINISHING = 5
    RESERVED = 6
    UNAVAILABLE = 7
    FAULTED = 8


class Reason(Open):
    """Why a transaction ended, as OCPP has it."""

    NONE = 0  #: None: it runs.
    LOCAL = 1  #: Somebody at the charger stopped it.
    REMOTE = 2  #: The central system asked for it.
    EV_DISCONNECTED = 3  #: The vehicle was unplugged.
    EMERGENCY_STOP = 4  #: Somebody pressed the emergency stop.
    DE_AUTHORIZED = 5  #: The central system did not accept the tag after all.
    UNLOCK_COMMAND = 6  #: The central system had the connector unlocked.
    POWER_LOSS = 7  #: There was no power any more.
    REBOOT = 8  #: The charge point restarted, and nobody asked it to.
    HARD_RESET = 9  #: A hard reset.
    SOFT_RESET = 10  #: A soft reset.
    OTHER = 11  #: Anything else.


class Fault(Open):
    """What is wrong, as OCPP has it."""

    NO_ERROR = 0  #: Nothing is wrong.
    CONNECTOR_LOCK_FAILURE = 1  #: The lock of the connector does not close or open.
    EV_COMMUNICATION_ERROR = 2  #: The vehicle does not talk as it should.
    GROUND_FAILURE = 3  #: The residual current device has tripped.
    HIGH_TEMPERATURE = 4  #: It is too hot inside.
    INTERNAL_ERROR = 5  #: An error of hardware or software inside.
    LOCAL_LIST_CONFLICT = 6  #: The list of tags is not that of the central system.
    OTHER_ERROR = 7  #: Anything else: see vendor_code.
    OVER_CURRENT_FAILURE = 8  #: Too much current.
    OVER_VOLTAGE = 9  #: Too much voltage.
    POWER_METER_FAILURE = 10  #: The meter cannot be read.
    POWER_SWITCH_FAILURE = 11  #: The contactor does not close or open.
    READER_FAILURE = 12  #: The reader of tags does not work.
    RESET_FAILURE = 13  #: A reset was not possible.
    UNDER_VOLTAGE = 14  #: Too little voltage.
    WEAK_SIGNAL = 15  #: The radio link is weak.


class Storage(Open):
    """How the storage does."""

    WORKS = 0  #: What could not be written before is written.
    FAILS = 1  #: It fails: what happens is kept in memory only.
    DAMAGED = 2  #: It works, but some of it was lost, or salvaged.


class Direction(Open):
    """Which way a frame went."""

    RECEIVED = 0
    SENT = 1


class Read(Open):
    """What a meter is read for."""

    BEGIN = 0  #: The beginning of a transaction.
    SAMPLE = 1  #: A periodic sample.
    END = 2  #: The end of a transaction.
    TRIGGER = 3  #: The central system asks.
    CLOCK = 4  #: A sample at an instant of the wall clock.


class LogLevel(Open):
    """How much the library says; each level includes those above it."""

    ERROR = 1
    WARN = 2
    INFO = 3
    DEBUG = 4
    TRACE = 5  #: Every frame, with tags, but without secrets: not for a log that others read.


@dataclass(frozen=True)
class Supply:
    """The whole command for one connector: a later one replaces all of an earlier one."""

    permit: bool  #: Whether the contactor may be closed; False: open it.
    lock: bool  #: Whether the lock of the connector is to be closed; False: open it.
    amps: float  #: A per phase, at most; 0 unless permit is set.
    watts: float  #: W over all phases, at most; 0 unless permit is set.
    phases: int  #: How many phases may be used, 1 to 3; 0: all that there are.
    tx: int  #: The transaction that is served, by the charge point's own number; 0 for none.


@dataclass(frozen=True)
class Transaction:
    """A transaction, at a step of its life."""

    change: Change
    connector: int  #: 1 and up.
    tx: int  #: The charge point's own number; survives a restart.
    ocpp_id: Optional[int]  #: The central system's id; None while it is not known.
    ocpp_id_text: Optional[str]  #: The same as text.
    tag: str  #: The tag that started it.
    started_ms: int  #: Unix time in milliseconds.
    meter_start_wh: float  #: The register when it began, Wh.
    stopped_ms: Optional[int]  #: Unix time in milliseconds; None while it runs.
    meter_stop_wh: Optional[float]  #: The register when it ended, Wh; None while it runs.
    reason: Reason  #: Why it ended; Reason.NONE while it runs.


@dataclass(frozen=True)
class AuthInfo:
    """What became of a tag."""

    connector: int  #: Where it does what it was to do; 0 if it was refused.
    reader: int  #: Where it was shown, or meant for; 0: at a reader of several connectors, or anywhere.
    by: By  #: Who brought it.
    purpose: For  #: What it does, or was to do.
    tag: str
    status: Auth
    why: Why  #: What the status does not say.


@dataclass(frozen=True)
class TimeoutInfo:
    """Somebody who was waited for, until ConnectionTimeOut was over."""

    connector: int  #: Where a vehicle was waited for.
    reader: int  #: As in `AuthInfo`; if it is 0 a plug at another connector would have done, too.
    by: By  #: By whom the tag may charge.
    tag: str


@dataclass(frozen=True)
class StatusInfo:
    """The status of a connector, and what is wrong with it."""

    connector: int  #: Where; 0: the charge point.
    status: Status
    fault: Fault  #: What is wrong.
    info: Optional[str]  #: What `set_fault` or `set_warning` said of it.
    vendor_code: Optional[str]  #: The vendor's own code, from there as well.


@dataclass(frozen=True)
class BootInfo:
    """The answer to BootNotification."""

    status: Boot
    interval_s: int  #: Between heartbeats if accepted, and else until the next attempt; 0: it named none.
    time_ms: Optional[int]  #: The time at the central system, in Unix milliseconds; None: none that can be read.


@dataclass(frozen=True)
class ConnectionInfo:
    """The link to the central system."""

    link: Link
    detail: str  #: Why.
    slot: int  #: By which network profile, 1 to 4.


@dataclass(frozen=True)
class KeyInfo:
    """A configuration key."""

    key: str
    value: Optional[str]  #: Its value now, or in `on_key_change` what it is to be; None for a secret.
    read_only: bool  #: Whether the central system may only read it.
    reboot_required: bool  #: Whether a change of the central system counts from the next boot on.


@dataclass(frozen=True)
class ProfileInfo:
    """A charging profile that is installed."""

    connector: int  #: Where; 0: the charge point.
    id: int  #: Its chargingProfileId. The charger's own have ids of their own.
    level: int  #: Its stackLevel: a higher one prevails.
    purpose: Purpose
    tx: Optional[int]  #: The transaction that a TxProfile is for.
    local: bool  #: Whether it is one of the charger's own, and not of the central system.
    ignored: bool  #: Whether it says nothing now, since there is no connection: the setting "offline.ignores".
    json: str  #: All of it: a ChargingProfile of OCPP 1.6.


@dataclass(frozen=True)
class FaultInfo:
    """A fault, or a warning, that is there now."""

    connector: int  #: Where; 0: the charge point.
    fault: Fault
    warning: bool  #: Whether it is a warning, which stops nothing.
    shown: bool  #: Whether it is the one that the status of the connector tells of.
    own: bool  #: Whether the library found it out itself: it ends when it is over, and not by `clear_fault()`.
    info: Optional[str]  #: What was said of it.
    vendor_code: Optional[str]  #: The vendor's own code for it.


@dataclass(frozen=True)
class StorageInfo:
    """How the storage does."""

    storage: Storage
    detail: str  #: Why, or what was lost.


@dataclass(frozen=True)
class FrameInfo:
    """A text frame of OCPP-J."""

    direction: Direction
    time_ms: int  #: When, by the device's clock, in Unix milliseconds.
    text: str
    masked: bool  #: Whether secrets in it were replaced by "***".
    dropped: int  #: How many frames were lost right before it, because nobody dispatched in time.


@dataclass(frozen=True)
class RestartInfo:
    """What is going on, and what a restart now would cost."""

    verdict: Verdict
    transactions: int  #: Transactions that are running, or wait for their last reading.
    permissions: int  #: Those who may charge, and whose transaction has not begun.
    asked: int  #: Tags that the central system is being asked about.
    storage_fails: bool  #: What should be on the disk is in memory: it fails, or there is no storage.
    unsaved: bool  #: The newest readings are in memory alone; `stop()` stores them.
    draining: bool  #: `set_draining` is in effect.
    resetting: bool  #: A reset of the central system is under way.
    queued: int  #: Transaction messages that wait for delivery; they survive a restart.
    undelivered: int  #: Transactions that were given up and are kept; they survive a restart.


@dataclass(frozen=True)
class VendorData:
    """Vendor data of the central system."""

    vendor: str
    message: Optional[str]  #: Which message of theirs, if it says so.
    data: Optional[str]


@dataclass(frozen=True)
class Sample:
    """One value of a meter, finite and exact to a thousandth, in the unit of its measurand."""

    value: float
    measurand: Measurand = Measurand.ENERGY_IMPORT
    phase: Phase = Phase.NONE
    location: At = At.DEFAULT


@dataclass(frozen=True)
class LocalLimit:
    """A local limit that stands."""

    source: str  #: Who set it.
    value: float  #: How much may be drawn.
    unit: Unit  #: In what.
    phases: int  #: On how many phases at most; 0: on all that there are.
    #: Whether it is the failsafe value: the source has not spoken since the start, or not for too long.
    failsafe: bool


@dataclass(frozen=True)
class Period:
    """A piece of a schedule."""

    start_s: int  #: When it begins, in seconds from the question on.
    limit: float  #: What may be drawn, in the unit that was asked for.
    phases: int  #: How many phases may be used, 1 to 3; 0: all that there are.


class Schedule(Tuple[Period, ...]):
    """A composite schedule: its periods, as a tuple."""

    #: So many seconds they cover: fewer than were asked for if the schedule was cut. What comes then is not known.
    covered_s: int

    def __new__(cls, periods: Iterable[Period], covered_s: int) -> "Schedule":
        schedule = super().__new__(cls, tuple(periods))
        schedule.covered_s = covered_s
        return schedule


@dataclass(frozen=True)
class DataReply:
    """An answer to vendor data, in either direction."""

    status: Answer  #: ACCEPTED, REJECTED, UNKNOWN_VENDOR or UNKNOWN_MESSAGE.
    data: Optional[str] = None


@dataclass(frozen=True)
class Stats:
    """How much happened since the start."""

    connects: int  #: Connections that were made.
    calls_sent: int
    calls_received: int
    call_errors: int  #: Calls, in either direction, that ended in an error.
    timeouts: int  #: Calls that were not answered in time.
    garbage: int  #: Frames that made no sense.
    queued: int  #: Transaction messages that wait for delivery now.
    stored_bytes: int  #: Bytes in the database.
    panics: int  #: Bugs of the library that were contained.
    clock_offset_ms: int  #: How far the device's clock is off, as the central system says.
    thinned: int  #: Meter values that were dropped because too many were queued.

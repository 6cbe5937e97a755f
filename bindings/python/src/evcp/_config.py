"""What a charge point is made of."""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Collection, Iterator, Mapping, Optional, Sequence, Union

from . import _abi
from ._abi import lib
from ._arguments import c_number, c_optional, c_text, c_u32
from ._error import EvcpError, check
from ._networks import NetworkProfile, c_profile
from ._values import ErrorCode, Feedback, KeyKind

Setting = Union[str, int, float, bool]


@dataclass(frozen=True)
class Limit:
    """What wires and contactors can carry."""

    amps: float  #: A per phase, up to 10000 in steps of 0.1.
    phases: int = 3  #: 1 to 3; 0: direct current.


@dataclass(frozen=True)
class Key:
    """A configuration key of the firmware's own, for the central system to read and maybe write. A value outside of
    what it may be is refused without a question."""

    name: str
    value: str
    read_only: bool = False
    reboot_required: bool = False
    kind: KeyKind = KeyKind.TEXT
    #: The values that there are (TEXT), or the entries (LIST); none named: any.
    words: Sequence[str] = ()
    minimum: int = 0  #: The least value (INTEGER).
    #: The greatest value (INTEGER; both 0: any), the characters (TEXT) or entries (LIST) at most (0: what fits).
    maximum: int = 0
    asks: bool = False  #: Whether `on_key_change` is asked before the central system changes it.


@dataclass(frozen=True)
class Config:
    """What a charge point is made of. Nothing is checked before `ChargePoint(config)`."""

    #: "ws://host:port/path", "wss://..." for TLS, or without a scheme: then `profile` decides, and it has to agree
    #: with a scheme that is there. The identity is appended.
    url: str
    identity: str  #: The name at the central system; also the user name for the password.
    vendor: str  #: 1 to 20 characters.
    model: str  #: 1 to 20 characters.
    serial: Optional[str] = None  #: 25 characters at most.
    firmware: Optional[str] = None  #: 50 characters at most.
    connectors: int = 1  #: 1 to 256.
    #: Connectors with a cable of their own; all others are sockets with a lock.
    fixed_cables: Collection[int] = ()
    #: By connector: what reports whether it is closed. A start waits for the lock, a last reading for the contactor.
    feedback: Mapping[int, Collection[Feedback]] = field(default_factory=dict)
    #: By connector; 0 is the grid connection. Without an entry: 32 A on three phases, the grid without limit.
    limits: Mapping[int, Limit] = field(default_factory=dict)
    #: By connector: the least current that it can say to a vehicle, A per phase; else "electric.min_a", and 0 for DC.
    min_currents: Mapping[int, float] = field(default_factory=dict)
    #: The directory for what must survive a power cut; None: everything is forgotten at the end.
    storage: Union[str, os.PathLike[str], None] = None
    #: Security profile: 0 none, 1 password, 2 TLS and password, 3 TLS with certificates on both sides.
    profile: int = 0
    auth_key: Optional[bytes] = field(default=None, repr=False)  #: The password, 16 to 20 bytes.
    ca_pem: Optional[bytes] = field(default=None, repr=False)  #: The roots that are trusted.
    client_chain_pem: Optional[bytes] = field(default=None, repr=False)  #: Own certificate first; profile 3.
    client_key_pem: Optional[bytes] = field(default=None, repr=False)  #: The key to it.
    #: OCPP's keys and the library's own settings, by name: {"HeartbeatInterval": 300}.
    settings: Mapping[str, Setting] = field(default_factory=dict)
    keys: Sequence[Key] = ()  #: Configuration keys of the firmware's own.
    #: Network profiles by their slots, 1 to 4, tried in the order of "network.priority"; what is said above of the
    #: central system is slot 1.
    networks: Mapping[int, NetworkProfile] = field(default_factory=dict)


@contextmanager
def made(config: Config) -> Iterator[ctypes.c_void_p]:
    """The config as an evcp_config_t, for as long as the block lasts."""
    cfg = ctypes.c_void_p(lib.evcp_config_new())
    if not cfg:
        raise MemoryError("evcp_config_new")
    try:
        fill(cfg, config)
        yield cfg
    finally:
        lib.evcp_config_free(cfg)


def fill(cfg: ctypes.c_void_p, config: Config) -> None:
    check(lib.evcp_config_set_url(cfg, c_text(config.url, "url")))
    check(lib.evcp_config_set_identity(cfg, c_text(config.identity, "identity")))
    device = (c_text(config.vendor, "vendor"), c_text(config.model, "model"))
    about = (c_optional(config.serial, "serial"), c_optional(config.firmware, "firmware"))
    check(lib.evcp_config_set_device(cfg, *device, *about))
    check(lib.evcp_config_set_connectors(cfg, c_u32(config.connectors, "connectors")))
    for connector in config.fixed_cables:
        check(lib.evcp_config_set_lockable(cfg, c_u32(connector, "connector"), False))
    for connector, reports in config.feedback.items():
        flags = sum({c_u32(one, "feedback") for one in reports})
        check(lib.evcp_config_set_feedback(cfg, c_u32(connector, "connector"), flags))
    for connector, limit in config.limits.items():
        check(lib.evcp_config_set_limit(cfg, c_u32(connector, "connector"), c_u32(limit.phases, "phases"), limit.amps))
    for connector, amps in config.min_currents.items():
        check(lib.evcp_config_set_min_current(cfg, c_u32(connector, "connector"), amps))
    if config.storage is not None:
        check(lib.evcp_config_set_storage(cfg, os.fsencode(config.storage)))
    check(lib.evcp_config_set_profile(cfg, c_u32(config.profile, "profile")))
    if config.auth_key is not None:
        check(lib.evcp_config_set_auth_key(cfg, config.auth_key, len(config.auth_key)))
    if config.ca_pem is not None:
        check(lib.evcp_config_set_ca_pem(cfg, config.ca_pem, len(config.ca_pem)))
    chain, key = config.client_chain_pem, config.client_key_pem
    if (chain is None) != (key is None):
        raise EvcpError(ErrorCode.INVALID, "client_chain_pem and client_key_pem belong together")
    if chain is not None and key is not None:
        check(lib.evcp_config_set_client_pem(cfg, chain, len(chain), key, len(key)))
    for name, value in config.settings.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        check(lib.evcp_config_set(cfg, c_text(name, "a setting"), c_text(text, name)))
    for slot, profile in config.networks.items():
        check(lib.evcp_config_set_network_profile(cfg, c_u32(slot, "slot"), c_profile(profile)))
    for own in config.keys:
        check(lib.evcp_config_declare(cfg, ctypes.byref(declared(own))))


def declared(own: Key) -> _abi.KeyDecl:
    words = c_text(",".join(own.words), "words") if own.words else None
    return _abi.KeyDecl(
        struct_size=ctypes.sizeof(_abi.KeyDecl), kind=c_u32(own.kind, "kind"), name=c_text(own.name, "a key"),
        value=c_text(own.value, own.name), words=words, min=c_number(own.minimum, 64, True, "minimum"),
        max=c_number(own.maximum, 64, True, "maximum"), read_only=own.read_only,
        reboot_required=own.reboot_required, asks=own.asks,
    )

"""Ways to a central system."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Optional

from . import _abi
from ._arguments import c_optional, c_text, c_u32


@dataclass(frozen=True)
class NetworkProfile:
    """A way to a central system; four of them at most, each in a slot."""

    url: str  #: As `Config.url`.
    identity: str  #: As `Config.identity`.
    security_profile: int = 0  #: As `Config.profile`.
    #: The password for the central system of this url and identity; None: that of another profile which leads there.
    auth_key: Optional[bytes] = field(default=None, repr=False)
    ca_pem: Optional[bytes] = field(default=None, repr=False)  #: The roots that are trusted.
    client_chain_pem: Optional[bytes] = field(default=None, repr=False)  #: Own certificate first; profile 3.
    client_key_pem: Optional[bytes] = field(default=None, repr=False)  #: The key to it.
    interface: Optional[str] = None  #: The network interface that connections leave by: "wwan0".
    source_address: Optional[str] = None  #: The address that they leave from; only addresses of its kind are tried.
    proxy: Optional[str] = field(default=None, repr=False)  #: "http://[user:password@]host:port"
    connect_timeout_s: int = 0  #: How long an attempt may take with all its steps, 1 to 600; 0: 30.


def c_profile(profile: Optional[NetworkProfile]) -> Optional[ctypes.Structure]:
    """The struct of a profile, which keeps what it points to."""
    if profile is None:
        return None
    made = _abi.NetworkProfile()
    made.struct_size = ctypes.sizeof(made)
    made.security_profile = c_u32(profile.security_profile, "security_profile")
    made.url = c_text(profile.url, "url")
    made.identity = c_text(profile.identity, "identity")
    for name in ("auth_key", "ca_pem", "client_chain_pem", "client_key_pem"):
        data = getattr(profile, name)
        setattr(made, name, data)
        setattr(made, f"{name}_len", len(data or b""))
    for name in ("interface", "source_address", "proxy"):
        setattr(made, name, c_optional(getattr(profile, name), name))
    made.connect_timeout_s = c_u32(profile.connect_timeout_s, "connect_timeout_s")
    return made

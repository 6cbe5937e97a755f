//! What the host says of a network.

use std::net::IpAddr;
use std::time::Duration;

use crate::shell::TlsOptions;

/// A way to a central system.
#[derive(Clone, Default, PartialEq)]
pub struct NetworkProfile {
    /// Where the central system is: `ws://host:port/path`, `wss://...` for TLS, or without a scheme, so
    /// that the security profile decides: `ws` for 0 and 1, `wss` for 2 and 3. A scheme that does not
    /// agree with the profile is refused. The identity is appended (`OCPP-J 1.6 §3.1.1`).
    pub url: String,
    /// The name of the charge point there.
    pub identity: String,
    /// Security profile 0 to 3.
    pub security_profile: u8,
    /// The password of profiles 1 and 2, 16 to 20 bytes. `None`: that of another profile with the same URL,
    /// but for the scheme, and identity, or else, if those are the first profile's, the configuration key
    /// AuthorizationKey. What the central system sets later wins, for as long as this stays the same.
    pub auth_key: Option<Vec<u8>>,
    /// Certificates, as PEM.
    pub tls: TlsOptions,
    /// The network interface that connections leave by (`SO_BINDTODEVICE`); before Linux 5.7 the process
    /// needs CAP_NET_RAW for it. Names are looked up as the system does.
    pub interface: Option<String>,
    /// The address that connections leave from. Only addresses of its family are tried.
    pub source_address: Option<IpAddr>,
    /// An HTTP proxy on the way, `http://[user:password@]host:port`: a tunnel is asked for by CONNECT, and
    /// names are its affair. TLS to the central system runs inside.
    pub proxy: Option<String>,
    /// How long an attempt to connect may take, with all its steps; 30 s unless this says otherwise.
    pub connect_timeout: Option<Duration>,
}

impl NetworkProfile {
    /// The plain way to a central system.
    #[must_use]
    pub fn new(url: &str, identity: &str) -> Self {
        Self {
            url: url.to_owned(),
            identity: identity.to_owned(),
            ..Self::default()
        }
    }
}

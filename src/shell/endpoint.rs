//! Where the central system is, and how to get in.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use percent_encoding::{utf8_percent_encode, AsciiSet, NON_ALPHANUMERIC};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};

use crate::core::Access;
use crate::error::Error;
use crate::shell::names::Names;
use crate::shell::network_profile::NetworkProfile;
use crate::shell::proxy::Proxy;
use crate::shell::reach::LocalEnd;
#[cfg(feature = "tls")]
use crate::shell::tls::Tls;
use crate::shell::tls_options::TlsOptions;

// rules: 1
/// The one version that we speak (`OCPP-J 1.6 §3.1.2`).
pub(crate) const SUBPROTOCOL: &str = "ocpp1.6";

/// Everything but the unreserved characters of RFC 3986 is encoded in the identity.
const IDENTITY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How long everything up to the agreed subprotocol may take, if nobody says, and what may be said.
const CONNECT: Duration = Duration::from_secs(30);
const MAY_TAKE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);

/// A central system.
pub(crate) struct Endpoint {
    /// The URL with the identity, but for the scheme: `host:port/path/identity`.
    rest: String,
    pub(crate) host: String,
    port: Option<u16>,
    pub(crate) identity: String,
    /// The scheme of the URL, which counts at security profile 0 alone.
    encrypted: bool,
    /// The largest frame that is taken in.
    pub(crate) max_frame: usize,
    pub(crate) names: Arc<Names>,
    /// Where connections leave from.
    pub(crate) from: LocalEnd,
    /// What is on the way.
    pub(crate) proxy: Option<Proxy>,
    /// How long everything up to the agreed subprotocol may take.
    pub(crate) connect_timeout: Duration,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

impl Endpoint {
    // rules: 2
    /// Takes a URL apart, and checks that everything is there that the security profile needs, but for the
    /// password, which may be a configuration key.
    pub(crate) fn new(network: &NetworkProfile) -> Result<Self, Error> {
        let NetworkProfile { url, identity, .. } = network;
        let (profile, tls) = (network.security_profile, &network.tls);
        check(network)?;
        let invalid = |why: &str| {
            let url = without_password(url);
            Error::Invalid(format!("url \"{url}\": {why}"))
        };
        if identity.is_empty() || identity.len() > 255 {
            return Err(Error::Invalid(
                "the identity must have 1 to 255 characters".to_owned(),
            ));
        }
        let (encrypted, rest) = scheme_of(url, profile).map_err(|why| invalid(&why))?;
        let uri = format!("ws://{rest}");
        let uri: Uri = uri.parse().map_err(|_| invalid("not a URL"))?;
        let authority = uri
            .authority()
            .ok_or_else(|| invalid("there is no host in it"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("user and password do not belong into it"));
        }
        let host = authority
            .host()
            .trim_matches(|c| c == '[' || c == ']')
            .to_owned();
        if host.is_empty() {
            return Err(invalid("there is no host in it"));
        }
        // What the parser takes for a port need not be one.
        let after = authority.as_str().rsplit(']').next().unwrap_or_default();
        if after.contains(':') && authority.port_u16().filter(|port| *port > 0).is_none() {
            return Err(invalid("the port must be a number from 1 to 65535"));
        }
        if matches!(profile, 1 | 2) && identity.contains(':') {
            let why = "security profiles 1 and 2 send it as the name before the password, where a \
                colon ends it";
            return Err(Error::Invalid(format!("identity \"{identity}\": {why}")));
        }
        let path = uri.path().trim_end_matches('/');
        let name = utf8_percent_encode(identity, IDENTITY);
        let query = uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let endpoint = Self {
            rest: format!("{authority}{path}/{name}{query}"),
            host,
            port: uri.port_u16(),
            identity: identity.to_owned(),
            encrypted,
            max_frame: 64 * 1024,
            names: Arc::default(),
            from: LocalEnd::new(network.interface.as_deref(), network.source_address)?,
            proxy: network.proxy.as_deref().map(Proxy::new).transpose()?,
            connect_timeout: network.connect_timeout.unwrap_or(CONNECT),
            #[cfg(feature = "tls")]
            tls: Tls::new(tls)?,
        };
        if endpoint.is_encrypted(profile) {
            endpoint.check_tls(profile, tls)?;
        }
        Ok(endpoint)
    }

    /// Which central system it is, and as which charge point: what its password is for.
    pub(crate) fn central(&self) -> &str {
        &self.rest
    }

    #[cfg(feature = "tls")]
    fn check_tls(&self, profile: u8, options: &TlsOptions) -> Result<(), Error> {
        if self.tls.is_none() {
            return Err(Error::Invalid(
                "wss:// and security profiles 2 and 3 need root certificates".to_owned(),
            ));
        }
        if profile == 3 && options.client_chain_pem.is_empty() {
            return Err(Error::Invalid(
                "security profile 3 needs a client certificate".to_owned(),
            ));
        }
        Ok(())
    }

    #[cfg(not(feature = "tls"))]
    fn check_tls(&self, _: u8, _: &TlsOptions) -> Result<(), Error> {
        let why = "this library was built without TLS: wss:// is not possible";
        Err(Error::Invalid(why.to_owned()))
    }

    /// From security profile 1 on, the profile decides; at 0 the URL does: TLS without a password is
    /// what many central systems offer.
    pub(crate) const fn is_encrypted(&self, profile: u8) -> bool {
        match profile {
            0 => self.encrypted,
            profile => profile >= 2,
        }
    }

    pub(crate) fn port(&self, encrypted: bool) -> u16 {
        self.port.unwrap_or(if encrypted { 443 } else { 80 })
    }

    // rules: 125
    /// The request that opens the WebSocket.
    pub(crate) fn request(&self, access: &Access) -> Result<Request, String> {
        let scheme = if self.is_encrypted(access.profile) {
            "wss"
        } else {
            "ws"
        };
        let url = format!("{scheme}://{}", self.rest);
        let mut request = url.into_client_request().map_err(|why| why.to_string())?;
        let headers = request.headers_mut();
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
        if let (1 | 2, Some(key)) = (access.profile, &access.key) {
            // The identity as it is, not as the URL has it (security whitepaper A00.FR.204).
            let plain = [self.identity.as_bytes(), b":", key].concat();
            let value = format!("Basic {}", BASE64.encode(&plain));
            let mut value = HeaderValue::try_from(value).map_err(|why| why.to_string())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(request)
    }
}

/// Whether the numbers of a network profile are possible.
fn check(network: &NetworkProfile) -> Result<(), Error> {
    if network.security_profile > 3 {
        let text = format!(
            "security profile {}: there are 0 to 3",
            network.security_profile
        );
        return Err(Error::Invalid(text));
    }
    let key = network.auth_key.as_ref().map(Vec::len);
    if let Some(len) = key.filter(|len| !(16..=20).contains(len)) {
        let text = format!("auth_key has {len} bytes: there must be 16 to 20");
        return Err(Error::Invalid(text));
    }
    if { network.connect_timeout }.is_some_and(|span| !MAY_TAKE.contains(&span)) {
        let text = "the connect timeout must be 1 to 600 s".to_owned();
        return Err(Error::Invalid(text));
    }
    Ok(())
}

/// Whether a URL is for TLS, and what stands behind its scheme. The security profile has to agree: what is
/// written as wss:// must not send a password in clear, nor what is written as ws:// look for a
/// certificate. Without a scheme the profile decides.
fn scheme_of(url: &str, profile: u8) -> Result<(bool, &str), String> {
    let needs_tls = profile >= 2;
    let Some((scheme, rest)) = url.split_once("://") else {
        return Ok((needs_tls, url));
    };
    let encrypted = match scheme.to_ascii_lowercase().as_str() {
        "ws" => false,
        "wss" => true,
        _ => return Err("it must begin with ws:// or wss://, or with the host".to_owned()),
    };
    match (profile, encrypted) {
        (1, true) => Err(
            "security profile 1 sends the password without TLS, by ws://: set profile \
            2 for a password and TLS"
                .to_owned(),
        ),
        (2 | 3, false) => Err(format!(
            "security profile {profile} needs TLS: write wss://"
        )),
        _ => Ok((encrypted, rest)),
    }
}

/// A URL for people: what stands before the host, where a password may be, is left out.
fn without_password(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.find("://").map_or("", |at| &before[..at + 3]);
            format!("{scheme}...@{host}")
        }
        None => url.to_owned(),
    }
}

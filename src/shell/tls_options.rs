//! What the host gives for TLS.

/// What TLS needs. PEM texts; empty means none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Roots that the central system's certificate must lead to. There are no others.
    pub roots_pem: Vec<u8>,
    /// The charge point's own certificate and those between it and its root (profile 3).
    pub client_chain_pem: Vec<u8>,
    /// The key to it.
    pub client_key_pem: Vec<u8>,
}

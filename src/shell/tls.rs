//! TLS: rustls with ring, the host's roots and no others (security whitepaper A00.FR.307-318).

use std::sync::Arc;
use std::time::Duration;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::TlsConnector;

use crate::error::Error;
use crate::shell::issuers::Issuer;
use crate::shell::tls_options::TlsOptions;
use crate::shell::verifier::Verifier;
use crate::time::Wall;

/// What is needed to encrypt a connection.
pub(crate) struct Tls(ClientConfig);

/// The time by which certificates are checked: that of the charge point's clock. The device's own
/// may be in 1970 at each start.
#[derive(Debug)]
struct At(UnixTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl Tls {
    /// `None` without roots: then nobody could be trusted.
    pub(crate) fn new(options: &TlsOptions) -> Result<Option<Self>, Error> {
        if options.roots_pem.is_empty() {
            return Ok(None);
        }
        let invalid = |what: &str, why: String| Error::Invalid(format!("{what}: {why}"));
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        let (mut anchors, mut known) = (Vec::new(), Vec::new());
        for root in certificates(&options.roots_pem).map_err(|why| invalid("roots", why))? {
            anchors.push(Issuer::of(&root));
            known.push(root.clone());
            roots
                .add(root)
                .map_err(|why| invalid("roots", why.to_string()))?;
        }
        if roots.is_empty() {
            return Err(invalid(
                "roots",
                "there is no certificate in the PEM text".to_owned(),
            ));
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|why| invalid("roots", why.to_string()))?;
        let verifier = Verifier {
            chain,
            roots: known,
            issuers: anchors,
            provider: provider.clone(),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|why| invalid("TLS", why.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = if options.client_chain_pem.is_empty() {
            config.with_no_client_auth()
        } else {
            let what = "client certificate";
            let chain =
                certificates(&options.client_chain_pem).map_err(|why| invalid(what, why))?;
            let key = PrivateKeyDer::from_pem_slice(&options.client_key_pem)
                .map_err(|why| invalid("client key", why.to_string()))?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(|why| invalid(what, why.to_string()))?
        };
        // Each connection proves anew who is there; nothing is kept in memory between them.
        config.resumption = Resumption::disabled();
        Ok(Some(Self(config)))
    }

    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
        time: Wall,
    ) -> Result<TlsStream<TcpStream>, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|why| why.to_string())?;
        let since = Duration::from_millis(u64::try_from(time.0).unwrap_or(0));
        let mut config = self.0.clone();
        config.time_provider = Arc::new(At(UnixTime::since_unix_epoch(since)));
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|why| format!("TLS: {why}"))
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|why| why.to_string())
}

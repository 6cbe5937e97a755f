//! Whether the certificate of a central system is good.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_name, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error as TlsError, SignatureScheme};

use crate::shell::certificate::Certificate;
use crate::shell::issuers::{may_be_called, Issuer};
use crate::shell::version_1;

/// Checks as the web does, but for what the certificates of many central systems still are: without
/// alternative names, and then known by the common name; the configured root itself; or of version 1.
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) chain: Arc<WebPkiServerVerifier>,
    /// The roots as they were given, and what they say of those whom they issue.
    pub(crate) roots: Vec<CertificateDer<'static>>,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// A certificate that was given as a root is trusted for itself, whether it may sign others or not:
    /// who has its key is who was meant. Its time and its name count all the same.
    fn verify_pinned(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        check_time(end_entity, now)?;
        let named = ParsedCertificate::try_from(end_entity)
            .and_then(|parsed| verify_server_name(&parsed, name));
        if named.is_ok() || has_common_name(end_entity, &name.to_str()) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::NotValidForName.into())
    }

    /// A certificate of version 1 cannot say what it is for: it counts if a root has signed it, and for its
    /// common name alone.
    fn verify_version_1(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        if !version_1::is_signed_by_one_of(end_entity, &self.roots, algorithms) {
            return Err(TlsError::General(version_1::CURE.to_owned()));
        }
        check_time(end_entity, now)?;
        let called = name.to_str();
        let named = has_common_name(end_entity, &called)
            && may_be_called(&called, end_entity, &[], &self.issuers);
        if named {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::NotValidForName.into())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verdict = self.chain.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verdict {
            // The chain was good: the name is looked at last.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if has_common_name(end_entity, &server_name.to_str())
                && may_be_called(
                    &server_name.to_str(),
                    end_entity,
                    intermediates,
                    &self.issuers,
                ) =>
            {
                Ok(ServerCertVerified::assertion())
            }
            Err(_) if self.roots.iter().any(|root| root == end_entity) => {
                self.verify_pinned(end_entity, server_name, now)
            }
            Err(_) if version_1::is_one(end_entity) => {
                self.verify_version_1(end_entity, server_name, now)
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if version_1::is_one(cert) {
            let algorithms = &self.provider.signature_verification_algorithms;
            return version_1::verify_tls12_signature(message, cert, dss, algorithms);
        }
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if version_1::is_one(cert) {
            let algorithms = &self.provider.signature_verification_algorithms;
            return version_1::verify_tls13_signature(message, cert, dss, algorithms);
        }
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn check_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), TlsError> {
    let read = Certificate::read(certificate).ok_or(CertificateError::BadEncoding)?;
    if now.as_secs() < read.not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    if now.as_secs() > read.not_after {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Whether a certificate has no alternative names and `name` as its common name.
fn has_common_name(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let Some(certificate) = Certificate::read(certificate) else {
        return false;
    };
    !certificate.has_alternative_names() && { certificate.common_name() }
        .is_some_and(|found| found.eq_ignore_ascii_case(name))
}

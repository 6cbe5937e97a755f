//! Certificates of version 1 (`RFC 5280 §4.1.2.1`), which have no extensions: no alternative names, nothing
//! that says what they may be used for. The verifier below us reads none but of version 3, so that who
//! signed such a one, and what is signed with its key, is checked here, by the same algorithms.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls13_signature_with_raw_key, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved};

use crate::shell::certificate::{Certificate, PublicKey};

/// What is wrong with one that no root has signed itself, and what to do.
pub(crate) const CURE: &str =
    "the certificate is of version 1 and no root has signed it: give the \
    central system one of version 3 with its name as subjectAltName, or give this one as a root";

pub(crate) fn is_one(certificate: &CertificateDer<'_>) -> bool {
    Certificate::read(certificate).is_some_and(|read| read.is_version_1())
}

/// Whether one of the roots is its issuer and signed it.
pub(crate) fn is_signed_by_one_of(
    certificate: &CertificateDer<'_>,
    roots: &[CertificateDer<'_>],
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    let Some(read) = Certificate::read(certificate) else {
        return false;
    };
    let roots = roots.iter().filter_map(|root| Certificate::read(root));
    let mut issuers = roots.filter(|root| root.subject.whole == read.issuer);
    issuers.any(|issuer| {
        let mut fitting = { algorithms.all }
            .iter()
            .filter(|algorithm| algorithm.signature_alg_id().as_ref() == read.algorithm);
        fitting.any(|algorithm| is_signed(*algorithm, &issuer.key, read.tbs, read.signature))
    })
}

pub(crate) fn verify_tls12_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let mapping = { algorithms.mapping }.iter();
    let fitting = { mapping }.find(|(scheme, _)| *scheme == signed.scheme);
    let (_, fitting) = fitting.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let key = key_of(certificate)?;
    let good = { fitting.iter() }
        .any(|algorithm| is_signed(*algorithm, &key, message, signed.signature()));
    if good {
        return Ok(HandshakeSignatureValid::assertion());
    }
    Err(CertificateError::BadSignature.into())
}

pub(crate) fn verify_tls13_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = SubjectPublicKeyInfoDer::from(key_of(certificate)?.whole);
    verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
}

fn key_of<'a>(certificate: &'a CertificateDer<'_>) -> Result<PublicKey<'a>, Error> {
    let read = Certificate::read(certificate).ok_or(CertificateError::BadEncoding)?;
    Ok(read.key)
}

/// Whether a signature is one by that algorithm and key, and the key one for that algorithm.
fn is_signed(
    algorithm: &dyn SignatureVerificationAlgorithm,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let fits = algorithm.public_key_alg_id().as_ref() == key.algorithm;
    fits && { algorithm }
        .verify_signature(key.bits, message, signature)
        .is_ok()
}

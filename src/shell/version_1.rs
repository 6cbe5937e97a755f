//! Certificates of version 1 (`RFC 5280 §4.1.2.1`), which have no extensions: no alternative names, nothing
//! that says what they may be used for. The verifier below us reads none but of version 3, so that who
//! signed such a one, and what is signed with its key, is checked here, by the same algorithms.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls13_signature_with_raw_key, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved};
use x509_cert::certificate::Version;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::Certificate;

/// What is wrong with one that no root has signed itself, and what to do.
pub(crate) const CURE: &str =
    "the certificate is of version 1 and no root has signed it: give the \
    central system one of version 3 with its name as subjectAltName, or give this one as a root";

pub(crate) fn is_one(certificate: &CertificateDer<'_>) -> bool {
    let parsed = Certificate::from_der(certificate);
    parsed.is_ok_and(|parsed| {
        let tbs = parsed.tbs_certificate;
        tbs.version == Version::V1 && tbs.extensions.is_none()
    })
}

/// Whether one of the roots is its issuer and signed it.
pub(crate) fn is_signed_by_one_of(
    certificate: &CertificateDer<'_>,
    roots: &[CertificateDer<'_>],
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    let Ok(parsed) = Certificate::from_der(certificate) else {
        return false;
    };
    let Ok(said) = parsed.tbs_certificate.to_der() else {
        return false;
    };
    let tbs = &parsed.tbs_certificate;
    let Some(way) = content(&parsed.signature_algorithm) else {
        return false;
    };
    if tbs.signature != parsed.signature_algorithm {
        return false;
    }
    let roots = roots
        .iter()
        .filter_map(|root| Some(Certificate::from_der(root).ok()?.tbs_certificate));
    let mut issuers = roots.filter(|root| root.subject == tbs.issuer);
    issuers.any(|issuer| {
        let mut fitting = { algorithms.all }
            .iter()
            .filter(|algorithm| algorithm.signature_alg_id().as_ref() == way);
        fitting.any(|algorithm| {
            let key = &issuer.subject_public_key_info;
            is_signed(*algorithm, key, &said, parsed.signature.raw_bytes())
        })
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
    let key = key_of(certificate)?.to_der();
    let key = SubjectPublicKeyInfoDer::from(key.map_err(|_| CertificateError::BadEncoding)?);
    verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
}

fn key_of(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoOwned, Error> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    Ok(parsed.tbs_certificate.subject_public_key_info)
}

/// Whether a signature is one by that algorithm and key, and the key one for that algorithm.
fn is_signed(
    algorithm: &dyn SignatureVerificationAlgorithm,
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let kind = content(&key.algorithm);
    let fits = kind.is_some_and(|kind| algorithm.public_key_alg_id().as_ref() == kind);
    let key = key.subject_public_key.raw_bytes();
    fits && { algorithm }
        .verify_signature(key, message, signature)
        .is_ok()
}

/// An algorithm as rustls names it: what is inside of its SEQUENCE.
fn content(algorithm: &AlgorithmIdentifierOwned) -> Option<Vec<u8>> {
    let mut content = algorithm.oid.to_der().ok()?;
    if let Some(parameters) = &algorithm.parameters {
        content.extend(parameters.to_der().ok()?);
    }
    Some(content)
}

//! Which names those who issued a certificate may give (`RFC 5280 §4.2.1.10`). The verifier below us
//! holds alternative names to it; a common name that stands in for them is held to it here.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::NameConstraints;
use x509_cert::name::Name;
use x509_cert::Certificate;

/// Somebody who issues certificates; `None` if it is not to be understood who that is.
#[derive(Debug)]
pub(crate) struct Issuer(Option<(Name, Option<NameConstraints>)>);

impl Issuer {
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Self {
        let tbs = Certificate::from_der(certificate).map(|whole| whole.tbs_certificate);
        Self(tbs.ok().and_then(|tbs| {
            let limits = tbs.get::<NameConstraints>().ok()?;
            Some((tbs.subject, limits.map(|(_, limits)| limits)))
        }))
    }

    fn may_name(&self, name: &str) -> bool {
        match &self.0 {
            Some((_, limits)) => limits.as_ref().map_or(true, |limits| permit(limits, name)),
            None => false,
        }
    }
}

/// Whether every issuer of a chain allows a common name. Which of the certificates that came make
/// up the chain is not known here: all of them have to allow it, and so has each root that one of
/// them names as its issuer.
pub(crate) fn may_be_called(
    name: &str,
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    roots: &[Issuer],
) -> bool {
    let all = std::iter::once(end_entity).chain(intermediates);
    let issuers = all.map(|certificate| {
        let whole = Certificate::from_der(certificate);
        whole.ok().map(|whole| whole.tbs_certificate.issuer)
    });
    let Some(named) = issuers.collect::<Option<Vec<_>>>() else {
        return false;
    };
    let is_named = |root: &&Issuer| match &root.0 {
        Some((subject, _)) => named.contains(subject),
        None => true,
    };
    let between = intermediates.iter().map(Issuer::of);
    between.into_iter().all(|issuer| issuer.may_name(name))
        && roots
            .iter()
            .filter(is_named)
            .all(|root| root.may_name(name))
}

/// A name must be outside of all that is excluded and, if its kind is limited at all, inside of
/// something that is permitted.
fn permit(limits: &NameConstraints, name: &str) -> bool {
    let address = name.parse().ok();
    let held = |tree: &GeneralSubtree| match (&tree.base, address) {
        (GeneralName::DnsName(base), None) => Some(is_below(name, base.as_str())),
        (GeneralName::IpAddress(range), Some(address)) => Some(is_in(address, range.as_bytes())),
        _ => None,
    };
    let held = |trees: &Option<Vec<GeneralSubtree>>| -> Vec<bool> {
        trees.iter().flatten().filter_map(held).collect()
    };
    let permitted = held(&limits.permitted_subtrees);
    !held(&limits.excluded_subtrees).contains(&true)
        && (permitted.is_empty() || permitted.contains(&true))
}

/// `a.example` is below `example` and itself; below `.example`, but not that itself.
fn is_below(name: &str, base: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let base = base.trim_end_matches('.').to_ascii_lowercase();
    let Some(front) = name.strip_suffix(&base) else {
        return false;
    };
    front.is_empty() || base.is_empty() || base.starts_with('.') || front.ends_with('.')
}

/// An address and a mask of the same length, one behind the other.
fn is_in(address: IpAddr, range: &[u8]) -> bool {
    let address = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (base, mask) = range.split_at(range.len() / 2);
    let bits = address.iter().zip(base).zip(mask);
    range.len() == 2 * address.len() && { bits }.all(|((a, b), mask)| (a ^ b) & mask == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_cert::der::asn1::{Ia5String, OctetString};

    fn dns(base: &str) -> GeneralName {
        GeneralName::DnsName(Ia5String::new(base).unwrap())
    }

    fn ip(range: &[u8]) -> GeneralName {
        GeneralName::IpAddress(OctetString::new(range).unwrap())
    }

    fn limits(permitted: Vec<GeneralName>, excluded: Vec<GeneralName>) -> NameConstraints {
        let trees = |bases: Vec<GeneralName>| {
            let trees = bases.into_iter().map(|base| GeneralSubtree {
                base,
                minimum: 0,
                maximum: None,
            });
            Some(trees.collect::<Vec<_>>()).filter(|trees| !trees.is_empty())
        };
        NameConstraints {
            permitted_subtrees: trees(permitted),
            excluded_subtrees: trees(excluded),
        }
    }

    #[test]
    fn a_common_name_is_held_to_what_its_issuer_may_name() {
        let good = limits(
            vec![dns("Example.org"), dns(".net")],
            vec![dns("bad.example.org")],
        );
        for name in [
            "example.org",
            "a.EXAMPLE.org",
            "x.net",
            "notbad.example.org",
        ] {
            assert!(permit(&good, name), "{name}");
        }
        for name in [
            "example.com",
            "anexample.org",
            "net",
            "bad.example.org",
            "a.bad.example.org",
        ] {
            assert!(!permit(&good, name), "{name}");
        }
        // Addresses are another kind of names, and not limited here.
        assert!(permit(&good, "10.0.0.1"));
    }

    #[test]
    fn addresses_are_held_to_their_ranges() {
        let ten = limits(vec![ip(&[10, 0, 0, 0, 255, 0, 0, 0])], vec![]);
        assert!(permit(&ten, "10.1.2.3") && permit(&ten, "example.org"));
        assert!(!permit(&ten, "11.1.2.3") && !permit(&ten, "::1"));
        let not_ten = limits(vec![], vec![ip(&[10, 0, 0, 0, 255, 0, 0, 0])]);
        assert!(!permit(&not_ten, "10.1.2.3") && permit(&not_ten, "11.1.2.3"));
    }

    #[test]
    fn who_may_name_nothing_names_nothing() {
        let none = limits(vec![], vec![dns("")]);
        assert!(!permit(&none, "localhost"));
        assert!(!Issuer(None).may_name("localhost"));
    }
}

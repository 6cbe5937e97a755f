//! Which names those who issued a certificate may give (`RFC 5280 §4.2.1.10`). The verifier below us
//! holds alternative names to it; a common name that stands in for them is held to it here.

use std::net::IpAddr;

use der::{Tag, TagNumber};
use rustls::pki_types::CertificateDer;

use crate::shell::certificate::{constructed, primitive, Certificate, Field};

/// Somebody who issues certificates; `None` if it is not to be understood who that is.
#[derive(Debug)]
pub(crate) struct Issuer(Option<(Vec<u8>, Limits)>);

/// Which names somebody may give: its name constraints.
#[derive(Debug, Default)]
struct Limits {
    permitted: Vec<Base>,
    excluded: Vec<Base>,
}

/// What is the same of many names.
#[derive(Debug, PartialEq)]
enum Base {
    Dns(String),
    Address(Vec<u8>),
    /// That of names of another kind.
    Other,
}

impl Issuer {
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Self {
        let read = || {
            let certificate = Certificate::read(certificate)?;
            let limits = match certificate.name_constraints()? {
                Some(limits) => Limits::read(limits)?,
                None => Limits::default(),
            };
            Some((certificate.subject.whole.to_vec(), limits))
        };
        Self(read())
    }

    fn may_name(&self, name: &str) -> bool {
        matches!(&self.0, Some((_, limits)) if limits.permit(name))
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
    let issuers = all.map(|certificate| Some(Certificate::read(certificate)?.issuer));
    let Some(named) = issuers.collect::<Option<Vec<_>>>() else {
        return false;
    };
    let is_named = |root: &&Issuer| match &root.0 {
        Some((subject, _)) => named.contains(&subject.as_slice()),
        None => true,
    };
    let between = intermediates.iter().map(Issuer::of);
    between.into_iter().all(|issuer| issuer.may_name(name))
        && roots
            .iter()
            .filter(is_named)
            .all(|root| root.may_name(name))
}

impl Limits {
    /// `None` for what is not to be understood as a whole.
    fn read(constraints: &[u8]) -> Option<Self> {
        let mut lists = Field::only(constraints, Tag::Sequence)?.fields()?;
        let mut next = |number| match lists.take_if(constructed(number))? {
            Some(trees) => bases(trees),
            None => Some(Vec::new()),
        };
        let limits = Self {
            permitted: next(TagNumber::N0)?,
            excluded: next(TagNumber::N1)?,
        };
        lists.end()?;
        Some(limits)
    }

    /// A name must be outside of all that is excluded and, if its kind is limited at all, inside of
    /// something that is permitted.
    fn permit(&self, name: &str) -> bool {
        let address = name.parse().ok();
        let held = |base: &Base| match (base, address) {
            (Base::Dns(base), None) => Some(is_below(name, base)),
            (Base::Address(range), Some(address)) => Some(is_in(address, range)),
            _ => None,
        };
        let permitted: Vec<bool> = self.permitted.iter().filter_map(held).collect();
        !self.excluded.iter().any(|base| held(base) == Some(true))
            && (permitted.is_empty() || permitted.contains(&true))
    }
}

fn bases(trees: Field<'_>) -> Option<Vec<Base>> {
    let mut trees = trees.fields()?;
    let mut bases = Vec::new();
    while !trees.is_at_end() {
        let mut tree = trees.take(Tag::Sequence)?.fields()?;
        bases.push(Base::of(tree.next()?)?);
        // How far below it, which nobody says.
        tree.take_if(primitive(TagNumber::N0))?;
        tree.take_if(primitive(TagNumber::N1))?;
        tree.end()?;
    }
    Some(bases)
}

impl Base {
    /// Of a GeneralName (`RFC 5280 §4.2.1.6`).
    fn of(name: Field<'_>) -> Option<Self> {
        let Tag::ContextSpecific {
            constructed,
            number,
        } = name.tag
        else {
            return None;
        };
        match (number.value(), constructed) {
            (2, false) if name.content.is_ascii() => {
                let base = String::from_utf8(name.content.to_vec()).ok()?;
                Some(Self::Dns(base))
            }
            (7, false) => Some(Self::Address(name.content.to_vec())),
            (1 | 6, false) if name.content.is_ascii() => Some(Self::Other),
            (8, false) | (0 | 4 | 5, true) => Some(Self::Other),
            _ => None,
        }
    }
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
    use crate::shell::certificate::tests::{extension, sequence, tlv, Draft};

    fn dns(base: &str) -> Vec<u8> {
        tlv(0x82, &[base.as_bytes()])
    }

    fn ip(range: &[u8]) -> Vec<u8> {
        tlv(0x87, &[range])
    }

    fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
        let trees = |tag, bases: &[Vec<u8>]| {
            let trees: Vec<_> = bases.iter().map(|base| sequence(&[base])).collect();
            match trees.is_empty() {
                true => Vec::new(),
                false => tlv(tag, &[&trees.concat()]),
            }
        };
        sequence(&[&trees(0xA0, permitted), &trees(0xA1, excluded)])
    }

    fn limits(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Limits {
        Limits::read(&constraints(permitted, excluded)).unwrap()
    }

    fn permit(limits: &Limits, name: &str) -> bool {
        limits.permit(name)
    }

    #[test]
    fn a_common_name_is_held_to_what_its_issuer_may_name() {
        let good = limits(
            &[dns("Example.org"), dns(".net")],
            &[dns("bad.example.org")],
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
        let ten = limits(&[ip(&[10, 0, 0, 0, 255, 0, 0, 0])], &[]);
        assert!(permit(&ten, "10.1.2.3") && permit(&ten, "example.org"));
        assert!(!permit(&ten, "11.1.2.3") && !permit(&ten, "::1"));
        let not_ten = limits(&[], &[ip(&[10, 0, 0, 0, 255, 0, 0, 0])]);
        assert!(!permit(&not_ten, "10.1.2.3") && permit(&not_ten, "11.1.2.3"));
    }

    #[test]
    fn who_may_name_nothing_names_nothing() {
        let none = limits(&[], &[dns("")]);
        assert!(!permit(&none, "localhost"));
        assert!(!Issuer(None).may_name("localhost"));
    }

    /// Names of all kinds, with how far below them.
    fn all_kinds() -> Vec<u8> {
        let tree = |base: &[u8]| sequence(&[base, &tlv(0x80, &[&[0]]), &tlv(0x81, &[&[9]])]);
        let bases = [0xA0, 0x81, 0xA4, 0xA5, 0x86, 0x88].map(|tag| tree(&tlv(tag, &[])));
        let permitted = tlv(0xA0, &[&bases.concat(), &tree(&dns("example.org"))]);
        sequence(&[
            &permitted,
            &tlv(0xA1, &[&sequence(&[&dns("bad.example.org")])]),
        ])
    }

    #[test]
    fn limits_of_other_kinds_of_names_are_nobodys_here() {
        let limits = Limits::read(&all_kinds()).unwrap();
        assert_eq!(limits.permitted.len(), 7);
        assert_eq!(limits.permitted[6], Base::Dns("example.org".to_owned()));
        assert!(permit(&limits, "a.example.org") && permit(&limits, "10.0.0.1"));
        assert!(!permit(&limits, "example.com") && !permit(&limits, "bad.example.org"));
    }

    #[test]
    fn limits_that_are_cut_short_or_go_on_or_are_none_of_theirs_are_not_understood() {
        let good = all_kinds();
        for end in 0..good.len() {
            assert!(Limits::read(&good[..end]).is_none(), "{end}");
        }
        let behind = [&good[..], &[5, 0]].concat();
        assert!(Limits::read(&behind).is_none());
        let kinds = [
            tlv(0xA3, &[]),
            tlv(0x82, &["b\u{fc}ro".as_bytes()]),
            tlv(0xA2, &[]),
            tlv(0xA7, &[]),
            tlv(0x89, &[]),
            tlv(0x0C, &[b"example.org"]),
        ];
        for base in kinds {
            assert!(
                Limits::read(&constraints(std::slice::from_ref(&base), &[])).is_none(),
                "{base:?}"
            );
        }
        let reversed = sequence(&[&tlv(0xA1, &[]), &tlv(0xA0, &[])]);
        assert!(Limits::read(&reversed).is_none());
    }

    #[test]
    fn an_issuer_that_is_not_understood_names_nothing() {
        let certificate = |limits: &[&[u8]]| {
            let extensions: Vec<_> = limits.iter().map(|limits| extension(30, limits)).collect();
            let draft = Draft {
                extensions: Some(extensions.concat()),
                ..Draft::new("root", "root")
            };
            CertificateDer::from(draft.sign())
        };
        let limits = constraints(&[dns("example.org")], &[]);
        let may_name = |certificate| Issuer::of(&certificate).may_name("a.example.org");
        assert!(may_name(certificate(&[])));
        assert!(may_name(certificate(&[&limits])));
        assert!(!may_name(certificate(&[&limits, &limits])));
        assert!(!may_name(certificate(&[&[&limits[..], &[5, 0]].concat()])));
        assert!(!may_name(certificate(&[&[]])));
        assert!(!may_name(CertificateDer::from(Vec::new())));
        let whole = certificate(&[&limits]);
        for end in 0..whole.len() {
            assert!(!may_name(CertificateDer::from(&whole[..end])), "{end}");
        }
    }

    #[test]
    fn the_root_that_a_certificate_names_has_to_allow_its_name() {
        let limited = |subject, base| {
            let limits = constraints(&[dns(base)], &[]);
            let draft = Draft {
                extensions: Some(extension(30, &limits)),
                ..Draft::new(subject, subject)
            };
            Issuer::of(&CertificateDer::from(draft.sign()))
        };
        let leaf = CertificateDer::from(Draft::new("root", "a.example.org").sign());
        let allowed = |between: &[CertificateDer<'_>], roots: &[Issuer]| {
            may_be_called("a.example.org", &leaf, between, roots)
        };
        assert!(allowed(
            &[],
            &[limited("root", "example.org"), limited("other", "net")]
        ));
        assert!(!allowed(&[], &[limited("root", "net")]));
        // One that is not understood may be the root that is named.
        assert!(!allowed(
            &[],
            &[limited("root", "example.org"), Issuer(None)]
        ));
        assert!(!allowed(&[CertificateDer::from(&leaf[1..])], &[]));
    }
}

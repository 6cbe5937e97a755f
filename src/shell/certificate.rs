//! What of a certificate (`RFC 5280 §4.1`) is looked at here, read where it stands. What is not to be
//! understood as a whole is `None`: nobody may conclude anything from the rest.

use der::asn1::{BitStringRef, GeneralizedTime, PrintableStringRef, UtcTime};
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// Object identifiers as they are encoded, without their header.
mod oid {
    pub(super) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    pub(super) const ALTERNATIVE_NAMES: &[u8] = &[0x55, 29, 17];
    pub(super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 29, 30];
}

/// One value with its tag.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) tag: Tag,
    pub(crate) content: &'a [u8],
    /// With its header.
    pub(crate) whole: &'a [u8],
}

impl<'a> Field<'a> {
    /// The one value that a text is, with nothing behind it.
    pub(crate) fn only(text: &'a [u8], tag: Tag) -> Option<Self> {
        let mut fields = Fields::of(text)?;
        let field = fields.take(tag)?;
        fields.end()?;
        Some(field)
    }

    pub(crate) fn fields(self) -> Option<Fields<'a>> {
        Fields::of(self.content)
    }
}

/// Values one behind the other.
pub(crate) struct Fields<'a>(SliceReader<'a>);

impl<'a> Fields<'a> {
    pub(crate) fn of(content: &'a [u8]) -> Option<Self> {
        SliceReader::new(content).ok().map(Self)
    }

    /// The next value, whatever it is.
    pub(crate) fn next(&mut self) -> Option<Field<'a>> {
        let whole = self.0.tlv_bytes().ok()?;
        let any = AnyRef::from_der(whole).ok()?;
        Some(Field {
            tag: any.tag(),
            content: any.value(),
            whole,
        })
    }

    /// The next value, which has to have this tag.
    pub(crate) fn take(&mut self, tag: Tag) -> Option<Field<'a>> {
        self.next().filter(|field| field.tag == tag)
    }

    /// The next value if it has this tag; `Some(None)` if another one comes, or none.
    pub(crate) fn take_if(&mut self, tag: Tag) -> Option<Option<Field<'a>>> {
        if self.0.is_finished() || self.0.peek_tag().ok()? != tag {
            return Some(None);
        }
        self.next().map(Some)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_finished()
    }

    pub(crate) fn end(self) -> Option<()> {
        self.0.is_finished().then_some(())
    }
}

/// `[number]`, around another value or as a list.
pub(crate) const fn constructed(number: TagNumber) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number,
    }
}

/// `[number]` in place of the tag that a plain value would have.
pub(crate) const fn primitive(number: TagNumber) -> Tag {
    Tag::ContextSpecific {
        constructed: false,
        number,
    }
}

/// A certificate.
pub(crate) struct Certificate<'a> {
    /// What its issuer signed, byte by byte.
    pub(crate) tbs: &'a [u8],
    pub(crate) version: Version,
    /// Who issued it, with its header: two names are the same if their bytes are, as for the verifier
    /// below us.
    pub(crate) issuer: &'a [u8],
    /// When it begins and ends to hold, in s since 1970.
    pub(crate) not_before: u64,
    pub(crate) not_after: u64,
    pub(crate) subject: Field<'a>,
    pub(crate) key: PublicKey<'a>,
    /// Each by its identifier; `None` if there is no list of them at all.
    extensions: Option<Vec<(&'a [u8], &'a [u8])>>,
    /// The algorithm of the signature, as rustls names it: what is inside of its SEQUENCE.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// The version of the format. One has no extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    Later,
}

/// A public key, and what it is for.
#[derive(Clone, Copy)]
pub(crate) struct PublicKey<'a> {
    /// All of it: the SubjectPublicKeyInfo.
    pub(crate) whole: &'a [u8],
    /// What is inside of the SEQUENCE that says which algorithm it is for.
    pub(crate) algorithm: &'a [u8],
    pub(crate) bits: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// `None` if that is no certificate, or has anything behind it.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let mut signed = Field::only(text, Tag::Sequence)?.fields()?;
        let tbs = signed.take(Tag::Sequence)?;
        let algorithm = algorithm(&mut signed)?;
        let signature = bits(signed.take(Tag::BitString)?)?;
        signed.end()?;

        let mut fields = tbs.fields()?;
        let version = match fields.take_if(constructed(TagNumber::N0))? {
            None => Version::V1,
            Some(version) => match Field::only(version.content, Tag::Integer)?.content {
                [0] => Version::V1,
                [1 | 2] => Version::Later,
                _ => return None,
            },
        };
        fields.take(Tag::Integer)?; // its number
        if self::algorithm(&mut fields)? != algorithm {
            return None;
        }
        let issuer = fields.take(Tag::Sequence)?.whole;
        let mut validity = fields.take(Tag::Sequence)?.fields()?;
        let (not_before, not_after) = (seconds(validity.next()?)?, seconds(validity.next()?)?);
        validity.end()?;
        let subject = fields.take(Tag::Sequence)?;
        let key = PublicKey::read(fields.take(Tag::Sequence)?)?;
        fields.take_if(primitive(TagNumber::N1))?; // who else has the issuer's name,
        fields.take_if(primitive(TagNumber::N2))?; // and who the subject's
        let extensions = match fields.take_if(constructed(TagNumber::N3))? {
            None => None,
            Some(extensions) => Some(read_extensions(extensions.content)?),
        };
        fields.end()?;
        Some(Self {
            tbs: tbs.whole,
            version,
            issuer,
            not_before,
            not_after,
            subject,
            key,
            extensions,
            algorithm,
            signature,
        })
    }

    /// Of version 1, and without any extensions, as those are.
    pub(crate) fn is_version_1(&self) -> bool {
        self.version == Version::V1 && self.extensions.is_none()
    }

    pub(crate) fn has_alternative_names(&self) -> bool {
        self.extensions(oid::ALTERNATIVE_NAMES).next().is_some()
    }

    /// The content of its name constraints; `Some(None)` without any. None of two are to be believed.
    pub(crate) fn name_constraints(&self) -> Option<Option<&'a [u8]>> {
        let mut found = self.extensions(oid::NAME_CONSTRAINTS);
        let first = found.next();
        found.next().is_none().then_some(first)
    }

    /// The last common name of the subject that is text.
    pub(crate) fn common_name(&self) -> Option<&'a str> {
        let mut last = None;
        let mut names = self.subject.fields()?;
        while !names.is_at_end() {
            let mut attributes = names.take(Tag::Set)?.fields()?;
            while !attributes.is_at_end() {
                let mut attribute = attributes.take(Tag::Sequence)?.fields()?;
                let kind = attribute.take(Tag::ObjectIdentifier)?;
                let value = attribute.next()?;
                attribute.end()?;
                if kind.content == oid::COMMON_NAME {
                    last = text(value).or(last);
                }
            }
        }
        last
    }

    fn extensions(&self, kind: &'static [u8]) -> impl Iterator<Item = &'a [u8]> + '_ {
        let all = self.extensions.iter().flatten();
        all.filter_map(move |&(id, value)| (id == kind).then_some(value))
    }
}

impl<'a> PublicKey<'a> {
    fn read(info: Field<'a>) -> Option<Self> {
        let mut fields = info.fields()?;
        let algorithm = algorithm(&mut fields)?;
        let bits = bits(fields.take(Tag::BitString)?)?;
        fields.end()?;
        Some(Self {
            whole: info.whole,
            algorithm,
            bits,
        })
    }
}

/// The content of an AlgorithmIdentifier: an object identifier, and parameters for some.
fn algorithm<'a>(fields: &mut Fields<'a>) -> Option<&'a [u8]> {
    let content = fields.take(Tag::Sequence)?.content;
    let mut parts = Fields::of(content)?;
    parts.take(Tag::ObjectIdentifier)?;
    if !parts.is_at_end() {
        parts.next()?;
    }
    parts.end()?;
    Some(content)
}

/// Keys and signatures are whole bytes.
fn bits(field: Field<'_>) -> Option<&[u8]> {
    BitStringRef::from_der(field.whole).ok()?.as_bytes()
}

fn seconds(time: Field<'_>) -> Option<u64> {
    let since_1970 = match time.tag {
        Tag::UtcTime => UtcTime::from_der(time.whole).ok()?.to_unix_duration(),
        Tag::GeneralizedTime => {
            let time = GeneralizedTime::from_der(time.whole).ok()?;
            time.to_unix_duration()
        }
        _ => return None,
    };
    Some(since_1970.as_secs())
}

/// Each by its identifier, with what is inside of the OCTET STRING around its value.
fn read_extensions(content: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut list = Field::only(content, Tag::Sequence)?.fields()?;
    let mut extensions = Vec::new();
    while !list.is_at_end() {
        let mut extension = list.take(Tag::Sequence)?.fields()?;
        let id = extension.take(Tag::ObjectIdentifier)?.content;
        if let Some(critical) = extension.take_if(Tag::Boolean)? {
            matches!(critical.content, [0 | 0xFF]).then_some(())?;
        }
        let value = extension.take(Tag::OctetString)?.content;
        extension.end()?;
        extensions.push((id, value));
    }
    Some(extensions)
}

fn text(value: Field<'_>) -> Option<&str> {
    match value.tag {
        Tag::PrintableString => {
            PrintableStringRef::from_der(value.whole).ok()?;
            std::str::from_utf8(value.content).ok()
        }
        Tag::Utf8String => std::str::from_utf8(value.content).ok(),
        _ => None,
    }
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
pub(super) mod tests;

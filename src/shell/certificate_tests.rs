use super::*;

/// A value with its tag and its length.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match (content.len(), length) {
        (0..=0x7F, [_, low]) => vec![low],
        (0x80..=0xFF, [_, low]) => vec![0x81, low],
        (_, [high, low]) => vec![0x82, high, low],
    };
    [&[tag], &length[..], &content].concat()
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

/// An extension of `RFC 5280 §4.2.1` by its number there, which is critical.
pub(crate) fn extension(number: u8, value: &[u8]) -> Vec<u8> {
    let id = tlv(6, &[&[0x55, 29, number]]);
    sequence(&[&id, &tlv(1, &[&[0xFF]]), &tlv(4, &[value])])
}

fn attribute(number: u8, tag: u8, text: &[u8]) -> Vec<u8> {
    let id = tlv(6, &[&[0x55, 4, number]]);
    tlv(0x31, &[&sequence(&[&id, &tlv(tag, &[text])])])
}

/// A name that is a common name and nothing else.
fn named(text: &str) -> Vec<u8> {
    sequence(&[&attribute(3, 0x0C, text.as_bytes())])
}

/// A certificate part by part, each as it is to stand there.
pub(crate) struct Draft {
    pub(crate) version: Vec<u8>,
    pub(crate) algorithms: [Vec<u8>; 2],
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: [Vec<u8>; 2],
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) between: Vec<u8>,
    pub(crate) extensions: Option<Vec<u8>>,
    pub(crate) signature: Vec<u8>,
}

impl Draft {
    /// One of version 3, for a key of no use.
    pub(crate) fn new(issuer: &str, subject: &str) -> Self {
        let algorithm = sequence(&[&tlv(6, &[&[0x2A, 3]]), &tlv(5, &[])]);
        Self {
            version: tlv(0xA0, &[&tlv(2, &[&[2]])]),
            algorithms: [algorithm.clone(), algorithm.clone()],
            issuer: named(issuer),
            validity: [
                tlv(0x17, &[b"700101000005Z"]),
                tlv(0x18, &[b"20500101000000Z"]),
            ],
            subject: named(subject),
            key: sequence(&[&algorithm, &tlv(3, &[&[0, 1, 2]])]),
            between: Vec::new(),
            extensions: None,
            signature: tlv(3, &[&[0, 7]]),
        }
    }

    fn tbs(&self) -> Vec<u8> {
        let extensions = self.extensions.as_ref();
        let extensions = extensions.map(|list| tlv(0xA3, &[&sequence(&[list])]));
        sequence(&[
            &self.version,
            &tlv(2, &[&[1]]),
            &self.algorithms[0],
            &self.issuer,
            &sequence(&[&self.validity[0], &self.validity[1]]),
            &self.subject,
            &self.key,
            &self.between,
            &extensions.unwrap_or_default(),
        ])
    }

    /// As it goes over the wire.
    pub(crate) fn sign(&self) -> Vec<u8> {
        sequence(&[&self.tbs(), &self.algorithms[1], &self.signature])
    }
}

fn full() -> Draft {
    Draft {
        between: [tlv(0x81, &[&[0, 1]]), tlv(0x82, &[&[0, 2]])].concat(),
        extensions: Some([extension(17, &[5, 0]), extension(30, &[1, 1, 0])].concat()),
        ..Draft::new("root", "leaf")
    }
}

fn is_understood(draft: &Draft) -> bool {
    Certificate::read(&draft.sign()).is_some()
}

#[test]
fn a_certificate_is_read_as_it_stands() {
    let draft = full();
    let bytes = draft.sign();
    let read = Certificate::read(&bytes).unwrap();
    assert_eq!(read.tbs, draft.tbs());
    assert_eq!(read.issuer, named("root"));
    assert_eq!(read.subject.whole, named("leaf"));
    assert_eq!((read.not_before, read.not_after), (5, 2_524_608_000));
    assert_eq!(
        (read.key.whole, read.key.bits),
        (&draft.key[..], &[1, 2][..])
    );
    assert_eq!(read.key.algorithm, read.algorithm);
    assert_eq!(read.algorithm, &draft.algorithms[0][2..]);
    assert_eq!(read.signature, [7]);
    assert_eq!(read.common_name(), Some("leaf"));
    assert!(read.has_alternative_names() && !read.is_version_1());
    assert_eq!(read.name_constraints(), Some(Some(&[1, 1, 0][..])));
}

#[test]
fn a_certificate_that_is_cut_short_or_goes_on_is_not_understood() {
    let bytes = full().sign();
    for end in 0..bytes.len() {
        assert!(Certificate::read(&bytes[..end]).is_none(), "{end}");
    }
    assert!(Certificate::read(&[&bytes[..], &[0]].concat()).is_none());
    assert!(Certificate::read(&[&bytes[..], &[5, 0]].concat()).is_none());
}

#[test]
fn a_byte_that_is_another_never_leads_to_a_panic_or_beyond_the_text() {
    let bytes = full().sign();
    for at in 0..bytes.len() {
        for byte in 0..=u8::MAX {
            let mut spoilt = bytes.clone();
            spoilt[at] = byte;
            if let Some(read) = Certificate::read(&spoilt) {
                let _ = (read.common_name(), read.name_constraints());
                assert!(read.tbs.len() < spoilt.len());
            }
        }
    }
}

#[test]
fn absurd_lengths_are_not_understood() {
    let lengths: [&[u8]; 8] = [
        &[0x80],
        &[0x81, 0x05],
        &[0x82, 0x00, 0x90],
        &[0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x84, 0x7F, 0xFF, 0xFF, 0xFF],
        &[0xFF],
        &[0x83, 0x00, 0x00, 0x05],
    ];
    for length in lengths {
        let spoilt = [&[0x0C], length, &[b'a'; 200][..]].concat();
        let inner = Draft {
            subject: sequence(&[&spoilt]),
            ..full()
        };
        let bytes = inner.sign();
        let read = Certificate::read(&bytes);
        assert!(
            read.is_some_and(|read| read.common_name().is_none()),
            "{length:x?}"
        );
        let outer = [&[0x30], length, &full().sign()[4..]].concat();
        assert!(Certificate::read(&outer).is_none(), "{length:x?}");
        let key = Draft {
            key: [&[0x30], length, &full().key[2..]].concat(),
            ..full()
        };
        assert!(!is_understood(&key), "{length:x?}");
    }
}

#[test]
fn parts_with_other_tags_are_not_understood() {
    let good = full;
    assert!(is_understood(&good()));
    let integer = || tlv(2, &[&[1]]);
    let bad = [
        Draft {
            version: tlv(0xA0, &[&tlv(2, &[&[3]])]),
            ..good()
        },
        Draft {
            version: tlv(0xA0, &[&tlv(2, &[&[0, 2]])]),
            ..good()
        },
        Draft {
            version: tlv(0xA0, &[&tlv(10, &[&[2]])]),
            ..good()
        },
        Draft {
            version: tlv(0xA0, &[&integer(), &integer()]),
            ..good()
        },
        Draft {
            version: tlv(0xA0, &[]),
            ..good()
        },
        Draft {
            version: tlv(0x80, &[&[2]]),
            ..good()
        },
        Draft {
            algorithms: [good().key, good().key],
            ..good()
        },
        Draft {
            algorithms: [sequence(&[]), sequence(&[])],
            ..good()
        },
        Draft {
            issuer: tlv(0x31, &[]),
            ..good()
        },
        Draft {
            validity: [integer(), integer()],
            ..good()
        },
        Draft {
            validity: [tlv(0x17, &[b"700101000000"]), good().validity[1].clone()],
            ..good()
        },
        Draft {
            validity: [tlv(0x18, &[b"20500132000000Z"]), good().validity[1].clone()],
            ..good()
        },
        Draft {
            subject: tlv(4, &[]),
            ..good()
        },
        Draft {
            key: sequence(&[&good().key]),
            ..good()
        },
        // Bits that are no whole bytes, and none at all.
        Draft {
            key: sequence(&[&good().algorithms[0], &tlv(3, &[&[1, 2]])]),
            ..good()
        },
        Draft {
            signature: tlv(3, &[&[4, 0xF0]]),
            ..good()
        },
        Draft {
            signature: tlv(3, &[]),
            ..good()
        },
        Draft {
            signature: tlv(4, &[&[0, 7]]),
            ..good()
        },
        Draft {
            between: tlv(0x83, &[&[0, 1]]),
            ..good()
        },
        Draft {
            between: [tlv(0x82, &[&[0, 2]]), tlv(0x81, &[&[0, 1]])].concat(),
            ..good()
        },
        Draft {
            extensions: Some(integer()),
            ..good()
        },
        Draft {
            extensions: Some(sequence(&[&tlv(4, &[])])),
            ..good()
        },
    ];
    for (n, draft) in bad.iter().enumerate() {
        assert!(!is_understood(draft), "number {n}");
    }
}

#[test]
fn what_was_signed_by_one_algorithm_does_not_say_another() {
    let mut draft = full();
    draft.algorithms[1] = sequence(&[&tlv(6, &[&[0x2A, 4]]), &tlv(5, &[])]);
    assert!(!is_understood(&draft));
}

#[test]
fn version_1_says_so_by_saying_nothing_and_has_no_extensions() {
    let is_one = |version: &[u8], extensions: Option<Vec<u8>>| {
        let draft = Draft {
            version: version.to_vec(),
            extensions,
            ..Draft::new("root", "leaf")
        };
        Certificate::read(&draft.sign()).unwrap().is_version_1()
    };
    let said = |version| tlv(0xA0, &[&tlv(2, &[&[version]])]);
    assert!(is_one(&[], None) && is_one(&said(0), None));
    assert!(!is_one(&said(1), None) && !is_one(&said(2), None));
    assert!(!is_one(&[], Some(Vec::new())) && !is_one(&[], full().extensions));
}

#[test]
fn two_name_constraints_are_none_to_be_believed() {
    let draft = Draft {
        extensions: Some([extension(30, &[]), extension(30, &[])].concat()),
        ..Draft::new("root", "leaf")
    };
    let bytes = draft.sign();
    assert_eq!(Certificate::read(&bytes).unwrap().name_constraints(), None);
}

#[test]
fn the_last_common_name_that_is_text_counts() {
    let name = |attributes: &[Vec<u8>]| {
        let draft = Draft {
            subject: sequence(&[&attributes.concat()]),
            ..Draft::new("root", "")
        };
        let bytes = draft.sign();
        Certificate::read(&bytes)
            .unwrap()
            .common_name()
            .map(str::to_owned)
    };
    let (first, last) = (attribute(3, 0x0C, b"first"), attribute(3, 0x13, b"last"));
    assert_eq!(name(&[first.clone(), last.clone()]).unwrap(), "last");
    assert_eq!(name(&[last, first.clone()]).unwrap(), "first");
    // A place, a text that nobody reads, characters that are none of a PrintableString, no UTF-8.
    for other in [
        attribute(7, 0x0C, b"place"),
        attribute(3, 0x1E, b"\0a"),
        attribute(3, 0x13, b"a@b"),
        attribute(3, 0x0C, b"\xFF"),
    ] {
        assert_eq!(name(&[first.clone(), other]).unwrap(), "first");
    }
    assert_eq!(name(&[]), None);
    assert_eq!(name(&[first.clone(), tlv(5, &[])]), None);
    assert_eq!(name(&[first, tlv(0x31, &[&sequence(&[])])]), None);
}

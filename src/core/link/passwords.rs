//! Passwords that a central system set in the place of one that the host gave with a network profile.

use data_encoding::HEXLOWER;

use crate::core::output::Output;
use crate::core::{Change, Record, RecordKey};

/// What their records are called; no key has such a name.
const NAME: &str = "AuthorizationKey.";

/// So many are kept. There are more of them than profiles, so that one that is in use is never given up.
const MOST: usize = 8;

/// A password that counts at one central system, as long as the host gives the one that it replaced.
#[derive(Clone, Debug)]
struct Replaced {
    central: String,
    given: Option<Vec<u8>>,
    now: Vec<u8>,
}

/// All of them, by the numbers of their records.
#[derive(Clone, Default)]
pub(super) struct Passwords([Option<Replaced>; MOST]);

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // They are secrets.
        write!(f, "{} passwords", self.0.iter().flatten().count())
    }
}

impl Replaced {
    fn is_of(&self, central: &str, given: Option<&[u8]>) -> bool {
        self.central == central && self.given.as_deref() == given
    }

    /// "NOW GIVEN CENTRAL", the passwords as hexadecimal digits.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let mut bytes = || HEXLOWER.decode(parts.next()?.as_bytes()).ok();
        let (now, given) = (bytes()?, bytes()?);
        Some(Self {
            central: parts.next()?.to_owned(),
            given: (!given.is_empty()).then_some(given),
            now,
        })
    }

    fn text(&self) -> String {
        let hex = |key: &[u8]| HEXLOWER.encode(key);
        let given = hex(self.given.as_deref().unwrap_or_default());
        format!("{} {given} {}", hex(&self.now), self.central)
    }
}

impl Passwords {
    /// Takes those that are stored from among the settings.
    pub(super) fn take(settings: &mut Vec<(String, String)>) -> Self {
        let mut all = Self::default();
        settings.retain(|(name, text)| {
            let number = name.strip_prefix(NAME).and_then(|n| n.parse().ok());
            let place = number.and_then(|number: usize| all.0.get_mut(number));
            let ours = place.is_some();
            if let Some(place) = place {
                *place = Replaced::read(text);
            }
            !ours
        });
        all
    }

    /// The password at a central system that took the place of that one.
    pub(super) fn instead_of(&self, central: &str, given: Option<&[u8]>) -> Option<&[u8]> {
        let mut all = self.0.iter().flatten();
        let replaced = all.find(|known| known.is_of(central, given))?;
        Some(&replaced.now)
    }

    /// What took the place of that one counts no more.
    pub(super) fn forget(&mut self, central: &str, given: Option<&[u8]>, out: &mut Output) {
        for (number, known) in self.0.iter_mut().enumerate() {
            if known
                .as_ref()
                .is_some_and(|known| known.is_of(central, given))
            {
                *known = None;
                let name = format!("{NAME}{number}");
                out.durable(Change::Drop(RecordKey::Setting(name)));
            }
        }
    }

    /// The central system has another password from now on.
    pub(super) fn replace<'a>(
        &mut self,
        central: &str,
        given: Option<&[u8]>,
        now: Vec<u8>,
        in_use: impl Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
        out: &mut Output,
    ) {
        let is_used = |known: &Replaced| {
            let mut in_use = in_use.clone();
            in_use.any(|(central, given)| known.is_of(central, given))
        };
        let place = |fits: &dyn Fn(Option<&Replaced>) -> bool| {
            self.0.iter().position(|known| fits(known.as_ref()))
        };
        let number = place(&|known| known.is_some_and(|known| known.is_of(central, given)))
            .or_else(|| place(&|known| known.is_none()))
            .or_else(|| place(&|known| known.is_some_and(|known| !is_used(known))));
        let replaced = Replaced {
            central: central.to_owned(),
            given: given.map(<[u8]>::to_vec),
            now,
        };
        let number = number.unwrap_or(0);
        let name = format!("{NAME}{number}");
        out.durable(Change::Put(Record::Setting(name, replaced.text())));
        self.0[number] = Some(replaced);
    }
}

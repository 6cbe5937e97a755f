//! The authorization cache (`OCPP 1.6 §3.5.1`).

use crate::core::Change;
use crate::core::Kind;
use crate::core::Record;
use crate::core::RecordKey;
use std::collections::BTreeMap;

use crate::core::station::authorizations::group;
use crate::core::CachedTag;
use crate::time::Wall;
use crate::types::{gathered, AuthorizationStatus, IdTagInfo, IdToken};

/// What the central system said of tags, newest knowledge of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache {
    tags: BTreeMap<IdToken, CachedTag>,
}

impl Cache {
    pub(crate) fn new(stored: Vec<CachedTag>) -> Self {
        let known = { stored.into_iter() }
            .filter(|entry| entry.status != AuthorizationStatus::ConcurrentTx)
            .map(|mut entry| {
                entry.parent = entry.parent.and_then(group);
                (entry.tag.clone(), entry)
            });
        Self {
            tags: gathered(known),
        }
    }

    /// What is known of a tag at a time: an entry whose time is over counts as expired.
    pub(crate) fn find(&self, tag: &IdToken, now: Wall) -> Option<CachedTag> {
        let mut entry = self.tags.get(tag)?.clone();
        if entry.expires.is_some_and(|expires| expires <= now) {
            entry.status = AuthorizationStatus::Expired;
        }
        Some(entry)
    }

    // rules: 89
    /// Remembers what the central system says of a tag, and makes room for it if needed: the
    /// oldest invalid tag goes first, then the oldest.
    pub(crate) fn learn(
        &mut self,
        tag: &IdToken,
        info: &IdTagInfo,
        now: Wall,
        most: usize,
        changes: &mut Vec<Change>,
    ) {
        // That a tag is in use elsewhere says something about this moment, and nothing about the tag.
        if info.status == AuthorizationStatus::ConcurrentTx {
            return;
        }
        // The database compares tags up to a NUL: one with a NUL inside would share its row with others.
        if most == 0 || tag.as_str().contains('\0') {
            return;
        }
        let entry = CachedTag {
            tag: tag.clone(),
            status: info.status,
            expires: info.expiry_date,
            parent: info.parent_id_tag.clone().and_then(group),
            updated: now,
        };
        if self
            .tags
            .get(tag)
            .is_some_and(|known| same_knowledge(known, &entry))
        {
            return;
        }
        while self.tags.len() >= most && !self.tags.contains_key(tag) {
            let Some(out) = self.least_wanted(now) else {
                break;
            };
            self.tags.remove(&out);
            changes.push(Change::Drop(RecordKey::Tag(out)));
        }
        self.tags.insert(tag.clone(), entry.clone());
        changes.push(Change::Put(Record::Tag(entry)));
    }

    fn least_wanted(&self, now: Wall) -> Option<IdToken> {
        let worth = |entry: &CachedTag| {
            let over = entry.expires.is_some_and(|expires| expires <= now);
            (
                entry.status == AuthorizationStatus::Accepted && !over,
                entry.updated,
            )
        };
        self.tags
            .values()
            .min_by_key(|entry| worth(entry))
            .map(|entry| entry.tag.clone())
    }

    pub(crate) fn clear(&mut self, changes: &mut Vec<Change>) {
        if self.tags.is_empty() {
            return;
        }
        self.tags.clear();
        changes.push(Change::DropAll(Kind::Tag));
    }
}

/// Whether writing it down again would only wear the flash.
fn same_knowledge(known: &CachedTag, new: &CachedTag) -> bool {
    known.status == new.status && known.expires == new.expires && known.parent == new.parent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(name: &str) -> IdToken {
        IdToken::truncated(name)
    }

    fn info(status: AuthorizationStatus) -> IdTagInfo {
        IdTagInfo {
            status,
            expiry_date: None,
            parent_id_tag: None,
        }
    }

    // rules: 89
    #[test]
    fn an_entry_expires_when_its_time_is_over() {
        let mut cache = Cache::default();
        let until = IdTagInfo {
            expiry_date: Some(Wall(100)),
            ..info(AuthorizationStatus::Accepted)
        };
        cache.learn(&tag("A"), &until, Wall(0), 10, &mut Vec::new());
        let status = |now| cache.find(&tag("a"), now).map(|entry| entry.status);
        assert_eq!(status(Wall(99)), Some(AuthorizationStatus::Accepted));
        assert_eq!(status(Wall(100)), Some(AuthorizationStatus::Expired));
    }

    // rules: 89
    #[test]
    fn the_oldest_invalid_tag_makes_room_then_the_oldest() {
        let mut cache = Cache::default();
        let mut learn = |name: &str, status, now| {
            let mut changes = Vec::new();
            cache.learn(&tag(name), &info(status), Wall(now), 2, &mut changes);
            changes
        };
        learn("good", AuthorizationStatus::Accepted, 1);
        learn("bad", AuthorizationStatus::Blocked, 2);
        let third = learn("third", AuthorizationStatus::Accepted, 3);
        assert_eq!(third[0], Change::Drop(RecordKey::Tag(tag("bad"))));
        let fourth = learn("fourth", AuthorizationStatus::Accepted, 4);
        assert_eq!(fourth[0], Change::Drop(RecordKey::Tag(tag("good"))));
    }

    #[test]
    fn a_tag_with_a_nul_inside_is_not_remembered_because_the_database_takes_it_for_another() {
        let mut cache = Cache::default();
        let mut changes = Vec::new();
        let accepted = info(AuthorizationStatus::Accepted);
        cache.learn(&tag("A\0B"), &accepted, Wall(0), 10, &mut changes);
        assert_eq!(cache.find(&tag("A\0B"), Wall(1)), None);
        assert_eq!(changes, []);
    }

    #[test]
    fn the_same_knowledge_is_not_written_twice() {
        let mut cache = Cache::default();
        let mut changes = Vec::new();
        cache.learn(
            &tag("A"),
            &info(AuthorizationStatus::Accepted),
            Wall(0),
            9,
            &mut changes,
        );
        cache.learn(
            &tag("A"),
            &info(AuthorizationStatus::Accepted),
            Wall(5),
            9,
            &mut changes,
        );
        assert_eq!(changes.len(), 1);
    }
}

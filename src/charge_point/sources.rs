//! Who sets local limits.

use crate::core::Source;
use crate::error::Error;

/// The sources that were named, so that one too many is refused at once; room for all is kept.
pub(super) struct Sources(Vec<Source>);

impl Sources {
    pub(super) fn new(known: impl Iterator<Item = Source>) -> Self {
        let mut all = Self(Vec::with_capacity(Source::MOST));
        for source in known {
            // What is stored was let in by an earlier run.
            all.know(source).ok();
        }
        all
    }

    /// A source is named, perhaps for the first time.
    pub(super) fn know(&mut self, source: Source) -> Result<(), Error> {
        if self.0.contains(&source) {
            return Ok(());
        }
        if self.0.len() >= Source::MOST {
            let most = Source::MOST;
            return Err(Error::Invalid(format!(
                "\"{source}\" is one source of limits too many: there may be {most} in one run"
            )));
        }
        self.0.push(source);
        Ok(())
    }
}

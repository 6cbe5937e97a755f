//! Where in a payload a reader is, how strict it is to be, and what it notes on its way.

use std::cell::RefCell;

/// How strictly to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the schema: unknown members are a violation. But `null` for an optional member counts as
    /// absent, in either mode: whole platforms write it for what is not there.
    Strict,
    /// Unknown members are skipped and listed. Everything else is as strict.
    Tolerant,
}

/// What a reader was told, and what it has to tell beside the message.
pub(super) struct Context {
    pub(super) mode: Mode,
    pub(super) ignored: RefCell<Vec<String>>,
    pub(super) rounded: RefCell<Option<String>>,
}

/// Where in the payload we are; a list on the stack, from the innermost step outwards.
pub(super) struct Path<'a> {
    pub(super) outer: Option<&'a Path<'a>>,
    pub(super) step: Step<'a>,
}

/// One step inwards.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Member(&'a str),
    Element(usize),
}

impl Path<'_> {
    pub(super) fn render(&self) -> String {
        let mut path = self.outer.map(Path::render).unwrap_or_default();
        match self.step {
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Step::Element(index) => {
                path.push('[');
                path.push_str(&index.to_string());
                path.push(']');
            }
        }
        path
    }
}

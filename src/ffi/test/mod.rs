//! The C API of the test kit: translation, as everywhere in the C API.
//!
//! `include/evcp_test.h` is made from here. Each file is one section of it, in its order.

mod books;
mod central;
pub(super) mod here;
mod link;
mod resident;
mod time;
mod trouble;
mod world;

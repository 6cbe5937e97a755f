//! The C API: translation between C and the handle, and no decisions.
//!
//! `include/evcp.h` is made from here. Each file is one section of it, in its order.
#![allow(unsafe_code, non_camel_case_types, unreachable_pub)]

mod acts;
mod answer;
mod callbacks;
mod claims;
mod codes;
mod config;
mod config_keys;
mod config_security;
mod details;
mod dispatch;
mod fd;
mod get;
mod guard;
mod last_error;
#[cfg(test)]
mod layout;
mod life;
mod limits;
mod logging;
mod names;
mod networks;
mod notices;
#[cfg_attr(feature = "testkit", path = "test/place.rs")]
mod place;
mod profiles;
mod restart;
mod restart_info;
mod results;
mod samples;
mod sized;
mod supply;
mod tell;
#[cfg(feature = "testkit")]
mod test;
mod text;
mod this_thread;
mod tx_info;
mod undelivered;
mod values;

//! What `include/evcp_test.h`, the header of the test kit, is made of.

/// The files of `src/ffi` that are sections of the header, in its order.
pub(super) const SECTIONS: &[&str] =
    &["test/world", "test/time", "test/link", "test/central", "test/books", "test/trouble"];

pub(super) const PREAMBLE: &str = "\
/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * evcp_test.h - a charge point in virtual time, for the unit tests of a firmware
 *
 * Made from src/ffi/test by `make header`. Do not edit.
 *
 * THE KIT    Link the tests with libevcp-test instead of libevcp. The firmware is unchanged: it calls
 *            evcp_config_*, evcp_new(), evcp_start(), evcp_dispatch(), evcp_set_*, evcp_free(). Make a
 *            world first, evcp_test_new(): evcp_new() puts the charge point into the world of its
 *            thread. In it are a clock that stands still until it is told to move, a link, and a
 *            central system that accepts everything and keeps books. There is no socket, no thread,
 *            no waiting and no randomness: the same program gives the same frames, byte for byte. A
 *            storage directory is used, but nobody waits for the disk; one that is empty at first
 *            gives the same frames each time.
 * DISPATCH   evcp_dispatch() lets the library take in what it was told, at the present virtual time,
 *            and runs the callbacks that wait; its timeout_ms never waits. evcp_test_advance() does
 *            the same at each moment at which something is due, as a host whose loop dispatches at
 *            once; evcp_test_stall() does not, as a host that is busy.
 * THREADS    A world belongs to the thread that made it: evcp_test_*() on another one, and evcp_new(),
 *            evcp_start(), evcp_stop() and evcp_dispatch() there, are EVCP_E_STATE. There is one world
 *            for a thread, and one charge point at a time in it. Inside a callback, what lets time
 *            pass or calls the charge point is EVCP_E_DEADLOCK; evcp_test_now(), _clock(), _sent(),
 *            _value(), _rule(), _tx() and the like are fine there.
 * POINTERS   A text that a function returns is valid until the same function is called again, or the
 *            world is freed.
 */
";

pub(super) const HEADINGS: &[(&str, &str)] = &[
    ("#define EVCP_TEST_LINK_DOWN", "Values"),
    ("typedef struct evcp_test_t", "Types"),
    ("evcp_test_new(void)", "World"),
    ("evcp_test_advance(", "Time"),
    ("evcp_test_link(", "Link"),
    ("evcp_test_rule(", "Central system"),
    ("evcp_test_tx_count(", "Its books"),
    ("evcp_test_power_cut(evcp_test_t", "Trouble"),
];

pub(super) const MADE_BY_THE_CALLER: &[(&str, &str)] = &[("EVCP_TEST_TX_INIT", "evcp_test_tx_t")];

/// What C++ has beside it.
pub(super) const FOR_CPP: &str = include_str!("world.hpp");

//! Frames that are made to cost much: as large as they may be, of parts as small as they get.
#![allow(clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use evcp::core::{Input, LinkEvent};
use evcp_testing::{setup, World};

/// The largest frame that is taken in, unless `ws.max_frame_bytes` says otherwise.
const FRAME: usize = 64 * 1024;

/// Knows how much memory was in use at most.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does the work.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static MEMORY: Counting = Counting;

/// A frame of exactly the largest size: `before`, then `part` as often as it fits, then blanks.
fn frame(before: &str, part: &str, after: &str) -> String {
    let room = FRAME - before.len() - after.len();
    let mut text = before.to_owned();
    for n in 0..room / part.len() {
        text.push_str(if n == 0 {
            part.trim_start_matches(',')
        } else {
            part
        });
    }
    text.push_str(after);
    text.extend(std::iter::repeat(' ').take(FRAME - text.len()));
    text
}

fn hostile() -> Vec<(&'static str, String)> {
    let list =
        r#"[2,"x","SendLocalList",{"listVersion":1,"updateType":"Full","localAuthorizationList":["#;
    let periods = r#"[2,"x","SetChargingProfile",{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute","chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":["#;
    let keys = r#"[2,"x","GetConfiguration",{"key":["#;
    let data = r#"[2,"x","DataTransfer",{"vendorId":"v","data":""#;
    let deep = format!("[2,\"x\",\"Reset\",{{\"a\":{}", "[".repeat(30_000));
    vec![
        ("arrays", frame("[2,\"x\",\"Reset\",{\"a\":[", ",[]", "]}]")),
        (
            "objects",
            frame("[2,\"x\",\"Reset\",{\"a\":[", ",{\"\":0}", "]}]"),
        ),
        ("numbers", frame("[2,\"x\",\"Reset\",{\"a\":[", ",0", "]}]")),
        ("elements", frame("[2,\"x\",\"Reset\",[", ",[]", "]]")),
        (
            "frame",
            frame("[2,\"x\"", ",0", "]").replacen("\"x\"0", "\"x\",", 1),
        ),
        ("members", frame("[2,\"x\",\"Reset\",{", ",\"ab\":1", "}]")),
        ("deep", frame(&deep, "]", &"]".repeat(30_000))),
        ("action", frame("[2,\"x\",\"", "\u{7f}", "\",{}]")),
        (
            "type",
            frame("[2,\"x\",\"Reset\",{\"type\":\"", "\u{7f}", "\"}]"),
        ),
        (
            "type",
            frame("[2,\"x\",\"Reset\",{\"type\":[\"", "\u{7f}", "\"]}]"),
        ),
        (
            "escapes",
            frame("[2,\"x\",\"Reset\",{\"type\":\"", "\\n", "\"}]"),
        ),
        (
            "member",
            frame("[2,\"x\",\"Reset\",{\"type\":\"Soft\",\"", "\\n", "\":0}]"),
        ),
        ("answer", frame("[3,\"x\",{\"a\":[", ",{\"\":0}", "]}]")),
        (
            "refusal",
            frame("[4,\"x\",\"GenericError\",\"", "\\n", "\"]"),
        ),
        ("refusal", frame("[4,\"x\",\"", "\u{7f}", "\",\"\"]")),
        ("tags", frame(list, ",{\"idTag\":\"\"}", "]}]")),
        ("longer tags", frame(list, ",{\"idTag\":\"abc\"}", "]}]")),
        (
            "members of tags",
            frame(list, ",{\"idTag\":\"\",\"\":0}", "]}]"),
        ),
        (
            "periods",
            frame(periods, ",{\"startPeriod\":0,\"limit\":1}", "]}}}]"),
        ),
        ("keys", frame(keys, ",\"\"", "]}]")),
        ("longer keys", frame(keys, ",\"0123456789abcdef\"", "]}]")),
        ("data", frame(data, "x", "\"}]")),
        ("no JSON", "[".repeat(FRAME)),
        ("no frame", frame("{", ",\"ab\":1", "}")),
    ]
}

/// How much more memory than before is in use at most while a frame is taken in.
fn cost(world: &mut World, text: &str) -> usize {
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    world.wants(Input::Link(LinkEvent::Text(text)));
    MOST.load(Ordering::Relaxed) - before
}

#[test]
fn the_largest_frame_is_taken_in_within_four_times_its_size() {
    for tolerant in [false, true] {
        let mut setup = setup(2);
        setup.tuning.tolerant = tolerant;
        let mut world = World::booted(setup);
        for (name, text) in hostile() {
            assert_eq!(text.len(), FRAME, "{name}");
            let cost = cost(&mut world, &text);
            assert!(
                cost <= 4 * FRAME,
                "{name}, tolerant {tolerant}: {cost} bytes"
            );
        }
    }
}

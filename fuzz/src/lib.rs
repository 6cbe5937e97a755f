//! What the fuzz targets do with their bytes, and what must hold.

pub mod bytes;
pub mod capi;
pub mod engine;
pub mod frame;
#[cfg(feature = "kit")]
pub mod kit;
pub mod message;
pub mod records;
pub mod settings;

/// What once failed, and the seeds, without a fuzzer: the targets cannot rot, and what is fixed stays fixed.
#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    fn replay(target: &str, run: fn(&[u8])) {
        let mut inputs = 0;
        for place in ["fixtures", "seeds"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(place)
                .join(target);
            for input in fs::read_dir(folder).into_iter().flatten() {
                let path = input.expect("a folder that can be read").path();
                println!("{}", path.display());
                run(&fs::read(path).expect("a file that can be read"));
                inputs += 1;
            }
        }
        assert!(inputs > 0, "{target} has no input");
    }

    #[test]
    fn every_frame_that_is_kept_is_understood_or_refused() {
        replay("frame", crate::frame::run);
    }

    #[test]
    fn every_message_that_is_kept_is_written_as_it_was_read() {
        replay("message", crate::message::run);
    }

    #[test]
    fn every_store_that_is_kept_is_opened_or_set_aside() {
        replay("records", crate::records::run);
    }

    #[test]
    fn every_set_up_that_is_kept_is_taken_or_refused() {
        replay("settings", crate::settings::run);
    }

    // A library with the test kit in it has no sockets.
    #[cfg(not(feature = "kit"))]
    #[test]
    fn every_program_that_is_kept_ends_as_the_header_says() {
        crate::capi::prepare();
        replay("capi", crate::capi::run);
    }

    #[cfg(feature = "kit")]
    #[test]
    fn every_world_that_is_kept_is_the_same_twice() {
        crate::capi::prepare();
        replay("kit", crate::kit::run);
    }

    #[test]
    fn every_life_that_is_kept_has_right_books() {
        replay("engine", crate::engine::run);
    }
}

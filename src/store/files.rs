//! The files of a store: nobody else reads them, whatever the umask, and none of them is a link.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database.
const BESIDE: &[&str] = &["-wal", "-shm", "-journal"];

/// A path with something at its end.
pub(super) fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Makes a directory for us alone. One that is there belongs to the host and stays as it is, but it is
/// said if others may write there.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        // A umask of 0277, say, takes away from ourselves.
        return fs::set_permissions(path, Permissions::from_mode(0o700));
    }
    if fs::metadata(path)?.mode() & 0o022 != 0 {
        log::warn!(
            "others may write in the storage directory {}",
            path.display()
        );
    }
    Ok(())
}

/// Sees to it that a database is a file of ours alone before SQLite opens it; what SQLite makes beside
/// it has the same rights. A database that is there is not opened here: to close it again would take
/// away the locks of whoever has it open in this process.
pub(super) fn prepare(path: &Path) -> io::Result<()> {
    for end in [""].iter().chain(BESIDE) {
        let file = with(path, end);
        match fs::symlink_metadata(&file) {
            Ok(there) if !there.is_file() => {
                let text = format!("{} is not a file but a link or the like", file.display());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Ok(there) if there.mode() & 0o7777 != 0o600 => {
                fs::set_permissions(&file, Permissions::from_mode(0o600))?;
            }
            Ok(_) => {}
            Err(why) if why.kind() == io::ErrorKind::NotFound && end.is_empty() => {
                let mut options = OpenOptions::new();
                let made = options
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&file)?;
                made.set_permissions(Permissions::from_mode(0o600))?;
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// Which file a path is now: its device and number.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let there = fs::symlink_metadata(path).ok()?;
    Some((there.dev(), there.ino()))
}

/// Removes a database and what is beside it.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for end in [""].iter().chain(BESIDE) {
        match fs::remove_file(with(path, end)) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    Ok(())
}

/// Puts `fresh`, a database that is closed, in the place of the one at `path`, which is kept at `aside`.
/// A cut in between leaves one of the two; [`take_over`] ends what was begun.
pub(super) fn replace(path: &Path, fresh: &Path, aside: &Path) -> io::Result<()> {
    for end in BESIDE {
        let beside = with(path, end);
        if beside.exists() {
            fs::copy(&beside, with(aside, end))?;
        }
    }
    fs::rename(path, aside)?;
    take_over(path, fresh)
}

/// The fresh database takes the place that is empty; the log of another one is not its own.
pub(super) fn take_over(path: &Path, fresh: &Path) -> io::Result<()> {
    remove(path)?;
    fs::rename(fresh, path)?;
    match path.parent() {
        Some(directory) => fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

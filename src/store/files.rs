//! The files of a store: for its owner alone, and never somewhere else.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::store::trouble::Trouble;
use crate::time::Wall;

/// What SQLite puts beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Makes a directory that only its owner can look into. One that is there already stays as its owner
/// made it, but for a word about it.
pub(super) fn make_directory(directory: &Path) -> io::Result<()> {
    match fs::metadata(directory) {
        Ok(there) => {
            if there.permissions().mode() & 0o022 != 0 {
                log::warn!("others may write in {}: chmod 700 it", directory.display());
            }
            Ok(())
        }
        Err(_) => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory),
    }
}

/// Makes a database file that only its owner can read, whatever the umask, if there is none; one that
/// is there is made so. A link is no file of ours.
pub(super) fn make_private(path: &Path) -> Result<(), Trouble> {
    for end in [""].iter().chain(&BESIDE) {
        let file = with(path, end);
        let Ok(there) = fs::symlink_metadata(&file) else {
            continue;
        };
        if there.file_type().is_symlink() {
            let text = format!(
                "{} is a symbolic link, which is not followed",
                file.display()
            );
            return Err(Trouble::Other(text));
        }
        let private = Permissions::from_mode(0o600);
        fs::set_permissions(&file, private).map_err(|why| Trouble::Other(why.to_string()))?;
    }
    let made = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path);
    // What SQLite says about a file that cannot be opened says more.
    made.map_or(Ok(()), |file| {
        let private = Permissions::from_mode(0o600);
        file.set_permissions(private)
            .map_err(|why| Trouble::Other(why.to_string()))
    })
}

/// Renames a file and what belongs to it.
pub(super) fn set_aside(path: &Path, now: Wall) -> io::Result<PathBuf> {
    let aside = with(path, &format!(".damaged-{}", now.0));
    fs::rename(path, &aside)?;
    for end in BESIDE {
        let beside = with(path, end);
        if beside.exists() {
            fs::rename(&beside, with(&aside, end))?;
        }
    }
    Ok(aside)
}

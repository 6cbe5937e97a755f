//! What is wrong when SQLite says no: the file itself, or the world around it.

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// Why a file could not be opened, read or written.
pub(super) enum DatabaseError {
    /// It is not, or not any more, what we wrote.
    Damaged(String),
    /// Something else is wrong, and renaming the file would not help.
    Other(String),
}

impl DatabaseError {
    pub(super) fn text(self) -> String {
        match self {
            Self::Damaged(why) | Self::Other(why) => why,
        }
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Other("another process has it open".to_owned())
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory,
            ) => Self::Other(error.to_string()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}

impl From<std::io::Error> for DatabaseError {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        Self(error.text())
    }
}

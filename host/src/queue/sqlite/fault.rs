//! What SQLite's errors mean.

use std::path::Path;

use rusqlite::ErrorCode;

use super::folder::{damaged, open_error};
use crate::queue::QueueError;

/// Whether the disk or the file is at fault, rather than the request.
pub(super) fn is_disk(error: &rusqlite::Error) -> bool {
    use ErrorCode::{ApiMisuse, ConstraintViolation, ParameterOutOfRange, TooBig, TypeMismatch};
    match error.sqlite_error_code() {
        Some(ConstraintViolation | TypeMismatch | TooBig | ApiMisuse | ParameterOutOfRange) | None => false,
        Some(_) => true,
    }
}

/// Whether the disk has no room.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Whether it may well be gone after a while.
pub(super) fn can_pass(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

/// The error for those who asked.
pub(super) fn failing(error: &rusqlite::Error) -> QueueError {
    QueueError::Failing { problem: describe(error) }
}

/// What SQLite said, with the code that its documentation explains.
pub(super) fn describe(error: &rusqlite::Error) -> String {
    match error.sqlite_extended_error_code() {
        Some(code) => format!("{error} (SQLite code {code})"),
        None => error.to_string(),
    }
}

/// What SQLite's documentation knows it by, or `sqlite`.
pub(super) fn code(error: &rusqlite::Error) -> String {
    error.sqlite_extended_error_code().map_or_else(|| "sqlite".to_owned(), |code| format!("sqlite-{code}"))
}

/// The error of a store that can't be opened.
pub(super) fn at_open(path: &Path, error: &rusqlite::Error) -> QueueError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path, describe(error)),
        _ => open_error(path, describe(error)),
    }
}

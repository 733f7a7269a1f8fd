//! What the operating system says, in words for people.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::Fault;

/// The fault that `what` ("cannot be read") names of a path.
pub(super) fn fault(path: &Path, what: &str, error: Error) -> Fault {
    let reason = match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        ErrorKind::NotFound => "it is not there".to_owned(),
        _ => error.to_string(),
    };
    Fault::Unavailable {
        message: format!("{} {what}: {reason}", path.display()),
        source: Some(error.into()),
    }
}

/// The fault of something in the folder that should be something else.
pub(super) fn in_the_way(path: &Path, found: &str) -> Fault {
    Fault::Unavailable {
        message: format!("{} is {found}, which is in the way", path.display()),
        source: None,
    }
}

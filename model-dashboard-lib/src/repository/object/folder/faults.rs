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
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            "a file is there, where a folder is needed".to_owned()
        }
        _ => error.to_string(),
    };
    Fault::Unavailable {
        message: format!("{} {what}: {reason}", path.display()),
        // In the same words, so that nobody reads it twice.
        source: Some(Error::new(error.kind(), reason).into()),
    }
}

/// Whether a folder that cannot be opened for this reason may be there later, without anybody
/// changing a setting: a server of files that does not answer, for one.
pub(super) fn may_pass(fault: &Fault) -> bool {
    let Fault::Unavailable {
        source: Some(source),
        ..
    } = fault
    else {
        return false;
    };
    let kind = source.downcast_ref::<Error>().map(Error::kind);
    let Some(kind) = kind else { return false };
    !matches!(
        kind,
        ErrorKind::AlreadyExists
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput
            | ErrorKind::NotADirectory
            | ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
    )
}

/// The fault of a file that cannot be locked.
pub(super) fn unlockable(path: &Path, error: Error) -> Fault {
    #[cfg(unix)]
    let no_locks = {
        use rustix::io::Errno;

        let number = error.raw_os_error().map(Errno::from_raw_os_error);
        number
            .is_some_and(|number| [Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP].contains(&number))
    };
    #[cfg(not(unix))]
    let no_locks = false;
    if no_locks || error.kind() == ErrorKind::Unsupported {
        return Fault::Unsafe {
            message: format!(
                "the folder of the models cannot be shared by several writers: its file system has \
                 no file locks ({} cannot be locked: {error}). Use one that has; if one process \
                 alone ever writes, set STORAGE_SINGLE_WRITER",
                path.display()
            ),
        };
    }
    fault(path, "cannot be locked", error)
}

/// The fault of something in the folder that should be something else.
pub(super) fn in_the_way(path: &Path, found: &str) -> Fault {
    Fault::Unavailable {
        message: format!("{} is {found}, which is in the way", path.display()),
        source: None,
    }
}

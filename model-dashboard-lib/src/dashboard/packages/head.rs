//! What is kept of a package in few bytes, and changed on condition: whoever gives it to a model and
//! whoever removes it go by this alone, so that of both one is first.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::uploads::Note;
use crate::auth::Permission;
use crate::dashboard::{Caller, Error};
use crate::model::{ContentDigest, ModelKey, Timestamp};
use crate::repository::packages::{PackageId, PackageStore, Upload};

/// How often a change is tried. A try fails only because somebody else was quicker.
pub(super) const TRIES: usize = 32;

/// When to try such a change again that never had its turn.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// The most models that a package is meant for without one having it.
const MAX_INTENTS: usize = 100;

/// What is known of a package: where it comes from, and whether it is still there. Its JSON stays
/// readable: fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackageHead {
    /// The name of its file when it was uploaded.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256.
    pub digest: ContentDigest,
    /// The name of whoever uploaded it.
    pub uploaded_by: String,
    /// When all of it was there.
    pub uploaded_at: Timestamp,
    /// That its bytes were removed, or are at this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<PackageRemoval>,
    /// The models that any may have it: noted before they get it, and taken back if they do not.
    /// Bytes that a model may have never go with an upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::dashboard) intents: Vec<Intent>,
    /// Another one in each state, so that no two writers write the same.
    #[serde(default)]
    word: String,
}

/// Why the bytes of a package are there no more. By whom and why tells administrators and readers of the audit
/// log alone: a reason may name what must not be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackageRemoval {
    /// When.
    pub at: Timestamp,
    /// The name of whoever removed them; empty for the server, and where it is not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Why; empty where it is not told.
    pub reason: String,
}

/// When, by whom and why: `2026-03-01, by anna: a name of a patient`; `2026-03-01, by an administrator` for
/// those who are not told the rest.
impl fmt::Display for PackageRemoval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day: String = self.at.to_string().chars().take(10).collect();
        f.write_str(&day)?;
        match (&*self.by, self.is_withheld()) {
            (_, true) => f.write_str(", by an administrator")?,
            ("", _) => {}
            (by, _) => write!(f, ", by {by}")?,
        }
        match &*self.reason {
            "" => Ok(()),
            reason => write!(f, ": {reason}"),
        }
    }
}

impl PackageRemoval {
    pub(in crate::dashboard) fn now(by: &str, reason: &str) -> PackageRemoval {
        PackageRemoval {
            at: Timestamp::now(),
            by: by.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// What this caller is told of it.
    pub(in crate::dashboard) fn told_to(self, caller: &Caller) -> PackageRemoval {
        let told = [Permission::SystemAdmin, Permission::AuditRead];
        match told.into_iter().any(|permission| caller.has(permission)) {
            true => self,
            false => PackageRemoval {
                at: self.at,
                by: String::new(),
                reason: String::new(),
            },
        }
    }

    /// Whether an administrator removed them, and it is not told which one and why.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.by.is_empty() && self.reason.is_empty()
    }
}

/// That a model is to get a package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::dashboard) struct Intent {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) at: Timestamp,
}

impl Intent {
    pub(in crate::dashboard) fn new(key: &ModelKey) -> Intent {
        Intent {
            id: Ulid::generate().to_string(),
            model: key.to_string(),
            at: Timestamp::now(),
        }
    }
}

impl PackageHead {
    /// Of a finished upload.
    pub(in crate::dashboard) fn new(
        upload: &Upload,
        digest: ContentDigest,
        note: Option<&Note>,
    ) -> PackageHead {
        let of_note = |part: fn(&Note) -> &String| note.map(part).cloned().unwrap_or_default();
        PackageHead {
            file_name: of_note(|note| &note.file_name),
            size: upload.size,
            digest,
            uploaded_by: of_note(|note| &note.username),
            uploaded_at: upload.changed_at,
            removed: None,
            intents: Vec::new(),
            word: String::new(),
        }
    }

    /// Notes that a model is to get it, unless it is removed. Says whether it is noted.
    pub(in crate::dashboard) fn intend(&mut self, intent: &Intent) -> bool {
        let room = self.intents.len() < MAX_INTENTS;
        let is_there = self.removed.is_none() && room;
        if is_there {
            self.intents.push(intent.clone());
        }
        is_there
    }

    /// Notes that it is removed, unless a model may have it. Says whether anything changed.
    pub(in crate::dashboard) fn remove(&mut self, removal: &PackageRemoval) -> bool {
        let may_go = self.removed.is_none() && self.intents.is_empty();
        if may_go {
            self.removed = Some(removal.clone());
        }
        may_go
    }

    /// What the audit log says of it.
    pub(super) fn in_short(&self) -> String {
        let digest = self.digest.to_hex();
        format!("{}, {} bytes, sha256:{digest}", self.file_name, self.size)
    }

    fn encode(&mut self) -> Result<Vec<u8>, Error> {
        self.word = Ulid::generate().to_string();
        serde_json::to_vec(self).map_err(|error| Error::Internal(Box::new(error)))
    }
}

/// A head as it was read, to be replaced unless it has changed.
#[derive(Clone, Debug)]
pub(super) struct ReadHead {
    id: PackageId,
    bytes: Vec<u8>,
    pub(super) head: PackageHead,
}

impl ReadHead {
    /// Reads the head of a package, if it has one.
    pub(super) async fn read(
        store: &dyn PackageStore,
        id: PackageId,
    ) -> Result<Option<ReadHead>, Error> {
        let Some(bytes) = store.note(id).await? else {
            return Ok(None);
        };
        let head = serde_json::from_slice(&bytes);
        let head = head.map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Some(ReadHead { id, bytes, head }))
    }

    /// Replaces it, unless it has changed; says whether it did.
    pub(super) async fn replace(
        &self,
        store: &dyn PackageStore,
        mut head: PackageHead,
    ) -> Result<bool, Error> {
        let bytes = head.encode()?;
        let replaced = store.replace_note(self.id, Some(&self.bytes), &bytes);
        Ok(replaced.await?)
    }
}

/// Keeps the head of a package that has none; says whether this call did.
pub(in crate::dashboard) async fn create(
    store: &dyn PackageStore,
    id: PackageId,
    mut head: PackageHead,
) -> Result<bool, Error> {
    let bytes = head.encode()?;
    Ok(store.replace_note(id, None, &bytes).await?)
}

/// Changes the head of a package, whoever else does so; `change` says whether anything is to be
/// written. Answers what is kept then; `None` if there is no head.
pub(in crate::dashboard) async fn change(
    store: &dyn PackageStore,
    id: PackageId,
    change: impl Fn(&mut PackageHead) -> bool,
) -> Result<Option<PackageHead>, Error> {
    for _ in 0..TRIES {
        let Some(read) = ReadHead::read(store, id).await? else {
            return Ok(None);
        };
        let mut head = read.head.clone();
        if !change(&mut head) || read.replace(store, head.clone()).await? {
            return Ok(Some(head));
        }
    }
    Err(Error::Busy { retry_after: RETRY })
}

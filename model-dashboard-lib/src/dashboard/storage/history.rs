//! Reading a whole history, a few revisions at a time.

use super::{Finding, FindingKind};
use crate::catalog::Catalog;
use crate::dashboard::{Gap, ModelRevision, Origin, RevisionContent};
use crate::model::{ModelId, ModelKey, Version};
use crate::repository::{Archived, RepositoryError};

/// How many revisions of a history are in memory at a time.
const PAGE: usize = 8;

/// What a history holds.
#[derive(Debug, Default)]
pub(super) struct HistoryRead {
    pub(super) last: Option<Last>,
    pub(super) revisions: u64,
    pub(super) bytes: u64,
    pub(super) findings: Vec<Finding>,
}

/// The last revision of a history.
#[derive(Debug)]
pub(super) struct Last {
    /// What it holds; `None` if that cannot be read.
    pub(super) version: Option<Version>,
    pub(super) is_deletion: bool,
    /// Where the model was then.
    pub(super) key: Option<ModelKey>,
}

/// A revision as a check sees it.
struct Seen {
    number: u64,
    bytes: u64,
    version: Option<Version>,
    revision: ModelRevision,
    /// Why the store does not give it.
    failed: Option<RepositoryError>,
}

impl HistoryRead {
    /// Reads all revisions; `at` is what people know the model by.
    pub(super) async fn read(
        catalog: &Catalog,
        id: &ModelId,
        at: &str,
    ) -> Result<Self, RepositoryError> {
        let mut read = Self::default();
        let (mut before, mut later): (_, Option<ModelRevision>) = (None, None);
        loop {
            let page = catalog.ask_history(id, before, PAGE).await?;
            let is_last = page.len() < PAGE;
            let see = move || page.into_iter().map(Seen::new).collect::<Vec<_>>();
            let seen = tokio::task::spawn_blocking(see).await;
            for mut seen in seen.map_err(|error| RepositoryError::Internal(error.into()))? {
                if let Some(error) = &seen.failed {
                    // Is it this revision or everything?
                    catalog.ask_marker().await?;
                    let detail = format!("revision {}: {error}", seen.number);
                    read.find(FindingKind::Unreadable, at, detail);
                }
                read.gap(before, seen.number, at);
                before = Some(seen.number);
                if let Some(later) = &later {
                    seen.revision.compare_with_note_of(later);
                }
                later = Some(seen.revision.without_content());
                read.take(seen, at);
            }
            if is_last {
                read.gap(before, 0, at);
                return Ok(read);
            }
        }
    }

    fn take(&mut self, seen: Seen, at: &str) {
        self.revisions += 1;
        self.bytes += seen.bytes;
        if seen.revision.origin == Origin::Falsified {
            let detail = format!("revision {} is not what was once stored", seen.number);
            self.find(FindingKind::Falsified, at, detail);
        }
        if self.last.is_none() {
            self.last = Some(Last {
                version: seen.version,
                is_deletion: matches!(seen.revision.content, RevisionContent::Deleted),
                key: seen.revision.key,
            });
        }
    }

    /// Numbers that lie between two revisions.
    fn gap(&mut self, later: Option<u64>, earlier: u64, at: &str) {
        let gap = later.and_then(|later| Gap::between(later, earlier));
        if let Some(gap) = gap {
            self.find(FindingKind::Gap, at, gap.to_string());
        }
    }

    fn find(&mut self, kind: FindingKind, at: &str, detail: String) {
        self.findings.push(Finding::new(kind, at, detail));
    }
}

impl Seen {
    fn new(archived: Archived) -> Self {
        let number = archived.number;
        let (bytes, version) = match &archived.revision {
            Ok(revision) => (
                revision.bytes.len() as u64,
                Some(Version::of(&revision.bytes)),
            ),
            Err(RepositoryError::RevisionTooLarge { size, .. }) => (*size, None),
            Err(_) => (0, None),
        };
        let (revision, failed) = match archived.revision {
            Err(RepositoryError::RevisionTooLarge { number, size }) => (
                Err(RepositoryError::RevisionTooLarge { number, size }),
                None,
            ),
            Err(error) => (
                Err(RepositoryError::RevisionNotFound { number }),
                Some(error),
            ),
            read => (read, None),
        };
        Self {
            number,
            bytes,
            version,
            revision: ModelRevision::read(Archived { number, revision }),
            failed,
        }
    }
}

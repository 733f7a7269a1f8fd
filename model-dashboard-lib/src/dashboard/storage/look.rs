//! A look at one model.

use std::sync::Arc;

use super::history::HistoryRead;
use super::{Finding, FindingKind};
use crate::dashboard::{Dashboard, Error};
use crate::model::{DuplicateKeys, ModelDefinition, ModelId, ModelKey, RegistryInfo, Version};
use crate::repository::{RepositoryError, StoredModel, is_ours};

/// What is seen at a key.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) is_there: bool,
    pub(super) is_tombstone: bool,
    /// The model that is here, or was before it was deleted.
    pub(super) id: Option<ModelId>,
    /// The model that moved away from here, and where to.
    pub(super) moved: Option<(ModelId, ModelKey)>,
    pub(super) bytes: u64,
    /// What holds whatever others write at this moment.
    pub(super) findings: Vec<Finding>,
    pub(super) history: HistoryRead,
    pub(super) unfinished: Option<Unfinished>,
}

impl Look {
    /// Whether this is the last state in the history.
    fn ends_with(&self, version: Version) -> bool {
        let last = self.history.last.as_ref();
        last.is_some_and(|last| last.version == Some(version))
    }
}

/// What another writer may be about to put right, or a repair can.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) kind: FindingKind,
    /// In which state of the model.
    pub(super) version: Version,
    pub(super) detail: &'static str,
}

/// A definition as far as it can be read.
struct Read {
    stored: Arc<StoredModel>,
    info: Option<RegistryInfo>,
    ours: bool,
    findings: Vec<Finding>,
}

impl Read {
    fn new(stored: StoredModel) -> Self {
        let key = &stored.key;
        let mut findings = Vec::new();
        let (info, ours) = match ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins) {
            Ok(definition) => {
                let info = definition.registry();
                let is_deleted = definition.deleted().is_some();
                if let Some(contradiction) = definition.contradicts(key).filter(|_| !is_deleted) {
                    let detail = contradiction.to_string();
                    findings.push(Finding::new(FindingKind::Contradiction, key, detail));
                }
                (info, is_ours(key, &definition))
            }
            Err(error) => {
                findings.push(Finding::new(FindingKind::Broken, key, error.to_string()));
                (None, false)
            }
        };
        Self {
            stored: Arc::new(stored),
            info,
            ours,
            findings,
        }
    }
}

/// Looks at what lies at a key, and at its history.
pub(super) async fn look(dashboard: &Dashboard, key: &ModelKey) -> Result<Look, Error> {
    let catalog = &dashboard.inner.catalog;
    let mut look = Look {
        is_there: true,
        ..Look::default()
    };
    let stored = match catalog.ask_one(key).await {
        Ok(stored) => stored,
        Err(RepositoryError::NotFound { .. }) => return Ok(Look::default()),
        Err(error @ RepositoryError::TooLarge { .. }) => {
            let finding = Finding::new(FindingKind::Broken, key, error.to_string());
            look.findings.push(finding);
            look.id = catalog.ask_identity(key).await?;
            // Whoever replaces it archives it.
            look.history = read_history(dashboard, look.id, key).await?;
            return Ok(look);
        }
        Err(error) => {
            // Is it this object or everything?
            catalog.ask_marker().await?;
            let finding = Finding::new(FindingKind::Unreadable, key, error.to_string());
            look.findings.push(finding);
            look.id = catalog.ask_note(key).await?;
            return Ok(look);
        }
    };
    look.bytes = stored.bytes.len() as u64;
    let read = tokio::task::spawn_blocking(move || Read::new(stored)).await;
    let read = read.map_err(|error| Error::Internal(Box::new(error)))?;
    look.findings = read.findings;
    let info = read.info.as_ref().filter(|_| read.ours);
    let deleted = info.and_then(|info| info.deleted.as_ref());
    look.is_tombstone = deleted.is_some();
    if let Some((info, to)) = info.zip(deleted.and_then(|deleted| deleted.moved_to.as_ref())) {
        // Its history goes on elsewhere.
        look.moved = to.parse().ok().map(|to| (info.id, to));
        return Ok(look);
    }
    look.id = match info {
        Some(info) => Some(info.id),
        None => catalog.ask_identity(key).await?,
    };
    if catalog.ask_whether_moving(&read.stored).await? {
        look.unfinished = Some(Unfinished {
            kind: FindingKind::InterruptedRename,
            version: read.stored.version,
            detail: "",
        });
        return Ok(look);
    }
    look.history = read_history(dashboard, look.id, key).await?;
    if read.ours && !look.ends_with(read.stored.version) {
        // Somebody may have put it back where its model had moved away.
        let belongs = catalog.ask_identity(key).await?;
        if belongs != look.id {
            look.id = belongs;
            look.history = read_history(dashboard, belongs, key).await?;
        }
    }
    if !look.ends_with(read.stored.version) {
        let (kind, detail) = match (read.ours, &look.history.last) {
            (true, _) => (FindingKind::NotInHistory, ""),
            (false, None) => (FindingKind::ChangedOutside, "it has no history yet"),
            (false, Some(_)) => (
                FindingKind::ChangedOutside,
                "its history ends with another state",
            ),
        };
        look.unfinished = Some(Unfinished {
            kind,
            version: read.stored.version,
            detail,
        });
    }
    Ok(look)
}

async fn read_history(
    dashboard: &Dashboard,
    id: Option<ModelId>,
    key: &ModelKey,
) -> Result<HistoryRead, Error> {
    let Some(id) = id else {
        return Ok(HistoryRead::default());
    };
    let catalog = &dashboard.inner.catalog;
    Ok(HistoryRead::read(catalog, &id, &key.to_string()).await?)
}

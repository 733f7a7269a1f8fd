//! Removing uploads, and the bytes of packages that no model has.

use super::head::{self, PackageHead, PackageRemoval};
use super::uploads::{Note, described};
use crate::audit::{Action, NewEvent};
use crate::dashboard::{Error, Inner};
use crate::model::Timestamp;
use crate::repository::packages::{PackageId, PackageStore, PackageStoreError, Upload};

/// Removes an upload and its bytes, unless they are those of a package that a model may have; says
/// whether they went. Once more goes on where an interrupted call ended: the record of the upload
/// goes last.
pub(super) async fn discard(
    store: &dyn PackageStore,
    upload: &Upload,
    note: Option<&Note>,
    removal: &PackageRemoval,
) -> Result<bool, Error> {
    let id = upload.id;
    let Some(digest) = upload.digest else {
        store.give_up(id).await?;
        // It may have become a package a moment before. Then it belongs to nobody.
        return match store.package(id).await {
            Err(PackageStoreError::NoPackage { .. }) => Ok(true),
            _ => remove(store, id, removal).await,
        };
    };
    if store.note(id).await?.is_none() {
        let mut head = PackageHead::new(upload, digest, note);
        head.remove(removal);
        // If it is there now, it decides.
        head::create(store, id, head).await?;
    }
    let gone = remove(store, id, removal).await?;
    store.give_up(id).await?;
    Ok(gone)
}

/// Removes the bytes of a package and what was found in them, unless a model may have it; says
/// whether they went.
async fn remove(
    store: &dyn PackageStore,
    id: PackageId,
    removal: &PackageRemoval,
) -> Result<bool, Error> {
    let head = head::change(store, id, |head| head.remove(removal)).await?;
    let gone = head.is_some_and(|head| head.removed.is_some());
    if gone {
        remove_bytes(store, id).await?;
    }
    Ok(gone)
}

/// Removes the bytes of a package of which it is noted that they are removed.
pub(super) async fn remove_bytes(store: &dyn PackageStore, id: PackageId) -> Result<(), Error> {
    store.remove(id).await?;
    Ok(store.remove_report(id).await?)
}

impl Inner {
    /// Gives up uploads that expired.
    pub(in crate::dashboard) async fn purge_uploads(&self) {
        let Some(store) = self.packages.kept() else {
            return;
        };
        let listed = match store.list_uploads().await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::debug!(%error, "uploads cannot be listed");
                return;
            }
        };
        for (id, reason) in listed.unreadable {
            tracing::warn!(%id, reason, "the record of an upload cannot be read");
        }
        for upload in listed.uploads {
            if !self.has_expired(&upload) {
                continue;
            }
            let note = Note::read(&upload);
            let removal = PackageRemoval::now("", "expired");
            match discard(&**store, &upload, note.as_ref(), &removal).await {
                Ok(true) => {
                    let target = format!("package:{}", upload.id);
                    let event = NewEvent::of_server(Action::PackageDiscard, target);
                    let event = event.with_detail("expired");
                    let event = event.with_detail(described(&upload, note.as_ref()));
                    self.trail.record(event).await;
                }
                Ok(false) => {}
                // Somebody writes it at this moment, or the store does not answer.
                Err(error) => {
                    tracing::debug!(id = %upload.id, %error, "an upload that expired is still there");
                }
            }
        }
    }

    pub(super) fn has_expired(&self, upload: &Upload) -> bool {
        let is_late = self.expires_at(upload) <= Timestamp::now();
        // What is being looked at is waited for.
        is_late && !self.packages.inspections.are_at(upload.id)
    }
}

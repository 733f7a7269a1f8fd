//! Uploads of the caller: begun, gone on with, finished, given up.

use std::ops::Not as _;

use serde::{Deserialize, Serialize};

use super::inspection::put;
use super::record::PackageRecord;
use crate::audit::{Action, NewEvent};
use crate::auth::Permission;
use crate::dashboard::{Caller, Dashboard, Error, Inner, shutting_down, text_field};
use crate::model::{ContentDigest, Timestamp};
use crate::package::PackagePath;
use crate::repository::packages::{PackageId, PackageStore, PackageStoreError, Pieces, Upload};

/// The longest name of a file, in characters.
pub const MAX_FILE_NAME_CHARS: usize = 200;

/// The longest note of the client's own, in bytes.
pub const MAX_UPLOAD_NOTE_BYTES: usize = 4096;

/// The most uploads of one account.
pub const MAX_UPLOADS: usize = 100;

/// An upload to be begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUpload {
    /// How many bytes it will have.
    pub size: u64,
    /// What the file is called: 1 to [`MAX_FILE_NAME_CHARS`] characters, without folders.
    pub file_name: String,
    /// What the client wants to be told again: up to [`MAX_UPLOAD_NOTE_BYTES`].
    pub client_note: String,
}

/// An upload of the caller, on its way or finished.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageUpload {
    /// Its name; once it is finished, that of the package.
    pub id: PackageId,
    /// What the file is called.
    pub file_name: String,
    /// What the client wanted to be told again.
    pub client_note: String,
    /// How many bytes it is to have.
    pub size: u64,
    /// How many are there.
    pub received: u64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it goes unless more bytes come, or a model gets the package.
    pub expires_at: Timestamp,
    /// The SHA-256 of all bytes, once it is finished.
    pub digest: Option<ContentDigest>,
}

impl PackageUpload {
    /// Whether all bytes are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.received == self.size
    }
}

/// What is noted of an upload in the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// Source and subject of whoever began it.
    owner: String,
    /// Their name then.
    pub(super) username: String,
    pub(super) file_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    client_note: String,
}

impl Note {
    fn read(upload: &Upload) -> Option<Note> {
        serde_json::from_str(&upload.about).ok()
    }
}

impl Inner {
    fn expires_at(&self, upload: &Upload) -> Timestamp {
        upload.changed_at.plus(self.policy.upload_expiry)
    }

    fn shown(&self, upload: Upload, note: Note) -> PackageUpload {
        PackageUpload {
            expires_at: self.expires_at(&upload),
            id: upload.id,
            file_name: note.file_name,
            client_note: note.client_note,
            size: upload.size,
            received: upload.received,
            begun_at: upload.begun_at,
            digest: upload.digest,
        }
    }

    /// Gives up uploads that expired.
    pub(in crate::dashboard) async fn purge_uploads(&self) {
        let Ok(store) = self.packages.store() else {
            return;
        };
        let uploads = match store.uploads().await {
            Ok(uploads) => uploads,
            Err(error) => {
                tracing::debug!(%error, "uploads cannot be listed");
                return;
            }
        };
        let now = Timestamp::now();
        for upload in uploads {
            if self.expires_at(&upload) > now {
                continue;
            }
            match discard(&**store, upload.id).await {
                Ok(()) => {
                    let target = format!("package:{}", upload.id);
                    let event = NewEvent::of_server(Action::PackagePurge, target);
                    let note = Note::read(&upload);
                    let event = event
                        .with_detail("expired")
                        .with_detail(told(&upload, note));
                    self.trail.record(event).await;
                }
                // Somebody writes it at this moment, or the store does not answer.
                Err(error) => {
                    tracing::debug!(id = %upload.id, %error, "an upload that expired is still there");
                }
            }
        }
    }
}

/// Removes an upload and its bytes, unless they are those of a package that a model may have.
async fn discard(store: &dyn PackageStore, id: PackageId) -> Result<(), PackageStoreError> {
    // First: who gives the package to a model looks whether the upload is still there, after
    // noting that it will.
    store.give_up(id).await?;
    let Some(bytes) = store.report(id).await? else {
        return store.remove(id).await;
    };
    match PackageRecord::read(id, &bytes) {
        Some(record) if record.meant_for.is_empty() => {
            store.remove(id).await?;
            put(store, id, &record.stub()).await
        }
        _ => Ok(()),
    }
}

/// What the audit log says of an upload.
fn told(upload: &Upload, note: Option<Note>) -> String {
    let name = note.map(|note| note.file_name).unwrap_or_default();
    match upload.digest {
        Some(digest) => format!("{name}, {} bytes, sha256:{}", upload.size, digest.to_hex()),
        None => format!("{name}, {} of {} bytes", upload.received, upload.size),
    }
}

fn target(id: PackageId) -> impl FnOnce() -> String {
    move || format!("package:{id}")
}

impl Dashboard {
    /// Begins an upload. Needs `packages:write`, as all that follows.
    ///
    /// # Errors
    /// [`Error::PackageTooLarge`]; [`Error::Invalid`] for `filename` and `metadata`;
    /// [`Error::TooMany`] at [`MAX_UPLOADS`].
    pub async fn begin_upload(
        &self,
        caller: &Caller,
        new: NewUpload,
    ) -> Result<PackageUpload, Error> {
        self.require(caller, Permission::PackagesWrite, || "packages".to_owned())
            .await?;
        let limit = self.policy().max_upload_bytes;
        if new.size > limit {
            return Err(Error::PackageTooLarge { limit });
        }
        let file_name = text_field("filename", &new.file_name, 1..=MAX_FILE_NAME_CHARS)?;
        let is_plain = file_name.contains(['/', '\\']).not();
        if !is_plain || PackagePath::parse(&file_name).is_err() {
            let message = "must be the name of a file, without folders";
            return Err(Error::invalid("filename", message));
        }
        if new.client_note.len() > MAX_UPLOAD_NOTE_BYTES {
            let message = format!("has more than {MAX_UPLOAD_NOTE_BYTES} bytes");
            return Err(Error::invalid("metadata", message));
        }
        if self.uploads(caller).await?.len() >= MAX_UPLOADS {
            return Err(Error::TooMany {
                what: "uploads; finish or give up some",
                limit: MAX_UPLOADS as u64,
            });
        }
        let note = Note {
            owner: caller.id().to_string(),
            username: caller.username().to_owned(),
            file_name,
            client_note: new.client_note,
        };
        let about = serde_json::to_string(&note).map_err(|e| Error::Internal(Box::new(e)))?;
        let this = self.clone();
        self.change_of_package(async move {
            this.inner.prove_store().await?;
            let upload = this.inner.packages.store()?.begin(new.size, &about).await?;
            Ok(this.inner.shown(upload, note))
        })
        .await
    }

    /// The caller's uploads, those that began last first.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn uploads(&self, caller: &Caller) -> Result<Vec<PackageUpload>, Error> {
        self.require(caller, Permission::PackagesWrite, || "packages".to_owned())
            .await?;
        let (inner, owner) = (&self.inner, caller.id().to_string());
        let uploads = inner.packages.store()?.uploads().await?;
        let now = Timestamp::now();
        let own = uploads.into_iter().filter_map(|upload| {
            let note = Note::read(&upload).filter(|note| note.owner == owner)?;
            Some(inner.shown(upload, note)).filter(|upload| upload.expires_at > now)
        });
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|upload| std::cmp::Reverse((upload.begun_at, upload.id)));
        Ok(own)
    }

    /// How far an upload of the caller is.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for those of others; [`Error::Denied`].
    pub async fn upload(&self, caller: &Caller, id: PackageId) -> Result<PackageUpload, Error> {
        let (upload, note) = self.own_upload(caller, id).await?;
        Ok(self.inner.shown(upload, note))
    }

    async fn own_upload(&self, caller: &Caller, id: PackageId) -> Result<(Upload, Note), Error> {
        self.require(caller, Permission::PackagesWrite, target(id))
            .await?;
        let none = || Error::not_found(format!("upload {id}"));
        let upload = self.inner.packages.store()?.upload(id).await?;
        let note = Note::read(&upload).ok_or_else(none)?;
        let is_there = self.inner.expires_at(&upload) > Timestamp::now();
        match note.owner == caller.id().to_string() && is_there {
            true => Ok((upload, note)),
            false => Err(none()),
        }
    }

    /// A finished one, with its digest.
    pub(super) async fn finished(
        &self,
        caller: &Caller,
        id: PackageId,
    ) -> Result<(Upload, Note, ContentDigest), Error> {
        let (upload, note) = self.own_upload(caller, id).await?;
        match upload.digest {
            Some(digest) => Ok((upload, note, digest)),
            None => Err(Error::UploadIncomplete {
                received: upload.received,
                size: upload.size,
            }),
        }
    }

    /// Appends bytes to an upload of which `offset` bytes are there. They are taken in as they
    /// come; those that came stay, whatever ends the call.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::WrongOffset`], where none is read;
    /// [`Error::UploadInterrupted`], [`Error::UploadTooLong`]; [`Error::Busy`] while another
    /// process takes bytes in; [`Error::UploadLost`].
    pub async fn append_to_upload(
        &self,
        caller: &Caller,
        id: PackageId,
        offset: u64,
        bytes: Box<dyn Pieces>,
    ) -> Result<PackageUpload, Error> {
        let (_, note) = self.own_upload(caller, id).await?;
        let store = self.inner.packages.store()?;
        let upload = store.append(id, offset, bytes).await?;
        Ok(self.inner.shown(upload, note))
    }

    /// Makes a package of an upload whose bytes are all there, and begins to look at it
    /// ([`Dashboard::inspection`]). Once more does nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`], [`Error::UploadIncomplete`], [`Error::Busy`],
    /// [`Error::UploadLost`].
    pub async fn finish_upload(
        &self,
        caller: &Caller,
        id: PackageId,
    ) -> Result<PackageUpload, Error> {
        let (before, note) = self.own_upload(caller, id).await?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            let upload = this.inner.packages.store()?.finish(id).await?;
            if before.digest.is_none() {
                let event = caller.event(Action::PackageUpload, format!("package:{id}"));
                let event = event.with_detail(told(&upload, Some(note.clone())));
                this.inner.trail.record(event).await;
            }
            if let Some(digest) = upload.digest {
                this.begin_inspection(upload.clone(), digest, note.clone())
                    .await?;
            }
            Ok(this.inner.shown(upload, note))
        })
        .await
    }

    /// Gives up an upload: its bytes go, also those of a finished one, unless a model got the
    /// package.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::Busy`] while another process takes bytes
    /// in.
    pub async fn give_up_upload(&self, caller: &Caller, id: PackageId) -> Result<(), Error> {
        let (upload, note) = self.own_upload(caller, id).await?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            discard(&**this.inner.packages.store()?, id).await?;
            let event = caller.event(Action::PackagePurge, format!("package:{id}"));
            let event = event.with_detail("given up");
            let event = event.with_detail(told(&upload, Some(note)));
            this.inner.trail.record(event).await;
            Ok(())
        })
        .await
    }

    /// Runs a change of packages to its end. It may take long, as a store puts a large object
    /// together, and is waited for.
    pub(in crate::dashboard) async fn change_of_package<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.store_answers()?;
        let permit = self.inner.model_changes.clone().acquire_owned().await;
        let permit = permit.map_err(|_| shutting_down())?;
        self.run_to_end(permit, work).await
    }
}

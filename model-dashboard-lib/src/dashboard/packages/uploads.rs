//! Uploads of the caller: begun, gone on with, finished, given up.

use std::ops::Not as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::discard::discard;
use super::head::{self, PackageHead, PackageRemoval};
use super::purged;
use super::watched::{self, Watched};
use crate::audit::Action;
use crate::auth::Permission;
use crate::dashboard::{Caller, Dashboard, Error, Inner, shutting_down, text_field};
use crate::model::{ContentDigest, Timestamp};
use crate::package::PackagePath;
use crate::repository::packages::{PackageId, Pieces, Upload};

/// The longest name of a file, in characters.
pub const MAX_FILE_NAME_CHARS: usize = 200;

/// The longest note of the client's own, in bytes.
pub const MAX_UPLOAD_NOTE_BYTES: usize = 4096;

/// The most uploads of one account.
pub const MAX_UPLOADS: usize = 100;

/// The most bytes of all uploads of one account, counted in largest ones.
pub const MAX_LARGEST_UPLOADS: u64 = 10;

/// When to try again while too many send bytes.
const TAKING_IN_RETRY: Duration = Duration::from_secs(10);

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
pub(in crate::dashboard) struct Note {
    /// Source and subject of whoever began it.
    pub(super) owner: String,
    /// Their name then.
    pub(super) username: String,
    pub(super) file_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    client_note: String,
}

impl Note {
    pub(super) fn read(upload: &Upload) -> Option<Note> {
        serde_json::from_str(&upload.about).ok()
    }
}

impl Inner {
    pub(super) fn expires_at(&self, upload: &Upload) -> Timestamp {
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
}

/// What the audit log says of an upload.
pub(super) fn described(upload: &Upload, note: Option<&Note>) -> String {
    let name = note.map_or("", |note| &note.file_name);
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
    /// [`Error::TooMany`] beyond [`MAX_UPLOADS`] or [`MAX_LARGEST_UPLOADS`].
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
        let note = Note {
            owner: caller.id().to_string(),
            username: caller.username().to_owned(),
            file_name,
            client_note: new.client_note,
        };
        let about = serde_json::to_string(&note).map_err(|e| Error::Internal(Box::new(e)))?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            this.inner.prove_store().await?;
            let _beginning = this.inner.packages.beginning.lock().await;
            this.make_room(&caller, new.size).await?;
            let upload = this.inner.packages.store()?.begin(new.size, &about).await?;
            Ok(this.inner.shown(upload, note))
        })
        .await
    }

    /// Makes sure that the caller may begin one more upload, of so many bytes.
    async fn make_room(&self, caller: &Caller, size: u64) -> Result<(), Error> {
        let uploads = self.uploads(caller).await?;
        if uploads.len() >= MAX_UPLOADS {
            return Err(Error::TooMany {
                what: "uploads; finish or give up some",
                limit: MAX_UPLOADS as u64,
            });
        }
        let begun = uploads
            .iter()
            .fold(size, |sum, upload| sum.saturating_add(upload.size));
        let limit = self
            .policy()
            .max_upload_bytes
            .saturating_mul(MAX_LARGEST_UPLOADS);
        match begun > limit {
            true => Err(Error::TooMany {
                what: "bytes in your uploads; finish or give up some",
                limit,
            }),
            false => Ok(()),
        }
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
        let own = uploads.into_iter().filter_map(|upload| {
            let note = Note::read(&upload).filter(|note| note.owner == owner)?;
            (!inner.has_expired(&upload)).then(|| inner.shown(upload, note))
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

    pub(super) async fn own_upload(
        &self,
        caller: &Caller,
        id: PackageId,
    ) -> Result<(Upload, Note), Error> {
        self.require(caller, Permission::PackagesWrite, target(id))
            .await?;
        let none = || Error::not_found(format!("upload {id}"));
        let upload = self.inner.packages.store()?.upload(id).await?;
        let note = Note::read(&upload).ok_or_else(none)?;
        let is_there = !self.inner.has_expired(&upload);
        match note.owner == caller.id().to_string() && is_there {
            true => Ok((upload, note)),
            false => Err(none()),
        }
    }

    /// A finished one, with its digest. One that is whole is finished: its last bytes came, and what
    /// followed may have broken off.
    pub(super) async fn finished(
        &self,
        caller: &Caller,
        id: PackageId,
    ) -> Result<(Upload, Note, ContentDigest), Error> {
        let (upload, note) = self.own_upload(caller, id).await?;
        let is_noted = match upload.digest {
            Some(_) => self.inner.packages.store()?.note(id).await?.is_some(),
            None => false,
        };
        let upload = match is_noted {
            true => upload,
            false => self.finish_own(caller, upload, note.clone()).await?,
        };
        match upload.digest {
            Some(digest) => Ok((upload, note, digest)),
            None => Err(Error::UploadIncomplete {
                received: upload.received,
                size: upload.size,
            }),
        }
    }

    /// Appends bytes to an upload of which `offset` bytes are there. They are taken in as they
    /// come; those that came stay, whatever ends the call. So does, within a minute, that what the
    /// caller came with does not count any more.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::WrongOffset`], where none is read;
    /// [`Error::UploadInterrupted`], [`Error::UploadTakenOver`], [`Error::UploadTooLong`];
    /// [`Error::Busy`] while another process takes bytes in, too many are sent to this one, or it is
    /// about to end; [`Error::UploadLost`].
    pub async fn append_to_upload(
        &self,
        caller: &Caller,
        id: PackageId,
        offset: u64,
        bytes: Box<dyn Pieces>,
    ) -> Result<PackageUpload, Error> {
        let (_, note) = self.own_upload(caller, id).await?;
        let place = self.inner.packages.taking_in.take(&note.owner);
        let _place = place.ok_or(Error::Busy {
            retry_after: TAKING_IN_RETRY,
        })?;
        let store = self.inner.packages.store()?;
        let bytes = Watched::new(bytes, self, caller, watched::EVERY);
        let upload = store.append(id, offset, bytes).await?;
        Ok(self.inner.shown(upload, note))
    }

    /// Makes a package of an upload whose bytes are all there, and begins to look at it
    /// ([`Dashboard::inspection`]). Once more does nothing. What the caller came with must still
    /// count: the bytes may have taken hours.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unauthenticated`], [`Error::Denied`],
    /// [`Error::UploadIncomplete`], [`Error::Busy`], [`Error::UploadLost`]; [`Error::PurgedBytes`], with
    /// which the upload ends.
    pub async fn finish_upload(
        &self,
        caller: &Caller,
        id: PackageId,
    ) -> Result<PackageUpload, Error> {
        let caller = self.renewed(caller).await?;
        let (upload, note) = self.own_upload(&caller, id).await?;
        let finished = self.finish_own(&caller, upload, note.clone()).await?;
        Ok(self.inner.shown(finished, note))
    }

    async fn finish_own(
        &self,
        caller: &Caller,
        upload: Upload,
        note: Note,
    ) -> Result<Upload, Error> {
        let (this, caller, id) = (self.clone(), caller.clone(), upload.id);
        self.change_of_package(async move {
            let store = this.inner.packages.store()?;
            let upload = store.finish(id).await?;
            let Some(digest) = upload.digest else {
                return Ok(upload);
            };
            let head = PackageHead::new(&upload, digest, Some(&note));
            let is_new = head::create(&**store, id, head).await?;
            // After that, so that either this sees that the bytes were purged, or who purges them sees
            // the head.
            if let Some(removal) = purged::forbidden(&**store, digest).await? {
                return this
                    .refuse_purged(&caller, &upload, &note, digest, removal)
                    .await;
            }
            // Of several who finish it one is told so, also after a crash.
            if is_new {
                let event = caller.event(Action::PackageUpload, format!("package:{id}"));
                let event = event.with_detail(described(&upload, Some(&note)));
                this.inner.trail.record(event).await;
            }
            this.begin_inspection(upload.clone(), digest, note)?;
            Ok(upload)
        })
        .await
    }

    /// Removes bytes that were purged and came again.
    async fn refuse_purged<T>(
        &self,
        caller: &Caller,
        upload: &Upload,
        note: &Note,
        digest: ContentDigest,
        removal: PackageRemoval,
    ) -> Result<T, Error> {
        let store = self.inner.packages.store()?;
        let again = PackageRemoval::now(caller.username(), "purged before");
        if discard(&**store, upload, Some(note), &again).await? {
            let event = caller.event(Action::PackagePurge, format!("package:{}", upload.id));
            let event = event.with_detail("purged before, and came again");
            let event = event.with_detail(described(upload, Some(note)));
            self.inner.trail.record(event).await;
        }
        let removal = removal.told_to(caller);
        Err(Error::PurgedBytes { digest, removal })
    }

    /// Gives up an upload: its bytes go, also those of a finished one, unless a model got the
    /// package.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::Busy`] while another process takes bytes
    /// in.
    pub async fn give_up_upload(&self, caller: &Caller, id: PackageId) -> Result<(), Error> {
        self.discard_upload(caller, id, "given up").await
    }

    /// The same for another reason.
    pub(super) async fn discard_upload(
        &self,
        caller: &Caller,
        id: PackageId,
        why: &'static str,
    ) -> Result<(), Error> {
        let (upload, note) = self.own_upload(caller, id).await?;
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            let store = this.inner.packages.store()?;
            let removal = PackageRemoval::now(caller.username(), why);
            if discard(&**store, &upload, Some(&note), &removal).await? {
                let event = caller.event(Action::PackageDiscard, format!("package:{id}"));
                let event = event.with_detail(why);
                let event = event.with_detail(described(&upload, Some(&note)));
                this.inner.trail.record(event).await;
            }
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
        let limit = self.inner.catalog.answer_within();
        let permit = self.inner.packages.changes.clone().acquire_owned();
        let permit = timeout(limit, permit)
            .await
            .map_err(|_| Error::Busy { retry_after: limit })?;
        let permit = permit.map_err(|_| shutting_down())?;
        self.run_to_end(permit, work).await
    }
}

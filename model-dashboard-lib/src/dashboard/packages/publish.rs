//! Giving a package to a model, and fetching it.

use std::ops::Range;

use super::inspection::put;
use super::record::PackageRecord;
use crate::audit::Action;
use crate::auth::Permission;
use crate::dashboard::edits::{new_content, with_package};
use crate::dashboard::model_writes::{After, Reason};
use crate::dashboard::{Caller, Dashboard, Error, Model};
use crate::model::{ContentDigest, ModelDefinition, ModelKey};
use crate::repository::Precondition;
use crate::repository::packages::{PackageId, Pieces};

/// The package of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelPackage {
    /// Its name in the store.
    pub id: PackageId,
    /// The model.
    pub key: ModelKey,
    /// What is known of it.
    pub record: PackageRecord,
    /// What it is fetched for, as whoever fetches it says.
    purpose: String,
}

/// What somebody may say of what a package is fetched for, in characters.
pub const MAX_PURPOSE_CHARS: usize = 200;

impl ModelPackage {
    /// The SHA-256 of its bytes.
    #[must_use]
    pub fn digest(&self) -> ContentDigest {
        self.record.digest
    }

    /// Says what it is fetched for, which the audit log tells: the name of a workflow.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than [`MAX_PURPOSE_CHARS`] or for control characters.
    pub fn fetched_for(self, purpose: &str) -> Result<ModelPackage, Error> {
        if purpose.chars().count() > MAX_PURPOSE_CHARS || purpose.chars().any(char::is_control) {
            let expected = format!("must be text of at most {MAX_PURPOSE_CHARS} characters");
            return Err(Error::invalid("for", expected));
        }
        let purpose = purpose.to_owned();
        Ok(ModelPackage { purpose, ..self })
    }
}

impl Dashboard {
    /// Gives the package of a finished upload to a model, as a new revision of it. Waits until the
    /// package was looked at; one that cannot be read is given to no model. The upload ends with
    /// it. Needs `packages:write`, and what a change of the model needs.
    ///
    /// # Errors
    /// As [`Dashboard::replace`] and [`Dashboard::inspected`]; [`Error::Invalid`] for a `package`
    /// that cannot be read.
    pub async fn publish_upload(
        &self,
        caller: &Caller,
        id: PackageId,
        key: &ModelKey,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        self.announce(caller, id, key).await?;
        let reason = Reason::IfEnabled;
        let changed =
            self.change_model(caller, key, precondition, message, reason, move |before| {
                let content = with_package(before.readable()?, id)?;
                Ok(Some(After::Content(content)))
            });
        self.published(id, key, changed.await).await
    }

    /// Creates a disabled model with the package of a finished upload, otherwise as
    /// [`Dashboard::publish_upload`]. `definition` is what [`Dashboard::create`] takes; whether it
    /// says that the model is enabled does not count.
    ///
    /// # Errors
    /// As [`Dashboard::create`] and [`Dashboard::publish_upload`].
    pub async fn publish_new(
        &self,
        caller: &Caller,
        id: PackageId,
        key: ModelKey,
        mut definition: ModelDefinition,
        message: &str,
    ) -> Result<Model, Error> {
        self.announce(caller, id, &key).await?;
        definition.set_enabled(false);
        let created = self.create_with(caller, key.clone(), definition, message, |key, given| {
            let mut content = new_content(key, given)?;
            crate::dashboard::edits::set_package(&mut content, id)?;
            Ok(content)
        });
        self.published(id, &key, created.await).await
    }

    /// Notes beside a package that a model is about to get it, so that its bytes stay whatever
    /// becomes of the upload.
    async fn announce(&self, caller: &Caller, id: PackageId, key: &ModelKey) -> Result<(), Error> {
        let mut record = self.inspected(caller, id).await?;
        if let Some(why) = &record.refused {
            return Err(Error::invalid("package", why.clone()));
        }
        record.meant_for.push(key.to_string());
        put(&**self.inner.packages.store()?, id, &record).await?;
        // Whoever gives the upload up removes it before looking for the note.
        self.upload(caller, id).await.map(drop)
    }

    /// Ends the upload of a package that a model got, or takes the note back.
    async fn published(
        &self,
        id: PackageId,
        key: &ModelKey,
        written: Result<Model, Error>,
    ) -> Result<Model, Error> {
        let store = self.inner.packages.store()?;
        match &written {
            Ok(_) => {
                if let Err(error) = store.give_up(id).await {
                    // It expires; the bytes stay.
                    tracing::debug!(%id, %error, "an upload is still there that a model got");
                }
            }
            // It may be written all the same.
            Err(
                Error::Unavailable { .. }
                | Error::Busy { .. }
                | Error::Repository(_)
                | Error::Internal(_),
            ) => {}
            Err(_) => {
                let record = store.report(id).await.ok().flatten();
                if let Some(mut record) = record.and_then(|it| PackageRecord::read(id, &it)) {
                    let own = key.to_string();
                    if let Some(at) = record.meant_for.iter().position(|it| *it == own) {
                        record.meant_for.remove(at);
                    }
                    if let Err(error) = put(&**store, id, &record).await {
                        tracing::debug!(%id, %error, "a package is still noted to be for a model");
                    }
                }
            }
        }
        written
    }

    /// The package of a model. Needs `packages:read` and `models:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a model without a package, and for one whose bytes were
    /// removed; [`Error::Denied`].
    pub async fn package(&self, caller: &Caller, key: &ModelKey) -> Result<ModelPackage, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let model = self.model(caller, key).await?;
        self.package_of(key, &model.definition).await
    }

    /// The package that a model had as of a revision; otherwise as [`Dashboard::package`].
    ///
    /// # Errors
    /// As [`Dashboard::package`] and [`Dashboard::revision`].
    pub async fn package_at(
        &self,
        caller: &Caller,
        key: &ModelKey,
        revision: u64,
    ) -> Result<ModelPackage, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let revision = self.revision(caller, key, revision).await?;
        let none = || Error::not_found(format!("a package of model {key}"));
        let definition = revision.definition().ok_or_else(none)?;
        self.package_of(key, definition).await
    }

    async fn package_of(
        &self,
        key: &ModelKey,
        definition: &ModelDefinition,
    ) -> Result<ModelPackage, Error> {
        let none = || Error::not_found(format!("a package of model {key}"));
        let named = definition.registry().and_then(|it| it.package);
        let id = named.ok_or_else(none)?;
        // Another program may have written anything there.
        let id = PackageId::parse(&id).map_err(|_| none())?;
        let store = self.inner.packages.store()?;
        store.package(id).await?;
        let record = store.report(id).await?.ok_or_else(none)?;
        let record = PackageRecord::read(id, &record).ok_or_else(none)?;
        Ok(ModelPackage {
            id,
            key: key.clone(),
            record,
            purpose: String::new(),
        })
    }

    /// The bytes of a model's package within `range`. Each call is an event of the audit log.
    ///
    /// # Errors
    /// [`Error::NotFound`] if they were removed; [`Error::Denied`].
    pub async fn read_package(
        &self,
        caller: &Caller,
        package: &ModelPackage,
        range: Range<u64>,
    ) -> Result<Box<dyn Pieces>, Error> {
        let target = || format!("model:{}", package.key);
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let store = self.inner.packages.store()?;
        let (id, size) = (package.id, package.record.size);
        let part = match range == (0..size) {
            true => String::new(),
            false => format!("bytes {} to {} of {size}", range.start, range.end),
        };
        let pieces = store.read(id, range).await?;
        let event = caller.event(Action::PackageDownload, target());
        let purpose = match &*package.purpose {
            "" => String::new(),
            purpose => format!("for:{purpose}"),
        };
        let details = [format!("package:{id}"), purpose, part];
        let event = details
            .into_iter()
            .fold(event, |event, it| event.with_detail(it));
        self.inner.trail.record(event).await;
        Ok(pieces)
    }
}

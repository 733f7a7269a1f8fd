//! Giving a package to a model.

use tracing::Instrument as _;

use super::giving::Giving;
use super::head::{self, Intent};
use super::may_break::insisted;
use super::record::PackageRecord;
use crate::auth::Permission;
use crate::dashboard::edits::{filled, new_content, set_package};
use crate::dashboard::model_states::{Before, Looks};
use crate::dashboard::model_writes::{Edit, Reason};
use crate::dashboard::{Caller, Dashboard, Error, Model};
use crate::model::{ContentDigest, ModelDefinition, ModelKey};
use crate::package::inspect::Report;
use crate::repository::Precondition;
use crate::repository::packages::PackageId;

/// An upload whose package a model is about to get.
pub(super) struct Announced {
    /// Who gives it, as far as they still may.
    pub(super) caller: Caller,
    /// What notes beside the package that it is needed.
    pub(super) intent: Intent,
    /// The SHA-256 of the package.
    pub(super) digest: ContentDigest,
    /// What was found in it.
    pub(super) report: Report,
}

impl Dashboard {
    /// Gives the package of a finished upload to a model, as a new revision of it. Waits until the
    /// package was looked at; one that cannot be read is given to no model. A model that has these bytes,
    /// looked at by the same rules, and takes nothing over is not changed. The upload ends with it, and
    /// not with a refusal. Runs to its end, whether or not anyone waits for it. Needs `packages:write`,
    /// and what a change of the model needs: what the caller came with must still count when the package
    /// was looked at.
    ///
    /// # Errors
    /// As [`Dashboard::replace`] and [`Dashboard::inspected`]; [`Error::Invalid`] for a `package`
    /// that cannot be read, and for a part to `take` that it does not tell; [`Error::Mismatched`] for
    /// one that is for another model, [`Error::Breaking`] where labels or images stand for something
    /// else then, and [`Error::Incomplete`] for an enabled model and one that jobs may not run correctly,
    /// unless that is [confirmed](Giving).
    pub async fn publish_upload(
        &self,
        caller: &Caller,
        id: PackageId,
        key: &ModelKey,
        giving: Giving,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let (this, caller, key) = (self.clone(), caller.clone(), key.clone());
        let message = message.to_owned();
        to_its_end(async move {
            let target = || format!("model:{key}");
            this.require(&caller, Permission::ModelsWrite, target)
                .await?;
            match this.model(&caller, &key).await {
                // Whoever changes it is told so.
                Ok(_) | Err(Error::Broken { .. }) => {}
                Err(error) => return Err(error),
            }
            let Announced {
                caller,
                intent,
                digest,
                report,
            } = this.announce(&caller, id, &key, &giving).await?;
            let confirmed = giving.confirmed;
            let apply = move |before: &Before| {
                let (had, before) = (&before.packages.had, before.readable()?);
                giving.tells_what_it_takes(&report, had.report(), before)?;
                if had.is(digest, &report) && !giving.changes(&report, had.report(), before) {
                    return Ok(None);
                }
                giving.applied(id, &report, had.report(), before, Some(id))
            };
            let edit = Edit {
                reason: Reason::IfEnabled,
                looks: Looks::AtPresent,
                confirmed,
                apply,
            };
            let changed = this.edit_model(&caller, &key, precondition, &message, edit);
            let changed = changed.await;
            if changed.as_ref().is_ok_and(|model| !has(model, id)) {
                this.take_back(id, &intent).await?;
                let why = "the model has these bytes already";
                if let Err(error) = this.discard_upload(&caller, id, why).await {
                    // It expires.
                    tracing::debug!(%id, %error, "an upload is still there that changed nothing");
                }
                return changed;
            }
            this.published(id, &intent, changed).await
        })
        .await
    }

    /// Creates a disabled model with the package of a finished upload, otherwise as
    /// [`Dashboard::publish_upload`]. `definition` is what [`Dashboard::create`] takes. Of
    /// [`PROPOSED_FIELDS`], those that it does not name are as the package tells them
    /// ([`Description::definition`]); `null` leaves one out, until a next package tells it. Whether it says that the model is enabled
    /// does not count, nor what `giving` takes over.
    ///
    /// [`PROPOSED_FIELDS`]: crate::package::inspect::PROPOSED_FIELDS
    /// [`Description::definition`]: crate::package::inspect::Description::definition
    ///
    /// # Errors
    /// As [`Dashboard::create`] and [`Dashboard::publish_upload`].
    pub async fn publish_new(
        &self,
        caller: &Caller,
        id: PackageId,
        key: ModelKey,
        mut definition: ModelDefinition,
        giving: Giving,
        message: &str,
    ) -> Result<Model, Error> {
        let (this, caller, message) = (self.clone(), caller.clone(), message.to_owned());
        let giving = Giving {
            takes: None,
            ..giving
        };
        definition.set_enabled(false);
        to_its_end(async move {
            let Announced {
                caller,
                intent,
                report,
                ..
            } = this.announce(&caller, id, &key, &giving).await?;
            let definition = filled(definition, &report.description.definition());
            let confirmed = insisted(giving.overruled(&report.mismatches(&key)));
            let made = |key: &ModelKey, given| {
                let mut content = new_content(key, given)?;
                set_package(&mut content, id)?;
                Ok(content)
            };
            let created = this.create_with(&caller, key, definition, &message, &confirmed, made);
            this.published(id, &intent, created.await).await
        })
        .await
    }

    /// Notes of a package that a model is about to get it, so that its bytes stay whatever becomes
    /// of the upload.
    pub(super) async fn announce(
        &self,
        caller: &Caller,
        id: PackageId,
        key: &ModelKey,
        giving: &Giving,
    ) -> Result<Announced, Error> {
        let found = self.inspected(caller, id).await?;
        let caller = self.renewed(caller).await?;
        self.own_upload(&caller, id).await?;
        let digest = found.digest;
        let report = giving.checked(found, key, id)?;
        let intent = Intent::new(key);
        match self.note_intent(id, &intent).await? {
            Some(()) => Ok(Announced {
                caller,
                intent,
                digest,
                report,
            }),
            None => Err(Error::not_found(format!("upload {id}"))),
        }
    }

    /// Notes of a package that a model is to get it; `None` if it is there no more.
    pub(super) async fn note_intent(
        &self,
        id: PackageId,
        intent: &Intent,
    ) -> Result<Option<()>, Error> {
        let store = self.inner.packages.store()?;
        let head = head::change(&**store, id, |head| head.intend(intent)).await?;
        Ok(head
            .filter(|head| head.intents.contains(intent))
            .map(|_| ()))
    }

    /// Ends the upload of a package that a model got, or takes back that it was to.
    pub(super) async fn published<T>(
        &self,
        id: PackageId,
        intent: &Intent,
        written: Result<T, Error>,
    ) -> Result<T, Error> {
        let written = self.settled(id, intent, written).await?;
        if let Err(error) = self.inner.packages.store()?.give_up(id).await {
            // It expires; the bytes stay.
            tracing::debug!(%id, %error, "an upload is still there that a model got");
        }
        Ok(written)
    }

    /// Takes back that a model was to get a package, if it surely did not.
    pub(super) async fn settled<T>(
        &self,
        id: PackageId,
        intent: &Intent,
        written: Result<T, Error>,
    ) -> Result<T, Error> {
        match &written {
            // It may be written all the same.
            Ok(_)
            | Err(
                Error::Unavailable { .. }
                | Error::Busy { .. }
                | Error::Repository(_)
                | Error::Internal(_),
            ) => {}
            Err(_) => self.take_back(id, intent).await?,
        }
        written
    }

    /// Takes back that a model was to get a package.
    async fn take_back(&self, id: PackageId, intent: &Intent) -> Result<(), Error> {
        let store = self.inner.packages.store()?;
        let taken_back = head::change(&**store, id, |head| {
            head.intents.retain(|other| other.id != intent.id);
            true
        });
        if let Err(error) = taken_back.await {
            tracing::debug!(%id, %error, "a package is still noted to be for a model");
        }
        Ok(())
    }
}

/// Whether a model has a package.
fn has(model: &Model, id: PackageId) -> bool {
    named(&model.definition) == Some(id.to_string())
}

/// The package that a definition names; another program may have written anything there.
pub(super) fn named(definition: &ModelDefinition) -> Option<String> {
    definition.registry()?.package
}

/// What was found in a package.
pub(super) fn told(found: PackageRecord) -> Result<Report, Error> {
    if let Some(why) = found.refused {
        return Err(Error::invalid("package", why));
    }
    let unknown = || Error::invalid("package", "nothing is known of what is in it");
    found.report.ok_or_else(unknown)
}

/// Runs work to its end, whether or not anyone waits for it.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::spawn(work.in_current_span()).await;
    done.unwrap_or_else(|failed| Err(Error::Internal(Box::new(failed))))
}

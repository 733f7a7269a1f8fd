//! Packages that are proposed to models: kept beside the present revision until somebody has looked at
//! what they change, and decided.
//!
//! A draft says what it changes, not what comes of it: a package, and the parts of the definition that
//! are taken over from it. So what others change meanwhile is never undone by it.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use super::giving::Giving;
use super::head::{self, Intent, PackageRemoval};
use super::may_break::{Confirmed, insisted};
use super::publish::{Announced, to_its_end};
use super::record::PackageRecord;
use super::{discard, head::PackageHead};
use crate::audit::Action;
use crate::auth::Permission;
use crate::dashboard::edits::{set_registry, with_told_package};
use crate::dashboard::fields::message_field;
use crate::dashboard::model_states::{Before, Looks};
use crate::dashboard::model_writes::{Edit, Reason, change_of};
use crate::dashboard::{Caller, Dashboard, Error, Model};
use crate::model::{ContentDigest, ModelDefinition, ModelId, ModelKey, Timestamp};
use crate::package::inspect::{Report, TakenPart};
use crate::repository::Precondition;
use crate::repository::packages::{PackageId, PackageStore};

/// The most drafts of one model.
pub const MAX_DRAFTS: usize = 20;

/// How many drafts are read at a time.
pub(super) const DRAFTS_AT_ONCE: usize = 16;

/// A package that is proposed to a model. Its JSON stays readable: fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Draft {
    /// The package; the draft is called so, too.
    pub package: PackageId,
    /// The key of the model when it was proposed.
    pub model: String,
    /// The revision of the model then, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What the definition takes over from the package.
    #[serde(default)]
    pub takes: Vec<TakenPart>,
    /// The name of whoever proposed it.
    pub by: String,
    /// The source of their account, where that is a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Why; may be empty.
    #[serde(default)]
    pub message: String,
    /// What the file of the package is called.
    #[serde(default)]
    pub file_name: String,
    /// The bytes of the package.
    #[serde(default)]
    pub size: u64,
    /// Their SHA-256, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<ContentDigest>,
    /// Whether what is kept of it cannot be read: it can be discarded and nothing else.
    #[serde(skip)]
    pub unreadable: bool,
    /// What notes beside the package that it is needed.
    intent: String,
}

/// A draft, with what would come of it now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProposedRevision {
    /// The draft.
    pub draft: Draft,
    /// The model as it is now.
    pub model: Model,
    /// What was found in the package that it has.
    pub had: Option<Report>,
    /// What it would say.
    pub definition: ModelDefinition,
    /// What is known of the package.
    pub head: PackageHead,
    /// What was found in it.
    pub record: PackageRecord,
}

impl ProposedRevision {
    /// What was found in the package. A package that cannot be read is proposed to no model.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.record.report.as_ref()
    }
}

impl Dashboard {
    /// Proposes the package of a finished upload to a model. The model stays as it is; what stands for something
    /// else is confirmed when the draft is published. Waits until the package was looked at. The upload ends
    /// with it. Runs to its end, whether or not anyone waits for it. Needs `packages:write` and
    /// `models:write`.
    ///
    /// # Errors
    /// As [`Dashboard::publish_upload`]; [`Error::Invalid`] for a `model` that has
    /// [`MAX_DRAFTS`] drafts; [`Error::Exists`] where one with the same bytes waits that takes over the same.
    pub async fn draft_upload(
        &self,
        caller: &Caller,
        id: PackageId,
        key: &ModelKey,
        giving: Giving,
        message: &str,
    ) -> Result<Draft, Error> {
        let (this, caller, key) = (self.clone(), caller.clone(), key.clone());
        let message = message_field(message)?;
        to_its_end(async move {
            let target = || format!("model:{key}");
            this.require(&caller, Permission::ModelsWrite, target)
                .await?;
            let (model, model_id) = this.model_with_id(&caller, &key).await?;
            let store = this.inner.packages.store()?.clone();
            if store.drafts(&model_id).await?.len() >= MAX_DRAFTS {
                let full = format!("has {MAX_DRAFTS} drafts; publish or discard some");
                return Err(Error::invalid("model", full));
            }
            let had = this.had_by(&model.definition).await?;
            let Announced {
                caller,
                intent,
                report,
                ..
            } = this.announce(&caller, id, &key, &giving).await?;
            let head = head::ReadHead::read(&*store, id).await?;
            let head = head.ok_or_else(|| no_draft(&key, id))?.head;
            let tells = giving.tells_what_it_takes(&report, had.report(), &model);
            if let Err(silent) = tells {
                return this.settled(id, &intent, Err(silent)).await;
            }
            let mut takes = giving.taken(&report, had.report(), &model.definition);
            takes.sort();
            takes.dedup();
            if let Some(same) = same_draft(&*store, &key, &model_id, &head, &takes).await? {
                let what = format!("a draft of {key} with these bytes, {same}");
                return this.settled(id, &intent, Err(Error::Exists { what })).await;
            }
            let confirmed = insisted(giving.overruled(&report.mismatches(&key)));
            let kept = this.change_of_package({
                let (caller, intent) = (caller.clone(), intent.clone());
                let this = this.clone();
                async move {
                    let change = change_of(&caller, message);
                    let draft = Draft {
                        package: id,
                        model: key.to_string(),
                        revision: model.revision(),
                        takes,
                        by: change.by,
                        source: change.source,
                        at: change.at,
                        message: change.message,
                        file_name: head.file_name,
                        size: head.size,
                        digest: Some(head.digest),
                        unreadable: false,
                        intent: intent.id,
                    };
                    let bytes = serde_json::to_vec(&draft);
                    let bytes = bytes.map_err(|error| Error::Internal(Box::new(error)))?;
                    if !store.keep_draft(&model_id, id, &bytes).await? {
                        return Err(Error::Exists {
                            what: format!("a draft of {key} with package {id}"),
                        });
                    }
                    let event = caller.event(Action::PackageDraft, format!("model:{key}"));
                    let event = event.with_detail(format!("package:{id}"));
                    this.inner.trail.record(event.with_detail(confirmed)).await;
                    Ok(draft)
                }
            });
            this.published(id, &intent, kept.await).await
        })
        .await
    }

    /// The drafts of a model, those first that were begun first; also those that cannot be
    /// read, which the log tells. Needs `models:read` and `packages:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`].
    pub async fn drafts(&self, caller: &Caller, key: &ModelKey) -> Result<Vec<Draft>, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let (_, id) = self.model_with_id(caller, key).await?;
        let Some(store) = self.inner.packages.kept() else {
            return Ok(Vec::new());
        };
        drafts_of(&**store, key, &id).await
    }

    /// A draft of a model, and what would come of it now. Needs `models:read` and `packages:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`]; [`Error::Removed`] where the bytes of the package
    /// were; [`Error::Invalid`] for a `package` that is lost, or a `draft` that cannot be read: both can
    /// be discarded; [`Error::Broken`] for a model that cannot be read.
    pub async fn draft(
        &self,
        caller: &Caller,
        key: &ModelKey,
        package: PackageId,
    ) -> Result<ProposedRevision, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let (model, id) = self.model_with_id(caller, key).await?;
        let draft = self.kept_draft(key, &id, package).await?;
        let lost = |what: &str| Error::invalid("package", format!("{what}; discard the draft"));
        let store = self.inner.packages.store()?;
        let read = head::ReadHead::read(&**store, package).await?;
        let head = read.ok_or_else(|| lost("it is not in the store"))?.head;
        if let Some(removal) = &head.removed {
            return Err(Error::Removed {
                what: format!("the package of a draft of {key}"),
                removal: removal.clone().told_to(caller),
            });
        }
        let unknown = || lost("nothing is known of what is in it");
        let record = self.found_in(package).await?.ok_or_else(unknown)?;
        let report = record.report.as_ref().ok_or_else(unknown)?;
        let had = self.had_by(&model.definition).await?.into_report();
        let mut definition =
            with_told_package(&model, package, report, had.as_ref(), &draft.takes)?;
        // What the repository carries forward is not what the draft changes.
        let kept = model.definition.as_object().get_object("registry");
        let mut registry = kept.unwrap_or_default();
        registry.set_text("package", &package.to_string());
        set_registry(&mut definition, &registry)?;
        Ok(ProposedRevision {
            definition,
            draft,
            model,
            had,
            head,
            record,
        })
    }

    /// Makes a draft the next revision of its model, and ends it. Without a `message` its own counts. Needs
    /// `packages:read` and `packages:write`, and what a change of the model needs.
    ///
    /// # Errors
    /// As [`Dashboard::replace`] and [`Dashboard::draft`]; [`Error::Breaking`] and [`Error::Incomplete`]
    /// unless that is confirmed; [`Error::Untrusted`] for a model that is enabled.
    pub async fn publish_draft(
        &self,
        caller: &Caller,
        key: &ModelKey,
        package: PackageId,
        confirmed: Confirmed,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let (this, caller, key) = (self.clone(), caller.clone(), key.clone());
        let message = message.to_owned();
        to_its_end(async move {
            let target = || format!("model:{key}");
            this.require(&caller, Permission::PackagesWrite, target)
                .await?;
            let proposed = this.draft(&caller, &key, package).await?;
            let (_, model_id) = this.model_with_id(&caller, &key).await?;
            let draft = proposed.draft;
            let intent = Intent::new(&key);
            this.note_intent(package, &intent)
                .await?
                .ok_or_else(|| no_draft(&key, package))?;
            let message = match message.trim() {
                "" => draft.message.clone(),
                _ => message,
            };
            let report = proposed.record.report;
            let report = report.ok_or_else(|| no_draft(&key, package))?;
            let giving = Giving {
                takes: Some(draft.takes),
                // That this model is meant was said when it was proposed.
                as_typed: false,
                confirmed,
            };
            let apply = move |before: &Before| {
                let (had, before) = (before.packages.had.report(), before.readable()?);
                giving.applied(package, &report, had, before, None)
            };
            let edit = Edit {
                reason: Reason::IfEnabled,
                looks: Looks::AtPresent,
                confirmed,
                apply,
            };
            let changed = this.edit_model(&caller, &key, precondition, &message, edit);
            let model = this.settled(package, &intent, changed.await).await?;
            let store = this.inner.packages.store()?;
            if let Err(error) = store.remove_draft(&model_id, package).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(%key, %package, error, "a draft is still there that was published");
            }
            Ok(model)
        })
        .await
    }

    /// Ends a draft. The bytes of its package go, unless a model may have them, or the draft cannot be
    /// read: then they go with what nothing names. Needs `packages:write` and `models:write`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`].
    pub async fn discard_draft(
        &self,
        caller: &Caller,
        key: &ModelKey,
        package: PackageId,
        message: &str,
    ) -> Result<(), Error> {
        let target = || format!("model:{key}");
        for permission in [Permission::PackagesWrite, Permission::ModelsWrite] {
            self.require(caller, permission, target).await?;
        }
        let message = message_field(message)?;
        let (_, id) = self.model_with_id(caller, key).await?;
        let store = self.inner.packages.store()?;
        let kept = store.draft(&id, package).await?;
        let kept = kept.ok_or_else(|| no_draft(key, package))?;
        // One that cannot be read may go, too.
        let intent = serde_json::from_slice::<Draft>(&kept).ok();
        let intent = intent.map(|draft| draft.intent).unwrap_or_default();
        let (this, caller, key) = (self.clone(), caller.clone(), key.clone());
        self.change_of_package(async move {
            let store = &**this.inner.packages.store()?;
            let reason = format!("the draft of {key} was discarded");
            let removal = PackageRemoval::now(caller.username(), &reason);
            let head = head::change(store, package, |head| {
                let count = head.intents.len();
                head.intents.retain(|noted| noted.id != intent);
                head.remove(&removal) || head.intents.len() < count
            });
            let is_gone = head.await?.is_some_and(|head| head.removed.is_some());
            if is_gone {
                discard::remove_bytes(store, package).await?;
            }
            store.remove_draft(&id, package).await?;
            let mut event = caller.event(Action::PackageDraftDiscard, format!("model:{key}"));
            event.reason = message;
            let event = event.with_detail(format!("package:{package}"));
            let event = event.with_detail(if is_gone { "its bytes are removed" } else { "" });
            this.inner.trail.record(event).await;
            Ok(())
        })
        .await
    }

    async fn kept_draft(
        &self,
        key: &ModelKey,
        id: &ModelId,
        package: PackageId,
    ) -> Result<Draft, Error> {
        let store = self.inner.packages.store()?;
        let bytes = store.draft(id, package).await?;
        let bytes = bytes.ok_or_else(|| no_draft(key, package))?;
        let unreadable = || Error::invalid("draft", "it cannot be read; discard it");
        serde_json::from_slice(&bytes).map_err(|_| unreadable())
    }

    /// A model, and the id that its history has.
    async fn model_with_id(
        &self,
        caller: &Caller,
        key: &ModelKey,
    ) -> Result<(Model, ModelId), Error> {
        let model = self.model(caller, key).await?;
        let id = self.inner.catalog.ask_identity(key).await?;
        let id = id.or_else(|| model.definition.registry().map(|registry| registry.id));
        let unknown = || Error::invalid("model", "was not written by the registry yet");
        Ok((model, id.ok_or_else(unknown)?))
    }
}

/// The drafts of a model.
async fn drafts_of(
    store: &dyn PackageStore,
    key: &ModelKey,
    id: &ModelId,
) -> Result<Vec<Draft>, Error> {
    let packages = store.drafts(id).await?.into_iter().take(MAX_DRAFTS);
    let drafts = stream::iter(packages).map(|package| read(store, key, id, package));
    let drafts: Vec<_> = drafts.buffered(DRAFTS_AT_ONCE).try_collect().await?;
    Ok(drafts.into_iter().flatten().collect())
}

/// A draft that waits already with the same bytes, and takes over the same.
async fn same_draft(
    store: &dyn PackageStore,
    key: &ModelKey,
    id: &ModelId,
    head: &PackageHead,
    takes: &[TakenPart],
) -> Result<Option<PackageId>, Error> {
    for draft in drafts_of(store, key, id).await? {
        if draft.unreadable || draft.digest != Some(head.digest) || draft.takes != takes {
            continue;
        }
        let read = head::ReadHead::read(store, draft.package).await?;
        // What was removed can be discarded and nothing else.
        if read.is_some_and(|read| read.head.removed.is_none()) {
            return Ok(Some(draft.package));
        }
    }
    Ok(None)
}

/// A draft, also one that cannot be read; `None` if somebody has decided on it meanwhile.
pub(super) async fn read(
    store: &dyn PackageStore,
    key: &ModelKey,
    id: &ModelId,
    package: PackageId,
) -> Result<Option<Draft>, Error> {
    let Some(bytes) = store.draft(id, package).await? else {
        return Ok(None);
    };
    let read = serde_json::from_slice::<Draft>(&bytes);
    let mut draft = read.unwrap_or_else(|error| {
        tracing::warn!(%id, %package, %error, "a draft cannot be read");
        Draft::unreadable(key, package)
    });
    if draft.digest.is_none()
        && let Ok(Some(read)) = head::ReadHead::read(store, package).await
    {
        draft.file_name = read.head.file_name;
        (draft.size, draft.digest) = (read.head.size, Some(read.head.digest));
    }
    Ok(Some(draft))
}

impl Draft {
    /// One of which nothing but its place is known.
    fn unreadable(key: &ModelKey, package: PackageId) -> Draft {
        Draft {
            package,
            model: key.to_string(),
            revision: None,
            takes: Vec::new(),
            by: String::new(),
            source: None,
            at: package.made_at(),
            message: String::new(),
            file_name: String::new(),
            size: 0,
            digest: None,
            unreadable: true,
            intent: String::new(),
        }
    }
}

fn no_draft(key: &ModelKey, package: PackageId) -> Error {
    Error::not_found(format!("draft {package} of model {key}"))
}

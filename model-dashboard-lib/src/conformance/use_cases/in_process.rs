//! The use cases of a registry in this very process.

use async_trait::async_trait;

use super::*;
use crate::auth::{Role, Source};
use crate::catalog::Query;
use crate::dashboard::{
    Caller, Dashboard, Error, Giving, Model, NewTokenRequest, NewUpload, NewUserRequest,
    RequestInfo, SignIn,
};
use crate::model::{Version, Via};
use crate::repository::Precondition;
use crate::repository::packages::{InPieces, PackageId};
use crate::tokens::PlainToken;

/// A registry, and who uses it.
#[derive(Debug)]
pub struct InProcess {
    dashboard: Dashboard,
    caller: Caller,
}

impl InProcess {
    /// As this caller uses it.
    #[must_use]
    pub fn new(dashboard: Dashboard, caller: Caller) -> Self {
        Self { dashboard, caller }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let fields = match &error {
            Error::Invalid(errors) => errors.iter().map(|it| it.field.clone()).collect(),
            _ => Vec::new(),
        };
        Self {
            kind: Some(error.kind()),
            fields,
            message: error.to_string(),
        }
    }
}

impl From<Model> for Shown {
    fn from(model: Model) -> Self {
        Self {
            version: model.version.to_string(),
            key: model.key,
            definition: model.definition,
        }
    }
}

/// A token with these scopes, of an administrator who is made for it.
///
/// # Panics
/// Where the registry does not make one.
pub async fn administrators_token(dashboard: &Dashboard, scopes: Permissions) -> PlainToken {
    let (username, password) = ("conformance", "correct horse battery");
    let host = dashboard.host_caller("conformance");
    let new = NewUserRequest {
        username: username.to_owned(),
        display_name: String::new(),
        email: None,
        role: Role::Admin,
        password: Some(password.to_owned()),
    };
    match dashboard.create_user(&host, new).await {
        Ok(_) | Err(Error::Exists { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    let request = || RequestInfo::new(Via::Dashboard, "127.0.0.1", "conformance");
    let sign_in = SignIn {
        source: Source::parse(Source::LOCAL).ok(),
        username: username.to_owned(),
        password: password.to_owned(),
        user_agent: String::new(),
        browser: None,
    };
    let session = dashboard.sign_in(sign_in, request()).await.unwrap().secret;
    let session = session.expose();
    let caller = dashboard.caller_from_session(&session, request()).await;
    let token = NewTokenRequest {
        description: "conformance".to_owned(),
        scopes,
        expires_in_days: None,
        owner: None,
    };
    let made = dashboard.create_token(&caller.unwrap(), token).await;
    made.unwrap().0
}

#[async_trait]
impl RegistryHarness for Dashboard {
    async fn with(&self, scopes: Permissions) -> Box<dyn UseCases> {
        let token = administrators_token(self, scopes).await;
        let request = RequestInfo::new(Via::Api, "127.0.0.1", "conformance");
        let caller = self.caller_from_token(token.expose(), request).await;
        Box::new(InProcess::new(self.clone(), caller.unwrap()))
    }
}

fn state(seen: &Seen) -> Precondition {
    match seen {
        Seen::Any => Precondition::Exists,
        Seen::Version(version) => Precondition::Version(Version::parse(version).unwrap()),
    }
}

fn package_id(text: &str) -> PackageId {
    PackageId::parse(text).unwrap()
}

#[async_trait]
impl UseCases for InProcess {
    async fn list(&self, words: &str) -> Outcome<Vec<ModelKey>> {
        let query = Query {
            search: words.to_owned(),
            ..Query::default()
        };
        let page = self.dashboard.list(&self.caller, &query).await?;
        Ok(page.rows.iter().map(|entry| entry.key().clone()).collect())
    }

    async fn show(&self, key: &ModelKey) -> Outcome<Shown> {
        Ok(self.dashboard.model(&self.caller, key).await?.into())
    }

    async fn show_at(&self, key: &ModelKey, revision: u64) -> Outcome<ModelDefinition> {
        let revision = self.dashboard.revision(&self.caller, key, revision).await?;
        Ok(revision.definition().unwrap().clone())
    }

    async fn create(
        &self,
        key: &ModelKey,
        definition: &ModelDefinition,
        message: &str,
    ) -> Outcome<Shown> {
        let (key, definition) = (key.clone(), definition.clone());
        let made = self
            .dashboard
            .create(&self.caller, key, definition, message);
        Ok(made.await?.into())
    }

    async fn replace(
        &self,
        key: &ModelKey,
        seen: &Seen,
        definition: &ModelDefinition,
        message: &str,
    ) -> Outcome<Shown> {
        let definition = definition.clone();
        let changed = self
            .dashboard
            .replace(&self.caller, key, definition, state(seen), message);
        Ok(changed.await?.into())
    }

    async fn patch(
        &self,
        key: &ModelKey,
        seen: &Seen,
        patch: &JsonObject,
        message: &str,
    ) -> Outcome<Shown> {
        let changed = self
            .dashboard
            .patch(&self.caller, key, patch, state(seen), message);
        Ok(changed.await?.into())
    }

    async fn enable_incomplete(
        &self,
        key: &ModelKey,
        seen: &Seen,
        message: &str,
    ) -> Outcome<Shown> {
        let enabled = self
            .dashboard
            .enable_incomplete(&self.caller, key, state(seen), message);
        Ok(enabled.await?.into())
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        seen: &Seen,
        message: &str,
    ) -> Outcome<Shown> {
        let renamed = self
            .dashboard
            .rename(&self.caller, from, to, false, state(seen), message);
        Ok(renamed.await?.into())
    }

    async fn delete(&self, key: &ModelKey, seen: &Seen, message: &str) -> Outcome<()> {
        let deleted = self
            .dashboard
            .delete(&self.caller, key, state(seen), message);
        Ok(deleted.await?)
    }

    async fn export(&self, keys: Vec<ModelKey>) -> Outcome<Vec<(ModelKey, Vec<u8>)>> {
        let exported = self.dashboard.export(&self.caller, keys).await?.into_iter();
        Ok(exported.map(|it| (it.key, it.bytes.to_vec())).collect())
    }

    async fn import(
        &self,
        files: Vec<ImportFile>,
        message: &str,
        mode: ImportMode,
    ) -> Outcome<Vec<Outcome<Imported>>> {
        let outcomes = self
            .dashboard
            .import(&self.caller, files, message, mode)
            .await?;
        Ok(outcomes.into_iter().map(|it| Ok(it.result?)).collect())
    }

    async fn history(
        &self,
        key: &ModelKey,
        before: Option<u64>,
        limit: usize,
    ) -> Outcome<(Vec<Step>, Option<u64>)> {
        let history = self.dashboard.history(&self.caller, key, before, limit);
        let history = history.await?;
        let steps = history.steps.into_iter().map(|step| Step {
            number: step.revision.number,
            deleted: matches!(
                step.revision.content,
                crate::dashboard::RevisionContent::Deleted
            ),
            message: step.revision.message,
            changed: step.changes.map(|changes| {
                let breaking = changes.is_breaking();
                let fields = changes.fields.into_iter().map(|it| it.field);
                (fields.collect(), breaking)
            }),
        });
        Ok((steps.collect(), history.next))
    }

    async fn diff(&self, key: &ModelKey, from: u64, to: u64) -> Outcome<Difference> {
        let (dashboard, caller) = (&self.dashboard, &self.caller);
        let found = dashboard.compare(caller, key, from, to).await?;
        let (was, is) = (&found.from.content, &found.to.content);
        let package = dashboard.compare_packages(caller, key, was, is).await?;
        let breaking = found.changes.as_ref().is_some_and(|it| it.is_breaking());
        let fields = found.changes.map(|changes| {
            let fields = changes.fields.into_iter();
            fields.map(|it| (it.field, it.before, it.after)).collect()
        });
        let package = package.map(|package| DifferentPackages {
            names: [package.before, package.after]
                .map(|side| Some(side.package()?.head.as_ref()?.file_name.clone())),
            files: package.contents.map(|contents| {
                let size = |state: Option<crate::package::inspect::FileState>| Some(state?.size);
                let files = contents.files.into_iter();
                files
                    .map(|it| (it.path.to_string(), size(it.before), size(it.after)))
                    .collect()
            }),
        });
        Ok(Difference {
            fields,
            breaking,
            package,
        })
    }

    async fn restore(
        &self,
        key: &ModelKey,
        revision: u64,
        confirmed: Confirmed,
        seen: Option<&Seen>,
        message: &str,
    ) -> Outcome<Shown> {
        let (dashboard, caller) = (&self.dashboard, &self.caller);
        let restored = match seen {
            Some(seen) => {
                let state = state(seen);
                dashboard
                    .restore(caller, key, revision, confirmed, state, message)
                    .await
            }
            None => {
                dashboard
                    .bring_back(caller, key, Some(revision), message)
                    .await
            }
        };
        Ok(restored?.into())
    }

    async fn upload(&self, file_name: &str, bytes: &[u8]) -> Outcome<String> {
        let (dashboard, caller) = (&self.dashboard, &self.caller);
        let new = NewUpload {
            size: bytes.len() as u64,
            file_name: file_name.to_owned(),
            client_note: String::new(),
        };
        let id = dashboard.begin_upload(caller, new).await?.id;
        let pieces = Box::new(InPieces::new([bytes.to_vec()]));
        dashboard.append_to_upload(caller, id, 0, pieces).await?;
        dashboard.finish_upload(caller, id).await?;
        dashboard.inspected(caller, id).await?;
        Ok(id.to_string())
    }

    async fn publish(
        &self,
        upload: &str,
        key: &ModelKey,
        giving: &Giving,
        seen: Option<&Seen>,
        message: &str,
    ) -> Outcome<Shown> {
        let (dashboard, caller) = (&self.dashboard, &self.caller);
        let id = package_id(upload);
        let given = match seen {
            Some(seen) => {
                let state = state(seen);
                dashboard
                    .publish_upload(caller, id, key, giving.clone(), state, message)
                    .await
            }
            None => {
                let definition = ModelDefinition::default();
                dashboard
                    .publish_new(caller, id, key.clone(), definition, giving.clone(), message)
                    .await
            }
        };
        Ok(given?.into())
    }

    async fn package(&self, key: &ModelKey, revision: Option<u64>) -> Outcome<ShownPackage> {
        let (dashboard, caller) = (&self.dashboard, &self.caller);
        let package = match revision {
            Some(revision) => dashboard.package_at(caller, key, revision).await?,
            None => dashboard.package(caller, key).await?,
        };
        Ok(ShownPackage {
            file_name: package.head.file_name.clone(),
            size: package.head.size,
            digest: package.digest(),
        })
    }

    async fn fetch(&self, key: &ModelKey, revision: Option<u64>, begun: &[u8]) -> Outcome<Vec<u8>> {
        let (dashboard, caller) = (&self.dashboard, &self.caller);
        let package = match revision {
            Some(revision) => dashboard.package_at(caller, key, revision).await?,
            None => dashboard.package(caller, key).await?,
        };
        let rest = begun.len() as u64..package.head.size;
        let mut pieces = dashboard.read_package(caller, &package, rest).await?;
        let mut bytes = begun.to_vec();
        while let Some(piece) = pieces.next().await.unwrap() {
            bytes.extend_from_slice(&piece);
        }
        match ContentDigest::of(&bytes) == package.digest() {
            true => Ok(bytes),
            false => Err(Refusal {
                kind: None,
                fields: Vec::new(),
                message: "these are not the bytes of the package".to_owned(),
            }),
        }
    }

    async fn propose(&self, upload: &str, key: &ModelKey, message: &str) -> Outcome<()> {
        let id = package_id(upload);
        let drafted =
            self.dashboard
                .draft_upload(&self.caller, id, key, Giving::default(), message);
        drafted.await?;
        Ok(())
    }

    async fn drafts(&self, key: &ModelKey) -> Outcome<Vec<String>> {
        let drafts = self.dashboard.drafts(&self.caller, key).await?.into_iter();
        Ok(drafts.map(|draft| draft.package.to_string()).collect())
    }

    async fn publish_draft(
        &self,
        key: &ModelKey,
        draft: &str,
        confirmed: Confirmed,
        seen: &Seen,
    ) -> Outcome<Shown> {
        let (id, state) = (package_id(draft), state(seen));
        let published = self
            .dashboard
            .publish_draft(&self.caller, key, id, confirmed, state, "");
        Ok(published.await?.into())
    }

    async fn discard_draft(&self, key: &ModelKey, draft: &str) -> Outcome<()> {
        let id = package_id(draft);
        let ended = self.dashboard.discard_draft(&self.caller, key, id, "");
        ended.await?;
        Ok(())
    }
}

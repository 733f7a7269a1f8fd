//! The use cases of a registry at a server, by the client.

use std::sync::Arc;

use async_trait::async_trait;

use super::*;
use crate::client::{Change, Client, ClientError, RemoteModel};
use crate::package::source::{InMemory, Source};
use crate::package::unpack::{Arrival, Staging, WhenBusy};

/// The registry that a client speaks with, as whoever its token belongs to.
#[derive(Debug)]
pub struct OverHttp {
    client: Client,
}

impl OverHttp {
    /// By this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<ClientError> for Refusal {
    fn from(error: ClientError) -> Self {
        let fields = error.fields().into_iter().map(|error| error.field);
        Self {
            kind: error.kind(),
            fields: fields.collect(),
            message: error.to_string(),
        }
    }
}

impl From<RemoteModel> for Shown {
    fn from(model: RemoteModel) -> Self {
        Self {
            version: model.etag.trim_matches('"').to_owned(),
            key: model.key,
            definition: model.definition,
        }
    }
}

fn etag(seen: &Seen) -> String {
    match seen {
        Seen::Any => "*".to_owned(),
        Seen::Version(version) => format!("\"{version}\""),
    }
}

#[async_trait]
impl UseCases for OverHttp {
    async fn list(&self, words: &str) -> Outcome<Vec<ModelKey>> {
        let models = self.client.models(words).await?;
        Ok(models.into_iter().map(|model| model.key).collect())
    }

    async fn show(&self, key: &ModelKey) -> Outcome<Shown> {
        Ok(self.client.model(key).await?.into())
    }

    async fn show_at(&self, key: &ModelKey, revision: u64) -> Outcome<ModelDefinition> {
        Ok(self.client.model_at(key, revision).await?.definition)
    }

    async fn create(
        &self,
        key: &ModelKey,
        definition: &ModelDefinition,
        message: &str,
    ) -> Outcome<Shown> {
        Ok(self.client.create(key, definition, message).await?.into())
    }

    async fn replace(
        &self,
        key: &ModelKey,
        seen: &Seen,
        definition: &ModelDefinition,
        message: &str,
    ) -> Outcome<Shown> {
        let change = Change::Replace(definition);
        let changed = self.client.change(key, &etag(seen), change, message).await;
        Ok(changed?.into())
    }

    async fn patch(
        &self,
        key: &ModelKey,
        seen: &Seen,
        patch: &JsonObject,
        message: &str,
    ) -> Outcome<Shown> {
        let change = Change::Patch(patch);
        let changed = self.client.change(key, &etag(seen), change, message).await;
        Ok(changed?.into())
    }

    async fn enable_incomplete(
        &self,
        key: &ModelKey,
        seen: &Seen,
        message: &str,
    ) -> Outcome<Shown> {
        let change = Change::EnableIncomplete;
        let changed = self.client.change(key, &etag(seen), change, message).await;
        Ok(changed?.into())
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        seen: &Seen,
        message: &str,
    ) -> Outcome<Shown> {
        let renamed = self
            .client
            .rename(from, to, false, &etag(seen), message)
            .await;
        Ok(renamed?.into())
    }

    async fn delete(&self, key: &ModelKey, seen: &Seen, message: &str) -> Outcome<()> {
        Ok(self.client.delete(key, &etag(seen), message).await?)
    }

    async fn export(&self, keys: Vec<ModelKey>) -> Outcome<Vec<(ModelKey, Vec<u8>)>> {
        let exported = self.client.export(keys).await?.into_iter();
        Ok(exported.map(|it| (it.key, it.bytes.to_vec())).collect())
    }

    async fn import(
        &self,
        files: Vec<ImportFile>,
        message: &str,
        mode: ImportMode,
    ) -> Outcome<Vec<Outcome<Imported>>> {
        let outcomes = self.client.import(files, message, mode).await?.into_iter();
        Ok(outcomes.map(|it| Ok(it.result?)).collect())
    }

    async fn history(
        &self,
        key: &ModelKey,
        before: Option<u64>,
        limit: usize,
    ) -> Outcome<(Vec<Step>, Option<u64>)> {
        let history = self.client.history(key, before, limit).await?;
        let steps = history.revisions.into_iter().map(|step| Step {
            number: step.revision.number,
            message: step.revision.message,
            deleted: step.revision.deleted,
            changed: step.changes.map(|changes| {
                let fields = changes.fields.into_iter().map(|it| it.field);
                (fields.collect(), changes.breaking)
            }),
        });
        Ok((steps.collect(), history.next))
    }

    async fn diff(&self, key: &ModelKey, from: u64, to: u64) -> Outcome<Difference> {
        let found = self.client.diff(key, from, to).await?;
        let breaking = found.changes.as_ref().is_some_and(|it| it.breaking);
        let fields = found.changes.map(|changes| {
            let fields = changes.fields.into_iter();
            fields.map(|it| (it.field, it.before, it.after)).collect()
        });
        let package = found.package.map(|package| DifferentPackages {
            names: [package.before, package.after].map(|it| it?.file_name),
            files: package.contents.map(|contents| {
                let size = |state: Option<crate::client::RemoteFileState>| Some(state?.size);
                let files = contents.files.into_iter();
                files
                    .map(|it| (it.path, size(it.before), size(it.after)))
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
        let etag = seen.map(etag);
        let restored = self
            .client
            .restore(key, revision, confirmed, etag.as_deref(), message)
            .await;
        Ok(restored?.into())
    }

    async fn upload(&self, file_name: &str, bytes: &[u8]) -> Outcome<String> {
        let (size, digest) = (bytes.len() as u64, ContentDigest::of(bytes));
        let begun = self.client.begin_upload(file_name, size, &digest).await?;
        let source: Arc<dyn Source> = Arc::new(InMemory::from(bytes.to_vec()));
        self.client
            .send_upload(&begun.id, &source, &mut |_| {})
            .await?;
        Ok(self.client.inspected(&begun.id, &digest).await?.id)
    }

    async fn publish(
        &self,
        upload: &str,
        key: &ModelKey,
        giving: &Giving,
        seen: Option<&Seen>,
        message: &str,
    ) -> Outcome<Shown> {
        let etag = seen.map(etag);
        let given = self
            .client
            .publish(upload, key, etag.as_deref(), giving, message)
            .await;
        Ok(given?.into())
    }

    async fn package(&self, key: &ModelKey, revision: Option<u64>) -> Outcome<ShownPackage> {
        let package = self.client.package(key, revision).await?;
        Ok(ShownPackage {
            file_name: package.file_name,
            size: package.size,
            digest: package.digest,
        })
    }

    async fn fetch(&self, key: &ModelKey, revision: Option<u64>, begun: &[u8]) -> Outcome<Vec<u8>> {
        let package = self.client.package(key, revision).await?;
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::open(folder.path(), &package.digest, WhenBusy::Fail).unwrap();
        let mut arrival = Arrival::open(&staging, package.size, &mut |_| {}).unwrap();
        arrival.write(begun).unwrap();
        let arrival = self
            .client
            .fetch(&package, "", arrival, &mut |_| {})
            .await?;
        let mut file = arrival.finish().map_err(ClientError::from)?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        Ok(bytes)
    }

    async fn propose(&self, upload: &str, key: &ModelKey, message: &str) -> Outcome<()> {
        let giving = Giving::default();
        self.client.propose(upload, key, &giving, message).await?;
        Ok(())
    }

    async fn drafts(&self, key: &ModelKey) -> Outcome<Vec<String>> {
        let drafts = self.client.drafts(key).await?.into_iter();
        Ok(drafts.map(|draft| draft.package).collect())
    }

    async fn publish_draft(
        &self,
        key: &ModelKey,
        draft: &str,
        confirmed: Confirmed,
        seen: &Seen,
    ) -> Outcome<Shown> {
        let published = self
            .client
            .publish_draft(key, draft, confirmed, &etag(seen), "")
            .await;
        Ok(published?.into())
    }

    async fn discard_draft(&self, key: &ModelKey, draft: &str) -> Outcome<()> {
        Ok(self.client.discard_draft(key, draft, "").await?)
    }
}

//! What differs between stores: lost answers, metadata, what else lies there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    Attribute, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

use crate::model::{ModelDefinition, ModelKey, Timestamp, Via};
use crate::repository::object::ObjectRepository;
use crate::repository::object::remote::RemoteStore;
use crate::repository::{Change, ModelRepository, Precondition, RepositoryError};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn because() -> Change {
    Change {
        by: "mkeller".to_owned(),
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    }
}

/// A store in memory with a fault of its own.
#[derive(Debug, Default)]
struct Odd {
    inner: InMemory,
    fault: Fault,
    /// Set while the fault shows.
    on: AtomicBool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    /// A write is done, but answered with 412 as if someone else had been quicker.
    LostSuccess,
    /// A write is done, but its answer never comes.
    LostAnswer,
    /// Conditions are not looked at.
    IgnoresConditions,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[async_trait]
impl ObjectStore for Odd {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        let on = self.on.load(Ordering::SeqCst);
        if on && self.fault == Fault::IgnoresConditions {
            options.mode = PutMode::Overwrite;
        }
        let done = self.inner.put_opts(path, payload, options).await?;
        match self.fault {
            Fault::LostSuccess if on => Err(Error::Precondition {
                path: path.to_string(),
                source: "412".into(),
            }),
            Fault::LostAnswer if on => Err(Error::Generic {
                store: "odd",
                source: "the connection was closed".into(),
            }),
            _ => Ok(done),
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn over(fault: Fault) -> (Arc<Odd>, ObjectRepository) {
    let odd = Arc::new(Odd {
        fault,
        ..Odd::default()
    });
    let store = RemoteStore::new(odd.clone(), "odd");
    (odd, ObjectRepository::new(Arc::new(store)))
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_known_again() {
    for fault in [Fault::LostSuccess, Fault::LostAnswer] {
        let (odd, repository) = over(fault);
        odd.on.store(true, Ordering::SeqCst);
        let at = key("nnUNet/A");
        let content = ModelDefinition::new(&at);
        let change = because();
        let absent = Precondition::Absent;
        let created = repository
            .put(&at, &content, &absent, &change)
            .await
            .unwrap();
        let precondition = Precondition::Version(created.version);
        let edited = repository
            .put(&at, &content, &precondition, &change)
            .await
            .unwrap();
        let to = key("nnUNet/B");
        let precondition = Precondition::Version(edited.version);
        let moved = repository
            .rename(&at, &to, &content, &precondition, &change)
            .await
            .unwrap();
        let definition =
            ModelDefinition::parse(&moved.bytes, crate::model::DuplicateKeys::LastWins);
        let noted = definition.unwrap().registry().unwrap();
        assert_eq!(
            repository.revisions(&noted.id).await.unwrap(),
            [1, 2, 3],
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused_by_the_probe() {
    let (odd, repository) = over(Fault::IgnoresConditions);
    repository.probe().await.unwrap();
    odd.on.store(true, Ordering::SeqCst);
    let refused = repository.probe().await;
    match refused {
        Err(RepositoryError::Unsafe { message }) => {
            assert!(message.contains("STORAGE_SINGLE_WRITER"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn jobs_find_name_type_and_state_in_the_metadata() {
    let (odd, repository) = over(Fault::None);
    let at = key("nnUNet/A");
    let mut content = ModelDefinition::new(&at);
    content.set_enabled(true);
    let change = because();
    repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    let metadata = async |name: &'static str| {
        let found = odd
            .inner
            .get(&Path::parse("nnUNet/A").unwrap())
            .await
            .unwrap();
        let value = found
            .attributes
            .get(&Attribute::Metadata(name.into()))
            .cloned();
        value.map(|value| value.to_string())
    };
    assert_eq!(metadata("name").await.as_deref(), Some("A"));
    assert_eq!(metadata("network_type").await.as_deref(), Some("nnUNet"));
    assert_eq!(metadata("enabled").await.as_deref(), Some("true"));
    repository
        .delete(&at, &Precondition::Exists, &change)
        .await
        .unwrap();
    assert_eq!(metadata("enabled").await.as_deref(), Some("false"));
}

#[tokio::test]
async fn what_is_no_definition_is_listed_apart() {
    let (odd, repository) = over(Fault::None);
    for path in [
        "readme.txt",
        "nnUNet/A",
        "nnUNet/A_assets/deep/x.png",
        ".registry2/x",
        ".registry/y",
    ] {
        let payload = PutPayload::from_static(b"{}");
        odd.inner
            .put(&Path::parse(path).unwrap(), payload)
            .await
            .unwrap();
    }
    let mut listing = repository.list().await.unwrap();
    listing.others.sort();
    assert_eq!(
        listing.others,
        [".registry2/", "nnUNet/A_assets/", "readme.txt"]
    );
    let keys: Vec<_> = listing
        .models
        .iter()
        .map(|listed| listed.key.to_string())
        .collect();
    assert_eq!(keys, ["nnUNet/A"]);
}

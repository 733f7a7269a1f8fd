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

use crate::model::{
    DuplicateKeys, ModelDefinition, ModelId, ModelKey, RegistryInfo, Timestamp, Via,
};
use crate::repository::object::ObjectRepository;
use crate::repository::object::remote::RemoteStore;
use crate::repository::{Change, ModelRepository, Precondition, RepositoryError, StoredModel};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn because() -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    }
}

/// A store in memory with a fault of its own.
#[derive(Debug, Default)]
struct Odd {
    inner: Arc<InMemory>,
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
    /// The write of a definition is done, but before its answer, a 412, comes, someone else has
    /// edited the definition.
    LostSuccessAndOvertaken,
    /// The same, but the answer never comes.
    LostAnswerAndOvertaken,
    /// Before the writer of a definition goes on, another program has replaced it, and someone
    /// else has seen that and archived it.
    ReplacedAtOnce,
}

const OUTSIDE: &[u8] = b"{\"by\":\"another program\"}";

fn precondition_failed(path: &Path) -> Error {
    Error::Precondition {
        path: path.to_string(),
        source: "412".into(),
    }
}

fn connection_closed() -> Error {
    Error::Generic {
        store: "odd",
        source: "the connection was closed".into(),
    }
}

impl Odd {
    /// The same store without its fault.
    fn beside(&self) -> ObjectRepository {
        let store = RemoteStore::new(self.inner.clone(), "beside");
        ObjectRepository::new(Arc::new(store))
    }

    /// Whether the fault shows at the write of a definition, which it does once.
    fn shows_once(&self, path: &Path) -> bool {
        !path.as_ref().starts_with(".registry") && self.on.swap(false, Ordering::SeqCst)
    }
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
            Fault::LostSuccess if on => Err(precondition_failed(path)),
            Fault::LostSuccessAndOvertaken | Fault::LostAnswerAndOvertaken
                if self.shows_once(path) =>
            {
                let at = key(path.as_ref());
                let content = ModelDefinition::new(&at);
                let exists = Precondition::Exists;
                let edited = self.beside().put(&at, &content, &exists, &because()).await;
                edited.unwrap();
                match self.fault {
                    Fault::LostAnswerAndOvertaken => Err(connection_closed()),
                    _ => Err(precondition_failed(path)),
                }
            }
            Fault::ReplacedAtOnce if self.shows_once(path) => {
                let payload = PutPayload::from_static(OUTSIDE);
                self.inner.put(path, payload).await?;
                let beside = self.beside();
                let seen = beside.get(&key(path.as_ref())).await.unwrap();
                assert!(beside.reconcile(&seen).await.unwrap());
                Ok(done)
            }
            Fault::LostAnswer if on => Err(connection_closed()),
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
        let archived = history(&repository, noted(&moved).id).await;
        let states = [created.bytes, edited.bytes, moved.bytes];
        assert_eq!(archived, states, "{fault:?}");
    }
}

fn noted(stored: &StoredModel) -> RegistryInfo {
    let definition = ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins);
    definition.unwrap().registry().unwrap()
}

/// The bytes of all revisions of a model.
async fn history(repository: &ObjectRepository, id: ModelId) -> Vec<Arc<[u8]>> {
    let mut all = Vec::new();
    for (number, expected) in repository
        .revisions(&id)
        .await
        .unwrap()
        .into_iter()
        .zip(1..)
    {
        assert_eq!(number, expected);
        all.push(repository.revision(&id, number).await.unwrap().bytes);
    }
    all
}

#[tokio::test]
async fn a_lost_answer_is_no_failure_even_if_the_next_writer_was_quick() {
    for fault in [
        Fault::LostSuccessAndOvertaken,
        Fault::LostAnswerAndOvertaken,
    ] {
        let (odd, repository) = over(fault);
        let at = key("nnUNet/A");
        let content = ModelDefinition::new(&at);
        let created = repository
            .put(&at, &content, &Precondition::Absent, &because())
            .await
            .unwrap();
        odd.on.store(true, Ordering::SeqCst);
        let unchanged = Precondition::Version(created.version);
        let edited = repository
            .put(&at, &content, &unchanged, &because())
            .await
            .unwrap();
        let present = repository.get(&at).await.unwrap();
        assert_eq!((noted(&edited).revision, noted(&present).revision), (2, 3));
        let id = noted(&edited).id;
        let states = [created.bytes, edited.bytes, present.bytes];
        assert_eq!(history(&repository, id).await, states);
    }
}

#[tokio::test]
async fn a_number_taken_by_a_change_from_outside_is_left_to_it() {
    let (odd, repository) = over(Fault::ReplacedAtOnce);
    let at = key("nnUNet/A");
    let content = ModelDefinition::new(&at);
    let created = repository
        .put(&at, &content, &Precondition::Absent, &because())
        .await
        .unwrap();
    odd.on.store(true, Ordering::SeqCst);
    let edited = repository
        .put(&at, &content, &Precondition::Exists, &because())
        .await
        .unwrap();
    let archived = history(&repository, noted(&created).id).await;
    let states: Vec<&[u8]> = archived.iter().map(|bytes| &**bytes).collect();
    assert_eq!(states, [&*created.bytes, OUTSIDE, &*edited.bytes]);
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

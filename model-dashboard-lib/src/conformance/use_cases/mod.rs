//! What every way to the use cases of a registry must do: within the process, and over HTTP.
//!
//! ```text
//! // One test per case; each gets a registry of its own, empty.
//! model_dashboard::use_case_conformance!(MyRegistry::fresh().await);
//! ```

mod histories;
mod in_process;
mod models;
#[cfg(feature = "client")]
mod over_http;
mod packages;

use async_trait::async_trait;

pub use histories::*;
pub use in_process::{InProcess, administrators_token};
pub use models::*;
#[cfg(feature = "client")]
pub use over_http::OverHttp;
pub use packages::*;

use crate::auth::Permissions;
use crate::dashboard::{Confirmed, ErrorKind, Giving, ImportFile, ImportMode, Imported};
use crate::model::{ContentDigest, DuplicateKeys, JsonObject, ModelDefinition, ModelKey};

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh [`RegistryHarness`].
#[macro_export]
macro_rules! use_case_conformance {
    ($fresh:expr) => {
        $crate::use_case_conformance! { @cases $fresh;
            a_model_is_created_listed_and_shown
            a_name_is_taken_once
            a_change_names_the_state_that_it_changes
            what_is_wrong_is_told_by_field
            an_enabled_model_needs_a_reason
            a_model_keeps_its_history_under_another_name
            a_deleted_model_is_gone_and_its_name_is_free
            who_may_not_is_denied
            definitions_are_taken_in_and_written_out
            a_history_is_told_page_by_page
            a_difference_tells_fields_and_labels
            what_a_revision_held_comes_back
            a_deleted_model_is_brought_back
            a_package_goes_in_and_comes_out_from_anywhere_on
            a_package_is_given_to_the_state_that_was_seen
            packages_differ_file_by_file_and_come_back
            a_draft_waits_and_is_published_or_discarded
            what_may_break_jobs_is_confirmed
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let harness = $fresh;
            $crate::conformance::use_cases::$case(&harness).await;
        }
    )*};
}

/// A registry of its own, empty at first.
#[async_trait]
pub trait RegistryHarness: Sync {
    /// The registry, as an administrator's token with these scopes may use it.
    async fn with(&self, scopes: Permissions) -> Box<dyn UseCases>;
}

/// The registry as somebody uses it who may do all.
async fn registry(harness: &impl RegistryHarness) -> Box<dyn UseCases> {
    harness.with(Permissions::all()).await
}

/// The use cases of a registry, by whichever way.
#[async_trait]
pub trait UseCases: Send + Sync {
    /// The keys of models with these words, sorted; of all without any.
    async fn list(&self, words: &str) -> Outcome<Vec<ModelKey>>;
    /// A model.
    async fn show(&self, key: &ModelKey) -> Outcome<Shown>;
    /// What it held as of a revision.
    async fn show_at(&self, key: &ModelKey, revision: u64) -> Outcome<ModelDefinition>;
    /// Creates one.
    async fn create(
        &self,
        key: &ModelKey,
        definition: &ModelDefinition,
        message: &str,
    ) -> Outcome<Shown>;
    /// Replaces one that is as `seen` says.
    async fn replace(
        &self,
        key: &ModelKey,
        seen: &Seen,
        definition: &ModelDefinition,
        message: &str,
    ) -> Outcome<Shown>;
    /// Changes some fields of it.
    async fn patch(
        &self,
        key: &ModelKey,
        seen: &Seen,
        patch: &JsonObject,
        message: &str,
    ) -> Outcome<Shown>;
    /// Enables it although jobs may not run it correctly with its package.
    async fn enable_incomplete(&self, key: &ModelKey, seen: &Seen, message: &str)
    -> Outcome<Shown>;
    /// Gives it another key.
    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        seen: &Seen,
        message: &str,
    ) -> Outcome<Shown>;
    /// Deletes it.
    async fn delete(&self, key: &ModelKey, seen: &Seen, message: &str) -> Outcome<()>;
    /// The stored bytes of models.
    async fn export(&self, keys: Vec<ModelKey>) -> Outcome<Vec<(ModelKey, Vec<u8>)>>;
    /// Takes in definitions.
    async fn import(
        &self,
        files: Vec<ImportFile>,
        message: &str,
        mode: ImportMode,
    ) -> Outcome<Vec<Outcome<Imported>>>;

    /// Revisions before a number, the last one first, and where the next page is.
    async fn history(
        &self,
        key: &ModelKey,
        before: Option<u64>,
        limit: usize,
    ) -> Outcome<(Vec<Step>, Option<u64>)>;
    /// What differs between two revisions.
    async fn diff(&self, key: &ModelKey, from: u64, to: u64) -> Outcome<Difference>;
    /// Makes a revision the present state of a model that is as `seen` says, or brings a deleted one
    /// back.
    async fn restore(
        &self,
        key: &ModelKey,
        revision: u64,
        confirmed: Confirmed,
        seen: Option<&Seen>,
        message: &str,
    ) -> Outcome<Shown>;

    /// Uploads a package, waits until it was looked at, and gives its name.
    async fn upload(&self, file_name: &str, bytes: &[u8]) -> Outcome<String>;
    /// Gives the package of an upload to a model that is as `seen` says, or to a new one.
    async fn publish(
        &self,
        upload: &str,
        key: &ModelKey,
        giving: &Giving,
        seen: Option<&Seen>,
        message: &str,
    ) -> Outcome<Shown>;
    /// The package that a model has, or had as of a revision.
    async fn package(&self, key: &ModelKey, revision: Option<u64>) -> Outcome<ShownPackage>;
    /// Its bytes; `begun` is what is there of them already.
    async fn fetch(&self, key: &ModelKey, revision: Option<u64>, begun: &[u8]) -> Outcome<Vec<u8>>;
    /// Proposes the package of an upload to a model.
    async fn propose(&self, upload: &str, key: &ModelKey, message: &str) -> Outcome<()>;
    /// The packages that are proposed to a model.
    async fn drafts(&self, key: &ModelKey) -> Outcome<Vec<String>>;
    /// Publishes a draft of a model that is as `seen` says.
    async fn publish_draft(
        &self,
        key: &ModelKey,
        draft: &str,
        confirmed: Confirmed,
        seen: &Seen,
    ) -> Outcome<Shown>;
    /// Ends a draft.
    async fn discard_draft(&self, key: &ModelKey, draft: &str) -> Outcome<()>;
}

/// What came of it, or why nothing did.
pub type Outcome<T> = Result<T, Refusal>;

/// Why a use case did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Of what kind; `None` for what has none, such as a server that cannot be reached.
    pub kind: Option<ErrorKind>,
    /// The fields that are wrong.
    pub fields: Vec<String>,
    /// What people read.
    pub message: String,
}

/// The state of a model that a change names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Whatever it is.
    Any,
    /// The one of this version.
    Version(String),
}

/// A model.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its key.
    pub key: ModelKey,
    /// All that is stored of it.
    pub definition: ModelDefinition,
    /// Names its state.
    pub version: String,
}

impl Shown {
    fn seen(&self) -> Seen {
        Seen::Version(self.version.clone())
    }

    fn revision(&self) -> u64 {
        self.definition.registry().unwrap().revision
    }
}

/// A revision, and what it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub number: u64,
    /// Why it was made.
    pub message: String,
    /// Whether it says that the model was deleted.
    pub deleted: bool,
    /// The fields that it changed, and whether a label means something else by it.
    pub changed: Option<(Vec<String>, bool)>,
}

/// Something that differs: what it is called, what it was, and what it is then.
pub type Changed<T> = (String, Option<T>, Option<T>);

/// What differs between two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Fields: before and after; `None` where one of the two holds no definition.
    pub fields: Option<Vec<Changed<String>>>,
    /// Whether a label means something else.
    pub breaking: bool,
    /// Their packages, where they are not the same: the names of the files, and what differs in them:
    /// the path, the bytes before and after.
    pub package: Option<DifferentPackages>,
}

/// Packages that are not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferentPackages {
    /// The names of their files.
    pub names: [Option<String>; 2],
    /// The files in them that differ: the path, the bytes before and after. `None` where it is not
    /// known.
    pub files: Option<Vec<Changed<u64>>>,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPackage {
    /// The name of its file.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
    /// Of them.
    pub digest: ContentDigest,
}

/// Nothing of what may break jobs.
const NOT_CONFIRMED: Confirmed = Confirmed {
    breaking: false,
    incomplete: false,
};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

fn object(text: &str) -> JsonObject {
    JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

/// The kind of a refusal.
#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Outcome<T>) -> ErrorKind {
    let refusal = outcome.unwrap_err();
    refusal.kind.unwrap_or_else(|| panic!("{refusal:?}"))
}

/// The fields that are wrong.
#[track_caller]
fn wrong<T: std::fmt::Debug>(outcome: Outcome<T>) -> Vec<String> {
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.kind, Some(ErrorKind::Invalid), "{refusal:?}");
    refusal.fields
}

//! What every [`DraftStore`](crate::repository::packages::DraftStore) must do.
//!
//! ```text
//! // One test per case; each gets a fresh, empty store.
//! model_dashboard::draft_store_conformance!(MyStore::fresh().await);
//! ```

use super::packages::PackageStoreHarness;
use crate::model::ModelId;
use crate::repository::packages::{MAX_DRAFT_BYTES, PackageId};

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh [`PackageStoreHarness`].
#[macro_export]
macro_rules! draft_store_conformance {
    ($fresh:expr) => {
        $crate::draft_store_conformance! { @cases $fresh;
            a_draft_is_kept_until_it_is_removed
            of_two_drafts_of_one_package_the_first_is_kept
            drafts_belong_to_their_model
            a_draft_too_large_is_refused
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let harness = $fresh;
            $crate::conformance::drafts::$case(&harness).await;
        }
    )*};
}

pub async fn a_draft_is_kept_until_it_is_removed(harness: &impl PackageStoreHarness) {
    let (store, beside) = (harness.store(), harness.beside());
    let (model, package) = (ModelId::new(), PackageId::new());
    assert_eq!(store.drafts(&model).await.unwrap(), []);
    assert_eq!(store.draft(&model, package).await.unwrap(), None);
    assert!(store.keep_draft(&model, package, b"{}").await.unwrap());
    let kept = beside.draft(&model, package).await.unwrap();
    assert_eq!(kept.as_deref(), Some(&b"{}"[..]));
    assert_eq!(beside.drafts(&model).await.unwrap(), [package]);
    for _ in 0..2 {
        beside.remove_draft(&model, package).await.unwrap();
    }
    assert_eq!(store.draft(&model, package).await.unwrap(), None);
    assert_eq!(store.drafts(&model).await.unwrap(), []);
}

pub async fn of_two_drafts_of_one_package_the_first_is_kept(harness: &impl PackageStoreHarness) {
    let (store, beside) = (harness.store(), harness.beside());
    let (model, package) = (ModelId::new(), PackageId::new());
    let (one, other) = tokio::join!(
        store.keep_draft(&model, package, b"{\"of\":1}"),
        beside.keep_draft(&model, package, b"{\"of\":2}"),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one != other, "{one} {other}");
    let kept = store.draft(&model, package).await.unwrap().unwrap();
    let first: &[u8] = if one { b"{\"of\":1}" } else { b"{\"of\":2}" };
    assert_eq!(kept, first);
    assert!(
        !store
            .keep_draft(&model, package, b"{\"of\":3}")
            .await
            .unwrap()
    );
    assert_eq!(store.draft(&model, package).await.unwrap().unwrap(), first);
}

pub async fn drafts_belong_to_their_model(harness: &impl PackageStoreHarness) {
    let store = harness.store();
    let (one, other, none) = (ModelId::new(), ModelId::new(), ModelId::new());
    let mut packages = [PackageId::new(), PackageId::new()];
    packages.sort();
    for package in packages.into_iter().rev() {
        store.keep_draft(&one, package, b"{}").await.unwrap();
    }
    store.keep_draft(&other, packages[0], b"{}").await.unwrap();
    assert_eq!(store.drafts(&one).await.unwrap(), packages);
    assert_eq!(store.drafts(&none).await.unwrap(), []);
    let mut models = store.models_with_drafts().await.unwrap();
    models.sort();
    let mut expected = vec![one, other];
    expected.sort();
    assert_eq!(models, expected);
    // Drafts are no packages and no uploads.
    assert_eq!(store.packages().await.unwrap(), []);
    assert_eq!(store.uploads().await.unwrap(), []);
}

pub async fn a_draft_too_large_is_refused(harness: &impl PackageStoreHarness) {
    let (store, model) = (harness.store(), ModelId::new());
    let (largest, more) = (vec![b' '; MAX_DRAFT_BYTES], vec![b' '; MAX_DRAFT_BYTES + 1]);
    let (package, other) = (PackageId::new(), PackageId::new());
    assert!(store.keep_draft(&model, package, &largest).await.unwrap());
    store.keep_draft(&model, other, &more).await.unwrap_err();
    assert_eq!(store.drafts(&model).await.unwrap(), [package]);
}

//! Packages in a bucket.

use std::sync::Arc;

use futures::TryStreamExt as _;
use model_dashboard::conformance::packages::PackageStoreHarness;
use model_dashboard::repository::ObjectRepository;
use model_dashboard::repository::packages::{InPieces, PackageStore};
use object_store::ObjectStore as _;

use crate::InBucket;

impl PackageStoreHarness for InBucket {
    fn store(&self) -> Arc<dyn PackageStore> {
        self.repository.packages()
    }

    fn beside(&self) -> Arc<dyn PackageStore> {
        let beside = ObjectRepository::open_bucket(&self.server.config());
        beside.unwrap().packages()
    }
}

mod in_a_bucket {
    use super::*;

    model_dashboard::package_store_conformance!(InBucket::fresh().await);
}

mod alone_in_a_bucket {
    use super::*;

    model_dashboard::package_store_conformance!(InBucket::alone().await);
}

impl InBucket {
    async fn objects(&self) -> Vec<String> {
        let found: Vec<_> = self.beside.list(None).try_collect().await.unwrap();
        let mut keys: Vec<_> = found.iter().map(|meta| meta.location.to_string()).collect();
        keys.sort();
        keys
    }
}

/// The rest of a part is an object only while nobody goes on from it.
#[tokio::test(flavor = "multi_thread")]
async fn no_object_is_left_behind() {
    let bucket = InBucket::fresh().await;
    let store = bucket.store();
    let id = store.begin(9_000_002, "").await.unwrap().id;
    for (offset, size) in [(0, 1), (1, 9_000_000), (9_000_001, 1)] {
        let pieces = Box::new(InPieces::new([vec![7; size]]));
        store.append(id, offset, pieces).await.unwrap();
        let tails = bucket.objects().await;
        let tails = tails.iter().filter(|key| key.ends_with(".tail"));
        assert_eq!(tails.count(), 1, "after {offset}");
    }
    store.finish(id).await.unwrap();
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await, [format!(".registry/packages/{id}")]);
    let id = store.begin(9_000_002, "").await.unwrap().id;
    let pieces = Box::new(InPieces::new([vec![7; 9_000_000]]));
    store.append(id, 0, pieces).await.unwrap();
    store.give_up(id).await.unwrap();
    assert_eq!(bucket.objects().await.len(), 1);
}

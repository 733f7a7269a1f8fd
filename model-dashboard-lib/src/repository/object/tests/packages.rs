//! Packages of both kinds of store.

use std::sync::Arc;

use super::ObjectRepository;
use crate::conformance::packages::PackageStoreHarness;
use crate::repository::packages::PackageStore;

mod in_memory {
    use super::*;
    use crate::repository::object::PartedObjects;
    use crate::repository::object::remote::RemoteStore;
    use object_store::memory::InMemory;

    struct InParts(Arc<InMemory>, ObjectRepository);

    impl InParts {
        fn fresh() -> Self {
            let store = Arc::new(InMemory::new());
            let repository = Self::open(&store);
            Self(store, repository)
        }

        fn open(store: &Arc<InMemory>) -> ObjectRepository {
            let large = Arc::new(PartedObjects::new(store.clone()));
            let objects = Arc::new(RemoteStore::new(store.clone(), "memory"));
            ObjectRepository::over(objects, large)
        }
    }

    impl PackageStoreHarness for InParts {
        fn store(&self) -> Arc<dyn PackageStore> {
            self.1.packages()
        }

        fn beside(&self) -> Arc<dyn PackageStore> {
            Self::open(&self.0).packages()
        }
    }

    crate::package_store_conformance!(InParts::fresh());
    crate::draft_store_conformance!(InParts::fresh());
}

mod in_folder {
    use super::*;
    use crate::repository::packages::{InPieces, PackageStoreError};

    struct InFolder {
        repository: ObjectRepository,
        beside: ObjectRepository,
        folder: tempfile::TempDir,
    }

    impl InFolder {
        async fn fresh() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let open = async || ObjectRepository::open_folder(folder.path()).await.unwrap();
            Self {
                repository: open().await,
                beside: open().await,
                folder,
            }
        }
    }

    impl PackageStoreHarness for InFolder {
        fn store(&self) -> Arc<dyn PackageStore> {
            self.repository.packages()
        }

        fn beside(&self) -> Arc<dyn PackageStore> {
            self.beside.packages()
        }
    }

    crate::package_store_conformance!(InFolder::fresh().await);
    crate::draft_store_conformance!(InFolder::fresh().await);

    /// Whoever restores a folder from a copy, or tidies it by hand, may lose what lay in no package.
    #[tokio::test(flavor = "multi_thread")]
    async fn an_upload_whose_bytes_are_gone_is_lost_and_another_one_goes() {
        let harness = InFolder::fresh().await;
        let store = harness.store();
        let begun = async || {
            let id = store.begin(1_000, "").await.unwrap().id;
            let pieces = Box::new(InPieces::new([vec![7; 600]]));
            store.append(id, 0, pieces).await.unwrap();
            let uploads = harness.folder.path().join(".registry/uploads");
            (id, uploads.join(format!("{id}.bytes")))
        };
        let rest = |size: usize| Box::new(InPieces::new([vec![7; size]]));
        for shorter in [Some(599), None] {
            let (id, bytes) = begun().await;
            match shorter {
                Some(size) => std::fs::write(&bytes, vec![7; size]).unwrap(),
                None => std::fs::remove_file(&bytes).unwrap(),
            }
            for _ in 0..2 {
                let error = store.append(id, 600, rest(400)).await.unwrap_err();
                assert!(matches!(error, PackageStoreError::Lost { .. }), "{error:?}");
            }
            store.give_up(id).await.unwrap();
            let (id, bytes) = begun().await;
            store.append(id, 600, rest(400)).await.unwrap();
            match shorter {
                Some(size) => std::fs::write(&bytes, vec![7; size]).unwrap(),
                None => std::fs::remove_file(&bytes).unwrap(),
            }
            let error = store.finish(id).await.unwrap_err();
            assert!(matches!(error, PackageStoreError::Lost { .. }), "{error:?}");
            store.give_up(id).await.unwrap();
        }
        let (id, _) = begun().await;
        store.append(id, 600, rest(400)).await.unwrap();
        store.finish(id).await.unwrap();
    }
}

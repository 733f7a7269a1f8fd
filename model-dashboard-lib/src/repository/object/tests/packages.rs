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
}

mod in_folder {
    use super::*;

    struct InFolder {
        repository: ObjectRepository,
        beside: ObjectRepository,
        _folder: tempfile::TempDir,
    }

    impl InFolder {
        async fn fresh() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let open = async || ObjectRepository::open_folder(folder.path()).await.unwrap();
            Self {
                repository: open().await,
                beside: open().await,
                _folder: folder,
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
}

//! What is proposed to all models.

use super::drafts::{PACKAGE, definition, proposed};
use super::packages::Packages;
use super::*;
use crate::dashboard::MAX_LISTED_DRAFTS;
use crate::repository::ObjectRepository;
use crate::repository::packages::PackageId;

#[tokio::test]
async fn drafts_of_all_models_are_listed_and_told_from_each_other() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let other: ModelKey = "nnUNet_v2/Other".parse().unwrap();
    let made = dashboard.create(&host, other.clone(), definition("{}"), "");
    made.await.unwrap();
    let package = here.packages.uploaded(&host, "other.zip", b"other").await;
    let drafted = dashboard.draft_upload(&host, package, &other, Giving::default(), "");
    drafted.await.unwrap();
    let renamed: ModelKey = "nnUNet_v2/Renamed".parse().unwrap();
    let any = Precondition::Exists;
    let moved = dashboard.rename(&host, &here.key, &renamed, false, any, "why");
    moved.await.unwrap();
    let listed = dashboard.all_drafts(&host).await.unwrap();
    assert_eq!(listed.more, 0);
    let told: Vec<_> = listed
        .drafts
        .iter()
        .map(|(key, draft)| (key, draft.file_name.as_str(), draft.digest))
        .collect();
    let digest = |bytes| Some(crate::model::ContentDigest::of(bytes));
    let expected = [
        (&other, "other.zip", digest(b"other")),
        (&renamed, "liver.zip", digest(PACKAGE)),
    ];
    assert_eq!(told, expected);
    // Of many those that came last, and how many more there are.
    let id = dashboard.model(&host, &other).await.unwrap();
    let id = id.definition.registry().unwrap().id;
    for _ in 0..MAX_LISTED_DRAFTS {
        let store = &here.packages.store;
        store
            .keep_draft(&id, PackageId::new(), b"{}")
            .await
            .unwrap();
    }
    let listed = dashboard.all_drafts(&host).await.unwrap();
    assert_eq!((listed.drafts.len(), listed.more), (MAX_LISTED_DRAFTS, 2));
    let auditor = here.packages.world.caller(Role::Auditor).await;
    let denied = dashboard.all_drafts(&auditor).await;
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
}

/// A definition says which history it has, and another program may say it otherwise.
#[tokio::test]
async fn drafts_are_listed_whatever_a_definition_says_of_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let store = repository.packages();
    let models = Arc::new(repository);
    let world = World::with(|builder| builder.repository(models).packages(store.clone())).await;
    let packages = Packages {
        world,
        store,
        folder,
    };
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let key: ModelKey = "nnUNet_v2/Liver".parse().unwrap();
    let made = dashboard.create(&host, key.clone(), definition("{}"), "");
    let made = made.await.unwrap();
    let package = packages.uploaded(&host, "liver.zip", PACKAGE).await;
    let drafted = dashboard.draft_upload(&host, package, &key, Giving::default(), "");
    drafted.await.unwrap();
    let seen_after = async |name: &str, text: &[u8]| {
        let path = packages.folder.path().join("nnUNet_v2").join(name);
        std::fs::write(path, text).unwrap();
        dashboard.inner.catalog.refresh().await.unwrap();
        let listed = dashboard.all_drafts(&host).await.unwrap().drafts;
        listed.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    let copied = seen_after("ACopy", &made.definition.to_bytes()).await;
    assert_eq!(copied, std::slice::from_ref(&key));
    let rewritten = seen_after("Liver", br#"{"alias":"Liver"}"#).await;
    assert_eq!(rewritten, [key]);
}

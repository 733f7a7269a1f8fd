//! Bytes that were purged: what they were part of, and that they come back on purpose alone.

use std::sync::Mutex;

use super::packages::{Packages, begin, pieces};
use super::*;
use crate::model::ContentDigest;
use crate::repository::ObjectRepository;

const BYTES: &[u8] = b"weights of a patient";

fn key() -> ModelKey {
    "nnUNet/Liver".parse().unwrap()
}

/// A model with a package that is purged.
async fn purged(enabled: bool) -> Packages {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let id = packages.uploaded(&host, "a.bin", BYTES).await;
    let none = ModelDefinition::default();
    let made = dashboard.publish_new(&host, id, key(), none, Giving::default(), "");
    made.await.unwrap();
    let any = Precondition::Exists;
    if enabled {
        let enabled = dashboard.enable_incomplete(&host, &key(), any, "").await;
        enabled.unwrap();
    }
    let digest = ContentDigest::of(BYTES);
    let purge = dashboard.purge_package(&host, digest, "a patient's name", &|_, _| {});
    let purge = purge.await.unwrap();
    let in_use = purge.packages[0].named_by.iter().filter(|by| by.is_enabled);
    let in_use: Vec<_> = in_use.map(ToString::to_string).collect();
    let expected: &[&str] = if enabled {
        &["nnUNet/Liver (enabled)"]
    } else {
        &[]
    };
    assert_eq!(in_use, expected);
    packages
}

async fn sent(packages: &Packages, caller: &Caller) -> Result<PackageUpload, Error> {
    let dashboard = packages.dashboard();
    let begun = begin(dashboard, caller, "a.bin", BYTES.len())
        .await
        .unwrap();
    let sent = dashboard.append_to_upload(caller, begun.id, 0, pieces(BYTES));
    sent.await.unwrap();
    dashboard.finish_upload(caller, begun.id).await
}

/// While it is looked for what names them, which takes minutes.
#[tokio::test]
async fn bytes_that_come_while_they_are_purged_do_not_stay() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard().clone(), packages.world.host());
    let id = packages.uploaded(&host, "a.bin", BYTES).await;
    let none = ModelDefinition::default();
    let made = dashboard.publish_new(&host, id, key(), none, Giving::default(), "");
    made.await.unwrap();
    let late = begin(&dashboard, &host, "late.bin", BYTES.len()).await;
    let late = late.unwrap().id;
    let sent = dashboard.append_to_upload(&host, late, 0, pieces(BYTES));
    sent.await.unwrap();

    let finished = Mutex::new(None);
    let finish = |_, _| {
        let mut finished = finished.lock().unwrap();
        finished.get_or_insert_with(|| {
            let (dashboard, host) = (dashboard.clone(), host.clone());
            let elsewhere = std::thread::spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(dashboard.finish_upload(&host, late))
            });
            elsewhere.join().unwrap()
        });
    };
    let digest = ContentDigest::of(BYTES);
    let purge = dashboard.purge_package(&host, digest, "a patient's name", &finish);
    purge.await.unwrap();
    let finished = finished.into_inner().unwrap();
    assert!(
        matches!(finished, Some(Err(Error::PurgedBytes { .. }))),
        "{finished:?}"
    );
    assert_eq!(packages.store.packages().await.unwrap(), []);
}

/// An administrator lets them in again who has read of an earlier purge, while they are purged once more.
#[tokio::test]
async fn bytes_that_are_let_in_while_they_are_purged_stay_forbidden() {
    let packages = purged(false).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let digest = ContentDigest::of(BYTES);
    let read = packages.store.purged(digest).await.unwrap().unwrap();
    let allowed = dashboard.allow_purged(&host, digest, "it was another's");
    allowed.await.unwrap();
    let stale = packages.store.purged(digest).await.unwrap().unwrap();
    sent(&packages, &host).await.unwrap();

    let (store, log) = (packages.store.clone(), packages.world.store.clone());
    let meanwhile = Mutex::new(None);
    let let_in = |_, _| {
        let mut meanwhile = meanwhile.lock().unwrap();
        meanwhile.get_or_insert_with(|| {
            let (store, log) = (store.clone(), log.clone());
            let (read, stale) = (read.clone(), stale.clone());
            let elsewhere = std::thread::spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async {
                    let late = store.replace_purged(digest, Some(&read), &stale).await;
                    assert!(!late.unwrap());
                    let newest = EventPage::Newest { before: None };
                    let events = log.events(&EventFilter::default(), newest, 1).await;
                    events.unwrap().remove(0).event
                })
            });
            elsewhere.join().unwrap()
        });
    };
    let purge = dashboard.purge_package(&host, digest, "it was not", &let_in);
    purge.await.unwrap();
    // That they are forbidden was noted before anything was looked for, which may fail.
    let noted = meanwhile.into_inner().unwrap().unwrap();
    let target = format!("package:sha256:{}", digest.to_hex());
    assert_eq!(
        (noted.action, noted.target, noted.reason),
        (Action::PackagePurge, target, "it was not".to_owned())
    );
    let refused = sent(&packages, &host).await;
    assert!(
        matches!(refused, Err(Error::PurgedBytes { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn purged_bytes_come_back_on_purpose_alone() {
    let packages = purged(false).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let editor = packages.world.caller(Role::Editor).await;
    let refused = sent(&packages, &editor).await.unwrap_err();
    let told = refused.to_string();
    let Error::PurgedBytes { digest, removal } = refused else {
        panic!("{told}");
    };
    assert_eq!(digest, ContentDigest::of(BYTES));
    // Why names what must not be known.
    assert!(removal.is_withheld(), "{removal:?}");
    assert!(told.contains("by an administrator"), "{told}");
    let refused = sent(&packages, &host).await.unwrap_err().to_string();
    assert!(refused.contains("a patient's name"), "{refused}");
    assert_eq!(dashboard.uploads(&editor).await.unwrap(), []);
    assert_eq!(packages.store.packages().await.unwrap(), []);
    let events = packages.details(Action::PackagePurge).await;
    assert!(
        events.iter().any(|it| it.contains("came again")),
        "{events:?}"
    );

    let denied = dashboard.allow_purged(&editor, digest, "why").await;
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
    let silent = dashboard.allow_purged(&host, digest, " ").await;
    assert!(matches!(silent, Err(Error::Invalid(_))), "{silent:?}");
    let allowed = dashboard.allow_purged(&host, digest, "it was another's");
    assert_eq!(allowed.await.unwrap().removal.reason, "a patient's name");
    let event = packages.world.last_event().await;
    assert_eq!(
        (event.action, event.reason.as_str()),
        (Action::PackageAllow, "it was another's")
    );
    let again = dashboard.allow_purged(&host, digest, "once more").await;
    assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
    sent(&packages, &editor).await.unwrap();
    // Purged once more, they are refused once more.
    let purge = dashboard.purge_package(&host, digest, "it was not", &|_, _| {});
    purge.await.unwrap();
    let refused = sent(&packages, &editor).await;
    assert!(
        matches!(refused, Err(Error::PurgedBytes { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_model_whose_package_was_purged_is_not_enabled() {
    let packages = purged(false).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let any = || Precondition::Exists;
    let key = key();
    let plain = dashboard.set_enabled(&host, &key, true, any(), "");
    let despite = dashboard.enable_despite_package(&host, &key, any(), "I know it");
    for refused in [plain.await, despite.await] {
        let Err(Error::PurgedPackage { removal, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(removal.reason, "a patient's name");
    }
    let publisher = packages.world.caller(Role::Publisher).await;
    let refused = dashboard.set_enabled(&publisher, &key, true, any(), "");
    let told = refused.await.unwrap_err().to_string();
    let gone = dashboard.package(&publisher, &key).await;
    let gone = gone.unwrap_err().to_string();
    for told in [told, gone] {
        let is_told = !told.contains("patient") && told.contains("by an administrator");
        assert!(is_told, "{told}");
    }
    let id = packages.uploaded(&host, "b.bin", b"others").await;
    let given = dashboard.publish_upload(&host, id, &key, Giving::default(), any(), "");
    given.await.unwrap();
    let enabled = dashboard.enable_incomplete(&host, &key, any(), "").await;
    enabled.unwrap();
}

#[tokio::test]
async fn an_enabled_model_stays_so_and_can_be_changed() {
    let packages = purged(true).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let alias = JsonObject::parse(br#"{"alias":"Liver"}"#, DuplicateKeys::Refuse).unwrap();
    let any = Precondition::Exists;
    let changed = dashboard.patch(&host, &key(), &alias, any, "why").await;
    assert!(changed.unwrap().definition.enabled());
}

#[tokio::test]
async fn an_enabled_model_goes_back_to_a_purged_package_after_it_was_disabled() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let (key, any) = (key(), || Precondition::Exists);
    let first = packages.uploaded(&host, "a.bin", BYTES).await;
    let none = ModelDefinition::default();
    let made = dashboard.publish_new(&host, first, key.clone(), none, Giving::default(), "");
    made.await.unwrap();
    let second = packages.uploaded(&host, "b.bin", b"others").await;
    let given = dashboard.publish_upload(&host, second, &key, Giving::default(), any(), "");
    given.await.unwrap();
    let enabled = dashboard.enable_incomplete(&host, &key, any(), "").await;
    enabled.unwrap();
    let digest = ContentDigest::of(BYTES);
    let purge = dashboard.purge_package(&host, digest, "a patient's name", &|_, _| {});
    purge.await.unwrap();

    let refused = dashboard
        .restore(&host, &key, 1, Confirmed::default(), any(), "why")
        .await;
    let refused = refused.unwrap_err();
    let is_told = matches!(&refused, Error::PurgedPackage { enabled: true, .. });
    assert!(is_told, "{refused:?}");
    let told = refused.to_string();
    assert!(told.contains("disable the model first"), "{told}");
    let disabled = dashboard.set_enabled(&host, &key, false, any(), "").await;
    disabled.unwrap();
    let restored = dashboard
        .restore(&host, &key, 1, Confirmed::default(), any(), "why")
        .await;
    let package = restored.unwrap().definition.registry().unwrap().package;
    assert_eq!(package, Some(first.to_string()));
}

/// What cannot be read here, another reader may take for an enabled model.
#[tokio::test]
async fn a_broken_definition_that_may_be_enabled_is_told_as_such() {
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
    let id = packages.uploaded(&host, "a.bin", BYTES).await;
    let none = ModelDefinition::default();
    let made = dashboard.publish_new(&host, id, key(), none, Giving::default(), "");
    made.await.unwrap();
    let text = format!(r#"{{"enabled": true, "registry":{{"package":"{id}"}},}}"#);
    std::fs::write(packages.folder.path().join("nnUNet/Liver"), text).unwrap();
    let digest = ContentDigest::of(BYTES);
    let purge = dashboard.package_to_purge(&host, digest, &|_, _| {});
    let named_by = &purge.await.unwrap().packages[0].named_by;
    let present = named_by.iter().find(|by| by.revision.is_none()).unwrap();
    assert_eq!(present.to_string(), "nnUNet/Liver (enabled)");
}

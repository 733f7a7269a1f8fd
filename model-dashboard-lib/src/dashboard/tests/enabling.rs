//! What whoever enables a model is asked of its package.

use super::packages::Packages;
use super::*;
use crate::auth::Permission;

const WITHOUT_WEIGHTS: &[u8] =
    include_bytes!("../../../tests/packages/genuine/monai_without_weights.zip");

const WHOLE: &[u8] = include_bytes!("../../../tests/packages/genuine/nnunet_v2_two_folds.zip");

const LACKS: &str = "models/model.pt";

fn key() -> ModelKey {
    "nnUNet_v2/Liver".parse().unwrap()
}

/// A disabled model with such a package.
async fn disabled(bytes: &[u8]) -> Packages {
    let packages = Packages::in_memory().await;
    let host = packages.world.host();
    let id = packages.uploaded(&host, "m.zip", bytes).await;
    let (none, meant) = (ModelDefinition::default(), Giving::default().as_typed());
    let made = packages
        .dashboard()
        .publish_new(&host, id, key(), none, meant, "");
    made.await.unwrap();
    packages
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<String> {
    let told = format!("{result:?}");
    match result {
        Err(Error::Incomplete {
            lacking,
            enabled: false,
            upload: None,
            ..
        }) => lacking,
        _ => panic!("{told}"),
    }
}

#[tokio::test]
async fn no_way_enables_a_model_that_may_not_run_unless_that_is_meant() {
    let packages = disabled(WITHOUT_WEIGHTS).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let (key, any) = (key(), || Precondition::Exists);
    let before = dashboard.model(&host, &key).await.unwrap();
    let enabled = br#"{"enabled":true}"#;
    let patch = JsonObject::parse(enabled, DuplicateKeys::Refuse).unwrap();
    let mut definition = before.definition.clone();
    definition.set_enabled(true);
    let file = ImportFile {
        name: "liver.json".to_owned(),
        bytes: definition.to_bytes(),
    };
    let bulk = dashboard.bulk(&host, BulkAction::Enable, vec![key.clone()], "");
    let import = dashboard.import(&host, vec![file], "", ImportMode::Replace);
    let bytes = definition.to_bytes();
    let raw = dashboard.replace_raw(&host, &key, &bytes, before.version, "");
    for lacking in [
        is_refused(dashboard.set_enabled(&host, &key, true, any(), "").await),
        is_refused(dashboard.patch(&host, &key, &patch, any(), "").await),
        is_refused(dashboard.replace(&host, &key, definition, any(), "").await),
        is_refused(raw.await),
        is_refused(bulk.await.unwrap().pop().unwrap().1),
        is_refused(import.await.unwrap().pop().unwrap().result),
    ] {
        assert!(lacking[0].contains(LACKS), "{lacking:?}");
    }
    assert_eq!(dashboard.model(&host, &key).await.unwrap(), before);

    let meant = dashboard.enable_incomplete(&host, &key, any(), "").await;
    assert!(meant.unwrap().definition.enabled());
    let event = packages.world.last_event().await;
    assert_eq!(event.action, Action::ModelEnable);
    let told = event
        .detail
        .starts_with("changed: enabled; confirmed although");
    assert!(told && event.detail.contains(LACKS), "{}", event.detail);
    // What jobs use already is changed without a question.
    let patch = JsonObject::parse(br#"{"alias":"a"}"#, DuplicateKeys::Refuse).unwrap();
    let patched = dashboard.patch(&host, &key, &patch, any(), "why").await;
    patched.unwrap();
}

#[tokio::test]
async fn a_whole_package_and_none_at_all_raise_no_question() {
    let packages = disabled(WHOLE).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let (key, any) = (key(), || Precondition::Exists);
    let enabled = dashboard.set_enabled(&host, &key, true, any(), "").await;
    enabled.unwrap();
    let event = packages.world.last_event().await;
    assert_eq!(event.detail, "changed: enabled");
    let none = packages.world.model(false).await.key;
    let enabled = dashboard.set_enabled(&host, &none, true, any(), "").await;
    enabled.unwrap();
}

/// As another program may name one.
#[tokio::test]
async fn of_a_package_that_the_registry_does_not_know_it_is_asked() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let key = key();
    let text = br#"{"name":"Liver","network_type":"nnUNet_v2","registry":{"package":"somewhere"}}"#;
    packages
        .world
        .repository
        .write_outside(&key, text.as_slice());
    dashboard.inner.catalog.refresh().await.unwrap();
    let enabled = dashboard.set_enabled(&host, &key, true, Precondition::Exists, "");
    let lacking = is_refused(enabled.await);
    assert_eq!(lacking, ["nothing is known of its package"]);
}

#[tokio::test]
async fn what_is_lacking_is_told_to_those_who_may_read_packages() {
    let packages = disabled(WITHOUT_WEIGHTS).await;
    let scopes = Permissions::of(&[
        Permission::ModelsRead,
        Permission::ModelsWrite,
        Permission::ModelsEnable,
    ]);
    let user = packages.world.person(Role::Publisher).await;
    let (token, _) = packages.world.token(&user, scopes).await;
    let enabler = packages.world.by_token(&token).await.unwrap();
    let (dashboard, key, any) = (packages.dashboard(), key(), || Precondition::Exists);
    let refused = dashboard.set_enabled(&enabler, &key, true, any(), "");
    let lacking = is_refused(refused.await);
    assert_eq!(lacking, ["why is told to those with packages:read"]);
    let meant = dashboard.enable_incomplete(&enabler, &key, any(), "");
    assert!(meant.await.unwrap().definition.enabled());
    // Who reads the audit log is told.
    let event = packages.world.last_event().await;
    assert!(event.detail.contains(LACKS), "{}", event.detail);
}

/// The next revision has the package again that another program took out.
#[tokio::test]
async fn a_package_that_another_program_dropped_is_asked_of_as_well() {
    let packages = disabled(WITHOUT_WEIGHTS).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let (key, any) = (key(), || Precondition::Exists);
    let outside = async |text: &str| {
        packages
            .world
            .repository
            .write_outside(&key, text.as_bytes());
        dashboard.inner.catalog.refresh().await.unwrap();
        dashboard.raw(&host, &key).await.unwrap().version
    };
    let named = r#""name":"Liver","network_type":"nnUNet_v2""#;
    outside(&format!("{{{named}}}")).await;
    let refused = dashboard.set_enabled(&host, &key, true, any(), "").await;
    assert!(is_refused(refused)[0].contains(LACKS));
    // Also where it can no longer be read, and may have been enabled for others.
    for enabled in ["false", "true"] {
        let broken = outside(&format!("{{{named},\"enabled\":{enabled},")).await;
        let mended = format!("{{{named},\"enabled\":true}}");
        let mended = dashboard.replace_raw(&host, &key, mended.as_bytes(), broken, "why");
        assert!(is_refused(mended.await)[0].contains(LACKS), "{enabled}");
    }
    outside(&format!("{{{named}}}")).await;
    let meant = dashboard.enable_incomplete(&host, &key, any(), "").await;
    let info = meant.unwrap().definition.registry().unwrap();
    assert!(info.package.is_some());
}

/// While it is not named, no job finds it.
#[tokio::test]
async fn a_dropped_package_comes_back_to_jobs_only_if_it_may() {
    let dangerous = disabled(b"cos\nsystem\n(S'id'\ntR.").await;
    let purged = disabled(WHOLE).await;
    let (dashboard, host) = (purged.dashboard(), purged.world.host());
    let digest = crate::model::ContentDigest::of(WHOLE);
    let purge = dashboard.purge_package(&host, digest, "a patient", &|_, _| {});
    purge.await.unwrap();
    for (packages, kind) in [
        (dangerous, ErrorKind::UntrustedPackage),
        (purged, ErrorKind::PurgedPackage),
    ] {
        let (dashboard, host) = (packages.dashboard(), packages.world.host());
        let (key, any) = (key(), || Precondition::Exists);
        let text = br#"{"name":"Liver","network_type":"nnUNet_v2","enabled":true}"#;
        packages
            .world
            .repository
            .write_outside(&key, text.as_slice());
        dashboard.inner.catalog.refresh().await.unwrap();
        let patch = JsonObject::parse(br#"{"alias":"a"}"#, DuplicateKeys::Refuse).unwrap();
        let both = Confirmed::default().breaking().incomplete();
        let edited = dashboard.patch(&host, &key, &patch, any(), "why").await;
        let restored = dashboard.restore(&host, &key, 1, both, any(), "why").await;
        for refused in [edited, restored] {
            assert_eq!(refused.unwrap_err().kind(), kind);
        }
    }
}

/// Whether jobs can run it is asked when it is enabled; what its labels stand for would not be.
#[tokio::test]
async fn a_restore_of_a_disabled_model_asks_what_its_labels_stand_for() {
    let packages = disabled(WHOLE).await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let (key, any) = (key(), || Precondition::Exists);
    let id = packages.uploaded(&host, "m.zip", WITHOUT_WEIGHTS).await;
    let meant = Giving::default().as_typed().breaking();
    let given = dashboard.publish_upload(&host, id, &key, meant, any(), "");
    given.await.unwrap();
    let restore = |confirmed| dashboard.restore(&host, &key, 1, confirmed, any(), "");
    let Err(Error::Breaking {
        breaking, lacking, ..
    }) = restore(Confirmed::default()).await
    else {
        panic!("it was restored");
    };
    assert!(!breaking.labels.is_empty() && lacking.is_empty());
    let restored = restore(Confirmed::default().breaking()).await;
    assert_eq!(restored.unwrap().revision(), Some(3));

    // Also where the packages alone tell it.
    let silent = br#"{"contour_names":null,"inference_information":null}"#;
    let silent = JsonObject::parse(silent, DuplicateKeys::Refuse).unwrap();
    dashboard
        .patch(&host, &key, &silent, any(), "")
        .await
        .unwrap();
    let id = packages.uploaded(&host, "m.zip", WITHOUT_WEIGHTS).await;
    let meant = Giving::taking(&[]).as_typed().breaking();
    let given = dashboard.publish_upload(&host, id, &key, meant, any(), "");
    given.await.unwrap();
    let back = dashboard.restore(&host, &key, 4, Confirmed::default(), any(), "");
    let back = back.await;
    assert!(matches!(back, Err(Error::Breaking { .. })), "{back:?}");
}

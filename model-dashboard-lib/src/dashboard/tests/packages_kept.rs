//! Which packages stay, which go, and who may still go on.

use super::packages::{Packages, begin, pieces};
use super::*;
use crate::auth::Permission;
use crate::dashboard::packages::head::{self, Intent, PackageRemoval};
use crate::dashboard::packages::watched::Watched;
use crate::model::ContentDigest;
use crate::repository::ObjectRepository;
use crate::repository::packages::{PackageId, PackageStoreError};

const ANY: Precondition = Precondition::Exists;

async fn is_there(packages: &Packages, id: PackageId) -> bool {
    match packages.store.package(id).await {
        Ok(_) => true,
        Err(PackageStoreError::NoPackage { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Whatever becomes of each, no model names bytes that went.
#[tokio::test]
async fn of_two_who_give_a_package_at_once_neither_loses_it() {
    let packages = Packages::in_memory().await;
    let (dashboard, world) = (packages.dashboard(), &packages.world);
    let publisher = world.caller(Role::Publisher).await;
    for _ in 0..8 {
        let id = packages.uploaded(&publisher, "a.bin", b"bytes").await;
        let (one, other) = (world.model(false).await.key, world.model(false).await.key);
        let stale = Precondition::Version(crate::model::Version::of(b"older"));
        let (_, refused, gone) = tokio::join!(
            dashboard.publish_upload(&publisher, id, &one, Giving::default(), ANY, ""),
            dashboard.publish_upload(&publisher, id, &other, Giving::default(), stale, ""),
            dashboard.give_up_upload(&publisher, id),
        );
        refused.unwrap_err();
        let found = dashboard.package(&publisher, &one).await;
        match found {
            Ok(package) => assert!(package.id == id && is_there(&packages, id).await),
            Err(Error::NotFound { .. }) => gone.unwrap(),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn bytes_that_a_model_may_have_outlive_their_upload_and_no_event_says_otherwise() {
    let packages = Packages::in_memory().await;
    let editor = packages.world.caller(Role::Editor).await;
    let id = packages.uploaded(&editor, "a.bin", b"bytes").await;
    let intent = Intent::new(&key("nnUNet/A"));
    let noted = head::change(&*packages.store, id, |head| head.intend(&intent)).await;
    assert_eq!(noted.unwrap().unwrap().intents, [intent]);
    packages
        .dashboard()
        .give_up_upload(&editor, id)
        .await
        .unwrap();
    assert!(packages.store.uploads().await.unwrap().is_empty());
    assert!(is_there(&packages, id).await);
    assert!(packages.details(Action::PackageDiscard).await.is_empty());
}

/// The record of the upload goes last, so whoever comes next ends it.
#[tokio::test]
async fn a_removal_that_was_interrupted_is_ended_when_the_upload_expires() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Policy {
        upload_expiry: Duration::ZERO,
        ..Policy::default()
    };
    let repository = ObjectRepository::in_memory();
    let packages = Packages::over(repository, folder, policy).await;
    let store = &packages.store;
    let note = r#"{"owner":"o","username":"u","file_name":"a.bin"}"#;
    let id = store.begin(0, note).await.unwrap().id;
    let upload = store.finish(id).await.unwrap();
    let digest = ContentDigest::of(b"");
    let mut head = head::PackageHead::new(&upload, digest, None);
    head.remove(&PackageRemoval::now("", "given up"));
    assert!(head::create(&**store, id, head).await.unwrap());
    packages.dashboard().inner.purge_uploads().await;
    assert!(!is_there(&packages, id).await);
    assert!(store.uploads().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_nobody_from_other_uploads() {
    let packages = Packages::in_a_folder().await;
    let editor = packages.world.caller(Role::Editor).await;
    let dashboard = packages.dashboard();
    let begun = begin(dashboard, &editor, "a.bin", 5).await.unwrap();
    let half = packages.folder.path().join(".registry/uploads");
    std::fs::write(half.join(format!("{}.json", PackageId::new())), "{").unwrap();
    assert_eq!(dashboard.uploads(&editor).await.unwrap(), [begun]);
    begin(dashboard, &editor, "b.bin", 5).await.unwrap();
    dashboard.inner.purge_uploads().await;
}

#[tokio::test]
async fn that_a_package_came_is_told_once() {
    let packages = Packages::in_memory().await;
    let editor = packages.world.caller(Role::Editor).await;
    let dashboard = packages.dashboard();
    let id = begin(dashboard, &editor, "a.bin", 5).await.unwrap().id;
    let bytes = dashboard.append_to_upload(&editor, id, 0, pieces(b"bytes"));
    bytes.await.unwrap();
    let finish = (0..6).map(|_| dashboard.finish_upload(&editor, id));
    for finished in futures::future::join_all(finish).await {
        finished.unwrap();
    }
    assert_eq!(packages.details(Action::PackageUpload).await.len(), 1);

    // A process ended between both.
    let id = begin(dashboard, &editor, "b.bin", 5).await.unwrap().id;
    let bytes = dashboard.append_to_upload(&editor, id, 0, pieces(b"bytes"));
    bytes.await.unwrap();
    packages.store.finish(id).await.unwrap();
    dashboard.inspection(&editor, id).await.unwrap();
    assert_eq!(packages.details(Action::PackageUpload).await.len(), 2);
}

/// The last bytes came, and what followed broke off.
#[tokio::test]
async fn whoever_looks_at_an_upload_that_is_whole_finishes_it() {
    let packages = Packages::in_memory().await;
    let editor = packages.world.caller(Role::Editor).await;
    let dashboard = packages.dashboard();
    let id = begin(dashboard, &editor, "a.bin", 5).await.unwrap().id;
    let bytes = dashboard.append_to_upload(&editor, id, 0, pieces(b"bytes"));
    assert_eq!(bytes.await.unwrap().digest, None);
    let record = dashboard.inspected(&editor, id).await.unwrap();
    assert_eq!(record.digest, ContentDigest::of(b"bytes"));
}

#[tokio::test]
async fn who_was_let_in_once_is_asked_again_before_anything_comes_of_it() {
    let packages = Packages::in_memory().await;
    let (dashboard, world) = (packages.dashboard(), &packages.world);
    let model = world.model(false).await.key;
    let user = world.person(Role::Publisher).await;
    let (bearer, token) = world.token(&user, Permissions::all()).await;
    let caller = world.by_token(&bearer).await.unwrap();
    let finished = packages.uploaded(&caller, "a.bin", b"bytes").await;
    dashboard.inspected(&caller, finished).await.unwrap();
    let whole = begin(dashboard, &caller, "b.bin", 5).await.unwrap().id;
    let bytes = dashboard.append_to_upload(&caller, whole, 0, pieces(b"bytes"));
    bytes.await.unwrap();
    let coming = begin(dashboard, &caller, "c.bin", 5).await.unwrap().id;

    dashboard.revoke_token(&world.host(), token).await.unwrap();
    let finish = dashboard.finish_upload(&caller, whole).await;
    assert!(
        matches!(finish, Err(Error::Unauthenticated { .. })),
        "{finish:?}"
    );
    let give = dashboard.publish_upload(&caller, finished, &model, Giving::default(), ANY, "");
    let give = give.await;
    assert!(
        matches!(give, Err(Error::Unauthenticated { .. })),
        "{give:?}"
    );
    // And while bytes come.
    let watched = Watched::new(pieces(b"bytes"), dashboard, &caller, Duration::ZERO);
    let append = packages.store.append(coming, 0, watched).await;
    assert!(
        matches!(
            append,
            Err(PackageStoreError::Interrupted { received: 0, .. })
        ),
        "{append:?}"
    );
    let none = dashboard.package(&world.host(), &model).await;
    assert!(matches!(none, Err(Error::NotFound { .. })));
}

/// A client that is gone takes nothing back.
#[tokio::test]
async fn what_was_to_be_given_is_given_whoever_waits() {
    let packages = Packages::in_memory().await;
    let (dashboard, world) = (packages.dashboard(), &packages.world);
    let publisher = world.caller(Role::Publisher).await;
    let model = world.model(false).await.key;
    let id = packages.uploaded(&publisher, "a.bin", b"bytes").await;
    let mut giving =
        Box::pin(dashboard.publish_upload(&publisher, id, &model, Giving::default(), ANY, ""));
    assert!(futures::poll!(&mut giving).is_pending());
    drop(giving);
    super::faults::until(async || dashboard.package(&publisher, &model).await.is_ok()).await;
}

#[tokio::test]
async fn bytes_that_must_not_exist_are_removed_wherever_they_are_and_their_digest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::in_memory();
    let store = repository.packages();
    let models = Arc::new(repository);
    let world = World::with(|builder| builder.repository(models).packages(store.clone())).await;
    let packages = Packages {
        world,
        store,
        folder,
    };
    let (dashboard, world) = (packages.dashboard(), &packages.world);
    let host = world.host();
    let digest = ContentDigest::of(b"bytes");
    let (one, other) = (key("nnUNet/A"), key("nnUNet/B"));
    let first = packages.uploaded(&host, "a.bin", b"bytes").await;
    let made = dashboard.publish_new(
        &host,
        first,
        one.clone(),
        definition("{}"),
        Giving::default(),
        "",
    );
    made.await.unwrap();
    let apart = packages.uploaded(&host, "b.bin", b"others").await;
    let made = dashboard.publish_new(
        &host,
        apart,
        other.clone(),
        definition("{}"),
        Giving::default(),
        "",
    );
    made.await.unwrap();
    let patch = object(r#"{"alias":"x"}"#);
    dashboard.patch(&host, &one, &patch, ANY, "").await.unwrap();
    let second = packages.uploaded(&host, "c.bin", b"bytes").await;
    dashboard.inspected(&host, second).await.unwrap();

    let silent = |_, _| {};
    let purge = dashboard.package_to_purge(&host, digest, &silent).await;
    let purge = purge.unwrap();
    let ids: Vec<_> = purge.packages.iter().map(|it| it.id).collect();
    assert_eq!(ids, [first, second]);
    let named: Vec<_> = purge.packages[0]
        .named_by
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(named, ["nnUNet/A", "nnUNet/A@1", "nnUNet/A@2"]);
    assert!(purge.packages[1].named_by.is_empty() && !purge.is_doubtful);
    let why = dashboard.purge_package(&host, digest, " ", &silent).await;
    assert_eq!(wrong_fields(why), ["message"]);
    assert!(is_there(&packages, first).await);

    let done = dashboard
        .purge_package(&host, digest, "a name of a patient", &silent)
        .await;
    assert_eq!(done.unwrap(), purge);
    for id in [first, second] {
        assert!(!is_there(&packages, id).await);
        assert_eq!(packages.store.report(id).await.unwrap(), None);
        let note = packages.store.note(id).await.unwrap().unwrap();
        assert!(String::from_utf8(note).unwrap().contains(&digest.to_hex()));
    }
    assert!(dashboard.uploads(&host).await.unwrap().is_empty());
    let gone = dashboard.package(&host, &one).await;
    assert!(matches!(gone, Err(Error::Removed { .. })), "{gone:?}");
    dashboard.package(&host, &other).await.unwrap();
    let events = world.events().await.into_iter().map(|it| it.event);
    let told: Vec<_> = events
        .filter(|it| it.action == Action::PackagePurge)
        .filter(|it| !it.target.contains("sha256:"))
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].reason, "a name of a patient");
    assert!(
        told[0]
            .detail
            .ends_with("named by nnUNet/A, nnUNet/A@1, nnUNet/A@2"),
        "{}",
        told[0].detail
    );

    let again = dashboard
        .purge_package(&host, digest, "again", &silent)
        .await;
    assert!(matches!(again, Err(Error::NotFound { .. })));
    let publisher = world.caller(Role::Publisher).await;
    let denied = dashboard
        .package_to_purge(&publisher, digest, &silent)
        .await;
    assert!(matches!(
        denied,
        Err(Error::Denied {
            permission: Permission::SystemAdmin,
            ..
        })
    ));
}

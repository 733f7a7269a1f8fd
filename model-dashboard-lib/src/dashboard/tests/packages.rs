//! Packages on their way in, in memory and in a folder.

use super::*;
use crate::auth::Permission;
use crate::repository::ObjectRepository;
use crate::repository::packages::{InPieces, PackageId, PackageStore, Piece, Pieces};

/// The end of an archive of one file that is not there.
const BROKEN: &[u8] = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0";

/// A world whose packages are in this store.
pub(super) struct Packages {
    pub(super) world: World,
    pub(super) store: Arc<dyn PackageStore>,
    pub(super) folder: tempfile::TempDir,
}

impl Packages {
    pub(super) async fn in_memory() -> Packages {
        let folder = tempfile::tempdir().unwrap();
        Packages::over(ObjectRepository::in_memory(), folder, Policy::default()).await
    }

    pub(super) async fn in_a_folder() -> Packages {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectRepository::open_folder(folder.path()).await.unwrap();
        Packages::over(store, folder, Policy::default()).await
    }

    pub(super) async fn over(
        repository: ObjectRepository,
        folder: tempfile::TempDir,
        policy: Policy,
    ) -> Packages {
        let store = repository.packages();
        let packages = store.clone();
        let world = World::with(|builder| builder.packages(packages).policy(policy)).await;
        Packages {
            world,
            store,
            folder,
        }
    }

    pub(super) fn dashboard(&self) -> &Dashboard {
        &self.world.dashboard
    }

    /// The whole of an upload, and its name.
    pub(super) async fn uploaded(&self, caller: &Caller, name: &str, bytes: &[u8]) -> PackageId {
        let begun = begin(self.dashboard(), caller, name, bytes.len()).await;
        let id = begun.unwrap().id;
        let (dashboard, bytes) = (self.dashboard(), pieces(bytes));
        dashboard
            .append_to_upload(caller, id, 0, bytes)
            .await
            .unwrap();
        dashboard.finish_upload(caller, id).await.unwrap();
        id
    }

    pub(super) async fn details(&self, action: Action) -> Vec<String> {
        let events = self.world.events().await.into_iter();
        let of = events.filter(|it| it.event.action == action);
        of.map(|it| it.event.detail).collect()
    }
}

pub(super) async fn begin(
    dashboard: &Dashboard,
    caller: &Caller,
    name: &str,
    size: usize,
) -> Result<PackageUpload, Error> {
    let new = NewUpload {
        size: size as u64,
        file_name: name.to_owned(),
        client_note: "note".to_owned(),
    };
    dashboard.begin_upload(caller, new).await
}

pub(super) fn pieces(bytes: &[u8]) -> Box<dyn Pieces> {
    Box::new(InPieces::new([bytes.to_vec()]))
}

async fn goes_on_and_is_looked_at(packages: Packages) {
    let dashboard = packages.dashboard();
    let editor = packages.world.caller(Role::Editor).await;
    let begun = begin(dashboard, &editor, "weights.bin", 11).await.unwrap();
    let id = begun.id;
    assert_eq!((begun.received, begun.client_note.as_str()), (0, "note"));

    let half = dashboard.append_to_upload(&editor, id, 0, pieces(b"hello "));
    assert_eq!(half.await.unwrap().received, 6);
    let early = dashboard.finish_upload(&editor, id).await;
    assert!(matches!(
        early,
        Err(Error::UploadIncomplete {
            received: 6,
            size: 11
        })
    ));
    let early = dashboard.inspection(&editor, id).await;
    assert!(matches!(early, Err(Error::UploadIncomplete { .. })));
    let again = dashboard.append_to_upload(&editor, id, 0, pieces(b"hello "));
    assert!(matches!(
        again.await,
        Err(Error::WrongOffset { received: 6 })
    ));
    let rest = dashboard.append_to_upload(&editor, id, 6, pieces(b"world and more"));
    assert!(matches!(rest.await, Err(Error::UploadTooLong { size: 11 })));
    assert!(dashboard.upload(&editor, id).await.unwrap().is_complete());

    let finished = dashboard.finish_upload(&editor, id).await.unwrap();
    let digest = crate::model::ContentDigest::of(b"hello world");
    assert_eq!(finished.digest, Some(digest));
    assert_eq!(
        dashboard.finish_upload(&editor, id).await.unwrap(),
        finished
    );
    assert_eq!(dashboard.uploads(&editor).await.unwrap(), [finished]);
    let record = dashboard.inspected(&editor, id).await.unwrap();
    let report = record.report.clone().unwrap();
    assert_eq!(report.files[0].path.to_string(), "weights.bin");
    assert_eq!(report.files[0].digest, Some(digest));
    assert_eq!((record.digest, record.size), (digest, 11));
    assert_eq!(record.uploaded_by, editor.username());
    let known = dashboard.inspection(&editor, id).await.unwrap();
    assert_eq!(known, Inspection::Done(Box::new(record)));

    let hex = digest.to_hex();
    assert_eq!(
        packages.details(Action::PackageUpload).await,
        [format!("weights.bin, 11 bytes, sha256:{hex}")]
    );
    dashboard.give_up_upload(&editor, id).await.unwrap();
    assert!(packages.store.packages().await.unwrap().is_empty());
    // A note with the digest stays, and nothing of what was in it.
    assert_eq!(packages.store.report(id).await.unwrap(), None);
    let note = packages.store.note(id).await.unwrap().unwrap();
    let note = String::from_utf8(note).unwrap();
    assert!(note.contains(&hex) && note.contains("given up"), "{note}");
    assert_eq!(
        packages.details(Action::PackagePurge).await,
        [format!("given up; weights.bin, 11 bytes, sha256:{hex}")]
    );
    let gone = dashboard.upload(&editor, id).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn an_upload_goes_on_and_is_looked_at_in_memory() {
    goes_on_and_is_looked_at(Packages::in_memory().await).await;
}

#[tokio::test]
async fn an_upload_goes_on_and_is_looked_at_in_a_folder() {
    goes_on_and_is_looked_at(Packages::in_a_folder().await).await;
}

/// Bytes that come until nobody sends any more.
struct Slow(tokio::sync::mpsc::Receiver<Vec<u8>>);

#[async_trait::async_trait]
impl Pieces for Slow {
    async fn next(&mut self) -> std::io::Result<Option<Piece>> {
        Ok(self.0.recv().await.map(Into::into))
    }
}

/// Whoever sends them is told, and the next process goes on.
#[tokio::test]
async fn a_shutdown_keeps_the_bytes_that_came() {
    let packages = Packages::in_a_folder().await;
    let (dashboard, editor) = (
        packages.dashboard().clone(),
        packages.world.caller(Role::Editor).await,
    );
    let id = begin(&dashboard, &editor, "a.bin", 10).await.unwrap().id;
    let (sender, bytes) = tokio::sync::mpsc::channel(1);
    let taking = tokio::spawn({
        let dashboard = dashboard.clone();
        async move {
            let slow = Box::new(Slow(bytes));
            dashboard.append_to_upload(&editor, id, 0, slow).await
        }
    });
    sender.send(b"seven b".to_vec()).await.unwrap();
    // There is room for the next piece, so this one was taken.
    drop(sender.reserve().await.unwrap());
    dashboard.shutdown().await;
    assert_eq!(packages.store.upload(id).await.unwrap().received, 7);
    let told = taking.await.unwrap();
    assert!(matches!(told, Err(Error::Busy { .. })), "{told:?}");
}

#[tokio::test]
async fn an_upload_is_there_for_its_account_alone() {
    let packages = Packages::in_memory().await;
    let dashboard = packages.dashboard();
    let owner = packages.world.caller(Role::Editor).await;
    let id = begin(dashboard, &owner, "a.bin", 5).await.unwrap().id;
    for role in [Role::Editor, Role::Admin] {
        let other = packages.world.caller(role).await;
        let append = dashboard.append_to_upload(&other, id, 0, pieces(b"bytes"));
        let refused = [
            dashboard.upload(&other, id).await.map(drop),
            append.await.map(drop),
            dashboard.finish_upload(&other, id).await.map(drop),
            dashboard.inspection(&other, id).await.map(drop),
            dashboard.give_up_upload(&other, id).await,
        ];
        for refused in refused {
            assert!(
                matches!(refused, Err(Error::NotFound { .. })),
                "{refused:?}"
            );
        }
        assert!(dashboard.uploads(&other).await.unwrap().is_empty());
    }
    for role in [Role::Viewer, Role::Auditor] {
        let lesser = packages.world.caller(role).await;
        let append = dashboard.append_to_upload(&lesser, id, 0, pieces(b"bytes"));
        let refused = [
            begin(dashboard, &lesser, "b.bin", 5).await.map(drop),
            dashboard.uploads(&lesser).await.map(drop),
            dashboard.upload(&lesser, id).await.map(drop),
            append.await.map(drop),
            dashboard.finish_upload(&lesser, id).await.map(drop),
            dashboard.inspection(&lesser, id).await.map(drop),
            dashboard.give_up_upload(&lesser, id).await,
        ];
        for refused in refused {
            let needed = Permission::PackagesWrite;
            assert!(
                matches!(refused, Err(Error::Denied { permission, .. }) if permission == needed),
                "{refused:?}"
            );
        }
    }
    assert_eq!(dashboard.upload(&owner, id).await.unwrap().received, 0);
}

#[tokio::test]
async fn uploads_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Policy {
        max_upload_bytes: 100,
        ..Policy::default()
    };
    let packages = Packages::over(ObjectRepository::in_memory(), folder, policy).await;
    let dashboard = packages.dashboard();
    let editor = packages.world.caller(Role::Editor).await;
    let large = begin(dashboard, &editor, "a.bin", 101).await;
    assert!(matches!(large, Err(Error::PackageTooLarge { limit: 100 })));
    let long = "x".repeat(MAX_FILE_NAME_CHARS + 1);
    for name in ["", "a/b", "a\\b", "..", "a\nb", &long] {
        let refused = begin(dashboard, &editor, name, 1).await;
        assert_eq!(wrong_fields(refused), ["filename"], "{name:?}");
    }
    let new = NewUpload {
        file_name: "a.bin".to_owned(),
        client_note: "x".repeat(MAX_UPLOAD_NOTE_BYTES + 1),
        size: 1,
    };
    let refused = dashboard.begin_upload(&editor, new).await;
    assert_eq!(wrong_fields(refused), ["metadata"]);

    // Of many at once, too.
    let many = (0..MAX_UPLOADS + 20).map(|_| begin(dashboard, &editor, "a.bin", 10));
    let begun = futures::future::join_all(many).await;
    assert_eq!(begun.iter().filter(|it| it.is_ok()).count(), MAX_UPLOADS);
    let more = begin(dashboard, &editor, "more.bin", 1).await;
    assert!(matches!(more, Err(Error::TooMany { limit: 100, .. })));
    let other = packages.world.caller(Role::Editor).await;
    for _ in 0..MAX_LARGEST_UPLOADS {
        begin(dashboard, &other, "a.bin", 100).await.unwrap();
    }
    let more = begin(dashboard, &other, "more.bin", 1).await;
    assert!(matches!(more, Err(Error::TooMany { limit: 1000, .. })));
}

#[tokio::test]
async fn uploads_that_expired_are_not_there_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Policy {
        upload_expiry: Duration::ZERO,
        ..Policy::default()
    };
    let packages = Packages::over(ObjectRepository::in_memory(), folder, policy).await;
    let dashboard = packages.dashboard();
    let editor = packages.world.caller(Role::Editor).await;
    let id = begin(dashboard, &editor, "a.bin", 5).await.unwrap().id;
    let append = dashboard.append_to_upload(&editor, id, 0, pieces(b"bytes"));
    assert!(matches!(append.await, Err(Error::NotFound { .. })));
    assert!(dashboard.uploads(&editor).await.unwrap().is_empty());
    let finished = packages.store.begin(0, "{}").await.unwrap().id;
    packages.store.finish(finished).await.unwrap();

    dashboard.inner.purge_uploads().await;
    assert!(packages.store.uploads().await.unwrap().is_empty());
    assert!(packages.store.packages().await.unwrap().is_empty());
    let mut told = packages.details(Action::PackagePurge).await;
    told.sort();
    assert!(
        told[0].starts_with("expired; , 0 bytes, sha256:"),
        "{told:?}"
    );
    assert_eq!(told[1], "expired; a.bin, 0 of 5 bytes");
}

#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let packages = Packages::in_memory().await;
    let editor = packages.world.caller(Role::Editor).await;
    let id = packages.uploaded(&editor, "m.zip", BROKEN).await;
    let record = packages.dashboard().inspected(&editor, id).await.unwrap();
    assert_eq!(record.report, None);
    assert!(record.refused.is_some_and(|why| !why.is_empty()));
}

#[tokio::test]
async fn a_package_of_another_model_has_to_be_meant() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let package = include_bytes!("../../../tests/packages/genuine/nnunet_v2_two_folds.zip");
    let definition = ModelDefinition::default;
    let (meant, as_typed) = (Giving::default, || Giving::default().as_typed());
    let key = |text: &str| text.parse::<ModelKey>().unwrap();
    let mismatched = |refused: Result<(), Error>| match refused {
        Err(Error::Mismatched { mismatches, .. }) => {
            let parts = mismatches.iter().map(|it| it.part.as_str());
            parts.collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };

    let id = packages.uploaded(&host, "m.zip", package).await;
    let (other, number) = (key("MIST/Liver"), key("nnUNet_v2/Dataset999_Other"));
    for (key, part) in [(&other, "network_type"), (&number, "name")] {
        let made = dashboard.publish_new(&host, id, key.clone(), definition(), meant(), "");
        assert_eq!(mismatched(made.await.map(drop)), [part]);
        let made = dashboard.model(&host, key).await;
        assert!(matches!(made, Err(Error::NotFound { .. })), "{made:?}");
    }
    // The upload is there for another model, or for this one.
    let made = dashboard.publish_new(&host, id, other.clone(), definition(), as_typed(), "");
    let before = made.await.unwrap();

    let id = packages.uploaded(&host, "m.zip", package).await;
    let any = || Precondition::Exists;
    let given = dashboard.publish_upload(&host, id, &other, meant(), any(), "");
    assert_eq!(mismatched(given.await.map(drop)), ["network_type"]);
    let drafted = dashboard.draft_upload(&host, id, &other, meant(), "");
    assert_eq!(mismatched(drafted.await.map(drop)), ["network_type"]);
    assert_eq!(dashboard.model(&host, &other).await.unwrap(), before);
    assert!(dashboard.drafts(&host, &other).await.unwrap().is_empty());
    let given = dashboard.publish_upload(&host, id, &other, as_typed(), any(), "");
    assert_eq!(given.await.unwrap().revision(), Some(2));
}

#[tokio::test]
async fn a_registry_without_packages_says_so() {
    let world = World::new().await;
    let editor = world.caller(Role::Editor).await;
    let none = begin(&world.dashboard, &editor, "a.bin", 5).await;
    assert!(matches!(none, Err(Error::NoPackages)));
}

async fn is_given_to_a_model_and_fetched(packages: Packages) {
    let (dashboard, world) = (packages.dashboard(), &packages.world);
    let publisher = world.caller(Role::Publisher).await;
    let before = world.model(false).await;
    let id = packages.uploaded(&publisher, "a.bin", b"first").await;
    let stale = Precondition::Version(crate::model::Version::of(b"older"));
    let lost = dashboard.publish_upload(&publisher, id, &before.key, Giving::default(), stale, "");
    assert!(matches!(lost.await, Err(Error::Conflict { .. })));
    let none = dashboard.package(&publisher, &before.key).await;
    assert!(matches!(none, Err(Error::NotFound { .. })));

    let state = Precondition::Version(before.version);
    let given =
        dashboard.publish_upload(&publisher, id, &before.key, Giving::default(), state, "why");
    let given = given.await.unwrap();
    assert_eq!(given.revision(), Some(before.revision().unwrap() + 1));
    let event = world.last_event().await;
    assert_eq!(
        (event.action, event.detail.as_str()),
        (Action::ModelUpdate, "changed: package")
    );
    // The upload has ended, and its bytes are the model's.
    let gone = dashboard.give_up_upload(&publisher, id).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })));
    let viewer = world.caller(Role::Viewer).await;
    let package = dashboard.package(&viewer, &before.key).await.unwrap();
    assert_eq!((package.id, package.head.file_name.as_str()), (id, "a.bin"));
    let mut read = dashboard
        .read_package(&viewer, &package, 1..4)
        .await
        .unwrap();
    assert_eq!(read.next().await.unwrap().as_deref(), Some(&b"irs"[..]));
    let event = world.last_event().await;
    assert_eq!(event.action, Action::PackageDownload);
    assert_eq!(event.target, format!("model:{}", before.key));
    assert!(
        event.detail.ends_with("bytes 1 to 4 of 5"),
        "{}",
        event.detail
    );

    // An edit keeps the package; another one takes its place.
    let edit = object(r#"{"alias":"x"}"#);
    let any = Precondition::Exists;
    dashboard
        .patch(&publisher, &before.key, &edit, any.clone(), "")
        .await
        .unwrap();
    assert_eq!(
        dashboard.package(&viewer, &before.key).await.unwrap().id,
        id
    );
    let next = packages.uploaded(&publisher, "b.bin", b"second").await;
    let given = dashboard.publish_upload(&publisher, next, &before.key, Giving::default(), any, "");
    given.await.unwrap();
    assert_eq!(
        dashboard.package(&viewer, &before.key).await.unwrap().id,
        next
    );
    // The revisions before still name the first one.
    assert_eq!(packages.store.packages().await.unwrap().len(), 2);

    let new = key("MIST/New");
    let enabled = definition(r#"{"enabled":true,"registry":{"owner":"team"}}"#);
    let id = packages.uploaded(&publisher, "c.bin", b"third").await;
    let made = dashboard.publish_new(
        &publisher,
        id,
        new.clone(),
        enabled.clone(),
        Giving::default(),
        "",
    );
    let made = made.await.unwrap();
    assert!(!made.definition.enabled());
    let registry = made.definition.registry().unwrap();
    assert_eq!(registry.owner.as_deref(), Some("team"));
    assert_eq!(registry.package, Some(id.to_string()));
    let id = packages.uploaded(&publisher, "d.bin", b"fourth").await;
    let again = dashboard
        .publish_new(&publisher, id, new, enabled, Giving::default(), "")
        .await;
    assert!(matches!(again, Err(Error::Exists { .. })));
    // It was nobody's in the end, so it goes with the upload.
    dashboard.give_up_upload(&publisher, id).await.unwrap();
    assert_eq!(packages.store.packages().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_new_model_says_what_its_package_tells_and_above_that_what_is_given() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let network = include_bytes!("../../../tests/packages/genuine/nnunet_v2_two_folds.zip");
    let made = async |name: &str, given: &str| {
        let id = packages.uploaded(&host, "liver.zip", network).await;
        let made = dashboard.publish_new(
            &host,
            id,
            key(name),
            definition(given),
            Giving::default(),
            "",
        );
        let definition = made.await.unwrap().definition;
        let definition: serde_json::Value = serde_json::from_slice(&definition.to_bytes()).unwrap();
        definition
    };
    let told = made("nnUNet_v2/Told", "{}").await;
    let labels = serde_json::json!({"1": "liver", "2": "tumour"});
    assert_eq!(told["contour_names"], labels);
    assert_eq!(told["alias"], "Random numbers, no patient");
    assert_eq!(
        told["inference_information"],
        serde_json::json!({
            "channel_names": {"0": "CT"}, "modality": "CT", "configuration": "3d_fullres",
            "plans_name": "nnUNetPlans", "trainer_name": "nnUNetTrainer", "folds": [0, 1],
        })
    );
    assert_eq!(told["name"], "Told");
    assert_ne!(told["enabled"], true);

    let given = made(
        "nnUNet_v2/Given",
        r#"{"alias":"Mine","contour_names":{"7":"spleen"},"inference_information":null,"x":1}"#,
    );
    let given = given.await;
    assert_eq!(given["alias"], "Mine");
    assert_eq!(given["contour_names"], serde_json::json!({"7": "spleen"}));
    assert_eq!(given.get("inference_information"), None);
    assert_eq!(
        (&given["x"], &given["network_type"]),
        (&1.into(), &"nnUNet_v2".into())
    );
    assert_eq!(given["description"], told["description"]);
}

#[tokio::test]
async fn a_package_is_given_to_a_model_and_fetched_in_memory() {
    is_given_to_a_model_and_fetched(Packages::in_memory().await).await;
}

#[tokio::test]
async fn a_package_is_given_to_a_model_and_fetched_in_a_folder() {
    is_given_to_a_model_and_fetched(Packages::in_a_folder().await).await;
}

#[tokio::test]
async fn giving_and_fetching_need_their_permissions() {
    let packages = Packages::in_memory().await;
    let (dashboard, world) = (packages.dashboard(), &packages.world);
    let editor = world.caller(Role::Editor).await;
    let model = world.model(false).await.key;
    let enabled = world.model(true).await.key;
    let id = packages.uploaded(&editor, "a.bin", b"bytes").await;
    let needs = |refused: Result<Model, Error>, needed: Permission| match refused {
        Err(Error::Denied { permission, .. }) => assert_eq!(permission, needed),
        other => panic!("{other:?}"),
    };
    let any = Precondition::Exists;
    let refused =
        dashboard.publish_upload(&editor, id, &enabled, Giving::default(), any.clone(), "why");
    needs(refused.await, Permission::ModelsEnable);
    let (bearer, _) = world
        .token(
            editor.user(),
            "packages:read packages:write".parse().unwrap(),
        )
        .await;
    let uploader = world.by_token(&bearer).await.unwrap();
    let refused =
        dashboard.publish_upload(&uploader, id, &model, Giving::default(), any.clone(), "");
    needs(refused.await, Permission::ModelsWrite);
    let fetched = dashboard.package(&uploader, &model).await;
    assert!(matches!(
        fetched,
        Err(Error::Denied {
            permission: Permission::ModelsRead,
            ..
        })
    ));
    let auditor = world.caller(Role::Auditor).await;
    let fetched = dashboard.package(&auditor, &model).await;
    assert!(matches!(
        fetched,
        Err(Error::Denied {
            permission: Permission::PackagesRead,
            ..
        })
    ));
    // An archive that is none is given to nobody.
    let broken = packages.uploaded(&editor, "m.zip", BROKEN).await;
    let refused = dashboard.publish_upload(&editor, broken, &model, Giving::default(), any, "");
    assert_eq!(wrong_fields(refused.await), ["package"]);
}

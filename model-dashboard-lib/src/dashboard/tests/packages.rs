//! Packages that models get, in memory and in a folder.

use super::*;
use crate::auth::Permission;
use crate::repository::ObjectRepository;
use crate::repository::packages::{InPieces, PackageId, PackageStore, Pieces};

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

#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let packages = Packages::in_memory().await;
    let editor = packages.world.caller(Role::Editor).await;
    let id = packages.uploaded(&editor, "m.zip", BROKEN).await;
    let record = packages.dashboard().inspected(&editor, id).await.unwrap();
    assert_eq!(record.report, None);
    assert!(record.refused.is_some_and(|why| !why.is_empty()));
}

/// In a folder all of a package is read: what its files are, and that they are what their archive says.
/// Elsewhere that is what the archive says alone.
#[tokio::test]
async fn files_in_a_folder_are_known_by_their_digests() {
    let package = include_bytes!("../../../tests/packages/genuine/nnunet_v2_two_folds.zip");
    let mut forged = package.to_vec();
    // The checksum of a picture, in its own header and in the directory (APPNOTE 4.3.7, 4.3.12).
    let name = b"fold_0/progress.png";
    let names = package.windows(name.len()).enumerate();
    let ends = names.filter(|(_, it)| it == name).map(|(at, _)| at);
    let prefix = "Dataset901_RandomLiver/nnUNetTrainer__nnUNetPlans__3d_fullres/".len();
    for (end, (header, checksum)) in ends.zip([(30, 14), (46, 16)]) {
        let header = end - prefix - header;
        assert_eq!(forged[header..header + 2], *b"PK");
        forged[header + checksum] ^= 1;
    }
    let folder = Packages::in_a_folder().await;
    for (packages, is_folder) in [(folder, true), (Packages::in_memory().await, false)] {
        let (dashboard, host) = (packages.dashboard(), packages.world.host());
        let id = packages.uploaded(&host, "m.zip", package).await;
        let record = dashboard.inspected(&host, id).await.unwrap();
        let report = record.report.unwrap();
        assert!(report.files.len() > 10);
        for file in &report.files {
            assert!(file.crc32.is_some(), "{}", file.path);
            assert_eq!(file.digest.is_some(), is_folder, "{}", file.path);
        }
        let id = packages.uploaded(&host, "m.zip", &forged).await;
        let record = dashboard.inspected(&host, id).await.unwrap();
        assert_eq!(record.report.is_none(), is_folder, "{:?}", record.refused);
    }
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
    // That somebody insisted stays in the audit log.
    let confirmed = "confirmed although the package is for the network type nnUNet_v2, not MIST";
    let event = packages.world.last_event().await;
    assert_eq!(event.detail, format!("disabled; {confirmed}"));

    let next = include_bytes!("../../../tests/packages/genuine/nnunet_v2_fold_all.zip");
    let id = packages.uploaded(&host, "m.zip", next).await;
    let any = || Precondition::Exists;
    let given = dashboard.publish_upload(&host, id, &other, meant(), any(), "");
    assert_eq!(mismatched(given.await.map(drop)), ["network_type"]);
    let drafted = dashboard.draft_upload(&host, id, &other, meant(), "");
    assert_eq!(mismatched(drafted.await.map(drop)), ["network_type"]);
    assert_eq!(dashboard.model(&host, &other).await.unwrap(), before);
    assert!(dashboard.drafts(&host, &other).await.unwrap().is_empty());
    let insisted = Giving::taking(&[]).as_typed().breaking();
    let given = dashboard.publish_upload(&host, id, &other, insisted, any(), "");
    assert_eq!(given.await.unwrap().revision(), Some(2));
    let event = packages.world.last_event().await;
    let told = format!("changed: package; {confirmed}; label 1 was");
    assert!(event.detail.starts_with(&told), "{}", event.detail);
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
        event.detail.ends_with("bytes 1 to 3 of 5"),
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

//! Models whose package is not trusted stay disabled, unless an administrator says why not.

use super::*;
use crate::package::inspect::Trust;
use crate::repository::ObjectRepository;
use crate::repository::packages::{InPieces, PackageId};

/// Pickles: an empty dictionary, one with a name of nobody's, and a call of `os.system`.
const HARMLESS: &[u8] = b"\x80\x02}.";
const STRANGE: &[u8] = b"\x80\x02cnobody\nKnows\n.";
const HARMFUL: &[u8] = b"cos\nsystem\n(S'id'\ntR.";

async fn world(min_package_trust: Trust) -> World {
    let packages = ObjectRepository::in_memory().packages();
    let policy = Policy {
        min_package_trust,
        ..Policy::default()
    };
    World::with(|builder| builder.packages(packages).policy(policy)).await
}

async fn uploaded(world: &World, caller: &Caller, bytes: &[u8]) -> PackageId {
    let new = NewUpload {
        size: bytes.len() as u64,
        file_name: "weights.pkl".to_owned(),
        client_note: String::new(),
    };
    let dashboard = &world.dashboard;
    let id = dashboard.begin_upload(caller, new).await.unwrap().id;
    let bytes = Box::new(InPieces::new([bytes.to_vec()]));
    dashboard
        .append_to_upload(caller, id, 0, bytes)
        .await
        .unwrap();
    dashboard.finish_upload(caller, id).await.unwrap();
    id
}

/// A disabled model with this package.
async fn model_with(world: &World, name: &str, bytes: &[u8]) -> ModelKey {
    let host = world.host();
    let (id, key) = (
        uploaded(world, &host, bytes).await,
        name.parse::<ModelKey>().unwrap(),
    );
    let made = world.dashboard.publish_new(
        &host,
        id,
        key.clone(),
        ModelDefinition::default(),
        Giving::default(),
        "",
    );
    made.await.unwrap();
    key
}

async fn is_enabled(world: &World, key: &ModelKey) -> bool {
    let model = world.dashboard.model(&world.host(), key).await.unwrap();
    model.definition.enabled()
}

#[tokio::test]
async fn no_way_enables_a_model_whose_package_is_dangerous() {
    let world = world(Trust::Unscannable).await;
    let (dashboard, admin) = (&world.dashboard, world.caller(Role::Admin).await);
    let key = model_with(&world, "nnUNet/Evil", HARMFUL).await;
    let present = || Precondition::Exists;
    let object = |text: &str| JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap();
    let definition =
        |text: &str| ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap();

    let switched = dashboard
        .set_enabled(&admin, &key, true, present(), "x")
        .await;
    let patched = object(r#"{"enabled":true}"#);
    let patched = dashboard
        .patch(&admin, &key, &patched, present(), "x")
        .await;
    let replaced = definition(r#"{"enabled":true}"#);
    let replaced = dashboard
        .replace(&admin, &key, replaced, present(), "x")
        .await;
    let incomplete = dashboard.enable_incomplete(&admin, &key, present(), "x");
    for refused in [switched, patched, replaced, incomplete.await] {
        let error = refused.unwrap_err();
        let Error::Untrusted { trust, needed, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((*trust, *needed), (Trust::Dangerous, Trust::Unscannable));
    }
    assert!(!is_enabled(&world, &key).await);

    // An enabled one gets no such package, neither anew nor from an earlier revision.
    let good = model_with(&world, "nnUNet/Good", HARMFUL).await;
    let id = uploaded(&world, &admin, HARMLESS).await;
    let given = dashboard
        .publish_upload(&admin, id, &good, Giving::default(), present(), "x")
        .await;
    given.unwrap();
    dashboard
        .enable_incomplete(&admin, &good, present(), "")
        .await
        .unwrap();
    let restored = dashboard
        .restore(&admin, &good, 1, Confirmed::default(), present(), "x")
        .await;
    assert!(
        matches!(restored, Err(Error::Untrusted { .. })),
        "{restored:?}"
    );
    let id = uploaded(&world, &admin, HARMFUL).await;
    let given = dashboard
        .publish_upload(&admin, id, &good, Giving::default(), present(), "x")
        .await;
    assert!(matches!(given, Err(Error::Untrusted { .. })), "{given:?}");
    // The upload is still there, and may be given up.
    dashboard.give_up_upload(&admin, id).await.unwrap();
    let alias = object(r#"{"alias":"Still changed"}"#);
    dashboard
        .patch(&admin, &good, &alias, present(), "x")
        .await
        .unwrap();
}

#[tokio::test]
async fn an_administrator_enables_it_all_the_same_and_says_why() {
    let world = world(Trust::Unscannable).await;
    let dashboard = &world.dashboard;
    let key = model_with(&world, "nnUNet/Evil", HARMFUL).await;
    let present = || Precondition::Exists;
    let publisher = world.caller(Role::Publisher).await;
    let refused = dashboard
        .enable_despite_package(&publisher, &key, present(), "I want to")
        .await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    let admin = world.caller(Role::Admin).await;
    let refused = dashboard
        .enable_despite_package(&admin, &key, present(), " ")
        .await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert!(!is_enabled(&world, &key).await);

    let why = "read by the team of the framework";
    dashboard
        .enable_despite_package(&admin, &key, present(), why)
        .await
        .unwrap();
    assert!(is_enabled(&world, &key).await);
    let events = world.events().await.into_iter().map(|it| it.event);
    let mut enabled = events.filter(|event| event.action == Action::ModelEnable);
    let event = enabled.next().unwrap();
    let told =
        "enabled whatever its package; although no framework is known that loads the package";
    assert_eq!(event.detail, told);
    assert_eq!(event.reason, why);
    // What jobs use is changed as ever.
    let patch = JsonObject::parse(br#"{"alias":"In use"}"#, DuplicateKeys::Refuse).unwrap();
    dashboard
        .patch(&publisher, &key, &patch, present(), "a name")
        .await
        .unwrap();
}

#[tokio::test]
async fn how_far_a_package_must_be_trusted_is_chosen() {
    for (needed, harmful, strange) in [
        (Trust::Dangerous, true, true),
        (Trust::Unscannable, false, true),
        (Trust::Unknown, false, true),
        (Trust::Expected, false, false),
    ] {
        let world = world(needed).await;
        let host = world.host();
        for (name, bytes, may) in [
            ("nnUNet/Harmful", HARMFUL, harmful),
            ("nnUNet/Strange", STRANGE, strange),
            ("nnUNet/Harmless", HARMLESS, true),
        ] {
            let key = model_with(&world, name, bytes).await;
            let present = Precondition::Exists;
            let enabling = world.dashboard.enable_incomplete(&host, &key, present, "");
            assert_eq!(enabling.await.is_ok(), may, "{name}, {needed}");
        }
        // One without a package is no matter of this.
        let key: ModelKey = "nnUNet/None".parse().unwrap();
        let made = world
            .dashboard
            .create(&host, key.clone(), ModelDefinition::default(), "");
        made.await.unwrap();
        let enabling = world
            .dashboard
            .set_enabled(&host, &key, true, Precondition::Exists, "");
        enabling.await.unwrap();
    }
}

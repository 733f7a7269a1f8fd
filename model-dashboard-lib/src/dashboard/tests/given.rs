//! What a model says once it has another package, and what has to be confirmed of that.

use super::packages::Packages;
use super::*;
use crate::auth::Permission;
use crate::dashboard::CheckVerdict;
use crate::package::inspect::{Drift, TakenPart, Trust};

const TWO_FOLDS: &[u8] = include_bytes!("../../../tests/packages/genuine/nnunet_v2_two_folds.zip");
const FOLD_ALL: &[u8] = include_bytes!("../../../tests/packages/genuine/nnunet_v2_fold_all.zip");

const WITHOUT_WEIGHTS: &[u8] =
    include_bytes!("../../../tests/packages/genuine/monai_without_weights.zip");

fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins).unwrap()
}

fn key() -> ModelKey {
    "nnUNet_v2/Liver".parse().unwrap()
}

async fn given(packages: &Packages, bytes: &[u8], giving: Giving) -> Result<Model, Error> {
    let host = packages.world.host();
    let id = packages.uploaded(&host, "m.zip", bytes).await;
    let any = Precondition::Exists;
    let given = packages.dashboard();
    given
        .publish_upload(&host, id, &key(), giving, any, "why")
        .await
}

fn folds(model: &Model) -> String {
    let object = model.definition.as_object();
    let information = object.get_object("inference_information").unwrap();
    information.get("folds").unwrap_or_default().to_owned()
}

#[tokio::test]
async fn labels_that_stand_for_something_else_have_to_be_meant() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let says_spleen = definition(r#"{"contour_names":{"1":"spleen"}}"#);
    let made = dashboard.create(&host, key(), says_spleen, "");
    let before = made.await.unwrap();
    for giving in [Giving::default(), Giving::taking(&[TakenPart::Labels])] {
        let refused = given(&packages, TWO_FOLDS, giving.clone())
            .await
            .unwrap_err();
        let told = refused.to_string();
        let Error::Breaking {
            breaking, upload, ..
        } = refused
        else {
            panic!("{told}");
        };
        assert_eq!(breaking.labels.len(), 1, "{breaking:?}");
        assert!(told.contains("label 1 was spleen and is liver"), "{told}");
        assert_eq!(dashboard.model(&host, &key()).await.unwrap(), before);
        // It is there: proposed, it changes nothing yet.
        let liver = key();
        let (upload, drafted) = (upload.unwrap(), || giving.clone());
        let kept = dashboard.draft_upload(&host, upload, &liver, drafted(), "");
        kept.await.unwrap();
        // Once; what was refused is no draft, and the upload is still there.
        let again = packages.uploaded(&host, "again.zip", TWO_FOLDS).await;
        let twice = dashboard.draft_upload(&host, again, &liver, drafted(), "");
        let refused = twice.await;
        assert!(matches!(refused, Err(Error::Exists { .. })), "{refused:?}");
        dashboard.give_up_upload(&host, again).await.unwrap();
    }
    let meant = Giving::taking(&[TakenPart::Labels]).breaking();
    let model = given(&packages, TWO_FOLDS, meant).await.unwrap();
    let text = model.definition.as_object().get("contour_names").unwrap();
    assert!(text.contains("liver"), "{text}");
    // What it says now is no surprise any more.
    given(&packages, TWO_FOLDS, Giving::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_definition_that_followed_its_package_goes_on_doing_so() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let id = packages.uploaded(&host, "m.zip", TWO_FOLDS).await;
    let none = ModelDefinition::default();
    let made = dashboard.publish_new(&host, id, key(), none, Giving::default(), "");
    assert_eq!(folds(&made.await.unwrap()), "[0,1]");

    let drift = async || {
        let model = dashboard.model(&host, &key()).await.unwrap();
        let package = dashboard.package(&host, &key()).await.unwrap();
        let record = dashboard.package_record(&host, &package).await;
        let report = record.unwrap().unwrap().report.unwrap();
        let drift = Drift::between(&model.definition, &report).fields;
        let fields = drift.into_iter().map(|change| change.field);
        fields.collect::<Vec<_>>()
    };
    let meant = || Giving::default().breaking();
    let stays = Giving::taking(&[]).breaking();
    let model = given(&packages, FOLD_ALL, stays).await.unwrap();
    assert_eq!(folds(&model), "[0,1]");
    let told = drift().await;
    for field in ["inference_information.folds", "licence"] {
        assert!(told.contains(&field.to_owned()), "{told:?}");
    }
    // It says something else than its package: that is somebody's own word now.
    let model = given(&packages, FOLD_ALL, meant()).await.unwrap();
    assert_eq!(folds(&model), "[0,1]");

    let taken = [TakenPart::Inference, TakenPart::Description];
    let taken = Giving::taking(&taken).breaking();
    given(&packages, FOLD_ALL, taken).await.unwrap();
    assert_eq!(drift().await, Vec::<String>::new());
    let model = given(&packages, TWO_FOLDS, meant()).await.unwrap();
    assert_eq!(folds(&model), "[0,1]");
    assert_eq!(drift().await, Vec::<String>::new());
    // A draft says what it takes over, too, and that what it has to be confirmed for otherwise.
    let refused = given(&packages, FOLD_ALL, Giving::default()).await;
    let Err(Error::Breaking {
        breaking, upload, ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    let (liver, upload) = (key(), upload.unwrap());
    let draft = dashboard.draft_upload(&host, upload, &liver, Giving::default(), "");
    assert!(draft.await.unwrap().takes.contains(&TakenPart::Inference));
    let proposed = dashboard.draft(&host, &liver, upload).await.unwrap();
    let checks = proposed.checks(Trust::Unscannable).into_iter();
    let mut failed = checks.filter(|check| check.verdict == CheckVerdict::Failed);
    let told = breaking.to_string();
    assert!(failed.any(|check| check.text == told), "{told}");
    // It is confirmed when the draft is published, and that stays in the audit log.
    let any = || Precondition::Exists;
    let publish =
        |confirmed| dashboard.publish_draft(&host, &liver, upload, confirmed, any(), "why");
    let refused = publish(Confirmed::default()).await;
    let is_refused = matches!(&refused, Err(Error::Breaking { upload: None, .. }));
    assert!(is_refused, "{refused:?}");
    publish(Confirmed::default().breaking()).await.unwrap();
    let event = packages.world.last_event().await;
    let confirmed = format!("confirmed although {told}");
    assert!(event.detail.ends_with(&confirmed), "{}", event.detail);
}

#[tokio::test]
async fn jobs_get_no_package_that_may_not_run_unless_that_is_meant() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let mut made = definition("{}");
    made.set_enabled(true);
    let made = dashboard.create(&host, key(), made, "");
    let before = made.await.unwrap();
    let meant = || Giving::default().as_typed().breaking();
    for (bytes, why) in [
        (
            b"no package at all".as_slice(),
            "no framework is known that loads",
        ),
        (WITHOUT_WEIGHTS, "models/model.pt"),
    ] {
        let refused = given(&packages, bytes, meant()).await.unwrap_err();
        let told = refused.to_string();
        let Error::Incomplete {
            lacking, upload, ..
        } = refused
        else {
            panic!("{told}");
        };
        assert!(lacking[0].contains(why), "{lacking:?}");
        assert!(told.contains(&lacking[0]), "{told}");
        assert_eq!(dashboard.model(&host, &key()).await.unwrap(), before);
        // Proposed, it changes nothing; published, it has to be meant again.
        let (liver, upload) = (key(), upload.unwrap());
        let drafted = dashboard.draft_upload(&host, upload, &liver, meant(), "");
        drafted.await.unwrap();
        let proposed = dashboard.draft(&host, &liver, upload).await.unwrap();
        assert!(proposed.may_break().lacking[0].contains(why));
        let checks = proposed.checks(Trust::Unscannable).into_iter();
        let passed = checks
            .clone()
            .any(|check| check.verdict == CheckVerdict::Passed && check.text.contains("stand for"));
        assert_eq!(
            passed,
            bytes == WITHOUT_WEIGHTS,
            "nobody knows what it means"
        );
        let mut failed = checks.filter(|check| check.verdict == CheckVerdict::Failed);
        assert!(failed.any(|check| check.text.contains(why)));
        let any = Precondition::Exists;
        let published =
            dashboard.publish_draft(&host, &liver, upload, meant().confirmed, any, "why");
        let refused = published.await.unwrap_err();
        let is_refused = matches!(&refused, Error::Incomplete { upload: None, .. });
        assert!(is_refused, "{refused:?}");
    }
    given(&packages, WITHOUT_WEIGHTS, meant().incomplete())
        .await
        .unwrap();
    let event = packages.world.last_event().await;
    assert!(event.detail.contains("models/model.pt"), "{}", event.detail);
    // That nobody knows it is asked each time, what is missing only once.
    for (bytes, is_asked) in [
        (WITHOUT_WEIGHTS, false),
        (b"no package at all".as_slice(), true),
    ] {
        let again = given(&packages, bytes, meant()).await;
        assert_eq!(
            matches!(again, Err(Error::Incomplete { .. })),
            is_asked,
            "{again:?}"
        );
    }
    given(&packages, b"no package", meant().incomplete())
        .await
        .unwrap();
    let again = given(&packages, b"", meant()).await;
    assert!(matches!(again, Err(Error::Incomplete { .. })), "{again:?}");
    // A model that no job uses gets it without a word.
    let any = Precondition::Exists;
    let liver = key();
    let disabled = dashboard.set_enabled(&host, &liver, false, any, "why");
    disabled.await.unwrap();
    given(&packages, b"no package at all", meant())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_same_bytes_change_nothing_but_what_is_taken_over() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let made = dashboard.create(&host, key(), definition("{}"), "");
    made.await.unwrap();
    let one = given(&packages, TWO_FOLDS, Giving::taking(&[])).await;
    let one = one.unwrap();
    let same = given(&packages, TWO_FOLDS, Giving::taking(&[])).await;
    assert_eq!(same.unwrap(), one);
    let gone = packages.details(Action::PackageDiscard).await;
    assert!(
        gone[0].contains("the model has these bytes already"),
        "{gone:?}"
    );
    let labels = Giving::taking(&[TakenPart::Labels]);
    let taken = given(&packages, TWO_FOLDS, labels.clone()).await.unwrap();
    assert_eq!(taken.revision(), Some(3));
    let again = given(&packages, TWO_FOLDS, labels.clone()).await.unwrap();
    assert_eq!(again, taken);
    // Bytes that were lost come back so.
    let id = dashboard.package(&host, &key()).await.unwrap().id;
    packages.store.remove(id).await.unwrap();
    let mended = given(&packages, TWO_FOLDS, labels).await.unwrap();
    assert_eq!(mended.revision(), Some(4));
}

#[tokio::test]
async fn what_a_restore_may_break_is_told_before_and_has_to_be_meant() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    // What its packages say, this one does not: they alone tell what they mean.
    let mut silent = definition("{}");
    silent.set_enabled(true);
    let liver = key();
    let made = dashboard.create(&host, liver.clone(), silent, "");
    made.await.unwrap();
    let stays = || Giving::taking(&[]).breaking();
    for (bytes, giving) in [
        (TWO_FOLDS, stays()),
        (FOLD_ALL, stays()),
        (WITHOUT_WEIGHTS, stays().as_typed().incomplete()),
    ] {
        given(&packages, bytes, giving).await.unwrap();
    }
    // From the last one, without weights, to these: without a package, to other labels, to itself.
    let labels = "label 1 was whole tumour and is liver; label 2 was enhancing tumour and is tumour; \
                  the images were T1c, T1, T2, FLAIR and are CT";
    for (number, breaks, lacks) in [
        (1, "", vec!["the revision has no package".to_owned()]),
        (2, labels, Vec::new()),
        (4, "", Vec::new()),
    ] {
        let model = dashboard.model(&host, &liver).await.unwrap();
        let revision = dashboard.revision(&host, &liver, number).await.unwrap();
        let told = dashboard.restoring_may_break(&host, &model, &revision);
        let told = told.await.unwrap();
        assert_eq!(
            (&*told.breaking.to_string(), &told.lacking),
            (breaks, &lacks)
        );
        let restore = |confirmed| {
            let any = Precondition::Exists;
            dashboard.restore(&host, &liver, number, confirmed, any, "why")
        };
        let (nothing, both) = (
            Confirmed::default(),
            Confirmed::default().breaking().incomplete(),
        );
        match restore(nothing).await {
            Err(Error::Breaking {
                breaking, lacking, ..
            }) => {
                assert_eq!((*breaking, lacking), (told.breaking, told.lacking));
            }
            Err(Error::Incomplete { lacking, .. }) => assert_eq!(lacking, told.lacking),
            other => assert!(told.is_empty() && other.is_ok(), "{number}: {other:?}"),
        }
        restore(both).await.unwrap();
        let event = packages.world.last_event().await;
        if !(breaks.is_empty() && lacks.is_empty()) {
            let confirmed = format!("confirmed although {breaks}{}", lacks.concat());
            assert!(
                event
                    .detail
                    .contains(&confirmed[..100.min(confirmed.len())]),
                "{}",
                event.detail
            );
        }
        // Back to the last one.
        let any = Precondition::Exists;
        let back = dashboard.restore(&host, &liver, 4, both, any, "why");
        back.await.unwrap();
    }
}

#[tokio::test]
async fn what_may_break_is_told_at_once() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let mut says_spleen = definition(r#"{"contour_names":{"1":"spleen"}}"#);
    says_spleen.set_enabled(true);
    let made = dashboard.create(&host, key(), says_spleen, "");
    made.await.unwrap();
    let refused = given(&packages, WITHOUT_WEIGHTS, Giving::default().as_typed()).await;
    let refused = refused.unwrap_err();
    let told = refused.to_string();
    assert!(
        told.contains("label 1 was spleen") && told.contains("models/model.pt"),
        "{told}"
    );
    let meant = Giving::default().as_typed().incomplete();
    let refused = given(&packages, WITHOUT_WEIGHTS, meant).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Breaking { lacking, .. } if lacking.is_empty()),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_text_that_its_package_alone_told_is_taken_over_as_nothing() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let made = dashboard.create(&host, key(), definition("{}"), "");
    made.await.unwrap();
    let licensed = given(&packages, TWO_FOLDS, Giving::default())
        .await
        .unwrap();
    assert!(
        licensed.definition.description().contains("Licence: "),
        "{licensed:?}"
    );
    // What the page ticks is named one by one.
    let text = Giving::taking(&[TakenPart::Description]);
    let silent = given(&packages, b"no package at all", text.clone()).await;
    assert_eq!(silent.unwrap().definition.description(), "");
    let refused = given(&packages, b"none either", text).await;
    let is_refused = matches!(&refused, Err(Error::Invalid(wrong)) if wrong[0].field == "take");
    assert!(is_refused, "{refused:?}");
}

#[tokio::test]
async fn who_may_not_change_an_enabled_model_is_told_that_and_nothing_else() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let mut made = definition("{}");
    made.set_enabled(true);
    let made = dashboard.create(&host, key(), made, "");
    made.await.unwrap();
    let scopes = Permissions::of(&[
        Permission::ModelsRead,
        Permission::ModelsWrite,
        Permission::PackagesRead,
        Permission::PackagesWrite,
    ]);
    let user = packages.world.person(Role::Publisher).await;
    let (token, _) = packages.world.token(&user, scopes).await;
    let writer = packages.world.by_token(&token).await.unwrap();
    let id = packages.uploaded(&writer, "m.zip", b"no package").await;
    let (any, liver) = (Precondition::Exists, key());
    let refused = dashboard.publish_upload(&writer, id, &liver, Giving::default(), any, "why");
    let refused = refused.await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
}

#[tokio::test]
async fn another_name_than_the_package_says_has_to_be_meant() {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let id = packages.uploaded(&host, "m.zip", TWO_FOLDS).await;
    let none = ModelDefinition::default();
    let made = dashboard.publish_new(&host, id, key(), none, Giving::default(), "");
    made.await.unwrap();
    let any = || Precondition::Exists;
    for to in ["MIST/Liver", "nnUNet_v2/Dataset555_Liver"] {
        let to: ModelKey = to.parse().unwrap();
        let refused = dashboard.rename(&host, &key(), &to, false, any(), "").await;
        let Err(Error::Mismatched {
            key: named,
            mismatches,
            upload: None,
        }) = refused
        else {
            panic!("{to}: {refused:?}");
        };
        assert_eq!((named, mismatches.len()), (to.clone(), 1));
    }
    let (plain, odd) = (
        "nnUNet_v2/Dataset901_Liver".parse().unwrap(),
        "MIST/Liver".parse().unwrap(),
    );
    let renamed = dashboard
        .rename(&host, &key(), &plain, false, any(), "")
        .await;
    renamed.unwrap();
    let meant = dashboard.rename(&host, &plain, &odd, true, any(), "");
    meant.await.unwrap();
    let event = packages.world.last_event().await;
    let told = "was nnUNet_v2/Dataset901_Liver; confirmed although the package is for the network type nnUNet_v2";
    assert!(event.detail.starts_with(told), "{}", event.detail);
    // What it says otherwise already is not asked again.
    let again = "MIST/Hepar".parse().unwrap();
    let renamed = dashboard
        .rename(&host, &odd, &again, false, any(), "")
        .await;
    renamed.unwrap();
}

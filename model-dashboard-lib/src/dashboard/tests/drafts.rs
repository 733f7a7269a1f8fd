//! Packages that are proposed to models.

use super::packages::Packages;
use super::*;
use crate::dashboard::{CheckVerdict, MAX_DRAFTS};
use crate::package::inspect::{TakenPart, Trust};
use crate::repository::packages::PackageId;

/// A package of nnU-Net, with labels.
pub(super) const PACKAGE: &[u8] =
    include_bytes!("../../../tests/packages/genuine/nnunet_v2_two_folds.zip");

pub(super) fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins).unwrap()
}

pub(super) struct Proposed {
    pub(super) packages: Packages,
    pub(super) key: ModelKey,
    package: PackageId,
}

/// An enabled model, and a package that is proposed to it with everything that it tells.
pub(super) async fn proposed() -> Proposed {
    let packages = Packages::in_memory().await;
    let (dashboard, host) = (packages.dashboard(), packages.world.host());
    let key: ModelKey = "nnUNet_v2/Liver".parse().unwrap();
    let text = r#"{"alias":"Liver","enabled":true,"contour_names":{"1":"spleen"},"registry":{"owner":"urology"}}"#;
    let made = dashboard.create(&host, key.clone(), definition(text), "");
    made.await.unwrap();
    let package = packages.uploaded(&host, "liver.zip", PACKAGE).await;
    let takes = [TakenPart::Labels, TakenPart::Labels];
    let drafted = dashboard.draft_upload(&host, package, &key, Giving::taking(&takes), "better");
    let draft = drafted.await.unwrap();
    assert_eq!((draft.package, draft.revision), (package, Some(1)));
    assert_eq!(draft.takes, [TakenPart::Labels]);
    Proposed {
        packages,
        key,
        package,
    }
}

impl Proposed {
    pub(super) fn dashboard(&self) -> &Dashboard {
        self.packages.dashboard()
    }

    pub(super) fn host(&self) -> Caller {
        self.packages.world.host()
    }

    async fn drafts(&self) -> usize {
        let drafts = self.dashboard().drafts(&self.host(), &self.key).await;
        drafts.unwrap().len()
    }

    async fn model(&self) -> Model {
        let model = self.dashboard().model(&self.host(), &self.key).await;
        model.unwrap()
    }

    async fn has_bytes(&self) -> bool {
        self.packages.store.package(self.package).await.is_ok()
    }
}

#[tokio::test]
async fn a_draft_changes_nothing_until_it_is_published() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let before = here.model().await;
    assert_eq!(before.definition.registry().unwrap().package, None);
    assert_eq!(before.revision(), Some(1));
    // The upload has ended; the package is there.
    assert_eq!(dashboard.uploads(&host).await.unwrap().len(), 0);
    assert!(here.has_bytes().await);
    assert_eq!(here.packages.details(Action::PackageDraft).await.len(), 1);

    let shown = dashboard
        .draft(&host, &here.key, here.package)
        .await
        .unwrap();
    assert!(shown.changes().is_breaking());
    // What is carried forward does not look as if it were taken away.
    let registry = shown.definition.registry().unwrap();
    assert_eq!(registry.owner.as_deref(), Some("urology"));
    assert_eq!(registry.package, Some(here.package.to_string()));
    let changed: Vec<_> = shown
        .changes()
        .fields
        .into_iter()
        .map(|it| it.field)
        .collect();
    assert!(
        !changed.iter().any(|field| field.contains("owner")),
        "{changed:?}"
    );
    let failed: Vec<_> = shown
        .checks(Trust::Unscannable)
        .into_iter()
        .filter(|check| check.verdict == CheckVerdict::Failed)
        .map(|check| check.text)
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].contains("label 1 was spleen"), "{failed:?}");

    let seen = Precondition::Version(before.version);
    let model = dashboard.publish_draft(
        &host,
        &here.key,
        here.package,
        Confirmed::default().breaking(),
        seen,
        "",
    );
    let model = model.await.unwrap();
    assert_eq!(model.revision(), Some(2));
    assert_eq!(
        model.definition.registry().unwrap().package,
        Some(here.package.to_string())
    );
    assert_eq!(
        model.definition.contour_names(),
        shown.definition.contour_names()
    );
    assert_ne!(
        model.definition.contour_names(),
        before.definition.contour_names()
    );
    assert_eq!(here.drafts().await, 0);
    assert!(here.has_bytes().await);
    // Its own reason counts, where none is given.
    let event = here.packages.world.last_event().await;
    assert_eq!(
        (event.action, event.reason.as_str()),
        (Action::ModelUpdate, "better")
    );
    let again = dashboard
        .publish_draft(
            &host,
            &here.key,
            here.package,
            Confirmed::default().breaking(),
            Precondition::Exists,
            "",
        )
        .await;
    assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
}

#[tokio::test]
async fn labels_that_mean_something_else_in_the_package_are_told_though_they_are_not_taken() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let other = here.packages.uploaded(&host, "other.zip", PACKAGE).await;
    let drafted = dashboard.draft_upload(&host, other, &here.key, Giving::default(), "");
    drafted.await.unwrap();
    let shown = dashboard.draft(&host, &here.key, other).await.unwrap();
    let checks = shown.checks(Trust::Unscannable);
    let told = |check: &crate::dashboard::DraftCheck| {
        check.verdict == CheckVerdict::Failed
            && check.text.contains("something else in the package")
    };
    assert!(checks.iter().any(told), "{checks:?}");
}

#[tokio::test]
async fn what_others_change_meanwhile_stays_and_is_told() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let before = here.model().await;
    let patch = JsonObject::parse(br#"{"alias":"Liver 2"}"#, DuplicateKeys::Refuse).unwrap();
    let other = dashboard.patch(&host, &here.key, &patch, Precondition::Exists, "name");
    other.await.unwrap();
    let seen = Precondition::Version(before.version);
    let late = dashboard
        .publish_draft(
            &host,
            &here.key,
            here.package,
            Confirmed::default().breaking(),
            seen,
            "",
        )
        .await;
    assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    assert_eq!(here.drafts().await, 1);
    let shown = dashboard
        .draft(&host, &here.key, here.package)
        .await
        .unwrap();
    let checks = shown.checks(Trust::Unscannable);
    let told = checks.iter().any(|check| {
        check.verdict == CheckVerdict::Doubtful && check.text.contains("revision 1, and is at 2")
    });
    assert!(told, "{checks:?}");
    let seen = Precondition::Version(shown.model.version);
    let model = dashboard.publish_draft(
        &host,
        &here.key,
        here.package,
        Confirmed::default().breaking(),
        seen,
        "now",
    );
    let model = model.await.unwrap();
    assert_eq!(model.definition.alias(), "Liver 2");
    assert_ne!(
        model.definition.contour_names(),
        before.definition.contour_names()
    );
}

#[tokio::test]
async fn a_discarded_draft_leaves_nothing_but_what_is_known_of_it() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let done = dashboard
        .discard_draft(&host, &here.key, here.package, "worse")
        .await;
    done.unwrap();
    assert_eq!(here.drafts().await, 0);
    assert!(!here.has_bytes().await);
    assert_eq!(here.model().await.revision(), Some(1));
    let event = here.packages.world.last_event().await;
    assert_eq!(
        (event.action, event.reason.as_str()),
        (Action::PackageDraftDiscard, "worse")
    );
    let again = dashboard
        .discard_draft(&host, &here.key, here.package, "")
        .await;
    assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
    // Who reads models sees that something was proposed, and what became of it.
    let viewer = here.packages.world.caller(Role::Viewer).await;
    let seen = async |actions: &[&str]| {
        let actions = actions.iter().map(|name| (*name).to_owned()).collect();
        let filter = EventFilter {
            actions,
            ..EventFilter::default()
        };
        let events = dashboard.activity(&viewer, &filter, EventPage::After(0), 10);
        let events = events.await.unwrap().into_iter();
        events.map(|it| it.event.action).collect::<Vec<_>>()
    };
    let (made, proposed, discarded) = (
        Action::ModelCreate,
        Action::PackageDraft,
        Action::PackageDraftDiscard,
    );
    assert_eq!(seen(&[]).await, [made, proposed.clone(), discarded]);
    let others = ["package.draft", "package.upload"];
    assert_eq!(seen(&others).await, [proposed]);
}

#[tokio::test]
async fn a_draft_that_was_published_before_it_ended_takes_nothing_from_the_model() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let id = here.model().await.definition.registry().unwrap().id;
    let store = &here.packages.store;
    let draft = store.draft(&id, here.package).await.unwrap().unwrap();
    let model = dashboard.publish_draft(
        &host,
        &here.key,
        here.package,
        Confirmed::default().breaking(),
        Precondition::Exists,
        "",
    );
    model.await.unwrap();
    // As a crash leaves it.
    store.keep_draft(&id, here.package, &draft).await.unwrap();
    let done = dashboard
        .discard_draft(&host, &here.key, here.package, "")
        .await;
    done.unwrap();
    assert!(here.has_bytes().await);
    dashboard.package(&host, &here.key).await.unwrap();
}

#[tokio::test]
async fn a_package_that_is_proposed_is_needed() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let silent = |_: u64, _: u64| ();
    let head = dashboard
        .draft(&host, &here.key, here.package)
        .await
        .unwrap()
        .head;
    let purge = dashboard.package_to_purge(&host, head.digest, &silent);
    let purge = purge.await.unwrap();
    let named: Vec<_> = purge.packages[0]
        .named_by
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(named, ["a draft of nnUNet_v2/Liver"]);
    // Bytes that must not exist go all the same; then the draft cannot be published.
    let purged = dashboard.purge_package(&host, head.digest, "patients", &silent);
    purged.await.unwrap();
    let gone = dashboard.draft(&host, &here.key, here.package).await;
    assert!(matches!(gone, Err(Error::Removed { .. })), "{gone:?}");
    let gone = dashboard
        .publish_draft(
            &host,
            &here.key,
            here.package,
            Confirmed::default().breaking(),
            Precondition::Exists,
            "x",
        )
        .await;
    assert!(matches!(gone, Err(Error::Removed { .. })), "{gone:?}");
    assert_eq!(here.drafts().await, 1);
    dashboard
        .discard_draft(&host, &here.key, here.package, "")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_draft_whose_package_is_lost_says_so_and_can_be_discarded() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    here.packages
        .store
        .remove_report(here.package)
        .await
        .unwrap();
    let lost = dashboard.draft(&host, &here.key, here.package).await;
    let told = lost.unwrap_err();
    assert!(matches!(told, Error::Invalid(_)), "{told:?}");
    let told = told.to_string();
    assert!(
        told.contains("nothing is known of what is in it; discard"),
        "{told}"
    );
    dashboard
        .discard_draft(&host, &here.key, here.package, "")
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_published_at_once_takes_over_what_it_is_told_to() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let package = here.packages.uploaded(&host, "again.zip", PACKAGE).await;
    let publish = async |id, takes| {
        let any = Precondition::Exists;
        dashboard
            .publish_upload(
                &host,
                id,
                &here.key,
                Giving::taking(takes).breaking(),
                any,
                "at once",
            )
            .await
    };
    let taken = publish(package, &[TakenPart::Labels]).await.unwrap();
    let shown = dashboard.draft(&host, &here.key, here.package).await;
    let proposed = shown.unwrap().definition.contour_names();
    assert_eq!(taken.definition.contour_names(), proposed);
    // Nothing tells them: the upload stays, and the model as it is.
    let silent = here.packages.uploaded(&host, "a.bin", b"weights").await;
    let refused = publish(silent, &TakenPart::ALL).await;
    assert_eq!(wrong_fields(refused), ["take"]);
    let refused = dashboard
        .draft_upload(
            &host,
            silent,
            &here.key,
            Giving::taking(&TakenPart::ALL),
            "",
        )
        .await;
    assert_eq!(wrong_fields(refused), ["take"]);
    assert_eq!(here.model().await.revision(), Some(2));
    assert_eq!(dashboard.uploads(&host).await.unwrap().len(), 1);
    let refused = publish(silent, &[]).await;
    assert!(
        matches!(refused, Err(Error::Incomplete { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_model_has_so_many_drafts_and_no_more() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let id = here.model().await.definition.registry().unwrap().id;
    for _ in 1..MAX_DRAFTS {
        let other = PackageId::new();
        here.packages
            .store
            .keep_draft(&id, other, b"{}")
            .await
            .unwrap();
    }
    let package = here.packages.uploaded(&host, "one-more.zip", PACKAGE).await;
    let more = dashboard
        .draft_upload(&host, package, &here.key, Giving::default(), "")
        .await;
    assert_eq!(wrong_fields(more), ["model"]);
    // Those that cannot be read hide no other, and the upload is still there.
    let listed = dashboard.drafts(&host, &here.key).await.unwrap();
    let read = listed.iter().filter(|draft| !draft.unreadable);
    assert_eq!((listed.len(), read.count()), (MAX_DRAFTS, 1));
    assert_eq!(dashboard.uploads(&host).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_may_not_change_a_model_proposes_and_decides_nothing() {
    let here = proposed().await;
    let dashboard = here.dashboard();
    let viewer = here.packages.world.caller(Role::Viewer).await;
    let (key, package) = (&here.key, here.package);
    let published = dashboard.publish_draft(
        &viewer,
        key,
        package,
        Confirmed::default().breaking(),
        Precondition::Exists,
        "x",
    );
    let discarded = dashboard.discard_draft(&viewer, key, package, "").await;
    let published = published.await;
    assert!(
        matches!(published, Err(Error::Denied { .. })),
        "{published:?}"
    );
    assert!(
        matches!(discarded, Err(Error::Denied { .. })),
        "{discarded:?}"
    );
    assert_eq!(here.drafts().await, 1);
    assert_eq!(here.model().await.revision(), Some(1));
}

#[tokio::test]
async fn a_draft_that_cannot_be_read_is_listed_and_discarded() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let registry = here.model().await.definition.registry().unwrap();
    let store = &here.packages.store;
    store
        .remove_draft(&registry.id, here.package)
        .await
        .unwrap();
    let broken = store.keep_draft(&registry.id, here.package, b"{").await;
    assert!(broken.unwrap());
    let listed = dashboard.drafts(&host, &here.key).await.unwrap();
    assert!(listed[0].unreadable);
    assert_eq!(listed[0].file_name, "liver.zip");
    let shown = dashboard.draft(&host, &here.key, here.package).await;
    assert!(shown.unwrap_err().to_string().contains("discard it"));
    let discarded = dashboard.discard_draft(&host, &here.key, here.package, "");
    discarded.await.unwrap();
    assert_eq!(here.drafts().await, 0);
}

#[tokio::test]
async fn a_dangerous_draft_of_an_enabled_model_says_what_to_do() {
    let here = proposed().await;
    let (dashboard, host) = (here.dashboard(), here.host());
    let harmful = b"cos\nsystem\n(S'id'\ntR.";
    let package = here.packages.uploaded(&host, "w.pkl", harmful).await;
    let drafted = dashboard.draft_upload(&host, package, &here.key, Giving::default(), "");
    drafted.await.unwrap();
    let shown = dashboard.draft(&host, &here.key, package).await.unwrap();
    let checks = shown.checks(Trust::Unscannable);
    assert!(
        checks[0].text.contains("disable the model first"),
        "{checks:?}"
    );
    let any = || Precondition::Exists;
    let refused = dashboard.publish_draft(
        &host,
        &here.key,
        package,
        Confirmed::default().breaking(),
        any(),
        "why",
    );
    let told = refused.await.unwrap_err().to_string();
    assert!(told.contains("disable the model first"), "{told}");
    // It works.
    let disabled = dashboard.set_enabled(&host, &here.key, false, any(), "");
    disabled.await.unwrap();
    let published = dashboard.publish_draft(
        &host,
        &here.key,
        package,
        Confirmed::default().breaking(),
        any(),
        "why",
    );
    published.await.unwrap();
    let enabled = dashboard.enable_despite_package(&host, &here.key, any(), "read by two");
    enabled.await.unwrap();
}

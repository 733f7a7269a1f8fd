//! What is removed, and what stays.

use super::*;

#[tokio::test]
async fn old_tombstones_are_purged_and_histories_stay() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 2).await;
    here.made("nnUNet/B", 1).await;
    here.delete("nnUNet/A").await;
    let young = here.collect(WEEK, false).await;
    assert_eq!((young.removed, young.too_young), (0, 1));

    let tried = here.collect(Duration::ZERO, true).await;
    assert_eq!((tried.removed, tried.found[0].at.as_str()), (1, "nnUNet/A"));
    assert!(here.path("nnUNet/A").exists());
    let collected = here.collect(Duration::ZERO, false).await;
    assert_eq!(collected.found, tried.found);
    assert!(!here.path("nnUNet/A").exists() && here.path("nnUNet/B").exists());
    let event = here.world.last_event().await;
    assert_eq!(event.detail, "garbage collected; removed 1: nnUNet/A");
    assert!(here.revision(id, 3).exists());
    assert!(here.check(false).await.is_well());

    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let known = dashboard.picture(&host).await.unwrap();
    assert_eq!(known.tombstones().len(), 0);
    assert_eq!(here.collect(Duration::ZERO, false).await.found, []);
    // What is created there goes on with the history.
    let anew = dashboard.create(&host, key("nnUNet/A"), definition("{}"), "");
    let registry = anew.await.unwrap().definition.registry().unwrap();
    assert_eq!((registry.id, registry.revision), (id, 4));
}

#[tokio::test]
async fn every_tombstone_that_goes_is_told() {
    let here = InFolder::new().await;
    let mut told = Vec::new();
    for n in 0..25 {
        let at = format!("nnUNet/{n}");
        here.made(&at, 1).await;
        here.delete(&at).await;
        told.push(format!("model:{at}"));
    }
    assert_eq!(here.collect(Duration::ZERO, false).await.removed, 25);
    let events = here.world.events().await;
    let purges = events
        .iter()
        .filter(|it| it.event.detail.contains("removed for good"));
    let mut targets: Vec<&str> = purges.map(|it| it.event.target.as_str()).collect();
    targets.sort_unstable();
    told.sort_unstable();
    assert_eq!(targets, told);
}

#[tokio::test]
async fn the_mark_of_a_rename_is_forgotten_with_it_and_what_came_after_is_not() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 1).await;
    here.rename("nnUNet/A", "nnUNet/B").await;
    let catalog = &here.world.dashboard.inner.catalog;
    let mark = catalog.ask_one(&key("nnUNet/A")).await.unwrap();
    assert_eq!(here.collect(Duration::ZERO, false).await.removed, 1);
    assert_eq!(catalog.current().tombstones().len(), 0);

    here.made("nnUNet/A", 1).await;
    catalog.forget(&mark);
    here.delete("nnUNet/A").await;
    catalog.forget(&mark);
    assert_eq!(catalog.current().tombstones().len(), 1);
}

#[tokio::test]
async fn what_trying_the_store_left_behind_is_removed() {
    let here = InFolder::new().await;
    let old = ".registry/probe/01DXF6DT000000000000000000";
    here.write(old, "");
    let new = format!(".registry/probe/{}", ulid::Ulid::generate());
    here.write(&new, "");
    assert_eq!(
        here.found(true).await,
        [(FindingKind::LeftOver, old.to_owned(), Mending::Possible)]
    );
    let collected = here.collect(WEEK, false).await;
    assert_eq!((collected.removed, collected.too_young), (1, 1));
    assert_eq!(collected.found[0].kind, GarbageKind::LeftOver);
    assert!(!here.path(old).exists() && here.path(&new).exists());
}

#[tokio::test]
async fn bytes_that_no_upload_counts_are_removed_and_uploads_stay() {
    let here = InFolder::new().await;
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let new = NewUpload {
        size: 5,
        file_name: "a.bin".to_owned(),
        client_note: String::new(),
    };
    let upload = dashboard.begin_upload(&host, new).await.unwrap();
    let old = ".registry/uploads/01DXF6DT000000000000000000.bytes";
    let new = format!(".registry/uploads/{}.bytes", ulid::Ulid::generate());
    for name in [old, &new] {
        here.write(name, "bytes");
    }
    for dry_run in [true, false] {
        let collected = here.collect(Duration::ZERO, dry_run).await;
        assert_eq!(
            (collected.removed, collected.found[0].at.as_str()),
            (1, old)
        );
        assert_eq!(collected.found[0].kind, GarbageKind::UploadBytes);
        assert_eq!(here.path(old).exists(), dry_run);
    }
    assert!(here.path(&new).exists());
    assert_eq!(dashboard.uploads(&host).await.unwrap(), [upload]);
}

/// Whatever names it, and whoever wrote that.
#[tokio::test]
async fn packages_that_nothing_names_are_removed_and_others_stay() {
    let here = InFolder::new().await;
    let names = |n: u8| format!("01DXF6DT00000000000000000{n}");
    for n in 0..4 {
        here.write(&format!(".registry/packages/{}", names(n)), "bytes");
    }
    let young = crate::repository::packages::PackageId::new();
    here.write(&format!(".registry/packages/{young}"), "bytes");
    here.made("nnUNet/A", 1).await;
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    for n in [1, 2] {
        let patch = object(&format!(r#"{{"description":"{}"}}"#, names(n)));
        let edited = dashboard
            .patch(&host, &key("nnUNet/A"), &patch, ANY, "")
            .await;
        edited.unwrap();
    }
    here.write("nnUNet/B", &format!("half {{ {}", names(3)));
    for dry_run in [true, false] {
        let collected = here.collect(WEEK, dry_run).await;
        let at = format!(".registry/packages/{}", names(0));
        assert_eq!((collected.removed, &collected.found[0].at), (1, &at));
        assert_eq!(collected.found[0].kind, GarbageKind::Package);
        assert_eq!(here.path(&at).exists(), dry_run);
    }
    let mut left: Vec<_> = [names(1), names(2), names(3), young.to_string()].into();
    left.retain(|name| here.path(&format!(".registry/packages/{name}")).exists());
    assert_eq!(left.len(), 4);
    let event = here.world.events().await;
    let purge = event
        .iter()
        .find(|it| it.event.action == Action::PackageDiscard);
    assert_eq!(purge.unwrap().event.target, format!("package:{}", names(0)));

    // What cannot be read may name any.
    here.write(&format!(".registry/packages/{}", names(0)), "bytes");
    here.write("nnUNet/C", &"x".repeat(2 << 20));
    let kept = here.collect(WEEK, false).await;
    assert_eq!(
        (kept.removed, kept.found[0].kept),
        (0, Some(Kept::Doubtful))
    );
}

#[tokio::test]
async fn a_store_that_cannot_remove_on_condition_keeps_its_tombstones() {
    let repository = ObjectRepository::in_memory();
    let models: Arc<dyn ModelRepository> = Arc::new(repository.clone());
    let world = World::with(|builder| builder.repository(models)).await;
    let (host, dashboard) = (world.host(), &world.dashboard);
    let at = key("nnUNet/A");
    let made = dashboard.create(&host, at.clone(), definition("{}"), "");
    made.await.unwrap();
    dashboard.delete(&host, &at, ANY, "").await.unwrap();
    for dry_run in [true, false] {
        let kept = dashboard.collect_garbage(&host, Duration::ZERO, dry_run, &silent);
        let kept = kept.await.unwrap();
        assert_eq!((kept.removed, kept.found[0].kept), (0, Some(Kept::Unsafe)));
    }
    assert!(repository.get(&at).await.is_ok());
    let found = dashboard.check_storage(&host, true, &silent).await.unwrap();
    assert!(found.is_well());
}

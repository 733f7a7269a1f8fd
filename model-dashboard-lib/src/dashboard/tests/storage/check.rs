//! What a check finds, and what it mends.

use super::*;

#[tokio::test]
async fn a_store_as_the_registry_left_it_is_well() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 3).await;
    here.made("nnUNet/B", 1).await;
    here.made("MIST/gone", 1).await;
    here.rename("nnUNet/B", "MIST/C").await;
    here.delete("MIST/gone").await;
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);

    let steps = std::sync::Mutex::new(Vec::new());
    let progress = |done: u64, total: u64| steps.lock().unwrap().push((done, total));
    let found = dashboard.check_storage(&host, false, &progress).await;
    let found = found.unwrap();
    assert_eq!(found.findings, []);
    assert!(found.is_well());
    assert_eq!((found.models, found.tombstones), (2, 2));
    assert_eq!((found.histories, found.revisions), (3, 3 + 2 + 2));
    assert_eq!(
        *steps.lock().unwrap(),
        [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    );

    let event = here.world.last_event().await;
    assert_eq!((event.action, &*event.target), (Action::System, "storage"));
    assert_eq!(event.detail, "checked; nothing found");
}

#[tokio::test]
async fn what_others_wrote_is_archived_by_a_repair() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 1).await;
    here.write("nnUNet/A", r#"{"alias":"theirs"}"#);
    here.write("MIST/theirs", "{}");
    let outside = |at: &str, mending| (FindingKind::ChangedOutside, at.to_owned(), mending);
    let expected = |mending: Mending| {
        [
            outside("MIST/theirs", mending.clone()),
            outside("nnUNet/A", mending),
        ]
    };
    assert_eq!(here.found(false).await, expected(Mending::Possible));
    let repaired = here.check(true).await;
    assert!(repaired.is_well(), "{repaired:?}");
    let details: Vec<&str> = repaired.findings.iter().map(|it| &*it.detail).collect();
    assert_eq!(
        details,
        [
            "it has no history yet",
            "its history ends with another state"
        ]
    );
    let theirs = fs::read_to_string(here.path("MIST/theirs")).unwrap();
    assert_eq!(theirs, "{}");
    let event = here.world.last_event().await;
    assert!(
        event.detail.ends_with("mended: MIST/theirs, nnUNet/A"),
        "{}",
        event.detail
    );
    assert_eq!(here.found(false).await, []);
}

#[tokio::test]
async fn a_revision_that_is_not_in_the_history_is_put_there() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 2).await;
    fs::remove_file(here.revision(id, 2)).unwrap();
    let missing = |mending| [(FindingKind::NotInHistory, "nnUNet/A".to_owned(), mending)];
    assert_eq!(here.found(false).await, missing(Mending::Possible));
    assert_eq!(here.found(true).await, missing(Mending::Done));
    assert!(here.revision(id, 2).exists());
    assert_eq!(here.found(true).await, []);
}

#[tokio::test]
async fn what_was_done_to_a_history_is_told_and_left_alone() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 6).await;
    let first = here.revision(id, 1);
    let text = fs::read_to_string(&first).unwrap();
    fs::write(&first, text.replace(r#""A""#, r#""B""#)).unwrap();
    for number in [2, 4, 5] {
        fs::remove_file(here.revision(id, number)).unwrap();
    }
    let found = here.check(true).await;
    let words: Vec<(FindingKind, &str)> = found
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.detail.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            (FindingKind::Gap, "revisions 4 to 5 are missing"),
            (FindingKind::Gap, "revision 2 is missing"),
            (
                FindingKind::Falsified,
                "revision 1 is not what was once stored"
            ),
        ]
    );
    assert!(!found.is_well());
    assert_eq!(found.count(FindingKind::Gap), 2);
}

#[tokio::test]
async fn histories_without_a_model_are_told_apart() {
    let here = InFolder::new().await;
    let missing = here.made("nnUNet/Missing", 2).await;
    let kept = here.made("nnUNet/A", 1).await;
    fs::remove_file(here.path("nnUNet/Missing")).unwrap();
    let orphan = ModelId::new();
    let lost = definition(&fs::read_to_string(here.revision(kept, 1)).unwrap());
    let mut noted = lost.registry().unwrap();
    noted.id = orphan;
    let text = lost.with_registry(&noted).to_bytes();
    let file = format!(".registry/revisions/{orphan}/00000001.json");
    here.write(&file, &String::from_utf8_lossy(&text));
    let found = here.check(true).await;
    let [gone, orphaned] = found.findings.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (gone.kind, &*gone.at),
        (FindingKind::Missing, "nnUNet/Missing")
    );
    assert!(
        gone.detail.contains(&missing.to_string()),
        "{}",
        gone.detail
    );
    assert_eq!(orphaned.kind, FindingKind::Orphaned);
    assert_eq!(orphaned.at, orphan.to_string());
    assert_eq!(orphaned.detail, "the model was called nnUNet/A");
    assert!(here.path(&file).exists());
}

#[tokio::test]
async fn a_model_that_was_renamed_and_lost_is_missing() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 2).await;
    let belonged = fs::read_to_string(here.path(".registry/keys/nnUNet/A")).unwrap();
    here.rename("nnUNet/A", "nnUNet/B").await;
    here.rename("nnUNet/B", "nnUNet/C").await;
    fs::remove_file(here.path("nnUNet/C")).unwrap();
    fs::remove_file(here.revision(id, 2)).unwrap();
    let missing = |at: &str| (FindingKind::Missing, at.to_owned(), Mending::Impossible);
    let gap = |at: &str| (FindingKind::Gap, at.to_owned(), Mending::Impossible);
    assert_eq!(
        here.found(true).await,
        [gap("nnUNet/C"), missing("nnUNet/C")]
    );

    // As crashes between the moves and their notes leave it.
    here.write(".registry/keys/nnUNet/A", &belonged);
    fs::remove_file(here.path(".registry/keys/nnUNet/B")).unwrap();
    fs::remove_file(here.path(".registry/keys/nnUNet/C")).unwrap();
    let found = here.check(true).await;
    let told: Vec<_> = found.findings.iter().map(|it| (it.kind, &*it.at)).collect();
    assert_eq!(
        told,
        [
            (FindingKind::Gap, "nnUNet/A"),
            (FindingKind::Missing, "nnUNet/C")
        ]
    );
    assert!(!found.findings[1].detail.contains("goes on"));
    // Without any note the tombstones lead there.
    fs::remove_file(here.path(".registry/keys/nnUNet/A")).unwrap();
    assert!(here.found(true).await.contains(&missing("nnUNet/C")));
}

#[tokio::test]
async fn a_deleted_model_whose_name_was_taken_is_no_orphan() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 1).await;
    here.made("nnUNet/B", 1).await;
    here.delete("nnUNet/B").await;
    here.rename("nnUNet/A", "nnUNet/B").await;
    let found = here.check(false).await;
    assert_eq!(found.findings, []);
    assert_eq!((found.histories, found.revisions), (2, 4));
}

#[tokio::test]
async fn definitions_that_cannot_be_trusted_are_told() {
    let here = InFolder::new().await;
    here.write("nnUNet/broken", "{");
    here.write("nnUNet/B", r#"{"name":"A"}"#);
    let large = " ".repeat(crate::model::MAX_DEFINITION_BYTES + 1);
    here.write("nnUNet/large", &large);
    let repaired = here.check(true).await;
    assert_eq!(repaired.count(FindingKind::ChangedOutside), 2);
    let found = here.check(true).await;
    let told: Vec<(FindingKind, &str)> = found
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.at.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (FindingKind::Broken, "nnUNet/broken"),
            (FindingKind::Broken, "nnUNet/large"),
            (FindingKind::Contradiction, "nnUNet/B"),
        ]
    );
}

#[tokio::test]
async fn what_is_none_of_the_registrys_business_is_counted() {
    let here = InFolder::new().await;
    here.write("readme.txt", "");
    here.write("nnUNet/assets/deep/x.png", "");
    here.write(".registry/strange", "");
    here.write(".registry/revisions/strange/x", "");
    let found = here.check(true).await;
    assert!(found.is_well());
    let others: Vec<&str> = found.findings.iter().map(|it| it.at.as_str()).collect();
    assert_eq!(
        others,
        [
            ".registry/revisions/strange/",
            ".registry/strange",
            "nnUNet/assets/",
            "readme.txt"
        ]
    );
}

#[tokio::test]
async fn what_is_harmless_pushes_nothing_out() {
    let here = InFolder::new().await;
    for n in 0..10_001 {
        here.write(&format!("{n}.txt"), "");
    }
    here.write("nnUNet/broken", "{");
    here.check(true).await;
    let found = here.check(false).await;
    let first = &found.findings[0];
    assert_eq!(
        (first.kind, &*first.at),
        (FindingKind::Broken, "nnUNet/broken")
    );
    assert_eq!(found.unmended(), 1);
    assert_eq!(found.findings.len() as u64, 1 + MAX_HARMLESS);
    assert_eq!(found.more, found.count(FindingKind::Other) - MAX_HARMLESS);
}

#[tokio::test]
async fn an_interrupted_rename_is_finished_by_a_repair() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 1).await;
    let before = fs::read_to_string(here.path("nnUNet/A")).unwrap();
    let belongs = fs::read_to_string(here.path(".registry/keys/nnUNet/A")).unwrap();
    here.rename("nnUNet/A", "nnUNet/B").await;
    // As a crash after the first step leaves it.
    here.write("nnUNet/A", &before);
    here.write(".registry/keys/nnUNet/A", &belongs);
    fs::remove_file(here.path(".registry/keys/nnUNet/B")).unwrap();
    fs::remove_file(here.revision(id, 2)).unwrap();

    let renamed = |mending| {
        [(
            FindingKind::InterruptedRename,
            "nnUNet/B".to_owned(),
            mending,
        )]
    };
    assert_eq!(here.found(false).await, renamed(Mending::Possible));
    assert_eq!(here.found(true).await, renamed(Mending::Done));
    assert_eq!(here.found(true).await, []);
    let old = fs::read_to_string(here.path("nnUNet/A")).unwrap();
    assert!(old.contains(r#""moved_to":"nnUNet/B""#), "{old}");
}

#[tokio::test]
async fn a_store_that_is_gone_ends_a_check_and_is_not_full_of_findings() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 1).await;
    fs::rename(here.path(".registry"), here.path("away")).unwrap();
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let checked = dashboard.check_storage(&host, true, &silent).await;
    let gone = matches!(
        checked,
        Err(Error::Unavailable { .. } | Error::Repository(_))
    );
    assert!(gone, "{checked:?}");
    let event = here.world.last_event().await;
    assert!(event.detail.contains("ended early"), "{}", event.detail);
}

#[tokio::test]
async fn a_check_beside_writers_finds_nothing() {
    let here = InFolder::new().await;
    let done = AtomicU32::new(0);
    let writers = async {
        let edits = (0..4).map(|n| here.made_and_done(n, &done));
        futures::future::join_all(edits).await;
    };
    let checks = async {
        while done.load(Ordering::SeqCst) < 4 {
            let found = here.check(false).await;
            assert_eq!(found.findings, []);
        }
    };
    tokio::join!(writers, checks);
}

impl InFolder {
    async fn made_and_done(&self, n: u32, done: &AtomicU32) {
        self.made(&format!("nnUNet/{n}"), 10).await;
        done.fetch_add(1, Ordering::SeqCst);
    }
}

//! Packages: in, out, through the history, and waiting beside a model.

use std::slice;

use super::*;
use crate::package::source::{Source, Stream};

/// Some bytes that tell nothing.
fn weights(word: u8) -> Vec<u8> {
    (0..300_000_u32).map(|n| (n % 251) as u8 ^ word).collect()
}

/// An archive of these files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    use crate::package::pack::{FolderArchive, Listing, Without};
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    let listing = Listing::of(folder.path(), &Without::default(), &Default::default()).unwrap();
    let archive = FolderArchive::read(listing, &mut |_| {}).unwrap();
    let archive: std::sync::Arc<dyn Source> = std::sync::Arc::new(archive);
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut Stream::new(archive), &mut bytes).unwrap();
    bytes
}

pub async fn a_package_goes_in_and_comes_out_from_anywhere_on(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let (lung, bytes) = (key("tensorflow/Lung"), weights(0));
    let none = registry.package(&lung, None).await;
    assert_eq!(refused(none), ErrorKind::NotFound);
    let upload = registry.upload("Läsion.bin", &bytes).await.unwrap();
    let made = registry
        .publish(&upload, &lung, &Giving::default(), None, "")
        .await
        .unwrap();
    assert!(!made.definition.enabled() && made.revision() == 1);
    let package = registry.package(&lung, None).await.unwrap();
    let expected = ShownPackage {
        file_name: "Läsion.bin".to_owned(),
        size: bytes.len() as u64,
        digest: ContentDigest::of(&bytes),
    };
    assert_eq!(package, expected);
    for begun in [0, 1, 100_000, bytes.len() - 1] {
        let fetched = registry.fetch(&lung, None, &bytes[..begun]).await;
        assert!(fetched.unwrap() == bytes, "from {begun}");
    }
    // What was there of another one does not make it that.
    let other = registry.fetch(&lung, None, &weights(1)[..1000]).await;
    assert!(other.is_err());
    // An upload is given once.
    let heart = key("tensorflow/Heart");
    let again = refused(
        registry
            .publish(&upload, &heart, &Giving::default(), None, "")
            .await,
    );
    assert!(
        [ErrorKind::NotFound, ErrorKind::Gone].contains(&again),
        "{again}"
    );
}

pub async fn a_package_is_given_to_the_state_that_was_seen(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("tensorflow/Lung");
    let made = registry.create(&lung, &definition("{}"), "").await.unwrap();
    let upload = registry.upload("a.bin", &weights(0)).await.unwrap();
    let exists = registry
        .publish(&upload, &lung, &Giving::default(), None, "")
        .await;
    assert_eq!(refused(exists), ErrorKind::Exists);
    let patch = object(r#"{"alias":"b"}"#);
    let second = registry
        .patch(&lung, &made.seen(), &patch, "")
        .await
        .unwrap();
    let stale = registry
        .publish(&upload, &lung, &Giving::default(), Some(&made.seen()), "")
        .await;
    assert_eq!(refused(stale), ErrorKind::Conflict);
    let given = registry
        .publish(&upload, &lung, &Giving::default(), Some(&second.seen()), "")
        .await;
    assert_eq!(given.unwrap().revision(), 3);
    assert!(registry.package(&lung, None).await.is_ok());
    let before = registry.package(&lung, Some(2)).await;
    assert_eq!(refused(before), ErrorKind::NotFound);
    // The same bytes once more change nothing, and nothing of them is left over.
    let again = registry.upload("c.bin", &weights(0)).await.unwrap();
    let (plain, any) = (Giving::default(), Some(&Seen::Any));
    let given = registry.publish(&again, &lung, &plain, any, "");
    assert_eq!(given.await.unwrap().revision(), 3);
    assert_eq!(
        registry.package(&lung, None).await.unwrap().file_name,
        "a.bin"
    );
    let over = registry.publish(&again, &lung, &plain, any, "");
    assert!([ErrorKind::NotFound, ErrorKind::Gone].contains(&refused(over.await)));
}

pub async fn packages_differ_file_by_file_and_come_back(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("MIST/Lung");
    let first = archive(&[("same", "same"), ("changed", "a"), ("gone", "gone")]);
    let second = archive(&[("same", "same"), ("changed", "bb"), ("new", "new")]);
    let upload = registry.upload("first.zip", &first).await.unwrap();
    registry
        .publish(&upload, &lung, &Giving::default(), None, "")
        .await
        .unwrap();
    let upload = registry.upload("second.zip", &second).await.unwrap();
    let given = registry
        .publish(&upload, &lung, &Giving::default(), Some(&Seen::Any), "")
        .await;
    given.unwrap();
    let found = registry.diff(&lung, 1, 2).await.unwrap().package.unwrap();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(found.names, [name("first.zip"), name("second.zip")]);
    let file = |path: &str, before, after| (path.to_owned(), before, after);
    assert_eq!(
        found.files.unwrap(),
        [
            file("changed", Some(1), Some(2)),
            file("gone", Some(4), None),
            file("new", None, Some(3)),
        ]
    );
    assert_eq!(registry.fetch(&lung, Some(1), &[]).await.unwrap(), first);
    assert_eq!(registry.fetch(&lung, None, &[]).await.unwrap(), second);
    let restored = registry
        .restore(&lung, 1, NOT_CONFIRMED, Some(&Seen::Any), "")
        .await;
    assert_eq!(restored.unwrap().revision(), 3);
    assert_eq!(registry.fetch(&lung, None, &[]).await.unwrap(), first);
    assert_eq!(registry.diff(&lung, 1, 3).await.unwrap().package, None);
}

pub async fn a_draft_waits_and_is_published_or_discarded(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("tensorflow/Lung");
    let made = registry.create(&lung, &definition("{}"), "").await.unwrap();
    let (one, other) = (weights(0), weights(1));
    let first = registry.upload("a.bin", &one).await.unwrap();
    registry.propose(&first, &lung, "better").await.unwrap();
    assert_eq!(
        registry.drafts(&lung).await.unwrap(),
        slice::from_ref(&first)
    );
    // The model is as it was.
    assert_eq!(registry.show(&lung).await.unwrap(), made);
    let second = registry.upload("b.bin", &other).await.unwrap();
    registry.propose(&second, &lung, "").await.unwrap();
    registry.discard_draft(&lung, &second).await.unwrap();
    assert_eq!(
        registry.drafts(&lung).await.unwrap(),
        slice::from_ref(&first)
    );
    let patch = object(r#"{"alias":"b"}"#);
    let changed = registry.patch(&lung, &Seen::Any, &patch, "").await.unwrap();
    let stale = registry
        .publish_draft(&lung, &first, NOT_CONFIRMED, &made.seen())
        .await;
    assert_eq!(refused(stale), ErrorKind::Conflict);
    let published = registry
        .publish_draft(&lung, &first, NOT_CONFIRMED, &changed.seen())
        .await;
    let published = published.unwrap();
    assert_eq!(
        (published.revision(), published.definition.alias().as_str()),
        (3, "b")
    );
    assert_eq!(registry.drafts(&lung).await.unwrap(), Vec::<String>::new());
    assert!(registry.fetch(&lung, None, &[]).await.unwrap() == one);
    let gone = registry
        .publish_draft(&lung, &second, NOT_CONFIRMED, &Seen::Any)
        .await;
    assert_eq!(refused(gone), ErrorKind::NotFound);
}

pub async fn what_may_break_jobs_is_confirmed(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("MIST/Lung");
    let present = Some(&Seen::Any);
    let says = |label| format!(r#"{{"enabled":true,"contour_names":{{"1":"{label}"}}}}"#);
    let (lobe, hilum) = (definition(&says("lobe")), definition(&says("hilum")));
    registry.create(&lung, &lobe, "jobs need it").await.unwrap();
    let replaced = registry.replace(&lung, &Seen::Any, &hilum, "why").await;
    replaced.unwrap();

    // A revision whose labels stand for something else.
    let unasked = registry
        .restore(&lung, 1, NOT_CONFIRMED, present, "why")
        .await;
    assert_eq!(refused(unasked), ErrorKind::BreakingPackage);
    let no_reason = registry.restore(&lung, 1, NOT_CONFIRMED, present, "").await;
    assert_eq!(wrong(no_reason), ["message"]);
    let other = NOT_CONFIRMED.incomplete();
    let other = registry.restore(&lung, 1, other, present, "why").await;
    assert_eq!(refused(other), ErrorKind::BreakingPackage);
    let breaking = NOT_CONFIRMED.breaking();
    let meant = registry.restore(&lung, 1, breaking, present, "why").await;
    assert_eq!(meant.unwrap().revision(), 3);

    // A package that nobody knows, given, proposed, and coming back.
    let upload = registry.upload("a.bin", &weights(0)).await.unwrap();
    let plain = Giving::default();
    let unasked = registry
        .publish(&upload, &lung, &plain, present, "why")
        .await;
    assert_eq!(refused(unasked), ErrorKind::IncompletePackage);
    let meant = plain.clone().incomplete();
    let given = registry
        .publish(&upload, &lung, &meant, present, "why")
        .await;
    assert_eq!(given.unwrap().revision(), 4);
    let draft = registry.upload("b.bin", &weights(1)).await.unwrap();
    registry.propose(&draft, &lung, "why").await.unwrap();
    let unasked = registry
        .publish_draft(&lung, &draft, NOT_CONFIRMED, &Seen::Any)
        .await;
    assert_eq!(refused(unasked), ErrorKind::IncompletePackage);
    let incomplete = NOT_CONFIRMED.incomplete();
    let meant = registry
        .publish_draft(&lung, &draft, incomplete, &Seen::Any)
        .await;
    assert_eq!(meant.unwrap().revision(), 5);
    for before in [4, 3] {
        let unasked = registry
            .restore(&lung, before, NOT_CONFIRMED, present, "why")
            .await;
        assert_eq!(refused(unasked), ErrorKind::IncompletePackage, "{before}");
    }
    let meant = registry.restore(&lung, 4, incomplete, present, "why").await;
    assert_eq!(meant.unwrap().revision(), 6);
    assert!(registry.fetch(&lung, None, &[]).await.unwrap() == weights(0));

    // Of a model that is disabled it is asked when it is enabled.
    let off = object(r#"{"enabled":false}"#);
    let off = registry.patch(&lung, &Seen::Any, &off, "why").await;
    off.unwrap();
    let disabled = registry.restore(&lung, 5, NOT_CONFIRMED, present, "").await;
    assert_eq!(disabled.unwrap().revision(), 8);
    let on = object(r#"{"enabled":true}"#);
    let unasked = registry.patch(&lung, &Seen::Any, &on, "why").await;
    assert_eq!(refused(unasked), ErrorKind::IncompletePackage);
    let meant = registry.enable_incomplete(&lung, &Seen::Any, "").await;
    assert!(meant.unwrap().definition.enabled());
    let off = object(r#"{"enabled":false}"#);
    let off = registry.patch(&lung, &Seen::Any, &off, "why").await;
    off.unwrap();
    // What labels stand for is asked in any case.
    let unasked = registry.restore(&lung, 2, NOT_CONFIRMED, present, "").await;
    assert_eq!(refused(unasked), ErrorKind::BreakingPackage);
    let meant = registry.restore(&lung, 2, breaking, present, "").await;
    assert_eq!(meant.unwrap().revision(), 11);
}

//! Uploads: they go on, end, expire, and have limits.

use tokio::sync::mpsc;

use super::packages::{Packages, begin, pieces};
use super::*;
use crate::auth::Permission;
use crate::repository::ObjectRepository;
use crate::repository::packages::{Piece, Pieces};

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
        packages.details(Action::PackageDiscard).await,
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
struct Slow(mpsc::Receiver<Vec<u8>>);

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
    let (sender, bytes) = mpsc::channel(1);
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
    let mut told = packages.details(Action::PackageDiscard).await;
    told.sort();
    assert!(
        told[0].starts_with("expired; , 0 bytes, sha256:"),
        "{told:?}"
    );
    assert_eq!(told[1], "expired; a.bin, 0 of 5 bytes");
}

/// So that no account keeps others from theirs, nor all of them together the program from its memory.
#[tokio::test]
async fn bytes_are_taken_in_of_so_many_uploads_at_once() {
    let packages = Packages::in_memory().await;
    let dashboard = packages.dashboard();
    let mut open = Vec::new();
    let mut last = None;
    for taken in [8, 8, 8, 0] {
        let editor = packages.world.caller(Role::Editor).await;
        for _ in 0..taken {
            let id = begin(dashboard, &editor, "a.bin", 10).await.unwrap().id;
            let (sender, bytes) = mpsc::channel(1);
            let taking = tokio::spawn({
                let (dashboard, editor) = (dashboard.clone(), editor.clone());
                async move {
                    let slow = Box::new(Slow(bytes));
                    dashboard.append_to_upload(&editor, id, 0, slow).await
                }
            });
            sender.send(b"bytes".to_vec()).await.unwrap();
            // There is room for the next piece, so this one was asked for.
            drop(sender.reserve().await.unwrap());
            open.push((sender, taking));
        }
        let id = begin(dashboard, &editor, "a.bin", 10).await.unwrap().id;
        let more = dashboard.append_to_upload(&editor, id, 0, pieces(b"bytes"));
        let told = more.await;
        let full = taken == 8 || open.len() == 24;
        assert!(matches!(told, Err(Error::Busy { .. })) == full, "{told:?}");
        last = Some((editor, id));
    }
    let (sender, taking) = open.pop().unwrap();
    drop(sender);
    assert_eq!(taking.await.unwrap().unwrap().received, 5);
    let (editor, id) = last.unwrap();
    let room = dashboard.append_to_upload(&editor, id, 0, pieces(b"bytes"));
    assert_eq!(room.await.unwrap().received, 5);
}

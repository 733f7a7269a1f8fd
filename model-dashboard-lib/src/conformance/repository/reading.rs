//! Reading and listing.

use super::*;

/// Revisions of unknown models and unknown numbers.
pub async fn a_revision_that_is_not_there_is_not_found(harness: Harness<'_>) {
    let repository = harness.repository();
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    for (id, number) in [
        (info(&stored).id, 0),
        (info(&stored).id, 2),
        (ModelId::new(), 1),
    ] {
        let missing = repository.revision(&id, number).await;
        let expected = matches!(
            missing,
            Err(RepositoryError::RevisionNotFound { number: asked }) if asked == number
        );
        assert!(expected, "{missing:?}");
    }
    assert_eq!(
        repository.revisions(&ModelId::new()).await.unwrap(),
        [] as [u64; 0]
    );
}

/// Names that an existing bucket may hold are listed, read, written and deleted as they are.
pub async fn names_of_existing_objects_round_trip(harness: Harness<'_>) {
    let repository = harness.repository();
    let names = [
        "nnUNet/Name With Spaces (v2)",
        "nnUNet/Größe-é",
        "nnUNet/100%",
        "nnUNet/a%2Fb",
        "nnUNet/a%20b+c",
        "nnUNet/#1",
        "nnUNet/model#12",
        "nnUNet/q?x=1&y",
        "nnUNet/back\\slash",
        "nnUNet/{~[^`|\"<>*]}",
        "nnUNet/.hidden",
        "nnUNet/ends.",
        "nnUNet/ends ",
        "nnUNet/…日本語🧠",
        "Mit Leerzeichen/x",
        "50%/y",
    ];
    for name in names {
        harness.write_outside(&key(name), b"{}").await;
    }
    let keys = async || {
        let listing = repository.list().await.unwrap();
        assert_eq!(listing.others, [] as [String; 0]);
        let mut keys: Vec<_> = listing
            .models
            .into_iter()
            .map(|listed| listed.key)
            .collect();
        keys.sort();
        keys
    };
    let mut expected = names.map(key);
    expected.sort();
    assert_eq!(keys().await, expected);
    for at in &expected {
        let seen = repository.get(at).await.unwrap();
        assert_eq!(&*seen.bytes, b"{}", "{at}");
        let edited = edit(harness, &seen, "edited").await;
        assert_eq!(repository.get(at).await.unwrap(), edited, "{at}");
        assert_eq!(history(harness, info(&edited).id).await.len(), 2, "{at}");
        harness.write_outside(at, b"{\"dropped\":true}").await;
        let dropped = repository.get(at).await.unwrap();
        let tombstone = delete(harness, &dropped).await;
        assert_eq!(
            (info(&tombstone).id, info(&tombstone).revision),
            (info(&edited).id, 4)
        );
    }
    assert_eq!(keys().await, expected);
}

/// A listing shows for each object the stamp that writing and reading it answered, another one
/// after every change.
pub async fn a_listing_shows_the_stamps_that_writes_answered(harness: Harness<'_>) {
    let repository = harness.repository();
    let listed = async || -> Stamp {
        let listing = repository.list().await.unwrap();
        assert_eq!(listing.models.len(), 1);
        listing.models[0].stamp.clone()
    };
    let first = create(harness, &key("nnUNet/Task001"), "aaaa").await;
    assert_eq!(listed().await, first.stamp);
    assert_eq!(repository.get(&first.key).await.unwrap().stamp, first.stamp);
    let second = edit(harness, &first, "bbbb").await;
    assert_ne!(first.stamp, second.stamp);
    assert_eq!(listed().await, second.stamp);
    harness.write_outside(&first.key, b"{}").await;
    let theirs = listed().await;
    assert_ne!(theirs, second.stamp);
    assert_eq!(repository.get(&first.key).await.unwrap().stamp, theirs);
}

/// Many are read at once; each answer stands at the place of its key, the missing ones too.
pub async fn many_are_read_at_once_in_order(harness: Harness<'_>) {
    let repository = harness.repository();
    let mut keys = Vec::new();
    for n in 0..300 {
        let at = key(&format!("type{}/m{n}", n % 7));
        if n % 10 != 0 {
            harness
                .write_outside(&at, format!("{{\"n\":{n}}}").as_bytes())
                .await;
        }
        keys.push(at);
    }
    let many = repository.get_many(&keys).await;
    assert_eq!(many.len(), keys.len());
    for (n, (at, found)) in keys.iter().zip(&many).enumerate() {
        match found {
            Ok(stored) => {
                assert_eq!(&stored.key, at);
                assert_eq!(&*stored.bytes, format!("{{\"n\":{n}}}").as_bytes());
                assert_eq!(stored, &repository.get(at).await.unwrap());
            }
            Err(RepositoryError::NotFound { key }) => assert_eq!((key, n % 10), (at, 0)),
            Err(other) => panic!("{other}"),
        }
    }
}

/// The repository can be written to and refuses what it must, and the proof leaves nothing behind.
pub async fn the_probe_passes(harness: Harness<'_>) {
    let repository = harness.repository();
    repository
        .probe()
        .await
        .expect("a store fit for several writers");
    repository
        .probe()
        .await
        .expect("a store fit for several writers, again");
    let listing = repository.list().await.unwrap();
    assert!(
        listing.models.is_empty() && listing.others.is_empty(),
        "{listing:?}"
    );
}

//! Several at once.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// A write on the ground of an older version is a conflict that gives the present state, for every
/// kind of write, and changes nothing.
pub async fn a_lost_race_is_a_conflict(harness: Harness<'_>) {
    let repository = harness.repository();
    let old = create(harness, &key("nnUNet/Task001"), "first").await;
    let winner = edit(harness, &old, "second").await;
    let stale = Precondition::Version(old.version);
    let content = described(&old.key, "lost");
    let change = because("");
    let to = key("nnUNet/Elsewhere");
    for lost in [
        repository.put(&old.key, &content, &stale, &change).await,
        repository.delete(&old.key, &stale, &change).await,
        repository
            .rename(&old.key, &to, &content, &stale, &change)
            .await,
    ] {
        match lost {
            Err(RepositoryError::Conflict { key, current }) => {
                assert_eq!(key, old.key);
                assert_eq!(current.as_deref(), Some(&winner));
            }
            other => panic!("not a conflict: {other:?}"),
        }
    }
    assert_eq!(repository.get(&old.key).await.unwrap(), winner);
    assert_eq!(
        history(harness, info(&old).id).await,
        [old.bytes, winner.bytes]
    );
    assert_eq!(repository.list().await.unwrap().models.len(), 1);
}

const WRITERS: usize = 64;

/// Runs one write per writer at once, and gives those that got through. The others must have lost
/// a race, in whichever way a winner can end it.
async fn at_once<F, Fut>(writers: usize, write: F) -> Vec<StoredModel>
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = Result<StoredModel, RepositoryError>> + Send + 'static,
{
    use RepositoryError::{Conflict, Exists, NotFound};
    let running: Vec<_> = (0..writers).map(|n| tokio::spawn(write(n))).collect();
    let mut won = Vec::new();
    for writer in running {
        match writer.await.expect("a writer that does not panic") {
            Ok(stored) => won.push(stored),
            Err(Conflict { .. } | Exists { .. } | NotFound { .. }) => {}
            Err(other) => panic!("neither written nor a lost race: {other}"),
        }
    }
    won
}

/// 64 writers with the same version, 50 rounds: one wins, its state stands, no number is left out.
pub async fn of_64_writers_one_wins_each_round(harness: Harness<'_>) {
    let mut stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let id = info(&stored).id;
    for round in 0..50 {
        let won = at_once(WRITERS, |writer| {
            let repository = harness.repository();
            let mut content = read(&stored);
            content.set_description(&format!("round {round}, writer {writer}"));
            let (at, precondition) = (stored.key.clone(), Precondition::Version(stored.version));
            async move {
                repository
                    .put(&at, &content, &precondition, &because(""))
                    .await
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners in round {round}");
        stored = harness.repository().get(&stored.key).await.unwrap();
        assert_eq!(won[0], stored);
        assert_eq!((info(&stored).id, info(&stored).revision), (id, round + 2));
    }
    assert_eq!(history(harness, id).await.len(), 51);
}

/// 64 creators of the same model, 10 rounds with a deletion between them: one wins.
pub async fn of_64_creators_one_wins(harness: Harness<'_>) {
    let at = key("nnUNet/Task001");
    let mut ids = Vec::new();
    for round in 0..10 {
        let won = at_once(WRITERS, |writer| {
            let repository = harness.repository();
            let content = described(&at, &format!("round {round}, writer {writer}"));
            let at = at.clone();
            async move {
                repository
                    .put(&at, &content, &Precondition::Absent, &because(""))
                    .await
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners in round {round}");
        assert_eq!(harness.repository().get(&at).await.unwrap(), won[0]);
        ids.push(info(&won[0]).id);
        delete(harness, &won[0]).await;
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(history(harness, ids[0]).await.len(), 20);
}

/// 16 writers that overwrite knowingly all get through, and every state lies in the history once.
pub async fn knowing_overwrites_all_get_through(harness: Harness<'_>) {
    let stored = create(harness, &key("nnUNet/Task001"), "first").await;
    let mut won = at_once(16, |writer| {
        let repository = harness.repository();
        let content = described(&stored.key, &format!("writer {writer}"));
        let at = stored.key.clone();
        async move {
            repository
                .put(&at, &content, &Precondition::Exists, &because(""))
                .await
        }
    })
    .await;
    won.push(stored);
    won.sort_by_key(|stored| info(stored).revision);
    let states: Vec<_> = won.iter().map(|stored| stored.bytes.clone()).collect();
    assert_eq!(states.len(), 17);
    assert_eq!(history(harness, info(&won[0]).id).await, states);
}

/// A reader beside a writer sees whole definitions only, and never an older one after a newer one.
pub async fn a_reader_never_sees_half_a_write(harness: Harness<'_>) {
    let mut stored = create(harness, &key("nnUNet/Task001"), &"x".repeat(20_000)).await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (repository, at) = (harness.repository(), stored.key.clone());
            let done = done.clone();
            tokio::spawn(async move {
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    let stored = repository.get(&at).await.unwrap();
                    let revision = info(&stored).revision;
                    assert!(!read(&stored).is_changed_outside());
                    assert!(revision >= seen, "revision {revision} after {seen}");
                    seen = revision;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for n in 0..30 {
        stored = edit(harness, &stored, &n.to_string().repeat(10_000 + n * 100)).await;
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("a reader that saw nothing wrong");
    }
}

/// A rename and an edit on the ground of the same version: one wins, and the model is live at one
/// key only.
pub async fn a_rename_and_an_edit_at_once_leave_one_model(harness: Harness<'_>) {
    let repository = harness.repository();
    for round in 0..20 {
        let from = key(&format!("nnUNet/From{round}"));
        let to = key(&format!("nnUNet/To{round}"));
        let stored = create(harness, &from, "first").await;
        let won = at_once(8, |writer| {
            let (repository, from, to) = (harness.repository(), from.clone(), to.clone());
            let precondition = Precondition::Version(stored.version);
            let mut content = read(&stored);
            content.set_description(&format!("writer {writer}"));
            async move {
                let change = because("");
                if (writer + round) % 2 == 0 {
                    repository
                        .put(&from, &content, &precondition, &change)
                        .await
                } else {
                    repository
                        .rename(&from, &to, &content, &precondition, &change)
                        .await
                }
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners in round {round}");
        let other = if won[0].key == from { &to } else { &from };
        assert_eq!(repository.get(&won[0].key).await.unwrap(), won[0]);
        if let Ok(other) = repository.get(other).await {
            assert!(info(&other).deleted.is_some(), "live under both names");
        }
        let states = [stored.bytes, won[0].bytes.clone()];
        assert_eq!(history(harness, info(&won[0]).id).await, states);
    }
}

/// Renames of one model to different keys at once: one wins, and the model is live there only.
pub async fn of_two_renames_at_once_one_wins(harness: Harness<'_>) {
    let repository = harness.repository();
    for round in 0..20 {
        let from = key(&format!("nnUNet/From{round}"));
        let targets = ["X", "Y"].map(|to| key(&format!("nnUNet/{to}{round}")));
        let stored = create(harness, &from, "first").await;
        let won = at_once(targets.len(), |writer| {
            let (repository, from, to) =
                (harness.repository(), from.clone(), targets[writer].clone());
            let precondition = Precondition::Version(stored.version);
            let content = described(&to, "moved");
            async move {
                let change = because("");
                repository
                    .rename(&from, &to, &content, &precondition, &change)
                    .await
            }
        })
        .await;
        assert_eq!(won.len(), 1, "winners in round {round}");
        for at in [&from, &targets[0], &targets[1]] {
            let Ok(found) = repository.get(at).await else {
                continue;
            };
            repository.reconcile(&found).await.unwrap();
            let found = repository.get(at).await.unwrap();
            let live = info(&found).deleted.is_none();
            assert_eq!(live, *at == won[0].key, "{at} in round {round}");
        }
        let states = [stored.bytes, won[0].bytes.clone()];
        assert_eq!(history(harness, info(&won[0]).id).await, states);
    }
}

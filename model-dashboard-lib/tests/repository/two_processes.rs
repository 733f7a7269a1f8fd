//! Two processes on one folder.

use std::collections::BTreeMap;

use model_dashboard::repository::{
    ModelRepository, ObjectRepository, Precondition, RepositoryError,
};

use super::processes::{folder, heard, say, setting, start};
use super::{because, described, history, info, key, read};

/// How long the history grows; `REPOSITORY_REVISIONS` sets it.
fn revisions() -> u64 {
    setting("REPOSITORY_REVISIONS", 200)
}

/// Four writers that edit one model as fast as they can, and say what they won.
#[ignore = "a child of another test"]
#[tokio::test(flavor = "multi_thread")]
async fn racer() {
    let repository = ObjectRepository::open_folder(folder()).await.unwrap();
    let writers = (0..4).map(|n| {
        let repository = repository.clone();
        tokio::spawn(async move {
            let at = key("nnUNet/A");
            loop {
                let stored = repository.get(&at).await.unwrap();
                if info(&stored).revision >= revisions() {
                    return;
                }
                let mut content = read(&stored);
                content.set_description(&format!("writer {n} of {}", std::process::id()));
                let unchanged = Precondition::Version(stored.version);
                match repository
                    .put(&at, &content, &unchanged, &because(""))
                    .await
                {
                    Ok(won) => say(&format!("{} {}", info(&won).revision, won.version)),
                    Err(RepositoryError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    say("end");
}

#[tokio::test]
async fn of_two_processes_one_wins_each_round() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let at = key("nnUNet/A");
    let content = described(&at, "first");
    let created = repository
        .put(&at, &content, &Precondition::Absent, &because(""))
        .await;
    let id = info(&created.unwrap()).id;
    let mut racers: Vec<_> = (0..2)
        .map(|_| start("two_processes::racer", folder.path(), &[]))
        .collect();
    let listeners: Vec<_> = racers
        .iter_mut()
        .map(|racer| {
            let out = racer.stdout.take().unwrap();
            std::thread::spawn(move || heard(out).collect::<Vec<_>>())
        })
        .collect();
    let mut won: BTreeMap<u64, String> = BTreeMap::new();
    let mut shares = Vec::new();
    for listener in listeners {
        let mut said = listener.join().unwrap();
        assert_eq!(said.pop().as_deref(), Some("end"));
        shares.push(said.len());
        for line in said {
            let (number, version) = line.split_once(' ').unwrap();
            let number = number.parse().unwrap();
            let other = won.insert(number, version.to_owned());
            assert_eq!(other, None, "two winners of revision {number}");
        }
    }
    for mut racer in racers {
        assert!(racer.wait().unwrap().success());
    }
    assert!(shares.iter().all(|share| *share > 0), "no race: {shares:?}");
    let archived = history(&repository, id).await;
    assert_eq!(archived.len() as u64, revisions());
    for (number, bytes) in (1..).zip(&archived).skip(1) {
        let version = model_dashboard::model::Version::of(bytes).to_string();
        assert_eq!(won.get(&number), Some(&version), "revision {number}");
    }
}

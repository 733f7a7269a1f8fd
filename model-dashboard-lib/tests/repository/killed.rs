//! A process that writes is killed at random points, again and again.
//!
//! `REPOSITORY_KILLS` sets how often (200 by default; 10,000 make a campaign of about half an
//! hour), `REPOSITORY_BUCKET_KILLS` how often in a bucket (20), `REPOSITORY_SEED` the random numbers:
//!
//! ```text
//! REPOSITORY_KILLS=10000 REPOSITORY_BUCKET_KILLS=1000 \
//!     cargo test -p model-dashboard-lib --test repository killed -- --nocapture
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use model_dashboard::dashboard::Dashboard;
use model_dashboard::model::{DuplicateKeys, ModelDefinition, ModelId, Version};
use model_dashboard::repository::{
    ModelRepository, ObjectRepository, Precondition, RepositoryError, StoredModel,
};
use model_dashboard::store::MemoryStore;

use super::processes::{Dice, bucket_at, heard, repository, say, setting, start, variable};
use super::s3_server::{self, Door, S3Server};
use super::{because, described, history, info, key, read};

/// How often the whole store is checked.
const CHECKS: u64 = 10;

const KEYS: [&str; 4] = ["nnUNet/A", "nnUNet/B", "MIST/A", "MIST/Name with spaces"];

/// Creates, edits, restores, renames and deletes until it is killed. Says every write before it starts and
/// after it was acknowledged.
#[ignore = "a child of another test, which kills it"]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn writer() {
    let repository = repository().await;
    let mut dice = Dice(variable("SEED"));
    for n in 0.. {
        let at = key(KEYS[usize::try_from(dice.below(4)).unwrap()]);
        let word = format!("write {n} of {}", variable("SEED"));
        let change = because(&word);
        let current = repository.get(&at).await.ok();
        let live = current.filter(|stored| info(stored).deleted.is_none());
        say(&format!("try {word}"));
        let written = match live {
            None => {
                let content = described(&at, &word);
                repository
                    .put(&at, &content, &Precondition::Absent, &change)
                    .await
            }
            Some(stored) => {
                let unchanged = Precondition::Version(stored.version);
                let mut content = read(&stored);
                content.set_description(&word);
                match dice.below(5) {
                    0 => repository.delete(&at, &unchanged, &change).await,
                    1 => {
                        let to = key(KEYS[usize::try_from(dice.below(4)).unwrap()]);
                        content.set_key(&to);
                        match repository
                            .rename(&at, &to, &content, &unchanged, &change)
                            .await
                        {
                            Err(RepositoryError::Exists { .. }) => continue,
                            renamed => renamed,
                        }
                    }
                    2 => {
                        let number = 1 + dice.below(info(&stored).revision);
                        let mut content = held(&repository, &stored, number).await;
                        content.set_key(&at);
                        repository.put(&at, &content, &unchanged, &change).await
                    }
                    _ => repository.put(&at, &content, &unchanged, &change).await,
                }
            }
        };
        let stored = written.unwrap();
        let noted = info(&stored);
        say(&format!(
            "done {} {} {}",
            noted.id, noted.revision, stored.version
        ));
    }
}

/// What a revision of a model held; the present content, if it was deleted then.
async fn held(repository: &ObjectRepository, stored: &StoredModel, number: u64) -> ModelDefinition {
    let revision = repository.revision(&info(stored).id, number).await.unwrap();
    let held = ModelDefinition::parse(&revision.bytes, DuplicateKeys::Refuse).unwrap();
    match held.registry().unwrap().deleted {
        None => held,
        Some(_) => read(stored),
    }
}

/// Has a check mend what was left undone, and proves that the next one finds nothing.
async fn mend(repository: &ObjectRepository) {
    let dashboard = Dashboard::builder()
        .repository(Arc::new(repository.clone()))
        .accounts(Arc::new(MemoryStore::new()))
        .build()
        .await
        .unwrap();
    let host = dashboard.host_caller("test@localhost");
    let repaired = dashboard.check_storage(&host, true, &|_, _| {}).await;
    let repaired = repaired.unwrap();
    assert!(repaired.is_well(), "{:?}", repaired.findings);
    let checked = dashboard.check_storage(&host, false, &|_, _| {}).await;
    assert_eq!(checked.unwrap().findings, []);
    dashboard.shutdown().await;
}

/// A write that was acknowledged.
struct Acknowledged {
    id: ModelId,
    number: u64,
    version: Version,
}

fn acknowledged(said: &str) -> Option<Acknowledged> {
    let mut words = said.strip_prefix("done ")?.split(' ');
    let mut word = || words.next().unwrap();
    Some(Acknowledged {
        id: word().parse().unwrap(),
        number: word().parse().unwrap(),
        version: word().parse().unwrap(),
    })
}

/// What a process that starts now sees, checked: every object is whole and the last of its
/// history, which has no gap; no model is live under two names; nothing else lies there. Answers
/// the present revision of every model that has a key.
async fn look(repository: &ObjectRepository) -> BTreeMap<ModelId, u64> {
    for listed in repository.list().await.unwrap().models {
        let stored = repository.get(&listed.key).await.unwrap();
        repository.reconcile(&stored).await.unwrap();
    }
    let listing = repository.list().await.unwrap();
    assert_eq!(listing.others, [] as [String; 0]);
    let mut present = BTreeMap::new();
    for listed in listing.models {
        let stored = repository.get(&listed.key).await.unwrap();
        assert!(
            !read(&stored).is_changed_outside(),
            "half a write: {}",
            listed.key
        );
        assert!(
            !repository.reconcile(&stored).await.unwrap(),
            "reconciled twice"
        );
        let noted = info(&stored);
        if noted
            .deleted
            .is_none_or(|deleted| deleted.moved_to.is_none())
        {
            let numbers = repository.revisions(&noted.id).await.unwrap();
            assert!(
                numbers.iter().copied().eq(1..=noted.revision),
                "a gap: {numbers:?}"
            );
            let last = repository
                .revision(&noted.id, noted.revision)
                .await
                .unwrap();
            assert_eq!(last.bytes, stored.bytes, "not the last of its history");
            let other = present.insert(noted.id, noted.revision);
            assert_eq!(
                other, None,
                "one model under two names, one of them {}",
                listed.key
            );
        }
    }
    present
}

/// How many revisions there are in all.
fn archived(folder: &Path) -> usize {
    let ids = fs::read_dir(folder.join(".registry/revisions"));
    let revisions = ids.into_iter().flatten().map(|id| {
        let revisions = fs::read_dir(id.unwrap().path()).unwrap();
        revisions.count()
    });
    revisions.sum()
}

#[tokio::test]
async fn a_writer_killed_anywhere_loses_nothing_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let kills = setting("REPOSITORY_KILLS", 200);
    kill(
        &repository,
        folder.path(),
        None,
        kills,
        Duration::from_millis(8),
    )
    .await;
    let left = fs::read_dir(folder.path().join(".registry/tmp")).unwrap();
    eprintln!("{} temporary files were left", left.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_to_a_bucket_killed_anywhere_loses_nothing_it_acknowledged() {
    let server = S3Server::start().await;
    let repository = ObjectRepository::open_bucket(&server.config()).unwrap();
    let folder = server.folder.path().join(s3_server::BUCKET);
    let kills = setting("REPOSITORY_BUCKET_KILLS", 20);
    let moment = Duration::from_millis(60);
    kill(
        &repository,
        &folder,
        Some(server.another_door().await),
        kills,
        moment,
    )
    .await;
}

/// Kills writers again and again, each within a moment after something that it said, and looks at
/// what they left: in a folder, or in a bucket that lies in this folder behind a door.
async fn kill(
    repository: &ObjectRepository,
    folder: &Path,
    mut door: Option<Door>,
    kills: u64,
    moment: Duration,
) {
    let seed = setting("REPOSITORY_SEED", 1);
    let mut dice = Dice(seed);
    let mut all: Vec<Acknowledged> = Vec::new();
    let (mut before, mut interrupted, mut half_done) = (0, 0, 0);
    for round in 0..kills {
        let mut variables = vec![("SEED", (seed * 1_000_000 + round).to_string())];
        variables.extend(door.as_ref().map(|door| bucket_at(door.address.port())));
        let mut child = start("killed::writer", folder, &variables);
        let mut said = heard(child.stdout.take().unwrap());
        let mut last = said.next().expect("a child that starts");
        let mut done = Vec::new();
        for _ in 0..dice.below(8) {
            last = said.next().expect("a child that goes on");
            done.extend(acknowledged(&last));
        }
        // No moment is better or worse to die than another: a random one.
        let moment = u64::try_from(moment.as_micros()).unwrap();
        thread::sleep(Duration::from_micros(dice.below(moment)));
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(door) = &mut door {
            door.deserted().await;
        }
        for line in said {
            last = line;
            done.extend(acknowledged(&last));
        }
        interrupted += u32::from(last.starts_with("try"));

        if round.is_multiple_of((kills / CHECKS).max(1)) {
            mend(repository).await;
        }
        let present = look(repository).await;
        for write in &done {
            let revision = repository.revision(&write.id, write.number).await.unwrap();
            assert_eq!(
                Version::of(&revision.bytes),
                write.version,
                "in round {round}"
            );
            match present.get(&write.id) {
                Some(number) => assert!(*number >= write.number, "lost in round {round}"),
                // Its tombstone gave way to another model.
                None => {
                    let numbers = repository.revisions(&write.id).await.unwrap();
                    let last = repository
                        .revision(&write.id, numbers.len() as u64)
                        .await
                        .unwrap();
                    let last = ModelDefinition::parse(&last.bytes, DuplicateKeys::Refuse).unwrap();
                    assert!(
                        last.registry().unwrap().deleted.is_some(),
                        "lost in round {round}"
                    );
                }
            }
        }
        // What was acknowledged, and perhaps the write under way, and nothing else.
        let after = archived(folder);
        let more = after - before - done.len();
        assert!(
            more <= 1,
            "{more} revisions came from nowhere in round {round}"
        );
        half_done += more;
        before = after;
        all.extend(done);
    }
    for write in &all {
        let revision = repository.revision(&write.id, write.number).await.unwrap();
        assert_eq!(Version::of(&revision.bytes), write.version);
    }
    mend(repository).await;
    let ids: BTreeSet<_> = all.iter().map(|write| write.id).collect();
    for id in &ids {
        history(repository, *id).await;
    }
    eprintln!(
        "{} writes of {} models acknowledged; {interrupted} kills hit a write, {half_done} of \
         them after it had been decided",
        all.len(),
        ids.len(),
    );
    assert!(interrupted > 0, "no kill hit a write");
}

//! A process that takes in an upload is killed at random points, until one gets to the end of it.
//!
//! `UPLOAD_KILLS` sets how many uploads there are (20 by default), `REPOSITORY_SEED` the random
//! numbers:
//!
//! ```text
//! UPLOAD_KILLS=200 cargo test -p model-dashboard-lib --test repository uploads -- --nocapture
//! ```

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use model_dashboard::model::ContentDigest;
use model_dashboard::repository::ObjectRepository;
use model_dashboard::repository::packages::{PackageId, Piece, Pieces};

use super::processes::{Dice, heard, repository, say, setting, start, variable};

/// How many bytes come at a time.
const PIECE: usize = 10_000;

fn made_up(seed: u64, size: usize) -> Vec<u8> {
    let mut dice = Dice(seed);
    (0..size).map(|_| dice.below(256) as u8).collect()
}

/// Some bytes, each piece said before it is given; then the connection is lost.
struct Spoken {
    bytes: Vec<u8>,
    given: usize,
    until: usize,
}

#[async_trait]
impl Pieces for Spoken {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        let piece = &self.bytes[self.given..(self.given + PIECE).min(self.until)];
        if piece.is_empty() {
            return match self.given == self.bytes.len() {
                true => Ok(None),
                false => Err(io::ErrorKind::ConnectionReset.into()),
            };
        }
        say(&format!("give {}", self.given));
        self.given += piece.len();
        Ok(Some(piece.to_vec().into()))
    }
}

/// Goes on with an upload until it is finished or the process is killed. Says what it has
/// acknowledged.
#[ignore = "a child of another test, which kills it"]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn taker() {
    let store = repository().await.packages();
    let id = PackageId::parse(&std::env::var("UPLOAD").unwrap()).unwrap();
    let (seed, mut dice) = (variable("SEED"), Dice(variable("CHANCE")));
    loop {
        let upload = store.upload(id).await.unwrap();
        say(&format!("there {}", upload.received));
        if upload.is_complete() {
            break;
        }
        let size = usize::try_from(upload.size).unwrap();
        let from = usize::try_from(upload.received).unwrap();
        let more = 1 + usize::try_from(dice.below(200_000)).unwrap();
        let spoken = Spoken {
            bytes: made_up(seed, size),
            given: from,
            until: (from + more).min(size),
        };
        drop(store.append(id, upload.received, Box::new(spoken)).await);
    }
    let finished = store.finish(id).await.unwrap();
    say(&format!("done {}", finished.digest.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_takers_are_killed_comes_in_whole() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let (store, seed) = (repository.packages(), setting("REPOSITORY_SEED", 1));
    let mut dice = Dice(seed);
    let mut kills = 0;
    for round in 0..setting("UPLOAD_KILLS", 20) {
        let seed = seed * 1_000_000 + round;
        let size = usize::try_from(dice.below(1_000_000)).unwrap();
        let id = store.begin(size as u64, "").await.unwrap().id;
        let mut acknowledged = 0;
        let digest = loop {
            let variables = [
                ("UPLOAD", id.to_string()),
                ("SEED", seed.to_string()),
                ("CHANCE", dice.below(u64::from(u32::MAX)).to_string()),
            ];
            let mut child = start("uploads::taker", folder.path(), &variables);
            let mut said = heard(child.stdout.take().unwrap());
            let mut all = Vec::new();
            all.extend(said.by_ref().take(usize::try_from(dice.below(60)).unwrap()));
            thread::sleep(Duration::from_micros(dice.below(8_000)));
            child.kill().unwrap();
            child.wait().unwrap();
            all.extend(said);
            for line in &all {
                if let Some(there) = line.strip_prefix("there ") {
                    let there: u64 = there.parse().unwrap();
                    assert!(
                        there >= acknowledged,
                        "{acknowledged} were there, now {there}"
                    );
                    acknowledged = there;
                }
            }
            if let Some(digest) = all.iter().find_map(|line| line.strip_prefix("done ")) {
                break digest.to_owned();
            }
            kills += 1;
        };
        let bytes = made_up(seed, size);
        assert_eq!(digest, ContentDigest::of(&bytes).to_string());
        let stored = fs::read(folder.path().join(format!(".registry/packages/{id}")));
        assert!(stored.unwrap() == bytes, "in round {round}");
        store.give_up(id).await.unwrap();
        store.remove(id).await.unwrap();
    }
    eprintln!("{kills} takers were killed before their upload was finished");
    assert!(kills > 0, "no kill hit an upload");
    for left in ["uploads", "packages"] {
        assert_eq!(files(&folder.path().join(".registry").join(left)), [""; 0]);
    }
}

/// Begins uploads and takes in half of each, until the process is killed.
#[ignore = "a child of another test, which kills it"]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn beginner() {
    let store = repository().await.packages();
    loop {
        let id = store.begin(40_000, "").await.unwrap().id;
        let spoken = Spoken {
            bytes: made_up(1, 40_000),
            given: 0,
            until: 20_000,
        };
        drop(store.append(id, 0, Box::new(spoken)).await);
        if id.to_string().ends_with(['0', '1', '2', '3']) {
            store.give_up(id).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_whose_beginners_are_killed_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let store = repository.packages();
    let mut dice = Dice(setting("REPOSITORY_SEED", 1));
    for _ in 0..setting("UPLOAD_KILLS", 20) {
        let mut child = start("uploads::beginner", folder.path(), &[]);
        let mut said = heard(child.stdout.take().unwrap());
        let first = 1 + usize::try_from(dice.below(20)).unwrap();
        assert_eq!(said.by_ref().take(first).count(), first);
        thread::sleep(Duration::from_micros(dice.below(8_000)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let swept = store.sweep(Duration::ZERO).await.unwrap();
    assert!(swept.left.is_empty(), "{:?}", swept.left);
    let uploads = store.uploads().await.unwrap();
    eprintln!(
        "{} without a record were swept, {} have one",
        swept.removed.len(),
        uploads.len()
    );
    assert!(!uploads.is_empty());
    for upload in uploads {
        store.give_up(upload.id).await.unwrap();
    }
    assert_eq!(files(&folder.path().join(".registry/uploads")), [""; 0]);
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

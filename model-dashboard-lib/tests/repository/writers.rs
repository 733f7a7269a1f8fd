//! 64 writers on one model, round after round: one wins each, and the history has no gap.
//!
//! `REPOSITORY_ROUNDS` sets how many rounds (5 by default; 1,000 make a campaign of some minutes).

use std::sync::Arc;

use model_dashboard::repository::{
    MemoryRepository, ModelRepository, ObjectRepository, Precondition, RepositoryError,
};

use super::processes::setting;
use super::s3_server::S3Server;
use super::{because, described, history, info, key};

const WRITERS: usize = 64;

async fn race(repository: Arc<dyn ModelRepository>) {
    let at = key("nnUNet/A");
    let content = described(&at, "first");
    let absent = Precondition::Absent;
    let created = repository.put(&at, &content, &absent, &because("")).await;
    let mut present = created.unwrap();
    let rounds = setting("REPOSITORY_ROUNDS", 5);
    for round in 0..rounds {
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let (repository, at) = (repository.clone(), at.clone());
                let seen = Precondition::Version(present.version);
                tokio::spawn(async move {
                    let content = described(&at, &format!("writer {n} in round {round}"));
                    repository.put(&at, &content, &seen, &because("")).await
                })
            })
            .collect();
        let mut won = Vec::new();
        for writer in writers {
            match writer.await.unwrap() {
                Ok(stored) => won.push(stored),
                Err(RepositoryError::Conflict { .. }) => {}
                Err(error) => panic!("in round {round}: {error:?}"),
            }
        }
        assert_eq!(won.len(), 1, "winners of round {round}");
        present = won.remove(0);
        let stored = repository.get(&at).await.unwrap();
        assert_eq!(stored.version, present.version, "in round {round}");
    }
    let archived = history(&*repository, info(&present).id).await;
    assert_eq!(archived.len() as u64, rounds + 1);
    assert_eq!(archived.last(), Some(&present.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory_one_of_64_wins_each_round() {
    race(Arc::new(MemoryRepository::new())).await;
    race(Arc::new(ObjectRepository::in_memory())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_folder_one_of_64_wins_each_round() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    race(Arc::new(repository)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_bucket_one_of_64_wins_each_round() {
    let server = S3Server::start().await;
    let repository = ObjectRepository::open_bucket(&server.config()).unwrap();
    race(Arc::new(repository)).await;
}

//! The repository in a local folder, as several processes use it: killed, racing, on a full or
//! read-only disk, over what the existing system left.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod disk;
mod existing;
mod killed;
mod processes;
#[path = "../s3/server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod s3_server;
mod two_processes;
mod uploads;
mod writers;

use std::sync::Arc;

use model_dashboard::model::{
    DuplicateKeys, ModelDefinition, ModelId, ModelKey, RegistryInfo, Timestamp, Via,
};
use model_dashboard::repository::{Change, ModelRepository, StoredModel};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn because(message: &str) -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Cli,
        at: Timestamp::now(),
        message: message.to_owned(),
    }
}

fn described(key: &ModelKey, description: &str) -> ModelDefinition {
    let mut definition = ModelDefinition::new(key);
    definition.set_description(description);
    definition
}

fn read(stored: &StoredModel) -> ModelDefinition {
    ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins).unwrap()
}

fn info(stored: &StoredModel) -> RegistryInfo {
    read(stored).registry().expect("a field registry")
}

/// The whole history, checked to be without gaps.
async fn history(repository: &dyn ModelRepository, id: ModelId) -> Vec<Arc<[u8]>> {
    let numbers = repository.revisions(&id).await.unwrap();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "the history of {id} has a gap");
    let mut all = Vec::new();
    for number in numbers {
        all.push(repository.revision(&id, number).await.unwrap().bytes);
    }
    all
}

//! Objects that do not say whose they are, and get into the history all the same.

use super::steered::Steered;
use super::*;
use crate::model::ModelId;
use crate::repository::{ModelRepository as _, Precondition};

fn outside(repository: &Steered, at: &str, text: &str) {
    let bytes = text.as_bytes().to_vec();
    repository.inner.write_outside(&key(at), bytes);
}

async fn create(repository: &Steered, at: &str) -> ModelId {
    let at = key(at);
    let content = ModelDefinition::new(&at);
    let absent = Precondition::Absent;
    let inner = &repository.inner;
    inner.put(&at, &content, &absent, &change()).await.unwrap();
    inner.identify(&at).await.unwrap().unwrap()
}

async fn held(repository: &Steered, id: ModelId) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for number in repository.inner.revisions(&id).await.unwrap() {
        let revision = repository.inner.revision(&id, number).await.unwrap();
        all.push(revision.bytes.to_vec());
    }
    all
}

#[tokio::test]
async fn broken_states_that_follow_each_other_are_archived() {
    let repository = Arc::new(Steered::default());
    let id = create(&repository, "MIST/a").await;
    let catalog = Catalog::new(repository.clone(), CatalogOptions::default());
    catalog.load().await.unwrap();
    for broken in ["{", "[1]"] {
        outside(&repository, "MIST/a", broken);
        catalog.refresh().await.unwrap();
        catalog.look().await;
    }
    let held = held(&repository, id).await;
    assert_eq!(held[1..], [b"{".to_vec(), b"[1]".to_vec()]);
}

#[tokio::test]
async fn what_others_made_of_ours_before_the_first_start_is_archived_though_it_does_not_say_so() {
    let repository = Arc::new(Steered::default());
    let dropped = create(&repository, "MIST/dropped").await;
    let broken = create(&repository, "MIST/broken").await;
    outside(&repository, "MIST/dropped", "{}");
    outside(&repository, "MIST/broken", "{");
    outside(&repository, "MIST/legacy", "{}");
    let catalog = Catalog::new(repository.clone(), CatalogOptions::default());
    for _ in 0..3 {
        catalog.look().await;
    }
    assert_eq!(held(&repository, dropped).await[1..], [b"{}".to_vec()]);
    assert_eq!(held(&repository, broken).await[1..], [b"{".to_vec()]);
    let legacy = repository.inner.identify(&key("MIST/legacy")).await;
    assert_eq!(legacy.unwrap(), None, "a legacy bucket is not archived");
}

//! Which changes of the marker are a repository's own.

use super::*;
use crate::model::{ModelDefinition, Timestamp, Via};
use crate::repository::{Change, Precondition};

async fn create(repository: &ObjectRepository, name: &str) {
    let at: ModelKey = format!("MIST/{name}").parse().unwrap();
    let change = Change {
        by: "mkeller".to_owned(),
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    };
    let content = ModelDefinition::new(&at);
    repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
}

#[tokio::test]
async fn own_work_is_told_from_that_of_others() {
    let harness = InFolder::fresh().await;
    let own = &harness.repository;
    let other = ObjectRepository::open_folder(harness.folder.path())
        .await
        .unwrap();
    let marker = async || own.marker().await.unwrap();

    let start = marker().await;
    assert!(own.is_own_work(&start, &start));
    create(own, "a").await;
    let first = marker().await;
    create(own, "b").await;
    let second = marker().await;
    assert!(own.is_own_work(&start, &first) && own.is_own_work(&start, &second));
    assert!(own.is_own_work(&first, &second));
    assert!(!other.is_own_work(&start, &second));

    create(&other, "c").await;
    let third = marker().await;
    create(own, "d").await;
    let fourth = marker().await;
    assert!(!own.is_own_work(&second, &third));
    assert!(!own.is_own_work(&second, &fourth));
    assert!(own.is_own_work(&third, &fourth));
}

#[tokio::test]
async fn of_two_who_write_at_once_both_learn_of_each_other() {
    let harness = InFolder::fresh().await;
    let own = &harness.repository;
    let other = ObjectRepository::open_folder(harness.folder.path())
        .await
        .unwrap();
    for round in 0..20 {
        let before = own.marker().await.unwrap();
        let (mine, theirs) = (format!("a{round}"), format!("b{round}"));
        tokio::join!(create(own, &mine), create(&other, &theirs));
        let after = own.marker().await.unwrap();
        assert!(!own.is_own_work(&before, &after), "round {round}");
        assert!(!other.is_own_work(&before, &after), "round {round}");
    }
}

#[tokio::test]
async fn many_writes_of_ones_own_at_once_are_ones_own_work() {
    let harness = InFolder::fresh().await;
    let own = &harness.repository;
    let before = own.marker().await.unwrap();
    let names: Vec<String> = (0..50).map(|n| format!("m{n}")).collect();
    futures::future::join_all(names.iter().map(|name| create(own, name))).await;
    let after = own.marker().await.unwrap();
    assert_ne!(before, after);
    assert!(own.is_own_work(&before, &after));
}

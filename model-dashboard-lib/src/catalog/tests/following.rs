//! Following a repository that others write to, that fails and comes back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use super::steered::Steered;
use super::{change, definition, key};
use crate::catalog::{Catalog, CatalogOptions};
use crate::model::MAX_DEFINITION_BYTES;
use crate::repository::{ModelRepository, Precondition};

fn outside(repository: &Steered, at: &str, text: &str) {
    repository.inner.write_outside(&key(at), text.as_bytes());
}

fn catalog(repository: &Arc<Steered>) -> Catalog {
    let look_every = Duration::from_millis(1);
    Catalog::new(
        repository.clone(),
        CatalogOptions {
            look_every,
            ..CatalogOptions::default()
        },
    )
}

async fn create(repository: &Steered, at: &str) {
    let at = key(at);
    let content = definition(&json!({
        "name": at.name.as_str(), "network_type": at.network_type.as_str(),
    }));
    repository
        .put(&at, &content, &Precondition::Absent, &change())
        .await
        .unwrap();
}

async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("it never came true");
}

#[tokio::test]
async fn only_what_changed_is_read() {
    let repository = Arc::new(Steered::default());
    for n in 0..200 {
        outside(&repository, &format!("MIST/m{n}"), "{}");
    }
    let catalog = catalog(&repository);
    catalog.load().await.unwrap();
    assert_eq!(repository.gets.swap(0, Ordering::SeqCst), 200);
    outside(&repository, "MIST/m7", r#"{"alias":"seven"}"#);
    catalog.refresh().await.unwrap();
    assert_eq!(repository.gets.load(Ordering::SeqCst), 1);
    assert_eq!(
        catalog.current().get(&key("MIST/m7")).unwrap().alias(),
        "seven"
    );
}

#[tokio::test]
async fn one_object_that_cannot_be_read_does_no_harm_to_the_others() {
    let repository = Arc::new(Steered::default());
    outside(&repository, "MIST/good", "{}");
    outside(&repository, "MIST/locked", "{}");
    outside(&repository, "MIST/nan", "{\n  \"version\": NaN }");
    outside(
        &repository,
        "MIST/large",
        &" ".repeat(MAX_DEFINITION_BYTES + 1),
    );
    repository
        .unreadable
        .lock()
        .unwrap()
        .insert(key("MIST/locked"));
    let catalog = catalog(&repository);
    catalog.load().await.unwrap();
    let picture = catalog.current();
    assert_eq!(picture.counts().disabled, 1);
    let broken: Vec<(String, String)> = picture
        .broken()
        .iter()
        .map(|entry| {
            (
                entry.key().to_string(),
                entry.broken().unwrap().reason.to_string(),
            )
        })
        .collect();
    let named: Vec<&str> = broken.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(named, ["MIST/large", "MIST/locked", "MIST/nan"]);
    assert!(broken[0].1.contains("1 MiB"), "{broken:?}");
    assert!(broken[1].1.contains("unplugged"), "{broken:?}");
    let nan = picture.get(&key("MIST/nan")).unwrap();
    assert_eq!(nan.broken().unwrap().position.unwrap().line, 2);

    repository.unreadable.lock().unwrap().clear();
    catalog.refresh().await.unwrap();
    assert_eq!(catalog.current().counts().disabled, 2);
    assert_eq!(catalog.state().failing, None);
}

#[tokio::test]
async fn many_objects_that_cannot_be_read_are_a_failure_of_the_store() {
    let repository = Arc::new(Steered::default());
    let catalog = catalog(&repository);
    catalog.load().await.unwrap();
    for n in 0..500 {
        outside(&repository, &format!("MIST/m{n}"), "{}");
        repository
            .unreadable
            .lock()
            .unwrap()
            .insert(key(&format!("MIST/m{n}")));
    }
    assert!(catalog.refresh().await.is_err());
    assert!(catalog.current().is_empty());
}

#[tokio::test]
async fn a_store_that_fails_leaves_the_last_picture_and_is_picked_up_when_it_is_back() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    let catalog = catalog(&repository);
    catalog.load().await.unwrap();
    repository.down.store(true, Ordering::SeqCst);
    catalog.look().await;
    let failing = catalog.state().failing.unwrap();
    assert!(failing.message.contains("unplugged"), "{failing:?}");
    catalog.look().await;
    assert_eq!(catalog.state().failing.unwrap().since, failing.since);
    assert_eq!(catalog.current().len(), 1);

    repository.down.store(false, Ordering::SeqCst);
    create(&repository, "MIST/b").await;
    catalog.look().await;
    assert_eq!(catalog.state().failing, None);
    assert_eq!(catalog.current().len(), 2);
}

#[tokio::test]
async fn a_catalogue_that_could_not_be_loaded_loads_when_the_store_is_there() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    repository.down.store(true, Ordering::SeqCst);
    let catalog = catalog(&repository);
    assert!(catalog.load().await.is_err());
    assert_eq!(catalog.state().loaded_at, None);
    let (stop, stopped) = oneshot::channel::<()>();
    let following = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.follow(async { drop(stopped.await) }).await }
    });
    repository.down.store(false, Ordering::SeqCst);
    until(|| catalog.state().loaded_at.is_some()).await;
    assert_eq!(catalog.current().len(), 1);
    // What another process writes is found by its marker.
    create(&repository, "MIST/b").await;
    until(|| catalog.current().len() == 2).await;
    stop.send(()).unwrap();
    following.await.unwrap();
}

#[tokio::test]
async fn without_a_change_nothing_is_listed() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    let catalog = catalog(&repository);
    for _ in 0..10 {
        catalog.look().await;
    }
    assert_eq!(repository.lists.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_was_changed_outside_is_archived() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    let catalog = catalog(&repository);
    catalog.load().await.unwrap();
    outside(&repository, "MIST/a", r#"{"alias":"changed by hand"}"#);
    catalog.refresh().await.unwrap();
    repository.reconciled.lock().unwrap().clear();
    catalog.look().await;
    assert!(
        repository
            .reconciled
            .lock()
            .unwrap()
            .contains(&key("MIST/a"))
    );
    let id = catalog.inner.repository.get(&key("MIST/a")).await.unwrap();
    assert!(
        !repository.inner.reconcile(&id).await.unwrap(),
        "something was left to do"
    );
}

#[tokio::test]
async fn what_the_store_does_not_take_is_not_tried_again_and_again_in_one_look() {
    let repository = Arc::new(Steered::default());
    let catalog = catalog(&repository);
    let models: Vec<String> = (0..20).map(|n| format!("MIST/{n}")).collect();
    for at in &models {
        create(&repository, at).await;
    }
    catalog.load().await.unwrap();
    catalog.look().await;
    let refused = async || {
        repository.refused.store(0, Ordering::SeqCst);
        catalog.refresh().await.unwrap();
        catalog.look().await;
        repository.refused.load(Ordering::SeqCst)
    };
    repository.read_only.store(true, Ordering::SeqCst);
    for at in &models {
        outside(&repository, at, r#"{"alias":"theirs"}"#);
    }
    let asked = refused().await;
    assert!((1..=4).contains(&asked), "{asked}");
    repository.reconciled.lock().unwrap().clear();
    repository.read_only.store(false, Ordering::SeqCst);
    catalog.look().await;
    assert_eq!(repository.reconciled.lock().unwrap().len(), models.len());

    let removed = key(&models[0]);
    let id = repository.inner.identify(&removed).await.unwrap().unwrap();
    let before = repository.revisions(&id).await.unwrap().len();
    repository.read_only.store(true, Ordering::SeqCst);
    for at in &models {
        repository.inner.remove_outside(&key(at));
    }
    assert_eq!(refused().await, 1);
    repository.read_only.store(false, Ordering::SeqCst);
    catalog.look().await;
    let after = repository.revisions(&id).await.unwrap().len();
    assert_eq!(after, before + 1);
}

#[tokio::test]
async fn at_the_first_start_only_the_latest_of_our_own_writes_are_checked() {
    let repository = Arc::new(Steered::default());
    for n in 0..300 {
        outside(&repository, &format!("nnUNet/legacy{n}"), "{}");
        create(&repository, &format!("MIST/m{n}")).await;
    }
    let catalog = catalog(&repository);
    catalog.look().await;
    catalog.look().await;
    let checked = repository.reconciled.lock().unwrap().clone();
    assert_eq!(checked.len(), 64);
    assert!(checked.contains(&key("MIST/m299")));
    assert!(checked.iter().all(|key| key.network_type == "MIST"));
}

#[tokio::test]
async fn what_was_changed_outside_before_the_first_start_is_archived() {
    let repository = Arc::new(Steered::default());
    let at = key("MIST/m7");
    for n in 0..200 {
        create(&repository, &format!("MIST/m{n}")).await;
    }
    let stored = repository.inner.get(&at).await.unwrap();
    let mut edited: serde_json::Value = serde_json::from_slice(&stored.bytes).unwrap();
    let id = edited["registry"]["id"].as_str().unwrap().parse().unwrap();
    edited["alias"] = json!("changed by hand");
    outside(&repository, "MIST/m7", &edited.to_string());

    let catalog = catalog(&repository);
    for _ in 0..3 {
        catalog.look().await;
    }
    let checked = repository.reconciled.lock().unwrap().clone();
    assert_eq!((checked.len(), checked.contains(&at)), (65, true));
    assert_eq!(repository.inner.revisions(&id).await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn a_listing_that_failed_is_not_tried_again_at_every_look() {
    for loaded in [false, true] {
        let repository = Arc::new(Steered::default());
        let catalog = catalog(&repository);
        if loaded {
            catalog.load().await.unwrap();
        }
        repository.unlistable.store(true, Ordering::SeqCst);
        repository.lists.store(0, Ordering::SeqCst);
        catalog.refresh().await.unwrap_err();
        for _ in 0..5 {
            catalog.look().await;
        }
        assert_eq!(repository.lists.load(Ordering::SeqCst), 1);
        assert!(catalog.state().failing.is_some());
        // Whoever asks for it is answered at once.
        repository.unlistable.store(false, Ordering::SeqCst);
        catalog.refresh().await.unwrap();
        assert_eq!(catalog.state().failing, None);
    }
}

#[tokio::test]
async fn a_type_that_cannot_be_listed_keeps_what_is_known_and_hides_nothing_else() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    create(&repository, "nnUNet/b").await;
    let catalog = catalog(&repository);
    catalog.load().await.unwrap();
    let unlistable = |types: &[&str]| {
        let types = types
            .iter()
            .map(|name| key(&format!("{name}/x")).network_type);
        *repository.unlistable_types.lock().unwrap() = types.collect();
    };
    unlistable(&["MIST", "lost+found"]);
    create(&repository, "MIST/unseen").await;
    create(&repository, "nnUNet/c").await;
    catalog.refresh().await.unwrap();
    let shown = || super::keys(&catalog.current(), &crate::catalog::Query::default());
    assert_eq!(shown(), ["MIST/a", "nnUNet/b", "nnUNet/c"]);
    assert_eq!(catalog.state().failing, None);

    unlistable(&[]);
    catalog.refresh().await.unwrap();
    assert_eq!(shown(), ["MIST/a", "MIST/unseen", "nnUNet/b", "nnUNet/c"]);
}

#[tokio::test]
async fn a_type_that_stays_unlistable_is_not_listed_at_every_look() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    let lost = key("lost+found/x").network_type;
    repository.unlistable_types.lock().unwrap().insert(lost);
    let catalog = catalog(&repository);
    // The second listing makes sure of what was found.
    catalog.refresh().await.unwrap();
    catalog.refresh().await.unwrap();
    for _ in 0..5 {
        catalog.look().await;
    }
    assert_eq!(repository.lists.load(Ordering::SeqCst), 2);
}

fn lock_up(repository: &Steered, keys: impl IntoIterator<Item = String>) {
    let keys = keys.into_iter().map(|at| key(&at));
    repository.unreadable.lock().unwrap().extend(keys);
}

#[tokio::test]
async fn what_was_read_before_stands_while_it_cannot_be_read() {
    let repository = Arc::new(Steered::default());
    outside(&repository, "MIST/a", r#"{"alias":"known"}"#);
    let catalog = catalog(&repository);
    catalog.load().await.unwrap();
    let alias = || {
        catalog
            .current()
            .get(&key("MIST/a"))
            .unwrap()
            .alias()
            .into_owned()
    };

    outside(&repository, "MIST/a", r#"{"alias":"newer"}"#);
    lock_up(&repository, ["MIST/a".to_owned()]);
    for _ in 0..2 {
        catalog.refresh().await.unwrap();
        assert_eq!(alias(), "known");
        assert_eq!(catalog.current().counts().broken, 0);
    }
    repository.unreadable.lock().unwrap().clear();
    catalog.refresh().await.unwrap();
    assert_eq!(alias(), "newer");
}

#[tokio::test]
async fn many_objects_that_cannot_be_read_do_no_harm_while_others_can() {
    let locked = || (0..200).map(|n| format!("MIST/locked{n}"));
    for known_before in [false, true] {
        let repository = Arc::new(Steered::default());
        let catalog = catalog(&repository);
        outside(&repository, "nnUNet/good", "{}");
        if known_before {
            catalog.load().await.unwrap();
        }
        locked().for_each(|at| outside(&repository, &at, "{}"));
        lock_up(&repository, locked());
        catalog.refresh().await.unwrap();
        let counts = catalog.current().counts();
        assert_eq!((counts.disabled, counts.broken), (1, 200));
        assert_eq!(catalog.state().failing, None);
    }
}

#[tokio::test]
async fn a_store_that_hangs_counts_as_one_that_does_not_answer() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    let options = CatalogOptions {
        // Whatever does not answer at once is too late.
        answer_within: Duration::ZERO,
        ..CatalogOptions::default()
    };
    let catalog = Catalog::new(repository.clone(), options);
    catalog.load().await.unwrap();
    for gate in [&repository.marker_gate, &repository.list_gate] {
        gate.close();
        create(&repository, "MIST/b").await;
        assert!(catalog.refresh().await.is_err());
        let failing = catalog.state().failing.unwrap();
        assert!(failing.message.contains("no answer within"), "{failing:?}");
        catalog.refresh().await.unwrap();
        assert_eq!(catalog.state().failing, None);
        repository
            .delete(&key("MIST/b"), &Precondition::Exists, &change())
            .await
            .unwrap();
    }
    repository.marker_gate.close();
    catalog.look().await;
    assert!(catalog.state().failing.is_some());
    // What was held back is read by the next refresh.
    create(&repository, "MIST/c").await;
    repository.get_gate.close();
    catalog.refresh().await.unwrap();
    assert_eq!(catalog.current().counts().broken, 1);
    catalog.refresh().await.unwrap();
    assert_eq!(catalog.current().counts().broken, 0);
}

#[tokio::test]
async fn what_no_list_shows_is_counted_and_named() {
    let repository = Arc::new(Steered::default());
    create(&repository, "MIST/a").await;
    let catalog = catalog(&repository);
    assert_eq!(catalog.left_out().count, 0);
    *repository.others.lock().unwrap() = (0..100).map(|n| format!("MIST/deep{n:03}/")).collect();
    let lost = key("lost+found/x").network_type;
    repository.unlistable_types.lock().unwrap().insert(lost);
    catalog.load().await.unwrap();
    let left_out = catalog.left_out();
    assert_eq!((left_out.count, left_out.examples.len()), (100, 20));
    assert_eq!(left_out.examples[19], "MIST/deep019/");
    assert_eq!(left_out.unreadable[0].network_type.as_str(), "lost+found");

    repository.others.lock().unwrap().clear();
    repository.unlistable_types.lock().unwrap().clear();
    catalog.refresh().await.unwrap();
    assert_eq!(*catalog.left_out(), crate::catalog::LeftOut::default());
}

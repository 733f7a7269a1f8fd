//! What there was at a time in the past.

use super::between::Between;
use super::history::ANY;
use super::*;
use crate::repository::ObjectRepository;

impl World {
    /// What another program wrote is noticed and archived.
    async fn archived(&self, at: &ModelKey) {
        let stored = self.repository.get(at).await.unwrap();
        self.repository.reconcile(&stored).await.unwrap();
        self.dashboard.inner.catalog.refresh().await.unwrap();
    }

    async fn written_outside(&self, at: &str, text: &str) {
        self.repository.write_outside(&key(at), text.as_bytes());
        self.dashboard.inner.catalog.refresh().await.unwrap();
    }

    async fn all_at(&self, at: Timestamp) -> Vec<ModelAt> {
        let host = self.host();
        let found = self
            .dashboard
            .models_at(&host, at, None, 100)
            .await
            .unwrap();
        assert_eq!((found.next, found.untold), (None, 0));
        found.models
    }

    /// The only one.
    async fn one_at(&self, at: Timestamp) -> ModelAt {
        let mut found = self.all_at(at).await;
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The keys and revisions of what there was at a time, and whether it was enabled.
pub(super) async fn there(
    world: &World,
    at: Timestamp,
    limit: usize,
) -> Vec<(String, Option<u64>, bool)> {
    let (host, mut found, mut after) = (world.host(), Vec::new(), None);
    loop {
        let page = world
            .dashboard
            .models_at(&host, at, after.as_ref(), limit)
            .await
            .unwrap();
        let models = page.models.into_iter();
        found.extend(models.map(|it| (it.key.to_string(), it.revision, it.enabled)));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn what_could_run_at_a_time_is_told_from_the_histories() {
    let world = World::new().await;
    let (host, dashboard) = (world.host(), &world.dashboard);
    let before = Timestamp::now();
    world.made("MIST/kept", r#"{"enabled":true}"#).await;
    world.made("MIST/renamed", "{}").await;
    world.made("nnUNet/gone", r#"{"enabled":true}"#).await;
    let first = Timestamp::now();
    world.edited("MIST/kept", r#"{"enabled":false}"#, "").await;
    for n in 0..10 {
        let patch = format!(r#"{{"alias":"{n}"}}"#);
        world.edited("MIST/kept", &patch, "").await;
    }
    let (from, to) = (key("MIST/renamed"), key("vista3d/new"));
    dashboard
        .rename(&host, &from, &to, false, ANY, "")
        .await
        .unwrap();
    dashboard
        .delete(&host, &key("nnUNet/gone"), ANY, "why")
        .await
        .unwrap();
    let last = Timestamp::now();
    world.made("MIST/later", "{}").await;

    let row = |key: &str, revision, enabled| (key.to_owned(), Some(revision), enabled);
    assert_eq!(there(&world, before, 10).await, []);
    let all = [
        row("MIST/kept", 1, true),
        row("nnUNet/gone", 1, true),
        row("MIST/renamed", 1, false),
    ];
    for limit in [1, 2, 10] {
        assert_eq!(there(&world, first, limit).await, all, "{limit} at a time");
    }
    assert_eq!(
        there(&world, last, 10).await,
        [row("MIST/kept", 12, false), row("vista3d/new", 2, false)]
    );
    let ahead = Timestamp::now().plus(HOUR);
    let refused = dashboard.models_at(&host, ahead, None, 10).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn models_without_a_key_are_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let world = World::with(|builder| builder.repository(Arc::new(repository))).await;
    let (host, dashboard) = (world.host(), &world.dashboard);
    world.made("MIST/removed", r#"{"enabled":true}"#).await;
    world.made("MIST/replaced", "{}").await;
    world.made("MIST/other", "{}").await;
    let then = Timestamp::now();
    // Another model takes the place of the deleted one.
    let (gone, other) = (key("MIST/replaced"), key("MIST/other"));
    dashboard.delete(&host, &gone, ANY, "").await.unwrap();
    dashboard
        .rename(&host, &other, &gone, false, ANY, "")
        .await
        .unwrap();
    // Another program removes an object for good.
    std::fs::remove_file(folder.path().join("MIST/removed")).unwrap();
    dashboard.inner.catalog.refresh().await.unwrap();

    let page = dashboard.models_at(&host, then, None, 10).await.unwrap();
    let mut models: Vec<_> = page.models.iter().collect();
    models.sort_by_key(|it| it.key.clone());
    let models: Vec<_> = models
        .iter()
        .map(|it| (it.key.to_string(), it.enabled, it.is_deleted, it.doubt))
        .collect();
    assert_eq!(
        models,
        [
            ("MIST/other".to_owned(), false, false, None),
            ("MIST/removed".to_owned(), true, true, Some(Doubt::Gone)),
            ("MIST/replaced".to_owned(), false, true, None),
        ]
    );
    assert_eq!((page.next, page.untold), (None, 0));
}

#[tokio::test]
async fn what_others_wrote_casts_doubt_on_what_was_before_it_was_noticed() {
    let world = World::new().await;
    world.made("MIST/x", r#"{"enabled":true}"#).await;
    let before = Timestamp::now();
    let (at, theirs) = (key("MIST/x"), key("MIST/theirs"));
    world.repository.write_outside(&at, &b"{}"[..]);
    world.repository.write_outside(&theirs, &b"{}"[..]);
    let stored = world.repository.get(&at).await.unwrap();
    world.repository.reconcile(&stored).await.unwrap();
    world.dashboard.inner.catalog.refresh().await.unwrap();

    let host = world.host();
    let found = world.dashboard.models_at(&host, before, None, 10).await;
    let models = found.unwrap().models;
    let doubts: Vec<_> = models.iter().map(|it| (it.enabled, it.doubt)).collect();
    assert_eq!(
        doubts,
        [
            (false, Some(Doubt::NoHistory)),
            (true, Some(Doubt::ChangedOutsideLater))
        ]
    );
}

#[tokio::test]
async fn what_was_there_before_the_registry_is_told_before_and_after_it_is_adopted() {
    let world = World::new().await;
    let text =
        r#"{"enabled":true,"alias":"T","create_date":"3/1/22","last_modified_date":"5/1/23"}"#;
    world.written_outside("MIST/theirs", text).await;
    let (then, at) = (time("2024-01-01"), key("MIST/theirs"));
    let before = world.one_at(then).await;
    assert_eq!(
        (before.enabled, before.doubt),
        (true, Some(Doubt::NoHistory))
    );
    assert_eq!(
        (before.revision, before.since),
        (None, Some(time("2023-05-01")))
    );

    world
        .edited("MIST/theirs", r#"{"alias":"ours"}"#, "why")
        .await;
    let adopted = ModelAt {
        revision: Some(1),
        ..before.clone()
    };
    assert_eq!(world.one_at(then).await, adopted);
    assert_eq!(world.one_at(time("2022-03-01")).await.since, None);
    assert_eq!(world.all_at(time("2022-02-28T23:59:59Z")).await, []);

    let (host, to) = (world.host(), key("vista3d/new"));
    let renamed = world.dashboard.rename(&host, &at, &to, false, ANY, "why");
    renamed.await.unwrap();
    let renamed = ModelAt {
        now: to.clone(),
        ..adopted.clone()
    };
    assert_eq!(world.one_at(then).await, renamed);
    world
        .dashboard
        .delete(&host, &to, ANY, "why")
        .await
        .unwrap();
    let deleted = ModelAt {
        is_deleted: true,
        ..renamed
    };
    assert_eq!(world.one_at(then).await, deleted);
}

#[tokio::test]
async fn a_model_without_a_date_may_always_have_been_there() {
    let world = World::new().await;
    world.written_outside("MIST/a", "{}").await;
    world.written_outside("MIST/b", "{ broken").await;
    let told = async || {
        let found = world.all_at(time("2001-01-01")).await;
        let told = found.iter().map(|it| (it.key.to_string(), it.doubt));
        told.collect::<Vec<_>>()
    };
    let both = [
        ("MIST/a".to_owned(), Some(Doubt::NoHistory)),
        ("MIST/b".to_owned(), Some(Doubt::Unreadable)),
    ];
    assert_eq!(told().await, both);
    world.archived(&key("MIST/a")).await;
    world.archived(&key("MIST/b")).await;
    assert_eq!(told().await, both);
}

#[tokio::test]
async fn a_state_that_others_have_replaced_since_is_in_doubt() {
    let world = World::new().await;
    let model = world.made("MIST/x", r#"{"enabled":true}"#).await;
    let made = model.definition.registry().unwrap().modified_at.unwrap();
    assert_eq!(world.one_at(made).await.doubt, None);
    world.written_outside("MIST/x", "{ broken").await;
    let then = world.one_at(Timestamp::now()).await;
    assert_eq!(
        (then.enabled, then.doubt),
        (true, Some(Doubt::ChangedOutsideLater))
    );
    world.archived(&key("MIST/x")).await;
    let noticed = world.one_at(Timestamp::now()).await;
    assert_eq!(
        (noticed.revision, noticed.doubt),
        (Some(2), Some(Doubt::Unreadable))
    );
}

#[tokio::test]
async fn a_state_that_others_put_back_and_nobody_archived_is_in_doubt() {
    let world = World::new().await;
    let first = world.made("MIST/x", "{}").await;
    world.edited("MIST/x", r#"{"enabled":true}"#, "").await;
    let before = Timestamp::now();
    world
        .repository
        .write_outside(&first.key, first.bytes.clone());
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let then = world.one_at(before).await;
    assert_eq!(
        (then.revision, then.doubt),
        (Some(2), Some(Doubt::ChangedOutsideLater))
    );
    world.archived(&first.key).await;
    let told = [("MIST/x".to_owned(), Some(2), true)];
    assert_eq!(there(&world, before, 10).await, told);
}

#[tokio::test]
async fn a_copy_over_another_model_is_told_once() {
    let world = World::new().await;
    let model = world.made("MIST/a", r#"{"enabled":true}"#).await;
    world.made("MIST/b", "{}").await;
    world
        .repository
        .write_outside(&key("MIST/b"), model.bytes.clone());
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let told = [
        ("MIST/a".to_owned(), Some(1), true),
        ("MIST/b".to_owned(), Some(1), false),
    ];
    assert_eq!(there(&world, Timestamp::now(), 10).await, told);
}

#[tokio::test]
async fn what_only_others_wrote_is_told_once_whatever_the_page() {
    let world = World::new().await;
    for name in ["MIST/a", "MIST/b", "MIST/c"] {
        world.written_outside(name, "{}").await;
        world.archived(&key(name)).await;
    }
    let host = world.host();
    for limit in [1, 2, 10] {
        let (mut told, mut after) = (Vec::new(), None);
        loop {
            let now = Timestamp::now();
            let page = world.dashboard.models_at(&host, now, after.as_ref(), limit);
            let page = page.await.unwrap();
            assert_eq!(page.untold, 0, "{limit} at a time");
            told.extend(page.models.iter().map(|it| it.key.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(told, ["MIST/a", "MIST/b", "MIST/c"], "{limit} at a time");
    }
}

#[tokio::test]
async fn a_revision_counts_from_the_moment_when_it_was_made() {
    let world = World::new().await;
    let first = world.made("MIST/x", "{}").await;
    let second = world.edited("MIST/x", r#"{"enabled":true}"#, "").await;
    let [first, second] = [first, second].map(|model| {
        let noted = model.definition.registry().unwrap();
        noted.modified_at.unwrap()
    });
    let tick = Duration::from_micros(1);
    let row = |revision, enabled| [("MIST/x".to_owned(), Some(revision), enabled)];
    assert_eq!(there(&world, second, 10).await, row(2, true));
    assert_eq!(there(&world, second.minus(tick), 10).await, row(1, false));
    assert_eq!(there(&world, first, 10).await, row(1, false));
    assert_eq!(there(&world, first.minus(tick), 10).await, []);
}

#[tokio::test]
async fn few_histories_are_read_at_a_time_however_many_ask() {
    let between = Arc::new(Between::default());
    let below = between.clone();
    let world = World::with(|builder| builder.repository(below)).await;
    let mut names = Vec::new();
    for n in 0..20 {
        let name = format!("MIST/{n}");
        world.made(&name, "{}").await;
        names.push(name);
    }
    let then = Timestamp::now();
    for name in &names {
        world.edited(name, r#"{"alias":"later"}"#, "").await;
    }
    let told = futures::join!(world.all_at(then), world.all_at(then), world.all_at(then));
    let [first, second, third] = [told.0, told.1, told.2].map(|told| told.len());
    assert_eq!((first, second, third), (20, 20, 20));
    let most = between.most_read.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most}");
    assert_eq!(between.inventories.load(Ordering::SeqCst), 0);
}

//! A store of models that does not answer any more.

use super::between::Between;
use super::*;
use crate::catalog::CatalogOptions;

/// A world whose store of models can fall silent, and a model there.
async fn world(options: CatalogOptions) -> (World, Arc<Between>, ModelKey) {
    let between = Arc::new(Between::default());
    let below = between.clone();
    let world = World::with(|builder| builder.repository(below).catalog(options)).await;
    let at = world.model(false).await.key;
    (world, between, at)
}

/// Nothing is looked at in the background, and no definition is kept in memory.
fn left_alone() -> CatalogOptions {
    CatalogOptions {
        body_bytes: 0,
        look_every: HOUR,
        ..CatalogOptions::default()
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(20);
    let done = tokio::time::timeout(patience, work).await;
    done.expect("it is answered in time")
}

fn is_unavailable<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unavailable { .. }))
}

#[tokio::test]
async fn accounts_and_tokens_are_changed_while_all_changes_of_models_hang() {
    let (world, between, at) = world(left_alone()).await;
    let viewer = world.person(Role::Viewer).await;
    let (bearer, token) = world.token(&viewer, Permissions::all()).await;
    let cookie = world.session(&viewer).await;
    let (host, signed_in) = (world.host(), world.by_cookie(&cookie).await.unwrap());
    between.fall_silent();
    let hanging: Vec<_> = (0..=MAX_MODEL_CHANGES)
        .map(|_| {
            let (dashboard, host, at) = (world.dashboard.clone(), world.host(), at.clone());
            tokio::spawn(async move {
                let any = Precondition::Exists;
                dashboard.set_enabled(&host, &at, true, any, "").await
            })
        })
        .collect();
    let hang = async {
        while world.dashboard.inner.model_changes.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
    };
    in_time(hang).await;

    let revoked = in_time(world.dashboard.revoke_token(&host, token)).await;
    revoked.unwrap();
    assert!(world.by_token(&bearer).await.is_err());
    let signed_out = in_time(world.dashboard.sign_out(&signed_in)).await;
    signed_out.unwrap();
    assert!(world.by_cookie(&cookie).await.is_err());
    hanging.iter().for_each(|change| change.abort());
}

#[tokio::test]
async fn what_is_read_of_a_store_that_hangs_is_unavailable_after_a_while() {
    let options = CatalogOptions {
        answer_within: Duration::from_millis(20),
        ..left_alone()
    };
    let (world, between, at) = world(options).await;
    let host = world.host();
    between.fall_silent();
    let dashboard = &world.dashboard;
    assert!(is_unavailable(&in_time(dashboard.model(&host, &at)).await));
    assert!(is_unavailable(&in_time(dashboard.raw(&host, &at)).await));
    let any = Precondition::Exists;
    let change = dashboard.set_enabled(&host, &at, true, any, "");
    assert!(is_unavailable(&in_time(change).await));
    let change = dashboard.create(&host, key("MIST/New"), definition("{}"), "");
    assert!(is_unavailable(&in_time(change).await));
}

#[tokio::test]
async fn a_change_is_refused_at_once_while_the_store_is_known_not_to_answer() {
    let options = CatalogOptions {
        answer_within: Duration::from_millis(20),
        look_every: Duration::from_millis(1),
        ..CatalogOptions::default()
    };
    let (world, between, at) = world(options).await;
    let host = world.host();
    between.fall_silent();
    let known = async {
        while world.dashboard.catalog_state().failing.is_none() {
            tokio::task::yield_now().await;
        }
    };
    in_time(known).await;
    let any = Precondition::Exists;
    let mut change = Box::pin(world.dashboard.set_enabled(&host, &at, true, any, ""));
    let std::task::Poll::Ready(refused) = futures::poll!(&mut change) else {
        panic!("it waits for the store");
    };
    assert!(refused.as_ref().is_err_and(|e| e.retry_after().is_some()));
    assert!(is_unavailable(&refused));

    let files = vec![ImportFile {
        name: "models.json".to_owned(),
        bytes: br#"{"network_type":"MIST","name":"New"}"#.to_vec(),
    }];
    let mode = ImportMode::CreateOnly;
    let mut import = Box::pin(world.dashboard.import(&host, files, "", mode));
    let std::task::Poll::Ready(Ok(refused)) = futures::poll!(&mut import) else {
        panic!("it waits for the store");
    };
    assert!(refused.iter().all(|one| is_unavailable(&one.result)));
}

#[tokio::test]
async fn the_end_is_in_time_whatever_hangs() {
    let (world, between, at) = world(left_alone()).await;
    between.fall_silent();
    let changes = [true, false].map(|enabled| {
        let (dashboard, host, at) = (world.dashboard.clone(), world.host(), at.clone());
        let any = Precondition::Exists;
        tokio::spawn(async move { dashboard.set_enabled(&host, &at, enabled, any, "").await })
    });
    let hang = async {
        while between.unanswered.load(Ordering::SeqCst) < changes.len() {
            tokio::task::yield_now().await;
        }
    };
    in_time(hang).await;
    in_time(world.dashboard.shutdown_within(Duration::from_millis(40))).await;
    assert!(!changes.iter().any(|change| change.is_finished()));
    in_time(world.dashboard.shutdown_within(Duration::ZERO)).await;
    changes.iter().for_each(|change| change.abort());
}

#[tokio::test]
async fn a_store_that_can_be_read_and_not_written_is_not_well_until_it_can() {
    let options = CatalogOptions {
        look_every: Duration::from_millis(1),
        ..CatalogOptions::default()
    };
    let between = Arc::new(Between::default());
    between.refuse_writes(true);
    let below = between.clone();
    let world = World::with(|builder| {
        let builder = builder.repository(below).catalog(options);
        builder.load_in_background()
    });
    let world = world.await;
    let is = async |readiness| {
        while world.dashboard.ready() != readiness {
            tokio::task::yield_now().await;
        }
    };
    in_time(is(Readiness::Degraded)).await;
    let host = world.host();
    let health = world.dashboard.health(&host).await.unwrap();
    let models = health.iter().find(|it| it.name == "models").unwrap();
    assert_eq!(models.state, DependencyState::Degraded);
    assert!(models.message.contains("denies access") && models.since.is_some());
    assert!(models.fix.as_ref().unwrap().contains("write"));
    let change = world
        .dashboard
        .create(&host, key("MIST/New"), definition("{}"), "");
    assert!(is_unavailable(&change.await));
    // Nobody has to change anything for it to be seen.
    between.refuse_writes(false);
    in_time(is(Readiness::Ready)).await;
}

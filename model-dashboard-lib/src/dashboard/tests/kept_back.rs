//! Revisions that a store does not give while it answers otherwise: one that was moved to an
//! archive, a file that nobody may read.

use super::between::Between;
use super::history::ANY;
use super::*;
use crate::catalog::CatalogOptions;

/// A world with the three revisions of a model, and the times of each; the last one is enabled.
async fn world() -> (World, Arc<Between>, [Timestamp; 3]) {
    let between = Arc::new(Between::default());
    let below = between.clone();
    let options = CatalogOptions {
        answer_within: Duration::from_millis(50),
        look_every: HOUR,
        ..CatalogOptions::default()
    };
    let world = World::with(|builder| builder.repository(below).catalog(options)).await;
    let models = [
        world.made("MIST/x", r#"{"alias":"1"}"#).await,
        world.edited("MIST/x", r#"{"alias":"2"}"#, "").await,
        world.edited("MIST/x", r#"{"enabled":true}"#, "").await,
    ];
    let times = models.map(|model| {
        let noted = model.definition.registry().unwrap();
        noted.modified_at.unwrap()
    });
    (world, between, times)
}

#[tokio::test]
async fn a_revision_that_is_not_given_hides_no_other() {
    let (world, between, _) = world().await;
    between.keep_back(2);
    let (host, at) = (world.host(), key("MIST/x"));
    let history = world.dashboard.history(&host, &at, None, 10).await.unwrap();
    let told = history.steps.iter().map(|step| {
        let content = match &step.revision.content {
            RevisionContent::Definition(_) => "given",
            RevisionContent::Unreadable(why) if why.contains("archive") => "not given",
            _ => "other",
        };
        (step.revision.number, content)
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told, [(3, "given"), (2, "not given"), (1, "given")]);

    between.fall_silent();
    let history = world.dashboard.history(&host, &at, None, 10).await;
    assert!(matches!(history, Err(Error::Unavailable { .. })));
}

#[tokio::test]
async fn the_past_is_told_as_far_as_revisions_are_given() {
    let (world, between, [first, second, third]) = world().await;
    world.model(true).await;
    let told = async |at| {
        let host = world.host();
        let page = world
            .dashboard
            .models_at(&host, at, None, 10)
            .await
            .unwrap();
        let mut found = page.models.into_iter();
        let x = found.find(|it| it.now == key("MIST/x"));
        x.map(|it| (it.revision, it.enabled, it.doubt))
    };
    between.keep_back(2);
    assert_eq!(told(third).await, Some((Some(3), true, None)));
    let doubt = Some(Doubt::NextUnreadable);
    assert_eq!(told(second).await, Some((Some(1), false, doubt)));
    assert_eq!(told(first).await, Some((Some(1), false, doubt)));
    between.keep_back(1);
    assert_eq!(told(second).await, Some((Some(2), false, None)));
    let doubt = Some(Doubt::Unreadable);
    assert_eq!(told(first).await, Some((Some(1), false, doubt)));

    between.hide_histories();
    assert_eq!(told(third).await, Some((Some(3), true, None)));
    assert_eq!(told(second).await, Some((None, false, doubt)));
}

#[tokio::test]
async fn a_deleted_model_comes_back_with_its_last_state_or_not_at_all() {
    let (world, between, _) = world().await;
    let (host, at) = (world.host(), key("MIST/x"));
    let dashboard = &world.dashboard;
    dashboard.delete(&host, &at, ANY, "why").await.unwrap();
    between.keep_back(3);
    let refused = dashboard.bring_back(&host, &at, None, "").await;
    assert!(
        matches!(refused, Err(Error::Unavailable { .. })),
        "{refused:?}"
    );
    let chosen = dashboard.bring_back(&host, &at, Some(2), "").await;
    assert_eq!(chosen.unwrap().definition.alias(), "2");
    dashboard.delete(&host, &at, ANY, "").await.unwrap();
    between.keep_back(1);
    let back = dashboard.bring_back(&host, &at, None, "").await;
    assert_eq!(back.unwrap().definition.alias(), "2");
}

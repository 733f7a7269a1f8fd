//! What is answered before the models are loaded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use http::StatusCode;
use model_dashboard::auth::Permissions;
use model_dashboard::dashboard::Dashboard;
use model_dashboard::model::{ModelDefinition, ModelId, ModelKey, RegistryInfo};
use model_dashboard::repository::{
    Change, Listing, Marker, MemoryRepository, ModelRepository, Precondition, RepositoryError,
    Revision, StoredModel,
};
use model_dashboard::store::MemoryStore;
use tokio::sync::Semaphore;

use super::app::App;

const STALE: &str = "model-dashboard-stale-since";

/// A store that lists nothing until it is let, and may not answer at all.
#[derive(Debug)]
struct Slow {
    models: MemoryRepository,
    listings: Semaphore,
    down: AtomicBool,
    unfit: AtomicBool,
}

impl Slow {
    fn check(&self) -> Result<(), RepositoryError> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(RepositoryError::Unavailable {
                message: "the line is cut".to_owned(),
                source: None,
            }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl ModelRepository for Slow {
    async fn list(&self) -> Result<Listing, RepositoryError> {
        let _permit = self.listings.acquire().await;
        self.check()?;
        self.models.list().await
    }

    async fn get(&self, key: &ModelKey) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        self.models.get(key).await
    }

    async fn put(
        &self,
        key: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        self.models.put(key, content, precondition, change).await
    }

    async fn delete(
        &self,
        key: &ModelKey,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        self.models.delete(key, precondition, change).await
    }

    async fn rename(
        &self,
        from: &ModelKey,
        to: &ModelKey,
        content: &ModelDefinition,
        precondition: &Precondition,
        change: &Change,
    ) -> Result<StoredModel, RepositoryError> {
        self.check()?;
        let renamed = self.models.rename(from, to, content, precondition, change);
        renamed.await
    }

    async fn revisions(&self, id: &ModelId) -> Result<Vec<u64>, RepositoryError> {
        self.models.revisions(id).await
    }

    async fn revision(&self, id: &ModelId, number: u64) -> Result<Revision, RepositoryError> {
        self.models.revision(id, number).await
    }

    async fn carried(&self, key: &ModelKey) -> Result<Option<RegistryInfo>, RepositoryError> {
        self.models.carried(key).await
    }

    async fn reconcile(&self, stored: &StoredModel) -> Result<bool, RepositoryError> {
        self.models.reconcile(stored).await
    }

    async fn marker(&self) -> Result<Marker, RepositoryError> {
        self.check()?;
        self.models.marker().await
    }

    async fn probe(&self) -> Result<(), RepositoryError> {
        self.check()?;
        if self.unfit.load(Ordering::SeqCst) {
            let message = "it overwrites; set STORAGE_SINGLE_WRITER".to_owned();
            return Err(RepositoryError::Unsafe { message });
        }
        self.models.probe().await
    }

    fn location(&self) -> String {
        self.models.location()
    }
}

async fn starting(listings: usize, down: bool) -> (Arc<Slow>, App) {
    let store = Arc::new(Slow {
        models: MemoryRepository::new(),
        listings: Semaphore::new(listings),
        down: AtomicBool::new(down),
        unfit: AtomicBool::new(false),
    });
    let key = "MIST/A".parse().unwrap();
    store.models.write_outside(&key, *b"{}");
    let builder = Dashboard::builder()
        .repository(store.clone())
        .accounts(Arc::new(MemoryStore::new()))
        .load_in_background();
    let app = App::serving(builder.build().await.unwrap()).await;
    (store, app)
}

async fn ready_says(app: &App, status: StatusCode, word: &str) {
    let answer = app.anonymous().get("/readyz").await;
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.json()["status"], word);
}

async fn until_ready(app: &App) {
    let ready = async {
        while app.anonymous().get("/readyz").await.status != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, ready).await.unwrap();
}

#[tokio::test]
async fn before_the_models_are_loaded_everything_answers_and_says_so() {
    let (store, app) = starting(0, false).await;
    assert_eq!(app.anonymous().get("/livez").await.status, StatusCode::OK);
    assert_eq!(app.anonymous().get("/health").await.status, StatusCode::OK);
    ready_says(&app, StatusCode::SERVICE_UNAVAILABLE, "loading").await;

    let token = app.token(Permissions::all()).await;
    for path in ["/api/v1/models", "/api/v1/models/MIST/A"] {
        let answer = token.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "2");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("the registry is starting"), "{detail}");
    }
    let browser = app.signed_in("admin").await;
    for path in ["/", "/models/MIST/A"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(page.header("retry-after"), "2");
        let text = page.text();
        assert!(text.contains("he registry is starting"), "{text}");
        assert_eq!(page.header("refresh"), "10", "it looks again by itself");
        assert!(text.contains("reloads itself"), "{text}");
    }

    store.listings.add_permits(1);
    until_ready(&app).await;
    ready_says(&app, StatusCode::OK, "ready").await;
    let answer = token.get("/api/v1/models/MIST/A").await;
    assert_eq!(answer.status, StatusCode::OK);
    let page = browser.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("refresh"), "");
}

#[tokio::test]
async fn a_store_that_does_not_answer_at_the_start_is_asked_until_it_does() {
    let (store, app) = starting(1, true).await;
    ready_says(&app, StatusCode::SERVICE_UNAVAILABLE, "loading").await;
    let token = app.token(Permissions::all()).await;
    let refused = async {
        loop {
            let answer = token.get("/api/v1/models").await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
            if answer.text().contains("the line is cut") {
                return;
            }
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, refused).await.unwrap();

    store.down.store(false, Ordering::SeqCst);
    until_ready(&app).await;
    assert_eq!(token.get("/api/v1/models").await.status, StatusCode::OK);
}

#[tokio::test]
async fn while_the_store_is_away_what_is_known_is_answered_and_since_when_is_told() {
    let (store, app) = starting(1, false).await;
    until_ready(&app).await;
    let token = app.token(Permissions::all()).await;
    assert_eq!(token.get("/api/v1/models").await.header(STALE), "");
    store.down.store(true, Ordering::SeqCst);
    let noticed = async {
        while app.dashboard.stale_since().is_none() {
            tokio::task::yield_now().await
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, noticed).await.unwrap();

    let since = app.dashboard.stale_since().unwrap().to_string();
    // Nobody has asked for this one before.
    for path in [
        "/api/v1/models",
        "/api/v1/models/MIST/A",
        "/api/v1/models/A",
    ] {
        let answer = token.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header(STALE), since, "{path}");
    }
    let body = r#"{"network_type":"MIST","name":"B"}"#;
    let refused = token.send(http::Method::POST, "/api/v1/models", body).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["since"], since);
    let history = token.get("/api/v1/models/MIST/A/revisions").await;
    assert_eq!(history.header(STALE), since);
    let ready = app.anonymous().get("/readyz").await.json();
    assert!(ready.to_string().contains(&since[..19]), "{ready}");
    let page = app.signed_in("admin").await.get("/").await;
    assert!(
        page.text().contains("until it does. Since <time"),
        "{}",
        page.text()
    );

    store.down.store(false, Ordering::SeqCst);
    let back = async {
        while app.dashboard.stale_since().is_some() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(patience, back).await.unwrap();
    assert_eq!(token.get("/api/v1/models").await.header(STALE), "");
}

#[tokio::test]
async fn a_server_that_was_told_to_end_says_so_and_still_answers() {
    let (_store, app) = starting(1, false).await;
    until_ready(&app).await;
    let token = app.token(Permissions::all()).await;
    app.dashboard.drain();
    ready_says(&app, StatusCode::SERVICE_UNAVAILABLE, "draining").await;
    assert_eq!(app.anonymous().get("/livez").await.status, StatusCode::OK);
    assert_eq!(token.get("/api/v1/models").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_store_that_loses_changes_is_found_out_and_not_written_to() {
    let (store, app) = starting(1, true).await;
    store.unfit.store(true, Ordering::SeqCst);
    store.down.store(false, Ordering::SeqCst);
    until_ready(&app).await;
    let token = app.token(Permissions::all()).await;
    let answer = token
        .send(
            http::Method::POST,
            "/api/v1/models",
            r#"{"network_type":"MIST","name":"B"}"#,
        )
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains("STORAGE_SINGLE_WRITER"));
    let found = app.dashboard.unfit_store().await;
    assert!(found.contains("STORAGE_SINGLE_WRITER"), "{found}");
    let key = "MIST/B".parse().unwrap();
    assert!(store.models.get(&key).await.is_err());
}

#[tokio::test]
async fn a_question_that_the_store_could_not_hear_keeps_what_was_typed_and_what_was_seen() {
    let (store, app) = starting(1, false).await;
    until_ready(&app).await;
    let browser = app.signed_in("admin").await;
    let page = browser.get("/models/MIST/A/delete").await;
    let (csrf, seen) = (page.csrf(), if_match(&page.text()));
    let (host, key) = (app.dashboard.host_caller("a@b"), "MIST/A".parse().unwrap());
    let changed = app
        .dashboard
        .set_enabled(&host, &key, true, Precondition::Exists, "")
        .await;
    assert_ne!(changed.unwrap().version.to_string(), seen);
    let fields = [
        ("csrf", csrf.as_str()),
        ("if_match", &seen),
        ("network_type", "MIST"),
        ("name", "TypedName"),
        ("reason", "typed reason"),
    ];
    let actions = ["delete", "rename", "enable", "disable"];
    store.down.store(true, Ordering::SeqCst);
    for action in actions {
        let answer = browser
            .post_form(&format!("/models/MIST/A/{action}"), &fields)
            .await;
        let text = answer.text();
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{action}");
        assert!(text.contains("typed reason"), "{action}: {text}");
        assert_eq!(if_match(&text), seen, "{action}");
        assert_eq!(text.contains("TypedName"), action == "rename");
    }
    store.down.store(false, Ordering::SeqCst);
    for action in actions {
        let answer = browser
            .post_form(&format!("/models/MIST/A/{action}"), &fields)
            .await;
        assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{action}");
        assert_ne!(
            if_match(&answer.text()),
            seen,
            "{action}: what is there now"
        );
    }
}

fn if_match(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"if_match\" value=\"").unwrap();
    rest.split('"').next().unwrap().replace("&quot;", "\"")
}

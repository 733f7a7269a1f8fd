//! An installation of the earlier system is taken over as it is.

use std::path::Path;

use super::directories::Staff;
use super::on_disk::{FIXTURE, config, copy, sign_in};
use super::*;
use crate::auth::Source;
use crate::catalog::Query;
use crate::connect::{ConnectError, Connected, connect};

/// A copy of what the earlier system leaves behind, connected.
async fn taken_over(dir: &Path) -> Connected {
    copy(Path::new(FIXTURE), dir);
    let users = dir.join("users.db");
    let bucket = dir.join("bucket");
    let more = [
        ("AUTH_DB_PATH", users.to_str().unwrap()),
        ("STORAGE_URL", bucket.to_str().unwrap()),
    ];
    connect(&config(&dir.join("data"), &more)).await.unwrap()
}

#[tokio::test]
async fn a_database_that_is_to_be_taken_over_stays_where_its_models_are_missing() {
    let dir = tempfile::tempdir().unwrap();
    copy(Path::new(FIXTURE), dir.path());
    let users = dir.path().join("users.db");
    let before = std::fs::read(&users).unwrap();
    let more = [
        ("AUTH_DB_PATH", users.to_str().unwrap()),
        ("STORAGE_URL", "/nonexistent/x/y"),
    ];
    let config = config(&dir.path().join("data"), &more);
    let refused = connect(&config).await.unwrap_err();
    assert!(
        matches!(refused, ConnectError::ModelsMissing { .. }),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&users).unwrap(), before);
}

#[tokio::test]
async fn an_upgrade_is_told_though_the_models_cannot_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    copy(Path::new(FIXTURE), dir.path());
    let users = dir.path().join("users.db");
    rusqlite::Connection::open(&users)
        .unwrap()
        .execute_batch(
            "INSERT INTO users (username, password_hash, display_name) VALUES ('odd', 'x', '')",
        )
        .unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let config = |bucket: &str| {
        let bucket = dir.path().join(bucket);
        let more = [
            ("AUTH_DB_PATH", users.to_str().unwrap()),
            ("STORAGE_URL", bucket.to_str().unwrap()),
        ];
        config(&dir.path().join("data"), &more)
    };
    let failed = connect(&config("file")).await.unwrap_err();
    assert!(matches!(failed, ConnectError::Models { .. }), "{failed:?}");
    // Mended; what was upgraded then is still told.
    let connected = connect(&config("bucket")).await.unwrap();
    assert_eq!(connected.migration, None);
    let host = connected.dashboard.host_caller("ana@gpu-7");
    let (all, start) = (EventFilter::default(), EventPage::After(0));
    let events = connected.dashboard.events(&host, &all, start, 10).await;
    let told = &events.unwrap()[0].event;
    assert_eq!((&told.action, &*told.target), (&Action::System, "database"));
    assert!(
        told.detail.contains("without a password: odd"),
        "{}",
        told.detail
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_tokens_of_the_earlier_system_get_in() {
    let dir = tempfile::tempdir().unwrap();
    let connected = taken_over(dir.path()).await;
    assert!(connected.migration.is_some());
    assert_eq!(connected.backups.len(), 1);
    let dashboard = connected.dashboard;
    dashboard.note_start().await;
    let host = dashboard.host_caller("ana@gpu-7");
    let (all, start) = (EventFilter::default(), EventPage::After(0));
    let events = dashboard.events(&host, &all, start, 10).await.unwrap();
    let told: Vec<_> = events.iter().map(|e| &e.event).collect();
    assert!(told.iter().all(|event| event.action == Action::System));
    assert_eq!(told[0].target, "database");
    assert!(
        told[0].detail.starts_with("took over 5 accounts and "),
        "{told:?}"
    );
    assert_eq!((told.len(), told[1].target.as_str()), (2, "server"));
    for (name, password) in [
        ("admin", "admin123"),
        ("mkeller", "Segment-2026"),
        ("Ünal", "päßwörd"),
        // Once more, against the renewed hash.
        ("admin", "admin123"),
    ] {
        let signed_in = sign_in(&dashboard, name, password).await.unwrap();
        assert_eq!(signed_in.user.role, Role::Publisher, "{name}");
    }
    let refused = sign_in(&dashboard, "guest", "guest").await;
    assert_eq!(reason(refused), Unauthenticated::SignInRefused);

    let by_token = async |bearer: &str| {
        let request = RequestInfo::new(Via::Api, "192.0.2.2", "");
        dashboard.caller_from_token(bearer, request).await
    };
    for good in [
        "3vJ0hZ1nqYp2xW8sT5uK7bR4mC6dF9gL-aE_iO0QzXy",
        "token-that-never-expires-0000000000000003",
    ] {
        let caller = by_token(good).await.unwrap();
        assert_eq!(
            caller.permissions(),
            Permissions::of(&[crate::auth::Permission::ModelsRead])
        );
    }
    let expired = by_token("expired-token-value-for-the-tests-000000001").await;
    assert_eq!(reason(expired), Unauthenticated::ExpiredToken);
    let off = by_token("token-of-a-deactivated-account-00000000002").await;
    assert_eq!(reason(off), Unauthenticated::Deactivated);

    // Nobody was an administrator there, so somebody has to be named.
    let first = connected.first_administrator;
    match dashboard.ensure_first_administrator(first).await.unwrap() {
        AdministratorState::Missing { candidates } => {
            assert!(
                candidates
                    .iter()
                    .any(|user| user.username.as_str() == "admin")
            );
            assert!(candidates.iter().all(|user| user.is_active));
        }
        other => panic!("{other:?}"),
    }
    dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_of_the_earlier_system_are_there_and_survive_an_edit() {
    let dir = tempfile::tempdir().unwrap();
    let dashboard = taken_over(dir.path()).await.dashboard;
    let host = dashboard.host_caller("ana@gpu-7");
    let all = dashboard.list(&host, &Query::default()).await.unwrap();
    let broken = dashboard.broken(&host).await.unwrap();
    assert!(
        all.counts.all >= 7 && !broken.is_empty(),
        "{:?}",
        all.counts
    );
    for entry in &broken {
        assert!(
            !entry.broken().unwrap().reason.is_empty(),
            "{}",
            entry.key()
        );
        assert!(
            dashboard
                .raw(&host, entry.key())
                .await
                .unwrap()
                .broken
                .is_some()
        );
    }
    for entry in all.rows.iter().filter(|entry| entry.broken().is_none()) {
        let model = dashboard.model(&host, entry.key()).await.unwrap();
        let fields = |m: &Model| -> Vec<(String, String)> {
            let own = ["registry", "last_modified_date", "description"];
            let fields = m.definition.as_object().iter();
            let kept = fields.filter(|(field, _)| !own.contains(field));
            kept.map(|(field, raw)| (field.to_owned(), raw.to_owned()))
                .collect()
        };
        let patch = object(r#"{"description":"edited"}"#);
        let seen = Precondition::Version(model.version);
        let edited = dashboard
            .patch(&host, &model.key, &patch, seen, "why")
            .await
            .unwrap();
        assert_eq!(fields(&edited), fields(&model), "{}", model.key);
    }
    dashboard.shutdown().await;
}

const OLD_TOKEN: &str = "token-of-a-person-of-a-directory-0000000007";

/// A person whom the earlier system knew by what they typed.
const MAIL: &str = "rosa@example.org";
const MAIL_TOKEN: &str = "token-of-a-person-of-a-directory-0000000008";

/// What the earlier system leaves behind, with tokens of `JDoe` and [`MAIL`], whom only its directory
/// knew.
async fn with_directory(staff: &Arc<Staff>, dir: &Path) -> (Dashboard, crate::store::SqliteStore) {
    copy(Path::new(FIXTURE), dir);
    let users = dir.join("users.db");
    let hash = PlainToken::parse(OLD_TOKEN).unwrap().hash().to_hex();
    let earlier = rusqlite::Connection::open(&users).unwrap();
    // The earlier system does not look at whom its tables refer to.
    earlier.pragma_update(None, "foreign_keys", false).unwrap();
    let insert = "INSERT INTO api_tokens (username, token_hash) VALUES (?, ?)";
    earlier.execute(insert, ["JDoe", &hash]).unwrap();
    let hash = PlainToken::parse(MAIL_TOKEN).unwrap().hash().to_hex();
    earlier.execute(insert, [MAIL, &hash]).unwrap();
    drop(earlier);
    let key = crate::store::AuditKey::from_bytes([7; 32]);
    let store = crate::store::SqliteStore::open(users, key).await.unwrap();
    let dashboard = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .accounts(Arc::new(store.clone()))
        .authenticator(staff.clone())
        .without_rechecks()
        .build()
        .await
        .unwrap();
    (dashboard, store)
}

async fn sign_in_at_directory(dashboard: &Dashboard, name: &str) -> SignedIn {
    let typed = SignIn {
        source: Source::parse(Source::LDAP).ok(),
        ..super::signing_in::typed(name, "any")
    };
    let signed_in = dashboard.sign_in(typed, request("192.0.2.1")).await;
    signed_in.unwrap()
}

async fn owner_of_old_token(dashboard: &Dashboard) -> Result<String, Error> {
    owner_of(dashboard, OLD_TOKEN).await
}

async fn owner_of(dashboard: &Dashboard, token: &str) -> Result<String, Error> {
    let request = RequestInfo::new(Via::Api, "192.0.2.2", "");
    let caller = dashboard.caller_from_token(token, request).await?;
    Ok(caller.id().to_string())
}

#[tokio::test]
async fn tokens_that_were_made_under_a_mail_address_pass_to_whose_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let staff = Staff::of(Source::LDAP, true);
    let (dashboard, _) = with_directory(&staff, dir.path()).await;
    let owner = async || owner_of(&dashboard, MAIL_TOKEN).await.unwrap();
    let provisional = format!("ldap:{MAIL}");
    assert_eq!(owner().await, provisional);
    // Whom the directory finds by that address, though it is not theirs.
    staff.hire_as("1", "other");
    staff.answers_to("1", MAIL, Some("other@example.org"));
    sign_in_at_directory(&dashboard, MAIL).await;
    assert_eq!(owner().await, provisional);
    staff.dismiss("1");
    // Whose address it is, but who signed in without it.
    staff.hire_as("2", "rosa2");
    staff.answers_to("2", "rosa2", Some(MAIL));
    sign_in_at_directory(&dashboard, "rosa2").await;
    assert_eq!(owner().await, provisional);
    staff.dismiss("2");

    staff.hire_as("3", "rosa");
    staff.answers_to("3", MAIL, Some("Rosa@Example.ORG"));
    let user = sign_in_at_directory(&dashboard, MAIL).await.user;
    assert_eq!(user.username.as_str(), "rosa");
    assert_eq!(owner().await, "ldap:3");
    assert_eq!(owner_of_old_token(&dashboard).await.unwrap(), "ldap:jdoe");
    dashboard.shutdown().await;
}

#[tokio::test]
async fn tokens_of_directory_people_work_until_their_owner_is_known_and_then_like_others() {
    let dir = tempfile::tempdir().unwrap();
    let staff = Staff::of(Source::LDAP, true);
    let (dashboard, store) = with_directory(&staff, dir.path()).await;
    let host = dashboard.host_caller("ana@gpu-7");
    let ldap = Source::parse(Source::LDAP).unwrap();
    assert_eq!(owner_of_old_token(&dashboard).await.unwrap(), "ldap:jdoe");
    let old = dashboard.tokens_before_first_sign_in(&host).await.unwrap();
    let told: Vec<_> = old
        .iter()
        .map(|(user, all)| (user.username.as_str(), all.len()))
        .collect();
    assert_eq!(told, [("JDoe", 1), (MAIL, 1)]);
    // The directory does not know such an id; that says nothing.
    let done = dashboard.recheck_source(&host, &ldap, true).await.unwrap();
    assert_eq!(done, SourceRecheck::default());
    let provisional = crate::auth::IdentityId::new(ldap.clone(), "jdoe");
    let refused = dashboard.recheck_user(&host, &provisional).await;
    assert_eq!(wrong_fields(refused), ["source"]);
    assert_eq!(owner_of_old_token(&dashboard).await.unwrap(), "ldap:jdoe");

    staff.hire_as("6f1c", "jdoe");
    let user = sign_in_at_directory(&dashboard, "jdoe").await.user;
    assert!(!user.is_provisional);
    let old = dashboard.tokens_before_first_sign_in(&host).await.unwrap();
    assert_eq!(old.len(), 1);
    assert_eq!(owner_of_old_token(&dashboard).await.unwrap(), "ldap:6f1c");
    let done = dashboard.recheck_source(&host, &ldap, false).await.unwrap();
    assert_eq!((done.asked, done.still_there), (1, 1));
    staff.dismiss("6f1c");
    let done = dashboard.recheck_source(&host, &ldap, false).await.unwrap();
    assert_eq!(done.left, 1);
    assert_eq!(
        reason(owner_of_old_token(&dashboard).await),
        Unauthenticated::UnknownToken
    );
    let left = store.user(&user.id).await.unwrap().unwrap();
    assert!(!left.is_active && left.left_at.is_some());
    dashboard.shutdown().await;
}

#[tokio::test]
async fn tokens_of_directory_people_are_limited_by_sign_ins_after_the_first_one() {
    let dir = tempfile::tempdir().unwrap();
    let staff = Staff::of(Source::LDAP, false);
    let (dashboard, store) = with_directory(&staff, dir.path()).await;
    assert_eq!(owner_of_old_token(&dashboard).await.unwrap(), "ldap:jdoe");
    staff.hire_as("6f1c", "jdoe");
    sign_in_at_directory(&dashboard, "jdoe").await;
    assert_eq!(owner_of_old_token(&dashboard).await.unwrap(), "ldap:6f1c");
    rusqlite::Connection::open(store.path())
        .unwrap()
        .execute(
            "UPDATE accounts SET last_sign_in = datetime('now', '-8 days')",
            [],
        )
        .unwrap();
    dashboard.inner.access.forget_all();
    assert_eq!(
        reason(owner_of_old_token(&dashboard).await),
        Unauthenticated::NotVouched
    );
    dashboard.shutdown().await;
}

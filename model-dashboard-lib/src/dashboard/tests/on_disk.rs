//! The use cases over SQLite and a folder, as a configuration connects them.

use std::path::Path;

use super::*;
use crate::catalog::Query;
use crate::config::{Config, Sources};
use crate::connect::{ConnectError, connect};

pub(super) const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/existing-installation"
);

pub(super) fn config(dir: &Path, more: &[(&str, &str)]) -> Config {
    let dir = dir.to_str().unwrap().to_owned();
    let variables = more
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let sources = Sources::new()
        .variables([("DATA_DIR".into(), dir.into())])
        .variables(variables);
    Config::from_sources(sources, |path| std::fs::read_to_string(path)).unwrap()
}

pub(super) async fn open(dir: &Path) -> Dashboard {
    connect(&config(dir, &[])).await.unwrap().dashboard
}

pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

pub(super) async fn sign_in(
    dashboard: &Dashboard,
    name: &str,
    password: &str,
) -> Result<SignedIn, Error> {
    let typed = SignIn {
        source: None,
        username: name.to_owned(),
        password: password.to_owned(),
        user_agent: String::new(),
        browser: None,
    };
    dashboard.sign_in(typed, request("192.0.2.1")).await
}

async fn administrator(dashboard: &Dashboard) -> Caller {
    let first = FirstAdministrator {
        username: "admin".to_owned(),
        password: Some("a long enough password".to_owned()),
    };
    dashboard.ensure_first_administrator(first).await.unwrap();
    let signed_in = sign_in(dashboard, "admin", "a long enough password")
        .await
        .unwrap();
    let cookie = signed_in.secret.expose();
    dashboard
        .caller_from_session(&cookie, request("192.0.2.1"))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let dashboard = open(dir.path()).await;
    let admin = administrator(&dashboard).await;
    let installed = dashboard
        .install_samples(&admin, Samples::Demonstration)
        .await
        .unwrap();
    assert!(installed >= 8);
    let request = NewTokenRequest {
        description: "pipeline".to_owned(),
        scopes: Permissions::of(&[crate::auth::Permission::ModelsRead]),
        ..NewTokenRequest::default()
    };
    let (secret, token) = dashboard.create_token(&admin, request).await.unwrap();
    let by_token = async |dashboard: &Dashboard| {
        let request = RequestInfo::new(Via::Api, "192.0.2.2", "");
        dashboard.caller_from_token(secret.expose(), request).await
    };
    let before = Timestamp::now();
    by_token(&dashboard).await.unwrap();
    dashboard.shutdown().await;
    drop(dashboard);

    let dashboard = open(dir.path()).await;
    let caller = by_token(&dashboard).await.unwrap();
    let page = dashboard.list(&caller, &Query::default()).await.unwrap();
    assert_eq!(page.total, installed);
    let host = dashboard.host_caller("ana@gpu-7");
    let tokens = dashboard.all_tokens(&host).await.unwrap();
    assert_eq!(tokens[0].id, token.id);
    assert!(
        tokens[0].last_used_at.unwrap() >= before,
        "written at the end"
    );
    assert_eq!(
        dashboard
            .install_samples(&host, Samples::Disabled)
            .await
            .unwrap(),
        0
    );
    match dashboard.verify_audit(&host).await.unwrap() {
        crate::audit::ChainState::Intact { events, .. } => assert!(events > 10),
        other => panic!("{other:?}"),
    }
    dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_loses_its_access_is_named_by_its_id_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dashboard = open(dir.path()).await;
    let host = dashboard.host_caller("ana@gpu-7");
    let new = NewUserRequest {
        username: "bo".to_owned(),
        display_name: String::new(),
        email: None,
        role: Role::Viewer,
        password: Some("a long enough password".to_owned()),
    };
    let (bo, _) = dashboard.create_user(&host, new).await.unwrap();
    let signed_in = sign_in(&dashboard, "bo", "a long enough password").await;
    let cookie = signed_in.unwrap().secret.expose();
    let by_cookie = || dashboard.caller_from_session(&cookie, request("192.0.2.1"));
    by_cookie().await.unwrap();
    let deactivate = |id: crate::auth::IdentityId| {
        let (dashboard, host) = (dashboard.clone(), host.clone());
        let off = crate::auth::UserChange {
            is_active: Some(false),
            ..Default::default()
        };
        async move { dashboard.update_user(&host, &id, off).await }
    };
    for alias in ["022", "+22"].map(|alias| alias.replace("22", &bo.id.subject)) {
        let alias = crate::auth::IdentityId::new(bo.id.source.clone(), alias);
        let refused = deactivate(alias).await;
        assert!(
            matches!(refused, Err(Error::NotFound { .. })),
            "{refused:?}"
        );
        assert!(by_cookie().await.unwrap().user().is_active);
    }
    deactivate(bo.id).await.unwrap();
    assert_eq!(reason(by_cookie().await), Unauthenticated::NoSession);
    dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_revokes_is_dead_in_another_within_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()).await, open(dir.path()).await);
    let admin = administrator(&one).await;
    let request = NewTokenRequest {
        description: "pipeline".to_owned(),
        scopes: Role::Admin.permissions(),
        ..NewTokenRequest::default()
    };
    let (secret, token) = one.create_token(&admin, request).await.unwrap();
    let seen = async || {
        let request = RequestInfo::new(Via::Api, "192.0.2.2", "");
        other.caller_from_token(secret.expose(), request).await
    };
    seen().await.unwrap();
    one.revoke_token(&admin, token.id).await.unwrap();
    let revoked = std::time::Instant::now();
    while seen().await.is_ok() {
        assert!(revoked.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    one.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn a_missing_models_folder_is_made_at_the_first_start_alone() {
    let dir = tempfile::tempdir().unwrap();
    let bucket = dir.path().join("deep/bucket");
    let config = config(
        &dir.path().join("data"),
        &[("STORAGE_URL", bucket.to_str().unwrap())],
    );
    // A first start that ended early is no use yet.
    crate::connect::migrate_database(&config).await.unwrap();
    let dashboard = connect(&config).await.unwrap().dashboard;
    dashboard.note_start().await;
    dashboard.shutdown().await;
    std::fs::remove_dir_all(dir.path().join("deep")).unwrap();
    let refused = connect(&config).await.unwrap_err();
    let message = refused.to_string();
    assert!(
        message.starts_with("model_db.url (variable STORAGE_URL): the folder")
            && message.lines().count() == 1,
        "{message}"
    );
    assert!(!dir.path().join("deep").exists());
    std::fs::create_dir_all(&bucket).unwrap();
    connect(&config).await.unwrap().dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_this_build_does_not_have_is_refused_with_the_name_of_the_setting() {
    let dir = tempfile::tempdir().unwrap();
    let database = [("DATABASE_URL", "postgres://u:secret@db/md")];
    let error = connect(&config(dir.path(), &database)).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(matches!(error, ConnectError::Unsupported { .. }), "{told}");
    assert!(error.to_string().contains("DATABASE_URL") && !told.contains("secret"));
}

#[tokio::test]
async fn a_directory_that_cannot_be_asked_as_set_is_refused_with_the_name_of_the_setting() {
    let dir = tempfile::tempdir().unwrap();
    for (setting, value) in [
        ("LDAP_USER_DN_TEMPLATE", "uid=rosa,dc=example"),
        ("LDAP_USER_DN_TEMPLATE", "{username}"),
        ("LDAP_SEARCH_FILTER", "(uid={username}"),
        ("LDAP_BASE_DN", "example.org"),
        ("LDAP_GROUP_BASE_DN", "groups"),
    ] {
        let all = [
            ("LDAP_SERVER", "ldaps://d.example"),
            ("LDAP_BASE_DN", "dc=example"),
            ("LDAP_USER_DN_TEMPLATE", "uid={username},dc=example"),
        ];
        let others = all.into_iter().filter(|(name, _)| *name != setting);
        let all: Vec<_> = others.chain([(setting, value)]).collect();
        let error = connect(&config(dir.path(), &all)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Directory { .. }), "{error:?}");
        assert!(error.to_string().contains(setting), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_opened_is_refused_with_the_name_of_the_setting() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "no folder, no database").unwrap();
    let text = file.to_str().unwrap();
    for (more, setting) in [
        (("AUTH_DB_PATH", text), "AUTH_DB_PATH"),
        (("STORAGE_URL", text), "STORAGE_URL"),
    ] {
        let error = connect(&config(dir.path(), &[more])).await.unwrap_err();
        assert!(error.to_string().contains(setting), "{error:?}");
    }
    let error = connect(&config(&file, &[])).await.unwrap_err();
    assert!(error.to_string().contains("DATA_DIR"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_overwrites_at_once_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dashboard = open(dir.path()).await;
    let host = dashboard.host_caller("test@localhost");
    let key: ModelKey = "nnUNet/Lung".parse().unwrap();
    let new = ModelDefinition::new(&key);
    dashboard.create(&host, key.clone(), new, "").await.unwrap();
    let writers = (0..10).map(|n| {
        let (dashboard, host, key) = (dashboard.clone(), host.clone(), key.clone());
        tokio::spawn(async move {
            let patch = object(&format!(r#"{{"field{n}":{n}}}"#));
            let any = Precondition::Exists;
            dashboard.patch(&host, &key, &patch, any, "").await
        })
    });
    for written in futures::future::join_all(writers).await {
        written.unwrap().unwrap();
    }
    let model = dashboard.model(&host, &key).await.unwrap();
    assert_eq!(model.revision(), Some(11));
    for n in 0..10 {
        let field = model.definition.as_object().get(&format!("field{n}"));
        assert_eq!(field, Some(&*n.to_string()));
    }
}

#[tokio::test]
async fn a_first_password_is_on_disk_before_there_is_an_account() {
    let dir = tempfile::tempdir().unwrap();
    let dashboard = open(dir.path()).await;
    let first = FirstAdministrator {
        username: "admin".to_owned(),
        password: None,
    };
    let ensure = async |file: &Path| {
        dashboard
            .ensure_first_administrator_with_file(first.clone(), file)
            .await
    };
    let nowhere = ensure(&dir.path().join("nowhere/password")).await;
    assert!(
        matches!(nowhere, Err(Error::Unavailable { .. })),
        "{nowhere:?}"
    );

    // In the place of one of an earlier installation, open to others.
    let file = dir.path().join(PASSWORD_FILE);
    std::fs::write(&file, "earlier").unwrap();
    let made = ensure(&file).await.unwrap();
    let AdministratorState::Created {
        generated: Some(password),
        ..
    } = made
    else {
        panic!("{made:?}")
    };
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written.trim_end(), password.password().expose());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(
        first_passwords_left(dir.path()).unwrap(),
        std::slice::from_ref(&file)
    );
    std::fs::remove_file(&file).unwrap();
    let again = ensure(&file).await.unwrap();
    assert!(matches!(again, AdministratorState::Present));
    let names = std::fs::read_dir(dir.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = names.filter(|name| name.contains("password")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_first_password_that_cannot_be_put_into_its_file_is_kept_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let dashboard = open(dir.path()).await;
    let first = FirstAdministrator {
        username: "admin".to_owned(),
        password: None,
    };
    // A folder in the way.
    let file = dir.path().join(PASSWORD_FILE);
    std::fs::create_dir(&file).unwrap();
    let made = dashboard
        .ensure_first_administrator_with_file(first, &file)
        .await;
    let Ok(AdministratorState::Created {
        generated: Some(password),
        password_file: Some(kept),
        ..
    }) = made
    else {
        panic!("{made:?}")
    };
    let written = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(written.trim_end(), password.password().expose());
    std::fs::remove_dir(&file).unwrap();
    assert_eq!(first_passwords_left(dir.path()).unwrap(), [kept]);
}

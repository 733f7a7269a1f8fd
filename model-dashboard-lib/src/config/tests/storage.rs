use super::*;

fn s3(variables: &[(&str, &str)]) -> S3Config {
    match with(variables).unwrap().storage.location {
        StorageLocation::S3(s3) => *s3,
        other => panic!("{other:?}"),
    }
}

fn keys(access_key: &str, secret_key: &str, session_token: Option<&str>) -> S3Credentials {
    S3Credentials::Keys {
        access_key: access_key.to_owned(),
        secret_key: Secret::new(secret_key),
        session_token: session_token.map(Secret::new),
    }
}

#[test]
fn a_storage_url_is_a_folder_a_file_url_memory_or_a_bucket() {
    let location = |url: &str| with(&[("STORAGE_URL", url)]).unwrap().storage.location;
    assert_eq!(location("models"), StorageLocation::Folder("models".into()));
    assert_eq!(
        location("./odd:name"),
        StorageLocation::Folder("./odd:name".into())
    );
    assert_eq!(
        location("file:///srv/m%20x"),
        StorageLocation::Folder("/srv/m x".into())
    );
    assert_eq!(location("memory://"), StorageLocation::Memory);
    assert_eq!(location("memory:"), StorageLocation::Memory);
    let bucket = s3(&[("STORAGE_URL", "s3://argo-models/a/b/")]);
    assert_eq!((&*bucket.bucket, &*bucket.prefix), ("argo-models", "a/b"));
    assert_eq!(bucket.endpoint, None);
    assert_eq!(
        bucket.credentials,
        S3Credentials::Instance { endpoint: None }
    );
}

#[test]
fn a_storage_url_that_means_nothing_is_refused() {
    for url in [
        "s3:/bucket",
        "s3://",
        "file://host/x",
        "file:x",
        "file:/x",
        "s3://b?x=1",
        "s3:",
    ] {
        assert_eq!(problems(with(&[("STORAGE_URL", url)])).len(), 1, "{url}");
    }
}

#[test]
fn any_bucket_setting_alone_means_the_bucket_that_argo_installs() {
    let bucket = s3(&[("MINIO_USERNAME", "me"), ("MINIO_PASSWORD", "secret")]);
    assert_eq!(bucket.bucket, "argo-models");
    let endpoint = "http://argo-artifacts.inference.svc.cluster.local:9000";
    assert_eq!(bucket.endpoint.as_deref(), Some(endpoint));
    assert_eq!(bucket.credentials, keys("me", "secret", None));

    let config = with(&[("MINIO_NAMESPACE", "staging")]).unwrap();
    let host = (
        "argo-artifacts.staging.svc.cluster.local".to_owned(),
        "default".to_owned(),
    );
    assert_eq!(setting(&config, "model_db.host"), host);
    assert_eq!(setting(&config, "model_db.url").0, "s3://argo-models");
}

#[test]
fn host_port_and_tls_of_a_bucket_make_its_endpoint() {
    let endpoint = |variables: &[(&str, &str)]| s3(variables).endpoint.unwrap();
    assert_eq!(endpoint(&[("MINIO_HOST", "minio")]), "http://minio:9000");
    assert_eq!(
        endpoint(&[
            ("MINIO_HOST", "10.0.0.1"),
            ("MINIO_PORT", "443"),
            ("MINIO_SECURE", "true")
        ]),
        "https://10.0.0.1:443"
    );
    assert_eq!(
        endpoint(&[("MINIO_HOST", "fd00::1")]),
        "http://[fd00::1]:9000"
    );
    assert_eq!(
        endpoint(&[("STORAGE_URL", "s3://abc"), ("MINIO_HOST", "m")]),
        "http://m:9000"
    );
}

#[test]
fn a_bucket_without_minio_settings_is_reached_as_amazons_tools_do() {
    let with = |variables: &[(&str, &str)]| {
        let url = [("STORAGE_URL", "s3://models")];
        s3(&[&url, variables].concat())
    };
    let lent = with(&[
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "https://s3.example.org/"),
    ]);
    assert_eq!(lent.credentials, keys("id", "key", Some("token")));
    assert_eq!(lent.region, "eu-west-1");
    assert_eq!(lent.endpoint.as_deref(), Some("https://s3.example.org"));

    let nearer = with(&[
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "https://any.example.org"),
        ("AWS_ENDPOINT_URL_S3", "https://s3.example.org"),
    ]);
    assert_eq!(nearer.region, "eu-central-1");
    assert_eq!(nearer.endpoint.as_deref(), Some("https://s3.example.org"));

    let identity = with(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/models"),
    ]);
    let S3Credentials::WebIdentity { role_arn, .. } = identity.credentials else {
        panic!("{identity:?}");
    };
    assert_eq!(role_arn, "arn:aws:iam::1:role/models");

    let container = with(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x")]);
    let path = "/v2/x".to_owned();
    assert_eq!(container.credentials, S3Credentials::Container { path });
}

#[test]
fn keys_of_minio_come_before_those_of_amazon_and_half_a_pair_is_refused() {
    let aws = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "k")];
    let minio = [("MINIO_USERNAME", "me"), ("MINIO_PASSWORD", "secret")];
    let both = [aws, minio].concat();
    assert_eq!(s3(&both).credentials, keys("me", "secret", None));

    let half = [("MINIO_HOST", "minio"), ("AWS_ACCESS_KEY_ID", "id")];
    let told = problems(with(&half));
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("s3.secret_access_key is not set"),
        "{told:?}"
    );
    // Where no bucket is used they are none of ours.
    assert!(with(&half[1..]).is_ok());
}

#[test]
fn bucket_settings_beside_a_folder_are_told_to_have_no_effect() {
    let variables = [
        ("STORAGE_URL", "models"),
        ("MINIO_HOST", "minio"),
        ("MINIO_PORT", "1"),
    ];
    let config = with(&variables).unwrap();
    assert_eq!(
        config.storage.location,
        StorageLocation::Folder("models".into())
    );
    let none = "without effect, as model_db.url names no bucket: ";
    assert_eq!(
        config.warnings(),
        [format!("{none}model_db.host, model_db.port")]
    );

    let single = ("STORAGE_SINGLE_WRITER", "true");
    assert!(with(&[single]).unwrap().warnings().is_empty());
    let config = with(&[single, ("STORAGE_URL", "memory://")]).unwrap();
    let none = "without effect, as nothing else writes there: ";
    assert_eq!(config.warnings(), [format!("{none}model_db.single_writer")]);
}

#[test]
fn a_database_is_a_file_or_a_server() {
    let database = |variables: &[(&str, &str)]| with(variables).unwrap().database;
    let sqlite = |path: &str| DatabaseConfig::Sqlite(path.into());
    assert_eq!(
        database(&[("AUTH_DB_PATH", "users.db")]),
        sqlite("users.db")
    );
    assert_eq!(
        database(&[("DATABASE_URL", "sqlite:///a/b.db")]),
        sqlite("/a/b.db")
    );
    assert_eq!(database(&[("DATABASE_URL", "sqlite:b.db")]), sqlite("b.db"));
    assert_eq!(
        database(&[("DATA_DIR", "/srv")]),
        sqlite("/srv/model-dashboard.db")
    );
    for bad in [
        "sqlite:",
        "sqlite:a?mode=ro",
        "postgres://",
        "mysql://host/x",
    ] {
        assert_eq!(problems(with(&[("DATABASE_URL", bad)])).len(), 1, "{bad}");
    }
}

#[test]
fn a_bucket_alone_gives_packages_itself_at_an_address_without_a_path() {
    let on = ("STORAGE_REDIRECT_DOWNLOADS", "true");
    let bucket = ("STORAGE_URL", "s3://models");
    let public = |url: &'static str| ("STORAGE_PUBLIC_URL", url);
    let config = with(&[on, bucket, public("https://s3.example.com/")]).unwrap();
    assert!(config.storage.redirect_downloads);
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
    let given = s3(&[on, bucket, public("https://s3.example.com")]);
    assert_eq!(
        given.public_endpoint.as_deref(),
        Some("https://s3.example.com")
    );
    assert_eq!(
        (given.endpoint, s3(&[bucket]).public_endpoint),
        (None, None)
    );

    for elsewhere in ["models", "memory://"] {
        let told = problems(with(&[on, ("STORAGE_URL", elsewhere)]));
        assert!(told[0].contains("only a bucket"), "{told:?}");
    }
    let told = problems(with(&[on, bucket, public("https://example.com/s3")]));
    assert!(told[0].contains("holds a path"), "{told:?}");

    let warned = |variables: &[(&str, &str)]| with(variables).unwrap().warnings().to_vec();
    let idle = warned(&[bucket, public("https://s3.example.com")]);
    assert!(idle[0].contains("without effect"), "{idle:?}");
    let minio = ("MINIO_HOST", "minio");
    let plain = warned(&[on, minio]);
    assert!(plain[0].contains("plain http"), "{plain:?}");
    assert!(warned(&[on, ("MINIO_HOST", "127.0.0.1")]).is_empty());
    assert!(warned(&[on, minio, public("https://s3.example.com")]).is_empty());
}

//! Wrong credentials, wrong buckets, servers that are none, and what lies there that is odd.

use std::net::SocketAddr;

use http::Method;
use model_dashboard::config::{S3Config, S3Credentials, Secret};
use model_dashboard::model::{DuplicateKeys, ModelDefinition, ModelKey, Timestamp, Version, Via};
use model_dashboard::repository::{
    Change, ModelRepository as _, ObjectRepository, Precondition, RepositoryError, StoredModel,
};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::InBucket;
use crate::server::{ACCESS_KEY, BUCKET, Habit, S3Server, SECRET_KEY};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn definition(text: &str) -> ModelDefinition {
    ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins).unwrap()
}

fn because(message: &str) -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: message.to_owned(),
    }
}

async fn create(repository: &ObjectRepository, at: &str) -> Result<StoredModel, RepositoryError> {
    let (key, content) = (key(at), definition("{}"));
    let absent = Precondition::Absent;
    repository.put(&key, &content, &absent, &because("")).await
}

/// What reading, listing and writing there say: all the same.
async fn refusal(config: &S3Config) -> String {
    let repository = ObjectRepository::open_bucket(config).unwrap();
    let said = |error: RepositoryError| match error {
        RepositoryError::Unavailable { message, .. } => message,
        other => panic!("{other:?}"),
    };
    let listed = said(repository.list().await.unwrap_err());
    let read = said(repository.get(&key("MIST/x")).await.unwrap_err());
    let written = said(create(&repository, "MIST/x").await.unwrap_err());
    assert_eq!((&read, &written), (&listed, &listed));
    listed
}

fn with_keys(server: &S3Server, access_key: &str, secret_key: &str) -> S3Config {
    let endpoint = format!("http://{}", server.address);
    S3Config::with_keys(endpoint, BUCKET, access_key, Secret::new(secret_key))
}

#[tokio::test]
async fn wrong_keys_are_told_apart() {
    let server = S3Server::start().await;
    let secret = refusal(&with_keys(&server, ACCESS_KEY, "wrong")).await;
    assert!(secret.contains("MINIO_PASSWORD"), "{secret}");
    // What the server quotes of the request does not go on.
    let repository = ObjectRepository::open_bucket(&with_keys(&server, ACCESS_KEY, "wrong"));
    let error = repository.unwrap().list().await.unwrap_err();
    assert!(!format!("{error:?}").contains("<Error>"), "{error:?}");
    let access = refusal(&with_keys(&server, "wrong", SECRET_KEY)).await;
    assert!(access.contains("access key"), "{access}");
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_not_an_empty_one_and_can_be_made() {
    let server = S3Server::start().await;
    let mut config = server.config();
    config.bucket = "another-bucket".to_owned();
    let missing = refusal(&config).await;
    assert!(missing.contains("no bucket of this name"), "{missing}");

    assert!(ObjectRepository::make_bucket(&config).await.unwrap());
    assert!(!ObjectRepository::make_bucket(&config).await.unwrap());
    let repository = ObjectRepository::open_bucket(&config).unwrap();
    create(&repository, "MIST/x").await.unwrap();
    assert_eq!(repository.list().await.unwrap().models.len(), 1);
}

/// A server that answers everything alike.
async fn answering(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 65_536];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_server_that_is_none_of_s3_is_named() {
    let server = S3Server::start().await;
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 21\r\nconnection: close\r\n\r\n\
                <html>Welcome!</html>";
    let config = server.config_at(answering(page).await);
    let repository = ObjectRepository::open_bucket(&config).unwrap();
    let welcome = repository.list().await.unwrap_err().to_string();
    assert!(welcome.contains("no S3 server"), "{welcome}");

    for answer in [
        "HTTP/1.1 404 Not Found\r\ncontent-length: 21\r\nconnection: close\r\n\r\n\
         <html>No such</html>\n",
        // As Python's file server answers whatever it does not do.
        "HTTP/1.1 501 Unsupported method\r\ncontent-length: 17\r\nconnection: close\r\n\r\n\
         <html>PUT?</html>",
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 17\r\nconnection: close\r\n\r\n\
         <html>What</html>",
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 17\r\nconnection: close\r\n\r\n\
         <html>Nope</html>",
    ] {
        let config = server.config_at(answering(answer).await);
        let said = refusal(&config).await;
        assert!(said.contains("no S3 server"), "{said}");
        assert!(said.contains("; check host and port"), "{said}");
        let repository = ObjectRepository::open_bucket(&config).unwrap();
        for error in [
            repository.probe().await.unwrap_err(),
            repository.get(&key("MIST/x")).await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("no S3 server"), "{error}");
            assert!(!format!("{error:?}").contains("<html>"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_wants_https_is_told() {
    let server = S3Server::start().await;
    let answer =
        "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let said = refusal(&server.config_at(answering(answer).await)).await;
    assert!(said.contains("set MINIO_SECURE=true"), "{said}");
}

#[tokio::test]
async fn nothing_listening_and_no_https_are_told() {
    let server = S3Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = refusal(&server.config_at(address)).await;
    assert!(refused.contains("nothing listens"), "{refused}");

    let mut config = server.config();
    config.endpoint = Some(format!("https://{}", server.address));
    let plain = refusal(&config).await;
    assert!(plain.contains("MINIO_SECURE"), "{plain}");
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told() {
    let server = S3Server::start().await;
    let mut config = server.config();
    config.endpoint = Some("http://minio.invalid:9000".to_owned());
    let unknown = refusal(&config).await;
    assert!(unknown.contains("MINIO_HOST"), "{unknown}");
}

#[tokio::test]
async fn without_credentials_it_is_said_which_to_set() {
    let server = S3Server::start().await;
    let mut config = server.config();
    let endpoint = Some(format!(
        "http://{}",
        answering("HTTP/1.1 404 Not Found\r\n\r\n").await
    ));
    config.credentials = S3Credentials::Instance { endpoint };
    let none = refusal(&config).await;
    assert!(none.contains("no credentials"), "{none}");
    assert!(none.contains("MINIO_USERNAME"), "{none}");
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_told_when_it_is_opened() {
    let server = S3Server::start().await;
    let mut config = server.config();
    config.ca_bundle = Some(server.folder.path().join("none.pem"));
    let error = ObjectRepository::open_bucket(&config).unwrap_err();
    assert!(error.to_string().contains("AWS_CA_BUNDLE"), "{error}");
}

#[tokio::test]
async fn a_token_that_an_answer_quotes_goes_nowhere() {
    let server = S3Server::start().await;
    let answer = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n\
                  <Error><Code>ExpiredToken</Code><Message>The token has expired.</Message>\
                  <Token-0>canary-of-a-token</Token-0></Error>";
    let repository = ObjectRepository::open_bucket(&server.config_at(answering(answer).await));
    let repository = repository.unwrap();
    let listed = repository.list().await.unwrap_err();
    let read = repository.get(&key("MIST/x")).await.unwrap_err();
    let written = create(&repository, "MIST/x").await.unwrap_err();
    for error in [listed, read, written] {
        assert!(error.to_string().contains("get new credentials"), "{error}");
        let chain = format!("{error:?}");
        assert!(
            chain.contains("The token has expired") && !chain.contains("canary"),
            "{chain}"
        );
    }
}

#[tokio::test]
async fn a_creation_that_is_refused_for_the_moment_is_sent_again() {
    let server = S3Server::with(Habit::ConflictsOnce).await;
    let repository = ObjectRepository::open_bucket(&server.config()).unwrap();
    let created = create(&repository, "MIST/x").await.unwrap();
    let said = definition(std::str::from_utf8(&created.bytes).unwrap());
    let id = said.registry().unwrap().id;
    assert_eq!(repository.revisions(&id).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_not_shared() {
    let server = S3Server::with(Habit::IgnoresConditions).await;
    let repository = ObjectRepository::open_bucket(&server.config()).unwrap();
    let error = repository.probe().await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unsafe { .. }), "{error:?}");
    assert!(
        error.to_string().contains("STORAGE_SINGLE_WRITER"),
        "{error}"
    );
}

#[tokio::test]
async fn one_odd_key_does_not_hide_the_rest() {
    let bucket = InBucket::fresh().await;
    let put = async |at: &str| {
        let path = Path::parse(at).unwrap();
        bucket.beside.put(&path, "{}".into()).await.unwrap();
    };
    for at in [
        "root.json",
        "MIST/deeper/x",
        "MIST/a b#%41+~",
        "MIST/München",
        "O'Brien \"2\"/x",
    ] {
        put(at).await;
    }
    create(&bucket.repository, "MIST/x").await.unwrap();
    let folder = bucket.server.folder.path().join(BUCKET).join("MIST");
    std::fs::create_dir(folder.join("empty")).unwrap();

    let listing = bucket.repository.list().await.unwrap();
    let mut keys: Vec<_> = listing.models.iter().map(|it| it.key.to_string()).collect();
    keys.sort();
    let expected = [
        "MIST/München",
        "MIST/a b#%41+~",
        "MIST/x",
        "O'Brien \"2\"/x",
    ];
    assert_eq!(keys, expected);
    for at in &keys {
        bucket.repository.get(&key(at)).await.unwrap();
    }
    let mut others = listing.others;
    others.sort();
    assert_eq!(others, ["MIST/deeper/", "root.json"]);
}

#[tokio::test]
async fn an_object_of_50_mb_is_listed_and_not_read() {
    let bucket = InBucket::fresh().await;
    let large = vec![b' '; 50 << 20];
    let path = Path::from("MIST/large");
    bucket.beside.put(&path, large.into()).await.unwrap();
    let at = key("MIST/large");
    let error = bucket.repository.get(&at).await.unwrap_err();
    let RepositoryError::TooLarge { size, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(size, 50 << 20);
    let listing = bucket.repository.list().await.unwrap();
    let version: Version = listing.models[0].stamp.version_unread();
    let is = Precondition::Version(version);
    let tombstone = bucket
        .repository
        .delete(&at, &is, &because(""))
        .await
        .unwrap();
    assert!(tombstone.bytes.len() < 1_000);
    // Nothing of it is lost.
    let stored: ModelDefinition = definition(std::str::from_utf8(&tombstone.bytes).unwrap());
    let id = stored.registry().unwrap().id;
    let kept = Path::parse(format!(".registry/revisions/{id}/00000001.json")).unwrap();
    assert_eq!(bucket.beside.head(&kept).await.unwrap().size, 50 << 20);
}

#[tokio::test]
async fn jobs_find_what_they_read_in_the_metadata() {
    let bucket = InBucket::fresh().await;
    let (at, content) = (key("MIST/x"), definition(r#"{"enabled":true}"#));
    let absent = Precondition::Absent;
    let why = because("");
    let put = bucket.repository.put(&at, &content, &absent, &why);
    put.await.unwrap();
    let found = bucket.beside.get(&Path::from("MIST/x")).await.unwrap();
    let mut metadata: Vec<(String, String)> = found
        .attributes
        .iter()
        .filter_map(|(name, value)| match name {
            object_store::Attribute::Metadata(name) => Some((name.to_string(), value.to_string())),
            _ => None,
        })
        .collect();
    metadata.sort();
    let expected = [("enabled", "true"), ("name", "x"), ("network_type", "MIST")];
    assert_eq!(
        metadata,
        expected.map(|(name, value)| (name.into(), value.into()))
    );
}

#[tokio::test]
async fn an_unchanged_bucket_costs_one_listing_of_each_folder() {
    let bucket = InBucket::fresh().await;
    for at in ["MIST/a", "MIST/b", "nnUNet/c"] {
        create(&bucket.repository, at).await.unwrap();
    }
    bucket.server.served();
    bucket.repository.list().await.unwrap();
    let served = bucket.server.served();
    assert_eq!(served.len(), 3, "{served:?}");
    assert!(
        served
            .iter()
            .all(|(method, uri)| *method == Method::GET && uri.contains("list-type=2"))
    );
}

#[tokio::test]
async fn a_server_that_knows_no_quoted_tags_is_given_bare_ones() {
    let server = S3Server::with(Habit::RefusesQuotedTags).await;
    let mut config = server.config();
    let repository = ObjectRepository::open_bucket(&config).unwrap();
    let error = repository.probe().await.unwrap_err();
    assert!(
        error.to_string().contains("STORAGE_UNQUOTED_IF_MATCH"),
        "{error}"
    );

    config.unquoted_if_match = true;
    let repository = ObjectRepository::open_bucket(&config).unwrap();
    repository.probe().await.unwrap();
}

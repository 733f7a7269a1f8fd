//! Buckets that are reached by https, and what is said of certificates that are not accepted.

use std::net::SocketAddr;
use std::sync::Arc;

use model_dashboard::config::S3Config;
use model_dashboard::model::{DuplicateKeys, ModelDefinition, Timestamp, Via};
use model_dashboard::repository::{
    Change, ModelRepository as _, ObjectRepository, Precondition, RepositoryError,
};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::InBucket;
use crate::server::S3Server;

/// What certificates are made with.
fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    CertificateParams::new(names).unwrap()
}

fn authority() -> CertificateParams {
    let mut params = params(&[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A certificate of its own as `openssl req -x509` makes it.
fn self_signed(mut params: CertificateParams) -> (Certificate, KeyPair) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), key)
}

/// Speaks TLS in front of a server, at the address.
async fn before(server: SocketAddr, (certificate, key): (Certificate, KeyPair)) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_single_cert(vec![certificate.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                socket.set_nodelay(true).unwrap();
                let Ok(mut outside) = acceptor.accept(socket).await else {
                    return;
                };
                let mut inside = TcpStream::connect(server).await.unwrap();
                inside.set_nodelay(true).unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    address
}

/// The bucket by https at `host`, with a bundle of these certificates.
fn config(server: &S3Server, host: &str, port: u16, bundle: Option<&Certificate>) -> S3Config {
    let mut config = server.config();
    config.endpoint = Some(format!("https://{host}:{port}"));
    config.ca_bundle = bundle.map(|certificate| {
        let file = server.folder.path().join("bundle.pem");
        std::fs::write(&file, certificate.pem()).unwrap();
        file
    });
    config
}

pub(crate) async fn with_an_authority_of_its_own() -> InBucket {
    let server = S3Server::start().await;
    let key = KeyPair::generate().unwrap();
    let root = authority().self_signed(&key).unwrap();
    let issuer = Issuer::new(authority(), key);
    let key = KeyPair::generate().unwrap();
    let certificate = params(&["127.0.0.1"]).signed_by(&key, &issuer).unwrap();
    let address = before(server.address, (certificate, key)).await;
    let config = config(&server, "127.0.0.1", address.port(), Some(&root));
    InBucket::of(server, ObjectRepository::open_bucket(&config).unwrap())
}

/// What listing and writing say there: the same.
async fn refusal(config: &S3Config) -> String {
    let repository = ObjectRepository::open_bucket(config).unwrap();
    let listed = repository.list().await.unwrap_err();
    let proven = repository.probe().await.unwrap_err();
    assert!(matches!(listed, RepositoryError::Unavailable { .. }));
    assert_eq!(proven.to_string(), listed.to_string());
    listed.to_string()
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_accepted_if_it_is_in_the_bundle() {
    let server = S3Server::start().await;
    let (certificate, key) = self_signed(params(&["localhost", "127.0.0.1"]));
    let bundle = certificate.clone();
    let address = before(server.address, (certificate, key)).await;
    let config = config(&server, "127.0.0.1", address.port(), Some(&bundle));
    let repository = ObjectRepository::open_bucket(&config).unwrap();
    repository.probe().await.unwrap();
    let change = Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    };
    let (at, absent) = ("MIST/x".parse().unwrap(), Precondition::Absent);
    let content = ModelDefinition::parse(b"{}", DuplicateKeys::Refuse).unwrap();
    let put = repository.put(&at, &content, &absent, &change).await;
    assert_eq!(
        repository.get(&at).await.unwrap().version,
        put.unwrap().version
    );
    assert_eq!(repository.list().await.unwrap().models.len(), 1);
}

#[tokio::test]
async fn being_in_the_bundle_excuses_nothing_else() {
    let server = S3Server::start().await;
    // Another one of the same name is not it.
    let (given, _) = self_signed(params(&["127.0.0.1"]));
    let address = before(server.address, self_signed(params(&["127.0.0.1"]))).await;
    let other = refusal(&config(&server, "127.0.0.1", address.port(), Some(&given))).await;
    assert!(
        other.contains("bundle.pem knows who signed it; give AWS_CA_BUNDLE"),
        "{other}"
    );

    let mut old = params(&["127.0.0.1"]);
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let old = self_signed(old);
    let given = old.0.clone();
    let address = before(server.address, old).await;
    let expired = refusal(&config(&server, "127.0.0.1", address.port(), Some(&given))).await;
    assert!(expired.contains("has expired; renew it"), "{expired}");

    let named = self_signed(params(&["minio.example.org", "10.0.0.1"]));
    let given = named.0.clone();
    let address = before(server.address, named).await;
    let wrong = refusal(&config(&server, "127.0.0.1", address.port(), Some(&given))).await;
    let expected = "not valid for 127.0.0.1, but for minio.example.org, 10.0.0.1; reach it by such \
                    a name (MINIO_HOST";
    assert!(wrong.contains(expected), "{wrong}");

    let nameless = self_signed(params(&[]));
    let given = nameless.0.clone();
    let address = before(server.address, nameless).await;
    let wrong = refusal(&config(&server, "127.0.0.1", address.port(), Some(&given))).await;
    assert!(wrong.contains("names no server; make one with"), "{wrong}");
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_of_an_authority_is_told_apart() {
    let server = S3Server::start().await;
    let key = KeyPair::generate().unwrap();
    let root = authority().self_signed(&key).unwrap();
    let issuer = Issuer::new(authority(), key);
    let signed = |params: CertificateParams| {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &issuer).unwrap(), key)
    };

    let sound = before(server.address, signed(params(&["127.0.0.1"]))).await;
    let unknown = refusal(&config(&server, "127.0.0.1", sound.port(), None)).await;
    assert!(unknown.contains("set AWS_CA_BUNDLE to a file"), "{unknown}");
    let (another, _) = self_signed(params(&["somewhere.else"]));
    let unknown = refusal(&config(&server, "127.0.0.1", sound.port(), Some(&another))).await;
    assert!(
        unknown.contains("bundle.pem knows who signed it"),
        "{unknown}"
    );

    let mut old = params(&["127.0.0.1"]);
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let address = before(server.address, signed(old)).await;
    let expired = refusal(&config(&server, "127.0.0.1", address.port(), Some(&root))).await;
    assert!(expired.contains("has expired; renew it"), "{expired}");

    let mut early = params(&["127.0.0.1"]);
    early.not_before = rcgen::date_time_ymd(4000, 1, 1);
    early.not_after = rcgen::date_time_ymd(4001, 1, 1);
    let address = before(server.address, signed(early)).await;
    let early = refusal(&config(&server, "127.0.0.1", address.port(), Some(&root))).await;
    assert!(early.contains("not valid yet"), "{early}");

    let address = before(server.address, signed(params(&["minio"]))).await;
    let wrong = refusal(&config(&server, "localhost", address.port(), Some(&root))).await;
    assert!(
        wrong.contains("not valid for localhost, but for minio"),
        "{wrong}"
    );

    let own = before(server.address, self_signed(params(&["127.0.0.1"]))).await;
    let own = refusal(&config(&server, "127.0.0.1", own.port(), None)).await;
    assert!(own.contains("the server's own if none did"), "{own}");
}

#[tokio::test]
async fn http_where_https_is_spoken_is_told() {
    let server = S3Server::start().await;
    let address = before(server.address, self_signed(params(&["127.0.0.1"]))).await;
    let plain = refusal(&server.config_at(address)).await;
    assert!(plain.contains("set MINIO_SECURE=true"), "{plain}");
}

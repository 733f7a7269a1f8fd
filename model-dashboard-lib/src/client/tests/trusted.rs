//! Certificates of servers.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server with a certificate of its own for these names: its port, and the certificate (PEM).
async fn https(names: &[&str]) -> (u16, String) {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_single_cert(vec![certificate.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(socket).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer("200 OK", "", NO_MODELS)).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    (port, certificate.pem())
}

#[tokio::test]
async fn a_server_is_trusted_by_its_certificate_alone_and_its_fault_is_told() {
    let (port, certificate) = https(&["localhost"]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.pem");
    std::fs::write(&file, certificate).unwrap();
    let ask = async |host: &str, ca_file: Option<PathBuf>| {
        let options = ClientOptions {
            ca_file,
            ..ClientOptions::default()
        };
        let address = ServerAddress::parse(&format!("https://{host}:{port}")).unwrap();
        let client = Client::new(address, PlainToken::parse(TOKEN), options).unwrap();
        client.models("").await
    };
    let error = ask("localhost", None).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Certificate { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("MODEL_DASHBOARD_CA_FILE"),
        "{error}"
    );
    assert!(
        ask("localhost", Some(file.clone()))
            .await
            .unwrap()
            .is_empty()
    );
    let error = ask("127.0.0.1", Some(file)).await.unwrap_err();
    assert!(
        error.to_string().contains("not valid for 127.0.0.1"),
        "{error}"
    );
    let none = ClientOptions {
        ca_file: Some(folder.path().join("nowhere.pem")),
        ..ClientOptions::default()
    };
    let address = ServerAddress::parse("https://localhost").unwrap();
    let error = Client::new(address, None, none).unwrap_err();
    assert!(matches!(error, ClientError::Trust { .. }), "{error}");
}

//! Uploads by clients of others, over connections that are cut.
//!
//! `TUS_PYTHON` names a Python that has the package `tuspy`, `TUS_JS_PATH` the folder of the
//! package `tus-js-client`; with `REQUIRE_SERVICES` they must.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use model_dashboard::model::ContentDigest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::app::App;

/// After so many bytes the first connections break.
const CUT_AFTER: usize = 1_500_000;

/// How many do.
const CUTS: usize = 3;

const PYTHON: &str = r"
import sys
from tusclient import client
address, token, path = sys.argv[1:]
server = client.TusClient(address, headers={'Authorization': 'Bearer ' + token})
uploader = server.uploader(path, chunk_size=int(4e6), retries=100, retry_delay=0,
                           metadata={'filename': 'from python.bin'})
uploader.upload()
print(uploader.url)
";

const JAVASCRIPT: &str = r"
const fs = require('fs');
const [library, endpoint, token, path] = process.argv.slice(1);
const tus = require(library);
const upload = new tus.Upload(fs.readFileSync(path), {
    endpoint,
    headers: { Authorization: 'Bearer ' + token },
    metadata: { filename: 'from script.bin' },
    retryDelays: Array(100).fill(0),
    onError(error) { console.error(error); process.exit(1); },
    onSuccess() { console.log(upload.url); },
});
upload.start();
";

/// A way to the server on which the first connections with much to say are cut.
async fn cutting(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cuts = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(CUTS));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let cuts = cuts.clone();
            tokio::spawn(async move {
                let server = TcpStream::connect(server).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let back = tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
                });
                let (mut sent, mut buffer) = (0, vec![0; 64 << 10]);
                while let Ok(count) = from_client.read(&mut buffer).await {
                    sent += count;
                    let order = std::sync::atomic::Ordering::Relaxed;
                    let is_cut = sent > CUT_AFTER
                        && cuts
                            .fetch_update(order, order, |left| left.checked_sub(1))
                            .is_ok();
                    if is_cut {
                        back.abort();
                        return;
                    }
                    if count == 0 || to_server.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                }
                let _ = to_server.shutdown().await;
                let _ = back.await;
            });
        }
    });
    address
}

/// What a client uploads in spite of the cuts.
async fn arrives(client: impl Fn(&str, &str, &Path) -> Command, file_name: &str) {
    let app = App::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.bin");
    let bytes: Vec<u8> = (0..9_000_000_u64).map(|n| (n * n / 128) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    let token = app
        .secret("editor", "packages:write".parse().unwrap())
        .await;
    let endpoint = format!("http://{}/api/v1/uploads", cutting(app.api).await);
    let mut command = client(&endpoint, &token, &path);
    command.stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = timeout(Duration::from_secs(120), output).await;
    let output = output.expect("it ends").unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let address = String::from_utf8(output.stdout).unwrap();
    let (_, upload) = address.trim().split_once("/api/").unwrap();
    let asked = app
        .anonymous()
        .with("authorization", &format!("Bearer {token}"));
    let seen = asked.get(&format!("/api/{upload}")).await.json();
    assert_eq!(seen["sha256"], ContentDigest::of(&bytes).to_hex());
    assert_eq!(seen["file_name"], file_name);
    assert_eq!(asked.get("/api/v1/uploads").await.json()["total"], 1);
}

/// What the variable names, or that the test is skipped.
fn named(variable: &str, what: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    if found.is_none() {
        let required = std::env::var_os("REQUIRE_SERVICES").is_some();
        assert!(!required, "{variable} must name {what}");
        eprintln!("skipped: {variable} names no {what}");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_goes_on_after_every_cut() {
    let Some(python) = named("TUS_PYTHON", "Python that has the package tuspy") else {
        return;
    };
    let client = |endpoint: &str, token: &str, path: &Path| {
        let mut command = Command::new(&python);
        command.args(["-c", PYTHON, endpoint, token]).arg(path);
        command
    };
    arrives(client, "from python.bin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_goes_on_after_every_cut() {
    let Some(library) = named("TUS_JS_PATH", "folder of the package tus-js-client") else {
        return;
    };
    let client = |endpoint: &str, token: &str, path: &Path| {
        let mut command = Command::new("node");
        command.arg("-e").arg(JAVASCRIPT).arg(&library);
        command.args([endpoint, token]).arg(path);
        command
    };
    arrives(client, "from script.bin").await;
}

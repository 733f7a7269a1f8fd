//! Packages that are sent by a browser, over connections and servers that end.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, Locator};
use model_dashboard::dashboard::Giving;
use model_dashboard::model::{ContentDigest, ModelDefinition};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::accessible::assert_accessible;
use crate::app::{App, PASSWORD};
use crate::driver::{Driver, axe};
use crate::packed::{HARMFUL, caller, nnunet, uploaded};
use crate::{fill, press, says, sign_in, url};

/// How many bytes a package of these tests has.
const SIZE: usize = 12_000_000;

/// The server's binary, killed at the end.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts it in a folder, at a port that stays the same.
    fn start(folder: &Path, port: u16) -> Server {
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_model-dashboard-web"))
            .current_dir(folder)
            .env_clear()
            .env("ADMIN_PASSWORD_FILE", "password")
            .args(["--only", "dashboard", "--port", &port.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let listens = lines.any(|line| line.unwrap().contains("Models"));
        assert!(listens, "the server says that it serves");
        std::thread::spawn(move || lines.for_each(drop));
        Server(process)
    }
}

/// The way to a server, which lets through as many bytes of clients as it is told.
struct Relay {
    address: SocketAddr,
    allowed: watch::Sender<u64>,
    sent: watch::Receiver<u64>,
}

impl Relay {
    async fn to(server: SocketAddr) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (allowed, gate) = watch::channel(u64::MAX);
        let (count, sent) = watch::channel(0);
        let count = std::sync::Arc::new(count);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (gate, count) = (gate.clone(), count.clone());
                tokio::spawn(async move {
                    // Nobody is there while the server is started again: the connection ends.
                    let Ok(server) = TcpStream::connect(server).await else {
                        return;
                    };
                    let (mut from_client, mut to_client) = client.into_split();
                    let (mut from_server, mut to_server) = server.into_split();
                    let answers = tokio::io::copy(&mut from_server, &mut to_client);
                    let requests = pass(&mut from_client, &mut to_server, gate, &count);
                    // One end closes both.
                    tokio::select! {
                        _ = answers => {},
                        () = requests => {},
                    }
                });
            }
        });
        Relay {
            address,
            allowed,
            sent,
        }
    }

    /// Lets so many bytes through from now on.
    fn allow(&self, more: u64) {
        let now = *self.sent.borrow();
        self.allowed.send_replace(now + more);
    }

    fn open(&self) {
        self.allowed.send_replace(u64::MAX);
    }

    /// Waits until all that is allowed went through.
    async fn is_used_up(&mut self) {
        let allowed = *self.allowed.borrow();
        self.sent.wait_for(|sent| *sent >= allowed).await.unwrap();
    }
}

async fn pass(
    from: &mut tokio::net::tcp::OwnedReadHalf,
    to: &mut tokio::net::tcp::OwnedWriteHalf,
    mut gate: watch::Receiver<u64>,
    count: &watch::Sender<u64>,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let allowed = *gate.borrow_and_update();
        let left = allowed.saturating_sub(*count.borrow());
        if left == 0 {
            if gate.changed().await.is_err() {
                return;
            }
            continue;
        }
        let most = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let Ok(read @ 1..) = from.read(&mut buffer[..most]).await else {
            return;
        };
        count.send_modify(|sent| *sent += read as u64);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// A package on this machine, and its digest.
fn package(folder: &Path) -> (PathBuf, String) {
    let path = folder.join("weights.bin");
    let bytes: Vec<u8> = (0..SIZE as u64).map(|n| (n * n / 128) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    (path, ContentDigest::of(&bytes).to_hex())
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn choose(browser: &Client, path: &Path) {
    let input = browser.wait().for_element(Locator::Css("#file")).await;
    let path = path.to_str().unwrap();
    input.unwrap().send_keys(path).await.unwrap();
}

async fn at(browser: &Client, relay: &Relay, path: &str) {
    let url = format!("http://{}{path}", relay.address);
    browser.goto(&url).await.unwrap();
}

async fn enter(browser: &Client, relay: &Relay) {
    at(browser, relay, "/login?next=/upload").await;
    fill(browser, "#username", "admin").await;
    fill(browser, "#password", PASSWORD).await;
    press(browser, "main button[type=submit]").await;
    says(browser, "Drop a package here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_paused_and_goes_on_also_after_the_server_was_killed() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (path, digest) = package(folder.path());
    let port = free_port();
    let server = Server::start(folder.path(), port);
    let mut relay = Relay::to(([127, 0, 0, 1], port).into()).await;
    let browser = driver.browser("uploads").await;
    enter(&browser, &relay).await;

    relay.allow(3_000_000);
    choose(&browser, &path).await;
    relay.is_used_up().await;
    says(&browser, "of 12 MB").await;
    press(&browser, "[data-pause]").await;
    says(&browser, "Paused").await;
    relay.allow(4_000_000);
    press(&browser, "[data-go-on]").await;
    relay.is_used_up().await;

    drop(server);
    says(&browser, "It goes on by itself").await;
    let _server = Server::start(folder.path(), port);
    relay.open();
    says(&browser, "No known framework").await;
    says(&browser, &digest).await;
    // It was one upload, and all of it is there.
    at(&browser, &relay, "/upload").await;
    let rows = browser
        .find_all(Locator::Css("[data-upload]"))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    says(&browser, "All there").await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_chosen_again_goes_on_where_it_stopped() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (path, digest) = package(folder.path());
    let port = free_port();
    let _server = Server::start(folder.path(), port);
    let mut relay = Relay::to(([127, 0, 0, 1], port).into()).await;
    let browser = driver.browser("again").await;
    enter(&browser, &relay).await;
    relay.allow(6_000_000);
    choose(&browser, &path).await;
    relay.is_used_up().await;
    // The page goes, as with a browser that is closed; another one knows nothing of it.
    browser.close().await.unwrap();
    relay.open();
    let browser = driver.browser("another").await;
    enter(&browser, &relay).await;
    says(&browser, "Not finished").await;
    let before = *relay.sent.borrow();
    choose(&browser, &path).await;
    says(&browser, &digest).await;
    let sent = *relay.sent.borrow() - before;
    assert!(sent < SIZE as u64, "{sent} bytes were sent for the rest");
    at(&browser, &relay, "/upload").await;
    let rows = browser
        .find_all(Locator::Css("[data-upload]"))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_purged_are_refused_and_not_sent_again() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let package = nnunet(r#"{"background":0,"Brainstem":1}"#, b"");
    let id = uploaded(&app, "admin", "hn.zip", package.clone()).await;
    let dashboard = &app.dashboard;
    let host = dashboard.host_caller("test@localhost");
    let key = "nnUNet_v2/Dataset501_HN".parse().unwrap();
    let (none, plain) = (ModelDefinition::default(), Giving::default());
    let admin = caller(&app, "admin").await;
    let made = dashboard.publish_new(&admin, id, key, none, plain, "");
    made.await.unwrap();
    let digest = ContentDigest::of(&package);
    let purged = dashboard.purge_package(&host, digest, "patients", &|_, _| {});
    purged.await.unwrap();

    let browser = driver.browser("purged").await;
    sign_in(&app, &browser, "admin").await;
    browser.goto(&url(&app, "/upload")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hn.zip");
    std::fs::write(&path, package).unwrap();
    choose(&browser, &path).await;
    says(&browser, "Refused: these bytes must not be kept here").await;
    says(&browser, "patients").await;
    let go_on = browser.find(Locator::Css("[data-go-on]")).await.unwrap();
    assert!(!go_on.is_displayed().await.unwrap());
    browser.close().await.unwrap();
}

/// Everything of a page, also what is folded, before the checker.
pub async fn assert_accessible_unfolded(browser: &Client, axe: &str, what: &str) {
    let unfold = "for (const one of document.querySelectorAll('main details')) one.open = true";
    browser.execute(unfold, vec![]).await.unwrap();
    for theme in ["light", "dark"] {
        let show = "document.documentElement.dataset.theme = arguments[0]";
        browser.execute(show, vec![theme.into()]).await.unwrap();
        for (width, height) in [(1440, 900), (390, 844)] {
            browser.set_window_size(width, height).await.unwrap();
            assert_accessible(browser, axe, &format!("{what}, {theme}, {width}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_package_is_looked_at_and_becomes_a_model() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let Some(axe) = axe() else { return };
    let app = App::start().await;
    let browser = driver.browser("drop").await;
    sign_in(&app, &browser, "admin").await;
    browser.goto(&url(&app, "/upload")).await.unwrap();
    let drop = "const transfer = new DataTransfer(); for (const [name, bytes] of arguments[0]) \
                transfer.items.add(new File([Uint8Array.from(bytes)], name)); const zone = \
                document.querySelector('[data-drop-zone]'); zone.dispatchEvent(new \
                DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }))";
    let two = serde_json::json!([["a.bin", [1]], ["b.bin", [2]]]);
    browser.execute(drop, vec![two]).await.unwrap();
    says(&browser, "One file, please").await;
    assert_accessible(&browser, &axe, "an upload that was refused").await;
    let package = nnunet(r#"{"background":0,"Brainstem":1}"#, HARMFUL);
    let one = serde_json::json!([["hn.zip", package]]);
    browser.execute(drop, vec![one]).await.unwrap();
    says(&browser, "Load it nowhere").await;
    assert_accessible_unfolded(&browser, &axe, "a package").await;
    press(&browser, ".action-bar .primary").await;
    fill(&browser, "[name=name]", "FromDrop").await;
    press(&browser, ".action-bar button[value=save]").await;
    says(&browser, "was created").await;
    says(&browser, "Brainstem").await;

    press(&browser, ".panel.package .buttons .button").await;
    says(&browser, "Load it nowhere").await;
    assert_accessible_unfolded(&browser, &axe, "the package of a model").await;
    press(&browser, ".tree a[href$='dataset.json']").await;
    says(&browser, "Brainstem").await;
    assert_accessible_unfolded(&browser, &axe, "a file of a package").await;

    // The pages of an upload that waits for its confirmation.
    let id = uploaded(&app, "admin", "hn.zip", nnunet("{\"a\":1}", b"")).await;
    for page in [
        "/upload".to_owned(),
        format!("/upload/{id}/new"),
        format!("/upload/{id}/revision?model=nnUNet_v2/FromDrop"),
        format!("/upload/{id}/discard"),
    ] {
        browser.goto(&url(&app, &page)).await.unwrap();
        assert_accessible(&browser, &axe, &page).await;
    }
    browser.close().await.unwrap();
}

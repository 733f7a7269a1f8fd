//! Single files out of a model's package, and the pages that show them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use model_dashboard::auth::Permissions;
use model_dashboard::dashboard::{Dashboard, Giving, Samples};
use model_dashboard::model::ContentDigest;
use model_dashboard::repository::{MemoryRepository, ObjectRepository, Precondition};
use model_dashboard::store::MemoryStore;

use crate::app::App;
use crate::packed::{HARMLESS, archive, caller, nnunet, uploaded};

const MODEL: &str = "nnUNet_v2/Dataset220_KidneyTumour";
const FOLDER: &str = "Dataset501_HN/nnUNetTrainer__nnUNetPlans__3d_fullres";

/// Gives the model a package.
async fn with_package(app: &App, bytes: Vec<u8>) {
    let id = uploaded(app, "publisher", "hn.zip", bytes).await;
    let publisher = caller(app, "publisher").await;
    let (dashboard, key) = (&app.dashboard, MODEL.parse().unwrap());
    let published = dashboard.publish_upload(
        &publisher,
        id,
        &key,
        // It is called otherwise.
        Giving::default().as_typed().breaking().incomplete(),
        Precondition::Exists,
        "for a test",
    );
    published.await.unwrap();
}

#[tokio::test]
async fn a_file_is_fetched_without_the_rest_of_its_package() {
    let app = App::start().await;
    let package = nnunet(r#"{"background":0,"a":1}"#, HARMLESS);
    let digest = ContentDigest::of(&package).to_hex();
    with_package(&app, package).await;
    let client = app.token(Permissions::all()).await;
    let files = format!("/api/v1/models/{MODEL}/package/files");
    let at = format!("{files}/{FOLDER}/dataset.json");
    let whole = client.get(&at).await;
    assert_eq!(whole.status, 200, "{}", whole.text());
    assert_eq!(whole.json()["numTraining"], 40);
    for (header, value) in [
        ("content-type", "application/octet-stream"),
        (
            "content-disposition",
            "attachment; filename=\"dataset.json\"",
        ),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache"),
    ] {
        assert_eq!(whole.header(header), value, "{header}");
    }
    // The digest of the package, as that of the file is not known where packages lie elsewhere.
    assert_eq!(whole.header("etag"), format!("\"{digest}\""));
    assert!(!whole.headers.contains_key("repr-digest"));
    let again = client.with("if-none-match", whole.header("etag"));
    assert_eq!(again.get(&at).await.status, 304);
    let head = client.send(Method::HEAD, &at, "").await;
    assert_eq!(head.header("content-length"), whole.body.len().to_string());

    assert_eq!(
        client.get(&format!("{files}/nothing.json")).await.status,
        404
    );
    for path in ["..%2f..%2fpasswd", "a/../b", "%2e%2e/b", "a//b", "", "%5C"] {
        let refused = client.get(&format!("{files}/{path}")).await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.text());
    }
    let other = app.token("models:read".parse().unwrap()).await;
    assert_eq!(other.get(&at).await.status, 403);
    let auditor = app.signed_in("auditor").await;
    let log = "/admin/audit/export.jsonl?action=package.download";
    let log = auditor.get(log).await.text();
    assert!(log.contains("file Dataset501_HN/"), "{log}");
}

#[tokio::test]
async fn a_file_of_a_package_in_a_folder_is_known_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let packages = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let builder = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .packages(packages.packages())
        .accounts(Arc::new(MemoryStore::new()));
    let dashboard = builder.build().await.unwrap();
    let host = dashboard.host_caller("test@localhost");
    let samples = dashboard.install_samples(&host, Samples::Demonstration);
    samples.await.unwrap();
    let app = App::serving(dashboard).await;
    with_package(&app, nnunet(r#"{"background":0,"a":1}"#, HARMLESS)).await;
    let client = app.token(Permissions::all()).await;
    let at = format!("/api/v1/models/{MODEL}/package/files/{FOLDER}/dataset.json");
    let whole = client.get(&at).await;
    assert_eq!(whole.status, 200, "{}", whole.text());
    let digest = ContentDigest::of(&whole.body).to_hex();
    assert_eq!(whole.header("etag"), format!("\"{digest}\""));
    let digest = STANDARD.encode(hex::decode(digest).unwrap());
    assert_eq!(whole.header("repr-digest"), format!("sha-256=:{digest}:"));
}

#[tokio::test]
async fn pages_show_a_package_and_its_files() {
    let app = App::start().await;
    with_package(&app, nnunet(r#"{"background":0,"a":1}"#, HARMLESS)).await;
    let viewer = app.signed_in("viewer").await;
    let model = viewer.get(&format!("/models/{MODEL}")).await.text();
    assert!(model.contains("See what is in it"), "{model}");
    assert!(model.contains("than the definition says"), "{model}");
    let package = format!("/models/{MODEL}/package");
    let page = viewer.get(&package).await.text();
    for told in [
        "hn.zip",
        "uploaded by publisher",
        "The definition says something else",
        "3d_fullres",
        "checkpoint_final.pth",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let text = viewer
        .get(&format!("{package}/view/{FOLDER}/dataset.json"))
        .await;
    assert!(
        text.text().contains("&quot;numTraining&quot;:40"),
        "{}",
        text.text()
    );
    let weights = format!("{FOLDER}/fold_0/checkpoint_final.pth");
    let bytes = viewer
        .get(&format!("{package}/view/{weights}"))
        .await
        .text();
    assert!(bytes.contains("no text and no picture"), "{bytes}");
    let gone = viewer.get(&format!("{package}/view/nothing")).await;
    assert_eq!(gone.status, 404);
    let file = viewer.get(&format!("{package}/files/{weights}")).await;
    assert_eq!(file.status, 200);
    assert!(
        file.body.starts_with(b"PK"),
        "a file of torch is a zip archive"
    );
    let whole = viewer.get(&format!("{package}/download")).await;
    assert_eq!(
        whole.header("content-disposition"),
        "attachment; filename=\"hn.zip\""
    );

    let none = viewer.get("/models/nnUNet/Task003_Liver").await.text();
    assert!(none.contains("None: jobs have to find"), "{none}");
}

#[tokio::test]
async fn the_page_of_a_model_tells_how_often_its_package_was_fetched() {
    let app = App::start().await;
    with_package(&app, nnunet(r#"{"background":0,"a":1}"#, HARMLESS)).await;
    let viewer = app.signed_in("viewer").await;
    let page = async || viewer.get(&format!("/models/{MODEL}")).await.text();
    let never = page().await;
    assert!(never.contains("Nobody has fetched it yet"), "{never}");
    let job = app.token(Permissions::all()).await;
    let package = format!("/api/v1/models/{MODEL}/package");
    for _ in 0..2 {
        let fetched = job.get(&format!("{package}?for=batch%207")).await;
        assert_eq!(fetched.status, 200);
    }
    // The rest of one, and what changes nothing, are no further ones.
    let rest = job.with("range", "bytes=10-").get(&package).await;
    assert_eq!(rest.status, 206);
    assert_eq!(job.send(Method::HEAD, &package, "").await.status, 200);
    let save = format!("/models/{MODEL}/package/download");
    assert_eq!(viewer.get(&save).await.status, 200);
    let told = page().await;
    assert!(told.contains("<strong>3</strong> in 30 days"), "{told}");
    assert!(
        told.contains("<span>batch 7</span><span>2</span>"),
        "{told}"
    );
    assert!(told.contains("not said</span><span>1</span>"), "{told}");
}

#[tokio::test]
async fn what_a_browser_could_run_is_never_shown_as_what_it_is() {
    let app = App::start().await;
    let script = b"<script>alert(1)</script>";
    let files: &[(&str, &[u8])] = &[
        ("a.html", script),
        ("a.svg", script),
        ("a.png", script),
        ("b \"x\".txt", b"L\xc3\xa4sion"),
    ];
    with_package(&app, archive(files)).await;
    let viewer = app.signed_in("viewer").await;
    let package = format!("/models/{MODEL}/package");
    for (name, kind) in [
        ("a.html", "application/octet-stream"),
        ("a.svg", "application/octet-stream"),
        ("a.png", "image/png"),
    ] {
        let file = viewer.get(&format!("{package}/files/{name}")).await;
        assert_eq!(file.header("content-type"), kind, "{name}");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert!(
            file.header("content-security-policy")
                .starts_with("sandbox")
        );
        assert!(file.header("content-disposition").starts_with("attachment"));
        let shown = viewer.get(&format!("{package}/view/{name}")).await.text();
        assert!(!shown.contains("<script>alert"), "{name}: {shown}");
    }
    let text = viewer.get(&format!("{package}/view/b%20%22x%22.txt")).await;
    assert!(text.text().contains("Läsion"), "{}", text.text());
}

#[tokio::test]
async fn traces_of_training_are_counted_alike_on_both_pages() {
    let app = App::start().await;
    let package = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../model-dashboard-lib/tests/packages/genuine/nnunet_v2_two_folds.zip"
    );
    with_package(&app, std::fs::read(package).unwrap()).await;
    let browser = app.signed_in("viewer").await;
    for page in [
        format!("/models/{MODEL}"),
        format!("/models/{MODEL}/package"),
    ] {
        let text = browser.get(&page).await.text();
        assert!(text.contains("3 traces"), "{page}: {text}");
    }
}

//! Packages through the history of a model: what changed in them, and going back to one.

use http::Method;
use model_dashboard::auth::{Permission, Permissions};

use crate::app::{App, Client};
use crate::history::{answer, hidden, told};

const MODEL: &str = "/api/v1/models/nnUNet_v2/Liver";
const PAGE: &str = "/models/nnUNet_v2/Liver";

fn genuine(name: &str) -> Vec<u8> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../model-dashboard-lib/tests/packages/genuine"
    );
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// A model that had one package and has another.
async fn with_two(app: &App) -> (Client, [Vec<u8>; 2]) {
    let client = app.token(Permissions::all()).await;
    let both = ["nnunet_v2_two_folds.zip", "nnunet_v2_fold_all.zip"].map(genuine);
    let package = format!("{MODEL}/package");
    for (bytes, (condition, name)) in both.iter().zip([
        (("if-none-match", "*"), "first.zip"),
        (("if-match", "*"), "second.zip"),
    ]) {
        let named = format!("attachment; filename=\"{name}\"");
        let put = client.with(condition.0, condition.1);
        let put = put.with("content-disposition", &named);
        let put = put
            .send(
                Method::PUT,
                &format!("{package}?take=none&confirm=breaking"),
                bytes.clone(),
            )
            .await;
        assert!(put.status.is_success(), "{}", put.text());
    }
    (client, both)
}

#[tokio::test]
async fn a_difference_tells_the_files_of_packages() {
    let app = App::start().await;
    let (client, _) = with_two(&app).await;
    let diff = client
        .get(&format!("{MODEL}/revisions/2/diff"))
        .await
        .json();
    let package = &diff["package"];
    assert_eq!(package["before"]["file_name"], "first.zip");
    assert_eq!(package["after"]["file_name"], "second.zip");
    let files = package["contents"]["files"].as_array().unwrap();
    let kinds: Vec<_> = files
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"added") && kinds.contains(&"removed"),
        "{kinds:?}"
    );
    let added = files.iter().find(|it| it["kind"] == "added").unwrap();
    assert!(added["before"].is_null());
    assert!(added["after"]["crc32"].as_str().unwrap().len() == 8);
    assert!(!package["contents"]["labels"].as_array().unwrap().is_empty());

    // The other way round, of the same one, and for who may not read packages.
    let back = client
        .get(&format!("{MODEL}/revisions/2/diff?to=1"))
        .await
        .json();
    assert_eq!(back["package"]["after"]["file_name"], "first.zip");
    let same = client
        .get(&format!("{MODEL}/revisions/2/diff?to=2"))
        .await
        .json();
    assert!(same["package"].is_null());
    let reader = app
        .token([Permission::ModelsRead].into_iter().collect())
        .await;
    let hidden = reader.get(&format!("{MODEL}/revisions/2/diff")).await;
    assert_eq!(hidden.status, 200);
    assert!(hidden.json()["package"].is_null());
    let denied = client.get("/api/v1/audit?action=denied").await.json();
    assert!(denied["events"].as_array().unwrap().is_empty(), "{denied}");

    let browser = app.signed_in("admin").await;
    let history = browser.get(&format!("{PAGE}/history")).await.text();
    let link = format!("href=\"{PAGE}/compare?from=1&amp;to=2#package\"");
    assert!(history.contains(&link), "{link}: {history}");
    let compared = browser
        .get(&format!("{PAGE}/compare?from=1&to=2"))
        .await
        .text();
    for told in ["first.zip", "second.zip", "Files that differ", "files new"] {
        assert!(compared.contains(told), "{told}: {compared}");
    }
}

#[tokio::test]
async fn restoring_says_what_becomes_of_the_package_and_brings_it_back() {
    let app = App::start().await;
    let (client, [first, second]) = with_two(&app).await;
    let browser = app.signed_in("admin").await;
    let question = browser
        .get(&format!("{PAGE}/revisions/1/restore"))
        .await
        .text();
    assert!(
        question.contains("The package that revision 1 had comes back with it."),
        "{question}"
    );
    let restore = client.with("if-match", "*");
    let path = format!("{MODEL}/revisions/1/restore?confirm=breaking");
    assert_eq!(restore.send(Method::POST, &path, "").await.status, 200);
    let package = format!("{MODEL}/package");
    assert!(client.get(&package).await.body == first);
    let report = client.get(&format!("{package}/report")).await.json();
    assert_eq!(report["file_name"], "first.zip");
    assert!(report["report"]["files"].as_array().unwrap().len() > 2);
    let second_again = client.get(&format!("{package}?revision=2")).await;
    assert!(second_again.body == second);

    // The bytes of the second one must not exist.
    let digest = client
        .get(&format!("{package}/report?revision=2"))
        .await
        .json();
    let digest = digest["sha256"].as_str().unwrap();
    let purge = client.with("model-dashboard-message", "names of patients");
    let path = format!("/api/v1/packages/{digest}");
    assert_eq!(purge.send(Method::DELETE, &path, "").await.status, 200);
    let question = browser
        .get(&format!("{PAGE}/revisions/2/restore"))
        .await
        .text();
    for told in ["was purged, and does not come back", "names of patients"] {
        assert!(question.contains(told), "{told}: {question}");
    }
    let diff = format!("{MODEL}/revisions/2/diff?from=1");
    let package = client.get(&diff).await.json()["package"].clone();
    assert!(package["contents"].is_null());
    assert_eq!(package["after"]["removed_because"], "names of patients");
    // Why may name what must not be known.
    let reads = [Permission::ModelsRead, Permission::PackagesRead];
    let reader = app.token(reads.into_iter().collect()).await;
    let package = reader.get(&diff).await.json()["package"].clone();
    assert!(package["after"]["removed_at"].is_string());
    assert!(package["after"]["removed_because"].is_null(), "{package}");

    // While jobs may use the model, it does not go back to a package that is not there.
    let enabled = client.with("if-match", "*");
    let patch = r#"{"enabled":true}"#;
    let enabled = enabled.send(Method::PATCH, MODEL, patch).await;
    assert_eq!(enabled.status, 200, "{}", enabled.text());
    // To other labels it goes back where somebody means it.
    let path = format!("{MODEL}/package");
    let put = client.with("if-match", "*");
    let put = put.with("model-dashboard-message", "why");
    let third = format!("{path}?take=labels&confirm=breaking,as_typed");
    let third = put.send(Method::PUT, &third, genuine("mist_ct.zip")).await;
    assert_eq!(third.status, 200, "{}", third.text());
    let path = format!("{PAGE}/revisions/1/restore");
    let form = browser.get(&path).await;
    let boxed = r#"type="checkbox" name="breaking" value="yes""#;
    assert!(form.text().contains(boxed), "{}", form.text());
    let refused = answer(&browser, &form, &path, "it was better").await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("it was better") && refused.text().contains(boxed));
    let meant = [
        ("if_match", hidden(&form, "if_match")),
        ("reason", "it was better".to_owned()),
        ("breaking", "yes".to_owned()),
        ("csrf", form.csrf()),
    ];
    let meant: Vec<_> = meant
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let done = browser.post_form(&path, &meant).await;
    assert_eq!(done.status, 303, "{}", done.text());

    let asked = format!("{PAGE}/revisions/2/restore");
    let question = browser.get(&asked).await.text();
    let offered = [
        "cannot be restored while the model is enabled",
        "/models/nnUNet_v2/Liver/disable",
    ];
    for told in offered {
        assert!(question.contains(told), "{told}: {question}");
    }
    assert!(!question.contains("name=\"if_match\""), "{question}");
    let restore = client.with("if-match", "*");
    let restore = restore.with("model-dashboard-message", "why");
    let path = format!("{MODEL}/revisions/2/restore");
    let refused = restore.send(Method::POST, &path, "").await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let detail = refused.json()["detail"].clone();
    let detail = detail.as_str().unwrap();
    assert!(detail.contains("disable the model first"), "{detail}");
    let disabled = client.with("if-match", "*");
    let disabled = disabled.with("model-dashboard-message", "why");
    let patch = r#"{"enabled":false}"#;
    let disabled = disabled.send(Method::PATCH, MODEL, patch).await;
    assert_eq!(disabled.status, 200, "{}", disabled.text());
    let path = format!("{PAGE}/revisions/2/restore");
    let form = browser.get(&path).await;
    let done = answer(&browser, &form, &path, "").await;
    assert_eq!(done.status, 303, "{}", done.text());
    let told = told(&browser, &done).await;
    assert!(
        told.contains("Its package was purged: nobody can fetch it."),
        "{told}"
    );
}

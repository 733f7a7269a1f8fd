//! What has to be confirmed of a package before a model gets it.

use http::Method;
use model_dashboard::auth::Permissions;
use serde_json::json;

use crate::app::{App, Client};
use crate::packed::{HARMLESS, nnunet};

async fn admin(app: &App) -> Client {
    app.token(Permissions::all()).await
}

#[tokio::test]
async fn a_package_of_another_model_has_to_be_confirmed() {
    let app = App::start().await;
    let client = admin(&app).await;
    let package = nnunet(r#"{"background":0,"Brainstem":1}"#, HARMLESS);
    let new = client.with("if-none-match", "*");
    let path = "/api/v1/models/MIST/Task003_Liver/package";
    let refused = new.send(Method::PUT, path, package).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let problem = refused.json();
    assert_eq!(
        problem["type"],
        "urn:model-dashboard:problem:mismatched-package"
    );
    let mismatches = json!([
        {"part": "network_type", "model": "MIST", "package": "nnUNet_v2"},
        {"part": "name", "model": "Task003_Liver", "package": "Dataset501_HN"},
    ]);
    assert_eq!(problem["mismatches"], mismatches);
    assert!(
        problem["next"]
            .as_str()
            .unwrap()
            .contains("add as_typed to what `confirm` says")
    );
    assert_eq!(client.get(path).await.status, 404);

    // The bytes are there: they need not be sent again.
    let upload = problem["upload"].as_str().unwrap();
    let wrong = format!("{path}?upload={upload}&confirm=surely");
    assert_eq!(new.send(Method::PUT, &wrong, "").await.status, 400);
    let draft = json!({"upload": upload});
    let drafts = "/api/v1/models/nnUNet/Task003_Liver/drafts";
    let refused = client.send(Method::POST, drafts, draft.to_string()).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let meant = format!("{path}?upload={upload}&confirm=as_typed");
    let made = new.send(Method::PUT, &meant, "").await;
    assert_eq!(made.status, 201, "{}", made.text());
}

#[tokio::test]
async fn labels_that_stand_for_something_else_have_to_be_confirmed() {
    let app = App::start().await;
    let client = admin(&app).await;
    let package = |labels: &str| nnunet(labels, HARMLESS);
    let path = "/api/v1/models/nnUNet_v2/HN/package";
    let new = client.with("if-none-match", "*");
    let first = package(r#"{"background":0,"Brainstem":1}"#);
    assert_eq!(new.send(Method::PUT, path, first).await.status, 201);

    let any = client.with("if-match", "*");
    let other = r#"{"background":0,"Chiasm":1}"#;
    let refused = any.send(Method::PUT, path, package(other)).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let problem = refused.json();
    assert_eq!(
        problem["type"],
        "urn:model-dashboard:problem:breaking-package"
    );
    let label = &problem["breaking"]["labels"][0];
    assert_eq!(label["before"], json!(["Brainstem"]));
    assert_eq!(
        (&label["after"], &label["breaking"]),
        (&json!(["Chiasm"]), &json!(true))
    );
    let upload = problem["upload"].as_str().unwrap();
    // As a draft it waits, and needs to be confirmed when it is published.
    let drafts = "/api/v1/models/nnUNet_v2/HN/drafts";
    let sent = any.send(Method::PUT, path, package(other)).await.json();
    let mut draft = json!({"upload": sent["upload"], "confirm": ["breaking"]});
    let early = client.send(Method::POST, drafts, draft.to_string()).await;
    assert_eq!(early.status, 422, "{}", early.text());
    assert_eq!(early.json()["errors"][0]["field"], "confirm");
    draft["confirm"] = json!([]);
    let draft = client.send(Method::POST, drafts, draft.to_string()).await;
    let publish = format!("{}/publish", draft.location());
    let refused = any.send(Method::POST, &publish, "").await;
    let kept = refused.json();
    assert_eq!(refused.status, 409, "{kept}");
    assert_eq!(kept["breaking"]["labels"][0]["after"], json!(["Chiasm"]));
    assert!(kept["upload"].is_null(), "its upload has ended");
    let odd = format!("{publish}?confirm=as_typed");
    assert_eq!(any.send(Method::POST, &odd, "").await.status, 400);
    let meant = format!("{publish}?confirm=breaking");
    let done = any.send(Method::POST, &meant, "").await;
    assert_eq!(done.status, 200, "{}", done.text());
    let back = package(r#"{"background":0,"Brainstem":1}"#);
    let again = format!("{path}?confirm=breaking");
    let back = any.send(Method::PUT, &again, back).await;
    assert_eq!(back.status, 200, "{}", back.text());

    let meant = format!("{path}?upload={upload}&confirm=breaking");
    let done = any.send(Method::PUT, &meant, "").await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(
        done.json()["contour_names"],
        json!({"1": "Chiasm"}),
        "it follows"
    );
    let report = format!("{path}/report");
    let drift = client.get(&report).await.json()["drift"].clone();
    assert_eq!(
        (&drift["labels"], &drift["fields"]),
        (&json!([]), &json!([]))
    );

    let stays = format!("{path}?take=none&confirm=breaking");
    let first = package(r#"{"background":0,"Brainstem":1}"#);
    let done = any.send(Method::PUT, &stays, first).await;
    assert_eq!(done.json()["contour_names"], json!({"1": "Chiasm"}));
    let drift = client.get(&report).await.json()["drift"].clone();
    assert_eq!(drift["labels"][0]["after"], json!(["Brainstem"]), "{drift}");
    let wrong = any
        .send(Method::PUT, &format!("{path}?take=all"), "x")
        .await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn what_jobs_may_not_be_able_to_run_has_to_be_confirmed_for_an_enabled_model() {
    let app = App::start().await;
    let client = admin(&app).await;
    let path = "/api/v1/models/nnUNet_v2/HN";
    let definition = json!({"network_type": "nnUNet_v2", "name": "HN", "alias": "HN"});
    let made = client.send(Method::POST, "/api/v1/models", definition.to_string());
    let made = made.await;
    assert_eq!(made.status, 201, "{}", made.text());
    let any = client.with("if-match", "*");
    let any = any.with("model-dashboard-message", "why");
    let enabled = any.send(Method::PATCH, path, r#"{"enabled":true}"#).await;
    assert_eq!(enabled.status, 200, "{}", enabled.text());

    let package = format!("{path}/package");
    let send = async || {
        let refused = any.send(Method::PUT, &package, "nothing that runs").await;
        let problem = refused.json();
        assert_eq!(refused.status, 409, "{problem}");
        assert_eq!(
            problem["type"],
            "urn:model-dashboard:problem:incomplete-package"
        );
        let why = json!(["no framework is known that loads the package"]);
        assert_eq!(problem["lacking"], why);
        let next = problem["next"].as_str().unwrap().to_owned();
        assert!(
            next.contains("add incomplete to what `confirm` says"),
            "{next}"
        );
        problem["upload"].as_str().unwrap().to_owned()
    };
    let (upload, other) = (send().await, send().await);
    assert_eq!(client.get(&package).await.status, 404);
    let silent = client.with("if-match", "*");
    let silent = silent
        .send(Method::PUT, &package, "nothing that runs")
        .await;
    assert_eq!(silent.status, 422, "nobody said why: {}", silent.text());
    let draft = json!({"upload": upload}).to_string();
    let draft = client
        .send(Method::POST, &format!("{path}/drafts"), draft)
        .await;
    let publish = format!("{}/publish", draft.location());
    let shown = client.get(draft.location()).await.json();
    assert_eq!(shown["confirm"], json!(["incomplete"]));
    assert_eq!(shown["checks"][1]["verdict"], "failed", "{shown}");
    let refused = any.send(Method::POST, &publish, "").await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let meant = format!("{package}?upload={other}&confirm=incomplete");
    let done = any.send(Method::PUT, &meant, "").await;
    assert_eq!(done.status, 200, "{}", done.text());
    let refused = any.send(Method::POST, &publish, "").await;
    assert_eq!(refused.status, 409, "also where nobody knew the one before");
    let meant = format!("{publish}?confirm=breaking,incomplete");
    let done = any.send(Method::POST, &meant, "").await;
    assert_eq!(done.status, 200, "{}", done.text());
    // What comes back is asked of as well.
    let back = |confirm: &str| format!("{path}/revisions/3/restore?confirm={confirm}");
    let refused = any.send(Method::POST, &back(""), "").await;
    let problem = refused.json();
    assert_eq!(refused.status, 409, "{problem}");
    assert_eq!(
        problem["type"],
        "urn:model-dashboard:problem:incomplete-package"
    );
    assert!(problem["upload"].is_null(), "{problem}");
    for wrong in ["as_typed", "surely"] {
        assert_eq!(any.send(Method::POST, &back(wrong), "").await.status, 400);
    }
    let done = any
        .send(Method::POST, &back("breaking,incomplete"), "")
        .await;
    assert_eq!(done.status, 200, "{}", done.text());
    let events = client
        .get("/api/v1/audit?action=model.restore")
        .await
        .json();
    let detail = events["events"][0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("confirmed although no framework"),
        "{detail}"
    );

    let why = json!(["no framework is known that loads the package"]);
    for (to, from) in [(3, 2), (4, 3)] {
        let compared = format!("{path}/revisions/{to}/diff?from={from}");
        let difference = client.get(&compared).await.json();
        // The same bytes in another upload are another package.
        assert_eq!(difference["package"]["lacking"], why, "{difference}");
    }
}

#[tokio::test]
async fn another_name_than_the_package_says_has_to_be_confirmed() {
    let app = App::start().await;
    let client = admin(&app).await;
    let package = nnunet(r#"{"background":0,"a":1}"#, HARMLESS);
    let new = client.with("if-none-match", "*");
    let path = "/api/v1/models/nnUNet_v2/HN";
    let put = format!("{path}/package");
    let made = new.send(Method::PUT, &put, package).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let any = client.with("if-match", "*");
    let rename = format!("{path}/rename");
    let to = r#"{"network_type":"MIST","name":"HN"}"#;
    let refused = any.send(Method::POST, &rename, to).await;
    let problem = refused.json();
    assert_eq!(refused.status, 409, "{problem}");
    assert_eq!(
        problem["type"],
        "urn:model-dashboard:problem:mismatched-package"
    );
    let told = json!([{"part": "network_type", "model": "MIST", "package": "nnUNet_v2"}]);
    assert_eq!(problem["mismatches"], told);
    let next = problem["next"].as_str().unwrap();
    assert!(next.contains("add as_typed to what `confirm` says, and send it again"));
    let wrong = format!("{rename}?confirm=incomplete");
    assert_eq!(any.send(Method::POST, &wrong, to).await.status, 400);

    // The page has a box for it.
    let editor = app.signed_in("editor").await;
    let page = "/models/nnUNet_v2/HN/rename";
    let form = editor.get(page).await;
    let (csrf, text) = (form.csrf(), form.text());
    let (_, seen) = text.split_once("name=\"if_match\" value=\"").unwrap();
    let seen = seen.split('"').next().unwrap();
    let typed = [
        ("csrf", csrf.as_str()),
        ("if_match", seen),
        ("network_type", "MIST"),
        ("name", "HN"),
    ];
    let asked = editor.post_form(page, &typed).await;
    let text = asked.text();
    assert_eq!(asked.status, 409, "{text}");
    let boxed = r#"type="checkbox" name="as_typed" value="yes">"#;
    assert!(text.contains(boxed) && text.contains("is for the network type nnUNet_v2"));
    let meant = [&typed[..], &[("as_typed", "yes")]].concat();
    let done = editor.post_form(page, &meant).await;
    assert_eq!(done.location(), "/models/MIST/HN", "{}", done.text());
    let back = r#"{"network_type":"nnUNet","name":"HN"}"#;
    let again = any.send(Method::POST, "/api/v1/models/MIST/HN/rename", back);
    assert_eq!(again.await.status, 200, "it was for another one before");
}

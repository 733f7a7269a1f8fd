//! Histories, comparisons, going back, deleted models, and what there was at a time.

use std::sync::Arc;

use http::StatusCode;
use model_dashboard::dashboard::{Dashboard, Samples};
use model_dashboard::model::{DuplicateKeys, JsonObject, ModelKey, Timestamp};
use model_dashboard::repository::{ObjectRepository, Precondition};
use model_dashboard::store::MemoryStore;

use crate::app::{Answer, App, Client};

const MODEL: &str = "/models/nnUNet/Task003_Liver";

/// What a form sends back untouched.
pub(crate) fn hidden(page: &Answer, name: &str) -> String {
    let text = page.text();
    let mark = format!("name=\"{name}\" value=\"");
    let rest = text.split(&mark).nth(1).unwrap();
    rest.split('"').next().unwrap().replace("&quot;", "\"")
}

/// Saves these fields by the form of the definition.
async fn edit(browser: &Client, fields: &[(&str, &str)]) {
    let path = format!("{MODEL}/edit");
    let page = browser.get(&path).await;
    let (csrf, seen) = (page.csrf(), hidden(&page, "if_match"));
    let mut all = vec![
        ("csrf", csrf.as_str()),
        ("if_match", &seen),
        ("action", "save"),
    ];
    all.extend_from_slice(fields);
    let saved = browser.post_form(&path, &all).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
}

pub(crate) async fn answer(
    browser: &Client,
    question: &Answer,
    path: &str,
    reason: &str,
) -> Answer {
    let (csrf, seen) = (question.csrf(), hidden(question, "if_match"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("if_match", &seen),
        ("reason", reason),
    ];
    browser.post_form(path, &fields).await
}

/// The page that an answer leads to, which says what was done.
pub(crate) async fn told(browser: &Client, answer: &Answer) -> String {
    let cookies = format!("{}; {}", browser.cookie(), answer.cookie("_status"));
    let browser = browser.with("cookie", &cookies);
    browser.get(answer.location()).await.text()
}

#[tokio::test]
async fn a_change_is_told_compared_and_taken_back() {
    let app = App::start().await;
    let browser = app.signed_in("editor").await;
    let fields = [
        ("alias", "Changed"),
        ("label_number", "1"),
        ("label_names", "something else"),
        ("reason", "by mistake"),
    ];
    edit(&browser, &fields).await;

    let history = browser.get(&format!("{MODEL}/history")).await.text();
    for told in ["Revision 2", "by mistake", "Breaking", "something else"] {
        assert!(history.contains(told), "{told}: {history}");
    }
    let compared = browser.get(&format!("{MODEL}/compare?from=1&to=2")).await;
    assert_eq!(compared.status, StatusCode::OK);
    assert!(compared.text().contains("means something else"));
    let none = browser.get(&format!("{MODEL}/compare?from=1&to=9")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);

    let path = format!("{MODEL}/revisions/1/restore");
    let question = browser.get(&path).await;
    assert!(question.text().contains("something else"), "what changes");
    let asked = answer(&browser, &question, &path, "it was right").await;
    assert_eq!(asked.status, StatusCode::CONFLICT, "{}", asked.text());
    let (csrf, seen) = (question.csrf(), hidden(&question, "if_match"));
    let meant = [
        ("csrf", csrf.as_str()),
        ("if_match", &seen),
        ("reason", "it was right"),
        ("breaking", "yes"),
    ];
    let done = browser.post_form(&path, &meant).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let page = told(&browser, &done).await;
    assert!(
        page.contains("Restored revision 1 as revision 3."),
        "{page}"
    );
    let again = browser.get(&path).await.text();
    assert!(again.contains("Nothing to restore"), "{again}");
}

#[tokio::test]
async fn a_lost_race_shows_the_question_about_the_new_state() {
    let app = App::start().await;
    let browser = app.signed_in("editor").await;
    edit(&browser, &[("alias", "Second")]).await;
    let path = format!("{MODEL}/revisions/1/restore");
    let question = browser.get(&path).await;
    edit(&browser, &[("alias", "Third")]).await;
    let lost = answer(&browser, &question, &path, "typed once").await;
    assert_eq!(lost.status, StatusCode::PRECONDITION_FAILED);
    let text = lost.text();
    for told in ["Third", "typed once", "changed by someone else"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let done = answer(&browser, &lost, &path, "typed once").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_enabled_model_is_taken_back_with_a_reason_by_those_who_may_enable_it() {
    let app = App::start().await;
    let browser = app.signed_in("publisher").await;
    edit(&browser, &[("alias", "Second")]).await;
    let enable = format!("{MODEL}/enable");
    let question = browser.get(&enable).await;
    let enabled = answer(&browser, &question, &enable, "").await;
    assert_eq!(enabled.status, StatusCode::SEE_OTHER);
    let path = format!("{MODEL}/revisions/1/restore");
    let question = browser.get(&path).await;
    let refused = answer(&browser, &question, &path, "").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("reason-error"));
    let done = answer(&browser, &refused, &path, "tested").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let page = browser.get(MODEL).await.text();
    assert!(page.contains("Enabled"), "it stays enabled");
    let editor = app.signed_in("editor").await;
    assert_eq!(editor.get(&path).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_has_no_history_says_so() {
    let app = App::holding(&[("nnUNet/Theirs", "{\"alias\":\"Theirs\"}")]).await;
    let browser = app.signed_in("viewer").await;
    let page = browser.get("/models/nnUNet/Theirs/history").await;
    assert_eq!(page.status, StatusCode::OK);
    let none = browser.get("/models/nnUNet/NotThere/history").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_deleted_model_is_listed_and_brought_back_disabled() {
    let app = App::start().await;
    let admin = app.signed_in("admin").await;
    edit(&admin, &[("alias", "Second")]).await;
    let delete = format!("{MODEL}/delete");
    let question = admin.get(&delete).await;
    let deleted = answer(&admin, &question, &delete, "by mistake").await;
    assert_eq!(deleted.status, StatusCode::SEE_OTHER);

    let list = admin.get("/admin/deleted").await.text();
    assert!(list.contains("Task003_Liver"), "{list}");
    assert!(list.contains("by mistake"), "{list}");
    let history = admin.get(&format!("{MODEL}/history")).await.text();
    for told in ["by mistake", "The model was deleted", "Bring back"] {
        assert!(history.contains(told), "{told}: {history}");
    }
    let gone = admin.get(MODEL).await.text();
    assert!(gone.contains("Bring it back"), "{gone}");
    let viewer = app.signed_in("viewer").await;
    let hidden_from = viewer.get(&format!("{MODEL}/history")).await;
    assert_eq!(hidden_from.status, StatusCode::FORBIDDEN);

    let path = "/admin/deleted/nnUNet/Task003_Liver/bring-back";
    let question = admin.get(path).await.text();
    for told in ["by mistake", "as “Second”, with what revision 2 held"] {
        assert!(question.contains(told), "{told}: {question}");
    }
    let question = admin.get(&format!("{path}?revision=1")).await;
    assert!(question.text().contains("revision 1"));
    let csrf = question.csrf();
    let number = hidden(&question, "revision");
    let bring_back = |number: String| {
        let (csrf, admin) = (csrf.clone(), admin.clone());
        async move {
            let fields = [
                ("csrf", csrf.as_str()),
                ("revision", number.as_str()),
                ("reason", "needed"),
            ];
            admin.post_form(path, &fields).await
        }
    };
    // The deletion itself holds nothing.
    let refused = bring_back("3".to_owned()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("choose an earlier one"));
    let done = bring_back(number).await;
    let page = told(&admin, &done).await;
    assert!(page.contains("is back, and disabled."), "{page}");
    assert!(!page.contains("Second"), "revision 1 was asked for");
    let again = bring_back(String::new()).await;
    assert!(told(&admin, &again).await.contains("already"));
    let list = admin.get("/admin/deleted").await.text();
    assert!(list.contains("No deleted models"), "{list}");
}

#[tokio::test]
async fn a_deleted_model_that_was_never_read_is_not_offered_to_come_back() {
    let app = App::holding(&[("nnUNet/Broken", "{\"name\": tru}")]).await;
    let admin = app.signed_in("admin").await;
    let delete = "/models/nnUNet/Broken/delete";
    let question = admin.get(delete).await;
    let deleted = answer(&admin, &question, delete, "").await;
    assert_eq!(deleted.status, StatusCode::SEE_OTHER);
    let path = "/admin/deleted/nnUNet/Broken/bring-back";
    let question = admin.get(path).await.text();
    assert!(question.contains("cannot be brought back"), "{question}");
    assert!(!question.contains("Bring the model back"), "{question}");
}

#[tokio::test]
async fn an_auditor_sees_what_could_run_at_a_time() {
    let app = App::holding(&[("nnUNet/Theirs", "{\"alias\":\"=Theirs\"}")]).await;
    let auditor = app.signed_in("auditor").await;
    let empty = auditor.get("/admin/as-of").await;
    assert_eq!(empty.status, StatusCode::OK);
    let at = Timestamp::now().to_string();
    let admin = app.signed_in("admin").await;
    edit(&admin, &[("alias", "Renamed since")]).await;

    let page = auditor.get(&format!("/admin/as-of?at={at}")).await;
    let text = page.text();
    assert_eq!(page.status, StatusCode::OK, "{text}");
    assert!(text.contains("nnUNet/Task003_Liver"), "{text}");
    assert!(!text.contains("Renamed since"), "{text}");
    assert!(text.contains("there is no history"), "a doubt in words");
    let csv = auditor
        .get(&format!("/admin/as-of/export.csv?at={at}"))
        .await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    let csv = csv.text();
    assert!(csv.contains("\"nnUNet/Task003_Liver\""), "{csv}");
    assert!(csv.contains("\"'=Theirs\""), "no formula: {csv}");
    let then = auditor.get("/admin/as-of?at=2001-01-01T00:00").await;
    assert!(!then.text().contains("nnUNet/Task003_Liver"));
    for wrong in ["yesterday", "2999-01-01T00:00"] {
        let wrong = auditor.get(&format!("/admin/as-of?at={wrong}")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.text().contains("at-error"));
    }
}

#[tokio::test]
async fn what_another_program_changed_is_told_as_such() {
    let app = App::holding(&[("nnUNet/Task003_Liver", "{\"alias\":\"Theirs\"}")]).await;
    let browser = app.signed_in("editor").await;
    let path = format!("{MODEL}/history");
    // Until it is archived, which the server does by itself, the page says so.
    let archived = async {
        loop {
            let history = browser.get(&path).await.text();
            if history.contains("Revision 2") {
                return history;
            }
            let said = history.contains("Another program has written the present state");
            assert!(said && !history.contains("Present"), "{history}");
        }
    };
    let patience = std::time::Duration::from_secs(20);
    let history = tokio::time::timeout(patience, archived).await.unwrap();
    assert!(history.contains("changed outside"), "{history}");
    let path = format!("{MODEL}/revisions/1/restore");
    let question = browser.get(&path).await;
    let done = answer(&browser, &question, &path, "theirs was wrong").await;
    let page = told(&browser, &done).await;
    assert!(
        page.contains("Restored revision 1 as revision 3."),
        "{page}"
    );
}

#[tokio::test]
async fn a_long_history_has_pages() {
    let app = App::start().await;
    let host = app.dashboard.host_caller("test@localhost");
    let key: ModelKey = "nnUNet/Task003_Liver".parse().unwrap();
    for n in 2..=60 {
        let patch = format!("{{\"alias\":\"{n}\"}}");
        let patch = JsonObject::parse(patch.as_bytes(), DuplicateKeys::Refuse).unwrap();
        let any = Precondition::Exists;
        let patched = app.dashboard.patch(&host, &key, &patch, any, "").await;
        patched.unwrap();
    }
    let browser = app.signed_in("viewer").await;
    let numbers = |page: &str| -> Vec<u64> {
        let found = page.split("<h2>Revision ").skip(1);
        let numbers = found.map(|rest| rest.split('<').next().unwrap().parse().unwrap());
        numbers.collect()
    };
    let path = format!("{MODEL}/history");
    let first = browser.get(&path).await.text();
    assert_eq!(numbers(&first), (11..=60).rev().collect::<Vec<_>>());
    assert!(first.contains(&format!("{path}?before=11")), "{first}");
    let second = browser.get(&format!("{path}?before=11")).await.text();
    assert_eq!(numbers(&second), (1..=10).rev().collect::<Vec<_>>());
    assert!(second.contains("The first revision."));
    assert!(!second.contains("Older"), "{second}");
}

#[tokio::test]
async fn what_was_changed_in_the_history_is_told_and_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let builder = Dashboard::builder().repository(Arc::new(repository));
    let accounts = Arc::new(MemoryStore::new());
    let dashboard = builder.accounts(accounts).build().await.unwrap();
    let host = dashboard.host_caller("test@localhost");
    dashboard
        .install_samples(&host, Samples::Demonstration)
        .await
        .unwrap();
    let app = App::serving(dashboard).await;
    let browser = app.signed_in("editor").await;
    edit(&browser, &[("alias", "Second")]).await;
    edit(&browser, &[("alias", "Third")]).await;
    let key: ModelKey = "nnUNet/Task003_Liver".parse().unwrap();
    let model = app.dashboard.model(&host, &key).await.unwrap();
    let id = model.definition.registry().unwrap().id;
    let revisions = folder.path().join(format!(".registry/revisions/{id}"));
    let file = |number: u32| revisions.join(format!("{number:08}.json"));
    let text = std::fs::read_to_string(file(1)).unwrap();
    std::fs::write(file(1), text.replacen("alias", "aliaz", 1)).unwrap();
    std::fs::write(file(2), "{").unwrap();

    let history = browser.get(&format!("{MODEL}/history")).await.text();
    for told in [
        "changed in the history by hand; it is not used",
        "It cannot be read",
        "What it changed cannot be told",
    ] {
        assert!(history.contains(told), "{told}: {history}");
    }
    let changed = browser.get(&format!("{MODEL}/revisions/1")).await.text();
    assert!(changed.contains("not what was once stored"), "{changed}");
    assert!(changed.contains("aliaz"), "{changed}");
    let unreadable = browser.get(&format!("{MODEL}/revisions/2")).await.text();
    let said = "not what was once stored";
    assert!(unreadable.contains(said), "{unreadable}");
    assert!(!unreadable.contains("changed outside"), "{unreadable}");
    let sound = browser.get(&format!("{MODEL}/revisions/3")).await.text();
    assert!(sound.contains("Third") && !sound.contains("class=\"odd\""));
    for number in [1, 2] {
        let path = format!("{MODEL}/revisions/{number}/restore");
        assert!(!history.contains(&path), "revision {number} is offered");
        let question = browser.get(&path).await.text();
        assert!(question.contains("cannot be restored"), "{question}");
        assert!(!question.contains("name=\"if_match\""), "{question}");
    }
    let compared = browser.get(&format!("{MODEL}/compare?from=2&to=3")).await;
    assert!(compared.text().contains("cannot be compared"));

    edit(&browser, &[("alias", "Fourth")]).await;
    std::fs::remove_file(file(2)).unwrap();
    std::fs::remove_file(file(3)).unwrap();
    let history = browser.get(&format!("{MODEL}/history")).await.text();
    assert!(
        history.contains("Revisions 2 to 3 are missing"),
        "{history}"
    );
    std::fs::remove_file(file(1)).unwrap();
    let history = browser.get(&format!("{MODEL}/history")).await.text();
    let missing = "Revisions 1 to 3 are missing";
    assert!(history.contains(missing), "{history}");
    assert!(!history.contains("The first revision"), "{history}");
    std::fs::remove_file(file(4)).unwrap();
    let history = browser.get(&format!("{MODEL}/history")).await.text();
    let missing = "Revisions 1 to 4 are missing";
    assert!(history.contains(missing), "{history}");
    assert!(!history.contains("No history yet"), "{history}");
}

#[tokio::test]
async fn what_changed_leads_to_the_revision_that_was_compared() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let builder = Dashboard::builder().repository(Arc::new(repository));
    let accounts = Arc::new(MemoryStore::new());
    let dashboard = builder.accounts(accounts).build().await.unwrap();
    let host = dashboard.host_caller("test@localhost");
    let samples = dashboard.install_samples(&host, Samples::Demonstration);
    samples.await.unwrap();
    let app = App::serving(dashboard).await;
    let browser = app.signed_in("editor").await;
    edit(&browser, &[("alias", "Second")]).await;
    edit(&browser, &[("alias", "Third")]).await;
    let key: ModelKey = "nnUNet/Task003_Liver".parse().unwrap();
    let model = app.dashboard.model(&host, &key).await.unwrap();
    let id = model.definition.registry().unwrap().id;
    let second = format!(".registry/revisions/{id}/00000002.json");
    std::fs::write(folder.path().join(second), "{}").unwrap();
    let history = browser.get(&format!("{MODEL}/history")).await.text();
    assert!(history.contains("compare?from=1&amp;to=3"), "{history}");
    let api = app.token("models:read".parse().unwrap()).await;
    let listed = format!("/api/v1/models/{key}/revisions");
    let listed = api.get(&listed).await.json();
    let since = listed["revisions"].as_array().unwrap().iter();
    let since: Vec<_> = since.map(|it| it["since"].as_u64()).collect();
    assert_eq!(since, [Some(1), None, None]);
    assert_eq!(listed["missing"], serde_json::json!([]));
}

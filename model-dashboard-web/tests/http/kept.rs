//! What was typed outlives the session that the form was made in, and the model it was made for.

use http::StatusCode;
use http::header::{COOKIE, ORIGIN};

use crate::app::{Answer, App, Client, PASSWORD};
use crate::editing::{controls, post, set};

const EDIT: &str = "/models/nnUNet/Task003_Liver/edit";

/// Says, as browsers do, which page a form comes from.
fn browser(app: &App, client: &Client) -> Client {
    client.with(ORIGIN.as_str(), &format!("http://{}", app.pages))
}

/// The controls of the form in which this was typed.
async fn typed(client: &Client, path: &str) -> Vec<(String, String)> {
    let mut controls = controls(&client.get(path).await.text());
    set(&mut controls, "alias", "Typed <alias>");
    set(&mut controls, "description", "one\r\ntwo");
    controls
}

async fn alias(client: &Client) -> String {
    let controls = controls(&client.get(EDIT).await.text());
    controls.into_iter().find(|(n, _)| n == "alias").unwrap().1
}

/// The hidden and other inputs of the page's last form.
fn inputs(answer: &Answer) -> Vec<(String, String)> {
    let text = answer.text();
    let form = text.split("<form ").last().unwrap();
    controls(&format!("<form class=\"definition\" {form}"))
}

#[tokio::test]
async fn a_form_whose_session_ended_is_sent_again_after_signing_in_on_the_page_that_keeps_it() {
    let app = App::start().await;
    let editor = browser(&app, &app.signed_in("editor").await);
    let sent = typed(&editor, EDIT).await;
    let csrf = editor.get("/profile").await.csrf();
    editor.post_form("/logout", &[("csrf", &csrf)]).await;

    let kept = post(&editor, EDIT, &sent).await;
    assert_eq!(kept.status, StatusCode::FORBIDDEN);
    let text = kept.text();
    assert!(text.contains("Nothing was saved") && text.contains("Typed &lt;alias&gt;"));
    assert!(!text.contains("name=\"csrf\""), "the old token is dropped");
    assert!(text.contains("1\tLiver\n2\tLesion"), "as it can be pasted");
    let visitor = editor.with(COOKIE.as_str(), &kept.cookie("_sign_in"));
    let mut again = inputs(&kept);
    set(&mut again, "sign_in_username", "editor");

    set(&mut again, "sign_in_password", "not the password");
    let wrong = post(&visitor, EDIT, &again).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("Typed &lt;alias&gt;"));
    assert!(!wrong.text().contains("not the password"));

    set(&mut again, "sign_in_password", PASSWORD);
    let asked = post(&visitor, EDIT, &again).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    assert!(!asked.text().contains(PASSWORD));
    let editor = visitor.with(COOKIE.as_str(), &asked.cookie("_session"));
    assert_ne!(
        alias(&editor).await,
        "Typed <alias>",
        "not before a button is pressed"
    );
    let saved = post(&editor, EDIT, &inputs(&asked)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert_eq!(alias(&editor).await, "Typed <alias>");
}

#[tokio::test]
async fn a_form_of_an_older_session_is_sent_again_at_the_press_of_a_button() {
    let app = App::start().await;
    let sent = typed(&app.signed_in("editor").await, EDIT).await;
    let editor = app.signed_in("editor").await;
    for (why, client) in [
        ("no origin", editor.clone()),
        (
            "another site",
            editor.with(ORIGIN.as_str(), "https://evil.example"),
        ),
    ] {
        let refused = post(&client, EDIT, &sent).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{why}");
        assert!(!refused.text().contains("Typed &lt;alias&gt;"), "{why}");
    }
    let editor = browser(&app, &editor);
    let asked = post(&editor, EDIT, &sent).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
    assert_ne!(alias(&editor).await, "Typed <alias>");
    let saved = post(&editor, EDIT, &inputs(&asked)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert_eq!(alias(&editor).await, "Typed <alias>");
}

#[tokio::test]
async fn only_forms_of_pages_of_this_site_are_kept_and_no_passwords() {
    let app = App::start().await;
    let stranger = Client::new(app.pages);
    let fields = [("csrf", "old"), ("alias", "typed")];
    let answer = stranger.post_form(EDIT, &fields).await;
    assert_eq!(
        answer.location(),
        "/login",
        "no browser says where it comes from"
    );
    let evil = stranger.with(ORIGIN.as_str(), "https://evil.example");
    assert_eq!(evil.post_form(EDIT, &fields).await.location(), "/login");
    let own = browser(&app, &stranger);
    let secrets = [
        ("csrf", "old"),
        ("current_password", "a"),
        ("new_password", "b"),
    ];
    let answer = own.post_form("/profile/password", &secrets).await;
    assert_eq!(answer.location(), "/login");
    let large = "a".repeat(2 << 20);
    let answer = own.post_form(EDIT, &[("description", &large)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_was_typed_for_a_deleted_model_can_be_saved_as_a_new_one() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let sent = typed(&editor, EDIT).await;
    let admin = app.signed_in("admin").await;
    let question = admin.get("/models/nnUNet/Task003_Liver/delete").await;
    let deleted = post(
        &admin,
        "/models/nnUNet/Task003_Liver/delete",
        &inputs(&question),
    )
    .await;
    assert_eq!(deleted.status, StatusCode::SEE_OTHER, "{}", deleted.text());

    let gone = post(&editor, EDIT, &sent).await;
    assert_eq!(gone.status, StatusCode::CONFLICT);
    let text = gone.text();
    assert!(
        text.contains("nnUNet/Task003_Liver was deleted by admin"),
        "{text}"
    );
    let saved = post(&editor, "/create", &controls(&text)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert_eq!(alias(&editor).await, "Typed <alias>");
}

#[tokio::test]
async fn what_was_typed_for_a_renamed_model_can_be_saved_at_its_new_name() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let sent = typed(&editor, EDIT).await;
    let rename = "/models/nnUNet/Task003_Liver/rename";
    let mut form = inputs(&editor.get(rename).await);
    set(&mut form, "name", "Liver");
    let renamed = post(&editor, rename, &form).await;
    assert_eq!(renamed.status, StatusCode::SEE_OTHER, "{}", renamed.text());

    let moved = post(&editor, EDIT, &sent).await;
    assert_eq!(moved.status, StatusCode::CONFLICT);
    let text = moved.text();
    let edit = "/models/nnUNet/Liver/edit";
    assert!(text.contains("is now <code>nnUNet/Liver</code>"), "{text}");
    assert!(text.contains(&format!("action=\"{edit}\"")), "{text}");
    let saved = post(&editor, edit, &controls(&text)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let now = controls(&editor.get(edit).await.text());
    assert!(now.contains(&("alias".to_owned(), "Typed <alias>".to_owned())));
}

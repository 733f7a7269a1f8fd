//! The form of a definition, what stands in its way, and the editor of broken ones.

use http::StatusCode;

use crate::app::{Answer, App, Client};

#[tokio::test]
async fn what_was_typed_is_shown_again_with_what_is_wrong_with_it() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let csrf = editor.get("/create").await.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("network_type", "MIST"),
        ("name", "bad name"),
        ("alias", "kept <b>alias</b>"),
        ("label_number", "1"),
        ("label_names", "kept label"),
        ("inference_information", "{\n  \"a\": tru\n}"),
        ("description", "kept description"),
        ("action", "save"),
    ];
    let refused = editor.post_form("/create", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = refused.text();
    for kept in [
        "bad name",
        "kept &lt;b&gt;alias",
        "kept label",
        "kept description",
        "ine 2",
    ] {
        assert!(text.contains(kept), "{kept} is missing");
    }
    assert!(!text.contains("<b>alias"), "what was typed is escaped");
}

/// What the form of a definition would send: its inputs and text areas, in order, and boxes even if
/// they are not ticked.
pub fn controls(page: &str) -> Vec<(String, String)> {
    let (_, form) = page.split_once("<form class=\"definition\"").unwrap();
    let form = form.split("</form>").next().unwrap();
    // A template is not sent.
    let (before, rest) = form.split_once("<template").unwrap_or((form, ""));
    let after = rest
        .split_once("</template>")
        .map_or("", |(_, after)| after);
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(unescape(rest.split('"').next()?))
    };
    let mut controls = Vec::new();
    for piece in before.split('<').chain(after.split('<')) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let Some(name) = attribute(tag, "name") else {
            continue;
        };
        let is_radio = tag.contains(" type=\"radio\"");
        if is_radio && !tag.contains(" checked") {
            continue;
        }
        if tag.starts_with("input") {
            controls.push((name, attribute(tag, "value").unwrap_or_default()));
        } else if tag.starts_with("textarea") {
            let text = text.strip_prefix('\n').unwrap_or(text);
            controls.push((name, unescape(text).replace('\n', "\r\n")));
        }
    }
    controls
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

pub fn set(controls: &mut [(String, String)], name: &str, value: &str) {
    let control = controls.iter_mut().find(|(n, _)| n == name).unwrap();
    value.clone_into(&mut control.1);
}

pub async fn post(client: &Client, path: &str, controls: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = controls.iter().map(|(n, v)| (&**n, &**v)).collect();
    client.post_form(path, &fields).await
}

#[tokio::test]
async fn forms_take_the_names_that_stored_models_have() {
    let app = App::holding(&[("nnUNet/A name with spaces", "{}")]).await;
    let publisher = app.signed_in("publisher").await;
    let csrf = publisher.get("/profile").await.csrf();
    // No new model may have this name; a stored one may.
    let fields = [
        ("csrf", &*csrf),
        ("model", "nnUNet/A name with spaces"),
        ("action", "enable"),
    ];
    let asked = publisher.post_form("/models/bulk", &fields).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    assert!(asked.text().contains("A name with spaces"));

    let fields = [
        ("csrf", &*csrf),
        ("from", "nnUNet/Another with spaces"),
        ("network_type", "nnUNet"),
        ("name", "Copy"),
    ];
    let derived = publisher.post_form("/derive", &fields).await.text();
    assert!(
        derived.contains("Another with spaces was not found"),
        "{derived}"
    );
}

#[tokio::test]
async fn a_rename_or_deletion_of_what_was_changed_meanwhile_keeps_what_was_typed() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let csrf = editor.get("/profile").await.csrf();
    let tag = crate::form_matrix::state_of_another(&app).await;
    let model = "/models/nnUNet/Task003_Liver";
    let fields = [
        ("csrf", csrf.as_str()),
        ("if_match", &tag),
        ("network_type", "MIST"),
        ("name", "TypedName"),
        ("reason", "typed reason"),
    ];
    for action in ["rename", "delete"] {
        let path = format!("{model}/{action}");
        let refused = editor.post_form(&path, &fields).await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED, "{action}");
        let text = refused.text();
        assert!(text.contains("typed reason"), "{action}: {text}");
        assert_eq!(text.contains("TypedName"), action == "rename");
        // The form is about what is there now, so that it can be sent again.
        let (_, rest) = text.split_once("name=\"if_match\" value=\"").unwrap();
        let now = rest.split('"').next().unwrap();
        assert_ne!(now, tag.replace('"', "&quot;"), "{action}");
    }
    let page = editor.get(&format!("{model}/delete")).await.text();
    let (_, rest) = page.split_once("name=\"if_match\" value=\"").unwrap();
    let now = rest.split('"').next().unwrap().replace("&quot;", "\"");
    let fields = [("csrf", csrf.as_str()), ("if_match", &now)];
    let deleted = editor.post_form(&format!("{model}/delete"), &fields).await;
    assert_eq!(deleted.location(), "/", "{}", deleted.text());
    let status = deleted.cookie("_status");
    assert!(status.contains("activity"), "{status}");
}

#[tokio::test]
async fn a_broken_model_is_opened_in_its_editor() {
    let app = App::holding(&[("nnUNet/Broken", "{\"name\": tru}")]).await;
    let viewer = app.signed_in("viewer").await;
    let editor = app.signed_in("editor").await;
    for (client, path) in [
        (&viewer, "/models/nnUNet/Broken"),
        (&editor, "/models/nnUNet/Broken"),
        (&editor, "/models/nnUNet/Broken/edit"),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.location(), "/broken/nnUNet/Broken", "{path}");
    }
    let shown = editor.get("/broken/nnUNet/Broken").await;
    assert_eq!(shown.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_too_large_has_no_editor() {
    let text = " ".repeat(2 << 20);
    let app = App::holding(&[("nnUNet/Large", &text)]).await;
    let editor = app.signed_in("editor").await;
    let shown = editor.get("/broken/nnUNet/Large").await.text();
    assert!(
        shown.contains("too large to be shown or edited: 2097152 bytes are more than"),
        "{shown}"
    );
    assert!(shown.contains("Delete it here"), "{shown}");
    assert!(!shown.contains("<textarea"), "{shown}");
    assert!(!shown.contains(">Save<"), "{shown}");
}

#[tokio::test]
async fn a_type_that_contradicts_the_key_is_put_right_in_the_form() {
    let text = r#"{"name":"Odd","network_type":"MIST","inference_information":{"version":"2.5"}}"#;
    let app = App::holding(&[("nnUNet/Odd", text)]).await;
    let editor = app.signed_in("editor").await;
    let path = "/models/nnUNet/Odd/edit";
    let page = editor.get(path).await.text();
    assert!(
        page.contains("2.5, from the inference information"),
        "{page}"
    );
    let mut controls = controls(&page);
    // A box that is not ticked is not sent.
    let ticked = controls.iter().position(|(name, _)| name == "put_right");
    let ticked = controls.remove(ticked.unwrap());
    let kept = post(&editor, path, &controls).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
    assert!(editor.get(path).await.text().contains("name=\"put_right\""));
    controls.push(ticked);
    let saved = post(&editor, path, &controls).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert!(!editor.get(path).await.text().contains("name=\"put_right\""));
    let stored = editor.get("/models/nnUNet/Odd/export").await.text();
    assert!(
        stored.contains("\"nnUNet\"") && !stored.contains("MIST"),
        "{stored}"
    );
}

#[tokio::test]
async fn a_copy_without_a_type_gets_that_of_its_source() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let csrf = editor.get("/profile").await.csrf();
    let derive = async |from: &str| {
        let fields = [
            ("csrf", csrf.as_str()),
            ("from", from),
            ("network_type", ""),
            ("name", "Copy"),
        ];
        editor.post_form("/derive", &fields).await
    };
    let wrong = derive("no reference").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        !wrong.text().contains("ust not be empty"),
        "{}",
        wrong.text()
    );
    let made = derive("nnUNet/Task003_Liver").await;
    assert_eq!(made.location(), "/models/nnUNet/Copy", "{}", made.text());
}

#[tokio::test]
async fn a_model_says_what_is_odd_about_it_and_what_puts_it_right() {
    let files = [
        (
            "nnUNet/Odd",
            r#"{"network_type":"MIST","inference_args":"-f all"}"#,
        ),
        ("nnUNet/Nothing", "{}"),
    ];
    let app = App::holding(&files).await;
    let viewer = app.signed_in("viewer").await;
    let odd = viewer.get("/models/nnUNet/Odd").await.text();
    let nothing = viewer.get("/models/nnUNet/Nothing").await.text();
    let (contradiction, incomplete) = ("Its Edit page offers to write", "definition is incomplete");
    assert!(
        odd.contains(contradiction) && !odd.contains(incomplete),
        "{odd}"
    );
    assert!(nothing.contains(incomplete), "{nothing}");
    assert!(!nothing.contains(contradiction), "{nothing}");
}

//! What a form keeps, and where mistakes are told.

#![allow(clippy::unwrap_used)]

use super::*;

const STORED: &str = r#"{"name":"a","network_type":"T","enabled":null,"contour_names":{"3":["x"],"1":"y, z"},"inference_information":{"seed":12345678901234567890,"lr":1e-05},"extra":{"n":1.50},"registry":{"owner":"team","tags":["a"]}}"#;

fn stored() -> ModelDefinition {
    ModelDefinition::parse(STORED.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

#[test]
fn a_form_that_is_sent_back_as_it_came_changes_nothing() {
    let mut content = stored();
    apply(&shown(&content), &mut content).unwrap();
    let text = String::from_utf8(content.to_bytes()).unwrap();
    let fields: Vec<&str> = vec![
        r#""contour_names":{"3":["x"],"1":"y, z"}"#,
        r#""inference_information":{"seed":12345678901234567890,"lr":1e-05}"#,
        r#""extra":{"n":1.50}"#,
    ];
    for field in fields {
        assert!(text.contains(field), "{field} is not in {text}");
    }
}

/// What a browser sends of this form: controls of one line drop line breaks, those of several
/// send CRLF (HTML §4.10.5.1.2 and §4.10.21.4).
fn sent(form: &DefinitionForm) -> DefinitionForm {
    let one_line = |text: &str| text.replace(['\r', '\n'], "");
    let several = |text: &str| {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        lines.replace('\n', "\r\n")
    };
    let mut body = form_urlencoded::Serializer::new(String::new());
    for row in &form.labels.rows {
        body.append_pair("label_number", &one_line(&row.number));
        body.append_pair("label_names", &one_line(&row.names));
    }
    for (name, field) in [
        ("alias", &form.alias),
        ("version", &form.version),
        ("inference_args", &form.inference_args),
        ("owner", &form.owner),
        ("tags", &form.tags),
    ] {
        body.append_pair(name, &one_line(&field.value));
    }
    for (name, field) in [
        ("labels_pasted", &form.labels.pasted),
        ("inference_information", &form.inference_information),
        ("description", &form.description),
        ("other_fields", &form.other_fields),
    ] {
        body.append_pair(name, &several(&field.value));
    }
    typed(&Form::parse(body.finish().as_bytes()))
}

#[test]
fn what_nobody_touched_keeps_its_text_however_it_is_written() {
    let odd = r#"{"name":"a","network_type":"T","alias":" spaced ","version":" 1 ","description":"one\r\ntwo\rthree\n","contour_names":{"1":" liver "},"inference_information":null,"inference_args":" --a\n --b ","extra":{"n":1.50},"registry":{"owner":" team ","tags":["a, b","c"]}}"#;
    let odd = ModelDefinition::parse(odd.as_bytes(), DuplicateKeys::Refuse).unwrap();
    let mut content = odd.clone();
    apply(&sent(&shown(&odd)), &mut content).unwrap();
    assert_eq!(
        String::from_utf8(content.to_bytes()).unwrap(),
        String::from_utf8(odd.to_bytes()).unwrap()
    );

    let mut form = shown(&odd);
    form.alias.value = "Another".to_owned();
    apply(&sent(&form), &mut content).unwrap();
    let mut expected = odd.clone();
    expected.set_alias("Another");
    assert_eq!(content.to_bytes(), expected.to_bytes(), "only the alias");
}

#[test]
fn the_version_of_the_inference_information_is_told() {
    for (information, version) in [
        (r#"{"version":"2.5"}"#, Some("2.5")),
        (r#"{"version":2.5}"#, Some("2.5")),
        (r#"{"version":""}"#, None),
        ("{", None),
        ("", None),
    ] {
        assert_eq!(
            version_inside(information).as_deref(),
            version,
            "{information}"
        );
    }
}

#[test]
fn every_mistake_stands_beside_its_field() {
    let mut form = shown(&stored());
    form.inference_information.value = "{\n  \"a\": tru\n}".to_owned();
    form.labels.rows[0].number = "x".to_owned();
    form.other_fields.value = r#"{"name": "b"}"#.to_owned();
    let errors = apply(&form, &mut stored()).unwrap_err();
    show_errors(&mut form, &errors);
    assert_eq!(
        form.inference_information
            .error
            .unwrap()
            .position
            .unwrap()
            .0,
        2
    );
    assert!(form.labels.rows[0].error.is_some());
    assert!(form.other_fields.error.is_some());
}

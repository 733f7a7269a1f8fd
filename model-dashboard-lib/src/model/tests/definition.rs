use super::{definition, object};
use crate::model::{
    ContourNames, ModelDefinition, ModelKey, Position, Timestamp, shell_metacharacters, shell_quote,
};

fn derived(args: &str) -> Option<String> {
    let text = format!(r#"{{"inference_information":{{"inference_args":{args}}}}}"#);
    definition(&text).derived_inference_args()
}

#[test]
fn an_empty_object_reads_as_defaults() {
    let model = definition("{}");
    assert_eq!((model.name(), model.network_type()), (None, None));
    assert!(!model.enabled());
    assert_eq!(
        (model.alias(), model.description(), model.version()),
        Default::default()
    );
    assert!(model.contour_names().is_empty());
    assert_eq!(model.inference_information(), None);
    assert_eq!(model.create_date().as_str(), "");
    assert!(model.check().is_empty());
}

#[test]
fn a_new_definition_has_every_field() {
    let key: ModelKey = "nnUNet/a".parse().unwrap();
    let model = ModelDefinition::new(&key);
    assert_eq!(model.contradicts(&key), None);
    assert!(model.check().is_empty());
    assert_eq!(
        String::from_utf8(model.to_bytes()).unwrap(),
        r#"{"name":"a","network_type":"nnUNet","enabled":false,"alias":"","description":"","contour_names":{},"inference_information":{},"inference_args":"","create_date":"","last_modified_date":"","version":""}"#
    );
}

#[test]
fn setting_what_is_there_already_touches_nothing() {
    let text = r#"{"enabled":null,"alias":null,"description":"\u00fc","contour_names":{ "1" : "a" },"version":"1"}"#;
    let mut model = definition(text);
    model.set_enabled(false);
    model.set_alias("");
    model.set_description("ü");
    model.set_contour_names(&ContourNames::from_json(r#"{"1":"a"}"#).unwrap());
    model.set_inference_args("");
    model.set_version("1");
    assert_eq!(model.to_bytes(), text.as_bytes());
}

#[test]
fn setting_a_field_leaves_all_others() {
    let mut model = definition(r#"{"x":1.0,"enabled":false,"y":{"z": 1e-5},"alias":"a"}"#);
    model.set_enabled(true);
    model.set_alias("b");
    model.set_inference_args("--fast");
    assert_eq!(
        model.to_bytes(),
        br#"{"x":1.0,"enabled":true,"y":{"z": 1e-5},"alias":"b","inference_args":"--fast"}"#
    );
}

#[test]
fn setting_mends_a_wrong_type() {
    let mut model = definition(r#"{"enabled":"yes","alias":5,"contour_names":[]}"#);
    assert_eq!(model.check().len(), 3);
    model.set_enabled(false);
    model.set_alias("");
    model.set_contour_names(&ContourNames::default());
    assert_eq!(
        model.to_bytes(),
        br#"{"enabled":false,"alias":"","contour_names":{}}"#
    );
}

#[test]
fn the_date_of_creation_is_set_once() {
    let mut model = definition(r#"{"create_date":"8/20/25"}"#);
    model.set_create_date_once(Timestamp::UNIX_EPOCH);
    assert_eq!(model.create_date().as_str(), "8/20/25");
    let mut model = definition(r#"{"create_date":""}"#);
    model.set_create_date_once(Timestamp::UNIX_EPOCH);
    model.set_last_modified_date(Timestamp::UNIX_EPOCH);
    assert_eq!(model.create_date().as_str(), "1970-01-01T00:00:00Z");
    assert_eq!(model.last_modified_date().as_str(), "1970-01-01T00:00:00Z");
}

#[test]
fn the_version_inside_the_inference_information_is_shown_first() {
    for (text, shown) in [
        (
            r#"{"version":"1","inference_information":{"version":"2"}}"#,
            "2",
        ),
        (
            r#"{"version":"1","inference_information":{"version":2.10}}"#,
            "2.10",
        ),
        (
            r#"{"version":"1","inference_information":{"version":""}}"#,
            "1",
        ),
        (
            r#"{"version":"1","inference_information":{"version":null}}"#,
            "1",
        ),
        (r#"{"version":"1","inference_information":"text"}"#, "1"),
        (r#"{"version":3}"#, "3"),
    ] {
        assert_eq!(definition(text).version(), shown, "{text}");
    }
}

#[test]
fn inference_information_must_be_an_object() {
    let mut model = definition(r#"{"inference_information":{"a":1}}"#);
    let error = model.set_inference_information("[1]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "inference_information: expected an object, found a list"
    );
    let error = model.set_inference_information("{\n\"a\": x}").unwrap_err();
    assert_eq!(error.position, Some(Position { line: 2, column: 6 }));
    assert_eq!(model.to_bytes(), br#"{"inference_information":{"a":1}}"#);
    model.set_inference_information("{\"b\": 1.0}").unwrap();
    assert_eq!(model.inference_information(), Some("{\"b\": 1.0}"));
}

#[test]
fn wrong_types_are_named_with_what_is_expected_and_where() {
    let text = "{\n  \"name\": 5,\n  \"enabled\": \"true\",\n  \"alias\": [],\n  \"contour_names\": {\"a\": \"b\"},\n  \"inference_information\": \"x\",\n  \"version\": true}";
    let errors = ModelDefinition::parse_checked(text.as_bytes()).unwrap_err();
    let shown: Vec<String> = errors
        .iter()
        .map(|error| {
            let Position { line, column } = error.position.unwrap();
            format!("{line}:{column} {error}")
        })
        .collect();
    assert_eq!(
        shown,
        [
            "2:11 name: expected a text, found a number",
            "3:14 enabled: expected true or false, found a text",
            "4:12 alias: expected a text, found a list",
            "6:28 inference_information: expected an object, found a text",
            "7:14 version: expected a text, found a boolean",
            "5:20 contour_names.a: a label number is a whole number from 0 to 4294967295 without leading zeros",
        ]
    );
}

#[test]
fn text_that_is_no_json_is_an_error_of_the_whole() {
    let errors = ModelDefinition::parse_checked(b"{\"a\":1,\"a\":2}").unwrap_err();
    assert_eq!(errors[0].field, "");
    assert_eq!(errors[0].position, Some(Position { line: 1, column: 8 }));
}

#[test]
fn a_definition_that_grew_too_large_is_named() {
    let mut model = definition("{}");
    model.set_description(&"x".repeat(1 << 20));
    assert_eq!(
        model.check()[0].message,
        "1048594 bytes are more than the limit of 1 MiB"
    );
}

#[test]
fn only_what_differs_from_the_key_contradicts_it() {
    let key: ModelKey = "nnUNet/a".parse().unwrap();
    assert_eq!(definition(r#"{"name":"a"}"#).contradicts(&key), None);
    let both = definition(r#"{"name":"b","network_type":"MIST"}"#)
        .contradicts(&key)
        .unwrap();
    assert_eq!(both.to_string(), "the definition calls itself MIST/b");
    let name = definition(r#"{"name":"b","network_type":"nnUNet"}"#)
        .contradicts(&key)
        .unwrap();
    assert_eq!((name.name.as_deref(), name.network_type), (Some("b"), None));
}

#[test]
fn a_definition_without_anything_an_inference_can_use_is_incomplete() {
    let key: ModelKey = "nnUNet/a".parse().unwrap();
    assert!(ModelDefinition::new(&key).is_incomplete());
    for nothing in [
        "{}",
        r#"{"enabled":true,"alias":"a","version":"1","inference_args":" "}"#,
        r#"{"contour_names":null,"inference_information":{ },"inference_args":null}"#,
    ] {
        assert!(definition(nothing).is_incomplete(), "{nothing}");
    }
    for something in [
        r#"{"contour_names":{"1":"a"}}"#,
        r#"{"inference_information":{"folds":[0]}}"#,
        r#"{"inference_args":"-f all"}"#,
        r#"{"inference_args":["of a wrong type"]}"#,
    ] {
        assert!(!definition(something).is_incomplete(), "{something}");
    }
}

#[test]
fn content_is_equal_whatever_the_registry_keeps() {
    let one =
        definition(r#"{"a": [1, 2], "b":1,"registry":{"revision":1},"last_modified_date":"x"}"#);
    let two = definition(r#"{"b":1,"a":[1,2],"create_date":"y"}"#);
    assert!(one.content_equals(&two));
    assert!(!one.content_equals(&definition(r#"{"b":1.0,"a":[1,2]}"#)));
    assert!(!one.content_equals(&definition(r#"{"b":1}"#)));
}

#[test]
fn a_merge_patch_changes_what_it_names() {
    let mut model = definition(r#"{"a":1.0,"alias":"x","enabled":true}"#);
    model.merge_patch(&object(r#"{"alias":null,"enabled":false}"#));
    assert_eq!(model.to_bytes(), br#"{"a":1.0,"enabled":false}"#);
}

#[test]
fn arguments_are_derived_by_kind() {
    for (args, text) in [
        (r#"{"fold":"all"}"#, "--fold all"),
        (r#"{"-f":0}"#, "-f 0"),
        (r#"{"--tta":true}"#, "--tta"),
        (r#"{"tta":false,"x":null}"#, ""),
        (
            r#"{"lr":1e-05,"seed":12345678901234567890}"#,
            "--lr 1e-05 --seed 12345678901234567890",
        ),
        (r#"{"name":"a b"}"#, "--name 'a b'"),
        (r#"{"name":"it's"}"#, r"--name 'it'\''s'"),
        (r#"{"name":""}"#, "--name ''"),
        (r#"{"a b":1}"#, "'--a b' 1"),
        (r#"{"folds":[0,1,"all"]}"#, "--folds 0 1 all"),
        (r#"{"folds":[]}"#, ""),
        (r#"{"o":{"k":1}}"#, r#"--o '{"k":1}'"#),
    ] {
        assert_eq!(derived(args).as_deref(), Some(text), "{args}");
    }
    assert_eq!(derived("\"--fold all\""), None);
}

#[test]
fn derived_arguments_count_while_none_are_given() {
    let information = r#""inference_information":{"inference_args":{"a":1}}"#;
    let none = definition(&format!(r#"{{"inference_args":" ",{information}}}"#));
    let args = none.effective_inference_args();
    assert_eq!((args.text.as_str(), args.derived), ("--a 1", true));
    let given = definition(&format!(r#"{{"inference_args":"--b",{information}}}"#));
    let args = given.effective_inference_args();
    assert_eq!((args.text.as_str(), args.derived), ("--b", false));
}

#[test]
fn words_are_quoted_only_where_a_shell_needs_it() {
    assert_eq!(
        shell_quote("a/b.c:d=e,f@g%h+i_j-k"),
        "a/b.c:d=e,f@g%h+i_j-k"
    );
    assert_eq!(shell_quote("$(rm)"), "'$(rm)'");
    assert_eq!(shell_quote("ä"), "'ä'");
}

#[test]
fn characters_that_a_shell_acts_on_are_found_outside_quotes() {
    for (text, found) in [
        ("--fold all --step 0.5", ""),
        ("'a; b' \"c | d\"", ""),
        ("a; b && c; d", ";&"),
        ("$(x) `y`", "$()`"),
        ("\"$HOME\"", "$"),
        ("'$HOME'", ""),
        ("a > b < c", "><"),
        ("*.nii ?", "*?"),
        ("~/x a~b a#b #c", "~#"),
        ("it's", "'"),
        ("a\nb", "\n"),
        ("a\\;b", "\\"),
    ] {
        let shown: String = shell_metacharacters(text).into_iter().collect();
        assert_eq!(shown, found, "{text:?}");
    }
    assert!(shell_metacharacters(&shell_quote("a;b$c`d'e")).is_empty());
}

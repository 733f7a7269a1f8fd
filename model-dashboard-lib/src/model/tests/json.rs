use std::time::{Duration, Instant};

use super::object;
use crate::model::{
    DuplicateKeys, JsonErrorKind, JsonKind, JsonObject, MAX_DEFINITION_BYTES, MAX_NESTING,
};

fn refused(text: impl AsRef<[u8]>) -> (JsonErrorKind, usize, usize, String) {
    let error = JsonObject::parse(text.as_ref(), DuplicateKeys::Refuse).unwrap_err();
    (
        error.kind(),
        error.line(),
        error.column(),
        error.message().to_owned(),
    )
}

fn nested(depth: usize) -> String {
    format!(
        "{{\"a\":{}{}}}",
        "[".repeat(depth - 1),
        "]".repeat(depth - 1)
    )
}

#[test]
fn values_keep_their_text_and_members_their_order() {
    let text =
        r#"{"z":12345678901234567890,"a":1e-05,"m":-0.0,"s":"\u00fc\/","o":{"b":1.0,"a":[1, 2]}}"#;
    let object = object(text);
    assert_eq!(object.to_text(), text);
    assert_eq!(object.get("o"), Some(r#"{"b":1.0,"a":[1, 2]}"#));
    assert_eq!(object.kind("o"), Some(JsonKind::Object));
    assert_eq!(object.get_as::<String>("s").unwrap().unwrap(), "ü/");
}

#[test]
fn keys_keep_their_escapes_and_are_found_by_what_they_mean() {
    let text = r#"{"\u00fcber":1,"a\"b":2}"#;
    let mut object = object(text);
    assert_eq!(object.get("über"), Some("1"));
    object.set("über", &3).unwrap();
    assert_eq!(object.to_text(), r#"{"\u00fcber":3,"a\"b":2}"#);
    assert_eq!(object.minified(), r#"{"\u00fcber":3,"a\"b":2}"#);
}

#[test]
fn a_value_is_set_in_place_or_at_the_end_and_can_be_taken_out() {
    let mut object = object(r#"{"a":1,"b":2}"#);
    object.set_raw("a", " {\"x\": 1.50} ").unwrap();
    object.set("c", "text").unwrap();
    assert_eq!(object.to_text(), r#"{"a":{"x": 1.50},"b":2,"c":"text"}"#);
    assert_eq!(object.remove("b").as_deref(), Some("2"));
    assert_eq!(object.remove("b"), None);
    assert_eq!(object.len(), 2);
    assert_eq!(object.encoded_len(), object.to_bytes().len());
}

#[test]
fn missing_and_null_read_as_none_and_another_type_as_an_error() {
    let object = object(r#"{"n":null,"t":"text"}"#);
    assert_eq!(object.get_as::<u8>("missing").unwrap(), None);
    assert_eq!(object.get_as::<u8>("n").unwrap(), None);
    assert_eq!(
        object.get_as::<u8>("t").unwrap_err().kind(),
        JsonErrorKind::WrongType
    );
}

#[test]
fn an_error_names_line_column_and_reason() {
    use JsonErrorKind::*;
    for (text, kind, line, column, message) in [
        ("", Empty, 1, 1, "the text is empty"),
        (" \n", Empty, 2, 1, "the text is empty"),
        ("[1]", NotAnObject, 1, 1, "expected an object, { … }"),
        ("hello", Syntax, 1, 1, "“hello” is no JSON value"),
        (
            "{\"a\":tru",
            Truncated,
            1,
            9,
            "the text ends too early: it looks cut off",
        ),
        (
            "{\"a\":1",
            Truncated,
            1,
            7,
            "the text ends too early: it looks cut off",
        ),
        (
            "{\"a\":\"b",
            Truncated,
            1,
            8,
            "the text ends too early: it looks cut off",
        ),
        (
            "{\"a\":-",
            Truncated,
            1,
            7,
            "the text ends too early: it looks cut off",
        ),
        (
            "{\n \"ü\": NaN}",
            NotANumber,
            2,
            7,
            "NaN is not a value in JSON; use null or a number",
        ),
        (
            "{\"a\":-Infinity}",
            NotANumber,
            1,
            6,
            "-Infinity is not a value in JSON; use null or a number",
        ),
        ("{\"a\":True}", Syntax, 1, 6, "True is written true in JSON"),
        ("{\"a\":None}", Syntax, 1, 6, "None is written null in JSON"),
        (
            "{\"a\":'b'}",
            Syntax,
            1,
            6,
            "strings stand in double quotes",
        ),
        ("{'a':1}", Syntax, 1, 2, "keys stand in double quotes"),
        ("{a:1}", Syntax, 1, 2, "expected a key in double quotes"),
        ("{\"a\" 1}", Syntax, 1, 6, "expected ':' after the key"),
        ("{\"a\":}", Syntax, 1, 6, "a value is missing"),
        (
            "{\"a\":1,}",
            Syntax,
            1,
            8,
            "a comma must not stand before the end",
        ),
        (
            "{\"a\":[1,]}",
            Syntax,
            1,
            9,
            "a comma must not stand before the end",
        ),
        (
            "{\"a\":[1}",
            Syntax,
            1,
            8,
            "expected ',' or ']' after the value",
        ),
        (
            "{\"a\":1 \"b\":2}",
            Syntax,
            1,
            8,
            "expected ',' or '}' after the value",
        ),
        (
            "{\"a\":1} x",
            Syntax,
            1,
            9,
            "nothing may follow the end of the JSON text",
        ),
        ("{\"a\":// x\n1}", Syntax, 1, 6, "JSON has no comments"),
        ("{\"a\":01}", Syntax, 1, 6, "01 is not a number in JSON"),
        ("{\"a\":1.}", Syntax, 1, 6, "1. is not a number in JSON"),
        (
            "{\"a\":\"b\nc\"}",
            Syntax,
            1,
            8,
            "a string must end on its line; a line break is \\n",
        ),
        (
            "{\"a\":\"\\x\"}",
            Syntax,
            1,
            8,
            "JSON does not know this escape",
        ),
        (
            "{\"a\":\"\\ud800\"}",
            Syntax,
            1,
            7,
            "half of a surrogate pair is no character",
        ),
        (
            "{\"a\":1,\"a\":2}",
            DuplicateKey,
            1,
            8,
            "the key \"a\" appears twice",
        ),
        (
            "{\"o\":[{\"a\":1,\"\\u0061\":2}]}",
            DuplicateKey,
            1,
            14,
            "the key \"a\" appears twice",
        ),
    ] {
        let expected = (kind, line, column, message.to_owned());
        assert_eq!(refused(text), expected, "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_told_with_their_place() {
    assert_eq!(
        refused(b"{\"a\":\n \"\xFF\"}"),
        (
            JsonErrorKind::NotUtf8,
            2,
            3,
            "the text is not UTF-8 here".to_owned()
        )
    );
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain("{}".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(refused(utf16).3, "the text is UTF-16; save it as UTF-8");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(object("\u{FEFF}{\"a\":1}").to_text(), r#"{"a":1}"#);
}

#[test]
fn the_last_of_two_equal_keys_wins_at_the_place_of_the_first() {
    let text = r#"{"a":1,"b":{"x":1,"x":2},"a":3}"#;
    let object = JsonObject::parse(text.as_bytes(), DuplicateKeys::LastWins).unwrap();
    assert_eq!(object.to_text(), r#"{"a":3,"b":{"x":1,"x":2}}"#);
    assert_eq!(object.get_object("b").unwrap().get("x"), Some("2"));

    let many: Vec<String> = (0..200).map(|n| format!("\"k{}\":{n}", n % 100)).collect();
    let text = format!("{{{}}}", many.join(","));
    let object = JsonObject::parse(text.as_bytes(), DuplicateKeys::LastWins).unwrap();
    assert_eq!(object.len(), 100);
    assert_eq!(object.iter().next(), Some(("k0", "100")));
}

#[test]
fn nesting_is_allowed_to_the_limit_and_no_further() {
    assert!(JsonObject::parse(nested(MAX_NESTING).as_bytes(), DuplicateKeys::Refuse).is_ok());
    let (kind, line, column, message) = refused(nested(MAX_NESTING + 1));
    assert_eq!((kind, line), (JsonErrorKind::TooDeep, 1));
    assert_eq!(column, "{\"a\":".len() + MAX_NESTING);
    assert_eq!(message, "nested deeper than 128 levels");
}

#[test]
fn ten_thousand_levels_are_refused_on_a_small_stack() {
    let objects = "{\"a\":".repeat(10_000);
    for text in [nested(10_000), objects, "[".repeat(10_000)] {
        let outcome = std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(move || {
                let mut object = JsonObject::new();
                (
                    refused(&text).0,
                    object.set_raw("k", &text).unwrap_err().kind(),
                )
            })
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(outcome, (JsonErrorKind::TooDeep, JsonErrorKind::TooDeep));
    }
}

#[test]
fn a_value_that_is_set_counts_the_level_that_it_goes_into() {
    let mut object = JsonObject::new();
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(object.set_raw("a", &deep(MAX_NESTING - 1)).is_ok());
    assert_eq!(
        object.set_raw("a", &deep(MAX_NESTING)).unwrap_err().kind(),
        JsonErrorKind::TooDeep
    );
    assert!(JsonObject::parse(&object.to_bytes(), DuplicateKeys::Refuse).is_ok());
}

#[test]
fn a_text_above_one_mebibyte_is_refused() {
    let text = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
    assert_eq!(object(&text(MAX_DEFINITION_BYTES)).len(), 1);
    let (kind, _, _, message) = refused(text(MAX_DEFINITION_BYTES + 1));
    assert_eq!(kind, JsonErrorKind::TooLarge);
    assert_eq!(message, "1048577 bytes are more than the limit of 1 MiB");
}

#[test]
fn a_merge_patch_leaves_untouched_siblings_as_they_are() {
    let mut target =
        object(r#"{"a":{"x":1.0,"y":{"p":1e-05,"q":"\u00e4"},"z":null},"b":[1, 2],"c":0.50}"#);
    target.merge_patch(&object(
        r#"{"a":{"y":{"q":2},"new":{"n":null,"m":1.00}},"c":null,"d":[null]}"#,
    ));
    assert_eq!(
        target.to_text(),
        r#"{"a":{"x":1.0,"y":{"p":1e-05,"q":2},"z":null,"new":{"m":1.00}},"b":[1, 2],"d":[null]}"#
    );
}

/// The examples of RFC 7396, appendix A, wrapped in a member so that every kind of value can
/// stand where the RFC has a whole document.
#[test]
fn merge_patch_meets_the_examples_of_the_rfc() {
    for (original, patch, result) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"b":"d","c":null}}"#,
            r#"{"a":{"b":"d"}}"#,
        ),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        (r#"[1,2]"#, r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        (
            r#"{}"#,
            r#"{"a":{"bb":{"ccc":null}}}"#,
            r#"{"a":{"bb":{}}}"#,
        ),
    ] {
        let wrap = |text: &str| object(&format!("{{\"w\":{text}}}"));
        let mut target = wrap(original);
        target.merge_patch(&wrap(patch));
        assert_eq!(target, wrap(result), "{original} with {patch}");
    }
}

/// Far above what linear work takes on a slow machine, far below what quadratic work does.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn a_merge_of_many_members_is_not_quadratic() {
    let members = |value: usize| {
        let all: Vec<String> = (0..80_000).map(|n| format!("\"k{n}\":{value}")).collect();
        object(&format!("{{{}}}", all.join(",")))
    };
    let (mut target, patch) = (members(1), members(2));
    let start = Instant::now();
    target.merge_patch(&patch);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    assert_eq!(target, patch);
}

#[test]
fn a_merge_deep_down_does_not_read_the_text_again_at_every_level() {
    let levels = MAX_NESTING - 2;
    let filling = format!("\"f\":[{}0]", "0,".repeat(MAX_DEFINITION_BYTES / 2 - 1000));
    let text = format!(
        "{}{{{filling}}}{}",
        "{\"a\":".repeat(levels),
        "}".repeat(levels)
    );
    let (mut target, patch) = (object(&text), object(&text));
    let start = Instant::now();
    target.merge_patch(&patch);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    assert_eq!(target, patch);
}

#[test]
fn the_layout_for_people_changes_white_space_only() {
    let object = object(
        r#"{"a":{},"b":[],"n":1e-05,"list":["k, []", 2,null],"o":{"p":[[1,2],{"q":"\u00e4{"}]},"long":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]}"#,
    );
    insta::assert_snapshot!(object.to_pretty(), @r#"
    {
      "a": {},
      "b": [],
      "n": 1e-05,
      "list": ["k, []", 2, null],
      "o": {
        "p": [
          [1, 2],
          {
            "q": "\u00e4{"
          }
        ]
      },
      "long": [
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
      ]
    }
    "#);
}

#[test]
fn it_serialises_as_the_object_it_is() {
    let object = object(r#"{"n":1.50}"#);
    assert_eq!(
        serde_json::to_string(&vec![object]).unwrap(),
        r#"[{"n":1.50}]"#
    );
}

#[test]
fn a_deeply_nested_text_does_not_grow_beyond_measure_when_laid_out() {
    let deep = |levels: usize| {
        let text = format!("{{\"a\":{}1,2{}}}", "[".repeat(levels), "]".repeat(levels));
        JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
    };
    let shallow = deep(5).to_pretty();
    assert!(shallow.lines().count() > 5, "{shallow}");

    // The deepest that is read, and as often as it fits.
    let levels = MAX_NESTING - 2;
    let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let many = vec![nested; MAX_DEFINITION_BYTES / (2 * levels + 1) - 1].join(",");
    let text = format!("{{\"a\":[{many}]}}");
    let object = JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap();
    let shown = object.to_pretty();
    assert!(shown.len() <= 9 * text.len(), "{} bytes", shown.len());
    assert_eq!(shown, text);
}

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use crate::model::{
    ContourNames, DuplicateKeys, JsonObject, ModelDefinition, ModelId, ModelKey, ModelName,
    ModelRef, ModelSummary, NetworkType, RegistryInfo, StoredDate, Timestamp, Version,
};

/// A JSON value as text, with numbers and escapes that serde_json would not write itself.
fn value_text() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("12345678901234567890123".to_owned()),
        Just("1e-05".to_owned()),
        Just("1.50".to_owned()),
        Just("-0".to_owned()),
        any::<i32>().prop_map(|n| n.to_string()),
    ];
    let string = prop_oneof![
        Just(r#""\u00fc\/\ud83d\ude00""#.to_owned()),
        ".{0,8}".prop_map(|text| Value::from(text).to_string()),
    ];
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number,
        string,
    ];
    scalar.prop_recursive(4, 40, 5, |inner| {
        let space = prop_oneof![Just(""), Just(" "), Just("\n\t")];
        prop_oneof![
            (vec(inner.clone(), 0..5), space.clone()).prop_map(|(items, space)| format!(
                "[{space}{}{space}]",
                items.join(&format!("{space},"))
            )),
            (object_members(inner), space)
                .prop_map(|(members, space)| object_text(&members, space)),
        ]
    })
}

/// Members with few different keys, so that patches meet what they patch.
fn object_members(
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = Vec<(String, String)>> {
    vec(("[a-e]|über", value), 0..6).prop_map(|mut members| {
        let mut seen = std::collections::HashSet::new();
        members.retain(|(key, _)| seen.insert(key.clone()));
        members
    })
}

fn object_text(members: &[(String, String)], space: &str) -> String {
    let mut text = format!("{{{space}");
    for (n, (key, value)) in members.iter().enumerate() {
        let comma = if n > 0 { "," } else { "" };
        write!(text, "{comma}{space}\"{key}\":{space}{value}").unwrap();
    }
    text + space + "}"
}

fn any_object() -> impl Strategy<Value = String> {
    object_members(value_text()).prop_map(|members| object_text(&members, ""))
}

fn parse(text: &str) -> JsonObject {
    JsonObject::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap()
}

/// RFC 7396, section 2, over serde_json's values.
fn merge_values(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Default::default());
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge_values(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

proptest! {
    #[test]
    fn an_object_comes_back_as_it_was(text in any_object()) {
        let object = parse(&text);
        prop_assert_eq!(object.to_text(), &*text);
        prop_assert_eq!(parse(&object.to_pretty()).minified(), object.minified());
        prop_assert_eq!(parse(&object.minified()).minified(), object.minified());
        let same: Value = serde_json::from_str(&object.to_pretty()).unwrap();
        prop_assert_eq!(same, serde_json::from_str::<Value>(&text).unwrap());
    }

    #[test]
    fn it_accepts_what_serde_json_accepts(bytes in vec(
        prop_oneof![
            4 => proptest::sample::select(b"{}[]\",:\\ 0123456789.eE+-truefalsn u\n".to_vec()),
            1 => any::<u8>(),
        ], 0..60))
    {
        let text = [b"{\"a\":", &*bytes, b"}"].concat();
        let ours = JsonObject::parse(&text, DuplicateKeys::LastWins);
        let theirs = serde_json::from_slice::<Value>(&text);
        // serde_json's Value refuses numbers that no f64 holds; as text they are valid.
        let out_of_range = theirs.as_ref().is_err_and(|e| e.to_string().contains("out of range"));
        prop_assert!(ours.is_ok() == theirs.is_ok() || out_of_range, "{ours:?} {theirs:?}");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        let key: ModelKey = "a/b".parse().unwrap();
        let _ = JsonObject::parse(&bytes, DuplicateKeys::Refuse);
        let _ = ModelDefinition::parse_checked(&bytes);
        let _ = ModelSummary::read(key, &bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = ContourNames::from_pasted(&text);
        let _ = text.parse::<ModelRef>();
        let _ = Timestamp::parse(&text);
        let _ = StoredDate::new(&text);
        let _ = Version::parse(&text);
        let _ = crate::model::shell_metacharacters(&text);
    }

    #[test]
    fn a_cut_off_object_is_never_taken_for_a_whole_one(text in any_object(), cut in 0.0..1.0) {
        let end = (text.len() as f64 * cut) as usize;
        let bytes = &text.as_bytes()[..end];
        prop_assert!(JsonObject::parse(bytes, DuplicateKeys::LastWins).is_err());
    }

    #[test]
    fn a_merge_patch_means_what_the_rfc_says(target in any_object(), patch in any_object()) {
        let mut ours = parse(&target);
        ours.merge_patch(&parse(&patch));
        let mut expected: Value = serde_json::from_str(&target).unwrap();
        merge_values(&mut expected, &serde_json::from_str(&patch).unwrap());
        prop_assert_eq!(serde_json::from_str::<Value>(&ours.to_text()).unwrap(), expected);
    }

    #[test]
    fn a_merge_patch_leaves_what_it_does_not_name(target in any_object(), patch in any_object()) {
        let (before, patch) = (parse(&target), parse(&patch));
        let mut after = before.clone();
        after.merge_patch(&patch);
        let unnamed = |object: &JsonObject| -> Vec<(String, String)> {
            let all = object.iter().filter(|(key, _)| patch.get(key).is_none());
            all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        prop_assert_eq!(unnamed(&after), unnamed(&before));
    }

    #[test]
    fn an_edit_keeps_place_and_text_of_everything_else(text in any_object(), alias in ".{0,9}") {
        let before = ModelDefinition::from(parse(&text));
        let mut after = before.clone();
        after.set_alias(&alias);
        after.set_enabled(true);
        after.set_create_date_once(Timestamp::UNIX_EPOCH);
        let after = after.with_registry(&RegistryInfo::new(ModelId::from_u128(1), 1));
        prop_assert!(!after.is_changed_outside());
        let kept: Vec<_> = after.as_object().iter().take(before.as_object().len()).collect();
        prop_assert_eq!(kept, before.as_object().iter().collect::<Vec<_>>());
        let read = ModelDefinition::parse(&after.to_bytes(), DuplicateKeys::Refuse).unwrap();
        prop_assert_eq!(read.given_alias(), alias);
    }

    #[test]
    fn names_and_references_print_what_they_parse(
        kind in "[^/\\pC]{1,20}", name in "[a-z@.0-9 ]{1,20}", revision in 1_u64..,
    ) {
        let network_type = NetworkType::existing(&kind);
        prop_assume!(network_type.is_ok() && ModelName::existing(&name).is_ok());
        let key = ModelKey::new(network_type.unwrap(), ModelName::existing(&name).unwrap());
        prop_assert_eq!(key.to_string().parse::<ModelKey>().unwrap(), key.clone());
        let current = ModelRef::current(key.clone());
        prop_assert_eq!(current.to_string().parse::<ModelRef>().unwrap(), current);
        let numbered = format!("{key}@{revision}").parse::<ModelRef>().unwrap();
        prop_assert_eq!(&numbered.key, &key);
        prop_assert_eq!(numbered.to_string(), format!("{key}@{revision}"));
    }

    #[test]
    fn a_name_by_the_strict_rule_passes_the_wide_one(name in ".{0,130}") {
        if ModelName::parse(&name).is_ok() {
            prop_assert!(ModelName::existing(&name).is_ok());
            prop_assert!(!name.contains(['/', '%', '\\']) && !name.contains(".."));
        }
    }

    #[test]
    fn times_print_what_they_parse(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
        let time = Timestamp::from_unix_micros(micros);
        prop_assert_eq!(Timestamp::parse(&time.to_string()).unwrap(), time);
    }

    #[test]
    fn labels_come_through_json_and_lines(labels in vec((any::<u32>(), vec("[a-z_]{1,8}", 1..4)), 0..8)) {
        let mut seen = std::collections::HashSet::new();
        let rows: Vec<(String, Vec<String>)> = labels
            .into_iter()
            .filter(|(number, _)| seen.insert(*number))
            .map(|(number, names)| (number.to_string(), names))
            .collect();
        let rows = rows.iter().map(|(n, names)| (n.as_str(), names.iter().map(String::as_str)));
        let labels = ContourNames::from_rows(rows).unwrap();
        prop_assert_eq!(&ContourNames::from_json(&labels.to_json()).unwrap(), &labels);
        prop_assert_eq!(&ContourNames::from_lines(&labels.to_lines()).unwrap(), &labels);
    }

    #[test]
    fn quoted_words_leave_a_shell_nothing_to_act_on(word in "[ -~ä\n]{0,20}") {
        let quoted = crate::model::shell_quote(&word);
        prop_assert_eq!(crate::model::shell_metacharacters(&quoted), Vec::<char>::new());
    }
}

use super::definition;
use crate::model::{
    BrokenDefinition, ModelId, ModelKey, ModelSummary, RegistryInfo, fold_for_search,
};

fn key() -> ModelKey {
    "nnUNet/Task001".parse().unwrap()
}

fn summary(text: &str) -> ModelSummary {
    ModelSummary::read(key(), text.as_bytes()).unwrap()
}

#[test]
fn a_list_entry_has_exactly_the_fixed_keys_in_order() {
    assert_eq!(
        summary("{}").list_entry_json(),
        r#"{"name":"Task001","network_type":"nnUNet","description":"","version":"","enabled":false,"alias":"Task001","create_date":"","last_modified_date":""}"#
    );
}

#[test]
fn the_description_is_cut_between_characters() {
    let long = "ä".repeat(300);
    let cut = summary(&format!(r#"{{"description":"{long}"}}"#));
    assert_eq!(&*cut.description, "ä".repeat(200));
    assert!(cut.search_text().contains(&long));
}

#[test]
fn what_the_registry_keeps_is_summed_up() {
    let info = RegistryInfo {
        owner: Some("Radiology".into()),
        tags: vec!["CT".into()],
        modified_by: Some("mkeller".into()),
        ..RegistryInfo::new(ModelId::from_u128(1), 3)
    };
    let text = r#"{"contour_names":{"1":"Heart","2":["Aorta","Vessel"]}}"#;
    let written = definition(text).with_registry(&info);
    let summary = ModelSummary::read(key(), &written.to_bytes()).unwrap();
    assert_eq!(summary.label_count, 2);
    assert_eq!(
        (summary.id, summary.revision),
        (Some(ModelId::from_u128(1)), Some(3))
    );
    assert_eq!(summary.owner.as_deref(), Some("Radiology"));
    assert_eq!(summary.modified_by.as_deref(), Some("mkeller"));
    assert!(!summary.deleted && !summary.has_wrong_types);
    for word in ["task001", "nnunet", "heart", "vessel", "ct", "radiology"] {
        assert!(summary.search_text().contains(word), "{word}");
    }
}

#[test]
fn a_list_shows_a_limited_number_of_tags_and_so_much_of_each() {
    let info = RegistryInfo {
        owner: Some("ö".repeat(1_000)),
        tags: (0..400)
            .map(|n| format!("{n}{}", "ä".repeat(1_000 * (n % 2))))
            .collect(),
        ..RegistryInfo::new(ModelId::from_u128(1), 1)
    };
    let written = definition("{}").with_registry(&info);
    assert_eq!(written.registry().unwrap().tags, info.tags);
    let summary = ModelSummary::read(key(), &written.to_bytes()[..]);
    let summary = summary.unwrap_or_else(|broken| panic!("{broken:?}"));
    assert_eq!(summary.owner.unwrap().chars().count(), 200);
    assert_eq!(summary.tags.len(), 100);
    assert_eq!(summary.tags[1].chars().count(), 200);
    assert_eq!(&*summary.tags[98], "98");
}

#[test]
fn search_folds_case_width_and_composition() {
    assert_eq!(fold_for_search("ＡＤＭＩＮ"), "admin");
    assert_eq!(fold_for_search("U\u{308}nal"), fold_for_search("ünal"));
    assert_eq!(fold_for_search("plain text"), "plain text");
    assert_eq!(fold_for_search("ﬁbula"), "fibula");
    let summary = summary(r#"{"alias":"Ｎiere Ö"}"#);
    assert!(
        summary
            .search_text()
            .contains(&*fold_for_search("NIERE O\u{308}"))
    );
}

#[test]
fn a_search_cannot_match_across_two_fields() {
    let summary = summary(r#"{"alias":"heart","description":"lung"}"#);
    assert!(!summary.search_text().contains("heartlung"));
}

#[test]
fn it_comes_through_a_snapshot() {
    let summary = summary(r#"{"alias":"a","create_date":"2/3/26","contour_names":{"1":"x"}}"#);
    let stored = serde_json::to_string(&summary).unwrap();
    assert_eq!(
        serde_json::from_str::<ModelSummary>(&stored).unwrap(),
        summary
    );
}

#[test]
fn wrong_types_are_flagged_and_still_listed() {
    let summary = summary(r#"{"enabled":"true","name":"other"}"#);
    assert!(summary.has_wrong_types && summary.contradicts_key && !summary.enabled);
}

#[test]
fn an_object_that_was_too_large_to_read_is_broken() {
    let broken = BrokenDefinition::too_large(key(), 5 << 20);
    assert_eq!(
        &*broken.reason,
        "5242880 bytes are more than the limit of 1 MiB"
    );
    assert_eq!((broken.version, broken.size), (None, 5 << 20));
}

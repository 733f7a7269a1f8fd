#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod away;
mod existing;
mod following;
mod naive;
mod races;
mod snapshots;
mod steered;
mod unsaid;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Catalog, CatalogOptions, Picture, Query};
use crate::model::{ModelDefinition, ModelKey, Timestamp, Version, Via};
use crate::repository::{Change, Stamp, StoredModel};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn stored(at: &str, value: &Value) -> StoredModel {
    stored_bytes(at, value.to_string().as_bytes())
}

fn stored_bytes(at: &str, bytes: &[u8]) -> StoredModel {
    let version = Version::of(bytes);
    let stamp = Stamp(version.to_string().into());
    StoredModel {
        key: key(at),
        bytes: bytes.into(),
        version,
        stamp,
    }
}

fn definition(value: &Value) -> ModelDefinition {
    ModelDefinition::parse_checked(value.to_string().as_bytes()).unwrap()
}

fn change() -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    }
}

/// A catalogue of nothing but what is applied to it.
fn catalog_of(stored: &[StoredModel]) -> Catalog {
    let catalog = Catalog::new(
        Arc::new(crate::repository::MemoryRepository::new()),
        CatalogOptions::default(),
    );
    catalog.apply_all(stored);
    catalog
}

fn keys(picture: &Picture, query: &Query) -> Vec<String> {
    picture
        .query(query)
        .rows
        .iter()
        .map(|row| row.key().to_string())
        .collect()
}

#[test]
fn a_name_is_found_under_every_type_and_tombstones_are_not() {
    let gone = json!({ "registry": { "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "revision": 2,
        "deleted": { "by": "mkeller", "moved_to": "MIST/c" } } });
    let catalog = catalog_of(&[
        stored("MIST/a", &json!({})),
        stored("nnUNet/a", &json!({})),
        stored("nnUNet/b", &json!({})),
        stored("vista3d/a", &gone),
    ]);
    let picture = catalog.current();
    assert_eq!(picture.find_by_name("a"), [key("MIST/a"), key("nnUNet/a")]);
    assert_eq!(picture.find_by_name("c"), []);
    assert!(picture.get(&key("vista3d/a")).is_none());
    let tombstone = picture.deleted(&key("vista3d/a")).unwrap();
    assert_eq!(tombstone.tombstone().unwrap().moved_to, Some(key("MIST/c")));
    assert_eq!(picture.tombstones().len(), 1);
    assert!(picture.deleted(&key("MIST/a")).is_none());
}

#[test]
fn of_a_model_that_is_gone_its_new_name_alone_is_suggested() {
    let gone = |to: Option<&str>| {
        json!({ "registry": { "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "revision": 2,
            "deleted": { "by": "mkeller", "moved_to": to } } })
    };
    let catalog = catalog_of(&[
        stored("nnUNet/Liver", &json!({})),
        stored("nnUNet/Liver1", &gone(Some("nnUNet/Liver2"))),
        stored("nnUNet/Liver2", &gone(Some("MIST/Hepar"))),
        stored("nnUNet/Liver3", &gone(None)),
        stored("nnUNet/Liver5", &gone(Some("nnUNet/Removed"))),
        stored("MIST/Hepar", &json!({})),
    ]);
    let picture = catalog.current();
    assert_eq!(picture.near(&key("nnUNet/Liver1")), [key("MIST/Hepar")]);
    assert_eq!(picture.near(&key("nnUNet/Liver3")), []);
    assert_eq!(picture.near(&key("nnUNet/Liver5")), []);
    assert_eq!(picture.near(&key("nnUNet/Liver4")), [key("nnUNet/Liver")]);
}

#[test]
fn near_names_are_suggested_with_the_likeliest_first() {
    let catalog = catalog_of(&[
        stored("nnUNet/Task055_SegTHOR", &json!({})),
        stored("nnUNet_v2/Task055_SegTHOR", &json!({})),
        stored("nnUNet/Task056_SegTHOR", &json!({})),
        stored("MIST/ProstateZones", &json!({})),
    ]);
    let near = |text: &str| -> Vec<String> {
        catalog
            .current()
            .near(&key(text))
            .iter()
            .map(ModelKey::to_string)
            .collect()
    };
    assert_eq!(
        near("MIST/Task055_SegTHOR")[..2],
        ["nnUNet/Task055_SegTHOR", "nnUNet_v2/Task055_SegTHOR"]
    );
    assert_eq!(near("nnunet/task055_segthor")[0], "nnUNet/Task055_SegTHOR");
    assert_eq!(near("MIST/Prostate_Zones"), ["MIST/ProstateZones"]);
    assert_eq!(near("MIST/zzz"), [""; 0]);
}

#[test]
fn near_names_are_found_among_many() {
    let many: Vec<StoredModel> = (0..3_000)
        .map(|n| stored(&format!("nnUNet/Dataset{n:04}_Lung"), &json!({})))
        .collect();
    let near = catalog_of(&many)
        .current()
        .near(&key("nnUNet/Dataset1234_Lungs"));
    assert_eq!(near[0], key("nnUNet/Dataset1234_Lung"));
    assert_eq!(near.len(), 5);
}

#[test]
fn a_search_finds_parts_of_words_whatever_their_case_and_form() {
    let catalog = catalog_of(&[
        stored(
            "MIST/a",
            &json!({ "contour_names": { "1": "Kidney_Left", "2": ["Leber"] } }),
        ),
        stored(
            "MIST/b",
            &json!({ "description": "Für Münchner Lungen, ﬁne" }),
        ),
        stored("MIST/c", &json!({ "alias": "LEFT lung" })),
        stored_bytes("MIST/broken", b"{"),
    ]);
    let found = |search: &str| {
        keys(
            &catalog.current(),
            &Query {
                search: search.to_owned(),
                ..Query::default()
            },
        )
    };
    assert_eq!(found("kidney"), ["MIST/a"]);
    assert_eq!(found("left"), ["MIST/a", "MIST/c"]);
    assert_eq!(found("ung lef"), ["MIST/c"]);
    assert_eq!(found("MÜNCHNER"), ["MIST/b"]);
    assert_eq!(found("mu\u{308}nchner fine"), ["MIST/b"]);
    assert_eq!(found("  brok "), ["MIST/broken"]);
    assert_eq!(found("leber lung"), [""; 0]);
    assert_eq!(found(" ").len(), 4);
}

#[test]
fn a_long_description_hides_no_label_tag_or_owner() {
    let words: Vec<String> = (0..20_000).map(|n| format!("word{n}")).collect();
    let description = format!("{} {} end", words.join(" "), "x".repeat(70_000));
    let model = stored(
        "MIST/a",
        &json!({ "description": description, "contour_names": { "1": "Spleen" },
            "registry": { "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "revision": 1,
                "owner": "radiology", "tags": ["ct"] } }),
    );
    let long_word = stored(
        "MIST/b",
        &json!({ "description": format!("{} ending", "x".repeat(70_000)) }),
    );
    let catalog = catalog_of(&[model, long_word]);
    let found = |search: &str| {
        let search = search.to_owned();
        keys(
            &catalog.current(),
            &Query {
                search,
                ..Query::default()
            },
        )
    };
    for word in ["spleen", "ct", "radiology", "word17"] {
        assert_eq!(found(word), ["MIST/a"], "{word}");
    }
    assert_eq!(found("ending"), ["MIST/b"]);
}

#[test]
fn texts_with_escapes_are_given_as_written_in_the_definition() {
    let hard = "line\n\"quoted\" \\ and \u{1f}";
    let catalog = catalog_of(&[stored(
        "MIST/a",
        &json!({ "alias": hard, "description": hard, "create_date": hard,
            "last_modified_date": hard, "version": hard }),
    )]);
    let entry = catalog.current().get(&key("MIST/a")).unwrap();
    for text in [
        entry.alias(),
        entry.description(),
        entry.create_date(),
        entry.last_modified_date(),
        entry.shown_version(),
    ] {
        assert_eq!(text, hard);
    }
}

#[test]
fn the_version_depends_on_what_is_there_and_not_on_how_it_came() {
    let (a, b) = (
        stored("MIST/a", &json!({})),
        stored("MIST/b", &json!({ "alias": "x" })),
    );
    let both = catalog_of(&[a.clone(), b.clone()]).current().version();
    let one_by_one = catalog_of(&[]);
    assert_eq!(one_by_one.current().version(), 0);
    one_by_one.apply(&b);
    let only_b = one_by_one.current().version();
    one_by_one.apply(&stored("MIST/a", &json!({ "alias": "other" })));
    let other = one_by_one.current().version();
    one_by_one.apply(&a);
    assert_eq!(one_by_one.current().version(), both);
    assert!(only_b != both && other != both && other != only_b);
}

#[test]
fn a_picture_once_taken_does_not_change() {
    let catalog = catalog_of(&[stored("MIST/a", &json!({ "alias": "before" }))]);
    let before = catalog.current();
    catalog.apply(&stored("MIST/a", &json!({ "alias": "after" })));
    catalog.apply(&stored("MIST/b", &json!({})));
    assert_eq!(before.get(&key("MIST/a")).unwrap().alias(), "before");
    assert_eq!(before.len(), 1);
    assert_eq!(
        catalog.current().get(&key("MIST/a")).unwrap().alias(),
        "after"
    );
}

use super::definition;
use crate::model::{Deleted, ModelDefinition, ModelId, RegistryInfo, Timestamp, Via};

const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

fn full() -> RegistryInfo {
    RegistryInfo {
        message: Some("first".into()),
        modified_by: Some("mkeller".into()),
        modified_at: Some(Timestamp::parse("2026-02-03T02:00:01Z").unwrap()),
        via: Some(Via::Cli),
        write_id: Some("w1".into()),
        owner: Some("radiology".into()),
        tags: vec!["ct".into(), "thorax".into()],
        package: Some("p1".into()),
        derived_from: Some("nnUNet/a@3".into()),
        deleted: Some(Deleted {
            at: Some(Timestamp::UNIX_EPOCH),
            by: Some("admin".into()),
            moved_to: Some("nnUNet/b".into()),
        }),
        ..RegistryInfo::new(ModelId::parse(ID).unwrap(), 7)
    }
}

fn text(model: &ModelDefinition) -> String {
    String::from_utf8(model.to_bytes()).unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    let model = definition("{}").with_registry(&full());
    let mut read = definition(&text(&model)).registry().unwrap();
    assert_eq!(read.content_digest, Some(model.content_digest()));
    read.content_digest = None;
    assert_eq!(read, full());
}

#[test]
fn the_field_is_written_in_a_fixed_shape() {
    let info = RegistryInfo {
        tags: vec!["a\"b".into()],
        ..RegistryInfo::new(full().id, 1)
    };
    let model = definition(r#"{"name":"a"}"#).with_registry(&info);
    insta::assert_snapshot!(text(&model), @r#"{"name":"a","registry":{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","revision":1,"content_digest":"sha256:bb54bd276fd7abaedfc3e777f6ba21dafce371044acb5e70dd14963dff375a25","tags":["a\"b"]}}"#);
}

#[test]
fn members_that_nobody_knows_survive_in_their_place() {
    let stored = format!(
        r#"{{"registry":{{"id":"{ID}","future":{{"n":1.0}},"revision":1,"owner":"\u0061"}},"x":1}}"#
    );
    let model = definition(&stored);
    let mut info = model.registry().unwrap();
    assert_eq!(info.other.get("future"), Some(r#"{"n":1.0}"#));
    info.revision = 2;
    let written = text(&model.with_registry(&info));
    let start = format!(
        r#"{{"registry":{{"id":"{ID}","future":{{"n":1.0}},"revision":2,"owner":"\u0061","content_digest":"sha256:"#
    );
    assert!(written.starts_with(&start), "{written}");
    assert!(written.ends_with(r#""},"x":1}"#), "{written}");
}

#[test]
fn members_that_cannot_be_read_are_not_lost() {
    let stored =
        format!(r#"{{"registry":{{"id":"{ID}","revision":1,"tags":5,"package":{{"a":1}}}}}}"#);
    let model = definition(&stored);
    let info = model.registry().unwrap();
    assert_eq!((info.tags.len(), &info.package), (0, &None));
    let written = text(&model.with_registry(&info));
    assert!(
        written.contains(r#""tags":5,"package":{"a":1}"#),
        "{written}"
    );
}

#[test]
fn a_member_that_is_cleared_goes() {
    let model = definition("{}").with_registry(&full());
    let restored = RegistryInfo {
        deleted: None,
        owner: None,
        tags: Vec::new(),
        ..full()
    };
    let written = text(&model.with_registry(&restored));
    for gone in ["deleted", "owner", "tags"] {
        assert!(!written.contains(gone), "{written}");
    }
}

#[test]
fn without_id_or_revision_there_is_no_registry() {
    for registry in [
        "null".to_owned(),
        "5".to_owned(),
        "{}".to_owned(),
        format!(r#"{{"id":"{ID}"}}"#),
        r#"{"revision":1}"#.to_owned(),
        r#"{"id":"not a ulid","revision":1}"#.to_owned(),
        format!(r#"{{"id":"{ID}","revision":-1}}"#),
        format!(r#"{{"id":"{ID}","revision":"1"}}"#),
    ] {
        let model = definition(&format!(r#"{{"registry":{registry}}}"#));
        assert_eq!(model.registry(), None, "{registry}");
        assert!(model.is_changed_outside());
    }
}

#[test]
fn a_change_made_outside_shows_and_white_space_does_not() {
    let model = definition(r#"{"alias":"a b","n":[1,2]}"#).with_registry(&full());
    assert!(!model.is_changed_outside());
    let stored = text(&model);
    let spaced = model.as_object().to_pretty();
    assert_ne!(spaced, stored);
    assert!(!definition(&spaced).is_changed_outside());
    for (old, new) in [
        ("a b", "a  b"),
        ("[1,2]", "[2,1]"),
        ("[1,2]", "[1,2.0]"),
        ("\"alias\"", "\"alia5\""),
        ("radiology", "cardiology"),
        ("\"revision\":7", "\"revision\":8"),
    ] {
        let changed = stored.replacen(old, new, 1);
        assert_ne!(changed, stored);
        assert!(definition(&changed).is_changed_outside(), "{new}");
    }
}

#[test]
fn the_digest_is_that_of_the_minified_definition_without_itself() {
    use crate::model::ContentDigest;
    let stored = format!(
        r#"{{ "a" : "b c", "registry" : {{ "id":"{ID}", "content_digest":"sha256:00", "revision": 1 }} }}"#
    );
    let minified = format!(r#"{{"a":"b c","registry":{{"id":"{ID}","revision":1}}}}"#);
    assert_eq!(
        definition(&stored).content_digest(),
        ContentDigest::of(minified.as_bytes())
    );
    assert_eq!(definition("{ }").content_digest(), ContentDigest::of(b"{}"));
}

#[test]
fn a_tombstone_stays_one_whatever_stands_in_the_field() {
    let deleted = |value: &str| {
        let text = format!(r#"{{"registry":{{"id":"{ID}","revision":1,"deleted":{value}}}}}"#);
        definition(&text).registry().unwrap().deleted
    };
    assert_eq!(deleted("null"), None);
    assert_eq!(deleted("false"), None);
    assert_eq!(deleted("true"), Some(Deleted::default()));
    assert_eq!(deleted(r#"{"at":"once"}"#), Some(Deleted::default()));
    assert_eq!(
        deleted(r#"{"by":"admin"}"#).unwrap().by.as_deref(),
        Some("admin")
    );
}

#[test]
fn ways_in_that_are_not_known_keep_their_word() {
    let via = Via::from("carrier pigeon".to_owned());
    assert_eq!(via, Via::Other("carrier pigeon".into()));
    assert_eq!(serde_json::to_string(&via).unwrap(), "\"carrier pigeon\"");
    for known in [Via::Dashboard, Via::Api, Via::Cli, Via::Outside] {
        assert_eq!(Via::from(known.to_string()), known);
    }
}

#[test]
fn ids_are_new_each_time_and_print_what_they_parse() {
    let (one, two) = (ModelId::new(), ModelId::new());
    assert_ne!(one, two);
    assert_eq!(ModelId::parse(&one.to_string()), Ok(one));
    assert!(ModelId::parse("01ARZ3").is_err());
}

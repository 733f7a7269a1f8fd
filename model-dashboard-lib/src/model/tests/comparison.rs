use crate::model::{Comparison, DuplicateKeys, LabelChangeKind, MAX_CHANGES, ModelDefinition};

fn compared(before: &str, after: &str) -> Comparison {
    let read = |text: &str| {
        ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins).expect("a definition")
    };
    Comparison::between(&read(before), &read(after))
}

fn fields(found: &Comparison) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let fields = found.fields.iter();
    let fields = fields.map(|it| (&*it.field, it.before.as_deref(), it.after.as_deref()));
    fields.collect()
}

#[test]
fn fields_are_compared_by_what_they_say() {
    let found = compared(
        r#"{"alias":"A","description":"old","gone":1,"same": [1, 2],"n":1.0}"#,
        r#"{"same":[1,2],"description":"new\nline","new":{"a":null},"alias":"A","n":1.00}"#,
    );
    assert_eq!(
        fields(&found),
        [
            ("description", Some("old"), Some("new\nline")),
            ("new", None, Some(r#"{"a":null}"#)),
            ("n", Some("1.0"), Some("1.00")),
            ("gone", Some("1"), None),
        ]
    );
    assert!(found.labels.is_empty() && !found.is_breaking());
}

#[test]
fn a_model_that_does_not_say_it_is_disabled() {
    for says in ["false", "null"] {
        let says = format!(r#"{{"enabled":{says}}}"#);
        assert!(
            compared(&says, "{}").is_empty() && compared("{}", &says).is_empty(),
            "{says}"
        );
    }
    let doubtful = compared(r#"{"enabled":1}"#, r#"{"enabled":false}"#);
    assert_eq!(fields(&doubtful), [("enabled", Some("1"), Some("false"))]);
    let off = compared(r#"{"enabled":true}"#, "{}");
    assert_eq!(fields(&off), [("enabled", Some("true"), None)]);
}

#[test]
fn members_of_objects_are_compared_one_by_one() {
    let found = compared(
        r#"{"inference_information":{"version":"1","plan":{"spacing":[1,1],"x":1}}}"#,
        r#"{"inference_information":{"version":"2","plan":{"spacing":[1,2],"x":1}}}"#,
    );
    assert_eq!(
        fields(&found),
        [
            ("inference_information.version", Some("1"), Some("2")),
            (
                "inference_information.plan.spacing",
                Some("[1,1]"),
                Some("[1,2]")
            ),
        ]
    );
}

#[test]
fn what_the_registry_writes_by_itself_is_no_difference() {
    let registry = |tags: &str, revision: u64| {
        format!(
            r#"{{"last_modified_date":"{revision}","registry":{{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "revision":{revision},"write_id":"w{revision}","tags":{tags}}}}}"#
        )
    };
    assert!(compared(&registry("[]", 1), &registry("[]", 2)).is_empty());
    let found = compared(&registry(r#"["a"]"#, 1), &registry(r#"["a","b"]"#, 2));
    assert_eq!(fields(&found), [("tags", Some("a"), Some("a, b"))]);
}

#[test]
fn a_number_that_stands_for_something_else_is_breaking() {
    let found = compared(
        r#"{"contour_names":{"1":"lung_left","2":"Liver","3":"spleen","4":["a","b"]}}"#,
        r#"{"contour_names":{"2":"Kidney","1":"Lung Left","5":"heart","4":["b","a"]}}"#,
    );
    let kinds: Vec<_> = found
        .labels
        .iter()
        .map(|it| (it.number.get(), it.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            (1, LabelChangeKind::Respelled),
            (2, LabelChangeKind::Redefined),
            (3, LabelChangeKind::Removed),
            (4, LabelChangeKind::Respelled),
            (5, LabelChangeKind::Added),
        ]
    );
    assert!(found.is_breaking() && found.fields.is_empty());
}

#[test]
fn another_number_is_another_structure() {
    let found = compared(
        r#"{"contour_names":{"1":"vertebra C1-2","2":"rib_1_1","3":"rib 2"}}"#,
        r#"{"contour_names":{"1":"vertebra C12","2":"rib_11","3":"rib_2"}}"#,
    );
    let kinds: Vec<_> = found.labels.iter().map(|it| it.kind).collect();
    let redefined = LabelChangeKind::Redefined;
    assert_eq!(kinds, [redefined, redefined, LabelChangeKind::Respelled]);
}

#[test]
fn a_breaking_label_is_told_even_where_it_is_not_named() {
    let labels = |prefix: &str, last: &str| {
        let added = (0..600).map(|n| format!(r#""{n}":"{prefix}{n}""#));
        let labels = added.chain([format!(r#""9999":"{last}""#)]);
        let labels: Vec<_> = labels.collect();
        format!(r#"{{"contour_names":{{{}}}}}"#, labels.join(","))
    };
    let found = compared(&labels("a", "liver"), &labels("A", "kidney"));
    assert_eq!((found.labels.len(), found.more), (MAX_CHANGES, 101));
    assert!(found.is_breaking());
}

#[test]
fn labels_that_cannot_be_read_are_compared_as_they_stand() {
    let found = compared(
        r#"{"contour_names":["a"]}"#,
        r#"{"contour_names":{"1":"a"}}"#,
    );
    assert_eq!(
        fields(&found),
        [("contour_names", Some(r#"["a"]"#), Some(r#"{"1":"a"}"#))]
    );
    // Another order of the same labels is a difference too, though not of any label.
    let found = compared(
        r#"{"contour_names":{"1":"a","2":"b"}}"#,
        r#"{"contour_names":{"2":"b","1":"a"}}"#,
    );
    assert_eq!(found.fields.len(), 0);
    assert!(found.labels.is_empty());
}

#[test]
fn no_more_than_some_hundred_changes_are_named() {
    let many = |from: usize| {
        let members = (from..from + 600).map(|n| format!(r#""f{n}":1"#));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    let found = compared(&many(0), &many(600));
    assert_eq!((found.fields.len(), found.more), (MAX_CHANGES, 700));
}

#[test]
fn the_names_of_changes_take_little_room_however_long_those_of_members_are() {
    let definition = |value: &str| {
        let members: Vec<_> = (0..100).map(|n| format!(r#""{n}":{value}"#)).collect();
        format!(r#"{{"{}":{{{}}}}}"#, "x".repeat(10_000), members.join(","))
    };
    let found = compared(&definition("1"), &definition("2"));
    let names: usize = found.fields.iter().map(|change| change.field.len()).sum();
    assert_eq!((found.fields.len(), names), (1, 10_000));
}

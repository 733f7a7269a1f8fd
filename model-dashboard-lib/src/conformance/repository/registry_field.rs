//! What of a definition is kept as it came, and what the repository fills.

use super::*;

/// What the registry does not know keeps its place and its text: fields, long numbers, escapes.
pub async fn unknown_fields_numbers_and_order_survive(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let text = r#"{"zeta":1e-7,"name":"Task001","big":12345678901234567890123,"enabled":true,"a\u0062":"\u00fc","alpha":{"z":1.10,"a":[ 1, 2 ]},"network_type":"nnUNet"}"#;
    let content = definition(text);
    let change = because("");
    let stored = repository
        .put(&at, &content, &Precondition::Absent, &change)
        .await
        .unwrap();
    let kept = text.strip_suffix('}').unwrap();
    assert!(
        stored.bytes.starts_with(kept.as_bytes()),
        "{:?}",
        read(&stored)
    );
    let edited = edit(harness, &stored, "new").await;
    assert!(
        edited.bytes.starts_with(kept.as_bytes()),
        "{:?}",
        read(&edited)
    );
}

/// `owner`, `tags`, `package` and `derived_from` come from the content where it names them, null
/// and nothing included, else from the definition before; members of the field from the future
/// stay.
pub async fn owner_tags_and_package_are_carried_forward(harness: Harness<'_>) {
    let repository = harness.repository();
    let at = key("nnUNet/Task001");
    let put = async |text: &str, precondition: Precondition| {
        let change = because("");
        let written = repository
            .put(&at, &definition(text), &precondition, &change)
            .await;
        info(&written.unwrap())
    };
    let first = put(
        r#"{"registry":{"owner":"team-a","tags":["x","y"],"package":"pkg","derived_from":"a/b@1"}}"#,
        Precondition::Absent,
    )
    .await;
    assert_eq!(first.owner.as_deref(), Some("team-a"));
    assert_eq!(first.tags, ["x", "y"]);
    assert_eq!(first.package.as_deref(), Some("pkg"));
    assert_eq!(first.derived_from.as_deref(), Some("a/b@1"));
    let told = repository.carried(&at).await.unwrap().unwrap();
    assert_eq!(
        (told.owner, told.package),
        (first.owner.clone(), first.package.clone())
    );
    let nothing = repository.carried(&key("nnUNet/None")).await.unwrap();
    assert_eq!(nothing, None);
    let carried = put("{}", Precondition::Exists).await;
    assert_eq!(carried.owner, first.owner);
    assert_eq!(carried.tags, first.tags);
    assert_eq!(carried.package, first.package);
    assert_eq!(carried.derived_from, first.derived_from);
    let named = r#"{"registry":{"owner":null,"tags":[],"package":"other"}}"#;
    let cleared = put(named, Precondition::Exists).await;
    assert_eq!((cleared.owner, cleared.tags.len()), (None, 0));
    assert_eq!(cleared.package.as_deref(), Some("other"));
    assert_eq!(cleared.derived_from, first.derived_from);
}

/// Identity, number, author and tombstone mark are the repository's own, whatever the content says.
pub async fn the_rest_of_the_registry_field_is_not_taken_from_the_content(harness: Harness<'_>) {
    let repository = harness.repository();
    let rest = r#""key":"a/b","message":"m","modified_by":"x","modified_at":"2020-01-01T00:00:00Z",
        "via":"cli","content_digest":"sha256:00","write_id":"w","moved_from":"a/c","deleted":{},
        "invented":1"#;
    let id = ModelId::new();
    let forged = [
        format!(r#"{{"registry":{{"id":"{id}","revision":99,{rest}}}}}"#),
        format!(r#"{{"registry":{{{rest}}}}}"#),
    ];
    for (n, text) in forged.iter().enumerate() {
        let at = key(&format!("nnUNet/Task{n}"));
        let change = because("real");
        let content = definition(text);
        let written = repository
            .put(&at, &content, &Precondition::Absent, &change)
            .await
            .unwrap();
        let noted = info(&written);
        assert_ne!(noted.id, id);
        assert_eq!((noted.revision, noted.key), (1, Some(at)));
        assert_eq!(noted.message.as_deref(), Some("real"));
        assert_eq!(noted.modified_by.as_deref(), Some("mkeller"));
        assert_eq!(
            (noted.modified_at, noted.via),
            (Some(change.at), Some(Via::Api))
        );
        assert_ne!(noted.write_id.as_deref(), Some("w"));
        assert_eq!((noted.moved_from, noted.deleted), (None, None));
        assert!(noted.other.is_empty());
        assert!(!read(&written).is_changed_outside());
    }
}

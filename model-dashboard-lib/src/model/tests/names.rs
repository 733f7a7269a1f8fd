use crate::model::{
    ContentDigest, ModelKey, ModelName, ModelRef, NameError, NetworkType, RefError, Selector,
    Version,
};

#[test]
fn new_names_meet_the_rule() {
    for good in [
        "a",
        "9",
        "Task055_SegTHOR",
        "a.b-c_d",
        &"x".repeat(128),
        "types",
        "v1.",
    ] {
        assert!(ModelName::parse(good).is_ok(), "{good}");
        assert!(NetworkType::parse(good).is_ok(), "{good}");
    }
    for known in NetworkType::KNOWN {
        assert!(NetworkType::parse(known).unwrap().is_known());
    }
}

#[test]
fn new_names_that_break_the_rule_are_told_which() {
    for (name, message) in [
        ("", "must not be empty"),
        (
            &"x".repeat(129),
            "must be at most 128 characters long; this has 129",
        ),
        ("_a", "must start with a letter or a digit"),
        (".a", "must start with a letter or a digit"),
        ("a..b", "must not hold two dots in a row"),
        ("..", "must start with a letter or a digit"),
        (
            "a b",
            "may hold only the letters A to Z, a to z, digits, '.', '_' and '-'; found a space",
        ),
        (
            "a/b",
            "may hold only the letters A to Z, a to z, digits, '.', '_' and '-'; found '/'",
        ),
        (
            "a%2fb",
            "may hold only the letters A to Z, a to z, digits, '.', '_' and '-'; found '%'",
        ),
        (
            "ä",
            "may hold only the letters A to Z, a to z, digits, '.', '_' and '-'; found 'ä'",
        ),
        (
            "a\n",
            "may hold only the letters A to Z, a to z, digits, '.', '_' and '-'; found the control character U+000A",
        ),
        (
            "dataframe",
            "must not be 'dataframe': that word is reserved",
        ),
        ("type", "must not be 'type': that word is reserved"),
    ] {
        assert_eq!(ModelName::parse(name).unwrap_err().to_string(), message);
    }
    assert_eq!(NetworkType::parse("type"), Err(NameError::Reserved("type")));
    assert!(NetworkType::parse("dataframe").is_ok());
}

#[test]
fn existing_names_may_be_odd_but_never_dangerous() {
    for odd in [
        "Name With Spaces (v2)",
        "type",
        "über",
        "a..b",
        "%2f",
        &"x".repeat(1024),
    ] {
        assert_eq!(ModelName::existing(odd).unwrap(), odd);
    }
    for (bad, error) in [
        ("", NameError::Empty),
        ("a/b", NameError::Slash),
        (".", NameError::Dots),
        ("..", NameError::Dots),
        ("a\0", NameError::Control),
        ("a\u{85}", NameError::Control),
        (".registry", NameError::RegistryArea),
        (".registry-old", NameError::RegistryArea),
    ] {
        assert_eq!(NetworkType::existing(bad), Err(error), "{bad:?}");
    }
    assert!(matches!(
        ModelName::existing(&"ä".repeat(513)),
        Err(NameError::TooLong {
            limit: 1024,
            found: 1026,
            ..
        })
    ));
}

#[test]
fn keys_order_by_type_and_then_name() {
    let mut keys: Vec<ModelKey> = ["b/a", "a/z", "a-b/c", "a/b"]
        .iter()
        .map(|key| key.parse().unwrap())
        .collect();
    keys.sort();
    let sorted: Vec<String> = keys.iter().map(ToString::to_string).collect();
    assert_eq!(sorted, ["a/b", "a/z", "a-b/c", "b/a"]);
}

#[test]
fn a_key_has_exactly_two_segments() {
    assert_eq!("a".parse::<ModelKey>(), Err(NameError::NotAKey));
    assert_eq!("a/b/c".parse::<ModelKey>(), Err(NameError::Slash));
    assert_eq!("/b".parse::<ModelKey>(), Err(NameError::Empty));
    assert!(ModelKey::parse("nnUNet/a b").is_err());
    assert!("nnUNet/a b".parse::<ModelKey>().is_ok());
}

#[test]
fn references_name_the_current_revision_a_number_or_a_digest() {
    let reference: ModelRef = "nnUNet/a".parse().unwrap();
    assert_eq!(reference.selector, Selector::Current);
    let reference: ModelRef = "nnUNet/a@12".parse().unwrap();
    assert_eq!(
        reference.selector,
        Selector::Revision(12.try_into().unwrap())
    );
    let digest = ContentDigest::of(b"x");
    let text = format!("nnUNet/a@{digest}");
    let reference: ModelRef = text.parse().unwrap();
    assert_eq!(reference.selector, Selector::Digest(digest));
    assert_eq!(reference.to_string(), text);
}

#[test]
fn a_reference_with_a_bad_selector_is_refused() {
    for bad in [
        "a/b@v12",
        "a/b@0",
        "a/b@-1",
        "a/b@sha256:12",
        "a/b@99999999999999999999",
    ] {
        assert!(
            matches!(bad.parse::<ModelRef>(), Err(RefError::Selector(_))),
            "{bad}"
        );
    }
    assert!(matches!(
        "nnUNet".parse::<ModelRef>(),
        Err(RefError::Key(_))
    ));
}

#[test]
fn an_existing_name_with_an_at_sign_can_be_referred_to() {
    let key: ModelKey = "t@1/a@12".parse().unwrap();
    let reference = ModelRef::current(key.clone());
    assert_eq!(reference.to_string(), "t@1/a@12@");
    assert_eq!("t@1/a@12@".parse::<ModelRef>().unwrap(), reference);
    assert_eq!("t@1/a@12@3".parse::<ModelRef>().unwrap().key, key);
}

#[test]
fn versions_and_digests_print_what_they_parse() {
    let version = Version::of(b"abc");
    assert_eq!(version.to_string(), "ba7816bf8f01cfea414140de5dae2223");
    assert_eq!(Version::parse(&version.to_string()), Ok(version));
    assert!(Version::parse("\"ba78\"").is_err());
    let digest = ContentDigest::of(b"abc");
    assert_eq!(
        digest.to_string(),
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert!("ba7816bf".parse::<ContentDigest>().is_err());
}

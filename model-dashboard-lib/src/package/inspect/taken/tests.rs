//! What a definition takes over, goes on to follow, and lets go.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::model::DuplicateKeys;

fn description() -> Description {
    let text = r#"{"framework":"nnU-Net","version":"2.1","task":"Liver and tumour","licence":"CC-BY-SA 4.0","outputs":[
        {"name":"background","value":0},{"name":"liver","value":1},{"name":"tumour","value":2}],
        "channels":["CT"],"networks":[{"configuration":"3d_fullres","folds":[{"name":"0","complete":true}]}]}"#;
    serde_json::from_str(text).unwrap()
}

fn given(parts: &[TakenPart], text: &str) -> ModelDefinition {
    let read = ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins);
    let mut definition = read.unwrap();
    description().give(parts, None, &mut definition);
    definition
}

#[test]
fn a_part_is_taken_over_and_everything_else_stays() {
    let before =
        r#"{"alias":"Liver","version":"1","contour_names":{"1":"Leber","3":"old"},"x":[1]}"#;
    let labels = given(&[TakenPart::Labels], before);
    let names = labels.contour_names();
    let names: Vec<_> = names.iter().map(|(number, _)| number.get()).collect();
    assert_eq!(names, [1, 2]);
    assert_eq!(
        (labels.version(), labels.alias()),
        ("1".to_owned(), "Liver".to_owned())
    );
    assert_eq!(labels.as_object().get("x"), Some("[1]"));
    assert_eq!(given(&[TakenPart::Version], before).version(), "2.1");
    assert_eq!(given(&[], before).version(), "1");
}

#[test]
fn the_version_that_people_read_is_the_one_that_changes() {
    let before = r#"{"version":"1","inference_information":{"version":"1.0","y":2}}"#;
    let after = given(&TakenPart::ALL, before);
    assert_eq!(after.version(), "2.1");
    let information = after
        .as_object()
        .get_object("inference_information")
        .unwrap();
    assert_eq!(information.get("y"), Some("2"));
}

#[test]
fn a_part_differs_until_it_is_taken_over() {
    let before = given(&[], r#"{"contour_names":{"1":"liver"}}"#);
    let after = given(&TakenPart::ALL, r#"{"contour_names":{"1":"liver"}}"#);
    for part in TakenPart::ALL {
        assert!(description().differs(part, &before), "{part:?}");
        assert!(!description().differs(part, &after), "{part:?}");
        assert!(
            !Description::new("Abacus").differs(part, &after),
            "{part:?}"
        );
    }
}

#[test]
fn members_of_the_inference_information_are_taken_over_one_by_one() {
    let before = r#"{"inference_information":{"folds":[0,1],"mine":true}}"#;
    let after = given(&[TakenPart::Inference], before);
    let information = said_information(&after);
    assert_eq!(information.get("mine"), Some("true"));
    assert_eq!(information.get("folds"), Some("[0]"));
    assert_eq!(information.get("configuration"), Some(r#""3d_fullres""#));
    assert_eq!(information.get("channel_names"), Some(r#"{"0":"CT"}"#));
    assert!(!description().differs(TakenPart::Inference, &after));
}

#[test]
fn images_go_that_the_next_package_does_not_tell_any_more() {
    let mut had = description();
    had.modality = Some("CT".to_owned());
    let says = |next: &Description, by_hand: &str| {
        let text = format!(r#"{{"inference_information":{{{by_hand}}}}}"#);
        let read = ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins);
        let mut definition = read.unwrap();
        next.give(&[TakenPart::Inference], Some(&had), &mut definition);
        let information = said_information(&definition);
        let member = |name| information.get(name).map(str::to_owned);
        (member("modality"), member("channel_names"))
    };
    let told = r#""modality":"CT","channel_names":{"0":"CT"}"#;
    let mut next = description();
    next.channels = vec!["T2".to_owned()];
    let channels = Some(r#"{"0":"T2"}"#.to_owned());
    assert_eq!(says(&next, told), (None, channels.clone()));
    let mine = Some(r#""MR""#.to_owned());
    assert_eq!(says(&next, r#""modality":"MR""#), (mine, channels));
    // Silent on images, it contradicts nothing.
    next.channels = Vec::new();
    let kept = (Some(r#""CT""#.to_owned()), Some(r#"{"0":"CT"}"#.to_owned()));
    assert_eq!(says(&next, told), kept);
}

#[test]
fn a_definition_goes_on_to_follow_and_what_was_changed_by_hand_stays() {
    let mut next = description();
    next.version = Some("3".to_owned());
    next.outputs[1].name = Some("spleen".to_owned());
    next.channels = vec!["MR".to_owned()];
    next.task = Some("Spleen".to_owned());
    next.licence = Some("MIT".to_owned());
    let followed =
        |text: &str, parts: &[TakenPart]| next.followed(Some(&description()), &given(parts, text));
    assert_eq!(followed("{}", &TakenPart::ALL), TakenPart::ALL);
    let mine = r#"{"version":"my own","contour_names":{"1":"Leber"},"alias":"Leber","description":"See the wiki.",
        "inference_information":{"folds":[7]}}"#;
    assert_eq!(followed(mine, &[]), []);
    assert_eq!(followed(mine, &[TakenPart::Labels]), [TakenPart::Labels]);
    // Without a package before, what is not said.
    let bare = given(&[], r#"{"version":"1"}"#);
    let version = |part: &TakenPart| *part != TakenPart::Version;
    let taken: Vec<_> = TakenPart::ALL.into_iter().filter(version).collect();
    assert_eq!(next.followed(None, &bare), taken);
    assert_eq!(
        description().followed(None, &given(&TakenPart::ALL, "{}")),
        []
    );
}

#[test]
fn a_licence_goes_with_its_package() {
    let had = description();
    let before = given(&[TakenPart::Description], r#"{"alias":"x"}"#);
    assert_eq!(before.description(), "- Licence: CC-BY-SA 4.0");
    let mut next = description();
    let taken = |next: &Description, before: &ModelDefinition| {
        let mut after = before.clone();
        let parts = next.followed(Some(&had), before);
        next.give(&parts, Some(&had), &mut after);
        after.description()
    };
    next.licence = Some("MIT".to_owned());
    assert_eq!(taken(&next, &before), "- Licence: MIT");
    next.licence = None;
    assert_eq!(taken(&next, &before), "");
    for mine in [r#""See the wiki.""#, r#"["See the wiki."]"#] {
        let text = format!(r#"{{"description":{mine},"alias":7}}"#);
        let mine = given(&[], &text);
        assert_eq!(taken(&next, &mine), mine.description());
        assert!(
            !description()
                .followed(None, &mine)
                .contains(&TakenPart::Alias)
        );
    }
    // A package that nobody knows has none either.
    assert_eq!(taken(&Description::default(), &before), "");
}

#[test]
fn a_version_goes_with_its_package() {
    let had = description();
    let mut next = description();
    next.version = None;
    let taken = |before: &str, parts: &[TakenPart]| {
        let before = given(parts, before);
        let mut after = before.clone();
        next.give(&next.followed(Some(&had), &before), Some(&had), &mut after);
        after
    };
    let gone = taken(
        r#"{"inference_information":{"version":"1"}}"#,
        &[TakenPart::Version],
    );
    assert_eq!(gone.version(), "");
    assert_eq!(taken(r#"{"version":"my own"}"#, &[]).version(), "my own");
}

#[test]
fn a_package_of_no_known_framework_takes_nothing() {
    let before = given(&[TakenPart::Inference], "{}");
    let followed = Description::default().followed(Some(&description()), &before);
    assert_eq!(followed, []);
}

#[test]
fn networks_and_folds_go_that_the_next_package_does_not_have() {
    let before = given(
        &[TakenPart::Inference],
        r#"{"inference_information":{"mine":1}}"#,
    );
    let with = |networks: &str| -> Description {
        let text = format!(r#"{{"framework":"nnU-Net","networks":[{networks}]}}"#);
        serde_json::from_str(&text).unwrap()
    };
    let taken = |next: &Description| {
        let had = description();
        let parts = next.followed(Some(&had), &before);
        let mut after = before.clone();
        next.give(&parts, Some(&had), &mut after);
        said_information(&after)
    };
    // No network at all, or none with a fold that is whole; what is of the images stays.
    let gone = taken(&with(""));
    assert_eq!(gone.get("folds"), None);
    assert_eq!(gone.get("configuration"), None);
    assert_eq!(
        (gone.get("mine"), gone.get("channel_names")),
        (Some("1"), Some(r#"{"0":"CT"}"#))
    );
    let other = r#"{"configuration":"3d_fullres","folds":[{"name":"0","complete":false}]}"#;
    let gone = taken(&with(other));
    assert_eq!(
        (gone.get("folds"), gone.get("configuration")),
        (None, Some(r#""3d_fullres""#))
    );
    // Of several networks that is still one.
    let more = r#"{"configuration":"2d"},{"configuration":"3d_fullres","folds":[{"name":"0","complete":true}]}"#;
    let kept = taken(&with(more));
    assert_eq!(
        (kept.get("folds"), kept.get("configuration")),
        (Some("[0]"), Some(r#""3d_fullres""#))
    );
}

#[test]
fn what_is_no_object_is_not_replaced_unless_it_is_asked_for() {
    let text =
        r#"{"inference_information":"see the wiki","version":"2.1","contour_names":{"1":"x"}}"#;
    let before = given(&[TakenPart::Alias, TakenPart::Description], text);
    assert_eq!(description().followed(None, &before), []);
    let after = given(&[TakenPart::Inference], text);
    assert_eq!(said_information(&after).get("folds"), Some("[0]"));
}

#[test]
fn what_the_package_does_not_tell_stays_as_it_is() {
    let text = r#"{"version":"1","contour_names":{"1":"liver"}}"#;
    let read = ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins);
    let mut definition = read.unwrap();
    Description::new("Abacus").give(&TakenPart::ALL, None, &mut definition);
    assert_eq!(definition.as_object().to_string(), text);
}

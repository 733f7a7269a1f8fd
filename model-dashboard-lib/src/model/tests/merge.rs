//! What two people made of the same state, put together again.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::definition;
use crate::model::{Comparison, Entry, LabelNumber, Merge, Outcome, Overlap, merge_texts};

type List = Vec<(u8, u8)>;

/// Entries with few different keys, so that two lists meet.
fn list() -> impl Strategy<Value = List> {
    vec((0_u8..8, 0_u8..3), 0..8).prop_map(|mut list| {
        let mut seen = HashSet::new();
        list.retain(|(key, _)| seen.insert(*key));
        list
    })
}

fn merged(merge: &Merge<u8, u8>) -> List {
    merge.merged().map(|(key, value)| (*key, *value)).collect()
}

fn get(list: &List, key: u8) -> Option<u8> {
    let found = list.iter().find(|(other, _)| *other == key);
    found.map(|(_, value)| *value)
}

fn in_order(list: &List, of: &List) -> List {
    let of = of.iter().filter(|(key, _)| get(list, *key).is_some());
    of.copied().collect()
}

proptest! {
    #[test]
    fn where_nothing_clashes_it_does_not_matter_whose_is_whose(
        before in list(), one in list(), other in list(),
    ) {
        let there = Merge::of(Some(&before), &one, &other);
        let back = Merge::of(Some(&before), &other, &one);
        let (Some(there), Some(back)) = (&there, &back) else {
            prop_assert!(there.is_none() && back.is_none());
            return Ok(());
        };
        prop_assert_eq!(there.clashes().count(), back.clashes().count());
        if there.clashes().next().is_none() {
            prop_assert_eq!(merged(there), merged(back));
        }
    }

    #[test]
    fn no_edit_of_either_side_is_lost(before in list(), yours in list(), theirs in list()) {
        let Some(merge) = Merge::of(Some(&before), &yours, &theirs) else { return Ok(()) };
        let keys: HashSet<u8> = merge.entries.iter().map(|entry| entry.key).collect();
        prop_assert_eq!(keys.len(), merge.entries.len());
        let result = merged(&merge);
        for key in 0_u8..8 {
            let states = [&before, &yours, &theirs].map(|list| get(list, key));
            let [was, mine, other] = states;
            let is_clash = merge.clashes().any(|clash| clash.key == key);
            prop_assert_eq!(is_clash, mine != was && other != was && mine != other);
            if mine != was && !is_clash {
                prop_assert_eq!(get(&result, key), mine);
            }
            if other != was && !is_clash {
                prop_assert_eq!(get(&result, key), other);
            }
            if states.iter().any(Option::is_some) {
                prop_assert!(keys.contains(&key));
            }
        }
    }

    #[test]
    fn what_only_one_changed_becomes_what_they_left_order_included(before in list(), side in list()) {
        for (yours, theirs) in [(&side, &before), (&before, &side), (&side, &side)] {
            let merge = Merge::of(Some(&before), yours, theirs).unwrap();
            prop_assert_eq!(&merged(&merge), &side);
            prop_assert!(merge.clashes().next().is_none());
        }
    }

    #[test]
    fn an_order_that_one_of_them_changed_is_kept(
        before in list(), kept in vec(any::<prop::sample::Index>(), 0..4), values in list(),
    ) {
        // One brings all in another order, the other changes values and keeps the order.
        let mut yours = before.clone();
        for index in kept.iter().filter(|_| !before.is_empty()) {
            let entry = yours.remove(index.index(before.len()));
            yours.push(entry);
        }
        let theirs: List = before.iter().map(|(key, value)| (*key, get(&values, *key).unwrap_or(*value))).collect();
        let merge = Merge::of(Some(&before), &yours, &theirs).unwrap();
        let keys = |list: &List| list.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        prop_assert_eq!(keys(&merged(&merge)), keys(&yours));
        prop_assert_eq!(in_order(&theirs, &yours).len(), before.len());
    }

    #[test]
    fn of_an_unknown_state_whatever_differs_is_asked(yours in list(), theirs in list()) {
        let Some(merge) = Merge::of(None, &yours, &theirs) else { return Ok(()) };
        for Entry { yours, theirs, outcome, .. } in &merge.entries {
            prop_assert_eq!(*outcome == Outcome::Clash, yours != theirs);
        }
    }
}

/// Few different lines, so that two texts meet.
fn text() -> impl Strategy<Value = String> {
    vec("[a-d]?", 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn of_a_text_that_one_changed_theirs_is_left_and_of_two_it_does_not_matter_whose(
        before in text(), one in text(), other in text(),
    ) {
        for (yours, theirs) in [(&one, &before), (&before, &one), (&one, &one)] {
            let merged = merge_texts(&before, yours, theirs);
            prop_assert_eq!(merged.as_ref(), Some(&one));
        }
        let merged = merge_texts(&before, &one, &other);
        prop_assert_eq!(&merged, &merge_texts(&before, &other, &one));
        let has = |text: &str, line: &str| text.split('\n').any(|it| it == line);
        for line in ["a", "b", "c", "d", ""].iter().filter(|line| !has(&before, line)) {
            let Some(merged) = &merged else { break };
            prop_assert_eq!(has(merged, line), has(&one, line) || has(&other, line));
        }
    }
}

#[test]
fn paragraphs_that_two_people_changed_are_put_together() {
    let before = "# Total\n\n104 structures.\n\nTrained on 1204 cases.\n\nSee the paper.\n";
    let yours = before.replace("1204", "1228");
    let theirs = before.replace("See the paper.", "See the paper of 2023.") + "\nMore.\n";
    let both = theirs.replace("1204", "1228");
    assert_eq!(merge_texts(before, &yours, &theirs), Some(both));
    let other = before.replace("1204 cases", "1204 cases of one centre");
    assert_eq!(merge_texts(before, &yours, &other), None);
    // Without a line between them that both kept.
    assert_eq!(merge_texts("a\nb", "A\nb", "a\nB"), None);
    assert_eq!(merge_texts("a", "a\nb", "a\nc"), None);
    let long = |word: &str| {
        (0..1500)
            .map(|n| format!("{word}{n}\n"))
            .collect::<String>()
    };
    assert_eq!(
        merge_texts(&long("a"), &long("b"), &long("a")),
        Some(long("b"))
    );
    assert_eq!(merge_texts(&long("a"), &long("b"), &long("c")), None);
}

#[test]
fn additions_stand_where_they_were_put() {
    let list = |keys: &[u8]| keys.iter().map(|key| (*key, 0)).collect::<List>();
    let keys = |before: &[u8], yours: &[u8], theirs: &[u8]| {
        let merge = Merge::of(Some(&list(before)), &list(yours), &list(theirs))?;
        Some(merge.merged().map(|(key, _)| *key).collect::<Vec<_>>())
    };
    let before = [1, 2, 3];
    let expected = Some(vec![0, 1, 7, 2, 3, 8, 9]);
    assert_eq!(keys(&before, &[1, 7, 2, 3, 9], &[0, 1, 2, 3, 8]), expected);
    // One moves, the other adds and removes.
    let expected = Some(vec![3, 1, 9]);
    assert_eq!(keys(&before, &[3, 1, 2], &[1, 9, 3]), expected);
    // Each another way.
    assert_eq!(keys(&before, &[3, 1, 2], &[2, 1, 3]), None);
}

#[test]
fn two_changes_meet_in_fields_members_and_labels() {
    let before = definition(
        r#"{"alias":"a","version":"1","contour_names":{"1":"liver","2":"spleen","3":"kidney"},
            "inference_information":{"spacing":1,"args":{"a":1,"b":1}}}"#,
    );
    let change = |patch: &str| {
        let mut after = before.clone();
        after.merge_patch(&super::object(patch));
        Comparison::between(&before, &after)
    };
    let overlap = |one: &str, other: &str| {
        let found = Overlap::of(&change(one), &change(other));
        let labels = found.labels.iter().map(|number| number.get());
        (found.fields.clone(), labels.collect::<Vec<_>>())
    };
    let none = (Vec::new(), Vec::new());
    let fields = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        (names.collect::<Vec<_>>(), Vec::new())
    };
    assert_eq!(overlap(r#"{"alias":"b"}"#, r#"{"version":"2"}"#), none);
    assert_eq!(overlap(r#"{"alias":"b"}"#, r#"{"alias":"b"}"#), none);
    let clash = overlap(r#"{"alias":"b","version":"2"}"#, r#"{"alias":"c"}"#);
    assert_eq!(clash, fields(&["alias"]));
    let labels = overlap(
        r#"{"contour_names":{"1":"Liver","2":"aorta"}}"#,
        r#"{"contour_names":{"2":"vessel","3":"Kidney","4":"new"}}"#,
    );
    assert_eq!(labels, (Vec::new(), vec![2]));
    let inner = r#"{"inference_information":{"args":{"a":2}}}"#;
    let other = r#"{"inference_information":{"args":{"b":2},"spacing":2}}"#;
    assert_eq!(overlap(inner, other), none);
    let whole = r#"{"inference_information":null}"#;
    let part = fields(&["inference_information.args.a"]);
    assert_eq!(overlap(inner, whole), part);
    assert_eq!(overlap(whole, inner), part);
    let renamed = r#"{"contour_names":{"1":"Liver"}}"#;
    // Labels that cannot be read are members like others.
    let unread = r#"{"contour_names":{"x":"y"}}"#;
    assert_eq!(overlap(unread, renamed), none);
    let unread = r#"{"contour_names":{"1":["aorta",2]}}"#;
    assert_eq!(overlap(renamed, unread), fields(&["contour_names.1"]));
    let none_any_more = r#"{"contour_names":[]}"#;
    assert_eq!(overlap(none_any_more, renamed), fields(&["contour_names"]));
    let found = Overlap::of(&change(renamed), &change(r#"{"contour_names":{"1":"x"}}"#));
    assert_eq!(found.labels, [LabelNumber::new(1)]);
    assert!(!found.is_empty());
}

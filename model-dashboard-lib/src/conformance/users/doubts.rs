//! Doubts about what sources say of their people.

use std::collections::BTreeSet;

use super::*;
use crate::auth::LeavingDoubt;

fn ldap() -> Source {
    Source::parse(Source::LDAP).unwrap()
}

fn doubt(micros: i64, subjects: &[&str], asked: usize) -> LeavingDoubt {
    LeavingDoubt {
        since: at(micros),
        left: subjects.iter().map(|one| (*one).into()).collect(),
        asked,
    }
}

/// Each source has its own.
pub async fn a_doubt_lasts_until_it_is_ended(store: &impl UserStore) {
    let other = Source::parse("ldap2").unwrap();
    assert_eq!(store.doubt(&ldap()).await.unwrap(), None);
    let opened = doubt(1, &["b", "a", "\"Ünal\""], 4);
    let set = store.set_doubt(&ldap(), None, Some(&opened)).await;
    assert!(set.unwrap());
    assert_eq!(store.doubt(&ldap()).await.unwrap().as_ref(), Some(&opened));
    assert_eq!(store.doubt(&other).await.unwrap(), None);
    let changed = doubt(1, &["a"], 5);
    let set = store
        .set_doubt(&ldap(), Some(&opened), Some(&changed))
        .await;
    assert!(set.unwrap());
    assert_eq!(store.doubt(&ldap()).await.unwrap().as_ref(), Some(&changed));
    assert!(
        store
            .set_doubt(&ldap(), Some(&changed), None)
            .await
            .unwrap()
    );
    assert_eq!(store.doubt(&ldap()).await.unwrap(), None);
    assert!(store.set_doubt(&ldap(), None, None).await.unwrap());
}

/// What somebody else decided meanwhile stays.
pub async fn a_doubt_is_changed_only_by_who_knows_it(store: &impl UserStore) {
    let (opened, other) = (doubt(1, &["a"], 1), doubt(2, &["a"], 1));
    let set = async |before: Option<&LeavingDoubt>, now: Option<&LeavingDoubt>| {
        store.set_doubt(&ldap(), before, now).await.unwrap()
    };
    assert!(!set(Some(&opened), None).await);
    assert!(set(None, Some(&opened)).await);
    assert!(!set(None, Some(&other)).await);
    assert!(!set(None, None).await);
    assert!(!set(Some(&other), Some(&other)).await);
    let many: BTreeSet<_> = (0..10_000).map(|n| format!("{n:032}").into()).collect();
    let many = LeavingDoubt {
        left: many,
        ..opened.clone()
    };
    assert!(!set(Some(&many), None).await);
    assert_eq!(store.doubt(&ldap()).await.unwrap().as_ref(), Some(&opened));
    assert!(set(Some(&opened), Some(&many)).await);
    assert_eq!(store.doubt(&ldap()).await.unwrap(), Some(many));
}

//! What every [`AuditLog`] must do. (That a chain shows tampering is for each backend to prove by
//! tampering with what it stores.)
//!
//! ```ignore
//! // One test per case; each gets a fresh, empty log, and keeps what comes with it.
//! model_dashboard::audit_log_conformance!(async { (MyLog::fresh().await, ()) }.await);
//! ```

use futures::future::join_all;

use crate::audit::{Action, AuditLog, ChainState, Event, EventFilter, EventPage, NewEvent};
use crate::model::Timestamp;

/// Makes one `#[tokio::test]` of every case of the suite. The argument is an expression, which may
/// await, that gives a fresh, empty log and whatever has to live as long as it does (a temporary
/// folder, or `()`).
#[macro_export]
macro_rules! audit_log_conformance {
    ($fresh:expr) => {
        $crate::audit_log_conformance! { @cases $fresh;
            an_empty_log_is_intact
            events_are_numbered_and_read_back
            an_action_of_a_newer_program_is_kept
            a_batch_is_appended_in_order
            appending_nothing_changes_nothing
            equal_events_have_different_digests
            events_of_many_writers_make_one_chain
            the_newest_come_first_and_pages_go_on
            a_feed_goes_on_above_a_number
            an_action_filter_takes_names_and_groups
            actors_are_found_by_id_and_by_name
            accounts_of_one_name_are_told_apart_by_their_source
            what_nobody_did_is_found_by_what_is_said_of_it
            targets_are_found_exactly
            times_are_from_and_before
            filters_work_together
            an_answer_has_at_most_1000
        }
    };
    (@cases $fresh:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let (store, _keep) = $fresh;
            $crate::conformance::audit::$case(&store).await;
        }
    )*};
}

const NEWEST: EventPage = EventPage::Newest { before: None };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_000_001 + seconds * 1_000_000)
}

fn new_event(number: i64) -> NewEvent {
    NewEvent {
        at: at(number),
        actor: "local:1".into(),
        actor_name: "mkeller".into(),
        via: "api".into(),
        from: "192.0.2.1".into(),
        request_id: format!("request-{number}"),
        action: Action::ModelUpdate,
        target: "model:nnUNet/Task055".into(),
        revision: None,
        reason: String::new(),
        detail: String::new(),
    }
}

fn seqs(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

async fn fill(log: &impl AuditLog, events: impl IntoIterator<Item = NewEvent>) -> Vec<Event> {
    let events: Vec<_> = events.into_iter().collect();
    log.append(&events).await.unwrap()
}

async fn matching(log: &impl AuditLog, filter: EventFilter) -> Vec<u64> {
    seqs(
        &log.events(&filter, EventPage::After(0), 1_000)
            .await
            .unwrap(),
    )
}

/// Without a head.
pub async fn an_empty_log_is_intact(log: &impl AuditLog) {
    assert_eq!(
        log.verify().await.unwrap(),
        ChainState::Intact {
            events: 0,
            head: None
        }
    );
    assert_eq!(
        log.events(&EventFilter::default(), NEWEST, 10)
            .await
            .unwrap(),
        vec![]
    );
    assert_eq!(log.event(0).await.unwrap(), None);
    assert_eq!(log.event(1).await.unwrap(), None);
}

/// From 1, without a gap; every field comes back as it was.
pub async fn events_are_numbered_and_read_back(log: &impl AuditLog) {
    let full = NewEvent {
        at: at(-1_800_000_000),
        actor: "ldap:uuid'; --".into(),
        actor_name: "Ünal \"the\" O'Brien".into(),
        via: "dashboard".into(),
        from: "2001:db8::1".into(),
        request_id: "01J".into(),
        action: Action::ModelEnable,
        target: "model:nnUNet/Task 055".into(),
        revision: Some(u64::MAX),
        reason: "line\nbreak\u{0}🩻".into(),
        detail: "enabled: false → true".into(),
    };
    for (number, new) in [new_event(1), full, new_event(3)].into_iter().enumerate() {
        let written = fill(log, [new.clone()]).await;
        let [event] = &written[..] else {
            panic!("one event, not {written:?}")
        };
        assert_eq!((event.seq, &event.event), (number as u64 + 1, &new));
        assert_eq!(event.digest.len(), 64);
        assert_eq!(log.event(event.seq).await.unwrap().as_ref(), Some(event));
    }
    assert_eq!(log.event(4).await.unwrap(), None);
    assert_eq!(log.event(u64::MAX).await.unwrap(), None);
}

/// Its name stays.
pub async fn an_action_of_a_newer_program_is_kept(log: &impl AuditLog) {
    let action = Action::from_name("model.teleport");
    fill(
        log,
        [NewEvent {
            action: action.clone(),
            ..new_event(1)
        }],
    )
    .await;
    assert_eq!(
        log.event(1).await.unwrap().expect("the event").event.action,
        action
    );
    assert!(matches!(
        log.verify().await.unwrap(),
        ChainState::Intact { events: 1, .. }
    ));
}

/// And the head is the last of it.
pub async fn a_batch_is_appended_in_order(log: &impl AuditLog) {
    let events: Vec<_> = (0..5).map(new_event).collect();
    let written = fill(log, events.clone()).await;
    assert_eq!(seqs(&written), [1, 2, 3, 4, 5]);
    assert!(written.iter().map(|event| &event.event).eq(&events));
    let last = written.last().expect("the last");
    let head = Some((5, last.digest.clone()));
    assert_eq!(
        log.verify().await.unwrap(),
        ChainState::Intact { events: 5, head }
    );
}

/// Not the chain either.
pub async fn appending_nothing_changes_nothing(log: &impl AuditLog) {
    assert_eq!(fill(log, []).await, vec![]);
    fill(log, [new_event(1)]).await;
    assert_eq!(fill(log, []).await, vec![]);
    assert!(matches!(
        log.verify().await.unwrap(),
        ChainState::Intact { events: 1, .. }
    ));
}

/// Each covers the one before.
pub async fn equal_events_have_different_digests(log: &impl AuditLog) {
    let written = fill(log, [new_event(1), new_event(1)]).await;
    assert_ne!(written[0].digest, written[1].digest);
}

/// Numbers without a gap, no event lost, the batches whole.
pub async fn events_of_many_writers_make_one_chain(log: &impl AuditLog) {
    let writers = (0..20).map(|writer| fill(log, (0..3).map(move |n| new_event(writer * 10 + n))));
    for written in join_all(writers).await {
        let first = written[0].seq;
        assert_eq!(seqs(&written), [first, first + 1, first + 2]);
    }
    assert!(matches!(
        log.verify().await.unwrap(),
        ChainState::Intact { events: 60, .. }
    ));
    let all = log
        .events(&EventFilter::default(), EventPage::After(0), 100)
        .await
        .unwrap();
    assert_eq!(seqs(&all), (1..=60).collect::<Vec<_>>());
}

/// Below the number that is given.
pub async fn the_newest_come_first_and_pages_go_on(log: &impl AuditLog) {
    fill(log, (1..=7).map(new_event)).await;
    let page = async |before, limit| {
        let page = EventPage::Newest { before };
        seqs(
            &log.events(&EventFilter::default(), page, limit)
                .await
                .unwrap(),
        )
    };
    assert_eq!(page(None, 3).await, [7, 6, 5]);
    assert_eq!(page(Some(5), 3).await, [4, 3, 2]);
    assert_eq!(page(Some(2), 3).await, [1]);
    assert_eq!(page(Some(1), 3).await, [0; 0]);
    assert_eq!(page(Some(u64::MAX), 1).await, [7]);
    assert_eq!(page(None, 0).await, [0; 0]);
}

/// Oldest first, and nothing above the newest.
pub async fn a_feed_goes_on_above_a_number(log: &impl AuditLog) {
    fill(log, (1..=5).map(new_event)).await;
    let feed = async |after, limit| {
        let page = EventPage::After(after);
        seqs(
            &log.events(&EventFilter::default(), page, limit)
                .await
                .unwrap(),
        )
    };
    assert_eq!(feed(0, 2).await, [1, 2]);
    assert_eq!(feed(2, 10).await, [3, 4, 5]);
    assert_eq!(feed(5, 10).await, [0; 0]);
    assert_eq!(feed(u64::MAX, 10).await, [0; 0]);
}

/// A name that ends in a point stands for all below it, any other for itself.
pub async fn an_action_filter_takes_names_and_groups(log: &impl AuditLog) {
    let actions = [
        "sign-in",
        "sign-in.refused",
        "model.create",
        "model.enable",
        "modelx",
    ];
    let events = actions.map(|name| NewEvent {
        action: Action::from_name(name),
        ..new_event(1)
    });
    fill(log, events).await;
    let with = async |names: &[&str]| {
        let actions = names.iter().map(|name| (*name).to_owned()).collect();
        matching(
            log,
            EventFilter {
                actions,
                ..EventFilter::default()
            },
        )
        .await
    };
    assert_eq!(with(&[]).await, [1, 2, 3, 4, 5]);
    assert_eq!(with(&["sign-in"]).await, [1]);
    assert_eq!(with(&["sign-in."]).await, [2]);
    assert_eq!(with(&["model."]).await, [3, 4]);
    assert_eq!(with(&["model.", "sign-in"]).await, [1, 3, 4]);
    assert_eq!(with(&["%", "model_", "_odel."]).await, [0; 0]);
}

/// Exactly, not in part.
pub async fn actors_are_found_by_id_and_by_name(log: &impl AuditLog) {
    let by = |actor: &str, name: &str| NewEvent {
        actor: actor.into(),
        actor_name: name.into(),
        ..new_event(1)
    };
    fill(
        log,
        [
            by("local:1", "ann"),
            by("local:11", "ann"),
            by("", "ghost"),
            by("ldap:1", "bea"),
        ],
    )
    .await;
    let with = async |actor: &str| {
        matching(
            log,
            EventFilter {
                actor: Some(actor.into()),
                ..EventFilter::default()
            },
        )
        .await
    };
    assert_eq!(with("local:1").await, [1]);
    assert_eq!(with("ann").await, [1, 2]);
    assert_eq!(with("bea").await, [4]);
    assert_eq!(with("b").await, [0; 0]);
}

/// Two sources may each have somebody of one name.
pub async fn accounts_of_one_name_are_told_apart_by_their_source(log: &impl AuditLog) {
    let by = |actor: &str, name: &str, target: &str| NewEvent {
        actor: actor.into(),
        actor_name: name.into(),
        target: target.into(),
        ..new_event(1)
    };
    let events = [
        by("local:1", "ann", "token:1"),
        by("ldap:7f", "ann", "token:2"),
        by("ldap2:7f", "ann", "token:3"),
        // A refused sign-in is by nobody.
        by("", "ann", "source:ldap"),
        by("", "", "source:ldap"),
        by("", "", "token:1"),
    ];
    fill(log, events).await;
    for (actor, source, found) in [
        (Some("ann"), "ldap", vec![2, 4]),
        (Some("ann"), "local", vec![1]),
        (Some("ldap:7f"), "ldap", vec![2]),
        (None, "ldap", vec![2, 4]),
        (None, "ld", vec![]),
        (None, "", vec![]),
    ] {
        let filter = EventFilter {
            actor: actor.map(str::to_owned),
            source: Some(source.to_owned()),
            ..EventFilter::default()
        };
        assert_eq!(matching(log, filter).await, found, "{actor:?} of {source}");
    }
}

/// By what is said of events of nobody who is known.
pub async fn what_nobody_did_is_found_by_what_is_said_of_it(log: &impl AuditLog) {
    let by = |name: &str, via: &str| NewEvent {
        actor: String::new(),
        actor_name: name.into(),
        via: via.into(),
        ..new_event(1)
    };
    let events = [
        by("", "server"),
        by("", "dashboard"),
        by("ann", "server"),
        by("", "store"),
    ];
    fill(log, events).await;
    for (who, found) in [
        ("the server", vec![1]),
        ("unknown", vec![2]),
        ("another program", vec![4]),
        ("server", vec![]),
    ] {
        let filter = EventFilter {
            actor: Some(who.into()),
            ..EventFilter::default()
        };
        assert_eq!(matching(log, filter).await, found, "{who}");
    }
}

/// Not in part either.
pub async fn targets_are_found_exactly(log: &impl AuditLog) {
    let on = |target: &str| NewEvent {
        target: target.into(),
        ..new_event(1)
    };
    fill(log, [on("token:1"), on("token:17"), on("token:1")]).await;
    let filter = EventFilter {
        target: Some("token:1".into()),
        ..EventFilter::default()
    };
    assert_eq!(matching(log, filter).await, [1, 3]);
}

/// To the microsecond.
pub async fn times_are_from_and_before(log: &impl AuditLog) {
    fill(log, (1..=4).map(new_event)).await;
    let between = async |since, until| {
        matching(
            log,
            EventFilter {
                since,
                until,
                ..EventFilter::default()
            },
        )
        .await
    };
    assert_eq!(between(Some(at(2)), None).await, [2, 3, 4]);
    assert_eq!(between(None, Some(at(2))).await, [1]);
    assert_eq!(between(Some(at(2)), Some(at(4))).await, [2, 3]);
    let after = Timestamp::from_unix_micros(at(2).unix_micros() + 1);
    assert_eq!(between(Some(after), None).await, [3, 4]);
    assert_eq!(between(None, Some(after)).await, [1, 2]);
}

/// An event must meet all, and a page counts only those that do.
pub async fn filters_work_together(log: &impl AuditLog) {
    let events = (1..=12).map(|number| NewEvent {
        actor_name: if number % 2 == 0 {
            "even".into()
        } else {
            "odd".into()
        },
        action: if number % 3 == 0 {
            Action::ModelEnable
        } else {
            Action::TokenCreate
        },
        ..new_event(number)
    });
    fill(log, events).await;
    let filter = EventFilter {
        actions: vec!["token.create".into(), "user.".into()],
        actor: Some("even".into()),
        source: None,
        target: Some("model:nnUNet/Task055".into()),
        since: Some(at(3)),
        until: Some(at(11)),
    };
    assert_eq!(matching(log, filter.clone()).await, [4, 8, 10]);
    let page = EventPage::Newest { before: Some(10) };
    assert_eq!(seqs(&log.events(&filter, page, 2).await.unwrap()), [8, 4]);
    assert_eq!(seqs(&log.events(&filter, NEWEST, 1).await.unwrap()), [10]);
}

/// Whatever limit is asked for.
pub async fn an_answer_has_at_most_1000(log: &impl AuditLog) {
    fill(log, (1..=1_003).map(new_event)).await;
    let all = log
        .events(&EventFilter::default(), NEWEST, usize::MAX)
        .await
        .unwrap();
    assert_eq!((all.len(), all[0].seq), (1_000, 1_003));
}

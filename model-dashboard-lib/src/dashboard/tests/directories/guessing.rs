//! Guesses at passwords of people whom a directory finds by several names.

use super::*;
use crate::dashboard::tests::signing_in::PASSWORD;

/// Names by which the directory finds `bo`.
const NAMES: [&str; 5] = ["bo-name", "CORP\\bo", "bo@corp.example", "bó-name", "b.o"];

async fn clinic() -> (Arc<Staff>, World) {
    let staff = Staff::new(true);
    staff.hire("bo");
    for name in &NAMES[1..] {
        staff.answers_to("bo", name, None);
    }
    let world = world(&staff).await;
    (staff, world)
}

fn passwords(staff: &Staff) -> u32 {
    staff.passwords.load(Ordering::SeqCst)
}

#[tokio::test]
async fn several_names_of_one_person_bring_no_more_guesses_and_tell_nothing() {
    let (staff, world) = clinic().await;
    for name in NAMES.iter().chain(&NAMES) {
        // As somebody whom nobody is called.
        let refused = world.sign_in_with(&staff, name, WRONG).await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused, "{name}");
    }
    assert_eq!(passwords(&staff), 3);
    let event = world.last_event().await;
    assert!(event.detail.contains("not checked"), "{event:?}");
    assert_eq!(event.actor_name, "b.o");
    // Nor is the right one tried there before it is time.
    let refused = world.sign_in_at(&staff, NAMES[1]).await;
    assert_eq!(reason(refused), Unauthenticated::SignInRefused);
    assert_eq!(passwords(&staff), 3);
    let elsewhere = SignIn {
        source: Some(staff.source.clone()),
        ..typed(NAMES[0], "any")
    };
    let elsewhere = world.dashboard.sign_in(elsewhere, request("192.0.2.9"));
    elsewhere.await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_told_by_the_name_of_the_account_however_it_was_typed() {
    let (staff, world) = clinic().await;
    world.known(&staff.hire("bo"), HOUR).await;
    for (typed, told) in [
        ("BO-NAME", "wrong password"),
        ("CORP\\bo", "wrong password; typed as CORP\\bo"),
    ] {
        let refused = world.sign_in_with(&staff, typed, WRONG).await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused);
        let event = world.last_event().await;
        assert_eq!((&*event.actor_name, &*event.detail), ("bo-name", told));
    }
}

#[tokio::test]
async fn guesses_under_other_names_leave_the_owners_browser_alone() {
    let (staff, world) = clinic().await;
    let signed_in = world.sign_in_at(&staff, NAMES[0]).await.unwrap();
    for name in &NAMES {
        let wrong = world.sign_in_with(&staff, name, WRONG).await;
        assert_eq!(reason(wrong), Unauthenticated::SignInRefused);
    }
    for name in NAMES {
        let own = SignIn {
            source: Some(staff.source.clone()),
            browser: Some(signed_in.browser.clone()),
            ..typed(name, "any")
        };
        let own = world.dashboard.sign_in(own, request("192.0.2.1")).await;
        assert_eq!(own.unwrap().user.id, signed_in.user.id, "{name}");
    }
}

#[tokio::test]
async fn a_password_that_was_sent_to_a_directory_that_says_nothing_counts() {
    let (staff, world) = clinic().await;
    staff.is_dumb.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let unanswered = world.sign_in_at(&staff, NAMES[0]).await;
        assert!(matches!(unanswered, Err(Error::Unavailable { .. })));
    }
    let early = world.sign_in_at(&staff, NAMES[0]).await;
    assert!(matches!(early, Err(Error::TooManyAttempts { .. })));
    let by_another = world.sign_in_at(&staff, NAMES[1]).await;
    assert_eq!(reason(by_another), Unauthenticated::SignInRefused);
    assert_eq!(passwords(&staff), 3);
}

#[tokio::test]
async fn attempts_at_a_directory_that_is_away_are_bounded_and_delay_no_local_account() {
    let (staff, world) = clinic().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    staff.leave_alone(true);
    let mut unanswered = 0;
    for n in 0..100 {
        match world.sign_in_at(&staff, &format!("name-{n}")).await {
            Err(Error::Unavailable { .. }) => unanswered += 1,
            Err(Error::TooManyAttempts { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    // One more for each two seconds that this took.
    assert!((20..40).contains(&unanswered), "{unanswered}");
    let local = SignIn {
        source: Some(Source::local()),
        ..typed("ana", PASSWORD)
    };
    let local = world.dashboard.sign_in(local, request("192.0.2.1")).await;
    local.unwrap();
}

//! Guesses at passwords: what they cost, whom they delay, and whom not.

use super::signing_in::{PASSWORD, typed};
use super::*;
use crate::auth::UserChange;

#[tokio::test]
async fn unknown_names_cost_the_work_of_a_wrong_password() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let gone = world.with_password("gone", Role::Viewer, PASSWORD).await;
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    world.store.update_user(&gone.id, off).await.unwrap();
    let names = ["ana", "gone", "nobody"];
    // Whoever was answered without the work would not notice that there is no place for it.
    let full = world.dashboard.inner.hasher.fill();
    for name in names {
        let busy = world.sign_in(name, "wrong password", "192.0.2.1").await;
        assert!(matches!(busy, Err(Error::Busy { .. })), "{name}: {busy:?}");
    }
    drop(full);
    for name in names {
        let refused = world.sign_in(name, "wrong password", "192.0.2.1").await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused, "{name}");
    }
}

#[tokio::test]
async fn ten_thousand_guesses_do_not_lock_the_owner_out_elsewhere() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let mut checked = 0;
    for n in 0..10_000u32 {
        let guess = format!("guess number {n}");
        let from = format!("198.51.100.{}", n % 4);
        match world.sign_in("ana", &guess, &from).await {
            Err(Error::TooManyAttempts { retry_after }) => assert!(!retry_after.is_zero()),
            Err(Error::Unauthenticated { .. }) => checked += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(checked < 60, "{checked} of 10,000 guesses were checked");
    // Each that was checked is told of, and of the others a few for each address.
    let refusals = world.count(Action::SignInRefused).await - checked;
    assert!((4..40).contains(&refusals), "{refusals}");
    let events = world.events().await;
    let early = events
        .iter()
        .filter(|e| e.event.detail.contains("not checked"));
    assert_eq!(early.count(), refusals);
    assert!(world.sign_in("ana", PASSWORD, "203.0.113.9").await.is_ok());
}

#[tokio::test]
async fn a_guess_leaves_a_trace_even_if_nobody_waits_for_the_answer() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let mut guess = Box::pin(world.sign_in("ana", "wrong password", "192.0.2.1"));
    assert!(futures::poll!(&mut guess).is_pending());
    drop(guess);
    while world.count(Action::SignInRefused).await == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_sign_ins_at_once_are_busy_and_not_many_threads() {
    let world = World::new().await;
    for n in 0..200 {
        let hash = PasswordHash::unusable();
        world.account(&format!("user{n}"), Role::Viewer, hash).await;
    }
    let all = (0..200).map(|n| {
        let (name, from) = (format!("user{n}"), format!("192.0.2.{n}"));
        let dashboard = world.dashboard.clone();
        tokio::spawn(async move { dashboard.sign_in(typed(&name, "x"), request(&from)).await })
    });
    let mut busy = 0;
    for one in futures::future::join_all(all).await {
        match one.unwrap() {
            Err(Error::Busy { retry_after }) => busy += u32::from(!retry_after.is_zero()),
            Err(Error::Unauthenticated { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(busy >= 200 - 64, "{busy}");
    // Who was turned away was not counted as wrong.
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    assert!(world.sign_in("ana", PASSWORD, "192.0.2.1").await.is_ok());
}

#[tokio::test]
async fn guesses_at_an_address_do_not_delay_the_owners_browser_there() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let proxy = "192.0.2.1";
    let first = world.sign_in("ana", PASSWORD, proxy).await.unwrap();
    for _ in 0..3 {
        let wrong = world.sign_in("ana", "wrong password", proxy).await;
        assert_eq!(reason(wrong), Unauthenticated::SignInRefused);
    }
    let from = |browser: &str| SignIn {
        browser: Some(browser.to_owned()),
        ..typed("ana", PASSWORD)
    };
    let other = SessionSecret::generate().unwrap().expose();
    for unknown in ["", "x", &other] {
        let early = world.dashboard.sign_in(from(unknown), request(proxy)).await;
        assert!(matches!(early, Err(Error::TooManyAttempts { .. })));
    }
    let again = world
        .dashboard
        .sign_in(from(&first.browser), request(proxy));
    assert_eq!(again.await.unwrap().browser, first.browser);
}

#[tokio::test]
async fn guesses_from_everywhere_leave_a_place_to_those_who_are_known() {
    let world = World::new().await;
    for name in ["ana", "bo"] {
        world.with_password(name, Role::Viewer, PASSWORD).await;
    }
    let (cookie, caller) = world.signed_in("ana").await;
    let inner = &world.dashboard.inner;
    let [(places, count), _] = inner.sign_ins.gates();
    let flood = places.try_acquire_many(count).unwrap();
    let sign_in = |name, from| world.sign_in(name, PASSWORD, from);
    for (name, from) in [("bo", "192.0.2.1"), ("ana", "192.0.2.2")] {
        let busy = sign_in(name, from).await;
        assert!(matches!(busy, Err(Error::Busy { .. })), "{name}: {busy:?}");
    }
    assert!(sign_in("ana", "192.0.2.1").await.is_ok());
    let new = "the next password".to_owned();
    let change = world
        .dashboard
        .change_password(&caller, PASSWORD.to_owned(), new);
    assert!(change.await.is_ok());
    assert!(world.by_cookie(&cookie).await.is_err());
    drop(flood);
    assert!(sign_in("bo", "192.0.2.1").await.is_ok());
}

#[tokio::test]
async fn guessing_the_present_password_is_delayed_like_signing_in() {
    let world = World::new().await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    let (_, caller) = world.signed_in("ana").await;
    let guess = || {
        let new = "the next password".to_owned();
        world
            .dashboard
            .change_password(&caller, "wrong".to_owned(), new)
    };
    for _ in 0..3 {
        assert_eq!(wrong_fields(guess().await), ["current"]);
    }
    assert!(matches!(guess().await, Err(Error::TooManyAttempts { .. })));
}

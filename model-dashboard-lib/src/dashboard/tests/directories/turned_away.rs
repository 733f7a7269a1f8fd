//! Who is turned away at sign-in with the right password loses what they have.

use super::*;

#[tokio::test]
async fn who_is_turned_away_with_the_right_password_loses_everything_at_once() {
    for can_recheck in [true, false] {
        let staff = Staff::new(can_recheck);
        let world = world(&staff).await;
        let (bo, bearer) = world.employee(&staff, "bo", HOUR).await;
        let (_, other) = world.employee(&staff, "ann", HOUR).await;
        let cookie = world.session(&bo).await;
        world.by_token(&bearer).await.unwrap();
        world.by_cookie(&cookie).await.unwrap();
        staff.dismiss("bo");
        let refused = world.sign_in_at(&staff, "bo-name").await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused);
        assert_eq!(
            reason(world.by_token(&bearer).await),
            Unauthenticated::UnknownToken
        );
        assert_eq!(
            reason(world.by_cookie(&cookie).await),
            Unauthenticated::NoSession
        );
        world.by_token(&other).await.unwrap();
        let events = world.events().await;
        let told: Vec<_> = events.iter().rev().take(2).map(|one| &one.event).collect();
        assert_eq!(told[1].action, Action::UserUpdate);
        assert!(
            told[1].detail.contains("1 session ended, 1 token"),
            "{}",
            told[1].detail
        );
        assert_eq!(told[0].action, Action::SignInRefused);
        assert_eq!(told[0].detail, "not in the required group");

        // Once more tells of nothing more, and they may come back.
        world.sign_in_at(&staff, "bo-name").await.unwrap_err();
        assert_eq!(world.count(Action::UserUpdate).await, 1);
        staff.hire("bo");
        let back = world.sign_in_at(&staff, "bo-name").await.unwrap();
        assert!(back.user.is_active);
    }
}

#[tokio::test]
async fn a_wrong_password_ends_nothing_of_anybody() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (_, bearer) = world.employee(&staff, "bo", HOUR).await;
    for dismissed in [false, true] {
        if dismissed {
            staff.dismiss("bo");
        }
        let refused = world.sign_in_with(&staff, "bo-name", WRONG).await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused);
        world.by_token(&bearer).await.unwrap();
    }
    assert_eq!(world.count(Action::UserUpdate).await, 0);
}

#[tokio::test]
async fn of_many_in_a_row_it_is_not_believed_before_a_round() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let names = ["ann", "bo", "cy", "di"];
    for name in names {
        world.employee(&staff, name, HOUR).await;
    }
    staff.dismiss_all();
    for name in names {
        let refused = world.sign_in_at(&staff, &format!("{name}-name")).await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused);
    }
    assert_eq!(world.store.list_tokens(None).await.unwrap().len(), 2);
    // Nor does the round believe it of the two that are left because they are few.
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.asked, done.left, done.doubted), (2, 0, 2));
    staff.hire("ann");
    world.sign_in_at(&staff, "ann-name").await.unwrap();
    staff.hire("cy");
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.still_there, done.left, done.doubted), (2, 1, 0));
}

#[tokio::test]
async fn who_was_turned_away_makes_a_round_doubt_once_and_not_for_good() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let names = ["ann", "bo", "cy", "di", "eva"];
    for name in names {
        world.employee(&staff, name, HOUR).await;
    }
    for name in ["ann", "bo"] {
        staff.dismiss(name);
        let refused = world.sign_in_at(&staff, &format!("{name}-name")).await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused);
    }
    staff.dismiss("cy");
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.still_there, done.left, done.doubted), (2, 0, 1));
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.still_there, done.left, done.doubted), (2, 1, 0));
    assert_eq!(world.state().await.doubt, None);
}

#[tokio::test]
async fn a_sign_in_that_began_before_the_source_vouched_takes_nothing() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", HOUR).await;
    let before = Timestamp::now().minus(2 * HOUR);
    world.dashboard.inner.turned_away(&bo.id, before).await;
    world.by_token(&bearer).await.unwrap();
}

#[tokio::test]
async fn of_whom_an_administrator_disabled_nothing_is_noted_at_sign_in() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, _) = world.employee(&staff, "bo", HOUR).await;
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let before = world.store.update_user(&bo.id, off).await.unwrap();
    let mut renamed = staff.hire_as("bo", "another-name");
    renamed.role = Some(GrantedRole {
        role: Role::Admin,
        reason: "member of cn=admins".to_owned(),
    });
    staff.change(renamed);
    let refused = world.sign_in_at(&staff, "another-name").await;
    assert_eq!(reason(refused), Unauthenticated::SignInRefused);
    assert_eq!(world.last_event().await.detail, "account is disabled");
    assert_eq!(world.count(Action::UserUpdate).await, 0);
    let after = world.store.user(&bo.id).await.unwrap();
    assert_eq!(after, Some(before));
}

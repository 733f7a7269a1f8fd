//! Answers that come after something newer happened.

use super::*;

#[tokio::test]
async fn an_answer_that_was_asked_for_before_a_sign_in_changes_nothing_of_it() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, _) = world.employee(&staff, "bo", HOUR).await;
    staff.held.store(true, Ordering::SeqCst);
    staff.is_made_first.store(true, Ordering::SeqCst);
    let (dashboard, host, id) = (world.dashboard.clone(), world.host(), bo.id.clone());
    let look = tokio::spawn(async move { dashboard.recheck_user(&host, &id).await });
    until(async || staff.times_asked() == 1).await;
    let mut promoted = staff.hire_as("bo", "bo-new-name");
    promoted.role = Some(GrantedRole {
        role: Role::Admin,
        reason: "member of cn=admins".to_owned(),
    });
    staff.change(promoted);
    let signed_in = world.sign_in_at(&staff, "bo-new-name").await.unwrap();
    assert_eq!(signed_in.user.role, Role::Admin);
    staff.go_on.notify_one();
    let done = look.await.unwrap().unwrap();
    assert_eq!(done.outcome, RecheckOutcome::StillThere);
    assert_eq!(done.user, signed_in.user);
    assert_eq!(world.count(Action::UserUpdate).await, 1, "told once");
    let stored = world.store.user(&bo.id).await.unwrap();
    assert_eq!(stored, Some(signed_in.user));
}

#[tokio::test]
async fn a_sign_in_that_began_before_somebody_left_brings_them_not_back() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, _) = world.employee(&staff, "bo", HOUR).await;
    assert_eq!(world.recheck(&staff, false).await.still_there, 1);
    staff.sign_ins_held.send_replace(true);
    let mut sign_in = Box::pin(world.sign_in_at(&staff, "bo-name"));
    assert!(futures::poll!(&mut sign_in).is_pending());
    until(async || staff.sign_ins.load(Ordering::SeqCst) == 1).await;
    staff.dismiss("bo");
    assert_eq!(world.recheck(&staff, false).await.left, 1);
    staff.sign_ins_held.send_replace(false);
    assert_eq!(reason(sign_in.await), Unauthenticated::SignInRefused);
    assert_eq!(
        world.last_event().await.detail,
        "found to have left while the password was checked: not in the required group"
    );
    let stored = world.store.user(&bo.id).await.unwrap().unwrap();
    assert!(!stored.is_active && stored.left_at.is_some());
    assert_eq!(world.store.list_sessions(&bo.id).await.unwrap(), []);
}

#[tokio::test]
async fn a_clock_that_was_wrong_vouches_for_nobody() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let ahead = Timestamp::now().plus(30 * DAY);
    let identity = staff.hire("bo");
    let known = world
        .store
        .remember(&identity, Role::Publisher, true, ahead);
    let bo = known.await.unwrap();
    let scopes = Permissions::of(&[Permission::ModelsRead]);
    let (bearer, _) = world.token(&bo, scopes).await;
    // Asked about now, and there.
    world.by_token(&bearer).await.unwrap();
    let stored = world.store.user(&bo.id).await.unwrap().unwrap();
    assert!(stored.checked_at.unwrap() <= Timestamp::now());
    staff.dismiss("bo");
    assert_eq!(world.recheck(&staff, false).await.left, 1);
    assert!(world.by_token(&bearer).await.is_err());
}

#[tokio::test]
async fn accounts_that_are_deleted_during_a_round_stay_so_and_do_not_end_it() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let mut ids = Vec::new();
    for name in ["ann", "bo", "cy", "di"] {
        ids.push(world.employee(&staff, name, HOUR).await.0.id);
    }
    for name in ["bo", "di"] {
        staff.dismiss(name);
    }
    staff.held.store(true, Ordering::SeqCst);
    let (dashboard, host, source) = (world.dashboard.clone(), world.host(), staff.source.clone());
    let round = tokio::spawn(async move { dashboard.recheck_source(&host, &source, false).await });
    until(async || staff.times_asked() == 1).await;
    for id in &ids[..2] {
        let host = world.host();
        world.dashboard.delete_user(&host, id).await.unwrap();
    }
    staff.go_on.notify_one();
    let done = round.await.unwrap().unwrap();
    assert_eq!((done.still_there, done.left, done.unanswered), (1, 1, 0));
    for id in &ids[..2] {
        assert_eq!(world.store.user(id).await.unwrap(), None);
    }
    let left = world.store.user(&ids[3]).await.unwrap().unwrap();
    assert!(left.left_at.is_some());
}

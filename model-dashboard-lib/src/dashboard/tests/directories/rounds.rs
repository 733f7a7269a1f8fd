//! Who left is out soon, and an emptied answer removes nobody.

use super::*;

#[tokio::test]
async fn who_left_loses_sessions_and_tokens_though_they_use_neither() {
    let staff = Staff::new(true);
    let world = restless_world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", Duration::ZERO).await;
    let (ann, other) = world.employee(&staff, "ann", Duration::ZERO).await;
    let cookie = world.session(&bo).await;
    world.by_token(&bearer).await.unwrap();
    world.by_cookie(&cookie).await.unwrap();
    staff.dismiss("bo");
    until(async || {
        world
            .store
            .list_tokens(Some(&bo.id))
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::UnknownToken
    );
    assert_eq!(
        reason(world.by_cookie(&cookie).await),
        Unauthenticated::NoSession
    );
    until(async || world.count(Action::UserUpdate).await == 1).await;
    let event = world.last_event().await;
    assert_eq!(event.target, "user:clinic:bo");
    assert!(
        event.detail.contains("1 session ended, 1 token revoked"),
        "{}",
        event.detail
    );
    assert_eq!(world.by_token(&other).await.unwrap().id(), &ann.id);
    world.dashboard.shutdown().await;
}

/// Another process over the same stores, which looks around.
async fn looking_around(world: &World, staff: &Arc<Staff>, policy: Policy) -> Dashboard {
    let builder = Dashboard::builder()
        .repository(world.repository.clone())
        .accounts(world.store.clone())
        .authenticator(staff.clone());
    builder.policy(policy).build().await.unwrap()
}

#[tokio::test]
async fn a_round_runs_at_once_after_a_start() {
    let staff = Staff::new(true);
    let first = world(&staff).await;
    for name in ["ann", "bo"] {
        first.employee(&staff, name, HOUR).await;
    }
    staff.dismiss("bo");
    let second = looking_around(&first, &staff, Policy::default()).await;
    until(async || first.store.list_tokens(None).await.unwrap().len() == 1).await;
    second.shutdown().await;
}

#[tokio::test]
async fn who_leaves_right_after_a_look_is_out_in_time_though_rounds_take_a_quarter_of_it() {
    let staff = Staff::new(true);
    let first = world(&staff).await;
    for name in ["ann", "bo", "cy"] {
        first.employee(&staff, name, HOUR).await;
    }
    let policy = Policy {
        recheck_interval: Duration::from_secs(3),
        ..Policy::default()
    };
    let interval = policy.recheck_interval;
    staff.takes(interval / 4);
    let second = looking_around(&first, &staff, policy).await;
    until(async || staff.times_asked() == 1).await;
    staff.dismiss("bo");
    let left = std::time::Instant::now();
    until(async || first.store.list_tokens(None).await.unwrap().len() == 2).await;
    assert!(left.elapsed() < interval, "{:?}", left.elapsed());
    second.shutdown().await;
}

/// People whom another process looked at just now, and some whom it did not.
async fn half_looked_at(staff: &Arc<Staff>, just_now: &[&str], before: &[&str]) -> World {
    let first = world(staff).await;
    for (names, ago) in [(just_now, Duration::ZERO), (before, HOUR)] {
        for name in names {
            first.employee(staff, name, ago).await;
        }
    }
    first
}

#[tokio::test]
async fn those_whom_another_process_left_over_are_believed_to_have_left_if_few_of_all_did() {
    let staff = Staff::new(true);
    let left = ["x", "y", "z"];
    let first = half_looked_at(&staff, &["a", "b", "c", "d", "e"], &left).await;
    for name in left {
        staff.dismiss(name);
    }
    let second = looking_around(&first, &staff, Policy::default()).await;
    until(async || first.store.list_tokens(None).await.unwrap().len() == 5).await;
    assert_eq!(second.ready(), Readiness::Ready);
    second.shutdown().await;
}

#[tokio::test]
async fn whom_another_process_looked_at_just_now_counts_before_anything_is_taken() {
    let staff = Staff::new(true);
    let first = half_looked_at(&staff, &["x", "y", "z"], &["ann", "bo"]).await;
    // Half of those left over, and most of all.
    for name in ["x", "y", "z", "bo"] {
        staff.dismiss(name);
    }
    let second = looking_around(&first, &staff, Policy::default()).await;
    until(async || second.ready() == Readiness::Degraded).await;
    assert_eq!(first.store.list_tokens(None).await.unwrap().len(), 5);
    second.shutdown().await;
}

#[tokio::test]
async fn at_most_100_are_asked_about_at_a_time_and_nobody_without_access() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for number in 0..201 {
        world.employee(&staff, &number.to_string(), HOUR).await;
    }
    world.known(&staff.hire("without"), HOUR).await;
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.asked, done.still_there, done.left), (201, 201, 0));
    assert_eq!(*staff.asked.lock().unwrap(), [67, 67, 67]);
    let host = world.host();
    let user = world.dashboard.user(&host, &staff.id("7")).await.unwrap();
    let age = Timestamp::now().duration_since(user.checked_at.unwrap());
    assert!(age < HOUR / 2, "looked at, and noted");
}

#[tokio::test]
async fn four_questions_are_under_way_at_once() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for number in 0..501 {
        world.employee(&staff, &number.to_string(), HOUR).await;
    }
    staff.held.store(true, Ordering::SeqCst);
    let (dashboard, host, source) = (world.dashboard.clone(), world.host(), staff.source.clone());
    let round = tokio::spawn(async move { dashboard.recheck_source(&host, &source, false).await });
    until(async || staff.times_asked() == 4).await;
    staff.held.store(false, Ordering::SeqCst);
    staff.go_on.notify_waiters();
    let done = round.await.unwrap().unwrap();
    assert_eq!((done.asked, done.still_there), (501, 501));
}

#[tokio::test]
async fn an_emptied_directory_removes_nobody_until_an_administrator_believes_it() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let mut bearers = Vec::new();
    for name in ["ann", "bo", "cy"] {
        bearers.push(world.employee(&staff, name, HOUR).await.1);
    }
    staff.dismiss_all();
    for _ in 0..3 {
        let done = world.recheck(&staff, false).await;
        assert_eq!((done.asked, done.left, done.doubted), (3, 0, 3));
    }
    for bearer in &bearers {
        world.by_token(bearer).await.unwrap();
    }
    let doubt = world.state().await.doubt.unwrap();
    assert_eq!((doubt.left, doubt.asked), (3, 3));
    assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    let event = world.last_event().await;
    assert_eq!(event.action, Action::UserRecheck);
    assert!(event.detail.contains("which is not believed"));

    let done = world.recheck(&staff, true).await;
    assert_eq!((done.asked, done.left, done.doubted), (3, 3, 0));
    for bearer in &bearers {
        assert!(world.by_token(bearer).await.is_err());
    }
    assert_eq!(world.store.list_tokens(None).await.unwrap(), []);
}

#[tokio::test]
async fn it_is_not_believed_that_most_of_three_or_more_left_at_once() {
    // Three of three, and a newcomer: that makes it no likelier.
    let cases = [
        (2, 2, true),
        (3, 4, false),
        (3, 6, true),
        (9, 10, false),
        (10, 20, true),
        (11, 20, false),
    ];
    for (left, all, believed) in cases {
        let staff = Staff::new(true);
        let world = world(&staff).await;
        for number in 0..all {
            world.employee(&staff, &number.to_string(), HOUR).await;
        }
        // By these settings somebody was let in.
        assert_eq!(world.recheck(&staff, false).await.still_there, all);
        for number in 0..left {
            staff.dismiss(&number.to_string());
        }
        let done = world.recheck(&staff, false).await;
        let expected = match believed {
            true => (left, 0),
            false => (0, left),
        };
        assert_eq!((done.left, done.doubted), expected, "{left} of {all}");
        assert_eq!(done.still_there, all - left);
        assert_eq!(world.state().await.doubt.is_none(), believed);
    }
}

#[tokio::test]
async fn doubt_ends_when_the_directory_shows_its_people_again() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for name in ["ann", "bo", "cy"] {
        world.employee(&staff, name, HOUR).await;
    }
    staff.dismiss_all();
    world.recheck(&staff, false).await;
    for name in ["ann", "bo", "cy"] {
        staff.hire(name);
    }
    staff.dismiss("cy");
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.still_there, done.left, done.doubted), (2, 1, 0));
    assert_eq!(world.state().await.doubt, None);
    assert_eq!(world.dashboard.ready(), Readiness::Ready);
}

#[tokio::test]
async fn who_comes_back_signs_in_again_and_needs_new_tokens() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", HOUR).await;
    assert_eq!(world.recheck(&staff, false).await.still_there, 1);
    staff.dismiss("bo");
    assert_eq!(world.recheck(&staff, false).await.left, 1);
    let refused = world.sign_in_at(&staff, "bo-name").await;
    assert_eq!(reason(refused), Unauthenticated::SignInRefused);

    staff.hire("bo");
    let back = world.sign_in_at(&staff, "bo-name").await.unwrap();
    assert_eq!((&back.user.id, back.user.is_active), (&bo.id, true));
    let events = world.events().await;
    let told = &events[events.len() - 2].event;
    assert_eq!(told.action, Action::UserUpdate);
    assert!(told.detail.contains("may sign in again"), "{}", told.detail);
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::UnknownToken
    );

    // An administrator's no is another thing.
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let host = world.host();
    world
        .dashboard
        .update_user(&host, &bo.id, off)
        .await
        .unwrap();
    let refused = world.sign_in_at(&staff, "bo-name").await;
    assert_eq!(reason(refused), Unauthenticated::SignInRefused);
    let again = world.dashboard.recheck_user(&host, &bo.id).await.unwrap();
    assert!(!again.user.is_active);
}

#[tokio::test]
async fn one_look_tells_what_came_of_it() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, _) = world.employee(&staff, "bo", HOUR).await;
    let host = world.host();
    let look = async || {
        let done = world.dashboard.recheck_user(&host, &bo.id).await.unwrap();
        assert_eq!(world.last_event().await.action, Action::UserRecheck);
        done
    };
    assert_eq!(look().await.outcome, RecheckOutcome::StillThere);
    let mut promoted = staff.hire("bo");
    promoted.role = Some(GrantedRole {
        role: Role::Admin,
        reason: "member of cn=admins".to_owned(),
    });
    staff.change(promoted);
    let done = look().await;
    let RecheckOutcome::Changed(changes) = done.outcome else {
        panic!("{:?}", done.outcome);
    };
    assert!(
        changes.contains("→ admin (member of cn=admins)"),
        "{changes}"
    );
    assert_eq!(
        (done.user.role, done.user.role_origin),
        (Role::Admin, RoleOrigin::Source)
    );

    staff.leave_alone(true);
    let done = look().await.outcome;
    assert!(
        matches!(&done, RecheckOutcome::NoAnswer(reason) if reason.contains("the line is cut")),
        "{done:?}"
    );
    staff.leave_alone(false);
    staff.dismiss("bo");
    let done = look().await;
    let left = |is_new, tokens| RecheckOutcome::Left {
        why: "not in the required group".to_owned(),
        is_new,
        sessions: 0,
        tokens,
    };
    assert_eq!((done.outcome, done.user.is_active), (left(true, 1), false));
    let why = done.user.left_reason.as_deref();
    assert_eq!(why, Some("not in the required group"));

    // Once more, each look is an event, and what was known before is none.
    let events = async || world.count(Action::UserUpdate).await;
    let before = events().await;
    assert_eq!(look().await.outcome, left(false, 0));
    assert_eq!(events().await, before);
    let told = &world.last_event().await;
    assert_eq!(told.action, Action::UserRecheck);
    let told = &told.detail;
    assert!(
        told.ends_with("may not sign in, as before: not in the required group"),
        "{told}"
    );
}

#[tokio::test]
async fn why_somebody_left_is_told() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for (name, refusal, why) in [
        ("ann", Refusal::NotInGroup, "not in the required group"),
        (
            "bo",
            Refusal::Disabled,
            "account is disabled or locked in the directory",
        ),
        ("cy", Refusal::AccountExpired, "account has expired"),
        ("di", Refusal::UnknownUser, "not there any more"),
    ] {
        let (user, _) = world.employee(&staff, name, HOUR).await;
        world.employee(&staff, "stays", HOUR).await;
        staff.says(refusal);
        staff.dismiss(name);
        assert_eq!(world.recheck(&staff, false).await.left, 1);
        let events = world.events().await;
        let mut events = events.iter().rev().map(|one| &one.event);
        let told = events.find(|one| one.action == Action::UserUpdate).unwrap();
        assert_eq!(told.target, format!("user:{}", user.id));
        let said = format!("clinic does not let them sign in any more: {why}; 0 sessions");
        assert!(told.detail.contains(&said), "{}", told.detail);
        let now = world.store.user(&user.id).await.unwrap().unwrap();
        assert_eq!(now.left_reason.as_deref(), Some(why));
        // Who is back has no such reason.
        staff.hire(name);
        world
            .sign_in_at(&staff, &format!("{name}-name"))
            .await
            .unwrap();
        let now = world.store.user(&user.id).await.unwrap().unwrap();
        assert_eq!((now.is_active, now.left_reason), (true, None));
        staff.dismiss(name);
        world.recheck(&staff, false).await;
    }
}

#[tokio::test]
async fn only_people_of_directories_that_can_be_asked_are_looked_at() {
    let staff = Staff::new(false);
    let world = world(&staff).await;
    let admin = world.caller(Role::Admin).await;
    let (bo, _) = world.employee(&staff, "bo", HOUR).await;
    for id in [&bo.id, admin.id()] {
        let refused = world.dashboard.recheck_user(&admin, id).await;
        assert_eq!(wrong_fields(refused), ["source"]);
    }
    for source in [&staff.source, &Source::local()] {
        let refused = world.dashboard.recheck_source(&admin, source, false).await;
        assert_eq!(wrong_fields(refused), ["source"]);
    }
    let other = directory("other");
    let nowhere = world.dashboard.recheck_source(&admin, &other, false).await;
    assert!(
        matches!(nowhere, Err(Error::NotFound { .. })),
        "{nowhere:?}"
    );
    let editor = world.caller(Role::Editor).await;
    let dashboard = &world.dashboard;
    let refused = [
        dashboard.recheck_user(&editor, &bo.id).await.map(drop),
        dashboard
            .recheck_source(&editor, &staff.source, true)
            .await
            .map(drop),
        dashboard
            .diagnose(&editor, &staff.source, None)
            .await
            .map(drop),
        dashboard.source_states(&editor).await.map(drop),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_role_that_the_directory_gives_cannot_be_changed_here() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let mut identity = staff.hire("bo");
    identity.role = Some(GrantedRole {
        role: Role::Editor,
        reason: "member of cn=editors".to_owned(),
    });
    let bo = world.known(&identity, HOUR).await;
    let host = world.host();
    let change = async |role| {
        let change = UserChange {
            role: Some(role),
            display_name: Some("Bo".to_owned()),
            ..UserChange::default()
        };
        world.dashboard.update_user(&host, &bo.id, change).await
    };
    assert_eq!(wrong_fields(change(Role::Admin).await), ["role"]);
    // A form that says it all again changes the rest.
    let same = change(Role::Editor).await.unwrap();
    assert_eq!(
        (&*same.display_name, same.role_origin),
        ("Bo", RoleOrigin::Source)
    );
}

//! Directories that do not answer, and looks that are late.

use super::*;
use crate::dashboard::places::FOR_ALL;
use crate::dashboard::tests::signing_in::PASSWORD;

#[tokio::test]
async fn while_a_directory_does_not_answer_its_people_get_in_for_a_day() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (_, day) = world.employee(&staff, "day", DAY - HOUR).await;
    let (_, more) = world.employee(&staff, "more", DAY + HOUR).await;
    staff.leave_alone(true);
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.asked, done.unanswered), (2, 2));
    assert!(done.reason.unwrap().contains("the line is cut"));
    world.by_token(&day).await.unwrap();
    assert_eq!(
        reason(world.by_token(&more).await),
        // To sign in would be of no use.
        Unauthenticated::SourceAway
    );
    staff.leave_alone(false);
    world.recheck(&staff, false).await;
    world.by_token(&more).await.unwrap();
    assert_eq!(world.store.list_tokens(None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_round_ends_soon_where_nothing_comes_of_it() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for number in 0..901 {
        world.employee(&staff, &number.to_string(), HOUR).await;
    }
    staff.leave_alone(true);
    let done = world.recheck(&staff, false).await;
    assert!(done.is_cut_short);
    assert_eq!(done.asked, 2 * 91);
    // Some more were asked about at the same time.
    assert!(staff.times_asked() < 2 + 4);
    assert_eq!(done.unanswered, done.asked);
}

#[tokio::test]
async fn people_of_whom_nothing_can_be_said_do_not_keep_others_from_being_looked_at() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for number in 0..300 {
        let name = format!("{number:03}");
        world.employee(&staff, &name, HOUR).await;
        staff.strange.lock().unwrap().insert(name);
    }
    for name in ["yan", "zoe"] {
        world.employee(&staff, name, HOUR).await;
    }
    staff.dismiss("zoe");
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.asked, done.unanswered, done.left), (302, 300, 1));
    assert!(!done.is_cut_short);
    assert_eq!(world.state().await.failing, None);
}

#[tokio::test]
async fn those_whom_a_slow_directory_did_not_come_to_are_asked_about_again() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for number in 0..60 {
        world.employee(&staff, &number.to_string(), HOUR).await;
    }
    staff.dismiss("9");
    staff.comes_to.store(25, Ordering::SeqCst);
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.asked, done.still_there, done.left), (60, 59, 1));
    assert_eq!(*staff.asked.lock().unwrap(), [60, 35, 10]);

    // At one it fails each time, which does not mean that it does not answer.
    staff.fails_at.lock().unwrap().insert("0".to_owned());
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.still_there, done.unanswered), (58, 1));
    assert_eq!(world.state().await.failing, None);
}

#[tokio::test]
async fn it_is_told_since_when_a_directory_does_not_answer() {
    let staff = Staff::new(true);
    let world = restless_world(&staff).await;
    assert_eq!(world.dashboard.ready(), Readiness::Ready);
    staff.leave_alone(true);
    let before = Timestamp::now();
    let refused = world.sign_in_at(&staff, "bo-name").await;
    assert!(
        matches!(&refused, Err(Error::Unavailable { since: Some(since), .. }) if *since >= before),
        "{refused:?}"
    );
    let failing = world.state().await.failing.unwrap();
    let again = world.sign_in_at(&staff, "bo-name").await;
    assert!(again.is_err());
    assert_eq!(world.state().await.failing, Some(failing.clone()));
    assert_eq!(failing.reason, "the line is cut");
    assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    let told = world.dashboard.health(&world.host()).await.unwrap();
    let told = told.iter().find(|one| one.name == "source:clinic").unwrap();
    assert_eq!(
        (told.state, told.since),
        (DependencyState::Degraded, Some(failing.since))
    );
    assert!(told.message.contains("the line is cut") && told.fix.is_some());
    let public = world.dashboard.dependencies().await;
    assert!(public.iter().all(|one| one.message.is_empty()));

    // Nobody is to be looked at, and nobody signs in: it is asked all the same.
    staff.leave_alone(false);
    until(async || world.dashboard.ready() == Readiness::Ready).await;
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn who_comes_after_the_server_was_off_for_days_is_asked_about_once_and_gets_in() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", 2 * DAY).await;
    let cookie = world.session(&bo).await;
    let requests = (0..20).map(|n| {
        let (world, bearer, cookie) = (&world, &bearer, &cookie);
        async move {
            match n % 2 {
                0 => world.by_token(bearer).await,
                _ => world.by_cookie(cookie).await,
            }
        }
    });
    for answer in futures::future::join_all(requests).await {
        assert_eq!(answer.unwrap().id(), &bo.id);
    }
    assert_eq!(*staff.asked.lock().unwrap(), [1]);
}

#[tokio::test]
async fn a_late_look_keeps_out_and_leaves_the_rest_to_a_round() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let mut bearers = Vec::new();
    for name in ["ann", "bo", "cy"] {
        bearers.push(world.employee(&staff, name, 2 * DAY).await.1);
    }
    staff.dismiss_all();
    for bearer in &bearers {
        for _ in 0..3 {
            assert_eq!(
                reason(world.by_token(bearer).await),
                Unauthenticated::NotVouched
            );
        }
    }
    assert_eq!(staff.times_asked(), 3, "not at every request");
    assert_eq!(world.store.list_tokens(None).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_late_look_at_who_left_makes_a_round_begin() {
    let staff = Staff::new(true);
    let world = patient_world(&staff).await;
    let (_, bearer) = world.employee(&staff, "bo", 2 * DAY).await;
    world.employee(&staff, "ann", HOUR).await;
    staff.dismiss("bo");
    assert!(world.by_token(&bearer).await.is_err());
    until(async || world.store.list_tokens(None).await.unwrap().len() == 1).await;
}

#[tokio::test]
async fn nobody_waits_for_a_late_look_for_more_than_some_seconds() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (_, bearer) = world.employee(&staff, "bo", 2 * DAY).await;
    staff.held.store(true, Ordering::SeqCst);
    let begin = std::time::Instant::now();
    assert_eq!(
        reason(world.by_token(&bearer).await),
        Unauthenticated::NotVouched
    );
    assert!(begin.elapsed() < Duration::from_secs(8));
}

/// People who are not known to be there any more, and for whom a look is asked for.
async fn late(world: &World, staff: &Staff, count: usize) -> Vec<String> {
    let mut bearers = Vec::new();
    for number in 0..count {
        let name = number.to_string();
        bearers.push(world.employee(staff, &name, 2 * DAY).await.1);
    }
    bearers
}

#[tokio::test]
async fn late_looks_that_waited_are_not_made_at_a_directory_that_died() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let bearers = late(&world, &staff, 20).await;
    staff.held.store(true, Ordering::SeqCst);
    let requests = bearers.iter().map(|bearer| world.by_token(bearer));
    let dies = async {
        until(async || staff.times_asked() == 8).await;
        staff.held.store(false, Ordering::SeqCst);
        staff.leave_alone(true);
        staff.go_on.notify_waiters();
    };
    let (answers, ()) = futures::join!(futures::future::join_all(requests), dies);
    for answer in answers {
        assert_eq!(reason(answer), Unauthenticated::SourceAway);
    }
    assert_eq!(staff.times_asked(), 8);
}

/// The clock stands still but where the test moves it.
#[tokio::test]
async fn late_looks_wait_no_longer_than_somebody_waits_for_them() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let bearers = late(&world, &staff, 20).await;
    staff.held.store(true, Ordering::SeqCst);
    tokio::time::pause();
    let begin = tokio::time::Instant::now();
    let requests = bearers.iter().map(|bearer| world.by_token(bearer));
    let mut requests = Box::pin(futures::future::join_all(requests));
    // They wait from now on, and their looks are run a second later, as on a busy machine.
    assert!(futures::poll!(&mut requests).is_pending());
    tokio::time::advance(Duration::from_secs(1)).await;
    for answer in requests.await {
        assert_eq!(reason(answer), Unauthenticated::NotVouched);
    }
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert_eq!(staff.times_asked(), 8);
    staff.go_on.notify_waiters();
    let directory = world.dashboard.inner.directories.of(&staff.source).unwrap();
    until(async || !directory.is_looking()).await;
    assert_eq!(staff.times_asked(), 8);
}

#[tokio::test]
async fn only_so_many_late_looks_wait() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let bearers = late(&world, &staff, 8 + 256 + 10).await;
    staff.held.store(true, Ordering::SeqCst);
    let begin = std::time::Instant::now();
    let requests = bearers.iter().map(|bearer| async {
        let answer = world.by_token(bearer).await;
        assert_eq!(reason(answer), Unauthenticated::NotVouched);
        begin.elapsed()
    });
    let waited = futures::future::join_all(requests).await;
    let at_once = waited
        .iter()
        .filter(|waited| **waited < Duration::from_secs(4));
    let at_once = at_once.count();
    assert_eq!(at_once, 10);
}

#[tokio::test]
async fn a_sign_in_during_a_look_counts_more_than_its_answer() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", HOUR).await;
    staff.held.store(true, Ordering::SeqCst);
    let (dashboard, host, id) = (world.dashboard.clone(), world.host(), bo.id.clone());
    let look = tokio::spawn(async move { dashboard.recheck_user(&host, &id).await });
    until(async || staff.times_asked() == 1).await;
    world.sign_in_at(&staff, "bo-name").await.unwrap();
    staff.dismiss("bo");
    staff.go_on.notify_one();
    let done = look.await.unwrap().unwrap();
    assert_eq!(done.outcome, RecheckOutcome::StillThere);
    assert!(world.by_token(&bearer).await.is_ok());
}

#[tokio::test]
async fn a_round_under_way_does_not_keep_the_end_waiting() {
    let staff = Staff::new(true);
    let world = restless_world(&staff).await;
    world.employee(&staff, "bo", HOUR).await;
    staff.held.store(true, Ordering::SeqCst);
    let before = staff.times_asked();
    until(async || staff.times_asked() > before).await;
    let begin = std::time::Instant::now();
    world.dashboard.shutdown().await;
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_directory_that_hangs_holds_up_its_own_people_alone() {
    let hanging = Staff::new(true);
    let other = Staff::of("other", true);
    let (one, two) = (hanging.clone(), other.clone());
    let world = World::with(|builder| {
        let builder = builder.authenticator(one).authenticator(two);
        builder.without_rechecks()
    });
    let world = world.await;
    world.with_password("ana", Role::Viewer, PASSWORD).await;
    other.hire("bo");
    hanging.hire("cy");
    hanging.sign_ins_held.send_replace(true);
    let waiting: Vec<_> = (0..FOR_ALL)
        .map(|number| {
            let dashboard = world.dashboard.clone();
            let typed = SignIn {
                source: Some(hanging.source.clone()),
                ..typed(&format!("guess-{number}"), "any")
            };
            let from = request(&format!("198.51.100.{number}"));
            tokio::spawn(async move { dashboard.sign_in(typed, from).await })
        })
        .collect();
    until(async || hanging.sign_ins.load(Ordering::SeqCst) == FOR_ALL).await;
    let busy = world.sign_in_at(&hanging, "cy-name").await;
    assert!(matches!(busy, Err(Error::Busy { .. })), "{busy:?}");
    world.sign_in_at(&other, "bo-name").await.unwrap();
    let local = SignIn {
        source: Some(Source::local()),
        ..typed("ana", PASSWORD)
    };
    let local = world.dashboard.sign_in(local, request("192.0.2.1")).await;
    local.unwrap();

    // The end waits for those sign-ins, too.
    let end = world.dashboard.shutdown_within(Duration::from_secs(20));
    let (begin, mut end) = (std::time::Instant::now(), Box::pin(end));
    assert!(futures::poll!(&mut end).is_pending());
    hanging.sign_ins_held.send_replace(false);
    end.await;
    assert!(begin.elapsed() < Duration::from_secs(9));
    for one in waiting {
        assert_eq!(reason(one.await.unwrap()), Unauthenticated::SignInRefused);
    }
}

#[tokio::test]
async fn the_steps_of_a_sign_in_are_walked_through_for_administrators() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let identity = staff.hire("bo");
    let admin = world.caller(Role::Admin).await;
    let walk = async |name| {
        let source = &staff.source;
        world
            .dashboard
            .diagnose(&admin, source, name)
            .await
            .unwrap()
    };
    let found = walk(Some(" BO-name ")).await;
    assert_eq!((found.is_well(), found.identity), (true, Some(identity)));
    let event = world.last_event().await;
    assert_eq!(event.target, "source:clinic");
    assert_eq!(event.detail, "sign-in tested as BO-name: ok");
    // Whom an administrator has disabled is found, and kept out all the same.
    let known = world.sign_in_at(&staff, "bo-name").await.unwrap().user;
    let disabled = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let change = world.dashboard.update_user(&admin, &known.id, disabled);
    change.await.unwrap();
    let found = walk(Some("bo-name")).await;
    let step = found.steps.last().unwrap();
    assert_eq!(
        (step.name.as_str(), found.is_well()),
        ("account here", false)
    );
    let told = world.last_event().await.detail;
    assert!(
        told.contains("account here failed: disabled here"),
        "{told}"
    );
    let done = world
        .dashboard
        .recheck_user(&admin, &known.id)
        .await
        .unwrap();
    assert_eq!(done.outcome, RecheckOutcome::StillThere);
    assert!(done.to_string().contains("disabled here"), "{done}");
    assert_eq!(world.last_event().await.detail, done.to_string());
    staff.leave_alone(true);
    assert!(!walk(None).await.is_well());
    let told = world.last_event().await.detail;
    assert!(told.starts_with("sign-in tested: line failed: "), "{told}");
    let (dashboard, other) = (&world.dashboard, directory("other"));
    for source in [&other, &Source::local()] {
        let nowhere = dashboard.diagnose(&admin, source, None).await;
        assert!(
            matches!(nowhere, Err(Error::NotFound { .. })),
            "{nowhere:?}"
        );
    }
    let name = Some("a\u{200B}");
    let refused = dashboard.diagnose(&admin, &staff.source, name).await;
    assert_eq!(wrong_fields(refused), ["username"]);
    // But the one above.
    assert_eq!(world.count(Action::SignIn).await, 1);
}

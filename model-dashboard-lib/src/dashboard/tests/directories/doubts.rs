//! What is not believed of a directory, and for how long.

use super::*;
use crate::auth::LeavingDoubt;

/// Three people with tokens, of all of whom the directory says that they left; and that is doubted.
async fn doubted(staff: &Arc<Staff>) -> World {
    let world = world(staff).await;
    for name in ["ann", "bo", "cy"] {
        world.employee(staff, name, HOUR).await;
    }
    staff.dismiss_all();
    let done = world.recheck(staff, false).await;
    assert_eq!((done.left, done.doubted), (0, 3));
    world
}

impl World {
    async fn tokens(&self) -> usize {
        self.store.list_tokens(None).await.unwrap().len()
    }

    /// Another process over the same stores.
    async fn beside(&self, staff: &Arc<Staff>) -> Dashboard {
        let builder = Dashboard::builder()
            .repository(self.repository.clone())
            .accounts(self.store.clone())
            .authenticator(staff.clone());
        builder.without_rechecks().build().await.unwrap()
    }
}

#[tokio::test]
async fn a_doubt_stays_whoever_can_still_get_in() {
    let staff = Staff::new(true);
    let world = doubted(&staff).await;
    let opened = world.state().await.doubt.unwrap();
    let tokens = world.store.list_tokens(None).await.unwrap();
    for (number, token) in tokens.iter().enumerate() {
        world.store.revoke_token(token.id).await.unwrap();
        let done = world.recheck(&staff, false).await;
        assert_eq!((done.asked, done.left, done.doubted), (2 - number, 0, 3));
        assert_eq!(world.state().await.doubt, Some(opened));
        assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    }
    // Newcomers make it no likelier, and it is not believed of them either.
    for name in ["di", "eva", "fay", "gus", "hal", "ida"] {
        world.employee(&staff, name, HOUR).await;
    }
    staff.dismiss("di");
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.still_there, done.left, done.doubted), (5, 0, 4));
    let done = world.recheck(&staff, true).await;
    assert_eq!((done.still_there, done.left, done.doubted), (5, 1, 0));
    assert_eq!(world.state().await.doubt, None);
    assert_eq!(world.dashboard.ready(), Readiness::Ready);
}

/// What is recommended for a look takes nothing that the doubt keeps.
#[tokio::test]
async fn a_look_at_one_person_takes_nothing_while_their_source_is_doubted() {
    let staff = Staff::new(true);
    let world = doubted(&staff).await;
    let (di, _) = world.employee(&staff, "di", HOUR).await;
    let host = world.host();
    let look = async || {
        let done = world.dashboard.recheck_user(&host, &di.id).await.unwrap();
        (done.outcome, done.user.is_active)
    };
    assert_eq!(look().await, (RecheckOutcome::StillThere, true));
    staff.dismiss("di");
    let doubted = RecheckOutcome::Doubted("not in the required group".to_owned());
    assert_eq!(look().await, (doubted, true));
    assert_eq!(world.tokens().await, 4);
    world.recheck(&staff, true).await;
    assert!(!look().await.1);
    assert_eq!(world.tokens().await, 0);
}

#[tokio::test]
async fn an_administrator_believes_what_they_have_seen_and_no_more() {
    let staff = Staff::new(true);
    let world = doubted(&staff).await;
    let host = world.host();
    let believe = async |seen| {
        let done = world
            .dashboard
            .believe_doubted(&host, &staff.source, seen)
            .await;
        done.unwrap()
    };
    let seen = world.state().await.doubt.unwrap();
    let named = world.dashboard.doubted_people(&host, &staff.source).await;
    assert_eq!(named.unwrap().len(), seen.left);
    // A filter breaks meanwhile, and everybody else is gone, too.
    for name in ["di", "eva"] {
        world.employee(&staff, name, HOUR).await;
        staff.dismiss(name);
    }
    let done = believe(seen).await;
    assert_eq!((done.left, done.doubted), (0, 5));
    let now = world.state().await.doubt.unwrap();
    assert_eq!((now.since, now.left), (seen.since, 5));
    // What is not as it was seen is not believed either.
    let done = believe(seen).await;
    assert_eq!((done.left, done.doubted), (0, 5));
    assert_eq!(world.tokens().await, 5);
    staff.hire("eva");
    let done = believe(now).await;
    assert_eq!((done.still_there, done.left, done.doubted), (1, 4, 0));
    assert_eq!(world.state().await.doubt, None);
    let told = world.last_event().await.detail;
    assert!(
        told.starts_with("believing what it says: 5 asked"),
        "{told}"
    );
    assert_eq!(world.tokens().await, 1);
    // Where nothing is doubted it is a look as any other.
    let done = believe(now).await;
    assert_eq!((done.still_there, done.left), (1, 0));
}

#[tokio::test]
async fn a_doubt_outlasts_its_process_and_is_that_of_all() {
    let staff = Staff::new(true);
    let world = doubted(&staff).await;
    let opened = world.state().await.doubt;
    let other = world.beside(&staff).await;
    assert_eq!(other.ready(), Readiness::Degraded);
    let told = other.source_states(&world.host()).await.unwrap();
    assert_eq!(told[0].doubt, opened);
    let tokens = world.store.list_tokens(None).await.unwrap();
    for token in &tokens[1..] {
        world.store.revoke_token(token.id).await.unwrap();
    }
    let walk = other.diagnose(&world.host(), &staff.source, None).await;
    let step = walk.unwrap().steps.pop().unwrap();
    assert_eq!(step.verdict, Verdict::Warning);
    assert!(step.saw.contains("3 of 3 people"), "{}", step.saw);
    let ask = async |believe| {
        let host = world.host();
        let done = other.recheck_source(&host, &staff.source, believe);
        done.await.unwrap()
    };
    let done = ask(false).await;
    assert_eq!((done.asked, done.left, done.doubted), (1, 0, 3));
    let done = ask(true).await;
    assert_eq!((done.asked, done.left, done.doubted), (1, 1, 0));
    // The first process learns of it in its next round.
    world.employee(&staff, "di", HOUR).await;
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.still_there, done.doubted), (1, 0));
    assert_eq!(world.state().await.doubt, None);
}

#[tokio::test]
async fn what_an_administrator_decided_during_a_round_stays() {
    let staff = Staff::new(true);
    let world = doubted(&staff).await;
    let other = world.beside(&staff).await;
    staff.held.store(true, Ordering::SeqCst);
    let asked = staff.times_asked();
    let (dashboard, host, source) = (world.dashboard.clone(), world.host(), &staff.source);
    let begun = {
        let source = source.clone();
        tokio::spawn(async move { dashboard.recheck_source(&host, &source, false).await })
    };
    until(async || staff.times_asked() == asked + 1).await;
    staff.held.store(false, Ordering::SeqCst);
    let host = world.host();
    let done = other.recheck_source(&host, source, true).await.unwrap();
    assert_eq!(done.left, 3);
    // The round began before, and finds others who are gone now.
    world.employee(&staff, "ann", HOUR).await;
    staff.go_on.notify_one();
    begun.await.unwrap().unwrap();
    assert_eq!(world.store.doubt(source).await.unwrap(), None);
}

#[tokio::test]
async fn nothing_is_decided_where_the_directory_does_not_answer() {
    let staff = Staff::new(true);
    let world = doubted(&staff).await;
    staff.leave_alone(true);
    let done = world.recheck(&staff, true).await;
    assert_eq!((done.left, done.unanswered, done.doubted), (0, 3, 3));
    assert!(world.state().await.doubt.is_some());
    assert_eq!(world.tokens().await, 3);
}

#[tokio::test]
async fn where_there_are_one_or_two_people_a_second_round_has_to_say_the_same() {
    for names in [&["ann"][..], &["ann", "bo"]] {
        let staff = Staff::new(true);
        let world = restless_world(&staff).await;
        for name in names {
            world.employee(&staff, name, HOUR).await;
        }
        // By these settings somebody was let in.
        world.recheck(&staff, false).await;
        staff.held.store(true, Ordering::SeqCst);
        let next_round = async || {
            let before = staff.times_asked();
            staff.go_on.notify_one();
            until(async || staff.times_asked() > before).await;
        };
        let before = staff.times_asked();
        until(async || staff.times_asked() > before).await;
        staff.dismiss_all();
        next_round().await;
        assert_eq!(world.tokens().await, names.len(), "said once");
        assert_eq!(world.dashboard.ready(), Readiness::Ready);
        staff.held.store(false, Ordering::SeqCst);
        staff.go_on.notify_one();
        until(async || world.tokens().await == 0).await;
        world.dashboard.shutdown().await;
    }
}

#[tokio::test]
async fn an_administrators_look_at_one_or_two_people_counts_at_once() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    for name in ["ann", "bo"] {
        world.employee(&staff, name, HOUR).await;
    }
    assert_eq!(world.recheck(&staff, false).await.still_there, 2);
    staff.dismiss_all();
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.left, done.doubted), (2, 0));
    assert_eq!(world.tokens().await, 0);
}

#[tokio::test]
async fn settings_that_have_let_nobody_in_take_from_nobody_however_few_there_are() {
    for names in [&["ann"][..], &["ann", "bo"]] {
        let staff = Staff::new(true);
        let world = world(&staff).await;
        for name in names {
            world.employee(&staff, name, HOUR).await;
        }
        staff.dismiss_all();
        for _ in 0..3 {
            let done = world.recheck(&staff, false).await;
            assert_eq!((done.left, done.doubted), (0, names.len()));
        }
        assert_eq!(world.tokens().await, names.len());
        // They were right, and somebody left meanwhile.
        for name in names {
            staff.hire(name);
        }
        assert_eq!(world.recheck(&staff, false).await.doubted, 0);
        staff.dismiss(names[0]);
        assert_eq!(world.recheck(&staff, false).await.left, 1);
    }
}

#[tokio::test]
async fn one_who_was_all_and_left_is_out_soon_after_somebody_else_is_let_in() {
    let staff = Staff::new(true);
    let ann = staff.hire("ann");
    staff.dismiss("ann");
    let world = restless_world(&staff).await;
    let ann = world.known(&ann, HOUR).await;
    world.token(&ann, Permissions::all()).await;
    until(async || world.state().await.doubt.is_some()).await;
    assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    staff.hire("bo");
    world.sign_in_at(&staff, "bo-name").await.unwrap();
    until(async || world.tokens().await == 0).await;
    until(async || world.dashboard.ready() == Readiness::Ready).await;
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn a_process_that_has_let_nobody_in_keeps_no_other_from_taking_out_who_left() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    world.employee(&staff, "ann", HOUR).await;
    assert_eq!(world.recheck(&staff, false).await.still_there, 1);
    staff.dismiss("ann");
    // A command tells what it doubts, and leaves it at that.
    let other = world.beside(&staff).await;
    let host = world.host();
    let done = other.recheck_source(&host, &staff.source, false).await;
    let done = done.unwrap();
    assert_eq!((done.left, done.doubted), (0, 1));
    assert_eq!(world.store.doubt(&staff.source).await.unwrap(), None);
    // What a server doubts that has just begun ends here.
    let doubt = LeavingDoubt {
        since: Timestamp::now(),
        left: BTreeSet::from(["ann".into()]),
        asked: 1,
    };
    let stored = world
        .store
        .set_doubt(&staff.source, None, Some(&doubt))
        .await;
    assert!(stored.unwrap());
    let done = world.recheck(&staff, false).await;
    assert_eq!((done.left, done.doubted), (1, 0));
    assert_eq!(world.store.doubt(&staff.source).await.unwrap(), None);
}

//! What keeps people from signing in with a directory, and until when that is told.

use super::*;

#[tokio::test]
async fn an_answer_clears_no_trouble_of_a_part_that_it_did_not_come_to() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    staff.hire("bo");
    for (part, by_wrong, by_unknown) in [
        (SourcePart::Connection, true, true),
        (SourcePart::Account, true, true),
        (SourcePart::People, true, false),
        (SourcePart::Passwords, true, false),
        (SourcePart::Groups, false, false),
    ] {
        for (name, password, clears) in [
            ("bo-name", WRONG, by_wrong),
            (&*format!("nobody-{part:?}"), "any", by_unknown),
            // Perhaps by their entry alone.
            ("bo-name", "any", part != SourcePart::Groups),
        ] {
            staff.break_at(part);
            let refused = world.sign_in_at(&staff, "bo-name").await;
            assert!(
                matches!(refused, Err(Error::Unavailable { .. })),
                "{part:?}"
            );
            let failing = world.state().await.failing.unwrap();
            assert_eq!(failing.part, part);
            assert_eq!(failing.reason, format!("{part:?} is broken"));
            staff.break_at(None);
            let _ = world.sign_in_with(&staff, name, password).await;
            let still = world.state().await.failing;
            assert_eq!(still.is_none(), clears, "{part:?} {name} {password}");
            if let Some(still) = still {
                assert_eq!(still.since, failing.since);
                assert_eq!(world.dashboard.ready(), Readiness::Degraded);
            }
            world.sign_in_at(&staff, "bo-name").await.unwrap();
            let host = world.host();
            let walk = world.dashboard.diagnose(&host, &staff.source, None);
            walk.await.unwrap();
            assert_eq!(world.dashboard.ready(), Readiness::Ready);
        }
    }
}

#[tokio::test]
async fn that_groups_cannot_be_seen_is_told_until_they_are_though_some_come_in_by_their_entry() {
    let staff = Staff::new(true);
    let world = patient_world(&staff).await;
    staff.hire("ann");
    staff.members.lock().unwrap().insert("ann".to_owned());
    staff.hire("bo");
    staff.break_at(SourcePart::Groups);
    let mut first = None;
    for _ in 0..3 {
        world.sign_in_at(&staff, "bo-name").await.unwrap_err();
        world.sign_in_at(&staff, "ann-name").await.unwrap();
        let failing = world.state().await.failing.unwrap();
        assert_eq!(first.get_or_insert(failing.clone()).since, failing.since);
        assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    }
    staff.break_at(None);
    world.sign_in_at(&staff, "ann-name").await.unwrap();
    until(async || world.dashboard.ready() == Readiness::Ready).await;
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn a_part_that_is_broken_is_told_again_when_those_before_it_work() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    staff.hire("bo");
    staff.break_at(SourcePart::Groups);
    world.sign_in_at(&staff, "bo-name").await.unwrap_err();
    let groups = world.state().await.failing.unwrap();
    staff.leave_alone(true);
    world.sign_in_at(&staff, "bo-name").await.unwrap_err();
    let away = world.state().await.failing.unwrap();
    assert_eq!(away.part, SourcePart::Connection);
    staff.leave_alone(false);
    world
        .sign_in_with(&staff, "bo-name", WRONG)
        .await
        .unwrap_err();
    assert_eq!(world.state().await.failing, Some(groups));
}

#[tokio::test]
async fn where_people_bind_at_once_a_refusal_shows_that_it_answers_and_no_more() {
    let staff = Staff::new(false);
    let world = world(&staff).await;
    staff.hire("bo");
    for (part, clears) in [(SourcePart::Connection, true), (SourcePart::People, false)] {
        staff.break_at(part);
        world.sign_in_at(&staff, "bo-name").await.unwrap_err();
        staff.break_at(None);
        world
            .sign_in_with(&staff, "bo-name", WRONG)
            .await
            .unwrap_err();
        assert_eq!(world.state().await.failing.is_none(), clears, "{part:?}");
        world.sign_in_at(&staff, "bo-name").await.unwrap();
    }
}

#[tokio::test]
async fn trouble_shows_though_nobody_signs_in_and_nobody_is_looked_at() {
    let staff = Staff::new(true);
    staff.break_at(SourcePart::Groups);
    let world = restless_world(&staff).await;
    until(async || world.dashboard.ready() == Readiness::Degraded).await;
    for part in [None, Some(SourcePart::Account), None] {
        staff.break_at(part);
        until(async || world.state().await.failing.map(|it| it.part) == part).await;
    }
    assert_eq!(world.dashboard.ready(), Readiness::Ready);
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_while_another_does_is_told() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let since = Timestamp::now();
    *staff.silent.lock().unwrap() = Some(SilentServer {
        server: "ldap://one".to_owned(),
        since,
        reason: "ldap://one cannot be reached: no answer within 3 s".to_owned(),
        used: "ldap://two".to_owned(),
    });
    assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    let told = world.dashboard.health(&world.host()).await.unwrap();
    let told = told.iter().find(|one| one.name == "source:clinic").unwrap();
    assert_eq!(
        (told.state, told.since),
        (DependencyState::Degraded, Some(since))
    );
    assert!(
        told.message
            .ends_with("ldap://one cannot be reached: no answer within 3 s; ldap://two is used"),
        "{}",
        told.message
    );
    assert_eq!(world.state().await.silent_servers.len(), 1);
    *staff.silent.lock().unwrap() = None;
    assert_eq!(world.dashboard.ready(), Readiness::Ready);
}

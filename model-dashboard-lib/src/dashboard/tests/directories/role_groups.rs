//! Groups that give roles, and cannot be seen.

use super::*;

#[tokio::test]
async fn a_group_that_cannot_be_seen_gives_no_role_which_is_told_and_costs_nothing_else() {
    let staff = Staff::new(true);
    let mut bo = staff.hire("bo");
    bo.role = Some(GrantedRole {
        role: Role::Admin,
        reason: "group cn=admins".to_owned(),
    });
    staff.change(bo.clone());
    let world = restless_world(&staff).await;
    let user = world.known(&bo, Duration::ZERO).await;
    let (bearer, _) = world.token(&user, Permissions::all()).await;
    let cookie = world.session(&user).await;
    let role = async || world.by_cookie(&cookie).await.unwrap().user().role;
    assert_eq!(role().await, Role::Admin);
    assert_eq!(world.dashboard.ready(), Readiness::Ready);

    let without = Identity {
        role: None,
        ..bo.clone()
    };
    staff.change(without);
    staff.hidden.lock().unwrap().push(Role::Admin);
    until(async || world.dashboard.ready() == Readiness::Degraded).await;
    until(async || role().await == Role::Publisher).await;
    let told = world.state().await.groups.unwrap();
    assert_eq!(told.reason, "groups of role admin: the group is not there");
    let health = world.dashboard.health(&world.host()).await.unwrap();
    let one = health.iter().find(|one| one.name == "source:clinic");
    let one = one.unwrap();
    assert_eq!(
        (one.state, one.since),
        (DependencyState::Degraded, Some(told.since))
    );
    assert!(one.message.contains(&told.reason) && one.fix.is_some());
    world.by_token(&bearer).await.unwrap();

    staff.change(bo);
    staff.hidden.lock().unwrap().clear();
    until(async || role().await == Role::Admin).await;
    until(async || world.dashboard.ready() == Readiness::Ready).await;
    assert_eq!(world.state().await.groups, None);
    world.by_token(&bearer).await.unwrap();
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn that_a_group_is_back_is_seen_soon_after_the_next_sign_in() {
    let staff = Staff::new(true);
    staff.hire("bo");
    let world = patient_world(&staff).await;
    staff.hidden.lock().unwrap().push(Role::Editor);
    let host = world.host();
    let walk = world.dashboard.diagnose(&host, &staff.source, None);
    walk.await.unwrap();
    assert_eq!(world.dashboard.ready(), Readiness::Degraded);
    staff.hidden.lock().unwrap().clear();
    world.sign_in_at(&staff, "bo-name").await.unwrap();
    until(async || world.dashboard.ready() == Readiness::Ready).await;
    assert_eq!(world.state().await.groups, None);
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn a_walk_through_a_sign_in_notes_how_the_groups_are() {
    let staff = Staff::new(true);
    let world = world(&staff).await;
    let ready = async || {
        let host = world.host();
        let walk = world.dashboard.diagnose(&host, &staff.source, None);
        walk.await.unwrap();
        world.dashboard.ready()
    };
    staff.hidden.lock().unwrap().push(Role::Editor);
    assert_eq!(ready().await, Readiness::Degraded);
    // It is not known to be better while the directory does not answer.
    staff.hidden.lock().unwrap().clear();
    staff.leave_alone(true);
    ready().await;
    assert!(world.state().await.groups.is_some());
    staff.leave_alone(false);
    assert_eq!(ready().await, Readiness::Ready);
}

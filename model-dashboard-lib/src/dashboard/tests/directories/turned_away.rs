//! What somebody loses who is turned away at sign-in with the right password, and when.

use super::*;

impl World {
    async fn is_turned_away(&self, staff: &Staff, name: &str) {
        let refused = self.sign_in_at(staff, &format!("{name}-name")).await;
        assert_eq!(reason(refused), Unauthenticated::SignInRefused);
    }
}

#[tokio::test]
async fn who_is_turned_away_with_the_right_password_loses_everything_in_a_round_that_comes_for_it()
{
    let staff = Staff::new(true);
    let world = patient_world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", HOUR).await;
    let (_, other) = world.employee(&staff, "ann", HOUR).await;
    let cookie = world.session(&bo).await;
    world.sign_in_at(&staff, "ann-name").await.unwrap();
    staff.dismiss("bo");
    world.is_turned_away(&staff, "bo").await;
    until(async || world.count(Action::UserUpdate).await == 1).await;
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
    assert_eq!(told[1].detail, "not in the required group");
    let detail = &told[0].detail;
    assert!(detail.contains("1 session ended, 1 token"), "{detail}");

    // Once more brings nothing forward, and they may come back.
    let rounds = staff.times_asked();
    world.is_turned_away(&staff, "bo").await;
    assert_eq!(staff.times_asked(), rounds);
    staff.hire("bo");
    let back = world.sign_in_at(&staff, "bo-name").await.unwrap();
    assert!(back.user.is_active);
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn the_round_that_comes_for_somebody_looks_at_them_however_lately_they_signed_in() {
    let staff = Staff::new(true);
    let world = patient_world(&staff).await;
    world.employee(&staff, "ann", HOUR).await;
    let bo = staff.hire("bo");
    // Just before that round, which comes two seconds after the first.
    let at = Timestamp::now().plus(Duration::from_secs(1));
    let known = world.store.remember(&bo, Role::Publisher, true, at).await;
    let (bearer, _) = world.token(&known.unwrap(), Permissions::all()).await;
    staff.dismiss("bo");
    world.is_turned_away(&staff, "bo").await;
    until(async || world.count(Action::UserUpdate).await == 1).await;
    assert!(world.by_token(&bearer).await.is_err());
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn a_required_group_that_lets_nobody_in_costs_nobody_anything_at_sign_in() {
    for names in [&["ann"][..], &["ann", "bo"], &["ann", "bo", "cy", "di"]] {
        let staff = Staff::new(true);
        let world = patient_world(&staff).await;
        for name in names {
            world.employee(&staff, name, HOUR).await;
        }
        staff.dismiss_all();
        for name in names {
            world.is_turned_away(&staff, name).await;
        }
        until(async || world.dashboard.ready() == Readiness::Degraded).await;
        let doubt = world.state().await.doubt.unwrap();
        assert_eq!((doubt.left, doubt.asked), (names.len(), names.len()));
        assert_eq!(
            world.store.list_tokens(None).await.unwrap().len(),
            names.len()
        );
        assert_eq!(world.count(Action::UserUpdate).await, 0);
        world.dashboard.shutdown().await;
    }
}

#[tokio::test]
async fn rounds_that_are_brought_forward_come_no_more_often_than_after_a_doubt() {
    let staff = Staff::new(true);
    let world = patient_world(&staff).await;
    world.employee(&staff, "bo", HOUR).await;
    world.employee(&staff, "ann", HOUR).await;
    let begun = std::time::Instant::now();
    let inner = &world.dashboard.inner;
    let turned_away = async || {
        let refusal = Refusal::NotInGroup;
        inner
            .turned_away(&staff.id("bo"), &refusal, Timestamp::now())
            .await;
    };
    until(async || {
        turned_away().await;
        staff.times_asked() >= 2
    })
    .await;
    let lasted = begun.elapsed();
    assert!(lasted > Duration::from_secs(2), "{lasted:?}");
    world.dashboard.shutdown().await;
}

#[tokio::test]
async fn without_rounds_what_is_said_of_the_account_counts_at_once_and_what_hangs_on_settings_not()
{
    let staff = Staff::new(false);
    let world = world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", HOUR).await;
    let cookie = world.session(&bo).await;
    staff.dismiss("bo");
    world.is_turned_away(&staff, "bo").await;
    world.by_token(&bearer).await.unwrap();
    world.by_cookie(&cookie).await.unwrap();
    assert_eq!(world.count(Action::UserUpdate).await, 0);

    staff.says(Refusal::Disabled);
    world.is_turned_away(&staff, "bo").await;
    assert!(world.by_token(&bearer).await.is_err());
    assert!(world.by_cookie(&cookie).await.is_err());
    let told = world.events().await;
    let told = &told[told.len() - 2].event;
    assert_eq!(told.action, Action::UserUpdate);
    assert!(
        told.detail.contains("1 session ended, 1 token"),
        "{}",
        told.detail
    );
    // Once more tells of nothing more.
    world.is_turned_away(&staff, "bo").await;
    assert_eq!(world.count(Action::UserUpdate).await, 1);
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
async fn a_sign_in_that_began_before_the_source_vouched_takes_nothing() {
    let staff = Staff::new(false);
    let world = world(&staff).await;
    let (bo, bearer) = world.employee(&staff, "bo", HOUR).await;
    let before = Timestamp::now().minus(2 * HOUR);
    let inner = &world.dashboard.inner;
    inner.turned_away(&bo.id, &Refusal::Disabled, before).await;
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
    assert_eq!(
        world.last_event().await.detail,
        "account was disabled here by an administrator; typed as another-name"
    );
    assert_eq!(world.count(Action::UserUpdate).await, 0);
    let after = world.store.user(&bo.id).await.unwrap();
    assert_eq!(after, Some(before));
}

//! What administrators are told of a directory that is not as its settings say.

use std::time::Duration;

use model_dashboard::auth::{Source, SourcePart, UserChange};
use model_dashboard::dashboard::{Dependency, DependencyState, Error, Readiness};

use crate::asking::Settings;
use crate::people::{REQUIRED_GROUP, group, password_of};
use crate::registry::{Registry, request};
use crate::slapd::Slapd;

#[tokio::test(flavor = "multi_thread")]
async fn a_required_group_that_is_not_there_is_told_before_anybody_signs_in_and_until_it_is() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let gone = group("gone");
    let settings = Settings::by_service(&slapd).set("LDAP_REQUIRED_GROUP", gone.as_str());
    let registry = Registry::open(&settings).await;
    let dashboard = &registry.dashboard;
    let failing = async || registry.state().await.failing;
    let found = async {
        while failing().await.is_none() {
            tokio::task::yield_now().await;
        }
    };
    let within = Duration::from_secs(60);
    tokio::time::timeout(within, found)
        .await
        .expect("it is never told");
    // Whoever guesses learns nothing; the audit log has the reason.
    for (name, password) in [
        ("anna", "wrong"),
        ("anna", &*password_of("anna")),
        ("nobody", "any"),
    ] {
        let answer = registry.sign_in("ldap", name, password).await;
        assert!(
            matches!(answer, Err(Error::Unavailable { .. })),
            "{answer:?}"
        );
        let failing = failing().await.unwrap();
        assert_eq!(failing.part, SourcePart::Groups);
        assert!(failing.reason.contains(&gone), "{failing:?}");
    }
    let told = registry.refusals().await;
    let reason = format!("not checked: the directory does not show the required group {gone}");
    assert!(told.iter().all(|one| one.contains(&reason)), "{told:?}");
    dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_finds_nobody_is_told_until_somebody_is_found() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let nobody = "(&(uid={username})(description=nobody has this))";
    let settings = Settings::by_service(&slapd).set("LDAP_SEARCH_FILTER", nobody);
    let registry = Registry::open(&settings).await;
    let failing = async || registry.state().await.failing.map(|failing| failing.part);
    let found = async {
        while failing().await.is_none() {
            tokio::task::yield_now().await;
        }
    };
    let within = Duration::from_secs(60);
    tokio::time::timeout(within, found)
        .await
        .expect("it is never told");
    // Whoever tries is somebody whom it does not find, which shows nothing of others.
    for name in ["anna", "nobody"] {
        let refused = registry.sign_in("ldap", name, &password_of("anna")).await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated { .. })),
            "{refused:?}"
        );
        assert_eq!(failing().await, Some(SourcePart::People));
    }
    registry.dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_here_is_told_though_nobody_may_look_them_up() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let registry = Registry::open(&Settings::by_template(&slapd)).await;
    let dashboard = &registry.dashboard;
    let anna = registry.sign_in("ldap", "anna", &password_of("anna")).await;
    let anna = anna.unwrap().user.id;
    let host = dashboard.host_caller("ana@here");
    let disabled = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let change = dashboard.update_user(&host, &anna, disabled);
    change.await.unwrap();
    let source = Source::parse("ldap").unwrap();
    let walk = dashboard
        .diagnose(&host, &source, Some("anna"))
        .await
        .unwrap();
    let last = walk.steps.last().unwrap();
    assert_eq!(
        (last.name.as_str(), walk.is_well()),
        ("account here", false)
    );
    for typed in ["anna@example.org", "CORP\\anna"] {
        let walk = dashboard.diagnose(&host, &source, Some(typed)).await;
        assert!(!walk.unwrap().is_well(), "{typed}");
    }
    registry.dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_required_group_takes_nothing_from_those_who_sign_in_with_it() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let right = Settings::by_service(&slapd);
    let registry = Registry::open(&right).await;
    let mut held = Vec::new();
    for name in ["anna", "emil"] {
        let signed_in = registry.sign_in("ldap", name, &password_of(name)).await;
        held.push((name, signed_in.unwrap().secret.expose()));
    }
    registry.dashboard.shutdown().await;
    // It is there, but neither is in it.
    let wrong = right
        .set("LDAP_REQUIRED_GROUP", group("Admins-Old"))
        .set("LDAP_RECHECK_INTERVAL", "1m");
    let registry = registry.open_again(&wrong).await;
    for (name, _) in &held {
        let refused = registry.sign_in("ldap", name, &password_of(name)).await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated { .. })),
            "{refused:?}"
        );
    }
    let host = registry.dashboard.host_caller("ana@here");
    let mut soon = tokio::time::interval(Duration::from_millis(50));
    let doubted = async {
        loop {
            let states = registry.dashboard.source_states(&host).await.unwrap();
            if let Some(doubt) = states[0].doubt {
                return doubt;
            }
            soon.tick().await;
        }
    };
    let doubt = tokio::time::timeout(Duration::from_secs(30), doubted).await;
    assert_eq!(doubt.unwrap().left, 2);
    for (name, cookie) in &held {
        let caller = registry.dashboard.caller_from_session(cookie, request());
        assert!(caller.await.is_ok(), "{name}");
    }
    registry.dashboard.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_people_bind_themselves_a_required_group_that_is_not_there_is_told_to_administrators()
{
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    slapd.rename(REQUIRED_GROUP, "cn=gone").await;
    let registry = Registry::open(&Settings::by_template(&slapd)).await;
    let dashboard = &registry.dashboard;
    let host = dashboard.host_caller("ana@here");
    let state = async || registry.state().await;
    for password in ["wrong", &password_of("anna")] {
        let refused = registry.sign_in("ldap", "anna", password).await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated { .. })),
            "{refused:?}"
        );
        let state = state().await;
        // What others see does not tell that the password is right.
        assert_eq!((state.failing, dashboard.ready()), (None, Readiness::Ready));
        assert_eq!(state.required_group.is_some(), password != "wrong");
    }
    let health = dashboard.health(&host).await.unwrap();
    let degraded = |all: &[Dependency]| {
        let mut all = all.iter();
        all.any(|one| one.name == "source:ldap" && one.state == DependencyState::Degraded)
    };
    assert!(degraded(&health) && !degraded(&dashboard.dependencies().await));
    let reason = state().await.required_group.unwrap().reason;
    assert!(
        reason.contains(REQUIRED_GROUP) && reason.contains("LDAP_REQUIRED_GROUP"),
        "{reason}"
    );
    let told = registry.refusals().await;
    let [right, wrong] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(wrong.starts_with("wrong password"), "{wrong}");
    assert!(right.starts_with(&reason), "{right}");
    // A walk through the steps may look for no group, and so ends nothing.
    let source = Source::parse("ldap").unwrap();
    dashboard.diagnose(&host, &source, None).await.unwrap();
    assert!(state().await.required_group.is_some());

    slapd
        .rename(&group("gone"), REQUIRED_GROUP.split(',').next().unwrap())
        .await;
    registry
        .sign_in("ldap", "anna", &password_of("anna"))
        .await
        .unwrap();
    assert_eq!(state().await.required_group, None);
    registry.dashboard.shutdown().await;
}

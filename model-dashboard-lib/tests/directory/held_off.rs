//! A wrong password of the account that looks people up is not tried until the account is locked.

use ldap3::Mod;
use model_dashboard::auth::Authenticator as _;

use crate::asking::{Settings, sign_in, unavailable};
use crate::people::{READER, READER_PASSWORD, password_of};
use crate::slapd::Slapd;

/// How often the account was tried.
async fn tries(slapd: &Slapd) -> usize {
    let bind = format!("BIND dn=\"{READER}\" method");
    slapd.log().await.matches(&bind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_with_a_wrong_account_do_not_lock_it() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let right = Settings::by_service(&slapd);
    let anna = sign_in(&right.directory(), "anna", &password_of("anna")).await;
    let known = [anna.unwrap().id];
    let before = tries(&slapd).await;
    let wrong = right.clone().set("LDAP_BIND_PASSWORD", "wrong").directory();
    let at_once = (0..20).map(|_| sign_in(&wrong, "anna", "any"));
    for answer in futures::future::join_all(at_once).await {
        assert!(unavailable(answer).contains("LDAP_BIND_PASSWORD"));
    }
    let told = unavailable(sign_in(&wrong, "anna", "any").await);
    assert!(told.contains("not tried again before"), "{told}");
    assert!(wrong.recheck(&known).await[0].is_err());
    assert_eq!(tries(&slapd).await, before + 1);
    // Five would have locked it.
    sign_in(&right.directory(), "anna", &password_of("anna"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_the_connection_tries_the_account_at_once_and_ends_the_pause() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd)
        .set("LDAP_BIND_PASSWORD", "the next one")
        .directory();
    unavailable(sign_in(&directory, "anna", &password_of("anna")).await);
    let walk = directory.diagnose(None).await;
    assert!(!walk.is_well());
    let step = walk.steps.last().unwrap();
    let advice = step.advice.as_deref().unwrap();
    assert!(advice.contains("pauses"), "{advice}");
    assert_eq!(tries(&slapd).await, 2);
    unavailable(sign_in(&directory, "anna", &password_of("anna")).await);
    assert_eq!(tries(&slapd).await, 2);
    let set = |password| Mod::Replace("userPassword", std::collections::HashSet::from([password]));
    slapd.change(READER, set("the next one")).await;
    // It is not tried before somebody tests it.
    unavailable(sign_in(&directory, "anna", &password_of("anna")).await);
    assert!(directory.diagnose(None).await.is_well());
    sign_in(&directory, "anna", &password_of("anna"))
        .await
        .unwrap();
    slapd.change(READER, set(READER_PASSWORD)).await;
    unavailable(sign_in(&directory, "anna", &password_of("anna")).await);
}

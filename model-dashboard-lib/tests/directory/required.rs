//! Signing in while the directory does not show the required group.

use std::collections::HashSet;

use ldap3::Mod;
use model_dashboard::auth::{Authenticator as _, DiagnosisStep, Refusal, Username, Verdict};

use crate::asking::{Settings, barred, not_shown, refusal, sign_in, unavailable};
use crate::people::{REQUIRED_GROUP, dn_of, group, password_of};
use crate::slapd::Slapd;

/// How the log of OpenLDAP begins the line of a bind with a person's password.
fn bind_of(name: &str) -> String {
    format!("BIND dn=\"{}\" method", dn_of(name))
}

#[tokio::test]
async fn a_group_that_is_not_there_is_told_before_any_password_is_tried() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    for gone in [group("gone"), "gone".to_owned()] {
        let directory = Settings::by_service(&slapd)
            .set("LDAP_REQUIRED_GROUP", gone.as_str())
            .directory();
        for (name, password) in [
            ("anna", &*password_of("anna")),
            ("anna", "wrong"),
            ("frieda", &*password_of("frieda")),
            ("nobody", "any"),
        ] {
            let reason = unavailable(sign_in(&directory, name, password).await);
            let told = reason.contains(&gone) && reason.contains("LDAP_REQUIRED_GROUP");
            assert!(told, "{name}: {reason}");
        }
    }
    let log = slapd.log().await;
    assert!(!log.contains(&bind_of("anna")), "{log}");
}

#[tokio::test]
async fn where_people_bind_themselves_it_is_a_refusal_as_of_a_wrong_password() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_template(&slapd)
        .set("LDAP_REQUIRED_GROUP", group("gone"))
        .directory();
    let right = sign_in(&directory, "anna", &password_of("anna")).await;
    assert_eq!(barred(right), (None, not_shown(group("gone"))));
    let wrong = sign_in(&directory, "anna", "wrong").await;
    assert_eq!(barred(wrong), (None, Refusal::WrongPassword));
}

#[tokio::test]
async fn where_groups_cannot_be_searched_a_right_password_has_no_answer_of_its_own() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let nowhere = "dc=elsewhere,dc=net";
    let directory = Settings::by_service(&slapd)
        .set("LDAP_GROUP_BASE_DN", nowhere)
        .directory();
    for password in [&*password_of("ben"), "wrong"] {
        let reason = unavailable(sign_in(&directory, "ben", password).await);
        let told = reason.contains(nowhere) && reason.contains("LDAP_GROUP_BASE_DN");
        assert!(told, "{reason}");
    }
    unavailable(sign_in(&directory, "nobody", "any").await);
    // Where people bind themselves it is a refusal as of a wrong password.
    let directory = Settings::by_template(&slapd)
        .set("LDAP_GROUP_BASE_DN", nowhere)
        .directory();
    assert_eq!(
        refusal(sign_in(&directory, "ben", "wrong").await),
        Refusal::WrongPassword
    );
    let right = refusal(sign_in(&directory, "ben", &password_of("ben")).await);
    assert!(right.to_string().contains("LDAP_GROUP_BASE_DN"), "{right}");
}

#[tokio::test]
async fn a_group_that_goes_between_two_looks_makes_a_right_password_one_more_refusal() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd).directory();
    let dora = async |password: &str| sign_in(&directory, "dora", password).await;
    let (id, out) = barred(dora(&password_of("dora")).await);
    assert!(id.is_some() && out == Refusal::NotInGroup, "{out}");
    slapd.delete(REQUIRED_GROUP).await;
    assert_eq!(refusal(dora("wrong").await), Refusal::WrongPassword);
    let right = dora(&password_of("dora")).await;
    assert_eq!(barred(right), (None, not_shown(REQUIRED_GROUP.to_owned())));
    // From then on it is known.
    unavailable(dora("wrong").await);
    unavailable(dora(&password_of("dora")).await);
}

#[tokio::test]
async fn whose_entry_tells_of_the_group_comes_in_though_it_is_not_shown() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let hidden = group("hidden");
    let told = Mod::Add("seeAlso", HashSet::from([&*hidden]));
    slapd.change(&dn_of("anna"), told).await;
    let directory = Settings::by_service(&slapd)
        .set("LDAP_GROUP_ATTRIBUTE", "seeAlso")
        .set("LDAP_REQUIRED_GROUP", hidden.as_str())
        .directory();
    let anna = async |password: &str| sign_in(&directory, "anna", password).await;
    anna(&password_of("anna")).await.unwrap();
    assert_eq!(refusal(anna("wrong").await), Refusal::WrongPassword);
    unavailable(sign_in(&directory, "emil", &password_of("emil")).await);
    // A walk says what would come of each.
    for (name, comes_in) in [("anna", true), ("emil", false)] {
        let name = Username::parse(name).unwrap();
        let walk = directory.diagnose(Some(&name)).await;
        assert_eq!(walk.is_well(), comes_in, "{walk:#?}");
        let told =
            |step: &DiagnosisStep| step.name == "required group" && step.verdict != Verdict::Well;
        assert!(walk.steps.iter().any(told), "{walk:#?}");
    }
}

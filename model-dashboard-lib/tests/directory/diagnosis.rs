//! What a walk through the steps of a sign-in says.

use std::time::Duration;

use model_dashboard::auth::ldap::LdapAuthenticator;
use model_dashboard::auth::{Authenticator as _, Diagnosis, Refusal, Username, Verdict};

use crate::asking::{Settings, refusal, sign_in, unavailable};
use crate::authority::{Authority, Flaw};
use crate::domain::{self, STATES};
use crate::evil::{Evil, Mode};
use crate::people::{GROUPS, POLICY, READER, REQUIRED_GROUP, dn_of, group, password_of};
use crate::samba::Samba;
use crate::slapd::{Habits, Slapd};

async fn walk(settings: &Settings, name: Option<&str>) -> Diagnosis {
    let name = name.map(|name| Username::parse(name).unwrap());
    settings.directory().diagnose(name.as_ref()).await
}

/// The steps of a diagnosis, by their names and verdicts.
pub(crate) async fn steps(
    settings: &Settings,
    name: Option<&str>,
) -> Vec<(String, Verdict, String)> {
    let steps = walk(settings, name).await.steps.into_iter();
    steps
        .map(|step| {
            (
                step.name,
                step.verdict,
                format!("{} {:?}", step.saw, step.advice),
            )
        })
        .collect()
}

/// Those of one name, with what was seen and what is to be done.
pub(crate) fn named<'a>(
    steps: &'a [(String, Verdict, String)],
    name: &str,
) -> Vec<(Verdict, &'a str)> {
    let named = steps.iter().filter(|step| step.0.starts_with(name));
    let told = named.map(|(_, verdict, text)| (*verdict, text.as_str()));
    told.collect()
}

#[tokio::test]
async fn a_diagnosis_names_the_step_that_fails_and_what_to_do() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd).set("LDAP_ADMIN_GROUPS", group("level-1"));
    let told = settings.directory();
    let ben = Username::parse("ben").unwrap();
    let told = told.diagnose(Some(&ben)).await;
    assert!(told.is_well(), "{told:#?}");
    let identity = told.identity.unwrap();
    let given = identity.role.clone().unwrap();
    assert_eq!(given.reason, format!("group {}", group("level-1")));

    for (setting, value, failed, advice) in [
        (
            "LDAP_SERVER",
            "ldaps://no.such.host.invalid",
            "connection",
            "not known",
        ),
        ("LDAP_CA_FILE", "", "encryption", "LDAP_CA_FILE"),
        (
            "LDAP_BIND_PASSWORD",
            "wrong",
            "account that looks people up",
            "LDAP_BIND_PASSWORD",
        ),
        ("LDAP_BASE_DN", "dc=elsewhere", "people", "LDAP_BASE_DN"),
        (
            "LDAP_REQUIRED_GROUP",
            "cn=gone,dc=example,dc=org",
            "required group",
            "LDAP_REQUIRED_GROUP",
        ),
    ] {
        let steps = steps(&settings.clone().set(setting, value), Some("ben")).await;
        let (name, _, text) = steps
            .iter()
            .find(|(_, verdict, _)| *verdict == Verdict::Failed)
            .unwrap_or_else(|| panic!("{setting}: {steps:?}"));
        assert!(
            name.starts_with(failed) && text.contains(advice),
            "{steps:?}"
        );
    }
    for (name, failed) in [
        ("nobody", "person"),
        ("frieda", "account"),
        ("dora", "admission"),
    ] {
        let steps = steps(&settings, Some(name)).await;
        let last = steps.last().unwrap();
        assert!(
            last.0.starts_with(failed) && last.1 == Verdict::Failed,
            "{steps:?}"
        );
    }
    // Nobody can be added to a group that is not there.
    let gone = settings.clone().set("LDAP_REQUIRED_GROUP", group("gone"));
    let told = steps(&gone, Some("dora")).await;
    let (_, text) = named(&told, "admission")[0];
    assert!(
        text.contains("is not shown") && !text.contains("add them"),
        "{text}"
    );
    // What settles the role ends the search, and that is told.
    let settled = settings.clone().set("LDAP_ADMIN_GROUPS", REQUIRED_GROUP);
    for (settings, is_told) in [(&settled, true), (&settings, false)] {
        let told = steps(settings, Some("anna")).await;
        // After those of the roles.
        let (_, text) = *named(&told, "groups").last().unwrap();
        assert_eq!(text.contains("more were not searched"), is_told, "{text}");
    }
    // Nobody was signed in by it.
    let signed_in = sign_in(&settings.directory(), "ben", &password_of("ben")).await;
    assert_eq!(identity, signed_in.unwrap());
    let log = slapd.log().await;
    let binds = log
        .matches(&format!("BIND dn=\"{}\" method", dn_of("ben")))
        .count();
    assert!(log.contains(READER) && binds == 1, "{binds}: {log}");
}

#[tokio::test]
async fn a_group_that_gives_a_role_and_is_not_there_is_named_with_its_setting() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let gone = group("gone");
    let settings = Settings::by_service(&slapd)
        .set("LDAP_ADMIN_GROUPS", format!("{gone}; Admins"))
        .set("LDAP_PUBLISHER_GROUPS", "cn=other,dc=elsewhere")
        .set("LDAP_EDITOR_GROUPS", group("level-1"))
        .set("LDAP_AUDITOR_GROUPS", "Tina Twin")
        .set("LDAP_VIEWER_GROUPS", "nobody-is-called-so");
    let steps = steps(&settings, Some("anna")).await;
    let of = |role: &str| named(&steps, &format!("groups of role {role}"));
    for (role, setting, told) in [
        ("admin", "LDAP_ADMIN_GROUPS", gone.as_str()),
        (
            "publisher",
            "LDAP_PUBLISHER_GROUPS",
            "cn=other,dc=elsewhere",
        ),
        ("auditor", "LDAP_AUDITOR_GROUPS", "several entries"),
        ("viewer", "LDAP_VIEWER_GROUPS", "nobody-is-called-so"),
    ] {
        let (verdict, text) = of(role)[0];
        assert_eq!(verdict, Verdict::Warning, "{role}: {steps:#?}");
        assert!(text.contains(setting) && text.contains(told), "{text}");
    }
    for (role, at) in [("admin", 1), ("editor", 0)] {
        assert_eq!(of(role)[at].0, Verdict::Well, "{steps:#?}");
    }
    // People come in all the same.
    let failed = steps.iter().find(|step| step.1 == Verdict::Failed);
    assert_eq!(failed, None);
}

#[tokio::test]
async fn a_server_that_ends_a_sign_in_is_told_from_one_that_is_passed_over() {
    let expired = Habits {
        certificate: Some(Flaw::Expired),
        ..Habits::default()
    };
    let (Some(expired), Some(good)) = (Slapd::with(expired).await, Slapd::start().await) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("both.crt");
    let pem = |authority: &Authority| authority.pem();
    let both = [pem(&expired.authority), pem(&good.authority)].concat();
    std::fs::write(&authorities, both).unwrap();
    let settings =
        Settings::by_service(&good).set("LDAP_CA_FILE", authorities.display().to_string());
    let nobody = format!("ldaps://127.0.0.1:{}", crate::processes::free_port());
    for (first, second, may_enter, told) in [
        (expired.tls_url(), good.tls_url(), false, "ends here"),
        (good.tls_url(), expired.tls_url(), true, "has expired"),
        (nobody.clone(), good.tls_url(), true, "nothing listens"),
        (nobody, expired.tls_url(), false, "nothing listens"),
    ] {
        let settings = settings
            .clone()
            .set("LDAP_SERVER", format!("{first}, {second}"));
        let answer = sign_in(&settings.directory(), "anna", &password_of("anna")).await;
        assert_eq!(answer.is_ok(), may_enter, "{first} {second}: {answer:?}");
        let walk = walk(&settings, Some("anna")).await;
        assert_eq!(walk.is_well(), may_enter, "{walk:#?}");
        assert_eq!(walk.identity.is_some(), may_enter);
        let mut bad = walk
            .steps
            .iter()
            .filter(|step| step.verdict != Verdict::Well);
        assert!(bad.any(|step| step.saw.contains(told)), "{walk:#?}");
    }
}

#[tokio::test]
async fn servers_that_leave_a_sign_in_no_time_are_told() {
    let (silent, good) = (
        Evil::start(Mode::BlackHole).await,
        Evil::start(Mode::Obliging).await,
    );
    let both = format!("{}, {}", silent.url(), good.url());
    let mut config = Settings::default()
        .set("LDAP_SERVER", both)
        .set("LDAP_BASE_DN", crate::people::BASE)
        .set("LDAP_BIND_DN", READER)
        .set("LDAP_BIND_PASSWORD", "secret")
        .config();
    config.timeout = Duration::from_secs(1);
    config.connect_timeout = Duration::from_secs(1);
    let directory = LdapAuthenticator::new(&config).unwrap();
    unavailable(sign_in(&directory, "mkeller", "secret").await);
    let walk = directory.diagnose(None).await;
    let time = walk.steps.iter().find(|step| step.name == "time").unwrap();
    assert_eq!(time.verdict, Verdict::Failed, "{walk:#?}");
    assert!(time.advice.as_ref().unwrap().contains("LDAP_TIMEOUT"));
}

#[tokio::test]
async fn where_nothing_can_be_searched_is_named_with_its_setting() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd).set("LDAP_NESTED_GROUPS", "true");
    for (setting, other) in [
        ("LDAP_BASE_DN", "LDAP_GROUP_BASE_DN"),
        ("LDAP_GROUP_BASE_DN", "LDAP_BASE_DN"),
    ] {
        let wrong = settings.clone().set(setting, "dc=elsewhere,dc=net");
        let wrong = wrong.set("LDAP_ADMIN_GROUPS", group("Admins"));
        let reason = unavailable(sign_in(&wrong.directory(), "ben", &password_of("ben")).await);
        let names = reason.contains("dc=elsewhere,dc=net") && reason.contains(setting);
        assert!(names && !reason.contains(other), "{reason}");
        let steps = steps(&wrong, Some("ben")).await;
        let failed = steps.iter().find(|step| step.1 == Verdict::Failed).unwrap();
        assert!(failed.2.contains("dc=elsewhere,dc=net"), "{steps:#?}");
    }
}

#[tokio::test]
async fn where_groups_cannot_be_searched_is_told_without_a_name_and_once() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd);
    let wrong = settings
        .clone()
        .set("LDAP_GROUP_BASE_DN", "dc=elsewhere,dc=net")
        .set("LDAP_REQUIRED_GROUP", "model-users");
    let told = steps(&wrong, None).await;
    let failed: Vec<_> = told.iter().filter(|it| it.1 != Verdict::Well).collect();
    assert_eq!(failed.len(), 1, "{told:#?}");
    assert!(failed[0].2.contains("LDAP_GROUP_BASE_DN"), "{told:#?}");
    let right = settings.set("LDAP_GROUP_BASE_DN", GROUPS);
    let told = steps(&right, None).await;
    assert!(told.iter().all(|it| it.1 == Verdict::Well), "{told:#?}");
}

#[tokio::test]
async fn the_port_of_the_other_scheme_is_told_once_and_what_to_write() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    // Its queue takes connections, and nobody answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().map(|at| (at, silent)).unwrap();
    for (url, other) in [
        (slapd.url().replace("ldap:", "ldaps:"), "ldap://"),
        (slapd.tls_url().replace("ldaps:", "ldap:"), "ldaps://"),
        (format!("ldaps://{}", silent.0), "ldap://"),
        (format!("ldap://{}", silent.0), "ldaps://"),
    ] {
        let settings = Settings::by_service(&slapd)
            .set("LDAP_SERVER", url.as_str())
            .set("LDAP_CONNECT_TIMEOUT", "1s");
        let walk = walk(&settings, None).await;
        let mut bad = walk.steps.iter().filter(|it| it.verdict != Verdict::Well);
        let (Some(step), None) = (bad.next(), bad.next()) else {
            panic!("{walk:#?}")
        };
        assert_eq!(step.name, format!("encryption of {url}"));
        let advice = step.advice.as_deref().unwrap_or_default();
        let told = ["389", "636", &format!("write {other}")];
        assert!(told.iter().all(|one| advice.contains(one)), "{walk:#?}");
        // Whoever signs in is told the same.
        let reason = unavailable(sign_in(&settings.directory(), "anna", "any").await);
        assert!(reason.contains(advice), "{reason}");
    }
}

#[tokio::test]
async fn an_entry_without_the_group_attribute_is_told() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd);
    let well = steps(&settings, Some("anna")).await;
    assert!(
        named(&well, "groups")
            .iter()
            .all(|step| step.0 == Verdict::Well)
    );
    let wrong = settings.set("LDAP_GROUP_ATTRIBUTE", "memberOv");
    let told = steps(&wrong, Some("anna")).await;
    let (verdict, text) = named(&told, "groups")[0];
    assert_eq!(verdict, Verdict::Warning);
    assert!(
        text.contains("no memberOv") && text.contains("LDAP_GROUP_ATTRIBUTE"),
        "{text}"
    );
    // They are searched then.
    assert!(text.contains(GROUPS), "{text}");
}

#[tokio::test]
async fn somebody_who_cannot_sign_in_for_the_moment_is_told_why() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let set = |name| ldap3::Mod::Replace(name, std::collections::HashSet::from(["TRUE"]));
    slapd.change(POLICY, set("pwdMustChange")).await;
    slapd.change(&dn_of("anna"), set("pwdReset")).await;
    let settings = Settings::by_service(&slapd);
    let told = steps(&settings, Some("anna")).await;
    let (verdict, text) = named(&told, "account")[1];
    let expected = Refusal::MustChangePassword;
    assert_eq!(verdict, Verdict::Warning);
    assert!(text.contains(&expected.to_string()), "{text}");
    let answer = sign_in(&settings.directory(), "anna", &password_of("anna")).await;
    assert_eq!(refusal(answer), expected);
}

#[tokio::test]
async fn what_keeps_somebody_of_active_directory_out_is_told_before_they_try() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let settings = Settings::of_domain(&samba);
    for state in STATES {
        let walk = walk(&settings, Some(state.account)).await;
        let account = walk.steps.iter().find(|step| step.name == "account");
        let account = account.unwrap_or_else(|| panic!("{}: {walk:#?}", state.what));
        let password = domain::password_of(state.account);
        let why = refusal(sign_in(&settings.directory(), state.account, &password).await);
        assert_eq!(account.saw, why.to_string(), "{}", state.what);
        let expected = match why {
            Refusal::NotFromHere => Verdict::Warning,
            _ => Verdict::Failed,
        };
        assert_eq!(account.verdict, expected, "{}", state.what);
    }
    let walk = walk(&settings, Some("anna")).await;
    assert!(walk.is_well() && walk.steps.iter().all(|step| step.name != "account"));
}

//! Looking again at people of OpenLDAP, and at the directory itself.

use std::collections::HashSet;
use std::time::Duration;

use ldap3::Mod;
use model_dashboard::auth::ldap::LdapAuthenticator;
use model_dashboard::auth::{
    AuthenticationError, Authenticator as _, Identity, IdentityId, Refusal, Role, Standing,
};

use crate::asking::{Settings, sign_in};
use crate::evil::answers::{Answer, done};
use crate::evil::ber::{Operation, Request, entry};
use crate::evil::{Evil, Mode};
use crate::people::{BASE, PEOPLE, READER, REQUIRED_GROUP, dn_of, group, password_of};
use crate::slapd::Slapd;

async fn known(directory: &LdapAuthenticator, name: &str) -> Identity {
    sign_in(directory, name, &password_of(name)).await.unwrap()
}

async fn look(
    directory: &LdapAuthenticator,
    id: &IdentityId,
) -> Result<Option<Identity>, AuthenticationError> {
    let mut answers = directory.recheck(std::slice::from_ref(id)).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0).map(|standing| match standing {
        Standing::There(identity) => Some(identity),
        Standing::Left(_) => None,
    })
}

/// Why somebody may not sign in any more, if they may not.
pub(crate) fn why(standing: Standing) -> Option<Refusal> {
    match standing {
        Standing::There(_) => None,
        Standing::Left(why) => Some(why),
    }
}

#[tokio::test]
async fn somebody_is_known_by_their_id_whatever_they_are_called() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd)
        .set("LDAP_EDITOR_GROUPS", group("model-users"))
        .directory();
    let anna = known(&directory, "anna").await;
    assert_eq!(
        look(&directory, &anna.id).await.unwrap(),
        Some(anna.clone())
    );

    slapd.rename(&dn_of("anna"), "uid=annette").await;
    let annette = look(&directory, &anna.id).await.unwrap().unwrap();
    assert_eq!(
        (annette.id, annette.username.as_str()),
        (anna.id.clone(), "annette")
    );
    assert_eq!(annette.role.unwrap().role, Role::Editor);

    // The name passes to somebody else.
    slapd.add_person("anna", "Anna Other").await;
    slapd.join(REQUIRED_GROUP, &dn_of("anna")).await;
    let other = known(&directory, "anna").await;
    assert_ne!(other.id, anna.id);
    let annette = look(&directory, &anna.id).await.unwrap().unwrap();
    assert_eq!(annette.username.as_str(), "annette");
}

#[tokio::test]
async fn who_is_deleted_disabled_or_out_of_the_group_has_left() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd).directory();
    let mut ids = Vec::new();
    for name in ["anna", "emil", "mkeller", "gustav"] {
        ids.push(known(&directory, name).await.id);
    }
    slapd.delete(&dn_of("anna")).await;
    slapd.leave(REQUIRED_GROUP, &dn_of("emil")).await;
    slapd.disable(&dn_of("mkeller")).await;
    ids.push(IdentityId::new(
        ids[0].source.clone(),
        "00000000-0000-0000-0000-000000000000",
    ));
    ids.push(IdentityId::new(ids[0].source.clone(), "*)(uid=*"));
    let answers = directory.recheck(&ids).await;
    let said: Vec<_> = answers.into_iter().map(|it| why(it.unwrap())).collect();
    let gone = Some(Refusal::UnknownUser);
    let (out, disabled) = (Some(Refusal::NotInGroup), Some(Refusal::Disabled));
    assert_eq!(
        said,
        [gone.clone(), out, disabled, None, gone.clone(), gone]
    );
}

#[tokio::test]
async fn who_has_no_username_is_called_by_what_they_sign_in_with_until_they_leave() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let (dn, mail) = (format!("cn=Nora Nolte,{PEOPLE}"), "nora@example.org");
    let entry = [
        ("objectClass", "inetOrgPerson"),
        ("sn", "Nolte"),
        ("mail", mail),
        ("userPassword", &password_of("nora")),
    ];
    let entry = entry.map(|(name, value)| (name, HashSet::from([value])));
    let added = slapd.admin().await.add(&dn, entry.into()).await;
    added.unwrap().success().unwrap();
    slapd.join(REQUIRED_GROUP, &dn).await;
    let mut known = Vec::new();
    for (filter, typed) in [
        ("(mail={username})", mail),
        ("(|(uid={username})(cn={username}))", "Nora Nolte"),
        ("(sn={username})", "Nolte"),
    ] {
        let directory = Settings::by_service(&slapd)
            .set("LDAP_SEARCH_FILTER", filter)
            .directory();
        let nora = sign_in(&directory, typed, &password_of("nora")).await;
        let nora = nora.unwrap();
        assert_eq!(nora.username.as_str(), typed);
        let again = look(&directory, &nora.id).await.unwrap();
        assert_eq!(again.as_ref(), Some(&nora), "{filter}");
        known.push((directory, nora.id));
    }
    // Whatever they type, a look and a sign-in call them the same.
    let directory = Settings::by_service(&slapd)
        .set("LDAP_SEARCH_FILTER", "(|(mail={username})(cn={username}))")
        .directory();
    for typed in [mail, "Nora Nolte"] {
        let nora = sign_in(&directory, typed, &password_of("nora")).await;
        assert_eq!(nora.unwrap().username.as_str(), mail, "{typed}");
    }
    slapd.leave(REQUIRED_GROUP, &dn).await;
    for (directory, id) in known {
        assert_eq!(look(&directory, &id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_directory_that_shows_nobody_or_does_not_answer_says_nothing_of_anybody() {
    let Some(mut slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd);
    let anna = known(&settings.directory(), "anna").await.id;
    for (setting, value) in [
        ("LDAP_BASE_DN", "ou=services,dc=example,dc=org"),
        ("LDAP_BASE_DN", "dc=elsewhere"),
        ("LDAP_SEARCH_FILTER", "(&(uid={username})(title=none))"),
        ("LDAP_REQUIRED_GROUP", "cn=gone,ou=groups,dc=example,dc=org"),
        ("LDAP_BIND_PASSWORD", "changed"),
    ] {
        let wrong = settings.clone().set(setting, value).directory();
        let answer = look(&wrong, &anna).await;
        assert!(
            matches!(answer, Err(AuthenticationError::Unusable { .. })),
            "{setting} {value}: {answer:?}"
        );
    }
    // Without an account nobody can be looked at.
    let by_template = Settings::by_template(&slapd).directory();
    assert!(!by_template.can_recheck() && settings.directory().can_recheck());
    assert!(look(&by_template, &anna).await.is_err());

    slapd.stop();
    assert!(look(&settings.directory(), &anna).await.is_err());
    slapd.start_again().await;
    assert!(look(&settings.directory(), &anna).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_that_hangs_costs_a_look_at_many_once() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let hanging = Evil::start(Mode::BlackHole).await;
    let both = format!("{}, {}", hanging.url(), slapd.url());
    let anna = known(&Settings::by_service(&slapd).directory(), "anna").await;
    let mut config = Settings::by_service(&slapd)
        .set("LDAP_SERVER", both)
        .config();
    config.connect_timeout = Duration::from_secs(1);
    let directory = LdapAuthenticator::new(&config).unwrap();
    let known = sign_in(&directory, "anna", &password_of("anna")).await;
    assert_eq!(known.unwrap().id, anna.id);
    let told = directory.silent_servers();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0].server, &told[0].used),
        (&hanging.url(), &slapd.url())
    );
    assert!(told[0].reason.contains("no answer within 1 s"), "{told:?}");
    // Over so many connections that waiting at each of them would take all the time there is.
    let ids = vec![anna.id.clone(); 240];
    let answers = directory.recheck(&ids).await;
    let there = answers
        .iter()
        .filter(|it| matches!(it, Ok(Standing::There(_))));
    assert_eq!(there.count(), 240);
    let again = directory.silent_servers();
    assert_eq!(again[0].since, told[0].since, "it is the same silence");
}

#[tokio::test]
async fn a_directory_that_fails_at_one_person_is_asked_about_the_others() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd).directory();
    let mut ids = Vec::new();
    for name in ["anna", "emil", "gustav"] {
        ids.push(known(&directory, name).await.id);
    }
    // More than an answer may have.
    let much = "m".repeat(1200 << 10);
    let value = HashSet::from([&*much]);
    let change = Mod::Replace("mail", value);
    slapd.change(&dn_of("anna"), change).await;
    let answers = directory.recheck(&ids).await;
    let there: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(there, [false, true, true], "{answers:?}");
}

#[tokio::test]
async fn an_account_that_sees_itself_alone_says_nothing_of_anybody() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd);
    let anna = known(&settings.directory(), "anna").await.id;
    let blind = settings
        .set("LDAP_BASE_DN", READER)
        .set("LDAP_SEARCH_FILTER", "(cn={username})")
        .directory();
    let answer = look(&blind, &anna).await;
    assert!(
        matches!(answer, Err(AuthenticationError::Unusable { .. })),
        "{answer:?}"
    );
}

/// An entry of Active Directory, which shows whether it is disabled or does not.
fn of_active_directory(request: &Request, shows: bool) -> Vec<u8> {
    let mut attributes = vec![
        ("objectClass", "user"),
        ("sAMAccountName", "mkeller"),
        ("objectGUID", "0123456789abcdef"),
        ("memberOf", REQUIRED_GROUP),
    ];
    if shows {
        attributes.push(("userAccountControl", "512"));
    }
    match request.operation {
        Operation::Search => {
            let found = entry(request.id, &dn_of("mkeller"), &attributes);
            [found, done(request)].concat()
        }
        _ => done(request),
    }
}

#[tokio::test]
async fn who_may_be_disabled_unseen_is_not_called_there() {
    let answers: [(Answer, bool); 2] = [
        (|request| of_active_directory(request, true), true),
        (|request| of_active_directory(request, false), false),
    ];
    for (answer, shows) in answers {
        let evil = Evil::start(Mode::Answer(answer)).await;
        let directory = Settings::default()
            .set("LDAP_SERVER", evil.url())
            .set("LDAP_BASE_DN", BASE)
            .set("LDAP_REQUIRED_GROUP", REQUIRED_GROUP)
            .set("LDAP_BIND_DN", "cn=reader,dc=example,dc=org")
            .set("LDAP_BIND_PASSWORD", "reader-password")
            .directory();
        // The directory itself says so of a disabled account when it binds.
        let known = sign_in(&directory, "mkeller", "any").await.unwrap();
        let answer = directory
            .recheck(std::slice::from_ref(&known.id))
            .await
            .remove(0);
        match shows {
            true => assert_eq!(answer.unwrap(), Standing::There(known)),
            false => {
                let reason = answer.unwrap_err().in_short();
                assert!(reason.contains("userAccountControl"), "{reason}");
            }
        }
        let steps = directory.diagnose(None).await.steps;
        let told = steps.iter().find(|step| step.name == "accounts");
        assert_eq!(told.is_none(), shows, "{steps:#?}");
        if let Some(step) = told {
            assert!(step.advice.as_ref().unwrap().contains("userAccountControl"));
        }
    }
}

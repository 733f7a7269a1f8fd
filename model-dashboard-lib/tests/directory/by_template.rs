//! Signing in where people bind with a name made of theirs: whose entry counts, and that no answer tells
//! a right password but letting in.

use model_dashboard::auth::ldap::LdapAuthenticator;
use model_dashboard::auth::{Authenticator as _, Refusal, SourcePart};

use crate::asking::{Settings, refusal, sign_in};
use crate::domain::{REALM, SHORT_NAME, password_of};
use crate::evil::answers::{Answer, done, good};
use crate::evil::ber::{Operation, Request, element, entry, result, result_with};
use crate::evil::{Evil, Mode, Plan};
use crate::people::{BASE, PEOPLE, REQUIRED_GROUP, dn_of, group};
use crate::samba::Samba;

fn settings(evil: &Evil) -> Settings {
    Settings::default()
        .set("LDAP_SERVER", evil.url())
        .set("LDAP_BASE_DN", BASE)
        .set("LDAP_REQUIRED_GROUP", REQUIRED_GROUP)
}

fn by(evil: &Evil, template: &str) -> LdapAuthenticator {
    let settings = settings(evil).set("LDAP_USER_DN_TEMPLATE", template);
    settings.directory()
}

/// Says who has bound, and finds `mkeller` and a domain by every search.
fn forest(request: &Request, bound: &str, domain: &str) -> Vec<u8> {
    let attributes = [
        ("objectClass", "user"),
        ("sAMAccountName", "mkeller"),
        ("entryUUID", "6d1d7f5e-0000-4000-8000-000000000007"),
        ("memberOf", REQUIRED_GROUP),
        ("configurationNamingContext", "CN=Configuration,DC=org"),
        ("nCName", domain),
    ];
    match request.operation {
        Operation::Search => {
            let found = entry(request.id, &dn_of("mkeller"), &attributes);
            [found, done(request)].concat()
        }
        Operation::Other => {
            let name = element(0x8b, bound.as_bytes());
            result_with(request.id, request.operation.answer(), 0, "", &name)
        }
        _ => good(request),
    }
}

#[tokio::test]
async fn an_account_of_the_same_name_in_another_domain_is_somebody_else() {
    let of_another: [Answer; 4] = [
        |request| forest(request, "u:OTHER\\mkeller", "DC=other,DC=org"),
        // The domain above.
        |request| forest(request, "u:TOP\\mkeller", "DC=org"),
        // A domain that the directory does not know.
        |request| forest(request, "u:FAR\\mkeller", ""),
        |request| forest(request, "u:CORP\\anna", BASE),
    ];
    for template in ["CORP\\{username}", "{username}@example.org"] {
        for answer in of_another {
            let evil = Evil::start(Mode::Answer(answer)).await;
            let why = refusal(sign_in(&by(&evil, template), "mkeller", "any").await);
            let why = why.to_string();
            assert!(why.contains("somebody else"), "{template}: {why}");
        }
        let own = |request: &Request| forest(request, "u:CORP\\mkeller", BASE);
        let evil = Evil::start(Mode::Answer(own)).await;
        let own = sign_in(&by(&evil, template), "mkeller", "any").await;
        assert_eq!(own.unwrap().username.as_str(), "mkeller");
    }
}

#[tokio::test]
async fn what_goes_wrong_after_a_right_password_is_a_refusal_as_of_a_wrong_one() {
    let (insufficient_access, admin_limit) = (50, 11);
    let dn = format!("uid={{username}},{PEOPLE}");
    let spoilt = [
        Mode::Refuses(insufficient_access),
        Mode::Refuses(admin_limit),
        Mode::Answer(|_| vec![0; 64]),
        Mode::WrongMessageId,
    ];
    for mode in spoilt {
        let evil = Evil::with(Plan::of(mode).to(Operation::Search)).await;
        for template in [&*dn, "CORP\\{username}"] {
            let why = refusal(sign_in(&by(&evil, template), "mkeller", "any").await);
            assert!(matches!(why, Refusal::Other(_)), "{template}: {why}");
        }
    }
    // The same where it goes wrong at the groups: bind, entry, groups.
    let at_groups: Answer = |request| match request.id {
        3.. => vec![0; 64],
        _ => good(request),
    };
    let evil = Evil::start(Mode::Answer(at_groups)).await;
    let elsewhere = settings(&evil).set("LDAP_REQUIRED_GROUP", group("elsewhere"));
    let by_template = elsewhere.clone().set("LDAP_USER_DN_TEMPLATE", &*dn);
    let why = refusal(sign_in(&by_template.directory(), "mkeller", "any").await);
    assert!(matches!(why, Refusal::Other(_)), "{why}");
    // And where an account looks people up: bind, person, group; the person's bind; bind, groups.
    let at_groups: Answer = |request| match request.id {
        6.. => result(request.id, request.operation.answer(), 51, "busy"),
        _ => good(request),
    };
    let evil = Evil::start(Mode::Answer(at_groups)).await;
    let by_service = elsewhere
        .set("LDAP_SERVER", evil.url())
        .set("LDAP_BIND_DN", "cn=reader,dc=example,dc=org")
        .set("LDAP_BIND_PASSWORD", "reader-password");
    let why = refusal(sign_in(&by_service.directory(), "mkeller", "any").await);
    assert!(matches!(why, Refusal::Other(_)), "{why}");
}

#[tokio::test]
async fn that_groups_cannot_be_searched_shows_though_nobody_is_told() {
    // Bind, people, required group, somebody; and their groups.
    let at_groups: Answer = |request| match request.id {
        5.. => result(request.id, request.operation.answer(), 3, "too long"),
        _ => good(request),
    };
    let by_service = |evil: &Evil| {
        let settings = settings(evil)
            .set("LDAP_REQUIRED_GROUP", group("elsewhere"))
            .set("LDAP_BIND_DN", "cn=reader,dc=example,dc=org")
            .set("LDAP_BIND_PASSWORD", "reader-password");
        settings.directory()
    };
    let evil = Evil::start(Mode::Answer(at_groups)).await;
    let failed = by_service(&evil).probe().await.unwrap_err();
    assert_eq!(failed.part(), Some(SourcePart::Groups), "{failed}");
    let evil = Evil::start(Mode::Obliging).await;
    let works = by_service(&evil).probe().await;
    assert_eq!(works.unwrap(), SourcePart::Groups);
}

#[tokio::test]
async fn a_place_of_people_that_is_not_there_tells_nobody_that_a_password_is_right() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    for template in [
        format!("{{username}}@{REALM}"),
        format!("{SHORT_NAME}\\{{username}}"),
    ] {
        let nowhere = Settings::of_domain_by(&samba, &template)
            .set("LDAP_BASE_DN", "DC=elsewhere,DC=net")
            .directory();
        let wrong = sign_in(&nowhere, "anna", &password_of("ben")).await;
        assert_eq!(refusal(wrong), Refusal::WrongPassword);
        let right = refusal(sign_in(&nowhere, "anna", &password_of("anna")).await);
        assert!(right.to_string().contains("LDAP_BASE_DN"), "{right}");
    }
}

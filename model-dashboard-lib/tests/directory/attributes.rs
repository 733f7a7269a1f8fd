//! What a walk through the steps of a sign-in says of the attributes that settings name.

use model_dashboard::auth::{Authenticator as _, Verdict};

use crate::asking::Settings;
use crate::diagnosis::{named, steps};
use crate::evil::answers::{Answer, good};
use crate::evil::ber::{Operation, result};
use crate::evil::{Evil, Mode};
use crate::people::{BASE, READER, READER_PASSWORD, REQUIRED_GROUP, group};
use crate::slapd::Slapd;

#[tokio::test]
async fn attributes_that_nobody_has_are_told_with_their_settings() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd);
    for (setting, verdict) in [
        ("LDAP_ID_ATTRIBUTE", Verdict::Failed),
        ("LDAP_USERNAME_ATTRIBUTE", Verdict::Warning),
        ("LDAP_NAME_ATTRIBUTE", Verdict::Warning),
    ] {
        for nobodys in ["employeeType", "noSuchAttribute"] {
            let wrong = settings.clone().set(setting, nobodys);
            let told = steps(&wrong, None).await;
            let found = named(&told, "attributes");
            let [(seen, text)] = found.as_slice() else {
                panic!("{told:#?}")
            };
            assert_eq!(*seen, verdict, "{setting}");
            assert!(text.contains(nobodys) && text.contains(setting), "{text}");
        }
        let right = steps(&settings.clone().set(setting, "uid"), None).await;
        assert!(named(&right, "attributes").is_empty(), "{right:#?}");
    }
    // Of somebody who is found it is told what their entry lacks, and nothing of their name.
    let wrong = settings.set("LDAP_ID_ATTRIBUTE", "employeeType");
    let told = steps(&wrong, Some("anna")).await;
    let (_, _, text) = told.last().unwrap();
    let names = text.contains("employeeType") && text.contains("LDAP_ID_ATTRIBUTE");
    assert!(names && !text.contains("check the name"), "{text}");
}

#[tokio::test]
async fn an_attribute_that_cannot_be_searched_is_told_and_keeps_nobody_out() {
    // The account's bind, people, and then the attribute.
    let unsearchable: Answer = |request| match request.id {
        3 => result(request.id, request.operation.answer(), 11, "too much work"),
        _ => good(request),
    };
    let settings = |evil: &Evil| {
        Settings::default()
            .set("LDAP_SERVER", evil.url())
            .set("LDAP_BASE_DN", BASE)
            .set("LDAP_BIND_DN", READER)
            .set("LDAP_BIND_PASSWORD", READER_PASSWORD)
            .set("LDAP_REQUIRED_GROUP", REQUIRED_GROUP)
            .set("LDAP_NAME_ATTRIBUTE", "cn")
            .set("LDAP_ADMIN_GROUPS", group("Admins"))
    };
    let evil = Evil::start(Mode::Answer(unsearchable)).await;
    let told = steps(&settings(&evil), None).await;
    let found = named(&told, "attributes");
    let [(Verdict::Warning, text)] = found.as_slice() else {
        panic!("{told:#?}")
    };
    assert!(
        text.contains("cn") && text.contains("too much work"),
        "{text}"
    );
    assert!(
        told.iter().all(|step| step.1 != Verdict::Failed),
        "{told:#?}"
    );
    assert!(
        !named(&told, "groups of role admin").is_empty(),
        "{told:#?}"
    );
    // It is not searched again and again.
    let evil = Evil::start(Mode::Obliging).await;
    let directory = settings(&evil).directory();
    assert!(directory.look_over().await.is_well());
    let searches = |evil: &Evil| {
        let requests = evil.requests().into_iter();
        requests.filter(|one| *one == Operation::Search).count()
    };
    let without = searches(&evil);
    assert!(directory.diagnose(None).await.is_well());
    assert_eq!(searches(&evil), 2 * without + 1);
}

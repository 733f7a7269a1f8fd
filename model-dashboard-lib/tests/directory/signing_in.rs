//! Signing in with OpenLDAP.

use model_dashboard::auth::{Authenticator as _, Refusal, Role, Standing};

use crate::asking::{Settings, barred, not_shown, refusal, sign_in, unavailable};
use crate::authority::Flaw;
use crate::people::{self, GROUPS, ODD, PEOPLE, READER, TWIN, dn_of, group, password_of};
use crate::slapd::{Habits, Slapd};

#[tokio::test]
async fn members_of_the_required_group_sign_in_with_names_mail_and_groups() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    for settings in [Settings::by_service(&slapd), Settings::by_template(&slapd)] {
        let directory = settings.directory();
        let anna = sign_in(&directory, "Anna", &password_of("anna"))
            .await
            .unwrap();
        assert_eq!(anna.id.source.as_str(), "ldap");
        assert_eq!(anna.id.subject.len(), 36, "an entryUUID: {}", anna.id);
        assert_eq!(anna.username.as_str(), "anna");
        assert_eq!(anna.display_name, "Anna Arndt (Radiology)");
        assert_eq!(anna.email.as_deref(), Some("anna@example.org"));
        assert!(
            anna.groups.contains(&group("model-users")),
            "{:?}",
            anna.groups
        );
        assert_eq!(anna.role, None);
        let again = sign_in(&directory, "anna", &password_of("anna"))
            .await
            .unwrap();
        assert_eq!(again, anna);
        let emil = sign_in(&directory, "emil", &password_of("emil"))
            .await
            .unwrap();
        assert_eq!(emil.email, None);
    }
}

#[tokio::test]
async fn others_are_refused_with_the_true_reason() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    for settings in [Settings::by_service(&slapd), Settings::by_template(&slapd)] {
        let directory = settings.directory();
        let why =
            async |name: &str, password: &str| refusal(sign_in(&directory, name, password).await);
        assert_eq!(
            why("anna", &password_of("ben")).await,
            Refusal::WrongPassword
        );
        assert_eq!(why("dora", &password_of("dora")).await, Refusal::NotInGroup);
        assert_eq!(why("cora", &password_of("cora")).await, Refusal::NotInGroup);
        for nobody in [
            "nobody",
            "*",
            "an*",
            "anna)(uid=*",
            "anna\\2a",
            "cn=admin,dc=example,dc=org",
        ] {
            let why = why(nobody, &password_of("anna")).await;
            let expected = [Refusal::UnknownUser, Refusal::WrongPassword];
            assert!(expected.contains(&why), "{nobody}: {why:?}");
        }
    }
    let by_service = Settings::by_service(&slapd).directory();
    let twin = sign_in(&by_service, TWIN, &password_of(TWIN)).await;
    assert_eq!(refusal(twin), Refusal::SeveralEntries);
    let locked = sign_in(&by_service, "frieda", &password_of("frieda")).await;
    assert!(matches!(
        refusal(locked),
        Refusal::Locked | Refusal::Disabled
    ));
    assert!(
        !slapd.log().await.contains("nobody-"),
        "{}",
        slapd.log().await
    );
}

#[tokio::test]
async fn who_left_the_group_is_told_apart_by_the_right_password_alone() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let ways = [Settings::by_service(&slapd), Settings::by_template(&slapd)];
    let mut ids = Vec::new();
    for settings in &ways {
        let emil = sign_in(&settings.directory(), "emil", &password_of("emil")).await;
        ids.push(Some(emil.unwrap().id));
    }
    slapd.leave(people::REQUIRED_GROUP, &dn_of("emil")).await;
    for (settings, id) in ways.iter().zip(ids) {
        let directory = settings.directory();
        let right = sign_in(&directory, "emil", &password_of("emil")).await;
        assert_eq!(barred(right), (id, Refusal::NotInGroup));
        let wrong = sign_in(&directory, "emil", &password_of("anna")).await;
        assert_eq!(barred(wrong), (None, Refusal::WrongPassword));
        // A group that is not shown puts nobody out of it.
        let gone = settings.clone().set("LDAP_REQUIRED_GROUP", group("gone"));
        let right = sign_in(&gone.directory(), "emil", &password_of("emil")).await;
        match directory.can_recheck() {
            true => drop(unavailable(right)),
            false => assert_eq!(barred(right), (None, not_shown(group("gone")))),
        }
    }
    // OpenLDAP refuses a disabled account whatever the password is, so that proves nothing.
    slapd.disable(&dn_of("anna")).await;
    let directory = ways[0].directory();
    for password in [password_of("anna"), password_of("ben")] {
        let disabled = sign_in(&directory, "anna", &password).await;
        assert_eq!(barred(disabled).0, None);
    }
}

#[tokio::test]
async fn names_that_must_be_escaped_sign_in() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd).directory();
    for (uid, _) in ODD {
        let found = sign_in(&directory, uid, &password_of(uid)).await.unwrap();
        assert_eq!(found.username.as_str(), uid);
    }
    let by_name = Settings::by_template(&slapd)
        .set("LDAP_USER_DN_TEMPLATE", format!("cn={{username}},{PEOPLE}"))
        .set("LDAP_SEARCH_FILTER", "(cn={username})")
        .directory();
    for (typed, uid) in [
        ("Keller, Max + \"Mo\" \\ <x>; = #1", "odd-signs"),
        ("#hash", "odd-hash"),
        ("Jörg Größe", "odd-umlaut"),
        ("李雷", "odd-han"),
    ] {
        let found = sign_in(&by_name, typed, &password_of(uid)).await.unwrap();
        assert_eq!(found.username.as_str(), uid, "{typed}");
    }
}

#[tokio::test]
async fn groups_of_groups_count_unless_they_should_not() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    for settings in [Settings::by_service(&slapd), Settings::by_template(&slapd)] {
        let ben = sign_in(&settings.directory(), "ben", &password_of("ben"))
            .await
            .unwrap();
        for level in 1..=5 {
            assert!(
                ben.groups.contains(&group(&format!("level-{level}"))),
                "{:?}",
                ben.groups
            );
        }
        let direct = settings.set("LDAP_NESTED_GROUPS", "false").directory();
        let ben = sign_in(&direct, "ben", &password_of("ben")).await;
        assert_eq!(refusal(ben), Refusal::NotInGroup);
    }
}

#[tokio::test]
async fn groups_give_roles_the_one_with_the_most_rights() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd)
        .set("LDAP_ADMIN_GROUPS", group("Admins"))
        .set("LDAP_EDITOR_GROUPS", "level-5")
        .set("LDAP_VIEWER_GROUPS", group("model-users").to_uppercase())
        .directory();
    let role = async |name: &str| {
        let found = sign_in(&directory, name, &password_of(name)).await.unwrap();
        found.role.map(|given| (given.role, given.reason))
    };
    let given = |role, name: &str| Some((role, format!("group {}", group(name))));
    assert_eq!(role("anna").await, given(Role::Admin, "Admins"));
    assert_eq!(role("ben").await, given(Role::Editor, "level-5"));
    assert_eq!(role("mkeller").await, given(Role::Viewer, "model-users"));

    // What is nearly the name of a group is not the group.
    let open = Settings::by_service(&slapd)
        .set("LDAP_REQUIRED_GROUP", "")
        .set("LDAP_ADMIN_GROUPS", group("Admins"))
        .directory();
    let dora = sign_in(&open, "dora", &password_of("dora")).await.unwrap();
    assert!(dora.groups.contains(&group("Admins-Old")));
    assert_eq!(dora.role, None);
}

#[tokio::test]
async fn a_name_that_belongs_to_another_entry_than_the_password_is_refused() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    // A filter that finds somebody else than the template names.
    let directory = Settings::by_template(&slapd)
        .set("LDAP_SEARCH_FILTER", "(|(uid=anna)(cn={username}))")
        .directory();
    let why = refusal(sign_in(&directory, "dora", &password_of("dora")).await);
    assert!(matches!(why, Refusal::Other(_)), "{why:?}");
}

#[tokio::test]
async fn an_empty_password_and_an_anonymous_bind_prove_nobody() {
    let habits = Habits {
        empty_password_binds: true,
        ..Habits::default()
    };
    let Some(slapd) = Slapd::with(habits).await else {
        return;
    };
    assert!(model_dashboard::auth::Password::parse("").is_err());
    let directory = Settings::by_template(&slapd).directory();
    let why = refusal(sign_in(&directory, "anna", "x").await);
    assert_eq!(why, Refusal::WrongPassword);
}

#[tokio::test]
async fn starttls_is_used_where_it_is_offered() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd)
        .set("LDAP_SERVER", slapd.url())
        .directory();
    sign_in(&directory, "anna", &password_of("anna"))
        .await
        .unwrap();
    slapd.logged("STARTTLS").await.unwrap();
    slapd.logged("TLS established").await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_not_right_keeps_the_password_here() {
    for (flaw, told) in [
        (Flaw::WrongHost, "not valid for"),
        (Flaw::Expired, "expired"),
        (Flaw::UnknownAuthority, "LDAP_CA_FILE"),
    ] {
        let habits = Habits {
            certificate: Some(flaw),
            ..Habits::default()
        };
        let Some(slapd) = Slapd::with(habits).await else {
            return;
        };
        let directory = Settings::by_service(&slapd).directory();
        let reason = unavailable(sign_in(&directory, "anna", &password_of("anna")).await);
        assert!(reason.contains(told), "{flaw:?}: {reason}");
        assert!(!slapd.log().await.contains(&format!("BIND dn=\"{READER}")));
    }
}

#[tokio::test]
async fn the_next_server_is_asked_where_one_cannot_be_reached() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let nobody = format!(
        "ldaps://127.0.0.1:{}, {}",
        crate::processes::free_port(),
        slapd.tls_url()
    );
    let directory = Settings::by_service(&slapd)
        .set("LDAP_SERVER", nobody)
        .directory();
    sign_in(&directory, "anna", &password_of("anna"))
        .await
        .unwrap();
    let why = sign_in(&directory, "anna", "wrong").await;
    assert_eq!(refusal(why), Refusal::WrongPassword);
}

#[tokio::test]
async fn a_wrong_account_that_looks_up_is_no_wrong_password() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    for (setting, value, told) in [
        ("LDAP_BIND_PASSWORD", "wrong", "LDAP_BIND_PASSWORD"),
        (
            "LDAP_BIND_DN",
            "cn=nobody,dc=example,dc=org",
            "LDAP_BIND_DN",
        ),
        ("LDAP_BASE_DN", "dc=elsewhere,dc=org", "LDAP_BASE_DN"),
    ] {
        let directory = Settings::by_service(&slapd).set(setting, value).directory();
        let reason = unavailable(sign_in(&directory, "anna", &password_of("anna")).await);
        assert!(reason.contains(told), "{reason}");
    }
}

#[tokio::test]
async fn many_groups_are_no_trouble() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let directory = Settings::by_service(&slapd).directory();
    let gustav = sign_in(&directory, "gustav", &password_of("gustav"))
        .await
        .unwrap();
    assert!(
        gustav.groups.len() > people::MANY,
        "{}",
        gustav.groups.len()
    );
    assert!(gustav.groups.iter().all(|group| group.ends_with(GROUPS)));
}

#[tokio::test]
async fn groups_that_the_entry_does_not_tell_are_searched() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    // As where no overlay keeps `memberOf`.
    let silent = Settings::by_service(&slapd)
        .set("LDAP_GROUP_ATTRIBUTE", "seeAlso")
        .set("LDAP_NESTED_GROUPS", "false");
    let anna = sign_in(&silent.directory(), "anna", &password_of("anna"))
        .await
        .unwrap();
    assert!(anna.groups.contains(&group("Admins")), "{:?}", anna.groups);
    let ben = sign_in(&silent.directory(), "ben", &password_of("ben")).await;
    assert_eq!(refusal(ben), Refusal::NotInGroup);
    // Five levels of groups, and 500 of no use.
    let nested = silent.set("LDAP_NESTED_GROUPS", "true").directory();
    for name in ["ben", "gustav"] {
        sign_in(&nested, name, &password_of(name)).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_is_in_more_groups_than_are_told_is_asked_about_by_name() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    // OpenLDAP tells 500 entries of a search.
    let settings = Settings::by_service(&slapd).set("LDAP_ADMIN_GROUPS", group("Admins"));
    let sign_in_of = async |settings: &Settings| {
        sign_in(&settings.directory(), "gustav", &password_of("gustav")).await
    };
    assert_eq!(sign_in_of(&settings).await.unwrap().role, None);
    let editors = settings
        .clone()
        .set("LDAP_EDITOR_GROUPS", group("model-users"));
    let gustav = sign_in_of(&editors).await.unwrap();
    assert_eq!(gustav.role.unwrap().role, Role::Editor);
    let known = [gustav.id];
    let again = editors.directory();
    let again = model_dashboard::auth::Authenticator::recheck(&again, &known).await;
    assert!(matches!(again[..], [Ok(Standing::There(_))]), "{again:?}");
    // A short name may be that of a group that is not told.
    let unsure = settings.set("LDAP_ADMIN_GROUPS", "Admins");
    assert!(matches!(
        refusal(sign_in_of(&unsure).await),
        Refusal::Other(_)
    ));
    let again = unsure.directory();
    let again = model_dashboard::auth::Authenticator::recheck(&again, &known).await;
    assert!(matches!(again[..], [Err(_)]), "{again:?}");
}

#[tokio::test]
async fn each_connection_ends_with_a_goodbye() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let settings = Settings::by_service(&slapd);
    let directory = settings.directory();
    let anna = sign_in(&directory, "anna", &password_of("anna"))
        .await
        .unwrap();
    for (name, password) in [
        ("anna", "wrong"),
        ("nobody", "x"),
        ("dora", &password_of("dora")),
    ] {
        refusal(sign_in(&directory, name, password).await);
    }
    directory.recheck(&[anna.id]).await.remove(0).unwrap();
    directory.diagnose(Some(&anna.username)).await;
    for (setting, value) in [
        ("LDAP_BIND_PASSWORD", "wrong"),
        ("LDAP_BASE_DN", "dc=elsewhere"),
    ] {
        let wrong = settings.clone().set(setting, value).directory();
        unavailable(sign_in(&wrong, "anna", &password_of("anna")).await);
    }
    let log = slapd.log().await;
    // `conn=1001 fd=12 ACCEPT from …`, `conn=1001 op=5 UNBIND`, `conn=1001 fd=12 closed`.
    let taken = log.lines().filter_map(|line| {
        let (_, rest) = line.split_once("conn=")?;
        Some(format!("conn={}", rest.split_once(" ACCEPT")?.0))
    });
    let taken: Vec<_> = taken.collect();
    assert!(taken.len() >= 8, "{log}");
    for connection in taken {
        slapd.logged(&format!("{connection} closed")).await.unwrap();
    }
    let log = slapd.log().await;
    assert!(!log.contains("connection lost"), "{log}");
}

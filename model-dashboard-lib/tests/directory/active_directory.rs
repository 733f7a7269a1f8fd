//! Signing in with Active Directory.

use model_dashboard::auth::{
    AuthenticationError, Authenticator as _, IdentityId, Refusal, Role, Standing,
};

use crate::again::why;
use crate::asking::{Settings, barred, refusal, sign_in, unavailable};
use crate::domain::{
    BASE, GROUPS, PEOPLE, REALM, REQUIRED_GROUP, SHORT_NAME, STATES, dn_of, group, password_of,
};
use crate::samba::Samba;

/// Each way to sign in, with the account that looks people up first.
fn ways(samba: &Samba) -> [Settings; 3] {
    [
        Settings::of_domain(samba),
        Settings::of_domain_by(samba, &format!("{{username}}@{REALM}")),
        Settings::of_domain_by(samba, &format!("{SHORT_NAME}\\{{username}}")),
    ]
}

#[tokio::test]
async fn members_sign_in_by_each_kind_of_name() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let mut subjects = Vec::new();
    for settings in ways(&samba) {
        let directory = settings.directory();
        let anna = sign_in(&directory, "ANNA", &password_of("anna"))
            .await
            .unwrap();
        assert_eq!(anna.username.as_str(), "anna");
        assert_eq!(anna.id.subject.len(), 36, "an objectGUID: {}", anna.id);
        assert!(anna.groups.contains(&group("Admins")), "{:?}", anna.groups);
        subjects.push(anna.id.subject);
        let joerg = sign_in(&directory, "jgroesse", &password_of("jgroesse"))
            .await
            .unwrap();
        assert!(joerg.display_name.contains("Größe"), "{joerg:?}");
        let wrong = sign_in(&directory, "anna", &password_of("ben")).await;
        assert_eq!(refusal(wrong), Refusal::WrongPassword);
        let nobody = refusal(sign_in(&directory, "nobody", &password_of("anna")).await);
        assert!(matches!(
            nobody,
            Refusal::UnknownUser | Refusal::WrongPassword
        ));
    }
    subjects.dedup();
    assert_eq!(subjects.len(), 1, "one person by all of them");
    // As people type it who are used to it.
    let by_principal = ways(&samba)[1].directory();
    let whole = format!("anna@{REALM}");
    // The filter finds accounts, and she may be asked for by that name, too.
    let typed = ways(&samba)[1].clone();
    let typed = typed.set(
        "LDAP_SEARCH_FILTER",
        "(|(sAMAccountName={username})(userPrincipalName={username}))",
    );
    let anna = sign_in(&typed.directory(), &whole, &password_of("anna"))
        .await
        .unwrap();
    assert_eq!(anna.username.as_str(), "anna");
    assert!(
        sign_in(&by_principal, "anna@elsewhere.example", "x")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn names_are_understood_with_their_domain_and_with_no_other() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let directory = Settings::of_domain(&samba).directory();
    for (typed, account) in [
        (format!("{SHORT_NAME}\\anna"), "anna"),
        (format!("{}\\ANNA", SHORT_NAME.to_lowercase()), "anna"),
        (format!("anna@{REALM}"), "anna"),
        (format!("Anna@{}", REALM.to_uppercase()), "anna"),
        // Her user principal name, and what would be hers without one.
        (format!("maria.weber@{REALM}"), "mweber"),
        (format!("mweber@{REALM}"), "mweber"),
    ] {
        let found = sign_in(&directory, &typed, &password_of(account)).await;
        assert_eq!(found.unwrap().username.as_str(), account, "{typed}");
        let wrong = sign_in(&directory, &typed, &password_of("ben")).await;
        assert_eq!(refusal(wrong), Refusal::WrongPassword, "{typed}");
        let name = typed.parse().unwrap();
        assert!(directory.diagnose(Some(&name)).await.is_well(), "{typed}");
    }
    for typed in [
        "OTHER\\anna",
        "anna@elsewhere.example",
        "ADEX\\ADEX\\anna",
        "*\\anna",
        "ADEX\\*",
        "maria.weber@elsewhere.example",
        "ADEX\\maria.weber",
    ] {
        let nobody = sign_in(&directory, typed, &password_of("anna")).await;
        assert_eq!(refusal(nobody), Refusal::UnknownUser, "{typed}");
    }
    let [_, by_principal, by_short_name] = ways(&samba);
    let (principal, short) = (format!("anna@{REALM}"), format!("{SHORT_NAME}\\anna"));
    for (settings, typed, other) in [
        (by_principal, &principal, &short),
        (by_short_name, &short, &principal),
    ] {
        let directory = settings.directory();
        let anna = sign_in(&directory, typed, &password_of("anna")).await;
        assert_eq!(anna.unwrap().username.as_str(), "anna");
        // Where people bind by a template its form counts alone, which is told.
        let refused = refusal(sign_in(&directory, other, &password_of("anna")).await);
        let why = refused.to_string();
        assert!(why.contains("LDAP_USER_DN_TEMPLATE"), "{other}: {why}");
        let walk = directory.diagnose(Some(&other.parse().unwrap())).await;
        let account = walk
            .steps
            .iter()
            .find(|step| step.name.contains("looks people up"));
        let form = typed.replace("anna", "NAME");
        assert!(account.unwrap().saw.contains(&form), "{walk:#?}");
        assert!(!walk.is_well(), "{walk:#?}");
    }
}

#[tokio::test]
async fn groups_in_groups_and_the_primary_group_count() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    for settings in ways(&samba) {
        let directory = settings
            .clone()
            .set("LDAP_EDITOR_GROUPS", group("level-3"))
            .directory();
        let ben = sign_in(&directory, "ben", &password_of("ben"))
            .await
            .unwrap();
        assert_eq!(ben.role.unwrap().role, Role::Editor);
        for name in ["petra", "paul"] {
            let found = sign_in(&directory, name, &password_of(name)).await.unwrap();
            let required = found
                .groups
                .iter()
                .any(|it| it.eq_ignore_ascii_case(REQUIRED_GROUP));
            assert!(required && found.role.is_none(), "{found:?}");
        }
        for name in ["cora", "dora"] {
            let outside = sign_in(&directory, name, &password_of(name)).await;
            assert_eq!(refusal(outside), Refusal::NotInGroup, "{name}");
        }
        let direct = settings.set("LDAP_NESTED_GROUPS", "false").directory();
        let ben = sign_in(&direct, "ben", &password_of("ben")).await;
        assert_eq!(refusal(ben), Refusal::NotInGroup);
        // The primary group is one that she is in herself.
        sign_in(&direct, "petra", &password_of("petra"))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn each_state_of_an_account_is_refused_with_its_reason() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let directory = Settings::of_domain(&samba).directory();
    for state in STATES {
        let expected = match state.right {
            "530" => Refusal::OutsideHours,
            "531" => Refusal::NotFromHere,
            "532" => Refusal::PasswordExpired,
            "533" => Refusal::Disabled,
            "701" => Refusal::AccountExpired,
            "773" => Refusal::MustChangePassword,
            "775" => Refusal::Locked,
            other => panic!("{other}"),
        };
        let right = sign_in(&directory, state.account, &password_of(state.account)).await;
        let (id, why) = barred(right);
        assert_eq!(why, expected, "{}", state.what);
        // What ends by itself, or with another password, takes nothing from anybody.
        let for_good = matches!(state.right, "533" | "701");
        assert_eq!(id.is_some(), for_good, "{}", state.what);
        let wrong = sign_in(&directory, state.account, &password_of("anna")).await;
        assert_eq!(barred(wrong).0, None, "{}", state.what);
    }
}

#[tokio::test]
async fn a_principal_name_that_finds_somebody_else_proves_nobody_else() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    // Dora signs in with her own password by a name that finds Maria.
    let name = format!("Maria Keller@{REALM}");
    let name = std::collections::HashSet::from([name.as_str()]);
    let change = ldap3::Mod::Replace("userPrincipalName", name);
    samba.change(&dn_of("Dora Drews"), change).await;
    let directory = ways(&samba)[1]
        .clone()
        .set("LDAP_SEARCH_FILTER", "(cn={username})")
        .set("LDAP_REQUIRED_GROUP", "")
        .directory();
    let dora = sign_in(&directory, "Maria Keller", &password_of("dora")).await;
    let why = refusal(dora);
    assert!(matches!(why, Refusal::Other(_)), "{why:?}");
}

#[tokio::test]
async fn who_has_no_username_is_called_by_the_principal_name() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let principal = format!("maria.weber@{REALM}");
    // Nobody has one.
    let directory = Settings::of_domain(&samba)
        .set("LDAP_USERNAME_ATTRIBUTE", "employeeID")
        .set("LDAP_SEARCH_FILTER", "(userPrincipalName={username})")
        .directory();
    let maria = sign_in(&directory, &principal, &password_of("mweber")).await;
    let maria = maria.unwrap();
    assert_eq!(maria.username.as_str(), principal);
    let again = directory.recheck(std::slice::from_ref(&maria.id)).await;
    assert_eq!(
        again.into_iter().next().unwrap().unwrap(),
        Standing::There(maria)
    );
}

#[tokio::test]
async fn people_are_looked_at_again_by_their_guid() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let directory = Settings::of_domain(&samba).directory();
    let mut ids = Vec::new();
    for name in ["anna", "emil", "mkeller", "paul", "petra"] {
        ids.push(
            sign_in(&directory, name, &password_of(name))
                .await
                .unwrap()
                .id,
        );
    }
    samba.rename(&dn_of("Anna Arndt"), "CN=Annette Arndt").await;
    samba.leave(REQUIRED_GROUP, &dn_of("Emil Ernst")).await;
    samba.disable(&dn_of("Maria Keller")).await;
    samba.delete(&dn_of("Paul Pohl")).await;
    samba.add_person("paul", "Paul Pohl").await;
    samba.join(REQUIRED_GROUP, &dn_of("Paul Pohl")).await;
    let answers = directory.recheck(&ids).await;
    let said: Vec<_> = answers.into_iter().map(|it| why(it.unwrap())).collect();
    let (out, disabled) = (Some(Refusal::NotInGroup), Some(Refusal::Disabled));
    let gone = Some(Refusal::UnknownUser);
    assert_eq!(said, [None, out, disabled, gone, None]);
    let paul = sign_in(&directory, "paul", &password_of("paul"))
        .await
        .unwrap();
    assert_ne!(paul.id, ids[3]);

    let unknown = IdentityId::new(
        ids[0].source.clone(),
        "00000000-0000-0000-0000-000000000000",
    );
    assert!(matches!(
        directory.recheck(&[unknown]).await[..],
        [Ok(Standing::Left(Refusal::UnknownUser))]
    ));
    let blind = Settings::of_domain(&samba)
        .set("LDAP_BASE_DN", GROUPS)
        .directory();
    let answer = blind.recheck(&ids[..1]).await;
    assert!(
        matches!(answer[..], [Err(AuthenticationError::Unusable { .. })]),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_diagnosis_tells_the_role_and_no_password_goes_in_the_open() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let settings = Settings::of_domain(&samba).set("LDAP_ADMIN_GROUPS", "Admins");
    let anna = "anna".parse().unwrap();
    let told = settings.directory().diagnose(Some(&anna)).await;
    assert!(told.is_well(), "{told:#?}");
    assert_eq!(told.identity.unwrap().role.unwrap().role, Role::Admin);
    for base in [BASE, PEOPLE] {
        let starttls = settings
            .clone()
            .set("LDAP_SERVER", samba.url())
            .set("LDAP_BASE_DN", base);
        let found = sign_in(&starttls.directory(), "anna", &password_of("anna")).await;
        assert!(found.is_ok(), "{found:?}");
    }
    // This machine needs no encryption, but the directory wants it.
    let untrusted = settings
        .set("LDAP_SERVER", samba.url())
        .set("LDAP_CA_FILE", "");
    let reason = unavailable(sign_in(&untrusted.directory(), "anna", &password_of("anna")).await);
    assert!(reason.contains("encrypted connection"), "{reason}");
}

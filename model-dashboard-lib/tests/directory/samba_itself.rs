//! Samba in tests is what it is said to be.

use std::path::Path;
use std::time::Instant;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry};

use crate::authority::Flaw;
use crate::domain::{
    BASE, LOCKOUT_THRESHOLD, PLAIN, READER, REQUIRED_GROUP, SHORT_NAME, STATES, WRONG_PASSWORD,
    dn_of, group, password_of, principal,
};
use crate::samba::Samba;

async fn connect(samba: &Samba, url: &str, start_tls: bool) -> Result<Ldap, LdapError> {
    let settings = LdapConnSettings::new()
        .set_starttls(start_tls)
        .set_config(samba.authority.client());
    let (connection, ldap) = LdapConnAsync::with_settings(settings, url).await?;
    ldap3::drive!(connection);
    Ok(ldap)
}

/// What a bind by ldaps is answered with: nothing if it succeeds, else the code after `data`.
async fn bind(samba: &Samba, name: &str, password: &str) -> String {
    let mut ldap = connect(samba, &samba.tls_url(), false).await.unwrap();
    let answer = ldap.simple_bind(name, password).await.unwrap();
    if answer.rc == 0 {
        return String::new();
    }
    assert_eq!(answer.rc, 49, "{answer}");
    let before = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data ";
    let code = answer.text.strip_prefix(before).unwrap();
    code.split_once(',').unwrap().0.to_owned()
}

async fn found(ldap: &mut Ldap, filter: &str, attributes: &[&str]) -> Vec<SearchEntry> {
    let found = ldap.search(BASE, Scope::Subtree, filter, attributes).await;
    let (entries, _) = found.unwrap().success().unwrap();
    entries.into_iter().map(SearchEntry::construct).collect()
}

/// Who is in the required group by the rule that follows groups in groups.
async fn members(ldap: &mut Ldap) -> Vec<String> {
    let rule = format!("(&(objectClass=user)(memberOf:1.2.840.113556.1.4.1941:={REQUIRED_GROUP}))");
    let found = found(ldap, &rule, &["sAMAccountName"]).await;
    let name = |entry: SearchEntry| entry.attrs["sAMAccountName"][0].clone();
    found.into_iter().map(name).collect()
}

#[tokio::test]
async fn each_state_of_an_account_has_a_code_of_its_own() {
    let begun = Instant::now();
    let Some(samba) = Samba::start().await else {
        return;
    };
    eprintln!("started within {:?}", begun.elapsed());
    for (account, _) in PLAIN {
        let name = principal(account);
        assert_eq!(
            bind(&samba, &name, &password_of(account)).await,
            "",
            "{account}"
        );
    }
    assert_eq!(
        bind(&samba, &principal("anna"), "wrong").await,
        WRONG_PASSWORD
    );
    assert_eq!(
        bind(&samba, &principal("nobody"), "wrong").await,
        WRONG_PASSWORD
    );
    for state in STATES {
        let name = principal(state.account);
        let right = bind(&samba, &name, &password_of(state.account)).await;
        let wrong = bind(&samba, &name, "wrong").await;
        assert_eq!(
            (&*right, &*wrong),
            (state.right, state.wrong),
            "{}",
            state.what
        );
    }
    assert!(samba.log().contains("NT_STATUS_ACCOUNT_LOCKED_OUT"));
    assert!(!samba.log().contains(&password_of("anna")));
}

#[tokio::test]
async fn wrong_passwords_lock_an_account_until_it_is_unlocked() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let (name, password) = (principal("dora"), password_of("dora"));
    for _ in 0..LOCKOUT_THRESHOLD {
        assert_eq!(bind(&samba, &name, "wrong").await, WRONG_PASSWORD);
    }
    assert_eq!(bind(&samba, &name, &password).await, "775");
    samba.unlock(&dn_of("Dora Drews")).await;
    assert_eq!(bind(&samba, &name, &password).await, "");
}

#[tokio::test]
async fn names_of_each_kind_bind_by_tls_alone() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let password = password_of("mkeller");
    let short = format!("{SHORT_NAME}\\mkeller");
    for name in [principal("mkeller"), dn_of("Maria Keller"), short] {
        assert_eq!(bind(&samba, &name, &password).await, "", "{name}");
    }
    assert_eq!(
        bind(&samba, &dn_of("Größe, Jörg"), &password_of("jgroesse")).await,
        ""
    );
    assert_eq!(bind(&samba, "mkeller", &password).await, WRONG_PASSWORD);

    let mut plain = connect(&samba, &samba.url(), false).await.unwrap();
    let refused = plain
        .simple_bind(&principal("mkeller"), &password)
        .await
        .unwrap();
    let strong_auth_required = 8;
    assert_eq!(refused.rc, strong_auth_required, "{refused}");
    assert!(
        refused.text.contains("Transport encryption required"),
        "{refused}"
    );
    let mut started = connect(&samba, &samba.url(), true).await.unwrap();
    let bound = started
        .simple_bind(&principal("mkeller"), &password)
        .await
        .unwrap();
    assert_eq!(bound.rc, 0);

    let untrusted = Samba::with(Flaw::UnknownAuthority).await.unwrap();
    connect(&untrusted, &untrusted.tls_url(), false)
        .await
        .unwrap_err();
}

#[tokio::test]
async fn groups_nest_and_one_is_primary() {
    let Some(samba) = Samba::start().await else {
        return;
    };
    let mut ldap = connect(&samba, &samba.tls_url(), false).await.unwrap();
    let bound = ldap
        .simple_bind(&principal(READER), &password_of(READER))
        .await;
    bound.unwrap().success().unwrap();
    let mut members = members(&mut ldap).await;
    members.retain(|member| STATES.iter().all(|state| state.account != member));
    members.sort();
    // Neither petra nor paul: the rule knows nothing of primary groups.
    assert_eq!(
        members,
        ["anna", "ben", "emil", "jgroesse", "mkeller", "mweber"]
    );

    let wanted = ["memberOf", "primaryGroupID", "objectGUID", "mail"];
    let petra = found(&mut ldap, "(sAMAccountName=petra)", &wanted)
        .await
        .remove(0);
    // Her former primary group became a usual one.
    let usual = format!("CN=Domain Users,CN=Users,{BASE}");
    assert_eq!(petra.attrs["memberOf"], [usual]);
    assert_eq!(petra.bin_attrs["objectGUID"][0].len(), 16);
    let token = found(&mut ldap, "(cn=model-users)", &["primaryGroupToken"]).await;
    assert_eq!(
        petra.attrs["primaryGroupID"],
        token[0].attrs["primaryGroupToken"]
    );
    let above = found(&mut ldap, &format!("(member={})", group("staff")), &["cn"]).await;
    assert_eq!(above[0].dn, REQUIRED_GROUP);
    let ring = found(&mut ldap, "(cn=ring-a)", &["memberOf"]).await;
    assert_eq!(ring[0].attrs["memberOf"], [group("ring-b")]);
    let emil = found(&mut ldap, "(sAMAccountName=emil)", &wanted).await;
    assert!(!emil[0].attrs.contains_key("mail"));
}

#[tokio::test]
async fn it_changes_while_it_runs() {
    let Some(mut samba) = Samba::start().await else {
        return;
    };
    let maria = dn_of("Maria Keller");
    let identity = async |samba: &Samba| {
        let mut ldap = samba.admin().await;
        let found = found(&mut ldap, "(sAMAccountName=mkeller)", &["objectGUID"]).await;
        found[0].bin_attrs["objectGUID"][0].clone()
    };
    let first = identity(&samba).await;
    samba.leave(REQUIRED_GROUP, &maria).await;
    let mut ldap = samba.admin().await;
    assert!(!members(&mut ldap).await.contains(&"mkeller".to_owned()));
    samba.join(REQUIRED_GROUP, &maria).await;
    assert!(members(&mut ldap).await.contains(&"mkeller".to_owned()));
    samba.rename(&maria, "CN=Maria Klein").await;
    let (name, password) = (principal("mkeller"), password_of("mkeller"));
    assert_eq!(bind(&samba, &name, &password).await, "");
    assert_eq!(identity(&samba).await, first);
    samba.disable(&dn_of("Maria Klein")).await;
    assert_eq!(bind(&samba, &name, &password).await, "533");
    samba.delete(&dn_of("Maria Klein")).await;
    assert_eq!(bind(&samba, &name, &password).await, WRONG_PASSWORD);
    samba.add_person("mkeller", "Maria Keller").await;
    assert_eq!(bind(&samba, &name, &password).await, "");
    assert_ne!(identity(&samba).await, first);

    samba.stop();
    assert!(connect(&samba, &samba.url(), false).await.is_err());
    samba.start_again().await;
    let anna = bind(&samba, &principal("anna"), &password_of("anna")).await;
    assert_eq!(anna, "");
    let mut ldap = samba.admin().await;
    samba.pause();
    let search = tokio::spawn(async move { found(&mut ldap, "(cn=staff)", &["cn"]).await.len() });
    connect(&samba, &samba.url(), false).await.unwrap();
    assert!(!search.is_finished());
    samba.go_on();
    assert_eq!(search.await.unwrap(), 1);

    let id = samba.id();
    drop(samba);
    assert!(!Path::new(&format!("/proc/{id}")).exists());
}

//! OpenLDAP in tests is what it is said to be.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry};

use crate::authority::Flaw;
use crate::people::{
    self, BASE, MANY, READER, READER_PASSWORD, REQUIRED_GROUP, dn_of, group, password_of,
};
use crate::slapd::{Habits, Slapd};

const INVALID_CREDENTIALS: u32 = 49;

async fn connect(slapd: &Slapd, url: &str, start_tls: bool) -> Result<Ldap, LdapError> {
    let settings = LdapConnSettings::new()
        .set_starttls(start_tls)
        .set_config(slapd.authority.client());
    let (connection, ldap) = LdapConnAsync::with_settings(settings, url).await?;
    ldap3::drive!(connection);
    Ok(ldap)
}

/// The code of the answer to a bind.
async fn bind(slapd: &Slapd, dn: &str, password: &str) -> u32 {
    let mut ldap = connect(slapd, &slapd.url(), false).await.unwrap();
    ldap.simple_bind(dn, password).await.unwrap().rc
}

async fn find(ldap: &mut Ldap, filter: &str, attributes: &[&str]) -> Vec<SearchEntry> {
    let found = ldap.search(BASE, Scope::Subtree, filter, attributes).await;
    let (entries, _) = found.unwrap().success().unwrap();
    entries.into_iter().map(SearchEntry::construct).collect()
}

async fn groups_of(slapd: &Slapd, uid: &str) -> Vec<String> {
    let mut ldap = slapd.admin().await;
    let filter = format!("(uid={uid})");
    let found = find(&mut ldap, &filter, &["memberOf"]).await;
    found[0].attrs.get("memberOf").cloned().unwrap_or_default()
}

#[tokio::test]
async fn people_bind_plainly_by_start_tls_and_by_ldaps() {
    let begun = Instant::now();
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    eprintln!("started within {:?}", begun.elapsed());
    for (url, start_tls) in [
        (slapd.url(), false),
        (slapd.url(), true),
        (slapd.tls_url(), false),
    ] {
        let mut ldap = connect(&slapd, &url, start_tls).await.unwrap();
        let (dn, password) = (dn_of("mkeller"), password_of("mkeller"));
        assert_eq!(
            ldap.simple_bind(&dn, "wrong").await.unwrap().rc,
            INVALID_CREDENTIALS
        );
        assert_eq!(ldap.simple_bind(&dn, &password).await.unwrap().rc, 0);
    }
    slapd
        .logged("BIND dn=\"uid=mkeller,ou=people,dc=example,dc=org\"")
        .await
        .unwrap();
    assert!(!slapd.log().await.contains(&password_of("mkeller")));
    assert!(!slapd.log().await.contains(people::ADMIN));
}

#[tokio::test]
async fn every_password_fits_but_that_of_a_disabled_account() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    for (uid, _) in people::PLAIN {
        let expected = if uid == "frieda" {
            INVALID_CREDENTIALS
        } else {
            0
        };
        assert_eq!(
            bind(&slapd, &dn_of(uid), &password_of(uid)).await,
            expected,
            "{uid}"
        );
        assert_eq!(
            bind(&slapd, &dn_of(uid), "wrong").await,
            INVALID_CREDENTIALS,
            "{uid}"
        );
    }
    for (uid, first) in people::ODD {
        let dn = format!("{first},{}", people::PEOPLE);
        assert_eq!(bind(&slapd, &dn, &password_of(uid)).await, 0, "{uid}");
    }
    assert_eq!(bind(&slapd, READER, READER_PASSWORD).await, 0);
    let dora = dn_of("dora");
    for _ in 1..5 {
        assert_eq!(bind(&slapd, &dora, "wrong").await, INVALID_CREDENTIALS);
    }
    let locked = bind(&slapd, &dora, &password_of("dora")).await;
    assert_eq!(locked, INVALID_CREDENTIALS);
}

#[tokio::test]
async fn groups_are_what_the_list_says() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    assert_eq!(groups_of(&slapd, "mkeller").await, [REQUIRED_GROUP]);
    assert_eq!(groups_of(&slapd, "ben").await, [group("level-5")]);
    assert_eq!(
        groups_of(&slapd, "anna").await,
        [REQUIRED_GROUP.to_owned(), group("Admins")]
    );
    assert_eq!(groups_of(&slapd, "cora").await, [group("ring-a")]);
    assert_eq!(groups_of(&slapd, "gustav").await.len(), MANY + 1);
    for (uid, _) in people::ODD {
        assert_eq!(groups_of(&slapd, uid).await, [REQUIRED_GROUP], "{uid}");
    }
    let mut ldap = slapd.admin().await;
    assert_eq!(find(&mut ldap, "(uid=twin)", &["1.1"]).await.len(), 2);
    let (mut name, mut chain) = (group("level-5"), 0);
    while name != REQUIRED_GROUP {
        let above = find(&mut ldap, &format!("(member={name})"), &["1.1"]).await;
        (name, chain) = (above[0].dn.clone(), chain + 1);
    }
    assert_eq!(chain, 5);
    let ring = find(
        &mut ldap,
        &format!("(member={})", group("ring-a")),
        &["memberOf"],
    )
    .await;
    assert_eq!(ring[0].dn, group("ring-b"));
    assert_eq!(ring[0].attrs["memberOf"], [group("ring-a")]);
    let emil = find(&mut ldap, "(uid=emil)", &["mail"]).await;
    assert!(emil[0].attrs.is_empty());
}

#[tokio::test]
async fn its_habits_are_those_asked_for() {
    let dn = dn_of("mkeller");
    let Some(usual) = Slapd::start().await else {
        return;
    };
    let unwilling = 53;
    assert_eq!(bind(&usual, &dn, "").await, unwilling);
    let mut anonymous = connect(&usual, &usual.url(), false).await.unwrap();
    assert_eq!(
        find(&mut anonymous, "(uid=mkeller)", &["userPassword"])
            .await
            .len(),
        1
    );

    let habits = Habits {
        empty_password_binds: true,
        ..Habits::default()
    };
    let lax = Slapd::with(habits).await.unwrap();
    assert_eq!(bind(&lax, &dn, "").await, 0);

    let habits = Habits {
        anonymous_search: false,
        ..Habits::default()
    };
    let strict = Slapd::with(habits).await.unwrap();
    let mut ldap = connect(&strict, &strict.tls_url(), false).await.unwrap();
    let hidden = ldap
        .search(BASE, Scope::Subtree, "(uid=anna)", ["cn"])
        .await
        .unwrap();
    assert!(hidden.0.is_empty());
    ldap.simple_bind(READER, READER_PASSWORD)
        .await
        .unwrap()
        .success()
        .unwrap();
    let found = find(&mut ldap, "(uid=anna)", &["cn", "userPassword"]).await;
    assert_eq!(found[0].attrs.keys().collect::<Vec<_>>(), ["cn"]);

    let habits = Habits {
        wants_tls: true,
        ..Habits::default()
    };
    let careful = Slapd::with(habits).await.unwrap();
    let (password, confidentiality_required) = (password_of("mkeller"), 13);
    assert_eq!(
        bind(&careful, &dn, &password).await,
        confidentiality_required
    );
    for (url, start_tls) in [(careful.url(), true), (careful.tls_url(), false)] {
        let mut ldap = connect(&careful, &url, start_tls).await.unwrap();
        assert_eq!(ldap.simple_bind(&dn, &password).await.unwrap().rc, 0);
    }

    let plain = Slapd::with(Habits {
        certificate: None,
        ..Habits::default()
    })
    .await
    .unwrap();
    assert!(connect(&plain, &plain.url(), true).await.is_err());
    assert!(connect(&plain, &plain.tls_url(), false).await.is_err());
    connect(&plain, &plain.url(), false).await.unwrap();
}

#[tokio::test]
async fn a_bad_certificate_is_refused() {
    for (flaw, said) in [
        (Flaw::WrongHost, "NotValidForName"),
        (Flaw::Expired, "Expired"),
        (Flaw::UnknownAuthority, "UnknownIssuer"),
    ] {
        let habits = Habits {
            certificate: Some(flaw),
            ..Habits::default()
        };
        let Some(slapd) = Slapd::with(habits).await else {
            return;
        };
        for (url, start_tls) in [(slapd.url(), true), (slapd.tls_url(), false)] {
            let error = connect(&slapd, &url, start_tls).await.unwrap_err();
            assert!(format!("{error:?}").contains(said), "{flaw:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn it_changes_while_it_runs() {
    let Some(mut slapd) = Slapd::start().await else {
        return;
    };
    let identity = async |slapd: &Slapd| {
        let found = find(&mut slapd.admin().await, "(sn=Keller)", &["entryUUID"]).await;
        (found[0].dn.clone(), found[0].attrs["entryUUID"][0].clone())
    };
    let (dn, uuid) = identity(&slapd).await;
    slapd.rename(&dn, "uid=mweber").await;
    let (renamed, same) = identity(&slapd).await;
    assert_eq!((renamed.as_str(), &same), (dn_of("mweber").as_str(), &uuid));
    assert_eq!(groups_of(&slapd, "mweber").await, [REQUIRED_GROUP]);

    slapd.delete(&renamed).await;
    slapd.add_person("mkeller", "Maria Keller").await;
    assert_ne!(identity(&slapd).await.1, uuid);
    assert!(groups_of(&slapd, "mkeller").await.is_empty());
    slapd.join(REQUIRED_GROUP, &dn).await;
    assert_eq!(groups_of(&slapd, "mkeller").await, [REQUIRED_GROUP]);
    slapd.leave(REQUIRED_GROUP, &dn).await;
    assert!(groups_of(&slapd, "mkeller").await.is_empty());

    slapd.stop();
    assert!(connect(&slapd, &slapd.url(), false).await.is_err());
    slapd.start_again().await;
    assert_eq!(bind(&slapd, &dn, &password_of("mkeller")).await, 0);
    slapd.disable(&dn).await;
    assert_eq!(
        bind(&slapd, &dn, &password_of("mkeller")).await,
        INVALID_CREDENTIALS
    );

    let mut ldap = slapd.admin().await;
    slapd.pause();
    let search = tokio::spawn(async move { find(&mut ldap, "(uid=anna)", &["cn"]).await.len() });
    // The socket takes connections while nobody is there to serve them.
    connect(&slapd, &slapd.url(), false).await.unwrap();
    assert!(!search.is_finished());
    slapd.go_on();
    assert_eq!(search.await.unwrap(), 1);
}

#[tokio::test]
async fn other_programs_reach_it_by_the_certificate_of_its_authority() {
    let Some(slapd) = Slapd::start().await else {
        return;
    };
    let mut search = Command::new("ldapsearch");
    search.env("LDAPTLS_CACERT", slapd.authority_file());
    search.args(["-x", "-LLL", "-H", &slapd.tls_url(), "-b", BASE]);
    let found = search.args(["(uid=ben)", "memberOf"]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.contains("memberOf: cn=level-5,"), "{found}");
}

#[tokio::test]
async fn nothing_is_left_of_it_after_a_panic() {
    let (say, hear) = tokio::sync::oneshot::channel();
    let test = tokio::spawn(async move {
        let Some(slapd) = Slapd::start().await else {
            return;
        };
        slapd.pause();
        say.send(slapd.id()).unwrap();
        panic!("as a test that fails");
    });
    let ended = test.await;
    let Ok(id) = hear.await else { return };
    assert!(ended.unwrap_err().is_panic());
    assert!(!Path::new(&format!("/proc/{id}")).exists());
}

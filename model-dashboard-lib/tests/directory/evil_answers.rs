//! A sign-in with a directory that breaks the rules: nobody is let in who should not be, no
//! password is heard by others, and nothing is left of it.

use std::time::{Duration, Instant};

use model_dashboard::auth::ldap::LdapAuthenticator;
use model_dashboard::auth::{
    AuthenticationError, Authenticator as _, Identity, Refusal, SourcePart, Standing,
};

use crate::asking::{Settings, sign_in, unavailable};
use crate::authority::Flaw;
use crate::evil::answers::MALFORMED;
use crate::evil::ber::Operation;
use crate::evil::{Evil, Mode, Plan, Tls};
use crate::people::{BASE, PEOPLE, REQUIRED_GROUP};

const PASSWORD: &str = "canary-password-4711";

/// The time of a sign-in here: many at once share the processors.
const DEADLINE: Duration = Duration::from_secs(1);

/// When a sign-in counts as one that never ends, on a machine that may be slow.
const HANGS: Duration = Duration::from_secs(60);

/// How an evil server is asked.
#[derive(Clone, Copy, Debug)]
enum Way {
    Service,
    Template,
}

const WAYS: [Way; 2] = [Way::Service, Way::Template];

fn settings(evil: &Evil, folder: &tempfile::TempDir, way: Way) -> Settings {
    let authority = folder.path().join("ca.crt");
    std::fs::write(&authority, evil.authority.pem()).unwrap();
    let mut settings = Settings::default()
        .set("LDAP_SERVER", evil.url())
        .set("LDAP_BASE_DN", BASE)
        .set("LDAP_REQUIRED_GROUP", REQUIRED_GROUP);
    if evil.has_certificate() {
        settings = settings.set("LDAP_CA_FILE", authority.display().to_string());
    }
    match way {
        Way::Service => settings
            .set("LDAP_BIND_DN", "cn=reader,dc=example,dc=org")
            .set("LDAP_BIND_PASSWORD", "reader-password"),
        Way::Template => settings.set(
            "LDAP_USER_DN_TEMPLATE",
            format!("uid={{username}},{PEOPLE}"),
        ),
    }
}

fn directory(settings: &Settings, deadline: Duration) -> LdapAuthenticator {
    let mut config = settings.config();
    config.timeout = deadline;
    config.connect_timeout = deadline;
    LdapAuthenticator::new(&config).unwrap()
}

/// One sign-in of `mkeller`.
async fn attempt(
    evil: &Evil,
    way: Way,
    deadline: Duration,
) -> Result<Identity, AuthenticationError> {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&settings(evil, &folder, way), deadline);
    sign_in(&directory, "mkeller", PASSWORD).await
}

/// Everything that it can do, and whether somebody may be let in all the same.
fn modes() -> Vec<(Mode, bool)> {
    let mut all = vec![
        (Mode::Obliging, true),
        (Mode::BlackHole, false),
        (Mode::ResetAfter(0), false),
        // One answer is all that a bind needs.
        (Mode::ResetAfter(1), true),
        (Mode::Drip(Duration::from_secs(1)), false),
        (Mode::ClosesMidMessage, false),
        (Mode::DeeplyNested, false),
        (Mode::Huge, false),
        (Mode::EndlessEntries, false),
        (Mode::Refuses(49), false),
        (Mode::Refuses(53), false),
        (Mode::Refuses(1), false),
        (
            Mode::Referral("ldap://elsewhere.example.org".to_owned()),
            false,
        ),
        (
            Mode::SearchReference("ldap://elsewhere.example.org".to_owned()),
            true,
        ),
        (Mode::TwoEntries, false),
        (Mode::AnotherPerson, false),
        (Mode::WrongMessageId, false),
        (Mode::WrongResponseType, false),
        (Mode::NoticeOfDisconnection, false),
    ];
    all.extend(MALFORMED.map(|(_, answer)| (Mode::Answer(answer), false)));
    all
}

/// Each mode, in plain text and by TLS, in answer to everything or to one kind of request.
fn plans() -> Vec<(Plan, bool)> {
    let mut plans = Vec::new();
    for (mode, may_enter) in modes() {
        for tls in [Tls::Never, Tls::AtOnce, Tls::OnRequest] {
            let plan = Plan::of(mode.clone()).by(tls);
            plans.push((plan.clone().to(Operation::Search), may_enter));
            // These are about searches, so binds are as they should be.
            let of_search = matches!(
                mode,
                Mode::EndlessEntries
                    | Mode::TwoEntries
                    | Mode::AnotherPerson
                    | Mode::SearchReference(_)
            );
            if !of_search {
                plans.push((plan.to(Operation::Bind), may_enter));
            }
        }
    }
    plans.push((Plan::of(Mode::InjectsBeforeTls).by(Tls::OnRequest), false));
    plans
}

/// What is tried of each plan in each way.
#[derive(Clone, Copy, Debug)]
struct Trial {
    sign_ins: usize,
    deadline: Duration,
}

impl Trial {
    /// Signs in where one plan is followed, one time after the other, and sees that nothing is left
    /// of any of them. How many were let in.
    async fn of(self, plan: Plan, may_enter: bool, way: Way) -> usize {
        let evil = Evil::with(plan.clone()).await;
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(&settings(&evil, &folder, way), self.deadline);
        let mut let_in = 0;
        for _ in 0..self.sign_ins {
            let attempt = sign_in(&directory, "mkeller", PASSWORD);
            let answer = tokio::time::timeout(HANGS, attempt).await;
            let answer = answer.unwrap_or_else(|_| panic!("{plan:?} {way:?} hangs"));
            match &answer {
                Ok(identity) => {
                    assert!(may_enter, "{plan:?} {way:?} let {identity:?} in");
                    assert_eq!(identity.username.as_str(), "mkeller");
                    let_in += 1;
                }
                Err(AuthenticationError::Refused(_)) => {}
                Err(error) if error.part().is_some() => {}
                Err(other) => panic!("{plan:?} {way:?}: {other}"),
            }
            evil.none_left().await;
        }
        let_in
    }

    /// Of all plans, some at once. How many were let in.
    async fn of_all(self, at_once: usize) -> usize {
        use futures::StreamExt as _;
        let all = plans().into_iter();
        let all = all.flat_map(|(plan, may_enter)| WAYS.map(|way| (plan.clone(), may_enter, way)));
        let tried = futures::stream::iter(all)
            .map(|(plan, may_enter, way)| tokio::spawn(self.of(plan, may_enter, way)))
            .buffer_unordered(at_once);
        tried.fold(0, async |all, one| all + one.unwrap()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_by_broken_rules_and_nothing_is_left() {
    let once = Trial {
        sign_ins: 1,
        deadline: DEADLINE,
    };
    let let_in = once.of_all(16).await;
    assert!(let_in > 0, "all took too long");
}

/// A campaign: each plan again and again, 64 sign-ins at a time. `EVIL_SIGN_INS` sets how many.
#[ignore = "minutes: a campaign of 20,000"]
#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_sign_ins() {
    let count = std::env::var("EVIL_SIGN_INS").map_or(20_000, |count| count.parse().unwrap());
    let servers = plans().len() * WAYS.len();
    let each = Trial {
        sign_ins: usize::div_ceil(count, servers),
        deadline: DEADLINE,
    };
    let begun = Instant::now();
    let let_in = each.of_all(64).await;
    let all = each.sign_ins * servers;
    eprintln!(
        "{all} sign-ins at {servers} servers in {:?}; {let_in} were let in, as they may be",
        begun.elapsed()
    );
    assert!(let_in > 0, "all took too long");
    // Those of a server end some moments after it.
    let metrics = tokio::runtime::Handle::current().metrics();
    let ended = async {
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
    assert!(ended.is_ok(), "{} tasks left", metrics.num_alive_tasks());
}

#[tokio::test]
async fn no_password_goes_where_others_can_read_it() {
    // Refused, stripped, or with a certificate of somebody else.
    for plan in [
        Plan::of(Mode::Obliging),
        Plan::of(Mode::Refuses(2))
            .by(Tls::OnRequest)
            .to(Operation::StartTls),
        Plan::of(Mode::InjectsBeforeTls).by(Tls::OnRequest),
        Plan {
            flaw: Flaw::UnknownAuthority,
            ..Plan::of(Mode::Obliging).by(Tls::OnRequest)
        },
        Plan {
            flaw: Flaw::WrongHost,
            ..Plan::of(Mode::Obliging).by(Tls::AtOnce)
        },
        Plan {
            flaw: Flaw::Expired,
            ..Plan::of(Mode::Obliging).by(Tls::AtOnce)
        },
    ] {
        for way in WAYS {
            let evil = Evil::with(plan.clone()).await;
            let folder = tempfile::tempdir().unwrap();
            let never = settings(&evil, &folder, way).set("LDAP_ALLOW_PLAINTEXT", "false");
            let directory = directory(&never, Duration::from_secs(10));
            let reason = unavailable(sign_in(&directory, "mkeller", PASSWORD).await);
            assert!(
                !evil.got(PASSWORD) && !evil.got("reader-password"),
                "{plan:?}"
            );
            assert!(!evil.requests().contains(&Operation::Bind), "{plan:?}");
            let told = reason.contains("no password is sent") || reason.contains("protocol");
            assert!(told, "{plan:?}: {reason}");
            assert!(!reason.contains(PASSWORD));
        }
    }
    // By TLS it goes, and nobody on the way reads it.
    let evil = Evil::with(Plan::of(Mode::Obliging).by(Tls::OnRequest)).await;
    attempt(&evil, Way::Template, Duration::from_secs(10))
        .await
        .unwrap();
    let wire = evil.wire();
    assert!(evil.got(PASSWORD) && !crate::evil::ber::contains(&wire, PASSWORD.as_bytes()));
}

#[tokio::test]
async fn plain_text_must_be_allowed_by_name_or_stay_on_this_machine() {
    for (allow, authority, works) in [
        ("", false, true),
        ("true", false, true),
        ("true", true, true),
        ("false", false, false),
        // Else whoever answers in the place of the directory has but to refuse encryption.
        ("", true, false),
    ] {
        let evil = Evil::start(Mode::Obliging).await;
        let folder = tempfile::tempdir().unwrap();
        let mut settings =
            settings(&evil, &folder, Way::Template).set("LDAP_ALLOW_PLAINTEXT", allow);
        if authority {
            let file = folder.path().join("ca.crt");
            settings = settings.set("LDAP_CA_FILE", file.display().to_string());
        }
        let directory = directory(&settings, Duration::from_secs(10));
        let answer = sign_in(&directory, "mkeller", PASSWORD).await;
        assert_eq!(answer.is_ok(), works, "{allow} {authority}: {answer:?}");
        assert_eq!(evil.got(PASSWORD), works);
        if let Err(error) = answer {
            let text = error.to_string();
            for named in ["StartTLS", "ldaps", "LDAP_ALLOW_PLAINTEXT"] {
                assert!(text.contains(named), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn an_authority_that_is_named_counts_on_this_machine_too() {
    let forged = Plan {
        flaw: Flaw::UnknownAuthority,
        ..Plan::of(Mode::Obliging).by(Tls::OnRequest)
    };
    for (allow, authority, works) in [("", true, false), ("", false, true), ("true", true, true)] {
        let evil = Evil::with(forged.clone()).await;
        let folder = tempfile::tempdir().unwrap();
        let mut settings =
            settings(&evil, &folder, Way::Template).set("LDAP_ALLOW_PLAINTEXT", allow);
        if !authority {
            settings = settings.set("LDAP_CA_FILE", "");
        }
        let directory = directory(&settings, Duration::from_secs(10));
        let answer = sign_in(&directory, "mkeller", PASSWORD).await;
        assert_eq!(answer.is_ok(), works, "{allow} {authority}: {answer:?}");
        assert_eq!(evil.got(PASSWORD), works);
        if let Err(error) = answer {
            let text = error.to_string();
            for named in ["certificate", "ldaps", "LDAP_ALLOW_PLAINTEXT"] {
                assert!(text.contains(named), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_directory_that_is_slow_is_given_up_in_time_and_two_entries_are_told() {
    let evil = Evil::start(Mode::BlackHole).await;
    let begun = Instant::now();
    let reason = unavailable(attempt(&evil, Way::Service, Duration::from_secs(1)).await);
    assert!(reason.contains("within 1 s"), "{reason}");
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_secs(1) && took < Duration::from_secs(6),
        "{took:?}"
    );
    let evil = Evil::with(Plan::of(Mode::TwoEntries).to(Operation::Search)).await;
    let answer = attempt(&evil, Way::Service, Duration::from_secs(10)).await;
    let twins = matches!(
        answer,
        Err(AuthenticationError::Refused(Refusal::SeveralEntries))
    );
    assert!(twins, "{answer:?}");
}

#[tokio::test]
async fn the_next_server_hears_no_password_that_another_one_heard() {
    let first = Evil::with(Plan::of(Mode::ResetAfter(0)).to(Operation::Bind)).await;
    let second = Evil::start(Mode::Obliging).await;
    let folder = tempfile::tempdir().unwrap();
    let both = format!("{}, {}", first.url(), second.url());
    let by_template = settings(&first, &folder, Way::Template).set("LDAP_SERVER", both.clone());
    let directory_of_both = directory(&by_template, Duration::from_secs(10));
    unavailable(sign_in(&directory_of_both, "mkeller", PASSWORD).await);
    assert!(first.got(PASSWORD) && second.connections() == 0);

    // Before it is sent the next one is asked.
    let by_service = settings(&first, &folder, Way::Service).set("LDAP_SERVER", both);
    let directory_of_both = directory(&by_service, Duration::from_secs(10));
    sign_in(&directory_of_both, "mkeller", PASSWORD)
        .await
        .unwrap();
    assert!(second.got(PASSWORD));
}

/// It takes the account that looks people up, and then says nothing.
#[tokio::test]
async fn a_server_that_hangs_when_it_is_asked_leaves_time_for_the_next_one() {
    let first = Evil::with(Plan::of(Mode::BlackHole).to(Operation::Search)).await;
    let second = Evil::start(Mode::Obliging).await;
    let folder = tempfile::tempdir().unwrap();
    let both = format!("{}, {}", first.url(), second.url());
    let settings = settings(&first, &folder, Way::Service).set("LDAP_SERVER", both);
    let directory = directory(&settings, Duration::from_secs(2));
    let known = sign_in(&directory, "mkeller", PASSWORD).await.unwrap();
    assert!(!first.got(PASSWORD) && second.got(PASSWORD));
    let told = directory.silent_servers();
    assert_eq!(told.len(), 1, "{told:?}");
    // A probe and a look at many wait for it once.
    assert_eq!(directory.probe().await.unwrap(), SourcePart::Groups);
    assert_eq!(directory.silent_servers().len(), 1);
    let answers = directory.recheck(&vec![known.id.clone(); 12]).await;
    let there = answers
        .iter()
        .filter(|it| matches!(it, Ok(Standing::There(_))))
        .count();
    assert_eq!(there, 12, "{answers:?}");
}

#[tokio::test]
async fn a_server_that_hangs_leaves_time_for_the_next_one() {
    let first = Evil::start(Mode::BlackHole).await;
    let second = Evil::start(Mode::Obliging).await;
    let folder = tempfile::tempdir().unwrap();
    for way in WAYS {
        let both = format!("{}, {}", first.url(), second.url());
        let mut config = settings(&first, &folder, way)
            .set("LDAP_SERVER", both)
            .config();
        config.connect_timeout = Duration::from_millis(300);
        let directory = LdapAuthenticator::new(&config).unwrap();
        sign_in(&directory, "mkeller", PASSWORD).await.unwrap();
    }
}

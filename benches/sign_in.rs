//! How many people OpenLDAP's server signs in through the registry, 200 at a time, beside bare ldap3
//! that asks the same: connect, bind as the account that looks people up, search, bind as the person.
//!
//! `cargo bench -p model-dashboard-benches --bench sign_in -- [way] [sign-ins of a round] [rounds]`,
//! where a way is ldaps, StartTLS or plaintext; needs slapd and ldapadd (Debian: slapd, ldap-utils).
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the report goes to the terminal, and a bench that fails may end"
)]

#[path = "../model-dashboard-lib/tests/directory/authority.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
mod authority;
#[path = "../model-dashboard-lib/tests/directory/people.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
mod people;
#[path = "../model-dashboard-lib/tests/directory/processes.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
mod processes;
#[path = "sign_in/slapd.rs"]
mod slapd;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ldap3::{LdapConnAsync, LdapConnSettings, Scope, SearchEntry};
use model_dashboard::auth::ldap::LdapAuthenticator;
use model_dashboard::auth::{Authenticator as _, Password, Username};
use model_dashboard::config::{Config, Sources};
use rustls::ClientConfig;
use tokio::task::JoinSet;

use crate::people::{BASE, READER, READER_PASSWORD, REQUIRED_GROUP, password_of};
use crate::slapd::{Slapd, uid};

const AT_ONCE: usize = 200;

/// What must be reached of bare ldap3's sign-ins in a second.
const LEAST: f64 = 0.80;

/// What the registry asks of an entry.
const ATTRIBUTES: [&str; 16] = [
    "mail",
    "memberOf",
    "uid",
    "sAMAccountName",
    "userPrincipalName",
    "displayName",
    "cn",
    "userAccountControl",
    "accountExpires",
    "pwdAccountLockedTime",
    "nsAccountLock",
    "objectSid",
    "primaryGroupID",
    "entryUUID",
    "objectGUID",
    "nsUniqueId",
];

/// The ways to a server, and whether the limit holds there.
const WAYS: [(&str, bool); 3] = [("ldaps", true), ("StartTLS", true), ("plaintext", false)];

#[tokio::main]
async fn main() -> ExitCode {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let count: usize = numbers.next().unwrap_or(400);
    let rounds: usize = numbers.next().unwrap_or(41);
    println!("{count} sign-ins, {AT_ONCE} at a time; medians of {rounds} rounds");
    let named = |(way, _): &(&str, bool)| std::env::args().any(|argument| argument == *way);
    let any_named = WAYS.iter().any(named);
    let mut is_enough = true;
    for (way, has_limit) in WAYS.into_iter().filter(|way| !any_named || named(way)) {
        let slapd = Slapd::start(way != "plaintext").await;
        let ours = Arc::new(Ours(authenticator(way, &slapd)));
        let bare = Arc::new(Bare::new(way, &slapd));
        let (mut by_ours, mut by_bare) = (Vec::new(), Vec::new());
        // The first pair finds caches empty.
        for number in 0..=rounds {
            let pair = match number % 2 {
                0 => (round(&ours, count).await, round(&bare, count).await),
                _ => {
                    let first = round(&bare, count).await;
                    (round(&ours, count).await, first)
                }
            };
            if number > 0 {
                by_ours.push(pair.0);
                by_bare.push(pair.1);
            }
        }
        let pairs = by_ours.iter().zip(&by_bare);
        let ratios: Vec<f64> = pairs.map(|(a, b)| a.per_second / b.per_second).collect();
        let ratio = median(ratios.iter().copied());
        row(way, "bare ldap3", &by_bare);
        row(way, "the registry", &by_ours);
        println!(
            "{way:>10}: {:.1} % of bare ldap3{} (rounds: {:.1} to {:.1} %)",
            ratio * 100.0,
            if has_limit { ", at least 80 %" } else { "" },
            ratios.iter().copied().fold(f64::INFINITY, f64::min) * 100.0,
            ratios.iter().copied().fold(0.0, f64::max) * 100.0,
        );
        is_enough &= !has_limit || ratio >= LEAST;
    }
    match is_enough {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn authenticator(way: &str, slapd: &Slapd) -> LdapAuthenticator {
    let server = match way {
        "ldaps" => &slapd.tls_url,
        _ => &slapd.url,
    };
    let authority = slapd.authority_file().display().to_string();
    // Whoever names an authority wants it to count.
    let allow_plaintext = (way == "plaintext").to_string();
    let variables = [
        ("LDAP_ALLOW_PLAINTEXT", allow_plaintext.as_str()),
        ("LDAP_SERVER", server.as_str()),
        ("LDAP_CA_FILE", &authority),
        ("LDAP_BASE_DN", BASE),
        ("LDAP_REQUIRED_GROUP", REQUIRED_GROUP),
        ("LDAP_BIND_DN", READER),
        ("LDAP_BIND_PASSWORD", READER_PASSWORD),
        // On a machine that is busy otherwise, too, all come through.
        ("LDAP_CONNECT_TIMEOUT", "10s"),
        ("LDAP_TIMEOUT", "120s"),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let sources = Sources::new().variables(variables);
    let config = Config::from_sources(sources, |path| std::fs::read_to_string(path)).unwrap();
    LdapAuthenticator::new(&config.ldap.unwrap()).unwrap()
}

trait SignIn: Send + Sync + 'static {
    /// Signs the person number `n` in, who may come in.
    fn sign_in(&self, n: usize) -> impl Future<Output = ()> + Send;
}

struct Ours(LdapAuthenticator);

impl SignIn for Ours {
    async fn sign_in(&self, n: usize) {
        let username = Username::parse(&uid(n)).unwrap();
        let password = Password::parse(password_of(&uid(n))).unwrap();
        let identity = self.0.authenticate(&username, &password).await.unwrap();
        assert_eq!(identity.username, username);
    }
}

/// ldap3 with nothing around it.
struct Bare {
    url: String,
    start_tls: bool,
    /// One for all connections, as the registry has it.
    trust: Arc<ClientConfig>,
}

impl Bare {
    fn new(way: &str, slapd: &Slapd) -> Self {
        Self {
            url: match way {
                "ldaps" => slapd.tls_url.clone(),
                _ => slapd.url.clone(),
            },
            start_tls: way == "StartTLS",
            trust: slapd.authority.client(),
        }
    }
}

impl SignIn for Bare {
    async fn sign_in(&self, n: usize) {
        let settings = LdapConnSettings::new().set_config(Arc::clone(&self.trust));
        let settings = settings.set_starttls(self.start_tls);
        let opened = LdapConnAsync::with_settings(settings, &self.url).await;
        let (connection, mut ldap) = opened.unwrap();
        ldap3::drive!(connection);
        let bound = ldap.simple_bind(READER, READER_PASSWORD).await;
        bound.unwrap().success().unwrap();
        let uid = uid(n);
        let filter = format!("(|(uid={uid})(&(objectCategory=person)(sAMAccountName={uid})))");
        let found = ldap.search(BASE, Scope::Subtree, &filter, ATTRIBUTES).await;
        let (mut entries, _) = found.unwrap().success().unwrap();
        let entry = SearchEntry::construct(entries.pop().unwrap());
        assert_eq!(entry.attrs["memberOf"], [REQUIRED_GROUP]);
        let bound = ldap.simple_bind(&entry.dn, &password_of(&uid)).await;
        bound.unwrap().success().unwrap();
        ldap.unbind().await.unwrap();
    }
}

/// What a round took.
struct Round {
    per_second: f64,
    /// Milliseconds of processor time of this process for each sign-in.
    cpu: f64,
}

async fn round(who: &Arc<impl SignIn>, count: usize) -> Round {
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    let (began, cpu) = (Instant::now(), cpu_ms());
    for _ in 0..AT_ONCE {
        let (who, next) = (Arc::clone(who), Arc::clone(&next));
        workers.spawn(async move {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    n if n < count => who.sign_in(n).await,
                    _ => break,
                }
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.unwrap();
    }
    Round {
        per_second: count as f64 / began.elapsed().as_secs_f64(),
        cpu: (cpu_ms() - cpu) / count as f64,
    }
}

/// User and system time of this process, by `/proc/self/stat` in hundredths of a second.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, numbers) = stat.rsplit_once(')').unwrap();
    let times = numbers.split_whitespace().skip(11).take(2);
    times
        .map(|ticks| ticks.parse::<f64>().unwrap() * 10.0)
        .sum()
}

fn row(way: &str, who: &str, rounds: &[Round]) {
    println!(
        "{way:>10}: {who:<12} {:>7.0} sign-ins/s, {:.2} ms of CPU each",
        median(rounds.iter().map(|round| round.per_second)),
        median(rounds.iter().map(|round| round.cpu)),
    );
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

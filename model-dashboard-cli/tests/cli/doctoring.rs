//! `doctor`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use model_dashboard::auth::{LeavingDoubt, Role, Source, UserStore as _};
use model_dashboard::model::Timestamp;
use serde_json::Value;

use crate::installation::{Installation, employee, fields};

/// Ports that nobody else takes.
fn quiet(here: Installation) -> Installation {
    here.with("API_PORT", "0").with("DASHBOARD_PORT", "0")
}

fn states<'a>(checks: &'a Value, name: &str) -> Vec<&'a str> {
    let checks = checks["checks"].as_array().unwrap().iter();
    let named = checks.filter(|check| check["name"] == name);
    named
        .map(|check| check["state"].as_str().unwrap())
        .collect()
}

#[test]
fn a_sound_installation_has_nothing_to_fix() {
    let here = quiet(Installation::new());
    here.run(&["init", "--sample"]).succeeds();
    let checks = here.json(&["doctor"]);
    assert_eq!(states(&checks, "first password"), ["warning"]);
    fs::remove_file(here.path("data/first-administrator-password")).unwrap();
    let checks = here.json(&["doctor"]);
    let checks = checks["checks"].as_array().unwrap();
    assert!(checks.len() >= 10, "{checks:?}");
    for check in checks {
        assert_eq!(fields(check), ["fix", "message", "name", "state"]);
        assert_eq!(check["state"], "ok", "{check}");
        assert!(!check["message"].as_str().unwrap().is_empty(), "{check}");
    }
}

#[test]
fn looking_sets_nothing_up() {
    let here = quiet(Installation::new());
    let checks = here.json(&["doctor"]);
    assert_eq!(states(&checks, "accounts"), ["warning"]);
    assert_eq!(fs::read_dir(here.path("")).unwrap().count(), 0);
}

#[test]
fn what_is_wrong_is_named_with_what_to_do() {
    let here = quiet(Installation::existing());
    let run = here.run(&["doctor", "--output", "json"]).ends_with(6);
    let checks = run.json();
    assert_eq!(states(&checks, "administrators"), ["failed"]);
    assert_eq!(states(&checks, "old copies"), ["warning"]);
    assert_eq!(states(&checks, "definitions"), ["warning"]);
    assert!(
        run.stdout.contains("user set-role USER admin"),
        "{}",
        run.stdout
    );
    here.run(&["user", "set-role", "admin", "admin"]).succeeds();
    here.run(&["doctor"]).succeeds();
}

#[test]
fn a_taken_port_and_plain_http_are_warned_of() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let here = Installation::new()
        .with("API_PORT", &port)
        .with("DASHBOARD_PORT", "0")
        .with("DASHBOARD_ALLOW_HTTP", "true");
    let checks = here.json(&["doctor"]);
    assert_eq!(states(&checks, "API port"), ["warning"]);
    assert_eq!(states(&checks, "configuration"), ["warning"]);
}

#[test]
fn a_models_folder_that_is_not_there_any_more_fails() {
    let here = quiet(Installation::new());
    here.run(&["init"]).succeeds();
    let here = here.with("STORAGE_URL", "typo/x");
    let run = here.run(&["doctor", "--output", "json"]).ends_with(6);
    assert_eq!(states(&run.json(), "models folder"), ["failed"]);
    here.run(&["init"])
        .ends_with(6)
        .tells("model_db.url (variable STORAGE_URL)");
    assert!(!here.path("typo").exists());
}

#[test]
fn a_folder_that_cannot_be_used_fails() {
    let here = Installation::new();
    here.write("file", "");
    let here = quiet(here).with("DATA_DIR", "file");
    let run = here.run(&["doctor", "--output", "json"]).ends_with(6);
    assert_eq!(states(&run.json(), "data folder"), ["failed"]);
}

#[test]
fn old_copies_are_said_to_hold_what_they_hold() {
    let here = quiet(Installation::existing());
    here.run(&["user", "set-role", "admin", "admin"]).succeeds();
    here.write("users.db.before-migration-3", "");
    let checks = here.json(&["doctor"]);
    let checks = checks["checks"].as_array().unwrap().iter();
    let copies = checks.filter(|check| check["name"] == "old copies");
    let told: Vec<_> = copies.map(|it| it["message"].as_str().unwrap()).collect();
    let [first, third] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(first.contains("-1 holds passwords as the earlier system"));
    assert!(third.contains("-3 holds the accounts as they were"));
}

#[test]
fn a_directory_is_walked_through_step_by_step() {
    // The settings alone will do: nothing is there yet, and nothing is made.
    let here = quiet(Installation::new());
    here.run(&["doctor", "ldap"])
        .ends_with(3)
        .tells("directory ldap was not found");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("ldaps://{}", taken.local_addr().unwrap());
    // Nobody listens any more.
    drop(taken);
    let here = here
        .with("LDAP_SERVER", &server)
        .with("LDAP_BASE_DN", "dc=example,dc=org")
        .with("LDAP_USER_DN_TEMPLATE", "uid={username},dc=example,dc=org");
    let run = here.run(&["doctor", "ldap", "--user", "bo", "--output", "json"]);
    let told = run.ends_with(6).json();
    assert_eq!(
        (&told["source"], &told["ok"]),
        (&"ldap".into(), &false.into())
    );
    let steps = told["steps"].as_array().unwrap();
    let last = steps.last().unwrap();
    assert_eq!(last["verdict"], "failed", "{told}");
    assert!(
        last["advice"].is_string() && told.get("person").is_none(),
        "{told}"
    );
    let run = here.run(&["doctor", "--output", "json"]).ends_with(6);
    assert_eq!(states(&run.json(), "directory ldap"), ["failed"]);
    let table = here.run(&["doctor", "ldap"]).ends_with(6).stdout;
    assert!(table.contains("FAILED"), "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    here.run(&["doctor", "ldap", "--user", " \t "]).ends_with(2);
    assert!(!here.path("data").exists());

    let both = here
        .with("LDAP_BIND_DN", "cn=reader,dc=example,dc=org")
        .with("LDAP_BIND_PASSWORD", "secret");
    both.run(&["doctor", "ldap"])
        .ends_with(6)
        .tells("LDAP_USER_DN_TEMPLATE) is not used");
    both.with("LDAP_CA_FILE", "missing.pem")
        .run(&["doctor", "ldap"])
        .ends_with(2)
        .tells("ldap.ca_file (variable LDAP_CA_FILE): missing.pem cannot be read");
}

/// The address of a directory that has no TLS, and calls every password wrong.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            let request = &request[..length];
            // The length of the message takes a byte, or several.
            let head = 2 + usize::from(request[1] & 0x7f) * usize::from(request[1] >> 7);
            let id = request[head + 2];
            let (answer, code) = match request[head + 3] {
                0x60 => (0x61, 49),
                _ => (0x78, 2),
            };
            let answer = [0x30, 12, 2, 1, id, answer, 7, 10, 1, code, 4, 0, 4, 0];
            stream.write_all(&answer).unwrap();
        }
    });
    format!("ldap://{address}")
}

#[test]
fn an_account_that_is_refused_is_told_by_the_steps_alone() {
    let here = quiet(Installation::new())
        .with("LDAP_SERVER", &refusing())
        .with("LDAP_BASE_DN", "dc=example,dc=org")
        .with("LDAP_BIND_DN", "cn=reader,dc=example,dc=org")
        .with("LDAP_BIND_PASSWORD", "wrong");
    let run = here
        .run(&["doctor", "ldap", "--output", "json"])
        .ends_with(6);
    let told = run.json();
    let step = told["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(step["name"], "account that looks people up", "{told}");
    let advice = step["advice"].as_str().unwrap();
    assert!(advice.contains("LDAP_BIND_PASSWORD"), "{advice}");
    let [line] = run.stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", run.stderr)
    };
    assert!(line.starts_with("error: at ldap this failed"), "{line}");
}

#[test]
fn what_is_not_believed_of_a_directory_is_told_with_the_names_and_what_to_do() {
    let here = quiet(Installation::begun());
    let now = Timestamp::now();
    here.in_database(async |store| {
        let person = employee("1f", "rlopez");
        let known = store.remember(&person, Role::Viewer, true, now);
        known.await.unwrap();
        let doubt = LeavingDoubt {
            since: now,
            left: ["1f", "gone", "too"].map(Into::into).into(),
            asked: 4,
        };
        let source = Source::parse(Source::LDAP).unwrap();
        let set = store.set_doubt(&source, None, Some(&doubt)).await;
        assert!(set.unwrap());
    });
    let here = here
        .with("LDAP_SERVER", "ldaps://127.0.0.1:1")
        .with("LDAP_USER_DN_TEMPLATE", "uid={username},dc=example,dc=org");
    let told = here.run(&["doctor", "ldap", "--output", "json"]).json();
    let step = told["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(step["verdict"], "warning", "{told}");
    let saw = step["saw"].as_str().unwrap();
    for words in ["3 of 4 people", "rlopez and others", "not believed"] {
        assert!(saw.contains(words), "{saw}");
    }
    let advice = step["advice"].as_str().unwrap();
    let command = "user recheck --all --source ldap --believe";
    assert!(advice.contains(command), "{advice}");

    // Whoever decides on it is told what comes of that alone.
    let here = here
        .with("LDAP_BASE_DN", "dc=example,dc=org")
        .with("LDAP_BIND_DN", "cn=reader,dc=example,dc=org")
        .with("LDAP_BIND_PASSWORD", "secret");
    let command: Vec<_> = command.split(' ').collect();
    let said = here.run(&command).succeeds().stderr;
    assert!(!said.contains("nothing was taken"), "{said}");
}

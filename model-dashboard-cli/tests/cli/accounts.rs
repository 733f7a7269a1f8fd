//! `user`.

use model_dashboard::auth::{Role, UserStore as _};
use model_dashboard::model::Timestamp;

use crate::installation::{Installation, employee, fields};

const PASSWORD: &str = "correct horse battery";

fn with_ana() -> Installation {
    let here = Installation::new();
    here.run_with_input(
        &[
            "user",
            "create",
            "ana",
            "--role",
            "admin",
            "--password-stdin",
        ],
        PASSWORD,
    )
    .succeeds();
    here
}

#[test]
fn people_are_made_listed_and_shown() {
    let here = with_ana();
    let made = here.json(&[
        "user",
        "create",
        "ben",
        "--display-name",
        "Ben K.",
        "--email",
        "ben@example.org",
        "--generate",
    ]);
    assert_eq!(made["id"]["source"], "local");
    assert_eq!(made["generated_password"].as_str().unwrap().len(), 20);
    assert_eq!(made["role"], "viewer");

    let list = here.json(&["user", "list"]);
    let names: Vec<&str> = list["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ana", "ben"]);

    let ben = here.json(&["user", "show", "BEN"]);
    assert_eq!(
        fields(&ben),
        [
            "created_at",
            "display_name",
            "email",
            "groups",
            "id",
            "is_active",
            "last_sign_in",
            "role",
            "role_origin",
            "role_reason",
            "updated_at",
            "username"
        ]
    );
    assert_eq!(ben["email"], "ben@example.org");
    let id = format!("local:{}", ben["id"]["subject"].as_str().unwrap());
    for name in ["local:ben", &id] {
        assert_eq!(here.json(&["user", "show", name])["username"], "ben");
    }
}

#[test]
fn passwords_come_from_standard_input_a_file_or_a_generator() {
    let here = with_ana();
    let file = here.write("password", &format!("{PASSWORD}\n"));
    let file = file.to_str().unwrap();
    here.run(&["user", "create", "one", "--password-file", file])
        .succeeds();
    let run = here
        .run(&["user", "create", "two", "--generate"])
        .succeeds();
    assert_eq!(run.stdout.trim().len(), 20, "{}", run.stdout);
    here.run(&["user", "create", "three"])
        .ends_with(2)
        .tells("--password-stdin");
    here.run_with_input(&["user", "create", "four", "--password-stdin"], "short")
        .ends_with(2)
        .tells("at least 12 characters");
    here.run_with_input(&["user", "create", "ana", "--password-stdin"], PASSWORD)
        .ends_with(4)
        .tells("exists already");
    let reset = here
        .run(&["user", "reset-password", "one", "--generate"])
        .succeeds();
    assert_eq!(reset.stdout.trim().len(), 20);
    let reset = here
        .run_with_input(
            &["user", "reset-password", "one", "--password-stdin"],
            PASSWORD,
        )
        .succeeds();
    assert_eq!(reset.stdout, "");
}

#[test]
fn accounts_are_disabled_enabled_given_roles_and_deleted() {
    let here = with_ana();
    here.run(&["user", "create", "ben", "--generate"])
        .succeeds();
    assert_eq!(here.json(&["user", "disable", "ben"])["is_active"], false);
    assert_eq!(here.json(&["user", "enable", "ben"])["is_active"], true);
    assert_eq!(
        here.json(&["user", "set-role", "ben", "editor"])["role"],
        "editor"
    );
    here.run(&["user", "delete", "ben"])
        .ends_with(2)
        .tells("--yes");
    here.run(&["user", "show", "ben"]).succeeds();
    here.run(&["user", "delete", "ben", "--yes"]).succeeds();
    here.run(&["user", "show", "ben"]).ends_with(3);
}

#[test]
fn the_last_administrator_stays() {
    let here = with_ana();
    for command in [
        &["user", "disable", "ana"][..],
        &["user", "set-role", "ana", "viewer"],
        &["user", "delete", "ana", "--yes"],
    ] {
        here.run(command)
            .ends_with(4)
            .tells("last active administrator");
    }
}

#[test]
fn service_accounts_have_a_team_and_no_password() {
    let here = with_ana();
    let create = [
        "user",
        "create",
        "nightly",
        "--service",
        "--team",
        "imaging",
    ];
    here.run(&[&create[..], &["--generate"]].concat())
        .ends_with(2);
    here.run(&create[..4]).ends_with(2);
    let made = here.json(&create);
    assert_eq!(made["id"]["source"], "service");
    assert_eq!(made["team"], "imaging");
    assert!(made["generated_password"].is_null());
}

#[test]
fn a_name_of_two_sources_needs_the_source() {
    let here = with_ana();
    here.run(&["user", "create", "ana", "--service", "--team", "imaging"])
        .succeeds();
    here.run(&["user", "show", "ana"])
        .ends_with(4)
        .tells("local:ana, service:ana");
    for named in [&["service:ana"][..], &["ana", "--source", "service"]] {
        let service = here.json(&[&["user", "show"], named].concat());
        assert_eq!(service["id"]["source"], "service");
    }
    let update: &[&[&str]] = &[
        &["disable"],
        &["enable"],
        &["set-role", "viewer"],
        &["delete", "--yes"],
    ];
    for command in update {
        let (verb, more) = command.split_first().unwrap();
        here.run(&[&["user", verb, "ana", "--source", "service"][..], more].concat())
            .succeeds();
    }
    here.run(&["user", "show", "ana", "--source", "service"])
        .ends_with(3);
    here.run(&["user", "show", "ana", "--source", "Bad Source"])
        .ends_with(2)
        .tells("a source name has");
}

#[test]
fn of_two_who_had_a_name_in_a_directory_one_is_named_by_the_id() {
    let here = Installation::begun();
    here.in_database(async |store| {
        for subject in ["1f", "2f"] {
            let known = employee(subject, "rlopez");
            let known = store.remember(&known, Role::Viewer, true, Timestamp::now());
            known.await.unwrap();
        }
    });
    for named in [
        &["rlopez"][..],
        &["ldap:rlopez"],
        &["rlopez", "--source", "ldap"],
    ] {
        here.run(&[&["user", "show"], named].concat())
            .ends_with(4)
            .tells("choose one of ldap:1f, ldap:2f");
    }
    let one = here.json(&["user", "show", "ldap:2f"]);
    assert_eq!(one["id"]["subject"], "2f");
}

#[test]
fn an_account_made_here_is_in_no_directory_to_be_asked_about() {
    let here = with_ana();
    for named in [&["ana"][..], &["local:ana"], &["ana", "--source", "local"]] {
        here.run(&[&["user", "recheck"], named].concat())
            .ends_with(2)
            .tells("in no directory");
    }
    for nobody in ["nosuch", "ldap:nosuch"] {
        here.run(&["user", "recheck", nobody])
            .ends_with(3)
            .tells("nosuch”")
            .tells("after their first sign-in");
    }
    here.run(&["user", "recheck", "--all", "--source", "ldap"])
        .ends_with(3)
        .tells("directory ldap was not found");
    here.run(&["user", "recheck", "--all"]).ends_with(2);
    here.run(&["user", "recheck"]).ends_with(2);
}

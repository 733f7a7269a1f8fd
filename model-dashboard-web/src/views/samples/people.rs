//! People of a directory, and the directory.

use std::time::Duration;

use super::accounts::{login_view, roles, tokens_view, user_row};
use super::{ago, ahead, text, texts};
use crate::views::admin::directory::{
    DirectoryView, Found, Looked, Step, StepVerdict, Trouble, Walk,
};
use crate::views::admin::known::FromDirectory;
use crate::views::admin::users;
use crate::views::components::field::Field;
use crate::views::login::{LoginView, Refusal};
use crate::views::tokens::{TokenRow, TokensView};

pub(super) fn directory_groups(count: usize) -> Vec<String> {
    let group = |number| match number {
        0 => text("CN=Segmentation-Readers,OU=Groups,DC=example,DC=org"),
        number => format!(
            "CN=Ward-{number:02}-Staff,OU=Organisation,OU=Groups,DC=clinic,DC=example,DC=org"
        ),
    };
    (0..count).map(group).collect()
}

pub(super) fn login_away() -> LoginView {
    LoginView {
        refusal: Some(Refusal::DirectoryAway {
            name: text("Hospital account"),
            local: true,
        }),
        ..login_view()
    }
}

pub(super) fn user_of_directory() -> users::UserView {
    users::UserView {
        row: users::UserRow {
            source: text("Hospital account"),
            ..user_row("ldap:1f", "rlopez", "Rosa López", "auditor")
        },
        kind: users::AccountKind::Directory,
        role: Field::new("auditor"),
        role_reason: text(
            "Given by Hospital account: member of CN=Segmentation-Readers,OU=Groups,DC=example,DC=org.",
        ),
        role_is_given: true,
        roles: roles(),
        directory: Some(FromDirectory {
            is_configured: true,
            source: text("ldap"),
            subject: text("6f1c2f04-7a41-4b7e-9d8e-2f0a6a1c9b11"),
            groups: directory_groups(23),
            checked_at: Some(ago(0)),
            can_recheck: true,
            ..FromDirectory::default()
        }),
        created_at: Some(ago(900)),
        ..users::UserView::default()
    }
}

pub(super) fn user_who_left() -> users::UserView {
    let view = user_of_directory();
    users::UserView {
        row: users::UserRow {
            enabled: false,
            left: true,
            tokens: 0,
            ..view.row
        },
        role_reason: text("It was given by Hospital account: group CN=Segmentation-Readers."),
        directory: view.directory.map(|known| FromDirectory {
            left_at: Some(ago(3)),
            left_reason: text("not in the required group"),
            groups: directory_groups(1),
            ..known
        }),
        ..view
    }
}

pub(super) fn tokens_limited() -> TokensView {
    TokensView {
        created: tokens_view().created,
        form: tokens_view().form,
        sign_in_limit: Some((7, Some(ahead(5)))),
        tokens: vec![TokenRow {
            account: None,
            days_after_sign_in: Some(7),
            expires_at: Some(ahead(5)),
            ..tokens_view().tokens.remove(0)
        }],
        ..TokensView::default()
    }
}

fn step(name: &str, verdict: StepVerdict, saw: &str, advice: &str) -> Step {
    Step {
        name: text(name),
        verdict,
        saw: text(saw),
        advice: text(advice),
    }
}

fn facts() -> Vec<(String, Vec<String>)> {
    let fact = |name: &str, values: &[&str]| (text(name), texts(values));
    vec![
        fact(
            "Servers",
            &["ldaps://dc1.example.org:636", "ldaps://dc2.example.org:636"],
        ),
        fact(
            "Looked up by",
            &["CN=svc-models,OU=Service,DC=example,DC=org"],
        ),
        fact("People are under", &["DC=example,DC=org"]),
        fact(
            "Found by",
            &["(|(uid={username})(&(objectCategory=person)(sAMAccountName={username})))"],
        ),
        fact("Required group", &["none"]),
        fact(
            "Groups of role auditor",
            &["CN=Segmentation-Readers,OU=Groups,DC=example,DC=org"],
        ),
    ]
}

pub(super) fn directory_view() -> DirectoryView {
    DirectoryView {
        source: text("ldap"),
        label: text("Hospital account"),
        can_recheck: true,
        token_days: 7,
        recheck_interval: Duration::from_secs(15 * 60),
        grace: Duration::from_secs(24 * 60 * 60),
        facts: facts(),
        username: Field::new("rlopez"),
        walk: Some(Walk {
            steps: vec![
                step(
                    "Address",
                    StepVerdict::Well,
                    "dc1.example.org is 10.20.1.5.",
                    "",
                ),
                step(
                    "TLS",
                    StepVerdict::Warning,
                    "The certificate ends in 12 days.",
                    "Renew it in time.",
                ),
                step(
                    "Service account",
                    StepVerdict::Well,
                    "CN=svc-models,OU=Service,DC=example,DC=org may read people.",
                    "",
                ),
                step(
                    "Person",
                    StepVerdict::Well,
                    "One entry: CN=Rosa López,OU=Staff,DC=example,DC=org.",
                    "",
                ),
            ],
            asked: text("rlopez"),
            person: Some(Found {
                display_name: text("Rosa López"),
                username: text("rlopez"),
                subject: text("6f1c2f04-7a41-4b7e-9d8e-2f0a6a1c9b11"),
                email: text("rosa.lopez@example.org"),
                role: text("auditor"),
                role_reason: text("Member of CN=Segmentation-Readers,OU=Groups,DC=example,DC=org."),
                groups: directory_groups(23),
            }),
        }),
        may_recheck: true,
        ..DirectoryView::default()
    }
}

pub(super) fn directory_in_trouble() -> DirectoryView {
    DirectoryView {
        trouble: Some(Trouble {
            since: ago(5),
            text: text(
                "It says of 12 of 12 people at once that they left. This is not believed, and nothing was taken from them.",
            ),
        }),
        username: Field::default(),
        walk: Some(Walk {
            steps: vec![
                step(
                    "Address",
                    StepVerdict::Well,
                    "dc1.example.org is 10.20.1.5.",
                    "",
                ),
                step(
                    "TLS",
                    StepVerdict::Failed,
                    "The certificate is of an authority that is not trusted here.",
                    "Give its certificate in LDAP_CA_FILE.",
                ),
            ],
            ..Walk::default()
        }),
        looked: Some(Looked {
            asked: 12,
            doubted: 12,
            ..Looked::default()
        }),
        ..directory_view()
    }
}

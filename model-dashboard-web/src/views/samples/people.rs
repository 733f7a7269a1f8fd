//! People of a directory, and the directory.

use super::accounts::{login_view, roles, tokens_view, user_row};
use super::{ago, ahead, text};
use crate::views::admin::directory::{
    DirectoryView, Found, Looked, Step, StepVerdict, Trouble, Walk,
};
use crate::views::admin::known::FromDirectory;
use crate::views::admin::users;
use crate::views::components::field::Field;
use crate::views::login::{LoginView, Refusal};
use crate::views::tokens::TokensView;

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
            tokens: 0,
            ..view.row
        },
        directory: view.directory.map(|known| FromDirectory {
            left_at: Some(ago(3)),
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
        sign_in_limit: Some((7, ahead(5))),
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

pub(super) fn directory_view() -> DirectoryView {
    DirectoryView {
        source: text("ldap"),
        label: text("Hospital account"),
        can_recheck: true,
        token_days: 7,
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

//! Sign-in, profile, tokens, users.

use super::{ago, ahead, now, pair, text, texts};
use crate::views::admin::users;
use crate::views::components::field::Field;
use crate::views::components::pager::Pager;
use crate::views::login::{LoginView, Refusal, Source};
use crate::views::profile::{PasswordForm, ProfileView, SessionRow};
use crate::views::tokens::{
    CreatedToken, ScopeChoice, ServiceAccountRow, ServiceAccounts, TokenForm, TokenRow, TokensView,
};

pub(super) fn login_view() -> LoginView {
    LoginView {
        sources: vec![
            Source {
                id: text("ldap"),
                name: text("Hospital account"),
                selected: true,
            },
            Source {
                id: text("local"),
                name: text("Account of this installation"),
                selected: false,
            },
        ],
        username: text("mkeller"),
        refusal: Some(Refusal::Wrong),
        next: Some(text("/models/nnUNet_v2/Dataset220_KiTS2023")),
        contact: Some(text("No access yet? Write to segmentation@example.org.")),
    }
}

pub(super) fn profile_view() -> ProfileView {
    ProfileView {
        display_name: text("Maria Keller"),
        email: text("maria.keller@example.org"),
        username: text("mkeller"),
        source: text("this installation"),
        local: true,
        role: text("publisher"),
        role_reason: text("Set by an administrator."),
        groups: Vec::new(),
        checked_at: None,
        permissions: vec![
            pair("models:read", "See models"),
            pair("models:write", "Create, edit and delete models"),
            pair("models:enable", "Enable and disable models"),
        ],
        password: PasswordForm {
            new: Some(text("At least 12 characters; this one has 8.")),
            ..PasswordForm::default()
        },
        sessions: vec![
            SessionRow {
                id: 1,
                current: true,
                browser: text("Firefox on Linux"),
                address: text("10.20.4.17"),
                started_at: ago(5),
                last_used_at: now(),
            },
            SessionRow {
                id: 2,
                current: false,
                browser: text("Edge on Windows"),
                address: text("10.20.8.3"),
                started_at: ago(100),
                last_used_at: ago(29),
            },
            SessionRow {
                id: 3,
                current: false,
                browser: text("Safari on iPhone"),
                address: text("2001:db8::17"),
                started_at: ago(190),
                last_used_at: ago(150),
            },
        ],
    }
}

pub(super) fn profile_directory() -> ProfileView {
    ProfileView {
        username: text("jlind"),
        display_name: text("Jo Lind"),
        email: String::new(),
        source: text("hospital directory"),
        local: false,
        role: text("viewer"),
        role_reason: text(
            "Given by hospital directory: member of CN=Segmentation-Readers,OU=Groups,DC=example,DC=org.",
        ),
        groups: super::people::directory_groups(7),
        checked_at: Some(ago(0)),
        permissions: vec![pair("models:read", "See models")],
        password: PasswordForm::default(),
        sessions: profile_view().sessions[..1].to_vec(),
    }
}

/// The second page of a long list.
fn second_of(total: usize) -> Pager {
    Pager {
        first: 51,
        shown: 50,
        total: Some(total),
        previous: Some(text("/dashboard/list")),
        next: Some(text("/dashboard/list?page=3")),
    }
}

fn scopes() -> Vec<ScopeChoice> {
    [
        ("models:read", "See models", true),
        ("models:write", "Create, edit and delete models", false),
        ("models:enable", "Enable and disable models", false),
    ]
    .into_iter()
    .map(|(scope, meaning, chosen)| ScopeChoice {
        scope: text(scope),
        meaning: text(meaning),
        chosen,
    })
    .collect()
}

pub(super) fn tokens_view() -> TokensView {
    let token = |id, description: &str, account: Option<&str>, days| TokenRow {
        id,
        description: text(description),
        account: account.map(text),
        is_of_service: account.is_some(),
        scopes: texts(&["models:read"]),
        created_at: Some(ago(500)),
        last_used_at: Some(ago(2)),
        expires_at: days,
        expires_soon: false,
        days_after_sign_in: None,
    };
    TokensView {
        sign_in_limit: None,
        created: Some(CreatedToken {
            description: text("Nightly export"),
            token: text("mdb_7Yk2TnQv9LxWc4RbE1sJdZp8Gh3MfUa6KoNi5BtXyVrCq0Se2DwAz"),
            models_url: text("https://models.example.org/api/v1/models"),
            expires_at: Some(ahead(30)),
        }),
        form: TokenForm {
            scopes: scopes(),
            expires_in_days: Field::new("30"),
            days: vec![7, 30, 90],
            ..TokenForm::default()
        },
        tokens: vec![
            TokenRow {
                last_used_at: None,
                ..token(4, "Old notebook", None, Some(ago(40)))
            },
            TokenRow {
                expires_soon: true,
                scopes: texts(&["models:read", "models:write"]),
                ..token(
                    1,
                    "Training pipeline",
                    Some("argo-inference"),
                    Some(ahead(4)),
                )
            },
            TokenRow {
                is_of_service: false,
                days_after_sign_in: Some(7),
                ..token(5, "Notebook at the ward", Some("rlopez"), Some(ahead(6)))
            },
            token(2, "Nightly export", None, Some(ahead(30))),
            token(3, "From the old system", None, None),
        ],
        pager: second_of(120),
        service_accounts: Some(ServiceAccounts {
            accounts: vec![
                ServiceAccountRow {
                    id: text("service:1"),
                    name: text("argo-inference"),
                    team: text("Image analysis"),
                    role: text("viewer"),
                    tokens: 1,
                    enabled: true,
                },
                ServiceAccountRow {
                    id: text("service:1"),
                    name: text("pacs-gateway"),
                    team: text("Radiology IT"),
                    role: text("viewer"),
                    tokens: 0,
                    enabled: false,
                },
            ],
            role: Field::new("viewer"),
            roles: roles(),
            ..ServiceAccounts::default()
        }),
    }
}

pub(super) fn tokens_empty() -> TokensView {
    TokensView {
        form: TokenForm {
            description: Field::default().wrong("Say what the token is for."),
            scopes: scopes()[..1].to_vec(),
            scopes_error: Some(text("A token must be allowed at least one thing.")),
            expires_in_days: Field::new("30"),
            days: vec![7, 30],
            error: Some(text("The token was not made.")),
            ..TokenForm::default()
        },
        ..TokensView::default()
    }
}

pub(super) fn user_row(id: &str, username: &str, display_name: &str, role: &str) -> users::UserRow {
    users::UserRow {
        id: text(id),
        username: text(username),
        display_name: text(display_name),
        source: text("this installation"),
        role: text(role),
        enabled: true,
        left: false,
        last_sign_in: Some(ago(20)),
        tokens: 2,
    }
}

pub(super) fn users_view() -> users::UsersView {
    users::UsersView {
        source: String::new(),
        role: text("publisher"),
        seen: String::new(),
        sources: vec![
            pair("ldap", "Hospital account"),
            pair("local", "this installation"),
        ],
        roles: texts(&["viewer", "publisher"]),
        search: String::new(),
        total: 120,
        pager: second_of(120),
        rows: vec![
            user_row("local:1", "admin", "Administrator", "admin"),
            user_row("local:2", "mkeller", "Maria Keller", "publisher"),
            users::UserRow {
                enabled: false,
                last_sign_in: None,
                tokens: 0,
                ..user_row("local:3", "guest", "Guest", "viewer")
            },
            users::UserRow {
                source: text("hospital directory"),
                ..user_row("local:4", "rlopez", "Rosa López", "auditor")
            },
        ],
    }
}

pub(super) fn roles() -> Vec<users::RoleChoice> {
    [
        ("viewer", "sees models"),
        ("editor", "changes models"),
        ("publisher", "also enables them"),
        ("admin", "everything"),
    ]
    .into_iter()
    .map(|(name, meaning)| users::RoleChoice {
        name: text(name),
        meaning: text(meaning),
    })
    .collect()
}

pub(super) fn new_user_view() -> users::NewUserView {
    users::NewUserView {
        username: Field::new("Ｍkeller").wrong("This is too close to the existing name mkeller."),
        role: Field::new("viewer"),
        roles: roles(),
        password_error: Some(text("At least 12 characters; this one has 6.")),
        ..users::NewUserView::default()
    }
}

pub(super) fn user_view() -> users::UserView {
    users::UserView {
        row: user_row("local:2", "mkeller", "Maria Keller", "publisher"),
        kind: users::AccountKind::Local,
        display_name: Field::new("Maria Keller"),
        email: Field::new("maria.keller@example.org"),
        role: Field::new("publisher"),
        role_reason: text("Set by an administrator."),
        roles: roles(),
        created_at: Some(ago(9000)),
        generated: Some(users::GeneratedPassword(text("copper-lantern-vivid-otter"))),
        ..users::UserView::default()
    }
}

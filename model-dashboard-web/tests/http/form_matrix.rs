//! Every form of the pages by every role, with and without the token of its session.

use http::{Method, StatusCode};
use model_dashboard::auth::{Permission, Role};
use model_dashboard_web::page_addresses;

use crate::app::{App, Client};

/// A form that changes something: where it is posted, who may, its fields.
struct Form {
    path: &'static str,
    needs: Option<Permission>,
    fields: &'static [(&'static str, &'static str)],
}

const fn form(
    path: &'static str,
    needs: Option<Permission>,
    fields: &'static [(&'static str, &'static str)],
) -> Form {
    Form {
        path,
        needs,
        fields,
    }
}

const WRITE: Option<Permission> = Some(Permission::ModelsWrite);
const ENABLE: Option<Permission> = Some(Permission::ModelsEnable);
const PACKAGES: Option<Permission> = Some(Permission::PackagesWrite);
const SYSTEM: Option<Permission> = Some(Permission::SystemAdmin);
const USERS: Option<Permission> = Some(Permission::UsersAdmin);

/// `{tag}` stands for a state that no model of these has, `{id}` for an account that is none.
const FORMS: &[Form] = &[
    form(
        "/models/bulk",
        WRITE,
        &[
            ("model", "MIST/ProstateZones"),
            ("action", "delete"),
            ("confirmed", "yes"),
            ("reason", "matrix"),
        ],
    ),
    form(
        "/models/bulk",
        ENABLE,
        &[
            ("model", "MIST/ProstateZones"),
            ("action", "enable"),
            ("confirmed", "yes"),
            ("reason", "matrix"),
        ],
    ),
    form("/import", WRITE, &[]),
    form(
        "/create",
        WRITE,
        &[("network_type", "MIST"), ("name", "Matrix")],
    ),
    form(
        "/derive",
        WRITE,
        &[
            ("from", "nnUNet/Task003_Liver"),
            ("network_type", "MIST"),
            ("name", "Derived"),
        ],
    ),
    form(
        "/broken/nnUNet/Broken",
        WRITE,
        &[("if_match", "{tag}"), ("text", "{}")],
    ),
    form(
        "/models/nnUNet/Task003_Liver/edit",
        WRITE,
        &[
            ("if_match", "{tag}"),
            ("alias", "matrix"),
            ("action", "save"),
        ],
    ),
    form(
        "/models/nnUNet/Task003_Liver/derive",
        WRITE,
        &[("network_type", "MIST"), ("name", "Derived2")],
    ),
    form(
        "/models/nnUNet/Task003_Liver/rename",
        WRITE,
        &[
            ("if_match", "{tag}"),
            ("network_type", "MIST"),
            ("name", "Renamed"),
        ],
    ),
    form(
        "/models/nnUNet/Task003_Liver/delete",
        WRITE,
        &[("if_match", "{tag}")],
    ),
    form(
        "/models/nnUNet/Task003_Liver/enable",
        ENABLE,
        &[("if_match", "{tag}")],
    ),
    form(
        "/models/nnUNet/Task003_Liver/disable",
        ENABLE,
        &[("if_match", "{tag}")],
    ),
    form(
        "/models/nnUNet/Task003_Liver/revisions/1/restore",
        WRITE,
        &[("if_match", "{tag}")],
    ),
    form(
        "/models/nnUNet/Task003_Liver/drafts/01J9Z3K4V5W6X7Y8Z9A0B1C2D3",
        PACKAGES,
        &[("if_match", "{tag}")],
    ),
    form(
        "/models/nnUNet/Task003_Liver/drafts/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/discard",
        PACKAGES,
        &[],
    ),
    form(
        "/models/nnUNet/Task003_Liver/package/purge",
        SYSTEM,
        &[(
            "digest",
            "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        )],
    ),
    form("/admin/deleted/nnUNet/NotThere/bring-back", SYSTEM, &[]),
    form("/admin/storage/check", SYSTEM, &[]),
    form("/admin/storage/repair", SYSTEM, &[]),
    form("/admin/storage/list-garbage", SYSTEM, &[]),
    form("/admin/storage/delete-garbage", SYSTEM, &[]),
    form("/admin/storage/stop", SYSTEM, &[]),
    form("/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/discard", PACKAGES, &[]),
    form(
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/new",
        PACKAGES,
        &[("action", "save")],
    ),
    form(
        "/upload/01J9Z3K4V5W6X7Y8Z9A0B1C2D3/revision",
        PACKAGES,
        &[("model", "nnUNet/Task003_Liver"), ("if_match", "{tag}")],
    ),
    form("/theme", None, &[("theme", "dark")]),
    form(
        "/profile/password",
        None,
        &[
            ("current_password", "wrong"),
            ("new_password", "a"),
            ("repeated_password", "a"),
        ],
    ),
    form("/profile/sessions/999999/end", None, &[]),
    form("/profile/sessions/end-others", None, &[]),
    form(
        "/tokens",
        None,
        &[
            ("once", "AAAAAAAAAAAAAAAAAAAAAA"),
            ("description", ""),
            ("scope", "models:read"),
        ],
    ),
    form("/tokens/999999/revoke", None, &[]),
    form(
        "/tokens/service-accounts",
        USERS,
        &[
            ("account_name", "matrix"),
            ("account_team", "matrix"),
            ("account_role", "no role"),
        ],
    ),
    form(
        "/admin/users",
        USERS,
        &[("username", "matrix"), ("role", "no role")],
    ),
    form("/admin/users/{id}", USERS, &[("role", "no role")]),
    form(
        "/admin/directories/nowhere/test",
        USERS,
        &[("username", "matrix")],
    ),
    form("/admin/directories/nowhere/recheck", USERS, &[]),
    form("/admin/users/{id}/recheck", USERS, &[]),
    form("/admin/users/{id}/enable", USERS, &[]),
    form("/admin/users/{id}/disable", USERS, &[]),
    form("/admin/users/{id}/reset-password", USERS, &[]),
    form("/admin/users/{id}/delete", USERS, &[]),
    form("/logout", None, &[]),
];

struct Visitor {
    role: Role,
    browser: Client,
    csrf: String,
}

/// Forms that would do what they say for those who may.
fn is_done_at_once(form: &Form) -> bool {
    let path = form.path;
    form.fields.contains(&("confirmed", "yes"))
        || ["/create", "/logout"].contains(&path)
        || path.ends_with("derive")
}

/// Whether a path is an example of an address, in which `{…}` stands for one segment.
fn is_of(path: &str, address: &str) -> bool {
    let (path, address) = (path.split('/'), address.split('/'));
    let same = |(segment, pattern): (&str, &str)| pattern.starts_with('{') || segment == pattern;
    path.clone().count() == address.clone().count() && path.zip(address).all(same)
}

#[test]
fn every_form_has_a_row() {
    let mut posted: Vec<&str> = page_addresses()
        .into_iter()
        .filter(|(method, _)| *method == Method::POST)
        .map(|(_, address)| address)
        .collect();
    // There is no session yet.
    posted.retain(|address| *address != "/login");
    let mut missing = posted.clone();
    missing.retain(|address| !FORMS.iter().any(|form| is_of(form.path, address)));
    assert!(missing.is_empty(), "forms without a row: {missing:?}");
    let is_gone = |form: &&Form| !posted.iter().any(|address| is_of(form.path, address));
    let gone: Vec<&str> = FORMS.iter().filter(is_gone).map(|form| form.path).collect();
    assert!(gone.is_empty(), "rows without a form: {gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_do_something_only_for_those_who_may_and_with_the_token_of_their_session() {
    let app = App::holding(&[("nnUNet/Broken", "{")]).await;
    let mut visitors = Vec::new();
    for role in Role::ALL {
        let browser = app.signed_in(role.as_str()).await;
        let csrf = browser.get("/profile").await.csrf();
        visitors.push(Visitor {
            role: *role,
            browser,
            csrf,
        });
    }
    let before = models(&app).await;
    let tag = state_of_another(&app).await;
    let stranger = Client::new(app.pages);
    for form in FORMS {
        let path = form.path.replace("{id}", "local:999999");
        let fill = |(name, value)| {
            (
                name,
                if value == "{tag}" {
                    tag.as_str()
                } else {
                    value
                },
            )
        };
        let fields: Vec<(&str, &str)> = form.fields.iter().copied().map(fill).collect();
        let answer = stranger.post_form(&path, &fields).await;
        assert_eq!(answer.location(), "/login", "{path} by nobody");
        for (n, visitor) in visitors.iter().enumerate() {
            let who = format!("{path} {fields:?} as {}", visitor.role);
            let needed = form.needs;
            let may = needed.is_none_or(|needed| visitor.role.permissions().contains(needed));
            let send = async |token: &str| {
                let fields = [&[("csrf", token)], &fields[..]].concat();
                visitor.browser.post_form(&path, &fields).await.status
            };
            let foreign = &visitors[(n + 1) % visitors.len()].csrf;
            for token in ["", foreign] {
                let expected = match path.as_str() {
                    // This form is of another kind; what it holds is not even looked for.
                    "/import" if may => StatusCode::BAD_REQUEST,
                    _ => StatusCode::FORBIDDEN,
                };
                assert_eq!(send(token).await, expected, "{who}, token {token:?}");
            }
            if may && is_done_at_once(form) {
                continue;
            }
            let status = send(&visitor.csrf).await;
            let refused = status == StatusCode::FORBIDDEN;
            assert_eq!(refused, !may, "{who}: {status}");
            assert!(!status.is_server_error(), "{who}: {status}");
        }
    }
    assert_eq!(models(&app).await, before);
}

/// Every model and whether it is enabled.
async fn models(app: &App) -> Vec<(String, bool)> {
    let host = app.dashboard.host_caller("test@localhost");
    let picture = app.dashboard.picture(&host).await.unwrap();
    let entries = picture.entries();
    entries
        .map(|entry| (entry.key().to_string(), entry.enabled()))
        .collect()
}

/// A state that none of the models of the forms has, so that nothing is changed.
pub async fn state_of_another(app: &App) -> String {
    let host = app.dashboard.host_caller("test@localhost");
    let key = "nnUNet/Task055_SegTHOR".parse().unwrap();
    let model = app.dashboard.model(&host, &key).await.unwrap();
    model.version.to_string()
}

//! The wire format of the API. Domain types stay free of it.

mod audit;
pub(in crate::api) mod broken;
mod cut;
pub(in crate::api) mod drafts;
mod package_difference;
pub(in crate::api) mod packages;
mod past;
pub(super) mod purges;
mod revisions;
mod sources;
mod tokens;
pub(in crate::api) mod uploads;

use model_dashboard::auth::{IdentityId, Permissions, Role, RoleOrigin, User};
use model_dashboard::dashboard::Caller;
use model_dashboard::model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::{Body, Fields};

pub(super) use self::audit::{AuditEvent, ChainReport, Events};
pub(super) use self::cut::cut;
pub(super) use self::past::{DeletedModel, DeletedModels, PastModel, PastModels, PresentOrPast};
pub(super) use self::revisions::{Changes, Difference, Overlap, Revisions, origin};
pub(super) use self::sources::{
    AskedPerson, Believe, DiagnosisAnswer, RecheckAnswer, SourceRecheckAnswer, Sources,
};
pub(super) use self::tokens::{CreatedToken, NewToken, OwnerId, Token, Tokens};

/// An entry of a list of models: exactly these keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelEntry {
    /// The name.
    #[schema(example = "Task055_SegTHOR")]
    pub(super) name: String,
    /// The network type.
    #[schema(example = "nnUNet")]
    pub(super) network_type: String,
    /// The first 200 characters of the description.
    pub(super) description: String,
    /// The version that people see.
    #[schema(example = "2.1")]
    pub(super) version: String,
    /// Whether inference jobs may use the model.
    pub(super) enabled: bool,
    /// The name people read.
    pub(super) alias: String,
    /// When the model was made, as it is stored.
    pub(super) create_date: String,
    /// When it was last modified, as it is stored.
    pub(super) last_modified_date: String,
}

/// A list of models.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelList {
    /// How many match in all.
    pub(super) total: usize,
    /// Those of this answer, sorted.
    pub(super) models: Vec<ModelEntry>,
    /// Where to go on, if `limit` cut the list: the parameter `cursor` of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// A whole definition: the fields below, and any further ones, as they are stored.
#[derive(Debug, ToSchema)]
#[allow(dead_code, reason = "describes what is sent as raw text")]
pub(super) struct Definition {
    /// The name; it is that of the address.
    pub(super) name: Option<String>,
    /// The network type; it is that of the address.
    pub(super) network_type: Option<String>,
    /// Whether inference jobs may use the model.
    pub(super) enabled: Option<bool>,
    /// The name people read.
    pub(super) alias: Option<String>,
    /// Markdown.
    pub(super) description: Option<String>,
    /// Label number to name, or to a list of names for overlapping regions. The order counts.
    #[schema(value_type = Option<Object>)]
    pub(super) contour_names: Option<()>,
    /// Free JSON of the framework.
    #[schema(value_type = Option<Object>)]
    pub(super) inference_information: Option<()>,
    /// Arguments of the inference program.
    pub(super) inference_args: Option<String>,
    /// When the model was made; never rewritten.
    pub(super) create_date: Option<String>,
    /// When it was last modified; set by the server.
    pub(super) last_modified_date: Option<String>,
    /// The version.
    pub(super) version: Option<String>,
    /// What the registry keeps: id, revision, who changed it and why. `owner` and `tags` can be
    /// set, the rest is set by the server.
    #[schema(value_type = Option<Object>)]
    pub(super) registry: Option<()>,
}

/// A new place for a model.
#[derive(Debug, ToSchema)]
pub(super) struct Rename {
    /// The new network type; the present one if it is left out.
    pub(super) network_type: Option<String>,
    /// The new name.
    pub(super) name: String,
}

impl Body for Rename {
    fn read(fields: &mut Fields) -> Option<Rename> {
        let network_type = fields.optional("network_type");
        let name = fields.needed("name")?;
        Some(Rename { network_type, name })
    }
}

/// How many models of a network type there are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NetworkTypeCount {
    /// The network type.
    pub(super) network_type: String,
    /// How many models, broken ones included.
    pub(super) models: usize,
}

/// All network types in use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NetworkTypes {
    /// How many types.
    pub(super) total: usize,
    /// The names, sorted.
    pub(super) network_types: Vec<String>,
    /// The same with numbers.
    pub(super) counts: Vec<NetworkTypeCount>,
}

/// Source and subject of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Id {
    /// Where the account comes from.
    #[schema(example = "local")]
    pub(super) source: String,
    /// Its id there; stays when the name changes.
    #[schema(example = "3")]
    pub(super) subject: String,
}

impl From<&IdentityId> for Id {
    fn from(id: &IdentityId) -> Id {
        Id {
            source: id.source.to_string(),
            subject: id.subject.to_string(),
        }
    }
}

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// The account.
    #[serde(flatten)]
    pub(super) account: Account,
    /// What this token may do.
    #[schema(value_type = Vec<String>, example = json!(["models:read"]))]
    pub(super) permissions: Permissions,
    /// When this token ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) token_expires_at: Option<Timestamp>,
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Me {
        Me {
            account: caller.user().into(),
            permissions: caller.permissions(),
            token_expires_at: caller.token().and_then(|token| token.expires_at),
        }
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    /// Source and subject.
    pub(super) id: Id,
    /// The name to sign in with.
    pub(super) username: String,
    /// The name people read.
    pub(super) display_name: String,
    /// Mail address.
    pub(super) email: Option<String>,
    /// The role.
    #[schema(value_type = String, example = "publisher")]
    pub(super) role: Role,
    /// Why it has that role.
    pub(super) role_reason: String,
    /// Who decided on it: `administrator`, `source` (the directory, at each look; it cannot be
    /// changed here) or `default`.
    #[schema(example = "administrator")]
    pub(super) role_origin: &'static str,
    /// Groups of the directory, at the last look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) groups: Vec<String>,
    /// Whether it may sign in and use tokens.
    pub(super) is_active: bool,
    /// The team that owns a service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) team: Option<String>,
    /// When it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) created_at: Option<Timestamp>,
    /// When somebody last signed in with it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_sign_in: Option<Timestamp>,
    /// When its directory last vouched for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) checked_at: Option<Timestamp>,
    /// Since when its directory does not let the person sign in any more; the account is active
    /// again when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) left_at: Option<Timestamp>,
    /// Why, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "not in the required group")]
    pub(super) left_reason: Option<String>,
}

impl From<&User> for Account {
    fn from(user: &User) -> Account {
        Account {
            id: (&user.id).into(),
            username: user.username.to_string(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            role: user.role,
            role_reason: user.role_reason.clone(),
            role_origin: match user.role_origin {
                RoleOrigin::Default => "default",
                RoleOrigin::Administrator => "administrator",
                RoleOrigin::Source => "source",
            },
            groups: user.groups.clone(),
            is_active: user.is_active,
            team: user.team.clone(),
            created_at: user.created_at,
            last_sign_in: user.last_sign_in,
            checked_at: user.checked_at.filter(|_| !user.is_own()),
            left_at: user.left_at,
            left_reason: user.left_reason.clone(),
        }
    }
}

/// Accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accounts {
    /// How many.
    pub(super) total: usize,
    /// The accounts, by source and name.
    pub(super) users: Vec<Account>,
}

/// An account to be made: a person with a password, or a service account with a team.
#[derive(ToSchema)]
pub(super) struct NewAccount {
    /// The name.
    pub(super) username: String,
    /// The name people read; the username if it is left out.
    #[schema(required = false)]
    pub(super) display_name: String,
    /// Mail address.
    pub(super) email: Option<String>,
    /// The role.
    #[schema(value_type = String, example = "editor")]
    pub(super) role: Role,
    /// The first password of a person, at least 12 characters; left out, one is generated and
    /// answered once.
    pub(super) password: Option<String>,
    /// The team that owns it: makes a service account, which has tokens but no sign-in.
    pub(super) team: Option<String>,
}

impl Body for NewAccount {
    fn read(fields: &mut Fields) -> Option<NewAccount> {
        let username = fields.needed("username");
        let display_name = fields.optional("display_name").unwrap_or_default();
        let email = fields.optional("email");
        let role = fields.needed("role");
        let password = fields.optional("password");
        let team = fields.optional("team");
        Some(NewAccount {
            username: username?,
            display_name,
            email,
            role: role?,
            password,
            team,
        })
    }
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// An account that was made, with its password if one was generated.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedAccount {
    /// The account.
    #[serde(flatten)]
    pub(super) account: Account,
    /// The generated password, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) generated_password: Option<String>,
}

/// What to change of an account; what is left out stays.
#[derive(Debug, Default, ToSchema)]
pub(super) struct AccountChange {
    /// New display name.
    pub(super) display_name: Option<String>,
    /// New mail address; empty removes it.
    pub(super) email: Option<String>,
    /// New role.
    #[schema(value_type = Option<String>)]
    pub(super) role: Option<Role>,
    /// Activate or deactivate.
    pub(super) is_active: Option<bool>,
    /// New team of a service account.
    pub(super) team: Option<String>,
}

impl Body for AccountChange {
    fn read(fields: &mut Fields) -> Option<AccountChange> {
        Some(AccountChange {
            display_name: fields.optional("display_name"),
            email: fields.optional("email"),
            role: fields.optional("role"),
            is_active: fields.optional("is_active"),
            team: fields.optional("team"),
        })
    }
}

/// A new password for an account.
#[derive(Default, ToSchema)]
pub(super) struct PasswordReset {
    /// The password, at least 12 characters; left out, one is generated and answered once.
    pub(super) password: Option<String>,
}

impl Body for PasswordReset {
    fn read(fields: &mut Fields) -> Option<PasswordReset> {
        let password = fields.optional("password");
        Some(PasswordReset { password })
    }
}

/// The password that was generated, if none was given.
#[derive(Serialize, ToSchema)]
pub(super) struct PasswordAnswer {
    /// Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) generated_password: Option<String>,
}

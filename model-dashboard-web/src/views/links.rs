//! The dashboard's addresses: every link and form target is made here.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::assets::{self, Asset};

/// What RFC 3986 calls unreserved stays as it is in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Makes addresses below the base path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    base: String,
}

/// What can be done to a model besides showing it; the last segment of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelAction {
    /// Form and its target: change the definition.
    Edit,
    /// Form and its target: copy it under another name.
    Derive,
    /// Form and its target: another name or type.
    Rename,
    /// Confirm page and its target.
    Delete,
    /// Confirm page and its target.
    Enable,
    /// Confirm page and its target.
    Disable,
    /// Download of the definition.
    Export,
    /// Its revisions.
    History,
    /// Two revisions, `from` and `to`.
    Compare,
    /// Its package; downloads and files are below.
    Package,
}

/// What can be done with an upload; the last segment of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadAction {
    /// Form and its target: a new model of it.
    New,
    /// Form and its target: the next revision of a model.
    Revision,
    /// Confirm page and its target: its bytes go.
    Discard,
}

/// What can be done to an account; the last segment of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAction {
    /// Target: name, mail, team, role.
    Save,
    /// Confirm page and its target.
    Enable,
    /// Confirm page and its target.
    Disable,
    /// Confirm page and its target.
    ResetPassword,
    /// Confirm page and its target.
    Delete,
    /// Target: asks the account's directory about it now.
    Recheck,
}

impl Links {
    /// Links below a base path: empty, or one that starts with a slash. A closing slash is dropped.
    #[must_use]
    pub fn new(base_path: &str) -> Self {
        Self {
            base: base_path.trim_end_matches('/').to_owned(),
        }
    }

    /// The base path, without a closing slash; empty at the root.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Any path of the dashboard (starting with a slash) below the base path.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// An embedded file.
    #[must_use]
    pub fn asset(&self, asset: Asset) -> String {
        assets::asset_url(&self.base, asset)
    }

    /// The list of models.
    #[must_use]
    pub fn models(&self) -> String {
        self.to("/")
    }

    /// One model.
    #[must_use]
    pub fn model(&self, network_type: &str, name: &str) -> String {
        self.to(&format!(
            "/models/{}/{}",
            segment(network_type),
            segment(name)
        ))
    }

    /// Something done to one model.
    #[must_use]
    pub fn model_action(&self, network_type: &str, name: &str, action: ModelAction) -> String {
        format!("{}/{}", self.model(network_type, name), action.segment())
    }

    /// What differs between two revisions of a model.
    #[must_use]
    pub fn compare(&self, network_type: &str, name: &str, from: u64, to: u64) -> String {
        let page = self.model_action(network_type, name, ModelAction::Compare);
        format!("{page}?from={from}&to={to}")
    }

    /// One revision of a model as a whole.
    #[must_use]
    pub fn revision(&self, network_type: &str, name: &str, number: u64) -> String {
        let model = self.model(network_type, name);
        format!("{model}/revisions/{number}")
    }

    /// Question and its target: a revision becomes the present state of a model.
    #[must_use]
    pub fn restore(&self, network_type: &str, name: &str, number: u64) -> String {
        let model = self.model(network_type, name);
        format!("{model}/revisions/{number}/restore")
    }

    /// Question and its target: a deleted model comes back, as one of its revisions or as the last.
    #[must_use]
    pub fn bring_back(&self, network_type: &str, name: &str, number: Option<u64>) -> String {
        let (network_type, name) = (segment(network_type), segment(name));
        let page = self.to(&format!("/admin/deleted/{network_type}/{name}/bring-back"));
        match number {
            Some(number) => format!("{page}?revision={number}"),
            None => page,
        }
    }

    /// A package that is proposed to a model, and the target that publishes it.
    #[must_use]
    pub fn draft(&self, network_type: &str, name: &str, package: &str) -> String {
        let model = self.model(network_type, name);
        format!("{model}/drafts/{}", segment(package))
    }

    /// Confirm page and its target: a draft ends.
    #[must_use]
    pub fn discard_draft(&self, network_type: &str, name: &str, package: &str) -> String {
        format!("{}/discard", self.draft(network_type, name, package))
    }

    /// The raw editor of a definition that does not parse.
    #[must_use]
    pub fn broken(&self, network_type: &str, name: &str) -> String {
        self.to(&format!(
            "/broken/{}/{}",
            segment(network_type),
            segment(name)
        ))
    }

    /// Where packages are uploaded, and one's uploads.
    #[must_use]
    pub fn upload(&self) -> String {
        self.to("/upload")
    }

    /// What is known of one upload.
    #[must_use]
    pub fn upload_of(&self, id: &str) -> String {
        self.to(&format!("/upload/{}", segment(id)))
    }

    /// Something done with one upload.
    #[must_use]
    pub fn upload_action(&self, id: &str, action: UploadAction) -> String {
        format!("{}/{}", self.upload_of(id), action.segment())
    }

    /// Form and its target: the copy of a model that is chosen there.
    #[must_use]
    pub fn derive(&self) -> String {
        self.to("/derive")
    }

    /// Target: ends one session of one's own.
    #[must_use]
    pub fn end_session(&self, id: i64) -> String {
        self.to(&format!("/profile/sessions/{id}/end"))
    }

    /// Confirm page and its target.
    #[must_use]
    pub fn revoke_token(&self, id: i64) -> String {
        self.to(&format!("/tokens/{id}/revoke"))
    }

    /// One account, by `source:subject`.
    #[must_use]
    pub fn user(&self, id: &str) -> String {
        self.to(&format!("/admin/users/{}", segment(id)))
    }

    /// Something done to one account.
    #[must_use]
    pub fn user_action(&self, id: &str, action: UserAction) -> String {
        format!("{}{}", self.user(id), action.segment())
    }

    /// A directory that people sign in with.
    #[must_use]
    pub fn directory(&self, source: &str) -> String {
        self.to(&format!("/admin/directories/{}", segment(source)))
    }

    /// One event of the audit log.
    #[must_use]
    pub fn audit_event(&self, number: u64) -> String {
        self.to(&format!("/admin/audit/{number}"))
    }

    /// A path with a query; nothing is added when `pairs` is empty.
    #[must_use]
    pub fn query<'a>(
        &self,
        path: &str,
        pairs: impl IntoIterator<Item = (&'a str, String)>,
    ) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in pairs {
            query.append_pair(key, &value);
        }
        let query = query.finish();
        if query.is_empty() {
            self.to(path)
        } else {
            format!("{}?{query}", self.to(path))
        }
    }
}

impl ModelAction {
    /// The last segment of the address.
    #[must_use]
    pub fn segment(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Derive => "derive",
            Self::Rename => "rename",
            Self::Delete => "delete",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Export => "export",
            Self::History => "history",
            Self::Compare => "compare",
            Self::Package => "package",
        }
    }
}

impl UploadAction {
    fn segment(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Revision => "revision",
            Self::Discard => "discard",
        }
    }
}

impl UserAction {
    fn segment(self) -> &'static str {
        match self {
            Self::Save => "",
            Self::Enable => "/enable",
            Self::Disable => "/disable",
            Self::ResetPassword => "/reset-password",
            Self::Delete => "/delete",
            Self::Recheck => "/recheck",
        }
    }
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A path with each of its segments encoded.
pub(super) fn path(text: &str) -> String {
    let segments: Vec<String> = text.split('/').map(segment).collect();
    segments.join("/")
}

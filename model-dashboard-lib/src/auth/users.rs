//! The store of accounts: local people, service accounts, and people known from directories.

use async_trait::async_trait;

use super::{Identity, IdentityId, LeavingDoubt, Permissions, Role, Source, Username};
use crate::model::Timestamp;
use crate::store::StoreError;

/// An account as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Source and subject. Local people and service accounts have their row number as subject.
    pub id: IdentityId,
    /// The name to sign in with, unique within its source.
    pub username: Username,
    /// The name people read.
    pub display_name: String,
    /// Mail address.
    pub email: Option<String>,
    /// What the account may do.
    pub role: Role,
    /// Why it has that role.
    pub role_reason: String,
    /// Who decided on the role.
    pub role_origin: RoleOrigin,
    /// Groups of the directory, at the last look.
    pub groups: Vec<String>,
    /// Deactivated accounts can neither sign in nor use tokens.
    pub is_active: bool,
    /// The team that owns a service account.
    pub team: Option<String>,
    /// When the account was made here.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// When somebody last signed in with it.
    pub last_sign_in: Option<Timestamp>,
    /// When its source last vouched for it.
    pub checked_at: Option<Timestamp>,
    /// When its source said that the person may not sign in any more. Such an account is
    /// deactivated, and active again as soon as the source vouches for it. One that an administrator
    /// deactivated has no such time, and stays so.
    pub left_at: Option<Timestamp>,
    /// Why, in a few words, where that is known.
    pub left_reason: Option<String>,
    /// Whether the subject is only a name that stands in for the stable id, until the first sign-in
    /// of that name through the directory: of accounts that the earlier system had tokens for.
    pub is_provisional: bool,
}

/// Who decided on the role of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleOrigin {
    /// Nobody: it follows the default for people of other sources.
    Default,
    /// An administrator, here.
    Administrator,
    /// The account's source, at each look. What an administrator sets lasts until the next one.
    Source,
}

impl User {
    /// What the account may do now: nothing while it is deactivated.
    pub fn permissions(&self) -> Permissions {
        if self.is_active {
            self.role.permissions()
        } else {
            Permissions::NONE
        }
    }

    /// Whether this is a service account.
    pub fn is_service(&self) -> bool {
        self.id.source.as_str() == Source::SERVICE
    }

    /// Whether the account was made here, rather than known from another source.
    pub fn is_own(&self) -> bool {
        self.id.source.is_own()
    }
}

/// A stored password hash in PHC string format. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub(crate) String);

impl PasswordHash {
    /// Takes a hash as it is stored.
    pub fn from_stored(text: impl Into<String>) -> PasswordHash {
        PasswordHash(text.into())
    }

    /// The stored text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A local account to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name to sign in with.
    pub username: Username,
    /// The name people read.
    pub display_name: String,
    /// Mail address.
    pub email: Option<String>,
    /// What the account may do.
    pub role: Role,
    /// A person with a password, or a service account of a team.
    pub kind: NewUserKind,
}

/// What kind of local account to make.
#[derive(Clone, Debug)]
pub enum NewUserKind {
    /// A person who signs in.
    Person {
        /// The hash of the first password.
        password: PasswordHash,
    },
    /// A service account: tokens only.
    Service {
        /// The team that answers for it.
        team: String,
    },
}

/// What to change of a local account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// New display name.
    pub display_name: Option<String>,
    /// New mail address; `Some(None)` removes it.
    pub email: Option<Option<String>>,
    /// New role (also for people of directories that do not decide roles).
    pub role: Option<Role>,
    /// Activate or deactivate.
    pub is_active: Option<bool>,
    /// New team of a service account.
    pub team: Option<String>,
}

/// Which accounts [`UserStore::list_users`] gives.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Only accounts of this source.
    pub source: Option<Source>,
}

/// What somebody lost whose source said that they left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The account now.
    pub user: User,
    /// Whether the account was active until now.
    pub is_new: bool,
    /// How many sessions ended.
    pub sessions: u64,
    /// How many tokens were removed.
    pub tokens: u64,
}

/// How many accounts there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountCounts {
    /// Of every source, deactivated ones included.
    pub all: u64,
    /// Active ones with role [`Role::Admin`] who can sign in: service accounts do not count.
    pub administrators: u64,
}

/// Stores accounts.
///
/// Usernames are unique within a source by their folded form. At least one active administrator
/// among the local people is kept once there is one: a change that would take the last one away
/// is refused with [`StoreError::LastAdministrator`], checked in the same transaction.
#[async_trait]
pub trait UserStore: std::fmt::Debug + Send + Sync {
    /// Makes a local account (source `local`, or `service`).
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the source has the name already.
    async fn create_user(&self, new: NewUser) -> Result<User, StoreError>;

    /// Makes a local administrator only if there is no account at all; `None` if there is one.
    async fn create_first_user(&self, new: NewUser) -> Result<Option<User>, StoreError>;

    /// The account with this id.
    async fn user(&self, id: &IdentityId) -> Result<Option<User>, StoreError>;

    /// The account of `source` with this name. A directory may give a name to somebody else in
    /// time; then it is the account that was seen last.
    async fn user_by_name(
        &self,
        source: &Source,
        username: &Username,
    ) -> Result<Option<User>, StoreError>;

    /// How many accounts there are, however many that is.
    async fn count_users(&self) -> Result<AccountCounts, StoreError>;

    /// All accounts that match, by source and folded username. At most 10,000.
    async fn list_users(&self, filter: &UserFilter) -> Result<Vec<User>, StoreError>;

    /// The sources that accounts are of, in their order.
    async fn sources(&self) -> Result<Vec<Source>, StoreError>;

    /// Changes an account; the answer is its new state. Deactivating an account ends its sessions
    /// in the same transaction, so that none lives again with the account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::LastAdministrator`].
    async fn update_user(&self, id: &IdentityId, change: UserChange) -> Result<User, StoreError>;

    /// Removes an account with its sessions and tokens. Its id is not given again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::LastAdministrator`].
    async fn delete_user(&self, id: &IdentityId) -> Result<(), StoreError>;

    /// The password hash of a local person; `None` for unknown names and service accounts.
    async fn password_hash(
        &self,
        username: &Username,
    ) -> Result<Option<(User, PasswordHash)>, StoreError>;

    /// Sets another password and ends the account's sessions, but `except`, in one transaction:
    /// no session of the old password lives with the new one. With `expected`, only if the stored
    /// hash is still that. Answers how many sessions ended; `None` if the hash was another.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if `id` is no local person.
    async fn set_password(
        &self,
        id: &IdentityId,
        hash: PasswordHash,
        expected: Option<&PasswordHash>,
        except: Option<i64>,
    ) -> Result<Option<u64>, StoreError>;

    /// Stores another hash of the same password, only if the stored one is still `expected`: an
    /// upgrade of a hash at sign-in never overwrites a password that was changed meanwhile.
    /// Sessions go on. Answers whether it was stored.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if `id` is no local person.
    async fn renew_password_hash(
        &self,
        id: &IdentityId,
        hash: PasswordHash,
        expected: &PasswordHash,
    ) -> Result<bool, StoreError>;

    /// Notes a sign-in (or a re-check, with `signed_in` false) of `identity`, which began at `at`:
    /// directory people are entered or refreshed, for accounts made here only the time is noted.
    /// Whom the source gives no role keeps the role that an administrator set, else gets
    /// `default_role`. Who had [left](User::left_at) is active again; whom an administrator
    /// deactivated stays so.
    ///
    /// What a question brought that began before a newer one changes nothing of what that brought:
    /// neither the name, role and groups, nor that the person left. What was noted at a time that has
    /// not come yet is not newer than anything.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an account made here that is gone.
    async fn remember(
        &self,
        identity: &Identity,
        default_role: Role,
        signed_in: bool,
        at: Timestamp,
    ) -> Result<User, StoreError>;

    /// Before somebody is noted for the first time: gives what the earlier system knew by the name
    /// `name` alone ([provisional](User::is_provisional)) to the person `id` of that source.
    /// [`UserStore::remember`] does so with the name of the identity. Answers whether there was
    /// something; nothing is given to whom the source has made known before. An account that was
    /// deactivated meanwhile stays so, and its tokens are removed.
    async fn adopt(&self, id: &IdentityId, name: &Username) -> Result<bool, StoreError>;

    /// [`UserStore::remember`] for many people who were looked at again, in their order; `None` for
    /// accounts that are gone, which are not made again.
    ///
    /// # Errors
    /// As there; then nobody is noted, or some are.
    async fn remember_all(
        &self,
        identities: &[Identity],
        default_role: Role,
        at: Timestamp,
    ) -> Result<Vec<Option<User>>, StoreError>;

    /// Notes that the source of `id` said at `asked_at` that the person may not sign in any more:
    /// deactivates the account, ends its sessions and removes its tokens, in one transaction; `why`
    /// stays with it. `None` if the source vouched for it since.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for accounts made here, provisional ones, and those that are gone.
    async fn note_left(
        &self,
        id: &IdentityId,
        asked_at: Timestamp,
        why: &str,
    ) -> Result<Option<Leaving>, StoreError>;

    /// Active people of `source` who hold a session or token that ends after `now`, by subject;
    /// only those whom the source did not vouch for since `looked_before`, and after the subject
    /// `after`. Provisional accounts do not count, and times after `now` say nothing. At most 1,000.
    async fn people_with_access(
        &self,
        source: &Source,
        looked_before: Timestamp,
        now: Timestamp,
        after: Option<&str>,
    ) -> Result<Vec<User>, StoreError>;

    /// The doubt about what `source` says of its people, while there is one.
    async fn doubt(&self, source: &Source) -> Result<Option<LeavingDoubt>, StoreError>;

    /// Puts `now` in the place of the doubt `before`. Answers whether it was there still; if not,
    /// somebody else has changed it, and nothing is changed.
    async fn set_doubt(
        &self,
        source: &Source,
        before: Option<&LeavingDoubt>,
        now: Option<&LeavingDoubt>,
    ) -> Result<bool, StoreError>;
}

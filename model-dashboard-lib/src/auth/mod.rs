//! Who somebody is and what they may do: the [`Authenticator`] trait, identities, accounts,
//! sessions, permissions and roles.

mod argon2id;
mod authenticator;
mod diagnosis;
mod doubt;
mod identity;
#[cfg(all(feature = "ldap", unix))]
pub mod ldap;
pub mod local;
mod password;
mod password_hash;
mod permission;
mod sessions;
mod users;

#[cfg(all(any(fuzzing, test), feature = "ldap"))]
#[doc(hidden)]
pub use ldap::fuzzing;

pub use authenticator::{
    AuthenticationError, Authenticator, Guesses, Refusal, SignInMethod, SilentServer, SourceFact,
    SourcePart, Standing,
};
pub use diagnosis::{Diagnosis, DiagnosisStep, Verdict};
pub use doubt::LeavingDoubt;
pub use identity::{GrantedRole, Identity, IdentityError, IdentityId, Source, Username};
pub use password::{
    MAX_PASSWORD_BYTES, MIN_NEW_PASSWORD_CHARS, NewPassword, Password, PasswordError,
};
pub use password_hash::PasswordCheck;
pub use permission::{Permission, Permissions, Role, UnknownName};
pub use sessions::{NewSession, Session, SessionHash, SessionSecret, SessionStore};
pub use users::{
    AccountCounts, Leaving, NewUser, NewUserKind, PasswordHash, RoleOrigin, User, UserChange,
    UserFilter, UserStore,
};

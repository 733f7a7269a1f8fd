//! The directory that people sign in with.

use std::sync::Arc;

use super::ConnectError;
use crate::auth::{Authenticator, Role};
use crate::config::Config;
use crate::dashboard::Policy;

/// The directory as configured, if there is one, by itself: its
/// [`diagnose`](Authenticator::diagnose) needs no installation. Nothing is asked of it yet; the file
/// of certificates is read.
///
/// # Errors
/// [`ConnectError::Directory`] and [`ConnectError::Unsupported`], which name the setting.
#[cfg(all(feature = "ldap", unix))]
pub async fn directory(config: &Config) -> Result<Option<Arc<dyn Authenticator>>, ConnectError> {
    use crate::auth::ldap::LdapAuthenticator;
    let Some(ldap) = config.ldap.clone() else {
        return Ok(None);
    };
    // The file may lie where reading takes long.
    let made = tokio::task::spawn_blocking(move || LdapAuthenticator::new(&ldap)).await;
    let fault = |setting, reason| ConnectError::Directory {
        setting: config.cite(setting),
        reason,
    };
    match made {
        Ok(Ok(directory)) => Ok(Some(Arc::new(directory))),
        Ok(Err(error)) => Err(fault(error.setting, error.reason)),
        Err(error) => Err(fault("ldap.server", error.to_string())),
    }
}

/// The directory as configured, if there is one.
///
/// # Errors
/// [`ConnectError::Unsupported`]: this build cannot ask one.
#[cfg(not(all(feature = "ldap", unix)))]
pub async fn directory(config: &Config) -> Result<Option<Arc<dyn Authenticator>>, ConnectError> {
    match config.ldap {
        None => Ok(None),
        Some(_) => Err(ConnectError::Unsupported {
            setting: super::cite_set(config, "ldap.", "ldap.server"),
            reason: "this build cannot ask a directory; leave the LDAP settings out",
        }),
    }
}

/// The rules for people of the directory.
pub(super) fn policy(config: &Config) -> Policy {
    let Some(ldap) = &config.ldap else {
        return Policy::default();
    };
    Policy {
        default_role: match ldap.gives_roles() {
            true => Role::Viewer,
            false => Role::Publisher,
        },
        recheck_interval: ldap.recheck_interval,
        recheck_grace: ldap.grace,
        unchecked_token_days: ldap.token_days,
        ..Policy::default()
    }
}

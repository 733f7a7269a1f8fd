//! The sources beside the accounts made here: whether they answer, and who of their people is
//! still there.
//!
//! People whom a source can be asked about are looked at in rounds ([`rounds`]), whether they use
//! their sessions and tokens or not. Only a round, or an administrator who asks for it
//! ([`recheck`]), takes away what somebody has; a look for one who comes after a long time
//! ([`late`]) only lets in or keeps out, and a sign-in that is refused for good brings the next
//! round forward ([`turned_away`]). Others get in for some days after each sign-in
//! ([`vouching`]).

mod around;
mod asking;
mod belief;
mod diagnose;
mod late;
mod noted;
mod pace;
mod probe;
mod recheck;
mod removed;
mod role_groups;
mod rounds;
mod source_trouble;
mod state;
mod trouble;
mod turned_away;
mod vouching;

use std::sync::Arc;

use tokio::sync::{Mutex, Notify};

pub use recheck::{RecheckOutcome, Rechecked, SourceRecheck};
pub use source_trouble::SourceTrouble;
pub use state::{MAX_DOUBTED_NAMED, SourceDoubt, SourceGroups, SourceState};
pub use trouble::SourceFailing;
pub use vouching::SignInLimit;

#[cfg(feature = "sqlite")]
pub(crate) use diagnose::account_typed;
pub(super) use probe::probe;
pub(super) use rounds::follow;
pub(super) use vouching::{Vouched, as_limited};

use super::places::Places;
use crate::auth::{Authenticator, Source};
use crate::lasting::Lasting;
use belief::Earlier;
use late::Looks;
use trouble::Known;

/// The other sources of one dashboard.
#[derive(Debug)]
pub(super) struct Directories {
    all: Vec<Directory>,
    /// A place for a walk through the steps of a sign-in.
    diagnosing: Mutex<()>,
}

/// One of them.
#[derive(Debug)]
pub(in crate::dashboard) struct Directory {
    authenticator: Arc<dyn Authenticator>,
    known: Known,
    log: Log,
    looks: Looks,
    sign_ins: Places,
    /// Held by whoever looks at everybody.
    earlier: Mutex<Earlier>,
    /// Told when a round should not wait for its time.
    wanted: Notify,
    /// Told when groups that give roles are not as they should be, and when that may be over.
    look_at_groups: Notify,
}

/// What the log is told of rounds that are not as they should be.
#[derive(Debug, Default)]
struct Log {
    unanswered: Lasting,
    unwritten: Lasting,
    slow: Lasting,
}

impl Directories {
    /// Those of `authenticators` whose accounts are not made here.
    pub(super) fn new(authenticators: &[Arc<dyn Authenticator>]) -> Directories {
        let others = authenticators.iter().filter(|one| !one.source().is_own());
        Directories {
            all: others.cloned().map(Directory::new).collect(),
            diagnosing: Mutex::default(),
        }
    }

    pub(super) fn of(&self, source: &Source) -> Option<&Directory> {
        self.all.iter().find(|one| one.source() == source)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Directory> {
        self.all.iter()
    }
}

impl Directory {
    fn new(authenticator: Arc<dyn Authenticator>) -> Directory {
        Directory {
            authenticator,
            known: Known::default(),
            log: Log::default(),
            looks: Looks::default(),
            sign_ins: Places::default(),
            earlier: Mutex::default(),
            wanted: Notify::new(),
            look_at_groups: Notify::new(),
        }
    }

    pub(super) fn source(&self) -> &Source {
        self.authenticator.source()
    }

    /// For every password of its people that is checked.
    pub(super) fn sign_ins(&self) -> &Places {
        &self.sign_ins
    }

    #[cfg(test)]
    pub(super) fn is_looking(&self) -> bool {
        self.looks.is_looking()
    }

    fn can_recheck(&self) -> bool {
        self.authenticator.can_recheck()
    }
}

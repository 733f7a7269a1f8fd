//! A look from time to time whether people could sign in, where nobody's sign-in tells: or trouble
//! would only show when somebody is kept out. While groups are not as they should be it is taken more
//! often, and soon after each sign-in, so that this is over as soon as it is mended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::Directory;
use super::asking::Until;
use crate::auth::SourcePart;
use crate::dashboard::Inner;

/// How often at most.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// How long a source may take for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Probes a source, at once and then where nothing has shown for a while that it works, until the
/// dashboard ends. Only where it can be asked without anybody's password.
pub(in crate::dashboard) async fn probe(
    inner: Arc<Inner>,
    number: usize,
    stopped: watch::Receiver<bool>,
) {
    let directory = inner.directories.all.get(number);
    let Some(directory) = directory.filter(|one| one.can_recheck()) else {
        return;
    };
    let until = Until(Some(stopped));
    let every = EVERY.min(inner.policy.recheck_interval);
    loop {
        if directory.groups().is_some() {
            directory.look_at_itself(&until).await;
        } else if !directory.worked_within(every) {
            let _ = directory.probe(&until).await;
        }
        let soonest = Instant::now() + every / 60;
        let pause = async {
            let longest = match directory.groups().is_some() || directory.known.lacks_groups() {
                true => every / 5,
                false => every,
            };
            let _ = timeout(longest, directory.look_at_groups.notified()).await;
            tokio::time::sleep_until(soonest).await;
        };
        if until.or(pause).await.is_none() {
            return;
        }
    }
}

impl Directory {
    /// Asks the source whether people could sign in, and notes it. Whether they could.
    pub(super) async fn probe(&self, until: &Until) -> bool {
        let asked = timeout(PATIENCE, self.authenticator.probe());
        match until.or(asked).await {
            Some(Ok(Ok(part))) => {
                self.works(part);
                return true;
            }
            Some(Ok(Err(error))) => self.heard(Some(&error)),
            Some(Err(_)) => self.failed(SourcePart::Connection, "no answer within 30 s"),
            None => {}
        }
        false
    }
}

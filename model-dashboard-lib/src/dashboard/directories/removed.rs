//! People of directories that are not in the settings any more. Nobody can be asked about them, so
//! they get in for as long as those of a directory that does not answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::auth::Source;
use crate::dashboard::{Dependency, DependencyState, Inner};
use crate::model::Timestamp;
use crate::store::StoreError;

/// How long the store may take to tell of them.
const PATIENCE: Duration = Duration::from_secs(5);

impl Inner {
    /// Writes to the log of which sources there are people who nobody can be asked about.
    pub(in crate::dashboard) async fn warn_of_removed(&self) {
        for (source, people) in self.removed_directories().await {
            let (source, grace) = (source.as_str(), self.policy.recheck_grace);
            tracing::warn!(
                source,
                people,
                ?grace,
                "people hold sessions or tokens, but the settings have no such directory: they \
                 get in as if it did not answer"
            );
        }
    }

    /// As something that the dashboard depends on. Nothing where the store does not answer, which is
    /// told by itself.
    pub(in crate::dashboard) async fn removed_as_dependencies(&self) -> Vec<Dependency> {
        let removed = self.removed_directories().await.into_iter();
        let hours = self.policy.recheck_grace.as_secs().div_ceil(60 * 60);
        removed
            .map(|(source, people)| {
                Dependency {
                name: format!("people:{source}").into(),
                state: DependencyState::Degraded,
                since: None,
                message: format!(
                    "{people} people of {source} hold sessions or tokens, but the settings have no \
                     such directory; each gets in for {hours} h after it last vouched for them"
                ),
                fix: Some(
                    "put the directory back into the settings, or delete the accounts of its people"
                        .to_owned(),
                ),
            }
            })
            .collect()
    }

    /// Sources that are not configured, and how many people of theirs hold a session or token.
    async fn removed_directories(&self) -> Vec<(Source, usize)> {
        match timeout(PATIENCE, self.count_removed()).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "people of directories that are gone are not known");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    async fn count_removed(&self) -> Result<Vec<(Source, usize)>, StoreError> {
        let mut found = Vec::new();
        for source in self.users.sources().await? {
            if self.directories.of(&source).is_some() || source.is_own() {
                continue;
            }
            let (mut people, now) = (0, Timestamp::now());
            let mut after: Option<Arc<str>> = None;
            loop {
                let page = self
                    .users
                    .people_with_access(&source, now, now, after.as_deref())
                    .await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id.subject.clone());
                people += page.len();
            }
            if people > 0 {
                found.push((source, people));
            }
        }
        Ok(found)
    }
}

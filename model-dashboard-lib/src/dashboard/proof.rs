//! That the store refuses to overwrite what it was not shown: proven once, before the first change.

use std::time::Duration;

use tokio::sync::{OnceCell, SetOnce};
use tokio::time::timeout;

use super::system::Lately;
use super::{Dashboard, Error, Inner};
use crate::model::Timestamp;
use crate::repository::RepositoryError;

/// How long the store may take to be tried.
const PROVEN_WITHIN: Duration = Duration::from_secs(30);

/// After how many looks at the store it is tried again, so that it shows whether it can be written to.
const TRIED_AFTER: u32 = 15;

/// What is known of the store.
#[derive(Debug, Default)]
pub(super) struct Proof {
    proven: OnceCell<()>,
    unfit: SetOnce<String>,
    lately: Lately,
}

impl Proof {
    /// Since when trying the store has failed, and why.
    pub(super) fn failing(&self) -> Option<(Timestamp, String)> {
        self.lately.failing()
    }
}

impl Dashboard {
    /// Waits until the model store turns out to lose changes when several write, and says what to
    /// do. Nothing is changed in such a store; a server should end. Waits for ever otherwise.
    pub async fn unfit_store(&self) -> String {
        self.inner.proof.unfit.wait().await.clone()
    }
}

impl Inner {
    /// Tries the store until it is proven, or is found to be unfit.
    pub(super) async fn prove_in_time(&self) {
        let mut told = false;
        while let Err(error) = self.prove_store().await {
            if !std::mem::replace(&mut told, true) {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the model store cannot be tried");
            }
            if self.proof.unfit.initialized() {
                return;
            }
            tokio::time::sleep(self.catalog.look_every() * TRIED_AFTER).await;
        }
        if told {
            tracing::info!("the model store can be changed now");
        }
    }

    /// Tries the store unless it was proven before. One that does not answer is tried again by the
    /// next change.
    pub(super) async fn prove_store(&self) -> Result<(), Error> {
        let probe = async || {
            let proven = timeout(PROVEN_WITHIN, self.repository.probe()).await;
            proven.unwrap_or_else(|_| {
                Err(RepositoryError::Unavailable {
                    message: format!("no answer within {} s", PROVEN_WITHIN.as_secs()),
                    source: None,
                })
            })
        };
        let tried = self.proof.proven.get_or_try_init(probe).await;
        match &tried {
            Ok(()) => self.proof.lately.answered(),
            Err(RepositoryError::Unsafe { message }) => {
                // Found out before, if it is set already.
                let _ = self.proof.unfit.set(message.clone());
            }
            Err(error) => self.proof.lately.failed(&error.to_string()),
        }
        Ok(tried.map(drop)?)
    }
}

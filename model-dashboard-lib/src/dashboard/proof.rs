//! That the store refuses to overwrite what it was not shown: proven once, before the first change.

use std::time::Duration;

use tokio::sync::{OnceCell, SetOnce};
use tokio::time::timeout;

use super::{Dashboard, Error, Inner};
use crate::repository::RepositoryError;

/// How long the store may take to be tried.
const PROVEN_WITHIN: Duration = Duration::from_secs(30);

/// What is known of the store.
#[derive(Debug, Default)]
pub(super) struct Proof {
    proven: OnceCell<()>,
    unfit: SetOnce<String>,
}

impl Dashboard {
    /// Waits until the model store turns out to lose changes when several write, and says what to
    /// do. Nothing is changed in such a store; a server should end. Waits for ever otherwise.
    pub async fn unfit_store(&self) -> String {
        self.inner.proof.unfit.wait().await.clone()
    }
}

impl Inner {
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
        match self.proof.proven.get_or_try_init(probe).await {
            Ok(()) => Ok(()),
            Err(error) => {
                if let RepositoryError::Unsafe { message } = &error {
                    // Found out before, if it is set already.
                    let _ = self.proof.unfit.set(message.clone());
                }
                Err(error.into())
            }
        }
    }
}

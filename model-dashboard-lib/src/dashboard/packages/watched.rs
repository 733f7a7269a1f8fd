//! Bytes of a caller who must still be let in while they come.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::dashboard::{Caller, Dashboard};
use crate::repository::packages::{Piece, Pieces};

/// How often it is asked: a session counts as used meanwhile, and a revoked token ends it.
pub(in crate::dashboard) const EVERY: Duration = Duration::from_secs(60);

/// Pieces that end once what the caller came with does not count any more.
pub(in crate::dashboard) struct Watched {
    pieces: Box<dyn Pieces>,
    dashboard: Dashboard,
    caller: Caller,
    every: Duration,
    asked: Instant,
}

impl Watched {
    pub(in crate::dashboard) fn new(
        pieces: Box<dyn Pieces>,
        dashboard: &Dashboard,
        caller: &Caller,
        every: Duration,
    ) -> Box<Watched> {
        Box::new(Watched {
            pieces,
            dashboard: dashboard.clone(),
            caller: caller.clone(),
            every,
            asked: Instant::now(),
        })
    }
}

#[async_trait]
impl Pieces for Watched {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        if self.asked.elapsed() >= self.every {
            let renewed = self.dashboard.renewed(&self.caller).await;
            self.caller = renewed.map_err(io::Error::other)?;
            self.asked = Instant::now();
        }
        self.pieces.next().await
    }
}

//! The connections that read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::connection::open_reader;
use super::error::Result;
use crate::store::StoreError;

/// How long a read waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// A few connections, each used by one read at a time on a blocking thread.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    connections: u32,
    path: Arc<Path>,
}

impl Readers {
    /// Readers with so many connections at most. Opens one; more when they are needed.
    pub(super) fn open(path: Arc<Path>, connections: u32) -> Result<Readers> {
        let idle = Arc::new(Mutex::new(vec![open_reader(&path)?]));
        Ok(Readers {
            idle,
            permits: Arc::new(Semaphore::new(connections as usize)),
            connections,
            path,
        })
    }

    /// Runs `work` with a connection.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let permit = match timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(self.unavailable("it is closed")),
            Err(_) => return Err(self.unavailable("too many reads are waiting; try again")),
        };
        let (idle, path) = (Arc::clone(&self.idle), Arc::clone(&self.path));
        let reading = spawn_blocking(move || {
            // Given back when the read has ended, even if nobody waits for its answer any more.
            let _permit = permit;
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match taken {
                Some(connection) => connection,
                None => open_reader(&path)?,
            };
            let result = work(&connection);
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            result
        });
        let result = reading.await.map_err(StoreError::internal)?;
        result.map_err(|error| error.about(&self.path))
    }

    /// Waits for the reads that run and closes the connections.
    pub(super) async fn stop(&self) {
        let all = self.permits.acquire_many(self.connections).await;
        self.permits.close();
        drop(all);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn unavailable(&self, what: &str) -> StoreError {
        let message = format!("{}: {what}", self.path.display());
        StoreError::Unavailable {
            message,
            source: None,
        }
    }
}

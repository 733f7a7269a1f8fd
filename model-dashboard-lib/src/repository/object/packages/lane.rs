//! The thread on which the bytes of one upload are written and hashed, while the next ones come.
//!
//! A thread that is given one piece after the other costs less than one that is woken for each: pieces
//! wait for it, and it for none of the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use futures::executor::block_on;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::super::conditional::Fault;
use super::buffers::Spare;
use super::large::Append;
use crate::repository::packages::Piece;

/// How many pieces wait: enough that neither side waits for the other at each of them.
const WAITING: usize = 3;

/// The bytes that were taken in.
#[derive(Clone)]
pub(super) struct Taken {
    pub(super) count: u64,
    pub(super) hasher: Sha256,
}

enum Work {
    Take(Piece),
    Tell(oneshot::Sender<()>),
}

/// Takes in one piece after the other. Those that wait when it is dropped are not taken in.
pub(super) struct Lane {
    work: mpsc::Sender<Work>,
    state: Arc<Mutex<State>>,
}

struct State {
    taken: Taken,
    fault: Option<Fault>,
    dropped: bool,
}

impl Lane {
    /// Goes on behind `taken`. Each piece goes to `append` and is hashed, by at most as many lanes at
    /// a time as `threads` lets, and its buffer to `spare`.
    pub(super) fn start(
        taken: Taken,
        append: Box<dyn Append>,
        threads: Arc<Semaphore>,
        spare: Spare,
    ) -> Result<Self, Fault> {
        let (work, waiting) = mpsc::channel(WAITING);
        let state = Arc::new(Mutex::new(State {
            taken: taken.clone(),
            fault: None,
            dropped: false,
        }));
        let worker = Worker {
            taken,
            append,
            threads,
            spare,
            state: Arc::clone(&state),
        };
        let thread = thread::Builder::new().name("upload".to_owned());
        let started = thread.spawn(move || worker.run(waiting));
        started.map_err(|error| Fault::Unavailable {
            message: "there is no thread for the bytes of an upload".to_owned(),
            source: Some(error.into()),
        })?;
        Ok(Self { work, state })
    }

    /// Hands a piece over, once there is room for it.
    ///
    /// # Errors
    /// What went wrong with one before it, after which none are taken in.
    pub(super) async fn take(&self, piece: Piece) -> Result<(), Fault> {
        let handed = self.work.send(Work::Take(piece)).await;
        handed.map_err(|_| self.fault())
    }

    /// Waits until all that was handed over is taken in.
    ///
    /// # Errors
    /// As for [`take`](Self::take).
    pub(super) async fn all_taken(&self) -> Result<(), Fault> {
        let (tell, told) = oneshot::channel();
        let asked = self.work.send(Work::Tell(tell)).await;
        asked.map_err(|_| self.fault())?;
        told.await.map_err(|_| self.fault())
    }

    /// What is taken in by now.
    pub(super) fn taken(&self) -> Taken {
        locked(&self.state).taken.clone()
    }

    fn fault(&self) -> Fault {
        let fault = locked(&self.state).fault.take();
        fault.unwrap_or_else(|| Fault::Unexpected("the thread of an upload ended".into()))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        locked(&self.state).dropped = true;
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker {
    taken: Taken,
    append: Box<dyn Append>,
    threads: Arc<Semaphore>,
    spare: Spare,
    state: Arc<Mutex<State>>,
}

impl Worker {
    fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        while let Some(work) = waiting.blocking_recv() {
            match work {
                Work::Take(piece) => {
                    if let Err(fault) = self.take(&piece) {
                        locked(&self.state).fault = Some(fault);
                        return;
                    }
                    let mut state = locked(&self.state);
                    state.taken = self.taken.clone();
                    if state.dropped {
                        return;
                    }
                    drop(state);
                    self.spare.put(piece);
                }
                // Whoever asked may be gone.
                Work::Tell(tell) => drop(tell.send(())),
            }
        }
    }

    fn take(&mut self, piece: &Piece) -> Result<(), Fault> {
        // It is never closed.
        let _permit = block_on(self.threads.acquire());
        self.append.append(piece)?;
        self.taken.hasher.update(piece);
        self.taken.count += piece.len() as u64;
        Ok(())
    }
}

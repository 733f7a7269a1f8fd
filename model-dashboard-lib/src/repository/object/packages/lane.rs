//! The thread on which the bytes of one upload are written and hashed, while the next ones come.
//!
//! A thread that is given one piece after the other costs less than one that is woken for each: pieces
//! wait for it, and it for none of the others.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::super::conditional::Fault;
use super::buffers::Spare;
use super::large::Append;
use crate::repository::packages::Piece;

/// How many pieces wait: enough that neither side waits for the other at each of them.
const WAITING: usize = 3;

/// The stack of a thread, which calls little.
const STACK: usize = 256 << 10;

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

/// Takes in one piece after the other. Those that wait when it is dropped are not taken in, but for the
/// one that is being.
pub(super) struct Lane {
    work: mpsc::Sender<Work>,
    state: Arc<Mutex<State>>,
    ended: oneshot::Receiver<()>,
}

struct State {
    taken: Taken,
    fault: Option<Fault>,
    dropped: bool,
}

impl Lane {
    /// Goes on behind `taken`. Each piece goes to `append` and is hashed, which at most as many lanes do
    /// at a time as `threads` lets, and its buffer to `spare`. What is `held` is dropped once no piece is
    /// being taken in any more.
    pub(super) fn start(
        taken: Taken,
        append: Box<dyn Append>,
        threads: Arc<Semaphore>,
        spare: Spare,
        held: Box<dyn Any + Send>,
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
            runtime: Handle::current(),
            spare,
            state: Arc::clone(&state),
            _held: held,
        };
        let thread = thread::Builder::new().name("upload".to_owned());
        let thread = thread.stack_size(STACK);
        let (end, ended) = oneshot::channel();
        let started = thread.spawn(move || {
            worker.run(waiting);
            // Whoever asked may be gone.
            let _ = end.send(());
        });
        started.map_err(|error| Fault::Unavailable {
            message: "there is no thread for the bytes of an upload".to_owned(),
            source: Some(error.into()),
        })?;
        Ok(Self { work, state, ended })
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

    /// Waits until what was held for it is dropped, too. Nothing waits for it any more.
    pub(super) async fn close(&mut self) {
        self.work = mpsc::channel(1).0;
        // An error means that it has ended, too.
        let _ = (&mut self.ended).await;
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
    runtime: Handle,
    spare: Spare,
    state: Arc<Mutex<State>>,
    _held: Box<dyn Any + Send>,
}

impl Worker {
    fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        while let Some(work) = waiting.blocking_recv() {
            match work {
                Work::Take(piece) => {
                    if locked(&self.state).dropped {
                        return;
                    }
                    if let Err(fault) = self.take(&piece) {
                        locked(&self.state).fault = Some(fault);
                        return;
                    }
                    locked(&self.state).taken = self.taken.clone();
                    self.spare.put(piece);
                }
                // Whoever asked may be gone.
                Work::Tell(tell) => drop(tell.send(())),
            }
        }
    }

    fn take(&mut self, piece: &Piece) -> Result<(), Fault> {
        self.append.append(piece)?;
        // It is never closed.
        let _permit = self.runtime.block_on(self.threads.acquire());
        self.taken.hasher.update(piece);
        self.taken.count += piece.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc as std_mpsc;

    use super::*;

    /// Appends once it is let, and fails at a piece of no bytes.
    struct Gated {
        gate: std_mpsc::Receiver<()>,
        begun: Arc<AtomicBool>,
        appended: Arc<Mutex<Vec<u8>>>,
    }

    impl Append for Gated {
        fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
            if bytes.is_empty() {
                return Err(Fault::Unsafe {
                    message: "nothing".to_owned(),
                });
            }
            self.begun.store(true, Ordering::SeqCst);
            // Once nobody holds the gate, everything may pass.
            let _ = self.gate.recv();
            self.appended.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        }
    }

    struct Gate {
        open: std_mpsc::Sender<()>,
        begun: Arc<AtomicBool>,
        appended: Arc<Mutex<Vec<u8>>>,
    }

    fn lane(held: Box<dyn Any + Send>) -> (Lane, Gate) {
        let (open, gate) = std_mpsc::channel();
        let (begun, appended) = (Arc::default(), Arc::default());
        let append = Gated {
            gate,
            begun: Arc::clone(&begun),
            appended: Arc::clone(&appended),
        };
        let before = Taken {
            count: 3,
            hasher: Sha256::new_with_prefix("abc"),
        };
        let threads = Arc::new(Semaphore::new(1));
        let lane = Lane::start(before, Box::new(append), threads, Spare::default(), held);
        let gate = Gate {
            open,
            begun,
            appended,
        };
        (lane.unwrap(), gate)
    }

    #[tokio::test]
    async fn pieces_are_appended_and_hashed_in_their_order() {
        let (lane, gate) = lane(Box::new(()));
        drop(gate.open);
        for piece in ["d", "ef", "ghi", "j", "k", "l"] {
            let piece = piece.as_bytes().to_vec();
            lane.take(piece.into()).await.unwrap();
        }
        lane.all_taken().await.unwrap();
        let taken = lane.taken();
        assert_eq!(taken.count, 12);
        assert_eq!(taken.hasher.finalize(), Sha256::digest("abcdefghijkl"));
        assert_eq!(*gate.appended.lock().unwrap(), b"defghijkl");
    }

    #[tokio::test]
    async fn what_went_wrong_is_told_and_what_came_before_is_kept() {
        let (lane, gate) = lane(Box::new(()));
        drop(gate.open);
        lane.take(b"d".to_vec().into()).await.unwrap();
        lane.take(Vec::new().into()).await.unwrap();
        let fault = lane.all_taken().await.unwrap_err();
        assert!(matches!(fault, Fault::Unsafe { .. }), "{fault:?}");
        let taken = lane.taken();
        assert_eq!(taken.count, 4);
        assert_eq!(taken.hasher.finalize(), Sha256::digest("abcd"));
        assert!(lane.take(b"e".to_vec().into()).await.is_err());
    }

    #[tokio::test]
    async fn what_waits_is_not_taken_in_once_nobody_wants_it() {
        let held = Arc::new(());
        let (lane, gate) = lane(Box::new(Arc::clone(&held)));
        for piece in ["d", "e", "f"] {
            lane.take(piece.as_bytes().to_vec().into()).await.unwrap();
        }
        while !gate.begun.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        drop(lane);
        // Others are kept away for as long as the first one is being written.
        assert_eq!(Arc::strong_count(&held), 2);
        drop(gate.open);
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*gate.appended.lock().unwrap(), b"d");
    }
}

//! Servers that do not answer while one after them does: each sign-in waits for them first.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::failure::Failure;
use crate::auth::SilentServer;
use crate::config::LdapServer;
use crate::lasting::Lasting;
use crate::model::Timestamp;

/// The servers of a directory by their place in the settings, as they were when they were asked last.
#[derive(Debug)]
pub(super) struct Silent {
    names: Vec<String>,
    log: Vec<Lasting>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Since when each does not answer, and why.
    silent: Vec<Option<(Timestamp, String)>>,
    /// Which one answered last.
    used: Option<usize>,
}

impl Silent {
    pub(super) fn new(servers: &[LdapServer]) -> Self {
        Self {
            names: servers.iter().map(ToString::to_string).collect(),
            log: servers.iter().map(|_| Lasting::default()).collect(),
            known: Mutex::new(Known {
                silent: vec![None; servers.len()],
                used: None,
            }),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what came of asking a server.
    pub(super) fn note<T>(&self, number: usize, tried: &Result<T, Failure>) {
        match tried {
            Err(failure) if failure.is_of_transport() => self.failed(number, failure),
            // Nothing was asked of it.
            Err(Failure::HeldOff { .. } | Failure::Trust(_) | Failure::ThisMachine(_)) => {}
            _ => self.answered(number),
        }
    }

    /// The log tells it seldom.
    fn failed(&self, number: usize, failure: &Failure) {
        let mut known = self.known();
        let Some(place) = known.silent.get_mut(number) else {
            return;
        };
        let since = place
            .as_ref()
            .map_or_else(Timestamp::now, |(since, _)| *since);
        *place = Some((since, failure.to_string()));
        if self
            .log
            .get(number)
            .is_some_and(|it| it.is_so(Instant::now()))
        {
            tracing::warn!(%since, error = %failure, "a server of the directory does not answer");
        }
    }

    /// Those after it are not asked, so nothing is known of them.
    fn answered(&self, number: usize) {
        let mut known = self.known();
        known.used = Some(number);
        for (place, log) in known.silent.iter_mut().zip(&self.log).skip(number + 1) {
            *place = None;
            log.is_over();
        }
        if let (Some(place), Some(log), Some(server)) = (
            known.silent.get_mut(number),
            self.log.get(number),
            self.names.get(number),
        ) {
            *place = None;
            if log.is_over() {
                tracing::info!(server, "a server of the directory answers again");
            }
        }
    }

    /// Those before the one that is used.
    pub(super) fn servers(&self) -> Vec<SilentServer> {
        let known = self.known();
        let Some(used) = known.used else {
            return Vec::new();
        };
        let before = known.silent.iter().zip(&self.names).take(used);
        before
            .filter_map(|(place, name)| {
                let (since, reason) = place.clone()?;
                Some(SilentServer {
                    server: name.clone(),
                    since,
                    reason,
                    used: self.names.get(used)?.clone(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Result<(), Failure> {
        Err(Failure::Unreachable {
            server: "ldap://one".to_owned(),
            why: "no answer within 3 s".to_owned(),
        })
    }

    #[test]
    fn only_servers_before_the_one_that_is_used_are_told_of() {
        let servers = ["one", "two", "three"].map(|host| LdapServer {
            tls: false,
            host: host.to_owned(),
            port: 389,
        });
        let silent = Silent::new(&servers);
        let told = || {
            let told = silent.servers().into_iter();
            told.map(|one| (one.server, one.used)).collect::<Vec<_>>()
        };
        silent.note(0, &unreachable());
        assert_eq!(told(), [], "no other one answers");
        silent.note(1, &Ok(()));
        let one_for_two = || (servers[0].to_string(), servers[1].to_string());
        assert_eq!(told(), [one_for_two()]);
        // All of them for a while.
        for number in 0..3 {
            silent.note(number, &unreachable());
        }
        silent.note(1, &Ok(()));
        assert_eq!(told(), [one_for_two()]);
        silent.note(0, &Ok(()));
        assert_eq!(told(), []);
        // That this machine has nothing left for a connection says nothing of a server.
        silent.note::<()>(
            0,
            &Err(Failure::ThisMachine("too many open files".to_owned())),
        );
        silent.note(1, &Ok(()));
        assert_eq!(told(), []);
    }
}

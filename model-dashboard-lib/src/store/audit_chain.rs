//! The keyed chain over audit events: HMAC-SHA-256 (RFC 2104) over the digest before, the
//! number and every field.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::AuditKey;
use crate::audit::{ChainState, Event, NewEvent};

/// The digest before the first event.
const START: [u8; 32] = [0; 32];

/// What stands for the digest of an event that is not known: no event that follows it fits.
#[cfg(feature = "sqlite")]
const UNKNOWN: [u8; 32] = [0xff; 32];

/// Where a chain ends: what the next event follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) digest: [u8; 32],
}

impl Head {
    /// Before the first event.
    pub(super) const EMPTY: Head = Head {
        seq: 0,
        digest: START,
    };

    /// The head that is stored beside the events: it shows when newest events are missing, and
    /// only the key can make it.
    #[cfg(feature = "sqlite")]
    pub(super) fn seal(&self, key: &AuditKey) -> [u8; 32] {
        let mut mac = mac(key, b"head");
        mac.update(&self.seq.to_be_bytes());
        mac.update(&self.digest);
        mac.finalize().into_bytes().into()
    }

    /// Where to go on, given the number of the newest event that is stored and the sealed head
    /// beside it, if its seal is right.
    ///
    /// Nothing may make a broken chain look whole again, and a broken chain may not stop the
    /// log. So numbers go on after the higher of both, and the digest is that of the sealed
    /// head; without one it is that of no event, not even that of the beginning.
    #[cfg(feature = "sqlite")]
    pub(super) fn to_follow(newest: Option<u64>, sealed: Option<Head>) -> Head {
        let newest = newest.unwrap_or(0);
        match sealed {
            Some(sealed) => Head {
                seq: sealed.seq.max(newest),
                digest: sealed.digest,
            },
            None => Head {
                seq: newest,
                digest: UNKNOWN,
            },
        }
    }

    /// Numbers and chains `event`, moving the head onto it.
    pub(super) fn append(&mut self, key: &AuditKey, event: NewEvent) -> Event {
        self.seq += 1;
        self.digest = digest(key, &self.digest, self.seq, &event);
        Event {
            seq: self.seq,
            event,
            digest: hex::encode(self.digest),
        }
    }
}

/// Checks a chain event by event, in constant memory.
pub(super) struct Check<'k> {
    key: &'k AuditKey,
    head: Head,
}

impl<'k> Check<'k> {
    pub(super) fn new(key: &'k AuditKey) -> Check<'k> {
        Check {
            key,
            head: Head::EMPTY,
        }
    }

    /// Takes the next event as it is stored, by ascending number.
    pub(super) fn next(&mut self, stored: &Event) -> Result<(), ChainState> {
        let seq = self.head.seq + 1;
        if stored.seq != seq {
            return Err(broken(seq, format!("event {seq} is missing")));
        }
        let digest = digest(self.key, &self.head.digest, seq, &stored.event);
        if stored.digest != hex::encode(digest) {
            return Err(broken(
                seq,
                "its digest does not fit: this event or one before it was changed, removed or \
                 put in, or the audit key is another one"
                    .into(),
            ));
        }
        self.head = Head { seq, digest };
        Ok(())
    }

    /// What it means that the next event cannot even be read.
    #[cfg(feature = "sqlite")]
    pub(super) fn unreadable(&self, error: &dyn std::error::Error) -> ChainState {
        broken(
            self.head.seq + 1,
            format!("the event cannot be read: {error}"),
        )
    }

    /// The result, given the sealed head that is stored, if it is valid.
    pub(super) fn finish(self, sealed: Option<Head>) -> ChainState {
        let Head { seq, digest } = self.head;
        match sealed {
            Some(sealed) if sealed == self.head => ChainState::Intact {
                events: seq,
                head: (seq > 0).then(|| (seq, hex::encode(digest))),
            },
            Some(sealed) if sealed.seq > seq => broken(
                seq + 1,
                format!("events {} to {} are missing", seq + 1, sealed.seq),
            ),
            _ => broken(
                seq + 1,
                "the record of where the log ends was changed or removed".into(),
            ),
        }
    }
}

fn broken(at: u64, problem: String) -> ChainState {
    ChainState::Broken { at, problem }
}

fn mac(key: &AuditKey, purpose: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a key shorter than a block with zeros.
    let mut block = [0; 64];
    block[..32].copy_from_slice(&key.0);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    field(&mut mac, purpose);
    mac
}

/// Adds a field with its length before it, so that no two lists of fields give the same bytes.
fn field(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    mac.update(&(bytes.len() as u64).to_be_bytes());
    mac.update(bytes);
}

fn digest(key: &AuditKey, before: &[u8; 32], seq: u64, event: &NewEvent) -> [u8; 32] {
    // Named one by one, so that a field that is added is not forgotten here.
    let NewEvent {
        at,
        actor,
        actor_name,
        via,
        from,
        request_id,
        action,
        target,
        revision,
        reason,
        detail,
    } = event;
    let mut mac = mac(key, b"event");
    mac.update(before);
    mac.update(&seq.to_be_bytes());
    mac.update(&at.unix_micros().to_be_bytes());
    mac.update(&[u8::from(revision.is_some())]);
    mac.update(&revision.unwrap_or(0).to_be_bytes());
    let texts = [
        actor,
        actor_name,
        via,
        from,
        request_id,
        action.as_str(),
        target,
        reason,
        detail,
    ];
    for text in texts {
        field(&mut mac, text.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

//! A directory that breaks the rules, one at a time.

pub(crate) mod answers;
pub(crate) mod ber;
mod serving;
mod tap;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::authority::{Authority, Flaw};
use answers::Answer;
use ber::Operation;
use serving::accept;

/// What it does instead of a right answer.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// Nothing: every bind succeeds, even with an empty password, every search finds `mkeller`.
    Obliging,
    /// It takes connections and requests, and never answers, nor greets a client by TLS.
    BlackHole,
    /// It resets the connection instead of answering, after so many answers.
    ResetAfter(usize),
    /// One byte of each answer at a time, with a pause between two.
    Drip(Duration),
    /// Half an answer, and then the end.
    ClosesMidMessage,
    /// An answer of one's own, such as one of [`answers::MALFORMED`].
    Answer(Answer),
    /// 100,000 levels.
    DeeplyNested,
    /// One sound message with a text of 100 MB.
    Huge,
    /// Searches find ever more.
    EndlessEntries,
    /// A result with this code, such as 2 and 52 with which `StartTLS` is refused.
    Refuses(u8),
    /// A result that says to look there instead.
    Referral(String),
    /// A search finds `mkeller`, and says that there is more to be found there.
    SearchReference(String),
    /// A search finds `mkeller` and `anna`.
    TwoEntries,
    /// A search for anyone finds `dora`.
    AnotherPerson,
    WrongMessageId,
    /// The answer to a search after a bind, that to a bind else.
    WrongResponseType,
    NoticeOfDisconnection,
    /// The answers to the next two requests in plain text, right after the consent to start TLS.
    InjectsBeforeTls,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tls {
    #[default]
    Never,
    /// As `ldaps:` has it.
    AtOnce,
    /// By `StartTLS`.
    OnRequest,
}

/// What it does, when and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    /// Only to such requests; others get right answers. `None`: to each.
    pub(crate) to: Option<Operation>,
    pub(crate) tls: Tls,
    pub(crate) flaw: Flaw,
}

impl Plan {
    /// To each request, in plain text.
    pub(crate) fn of(mode: Mode) -> Self {
        Self {
            mode,
            to: None,
            tls: Tls::Never,
            flaw: Flaw::None,
        }
    }

    /// The same in answer to such requests only.
    pub(crate) fn to(self, operation: Operation) -> Self {
        let to = Some(operation);
        Self { to, ..self }
    }

    /// The same where TLS is spoken.
    pub(crate) fn by(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }
}

/// A server in this process, which ends when dropped.
#[derive(Debug)]
pub(crate) struct Evil {
    pub(crate) addr: SocketAddr,
    /// It signed the certificate.
    pub(crate) authority: Authority,
    shared: Arc<Shared>,
    _connections: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    tls: Arc<ServerConfig>,
    /// As it came over the network.
    wire: Arc<Mutex<Vec<u8>>>,
    /// As it was meant: TLS taken off.
    heard: Mutex<Vec<u8>>,
    requests: watch::Sender<Vec<Operation>>,
    open: watch::Sender<usize>,
    /// How many connections there ever were.
    taken: watch::Sender<usize>,
}

impl Evil {
    pub(crate) async fn start(mode: Mode) -> Self {
        Self::with(Plan::of(mode)).await
    }

    pub(crate) async fn with(plan: Plan) -> Self {
        let authority = Authority::new();
        let signed = authority.sign(&["127.0.0.1", "localhost"], plan.flaw);
        let shared = Arc::new(Shared {
            plan,
            tls: signed.server(),
            wire: Arc::default(),
            heard: Mutex::default(),
            requests: watch::Sender::default(),
            open: watch::Sender::default(),
            taken: watch::Sender::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, Arc::clone(&shared)));
        Self {
            addr,
            authority,
            shared,
            _connections: connections,
        }
    }

    /// `ldaps:` if it speaks TLS at once, else `ldap:`.
    pub(crate) fn url(&self) -> String {
        let scheme = match self.shared.plan.tls {
            Tls::AtOnce => "ldaps",
            _ => "ldap",
        };
        format!("{scheme}://{}", self.addr)
    }

    /// Whether it can be asked for TLS.
    pub(crate) fn has_certificate(&self) -> bool {
        !matches!(self.shared.plan.tls, Tls::Never)
    }

    /// Every byte that came over the network, as an eavesdropper has it.
    pub(crate) fn wire(&self) -> Vec<u8> {
        self.shared.wire.lock().unwrap().clone()
    }

    /// Every byte that it got to know, TLS taken off.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// Whether this came, be it by TLS or not.
    pub(crate) fn got(&self, text: &str) -> bool {
        let is_in = |bytes: Vec<u8>| ber::contains(&bytes, text.as_bytes());
        is_in(self.received()) || is_in(self.wire())
    }

    /// What it was asked, in order.
    pub(crate) fn requests(&self) -> Vec<Operation> {
        self.shared.requests.borrow().clone()
    }

    /// Waits until it was asked this.
    pub(crate) async fn asked(&self, operation: Operation) {
        let mut requests = self.shared.requests.subscribe();
        let asked = requests.wait_for(|requests| requests.contains(&operation));
        tokio::time::timeout(PATIENCE, asked)
            .await
            .unwrap()
            .unwrap();
    }

    /// How many connections it has that no side has ended.
    pub(crate) fn open_connections(&self) -> usize {
        *self.shared.open.borrow()
    }

    /// How many connections it ever had.
    pub(crate) fn connections(&self) -> usize {
        *self.shared.taken.borrow()
    }

    /// Waits until no connection is left, for 10 seconds at most.
    pub(crate) async fn none_left(&self) {
        let mut open = self.shared.open.subscribe();
        let none = open.wait_for(|open| *open == 0);
        tokio::time::timeout(PATIENCE, none).await.unwrap().unwrap();
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

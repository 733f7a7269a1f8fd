//! People of directories: who left, who came back, and directories that do not answer.

mod answering;
mod doubts;
mod guessing;
mod limits;
mod role_groups;
mod rounds;
mod stale;
mod trouble;
mod turned_away;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use tokio::sync::{Notify, watch};

use super::faults::until;
use super::signing_in::typed;
use super::sources::directory;
use super::*;
use crate::auth::{
    AuthenticationError, Authenticator, Diagnosis, DiagnosisStep, GrantedRole, Guesses, Identity,
    IdentityId, Permission, Refusal, RoleOrigin, SilentServer, Source, SourcePart, Standing,
    UserChange, Verdict,
};

const WRONG: &str = "a wrong password";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory in memory. Any password is right but [`WRONG`].
#[derive(Debug)]
pub(super) struct Staff {
    source: Source,
    can_recheck: bool,
    people: Mutex<BTreeMap<String, Identity>>,
    /// By what else it finds whom.
    typed: Mutex<Vec<(Username, String)>>,
    /// Who worked there, and does no more.
    past: Mutex<BTreeMap<String, Identity>>,
    /// Of whom it cannot say anything.
    strange: Mutex<BTreeSet<String>>,
    /// At whom it fails.
    fails_at: Mutex<BTreeSet<String>>,
    /// How many it comes to in the time for one question.
    comes_to: AtomicUsize,
    away: AtomicBool,
    /// The roles whose groups it does not show.
    hidden: Mutex<Vec<Role>>,
    /// Whom it was asked about, question by question.
    asked: Mutex<Vec<usize>>,
    /// While set, an answer waits for `go_on`.
    held: AtomicBool,
    /// Whether it is made before it waits.
    is_made_first: AtomicBool,
    /// How long one that is made takes to come.
    takes: Mutex<Duration>,
    go_on: Notify,
    /// How many sign-ins were begun. While `sign_ins_held` is set they wait with their answers, until
    /// it is not.
    sign_ins: AtomicU32,
    /// How many passwords it was sent, and whether it says nothing to them.
    passwords: AtomicU32,
    is_dumb: AtomicBool,
    /// How far one comes.
    fault: Mutex<Option<SourcePart>>,
    /// Whose entry tells that they are in, also where groups cannot be seen.
    members: Mutex<BTreeSet<String>>,
    /// A server that does not answer, while another one does.
    silent: Mutex<Option<SilentServer>>,
    /// Why who worked there is not let in.
    says: Mutex<Refusal>,
    sign_ins_held: watch::Sender<bool>,
}

impl Staff {
    fn new(can_recheck: bool) -> Arc<Staff> {
        Staff::of("clinic", can_recheck)
    }

    pub(super) fn of(source: &str, can_recheck: bool) -> Arc<Staff> {
        Arc::new(Staff {
            source: directory(source),
            can_recheck,
            people: Mutex::default(),
            past: Mutex::default(),
            strange: Mutex::default(),
            fails_at: Mutex::default(),
            comes_to: AtomicUsize::new(usize::MAX),
            typed: Mutex::default(),
            away: AtomicBool::new(false),
            hidden: Mutex::default(),
            asked: Mutex::default(),
            held: AtomicBool::new(false),
            is_made_first: AtomicBool::new(false),
            takes: Mutex::default(),
            go_on: Notify::new(),
            sign_ins: AtomicU32::new(0),
            passwords: AtomicU32::new(0),
            is_dumb: AtomicBool::new(false),
            fault: Mutex::default(),
            members: Mutex::default(),
            silent: Mutex::default(),
            says: Mutex::new(Refusal::NotInGroup),
            sign_ins_held: watch::Sender::new(false),
        })
    }

    fn id(&self, subject: &str) -> IdentityId {
        IdentityId::new(self.source.clone(), subject)
    }

    /// Somebody who works there from now on.
    fn hire(&self, subject: &str) -> Identity {
        self.hire_as(subject, &format!("{subject}-name"))
    }

    pub(super) fn hire_as(&self, subject: &str, name: &str) -> Identity {
        let identity = Identity {
            id: self.id(subject),
            username: Username::parse(name).unwrap(),
            display_name: subject.to_owned(),
            email: None,
            groups: Vec::new(),
            role: None,
        };
        self.change(identity.clone());
        identity
    }

    /// From now on the directory finds somebody by `typed`, and has this mail address of them.
    pub(super) fn answers_to(&self, subject: &str, typed: &str, mail: Option<&str>) {
        let mut people = self.people.lock().unwrap();
        let email = mail.map(str::to_owned);
        people.get_mut(subject).unwrap().email = email;
        let typed = Username::parse(typed).unwrap();
        self.typed.lock().unwrap().push((typed, subject.to_owned()));
    }

    fn is_called(&self, identity: &Identity, typed: &Username) -> bool {
        let is_typed = |(name, subject): &(Username, String)| {
            name == typed && **subject == *identity.id.subject
        };
        identity.username == *typed || self.typed.lock().unwrap().iter().any(is_typed)
    }

    fn change(&self, identity: Identity) {
        let subject = identity.id.subject.to_string();
        self.people.lock().unwrap().insert(subject, identity);
    }

    pub(super) fn dismiss(&self, subject: &str) {
        let identity = self.people.lock().unwrap().remove(subject).unwrap();
        let mut past = self.past.lock().unwrap();
        past.insert(subject.to_owned(), identity);
    }

    fn dismiss_all(&self) {
        let people = std::mem::take(&mut *self.people.lock().unwrap());
        self.past.lock().unwrap().extend(people);
    }

    fn leave_alone(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn answers(&self) -> Result<(), AuthenticationError> {
        match (self.away.load(Ordering::SeqCst), self.fault()) {
            (true, _) => Err(unavailable("the line is cut")),
            (false, Some(part)) if part <= SourcePart::People => Err(unusable(part)),
            (false, _) => Ok(()),
        }
    }

    fn says(&self, refusal: Refusal) {
        *self.says.lock().unwrap() = refusal;
    }

    fn fault(&self) -> Option<SourcePart> {
        *self.fault.lock().unwrap()
    }

    fn is_member(&self, typed: &Username) -> bool {
        let found = self.found(typed);
        found.is_some_and(|one| self.members.lock().unwrap().contains(&*one.id.subject))
    }

    fn break_at(&self, part: impl Into<Option<SourcePart>>) {
        *self.fault.lock().unwrap() = part.into();
    }

    /// Who is found by this name.
    fn found(&self, typed: &Username) -> Option<Identity> {
        let people = self.people.lock().unwrap();
        let mut found = people.values().filter(|one| self.is_called(one, typed));
        found.next().cloned()
    }

    fn answers_about(&self, ids: &[IdentityId]) -> Vec<Result<Standing, AuthenticationError>> {
        let people = self.people.lock().unwrap();
        let comes_to = self.comes_to.load(Ordering::SeqCst);
        let look = |(number, id): (usize, &IdentityId)| {
            self.answers()?;
            let is_in =
                |some: &Mutex<BTreeSet<String>>| some.lock().unwrap().contains(&*id.subject);
            if is_in(&self.strange) {
                let reason = "the entry is strange".to_owned();
                return Err(AuthenticationError::Undecided { reason });
            }
            if number >= comes_to || is_in(&self.fails_at) {
                return Err(unavailable("the time is up"));
            }
            let gone = || Standing::Left(self.says.lock().unwrap().clone());
            let found = people.get(&*id.subject).cloned();
            Ok(found.map_or_else(gone, Standing::There))
        };
        ids.iter().enumerate().map(look).collect()
    }

    /// From now on its answers come only so long after they were made.
    fn takes(&self, time: Duration) {
        *self.takes.lock().unwrap() = time;
        self.is_made_first.store(true, Ordering::SeqCst);
    }

    fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn unavailable(reason: &str) -> AuthenticationError {
    AuthenticationError::Unavailable {
        reason: reason.to_owned(),
        source: None,
    }
}

fn unusable(part: SourcePart) -> AuthenticationError {
    AuthenticationError::Unusable {
        part,
        reason: format!("{part:?} is broken"),
    }
}

#[async_trait::async_trait]
impl Authenticator for Staff {
    fn source(&self) -> &Source {
        &self.source
    }

    fn label(&self) -> &str {
        "Clinic"
    }

    async fn authenticate(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<Identity, AuthenticationError> {
        self.answers()?;
        if password.expose() == WRONG {
            return Err(Refusal::WrongPassword.into());
        }
        if let Some(part) = self.fault()
            && !(part == SourcePart::Groups && self.is_member(username))
        {
            return Err(unusable(part));
        }
        let of = |people: &Mutex<BTreeMap<String, Identity>>| {
            let people = people.lock().unwrap();
            let mut found = people.values().filter(|one| self.is_called(one, username));
            found.next().cloned()
        };
        let found = (of(&self.people), of(&self.past));
        self.sign_ins.fetch_add(1, Ordering::SeqCst);
        let mut held = self.sign_ins_held.subscribe();
        held.wait_for(|held| !held).await.unwrap();
        match found {
            (Some(identity), _) => Ok(identity),
            (None, Some(past)) => Err(AuthenticationError::Barred {
                id: past.id,
                refusal: self.says.lock().unwrap().clone(),
            }),
            (None, None) => Err(Refusal::UnknownUser.into()),
        }
    }

    fn silent_servers(&self) -> Vec<SilentServer> {
        self.silent.lock().unwrap().iter().cloned().collect()
    }

    async fn authenticate_counted(
        &self,
        username: &Username,
        password: &Password,
        guesses: &dyn Guesses,
    ) -> Result<Identity, AuthenticationError> {
        self.answers()?;
        if let Some(found) = self.found(username) {
            if !guesses.may_try(&found.id.subject) {
                return Err(Refusal::TooEarly.into());
            }
            self.passwords.fetch_add(1, Ordering::SeqCst);
            if self.is_dumb.load(Ordering::SeqCst) {
                return Err(unavailable("the line is cut"));
            }
            if password.expose() != WRONG {
                guesses.password_is_right();
            }
        }
        self.authenticate(username, password).await
    }

    fn can_recheck(&self) -> bool {
        self.can_recheck
    }

    async fn recheck(&self, ids: &[IdentityId]) -> Vec<Result<Standing, AuthenticationError>> {
        self.asked.lock().unwrap().push(ids.len());
        let first = self.answers_about(ids);
        if self.held.load(Ordering::SeqCst) {
            self.go_on.notified().await;
        }
        let takes = *self.takes.lock().unwrap();
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        match self.is_made_first.load(Ordering::SeqCst) {
            true => first,
            false => self.answers_about(ids),
        }
    }

    async fn probe(&self) -> Result<SourcePart, AuthenticationError> {
        self.answers()?;
        match self.fault() {
            Some(part) => Err(unusable(part)),
            None => Ok(SourcePart::Groups),
        }
    }

    async fn diagnose(&self, username: Option<&Username>) -> Diagnosis {
        let verdict = match self.answers() {
            Ok(()) => Verdict::Well,
            Err(_) => Verdict::Failed,
        };
        let step = |name: String, verdict, saw: &str| DiagnosisStep {
            name,
            verdict,
            saw: saw.to_owned(),
            advice: None,
        };
        let mut steps = vec![step("line".to_owned(), verdict, "")];
        for role in Role::ALL {
            let (verdict, saw) = match self.hidden.lock().unwrap().contains(role) {
                true => (Verdict::Warning, "the group is not there"),
                false => (Verdict::Well, ""),
            };
            steps.push(step(format!("groups of role {role}"), verdict, saw));
        }
        let people = self.people.lock().unwrap();
        let found = people.values().find(|one| username == Some(&one.username));
        Diagnosis {
            steps,
            identity: found.cloned(),
        }
    }
}

/// A dashboard with a directory, which is asked by nobody but the test.
async fn world(staff: &Arc<Staff>) -> World {
    let staff = staff.clone();
    World::with(|builder| builder.authenticator(staff).without_rechecks()).await
}

/// One that looks around so seldom that no test waits for it, unless a round is brought forward.
async fn patient_world(staff: &Arc<Staff>) -> World {
    let staff = staff.clone();
    let policy = Policy {
        recheck_interval: Duration::from_secs(30),
        ..Policy::default()
    };
    let world = World::with(|builder| builder.authenticator(staff).policy(policy)).await;
    // The first round, in which there is nobody yet.
    tokio::task::yield_now().await;
    world
}

/// One that looks around all the time.
async fn restless_world(staff: &Arc<Staff>) -> World {
    let staff = staff.clone();
    let policy = Policy {
        recheck_interval: Duration::from_millis(200),
        ..Policy::default()
    };
    World::with(|builder| builder.authenticator(staff).policy(policy)).await
}

impl World {
    /// Somebody of a directory who was last vouched for, and signed in, so long ago.
    async fn known(&self, identity: &Identity, ago: Duration) -> User {
        let at = Timestamp::now().minus(ago);
        let known = self
            .store
            .remember(identity, Role::Publisher, true, at)
            .await;
        self.dashboard.inner.access.forget_account(&identity.id);
        known.unwrap()
    }

    /// Somebody new of a directory, with a token.
    async fn employee(&self, staff: &Staff, subject: &str, ago: Duration) -> (User, String) {
        let user = self.known(&staff.hire(subject), ago).await;
        let (bearer, _) = self
            .token(&user, Permissions::of(&[Permission::ModelsRead]))
            .await;
        (user, bearer)
    }

    async fn recheck(&self, staff: &Staff, believe: bool) -> SourceRecheck {
        let host = self.host();
        let done = self.dashboard.recheck_source(&host, &staff.source, believe);
        done.await.unwrap()
    }

    async fn sign_in_at(&self, staff: &Staff, name: &str) -> Result<SignedIn, Error> {
        self.sign_in_with(staff, name, "any").await
    }

    async fn sign_in_with(
        &self,
        staff: &Staff,
        name: &str,
        password: &str,
    ) -> Result<SignedIn, Error> {
        let typed = SignIn {
            source: Some(staff.source.clone()),
            ..typed(name, password)
        };
        self.dashboard.sign_in(typed, request("192.0.2.1")).await
    }

    async fn state(&self) -> SourceState {
        let states = self.dashboard.source_states(&self.host()).await;
        states.unwrap().remove(0)
    }
}

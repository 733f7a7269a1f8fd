//! A directory in memory, and signing in there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::StatusCode;
use model_dashboard::auth::{
    AuthenticationError, Authenticator, Diagnosis, DiagnosisStep, GrantedRole, Identity,
    IdentityId, Password, Refusal, Role, Source, SourceFact, Standing, Username, Verdict,
};
use model_dashboard::dashboard::{Dashboard, Policy};
use model_dashboard::repository::MemoryRepository;
use model_dashboard::store::MemoryStore;

use crate::app::{App, Client, PASSWORD};

pub const GROUP: &str = "cn=Readers-of-Models,ou=Segmentation,ou=Groups,dc=clinic,dc=example";

/// A directory in memory, which takes [`PASSWORD`] of everybody.
#[derive(Debug)]
pub struct Clinic {
    source: Source,
    can_recheck: bool,
    pub people: Mutex<BTreeMap<String, Identity>>,
    pub away: AtomicBool,
    /// Whether it does not show a group that gives a role.
    pub hides_a_group: AtomicBool,
}

impl Clinic {
    pub fn new(can_recheck: bool, names: &[&str]) -> Arc<Clinic> {
        let source = Source::parse("clinic").unwrap();
        let person = |name: &&str| {
            let identity = Identity {
                id: IdentityId::new(source.clone(), format!("id-of-{name}")),
                username: Username::parse(name).unwrap(),
                display_name: (*name).to_owned(),
                email: None,
                groups: vec![GROUP.to_owned()],
                role: Some(GrantedRole {
                    role: Role::Viewer,
                    reason: format!("member of {GROUP}"),
                }),
            };
            (identity.id.subject.to_string(), identity)
        };
        let people = names.iter().map(person).collect();
        Arc::new(Clinic {
            source: source.clone(),
            can_recheck,
            people: Mutex::new(people),
            away: AtomicBool::new(false),
            hides_a_group: AtomicBool::new(false),
        })
    }

    pub async fn serve(self: &Arc<Self>) -> App {
        serve(self.clone()).await
    }

    fn answers(&self) -> Result<(), AuthenticationError> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(AuthenticationError::Unavailable {
                reason: "the line is cut".to_owned(),
                source: None,
            }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Authenticator for Clinic {
    fn source(&self) -> &Source {
        &self.source
    }

    fn label(&self) -> &str {
        "Clinic account"
    }

    fn facts(&self) -> Vec<SourceFact> {
        vec![SourceFact {
            name: "Servers".to_owned(),
            values: vec![
                "ldaps://one.clinic".to_owned(),
                "ldaps://two.clinic".to_owned(),
            ],
        }]
    }

    async fn authenticate(
        &self,
        username: &Username,
        password: &Password,
    ) -> Result<Identity, AuthenticationError> {
        self.answers()?;
        let people = self.people.lock().unwrap();
        let found = people.values().find(|one| one.username == *username);
        match found {
            Some(found) if password.expose() == PASSWORD => Ok(found.clone()),
            Some(_) => Err(Refusal::PasswordExpired.into()),
            None => Err(Refusal::NotInGroup.into()),
        }
    }

    fn can_recheck(&self) -> bool {
        self.can_recheck
    }

    async fn recheck(&self, ids: &[IdentityId]) -> Vec<Result<Standing, AuthenticationError>> {
        let people = self.people.lock().unwrap();
        let gone = || Standing::Left(Refusal::NotInGroup);
        let standing = |id: &IdentityId| {
            let found = people.get(&*id.subject).cloned();
            found.map_or_else(gone, Standing::There)
        };
        let look = |id: &IdentityId| self.answers().map(|()| standing(id));
        ids.iter().map(look).collect()
    }

    async fn diagnose(&self, username: Option<&Username>) -> Diagnosis {
        let mut diagnosis = Diagnosis::default();
        let verdict = match self.answers() {
            Ok(()) => Verdict::Well,
            Err(_) => Verdict::Failed,
        };
        diagnosis.steps.push(DiagnosisStep {
            name: "connection".to_owned(),
            verdict,
            saw: "a line".to_owned(),
            advice: (verdict == Verdict::Failed).then(|| "mend the line".to_owned()),
        });
        if self.hides_a_group.load(Ordering::SeqCst) {
            diagnosis.steps.push(DiagnosisStep {
                name: "groups of role admin".to_owned(),
                verdict: Verdict::Warning,
                saw: "cn=admins is not there".to_owned(),
                advice: None,
            });
        }
        let people = self.people.lock().unwrap();
        diagnosis.identity = people
            .values()
            .find(|it| username == Some(&it.username))
            .cloned();
        diagnosis
    }
}

/// Posts a form as somebody who is signed in.
pub async fn post(browser: &Client, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let csrf = browser.get("/profile").await.csrf();
    let fields = [&[("csrf", csrf.as_str())], fields].concat();
    let answer = browser.post_form(path, &fields).await;
    (answer.status, answer.text())
}

/// A dashboard beside a directory, which is asked by sign-ins alone.
pub async fn serve(directory: Arc<dyn Authenticator>) -> App {
    serve_by(directory, Policy::default()).await
}

/// The same, by this policy.
pub async fn serve_by(directory: Arc<dyn Authenticator>, policy: Policy) -> App {
    let dashboard = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .accounts(Arc::new(MemoryStore::new()))
        .authenticator(directory)
        .policy(policy)
        .without_rechecks()
        .build()
        .await
        .unwrap();
    App::serving(dashboard).await
}

/// Signs in at a source; answers the status and the page.
pub async fn sign_in(
    app: &App,
    source: &str,
    name: &str,
    password: &str,
) -> (Client, StatusCode, String) {
    let stranger = Client::new(app.pages);
    let form = stranger.get("/login").await;
    let browser = stranger.with("cookie", form.cookies().as_str());
    let fields = [
        ("csrf", form.csrf()),
        ("source", source.to_owned()),
        ("username", name.to_owned()),
        ("password", password.to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let answer = browser.post_form("/login", &fields).await;
    let signed_in = stranger.with("cookie", answer.cookies().as_str());
    (signed_in, answer.status, answer.text())
}

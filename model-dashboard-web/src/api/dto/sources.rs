//! Directories, and what they say of people, on the wire.

use model_dashboard::auth::{Diagnosis, DiagnosisStep, Identity, Role};
use model_dashboard::dashboard::{Rechecked, SourceRecheck, SourceState, SourceTrouble};
use model_dashboard::model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Account;
use crate::api::fields::{Body, Fields};

/// The directories.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Sources {
    /// How many.
    total: usize,
    /// The directories, in the order of configuration.
    sources: Vec<SourceHealth>,
}

/// A directory, and how it does.
#[derive(Debug, Serialize, ToSchema)]
struct SourceHealth {
    /// Its name.
    #[schema(example = "ldap")]
    source: String,
    /// What people read at sign-in.
    label: String,
    /// Whether it can be asked about people without their passwords.
    can_recheck: bool,
    /// `healthy`, `failing` (nobody can sign in with it), `required_group` (it refuses people
    /// with the right password for a group that it does not show them), `doubted` (it says of people that they
    /// left, which is not believed), `role_groups` (it does not show a group that gives
    /// a role, so nobody has that role by it, or several of the name) or `servers` (one of its servers
    /// does not answer, and each sign-in tries that one first).
    #[schema(example = "healthy")]
    status: &'static str,
    /// Since when, if it does not do well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl From<Vec<SourceState>> for Sources {
    fn from(states: Vec<SourceState>) -> Sources {
        Sources {
            total: states.len(),
            sources: states.into_iter().map(SourceHealth::from).collect(),
        }
    }
}

impl From<SourceState> for SourceHealth {
    fn from(state: SourceState) -> SourceHealth {
        let trouble = state.trouble();
        SourceHealth {
            source: state.source.to_string(),
            label: state.label,
            can_recheck: state.can_recheck,
            status: trouble.as_ref().map_or("healthy", SourceTrouble::as_str),
            since: trouble.as_ref().map(SourceTrouble::since),
            message: trouble.as_ref().map(SourceTrouble::reason),
        }
    }
}

/// What came of a look at somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct RecheckAnswer {
    /// `still_there`, `changed`, `left`, `doubted` (of too many at once, so nothing was changed) or
    /// `no_answer`.
    #[schema(example = "still_there")]
    outcome: &'static str,
    /// What changed, why they may not sign in any more, or why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// How many sessions ended.
    sessions_ended: u64,
    /// How many tokens were revoked.
    tokens_revoked: u64,
    /// The account now.
    account: Account,
}

impl From<Rechecked> for RecheckAnswer {
    fn from(done: Rechecked) -> RecheckAnswer {
        let (sessions_ended, tokens_revoked) = done.outcome.lost();
        RecheckAnswer {
            outcome: done.outcome.as_str(),
            detail: done.outcome.detail().map(str::to_owned),
            sessions_ended,
            tokens_revoked,
            account: (&done.user).into(),
        }
    }
}

/// What came of a look at everybody of a directory.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SourceRecheckAnswer {
    /// How many people were asked about.
    asked: usize,
    /// Who may sign in.
    still_there: usize,
    /// Of those, of whom something changed.
    changed: usize,
    /// Who left, and lost everything.
    left: usize,
    /// Who is said to have left, which is not believed.
    doubted: usize,
    /// Of whom the directory did not say anything.
    unanswered: usize,
    /// Why, of the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<SourceRecheck> for SourceRecheckAnswer {
    fn from(done: SourceRecheck) -> SourceRecheckAnswer {
        SourceRecheckAnswer {
            asked: done.asked,
            still_there: done.still_there,
            changed: done.changed,
            left: done.left,
            doubted: done.doubted,
            unanswered: done.unanswered,
            reason: done.reason,
        }
    }
}

/// Whether to believe whatever the directory says.
#[derive(Debug, Default, ToSchema)]
pub(in crate::api) struct Believe {
    /// Also that many people left at once. Default: false.
    #[schema(required = false)]
    pub(in crate::api) believe: bool,
}

impl Body for Believe {
    fn read(fields: &mut Fields) -> Option<Believe> {
        let believe = fields.optional("believe").unwrap_or_default();
        Some(Believe { believe })
    }
}

/// Whom to look for.
#[derive(Debug, Default, ToSchema)]
pub(in crate::api) struct AskedPerson {
    /// A name to sign in with; left out, nobody is looked for.
    pub(in crate::api) username: Option<String>,
}

impl Body for AskedPerson {
    fn read(fields: &mut Fields) -> Option<AskedPerson> {
        let username = fields.optional("username");
        Some(AskedPerson { username })
    }
}

/// The steps of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct DiagnosisAnswer {
    /// Whether no step failed.
    ok: bool,
    /// The steps, up to the first that failed and made the others pointless.
    steps: Vec<Step>,
    /// Who the name belongs to, as they would be after a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<FoundPerson>,
}

/// One step of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
struct Step {
    /// What was tried.
    #[schema(example = "TLS")]
    name: String,
    /// `ok`, `warning` or `failed`.
    #[schema(example = "ok")]
    verdict: &'static str,
    /// What was seen.
    saw: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Somebody in a directory.
#[derive(Debug, Serialize, ToSchema)]
struct FoundPerson {
    /// The id in the directory; stays when the name changes.
    subject: String,
    /// The name to sign in with.
    username: String,
    /// The name people read.
    display_name: String,
    /// Mail address.
    email: Option<String>,
    /// The groups.
    groups: Vec<String>,
    /// The role that the directory gives; none if it gives none.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// Why.
    role_reason: Option<String>,
}

impl From<Diagnosis> for DiagnosisAnswer {
    fn from(diagnosis: Diagnosis) -> DiagnosisAnswer {
        DiagnosisAnswer {
            ok: diagnosis.is_well(),
            steps: diagnosis.steps.into_iter().map(Step::from).collect(),
            person: diagnosis.identity.map(FoundPerson::from),
        }
    }
}

impl From<DiagnosisStep> for Step {
    fn from(step: DiagnosisStep) -> Step {
        Step {
            name: step.name,
            verdict: step.verdict.as_str(),
            saw: step.saw,
            advice: step.advice,
        }
    }
}

impl From<Identity> for FoundPerson {
    fn from(identity: Identity) -> FoundPerson {
        let (role, role_reason) = match identity.role {
            Some(granted) => (Some(granted.role), Some(granted.reason)),
            None => (None, None),
        };
        FoundPerson {
            subject: identity.id.subject.to_string(),
            username: identity.username.to_string(),
            display_name: identity.display_name,
            email: identity.email,
            groups: identity.groups,
            role,
            role_reason,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use model_dashboard::auth::{GrantedRole, IdentityId, Source, Username, Verdict};

    use super::*;

    fn identity(role: Option<GrantedRole>) -> Identity {
        Identity {
            id: IdentityId::new(Source::parse("ldap").unwrap(), "1f"),
            username: Username::parse("rlopez").unwrap(),
            display_name: "Rosa López".to_owned(),
            email: None,
            groups: vec!["cn=a,dc=x".to_owned()],
            role,
        }
    }

    /// The command line writes the library's own form.
    #[test]
    fn the_api_tells_what_a_walk_saw_as_the_command_line_does() {
        let step = |verdict, advice: Option<&str>| DiagnosisStep {
            name: "TLS".to_owned(),
            verdict,
            saw: "a certificate".to_owned(),
            advice: advice.map(str::to_owned),
        };
        let reason = "group cn=a,dc=x".to_owned();
        let granted = GrantedRole {
            role: Role::Viewer,
            reason,
        };
        for person in [None, Some(identity(None)), Some(identity(Some(granted)))] {
            let mut diagnosis = Diagnosis::default();
            diagnosis.steps = vec![
                step(Verdict::Well, None),
                step(Verdict::Warning, Some("look at it")),
                step(Verdict::Failed, None),
            ];
            diagnosis.identity = person;
            let own = serde_json::to_value(&diagnosis).unwrap();
            let answer = serde_json::to_value(DiagnosisAnswer::from(diagnosis)).unwrap();
            assert_eq!(answer, own);
        }
    }

    #[test]
    fn the_api_tells_of_a_look_at_everybody_as_the_command_line_does() {
        for reason in [None, Some("the line is cut".to_owned())] {
            let mut done = SourceRecheck::default();
            (done.asked, done.still_there, done.changed) = (9, 4, 1);
            (done.left, done.doubted, done.unanswered) = (2, 1, 2);
            done.reason = reason;
            let own = serde_json::to_value(&done).unwrap();
            let answer = serde_json::to_value(SourceRecheckAnswer::from(done)).unwrap();
            assert_eq!(answer, own);
        }
    }
}

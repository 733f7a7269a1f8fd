//! What a walk through the steps of a sign-in saw.

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

use super::{Identity, Role, User};

/// What came of asking a source whether people could sign in now: the steps in their order, and
/// who a name belongs to, if one was asked for and found. Serialises as front ends tell it: `ok`,
/// `steps`, `person`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The steps, up to the first that failed and made the others pointless.
    pub steps: Vec<DiagnosisStep>,
    /// The person as they would be after a sign-in: names, groups, and the role that the source
    /// gives with the reason. Nobody signs in by this.
    pub identity: Option<Identity>,
}

impl Diagnosis {
    /// Whether no step failed.
    #[must_use]
    pub fn is_well(&self) -> bool {
        !self.steps.iter().any(DiagnosisStep::has_failed)
    }
}

/// One step of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiagnosisStep {
    /// What was tried, in a few words: “TLS”, “service account”.
    pub name: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen, fit for an administrator to read; never a secret.
    pub saw: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl DiagnosisStep {
    /// What is known here of somebody whom their source would let in, if that keeps them out, or
    /// costs them something.
    #[must_use]
    pub fn of_account(user: &User) -> Option<DiagnosisStep> {
        if user.is_active {
            return None;
        }
        let (verdict, saw, advice) = match user.left_at {
            None => (
                Verdict::Failed,
                "disabled here by an administrator, so a sign-in is refused".to_owned(),
                "enable it under Admin → Users, or with `model-dashboard user enable`",
            ),
            Some(_) => (
                Verdict::Warning,
                format!(
                    "known to have left ({}); the next sign-in brings it back",
                    user.left_reason.as_deref().unwrap_or("no reason is known")
                ),
                "what they had before needs to be made anew",
            ),
        };
        Some(DiagnosisStep {
            name: "account here".to_owned(),
            verdict,
            saw,
            advice: Some(advice.to_owned()),
        })
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// As it should.
    #[serde(rename = "ok")]
    Well,
    /// It works, but could be better.
    Warning,
    /// It does not work.
    Failed,
}

impl Verdict {
    /// Its name, for programs: `ok`, `warning`, `failed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Well => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
        }
    }
}

impl Serialize for Diagnosis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let person = self.identity.as_ref().map(Person::from);
        let fields = 2 + usize::from(person.is_some());
        let mut object = serializer.serialize_struct("Diagnosis", fields)?;
        object.serialize_field("ok", &self.is_well())?;
        object.serialize_field("steps", &self.steps)?;
        match &person {
            Some(person) => object.serialize_field("person", person)?,
            None => object.skip_field("person")?,
        }
        object.end()
    }
}

/// Somebody who was found, for programs.
#[derive(Serialize)]
struct Person<'a> {
    subject: &'a str,
    username: &'a str,
    display_name: &'a str,
    email: Option<&'a str>,
    groups: &'a [String],
    role: Option<Role>,
    role_reason: Option<&'a str>,
}

impl<'a> From<&'a Identity> for Person<'a> {
    fn from(identity: &'a Identity) -> Person<'a> {
        let granted = identity.role.as_ref();
        Person {
            subject: &identity.id.subject,
            username: identity.username.as_str(),
            display_name: &identity.display_name,
            email: identity.email.as_deref(),
            groups: &identity.groups,
            role: granted.map(|granted| granted.role),
            role_reason: granted.map(|granted| granted.reason.as_str()),
        }
    }
}

//! What a walk through the steps of a sign-in saw.

use super::Identity;

/// What came of asking a source whether people could sign in now: the steps in their order, and
/// who a name belongs to, if one was asked for and found.
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
        let failed = |step: &DiagnosisStep| step.verdict == Verdict::Failed;
        !self.steps.iter().any(failed)
    }
}

/// One step of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnosisStep {
    /// What was tried, in a few words: “TLS”, “service account”.
    pub name: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen, fit for an administrator to read; never a secret.
    pub saw: String,
    /// What to do, where something is to be done.
    pub advice: Option<String>,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// As it should.
    Well,
    /// It works, but could be better.
    Warning,
    /// It does not work.
    Failed,
}

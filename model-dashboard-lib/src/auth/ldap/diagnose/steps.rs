//! The steps so far.

use super::super::failure::Failure;
use crate::auth::{Diagnosis, DiagnosisStep, Identity, Verdict};

#[derive(Default)]
pub(super) struct Steps(Diagnosis);

impl Steps {
    pub(super) fn note(
        &mut self,
        name: &str,
        verdict: Verdict,
        saw: impl Into<String>,
        advice: Option<&str>,
    ) {
        self.0.steps.push(DiagnosisStep {
            name: name.to_owned(),
            verdict,
            saw: saw.into(),
            advice: advice.map(str::to_owned),
        });
    }

    pub(super) fn well(&mut self, name: &str, saw: impl Into<String>) {
        self.note(name, Verdict::Well, saw, None);
    }

    /// What a failure says before its semicolon was seen; what follows is to be done.
    pub(super) fn failed(&mut self, name: &str, verdict: Verdict, failure: &Failure) {
        self.told(name, verdict, &failure.to_string());
    }

    /// The same for its text.
    pub(super) fn told(&mut self, name: &str, verdict: Verdict, text: &str) {
        let (saw, advice) = match text.split_once("; ") {
            Some((saw, advice)) => (saw, Some(advice)),
            None => (text, None),
        };
        self.note(name, verdict, saw, advice);
    }

    /// Says more of the last step.
    pub(super) fn add(&mut self, more: &str) {
        if let Some(step) = self.0.steps.last_mut() {
            step.saw = format!("{}; {more}", step.saw);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.steps.len()
    }

    /// What failed after so many steps keeps nobody out.
    pub(super) fn forgive(&mut self, after: usize) {
        for step in self.0.steps.iter_mut().skip(after) {
            if step.verdict == Verdict::Failed {
                step.verdict = Verdict::Warning;
            }
        }
    }

    /// What failed in the step of this name keeps this person out of nothing.
    pub(super) fn excuse(&mut self, name: &str) {
        let mut steps = self.0.steps.iter_mut();
        if let Some(step) = steps.find(|step| step.name == name && step.has_failed()) {
            step.verdict = Verdict::Warning;
        }
    }

    pub(super) fn last(&self) -> Option<&DiagnosisStep> {
        self.0.steps.last()
    }

    /// Notes whom a name belongs to.
    pub(super) fn found(&mut self, identity: Identity) {
        self.0.identity = Some(identity);
    }

    pub(super) fn done(self) -> Diagnosis {
        self.0
    }
}

//! What somebody who decides on a draft should have seen.

use super::drafts::ProposedRevision;
use super::may_break::MayBreak;
use crate::model::Comparison;
use crate::package::inspect::{Breaking, Drift, Report, Trust};

/// Something that was checked of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DraftCheck {
    /// How it went.
    pub verdict: CheckVerdict,
    /// What was seen, a plain sentence without a full stop.
    pub text: String,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CheckVerdict {
    /// As it should.
    Passed,
    /// It may be meant so.
    Doubtful,
    /// Jobs would fail, or take one thing for another.
    Failed,
}

impl CheckVerdict {
    /// Its name, for programs: `passed`, `doubtful`, `failed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CheckVerdict::Passed => "passed",
            CheckVerdict::Doubtful => "doubtful",
            CheckVerdict::Failed => "failed",
        }
    }
}

impl DraftCheck {
    fn new(verdict: CheckVerdict, text: impl Into<String>) -> DraftCheck {
        DraftCheck {
            verdict,
            text: text.into(),
        }
    }
}

impl ProposedRevision {
    /// What the draft changes of the definition as it is now.
    #[must_use]
    pub fn changes(&self) -> Comparison {
        Comparison::between(&self.model.definition, &self.definition)
    }

    /// What publishing it may break for those who use the model.
    #[must_use]
    pub fn may_break(&self) -> MayBreak {
        let had = self.had.as_ref();
        let report = self.report();
        report.map_or_else(MayBreak::default, |report| {
            MayBreak::of_package(&self.model, had, &self.definition, report)
        })
    }

    /// What was checked, in a fixed order; `needed` is how far packages must be trusted to be used.
    #[must_use]
    pub fn checks(&self, needed: Trust) -> Vec<DraftCheck> {
        let Some(report) = self.report() else {
            let why = self
                .record
                .refused
                .as_deref()
                .unwrap_or("it cannot be read");
            return vec![DraftCheck::new(CheckVerdict::Failed, why)];
        };
        let may_break = self.may_break();
        vec![
            trusted(report, needed, self.model.definition.enabled()),
            whole(report, &may_break.lacking),
            of_the_type(report, self.model.key.network_type.as_str()),
            meaning_the_same(report, &may_break.breaking),
            saying_the_same(report, &Drift::between(&self.definition, report)),
            up_to_date(self.draft.revision, self.model.revision()),
        ]
    }
}

fn trusted(report: &Report, needed: Trust, enabled: bool) -> DraftCheck {
    let trust = report.trust();
    match trust {
        Trust::Expected => DraftCheck::new(
            CheckVerdict::Passed,
            "loading the package runs nothing but what its framework does",
        ),
        _ if trust < needed => DraftCheck::new(
            CheckVerdict::Failed,
            format!(
                "the package is {trust}; a model is enabled with one that is {needed} at least: {}",
                match enabled {
                    true =>
                        "disable the model first, then publish it, and an administrator can \
                             enable the model all the same, with a reason",
                    false => "an administrator can enable it all the same, with a reason",
                }
            ),
        ),
        _ => DraftCheck::new(CheckVerdict::Doubtful, format!("the package is {trust}")),
    }
}

/// `lacking` is what has to be confirmed of it.
fn whole(report: &Report, lacking: &[String]) -> DraftCheck {
    if !lacking.is_empty() {
        return DraftCheck::new(
            CheckVerdict::Failed,
            format!(
                "jobs may not run it correctly: {}",
                Report::lacking_in_short(lacking)
            ),
        );
    }
    let lacking = report.lacking();
    if report.inspector.is_none() {
        return DraftCheck::new(
            CheckVerdict::Doubtful,
            format!(
                "nobody knows whether it is whole: {}",
                Report::lacking_in_short(&lacking)
            ),
        );
    }
    match lacking.is_empty() {
        true => DraftCheck::new(
            CheckVerdict::Passed,
            "nothing that the framework needs is missing, and nothing in it contradicts the rest",
        ),
        false => DraftCheck::new(
            CheckVerdict::Failed,
            format!(
                "it may not run correctly: {}",
                Report::lacking_in_short(&lacking)
            ),
        ),
    }
}

fn of_the_type(report: &Report, network_type: &str) -> DraftCheck {
    let Some(own) = &report.description.network_type else {
        return DraftCheck::new(
            CheckVerdict::Doubtful,
            format!("the package does not tell whether it is for {network_type}"),
        );
    };
    match report.other_type(network_type) {
        None => DraftCheck::new(
            CheckVerdict::Passed,
            format!("the package is for {network_type}"),
        ),
        Some(_) => DraftCheck::new(
            CheckVerdict::Failed,
            format!("the package is for {own}, and the model for {network_type}"),
        ),
    }
}

fn meaning_the_same(report: &Report, breaking: &Breaking) -> DraftCheck {
    match breaking.is_empty() {
        true if report.inspector.is_none() => DraftCheck::new(
            CheckVerdict::Doubtful,
            "the package does not tell what labels and images stand for",
        ),
        true => DraftCheck::new(
            CheckVerdict::Passed,
            "labels and images stand for what they stood for",
        ),
        false => DraftCheck::new(CheckVerdict::Failed, breaking.to_string()),
    }
}

fn saying_the_same(report: &Report, drift: &Drift) -> DraftCheck {
    let fields = drift.fields.iter().map(|change| change.field.as_str());
    let labels = (!drift.labels.is_empty()).then_some("labels");
    let all: Vec<&str> = labels.into_iter().chain(fields).collect();
    let other = drift.labels.iter().filter(|it| it.kind.is_breaking());
    let other = other.count();
    if other > 0 {
        let told = match other {
            1 => "1 label stands for something else in the package".to_owned(),
            many => format!("{many} labels stand for something else in the package"),
        };
        return DraftCheck::new(CheckVerdict::Failed, told);
    }
    match all.is_empty() {
        true if report.inspector.is_none() => DraftCheck::new(
            CheckVerdict::Doubtful,
            "the package tells nothing that the definition could say",
        ),
        true => DraftCheck::new(
            CheckVerdict::Passed,
            "the definition says what the package does",
        ),
        false => DraftCheck::new(
            CheckVerdict::Doubtful,
            format!(
                "the definition differs from the package: {}",
                all.join(", ")
            ),
        ),
    }
}

fn up_to_date(then: Option<u64>, now: Option<u64>) -> DraftCheck {
    match (then, now) {
        (Some(then), Some(now)) if then != now => DraftCheck::new(
            CheckVerdict::Doubtful,
            format!(
                "the model was changed since: it was proposed to revision {then}, and is at {now}; what \
                 others changed stays"
            ),
        ),
        _ => DraftCheck::new(CheckVerdict::Passed, "the model was not changed since"),
    }
}

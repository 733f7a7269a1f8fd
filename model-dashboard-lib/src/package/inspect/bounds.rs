//! How much of what a package says is told: a report is stored and shown, whatever is in the package.

use super::description::Description;
use super::finding::{Finding, FindingKind};

/// Labels, and the numbers that each holds.
const OUTPUTS: usize = 10_000;

/// Of anything else.
const MANY: usize = 1_000;

/// Characters of a text.
const LONG: usize = 2_000;

/// Leaves out what is too much, and says so.
pub(super) fn shorten(description: &mut Description) {
    let mut is_cut = false;
    let mut cut = |has: usize, most: usize| is_cut |= has > most;
    cut(description.outputs.len(), OUTPUTS);
    description.outputs.truncate(OUTPUTS);
    for output in &mut description.outputs {
        cut(output.labels.len(), MANY);
        output.labels.truncate(MANY);
    }
    cut(description.channels.len(), MANY);
    description.channels.truncate(MANY);
    cut(description.configurations.len(), MANY);
    description.configurations.truncate(MANY);
    cut(description.networks.len(), MANY);
    description.networks.truncate(MANY);
    cut(description.scores.len(), MANY);
    description.scores.truncate(MANY);
    cut(description.signatures.len(), MANY);
    description.signatures.truncate(MANY);
    for signature in &mut description.signatures {
        cut(signature.inputs.len().max(signature.outputs.len()), MANY);
        signature.inputs.truncate(MANY);
        signature.outputs.truncate(MANY);
    }
    for facts in [&mut description.made_with, &mut description.facts] {
        let all = facts.len();
        facts.retain(|name, _| name.len() <= LONG);
        while facts.len() > MANY {
            facts.pop_last();
        }
        cut(all, facts.len());
    }
    texts(description, &mut |text| {
        if let Some((at, _)) = text.char_indices().nth(LONG) {
            cut(1, 0);
            text.truncate(at);
            text.push('…');
        }
    });
    if is_cut {
        let text = "it says more than is told here: lists and texts are cut";
        description
            .findings
            .push(Finding::new(FindingKind::Odd, text));
    }
}

/// Visits the texts that come from files of the package as they stand there.
fn texts(description: &mut Description, visit: &mut dyn FnMut(&mut String)) {
    let single = [
        &mut description.framework_version,
        &mut description.version,
        &mut description.task,
        &mut description.modality,
        &mut description.licence,
        &mut description.reference,
    ];
    single.into_iter().flatten().for_each(&mut *visit);
    description.channels.iter_mut().for_each(&mut *visit);
    let names = description
        .outputs
        .iter_mut()
        .filter_map(|it| it.name.as_mut());
    names.for_each(&mut *visit);
    for configuration in &mut description.configurations {
        visit(&mut configuration.name);
        configuration.patch_size.truncate(MANY);
        configuration.spacing.truncate(MANY);
        configuration.normalization.truncate(MANY);
        configuration.normalization.iter_mut().for_each(&mut *visit);
        let named = [
            &mut configuration.network_class,
            &mut configuration.previous_stage,
        ];
        named.into_iter().flatten().for_each(&mut *visit);
    }
    for network in &mut description.networks {
        let named = [
            &mut network.configuration,
            &mut network.trainer,
            &mut network.plans,
        ];
        named.into_iter().flatten().for_each(&mut *visit);
        for fold in &mut network.folds {
            fold.mirroring_axes
                .iter_mut()
                .for_each(|axes| axes.truncate(MANY));
        }
    }
    description
        .scores
        .iter_mut()
        .for_each(|score| visit(&mut score.measure));
    for signature in &mut description.signatures {
        visit(&mut signature.name);
        for tensor in signature.inputs.iter_mut().chain(&mut signature.outputs) {
            visit(&mut tensor.name);
            visit(&mut tensor.kind);
        }
    }
    let facts = description
        .made_with
        .values_mut()
        .chain(description.facts.values_mut());
    facts.for_each(&mut *visit);
}

/// Leaves out findings beyond a number; the gravest come first. How many are left out is told with
/// the gravest kind among them.
pub(super) fn findings(findings: &mut Vec<Finding>) {
    let more = findings.len().saturating_sub(MANY);
    let gravest = findings.get(MANY).map(|finding| finding.kind);
    findings.truncate(MANY);
    for finding in findings.iter_mut() {
        if let Some((at, _)) = finding.text.char_indices().nth(LONG) {
            finding.text.truncate(at);
            finding.text.push('…');
        }
    }
    if let Some(kind) = gravest {
        findings.push(Finding::new(kind, format!("and {more} more findings")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::inspect::Output;

    #[test]
    fn what_is_too_much_is_cut_and_said_so() {
        let mut description = Description::new("it");
        shorten(&mut description);
        assert_eq!(description, Description::new("it"));
        description.outputs = vec![Output::default(); OUTPUTS + 1];
        description.task = Some("ä".repeat(LONG + 1));
        shorten(&mut description);
        assert_eq!(description.outputs.len(), OUTPUTS);
        let task = description.task.unwrap_or_default();
        assert_eq!(task.chars().count(), LONG + 1);
        assert!(task.ends_with('…'));
        assert_eq!(description.findings.len(), 1);
    }

    #[test]
    fn of_many_findings_the_gravest_stay() {
        let mut all = vec![Finding::new(FindingKind::Code, "x"); MANY];
        findings(&mut all);
        assert_eq!(all.len(), MANY);
        all.push(Finding::new(FindingKind::Odd, "y"));
        all.push(Finding::new(FindingKind::Odd, "z"));
        findings(&mut all);
        assert_eq!(all.len(), MANY + 1);
        assert!(
            all.last()
                .is_some_and(|last| last.text == "and 2 more findings")
        );
    }
}

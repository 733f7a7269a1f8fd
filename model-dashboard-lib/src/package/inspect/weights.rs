//! Weights that cannot be read are as good as none.

use super::description::Description;
use super::finding::{Finding, FindingKind};
use super::report::FileReport;
use crate::package::pickle::Verdict;

/// Tells of folds whose weights are broken, which are then not complete.
pub(super) fn find(
    description: &mut Description,
    files: &[FileReport],
    findings: &mut Vec<Finding>,
) {
    let folds = description.networks.iter_mut();
    for fold in folds.flat_map(|network| &mut network.folds) {
        let weights = files
            .iter()
            .find(|file| Some(&file.path) == fold.weights.as_ref());
        let Some(file) = weights.filter(|file| file.verdict == Some(Verdict::Unscannable)) else {
            continue;
        };
        fold.complete = false;
        let text = format!("the weights of fold {} cannot be read", fold.name);
        findings.push(Finding::new(FindingKind::Missing, text).at(&file.path));
    }
}

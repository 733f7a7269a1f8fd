//! What differs between the packages of two states of a model, as the pages tell it.

use model_dashboard::dashboard::{
    Error, PackageDifference, PackageSide, RevisionContent, RevisionPackage,
};
use model_dashboard::model::ModelKey;
use model_dashboard::package::inspect::{FileChange, FileChangeKind};

use super::told::counts;
use crate::pages::history::told::told_changes;
use crate::pages::visit::Visit;
use crate::views::history::changes::Changes;
use crate::views::package::difference::{ChangedFile, ContentsView, DifferenceView, Removed, Side};

/// What differs between the packages; nothing where they are the same, and for those who may not read
/// packages. What is told by it goes from `changes`.
///
/// # Errors
/// What the use case says.
pub(in crate::pages) async fn between(
    visit: &Visit,
    key: &ModelKey,
    from: &RevisionContent,
    to: &RevisionContent,
    changes: Option<&mut Changes>,
) -> Result<Option<DifferenceView>, Error> {
    // Whoever may not is not told so on a page about something else.
    if !visit.may().read_packages {
        return Ok(None);
    }
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let found = dashboard.compare_packages(caller, key, from, to).await?;
    let Some(found) = found else {
        return Ok(None);
    };
    if let Some(changes) = changes {
        let named = |side: &PackageSide| side.package().map(|it| it.id.clone());
        let (before, after) = (named(&found.before), named(&found.after));
        changes.fields.retain(|change| {
            change.field != "package" || change.before != before || change.after != after
        });
    }
    Ok(Some(difference(&found)))
}

fn difference(found: &PackageDifference) -> DifferenceView {
    let side = |package: &RevisionPackage| match &package.head {
        None => Side::Missing,
        Some(head) => Side::Known {
            file_name: head.file_name.clone(),
            size: head.size,
            digest: head.digest.to_hex(),
            removed: head.removed.as_ref().map(|removal| Removed {
                at: removal.at.into(),
                by: removal.by.clone(),
                reason: removal.reason.clone(),
            }),
        },
    };
    let side = |named: &PackageSide| match named {
        PackageSide::Package(package) => side(package),
        PackageSide::None => Side::None,
        // Also what a later library tells.
        _ => Side::Unreadable,
    };
    DifferenceView {
        before: side(&found.before),
        after: side(&found.after),
        contents: found.contents.as_ref().map(|contents| ContentsView {
            counts: counts(contents),
            files: contents.files.iter().map(changed_file).collect(),
            told: told_changes(&contents.fields, &contents.labels),
            breaking: contents.is_breaking(),
        }),
        lacking: found.lacking.clone(),
    }
}

fn changed_file(file: &FileChange) -> ChangedFile {
    ChangedFile {
        path: file.path.to_string(),
        before: file.before.map(|it| it.size),
        after: file.after.map(|it| it.size),
        is_known: file.kind != FileChangeKind::Unknown,
    }
}

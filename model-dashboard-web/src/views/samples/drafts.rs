//! Packages that are proposed to models.

use maud::Markup;

use super::{Frame, ago, packages, text};
use crate::views::actor::Actor;
use crate::views::components::field::Field;
use crate::views::package::draft::{
    self, Check, DraftView, Outcome, Proposal, ProposedView, Verdict,
};
use crate::views::package::drafts::{self, DraftRow, DraftsView};
use crate::views::package::{MayBreakView, Since};

pub(super) fn all(frame: &Frame, reader: &Frame) -> Vec<(&'static str, Markup)> {
    let plain = ProposedView {
        found: packages::found(),
        ..ProposedView::default()
    };
    vec![
        ("draft", draft::page(frame, &view(shown(proposed())))),
        (
            "draft, reader",
            draft::page(reader, &view(shown(proposed()))),
        ),
        ("draft, no change", draft::page(frame, &view(shown(plain)))),
        ("draft, removed", draft::page(frame, &view(removed()))),
        ("draft, impossible", draft::page(frame, &view(impossible()))),
        ("draft, unreadable", draft::page(frame, &unreadable())),
        ("drafts", drafts::page(frame, &listed())),
        ("drafts, none", drafts::page(frame, &DraftsView::default())),
    ]
}

fn unreadable() -> DraftView {
    let mut view = view(impossible());
    view.proposal.unreadable = true;
    view
}

fn listed() -> DraftsView {
    let row = |enabled| DraftRow {
        network_type: text("nnUNet_v2"),
        name: text("Dataset501_HeadAndNeckOAR"),
        alias: text("Head and neck organs at risk"),
        enabled,
        proposal: Proposal {
            unreadable: enabled,
            ..proposal()
        },
    };
    DraftsView {
        drafts: vec![row(false), row(true)],
        more: 12,
    }
}

pub(super) fn proposal() -> Proposal {
    Proposal {
        package: text("01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
        by: Actor::local("mkeller"),
        at: ago(1),
        message: text("Trained again with the cases of 2026"),
        file_name: text("Dataset501.zip"),
        digest: "5f2b8c0a9d3e".repeat(5),
        unreadable: false,
    }
}

fn shown(proposed: ProposedView) -> Outcome {
    Outcome::Proposed(Box::new(proposed))
}

fn removed() -> Outcome {
    Outcome::Removed(text("2026-03-01, by an administrator"))
}

fn impossible() -> Outcome {
    Outcome::Impossible(text("package: nothing is known of what is in it"))
}

fn view(outcome: Outcome) -> DraftView {
    DraftView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset501_HeadAndNeckOAR"),
        alias: text("Head and neck organs at risk"),
        enabled: true,
        revision: Some(14),
        proposal: proposal(),
        outcome,
    }
}

fn proposed() -> ProposedView {
    let check = |verdict, said: &str| Check {
        verdict,
        text: text(said),
    };
    ProposedView {
        if_match: text("w"),
        changes: super::history::changes(),
        checks: vec![
            check(Verdict::Passed, "the package is for nnUNet_v2"),
            check(Verdict::Doubtful, "the model was changed since"),
            check(Verdict::Failed, "label 1 was spleen and is liver"),
        ],
        since_last: Some(Since {
            files: packages::changed_files(),
            ..Since::default()
        }),
        file_name: text("Dataset501.zip"),
        size: 3_000_000_000,
        digest: "b9".repeat(32),
        uploaded_by: text("mkeller"),
        found: packages::found(),
        may_break: may_break(),
        reason: Field::new("because").wrong("say more"),
        error: Some(text("somebody changed the model meanwhile")),
    }
}

/// What a change may break, and one part of it ticked.
pub(super) fn may_break() -> MayBreakView {
    MayBreakView {
        breaking: super::history::changes(),
        means_it: false,
        lacking: vec![text("there are no weights of fold 1")],
        lacks_it: true,
    }
}

//! Packages that are proposed to models.

use maud::Markup;

use super::{Frame, ago, packages, text};
use crate::views::actor::Actor;
use crate::views::components::field::Field;
use crate::views::package::Since;
use crate::views::package::draft::{self, Check, DraftView, Proposal, ProposedView, Verdict};

pub(super) fn all(frame: &Frame, reader: &Frame) -> Vec<(&'static str, Markup)> {
    let plain = ProposedView {
        found: packages::found(),
        ..ProposedView::default()
    };
    vec![
        ("draft", draft::page(frame, &view(Some(proposed())))),
        (
            "draft, reader",
            draft::page(reader, &view(Some(proposed()))),
        ),
        ("draft, no change", draft::page(frame, &view(Some(plain)))),
        ("draft, removed", draft::page(frame, &view(None))),
    ]
}

pub(super) fn proposal() -> Proposal {
    Proposal {
        package: text("01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
        by: Actor::local("mkeller"),
        at: ago(1),
        message: text("Trained again with the cases of 2026"),
    }
}

fn view(proposed: Option<ProposedView>) -> DraftView {
    DraftView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset501_HeadAndNeckOAR"),
        alias: text("Head and neck organs at risk"),
        enabled: true,
        revision: Some(14),
        proposal: proposal(),
        proposed: proposed.map(Box::new),
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
            check(Verdict::Failed, "1 label changes its meaning"),
        ],
        since_last: Some(Since {
            files: [1, 0, 2, 14],
            ..Since::default()
        }),
        file_name: text("Dataset501.zip"),
        size: 3_000_000_000,
        digest: "b9".repeat(32),
        uploaded_by: text("mkeller"),
        found: packages::found(),
        reason: Field::new("because").wrong("say more"),
        error: Some(text("somebody changed the model meanwhile")),
    }
}

//! The store of the models.

use super::{ago, text};
use crate::views::admin::storage::{
    CheckView, FindingRow, Found, GarbageView, KindView, Outcome, RunningView, StorageView,
    WasteRow,
};
use crate::views::components::Tone;

pub(super) fn storage_view() -> StorageView {
    let row = |at: &str, href: Option<&str>, detail: &str| FindingRow {
        at: text(at),
        href: href.map(text),
        detail: text(detail),
        mending: None,
    };
    let changed = "/dashboard/models/nnUNet/Task003_Liver";
    let kinds = vec![
        KindView {
            heading: "Definitions that another program wrote",
            to_do: "Nothing is wrong with them, but no history has them. Mending adds them there, \
                    marked as changed outside, and leaves them as they are.",
            harmless: false,
            count: 2,
            rows: vec![
                FindingRow {
                    mending: Some((Tone::Ok, "Mended")),
                    ..row("nnUNet/Task003_Liver", Some(changed), "")
                },
                FindingRow {
                    mending: Some((Tone::Danger, "Not mended")),
                    ..row("MIST/ProstateZones", None, "the store does not answer")
                },
            ],
            more: 0,
        },
        KindView {
            heading: "Revisions that are missing",
            to_do: "Something removed them. If you need them, put them back from a backup; \
                    everything else works.",
            harmless: false,
            count: 51,
            rows: vec![row(
                "nnUNet_v2/Dataset220_KiTS2023",
                Some("/dashboard/models/nnUNet_v2/Dataset220_KiTS2023/history"),
                "revisions 3 to 5 are missing",
            )],
            more: 50,
        },
        KindView {
            heading: "Objects that are no definitions",
            to_do: "Nothing follows from them. They may stay.",
            harmless: true,
            count: 1,
            rows: vec![row("README.txt\n", None, "")],
            more: 0,
        },
    ];
    StorageView {
        running: None,
        check: Some(Outcome {
            by: text("Maria Keller"),
            at: ago(1),
            found: Found::Whole(
                "Checked and mended",
                CheckView {
                    models: 812,
                    tombstones: 14,
                    histories: 830,
                    revisions: 12_345,
                    bytes: 98_765_432,
                    idle_notes: 2,
                    kinds,
                    mendable: true,
                    ..CheckView::default()
                },
            ),
        }),
        garbage: Some(Outcome {
            by: text("Maria Keller"),
            at: ago(2),
            found: Found::Whole("Listed", garbage()),
        }),
    }
}

fn garbage() -> GarbageView {
    GarbageView {
        removed: 1,
        too_young: 3,
        store_keeps_marks: true,
        rows: vec![
            WasteRow {
                what: "Left behind by trying the store",
                at: text(".registry/probe/01JD7P0R6M"),
                since: Some(ago(30)),
                kept: None,
            },
            WasteRow {
                what: "Mark of a deleted model",
                at: text("nnUNet/Task017_AbdominalOrganSegmentation"),
                since: Some(ago(700)),
                kept: Some("the store cannot remove it safely"),
            },
        ],
        more: 12,
        ..GarbageView::default()
    }
}

pub(super) fn storage_running() -> StorageView {
    StorageView {
        running: Some(RunningView {
            what: text("The store is being checked."),
            by: text("Maria Keller"),
            since: ago(0),
            done: 4_321,
            total: 100_000,
        }),
        check: None,
        ..storage_view()
    }
}

pub(super) fn storage_failed() -> StorageView {
    StorageView {
        check: Some(Outcome {
            by: text("Maria Keller"),
            at: ago(0),
            found: Found::Failed(
                "The check ended early",
                text("The model store does not answer."),
            ),
        }),
        ..StorageView::default()
    }
}

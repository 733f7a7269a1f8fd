//! Histories, comparisons and going back.

use super::{ago, change, drafts, packages, pair, text};
use crate::views::actor::Actor;
use crate::views::admin::as_of::{AsOfRow, AsOfView, Found};
use crate::views::admin::deleted::{BringBackView, DeletedRow, DeletedView, Held};
use crate::views::components::field::Field;
use crate::views::components::pager::Pager;
use crate::views::history::changes::{Changes, LabelChange, LabelKind};
use crate::views::history::compare::CompareView;
use crate::views::history::list::{Changed, HistoryView, Step};
use crate::views::history::restore::{RestoreView, Shown};
use crate::views::history::revision::RevisionView;
use crate::views::history::{Content, Life, Revision, Source, Subject};

fn subject(life: Life) -> Subject {
    Subject {
        network_type: text("nnUNet_v2"),
        name: text("Dataset220_KiTS2023"),
        alias: match life {
            Life::Broken | Life::Deleted => String::new(),
            _ => text("Kidney, tumour and cyst"),
        },
        life,
        present: Some(14),
    }
}

fn revision(number: u64, hours: u64, by: &str, message: &str) -> Revision {
    Revision {
        number,
        at: Some(ago(hours)),
        by: Actor::local(by),
        source: Source::Dashboard,
        message: text(message),
        was: None,
        falsified: false,
        content: Content::Definition,
    }
}

fn label(number: u32, before: Option<&str>, after: Option<&str>, kind: LabelKind) -> LabelChange {
    LabelChange {
        number,
        before: before.map(text),
        after: after.map(text),
        kind,
    }
}

pub(super) fn changes() -> Changes {
    Changes {
        fields: vec![
            change("alias", Some("Kidney"), Some("Kidney, tumour and cyst")),
            change(
                "description",
                Some(
                    "Segments kidney and tumour on contrast-enhanced CT.\n\nTrained on 210 cases of KiTS 2019.\n\n## Limits\n\n- Portal-venous phase only.\n- Not tested on slices thicker than 5 mm.\n- Adults only.\n\nRuns with five folds.",
                ),
                Some(
                    "Segments kidney, tumour and cyst on contrast-enhanced CT.\n\nTrained on 489 cases of KiTS 2023.\n\n## Limits\n\n- Portal-venous phase only.\n- Not tested on slices thicker than 5 mm.\n- Adults only.\n\nRuns with five folds.\nFold 4 was retrained.",
                ),
            ),
            change("inference_information.folds", None, Some("[0,1,2,3,4]")),
            change("owner", Some("Radiology"), None),
        ],
        labels: vec![
            label(1, Some("Kidney"), Some("kidney"), LabelKind::Respelled),
            label(
                2,
                Some("tumour"),
                Some("masses, tumour"),
                LabelKind::Breaking,
            ),
            label(3, None, Some("cyst"), LabelKind::Added),
            label(4, Some("vessel"), None, LabelKind::Removed),
        ],
        more: 0,
    }
}

fn enabled() -> Changes {
    Changes {
        fields: vec![change("enabled", Some("false"), Some("true"))],
        ..Changes::default()
    }
}

pub(super) fn history_view() -> HistoryView {
    let step = |revision: Revision, changed| Step {
        since: revision.number.checked_sub(1),
        is_present: revision.number == 14,
        revision,
        changed,
    };
    let api = |revision| Revision {
        source: Source::Api,
        ..revision
    };
    HistoryView {
        subject: subject(Life::Enabled),
        steps: vec![
            step(
                revision(14, 3, "mkeller", "Passed the test on 20 cases of ours."),
                Changed::By(enabled()),
            ),
            step(
                revision(
                    13,
                    5,
                    "mkeller",
                    "Retrained after the scanner update; Dice on the test set is unchanged.",
                ),
                Changed::By(changes()),
            ),
            step(
                Revision {
                    falsified: true,
                    ..revision(12, 30, "udemir", "Named as in the plan.")
                },
                Changed::By(Changes::default()),
            ),
            step(
                Revision {
                    source: Source::Outside,
                    ..revision(11, 31, "", "")
                },
                Changed::Unknown,
            ),
            step(
                Revision {
                    at: None,
                    source: Source::Unknown,
                    content: Content::Unreadable(text("The JSON ends too early.")),
                    ..revision(10, 0, "", "")
                },
                Changed::Unknown,
            ),
            step(
                Revision {
                    was: Some(text("nnUNet_v2/Dataset219_KiTS")),
                    ..api(revision(9, 400, "argo-inference", ""))
                },
                Changed::First,
            ),
        ],
        missing: Vec::new(),
        unnoticed: false,
        newest: Some(text("/dashboard/models/nnUNet_v2/x/history")),
        older: Some(text("/dashboard/models/nnUNet_v2/x/history?before=9")),
    }
}

pub(super) fn history_deleted() -> HistoryView {
    let view = history_view();
    let deletion = Step {
        revision: Revision {
            content: Content::Deleted,
            ..revision(15, 1, "mkeller", "Replaced by Dataset301")
        },
        changed: Changed::Unknown,
        since: Some(14),
        is_present: true,
    };
    let earlier = view.steps.into_iter().map(|step| Step {
        is_present: false,
        ..step
    });
    HistoryView {
        subject: subject(Life::Deleted),
        steps: std::iter::once(deletion).chain(earlier).collect(),
        missing: Vec::new(),
        unnoticed: false,
        newest: None,
        older: None,
    }
}

pub(super) fn history_none() -> HistoryView {
    HistoryView {
        subject: subject(Life::Disabled),
        ..HistoryView::default()
    }
}

pub(super) fn compare_view() -> CompareView {
    CompareView {
        subject: subject(Life::Enabled),
        from: revision(12, 30, "udemir", "Named as in the plan."),
        to: revision(13, 5, "mkeller", "Retrained after the scanner update."),
        changes: Some(changes()),
        package: Some(packages::difference_view()),
    }
}

pub(super) fn compare_nothing() -> CompareView {
    CompareView {
        changes: Some(Changes::default()),
        package: None,
        ..compare_view()
    }
}

pub(super) fn compare_deletion() -> CompareView {
    let view = compare_view();
    CompareView {
        to: Revision {
            content: Content::Deleted,
            ..view.to
        },
        changes: None,
        package: None,
        ..view
    }
}

pub(super) fn restore_view() -> RestoreView {
    RestoreView {
        revision: Some(revision(12, 30, "udemir", "Named as in the plan.")),
        shown: Shown::Changes(changes()),
        package: Some(packages::difference_view()),
        may_break: drafts::may_break(),
        if_match: text("\"5f1c\""),
        ..RestoreView::new(subject(Life::Enabled), 12)
    }
}

pub(super) fn restore_purged() -> RestoreView {
    RestoreView {
        subject: subject(Life::Disabled),
        ..restore_barred()
    }
}

pub(super) fn restore_barred() -> RestoreView {
    RestoreView {
        package: Some(packages::difference_purged()),
        ..restore_view()
    }
}

pub(super) fn restore_lost() -> RestoreView {
    RestoreView {
        reason: Field::new("The new labels were wrong."),
        error: Some(text(
            "The model was changed by someone else meanwhile; look at the present state and try again.",
        )),
        shown: Shown::PresentUnreadable,
        package: None,
        subject: subject(Life::Broken),
        ..restore_view()
    }
}

pub(super) fn restore_falsified() -> RestoreView {
    let view = restore_view();
    RestoreView {
        revision: view.revision.map(|revision| Revision {
            falsified: true,
            ..revision
        }),
        ..RestoreView::new(subject(Life::Disabled), 12)
    }
}

pub(super) fn deleted_view() -> DeletedView {
    let row = |name: &str, by: &str, hours| DeletedRow {
        network_type: text("nnUNet_v2"),
        name: text(name),
        by: text(by),
        at: Some(ago(hours)),
        reason: text("Replaced by a model with fewer false positives"),
    };
    DeletedView {
        total: 53,
        rows: vec![
            row("Dataset300_HNOars", "mkeller", 4),
            row("Dataset219_KiTS2021", "udemir", 700),
            DeletedRow {
                at: None,
                reason: String::new(),
                ..row(
                    "Task055_SegTHOR_a_name_that_goes_on_and_on_for_quite_a_while",
                    "",
                    0,
                )
            },
        ],
        pager: Pager {
            first: 1,
            shown: 50,
            total: Some(53),
            previous: None,
            next: Some(text("/dashboard/admin/deleted?page=2")),
        },
    }
}

pub(super) fn bring_back_view() -> BringBackView {
    BringBackView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset300_HNOars"),
        deletion: Some(Revision {
            content: Content::Deleted,
            ..revision(15, 4, "mkeller", "Replaced by a better one")
        }),
        held: Held::Revision(
            Box::new(revision(14, 900, "udemir", "Names as in the protocol")),
            text("Head and neck organs"),
        ),
        ..BringBackView::default()
    }
}

pub(super) fn bring_back_nothing() -> BringBackView {
    BringBackView {
        held: Held::Nothing,
        ..bring_back_view()
    }
}

pub(super) fn revision_view() -> RevisionView {
    RevisionView {
        subject: subject(Life::Disabled),
        revision: revision(12, 900, "udemir", "Names as in the protocol"),
        text: text("{\n  \"name\": \"Dataset220_KiTS2023\",\n  \"enabled\": false\n}"),
    }
}

pub(super) fn revision_falsified() -> RevisionView {
    let view = revision_view();
    RevisionView {
        revision: Revision {
            falsified: true,
            ..view.revision
        },
        ..view
    }
}

pub(super) fn as_of_view() -> AsOfView {
    let row = |name: &str, alias: &str, enabled, revision| AsOfRow {
        reference: format!("nnUNet_v2/{name}"),
        alias: text(alias),
        version: text("2.5"),
        enabled: Some(enabled),
        revision: Some(revision),
        since: Some(ago(700)),
        now: pair("nnUNet_v2", name),
        is_deleted: false,
        doubt: None,
    };
    AsOfView {
        at: Field::new("2026-11-01T12:00"),
        found: Some(Found {
            at: ago(500),
            rows: vec![
                row(
                    "Dataset137_BraTS2021",
                    "Brain tumour, four sequences",
                    true,
                    3,
                ),
                AsOfRow {
                    now: pair("nnUNet_v2", "Dataset220_KiTS2023"),
                    ..row("Dataset219_KiTS", "Kidney", true, 9)
                },
                AsOfRow {
                    is_deleted: true,
                    version: String::new(),
                    ..row("Dataset300_HNOars", "Head and neck", false, 1)
                },
                AsOfRow {
                    revision: None,
                    since: None,
                    doubt: Some(text(
                        "Only other programs had written it by then, so there is no history of that time; this is the oldest state that is known.",
                    )),
                    ..row("Dataset500_Theirs", "Theirs", true, 1)
                },
                AsOfRow {
                    enabled: None,
                    doubt: Some(text("What it held cannot be read.")),
                    ..row("Dataset099_Broken", "Dataset099_Broken", false, 2)
                },
            ],
            untold: 2,
            first: Some(text("/dashboard/admin/as-of?at=2026-11-01T12:00")),
            next: Some(text(
                "/dashboard/admin/as-of?at=2026-11-01T12:00&after=a%2Fb",
            )),
            csv: text("/dashboard/admin/as-of/export.csv?at=2026-11-01T12:00"),
        }),
    }
}

pub(super) fn as_of_wrong() -> AsOfView {
    AsOfView {
        at: Field::new("yesterday")
            .wrong("Give a day and a time in UTC, such as 2026-03-01 14:30."),
        found: None,
    }
}

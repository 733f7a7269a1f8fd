//! Packages on their way in, and what was found in them.

use maud::Markup;

use super::{Frame, ago, ahead, pair, text, texts};
use crate::views::components::field::Field;
use crate::views::components::labels::Label;
use crate::views::history::changes::Changes;
use crate::views::package::difference::{ChangedFile, ContentsView, DifferenceView, Removed, Side};
use crate::views::package::file::{FileContent, FileView};
use crate::views::package::files::{FileRow, FilesView};
use crate::views::package::page::PackageView;
use crate::views::package::{
    self, ConfigurationRow, Counts, FindingGroup, FindingRow, FoldState, FoundView, MayBreakView,
    NetworkRow, ScoreRow, SignatureRow, Since, Subject, Trust,
};
use crate::views::upload::found::{self, UploadState, UploadView};
use crate::views::upload::new::{self, NewView};
use crate::views::upload::revision::{self, ChosenView, RevisionView, Take};
use crate::views::upload::{self, StartView, UploadRow};

pub(super) fn all(frame: &Frame) -> Vec<(&'static str, Markup)> {
    let page = |state| found::page(frame, &upload(state));
    let file = |content| package::file::page(frame, &file_of_package(content));
    vec![
        ("upload", upload::start(frame, &start(true))),
        ("upload, none", upload::start(frame, &start(false))),
        ("upload, coming", page(UploadState::Coming(1_204_000_000))),
        ("upload, looking", page(UploadState::Looking)),
        (
            "upload, refused",
            page(UploadState::Refused(text(
                "the archive cannot be read: the end is missing",
            ))),
        ),
        ("upload, found", page(UploadState::Found(Box::new(found())))),
        ("upload, new", new::page(frame, &new_model())),
        ("upload, choose", revision::page(frame, &revision_of(None))),
        (
            "upload, revision",
            revision::page(frame, &revision_of(Some(chosen()))),
        ),
        (
            "upload, first package",
            revision::page(
                frame,
                &revision_of(Some(ChosenView {
                    since_last: None,
                    ..chosen()
                })),
            ),
        ),
        ("package", package::page::page(frame, &of_model())),
        (
            "package, text",
            file(FileContent::Text(text("{\n  \"a\": 1\n}"), true)),
        ),
        ("package, picture", file(FileContent::Picture)),
        ("package, bytes", file(FileContent::Bytes)),
        (
            "upload, nothing known",
            page(UploadState::Found(Box::default())),
        ),
    ]
}

fn start(some: bool) -> StartView {
    let row = |id: &str, name: &str, size, received| UploadRow {
        id: text(id),
        file_name: text(name),
        size,
        received,
        begun_at: ago(3),
        expires_at: ahead(6),
    };
    let uploads = vec![
        row(
            "01J9Z3K4V5W6X7Y8Z9A0B1C2D3",
            "Dataset501.zip",
            3_000_000_000,
            1_204_000_000,
        ),
        row("01J9Z3K4V5W6X7Y8Z9A0B1C2D4", "Läsion \"2\".zip", 12, 12),
    ];
    StartView {
        uploads: if some { uploads } else { Vec::new() },
        most_bytes: 8 << 30,
        api: text("https://models.example.org/dashboard/api/v1"),
    }
}

fn upload(state: UploadState) -> UploadView {
    UploadView {
        id: text("01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
        file_name: text("Dataset501_HeadAndNeckOAR.zip"),
        size: 3_000_000_000,
        expires_at: ahead(6),
        digest: "b9".repeat(32),
        state,
    }
}

pub(super) fn found() -> FoundView {
    let finding = |subject, text: &str, path: &str, places: &[&str]| FindingGroup {
        subject,
        rows: vec![FindingRow {
            text: super::text(text),
            files: vec![(super::text(path), texts(places)); usize::from(!path.is_empty()) * 5],
        }],
    };
    let file = |path: &str, size, trust| FileRow {
        path: text(path),
        size,
        digest: "0a".repeat(32),
        trust,
        ..FileRow::default()
    };
    let weights = FileRow {
        names: texts(&["os.system", "mylib.Trainer"]),
        reasons: texts(&["imports os.system, which runs commands"]),
        ..file("fold_0/checkpoint_final.pth", 250_000_000, Trust::Dangerous)
    };
    FoundView {
        trust: Trust::Dangerous,
        framework: text("nnU-Net 2.5"),
        also: texts(&["TotalSegmentator"]),
        facts: vec![pair("Channels", "CT"), pair("Licence", "CC BY 4.0")],
        labels: vec![Label {
            number: text("1"),
            names: texts(&["Brainstem"]),
        }],
        ignored_label: Some(9),
        configurations: vec![ConfigurationRow {
            name: text("3d_fullres"),
            patch_size: text("64 × 192 × 160"),
            spacing: text("2.5 × 0.98 × 0.98"),
            axes: text("zyx"),
            ..ConfigurationRow::default()
        }],
        networks: vec![NetworkRow {
            configuration: text("3d_fullres"),
            trainer: text("nnUNetTrainer"),
            folds: vec![
                (text("0"), FoldState::Complete),
                (text("1"), FoldState::Incomplete),
                (text("2"), FoldState::Missing),
            ],
            trained: text("2026-03-01"),
            ..NetworkRow::default()
        }],
        scores: vec![ScoreRow {
            measure: text("mean foreground Dice"),
            on: text("validation"),
            of: text("fold 0"),
            value: text("0.8712"),
        }],
        signatures: vec![SignatureRow {
            name: text("serve"),
            inputs: texts(&["image float32 [?, 1, 64, 64, 64]"]),
            outputs: Vec::new(),
        }],
        findings: vec![
            finding(
                Subject::Missing,
                "the weights of fold 2 are not there",
                "",
                &[],
            ),
            finding(
                Subject::Leak,
                "names of cases",
                "debug.json",
                &["line 3", "line 8"],
            ),
            finding(
                Subject::Odd,
                "a file that no version writes",
                "notes.txt",
                &["line 1"],
            ),
        ],
        files: FilesView {
            files: vec![weights, file("dataset.json", 812, Trust::NoCode)],
            shown_at: None,
        },
    }
}

fn new_model() -> NewView {
    NewView {
        id: text("01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
        file_name: text("Dataset501.zip"),
        trust: Trust::Expected,
        form: super::forms::new_form(),
        other_type: Some(pair("it is a package of nnU-Net", "nnUNet_v2")),
        as_typed: false,
        other_name: Some(text("Dataset501_HeadAndNeckOAR")),
        other_number: true,
    }
}

fn revision_of(chosen: Option<ChosenView>) -> RevisionView {
    RevisionView {
        id: text("01J9Z3K4V5W6X7Y8Z9A0B1C2D3"),
        file_name: text("Dataset501.zip"),
        trust: Trust::Code,
        model: Field::new("nnUNet_v2/Dataset501_HeadAndNeckOAR"),
        known_models: texts(&["nnUNet_v2/Dataset501_HeadAndNeckOAR"]),
        error: chosen.as_ref().map(|_| text("somebody else changed it")),
        chosen,
    }
}

fn chosen() -> ChosenView {
    let changes = Changes {
        fields: vec![super::change("version", Some("2.0"), Some("2.1"))],
        ..Changes::default()
    };
    ChosenView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset501_HeadAndNeckOAR"),
        alias: text("Head and neck organs at risk"),
        enabled: true,
        revision: Some(14),
        if_match: text("w"),
        other_type: Some(text("nnUNet")),
        as_typed: true,
        other_name: Some(text("Task501")),
        other_number: false,
        drift: changes.clone(),
        may_break: MayBreakView {
            breaking: changes.clone(),
            means_it: false,
            lacking: vec![
                text("there are no weights of fold 1"),
                text("plans.json is not there"),
            ],
            lacks_it: false,
        },
        takes: vec![Take {
            part: "labels",
            what: "the labels",
            change: text("12 labels now, 14 then"),
            checked: true,
        }],
        may_publish: true,
        since_last: Some(Since {
            files: changed_files(),
            changes,
            breaking: true,
        }),
        reason: Field::default().wrong("say why"),
    }
}

fn of_model() -> PackageView {
    let mut found = found();
    found.files.shown_at = Some(text("/dashboard/models/nnUNet_v2/Dataset501/package/view/"));
    PackageView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset501"),
        alias: text("Head and neck"),
        file_name: text("Dataset501.zip"),
        size: 3_000_000_000,
        digest: "b9".repeat(32),
        uploaded_by: text("mkeller"),
        uploaded_at: ago(30),
        inspected_at: ago(29),
        found,
        drift: super::history::changes(),
    }
}

fn file_of_package(content: FileContent) -> FileView {
    FileView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset501"),
        alias: text("Head and neck"),
        path: text("fold_0/a b.json"),
        size: 3_000,
        digest: "0a".repeat(32),
        crc32: text("1f2e3d4c"),
        trust: Trust::Unknown,
        reasons: texts(&["imports what nothing is known of"]),
        content,
    }
}

pub(super) fn changed_files() -> Counts {
    Counts {
        added: 1,
        removed: 1,
        changed: 2,
        unknown: 1,
        same: 14,
        same_by_checksum: 3,
    }
}

fn side(file_name: &str, size: u64, removed: Option<Removed>) -> Side {
    Side::Known {
        file_name: text(file_name),
        size,
        digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        removed,
    }
}

/// Two packages of a model.
pub(super) fn difference_view() -> DifferenceView {
    let file = |path: &str, before, after| ChangedFile {
        path: text(path),
        before,
        after,
        is_known: true,
    };
    let network = "Dataset220_KiTS2023/nnUNetTrainer__nnUNetPlans__3d_fullres";
    let at = |name: &str| format!("{network}/{name}");
    DifferenceView {
        before: side("Dataset220_KiTS2023.zip", 1_234_567_890, None),
        after: side("Dataset220_KiTS2023-retrained.zip", 1_256_000_000, None),
        lacking: vec![text("there are no weights of fold 1")],
        contents: Some(ContentsView {
            counts: changed_files(),
            files: vec![
                file(&at("dataset.json"), Some(812), Some(1_024)),
                file(
                    &at("fold_0/checkpoint_final.pth"),
                    Some(246_912_345),
                    Some(246_912_345),
                ),
                file(&at("fold_5/checkpoint_final.pth"), None, Some(246_912_345)),
                ChangedFile {
                    is_known: false,
                    ..file(&at("fold_0/progress.png"), Some(80_000), Some(80_000))
                },
                file(&at("fold_0/checkpoint_best.pth"), Some(246_912_345), None),
            ],
            told: super::history::changes(),
            breaking: true,
        }),
    }
}

/// The same where the bytes of the later one must not exist.
pub(super) fn difference_purged() -> DifferenceView {
    let removed = Removed {
        at: ago(70),
        by: text("admin"),
        reason: text("file names held names of patients"),
    };
    DifferenceView {
        after: side("Dataset220_KiTS2023.zip", 1_234_567_890, Some(removed)),
        contents: None,
        lacking: Vec::new(),
        ..difference_view()
    }
}

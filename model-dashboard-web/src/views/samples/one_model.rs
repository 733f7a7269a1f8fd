//! One model, broken definitions, activity.

use super::{ago, drafts, pair, text, texts};
use crate::views::SafeHtml;
use crate::views::activity::{ActivityQuery, ActivityView, Entry};
use crate::views::actor::Actor;
use crate::views::broken::{BrokenRow, BrokenView, Overtaken};
use crate::views::components::Tone;
use crate::views::components::field::Field;
use crate::views::components::icon::Icon;
use crate::views::components::labels::Label;
use crate::views::model::{Arguments, ModelNotice, ModelView};
use crate::views::package::Trust;
use crate::views::package::downloads::DownloadsView;
use crate::views::package::panel::{KnownPackage, PackagePanel};

fn label(number: &str, names: &[&str]) -> Label {
    Label {
        number: text(number),
        names: texts(names),
    }
}

pub(super) fn model_view() -> ModelView {
    ModelView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset220_KiTS2023"),
        package: PackagePanel::Known(Box::new(KnownPackage {
            file_name: text("Dataset220.zip"),
            size: 1_204_000_000,
            digest: "b9".repeat(32),
            files: 42,
            trust: Trust::Unscannable,
            missing: 1,
            wrong: 2,
            leaks: 3,
            drift: (4, 1),
            downloads: Some(DownloadsView {
                days: (1..=30)
                    .map(|day| (format!("2026-09-{day:02}"), day % 7))
                    .collect(),
                recent: 86,
                total: 104,
                purposes: vec![(text("segmentation of <batch> 7"), 61)],
                revisions: vec![(14, 80), (0, 24)],
            }),
        })),
        alias: text("Kidney, tumour and cyst"),
        enabled: true,
        if_match: text("\"5f1c\""),
        version: text("2.5"),
        revision: Some(14),
        modified_by: text("Maria Keller"),
        modified_at: Some(ago(3)),
        message: text(
            "Fold 4 retrained after the scanner update; Dice on the test set is unchanged.",
        ),
        created: text("11/15/25"),
        notices: Vec::new(),
        description: SafeHtml::from_sanitised(text(
            "<p>Segments kidney, tumour and cyst on contrast-enhanced CT. Trained <em>region-based</em> on the <a href=\"https://kits-challenge.org\" rel=\"noopener nofollow\">KiTS 2023</a> cases.</p><h2>Limits</h2><ul><li>Portal-venous phase only.</li><li>Slices thicker than 5 mm have not been tested.</li></ul><p>Runs with <code>3d_fullres</code>, five folds.</p>",
        )),
        labels: vec![
            label("1", &["kidney", "masses", "tumor"]),
            label("3", &["masses"]),
            label("2", &["masses", "tumor"]),
        ],
        arguments: Arguments::Derived(text("--fold all --save_npz --step_size 0.5")),
        shell_characters: Vec::new(),
        network: vec![
            pair("channel_names", "CT"),
            pair("patch_size", "[128,128,128]"),
        ],
        enabled_since: Some(ago(700)),
        facts: vec![
            pair("configuration", "3d_fullres"),
            pair("plans_name", "nnUNetResEncUNetLPlans"),
            pair("folds", "0, 1, 2, 3, 4"),
        ],
        json: text(
            "{\n  \"name\": \"Dataset220_KiTS2023\",\n  \"network_type\": \"nnUNet_v2\",\n  \"enabled\": true\n}",
        ),
        owner: text("Radiation oncology"),
        tags: texts(&["ct", "abdomen", "kidney"]),
        derived_from: Some(pair("nnUNet_v2", "Dataset219_KiTS2021")),
        id: text("01JD7N8Q4W2M5C9XKZ3F6T1RBV"),
        reason: Field::default(),
        drafts: vec![drafts::proposal()],
    }
}

pub(super) fn model_disabled() -> ModelView {
    const ORGANS: [&str; 12] = [
        "spleen",
        "kidney_right",
        "kidney_left",
        "gallbladder",
        "liver",
        "stomach",
        "pancreas",
        "adrenal_gland_right",
        "adrenal_gland_left",
        "lung_upper_lobe_left",
        "lung_lower_lobe_left",
        "oesophagus",
    ];
    ModelView {
        network_type: text("TotalSegmentatorV2"),
        name: text("Dataset291_TotalSegmentator_part1_organs_1559subj"),
        package: PackagePanel::Unknown("It had one, whose bytes were removed."),
        alias: text("Organs, part 1"),
        enabled: false,
        notices: vec![ModelNotice {
            tone: Tone::Warning,
            text: text(
                "It lies under TotalSegmentatorV2/ but says of itself that it is of the type MIST. The place counts.",
            ),
        }],
        description: SafeHtml::default(),
        labels: (1..=24)
            .map(|n: usize| label(&n.to_string(), &[ORGANS[(n - 1) % ORGANS.len()]]))
            .collect(),
        arguments: Arguments::Given(text("--task total; rm -rf $HOME")),
        shell_characters: vec![';', '$'],
        owner: String::new(),
        tags: Vec::new(),
        derived_from: None,
        message: String::new(),
        reason: Field::default().wrong("Say why. It becomes part of the history."),
        ..model_view()
    }
}

pub(super) fn broken_rows() -> Vec<BrokenRow> {
    vec![
        BrokenRow {
            network_type: text("nnUNet"),
            name: text("Task099_Broken"),
            reason: text("The JSON ends too early, at line 1, column 62."),
            size: 62,
        },
        BrokenRow {
            network_type: text("nnUNet"),
            name: text("Task100_Empty"),
            reason: text("The object is empty."),
            size: 0,
        },
    ]
}

pub(super) fn broken_view() -> BrokenView {
    BrokenView {
        network_type: text("nnUNet"),
        name: text("Task099_Broken"),
        text: Field::new(
            "{\"name\":\"Task099_Broken\",\"network_type\":\"nnUNet\",\"enabled\":tru",
        )
        .wrong_at("The JSON ends too early.", 1, 62),
        if_match: text("\"0c\""),
        ..BrokenView::default()
    }
}

pub(super) fn overtaken_view() -> BrokenView {
    let typed = "{\n  \"name\": \"Task099_Broken\",\n  \"alias\": \"Mended\"\n}";
    BrokenView {
        text: Field::new(typed),
        overtaken: Some(Overtaken {
            now: typed.replace("Mended", "Whole again"),
            typed: text(typed),
            can_be_read: true,
        }),
        ..broken_view()
    }
}

pub(super) fn activity_view() -> ActivityView {
    let entry = |hours, who: &str, done: &str, icon, name: &str, alias: &str| Entry {
        at: ago(hours),
        who: Actor::local(who),
        via: None,
        done: text(done),
        icon,
        model: Some(pair("nnUNet_v2", name)),
        alias: text(alias),
        exists: true,
        revision: Some(14),
        message: String::new(),
        was: None,
        detail: String::new(),
    };
    ActivityView {
        now: None,
        unclear: Vec::new(),
        query: ActivityQuery {
            kind: Some(text("edited")),
            ..ActivityQuery::default()
        },
        sources: vec![
            pair("local", "Local account"),
            pair("clinic", "Clinic account"),
        ],
        people: texts(&["Maria Keller", "Ünal Demir", "argo-inference"]),
        kinds: vec![
            pair("edited", "Edited"),
            pair("enabled", "Enabled"),
            pair("deleted", "Deleted"),
        ],
        entries: vec![
            Entry {
                message: text(
                    "Fold 4 retrained after the scanner update; Dice on the test set is unchanged.",
                ),
                ..entry(
                    1,
                    "Maria Keller",
                    "edited",
                    Icon::Edit,
                    "Dataset220_KiTS2023",
                    "Kidney, tumour and cyst",
                )
            },
            Entry {
                via: Some(text("API")),
                detail: text("30 labels"),
                ..entry(
                    3,
                    "argo-inference",
                    "created",
                    Icon::Plus,
                    "Dataset301_HNOars",
                    "Head and neck, organs at risk",
                )
            },
            entry(
                26,
                "Ünal Demir",
                "enabled",
                Icon::Check,
                "Dataset137_BraTS2021",
                "Brain tumour, four sequences",
            ),
            Entry {
                exists: false,
                message: text("Replaced by Dataset301"),
                ..entry(
                    100,
                    "Maria Keller",
                    "deleted",
                    Icon::Trash,
                    "Dataset300_HNOars",
                    "",
                )
            },
        ],
        newer: None,
        older: Some(text("/dashboard/activity?before=81")),
    }
}

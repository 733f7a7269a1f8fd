//! The list of models, one model, broken definitions, activity.

use maud::Markup;

use super::{ago, frame, pair, text, texts};
use crate::views::SafeHtml;
use crate::views::activity::{ActivityQuery, ActivityView, Entry};
use crate::views::broken::{BrokenRow, BrokenView};
use crate::views::components::Tone;
use crate::views::components::field::Field;
use crate::views::components::icon::Icon;
use crate::views::components::labels::Label;
use crate::views::frame::Theme;
use crate::views::left_out::LeftOut;
use crate::views::model::{Arguments, ModelNotice, ModelView};
use crate::views::models::{self, Counts, ModelRow, ModelsView};
use crate::views::models_query::{ModelsQuery, Sort, State};

fn row(network_type: &str, name: &str, alias: &str, enabled: bool, labels: usize) -> ModelRow {
    ModelRow {
        network_type: text(network_type),
        name: text(name),
        alias: text(alias),
        enabled,
        labels,
        version: text("2.1"),
        revision: Some(3),
        owner: text("Radiation oncology"),
        tags: Vec::new(),
        modified_by: text("Maria Keller"),
        modified_at: Some(ago(30)),
    }
}

pub(super) fn models_view() -> ModelsView {
    let kidney = ModelRow {
        version: text("2.5"),
        revision: Some(14),
        tags: texts(&["ct", "abdomen"]),
        modified_at: Some(ago(0)),
        ..row(
            "nnUNet_v2",
            "Dataset220_KiTS2023",
            "Kidney, tumour and cyst",
            true,
            3,
        )
    };
    let legacy = ModelRow {
        version: String::new(),
        revision: None,
        owner: String::new(),
        modified_by: String::new(),
        modified_at: None,
        ..row("tensorflow", "LegacyLung", "", true, 0)
    };
    let long = ModelRow {
        owner: text("Image analysis"),
        modified_by: text("argo-inference"),
        modified_at: Some(ago(2300)),
        tags: texts(&["ct", "whole-body"]),
        ..row(
            "TotalSegmentatorV2",
            "Dataset291_TotalSegmentator_part1_organs_1559subj",
            "Organs, part 1",
            true,
            24,
        )
    };
    ModelsView {
        query: ModelsQuery {
            sort: Sort::Modified,
            ..ModelsQuery::default()
        },
        counts: Counts {
            enabled: 642,
            disabled: 167,
            broken: 3,
        },
        types: vec![
            (text("nnUNet_v2"), 402),
            (text("TotalSegmentatorV2"), 214),
            (text("MIST"), 96),
            (text("nnUNet"), 58),
            (text("vista3d"), 24),
            (text("totalsegmentator"), 11),
            (text("tensorflow"), 4),
        ],
        tags: vec![
            (text("ct"), 511),
            (text("mr"), 204),
            (text("abdomen"), 88),
            (text("thorax"), 71),
        ],
        owners: vec![
            (text("Radiation oncology"), 310),
            (text("Image analysis"), 122),
        ],
        rows: vec![
            kidney,
            row("MIST", "ProstateZones", "Prostate zones", false, 2),
            ModelRow {
                tags: texts(&["ct", "thorax"]),
                ..row(
                    "nnUNet",
                    "Task055_SegTHOR",
                    "Thoracic organs at risk",
                    true,
                    4,
                )
            },
            long,
            row(
                "vista3d",
                "AbdomenMulti",
                "Abdomen, multi-organ",
                false,
                118,
            ),
            row(
                "nnUNet_v2",
                "Dataset137_BraTS2021",
                "Brain tumour, four sequences",
                true,
                3,
            ),
            row(
                "nnUNet_v2",
                "Dataset301_HNOars",
                "Head and neck, organs at risk",
                true,
                30,
            ),
            legacy,
            row("MIST", "LiverVessels", "Liver vessels", false, 2),
            row(
                "nnUNet",
                "Name With Spaces (v2)",
                "Name With Spaces (v2)",
                true,
                1,
            ),
        ],
        total: 809,
        per_page: 10,
        left_out: LeftOut::default(),
        unknown: Vec::new(),
    }
}

pub(super) fn models_filtered() -> ModelsView {
    let found = ModelRow {
        ..row(
            "TotalSegmentatorV2",
            "Dataset291_TotalSegmentator_part1_organs_1559subj",
            "Organs, part 1",
            true,
            24,
        )
    };
    ModelsView {
        query: ModelsQuery {
            search: text("kidney"),
            state: Some(State::Enabled),
            network_type: Some(text("TotalSegmentatorV2")),
            tag: Some(text("ct")),
            ..ModelsQuery::default()
        },
        rows: vec![found],
        total: 1,
        left_out: LeftOut::default(),
        unknown: texts(&["colour"]),
        ..models_view()
    }
}

pub(super) fn models_none() -> ModelsView {
    ModelsView {
        query: ModelsQuery {
            search: text("spline"),
            ..ModelsQuery::default()
        },
        rows: Vec::new(),
        total: 0,
        counts: Counts::default(),
        types: Vec::new(),
        ..models_view()
    }
}

pub(super) fn models_empty() -> ModelsView {
    ModelsView {
        counts: Counts::default(),
        ..models_view()
    }
}

/// The list of models as it is at first: fifty rows.
pub(in crate::views) fn fifty_models() -> Markup {
    let mut view = models_view();
    let rows = view.rows.clone();
    view.per_page = 50;
    view.rows = (0..50)
        .map(|number| {
            let row = &rows[number % rows.len()];
            ModelRow {
                name: format!("{}_{number:03}", row.name),
                ..row.clone()
            }
        })
        .collect();
    models::page(&frame(Theme::System), &view)
}

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

pub(super) fn activity_view() -> ActivityView {
    let entry = |hours, who: &str, done: &str, icon, name: &str, alias: &str| Entry {
        at: ago(hours),
        who: text(who),
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

//! The list of models.

use maud::Markup;

use super::{ago, frame, text, texts};
use crate::views::frame::Theme;
use crate::views::left_out::LeftOut;
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

//! Everything that changes models.

use super::models::models_view;
use super::{ago, change, pair, text, texts};
use crate::views::ModelAction;
use crate::views::components::field::Field;
use crate::views::components::label_rows::{LabelRow, LabelRows};
use crate::views::confirm::{ConfirmReason, ConfirmView};
use crate::views::conflict::{Before, Choice, ConflictField, ConflictView};
use crate::views::definition_form::{DefinitionForm, Edited};
use crate::views::derive::DeriveView;
use crate::views::frame::{Frame, Section};
use crate::views::import::{ImportOutcome, ImportResult, ImportView};
use crate::views::rename::RenameView;

fn rows() -> Vec<LabelRow> {
    [
        ("1", "kidney, masses, tumor"),
        ("3", "masses"),
        ("2", "masses, tumor"),
    ]
    .into_iter()
    .map(|(number, names)| LabelRow {
        number: text(number),
        names: text(names),
        error: None,
    })
    .collect()
}

pub(super) fn form() -> DefinitionForm {
    DefinitionForm {
        put_right: false,
        version_inside: Some(text("2.5")),
        network_type: Field::new("nnUNet_v2"),
        name: Field::new("Dataset220_KiTS2023"),
        alias: Field::new("Kidney, tumour and cyst"),
        version: Field::new(""),
        labels: LabelRows {
            rows: rows(),
            ..LabelRows::default()
        },
        inference_args: Field::new(""),
        inference_information: Field::new(
            "{\n  \"version\": \"2.5\",\n  \"configuration\": \"3d_fullres\",\n  \"folds\": [0, 1, 2, 3, 4]\n}",
        ),
        description: Field::new(
            "Segments kidney, tumour and cyst on contrast-enhanced CT.\n\n## Limits\n\n- Portal-venous phase only.\n",
        ),
        owner: Field::new("Radiation oncology"),
        tags: Field::new("ct, abdomen"),
        other_fields: Field::new("{}"),
        reason: Field::default(),
        error: None,
        known_types: texts(&["nnUNet", "nnUNet_v2", "MIST"]),
        known_owners: texts(&["Radiation oncology", "Image analysis"]),
    }
}

pub(super) fn new_form() -> DefinitionForm {
    DefinitionForm {
        known_types: form().known_types,
        ..DefinitionForm::default()
    }
}

pub(super) fn form_wrong() -> DefinitionForm {
    let mut labels = LabelRows {
        rows: rows(),
        ..LabelRows::default()
    };
    labels.rows[1].number = text("three");
    labels.rows[1].error = Some(text("A label number is a whole number."));
    DefinitionForm {
        labels,
        inference_information: Field::new("{\n  \"version\": \"2.5\",\n  \"configuration\": \"3d_fullres\"\n  \"folds\": [0, 1, 2, 3, 4]\n}")
            .wrong_at("Expected a comma or a closing brace.", 4, 3),
        other_fields: Field::new("{\"owner_group\": \"radiology\"}"),
        reason: Field::default().wrong("Jobs use this model: say why it changes."),
        ..form()
    }
}

pub(super) fn edited() -> Edited {
    Edited {
        contradiction: Some(text("the definition says MIST, its key nnUNet")),
        alias: text("Kidney, tumour and cyst"),
        enabled: true,
        if_match: text("\"5f1c\""),
        base: text("alias:0b7f3c2d91e64a58"),
    }
}

fn label(
    number: u32,
    before: Option<&str>,
    yours: Option<&str>,
    theirs: Option<&str>,
) -> ConflictField {
    ConflictField {
        name: format!("labels_pasted {number}"),
        group: text("Labels"),
        label: format!("Label {number}"),
        may_be_left_out: true,
        before: Before::Known(before.map(text)),
        yours: yours.map(text),
        theirs: theirs.map(text),
        chosen: None,
        other: Field::new(yours.unwrap_or_default()),
        mono: true,
    }
}

pub(super) fn conflict_view() -> ConflictView {
    ConflictView {
        renamed_from: None,
        network_type: text("nnUNet_v2"),
        name: text("Dataset220_KiTS2023"),
        alias: text("Kidney, tumour and cyst"),
        if_match: text("\"77aa\""),
        base: text("alias:5d41402abc4b2a76"),
        revision: Some(15),
        modified_by: text("Ünal Demir"),
        modified_at: Some(ago(0)),
        message: text("Alias as agreed on Tuesday"),
        found_if_match: text("\"5f1c\""),
        found_base: text("revision:14 alias:0b7f3c2d91e64a58"),
        fields: vec![
            ConflictField {
                name: text("alias"),
                group: text("Alias"),
                label: text("Alias"),
                may_be_left_out: false,
                before: Before::Known(Some(text("Kidney and tumour"))),
                yours: Some(text("Kidney with tumour and cyst")),
                theirs: Some(text("Kidney, tumour, cyst (CT)")),
                chosen: Some(Choice::Yours),
                other: Field::new("Kidney with tumour and cyst"),
                mono: false,
            },
            label(2, Some("tumor"), Some("tumour"), Some("mass")),
            ConflictField {
                other: Field::new("cyst, left").wrong("choose what is saved"),
                ..label(3, Some("cyst"), None, Some("renal cyst"))
            },
            label(4, None, Some("aorta"), Some("vein")),
            ConflictField {
                name: text("inference_information spacing"),
                group: text("Inference information"),
                label: text("spacing"),
                may_be_left_out: true,
                before: Before::Unknown,
                yours: Some(text("[1.0, 0.8, 0.8]")),
                theirs: None,
                chosen: None,
                other: Field::new("[1.0, 0.8, 0.8]"),
                mono: true,
            },
        ],
        only_theirs: vec![change("Tags", Some("ct"), Some("ct, abdomen"))],
        only_yours: vec![change("Owner", None, Some("Radiation oncology"))],
        carried: vec![
            pair("owner", "Radiation oncology"),
            pair("tags", "ct, abdomen"),
        ],
        put_right: true,
        reason: Field::new("Spelling"),
        reason_required: true,
    }
}

pub(super) fn derive_view() -> DeriveView {
    DeriveView {
        source: Some(pair("nnUNet_v2", "Dataset220_KiTS2023")),
        network_type: Field::new("nnUNet_v2"),
        name: Field::new("Dataset220 KiTS 2023")
            .wrong("A name has letters, digits, dot, underscore and hyphen, no spaces."),
        alias: Field::new("Kidney, tumour and cyst (fast)"),
        known_types: texts(&["nnUNet", "nnUNet_v2"]),
        ..DeriveView::default()
    }
}

pub(super) fn rename_view() -> RenameView {
    RenameView {
        old_type: text("nnUNet_v2"),
        old_name: text("Dataset220_KiTS2023"),
        alias: text("Kidney, tumour and cyst"),
        enabled: true,
        if_match: text("\"5f1c\""),
        network_type: Field::new("nnUNet_v2"),
        name: Field::new("Dataset220_KiTS2023"),
        known_types: texts(&["nnUNet", "nnUNet_v2"]),
        ..RenameView::default()
    }
}

pub(super) fn delete_view(frame: &Frame) -> ConfirmView {
    let (network_type, name) = ("nnUNet_v2", "Dataset220_KiTS2023");
    ConfirmView {
        section: Section::Models,
        heading: text("Delete Kidney, tumour and cyst?"),
        consequences: vec![text(
            "Jobs that ask for nnUNet_v2/Dataset220_KiTS2023 will not find it any more. Its history is kept.",
        )],
        items: Vec::new(),
        action: frame
            .links
            .model_action(network_type, name, ModelAction::Delete),
        hidden: vec![pair("if_match", "\"5f1c\"")],
        button: text("Delete the model"),
        danger: true,
        back: frame.links.model(network_type, name),
        reason: Some(ConfirmReason {
            field: Field::default(),
            required: true,
            example: text("Why is it not needed any more?"),
        }),
    }
}

pub(super) fn bulk_view(frame: &Frame) -> ConfirmView {
    let rows = models_view().rows;
    ConfirmView {
        section: Section::Models,
        heading: text("Disable 10 models?"),
        consequences: vec![text(
            "Jobs will not find them until somebody enables them again.",
        )],
        hidden: rows
            .iter()
            .map(|row| (text("model"), format!("{}/{}", row.network_type, row.name)))
            .collect(),
        items: rows
            .into_iter()
            .map(|row| (row.alias, format!("{}/{}", row.network_type, row.name)))
            .collect(),
        action: frame.links.to("/models/bulk"),
        button: text("Disable 10 models"),
        danger: false,
        back: frame.links.models(),
        reason: Some(ConfirmReason {
            required: true,
            example: text("Why are they taken out of use?"),
            ..ConfirmReason::default()
        }),
    }
}

pub(super) fn import_view() -> ImportView {
    let result = |file: &str, name: Option<&str>, outcome| ImportResult {
        file: text(file),
        model: name.map(|name| pair("nnUNet_v2", name)),
        outcome,
    };
    ImportView {
        replace: true,
        results: vec![
            result(
                "kits.json",
                Some("Dataset220_KiTS2023"),
                ImportOutcome::Replaced,
            ),
            result(
                "brats.json",
                Some("Dataset137_BraTS2021"),
                ImportOutcome::Created,
            ),
            result("hn.json", Some("Dataset301_HNOars"), ImportOutcome::Same),
            result(
                "all.json, number 3",
                Some("Dataset 4"),
                ImportOutcome::Refused(text(
                    "The name holds a space. A name has letters, digits, dot, underscore and hyphen.",
                )),
            ),
            result(
                "notes.json",
                None,
                ImportOutcome::Refused(text("Not JSON: expected a value at line 1, column 1.")),
            ),
        ],
        limit: text("20 MB"),
        ..ImportView::default()
    }
}

//! Every page filled with what real installations hold, for the tests of this module.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maud::Markup;

use super::activity::{self, ActivityQuery, ActivityView, Entry};
use super::admin::{audit, system, users};
use super::broken::{self, BrokenRow, BrokenView};
use super::components::Tone;
use super::components::difference::Change;
use super::components::field::Field;
use super::components::icon::Icon;
use super::components::label_rows::{LabelRow, LabelRows};
use super::components::labels::Label;
use super::confirm::{self, ConfirmReason, ConfirmView};
use super::conflict::{self, ConflictField, ConflictView};
use super::definition_form::{self, DefinitionForm, Edited};
use super::derive::{self, DeriveView};
use super::errors::{self, ErrorView};
use super::frame::{Banner, CsrfToken, Frame, May, Person, Section, Status, Theme};
use super::import::{self, ImportOutcome, ImportResult, ImportView};
use super::login::{self, LoginView, Refusal, Source};
use super::model::{self, Arguments, ModelNotice, ModelView};
use super::models::{self, Counts, ModelRow, ModelsView};
use super::models_query::{ModelsQuery, Sort, State};
use super::profile::{self, PasswordForm, ProfileView, SessionRow};
use super::rename::{self, RenameView};
use super::tokens::{
    self, CreatedToken, ScopeChoice, ServiceAccountRow, ServiceAccounts, TokenForm, TokenRow,
    TokensView,
};
use super::{Links, ModelAction, SafeHtml};

/// 2026-11-22 09:41:00 UTC
pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_340_460)
}

pub(super) fn ago(hours: u64) -> SystemTime {
    now() - Duration::from_secs(hours * 3600 + 420)
}

fn ahead(days: u64) -> SystemTime {
    now() + Duration::from_secs(days * 86_400)
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().copied().map(str::to_owned).collect()
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

pub(super) fn frame(theme: Theme) -> Frame {
    Frame {
        links: Links::new("/dashboard/"),
        site_name: text("Model Dashboard"),
        now: now(),
        theme,
        csrf: CsrfToken(text("c5rf")),
        person: Some(Person {
            display_name: text("Maria Keller"),
            username: text("mkeller"),
            may: May {
                write_models: true,
                enable_models: true,
                read_audit: true,
                manage_users: true,
                manage_system: true,
            },
        }),
        banner: None,
        status: None,
        version: text("0.1.0"),
    }
}

/// Name and document of every page, in the states that look different.
pub(super) fn all(theme: Theme) -> Vec<(&'static str, Markup)> {
    let frame = frame(theme);
    let signed_out = Frame {
        person: None,
        ..frame.clone()
    };
    let reader = Frame {
        person: Some(Person {
            display_name: text("Jo Lind"),
            username: text("jlind"),
            may: May::default(),
        }),
        ..frame.clone()
    };
    let degraded = Frame {
        banner: Some(Banner {
            tone: Tone::Warning,
            text: text(
                "The model store cannot be reached. You see what was known; nothing can be saved. Since",
            ),
            since: Some(ago(0)),
            action: Some(pair("System", "/dashboard/admin/system")),
        }),
        status: Some(Status {
            tone: Tone::Ok,
            text: text("Kidney, tumour and cyst is saved as revision 14."),
            action: None,
        }),
        ..frame.clone()
    };
    vec![
        ("login", login::page(&signed_out, &login_view())),
        (
            "login-plain",
            login::page(&signed_out, &LoginView::default()),
        ),
        ("models", models::page(&frame, &models_view())),
        (
            "models-filtered",
            models::page(&degraded, &models_filtered()),
        ),
        ("models-none", models::page(&frame, &models_none())),
        ("models-empty", models::page(&frame, &models_empty())),
        ("models-reader", models::page(&reader, &models_view())),
        ("model", model::page(&frame, &model_view())),
        ("model-disabled", model::page(&degraded, &model_disabled())),
        ("model-reader", model::page(&reader, &model_view())),
        ("create", definition_form::create(&frame, &new_form())),
        ("edit", definition_form::edit(&frame, &edited(), &form())),
        (
            "edit-wrong",
            definition_form::edit(&frame, &edited(), &form_wrong()),
        ),
        ("conflict", conflict::page(&frame, &conflict_view())),
        ("derive", derive::page(&frame, &derive_view())),
        (
            "derive-choose",
            derive::page(&frame, &DeriveView::default()),
        ),
        ("rename", rename::page(&frame, &rename_view())),
        ("delete", confirm::page(&frame, &delete_view(&frame))),
        ("bulk", confirm::page(&frame, &bulk_view(&frame))),
        (
            "import",
            import::page(
                &frame,
                &ImportView {
                    limit: text("20 MB"),
                    ..ImportView::default()
                },
            ),
        ),
        ("import-results", import::page(&frame, &import_view())),
        ("broken", broken::list(&frame, &broken_rows())),
        ("broken-none", broken::list(&frame, &[])),
        ("broken-edit", broken::editor(&frame, &broken_view())),
        ("activity", activity::page(&frame, &activity_view())),
        (
            "activity-empty",
            activity::page(&reader, &ActivityView::default()),
        ),
        ("profile", profile::page(&frame, &profile_view())),
        (
            "profile-directory",
            profile::page(&reader, &profile_directory()),
        ),
        ("tokens", tokens::page(&frame, &tokens_view())),
        ("tokens-empty", tokens::page(&reader, &tokens_empty())),
        ("users", users::list(&frame, &users_view())),
        ("user-new", users::new(&frame, &new_user_view())),
        ("user", users::one(&frame, &user_view())),
        ("audit", audit::list(&frame, &audit_view())),
        ("audit-event", audit::event(&frame, &event_view())),
        ("system", system::page(&frame, &system_view())),
        ("error-403", errors::page(&reader, &error_403())),
        ("error-404", errors::page(&frame, &error_404())),
        ("error-503", errors::page(&frame, &error_503())),
        ("error-500", errors::page(&signed_out, &error_500())),
    ]
}

fn login_view() -> LoginView {
    LoginView {
        institution: Some(text("Department of Radiation Oncology")),
        sources: vec![
            Source {
                id: text("ldap"),
                name: text("Hospital account"),
                selected: true,
            },
            Source {
                id: text("local"),
                name: text("Account of this installation"),
                selected: false,
            },
        ],
        username: text("mkeller"),
        refusal: Some(Refusal::Wrong),
        next: Some(text("/models/nnUNet_v2/Dataset220_KiTS2023")),
        contact: Some(text("No access yet? Write to segmentation@example.org.")),
    }
}

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
        found_label: None,
    }
}

fn models_view() -> ModelsView {
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
        unknown: Vec::new(),
    }
}

fn models_filtered() -> ModelsView {
    let found = ModelRow {
        found_label: Some(text("kidney_left")),
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
        unknown: texts(&["colour"]),
        ..models_view()
    }
}

fn models_none() -> ModelsView {
    ModelsView {
        query: ModelsQuery {
            search: text("spline"),
            ..ModelsQuery::default()
        },
        rows: Vec::new(),
        total: 0,
        ..models_view()
    }
}

fn models_empty() -> ModelsView {
    ModelsView {
        counts: Counts::default(),
        ..models_view()
    }
}

fn label(number: &str, names: &[&str]) -> Label {
    Label {
        number: text(number),
        names: texts(names),
    }
}

fn model_view() -> ModelView {
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
        reason_required: true,
    }
}

fn model_disabled() -> ModelView {
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
        owner: String::new(),
        tags: Vec::new(),
        derived_from: None,
        message: String::new(),
        reason: Field::default().wrong("Say why. It becomes part of the history."),
        ..model_view()
    }
}

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

fn form() -> DefinitionForm {
    DefinitionForm {
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

fn new_form() -> DefinitionForm {
    DefinitionForm {
        known_types: form().known_types,
        ..DefinitionForm::default()
    }
}

fn form_wrong() -> DefinitionForm {
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

fn edited() -> Edited {
    Edited {
        alias: text("Kidney, tumour and cyst"),
        enabled: true,
        if_match: text("\"5f1c\""),
    }
}

fn change(field: &str, before: Option<&str>, after: Option<&str>) -> Change {
    Change {
        field: text(field),
        before: before.map(text),
        after: after.map(text),
    }
}

fn conflict_view() -> ConflictView {
    ConflictView {
        network_type: text("nnUNet_v2"),
        name: text("Dataset220_KiTS2023"),
        alias: text("Kidney, tumour and cyst"),
        if_match: text("\"77aa\""),
        revision: Some(15),
        modified_by: text("Ünal Demir"),
        modified_at: Some(ago(0)),
        message: text("Alias as agreed on Tuesday"),
        fields: vec![
            ConflictField {
                name: text("alias"),
                label: text("Alias"),
                yours: text("Kidney with tumour and cyst"),
                theirs: text("Kidney, tumour, cyst (CT)"),
                result: Field::new("Kidney with tumour and cyst"),
                mono: false,
            },
            ConflictField {
                name: text("labels_pasted"),
                label: text("Labels"),
                yours: text("{\n  \"1\": \"kidney\",\n  \"2\": \"tumour\"\n}"),
                theirs: text("{\n  \"1\": \"kidney\",\n  \"2\": \"tumor\",\n  \"3\": \"cyst\"\n}"),
                result: Field::new("{\n  \"1\": \"kidney\",\n  \"2\": \"tumour\"\n}"),
                mono: true,
            },
        ],
        only_theirs: vec![change("Tags", Some("ct"), Some("ct, abdomen"))],
        only_yours: vec![change("Owner", None, Some("Radiation oncology"))],
        carried: vec![
            pair("owner", "Radiation oncology"),
            pair("tags", "ct, abdomen"),
        ],
        reason: Field::new("Spelling"),
        reason_required: true,
    }
}

fn derive_view() -> DeriveView {
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

fn rename_view() -> RenameView {
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

fn delete_view(frame: &Frame) -> ConfirmView {
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

fn bulk_view(frame: &Frame) -> ConfirmView {
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

fn import_view() -> ImportView {
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
                ImportOutcome::Replaced(vec![change("Version", Some("2.4"), Some("2.5"))]),
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

fn broken_rows() -> Vec<BrokenRow> {
    vec![
        BrokenRow {
            network_type: text("nnUNet"),
            name: text("Task099_Broken"),
            reason: text("The JSON ends too early, at line 1, column 62."),
            size: 62,
            modified_at: Some(ago(400)),
        },
        BrokenRow {
            network_type: text("nnUNet"),
            name: text("Task100_Empty"),
            reason: text("The object is empty."),
            size: 0,
            modified_at: None,
        },
    ]
}

fn broken_view() -> BrokenView {
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

fn activity_view() -> ActivityView {
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
        changes: Vec::new(),
    };
    ActivityView {
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
                changes: vec![
                    change("Version", Some("2.4"), Some("2.5")),
                    change("Tags", None, Some("abdomen")),
                ],
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

fn profile_view() -> ProfileView {
    ProfileView {
        display_name: Field::new("Maria Keller"),
        email: Field::new("maria.keller@example.org"),
        username: text("mkeller"),
        source: text("this installation"),
        local: true,
        role: text("publisher"),
        role_reason: String::new(),
        permissions: vec![
            pair("models:read", "See models"),
            pair("models:write", "Create, edit and delete models"),
            pair("models:enable", "Enable and disable models"),
        ],
        password: PasswordForm {
            new: Some(text("At least 12 characters; this one has 8.")),
            ..PasswordForm::default()
        },
        sessions: vec![
            SessionRow {
                id: text("a1"),
                current: true,
                browser: text("Firefox on Linux"),
                address: text("10.20.4.17"),
                started_at: ago(5),
                last_used_at: now(),
            },
            SessionRow {
                id: text("b2"),
                current: false,
                browser: text("Edge on Windows"),
                address: text("10.20.8.3"),
                started_at: ago(100),
                last_used_at: ago(29),
            },
            SessionRow {
                id: text("c3"),
                current: false,
                browser: text("Safari on iPhone"),
                address: text("2001:db8::17"),
                started_at: ago(190),
                last_used_at: ago(150),
            },
        ],
    }
}

fn profile_directory() -> ProfileView {
    ProfileView {
        username: text("jlind"),
        display_name: Field::new("Jo Lind"),
        email: Field::default(),
        source: text("hospital directory"),
        local: false,
        role: text("viewer"),
        role_reason: text("a member of CN=Segmentation-Readers"),
        permissions: vec![pair("models:read", "See models")],
        password: PasswordForm::default(),
        sessions: profile_view().sessions[..1].to_vec(),
    }
}

fn scopes() -> Vec<ScopeChoice> {
    [
        ("models:read", "See models", true),
        ("models:write", "Create, edit and delete models", false),
        ("models:enable", "Enable and disable models", false),
    ]
    .into_iter()
    .map(|(scope, meaning, chosen)| ScopeChoice {
        scope: text(scope),
        meaning: text(meaning),
        chosen,
    })
    .collect()
}

fn tokens_view() -> TokensView {
    let token = |id, description: &str, account: Option<&str>, days| TokenRow {
        id,
        description: text(description),
        account: account.map(text),
        scopes: texts(&["models:read"]),
        created_at: Some(ago(500)),
        last_used_at: Some(ago(2)),
        expires_at: days,
        expires_soon: false,
    };
    TokensView {
        created: Some(CreatedToken {
            description: text("Nightly export"),
            token: text("mdb_7Yk2TnQv9LxWc4RbE1sJdZp8Gh3MfUa6KoNi5BtXyVrCq0Se2DwAz"),
            models_url: text("https://models.example.org/api/v1/models"),
            expires_at: Some(ahead(30)),
        }),
        form: TokenForm {
            scopes: scopes(),
            expires_in_days: Field::new("30"),
            days: vec![7, 30, 90],
            ..TokenForm::default()
        },
        tokens: vec![
            TokenRow {
                last_used_at: None,
                ..token(4, "Old notebook", None, Some(ago(40)))
            },
            TokenRow {
                expires_soon: true,
                scopes: texts(&["models:read", "models:write"]),
                ..token(
                    1,
                    "Training pipeline",
                    Some("argo-inference"),
                    Some(ahead(4)),
                )
            },
            token(2, "Nightly export", None, Some(ahead(30))),
            token(3, "From the old system", None, None),
        ],
        service_accounts: Some(ServiceAccounts {
            accounts: vec![
                ServiceAccountRow {
                    name: text("argo-inference"),
                    owner: text("Image analysis"),
                    tokens: 1,
                    enabled: true,
                },
                ServiceAccountRow {
                    name: text("pacs-gateway"),
                    owner: text("Radiology IT"),
                    tokens: 0,
                    enabled: false,
                },
            ],
            ..ServiceAccounts::default()
        }),
    }
}

fn tokens_empty() -> TokensView {
    TokensView {
        form: TokenForm {
            description: Field::default().wrong("Say what the token is for."),
            scopes: scopes()[..1].to_vec(),
            scopes_error: Some(text("A token must be allowed at least one thing.")),
            expires_in_days: Field::new("30"),
            days: vec![7, 30],
            remark: Some(text(
                "It ends 7 days after your last sign-in, whichever comes first.",
            )),
            error: Some(text("The token was not made.")),
            ..TokenForm::default()
        },
        ..TokensView::default()
    }
}

fn user_row(id: i64, username: &str, display_name: &str, role: &str) -> users::UserRow {
    users::UserRow {
        id,
        username: text(username),
        display_name: text(display_name),
        source: text("this installation"),
        role: text(role),
        enabled: true,
        last_sign_in: Some(ago(20)),
        tokens: 2,
    }
}

fn users_view() -> users::UsersView {
    users::UsersView {
        search: String::new(),
        rows: vec![
            user_row(1, "admin", "Administrator", "admin"),
            user_row(2, "mkeller", "Maria Keller", "publisher"),
            users::UserRow {
                enabled: false,
                last_sign_in: None,
                tokens: 0,
                ..user_row(3, "guest", "Guest", "viewer")
            },
            users::UserRow {
                source: text("hospital directory"),
                ..user_row(4, "rlopez", "Rosa López", "auditor")
            },
        ],
    }
}

fn roles() -> Vec<users::RoleChoice> {
    [
        ("viewer", "sees models"),
        ("editor", "changes models"),
        ("publisher", "also enables them"),
        ("admin", "everything"),
    ]
    .into_iter()
    .map(|(name, meaning)| users::RoleChoice {
        name: text(name),
        meaning: text(meaning),
    })
    .collect()
}

fn new_user_view() -> users::NewUserView {
    users::NewUserView {
        username: Field::new("Ｍkeller").wrong("This is too close to the existing name mkeller."),
        role: Field::new("viewer"),
        roles: roles(),
        password_error: Some(text("At least 12 characters; this one has 6.")),
        ..users::NewUserView::default()
    }
}

fn user_view() -> users::UserView {
    users::UserView {
        row: user_row(2, "mkeller", "Maria Keller", "publisher"),
        local: true,
        display_name: Field::new("Maria Keller"),
        email: Field::new("maria.keller@example.org"),
        role: Field::new("publisher"),
        roles: roles(),
        created_at: Some(ago(9000)),
        generated: Some(users::GeneratedPassword(text("copper-lantern-vivid-otter"))),
        ..users::UserView::default()
    }
}

fn audit_rows() -> Vec<audit::AuditRow> {
    let row = |id, hours, who: &str, action: &str, target: &str, outcome| audit::AuditRow {
        id,
        at: ago(hours),
        who: text(who),
        source: text("local"),
        action: text(action),
        target: text(target),
        outcome,
        address: text("10.20.4.17"),
        revision: None,
        reason: String::new(),
    };
    vec![
        audit::AuditRow {
            revision: Some(14),
            reason: text("Fold 4 retrained after the scanner update"),
            ..row(
                812,
                1,
                "mkeller",
                "model.edit",
                "nnUNet_v2/Dataset220_KiTS2023",
                audit::Outcome::Success,
            )
        },
        row(
            811,
            1,
            "mkeller",
            "session.sign_in",
            "",
            audit::Outcome::Success,
        ),
        audit::AuditRow {
            source: String::new(),
            address: text("2001:db8:85a3::8a2e:370:7334"),
            ..row(
                810,
                2,
                "",
                "session.sign_in",
                "root",
                audit::Outcome::Denied,
            )
        },
        row(
            809,
            4,
            "jlind",
            "model.enable",
            "MIST/ProstateZones",
            audit::Outcome::Denied,
        ),
        row(
            808,
            6,
            "argo-inference",
            "model.create",
            "nnUNet_v2/Dataset301_HNOars",
            audit::Outcome::Failed,
        ),
    ]
}

fn audit_view() -> audit::AuditView {
    audit::AuditView {
        query: audit::AuditQuery {
            from: text("2026-11-01"),
            ..audit::AuditQuery::default()
        },
        actions: texts(&[
            "model.create",
            "model.edit",
            "model.enable",
            "session.sign_in",
        ]),
        rows: audit_rows(),
        newer: None,
        older: Some(text("/dashboard/admin/audit?before=808")),
    }
}

fn event_view() -> audit::EventView {
    audit::EventView {
        row: audit_rows().swap_remove(0),
        agent: text("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        request_id: text("01JD7P0R6M"),
        chain_intact: Some(true),
        json: text("{\n  \"action\": \"model.edit\",\n  \"id\": 812\n}"),
    }
}

fn system_view() -> system::SystemView {
    let setting = |section: &str, name: &str, value: &str, origin: &str| system::Setting {
        section: text(section),
        name: text(name),
        value: text(value),
        origin: text(origin),
        given: origin != "default",
    };
    system::SystemView {
        version: text("0.1.0"),
        started_at: Some(ago(70)),
        facts: vec![
            pair(
                "Addresses",
                "127.0.0.1:8501 (dashboard), 127.0.0.1:8000 (API)",
            ),
            pair("Memory", "31 MB"),
        ],
        dependencies: vec![
            system::Dependency {
                name: text("Model store"),
                address: text("file:///srv/models"),
                health: system::Health::Degraded,
                since: Some(ago(0)),
                detail: text(
                    "Reading works, writing does not: the folder is read-only. 809 models are known.",
                ),
                fix: text(
                    "Make /srv/models writable for the account that runs the server, or set STORAGE_URL to another place.",
                ),
            },
            system::Dependency {
                name: text("Database"),
                address: text("/srv/data/users.db"),
                health: system::Health::Ok,
                since: Some(ago(70)),
                detail: text("SQLite, schema 4"),
                fix: String::new(),
            },
            system::Dependency {
                name: text("Directory"),
                address: String::new(),
                health: system::Health::Off,
                since: None,
                detail: String::new(),
                fix: String::new(),
            },
        ],
        settings: vec![
            setting("server", "host", "127.0.0.1", "default"),
            setting("server", "port", "8501", "DASHBOARD_PORT"),
            setting("model_db", "url", "file:///srv/models", "config.toml"),
            setting("model_db", "password", "••••", "secrets.toml"),
            setting("ldap", "server", "", "default"),
        ],
    }
}

fn error_403() -> ErrorView {
    ErrorView::Forbidden {
        permission: text("models:enable"),
        meaning: text("enable and disable models"),
        contact: Some(text("Ask segmentation@example.org for it.")),
    }
}

fn error_404() -> ErrorView {
    ErrorView::NotFound {
        wanted: Some(text("nnUNet_v2/Dataset220_KiTS2032")),
        near: vec![
            pair(
                "nnUNet_v2/Dataset220_KiTS2023",
                "/dashboard/models/nnUNet_v2/Dataset220_KiTS2023",
            ),
            pair(
                "nnUNet_v2/Dataset219_KiTS2021",
                "/dashboard/models/nnUNet_v2/Dataset219_KiTS2021",
            ),
        ],
    }
}

fn error_503() -> ErrorView {
    ErrorView::Unavailable {
        what: text("The model store has not answered for 4 minutes, so nothing can be saved."),
        still_works: text(
            "Models can be looked at and searched as they were last known. Please try again in a minute.",
        ),
    }
}

fn error_500() -> ErrorView {
    ErrorView::Other {
        status: 500,
        heading: text("Something went wrong"),
        text: text(
            "The server made a mistake. Please try again; if it stays, give the number below to an administrator.",
        ),
        request_id: Some(text("01JD7P0R6M")),
    }
}

/// The list of models as it is at first: fifty rows.
pub(super) fn fifty_models() -> Markup {
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

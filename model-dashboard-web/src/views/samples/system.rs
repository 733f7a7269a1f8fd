//! The audit log, the state of the server, errors.

use super::{ago, pair, text, texts};
use crate::views::actor::Actor;
use crate::views::admin::{audit, system};
use crate::views::errors::ErrorView;
use crate::views::left_out::LeftOut;
use crate::views::models::Counts;

fn audit_rows() -> Vec<audit::AuditRow> {
    let row = |number, hours, who: &str, action: &str, target: &str| audit::AuditRow {
        number,
        at: ago(hours),
        who: Actor::local(who),
        nobody: false,
        identity: text("local:2"),
        action: text(action),
        refused: false,
        target: text(target),
        target_href: None,
        via: text("dashboard"),
        from: text("10.20.4.17"),
        revision: None,
        reason: String::new(),
        detail: String::new(),
    };
    let kits = "model:nnUNet_v2/Dataset220_KiTS2023";
    vec![
        audit::AuditRow {
            revision: Some(14),
            target_href: Some(text("/dashboard/models/nnUNet_v2/Dataset220_KiTS2023")),
            reason: text("Fold 4 retrained after the scanner update"),
            detail: text("version, tags"),
            ..row(812, 1, "mkeller", "model.update", kits)
        },
        row(811, 1, "mkeller", "sign-in", ""),
        audit::AuditRow {
            nobody: true,
            identity: String::new(),
            refused: true,
            from: text("2001:db8:85a3::8a2e:370:7334"),
            detail: text("unknown account"),
            ..row(810, 2, "unknown", "sign-in.refused", "source:local")
        },
        audit::AuditRow {
            nobody: true,
            identity: String::new(),
            via: text("server"),
            from: String::new(),
            detail: text("rlopez: role viewer → auditor (group cn=auditors), says ldap"),
            ..row(809, 2, "the server", "user.update", "user:ldap:1f")
        },
        audit::AuditRow {
            refused: true,
            detail: text("models:enable is missing"),
            ..row(808, 4, "jlind", "denied", "model:MIST/ProstateZones")
        },
        audit::AuditRow {
            via: text("api"),
            ..row(
                807,
                6,
                "argo-inference",
                "model.create",
                "model:nnUNet_v2/Dataset301_HNOars",
            )
        },
    ]
}

pub(super) fn audit_view() -> audit::AuditView {
    audit::AuditView {
        sources: vec![
            pair("local", "Local account"),
            pair("clinic", "Clinic account"),
        ],
        query: audit::AuditQuery {
            from: text("2026-11-01"),
            ..audit::AuditQuery::default()
        },
        actions: texts(&["model.create", "model.update", "model.enable", "sign-in"]),
        rows: audit_rows(),
        newer: None,
        older: Some(text("/dashboard/admin/audit?before=807")),
        chain: Some(audit::Chain {
            intact: true,
            text: text("All 812 events are as they were written."),
        }),
        wrong: Vec::new(),
    }
}

pub(super) fn event_view() -> audit::EventView {
    audit::EventView {
        row: audit_rows().swap_remove(0),
        request_id: text("01JD7P0R6M"),
        digest: text("5b0cf0a3d1e2447f8f0c7d1c58d4a0a1b6de2c6b1f5be0a92a0f3c1d9e8b7a66"),
        json: text("{\n  \"seq\": 812,\n  \"action\": \"model.update\"\n}"),
    }
}

pub(super) fn left_out() -> LeftOut {
    LeftOut {
        count: 22,
        examples: texts(&["README.txt", "nnUNet/old/"]),
        unreadable: vec![pair("MIST", "permission denied")],
    }
}

pub(super) fn system_view() -> system::SystemView {
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
        addresses: vec![
            pair("Public URL", "https://models.example.org"),
            pair("Dashboard", "127.0.0.1:8501"),
        ],
        data_folder: text("/srv/model-dashboard"),
        models: Some(Counts {
            enabled: 700,
            disabled: 109,
            broken: 3,
        }),
        last_answer: Some(ago(0)),
        left_out: left_out(),
        dependencies: vec![
            system::Dependency {
                name: text("Model store"),
                health: system::Health::Degraded,
                since: Some(ago(0)),
                detail: text(
                    "Reading works, writing does not: the folder is read-only. 809 models are known.",
                ),
                fix: text(
                    "Make /srv/models writable for the account that runs the server, or set STORAGE_URL to another place.",
                ),
                directory: None,
            },
            system::Dependency {
                name: text("Database"),
                health: system::Health::Ok,
                since: Some(ago(70)),
                detail: text("SQLite, schema 4"),
                fix: String::new(),
                directory: None,
            },
            system::Dependency {
                name: text("Directory ldap"),
                health: system::Health::Degraded,
                since: Some(ago(2)),
                detail: text("Hospital account: ldaps://dc1.example.org:636: connection refused"),
                fix: text("see that its server can be reached"),
                directory: Some(text("ldap")),
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

pub(super) fn error_403() -> ErrorView {
    ErrorView::Forbidden {
        permission: text("models:enable"),
        meaning: text("enable and disable models"),
        contact: Some(text("Ask segmentation@example.org for it.")),
    }
}

pub(super) fn error_enabled() -> ErrorView {
    ErrorView::Enabled {
        model: (text("nnUNet_v2"), text("Dataset220_KiTS2023")),
        contact: Some(text("Ask segmentation@example.org for it.")),
    }
}

pub(super) fn error_404() -> ErrorView {
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

pub(super) fn error_moved() -> ErrorView {
    ErrorView::Moved {
        was: text("nnUNet/Task220_KiTS2023"),
        now: pair("nnUNet_v2", "Dataset220_KiTS2023"),
    }
}

pub(super) fn error_deleted() -> ErrorView {
    ErrorView::Deleted {
        was: text("nnUNet/Task220_KiTS2023"),
        last: Some(text("nnUNet_v2/Dataset220_KiTS2023")),
        by: Some(text("Maria Keller")),
        at: Some(ago(50)),
    }
}

pub(super) fn error_503() -> ErrorView {
    ErrorView::Unavailable {
        what: text("The model store has not answered for 4 minutes, so nothing can be saved."),
        still_works: text(
            "Models can be looked at and searched as they were last known. Please try again in a minute.",
        ),
        again: Some(text("/dashboard/activity")),
    }
}

pub(super) fn error_500() -> ErrorView {
    ErrorView::Other {
        status: 500,
        heading: text("Something went wrong"),
        text: text(
            "The server made a mistake. Please try again; if it stays, give the number below to an administrator.",
        ),
    }
}

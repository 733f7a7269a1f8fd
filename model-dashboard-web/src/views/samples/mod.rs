//! Every page filled with what real installations hold, for the tests of this module.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maud::Markup;

use super::components::Tone;
use super::components::difference::Change;
use super::frame::{Banner, CsrfToken, Frame, May, Person, Status, Theme};
use super::history::{compare, list, restore, revision};
use super::left_out::LeftOut;
use super::{
    Links, activity, admin, broken, confirm, conflict, definition_form, derive, errors, import,
    login, model, profile, rename, tokens,
};

mod accounts;
mod drafts;
mod forms;
mod history;
pub(super) mod models;
mod one_model;
mod packages;
mod people;
mod storage;
mod system;

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

fn change(field: &str, before: Option<&str>, after: Option<&str>) -> Change {
    Change {
        field: text(field),
        before: before.map(text),
        after: after.map(text),
    }
}

pub(super) fn frame(theme: Theme) -> Frame {
    Frame {
        links: Links::new("/dashboard/"),
        site_name: Some(text("Department of Radiation Oncology")),
        now: now(),
        theme,
        csrf: CsrfToken(text("c5rf")),
        person: Some(Person {
            display_name: text("Maria Keller"),
            username: text("mkeller"),
            source: text("this installation"),
            may: May {
                write_models: true,
                enable_models: true,
                read_packages: true,
                write_packages: true,
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
            source: text("Hospital account"),
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
    let mut pages = vec![
        ("login", login::page(&signed_out, &accounts::login_view())),
        (
            "login-away",
            login::page(&signed_out, &people::login_away()),
        ),
        (
            "login-plain",
            login::page(&signed_out, &login::LoginView::default()),
        ),
        (
            "models",
            super::models::page(&frame, &models::models_view()),
        ),
        (
            "models-filtered",
            super::models::page(&degraded, &models::models_filtered()),
        ),
        (
            "models-none",
            super::models::page(&frame, &models::models_none()),
        ),
        (
            "models-empty",
            super::models::page(&frame, &models::models_empty()),
        ),
        (
            "models-reader",
            super::models::page(&reader, &models::models_view()),
        ),
        ("model", model::page(&frame, &one_model::model_view())),
        (
            "model-disabled",
            model::page(&degraded, &one_model::model_disabled()),
        ),
        (
            "model-reader",
            model::page(&reader, &one_model::model_view()),
        ),
        (
            "create",
            definition_form::create(&frame, &forms::new_form()),
        ),
        (
            "edit",
            definition_form::edit(&frame, &forms::edited(), &forms::form()),
        ),
        (
            "edit-wrong",
            definition_form::edit(&frame, &forms::edited(), &forms::form_wrong()),
        ),
        ("conflict", conflict::page(&frame, &forms::conflict_view())),
        ("derive", derive::page(&frame, &forms::derive_view())),
        (
            "derive-choose",
            derive::page(&frame, &derive::DeriveView::default()),
        ),
        ("rename", rename::page(&frame, &forms::rename_view())),
        ("delete", confirm::page(&frame, &forms::delete_view(&frame))),
        ("bulk", confirm::page(&frame, &forms::bulk_view(&frame))),
        (
            "import",
            import::page(
                &frame,
                &import::ImportView {
                    limit: text("20 MB"),
                    ..import::ImportView::default()
                },
            ),
        ),
        (
            "import-results",
            import::page(&frame, &forms::import_view()),
        ),
        (
            "broken",
            broken::list(&frame, &one_model::broken_rows(), &system::left_out()),
        ),
        (
            "broken-none",
            broken::list(&frame, &[], &LeftOut::default()),
        ),
        (
            "broken-edit",
            broken::editor(&frame, &one_model::broken_view()),
        ),
        (
            "broken-overtaken",
            broken::editor(&frame, &one_model::overtaken_view()),
        ),
        (
            "activity",
            activity::page(&frame, &one_model::activity_view()),
        ),
        (
            "activity-empty",
            activity::page(&reader, &activity::ActivityView::default()),
        ),
        ("history", list::page(&frame, &history::history_view())),
        (
            "history-reader",
            list::page(&reader, &history::history_view()),
        ),
        (
            "history-deleted",
            list::page(&frame, &history::history_deleted()),
        ),
        ("history-none", list::page(&frame, &history::history_none())),
        ("compare", compare::page(&frame, &history::compare_view())),
        (
            "compare-nothing",
            compare::page(&frame, &history::compare_nothing()),
        ),
        (
            "compare-deletion",
            compare::page(&frame, &history::compare_deletion()),
        ),
        ("restore", restore::page(&frame, &history::restore_view())),
        (
            "revision",
            revision::page(&frame, &history::revision_view()),
        ),
        (
            "revision-falsified",
            revision::page(&frame, &history::revision_falsified()),
        ),
        (
            "bring-back",
            admin::deleted::bring_back(&frame, &history::bring_back_view()),
        ),
        (
            "bring-back-nothing",
            admin::deleted::bring_back(&frame, &history::bring_back_nothing()),
        ),
        (
            "restore-lost",
            restore::page(&frame, &history::restore_lost()),
        ),
        (
            "restore-purged",
            restore::page(&frame, &history::restore_purged()),
        ),
        (
            "restore-barred",
            restore::page(&frame, &history::restore_barred()),
        ),
        (
            "restore-falsified",
            restore::page(&frame, &history::restore_falsified()),
        ),
        (
            "deleted",
            admin::deleted::page(&frame, &history::deleted_view()),
        ),
        (
            "deleted-none",
            admin::deleted::page(&frame, &admin::deleted::DeletedView::default()),
        ),
        ("as-of", admin::as_of::page(&frame, &history::as_of_view())),
        (
            "as-of-wrong",
            admin::as_of::page(&frame, &history::as_of_wrong()),
        ),
        ("profile", profile::page(&frame, &accounts::profile_view())),
        (
            "profile-directory",
            profile::page(&reader, &accounts::profile_directory()),
        ),
        ("tokens", tokens::page(&frame, &accounts::tokens_view())),
        (
            "tokens-empty",
            tokens::page(&reader, &accounts::tokens_empty()),
        ),
        ("users", admin::users::list(&frame, &accounts::users_view())),
        (
            "user-new",
            admin::users::new(&frame, &accounts::new_user_view()),
        ),
        ("user", admin::users::one(&frame, &accounts::user_view())),
        (
            "user-directory",
            admin::users::one(&frame, &people::user_of_directory()),
        ),
        (
            "user-left",
            admin::users::one(&frame, &people::user_who_left()),
        ),
        (
            "directory",
            admin::directory::page(&frame, &people::directory_view()),
        ),
        (
            "directory-trouble",
            admin::directory::page(&frame, &people::directory_in_trouble()),
        ),
        (
            "tokens-limited",
            tokens::page(&reader, &people::tokens_limited()),
        ),
        ("audit", admin::audit::list(&frame, &system::audit_view())),
        (
            "audit-event",
            admin::audit::event(&frame, &system::event_view()),
        ),
        (
            "system",
            admin::system::page(&frame, &system::system_view()),
        ),
        (
            "storage",
            admin::storage::page(&frame, &storage::storage_view()),
        ),
        (
            "storage-running",
            admin::storage::page(&frame, &storage::storage_running()),
        ),
        (
            "storage-failed",
            admin::storage::page(&frame, &storage::storage_failed()),
        ),
        (
            "error-403",
            errors::page(&reader, &system::error_403(), "01JD7P0R6M"),
        ),
        (
            "error-enabled",
            errors::page(&reader, &system::error_enabled(), "01JD7P0R6M"),
        ),
        (
            "error-404",
            errors::page(&frame, &system::error_404(), "01JD7P0R6M"),
        ),
        (
            "error-moved",
            errors::page(&frame, &system::error_moved(), "01JD7P0R6M"),
        ),
        (
            "error-deleted",
            errors::page(&frame, &system::error_deleted(), "01JD7P0R6M"),
        ),
        (
            "error-503",
            errors::page(&frame, &system::error_503(), "01JD7P0R6M"),
        ),
        (
            "error-500",
            errors::page(&signed_out, &system::error_500(), "01JD7P0R6M"),
        ),
    ];
    pages.extend(packages::all(&frame));
    pages.extend(drafts::all(&frame, &reader));
    pages
}

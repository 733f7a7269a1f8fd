//! The pages of administrators: people, the audit log, what there was
//! at a time, deleted models, the store, the system.

mod as_of;
mod audit;
mod deleted;
mod directory;
mod known;
mod steps;
mod storage;
mod system;
mod users;

use self::audit::Format;
use self::steps::Step;
pub(super) use self::storage::StorageTask;
use self::storage::Work;
use super::routes::{Route, form, form_of, page, page_of};

/// Everything below `/admin`.
pub(super) fn table() -> Vec<Route> {
    vec![
        page("/admin/audit", audit::list),
        page("/admin/audit/export.csv", |visit| {
            audit::export(visit, Format::Csv)
        }),
        page("/admin/audit/export.jsonl", |visit| {
            audit::export(visit, Format::JsonLines)
        }),
        page_of("/admin/audit/{number}", audit::event),
        page("/admin/as-of", as_of::show),
        page("/admin/as-of/export.csv", as_of::export),
        page("/admin/deleted", deleted::list),
        page_of("/admin/deleted/{type}/{name}/bring-back", deleted::ask),
        form_of(
            "/admin/deleted/{type}/{name}/bring-back",
            deleted::bring_back,
        ),
        page_of("/admin/directories/{source}", directory::show),
        form_of("/admin/directories/{source}/test", directory::test),
        form_of("/admin/directories/{source}/recheck", directory::recheck),
        page("/admin/storage", storage::show),
        form("/admin/storage/check", |visit, form| {
            storage::begin(visit, form, Work::Check { repair: false })
        }),
        page("/admin/storage/repair", |visit| {
            storage::ask(visit, Work::Check { repair: true })
        }),
        form("/admin/storage/repair", |visit, form| {
            storage::begin(visit, form, Work::Check { repair: true })
        }),
        form("/admin/storage/list-garbage", |visit, form| {
            storage::begin(visit, form, Work::Garbage { delete: false })
        }),
        page("/admin/storage/delete-garbage", |visit| {
            storage::ask(visit, Work::Garbage { delete: true })
        }),
        form("/admin/storage/delete-garbage", |visit, form| {
            storage::begin(visit, form, Work::Garbage { delete: true })
        }),
        form("/admin/storage/stop", storage::stop),
        page("/admin/system", system::show),
        page("/admin/users", users::list),
        form("/admin/users", users::create),
        page("/admin/users/new", users::new),
        page_of("/admin/users/{id}", users::show),
        form_of("/admin/users/{id}", users::save),
        form_of("/admin/users/{id}/recheck", |visit, id, _| {
            known::recheck(visit, id)
        }),
        page_of("/admin/users/{id}/enable", |visit, id| {
            steps::ask(visit, id, Step::Enable)
        }),
        form_of("/admin/users/{id}/enable", |visit, id, _| {
            steps::act(visit, id, Step::Enable)
        }),
        page_of("/admin/users/{id}/disable", |visit, id| {
            steps::ask(visit, id, Step::Disable)
        }),
        form_of("/admin/users/{id}/disable", |visit, id, _| {
            steps::act(visit, id, Step::Disable)
        }),
        page_of("/admin/users/{id}/reset-password", |visit, id| {
            steps::ask(visit, id, Step::ResetPassword)
        }),
        form_of("/admin/users/{id}/reset-password", |visit, id, _| {
            steps::act(visit, id, Step::ResetPassword)
        }),
        page_of("/admin/users/{id}/delete", |visit, id| {
            steps::ask(visit, id, Step::Delete)
        }),
        form_of("/admin/users/{id}/delete", |visit, id, _| {
            steps::act(visit, id, Step::Delete)
        }),
    ]
}

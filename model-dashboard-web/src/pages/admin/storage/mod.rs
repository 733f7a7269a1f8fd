//! Checking and tidying the store of the models.

mod task;
mod told;

use http::HeaderValue;
use http::header::REFRESH;
use model_dashboard::auth::Permission;
use warp::reply::Response;

pub(in crate::pages) use self::task::{StorageTask, Work};
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit, redirect};
use crate::views::admin::storage;
use crate::views::components::Tone;
use crate::views::confirm::{self, ConfirmView};
use crate::views::{Section, Status};

const PAGE: &str = "/admin/storage";

/// After how many seconds the page is asked for again while a task runs.
const RELOAD_SECONDS: &str = "5";

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::SystemAdmin).await?;
    let known = visit.request.site.storage_task.known();
    let view = told::view(visit.links(), &known);
    let frame = visit.frame().await;
    let mut response = visit.page(&frame, storage::page(&frame, &view)).await?;
    if view.running.is_some() {
        let refresh = HeaderValue::from_static(RELOAD_SECONDS);
        response.headers_mut().insert(REFRESH, refresh);
    }
    Ok(response)
}

/// Asks before something is changed.
pub(super) async fn ask(visit: Visit, work: Work) -> Result<Response, Failure> {
    visit.require(Permission::SystemAdmin).await?;
    let (heading, consequences, path, button, danger) = match work {
        Work::Check { .. } => (
            "Mend what can be mended?",
            [
                "Everything is read again. Histories get the states that they lack, such as \
                 those that other programs wrote, and interrupted renames are finished or taken \
                 back.",
                "Nothing is guessed: everything else stays as it is, for people to decide.",
            ],
            "/admin/storage/repair",
            "Mend",
            false,
        ),
        Work::Garbage { .. } => (
            "Delete what nobody needs any more?",
            [
                "Models that were deleted more than seven days ago cannot be brought back any \
                 more. Their histories stay, and a new model of that name goes on with them.",
                "Packages that no upload, model or revision has named for as long go, too, and what \
                 crashes left behind of uploads and of trying the store. This cannot be undone.",
            ],
            "/admin/storage/delete-garbage",
            "Delete for good",
            true,
        ),
    };
    let view = ConfirmView {
        section: Section::Admin,
        heading: heading.to_owned(),
        consequences: consequences.map(str::to_owned).into(),
        items: Vec::new(),
        action: visit.links().to(path),
        hidden: Vec::new(),
        button: button.to_owned(),
        danger,
        back: visit.links().to(PAGE),
        reason: None,
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// Ends the task that runs.
pub(super) async fn stop(visit: Visit, _: Form) -> Result<Response, Failure> {
    visit.require(Permission::SystemAdmin).await?;
    visit.request.site.storage_task.stop();
    Ok(redirect(&visit.links().to(PAGE)))
}

/// Begins a task, and shows it running.
pub(super) async fn begin(visit: Visit, _: Form, work: Work) -> Result<Response, Failure> {
    visit.require(Permission::SystemAdmin).await?;
    let to = visit.links().to(PAGE);
    let task = &visit.request.site.storage_task;
    match task.begin(visit.dashboard(), &visit.caller, work) {
        true => Ok(redirect(&to)),
        false => {
            let status = Status {
                tone: Tone::Info,
                text: "Something else is running; nothing was started. Try again when it is done."
                    .to_owned(),
                action: None,
            };
            visit.leave(&to, &status)
        }
    }
}

//! Giving up an upload.

use model_dashboard::dashboard::Error;
use model_dashboard::repository::packages::PackageId;
use warp::reply::Response;

use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::components::size;
use crate::views::confirm::{self, ConfirmView};
use crate::views::{Section, UploadAction};

/// Asks before its bytes go.
pub(in crate::pages) async fn ask_discard(
    visit: Visit,
    id: PackageId,
) -> Result<Response, Failure> {
    let upload = visit.dashboard().upload(&visit.caller, id).await?;
    let links = visit.links();
    let view = ConfirmView {
        section: Section::Uploads,
        heading: format!("Discard {}?", upload.file_name),
        consequences: vec![format!(
            "What was sent of it is deleted: {}. To have it here again, it must be sent again.",
            size(upload.received)
        )],
        items: Vec::new(),
        action: links.upload_action(&id.to_string(), UploadAction::Discard),
        hidden: Vec::new(),
        button: "Discard the upload".to_owned(),
        danger: true,
        back: links.upload(),
        reason: None,
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// Gives it up.
pub(in crate::pages) async fn discard(
    visit: Visit,
    id: PackageId,
    _: Form,
) -> Result<Response, Failure> {
    let given_up = visit.dashboard().give_up_upload(&visit.caller, id).await;
    match given_up {
        // Somebody was quicker: it is as was wanted.
        Ok(()) | Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    visit.done(&visit.links().upload(), "The upload was discarded.")
}

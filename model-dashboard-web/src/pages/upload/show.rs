//! What is known of one upload.

use model_dashboard::dashboard::{Inspection, PackageUpload};
use model_dashboard::repository::packages::PackageId;
use warp::reply::Response;

use crate::pages::package::told;
use crate::pages::visit::{Failure, Visit};
use crate::views::upload::found::{self, UploadState, UploadView};

/// How far it is, and what was found.
pub(in crate::pages) async fn show(visit: Visit, id: PackageId) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let mut upload = dashboard.upload(caller, id).await?;
    if upload.is_complete() && upload.digest.is_none() {
        // Its last bytes came, and what followed broke off.
        upload = dashboard.finish_upload(caller, id).await?;
    }
    let state = state(&visit, &upload).await?;
    let view = UploadView {
        id: upload.id.to_string(),
        file_name: upload.file_name,
        size: upload.size,
        expires_at: upload.expires_at.into(),
        digest: upload
            .digest
            .map(|digest| digest.to_hex())
            .unwrap_or_default(),
        state,
    };
    let frame = visit.frame().await;
    visit.page(&frame, found::page(&frame, &view)).await
}

async fn state(visit: &Visit, upload: &PackageUpload) -> Result<UploadState, Failure> {
    if !upload.is_complete() {
        return Ok(UploadState::Coming(upload.received));
    }
    let inspection = visit.dashboard().inspection(&visit.caller, upload.id);
    let record = match inspection.await? {
        Inspection::Running => return Ok(UploadState::Looking),
        Inspection::Done(record) => *record,
    };
    Ok(match (record.report, record.refused) {
        (Some(report), None) => UploadState::Found(Box::new(told::found(&report, None))),
        (_, refused) => UploadState::Refused(refused.unwrap_or_default()),
    })
}

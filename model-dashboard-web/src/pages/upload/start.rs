//! The page on which a package is sent.

use model_dashboard::auth::Permission;
use model_dashboard::dashboard::PackageUpload;
use warp::reply::Response;

use crate::pages::visit::{Failure, Visit};
use crate::views::upload::{self, StartView, UploadRow};

/// The page, with one's uploads.
pub(in crate::pages) async fn start(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::PackagesWrite).await?;
    let dashboard = visit.dashboard();
    let uploads = dashboard.uploads(&visit.caller).await?;
    let view = StartView {
        uploads: uploads.into_iter().map(row).collect(),
        most_bytes: dashboard.policy().max_upload_bytes,
        api: format!("{}{}", visit.origin(), visit.links().to("/api/v1")),
    };
    let frame = visit.frame().await;
    visit.page(&frame, upload::start(&frame, &view)).await
}

fn row(upload: PackageUpload) -> UploadRow {
    UploadRow {
        id: upload.id.to_string(),
        file_name: upload.file_name,
        size: upload.size,
        received: upload.received,
        begun_at: upload.begun_at.into(),
        expires_at: upload.expires_at.into(),
    }
}

//! Packages that come in one request.

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use model_dashboard::dashboard::{Caller, Dashboard, NewUpload};
use model_dashboard::repository::packages::PackageId;

use super::body::Incoming;
use super::naming::{file_name, named_after};
use crate::api::{Failure, Problem};
use crate::server::RequestBody;

/// Begins the upload of a body, which is the package of `model`. What is too large is refused before
/// a byte of it is read.
///
/// # Errors
/// 400 for a name that is none, 411 without a length, and what the use case says.
pub(crate) async fn begin(
    dashboard: &Dashboard,
    caller: &Caller,
    model: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<(PackageId, Box<Incoming>), Failure> {
    let size = headers.get(CONTENT_LENGTH);
    let size = size.and_then(|size| size.to_str().ok()?.parse().ok());
    let size: u64 = size.ok_or_else(|| {
        let detail = "say in Content-Length how many bytes there will be";
        let status = StatusCode::LENGTH_REQUIRED;
        Problem::new(status, "length-required", "Length needed", detail)
    })?;
    let named = file_name(headers).map_err(Failure::bad_request)?;
    let most = dashboard.policy().max_upload_bytes;
    let mut bytes = Incoming::new(body, size.min(most));
    let file_name = match named {
        Some(name) => name,
        None if size > most => model.to_owned(),
        None => named_after(model, bytes.beginning().await.map_err(Problem::from)?),
    };
    let new = NewUpload {
        size,
        file_name,
        client_note: String::new(),
    };
    let id = dashboard.begin_upload(caller, new).await?.id;
    Ok((id, bytes))
}

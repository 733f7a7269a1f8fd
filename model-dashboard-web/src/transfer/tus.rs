//! Uploads that go on where they broke off: tus 1.0
//! (<https://tus.io/protocols/resumable-upload>) with creation, creation-with-upload, expiration
//! and termination.

use std::io;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Caller, Dashboard, Error, NewUpload, PackageUpload};
use model_dashboard::repository::packages::PackageId;
use warp::reply::Response;

use super::Transfer;
use super::body::Incoming;
use super::headers::{
    BadHeader, EXTENSIONS, Metadata, OFFSET_STREAM, TUS_EXTENSION, TUS_MAX_SIZE, TUS_RESUMABLE,
    TUS_VERSION, UPLOAD_DEFER_LENGTH, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA,
    UPLOAD_OFFSET, VERSION, count, date, method_override, speaks_version,
};
use crate::api::{Failure, Problem, Upload, Uploads, json, no_parameters};
use crate::server::{BodyError, RequestBody};

/// The name of a file that the client does not say.
const NAMELESS: &str = "package";

/// Every answer says which version is spoken.
pub(crate) fn versioned(mut response: Response) -> Response {
    response.headers_mut().insert(TUS_RESUMABLE, VERSION);
    response
}

/// Answers a request for all uploads, or for the one with this name.
///
/// # Errors
/// The problem that is sent instead.
pub(crate) async fn answer(
    mut transfer: Transfer,
    name: Option<&str>,
    body: RequestBody,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (&transfer.dashboard, &transfer.caller);
    dashboard
        .authorise(caller, Permission::PackagesWrite)
        .await?;
    let method = method_override(&transfer.headers)?;
    transfer.method = method.unwrap_or(transfer.method);
    let id = name.map(|name| PackageId::parse(name).map_err(|_| nowhere(name)));
    let id = id.transpose()?;
    let is_known = matches!(
        (&transfer.method, id),
        (&Method::OPTIONS | &Method::GET | &Method::HEAD, _)
            | (&Method::POST, None)
            | (&Method::PATCH | &Method::DELETE, Some(_))
    );
    if !is_known {
        return Ok(not_allowed(id.is_some()));
    }
    let is_tus = match transfer.method {
        Method::OPTIONS | Method::GET => false,
        Method::HEAD => id.is_some(),
        _ => true,
    };
    if is_tus && !speaks_version(&transfer.headers) {
        return Ok(another_version());
    }
    let answered = match (&transfer.method, id) {
        (&Method::OPTIONS, _) => Ok(discover(&transfer)),
        (&Method::POST, _) => create(&transfer, body).await,
        (&Method::HEAD, Some(id)) => progress(&transfer, id).await,
        (&Method::PATCH, Some(id)) => append(&transfer, id, body).await,
        (&Method::DELETE, Some(id)) => terminate(&transfer, id).await,
        (_, Some(id)) => show(&transfer, id).await,
        (_, None) => list(&transfer).await,
    };
    answered.map_err(|failure| match id {
        Some(id) if failure.status() == StatusCode::NOT_FOUND => gone(id),
        _ => failure,
    })
}

/// What the server speaks.
fn discover(transfer: &Transfer) -> Response {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(TUS_VERSION, VERSION);
    headers.insert(TUS_EXTENSION, EXTENSIONS);
    let most = transfer.dashboard.policy().max_upload_bytes;
    headers.insert(TUS_MAX_SIZE, most.into());
    response
}

/// Begin an upload
///
/// As [tus 1.0](https://tus.io/protocols/resumable-upload) says, with the extensions creation,
/// creation-with-upload, expiration and termination; `OPTIONS` tells the largest size. The upload
/// belongs to the account that begins it. `Upload-Metadata` may name the file (`filename`). Where
/// proxies let no PATCH through, POST does with `X-HTTP-Method-Override`.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "packages",
    security(("token" = ["packages:write"])),
    params(
        ("Tus-Resumable" = String, Header, example = "1.0.0"),
        ("Upload-Length" = u64, Header, example = 11, description = "The bytes of the whole file"),
        ("Upload-Metadata" = Option<String>, Header, example = "filename bW9kZWwuemlw"),
    ),
    request_body(content = Option<Vec<u8>>, content_type = "application/offset+octet-stream",
        description = "The first bytes, or none"),
    responses(
        (status = 201, description = "Begun", headers(
            ("Location" = String, description = "The address of the upload"),
            ("Upload-Expires" = String, description = "When it goes unless bytes come"),
            ("Upload-Offset" = u64, description = "How many bytes are there, where some were sent"))),
        (status = 412, description = "Another version of tus", body = Problem,
            content_type = "application/problem+json"),
        (status = 413, description = "Larger than a package may be"),
        (status = 422, description = "The name of the file is none, or there are too many uploads")))]
pub(crate) async fn create(transfer: &Transfer, body: RequestBody) -> Result<Response, Failure> {
    let headers = &transfer.headers;
    if headers.contains_key(UPLOAD_DEFER_LENGTH) {
        return Err(Failure::bad_request(
            "say in Upload-Length how many bytes there will be; it cannot be said later",
        ));
    }
    let size = count(headers, &UPLOAD_LENGTH)?;
    let size = size.ok_or_else(|| Failure::bad_request("the header Upload-Length is missing"))?;
    let metadata = Metadata::read(headers)?;
    let new = NewUpload {
        size,
        file_name: metadata.file_name().unwrap_or_else(|| NAMELESS.to_owned()),
        client_note: metadata.text,
    };
    let (dashboard, caller) = (&transfer.dashboard, &transfer.caller);
    let mut upload = dashboard.begin_upload(caller, new).await?;
    let with_bytes = is_offset_stream(headers);
    if with_bytes {
        // It has begun, whatever becomes of its first bytes: the client sees how many there are.
        let bytes = Incoming::new(body, size);
        upload = match receive(dashboard, caller, upload.id, 0, bytes).await {
            Ok(upload) => upload,
            Err(_) => dashboard.upload(caller, upload.id).await?,
        };
    }
    if upload.is_complete() && upload.digest.is_none() {
        // A client that has sent all asks no more: what fails now is told.
        upload = dashboard.finish_upload(caller, upload.id).await?;
    }
    let mut response = empty(StatusCode::CREATED);
    let address = format!("{}/{}", transfer.address, upload.id);
    let answer = response.headers_mut();
    // Addresses are plain ASCII.
    if let Ok(address) = HeaderValue::from_str(&address) {
        answer.insert(LOCATION, address);
    }
    if with_bytes {
        answer.insert(UPLOAD_OFFSET, upload.received.into());
    }
    set_expires(&upload, answer);
    Ok(response)
}

/// HEAD: how far an upload is.
async fn progress(transfer: &Transfer, id: PackageId) -> Result<Response, Failure> {
    let mut upload = transfer.dashboard.upload(&transfer.caller, id).await?;
    if upload.is_complete() && upload.digest.is_none() {
        // Its last bytes came, and what followed broke off.
        let finish = transfer.dashboard.finish_upload(&transfer.caller, id);
        upload = finish.await?;
    }
    let mut response = empty(StatusCode::OK);
    set_progress(&upload, response.headers_mut());
    Ok(response)
}

/// Look at an upload
///
/// How far it is, and once all bytes are there, what was found in the package. HEAD answers the
/// same in the headers of tus, and needs `Tus-Resumable`.
#[utoipa::path(get, path = "/api/v1/uploads/{id}", tag = "packages",
    security(("token" = ["packages:write"])),
    params(("id" = String, Path)),
    responses((status = 200, body = Upload),
        (status = 410, description = "It was given up, it expired, or a model got the package")))]
pub(crate) async fn show(transfer: &Transfer, id: PackageId) -> Result<Response, Failure> {
    no_parameters(&transfer.query)?;
    let (dashboard, caller) = (&transfer.dashboard, &transfer.caller);
    let mut upload = dashboard.upload(caller, id).await?;
    let inspection = match upload.is_complete() {
        true => Some(dashboard.inspection(caller, id).await?),
        false => None,
    };
    if upload.is_complete() && upload.digest.is_none() {
        upload = dashboard.upload(caller, id).await?;
    }
    json(StatusCode::OK, &Upload::new(&upload, inspection)?)
}

/// List your uploads
///
/// Those that are on their way, and those whose package no model has yet; the last one first.
#[utoipa::path(get, path = "/api/v1/uploads", tag = "packages",
    security(("token" = ["packages:write"])),
    responses((status = 200, body = Uploads)))]
pub(crate) async fn list(transfer: &Transfer) -> Result<Response, Failure> {
    no_parameters(&transfer.query)?;
    let uploads = transfer.dashboard.uploads(&transfer.caller).await?;
    json(StatusCode::OK, &Uploads::new(&uploads)?)
}

/// Go on with an upload
///
/// Bytes are kept as they come. After a connection that broke off, HEAD tells in `Upload-Offset`
/// where to go on.
#[utoipa::path(patch, path = "/api/v1/uploads/{id}", tag = "packages",
    security(("token" = ["packages:write"])),
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = String, Header, example = "1.0.0"),
        ("Upload-Offset" = u64, Header, example = 0, description = "How many bytes are there"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Taken in", headers(
            ("Upload-Offset" = u64, description = "How many bytes are there now"),
            ("Upload-Expires" = String, description = "When it goes unless bytes come"))),
        (status = 409, description = "Not the bytes that come next: HEAD tells where to go on"),
        (status = 410, description = "It was given up, it expired, or a model got the package"),
        (status = 412, description = "Another version of tus", body = Problem,
            content_type = "application/problem+json"),
        (status = 413, description = "More bytes than were announced"),
        (status = 415, description = "The body is of another type"),
        (status = 423, description = "Another connection goes on with it: HEAD tells how far it is")))]
pub(crate) async fn append(
    transfer: &Transfer,
    id: PackageId,
    body: RequestBody,
) -> Result<Response, Failure> {
    if !is_offset_stream(&transfer.headers) {
        let detail = format!("send the bytes as {OFFSET_STREAM}");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "media-type", "Wrong type of body", detail).into());
    }
    let offset = count(&transfer.headers, &UPLOAD_OFFSET)?;
    let offset =
        offset.ok_or_else(|| Failure::bad_request("the header Upload-Offset is missing"))?;
    let (dashboard, caller) = (&transfer.dashboard, &transfer.caller);
    let left = dashboard
        .upload(caller, id)
        .await?
        .size
        .saturating_sub(offset);
    let bytes = Incoming::new(body, left);
    let upload = receive(dashboard, caller, id, offset, bytes).await?;
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(UPLOAD_OFFSET, upload.received.into());
    set_expires(&upload, headers);
    Ok(response)
}

/// Give up an upload
///
/// Its bytes go, also those of a finished one, unless a model got the package.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "packages",
    security(("token" = ["packages:write"])),
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = String, Header, example = "1.0.0"),
    ),
    responses((status = 204, description = "Given up"),
        (status = 410, description = "It was given up before, it expired, or a model got the package"),
        (status = 412, description = "Another version of tus", body = Problem,
            content_type = "application/problem+json")))]
pub(crate) async fn terminate(transfer: &Transfer, id: PackageId) -> Result<Response, Failure> {
    let give_up = transfer.dashboard.give_up_upload(&transfer.caller, id);
    give_up.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Takes bytes into the store as they come, and makes a package of the last ones.
///
/// # Errors
/// What was wrong with the body, and what the use cases say.
pub(crate) async fn receive(
    dashboard: &Dashboard,
    caller: &Caller,
    id: PackageId,
    offset: u64,
    bytes: Box<Incoming>,
) -> Result<PackageUpload, Failure> {
    let received = dashboard.append_to_upload(caller, id, offset, bytes).await;
    let upload = match received {
        Err(Error::UploadInterrupted { received, source }) => {
            return Err(interrupted(received, source));
        }
        received => received?,
    };
    match upload.is_complete() && upload.digest.is_none() {
        true => Ok(dashboard.finish_upload(caller, id).await?),
        false => Ok(upload),
    }
}

/// Why bytes broke off: the body, who sends it, or this server.
fn interrupted(received: u64, source: io::Error) -> Failure {
    let text = source.to_string();
    let Some(cause) = source.into_inner() else {
        return Failure::bad_request(format!("{text}; {received} bytes are there"));
    };
    let cause = match cause.downcast::<BodyError>() {
        Ok(error) => return Problem::from(*error).into(),
        Err(cause) => cause,
    };
    match cause.downcast::<Error>() {
        Ok(error) => (*error).into(),
        Err(_) => Failure::bad_request(format!("{text}; {received} bytes are there")),
    }
}

fn is_offset_stream(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let is_it = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.trim().eq_ignore_ascii_case(OFFSET_STREAM)
    };
    values.next().is_some_and(is_it) && values.next().is_none()
}

fn set_progress(upload: &PackageUpload, headers: &mut HeaderMap) {
    headers.insert(UPLOAD_OFFSET, upload.received.into());
    headers.insert(UPLOAD_LENGTH, upload.size.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // It was a header when it came.
    if let Ok(note) = HeaderValue::from_str(&upload.client_note)
        && !note.is_empty()
    {
        headers.insert(UPLOAD_METADATA, note);
    }
    set_expires(upload, headers);
}

fn set_expires(upload: &PackageUpload, headers: &mut HeaderMap) {
    if let Some(end) = date(upload.expires_at) {
        headers.insert(UPLOAD_EXPIRES, end);
    }
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

fn another_version() -> Response {
    let detail = "send the header “Tus-Resumable: 1.0.0”: this is the version that is spoken here";
    let status = StatusCode::PRECONDITION_FAILED;
    let problem = Problem::new(status, "tus-version", "Another version of tus", detail);
    let mut response = problem.into_response();
    response.headers_mut().insert(TUS_VERSION, VERSION);
    response
}

fn not_allowed(is_one: bool) -> Response {
    let allowed = match is_one {
        true => "GET, HEAD, PATCH, DELETE, OPTIONS",
        false => "GET, HEAD, POST, OPTIONS",
    };
    let detail = format!("this address takes {allowed}");
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let problem = Problem::new(status, "method-not-allowed", "Method not allowed", detail);
    let mut response = problem.into_response();
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// No upload can be called so.
fn nowhere(name: &str) -> Failure {
    let name: String = name.chars().take(64).collect();
    Error::NotFound {
        what: format!("upload {name}"),
        near: Vec::new(),
    }
    .into()
}

/// Names of uploads are made here and cannot be guessed: there was one, or it is not the caller's.
fn gone(id: PackageId) -> Failure {
    let detail = format!(
        "there is no upload {id} of yours any more: it was given up, it expired, or a model got \
         its package"
    );
    Problem::new(StatusCode::GONE, "gone", "Gone", detail).into()
}

impl From<BadHeader> for Failure {
    fn from(bad: BadHeader) -> Failure {
        Failure::bad_request(bad.to_string())
    }
}

//! The package of a model: fetched, and put by clients that speak no tus.

use http::header::{CONTENT_LENGTH, IF_NONE_MATCH};
use http::{HeaderMap, Method, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Dashboard, NewUpload, Wanted};
use model_dashboard::model::{ModelDefinition, ModelKey};
use model_dashboard::repository::packages::PackageId;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::answer::{Failure, Guest};
use super::conditional::{IfMatch, if_match};
use super::conflict::on_state;
use super::dto::Definition;
use super::models::{message, written};
use super::problem::Problem;
use super::visit::{self, Visit};
use super::{key, no_parameters};
use crate::route::{Segment, read};
use crate::server::{RequestBody, request_body};
use crate::transfer;

/// `…/{network_type}/{name}/package`.
pub(super) fn routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let package = || {
        path::param::<Segment>()
            .and(path::param::<Segment>())
            .and(path("package"))
            .and(path::end())
    };
    let fetch = package()
        .and(read())
        .and(warp::method())
        .and(visit::visit(dashboard))
        .then(
            |network_type: Segment, name: Segment, method, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    no_parameters(visit.query())?;
                    fetch(&guest, &key(&network_type, &name)?, &method, &visit.headers).await
                })
            },
        )
        .boxed();
    let put = package()
        .and(warp::put())
        .and(visit::visit(dashboard))
        .and(request_body())
        .then(|network_type: Segment, name: Segment, visit: Visit, body| {
            visit.answer(async move |guest, visit| {
                put(&guest, key(&network_type, &name)?, &visit.headers, body).await
            })
        })
        .boxed();
    fetch.or(put).unify().boxed()
}

/// Fetch the package of a model
///
/// The bytes as they were uploaded. A part of them with `Range`; `If-Range` with the `ETag` makes
/// sure that it is of the same package. Also needs `models:read`. Each GET is an event of the audit
/// log.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/package", tag = "packages",
    security(("token" = ["packages:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("Range" = Option<String>, Header, example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, description = "Answer the whole if this is not the package any more"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if this is still the package"),
    ),
    responses(
        (status = 200, description = "The package", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "Names the bytes"),
                ("Repr-Digest" = String, description = "The SHA-256 of all bytes (RFC 9530)"),
                ("Content-Disposition" = String, description = "The name of the file"))),
        (status = 206, description = "A part of it", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "Names the bytes of the whole"),
                ("Content-Range" = String, description = "Which part"))),
        (status = 304, description = "Not modified"),
        (status = 416, description = "There are no such bytes"),
        (status = 422, description = "The stored definition cannot be read")))]
async fn fetch(
    guest: &Guest,
    key: &ModelKey,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let package = dashboard.package(caller, key).await?;
    transfer::download(dashboard, caller, &package, method, headers).await
}

/// Put a package
///
/// Gives a model another package, as a new revision; with `If-None-Match: *` a new, disabled model
/// is made of it. The package is looked at before: one that cannot be read is refused. For large
/// ones `/api/v1/uploads` goes on where a connection broke off. Also needs `models:write`.
#[utoipa::path(put, path = "/api/v1/models/{network_type}/{name}/package", tag = "packages",
    security(("token" = ["packages:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task003_Liver"),
        ("If-Match" = Option<String>, Header, example = "*", description = "The version that you change, or `*`"),
        ("If-None-Match" = Option<String>, Header, description = "`*` for a new model"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; needed for enabled models"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Definition, headers(("ETag" = String, description = "The new version"))),
        (status = 201, body = Definition, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "There is a model of this type and name already"),
        (status = 411, description = "The header Content-Length is missing")))]
async fn put(
    guest: &Guest,
    key: ModelKey,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let is_new = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes().trim_ascii() == b"*");
    // Before the bytes are read: what is refused anyway.
    for permission in [Permission::PackagesWrite, Permission::ModelsWrite] {
        dashboard.authorise(caller, permission).await?;
    }
    let message = message(headers)?;
    if !is_new {
        refuse_early(guest, &key, headers).await?;
    }
    let size = headers.get(CONTENT_LENGTH);
    let size = size.and_then(|size| size.to_str().ok()?.parse().ok());
    let size = size.ok_or_else(|| {
        let detail = "say in Content-Length how many bytes there will be";
        Problem::new(
            StatusCode::LENGTH_REQUIRED,
            "length-required",
            "Length needed",
            detail,
        )
    })?;
    let new = NewUpload {
        size,
        file_name: key.name.to_string(),
        client_note: String::new(),
    };
    let id = dashboard.begin_upload(caller, new).await?.id;
    let done = take_over(guest, &key, headers, id, body, is_new, &message).await;
    if done.is_err() {
        // Nobody knows of it; what is left of it expires.
        let _ = dashboard.give_up_upload(caller, id).await;
    }
    done
}

async fn take_over(
    guest: &Guest,
    key: &ModelKey,
    headers: &HeaderMap,
    id: PackageId,
    body: RequestBody,
    is_new: bool,
    message: &str,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let size = dashboard.upload(caller, id).await?.size;
    let upload = transfer::take_in(dashboard, caller, id, 0, size, body).await?;
    if !upload.is_complete() || upload.digest.is_none() {
        dashboard.finish_upload(caller, id).await?;
    }
    if is_new {
        let definition = ModelDefinition::default();
        let made = dashboard.publish_new(caller, id, key.clone(), definition, message);
        return Ok(written(StatusCode::CREATED, made.await?));
    }
    let wanted = || Wanted::Other;
    let model = on_state(guest, key, headers, wanted, |state| {
        dashboard.publish_upload(caller, id, key, state, message)
    });
    Ok(written(StatusCode::OK, model.await?))
}

/// A state that is named wrongly, or not any more.
async fn refuse_early(guest: &Guest, key: &ModelKey, headers: &HeaderMap) -> Result<(), Failure> {
    let named = if_match(headers)?;
    let model = guest.dashboard().model(&guest.caller, key).await?;
    let is_so = match named {
        IfMatch::Is(model_dashboard::repository::Precondition::Version(version)) => {
            version == model.version
        }
        IfMatch::Is(_) => true,
        IfMatch::Never => false,
    };
    if is_so {
        return Ok(());
    }
    let changed = on_state(
        guest,
        key,
        headers,
        || Wanted::Other,
        |_| async {
            Err::<(), _>(model_dashboard::dashboard::Error::Conflict {
                key: key.clone(),
                current: Some(Box::new(model)),
            })
        },
    );
    changed.await
}

//! The package of a model: fetched, and put by clients that speak no tus.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, Method, StatusCode};
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Dashboard, Error, Giving, ModelPackage, Wanted};
use model_dashboard::model::{ContentDigest, FieldError, ModelDefinition, ModelKey};
use model_dashboard::repository::Precondition;
use model_dashboard::repository::packages::PackageId;
use tracing::Instrument as _;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::answer::{Failure, Guest, json};
use super::conditional::{IfMatch, if_match};
use super::confirmations;
use super::conflict::on_state;
use super::dto::Definition;
use super::dto::drafts::{PARTS, parts};
use super::dto::packages::Package;
use super::key;
use super::models::{message, written};
use super::parameters::{Parameters, bad};
use super::problem::Problem;
use super::visit::{self, Visit};
use crate::route::{Segment, read};
use crate::server::{BodyLimits, RequestBody, request_body};
use crate::transfer::{self, Incoming, SaidDigests};

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
                    let key = key(&network_type, &name)?;
                    fetch(&guest, &key, &method, visit.query(), &visit.headers).await
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
                let key = key(&network_type, &name)?;
                put(&guest, key, visit.query(), &visit.headers, body).await
            })
        })
        .boxed();
    let report = path::param::<Segment>()
        .and(path::param::<Segment>())
        .and(path("package"))
        .and(path("report"))
        .and(path::end())
        .and(read())
        .and(visit::visit(dashboard))
        .then(|network_type: Segment, name: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                report(&guest, &key(&network_type, &name)?, visit.query()).await
            })
        })
        .boxed();
    fetch.or(put).unify().or(report).unify().boxed()
}

/// The package that a model has, or had as of the revision that the parameter names.
async fn named(
    guest: &Guest,
    key: &ModelKey,
    parameters: &Parameters,
) -> Result<ModelPackage, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let revision = parameters.value("revision", "the number of a revision")?;
    Ok(match revision {
        Some(revision) => dashboard.package_at(caller, key, revision).await?,
        None => dashboard.package(caller, key).await?,
    })
}

/// Fetch the package of a model
///
/// The bytes as they were uploaded. A part of them with `Range`; `If-Range` with the `ETag` makes
/// sure that it is of the same package. Where the registry is set so, a GET is sent on to an address of
/// the bucket that gives the bytes for five minutes to whoever holds it: follow it without the token, and
/// check the digest, which the bucket does not tell. Also needs `models:read`. Each GET is an event of
/// the audit log.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/package", tag = "packages",
    security(("token" = ["packages:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("revision" = Option<u64>, Query, description = "The package that this revision had", minimum = 1),
        ("for" = Option<String>, Query, description = "What it is fetched for, such as the name of a workflow; the audit log tells it", max_length = 200),
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
        (status = 307, description = "The bucket gives it",
            headers(("Location" = String, description = "Where, for five minutes; without the token"),
                ("ETag" = String, description = "Names the bytes of the whole"),
                ("Repr-Digest" = String, description = "The SHA-256 of all bytes (RFC 9530)"))),
        (status = 410, description = "Its bytes were purged"),
        (status = 416, description = "There are no such bytes"),
        (status = 422, description = "The stored definition cannot be read")))]
async fn fetch(
    guest: &Guest,
    key: &ModelKey,
    method: &Method,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["revision", "for"])?;
    let package = named(guest, key, &parameters).await?;
    let package = package.fetched_for(parameters.get("for").unwrap_or_default())?;
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    transfer::download_or_redirect(dashboard, caller, &package, method, headers).await
}

/// Tell what is known of a package
///
/// What was found in it when it was uploaded: files with their digests, or the
/// checksums of the archive, framework, labels, what loading
/// it would run; and where the definition says something else. Also needs `models:read`.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}/package/report", tag = "packages",
    security(("token" = ["packages:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("revision" = Option<u64>, Query, description = "The package that this revision had", minimum = 1),
    ),
    responses((status = 200, body = Package),
        (status = 422, description = "The stored definition cannot be read")))]
async fn report(guest: &Guest, key: &ModelKey, query: &str) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["revision"])?;
    let revision = parameters.value("revision", "the number of a revision")?;
    let found = guest
        .dashboard()
        .package_report(&guest.caller, key, revision)
        .await?;
    // Of an earlier revision nobody asks what is to be put right.
    let drift = found.drift.filter(|_| revision.is_none());
    let told = Package::new(&found.package, found.record)?;
    let told = match drift {
        Some(drift) => told.of_definition(&drift),
        None => told,
    };
    json(StatusCode::OK, &told)
}

/// Put a package
///
/// Gives a model another package, as a new revision; with `If-None-Match: *` a new, disabled model
/// is made of it, whose alias, description, version, labels and inference information (channels,
/// configuration, trainer, folds) are as the package tells them. The package is looked at before: one
/// that cannot be read is refused, and one that is for another network type, or a data set of another
/// number, needs `confirm`, as does one with which labels or images stand for something else, and one for
/// an enabled model that jobs may not run correctly; its bytes stay then as the `upload` that the problem names. For large ones `/api/v1/uploads` goes on where a connection broke
/// off: with `upload` the bytes are those of a finished upload of yours, and the request has none. Once
/// all bytes came it is done, also if nobody waits for the answer. A model that has these bytes already, and takes
/// nothing over, is not changed. Also needs `models:write`.
#[utoipa::path(put, path = "/api/v1/models/{network_type}/{name}/package", tag = "packages",
    security(("token" = ["packages:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task003_Liver"),
        ("upload" = Option<String>, Query, description = "The name of an upload that has all its bytes"),
        ("take" = Option<String>, Query, example = "labels,version", description = "What the definition takes over from the package: `alias`, `description`, `labels`, `version`, `inference` (channels, configuration, trainer, folds), with a comma between them, or `none`. Without it what the definition says as its package did until now, or not at all. A new model takes all"),
        ("confirm" = Option<String>, Query, example = "as_typed", description = "What is meant so although the answer was 409: `as_typed`, that this model is to get a package which is for another one; `breaking`, that labels or images stand for something else then; `incomplete`, that an enabled model gets a package that jobs may not run correctly. Several with a comma between them"),
        ("If-Match" = Option<String>, Header, example = "*", description = "The version that you change, or `*`"),
        ("If-None-Match" = Option<String>, Header, description = "`*` for a new model"),
        ("Content-Disposition" = Option<String>, Header, example = "attachment; filename=\"Task003_Liver.zip\"",
            description = "The name of the file; without it that of the model, with the extension that its first bytes tell"),
        ("Repr-Digest" = Option<String>, Header, example = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", description = "The SHA-256 of the package (RFC 9530); other bytes are refused. The same with `Content-Digest`. Digests of other kinds do not count"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; needed for enabled models"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Definition, headers(("ETag" = String, description = "The new version"))),
        (status = 201, body = Definition, headers(("ETag" = String, description = "The version"))),
        (status = 409, description = "Something has to be confirmed: `mismatches`, `breaking` or `lacking`, and `upload`; or the model is enabled, and the package is trusted less than the installation says"),
        (status = 410, description = "These bytes were purged: they are removed again"),
        (status = 411, description = "The header Content-Length is missing")))]
async fn put(
    guest: &Guest,
    key: ModelKey,
    query: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["upload", "take", "confirm"])?;
    let giving = giving(&parameters)?;
    let upload: Option<PackageId> = parameters.value("upload", "the name of an upload")?;
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let is_new = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes().trim_ascii() == b"*");
    // Before the bytes are read: what is refused anyway.
    for permission in [Permission::PackagesWrite, Permission::ModelsWrite] {
        dashboard.authorise(caller, permission).await?;
    }
    let gift = Gift {
        key,
        is_new,
        giving,
        message: message(headers)?,
        said: SaidDigests::read(headers).map_err(Failure::bad_request)?,
    };
    let key = &gift.key;
    match is_new {
        true => refuse_known(guest, key).await?,
        false if !headers.contains_key(IF_MATCH) => {
            let mut problem = Problem::from(Error::PreconditionRequired);
            problem.next = Some("for a new model, send If-None-Match: *".to_owned());
            return Err(problem.into());
        }
        false => refuse_stale(guest, &gift, headers).await?,
    }
    if let Some(id) = upload {
        let none = BodyLimits::new(0);
        body.read(&none).await.map_err(Problem::from)?;
        if gift.said.whole.is_some() {
            let there = dashboard.upload(caller, id).await?;
            refuse_others(gift.said.whole, there.digest)?;
        }
        return publish(guest, &gift, headers, id).await;
    }
    let (id, bytes) = transfer::begin(dashboard, caller, key.name.as_str(), headers, body).await?;
    let (guest, headers) = (guest.clone(), headers.clone());
    // To its end, or the bytes of a client that does not wait would lie there for days.
    let published = tokio::spawn(
        async move {
            let given = receive(&guest, &gift, &headers, id, bytes).await;
            if given
                .as_ref()
                .is_err_and(|failure| failure.0.upload.is_none())
            {
                // Nobody knows of it; what is left of it expires.
                let (dashboard, caller) = (guest.dashboard(), &guest.caller);
                let _ = dashboard.give_up_upload(caller, id).await;
            }
            given
        }
        .in_current_span(),
    );
    published
        .await
        .unwrap_or_else(|failed| Err(Error::Internal(Box::new(failed)).into()))
}

/// What a model is to get beside the bytes.
struct Gift {
    key: ModelKey,
    /// Whether it is to be a new one.
    is_new: bool,
    giving: Giving,
    message: String,
    /// What the request says of its bytes.
    said: SaidDigests,
}

/// How the model gets it.
fn giving(parameters: &Parameters) -> Result<Giving, Failure> {
    let takes = match parameters.get("take") {
        None => None,
        Some("none") => Some(Vec::new()),
        Some(named) => {
            let takes = parts(named.split(','));
            Some(takes.ok_or_else(|| bad("take", format!("must be {PARTS}; or none")))?)
        }
    };
    let (as_typed, confirmed) = confirmations::of_package(parameters)?;
    Ok(Giving {
        takes,
        as_typed,
        confirmed,
    })
}

async fn receive(
    guest: &Guest,
    gift: &Gift,
    headers: &HeaderMap,
    id: PackageId,
    bytes: Box<Incoming>,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let upload = transfer::receive(dashboard, caller, id, 0, bytes).await?;
    for said in [gift.said.whole, gift.said.body] {
        refuse_others(said, upload.digest)?;
    }
    publish(guest, gift, headers, id).await
}

/// Refuses bytes that are not those that the request says.
fn refuse_others(said: Option<ContentDigest>, found: Option<ContentDigest>) -> Result<(), Failure> {
    let (Some(said), Some(found)) = (said, found) else {
        return Ok(());
    };
    if said == found {
        return Ok(());
    }
    let detail = format!(
        "the bytes have the SHA-256 {}, and the request says {}: they were changed on their way, or \
         the digest is that of another file",
        found.to_hex(),
        said.to_hex()
    );
    let status = StatusCode::BAD_REQUEST;
    Err(Problem::new(status, "other-bytes", "Other bytes", detail).into())
}

/// Gives the package of an upload to a model.
async fn publish(
    guest: &Guest,
    gift: &Gift,
    headers: &HeaderMap,
    id: PackageId,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let Gift {
        key,
        giving,
        message,
        ..
    } = gift;
    if gift.is_new {
        let definition = ModelDefinition::default();
        let made =
            dashboard.publish_new(caller, id, key.clone(), definition, giving.clone(), message);
        return match made.await {
            Err(Error::Exists { .. }) => Err(exists(key)),
            made => Ok(written(StatusCode::CREATED, made?)),
        };
    }
    let wanted = || Wanted::Other;
    let model = on_state(guest, key, headers, wanted, |state| {
        dashboard.publish_upload(caller, id, key, giving.clone(), state, message)
    });
    Ok(written(StatusCode::OK, model.await?))
}

/// `If-None-Match: *` does not hold (RFC 9110 §13.1.2).
fn exists(key: &ModelKey) -> Failure {
    let status = StatusCode::PRECONDITION_FAILED;
    let detail = format!("there is a model {key} already");
    Problem::new(status, "exists", "Exists already", detail).into()
}

/// A model that is to be new and is not.
async fn refuse_known(guest: &Guest, key: &ModelKey) -> Result<(), Failure> {
    match guest.dashboard().model(&guest.caller, key).await {
        Err(Error::NotFound { .. }) => Ok(()),
        Ok(_) | Err(Error::Broken { .. }) => Err(exists(key)),
        Err(error) => Err(error.into()),
    }
}

/// A state that is named wrongly, or not any more.
async fn refuse_stale(guest: &Guest, gift: &Gift, headers: &HeaderMap) -> Result<(), Failure> {
    let (named, key) = (if_match(headers)?, &gift.key);
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let model = dashboard.model(caller, key).await?;
    if model.definition.enabled() {
        dashboard
            .authorise(caller, Permission::ModelsEnable)
            .await?;
        if gift.message.is_empty() {
            let why = "say why: the model is enabled, jobs may be using it";
            return Err(Error::Invalid(vec![FieldError::new("message", why)]).into());
        }
    }
    let holds = match named {
        IfMatch::Is(Precondition::Version(version)) => version == model.version,
        IfMatch::Is(_) => true,
        IfMatch::Never => false,
    };
    if holds {
        return Ok(());
    }
    let conflict = |_| async {
        Err::<(), _>(Error::Conflict {
            key: key.clone(),
            current: Some(Box::new(model)),
        })
    };
    on_state(guest, key, headers, || Wanted::Other, conflict).await
}

//! One model: read, create, change, rename, delete.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LOCATION};
use http::{HeaderName, StatusCode};
use model_dashboard::dashboard::{Error, Model, Wanted};
use model_dashboard::model::{
    DuplicateKeys, FieldError, JsonError, JsonObject, ModelDefinition, ModelKey, ModelName,
    NetworkType, Version,
};
use warp::reply::Response;

use super::answer::{Failure, Guest, no_content};
use super::broken::with_state;
use super::conditional::{etag_header, none_match};
use super::confirmations::{of_enabling, of_renaming};
use super::conflict::on_state;
use super::dto::{Definition, Rename};
use super::parameters::Parameters;

/// The reason for a change.
pub(super) const MESSAGE: HeaderName = HeaderName::from_static("model-dashboard-message");

/// What an administrator overrides.
const OVERRIDE: HeaderName = HeaderName::from_static("model-dashboard-override");

/// Read a model
///
/// The whole definition as it is stored.
#[utoipa::path(get, path = "/api/v1/models/{network_type}/{name}", tag = "models",
    security(("token" = ["models:read"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if this is still the version"),
    ),
    responses((status = 200, body = Definition, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "Not modified"),
        (status = 422, description = "The stored definition cannot be read; `current_etag` names its state")))]
pub(super) async fn show(
    guest: &Guest,
    key: ModelKey,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let model = match guest.dashboard().body(&guest.caller, &key).await {
        Ok(model) => model,
        Err(error) => return Err(with_state(guest, &key, error).await),
    };
    Ok(definition(
        StatusCode::OK,
        model.version,
        model.bytes.clone(),
        headers,
    ))
}

/// Find a model by its name
///
/// The definition if one network type has the name; 409 with the candidates if several have it.
#[utoipa::path(get, path = "/api/v1/models/{name}", tag = "models",
    security(("token" = ["models:read"])),
    params(
        ("name" = String, Path, example = "Task055_SegTHOR"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if this is still the version"),
    ),
    responses((status = 200, body = Definition, headers(("ETag" = String, description = "The version"))),
        (status = 304, description = "Not modified"),
        (status = 409, description = "Several network types have the name: `candidates`"),
        (status = 422, description = "The stored definition cannot be read")))]
pub(super) async fn find(
    guest: &Guest,
    name: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let model = guest.dashboard().find(&guest.caller, name).await?;
    Ok(definition(
        StatusCode::OK,
        model.version,
        model.bytes,
        headers,
    ))
}

/// Create a model
///
/// `name` and `network_type` say where. It is disabled unless the definition enables it, which
/// needs `models:enable`.
#[utoipa::path(post, path = "/api/v1/models", tag = "models",
    security(("token" = ["models:write"])),
    params(("Model-Dashboard-Message" = Option<String>, Header, description = "Why, in your words; UTF-8 or ISO 8859-1")),
    request_body(content = Definition, example = json!({
        "name": "Task003_Liver_2", "network_type": "nnUNet", "enabled": false,
        "alias": "Liver and tumours", "description": "Liver and tumours on portal venous CT",
        "contour_names": {"1": "Liver", "2": "Tumour"}, "version": "1.1"
    })),
    responses((status = 201, body = Definition, headers(
            ("Location" = String, description = "The address of the model"),
            ("ETag" = String, description = "The version"))),
        (status = 409, description = "There is a model of this type and name already")))]
pub(super) async fn create(
    guest: &Guest,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Failure> {
    let content = parse_definition(body)?;
    let mut errors = content.check();
    let name = required(&mut errors, "name", content.name(), |text| {
        ModelName::parse(text)
    });
    let network_type = content.network_type();
    let network_type = required(&mut errors, "network_type", network_type, |text| {
        NetworkType::parse(text)
    });
    let (Some(name), Some(network_type)) = (name, network_type) else {
        return Err(Error::Invalid(errors).into());
    };
    let key = ModelKey::new(network_type, name);
    let message = message(headers)?;
    let model = guest
        .dashboard()
        .create(&guest.caller, key, content, &message)
        .await?;
    let address = address(&model.key);
    Ok(located(written(StatusCode::CREATED, model), &address))
}

/// Replace a model
///
/// The whole definition: what it leaves out is gone afterwards. Leaving out `enabled` disables, which
/// takes `models:enable` and a reason as any disabling here does. Of `registry`, `owner` and `tags`
/// are taken; the rest is the server's. A new model is made with POST.
#[utoipa::path(put, path = "/api/v1/models/{network_type}/{name}", tag = "models",
    security(("token" = ["models:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task003_Liver"),
        ("If-Match" = String, Header, example = "*", description = "The version that you change, or `*`"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; needed for enabled models"),
    ),
    request_body(content = Definition, example = json!({
        "enabled": false, "alias": "Liver and tumours",
        "description": "Liver and tumours on portal venous CT",
        "contour_names": {"1": "Liver", "2": "Tumour"}, "version": "1.1"
    })),
    responses((status = 200, body = Definition, headers(("ETag" = String, description = "The new version"))),
        (status = 409, description = "It is not enabled with its package, which is not trusted, or which jobs may not run correctly: `lacking`")))]
pub(super) async fn replace(
    guest: &Guest,
    key: ModelKey,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Failure> {
    let content = parse_definition(body)?;
    let message = message(headers)?;
    // Read anew where it is needed: nearly always it is not.
    let wanted = || parse_definition(body).map_or(Wanted::Other, Wanted::Replace);
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let model = on_state(guest, &key, headers, wanted, |state| {
        dashboard.replace(caller, &key, content, state, &message)
    });
    Ok(written(StatusCode::OK, model.await.map_err(or_post)?))
}

/// Change fields of a model
///
/// A merge patch (RFC 7396): what it does not name keeps its place and its text. Where there is
/// `inference_information.version`, people see it before `version`. A model is not enabled (409) with a package
/// that jobs may not run correctly (`lacking` says why), or that is not trusted. `{"enabled": true}` with
/// `confirm=incomplete` enables it although something is lacking; with the header
/// `Model-Dashboard-Override: package` it is enabled whatever its package, which needs `system:admin` and
/// `Model-Dashboard-Message`.
#[utoipa::path(patch, path = "/api/v1/models/{network_type}/{name}", tag = "models",
    security(("token" = ["models:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task003_Liver"),
        ("If-Match" = String, Header, example = "*", description = "The version that you change, or `*`"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; needed for enabled models"),
        ("Model-Dashboard-Override" = Option<String>, Header, description = "`package`: enable it whatever its package"),
        ("confirm" = Option<String>, Query, example = "incomplete", description = "`incomplete`: enable it although jobs may not run it correctly"),
    ),
    request_body(content = Definition, content_type = "application/merge-patch+json",
        example = json!({"alias": "Liver and tumours"})),
    responses((status = 200, body = Definition, headers(("ETag" = String, description = "The new version"))),
        (status = 409, description = "It is not enabled with its package, which is not trusted, or which jobs may not run correctly: `lacking`")))]
pub(super) async fn patch(
    guest: &Guest,
    key: ModelKey,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Failure> {
    let confirmed = of_enabling(&Parameters::parse(query, &["confirm"])?)?;
    let patch = JsonObject::parse(body, DuplicateKeys::Refuse).map_err(invalid_json)?;
    let message = message(headers)?;
    let wanted = || Wanted::Patch(patch.clone());
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let despite = overrides(headers)?;
    let enables_alone = patch.len() == 1 && patch.get("enabled") == Some("true");
    if (despite || confirmed) && !enables_alone {
        let what = match despite {
            true => "Model-Dashboard-Override",
            false => "confirm",
        };
        let detail = format!("{what} is for {{\"enabled\": true}} alone");
        return Err(Failure::bad_request(detail));
    }
    if despite {
        let model = on_state(guest, &key, headers, wanted, |state| {
            dashboard.enable_despite_package(caller, &key, state, &message)
        });
        return Ok(written(StatusCode::OK, model.await?));
    }
    if confirmed {
        let model = on_state(guest, &key, headers, wanted, |state| {
            dashboard.enable_incomplete(caller, &key, state, &message)
        });
        return Ok(written(StatusCode::OK, model.await?));
    }
    let model = on_state(guest, &key, headers, wanted, |state| {
        dashboard.patch(caller, &key, &patch, state, &message)
    });
    Ok(written(StatusCode::OK, model.await?))
}

/// Delete a model
///
/// Its history stays, and a new model of the same name goes on with it.
#[utoipa::path(delete, path = "/api/v1/models/{network_type}/{name}", tag = "models",
    security(("token" = ["models:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task003_Liver"),
        ("If-Match" = String, Header, example = "*", description = "The version that you delete, or `*`"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; needed for enabled models"),
    ),
    responses((status = 204, description = "Deleted")))]
pub(super) async fn delete(
    guest: &Guest,
    key: ModelKey,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let message = message(headers)?;
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let deleted = on_state(
        guest,
        &key,
        headers,
        || Wanted::Other,
        |state| dashboard.delete(caller, &key, state, &message),
    );
    deleted.await?;
    no_content()
}

/// Rename a model, or move it to another network type
///
/// It keeps its id and its history. Where its package says that it is for another network type, or a data set of nnU-Net
/// with another number, that has to be confirmed.
#[utoipa::path(post, path = "/api/v1/models/{network_type}/{name}/rename", tag = "models",
    security(("token" = ["models:write"])),
    params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("name" = String, Path, example = "Task003_Liver"),
        ("confirm" = Option<String>, Query, example = "as_typed", description = "`as_typed`: the model is meant to be called so, whatever its package says"),
        ("If-Match" = String, Header, example = "*", description = "The version that you rename, or `*`"),
        ("Model-Dashboard-Message" = Option<String>, Header, description = "Why, UTF-8 or ISO 8859-1; needed for enabled models"),
    ),
    request_body = Rename,
    responses((status = 200, body = Definition, headers(
            ("Location" = String, description = "The new address of the model"),
            ("ETag" = String, description = "The new version"))),
        (status = 409, description = "There is a model of this type and name already, or its package says that it is for another one: `mismatches`")))]
pub(super) async fn rename(
    guest: &Guest,
    from: ModelKey,
    query: &str,
    headers: &HeaderMap,
    to: Rename,
) -> Result<Response, Failure> {
    let as_typed = of_renaming(&Parameters::parse(query, &["confirm"])?)?;
    let mut errors = Vec::new();
    let name = required(&mut errors, "name", Some(to.name), |text| {
        ModelName::parse(text)
    });
    let network_type = match to.network_type {
        None => Some(from.network_type.clone()),
        given => required(&mut errors, "network_type", given, |text| {
            NetworkType::parse(text)
        }),
    };
    let (Some(name), Some(network_type)) = (name, network_type) else {
        return Err(Error::Invalid(errors).into());
    };
    let to = ModelKey::new(network_type, name);
    let message = message(headers)?;
    let (dashboard, caller) = (guest.dashboard(), &guest.caller);
    let wanted = || Wanted::Other;
    let model = on_state(guest, &from, headers, wanted, |state| {
        dashboard.rename(caller, &from, &to, as_typed, state, &message)
    });
    let model = model.await?;
    let address = address(&model.key);
    Ok(located(written(StatusCode::OK, model), &address))
}

/// The address of a model on this port.
pub(super) fn address(key: &ModelKey) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!(
        "/api/v1/models/{}/{}",
        encoded(key.network_type.as_str()),
        encoded(key.name.as_str())
    )
}

/// What a change made of a model.
pub(super) fn written(status: StatusCode, model: Model) -> Response {
    definition(status, model.version, model.bytes, &HeaderMap::new())
}

/// An answer that says where it is.
pub(super) fn located(mut response: Response, address: &str) -> Response {
    // An address is percent-encoded.
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(LOCATION, address);
    }
    response
}

/// A definition as an answer, or 304.
pub(super) fn definition(
    status: StatusCode,
    version: Version,
    bytes: Arc<[u8]>,
    request: &HeaderMap,
) -> Response {
    let etag = etag_header(&version);
    let unchanged = none_match(request, &etag);
    let mut response = if unchanged {
        Response::default()
    } else {
        Response::new(Bytes::from_owner(bytes).into())
    };
    *response.status_mut() = if unchanged {
        StatusCode::NOT_MODIFIED
    } else {
        status
    };
    *response.headers_mut() = definition_headers(etag);
    if unchanged {
        response.headers_mut().remove(CONTENT_TYPE);
    }
    response
}

/// The headers of a definition.
pub(super) fn definition_headers(etag: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Private: it needs a token. No-cache: ask again, with the tag.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(ETAG, etag);
    headers
}

/// The reason in the header `Model-Dashboard-Message`; empty if there is none. What is not UTF-8
/// is ISO 8859-1, as browsers and Python's `http.client` send it (RFC 9110 §5.5 leaves it open).
pub(super) fn message(headers: &HeaderMap) -> Result<String, Failure> {
    let Some(value) = headers.get(MESSAGE) else {
        return Ok(String::new());
    };
    let bytes = value.as_bytes();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    Ok(text.trim().to_owned())
}

/// Whether a model is to be enabled whatever its package.
fn overrides(headers: &HeaderMap) -> Result<bool, Failure> {
    match headers.get(OVERRIDE).map(|value| value.as_bytes()) {
        None => Ok(false),
        Some(b"package") => Ok(true),
        Some(_) => Err(Failure::bad_request(
            "Model-Dashboard-Override must be package",
        )),
    }
}

/// Says to whoever puts a model that is not there, or names no state of it, how one is made.
fn or_post(mut failure: Failure) -> Failure {
    if matches!(failure.0.status, 404 | 428) {
        let how = "; PUT replaces models that are there, POST /api/v1/models makes a new one";
        failure.0.detail.push_str(how);
    }
    failure
}

fn parse_definition(body: &[u8]) -> Result<ModelDefinition, Failure> {
    ModelDefinition::parse(body, DuplicateKeys::Refuse).map_err(invalid_json)
}

fn invalid_json(error: JsonError) -> Failure {
    Error::Invalid(vec![FieldError::json("", &error)]).into()
}

/// A field that must be there and parse, unless it is known to be wrong already.
fn required<T, E: ToString>(
    errors: &mut Vec<FieldError>,
    field: &str,
    text: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let parsed = match text {
        None if errors.iter().any(|error| error.field == field) => return None,
        None => Err("is needed".to_owned()),
        Some(text) => parse(&text).map_err(|e| e.to_string()),
    };
    parsed
        .map_err(|message| errors.push(FieldError::new(field, message)))
        .ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reason_may_come_in_either_encoding() {
        for bytes in ["geprüft".as_bytes(), b"gepr\xfcft"] {
            let mut headers = HeaderMap::new();
            headers.insert(MESSAGE, HeaderValue::from_bytes(bytes).unwrap());
            assert_eq!(message(&headers).unwrap(), "geprüft");
        }
        assert_eq!(message(&HeaderMap::new()).unwrap(), "");
    }
}

//! Models of the past: which there were at a time, and which were deleted.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use model_dashboard::dashboard::{Error, ModelAt};
use model_dashboard::model::{ModelKey, Timestamp};
use warp::reply::Response;

use super::answer::{Failure, Guest, json};
use super::dto::{DeletedModel, DeletedModels, PastModel, PastModels};
use super::parameters::{Parameters, bad, refuse};
use super::problem::FieldProblem;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// What a list of a time can be asked for.
const WITH_AT: [&str; 5] = ["at", "enabled_only", "network_type", "limit", "cursor"];

/// The answer of the list of models where it was asked for a time.
pub(super) async fn at(guest: &Guest, parameters: &Parameters) -> Result<Response, Failure> {
    let others = parameters.names();
    let others = others.filter(|name| !WITH_AT.contains(name));
    let others: Vec<_> = others
        .map(|name| FieldProblem::named(name, "cannot be combined with at"))
        .collect();
    if !others.is_empty() {
        return Err(refuse(others));
    }
    let time = "a time like 2026-03-01T09:30:00Z, or a day, whose beginning in UTC is meant";
    let at = parameters.value::<Timestamp>("at", time)?;
    let at = at.ok_or_else(|| bad("at", format!("must be {time}")))?;
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = parameters.value::<KeyCursor>("cursor", CURSOR)?;
    let after = after.as_ref().map(|KeyCursor(key)| key);
    let enabled_only = super::list::enabled_only(parameters)?;
    let network_type = super::list::network_type(parameters)?;
    let dashboard = guest.dashboard();
    let found = dashboard.models_at(&guest.caller, at, after, limit).await;
    let page = found.map_err(|error| match error {
        // Of a query, and not of a body.
        Error::Invalid(errors) => refuse(errors.iter().map(FieldProblem::from).collect()),
        error => error.into(),
    })?;
    let is_asked_for = |model: &&ModelAt| {
        let of_type = network_type.as_ref();
        (model.may_have_been_enabled() || !enabled_only)
            && of_type.is_none_or(|asked| *asked == model.key.network_type)
    };
    let models = page.models.iter().filter(is_asked_for);
    let models = models.map(PastModel::from).collect();
    let next_cursor = page.next.map(|key| KeyCursor(key).to_string());
    json(
        StatusCode::OK,
        &PastModels {
            at,
            models,
            next_cursor,
            untold: page.untold,
        },
    )
}

/// List deleted models
///
/// `POST` to `restore` below one of their revisions brings one back. One none of whose revisions can
/// be read is listed, too, and cannot be.
#[utoipa::path(get, path = "/api/v1/deleted-models", tag = "history",
    security(("token" = ["system:admin"])),
    params(
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "At most so many; default 100"),
        ("cursor" = Option<String>, Query, description = "Go on where a list was cut: its `next_cursor`"),
    ),
    responses((status = 200, body = DeletedModels)))]
pub(super) async fn deleted(guest: &Guest, query: &str) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["limit", "cursor"])?;
    let limit = parameters.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = parameters.value::<KeyCursor>("cursor", CURSOR)?;
    let deleted = guest.dashboard().deleted(&guest.caller).await?;
    let start = after.map_or(0, |KeyCursor(after)| {
        deleted.partition_point(|entry| *entry.key() <= after)
    });
    let page = &deleted[start..];
    let next = page.get(limit - 1).filter(|_| page.len() > limit);
    let next_cursor = next.map(|last| KeyCursor(last.key().clone()).to_string());
    let models = page.iter().take(limit);
    let models = models.map(|entry| DeletedModel::from(&**entry)).collect();
    json(
        StatusCode::OK,
        &DeletedModels {
            total: deleted.len(),
            models,
            next_cursor,
        },
    )
}

const CURSOR: &str = "the next_cursor of such a list";

/// The model that a list was cut after, as letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyCursor(ModelKey);

/// The text is no cursor of ours.
#[derive(Debug)]
struct NoCursor;

impl fmt::Display for KeyCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for KeyCursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<KeyCursor, NoCursor> {
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCursor)?;
        serde_json::from_slice(&json)
            .map(KeyCursor)
            .map_err(|_| NoCursor)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_the_key_that_it_was() {
        let key: ModelKey = "nnUNet/a+b&c=ü #1".parse().unwrap();
        let cursor = KeyCursor(key);
        let text = cursor.to_string();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        assert!(text.chars().all(plain), "{text}");
        assert_eq!(text.parse::<KeyCursor>().unwrap(), cursor);
        let of_the_other_list = URL_SAFE_NO_PAD.encode(r#"["name",false,0,"",null,"a/b"]"#);
        for wrong in ["", "x", &of_the_other_list] {
            assert!(wrong.parse::<KeyCursor>().is_err(), "{wrong}");
        }
    }
}

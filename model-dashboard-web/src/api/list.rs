//! Lists of models: the fixed list, filters and paging, network types.

use bytes::Bytes;
use http::header::HeaderMap;
use http::{HeaderValue, StatusCode};
use model_dashboard::catalog::{Cursor, Page, Picture, Query, Sort, SortBy, StateFilter};
use model_dashboard::model::NetworkType;
use warp::reply::Response;

use super::answer::{Failure, Guest, json};
use super::dto::{ModelList, NetworkTypeCount, NetworkTypes, PresentOrPast};
use super::list_body::{ListBodies, tagged};
use super::parameters::{Parameters, bad};
use super::past;

const PARAMETERS: [&str; 10] = [
    "network_type",
    "enabled_only",
    "search",
    "tag",
    "owner",
    "sort",
    "limit",
    "offset",
    "cursor",
    "at",
];

/// List models
///
/// All models unless asked otherwise, sorted by network type and name. A list cut by `limit` says
/// in `next_cursor` how to go on. The ETag changes with the content: ask with `If-None-Match`.
///
/// With `at`, the models that there were at that time, which of them were enabled, at which
/// revision, and what is uncertain: told from the histories, deleted models included. It goes with
/// `enabled_only` (which keeps what is in doubt), `network_type`, `limit` (at most 1000; 100 if it is
/// left out) and `cursor`, and needs `audit:read` as well. A page may hold fewer than `limit`, or none, and not be the last:
/// go on while there is a `next_cursor`. A day alone means its beginning, 00:00 UTC.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", security(("token" = ["models:read"])),
    params(
        ("network_type" = Option<String>, Query, description = "Only this type", example = "nnUNet"),
        ("enabled_only" = Option<bool>, Query, description = "Only enabled models"),
        ("search" = Option<String>, Query, description = "Words that all occur in name, alias, description, labels, tags, owner or type"),
        ("tag" = Option<String>, Query, description = "Only models with this tag"),
        ("owner" = Option<String>, Query, description = "Only models of this owner"),
        ("sort" = Option<String>, Query, description = "name, alias, modified, created, version, labels, owner or state; with `-` before it backwards"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 10000, description = "At most so many; all if it is left out"),
        ("offset" = Option<usize>, Query, description = "Leave out so many"),
        ("cursor" = Option<String>, Query, description = "Go on where a list was cut: its `next_cursor`"),
        ("at" = Option<String>, Query, description = "The models of this time in the past (RFC 3339); a day alone means 00:00 UTC"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if the list is still this one"),
    ),
    responses((status = 200, body = PresentOrPast, headers(("ETag" = String, description = "The version of the list; not with `at`"))),
        (status = 304, description = "Not modified")))]
pub(super) async fn list(
    guest: &Guest,
    bodies: &ListBodies,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    if query.is_empty() {
        let present = || async { Ok(guest.dashboard().picture(&guest.caller).await?) };
        return bodies.answer(present, headers).await;
    }
    let parameters = Parameters::parse(query, &PARAMETERS)?;
    if parameters.names().any(|name| name == "at") {
        return past::at(guest, &parameters).await;
    }
    answer(guest, read(&parameters)?, headers).await
}

/// List the models of a network type
#[utoipa::path(get, path = "/api/v1/models/type/{network_type}", tag = "models",
    security(("token" = ["models:read"])), params(
        ("network_type" = String, Path, example = "nnUNet"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if the list is still this one"),
    ),
    responses((status = 200, body = ModelList, headers(("ETag" = String, description = "The version of the list"))),
        (status = 304, description = "Not modified")))]
pub(super) async fn of_type(
    guest: &Guest,
    network_type: &str,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    Parameters::parse(query, &[])?;
    let network_types = vec![parse_type(network_type)?];
    let query = Query {
        network_types,
        state: StateFilter::Valid,
        limit: usize::MAX,
        ..Query::default()
    };
    answer(guest, query, headers).await
}

/// List network types
///
/// Those that models have, with how many.
#[utoipa::path(get, path = "/api/v1/network-types", tag = "models", security(("token" = ["models:read"])),
    responses((status = 200, body = NetworkTypes)))]
pub(super) async fn network_types(guest: &Guest) -> Result<Response, Failure> {
    let picture = guest.dashboard().picture(&guest.caller).await?;
    let counts: Vec<_> = picture
        .counts()
        .by_type
        .into_iter()
        .map(|(network_type, models)| NetworkTypeCount {
            network_type: network_type.to_string(),
            models,
        })
        .collect();
    let network_types = counts
        .iter()
        .map(|count| count.network_type.clone())
        .collect();
    json(
        StatusCode::OK,
        &NetworkTypes {
            total: counts.len(),
            network_types,
            counts,
        },
    )
}

/// Models as a table
///
/// For data frames: `json` is column by column as pandas writes it, `records` a list of rows,
/// `csv` as in RFC 4180.
#[utoipa::path(get, path = "/api/v1/models/dataframe", tag = "models", security(("token" = ["models:read"])),
    params(
        ("format" = Option<String>, Query, description = "json (default), csv or records"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if the table is still this one"),
    ),
    responses((status = 200, description = "The table",
            content((Value = "application/json"), (String = "text/csv")),
            headers(("ETag" = String, description = "The version of the table"))),
        (status = 304, description = "Not modified")))]
pub(super) async fn dataframe(
    guest: &Guest,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    use super::dataframe::Format;
    let parameters = Parameters::parse(query, &["format"])?;
    let formats = [
        ("json", Format::Columns),
        ("csv", Format::Csv),
        ("records", Format::Records),
    ];
    let format = parameters
        .one_of("format", &formats)?
        .unwrap_or(Format::Columns);
    let picture = guest.dashboard().picture(&guest.caller).await?;
    let make = move |picture: &Picture| format.write(picture.entries_json()).into();
    tagged(picture, make, format.content_type(), headers).await
}

/// The entries of a page as the fixed list.
async fn answer(guest: &Guest, query: Query, headers: &HeaderMap) -> Result<Response, Failure> {
    let picture = guest.dashboard().picture(&guest.caller).await?;
    let make = move |picture: &Picture| body(&picture.query(&query));
    let json = HeaderValue::from_static("application/json");
    tagged(picture, make, json, headers).await
}

fn body(page: &Page) -> Bytes {
    let mut out = format!("{{\"total\":{},\"models\":[", page.total).into_bytes();
    for (i, entry) in page
        .rows
        .iter()
        .filter_map(|entry| entry.list_json())
        .enumerate()
    {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(entry.as_bytes());
    }
    out.push(b']');
    if let Some(next) = &page.next {
        // A cursor is letters, digits, - and _.
        out.extend_from_slice(format!(",\"next_cursor\":\"{next}\"").as_bytes());
    }
    out.push(b'}');
    out.into()
}

/// Whether only enabled models are asked for.
pub(super) fn enabled_only(parameters: &Parameters) -> Result<bool, Failure> {
    let asked = parameters.value("enabled_only", "true or false")?;
    Ok(asked.unwrap_or(false))
}

/// The type that is asked for.
pub(super) fn network_type(parameters: &Parameters) -> Result<Option<NetworkType>, Failure> {
    parameters.get("network_type").map(parse_type).transpose()
}

fn read(parameters: &Parameters) -> Result<Query, Failure> {
    let enabled = enabled_only(parameters)?;
    let count = "a number from 1 to 10000";
    let limit = parameters.value::<usize>("limit", count)?;
    if limit.is_some_and(|limit| !(1..=10_000).contains(&limit)) {
        return Err(bad("limit", format!("must be {count}")));
    }
    Ok(Query {
        search: parameters.get("search").unwrap_or_default().to_owned(),
        network_types: network_type(parameters)?.into_iter().collect(),
        state: if enabled {
            StateFilter::Enabled
        } else {
            StateFilter::Valid
        },
        tag: parameters.get("tag").map(str::to_owned),
        owner: parameters.get("owner").map(str::to_owned),
        sort: parameters
            .get("sort")
            .map(parse_sort)
            .transpose()?
            .unwrap_or_default(),
        offset: parameters.value("offset", "a number")?.unwrap_or(0),
        after: parameters.value::<Cursor>("cursor", "the next_cursor of a list")?,
        limit: limit.unwrap_or(usize::MAX),
        counts_words: false,
    })
}

fn parse_sort(text: &str) -> Result<Sort, Failure> {
    let (word, descending) = match text.strip_prefix('-') {
        Some(word) => (word, true),
        None => (text, false),
    };
    SortBy::parse(word)
        .map(|by| Sort { by, descending })
        .ok_or_else(|| {
            let words: Vec<_> = SortBy::ALL.iter().map(|by| by.as_str()).collect();
            let words = words.join(", ");
            bad(
                "sort",
                format!("must be one of {words}, or that with - before it"),
            )
        })
}

fn parse_type(text: &str) -> Result<NetworkType, Failure> {
    NetworkType::existing(text).map_err(|e| bad("network_type", format!("cannot be taken: {e}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use futures::future::join;
    use http::header::ETAG;
    use model_dashboard::dashboard::Dashboard;
    use model_dashboard::repository::MemoryRepository;
    use model_dashboard::store::MemoryStore;
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn whoever_asks_for_much_keeps_nobody_from_being_answered() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1);
        let runtime = runtime.build().unwrap();
        runtime.block_on(async {
            let repository = Arc::new(MemoryRepository::new());
            for n in 0..500 {
                let key = format!("T/{n}").parse().unwrap();
                repository.write_outside(&key, *b"{}");
            }
            let builder = Dashboard::builder().repository(repository);
            let builder = builder.accounts(Arc::new(MemoryStore::new()));
            let dashboard = builder.build().await.unwrap();
            let host = dashboard.host_caller("test@localhost");
            let guest = Guest::new(dashboard, host);
            let (bodies, headers) = (ListBodies::default(), HeaderMap::new());

            let asked = ["", "enabled_only=true", "search=1", "sort=-created&limit=3"];
            for query in asked {
                while_threads_are_taken(list(&guest, &bodies, query, &headers)).await;
            }
            for query in ["", "format=csv", "format=records"] {
                while_threads_are_taken(dataframe(&guest, query, &headers)).await;
            }
            while_threads_are_taken(of_type(&guest, "T", "", &headers)).await;
        });
    }

    /// Asks while the only thread that may block is taken until somebody else had a turn.
    async fn while_threads_are_taken(asked: impl Future<Output = Result<Response, Failure>>) {
        let (free, freed) = oneshot::channel();
        let taken = tokio::task::spawn_blocking(move || freed.blocking_recv().unwrap());
        let asked = async {
            let answer = asked.await;
            (answer, taken.is_finished())
        };
        let other = async { free.send(()).unwrap() };
        let ((answer, was_beside), ()) = join(asked, other).await;
        assert!(was_beside, "made where requests are answered");
        assert!(answer.unwrap().headers().contains_key(ETAG));
    }
}

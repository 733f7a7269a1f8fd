//! The list of models.

use std::sync::Arc;

use http::StatusCode;
use model_dashboard::catalog::{self, Entry, EntryState, Query, SortBy, StateFilter};
use model_dashboard::model::NetworkType;
use warp::reply::Response;

use super::broken::left_out;
use super::form::Form;
use super::visit::{self, Failure, Visit};
use crate::views::components::table::Order;
use crate::views::left_out::LeftOut;
use crate::views::models::{self, Counts, ModelRow, ModelsView};
use crate::views::models_query::{ModelsQuery, Sort, State};

/// How many models a page shows.
const PER_PAGE: usize = 50;
/// How many tags and owners the filters offer.
const MOST_FACETS: usize = 50;

/// The page, or for htmx the part of it that changes.
pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let asked = Form::parse(visit.request.query.as_bytes());
    let (asked, unknown) = ModelsQuery::read(asked.fields());
    let picture = visit.dashboard().picture(&visit.caller).await?;
    let page = visit
        .dashboard()
        .list(&visit.caller, &query(&asked))
        .await?;
    let last = page.total.div_ceil(PER_PAGE).max(1);
    if asked.page > last {
        // The list became shorter since the address was made.
        let there = ModelsQuery {
            page: last,
            ..asked
        };
        return Ok(visit::redirect(&there.href(visit.links())));
    }
    let left_out = match picture.len() {
        // The store may be another one than was meant.
        0 => left_out(&visit).await?,
        _ => LeftOut::default(),
    };
    let view = ModelsView {
        counts: Counts {
            enabled: page.counts.enabled,
            disabled: page.counts.disabled,
            broken: page.counts.broken,
        },
        types: most_frequent(page.counts.by_type.iter().map(|(t, n)| (t.as_str(), *n))),
        tags: most_frequent(page.tags.iter().map(|(tag, n)| (tag.as_str(), *n))),
        owners: most_frequent(page.owners.iter().map(|(owner, n)| (owner.as_str(), *n))),
        rows: page.rows.iter().map(row).collect(),
        total: page.total,
        per_page: PER_PAGE,
        unknown,
        left_out,
        query: asked,
    };
    let frame = visit.frame().await;
    if visit.request.wants_part() {
        return visit
            .page_with(StatusCode::OK, &frame, models::results(&frame, &view))
            .await;
    }
    let markup = models::page(&frame, &view);
    visit.page(&frame, markup).await
}

fn query(asked: &ModelsQuery) -> Query {
    let by = match asked.sort {
        Sort::Name => SortBy::Name,
        Sort::Alias => SortBy::Alias,
        Sort::State => SortBy::State,
        Sort::Labels => SortBy::Labels,
        Sort::Owner => SortBy::Owner,
        Sort::Modified => SortBy::Modified,
        Sort::Created => SortBy::Created,
        Sort::Version => SortBy::Version,
    };
    let order = asked.order.unwrap_or(asked.sort.natural_order());
    Query {
        search: asked.search.clone(),
        network_types: asked
            .network_type
            .iter()
            .filter_map(|text| NetworkType::existing(text).ok())
            .collect(),
        state: match asked.state {
            Some(State::Enabled) => StateFilter::Enabled,
            Some(State::Disabled) => StateFilter::Disabled,
            None => StateFilter::Valid,
        },
        tag: asked.tag.clone(),
        owner: asked.owner.clone(),
        sort: catalog::Sort {
            by,
            descending: order == Order::Descending,
        },
        offset: asked.page.saturating_sub(1).saturating_mul(PER_PAGE),
        limit: PER_PAGE,
        counts_words: true,
        ..Query::default()
    }
}

/// The most frequent first, and no more than a menu can hold.
fn most_frequent<'a>(facet: impl Iterator<Item = (&'a str, usize)>) -> Vec<(String, usize)> {
    let mut counts: Vec<_> = facet.collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts.truncate(MOST_FACETS);
    counts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

fn row(entry: &Arc<Entry>) -> ModelRow {
    ModelRow {
        network_type: entry.key().network_type.to_string(),
        name: entry.key().name.to_string(),
        alias: entry.alias().into_owned(),
        enabled: entry.state() == EntryState::Enabled,
        version: entry.shown_version().into_owned(),
        revision: entry.revision(),
        labels: usize::try_from(entry.label_count()).unwrap_or(usize::MAX),
        owner: entry.owner().unwrap_or_default().to_owned(),
        tags: entry.tags().map(str::to_owned).collect(),
        modified_by: entry.modified_by().unwrap_or_default().to_owned(),
        modified_at: entry.modified_at().or(entry.modified()).map(Into::into),
    }
}

//! `model list` of the models that there are.

use clap::{Args, ValueEnum};
use model_dashboard::catalog::{Entry, EntryState, Query, Sort, SortBy, StateFilter};
use model_dashboard::model::{NetworkType, Timestamp};
use serde::Serialize;

use super::past;
use crate::failure::Failure;
use crate::installation::{Context, Installation};
use crate::output::seconds;

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only models with all of these words in name, type, alias, description, contour names,
    /// tags or owner
    #[arg(
        long,
        value_name = "WORDS",
        default_value = "",
        hide_default_value = true
    )]
    search: String,

    #[command(flatten)]
    selection: Selection,

    /// Order
    #[arg(long, value_name = "BY", default_value = "name", value_parser = orders())]
    sort: String,

    /// The other way round
    #[arg(long)]
    reverse: bool,

    /// The most models to list [default: all]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,

    /// List deleted models, which `model restore` brings back if a revision of them can be read
    #[arg(long, conflicts_with_all = ["state", "at", "search", "tag", "owner", "sort", "reverse"])]
    deleted: bool,

    /// List the models that there were at this time, as they were, such as 2026-01-15 or
    /// 2026-01-15T09:30:00Z; a day alone means its beginning, 00:00 UTC; with --state enabled those
    /// that jobs could use, or may have used
    #[arg(long, value_name = "TIME", conflicts_with_all = ["search", "tag", "owner", "sort", "reverse"])]
    at: Option<Timestamp>,
}

fn orders() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(SortBy::ALL.map(SortBy::as_str))
}

/// Which models.
#[derive(Debug, Default, Args)]
pub(crate) struct Selection {
    /// Only models of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,

    /// Only models in this state
    #[arg(long, value_enum)]
    state: Option<State>,

    /// Only models with this tag
    #[arg(long)]
    tag: Option<String>,

    /// Only models of this owner
    #[arg(long)]
    owner: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Enabled,
    Disabled,
    Broken,
}

impl Selection {
    /// The query for these models, all of them.
    pub(crate) fn query(self) -> Result<Query, Failure> {
        let parse = |text: &String| {
            let parsed = NetworkType::existing(text);
            parsed.map_err(|error| Failure::usage(format!("the type “{text}” {error}")))
        };
        Ok(Query {
            network_types: self.types.iter().map(parse).collect::<Result<_, _>>()?,
            state: match self.state {
                None => StateFilter::All,
                Some(State::Enabled) => StateFilter::Enabled,
                Some(State::Disabled) => StateFilter::Disabled,
                Some(State::Broken) => StateFilter::Broken,
            },
            tag: self.tag,
            owner: self.owner,
            limit: usize::MAX,
            ..Query::default()
        })
    }
}

impl Selection {
    /// Whether nothing is left out.
    pub(super) fn is_all(&self) -> bool {
        self.types.is_empty() && self.state.is_none() && self.tag.is_none() && self.owner.is_none()
    }
}

impl List {
    /// The words that are searched, if nothing else is asked for.
    pub(super) fn words_alone(&self) -> Option<String> {
        let Self { selection, .. } = self;
        let plain = selection.is_all()
            && self.sort == "name"
            && !self.reverse
            && self.limit.is_none()
            && !self.deleted
            && self.at.is_none();
        plain.then(|| self.search.clone())
    }
}

/// A model as programs read it.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    key: String,
    network_type: &'a str,
    name: &'a str,
    state: &'static str,
    alias: String,
    version: String,
    labels: u32,
    owner: Option<&'a str>,
    tags: Vec<&'a str>,
    create_date: String,
    last_modified_date: String,
    revision: Option<u64>,
    #[serde(skip)]
    modified: Option<Timestamp>,
    /// Why a broken one cannot be read.
    reason: Option<String>,
    /// Where in its text, counted from 1.
    line: Option<usize>,
    column: Option<usize>,
}

impl<'a> From<&'a Entry> for Shown<'a> {
    fn from(entry: &'a Entry) -> Self {
        let key = entry.key();
        let position = entry.broken().and_then(|broken| broken.position);
        Self {
            key: key.to_string(),
            network_type: key.network_type.as_str(),
            name: key.name.as_str(),
            state: state_name(entry.state()),
            alias: entry.alias().into_owned(),
            version: entry.shown_version().into_owned(),
            labels: entry.label_count(),
            owner: entry.owner(),
            tags: entry.tags().collect(),
            create_date: entry.create_date().into_owned(),
            last_modified_date: entry.last_modified_date().into_owned(),
            revision: entry.revision(),
            modified: entry.modified(),
            reason: entry.broken().map(|broken| broken.reason.to_string()),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
        }
    }
}

impl Shown<'_> {
    /// The alias; of a broken one what is wrong, and where.
    fn alias_or_fault(&self) -> String {
        match (&self.reason, self.line.zip(self.column)) {
            (None, _) => self.alias.clone(),
            (Some(reason), None) => format!("(cannot be read: {reason})"),
            (Some(reason), Some((line, column))) => {
                format!("(cannot be read, line {line}, column {column}: {reason})")
            }
        }
    }
}

fn state_name(state: EntryState) -> &'static str {
    match state {
        EntryState::Enabled => "enabled",
        EntryState::Disabled => "disabled",
        EntryState::Broken => "broken",
        EntryState::Deleted => "deleted",
    }
}

#[derive(Serialize)]
struct Models<'a> {
    /// How many the query selects, whatever the limit.
    total: usize,
    models: Vec<Shown<'a>>,
}

pub(super) async fn run(list: List, context: &Context) -> Result<(), Failure> {
    let by = SortBy::parse(&list.sort).unwrap_or_default();
    let query = Query {
        search: list.search,
        sort: Sort {
            by,
            descending: list.reverse,
        },
        limit: list.limit.unwrap_or(usize::MAX),
        ..list.selection.query()?
    };
    if list.deleted {
        return past::deleted(&query, context).await;
    }
    if let Some(at) = list.at {
        return past::at(at, &query, context).await;
    }
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let page = dashboard.list(caller, &query).await?;
            let models = Models {
                total: page.total,
                models: page
                    .rows
                    .iter()
                    .map(|entry| Shown::from(&**entry))
                    .collect(),
            };
            context.output.show(&models, || {
                let rows = models.models.iter().map(|model| {
                    [
                        model.network_type.to_owned(),
                        model.name.to_owned(),
                        model.state.to_owned(),
                        model.alias_or_fault(),
                        model.version.clone(),
                        model.labels.to_string(),
                        match model.modified {
                            Some(time) => seconds(time),
                            None => model.last_modified_date.clone(),
                        },
                    ]
                });
                let header = [
                    "TYPE", "NAME", "STATE", "ALIAS", "VERSION", "LABELS", "MODIFIED",
                ];
                context.output.table(header, rows)
            })
        })
        .await
}

//! `model list --deleted` and `--at`: models that there are no more, or as they were.

use model_dashboard::catalog::{Entry, Query, StateFilter};
use model_dashboard::dashboard::{Doubt, MAX_MODELS_AT, ModelAt};
use model_dashboard::model::{NetworkType, Timestamp};
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::{Context, Installation};
use crate::output::{note, or_empty, seconds_or_empty};

/// A deleted model as programs read it.
#[derive(Serialize)]
struct Deleted<'a> {
    key: String,
    network_type: &'a str,
    name: &'a str,
    state: &'static str,
    id: Option<String>,
    /// The revision that deleted it.
    revision: Option<u64>,
    deleted_at: Option<Timestamp>,
    deleted_by: Option<&'a str>,
}

impl<'a> From<&'a Entry> for Deleted<'a> {
    fn from(entry: &'a Entry) -> Self {
        let key = entry.key();
        let tombstone = entry.tombstone();
        Self {
            key: key.to_string(),
            network_type: key.network_type.as_str(),
            name: key.name.as_str(),
            state: "deleted",
            id: tombstone.and_then(|it| it.id).map(|id| id.to_string()),
            revision: tombstone.and_then(|it| it.revision),
            deleted_at: tombstone.and_then(|it| it.at),
            deleted_by: tombstone.and_then(|it| it.by.as_deref()),
        }
    }
}

#[derive(Serialize)]
struct AllDeleted<'a> {
    /// How many there are, whatever the limit.
    total: usize,
    models: Vec<Deleted<'a>>,
}

pub(super) async fn deleted(query: &Query, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let mut found = dashboard.deleted(caller).await?;
            found.retain(|entry| is_asked_for(&entry.key().network_type, query));
            let total = found.len();
            let models = found.iter().take(query.limit);
            let deleted = AllDeleted {
                total,
                models: models.map(|entry| Deleted::from(&**entry)).collect(),
            };
            context.output.show(&deleted, || {
                let rows = deleted.models.iter().map(|model| {
                    [
                        model.network_type.to_owned(),
                        model.name.to_owned(),
                        seconds_or_empty(model.deleted_at),
                        or_empty(model.deleted_by),
                        or_empty(model.revision),
                    ]
                });
                let header = ["TYPE", "NAME", "DELETED", "BY", "REVISION"];
                context.output.table(header, rows)
            })?;
            if total > 0 && !context.output.is_json() {
                note("`model restore TYPE/NAME` brings one back, disabled");
            }
            Ok(())
        })
        .await
}

fn is_asked_for(network_type: &NetworkType, query: &Query) -> bool {
    query.network_types.is_empty() || query.network_types.contains(network_type)
}

/// A past state as programs read it.
#[derive(Serialize)]
struct Past {
    key: String,
    network_type: String,
    name: String,
    state: &'static str,
    alias: String,
    version: String,
    revision: Option<u64>,
    since: Option<Timestamp>,
    /// The key that it has now, or had when it was deleted.
    now: String,
    is_deleted: bool,
    /// Why this may be wrong.
    doubt: Option<&'static str>,
}

impl From<ModelAt> for Past {
    fn from(model: ModelAt) -> Self {
        Self {
            key: model.key.to_string(),
            network_type: model.key.network_type.to_string(),
            name: model.key.name.to_string(),
            state: match (model.doubt, model.enabled) {
                (Some(Doubt::Unreadable), _) => "broken",
                (_, true) => "enabled",
                (_, false) => "disabled",
            },
            alias: model.alias,
            version: model.version,
            revision: model.revision,
            since: model.since,
            now: model.now.to_string(),
            is_deleted: model.is_deleted,
            doubt: model.doubt.map(in_words),
        }
    }
}

fn in_words(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::ChangedOutsideLater => {
            "changed or removed by another program later, perhaps before that time already"
        }
        Doubt::NoHistory => {
            "no history of that time: as other programs left it, the oldest state known"
        }
        Doubt::Unreadable => "what it held then cannot be read",
        Doubt::NextUnreadable => "the next state cannot be read; perhaps it was there already",
        Doubt::Falsified => "this revision, or the next one, was changed in the history by hand",
        Doubt::Missing => "its history lacks revisions of that time",
        Doubt::Gone => "removed by another program since, perhaps before that time already",
        _ => "not certain",
    }
}

impl Past {
    fn remarks(&self) -> String {
        let moved = (self.now != self.key).then(|| format!("now {}", self.now));
        let deleted = self.is_deleted.then(|| "deleted since".to_owned());
        let doubt = self.doubt.map(str::to_owned);
        let remarks = [moved, deleted, doubt].into_iter().flatten();
        remarks.collect::<Vec<_>>().join("; ")
    }
}

#[derive(Serialize)]
struct AllPast {
    at: Timestamp,
    total: usize,
    untold: usize,
    models: Vec<Past>,
}

pub(super) async fn at(at: Timestamp, query: &Query, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let (mut models, mut untold) = (Vec::new(), 0);
            let mut after = None;
            loop {
                let page = dashboard.models_at(caller, at, after.as_ref(), MAX_MODELS_AT);
                let page = page.await?;
                let asked = page
                    .models
                    .into_iter()
                    .filter(|model| is_asked_for(&model.key.network_type, query));
                let asked = asked.filter(|model| is_in_state(model, query.state));
                models.extend(asked.map(Past::from));
                untold += page.untold;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            models.sort_by(|a, b| (&a.network_type, &a.name).cmp(&(&b.network_type, &b.name)));
            let total = models.len();
            models.truncate(query.limit);
            if untold > 0 {
                note(format_args!(
                    "{untold} histories without a present model cannot be told of: \
                     `model-dashboard storage check` names them"
                ));
            }
            let past = AllPast {
                at,
                total,
                untold,
                models,
            };
            context.output.show(&past, || {
                let rows = past.models.iter().map(|model| {
                    [
                        model.network_type.clone(),
                        model.name.clone(),
                        model.state.to_owned(),
                        model.alias.clone(),
                        model.version.clone(),
                        or_empty(model.revision),
                        seconds_or_empty(model.since),
                        model.remarks(),
                    ]
                });
                let header = [
                    "TYPE", "NAME", "STATE", "ALIAS", "VERSION", "REVISION", "SINCE", "REMARKS",
                ];
                context.output.table(header, rows)
            })
        })
        .await
}

/// Whether a model was in a state; one that is in doubt may have been enabled.
fn is_in_state(model: &ModelAt, asked: StateFilter) -> bool {
    let is_broken = model.doubt == Some(Doubt::Unreadable);
    match asked {
        StateFilter::Enabled => model.may_have_been_enabled(),
        StateFilter::Disabled => !is_broken && !model.enabled,
        StateFilter::Broken => is_broken,
        _ => true,
    }
}

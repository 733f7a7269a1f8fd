//! What happened to the models.

use model_dashboard::audit::{Action, Event, EventFilter, EventPage};
use model_dashboard::catalog::Picture;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::actor::Sources;
use super::form::Form;
use super::renames;
use super::visit::{Failure, Visit};
use crate::views::activity::{self, ActivityQuery, ActivityView, Entry};
use crate::views::components::icon::Icon;

/// How many entries a page shows.
const PER_PAGE: usize = 50;

/// In how many of the newest events people to choose from are looked for.
const MOST_LOOKED_AT: usize = 1_000;

/// How many models of which a part of the name was typed are shown to choose from.
const MOST_NAMED: usize = 20;

/// The kinds to choose from.
const KINDS: [(&str, &str); 8] = [
    ("model.create", "created"),
    ("model.update", "edited"),
    ("model.enable", "enabled"),
    ("model.disable", "disabled"),
    ("model.rename", "renamed"),
    ("model.delete", "deleted"),
    ("package.draft", "proposed a package to"),
    ("package.draft.discard", "discarded a draft for"),
];

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let asked = Form::parse(visit.request.query.as_bytes());
    let given = |name| Some(asked.text(name).trim().to_owned()).filter(|text| !text.is_empty());
    let query = ActivityQuery {
        person: given("person"),
        source: given("source"),
        model: given("model"),
        kind: given("kind"),
    };
    let filter = EventFilter {
        actions: query.kind.iter().cloned().collect(),
        actor: query.person.clone(),
        source: query.source.clone(),
        ..EventFilter::default()
    };
    let before = asked.text("before").parse().ok();
    let page = EventPage::Newest { before };
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let picture = dashboard.picture(caller).await?;
    let named = match &query.model {
        Some(text) => named(&picture, text),
        None => Vec::new(),
    };
    let mut now = None;
    let mut events = match (named.as_slice(), &query.model) {
        ([key], _) => {
            let (last, _) = picture.follow(key);
            let events = renames::events(&visit, &last, &filter, before, PER_PAGE + 1).await?;
            now = Some(last).filter(|last| last != key);
            events
        }
        (_, Some(_)) => Vec::new(),
        (_, None) => {
            dashboard
                .activity(caller, &filter, page, PER_PAGE + 1)
                .await?
        }
    };
    let more = events.len() > PER_PAGE;
    events.truncate(PER_PAGE);
    let pairs = |before: Option<u64>| {
        let pairs: Vec<_> = query
            .pairs()
            .chain(before.map(|before| ("before", before.to_string())))
            .collect();
        visit.links().query("/activity", pairs)
    };
    // Those of the present page would leave out whom one looks for.
    let newest = EventPage::Newest { before: None };
    let recent = dashboard
        .activity(caller, &EventFilter::default(), newest, MOST_LOOKED_AT)
        .await?;
    let mut people: Vec<String> = recent
        .iter()
        .map(|event| event.event.actor_name.clone())
        .chain(query.person.clone())
        .filter(|name| !name.is_empty())
        .collect();
    people.sort();
    people.dedup();
    let sources = Sources::new(&visit);
    let parts = |key: &ModelKey| (key.network_type.to_string(), key.name.to_string());
    let view = ActivityView {
        now: now.as_ref().map(parts),
        unclear: named
            .iter()
            .filter(|_| named.len() > 1)
            .map(ToString::to_string)
            .collect(),
        people,
        sources: sources.choices(query.source.as_deref()),
        kinds: KINDS
            .iter()
            .map(|(value, text)| ((*value).to_owned(), (*text).to_owned()))
            .collect(),
        older: more.then(|| pairs(events.last().map(|event| event.seq))),
        newer: before.map(|_| pairs(None)),
        entries: events
            .iter()
            .map(|event| entry(event, &picture, &sources))
            .collect(),
        query,
    };
    let frame = visit.frame().await;
    visit.page(&frame, activity::page(&frame, &view)).await
}

/// The models that may be meant: the one of exactly this reference, otherwise those whose reference
/// holds the text, deleted ones too.
fn named(picture: &Picture, text: &str) -> Vec<ModelKey> {
    let exact: Option<ModelKey> = text.parse().ok();
    if let Some(key) = &exact
        && (picture.get(key).is_some() || picture.deleted(key).is_some())
    {
        return vec![key.clone()];
    }
    let part = text.to_lowercase();
    let all = picture.entries().chain(picture.tombstones());
    let holding = all.map(|entry| entry.key());
    let holding = holding.filter(|key| key.to_string().to_lowercase().contains(&part));
    let mut found: Vec<_> = holding.take(MOST_NAMED).cloned().collect();
    found.sort();
    if found.is_empty() {
        found.extend(exact);
    }
    found
}

fn entry(entry: &Event, picture: &Picture, sources: &Sources) -> Entry {
    let was = renames::old_name(entry);
    let event = &entry.event;
    let name = event.action.as_str();
    let done = KINDS
        .iter()
        .find(|(kind, _)| *kind == name)
        .map_or(name, |(_, done)| done);
    let key = event
        .target
        .strip_prefix("model:")
        .and_then(|key| key.parse::<ModelKey>().ok());
    let model = key.as_ref().and_then(|key| picture.get(key));
    Entry {
        at: event.at.into(),
        who: sources.actor(&event.actor_name, event.source()),
        via: match event.via.as_str() {
            "api" => Some("API".to_owned()),
            "cli" => Some("command line".to_owned()),
            "store" => Some("in the store itself".to_owned()),
            _ => None,
        },
        done: done.to_owned(),
        icon: match event.action {
            Action::ModelCreate => Icon::Plus,
            Action::ModelEnable => Icon::Check,
            Action::ModelDisable => Icon::Off,
            Action::ModelRename => Icon::Rename,
            Action::ModelDelete | Action::PackageDraftDiscard => Icon::Trash,
            Action::PackageDraft => Icon::Package,
            _ => Icon::Edit,
        },
        alias: model
            .as_ref()
            .map(|model| model.alias().into_owned())
            .unwrap_or_default(),
        exists: model.is_some(),
        model: key.map(|key| (key.network_type.to_string(), key.name.to_string())),
        revision: event.revision,
        message: event.reason.clone(),
        detail: match &was {
            Some(_) => renames::beside_old_name(entry),
            None => event.detail.clone(),
        },
        was: was.map(|key| key.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use model_dashboard::audit::NewEvent;
    use model_dashboard::model::Timestamp;

    use super::*;

    fn event(action: Action, target: &str, detail: &str) -> Event {
        let event = NewEvent {
            at: Timestamp::now(),
            actor: String::new(),
            actor_name: String::new(),
            via: String::new(),
            from: String::new(),
            request_id: String::new(),
            action,
            target: target.to_owned(),
            revision: None,
            reason: String::new(),
            detail: detail.to_owned(),
        };
        Event {
            seq: 1,
            event,
            digest: String::new(),
        }
    }

    #[test]
    fn a_model_is_named_even_if_no_new_one_could_have_its_name() {
        let deleted = event(Action::ModelDelete, "model:nnUNet/A name with spaces", "");
        let named = ("nnUNet".to_owned(), "A name with spaces".to_owned());
        assert_eq!(
            entry(&deleted, &Picture::default(), &Sources::default()).model,
            Some(named)
        );
    }

    #[test]
    fn the_old_name_is_found_among_what_else_is_said() {
        let said = "with token 3; was nnUNet/A; outcome not known";
        let renamed = event(Action::ModelRename, "model:nnUNet/B", said);
        let shown = entry(&renamed, &Picture::default(), &Sources::default());
        assert_eq!(shown.was.as_deref(), Some("nnUNet/A"));
        assert_eq!(shown.detail, "with token 3; outcome not known");
    }
}

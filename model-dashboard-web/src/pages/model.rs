//! One model.

use std::time::SystemTime;

use http::StatusCode;
use model_dashboard::audit::{Action, EventFilter};
use model_dashboard::dashboard::{Error, Model};
use model_dashboard::model::{LabelNames, LabelNumber, ModelKey, ModelRef, shell_metacharacters};
use serde_json::value::RawValue;
use warp::reply::Response;

use super::edit::to_editor;
use super::markdown::markdown;
use super::package;
use super::renames;
use super::visit::{Failure, Visit};
use crate::views::components::Tone;
use crate::views::components::field::Field;
use crate::views::components::labels::Label;
use crate::views::model::{self, Arguments, ModelNotice, ModelView};
use crate::views::package::panel::PackagePanel;

/// The page.
pub(super) async fn show(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let model = match visit.dashboard().model(&visit.caller, &key).await {
        Err(Error::Broken { .. }) => return Ok(to_editor(&visit, &key)),
        found => found?,
    };
    show_with(&visit, &model, StatusCode::OK, Field::default(), None).await
}

/// The page with the reason that was typed, and why enabling or disabling was refused.
pub(super) async fn show_with(
    visit: &Visit,
    model: &Model,
    status: StatusCode,
    reason: Field,
    refused: Option<String>,
) -> Result<Response, Failure> {
    let mut view = view(model);
    (view.package, view.drafts) = futures::join!(
        package::show::panel(visit, model),
        package::draft::waiting(visit, &model.key),
    );
    view.reason = reason;
    if view.enabled && matches!(view.package, PackagePanel::Purged(_)) {
        let text = "It is enabled, and its package was purged: jobs find none. Disable it, or give it \
                    another package.";
        let (tone, text) = (Tone::Danger, text.to_owned());
        view.notices.insert(0, ModelNotice { tone, text });
    }
    if let Some(text) = refused {
        let tone = Tone::Danger;
        view.notices.insert(0, ModelNotice { tone, text });
    }
    if view.enabled {
        view.enabled_since = enabled_since(visit, &model.key).await;
    }
    let frame = visit.frame().await;
    let markup = model::page(&frame, &view);
    visit.page_with(status, &frame, markup).await
}

/// When the model was enabled last, as far as the events know.
async fn enabled_since(visit: &Visit, key: &ModelKey) -> Option<SystemTime> {
    let filter = EventFilter {
        actions: [Action::ModelEnable, Action::ModelCreate]
            .map(|action| action.as_str().to_owned())
            .into(),
        ..EventFilter::default()
    };
    // The page is worth showing without it.
    let events = renames::events(visit, key, &filter, None, 1).await.ok()?;
    let event = &events.first()?.event;
    // A model that comes from elsewhere may be enabled from the beginning.
    let enabled = event.action == Action::ModelEnable || event.detail == "enabled";
    enabled.then(|| event.at.into())
}

fn view(model: &Model) -> ModelView {
    let definition = &model.definition;
    let registry = definition.registry();
    let registry = registry.as_ref();
    let (network, facts) = facts(definition.inference_information().unwrap_or_default())
        .into_iter()
        .partition(|(name, _)| is_of_network(name));
    ModelView {
        network_type: model.key.network_type.to_string(),
        name: model.key.name.to_string(),
        alias: definition.alias(),
        enabled: definition.enabled(),
        if_match: model.version.to_string(),
        version: definition.version(),
        revision: registry.map(|noted| noted.revision),
        modified_by: registry
            .and_then(|noted| noted.modified_by.clone())
            .unwrap_or_default(),
        modified_at: registry.and_then(|noted| noted.modified_at).map(Into::into),
        message: registry
            .and_then(|noted| noted.message.clone())
            .unwrap_or_default(),
        created: definition.create_date().as_str().to_owned(),
        notices: notices(model),
        description: markdown(&definition.description()),
        labels: labels(model),
        arguments: arguments(model),
        shell_characters: shell_metacharacters(&definition.effective_inference_args().text),
        network,
        facts,
        enabled_since: None,
        json: definition.as_object().to_pretty(),
        owner: registry
            .and_then(|noted| noted.owner.clone())
            .unwrap_or_default(),
        tags: registry.map(|noted| noted.tags.clone()).unwrap_or_default(),
        derived_from: registry
            .and_then(|noted| noted.derived_from.as_deref()?.parse::<ModelRef>().ok())
            .map(|from| (from.key.network_type.to_string(), from.key.name.to_string())),
        id: registry
            .map(|noted| noted.id.to_string())
            .unwrap_or_default(),
        reason: Field::default(),
        package: PackagePanel::None,
        drafts: Vec::new(),
    }
}

fn labels(model: &Model) -> Vec<Label> {
    let names = model.definition.contour_names();
    let label = |(number, names): (LabelNumber, &LabelNames)| Label {
        number: number.to_string(),
        names: names.as_slice().to_vec(),
    };
    names.iter().map(label).collect()
}

fn arguments(model: &Model) -> Arguments {
    let args = model.definition.effective_inference_args();
    match (args.text.trim().is_empty(), args.derived) {
        (true, _) => Arguments::None,
        (false, true) => Arguments::Derived(args.text),
        (false, false) => Arguments::Given(args.text),
    }
}

fn notices(model: &Model) -> Vec<ModelNotice> {
    let definition = &model.definition;
    let mut notices = Vec::new();
    let mut say = |text: String| {
        notices.push(ModelNotice {
            tone: Tone::Warning,
            text,
        })
    };
    if let Some(contradiction) = definition.contradicts(&model.key) {
        say(format!(
            "{contradiction}. Where it lies counts: {}. Its Edit page offers to write that into the \
             definition; if the definition is right, rename or move the model.",
            model.key
        ));
    }
    if definition.is_incomplete() {
        say(
            "This definition is incomplete: without labels, inference information and arguments, \
             it holds nothing that an inference can use. Add them on its Edit page, or delete it \
             if it is no model."
                .to_owned(),
        );
    }
    // A definition that never went through this registry was made elsewhere, which is no surprise.
    if definition.registry().is_some() && definition.is_changed_outside() {
        say(
            "This definition was changed outside of this dashboard, by another program or by hand."
                .to_owned(),
        );
    }
    for wrong in definition.check() {
        say(format!(
            "The field {} has an unexpected value: {}",
            wrong.field, wrong.message
        ));
    }
    notices
}

/// Whether a fact is about what goes into the network: channels, patch, spacing, folds.
fn is_of_network(name: &str) -> bool {
    let name = name.to_lowercase();
    ["channel", "modalit", "patch", "spacing", "fold"]
        .iter()
        .any(|word| name.contains(word))
}

/// A string without its quotes, anything else as it is written.
fn plain(value: &RawValue) -> String {
    let raw = value.get();
    serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned())
}

/// The single values of `inference_information`, and names of channels, for the list of facts.
fn facts(information: &str) -> Vec<(String, String)> {
    const MOST: usize = 24;
    const LONGEST: usize = 80;
    let Ok(members) = serde_json::from_str::<Members>(information) else {
        return Vec::new();
    };
    let text = |value: &RawValue| {
        let raw = value.get();
        if let Ok(named) = serde_json::from_str::<Members>(raw) {
            // `{"0": "CT"}`
            let names = named
                .0
                .into_iter()
                .map(|(_, name)| serde_json::from_str(name.get()).ok());
            let names: Vec<String> = names.collect::<Option<_>>()?;
            let text = names.join(", ");
            return (!text.is_empty() && text.chars().count() <= LONGEST).then_some(text);
        }
        let text = match serde_json::from_str::<Vec<&RawValue>>(raw) {
            // `[0, 1]` is read as `0, 1`; lists of lists stay as they are.
            Ok(all) if all.iter().all(|one| !one.get().starts_with(['[', '{'])) => all
                .iter()
                .map(|one| plain(one))
                .collect::<Vec<_>>()
                .join(", "),
            _ => plain(value),
        };
        let single = text.chars().count() <= LONGEST && text != "null";
        single.then_some(text).filter(|text| !text.is_empty())
    };
    let facts = members
        .0
        .into_iter()
        .filter_map(|(key, value)| Some((key, text(&value)?)));
    facts.take(MOST).collect()
}

/// The members of an object, in their order and with their text.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A>(self, mut map: A) -> Result<Members, A::Error>
            where
                A: serde::de::MapAccess<'de>,
            {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_the_single_values_in_their_order() {
        let facts = facts(
            r#"{"version":"2.5","nested":{"a":1},"channel_names":{"0":"CT","1":"PET"},"folds":[0, 1],"spacing":[[1],[2]],"empty":[],"seed":12345678901234567890}"#,
        );
        let expected = [
            ("version", "2.5"),
            ("channel_names", "CT, PET"),
            ("folds", "0, 1"),
            ("spacing", "[[1],[2]]"),
            ("seed", "12345678901234567890"),
        ];
        let expected: Vec<_> = expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(facts, expected);
    }
}

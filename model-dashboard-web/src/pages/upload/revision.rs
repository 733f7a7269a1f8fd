//! The next revision of a model, with the package of an upload.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::catalog::Picture;
use model_dashboard::dashboard::{Confirmed, Error, Giving, MayBreak, Model, PackageRecord};
use model_dashboard::model::{Comparison, FieldChange, ModelDefinition, ModelKey, Version};
use model_dashboard::package::inspect::{
    Description, Drift, MismatchPart, Report, ReportComparison, TakenPart,
};
use model_dashboard::repository::Precondition;
use model_dashboard::repository::packages::PackageId;
use warp::reply::Response;

use super::looked_at;
use crate::kind::Kind;
use crate::pages::actions::{confirmed, page_of};
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::package::{show as packages, told};
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::components::plural;
use crate::views::upload::revision::{self, ChosenView, RevisionView, Take};

/// How many models the field suggests.
const MOST_SUGGESTED: usize = 500;

/// What is shown beside the model.
#[derive(Default)]
struct Typed {
    reason: Field,
    as_typed: bool,
    confirmed: Confirmed,
    /// What is to be taken over; `None` before anybody chose.
    takes: Option<Vec<TakenPart>>,
    error: Option<String>,
}

/// Asks for the model, and shows what changes for it.
pub(in crate::pages) async fn revision_form(
    visit: Visit,
    id: PackageId,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let (record, report) = looked_at(&visit, id).await?;
    let asked = Form::parse(visit.request.query.as_bytes());
    let typed = asked.text("model").trim();
    if typed.is_empty() {
        let model = Field::new(same_name(
            &report,
            &*visit.dashboard().picture(&visit.caller).await?,
        ));
        return show(&visit, id, StatusCode::OK, &record, &report, model, None).await;
    }
    let (status, model, chosen) = match found(&visit, typed).await {
        Ok(model) => {
            let chosen = chosen(&visit, &report, &model, Typed::default()).await?;
            (StatusCode::OK, Field::new(typed), Some(chosen))
        }
        Err(Failure::Error(
            error @ (Error::NotFound { .. } | Error::Broken { .. } | Error::Invalid(_)),
        )) => {
            let status = Kind::of(&error).status;
            (status, Field::new(typed).wrong(error.to_string()), None)
        }
        Err(failure) => return Err(failure),
    };
    show(
        &visit,
        id,
        status,
        &record,
        &report,
        model,
        chosen.map(|it| (it, None)),
    )
    .await
}

/// Publishes it, or keeps it as a draft.
pub(in crate::pages) async fn publish(
    visit: Visit,
    id: PackageId,
    form: Form,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let (record, report) = looked_at(&visit, id).await?;
    let model = found(&visit, form.text("model").trim()).await?;
    let seen = Version::parse(form.text("if_match")).map_err(|_| Failure::Form)?;
    let reason = form.text("reason");
    let takes = form.all("take").filter_map(TakenPart::parse);
    let takes: Vec<TakenPart> = takes.collect();
    let mut typed = Typed {
        reason: Field::new(reason),
        as_typed: form.text("as_typed") == "yes",
        confirmed: confirmed(&form),
        takes: Some(takes.clone()),
        error: None,
    };
    let giving = Giving {
        takes: Some(takes),
        as_typed: typed.as_typed,
        confirmed: typed.confirmed,
    };
    let done = match form.text("then") {
        "draft" => keep(&visit, id, &model, giving, reason).await,
        _ => publish_now(&visit, id, &model, giving, seen, reason).await,
    };
    let (status, now, error) = match done {
        Ok((page, text)) => return visit.done(&page, text),
        Err(Error::Invalid(wrong)) => {
            let message = wrong.first().map(|w| w.message.clone()).unwrap_or_default();
            typed.reason = typed.reason.wrong(message);
            (StatusCode::UNPROCESSABLE_ENTITY, model, None)
        }
        Err(Error::Mismatched { .. }) => {
            let why = "The package is for another model. Nothing has been given to this one.";
            typed.error = Some(why.to_owned());
            (StatusCode::UNPROCESSABLE_ENTITY, model, None)
        }
        Err(Error::Breaking { .. }) => {
            let why = "Labels or images stand for something else with the package. Nothing has been \
                       given to the model: confirm it below, or keep the package as a draft.";
            typed.error = Some(why.to_owned());
            (StatusCode::UNPROCESSABLE_ENTITY, model, None)
        }
        Err(Error::Incomplete { .. }) => {
            let why = "Jobs may not run the model correctly with the package. Nothing has been given to \
                       it: confirm it below, or keep the package as a draft.";
            typed.error = Some(why.to_owned());
            (StatusCode::UNPROCESSABLE_ENTITY, model, None)
        }
        Err(Error::Exists { .. }) if form.text("then") == "draft" => {
            // Somebody was quicker, or the same was sent twice.
            let page = waiting(&visit, &model, &record).await?;
            return visit.done(&page, "The same draft waits already.");
        }
        Err(error) if errors::may_try_again(&error) => {
            let status = Kind::of(&error).status;
            typed.error = Some(errors::sentence(&error.to_string()));
            let now = match &error {
                Error::Conflict {
                    current: Some(now), ..
                } => {
                    // What was confirmed was another difference.
                    typed.as_typed = false;
                    Model::clone(now)
                }
                _ => model,
            };
            (status, now, Some(error))
        }
        Err(error) => return Err(error.into()),
    };
    if now.version != seen {
        // What was confirmed was another difference.
        typed.confirmed = Confirmed::default();
    }
    let text = typed.error.take();
    let chosen = chosen(&visit, &report, &now, typed).await?;
    let field = Field::new(now.key.to_string());
    let mut response = show(
        &visit,
        id,
        status,
        &record,
        &report,
        field,
        Some((chosen, text)),
    )
    .await?;
    if let Some(error) = error {
        errors::say_when(response.headers_mut(), &error);
    }
    Ok(response)
}

/// The page to go on at, and what it says.
async fn publish_now(
    visit: &Visit,
    id: PackageId,
    model: &Model,
    giving: Giving,
    seen: Version,
    reason: &str,
) -> Result<(String, String), Error> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let state = Precondition::Version(seen);
    let published = dashboard.publish_upload(caller, id, &model.key, giving, state, reason);
    let model = published.await?;
    if model.version == seen {
        let text = "The model has these bytes already. Nothing has changed.";
        return Ok((page_of(visit, &model.key), text.to_owned()));
    }
    let revision = model.revision().map(|n| format!(" It is revision {n}."));
    let text = format!(
        "{} has the package.{}",
        model.definition.alias(),
        revision.unwrap_or_default()
    );
    Ok((page_of(visit, &model.key), text))
}

/// The same of a draft.
async fn keep(
    visit: &Visit,
    id: PackageId,
    model: &Model,
    giving: Giving,
    reason: &str,
) -> Result<(String, String), Error> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let key = &model.key;
    let draft = dashboard.draft_upload(caller, id, key, giving, reason);
    let package = draft.await?.package.to_string();
    let links = visit.links();
    let page = links.draft(key.network_type.as_str(), key.name.as_str(), &package);
    let text = format!(
        "Kept as a draft. {} stays as it is until somebody publishes it.",
        model.definition.alias()
    );
    Ok((page, text))
}

/// The draft with these bytes; the model where there is none any more.
async fn waiting(visit: &Visit, model: &Model, record: &PackageRecord) -> Result<String, Error> {
    let key = &model.key;
    let drafts = visit.dashboard().drafts(&visit.caller, key).await?;
    let same = drafts.iter().find(|it| it.digest == Some(record.digest));
    let (network_type, name) = (key.network_type.as_str(), key.name.as_str());
    Ok(match same {
        Some(draft) => visit
            .links()
            .draft(network_type, name, &draft.package.to_string()),
        None => page_of(visit, key),
    })
}

async fn found(visit: &Visit, typed: &str) -> Result<Model, Failure> {
    let key: Result<ModelKey, _> = typed.parse();
    let key = key.map_err(|_| Error::NotFound {
        what: format!("model {typed}"),
        near: Vec::new(),
    })?;
    Ok(visit.dashboard().model(&visit.caller, &key).await?)
}

async fn show(
    visit: &Visit,
    id: PackageId,
    status: StatusCode,
    record: &PackageRecord,
    report: &Report,
    model: Field,
    chosen: Option<(ChosenView, Option<String>)>,
) -> Result<Response, Failure> {
    let (chosen, error) = match chosen {
        Some((chosen, error)) => (Some(chosen), error),
        None => (None, None),
    };
    let picture = visit.dashboard().picture(&visit.caller).await?;
    let view = RevisionView {
        id: id.to_string(),
        file_name: record.file_name.clone(),
        trust: told::trust(report),
        model,
        known_models: suggested(report, &picture),
        chosen,
        error,
    };
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, revision::page(&frame, &view))
        .await
}

async fn chosen(
    visit: &Visit,
    report: &Report,
    model: &Model,
    typed: Typed,
) -> Result<ChosenView, Failure> {
    let before = packages::report_now(visit, &model.key).await;
    let enabled = model.definition.enabled();
    let own = report.description.name.as_ref().map(ToString::to_string);
    let takes = takes(report, before.as_ref(), model, typed.takes.as_deref());
    let taken = takes.iter().filter(|take| take.checked);
    let taken: Vec<TakenPart> = taken.filter_map(|it| TakenPart::parse(it.part)).collect();
    let mut after = model.definition.clone();
    let had = before.as_ref().map(|it| &it.description);
    report.description.give(&taken, had, &mut after);
    let may_break = MayBreak::of_package(model, before.as_ref(), &after, report);
    Ok(ChosenView {
        network_type: model.key.network_type.to_string(),
        name: model.key.name.to_string(),
        alias: model.definition.alias(),
        enabled,
        revision: model.revision(),
        if_match: model.version.to_string(),
        other_type: report
            .other_type(model.key.network_type.as_str())
            .map(ToString::to_string),
        as_typed: typed.as_typed,
        other_name: own.filter(|own| own != model.key.name.as_str()),
        other_number: report
            .mismatches(&model.key)
            .iter()
            .any(|mismatch| mismatch.part == MismatchPart::Name),
        drift: told::drift(&Drift::between(&model.definition, report)),
        takes,
        may_break: told::may_break(may_break, typed.confirmed),
        may_publish: !enabled || visit.caller.has(Permission::ModelsEnable),
        since_last: before.map(|before| told::since(&ReportComparison::between(&before, report))),
        reason: typed.reason,
    })
}

/// What the package tells otherwise than the definition. What nobody chose is as everywhere.
fn takes(
    report: &Report,
    before: Option<&Report>,
    model: &Model,
    chosen: Option<&[TakenPart]>,
) -> Vec<Take> {
    let (description, definition) = (&report.description, &model.definition);
    let had = before.map(|it| &it.description);
    let followed = description.followed(had, definition);
    let chosen = chosen.unwrap_or(&followed);
    let parts = TakenPart::ALL.into_iter();
    let take = |part: TakenPart| Take {
        part: part.as_str(),
        what: match part {
            TakenPart::Alias => "the name that people read",
            TakenPart::Description => "the description",
            TakenPart::Labels => "the labels",
            TakenPart::Version => "the version",
            _ => "channels, configuration and folds",
        },
        change: change(description, had, definition, part),
        checked: chosen.contains(&part),
    };
    parts
        .filter(|part| description.changes(*part, had, definition))
        .map(take)
        .collect()
}

/// What taking over a part changes, in short.
fn change(
    description: &Description,
    had: Option<&Description>,
    definition: &ModelDefinition,
    part: TakenPart,
) -> String {
    let or_none = |text: &str| match text {
        "" => "none".to_owned(),
        text => text.to_owned(),
    };
    let now_then = |now: &str, then: &str| format!("{} now, {} then", or_none(now), or_none(then));
    let mut after = definition.clone();
    description.give(&[part], had, &mut after);
    match part {
        TakenPart::Alias => now_then(&definition.given_alias(), &after.given_alias()),
        TakenPart::Description => {
            let words = |of: &ModelDefinition| first_words(&of.description());
            now_then(&words(definition), &words(&after))
        }
        TakenPart::Labels => {
            let (now, then) = (definition.contour_names(), description.contour_names());
            let now = plural(now.len(), "label", "labels");
            format!("{now} now, {} then", then.len())
        }
        TakenPart::Version => {
            let then = description.version.as_deref().unwrap_or_default();
            now_then(&definition.version(), then)
        }
        _ => {
            let changes = Comparison::between(definition, &after).fields;
            let member = |change: &FieldChange| {
                let (_, member) = change.field.split_once('.').unwrap_or(("", &change.field));
                member.replace('_', " ")
            };
            let (changed, new): (Vec<_>, Vec<_>) =
                changes.iter().partition(|change| change.before.is_some());
            let mut told: Vec<String> = Vec::new();
            told.extend(changed.into_iter().map(|change| {
                let now = change.before.as_deref().unwrap_or_default();
                let then = change.after.as_deref().unwrap_or_default();
                format!("{}: {}", member(change), now_then(now, then))
            }));
            if !new.is_empty() {
                let new: Vec<String> = new.into_iter().map(member).collect();
                told.push(format!("none now: {}", new.join(", ")));
            }
            told.join("; ")
        }
    }
}

/// How much of a description stands in a line.
const FIRST_WORDS: usize = 60;

/// As much of a text as stands in a line.
fn first_words(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(FIRST_WORDS) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    }
}

/// The model that is called as the package calls itself, if there is one.
fn same_name(report: &Report, picture: &Picture) -> String {
    let description = &report.description;
    let (Some(network_type), Some(name)) = (&description.network_type, &description.name) else {
        return String::new();
    };
    let key = ModelKey::new(network_type.clone(), name.clone());
    picture
        .get(&key)
        .map(|entry| entry.key().to_string())
        .unwrap_or_default()
}

/// Models of the package's type, then others.
fn suggested(report: &Report, picture: &Picture) -> Vec<String> {
    let own = report.description.network_type.as_ref();
    let is_own = |key: &ModelKey| Some(&key.network_type) == own;
    let keys = || picture.entries().map(|entry| entry.key());
    let first = keys().filter(|key| is_own(key));
    let others = keys().filter(|key| !is_own(key));
    let all = first.chain(others).take(MOST_SUGGESTED);
    all.map(ToString::to_string).collect()
}

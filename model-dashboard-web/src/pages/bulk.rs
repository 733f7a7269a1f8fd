//! Several models at once: the bar below the list.

use bytes::Bytes;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{BulkAction, Error};
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::actions::download;
use super::form::{Form, local_path};
use super::visit::{Failure, Visit};
use crate::views::components::Tone;
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::{Section, Status};

/// How many models a question names one by one.
const MOST_NAMED: usize = 20;

/// Asks, or, once confirmed, does it. Export is done at once.
pub(super) async fn bulk(visit: Visit, form: Form) -> Result<Response, Failure> {
    let keys: Vec<ModelKey> = form
        .all("model")
        .filter_map(|text| text.parse::<ModelKey>().ok())
        .collect();
    if keys.is_empty() {
        let status = Status {
            tone: Tone::Warning,
            text: "Nothing was selected.".to_owned(),
            action: None,
        };
        return visit.leave(&back(&visit, &form), &status);
    }
    let action = match form.text("action") {
        "export" => return export(&visit, keys).await,
        "enable" => BulkAction::Enable,
        "disable" => BulkAction::Disable,
        "delete" => BulkAction::Delete,
        _ => return Err(Failure::Form),
    };
    let needed = match action {
        BulkAction::Enable | BulkAction::Disable => Permission::ModelsEnable,
        _ => Permission::ModelsWrite,
    };
    visit.require(needed).await?;
    if form.text("confirmed") != "yes" {
        return ask(&visit, action, &form, &keys, Field::default()).await;
    }
    let reason = form.text("reason");
    let outcome = visit
        .dashboard()
        .bulk(&visit.caller, action, keys.clone(), reason)
        .await;
    let outcome = match outcome {
        Err(Error::Invalid(wrong)) => {
            let message = wrong.first().map(|w| w.message.clone()).unwrap_or_default();
            return ask(
                &visit,
                action,
                &form,
                &keys,
                Field::new(reason).wrong(message),
            )
            .await;
        }
        other => other?,
    };
    let mut status = told(action, &outcome);
    status.action = Some(("What was changed".to_owned(), visit.links().to("/activity")));
    visit.leave(&back(&visit, &form), &status)
}

/// The list as it was seen when the models were selected.
fn back(visit: &Visit, form: &Form) -> String {
    local_path(visit.links().base(), form.text("back"))
        .map_or_else(|| visit.links().models(), str::to_owned)
}

fn told(action: BulkAction, outcome: &[(ModelKey, Result<(), Error>)]) -> Status {
    let done = match action {
        BulkAction::Enable => "enabled",
        BulkAction::Disable => "disabled",
        _ => "deleted",
    };
    let failed: Vec<_> = outcome
        .iter()
        .filter_map(|(key, result)| Some((key, result.as_ref().err()?)))
        .collect();
    let count = outcome.len() - failed.len();
    let models = if count == 1 { "model" } else { "models" };
    match failed.first() {
        None => Status {
            tone: Tone::Ok,
            text: format!("{count} {models} {done}."),
            action: None,
        },
        Some((key, error)) => Status {
            tone: Tone::Warning,
            text: format!(
                "{count} {models} {done}, {} not. {key}: {}",
                failed.len(),
                super::errors::sentence(&error.to_string())
            ),
            action: None,
        },
    }
}

async fn ask(
    visit: &Visit,
    action: BulkAction,
    form: &Form,
    keys: &[ModelKey],
    reason: Field,
) -> Result<Response, Failure> {
    let picture = visit.dashboard().picture(&visit.caller).await?;
    let entries: Vec<_> = keys.iter().filter_map(|key| picture.get(key)).collect();
    let any_enabled = entries.iter().any(|entry| entry.enabled());
    let (verb, consequence) = match action {
        BulkAction::Enable => ("Enable", "Inference jobs may use them from then on."),
        BulkAction::Disable => (
            "Disable",
            "Inference jobs may no longer use them. Jobs that run already go on.",
        ),
        _ => (
            "Delete",
            "They disappear from lists and jobs cannot use them. Their history stays.",
        ),
    };
    let count = keys.len();
    let models = if count == 1 { "model" } else { "models" };
    let mut consequences = vec![consequence.to_owned()];
    if count > MOST_NAMED {
        consequences.push(format!("The first {MOST_NAMED} of them:"));
    }
    let mut hidden = vec![
        ("action".to_owned(), form.text("action").to_owned()),
        ("confirmed".to_owned(), "yes".to_owned()),
        ("back".to_owned(), back(visit, form)),
    ];
    hidden.extend(keys.iter().map(|key| ("model".to_owned(), key.to_string())));
    let view = ConfirmView {
        section: Section::Models,
        heading: format!("{verb} {count} {models}?"),
        consequences,
        items: entries
            .iter()
            .take(MOST_NAMED)
            .map(|entry| (entry.alias().into_owned(), entry.key().to_string()))
            .collect(),
        action: visit.links().to("/models/bulk"),
        hidden,
        button: format!("{verb} {count} {models}"),
        danger: action == BulkAction::Delete,
        back: back(visit, form),
        reason: Some(ConfirmReason {
            field: reason,
            required: any_enabled && action == BulkAction::Delete,
            example: String::new(),
        }),
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// The definitions in one file: a list that can be imported again.
async fn export(visit: &Visit, keys: Vec<ModelKey>) -> Result<Response, Failure> {
    let exported = visit.dashboard().export(&visit.caller, keys).await?;
    let mut body = b"[\n".to_vec();
    for (i, model) in exported.iter().enumerate() {
        if i > 0 {
            body.extend_from_slice(b",\n");
        }
        body.extend_from_slice(&model.bytes);
    }
    body.extend_from_slice(b"\n]\n");
    Ok(download(Bytes::from(body), "models.json"))
}

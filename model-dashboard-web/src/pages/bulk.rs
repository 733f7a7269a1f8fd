//! Several models at once: the bar below the list.

use std::collections::HashSet;
use std::sync::Arc;

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::catalog::Entry;
use model_dashboard::dashboard::{BulkAction, Error, MAX_BULK};
use model_dashboard::model::{FieldError, ModelKey};
use warp::reply::Response;

use super::form::{Form, local_path};
use super::visit::{Failure, Visit};
use super::{errors, exports};
use crate::views::components::field::Field;
use crate::views::components::{Tone, plural};
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::{Section, Status};

/// How many models a question names one by one.
const MOST_NAMED: usize = 20;

/// Asks, or, once confirmed, does it. Export is done at once if nothing has to be left out.
pub(super) async fn bulk(visit: Visit, form: Form) -> Result<Response, Failure> {
    if form.all("model").next().is_none() {
        return leave(&visit, &form, Tone::Warning, "Nothing was selected.");
    }
    let action = match form.text("action") {
        "export" => return exports::several(&visit, &form).await,
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
    let mut question = Question::new(&visit, action, &form).await?;
    if question.to_do.is_empty() {
        let text = question.nothing_to_do();
        return leave(&visit, &form, Tone::Warning, &text);
    }
    if form.text("confirmed") != "yes" {
        return question.ask(&visit, StatusCode::OK).await;
    }
    // Before it begins: a part of it must not be done without the rest.
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let reason = form.text("reason");
    question.reason = Field::new(reason);
    if question.needs_reason() && reason.trim().is_empty() {
        let enabled = question.to_do.iter().filter(|entry| entry.enabled());
        let why = match enabled.count() {
            1 if question.to_do.len() == 1 => "it is enabled, jobs may be using it".to_owned(),
            1 => "one of them is enabled, jobs may be using it".to_owned(),
            several => format!("{several} of them are enabled, jobs may be using them"),
        };
        let why = format!("say why: {why}");
        question.reason = Field::new(reason).wrong(why);
        return question.ask(&visit, unprocessable).await;
    }
    let keys: Vec<ModelKey> = question.to_do.iter().map(|e| e.key().clone()).collect();
    let dashboard = visit.dashboard();
    let outcome = match dashboard.bulk(&visit.caller, action, keys, reason).await {
        Err(Error::Invalid(wrong)) => {
            let message = wrong.first().map(|w| w.message.clone()).unwrap_or_default();
            question.reason = Field::new(reason).wrong(message);
            return question.ask(&visit, unprocessable).await;
        }
        other => other?,
    };
    let done = outcome.iter().filter(|(_, result)| result.is_ok()).count();
    let said = format!("{} {}", plural(done, "model", "models"), question.done());
    question.refused = outcome
        .into_iter()
        .filter_map(|(key, result)| Some((key, why_not(&result.err()?))))
        .collect();
    if !question.refused.is_empty() {
        let refused = &question.refused;
        question
            .to_do
            .retain(|entry| refused.iter().any(|(key, _)| key == entry.key()));
        question.said = Some(format!("{said}, {} not.", question.refused.len()));
        return question.ask(&visit, StatusCode::CONFLICT).await;
    }
    let not_there = match question.unknown.as_slice() {
        [] => String::new(),
        unknown => format!(" {}", there_is_no(unknown)),
    };
    let status = Status {
        tone: match not_there.is_empty() {
            true => Tone::Ok,
            false => Tone::Warning,
        },
        text: format!("{said}.{not_there}"),
        action: Some(("What was changed".to_owned(), visit.links().to("/activity"))),
    };
    visit.leave(&back(&visit, &form), &status)
}

/// Back to the list, with a sentence.
fn leave(visit: &Visit, form: &Form, tone: Tone, text: &str) -> Result<Response, Failure> {
    let status = Status {
        tone,
        text: text.to_owned(),
        action: None,
    };
    visit.leave(&back(visit, form), &status)
}

/// The list as it was seen when the models were selected.
pub(super) fn back(visit: &Visit, form: &Form) -> String {
    local_path(visit.links().base(), form.text("back"))
        .map_or_else(|| visit.links().models(), str::to_owned)
}

/// Why a model was left as it is, beside its name.
fn why_not(error: &Error) -> String {
    let Error::Invalid(wrong) = error else {
        return errors::sentence(&error.to_string());
    };
    let one = |wrong: &FieldError| match wrong.field.as_str() {
        "" | "message" => wrong.message.clone(),
        _ => wrong.to_string(),
    };
    errors::sentence(&wrong.iter().map(one).collect::<Vec<_>>().join("; "))
}

/// Names what was selected and is not there.
pub(super) fn there_is_no(unknown: &[String]) -> String {
    let named = unknown.iter().take(MOST_NAMED).map(String::as_str);
    let named = named.collect::<Vec<_>>().join(", ");
    match unknown.len().saturating_sub(MOST_NAMED) {
        0 => format!("There is no {named}."),
        more => format!("There is no {named}, and {more} more are not there."),
    }
}

/// The models that a form names: those that there are, each once, and the names of no model.
pub(super) async fn selected(
    visit: &Visit,
    form: &Form,
) -> Result<(Vec<Arc<Entry>>, Vec<String>), Failure> {
    let picture = visit.dashboard().picture(&visit.caller).await?;
    let (mut found, mut unknown): (Vec<Arc<Entry>>, Vec<String>) = Default::default();
    let mut seen = HashSet::new();
    for text in form
        .all("model")
        .filter(|text| seen.insert(text.to_owned()))
    {
        match text.parse().ok().and_then(|key| picture.get(&key)) {
            Some(entry) => found.push(entry),
            None => unknown.push(text.to_owned()),
        }
    }
    if found.len() > MAX_BULK {
        let what = "models for one step";
        let limit = MAX_BULK as u64;
        return Err(Error::TooMany { what, limit }.into());
    }
    Ok((found, unknown))
}

/// What is asked before something is done to several models.
struct Question {
    action: BulkAction,
    name: String,
    back: String,
    to_do: Vec<Arc<Entry>>,
    /// How many are in that state already.
    already: usize,
    /// What was selected and is not there.
    unknown: Vec<String>,
    reason: Field,
    /// What was done before, if some were refused.
    said: Option<String>,
    /// What was refused, and why.
    refused: Vec<(ModelKey, String)>,
}

impl Question {
    async fn new(visit: &Visit, action: BulkAction, form: &Form) -> Result<Question, Failure> {
        let (mut to_do, unknown) = selected(visit, form).await?;
        let count = to_do.len();
        to_do.retain(|entry| match action {
            BulkAction::Enable => !entry.enabled(),
            BulkAction::Disable => entry.enabled(),
            _ => true,
        });
        Ok(Question {
            action,
            name: form.text("action").to_owned(),
            back: back(visit, form),
            already: count - to_do.len(),
            to_do,
            unknown,
            reason: Field::default(),
            said: None,
            refused: Vec::new(),
        })
    }

    fn done(&self) -> &'static str {
        match self.action {
            BulkAction::Enable => "enabled",
            BulkAction::Disable => "disabled",
            _ => "deleted",
        }
    }

    fn needs_reason(&self) -> bool {
        self.action == BulkAction::Delete && self.to_do.iter().any(|entry| entry.enabled())
    }

    fn nothing_to_do(&self) -> String {
        let mut said = Vec::new();
        if self.already > 0 {
            said.push(self.those_already());
        }
        if !self.unknown.is_empty() {
            said.push(there_is_no(&self.unknown));
        }
        format!("Nothing was changed. {}", said.join(" "))
    }

    fn those_already(&self) -> String {
        let are = if self.already == 1 { "is" } else { "are" };
        let models = plural(self.already, "model", "models");
        format!("{models} {are} {} already.", self.done())
    }

    async fn ask(&self, visit: &Visit, status: StatusCode) -> Result<Response, Failure> {
        let one = self.to_do.len() == 1;
        let (verb, consequence) = match self.action {
            BulkAction::Enable => (
                "Enable",
                match one {
                    true => "Inference jobs may use it from then on.",
                    false => "Inference jobs may use them from then on.",
                },
            ),
            BulkAction::Disable => (
                "Disable",
                match one {
                    true => "Inference jobs may no longer use it. Jobs that run already go on.",
                    false => "Inference jobs may no longer use them. Jobs that run already go on.",
                },
            ),
            _ => (
                "Delete",
                match one {
                    true => "It disappears from lists and jobs cannot use it. Its history stays.",
                    false => {
                        "They disappear from lists and jobs cannot use them. Their history stays."
                    }
                },
            ),
        };
        let mut consequences: Vec<String> = self.said.iter().cloned().collect();
        consequences.push(consequence.to_owned());
        if self.already > 0 {
            consequences.push(self.those_already());
        }
        if !self.unknown.is_empty() {
            consequences.push(there_is_no(&self.unknown));
        }
        if self.to_do.len() > MOST_NAMED {
            consequences.push(format!("The first {MOST_NAMED} of them:"));
        }
        let mut hidden = vec![
            ("action".to_owned(), self.name.clone()),
            ("back".to_owned(), self.back.clone()),
        ];
        let names = self.to_do.iter().map(|entry| entry.key().to_string());
        hidden.extend(names.map(|name| ("model".to_owned(), name)));
        let item = |entry: &Arc<Entry>| {
            let refused = self.refused.iter().find(|(key, _)| key == entry.key());
            let text = match refused {
                Some((_, why)) => format!("{}: {why}", entry.alias()),
                None => entry.alias().into_owned(),
            };
            (text, entry.key().to_string())
        };
        let models = plural(self.to_do.len(), "model", "models");
        let view = ConfirmView {
            section: Section::Models,
            heading: format!("{verb} {models}?"),
            consequences,
            items: self.to_do.iter().take(MOST_NAMED).map(item).collect(),
            action: visit.links().to("/models/bulk"),
            hidden,
            button: format!("{verb} {models}"),
            danger: self.action == BulkAction::Delete,
            back: self.back.clone(),
            reason: Some(ConfirmReason {
                field: self.reason.clone(),
                required: self.needs_reason(),
                example: String::new(),
            }),
        };
        let frame = visit.frame().await;
        visit
            .page_with(status, &frame, confirm::page(&frame, &view))
            .await
    }
}

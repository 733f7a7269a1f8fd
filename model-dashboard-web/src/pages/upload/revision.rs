//! The next revision of a model, with the package of an upload.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::catalog::Picture;
use model_dashboard::dashboard::{Error, Model, PackageRecord};
use model_dashboard::model::{ModelKey, Version};
use model_dashboard::package::inspect::{Drift, FileChangeKind, Report, ReportComparison};
use model_dashboard::repository::Precondition;
use model_dashboard::repository::packages::PackageId;
use warp::reply::Response;

use super::looked_at;
use crate::kind::Kind;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::history::told::told_changes;
use crate::pages::package::told;
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::upload::revision::{self, ChosenView, RevisionView, Since};

/// How many models the field suggests.
const MOST_SUGGESTED: usize = 500;

/// What is shown beside the model.
#[derive(Default)]
struct Typed {
    reason: Field,
    as_typed: bool,
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

/// Publishes it.
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
    let mut typed = Typed {
        reason: Field::new(reason),
        as_typed: form.text("as_typed") == "yes",
        error: None,
    };
    let contradicts = told::other_type(&report, model.key.network_type.as_str()).is_some();
    let (status, now, error) = if contradicts && !typed.as_typed {
        let why = "The package is for another network type. Nothing has been published.";
        typed.error = Some(why.to_owned());
        (StatusCode::UNPROCESSABLE_ENTITY, model, None)
    } else {
        let dashboard = visit.dashboard();
        let state = Precondition::Version(seen);
        let published = dashboard.publish_upload(&visit.caller, id, &model.key, state, reason);
        match published.await {
            Ok(model) => {
                let (network_type, name) =
                    (model.key.network_type.as_str(), model.key.name.as_str());
                let revision = model.revision().map(|n| format!(" It is revision {n}."));
                let text = format!(
                    "{} has the package.{}",
                    model.definition.alias(),
                    revision.unwrap_or_default()
                );
                return visit.done(&visit.links().model(network_type, name), text);
            }
            Err(Error::Invalid(wrong)) => {
                let message = wrong.first().map(|w| w.message.clone()).unwrap_or_default();
                typed.reason = typed.reason.wrong(message);
                (StatusCode::UNPROCESSABLE_ENTITY, model, None)
            }
            Err(error) if errors::may_try_again(&error) => {
                let status = Kind::of(&error).status;
                typed.error = Some(errors::sentence(&error.to_string()));
                let now = match &error {
                    Error::Conflict {
                        current: Some(now), ..
                    } => Model::clone(now),
                    _ => model,
                };
                (status, now, Some(error))
            }
            Err(error) => return Err(error.into()),
        }
    };
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
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    // Who may not read packages sees no comparison; a model without one has none.
    let before = match dashboard.package(caller, &model.key).await {
        Ok(package) => dashboard.package_record(caller, &package).await.ok(),
        Err(_) => None,
    };
    let before = before.flatten().and_then(|record| record.report);
    let own = report.description.name.as_ref().map(ToString::to_string);
    Ok(ChosenView {
        network_type: model.key.network_type.to_string(),
        name: model.key.name.to_string(),
        alias: model.definition.alias(),
        enabled: model.definition.enabled(),
        revision: model.revision(),
        if_match: model.version.to_string(),
        other_type: told::other_type(report, model.key.network_type.as_str()),
        as_typed: typed.as_typed,
        other_name: own.filter(|own| own != model.key.name.as_str()),
        drift: told::drift(&Drift::between(&model.definition, report)),
        since_last: before.map(|before| since(&ReportComparison::between(&before, report))),
        reason: typed.reason,
    })
}

fn since(found: &ReportComparison) -> Since {
    let count = |kind: FileChangeKind| found.files.iter().filter(|it| it.kind == kind).count();
    let changed = count(FileChangeKind::Changed) + count(FileChangeKind::Unknown);
    Since {
        files: [
            count(FileChangeKind::Added),
            count(FileChangeKind::Removed),
            changed,
            found.same_files,
        ],
        changes: told_changes(&found.fields, &found.labels),
        breaking: found.is_breaking(),
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

//! A new model of an upload.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Error, Giving, PackageRecord};
use model_dashboard::model::ModelKey;
use model_dashboard::package::inspect::{Description, MismatchPart, PROPOSED_FIELDS, Report};
use model_dashboard::repository::packages::PackageId;
use warp::reply::Response;

use super::looked_at;
use crate::pages::definition::{show_errors, shown, suggest, typed};
use crate::pages::edit::{is_passing, read_new};
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::package::told;
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::definition_form::DefinitionForm;
use crate::views::upload::new::{self, NewView};

/// The form, filled as the package tells it.
pub(in crate::pages) async fn new_form(visit: Visit, id: PackageId) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let (record, report) = looked_at(&visit, id).await?;
    let form = proposed(&report.description);
    show(&visit, id, StatusCode::OK, &record, &report, form, false).await
}

/// Makes the model.
pub(in crate::pages) async fn make_new(
    visit: Visit,
    id: PackageId,
    form: Form,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let (record, report) = looked_at(&visit, id).await?;
    let as_typed = form.text("as_typed") == "yes";
    let mut shown = typed(&form);
    let own = proposed(&report.description);
    let again =
        async |status, shown| show(&visit, id, status, &record, &report, shown, as_typed).await;
    match form.text("action") {
        "add-rows" => return again(StatusCode::OK, shown).await,
        "use-type" => {
            shown.network_type = own.network_type;
            return again(StatusCode::OK, shown).await;
        }
        "use-name" => {
            shown.name = own.name;
            return again(StatusCode::OK, shown).await;
        }
        _ => {}
    }
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let Some((key, mut content)) = read_new(&mut shown) else {
        return again(unprocessable, shown).await;
    };
    // What was left empty is meant to be.
    for field in PROPOSED_FIELDS {
        let object = content.as_object_mut();
        if object.get(field).is_none() {
            // `null` is JSON.
            let _ = object.set_raw(field, "null");
        }
    }
    let (dashboard, reason) = (visit.dashboard(), shown.reason.value.clone());
    let giving = Giving {
        as_typed,
        ..Giving::default()
    };
    let made = dashboard.publish_new(&visit.caller, id, key, content, giving, &reason);
    match made.await {
        Ok(model) => {
            let (network_type, name) = (model.key.network_type.as_str(), model.key.name.as_str());
            let text = format!("{} was created. It is disabled.", model.definition.alias());
            visit.done(&visit.links().model(network_type, name), text)
        }
        Err(Error::Invalid(wrong)) => {
            show_errors(&mut shown, &wrong);
            again(unprocessable, shown).await
        }
        Err(Error::Mismatched { mismatches, .. }) => {
            for mismatch in mismatches {
                let field = match mismatch.part {
                    MismatchPart::NetworkType => &mut shown.network_type,
                    _ => &mut shown.name,
                };
                *field = std::mem::take(field)
                    .wrong("the package contradicts it; see above for the ways to go on");
            }
            again(unprocessable, shown).await
        }
        Err(Error::Exists { .. }) => {
            let taken = "there is a model of this type and name already; take another, or give it \
                         the package as its next revision";
            shown.name = std::mem::take(&mut shown.name).wrong(taken);
            again(StatusCode::CONFLICT, shown).await
        }
        Err(error) if is_passing(&error) => {
            shown.error = Some(errors::sentence(&error.to_string()));
            let mut response = again(StatusCode::SERVICE_UNAVAILABLE, shown).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// A form that is filled as the package tells it.
fn proposed(description: &Description) -> DefinitionForm {
    let text = |value: Option<String>| Field::new(value.unwrap_or_default());
    DefinitionForm {
        network_type: text(description.network_type.as_ref().map(ToString::to_string)),
        name: text(description.name.as_ref().map(ToString::to_string)),
        ..shown(&description.definition())
    }
}

async fn show(
    visit: &Visit,
    id: PackageId,
    status: StatusCode,
    record: &PackageRecord,
    report: &Report,
    mut form: DefinitionForm,
    as_typed: bool,
) -> Result<Response, Failure> {
    suggest(&mut form, &*visit.dashboard().picture(&visit.caller).await?);
    let own = report.description.name.as_ref().map(ToString::to_string);
    let is_other = |own: &String| !is_empty(&form.name) && form.name.value.trim() != own;
    let view = NewView {
        id: id.to_string(),
        file_name: record.file_name.clone(),
        trust: told::trust(report),
        other_type: other_type(report, form.network_type.value.trim()),
        as_typed,
        other_name: own.filter(is_other),
        other_number: other_number(report, &form),
        form,
    };
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, new::page(&frame, &view))
        .await
}

fn is_empty(field: &Field) -> bool {
    field.value.trim().is_empty()
}

/// Whether the name is that of a data set with another number.
fn other_number(report: &Report, form: &DefinitionForm) -> bool {
    let key = format!(
        "{}/{}",
        form.network_type.value.trim(),
        form.name.value.trim()
    );
    let mismatches = key.parse().map(|key: ModelKey| report.mismatches(&key));
    let mut mismatches = mismatches.unwrap_or_default().into_iter();
    mismatches.any(|mismatch| mismatch.part == MismatchPart::Name)
}

/// How a network type contradicts the package, and the one that it has.
fn other_type(report: &Report, network_type: &str) -> Option<(String, String)> {
    let own = report.other_type(network_type)?.to_string();
    let framework = &report.description.framework;
    let how = format!("it is a package of {framework}, which is {own} here, not {network_type}");
    Some((how, own))
}

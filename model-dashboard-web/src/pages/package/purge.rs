//! Removing the bytes of a model's package for good.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Error, NamedBy, PackagePurge};
use model_dashboard::model::{ContentDigest, ModelKey};
use warp::reply::Response;

use crate::pages::actions::page_of;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::components::{plural, size};
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::{ModelAction, Section};

/// Tells what it touches, and asks why.
pub(in crate::pages) async fn ask(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    visit.require(Permission::SystemAdmin).await?;
    let package = visit.dashboard().package(&visit.caller, &key).await?;
    let (digest, reason) = (package.digest(), Field::default());
    show(&visit, &key, digest, StatusCode::OK, reason).await
}

async fn show(
    visit: &Visit,
    key: &ModelKey,
    digest: ContentDigest,
    status: StatusCode,
    reason: Field,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let found = dashboard
        .package_to_purge(caller, digest, &|_, _| {})
        .await?;
    let links = visit.links();
    let (network_type, name) = (key.network_type.as_str(), key.name.as_str());
    let back = links.model_action(network_type, name, ModelAction::Package);
    let view = ConfirmView {
        section: Section::Models,
        heading: "Purge these bytes for good?".to_owned(),
        consequences: consequences(&found),
        items: found
            .packages
            .iter()
            .flat_map(|package| &package.named_by)
            .map(item)
            .collect(),
        action: format!("{back}/purge"),
        hidden: vec![("digest".to_owned(), digest.to_string())],
        button: "Purge the bytes".to_owned(),
        danger: true,
        back,
        reason: Some(ConfirmReason {
            field: reason,
            required: true,
            example: "Why must they not exist? Do not repeat what must not be known.".to_owned(),
        }),
    };
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, confirm::page(&frame, &view))
        .await
}

/// What follows from it.
fn consequences(found: &PackagePurge) -> Vec<String> {
    let bytes: u64 = found.packages.iter().map(|it| it.head.size).sum();
    let named = || found.packages.iter().flat_map(|it| &it.named_by);
    let enabled = named().filter(|by| by.is_enabled).count();
    let mut told = vec![
        format!(
            "{} with exactly these bytes ({}) and all that was found in them are removed, and cannot be \
             brought back. Digest, file name and reason stay.",
            plural(found.packages.len(), "package", "packages"),
            size(bytes)
        ),
        "Uploads of these bytes are refused from then on, and models without their package are not \
         enabled. No definition is changed."
            .to_owned(),
    ];
    if enabled > 0 {
        told.push(format!(
            "Enabled, and so perhaps in use by jobs, which find no package then: {}.",
            plural(enabled, "model", "models")
        ));
    }
    if found.is_doubtful {
        told.push("Something cannot be read that may name them, too.".to_owned());
    }
    if named().next().is_some() {
        told.push("They are named by:".to_owned());
    }
    told
}

fn item(by: &NamedBy) -> (String, String) {
    let what = match by.revision {
        Some(number) => format!("revision {number}"),
        None if by.is_draft => "a draft".to_owned(),
        None if by.is_enabled => "the model as it is, enabled".to_owned(),
        None => "the model as it is".to_owned(),
    };
    (what, by.model.clone())
}

/// Removes them.
pub(in crate::pages) async fn purge(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    visit.require(Permission::SystemAdmin).await?;
    let digest: ContentDigest = form.text("digest").parse().map_err(|_| Failure::Form)?;
    let reason = form.text("reason");
    let purged = visit
        .dashboard()
        .purge_package(&visit.caller, digest, reason, &|_, _| {});
    match purged.await {
        Ok(_) => visit.done(
            &page_of(&visit, &key),
            "The bytes of the package are removed.",
        ),
        Err(Error::Invalid(wrong)) => {
            let message = wrong.first().map(|it| it.message.clone());
            let reason = Field::new(reason).wrong(message.unwrap_or_default());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show(&visit, &key, digest, status, reason).await
        }
        Err(error) => Err(error.into()),
    }
}

//! Packages of models: what is in them, and their files.

pub(super) mod difference;
pub(super) mod draft;
mod drafts;
mod purge;
pub(super) mod show;
pub(super) mod told;

use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use model_dashboard::package::PackagePath;
use model_dashboard::repository::packages::PackageId;

use super::routes::{FromSegments, Route, form_of, page, page_of};
use super::visit::Failure;
use crate::route::Segment;

/// The pages.
pub(super) fn table() -> Vec<Route> {
    vec![
        page("/drafts", drafts::show),
        page_of("/models/{type}/{name}/package", show::show),
        page_of("/models/{type}/{name}/package/download", show::download),
        page_of(
            "/models/{type}/{name}/package/view/{*path}",
            show::view_file,
        ),
        page_of(
            "/models/{type}/{name}/package/files/{*path}",
            show::download_file,
        ),
        page_of("/models/{type}/{name}/package/purge", purge::ask),
        form_of("/models/{type}/{name}/package/purge", purge::purge),
        page_of("/models/{type}/{name}/drafts/{package}", draft::show),
        form_of("/models/{type}/{name}/drafts/{package}", draft::publish),
        page_of(
            "/models/{type}/{name}/drafts/{package}/discard",
            draft::ask_discard,
        ),
        form_of(
            "/models/{type}/{name}/drafts/{package}/discard",
            draft::discard,
        ),
    ]
}

/// A file of the package of a model, whose path has slashes.
impl FromSegments for (ModelKey, PackagePath) {
    fn from_segments(segments: &[Segment]) -> Result<Self, Failure> {
        let [network_type, name, path @ ..] = segments else {
            return Err(Failure::Nothing);
        };
        let key = ModelKey::from_segments(&[network_type.clone(), name.clone()])?;
        let path: Vec<&str> = path.iter().map(|Segment(text)| text.as_str()).collect();
        let path = PackagePath::parse(&path.join("/")).map_err(|_| Failure::Nothing)?;
        Ok((key, path))
    }
}

/// A draft of a model.
impl FromSegments for (ModelKey, PackageId) {
    fn from_segments(segments: &[Segment]) -> Result<Self, Failure> {
        let [network_type, name, Segment(package)] = segments else {
            return Err(Failure::Nothing);
        };
        let key = ModelKey::from_segments(&[network_type.clone(), name.clone()])?;
        let none = || Error::NotFound {
            what: format!("draft {package} of model {key}"),
            near: Vec::new(),
        };
        let package = PackageId::parse(package).map_err(|_| none())?;
        Ok((key, package))
    }
}

//! The package of a model, and its files.

use std::collections::HashSet;
use std::time::Duration;

use model_dashboard::dashboard::{Downloads, Error, Model, ModelPackage, PackageRecord};
use model_dashboard::model::{ModelKey, Timestamp};
use model_dashboard::package::PackagePath;
use model_dashboard::package::inspect::{Drift, FindingKind, Report};
use tokio::time::timeout;
use warp::reply::Response;

use super::told;
use crate::api;
use crate::pages::visit::{Failure, Visit};
use crate::transfer;
use crate::views::ModelAction;
use crate::views::history::changes::Changes;
use crate::views::package::downloads::DownloadsView;
use crate::views::package::file::{self, FileContent, FileView};
use crate::views::package::page::{self, PackageView};
use crate::views::package::panel::{KnownPackage, PackagePanel};

/// How much of a text is shown.
const MOST_TEXT: usize = 256 << 10;

/// How long the page of a model waits for what is known of its package.
const PATIENCE: Duration = Duration::from_secs(2);

/// The largest picture that is shown.
const MOST_PICTURE: u64 = 16 << 20;

/// The page.
pub(in crate::pages) async fn show(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let model = visit.dashboard().model(&visit.caller, &key).await?;
    let Known { record, drift } = known(&visit, &model).await?;
    let report = report_of(&record, &key)?;
    let links = visit.links();
    let (network_type, name) = (key.network_type.as_str(), key.name.as_str());
    let at = links.model_action(network_type, name, ModelAction::Package);
    let view = PackageView {
        network_type: network_type.to_owned(),
        name: name.to_owned(),
        alias: model.definition.alias(),
        file_name: record.file_name.clone(),
        size: record.size,
        digest: record.digest.to_hex(),
        uploaded_by: record.uploaded_by.clone(),
        uploaded_at: record.uploaded_at.into(),
        inspected_at: record.inspected_at.into(),
        found: told::found(report, Some(format!("{at}/view/"))),
        drift: told::drift(&drift),
    };
    let frame = visit.frame().await;
    visit.page(&frame, page::page(&frame, &view)).await
}

/// What was found in the package of a model, and where its definition says something else.
struct Known {
    record: PackageRecord,
    drift: Drift,
}

async fn known(visit: &Visit, model: &Model) -> Result<Known, Error> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let found = dashboard.package_report_of(caller, &model.key, model.definition.clone());
    let found = found.await?;
    Ok(Known {
        record: found.record.ok_or_else(|| no_report(&model.key))?,
        drift: found.drift.unwrap_or_default(),
    })
}

/// A model, its package and what was found in that.
async fn package(
    visit: &Visit,
    key: &ModelKey,
) -> Result<(Model, ModelPackage, PackageRecord), Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let package = dashboard.package(caller, key).await?;
    let model = dashboard.model(caller, key).await?;
    let record = dashboard.package_record(caller, &package).await?;
    Ok((model, package, record.ok_or_else(|| no_report(key))?))
}

/// What was found in the package that a model has. Nothing where it has none, and for those who may
/// not read packages.
pub(in crate::pages) async fn report_now(visit: &Visit, key: &ModelKey) -> Option<Report> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let package = dashboard.package(caller, key).await.ok()?;
    let record = dashboard.package_record(caller, &package).await.ok()?;
    record?.report
}

fn report_of<'a>(record: &'a PackageRecord, key: &ModelKey) -> Result<&'a Report, Error> {
    record.report.as_ref().ok_or_else(|| no_report(key))
}

fn no_report(key: &ModelKey) -> Error {
    Error::NotFound {
        what: format!("a report of the package of model {key}"),
        near: Vec::new(),
    }
}

/// The bytes of the package.
pub(in crate::pages) async fn download(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let package = dashboard.package(caller, &key).await?;
    let request = &visit.request;
    let answer = transfer::download(
        dashboard,
        caller,
        &package,
        request.method(),
        &request.headers,
    );
    // A download has no page.
    Ok(answer.await.unwrap_or_else(api::Failure::into_response))
}

/// The bytes of one file.
pub(in crate::pages) async fn download_file(
    visit: Visit,
    (key, path): (ModelKey, PackagePath),
) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let package = dashboard.package(caller, &key).await?;
    let request = &visit.request;
    let (method, headers) = (request.method(), &request.headers);
    let answer = transfer::file(dashboard, caller, &package, &path, method, headers);
    Ok(answer.await.unwrap_or_else(api::Failure::into_response))
}

/// One file in place.
pub(in crate::pages) async fn view_file(
    visit: Visit,
    (key, path): (ModelKey, PackagePath),
) -> Result<Response, Failure> {
    let (model, package, record) = package(&visit, &key).await?;
    let report = report_of(&record, &key)?;
    let none = || Error::NotFound {
        what: format!("file {path} of the package"),
        near: Vec::new(),
    };
    let known = report.files.iter().find(|file| file.path == path);
    let known = known.ok_or_else(none)?;
    let content = match transfer::picture(&path) {
        Some(_) if known.size <= MOST_PICTURE => FileContent::Picture,
        Some(_) => FileContent::Bytes,
        None => beginning(&visit, &package, &path, known.size).await?,
    };
    let view = FileView {
        network_type: key.network_type.to_string(),
        name: key.name.to_string(),
        alias: model.definition.alias(),
        path: path.to_string(),
        size: known.size,
        digest: known
            .digest
            .map(|digest| digest.to_hex())
            .unwrap_or_default(),
        crc32: known.crc32.map(|it| it.to_string()).unwrap_or_default(),
        trust: told::of_file(known),
        reasons: known.reasons.clone(),
        content,
    };
    let frame = visit.frame().await;
    visit.page(&frame, file::page(&frame, &view)).await
}

/// The beginning of a file, if it is text.
async fn beginning(
    visit: &Visit,
    package: &ModelPackage,
    path: &PackagePath,
    size: u64,
) -> Result<FileContent, Failure> {
    let opened = visit.dashboard().package_file(&visit.caller, package, path);
    let mut file = opened.await?;
    let mut bytes = Vec::new();
    while bytes.len() < MOST_TEXT {
        let next = file.bytes.next().await;
        match next.map_err(|error| Error::Internal(Box::new(error)))? {
            Some(piece) => bytes.extend_from_slice(&piece),
            None => break,
        }
        if !is_text(&bytes) {
            return Ok(FileContent::Bytes);
        }
    }
    bytes.truncate(MOST_TEXT);
    let cut = (bytes.len() as u64) < size;
    Ok(match text(bytes) {
        Some(text) => FileContent::Text(text, cut),
        None => FileContent::Bytes,
    })
}

/// Whether people may read it: no characters that control devices.
fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c);
    !bytes.iter().any(is_control)
}

/// Text in UTF-8, up to a character that was cut.
fn text(mut bytes: Vec<u8>) -> Option<String> {
    if let Err(error) = std::str::from_utf8(&bytes) {
        if error.error_len().is_some() {
            return None;
        }
        bytes.truncate(error.valid_up_to());
    }
    String::from_utf8(bytes).ok()
}

/// What the page of a model says of its package.
pub(in crate::pages) async fn panel(visit: &Visit, model: &Model) -> PackagePanel {
    let named = model.definition.registry().and_then(|it| it.package);
    if named.is_none() {
        return PackagePanel::None;
    }
    const UNKNOWN: PackagePanel =
        PackagePanel::Unknown("It has one, of which nothing can be read now.");
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let found = dashboard.package_report_of(caller, &model.key, model.definition.clone());
    // The page is there while the store is not.
    let Ok(found) = timeout(PATIENCE, found).await else {
        return UNKNOWN;
    };
    let found = match found {
        Ok(found) => found,
        Err(Error::Denied { .. }) => {
            return PackagePanel::Unknown("It has one. To see it needs packages:read.");
        }
        Err(Error::Removed { removal, .. }) => {
            return PackagePanel::Purged(removal.to_string());
        }
        Err(Error::NotFound { .. }) => {
            return PackagePanel::Unknown("It had one, whose bytes were removed.");
        }
        Err(_) => return UNKNOWN,
    };
    let (record, drift) = (found.record, found.drift.unwrap_or_default());
    let Some((record, report)) = record
        .as_ref()
        .and_then(|record| Some((record, record.report.as_ref()?)))
    else {
        return PackagePanel::Unknown("It has one, of which nothing is known.");
    };
    let downloads = timeout(PATIENCE, dashboard.downloads(caller, &model.key)).await;
    // As on the page of the package, where what is the same in several files is told once.
    let count = |kind| {
        let texts = report.findings_of(kind).map(|finding| &finding.text);
        texts.collect::<HashSet<_>>().len()
    };
    let drift: Changes = told::drift(&drift);
    PackagePanel::Known(Box::new(KnownPackage {
        file_name: record.file_name.clone(),
        size: record.size,
        digest: record.digest.to_hex(),
        files: report.files.len(),
        trust: told::trust(report),
        missing: count(FindingKind::Missing),
        wrong: count(FindingKind::Wrong),
        leaks: count(FindingKind::Leak),
        drift: (drift.fields.len() + drift.labels.len(), drift.breaking()),
        downloads: downloads.ok().and_then(Result::ok).map(shown),
    }))
}

fn shown(downloads: Downloads) -> DownloadsView {
    let date = |at: Timestamp| at.to_string().chars().take(10).collect();
    let days = downloads.days.into_iter();
    DownloadsView {
        days: days.map(|(day, count)| (date(day), count)).collect(),
        recent: downloads.recent,
        total: downloads.total,
        purposes: downloads.purposes,
        revisions: downloads.revisions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_bytes_also_where_it_is_cut() {
        assert_eq!(text("Läsion".into()), Some("Läsion".to_owned()));
        assert_eq!(text("Lä".as_bytes()[..2].into()), Some("L".to_owned()));
        assert_eq!(text(b"\xff\xfe".into()), None);
        assert!(is_text(b"a\r\n\tb") && !is_text(b"\x80\x02\0"));
    }
}

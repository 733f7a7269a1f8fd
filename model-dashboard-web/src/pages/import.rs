//! Definitions from JSON files.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Error, ImportFile, ImportMode, Imported};
use warp::reply::Response;

use super::errors::sentence;
use super::request::Request;
use super::visit::{Failure, Visit};
use crate::server::{BodyLimits, RequestBody};
use crate::views::components::field::Field;
use crate::views::import::{self, ImportOutcome, ImportResult, ImportView};

/// What is taken in one go.
const LIMITS: BodyLimits = BodyLimits::new(32 << 20);
/// How many files are taken in one go.
const MAX_FILES: usize = 1_000;

/// The form.
pub(super) async fn form(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    show(&visit, StatusCode::OK, ImportView::default()).await
}

async fn show(
    visit: &Visit,
    status: StatusCode,
    mut view: ImportView,
) -> Result<Response, Failure> {
    view.limit = "32 MB".to_owned();
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, import::page(&frame, &view))
        .await
}

/// Takes the files in, and says what became of each definition.
pub(super) async fn submit(request: Request, body: RequestBody) -> Response {
    request
        .answer(async move |visit: Visit| {
            // Before anything is read for somebody who may not.
            visit.require(Permission::ModelsWrite).await?;
            let sent = match read(&visit, body).await? {
                Ok(sent) => sent,
                Err(message) => {
                    let view = ImportView {
                        error: Some(message),
                        ..ImportView::default()
                    };
                    return show(&visit, StatusCode::BAD_REQUEST, view).await;
                }
            };
            visit.check_form(&sent.csrf)?;
            take_in(&visit, sent).await
        })
        .await
}

/// What the form sent.
#[derive(Default)]
struct Sent {
    csrf: String,
    files: Vec<ImportFile>,
    replace: bool,
    reason: String,
}

/// Reads `multipart/form-data` (RFC 7578); the inner error is for people.
async fn read(visit: &Visit, body: RequestBody) -> Result<Result<Sent, String>, Failure> {
    let kind = visit
        .request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let Ok(boundary) = multer::parse_boundary(kind.unwrap_or_default()) else {
        return Ok(Err("This form was not sent as files.".to_owned()));
    };
    // Bounded, so it may be held whole.
    let bytes = body.read(&LIMITS).await?;
    let stream = futures::stream::once(async move { Ok::<_, std::io::Error>(bytes) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut sent = Sent::default();
    loop {
        let part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => return Ok(Ok(sent)),
            Err(error) => return Ok(Err(sentence(&error.to_string()))),
        };
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let bytes = match part.bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(sentence(&error.to_string()))),
        };
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match (name.as_str(), file) {
            ("csrf", _) => sent.csrf = text(),
            ("existing", _) => sent.replace = &*bytes == b"replace",
            ("reason", _) => sent.reason = text(),
            // A field for files that was left empty comes as one without a name.
            ("files", Some(name)) if !name.is_empty() => {
                if sent.files.len() == MAX_FILES {
                    return Ok(Err(format!(
                        "At most {MAX_FILES} files are taken in one go."
                    )));
                }
                sent.files.push(ImportFile {
                    name,
                    bytes: bytes.to_vec(),
                });
            }
            _ => {}
        }
    }
}

async fn take_in(visit: &Visit, sent: Sent) -> Result<Response, Failure> {
    let mut view = ImportView {
        replace: sent.replace,
        reason: Field::new(sent.reason.clone()),
        ..ImportView::default()
    };
    if sent.files.is_empty() {
        view.error = Some("Choose at least one file.".to_owned());
        return show(visit, StatusCode::UNPROCESSABLE_ENTITY, view).await;
    }
    let mode = if sent.replace {
        ImportMode::Replace
    } else {
        ImportMode::CreateOnly
    };
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let outcomes = match dashboard
        .import(caller, sent.files, &sent.reason, mode)
        .await
    {
        Ok(outcomes) => outcomes,
        Err(Error::Invalid(wrong)) if wrong.iter().all(|w| w.field == "message") => {
            let message = wrong
                .into_iter()
                .next()
                .map(|w| w.message)
                .unwrap_or_default();
            view.reason = view.reason.wrong(message);
            return show(visit, StatusCode::UNPROCESSABLE_ENTITY, view).await;
        }
        Err(error @ Error::TooMany { .. }) => {
            view.error = Some(sentence(&error.to_string()));
            return show(visit, StatusCode::UNPROCESSABLE_ENTITY, view).await;
        }
        Err(error) => return Err(error.into()),
    };
    view.results = outcomes
        .into_iter()
        .map(|outcome| ImportResult {
            file: match outcome.number {
                Some(number) => format!("{} #{number}", outcome.file),
                None => outcome.file,
            },
            model: outcome
                .key
                .map(|key| (key.network_type.to_string(), key.name.to_string())),
            outcome: match outcome.result {
                Ok(Imported::Created) => ImportOutcome::Created,
                Ok(Imported::Unchanged) => ImportOutcome::Same,
                Ok(_) => ImportOutcome::Replaced,
                Err(Error::Exists { .. }) => ImportOutcome::Skipped,
                Err(error) => ImportOutcome::Refused(refusal(&error)),
            },
        })
        .collect();
    show(visit, StatusCode::OK, view).await
}

/// Why a definition was not taken, with line and column where there is one.
fn refusal(error: &Error) -> String {
    let Error::Invalid(wrong) = error else {
        return sentence(&error.to_string());
    };
    let one = |wrong: &model_dashboard::model::FieldError| {
        let place = wrong
            .position
            .map(|p| format!(" (line {}, column {})", p.line, p.column));
        let field = if wrong.field.is_empty() {
            String::new()
        } else {
            format!("{}: ", wrong.field)
        };
        format!("{field}{}{}", wrong.message, place.unwrap_or_default())
    };
    sentence(&wrong.iter().map(one).collect::<Vec<_>>().join("; "))
}

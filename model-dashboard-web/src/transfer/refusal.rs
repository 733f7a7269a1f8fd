//! Answers to pages that upload: what goes wrong is told in the same way as by API.

use http::StatusCode;
use model_dashboard::dashboard::Error;
use warp::reply::Response;

use super::{Transfer, answer, versioned};
use crate::api::{Failure, Problem};
use crate::server::RequestBody;

/// [`answer`], whatever it is.
pub(crate) async fn answered(
    transfer: Transfer,
    name: Option<&str>,
    body: RequestBody,
) -> Response {
    let answer = answer(transfer, name, body).await;
    versioned(answer.unwrap_or_else(Failure::into_response))
}

/// To somebody who has no session, or none any more. A page that uploads shows it; there is nothing
/// to be led to, and no token to be asked for.
pub(crate) fn not_let_in(error: Error) -> Response {
    let failure = match error {
        Error::Unauthenticated { reason } => {
            let status = StatusCode::UNAUTHORIZED;
            let text = reason.to_string();
            Problem::new(status, "unauthenticated", "Not signed in", text).into()
        }
        error => Failure::from(error),
    };
    versioned(failure.into_response())
}

/// To a request without the token of the forms.
pub(crate) fn not_from_this_page() -> Response {
    let detail = "send the token of a form of this session in the header X-CSRF-Token";
    let problem = Problem::new(StatusCode::FORBIDDEN, "csrf", "Not from this page", detail);
    versioned(Failure::from(problem).into_response())
}

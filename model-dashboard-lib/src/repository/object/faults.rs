//! What the errors of a remote store mean, and what to do about them.
//!
//! The codes are those of Amazon's S3, which the other servers use too.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::error::Error as StdError;

use object_store::Error;
#[cfg(feature = "s3")]
use object_store::client::{HttpError, HttpErrorKind};

use super::conditional::Fault;
#[cfg(feature = "s3")]
use crate::tls::{Naming, told};

const NO_BUCKET: &str = "NoSuchBucket";
const NO_LOT: &str = "NoSuchUpload";

/// What went wrong in an answer with this code, and what to do; `None` for what needs no words of
/// its own.
fn meaning(code: &str) -> Option<&'static str> {
    Some(match code {
        NO_BUCKET => {
            "it has no bucket of this name; check the name (MINIO_BUCKET or STORAGE_URL), or make \
             the bucket with `model-dashboard init`"
        }
        "InvalidAccessKeyId" | "InvalidClientTokenId" | "NotSignedUp" => {
            "it does not know the access key; check MINIO_USERNAME or AWS_ACCESS_KEY_ID"
        }
        "SignatureDoesNotMatch" => {
            "the secret key does not belong to the access key; check MINIO_PASSWORD or \
             AWS_SECRET_ACCESS_KEY"
        }
        "RequestTimeTooSkewed" | "RequestExpired" => {
            "the clocks of this machine and of the store differ by more than 15 minutes; set them \
             right"
        }
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => {
            "it does not accept the session token any more; get new credentials"
        }
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => {
            "it denies access; the key needs s3:ListBucket and s3:ListBucketMultipartUploads on the \
             bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and \
             s3:ListMultipartUploadParts on what is in it"
        }
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => {
            "the bucket is in another region; set AWS_REGION to it"
        }
        "InvalidBucketName" => {
            "it does not take the bucket's name; check MINIO_BUCKET or STORAGE_URL"
        }
        "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" => {
            "it is overloaded or starting; nothing is lost, it will be asked again"
        }
        "QuotaExceeded" | "XMinioStorageFull" | "StorageFull" => {
            "it is full or its quota is used up; make room there"
        }
        "NotImplemented" => "it cannot do what the registry needs",
        _ => return None,
    })
}

/// Whether the store has no such parts, or other ones: it purged the lot, or it was given up.
pub(super) fn is_lost(error: &Error) -> bool {
    let answer = answer_in(error);
    match answer.as_deref().and_then(code) {
        Some(code) => code == NO_LOT || code == "InvalidPart",
        None => matches!(error, Error::NotFound { .. }) && !tells_of_more(error),
    }
}

/// Whether the store has no such lot of parts.
#[cfg(feature = "s3")]
pub(super) fn is_no_lot(code: &str) -> bool {
    code == NO_LOT
}

/// Whether the store has no bucket, in which case no object was looked for.
pub(super) fn is_no_bucket(code: &str) -> bool {
    code == NO_BUCKET
}

/// The fault that an answer tells of. Of its text only what holds no secret goes on: some answers
/// quote the token or the request that they refuse.
pub(super) fn refused(answer: &str) -> Fault {
    let element = |name: &str| element(answer, name);
    let code = element("Code").filter(|code| code.chars().all(char::is_alphanumeric));
    let code = code.unwrap_or_default();
    let message = match meaning(code) {
        Some(meaning) => meaning.to_owned(),
        None => format!("it answers {code}"),
    };
    let said = ["Code", "Message", "RequestId"]
        .into_iter()
        .filter_map(element);
    let said: Vec<_> = said
        .map(|text| text.chars().take(QUOTED).collect::<String>())
        .collect();
    Fault::Unavailable {
        message,
        source: Some(said.join("; ").into()),
    }
}

/// How many characters of each part of an answer go into the log.
const QUOTED: usize = 200;

/// The text of the first element of this name.
fn element<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = answer.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text)
}

/// The fault that there are no credentials.
#[cfg(feature = "s3")]
pub(super) fn no_credentials(asked: &str, error: Error) -> Fault {
    Fault::Unavailable {
        message: format!("there are no credentials for it: {asked}"),
        source: Some(error.into()),
    }
}

/// The fault of an error of the `object_store` crate.
pub(super) fn fault(error: Error) -> Fault {
    if let Error::InvalidPath { .. } = error {
        return Fault::Unexpected(error.into());
    }
    if let Some(answer) = answer_in(&error) {
        return refused(&answer);
    }
    if let Some((status, body)) = answered(&error) {
        return no_s3(status, &body);
    }
    let message = said(&error).to_owned();
    #[cfg(feature = "s3")]
    let message = find(&error).map_or(message, |http| unanswered(http, is_plain(&error)));
    Fault::Unavailable {
        message,
        source: Some(error.into()),
    }
}

fn said(error: &Error) -> &'static str {
    match error {
        Error::PermissionDenied { .. } => "it denies access",
        Error::Unauthenticated { .. } => "it does not accept the credentials",
        Error::NotSupported { .. } | Error::NotImplemented { .. } => {
            "it cannot do what the registry needs"
        }
        _ => "it does not answer as it should",
    }
}

/// The fault of an answer without the code that S3 servers give: from a proxy in front of one, or
/// from something else. Nothing of its text goes on, which may be a page.
pub(super) fn no_s3(status: u16, body: &str) -> Fault {
    let body = body.to_lowercase();
    // As Go's servers and nginx say it.
    if body.contains("http request to an https server") || body.contains("sent to https port") {
        return Fault::Unavailable {
            message: format!("it speaks https at this port; {SET_HTTPS}"),
            source: None,
        };
    }
    let overloaded = status == 429 || (500..600).contains(&status) && status != 501;
    if overloaded {
        return refused("<Code>ServiceUnavailable</Code>");
    }
    Fault::Unavailable {
        message: format!("what answers there is no S3 server (HTTP {status}); check host and port"),
        source: None,
    }
}

const SET_HTTPS: &str = "set MINIO_SECURE=true, or write https:// in the endpoint's URL";

#[cfg(feature = "s3")]
const NAMING: Naming = Naming {
    bundle: "AWS_CA_BUNDLE",
    host: "MINIO_HOST or the endpoint's URL",
};

/// The fault that there was no answer from `url`.
#[cfg(feature = "s3")]
pub(super) fn unreachable(error: HttpError, url: &str) -> Fault {
    Fault::Unavailable {
        message: unanswered(&error, url.starts_with("http://")),
        source: Some(error.into()),
    }
}

/// Why there was no answer to a request, by http if it is `plain`. But for certificates the causes
/// are told apart by their words alone: what lies below the HTTP client shows no types.
#[cfg(feature = "s3")]
fn unanswered(error: &HttpError, plain: bool) -> String {
    if let Some(told) = told(error, NAMING) {
        return told;
    }
    let words: Vec<String> = chain(error).map(|cause| cause.to_string()).collect();
    let words = words.join("\n").to_lowercase();
    let said = match error.kind() {
        HttpErrorKind::Timeout => {
            "it did not answer in time; check host, port and network, and whether it is overloaded"
        }
        _ if words.contains("dns") || words.contains("lookup") => {
            "the name of its server is not known; check MINIO_HOST or the endpoint's URL"
        }
        _ if words.contains("refused") => {
            "nothing listens at its address; check host and port, and whether it runs"
        }
        _ if words.contains("invalidcontenttype") || words.contains("corrupt message") => {
            "it does not speak https at this port; set MINIO_SECURE=false, or write http:// in the \
             endpoint's URL"
        }
        HttpErrorKind::Connect => "it cannot be reached; check host, port and network",
        _ if plain => {
            return format!(
                "the connection to it broke off; if it speaks https there, {SET_HTTPS}"
            );
        }
        _ => "the connection to it broke off; check the server and what is between",
    };
    said.to_owned()
}

/// Whether a request went by http. The error that tells of it holds the address in its text alone.
#[cfg(feature = "s3")]
fn is_plain(error: &Error) -> bool {
    chain(error).any(|cause| cause.to_string().contains(" http://"))
}

/// The answer of an S3 server that an error quotes.
fn answer_in(error: &Error) -> Option<String> {
    let causes = chain(error).map(ToString::to_string);
    causes.into_iter().find(|cause| code(cause).is_some())
}

/// The status and the text of the answer that an error quotes, as the `object_store` crate words
/// it; its type for that is private.
fn answered(error: &Error) -> Option<(u16, String)> {
    let mut causes = chain(error).map(ToString::to_string);
    causes.find_map(|cause| {
        let told = cause.strip_prefix("Server returned non-2xx status code: ")?;
        let (status, body) = told.split_once(": ")?;
        let status = status.get(..3)?.parse().ok()?;
        Some((status, body.to_owned()))
    })
}

/// The code in the body of an answer.
pub(super) fn code(text: &str) -> Option<&str> {
    element(text, "Code").filter(|code| !code.is_empty() && code.len() <= 64)
}

/// Whether an error that says that there is no object tells of more than that: that there is no
/// bucket, or that what answers is no S3 server, whose answers to this have a code or no text.
pub(super) fn tells_of_more(error: &Error) -> bool {
    match answer_in(error) {
        Some(answer) => code(&answer).is_some_and(is_no_bucket),
        None => answered(error).is_some_and(|(_, body)| !body.trim().is_empty()),
    }
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(feature = "s3")]
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

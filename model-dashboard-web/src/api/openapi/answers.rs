//! What operations answer beside what each says itself: failures and headers that follow from what
//! an operation takes.

use serde_json::json;
use utoipa::Modify;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{
    ContentBuilder, Header, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder,
};

use super::operations_mut;

/// Of every route that takes a token.
const WITH_TOKEN: [(u16, &str); 4] = [
    (400, "The request cannot be understood"),
    (401, "No token, or one that does not count"),
    (500, "A fault of the server; its log says more"),
    (
        503,
        "A store does not answer, or too much is done at once; see Retry-After",
    ),
];

/// Of those whose token needs a permission.
const WITH_PERMISSION: [(u16, &str); 1] =
    [(403, "The token lacks the permission: `missing_permission`")];

/// Of those whose address names something.
const WITH_NAME: [(u16, &str); 1] = [(404, "There is no such thing")];

/// Of those that take a body.
const WITH_BODY: [(u16, &str); 2] = [
    (408, "The body comes too slowly"),
    (413, "The body is too large"),
];

/// Of those that read it.
const WITH_JSON: [(u16, &str); 1] = [(422, "What was sent is not valid: `errors`")];

/// Of those that change a state that must be named.
const WITH_STATE: [(u16, &str); 3] = [
    (
        412,
        "The model was changed meanwhile: `theirs` is what others changed since the state that was \
         named, `yours` what the request would, `overlap` where both meet; `current_etag` names the \
         present state",
    ),
    (
        422,
        "The reason is missing, or what was sent is not valid: `errors`",
    ),
    (428, "The header If-Match is missing"),
];

/// Completes every operation.
pub(super) struct Answers;

impl Modify for Answers {
    fn modify(&self, document: &mut Document) {
        let operations = document.paths.paths.values_mut().flat_map(operations_mut);
        for operation in operations {
            complete(operation);
        }
    }
}

fn complete(operation: &mut Operation) {
    let takes = |place: ParameterIn, name: Option<&str>| {
        let given = operation.parameters.iter().flatten();
        given
            .filter_map(item)
            .any(|given| given.parameter_in == place && name.is_none_or(|name| given.name == name))
    };
    let needs_token = operation.security.is_some();
    let rules: [(bool, &[(u16, &str)]); 6] = [
        (needs_token, &WITH_TOKEN),
        (needs_permission(operation), &WITH_PERMISSION),
        (takes(ParameterIn::Path, None), &WITH_NAME),
        (takes(ParameterIn::Header, Some("If-Match")), &WITH_STATE),
        (operation.request_body.is_some(), &WITH_BODY),
        (takes_json(operation), &WITH_JSON),
    ];
    let answers = &mut operation.responses.responses;
    for (status, text) in rules
        .iter()
        .filter(|(holds, _)| *holds)
        .flat_map(|(_, it)| *it)
    {
        let answer = || ResponseBuilder::new().description(*text).build();
        answers
            .entry(status.to_string())
            .or_insert_with(|| answer().into());
    }
    for (status, answer) in answers {
        let RefOr::T(answer) = answer else { continue };
        let is_failure = status.starts_with(['4', '5']);
        if is_failure && answer.content.is_empty() {
            let mut problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
            if status == "412" {
                problem = problem.example(Some(lost_race()));
            }
            let kind = "application/problem+json".to_owned();
            answer.content.insert(kind, problem.build().into());
        }
        match status.as_str() {
            "304" => say(answer, "ETag", "The version"),
            "401" => say(answer, "WWW-Authenticate", "How to sign in (RFC 6750)"),
            "403" if needs_token => say(answer, "WWW-Authenticate", "The scope that is missing"),
            "503" if needs_token => say(answer, "Retry-After", "Seconds to wait"),
            _ => {}
        }
        if needs_token && status != "401" {
            let text = "When the token ends, if that is soon";
            say(answer, "Model-Dashboard-Token-Expires", text);
            let text = "Since when the model store has not answered, if it does not: models are as \
                        they were known then";
            say(answer, "Model-Dashboard-Stale-Since", text);
        }
    }
}

/// The answer to a patch that names an older state.
fn lost_race() -> serde_json::Value {
    json!({
        "type": "urn:model-dashboard:problem:conflict",
        "title": "Changed meanwhile",
        "status": 412,
        "detail": "nnUNet/Task003_Liver was changed by someone else meanwhile; look at the present \
                   state and try again",
        "current_etag": "\"5f2b8c0a9d3e4f6171829304a5b6c7d8\"",
        "revision": 8,
        "modified_by": "anna",
        "modified_at": "2026-02-03T09:30:00Z",
        "message": "names as in the atlas",
        "theirs": {
            "fields": [{"field": "alias", "before": "Liver", "after": "Liver (CT)", "cut": false}],
            "labels": [{
                "number": 2, "before": ["tumor"], "after": ["tumour"], "kind": "redefined",
                "breaking": true, "cut": false
            }],
            "breaking": true,
            "more": 0
        },
        "yours": {
            "fields": [
                {"field": "alias", "before": "Liver", "after": "Liver and tumours", "cut": false}
            ],
            "labels": [],
            "breaking": false,
            "more": 0
        },
        "overlap": {"fields": ["alias"], "labels": [], "more": 0}
    })
}

fn takes_json(operation: &Operation) -> bool {
    let body = operation.request_body.as_ref().and_then(item);
    body.is_some_and(|body| body.content.keys().any(|kind| kind.ends_with("json")))
}

fn needs_permission(operation: &Operation) -> bool {
    // A requirement does not show what it holds but as JSON.
    let needs = serde_json::to_value(&operation.security).unwrap_or_default();
    needs[0]["token"]
        .as_array()
        .is_some_and(|scopes| !scopes.is_empty())
}

fn item<T>(given: &RefOr<T>) -> Option<&T> {
    match given {
        RefOr::T(item) => Some(item),
        RefOr::Ref(_) => None,
    }
}

fn say(answer: &mut Response, name: &str, description: &str) {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
    header.description = Some(description.to_owned());
    answer.headers.insert(name.to_owned(), header.into());
}

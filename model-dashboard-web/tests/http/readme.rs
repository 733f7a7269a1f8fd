//! The examples of the README, sent to a server.

use http::Method;
use http::header::CONTENT_TYPE;
use model_dashboard::auth::{Permission, Permissions};
use serde_json::Value;

use crate::app::{Answer, App, Client};

const README: &str = include_str!("../../../README.md");

/// A call of curl.
#[derive(Debug, Default)]
struct Call {
    method: Option<Method>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    url: String,
}

/// All calls of curl in the README's blocks of code.
fn calls() -> Vec<Call> {
    let text = README.replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    let calls: Vec<_> = lines
        .filter(|line| line.starts_with("curl "))
        .map(|line| call(&words(line)))
        .collect();
    assert!(calls.len() >= 3, "{calls:?}");
    calls
}

/// The words of a line as a shell reads them; what it would expand must be quoted.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (None, '?' | '*' | '&' | ';' | '[' | '{' | '<' | '>' | '$') => {
                panic!("{c} is not quoted: {line}")
            }
            _ => words.last_mut().unwrap().push(c),
        }
    }
    assert_eq!(quote, None, "{line}");
    words.retain(|word| !word.is_empty());
    words
}

fn call(words: &[String]) -> Call {
    let mut call = Call::default();
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap().clone();
        match word.as_str() {
            "-i" => {}
            "-X" => call.method = Some(value().parse().unwrap()),
            "-H" => {
                let header = value();
                let (name, value) = header.split_once(": ").unwrap();
                call.headers.push((name.to_owned(), value.to_owned()));
            }
            "-d" => call.body = Some(value()),
            "-o" => drop(value()),
            "-T" => {
                call.method = Some(Method::PUT);
                call.body = Some(format!("what is in {}", value()));
            }
            url => url.clone_into(&mut call.url),
        }
    }
    call
}

/// Sends it as it stands, with a token and the present ETag where the README leaves them out.
async fn send(app: &App, token: &str, etag: &str, call: &Call) -> Answer {
    let rest = call.url.strip_prefix("http://127.0.0.1:").unwrap();
    let (port, path) = rest.split_at(4);
    let mut client = match port {
        "8000" => app.anonymous(),
        "8501" => Client::new(app.pages),
        other => panic!("nothing listens on {other}"),
    };
    if call.body.is_some() {
        // As curl says of every body that it is not told about.
        client = client.with(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded");
    }
    for (name, value) in &call.headers {
        let value = value.replace("mdb_…", token).replace("\"…\"", etag);
        assert!(!value.contains('…'), "{name}: {value}");
        client = client.with(&name.to_lowercase(), &value);
    }
    let method = call.method.clone().unwrap_or(Method::GET);
    client
        .send(method, path, call.body.clone().unwrap_or_default())
        .await
}

async fn list(app: &App, token: &str) -> Value {
    let client = app.anonymous();
    let client = client.with("authorization", &format!("Bearer {token}"));
    client.get("/api/v1/models").await.json()
}

#[tokio::test]
async fn every_call_does_what_the_readme_says() {
    let app = App::start().await;
    let token = app.secret("admin", Permissions::all()).await;
    let mut etag = String::new();
    for call in calls() {
        let before = list(&app, &token).await;
        let answer = send(&app, &token, &etag, &call).await;
        assert!(answer.status.is_success(), "{call:?}: {}", answer.text());
        answer.header("etag").clone_into(&mut etag);
        assert_eq!(
            before != list(&app, &token).await,
            call.method.is_some(),
            "a change can be seen, and nothing else is one: {call:?}"
        );
    }
}

#[tokio::test]
async fn what_only_reads_does_so_with_the_scope_that_the_readme_names() {
    assert!(README.contains("the scope `models:read`"));
    let app = App::start().await;
    let scope = [Permission::ModelsRead].into_iter().collect();
    let token = app.secret("admin", scope).await;
    let reads = |call: &&Call| call.method.is_none() && !call.url.ends_with("/package");
    for call in calls().iter().filter(reads) {
        let answer = send(&app, &token, "", call).await;
        assert_eq!(answer.status, 200, "{call:?}");
    }
}

#[tokio::test]
async fn calls_and_addresses_are_described() {
    let app = App::start().await;
    let document = app.anonymous().get("/openapi.json").await.json();
    let templates = document["paths"].as_object().unwrap();
    for call in calls() {
        let address = call.url.split_once("/api/").unwrap().1;
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let path = format!("/api/{path}");
        let fits = |template: &str| {
            let (given, wanted) = (path.split('/'), template.split('/'));
            given.clone().count() == wanted.clone().count()
                && given.zip(wanted).all(|(a, b)| a == b || b.starts_with('{'))
        };
        let method = call.method.clone().unwrap_or(Method::GET);
        let method = method.as_str().to_lowercase();
        let (template, item) = templates.iter().find(|(it, _)| fits(it)).unwrap();
        let parameters = item[&method]["parameters"].as_array();
        let takes = |name: &str| {
            let mut given = parameters.into_iter().flatten();
            given.any(|it| it["name"].as_str().unwrap().eq_ignore_ascii_case(name))
        };
        let names = call.headers.iter().map(|(name, _)| name.as_str());
        let names = names.filter(|name| *name != "Authorization");
        let asked = query.split('&').filter_map(|pair| pair.split('=').next());
        for name in names.chain(asked).filter(|name| !name.is_empty()) {
            assert!(takes(name), "{method} {template} takes no {name}");
        }
        assert!(item[&method].is_object(), "{method} {template}");
    }
    for path in ["/livez", "/readyz", "/metrics", "/docs"] {
        assert!(
            README.contains(path) && templates.contains_key(path),
            "{path}"
        );
        assert_eq!(app.anonymous().get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_api_answers_beside_the_pages_too() {
    assert!(README.contains("beside the pages, <http://127.0.0.1:8501/api/v1/…>"));
    let app = App::start().await;
    let token = app.secret("viewer", "models:read".parse().unwrap()).await;
    let pages = Client::new(app.pages).with("authorization", &format!("Bearer {token}"));
    assert_eq!(
        pages.get("/api/v1/models").await.json(),
        list(&app, &token).await
    );
}

//! The description of the API against what the API answers.

use std::collections::BTreeSet;

use http::Method;
use model_dashboard::auth::{Permission, Permissions};
use model_dashboard::model::{ContentDigest, Timestamp};
use serde_json::{Value, json};

use crate::app::{Answer, App, Client};

/// The description, and what was seen of it.
struct Described {
    document: Value,
    seen: BTreeSet<String>,
}

impl Described {
    /// Makes sure that an answer is described.
    fn check(&mut self, method: &Method, template: &str, answer: &Answer) {
        let name = format!(
            "{} {template} {}",
            method.as_str().to_lowercase(),
            answer.status.as_u16()
        );
        let operation = &self.document["paths"][template][method.as_str().to_lowercase()];
        let described = &operation["responses"][answer.status.as_str()];
        assert!(
            described.is_object(),
            "{name} is not described: {}",
            answer.text()
        );
        let kind = answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap_or_default();
        let content = &described["content"][kind];
        if kind.is_empty() {
            assert!(described["content"].is_null(), "{name} has no content");
        } else {
            assert!(content.is_object(), "{name} is not described as {kind}");
        }
        for header in ["etag", "location", "retry-after", "www-authenticate"] {
            let named = described["headers"].as_object().into_iter().flatten();
            let is_named = named
                .map(|(name, _)| name.to_lowercase())
                .any(|name| name == header);
            assert!(
                is_named || answer.header(header).is_empty(),
                "{name}: {header}"
            );
        }
        if kind.ends_with("json") {
            self.check_value(&content["schema"], &answer.json(), &name);
        }
        self.seen.insert(name);
    }

    fn check_value(&self, schema: &Value, value: &Value, name: &str) {
        if let Err(misfit) = self.fits(schema, value) {
            panic!("{name}: {misfit}");
        }
    }

    /// Types and required fields, as deep as the schemas go.
    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = reference.trim_start_matches('#');
            let schema = self.document.pointer(schema);
            return self.fits(schema.expect(reference), value);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(part, value)?;
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let fitting = choices.iter().filter(|it| self.fits(it, value).is_ok());
            if fitting.count() != 1 {
                return Err(format!("{value} is not one of {choices:?}"));
            }
        }
        let own = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let is_typed = match &schema["type"] {
            Value::String(only) => only == own,
            Value::Array(several) => several.iter().any(|one| one == own),
            _ => true,
        };
        if !is_typed {
            return Err(format!("{value} is no {}", schema["type"]));
        }
        for field in schema["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap();
            if value.get(field).is_none() {
                return Err(format!("{field} is missing: {value}"));
            }
        }
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(field) {
                self.fits(schema, value)?;
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.fits(&schema["items"], item)?;
        }
        Ok(())
    }

    /// Every operation: method, template, parameters, whether it takes a body.
    fn operations(&self) -> Vec<(Method, String, bool)> {
        let mut operations = Vec::new();
        for (template, item) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let method = method.to_uppercase().parse().unwrap();
                operations.push((
                    method,
                    template.clone(),
                    operation["requestBody"].is_object(),
                ));
            }
        }
        operations
    }
}

const DEFINITION: &str = r#"{"name":"New","network_type":"MIST","contour_names":{"1":"liver"}}"#;

#[tokio::test]
async fn what_is_answered_is_described_and_what_is_described_is_answered() {
    let app = App::holding(&[
        ("MIST/Broken", "{"),
        ("MIST/Twice", "{}"),
        ("nnUNet/Twice", "{}"),
    ])
    .await;
    let admin = app.token(Permissions::all()).await;
    let document = app.anonymous().get("/openapi.json").await.json();
    let mut described = Described {
        document,
        seen: BTreeSet::new(),
    };
    let large = format!(r#"{{"pad":"{}"}}"#, "x".repeat(2 << 20));

    // Whatever an operation is, it meets nobody, lesser tokens and all kinds of wrong requests.
    let few: Permissions = [Permission::SystemAdmin].into_iter().collect();
    let few = app.token(few).await;
    for (method, template, takes_body) in described.operations() {
        let fit = fitting_body(&template);
        let missing = filled(&template, "Missing", "999999");
        let there = filled(&template, "Task003_Liver", "1");
        let odd = format!("{there}?nonsense=1");
        let tagged = admin.with("if-none-match", "*");
        let stale = admin.with("if-match", "\"00000000000000000000000000000000\"");
        let any = admin.with("if-match", "*");
        let mut asked = vec![
            (app.anonymous(), &missing, "{}"),
            (few.with("if-match", "*"), &missing, fit),
            (any.clone(), &missing, fit),
            (stale, &there, fit),
            (admin.with("if-match", "no tag"), &there, fit),
            (admin.clone(), &there, fit),
        ];
        if method == Method::GET {
            asked.extend([(tagged, &there, ""), (admin.clone(), &odd, "")]);
        }
        if takes_body {
            asked.extend([(any.clone(), &there, large.as_str()), (any, &there, "{")]);
        }
        for (client, path, body) in asked {
            let body = if takes_body {
                body.to_owned()
            } else {
                String::new()
            };
            let answer = client.send(method.clone(), path, body).await;
            described.check(&method, &template, &answer);
        }
    }

    meet_the_rest(&app, &admin, &mut described).await;
    // What takes a fault or a slow client to see.
    let is_hard = |status: &str| ["400", "408", "500", "503"].contains(&status);
    // What takes another one who is quicker.
    let is_race = |name: &str| name.ends_with("/restore 409") || name.ends_with(" 423");
    // What takes a directory.
    let is_of_directory = |name: &str| {
        let asks = name.contains("/sources/{source}/") || name.contains("/{subject}/recheck");
        asks && name.ends_with(" 200")
    };
    // What takes more bytes than a test sends, and what takes a body without a length.
    let is_of_size = |name: &str| name.ends_with("/package 413") || name.ends_with(" 411");
    // What takes a bucket; `redirects` has one.
    let is_of_a_bucket = |name: &str| name.ends_with("/package 307");
    let mut never = Vec::new();
    for (template, item) in described.document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, _) in operation["responses"].as_object().unwrap() {
                let name = format!("{method} {template} {status}");
                let is_rare = is_hard(status)
                    || is_race(&name)
                    || is_of_directory(&name)
                    || is_of_size(&name)
                    || is_of_a_bucket(&name);
                if !is_rare && !described.seen.contains(&name) {
                    never.push(name);
                }
            }
        }
    }
    assert!(never.is_empty(), "never answered: {never:#?}");
}

/// What each operation does well, and its own ways to fail.
async fn meet_the_rest(app: &App, admin: &Client, described: &mut Described) {
    let any = admin.with("if-match", "*");
    let model = "/api/v1/models/{network_type}/{name}";
    let rename = "/api/v1/models/{network_type}/{name}/rename";
    let by_name = "/api/v1/models/{name}";
    let of_type = "/api/v1/models/type/{network_type}";
    let users = "/api/v1/users";
    let user = "/api/v1/users/{source}/{subject}";
    let password = "/api/v1/users/{source}/{subject}/password";
    let tokens = "/api/v1/tokens";
    let id = admin.get("/api/v1/me").await.json()["id"]["subject"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = format!("/api/v1/users/local/{id}");
    let robot = json!({"username": "robot", "team": "imaging", "role": "editor"}).to_string();
    let person = json!({"username": "rosa", "role": "editor"}).to_string();
    let (get, post) = (Method::GET, Method::POST);
    let (put, patch, delete) = (Method::PUT, Method::PATCH, Method::DELETE);
    let there = "/api/v1/models/MIST/New";
    let enabled = "/api/v1/models/nnUNet/Task055_SegTHOR";
    let created = admin.send(post.clone(), users, robot).await;
    described.check(&post, users, &created);
    let owner = &created.json()["id"];
    let token = json!({"description": "x", "scopes": ["models:read"], "owner": owner}).to_string();
    let made = admin.send(post.clone(), tokens, token).await;
    described.check(&post, tokens, &made);
    let revoked = format!("/api/v1/tokens/{}", made.json()["id"]);
    let rosa = admin.send(post.clone(), users, person.clone()).await;
    let rosa = format!(
        "/api/v1/users/local/{}",
        rosa.json()["id"]["subject"].as_str().unwrap()
    );
    let rosa_password = format!("{rosa}/password");
    let rosa_recheck = format!("{rosa}/recheck");
    let nobody = json!({"source": "service", "subject": "999999"});
    let token = json!({"description": "x", "scopes": ["models:read"], "owner": nobody}).to_string();
    let few = [Permission::ModelsRead].into_iter().collect();
    let few = app.token(few).await;
    let (list, broken) = ("/api/v1/models", "/api/v1/broken-models");
    let revision = "/api/v1/models/{network_type}/{name}/revisions/{revision}";
    let at = format!("{list}?at=2001-01-01T00:00:00Z");
    let now = format!("{list}?at={}", Timestamp::now());
    let restore = "/api/v1/models/{network_type}/{name}/revisions/{revision}/restore";
    let diff = "/api/v1/models/{network_type}/{name}/revisions/{revision}/diff";
    let asked: Vec<(&Client, &Method, &str, &str, &str)> = vec![
        (&any, &post, list, list, DEFINITION),
        (&any, &get, by_name, "/api/v1/models/New", ""),
        (&any, &get, by_name, "/api/v1/models/Twice", ""),
        (&any, &get, by_name, "/api/v1/models/Broken", ""),
        (&any, &get, model, "/api/v1/models/MIST/Broken", ""),
        (&few, &get, broken, broken, ""),
        (&any, &get, model, "/api/v1/models/MIST/Twice", ""),
        (&any, &put, model, there, r#"{"version":"2"}"#),
        (&any, &patch, model, there, r#"{"version":"3"}"#),
        (
            &any,
            &post,
            rename,
            "/api/v1/models/MIST/New/rename",
            r#"{"name":"Twice"}"#,
        ),
        (
            &any,
            &post,
            rename,
            "/api/v1/models/MIST/New/rename",
            r#"{"name":"Newer"}"#,
        ),
        (&any, &delete, model, enabled, ""),
        (&any, &delete, model, "/api/v1/models/MIST/Newer", ""),
        (
            &any,
            &get,
            revision,
            "/api/v1/models/MIST/Newer/revisions/5",
            "",
        ),
        (
            &any,
            &post,
            restore,
            "/api/v1/models/MIST/Newer/revisions/5/restore",
            "",
        ),
        (
            &any,
            &post,
            restore,
            "/api/v1/models/MIST/Newer/revisions/1/restore",
            "",
        ),
        (
            &any,
            &post,
            restore,
            "/api/v1/models/MIST/Newer/revisions/2/restore",
            "",
        ),
        (
            &any,
            &get,
            diff,
            "/api/v1/models/MIST/Newer/revisions/1/diff?to=5",
            "",
        ),
        (
            &any,
            &get,
            diff,
            "/api/v1/models/MIST/Newer/revisions/3/diff?from=1",
            "",
        ),
        (
            &any,
            &get,
            "/api/v1/models/dataframe",
            "/api/v1/models/dataframe?format=csv",
            "",
        ),
        (&any, &get, of_type, "/api/v1/models/type/%FF", ""),
        (&few, &get, tokens, "/api/v1/tokens?all=true", ""),
        (&any, &post, tokens, tokens, &token),
        (&any, &delete, "/api/v1/tokens/{id}", &revoked, ""),
        (&any, &get, list, &at, ""),
        (&any, &get, list, &now, ""),
        (&any, &get, list, "/api/v1/models?at=tomorrow", ""),
        (&any, &post, users, users, &person),
        (&any, &get, user, &own, ""),
        (&any, &patch, user, &own, r#"{"is_active":false}"#),
        (&any, &delete, user, &own, ""),
        (&any, &patch, user, &rosa, r#"{"display_name":"Rosa"}"#),
        (&any, &post, password, &rosa_password, "{}"),
        (
            &any,
            &post,
            "/api/v1/users/{source}/{subject}/recheck",
            &rosa_recheck,
            "",
        ),
        (
            &any,
            &post,
            "/api/v1/sources/{source}/recheck",
            "/api/v1/sources/nowhere/recheck",
            "{}",
        ),
        (&any, &delete, user, &rosa, ""),
    ];
    for (client, method, template, path, body) in asked {
        let answer = client.send(method.clone(), path, body.to_owned()).await;
        described.check(method, template, &answer);
    }
    meet_uploads(admin, described).await;
    meet_packages(admin, described).await;
    meet_purges(admin, &few, described).await;
    meet_drafts(app, admin, described).await;
    let elsewhere = app.anonymous().with("x-forwarded-for", "192.0.2.7");
    described.check(&get, "/metrics", &elsewhere.get("/metrics").await);
}

/// A package of a model.
async fn meet_packages(admin: &Client, described: &mut Described) {
    let template = "/api/v1/models/{network_type}/{name}/package";
    let there = "/api/v1/models/MIST/Packed/package";
    let (get, put) = (Method::GET, Method::PUT);
    let any = admin.with("if-match", "*");
    let new = admin.with("if-none-match", "*");
    let enabled = "/api/v1/models/nnUNet/Task055_SegTHOR/package";
    let broken = "/api/v1/models/MIST/Broken/package";
    let asked: Vec<(Client, &Method, &str)> = vec![
        (any.clone(), &put, enabled),
        (new.clone(), &put, there),
        (new.clone(), &put, there),
        (any, &put, there),
        (admin.clone(), &get, there),
        (admin.with("range", "bytes=2-3"), &get, there),
        (admin.with("range", "bytes=99-"), &get, there),
        (new.clone(), &get, there),
        (admin.clone(), &get, broken),
    ];
    for (client, method, path) in asked {
        let answer = client.send(method.clone(), path, "bytes").await;
        described.check(method, template, &answer);
    }
    let other = crate::packed::nnunet("{}", crate::packed::HARMLESS);
    let other = new.send(put.clone(), "/api/v1/models/MIST/Other/package", other);
    described.check(&put, template, &other.await);
    let report = |path: &str| format!("{path}/report");
    for path in [there, broken, "/api/v1/models/MIST/Nowhere/package"] {
        let answer = admin.get(&report(path)).await;
        described.check(&get, &report(template), &answer);
    }
    // Its one file, which is called as the model.
    let template = "/api/v1/models/{network_type}/{name}/package/files/{path}";
    for (client, path) in [
        (admin, "Packed"),
        (&new, "Packed"),
        (admin, "nothing"),
        (admin, "..%2Fpasswd"),
    ] {
        let answer = client.get(&format!("{there}/files/{path}")).await;
        described.check(&get, template, &answer);
    }
    let evil = "/api/v1/models/MIST/Evil";
    let package = format!("{evil}/package");
    let put = new.send(put, &package, crate::packed::HARMFUL).await;
    assert_eq!(put.status, 201, "{}", put.text());
    let any = admin.with("if-match", "*");
    let template = "/api/v1/models/{network_type}/{name}";
    for method in [Method::PATCH, Method::PUT] {
        let enabled = any.send(method.clone(), evil, r#"{"enabled":true}"#).await;
        assert_eq!(enabled.status, 409, "{}", enabled.text());
        described.check(&method, template, &enabled);
    }
}

/// Bytes that must not exist, of the package of a model.
async fn meet_purges(admin: &Client, few: &Client, described: &mut Described) {
    let template = "/api/v1/packages/{sha256}";
    let hex = ContentDigest::of(b"bytes").to_hex();
    let bytes = format!("/api/v1/packages/{hex}");
    let why = admin.with("model-dashboard-message", "why");
    let (get, delete) = (Method::GET, Method::DELETE);
    for (client, method) in [
        (few, &get),
        (few, &delete),
        (admin, &get),
        (admin, &delete),
        (&why, &delete),
    ] {
        let answer = client.send(method.clone(), &bytes, "").await;
        described.check(method, template, &answer);
    }
    let package = "/api/v1/models/{network_type}/{name}/package";
    let gone = admin.get("/api/v1/models/MIST/Packed/package").await;
    described.check(&get, package, &gone);
    let (put, new) = (Method::PUT, admin.with("if-none-match", "*"));
    let again = "/api/v1/models/MIST/Again/package";
    let again = new.send(put.clone(), again, "bytes").await;
    described.check(&put, package, &again);
    let (template, allow) = (format!("{template}/allow"), format!("{bytes}/allow"));
    let post = Method::POST;
    for client in [few, admin, &why, &why] {
        let answer = client.send(post.clone(), &allow, "").await;
        described.check(&post, &template, &answer);
    }
}

/// Packages that are proposed to models.
async fn meet_drafts(app: &App, admin: &Client, described: &mut Described) {
    let all = "/api/v1/models/{network_type}/{name}/drafts";
    let one = "/api/v1/models/{network_type}/{name}/drafts/{package}";
    let publishing = "/api/v1/models/{network_type}/{name}/drafts/{package}/publish";
    let (disabled, enabled) = (
        "/api/v1/models/nnUNet/Task003_Liver/drafts",
        "/api/v1/models/nnUNet/Task055_SegTHOR/drafts",
    );
    let broken = "/api/v1/models/MIST/Broken/drafts";
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let any = admin.with("if-match", "*");
    let why = any.with("model-dashboard-message", "why");
    let stale = admin.with("if-match", "\"00000000000000000000000000000000\"");
    let mut proposed = Vec::new();
    for (bytes, drafts) in [
        (b"first".to_vec(), disabled),
        (b"second".to_vec(), disabled),
        (b"third".to_vec(), disabled),
        (b"fourth".to_vec(), enabled),
        (crate::packed::HARMFUL.to_vec(), enabled),
    ] {
        let id = crate::packed::uploaded(app, "admin", "model.bin", bytes).await;
        let body = json!({ "upload": id.to_string() }).to_string();
        let answer = admin.send(post.clone(), drafts, body).await;
        described.check(&post, all, &answer);
        proposed.push(answer.location().to_owned());
    }
    let other = crate::packed::nnunet("{}", crate::packed::HARMLESS);
    let other = crate::packed::uploaded(app, "admin", "other.zip", other).await;
    let other = json!({ "upload": other.to_string() }).to_string();
    let other = admin.send(post.clone(), disabled, other).await;
    described.check(&post, all, &other);
    let third = format!("/api/v1/packages/{}", ContentDigest::of(b"third").to_hex());
    let purged = why.send(delete.clone(), &third, "").await;
    assert_eq!(purged.status, 200, "{}", purged.text());
    let publish = |at: &str| format!("{at}/publish");
    let unread = format!("{broken}/01J9Z3K4V5W6X7Y8Z9A0B1C2D3");
    let asked: Vec<(&Client, &Method, &str, String)> = vec![
        (admin, &get, "/api/v1/drafts", "/api/v1/drafts".to_owned()),
        (admin, &get, all, disabled.to_owned()),
        (admin, &get, all, broken.to_owned()),
        (admin, &get, one, proposed[0].clone()),
        (admin, &get, one, proposed[2].clone()),
        (admin, &get, one, unread.clone()),
        (&any, &post, publishing, publish(&proposed[0])),
        (&any, &post, publishing, publish(&proposed[2])),
        // It takes a reason, and another package.
        (&any, &post, publishing, publish(&proposed[3])),
        (&why, &post, publishing, publish(&proposed[4])),
        (admin, &post, publishing, publish(&proposed[1])),
        (&stale, &post, publishing, publish(&proposed[1])),
        (admin, &delete, one, proposed[1].clone()),
        (admin, &delete, one, unread),
    ];
    for (client, method, template, path) in asked {
        let answer = client.send(method.clone(), &path, "").await;
        described.check(method, template, &answer);
    }
}

/// An upload on its way to its end.
async fn meet_uploads(admin: &Client, described: &mut Described) {
    let (all, one) = ("/api/v1/uploads", "/api/v1/uploads/{id}");
    let (get, post) = (Method::GET, Method::POST);
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    let tus = admin.with("tus-resumable", "1.0.0");
    let large = tus.with("upload-length", "99999999999");
    described.check(&post, all, &large.send(post.clone(), all, "").await);
    let begin = tus.with("upload-length", "11");
    // A name that is none: `a/b`.
    let odd = begin.with("upload-metadata", "filename YS9i");
    described.check(&post, all, &odd.send(post.clone(), all, "").await);
    let begun = begin.send(post.clone(), all, "").await;
    described.check(&post, all, &begun);
    let upload = begun.location().to_owned();
    let untyped = tus.with("upload-offset", "0");
    let typed = tus.with("content-type", "application/offset+octet-stream");
    let asked: Vec<(Client, &Method, &str)> = vec![
        (admin.clone(), &patch, "hello "),
        (admin.clone(), &delete, ""),
        (untyped, &patch, "hello "),
        (typed.with("upload-offset", "5"), &patch, "hello "),
        (typed.with("upload-offset", "0"), &patch, "hello "),
        (typed.with("upload-offset", "6"), &patch, "world, and more"),
        (typed.with("upload-offset", "6"), &patch, "world"),
        (admin.clone(), &get, ""),
        (tus.clone(), &delete, ""),
        (tus.clone(), &delete, ""),
        (typed.with("upload-offset", "0"), &patch, "hello "),
        (admin.clone(), &get, ""),
    ];
    for (client, method, body) in asked {
        let answer = client.send(method.clone(), &upload, body).await;
        described.check(method, one, &answer);
    }
}

/// A body that an operation can take.
fn fitting_body(template: &str) -> &'static str {
    match template {
        "/api/v1/models" => DEFINITION,
        "/api/v1/tokens" => r#"{"description":"x","scopes":["models:read"]}"#,
        "/api/v1/users" => r#"{"username":"sam","role":"viewer"}"#,
        _ if template.ends_with("/drafts") => r#"{"upload":"01J9Z3K4V5W6X7Y8Z9A0B1C2D3"}"#,
        _ if template.ends_with("/rename") => r#"{"name":"Other"}"#,
        _ if template.starts_with("/api/v1/users") => "{}",
        _ if template.starts_with("/api/v1/sources") => "{}",
        _ => r#"{"version":"1"}"#,
    }
}

fn filled(template: &str, name: &str, number: &str) -> String {
    template
        .replace("{network_type}", "nnUNet")
        .replace("{name}", name)
        .replace("{source}", "local")
        .replace("{subject}", number)
        .replace("{id}", "999999")
        .replace("{sha256}", &"0".repeat(64))
        .replace("{path}", "plans.json")
        .replace("{package}", "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")
        .replace("{revision}", "1")
}

//! A whole dashboard in this process, behind real sockets, and clients for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use model_dashboard::auth::{Permissions, Role};
use model_dashboard::dashboard::{Dashboard, NewTokenRequest, NewUserRequest, Samples};
use model_dashboard::repository::{MemoryRepository, ObjectRepository};
use model_dashboard::store::MemoryStore;
use model_dashboard_web::server::{ConnectionLimits, Listener, Shutdown, serve};
use model_dashboard_web::{WebSettings, api_service, service};
use tokio::net::TcpStream;

/// The password of every account.
pub const PASSWORD: &str = "correct horse battery";

pub struct App {
    pub dashboard: Dashboard,
    pub api: SocketAddr,
    pub pages: SocketAddr,
    shutdown: Shutdown,
}

impl Drop for App {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl App {
    /// A dashboard with the sample models and an account of each role, named like it.
    pub async fn start() -> App {
        App::holding(&[]).await
    }

    /// The same, and definitions that another program has written: key and text.
    pub async fn holding(definitions: &[(&str, &str)]) -> App {
        let repository = Arc::new(MemoryRepository::new());
        let accounts = Arc::new(MemoryStore::new());
        let packages = ObjectRepository::in_memory().packages();
        let build = async || {
            let builder = Dashboard::builder()
                .repository(repository.clone())
                .packages(packages.clone())
                .accounts(accounts.clone());
            builder.build().await.unwrap()
        };
        let mut dashboard = build().await;
        let host = dashboard.host_caller("test@localhost");
        dashboard
            .install_samples(&host, Samples::Demonstration)
            .await
            .unwrap();
        if !definitions.is_empty() {
            for (key, text) in definitions {
                repository.write_outside(&key.parse().unwrap(), text.as_bytes());
            }
            // As after a restart.
            dashboard = build().await;
        }
        App::serving(dashboard).await
    }

    /// This dashboard, with an account of each role, named like it.
    pub async fn serving(dashboard: Dashboard) -> App {
        let host = dashboard.host_caller("test@localhost");
        for role in Role::ALL {
            let request = NewUserRequest {
                username: role.to_string(),
                display_name: String::new(),
                email: None,
                role: *role,
                password: Some(PASSWORD.to_owned()),
            };
            dashboard.create_user(&host, request).await.unwrap();
        }
        let settings = WebSettings::default();
        let shutdown = Shutdown::new();
        let pages = Listener::bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let api = Listener::bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let app = App {
            dashboard: dashboard.clone(),
            api: api.local_addr(),
            pages: pages.local_addr(),
            shutdown: shutdown.clone(),
        };
        let (stop, edge) = (shutdown.clone(), api_service(&dashboard, &settings));
        tokio::spawn(async move {
            let limits = ConnectionLimits::default();
            serve(api, |peer| edge.for_peer(peer), &limits, &stop).await
        });
        let edge = service(dashboard, &settings);
        tokio::spawn(async move {
            let limits = ConnectionLimits::default();
            serve(pages, |peer| edge.for_peer(peer), &limits, &shutdown).await
        });
        app
    }

    /// Nobody, at the API.
    pub fn anonymous(&self) -> Client {
        Client::new(self.api)
    }

    /// A token with these scopes, of the administrator, at the API.
    pub async fn token(&self, scopes: Permissions) -> Client {
        let client = self.anonymous();
        let secret = self.secret("admin", scopes).await;
        client.with(AUTHORIZATION.as_str(), &format!("Bearer {secret}"))
    }

    /// The secret of a token of this account.
    pub async fn secret(&self, username: &str, scopes: Permissions) -> String {
        self.secret_for(username, scopes, None).await
    }

    /// The same, of a token that ends after so many days.
    pub async fn secret_for(
        &self,
        username: &str,
        scopes: Permissions,
        days: Option<u16>,
    ) -> String {
        let browser = self.signed_in(username).await;
        let cookie = browser.cookie().to_owned();
        let secret = cookie.split_once('=').unwrap().1;
        let info = model_dashboard::dashboard::RequestInfo::new(
            model_dashboard::model::Via::Dashboard,
            "test",
            "test",
        );
        let caller = self
            .dashboard
            .caller_from_session(secret, info)
            .await
            .unwrap();
        let request = NewTokenRequest {
            description: "test".to_owned(),
            scopes,
            expires_in_days: days,
            owner: None,
        };
        let (plain, _) = self.dashboard.create_token(&caller, request).await.unwrap();
        plain.expose().to_owned()
    }

    /// A browser in which this account is signed in.
    pub async fn signed_in(&self, username: &str) -> Client {
        let browser = Client::new(self.pages);
        let form = browser.get("/login").await;
        let browser = browser.with(COOKIE.as_str(), &form.cookie("_sign_in"));
        let csrf = form.csrf();
        let fields = [
            ("csrf", csrf.as_str()),
            ("source", "local"),
            ("username", username),
            ("password", PASSWORD),
        ];
        let answer = browser.post_form("/login", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        Client::new(self.pages).with(COOKIE.as_str(), &answer.cookie("_session"))
    }
}

/// Sends requests with the same headers each time.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    headers: BTreeMap<String, String>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        Client {
            address,
            headers: BTreeMap::new(),
        }
    }

    pub fn with(&self, name: &str, value: &str) -> Client {
        let mut client = self.clone();
        client.headers.insert(name.to_owned(), value.to_owned());
        client
    }

    pub fn cookie(&self) -> &str {
        &self.headers[COOKIE.as_str()]
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let client = self.with(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded");
        client.send(Method::POST, path, body.finish()).await
    }

    pub async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string());
        for (name, value) in &self.headers {
            request = request.header(name, value.as_bytes());
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The cookie whose name ends so, as it is sent back.
    pub fn cookie(&self, end: &str) -> String {
        let cookies = self
            .headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|c| c.to_str().unwrap());
        let mut pairs = cookies.map(|cookie| cookie.split(';').next().unwrap());
        let found = pairs.find(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            name.ends_with(end) && !value.is_empty()
        });
        found
            .unwrap_or_else(|| panic!("no cookie …{end}: {:?}", self.headers))
            .to_owned()
    }

    /// All cookies, as they are sent back.
    pub fn cookies(&self) -> String {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        let kept: Vec<&str> = pairs.filter(|pair| !pair.ends_with('=')).collect();
        kept.join("; ")
    }

    /// The hidden field of the first form.
    pub fn csrf(&self) -> String {
        let text = self.text();
        let (_, rest) = text
            .split_once("name=\"csrf\" value=\"")
            .expect("a form with a token");
        rest.split('"').next().unwrap().to_owned()
    }
}

//! An S3 server over a real socket, in this process, on a folder of its own.

#[path = "lots.rs"]
mod lots;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, IF_MATCH, IF_NONE_MATCH};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use model_dashboard::config::{S3Config, Secret};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinSet;

use self::lots::{Asked, Lots};

pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub(crate) const BUCKET: &str = "argo-models";

/// How the server differs from a good one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Habit {
    #[default]
    Good,
    /// It does what conditional requests ask for in any case, and does not look at signatures.
    IgnoresConditions,
    /// No tag in quotation marks is that of an object (Ceph 16), and signatures are not looked at.
    RefusesQuotedTags,
    /// It answers the first try of every creation with 409, as Amazon's does to one of two at once,
    /// and does not look at signatures.
    ConflictsOnce,
    /// An empty delimiter is none, as on every other server, and signatures are not looked at.
    TakesEmptyDelimiters,
}

#[derive(Debug)]
pub(crate) struct S3Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
    door: Door,
}

/// A port of the server, and the connections that came in there.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    served: Served,
    open: watch::Receiver<usize>,
    _connections: JoinSet<()>,
}

#[derive(Clone)]
struct Served {
    service: S3Service,
    folder: PathBuf,
    habit: Habit,
    /// The file server behind reads an object in several steps, and writes it so, too.
    whole: Arc<RwLock<()>>,
    lots: Arc<Lots>,
    /// How many were put without a hash in their signature.
    unsigned: Arc<AtomicUsize>,
    served: Arc<Mutex<Vec<(Method, String)>>>,
}

impl S3Server {
    pub(crate) async fn start() -> Self {
        Self::with(Habit::Good).await
    }

    pub(crate) async fn with(habit: Habit) -> Self {
        Self::listening(habit, TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// A server at a port that is free.
    pub(crate) async fn on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        Self::listening(Habit::Good, listener)
    }

    fn listening(habit: Habit, listener: TcpListener) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        if habit == Habit::Good {
            builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        }
        let served = Served {
            service: builder.build(),
            folder: folder.path().to_path_buf(),
            habit,
            whole: Arc::default(),
            lots: Arc::new(Lots::within(folder.path())),
            unsigned: Arc::default(),
            served: Arc::default(),
        };
        let door = Door::open(listener, served);
        Self {
            address: door.address,
            folder,
            door,
        }
    }

    /// Another port, for a client whose end can be waited for.
    pub(crate) async fn another_door(&self) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Door::open(listener, self.door.served.clone())
    }

    /// The bucket, as it is configured.
    pub(crate) fn config(&self) -> S3Config {
        self.config_at(self.address)
    }

    /// The same behind another address.
    pub(crate) fn config_at(&self, address: SocketAddr) -> S3Config {
        let endpoint = format!("http://{address}");
        S3Config::with_keys(endpoint, BUCKET, ACCESS_KEY, Secret::new(SECRET_KEY))
    }

    /// The keys and names of the lots of parts that are not put together yet.
    pub(crate) fn lots(&self) -> Vec<(String, String)> {
        self.door.served.lots.all()
    }

    /// How many objects and parts were put without a hash of them in the signature.
    pub(crate) fn unsigned(&self) -> usize {
        self.door.served.unsigned.load(Ordering::SeqCst)
    }

    /// The requests since this was asked last.
    pub(crate) fn served(&self) -> Vec<(Method, String)> {
        std::mem::take(&mut *self.door.served.served.lock().unwrap())
    }
}

impl Door {
    fn open(listener: TcpListener, served: Served) -> Self {
        let address = listener.local_addr().unwrap();
        let (count, open) = watch::channel(0);
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, served.clone(), Arc::new(count)));
        Self {
            address,
            served,
            open,
            _connections: connections,
        }
    }

    /// Waits until all who came in are gone, and what they asked for is done.
    pub(crate) async fn deserted(&mut self) {
        self.open.wait_for(|open| *open == 0).await.unwrap();
        drop(self.served.whole.write().await);
    }
}

async fn accept(listener: TcpListener, served: Served, open: Arc<watch::Sender<usize>>) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        open.send_modify(|open| *open += 1);
        // Without it an answer of several pieces waits for the client's next word.
        socket.set_nodelay(true).unwrap();
        let served = served.clone();
        let service = service_fn(move |request| {
            let served = served.clone();
            async move {
                // To its end, even if the client goes away: the file server takes several steps.
                let answer = tokio::spawn(async move { served.answer(request).await });
                Ok::<_, Infallible>(answer.await.unwrap())
            }
        });
        let open = open.clone();
        connections.spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(socket), service).await;
            open.send_modify(|open| *open -= 1);
        });
        while connections.try_join_next().is_some() {}
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

impl Served {
    async fn answer(&self, mut request: Request<Incoming>) -> s3s::HttpResponse {
        let method = request.method().clone();
        let uri = request.uri().to_string();
        self.served
            .lock()
            .unwrap()
            .push((method.clone(), uri.clone()));
        let hash = request.headers().get("x-amz-content-sha256");
        if method == Method::PUT && hash.is_some_and(|hash| hash == "UNSIGNED-PAYLOAD") {
            self.unsigned.fetch_add(1, Ordering::SeqCst);
        }
        if self.habit != Habit::Good {
            request.headers_mut().remove(AUTHORIZATION);
        }
        if self.habit == Habit::IgnoresConditions {
            request.headers_mut().remove(IF_MATCH);
            request.headers_mut().remove(IF_NONE_MATCH);
        }
        if self.habit == Habit::ConflictsOnce && request.headers().contains_key(IF_NONE_MATCH) {
            let served = self.served.lock().unwrap();
            let tries = served.iter().filter(|it| it.0 == method && it.1 == uri);
            if tries.count() == 1 {
                return refusal(StatusCode::CONFLICT, "ConditionalRequestConflict");
            }
        }
        if self.habit == Habit::TakesEmptyDelimiters {
            let uri = uri.replace("delimiter=&", "");
            *request.uri_mut() = uri.parse().unwrap();
        }
        if self.habit == Habit::RefusesQuotedTags
            && let Some(tag) = request.headers().get(IF_MATCH)
        {
            let tag = tag.to_str().unwrap().to_owned();
            let other = if tag.starts_with('"') {
                "\"other\""
            } else {
                &format!("\"{tag}\"")
            };
            request
                .headers_mut()
                .insert(IF_MATCH, other.parse().unwrap());
        }
        let mut parts = request.uri().path().trim_start_matches('/').splitn(2, '/');
        let bucket = parts.next().unwrap_or_default();
        let of_an_object = parts.next().is_some_and(|key| !key.is_empty());
        if of_an_object && !self.folder.join(bucket).exists() {
            // The file server would make it, or say that it has no such object.
            return refusal(StatusCode::NOT_FOUND, "NoSuchBucket");
        }
        let lists = request.uri().query();
        let lists = lists.is_some_and(|query| query.contains("list-type=2"));
        let asked = Asked::of(&method, request.uri());
        let completes = asked.as_ref().is_some_and(Asked::completes);
        let (request, body) = match completes {
            true => {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                (
                    Request::from_parts(head, s3s::Body::from(body.clone())),
                    body,
                )
            }
            false => (request.map(s3s::Body::from), Default::default()),
        };
        let reads = [Method::GET, Method::HEAD].contains(&method);
        let answer = if reads {
            let _reading = self.whole.read().await;
            if let Some(answer) = asked
                .as_ref()
                .and_then(|asked| self.lots.answer(asked, &body))
            {
                return answer;
            }
            match self.service.call(request).await {
                Ok(answer) if lists => Ok(self.tagged(answer).await),
                answer => answer,
            }
        } else {
            let _writing = self.whole.write().await;
            if let Some(answer) = asked
                .as_ref()
                .and_then(|asked| self.lots.answer(asked, &body))
            {
                // A connection that is closed on what still comes may take the answer along (RFC 9112, 9.6).
                let _ = request.into_body().collect().await;
                return answer;
            }
            match (self.service.call(request).await, asked) {
                (Ok(answer), Some(asked)) => Ok(self.lots.note(&asked, answer).await),
                (answer, _) => answer,
            }
        };
        answer.unwrap()
    }
}

impl Served {
    /// A listing with the ETags of its objects, which the file server leaves out.
    async fn tagged(&self, answer: s3s::HttpResponse) -> s3s::HttpResponse {
        let (mut head, body) = answer.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        let mut text = String::from_utf8(text.to_vec()).unwrap();
        let Some(bucket) = between(&text, "<Name>", "</Name>").map(str::to_owned) else {
            return s3s::HttpResponse::from_parts(head, s3s::Body::from(text));
        };
        let mut from = 0;
        while let Some(at) = text[from..].find("<Contents>") {
            from += at + "<Contents>".len();
            let key = between(&text[from..], "<Key>", "</Key>").unwrap();
            let key = quick_xml::escape::unescape(key).unwrap().into_owned();
            let tag = format!("<ETag>&quot;{}&quot;</ETag>", self.tag(&bucket, &key));
            text.insert_str(from, &tag);
        }
        head.headers.remove(CONTENT_LENGTH);
        s3s::HttpResponse::from_parts(head, s3s::Body::from(text))
    }

    fn tag(&self, bucket: &str, key: &str) -> String {
        let (bucket, object) = (URL_SAFE_NO_PAD.encode(bucket), URL_SAFE_NO_PAD.encode(key));
        let notes = format!(".bucket-{bucket}.object-{object}.internal.json");
        let notes = std::fs::read(self.folder.join(notes)).unwrap();
        let notes: serde_json::Value = serde_json::from_slice(&notes).unwrap();
        notes["e_tag"].as_str().unwrap().to_owned()
    }
}

fn refusal(status: StatusCode, code: &str) -> s3s::HttpResponse {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let mut answer = s3s::HttpResponse::new(s3s::Body::from(body));
    *answer.status_mut() = status;
    answer
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

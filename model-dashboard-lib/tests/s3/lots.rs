//! Lots of parts as a server of S3 keeps them: the file server behind does not tell of them, and
//! puts together whatever lies there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use http::header::ETAG;
use http::{Method, StatusCode, Uri};
use http_body_util::BodyExt as _;

use super::{between, refusal};

#[derive(Debug)]
pub(crate) struct Lots {
    folder: PathBuf,
    begun: Mutex<BTreeMap<String, Lot>>,
}

#[derive(Debug, Default)]
struct Lot {
    key: String,
    /// What the server called each part.
    parts: BTreeMap<usize, String>,
}

/// What a request about parts asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    method: Method,
    key: String,
    query: BTreeMap<String, String>,
}

impl Asked {
    /// `None` for requests that are not about parts.
    pub(crate) fn of(method: &Method, uri: &Uri) -> Option<Self> {
        let pairs = uri.query()?.split('&');
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query: BTreeMap<_, _> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let asks = query.contains_key("uploads") || query.contains_key("uploadId");
        asks.then(|| Self {
            method: method.clone(),
            key: uri
                .path()
                .splitn(3, '/')
                .nth(2)
                .unwrap_or_default()
                .to_owned(),
            query,
        })
    }

    fn lot(&self) -> Option<&String> {
        self.query.get("uploadId")
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.query.get(name)?.parse().ok()
    }

    /// Whether parts are to be put together.
    pub(crate) fn completes(&self) -> bool {
        self.method == Method::POST && self.lot().is_some()
    }
}

impl Lots {
    pub(crate) fn within(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            begun: Mutex::default(),
        }
    }

    /// The keys and names of the lots that are there.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let begun = self.begun.lock().unwrap();
        let there = begun.iter().filter(|(name, _)| self.is_there(name));
        there
            .map(|(name, lot)| (lot.key.clone(), name.clone()))
            .collect()
    }

    fn is_there(&self, lot: &str) -> bool {
        self.folder.join(format!(".upload-{lot}.json")).exists()
    }

    /// What is answered without the file server.
    pub(crate) fn answer(&self, asked: &Asked, body: &[u8]) -> Option<s3s::HttpResponse> {
        let Some(name) = asked.lot() else {
            return (asked.method == Method::GET).then(|| self.list(asked));
        };
        if !self.is_there(name) {
            return Some(refusal(StatusCode::NOT_FOUND, "NoSuchUpload"));
        }
        if asked.method == Method::GET {
            return Some(self.parts(asked, name));
        }
        let same = !asked.completes() || self.are(name, &String::from_utf8_lossy(body));
        (!same).then(|| refusal(StatusCode::BAD_REQUEST, "InvalidPart"))
    }

    /// Whether the parts that are to be put together are those that are there.
    fn are(&self, name: &str, list: &str) -> bool {
        let begun = self.begun.lock().unwrap();
        let Some(lot) = begun.get(name) else {
            return true;
        };
        list.split("<Part>").skip(1).all(|part| {
            let number = between(part, "<PartNumber>", "</PartNumber>").unwrap();
            let tag = between(part, "<ETag>", "</ETag>").unwrap();
            let tag = quick_xml::escape::unescape(tag).unwrap();
            let stored = lot.parts.get(&number.parse().unwrap());
            stored.is_none_or(|stored| bare(stored) == bare(&tag))
        })
    }

    fn parts(&self, asked: &Asked, name: &str) -> s3s::HttpResponse {
        // Small pages, so that there are some.
        const PAGE: usize = 2;
        let after = asked.number("part-number-marker").unwrap_or(0);
        let begun = self.begun.lock().unwrap();
        let mut text = format!("<ListPartsResult><UploadId>{name}</UploadId>");
        let mut later = begun[name].parts.range(after + 1..);
        for (number, tag) in later.by_ref().take(PAGE) {
            let file = self.folder.join(format!(".upload_id-{name}.part-{number}"));
            let size = std::fs::metadata(file).unwrap().len();
            let tag = quick_xml::escape::escape(tag);
            let part = format!("<PartNumber>{number}</PartNumber><ETag>{tag}</ETag>");
            write!(text, "<Part>{part}<Size>{size}</Size></Part>").unwrap();
        }
        let more = later.next().map(|(next, _)| next - 1);
        write!(text, "<IsTruncated>{}</IsTruncated>", more.is_some()).unwrap();
        if let Some(last) = more {
            write!(text, "<NextPartNumberMarker>{last}</NextPartNumberMarker>").unwrap();
        }
        let text = text + "</ListPartsResult>";
        s3s::HttpResponse::new(s3s::Body::from(text))
    }

    fn list(&self, asked: &Asked) -> s3s::HttpResponse {
        const PAGE: usize = 2;
        let given = |name: &str| {
            let given = asked.query.get(name).cloned().unwrap_or_default();
            given.replace("%2F", "/")
        };
        let (prefix, after) = (given("prefix"), given("key-marker"));
        let mut lots = self.all();
        lots.retain(|(key, _)| key.starts_with(&prefix) && *key > after);
        lots.sort();
        let mut text = "<ListMultipartUploadsResult>".to_owned();
        let bucket = &asked.key;
        write!(text, "<Bucket>{bucket}</Bucket>").unwrap();
        for (key, name) in lots.iter().take(PAGE) {
            write!(
                text,
                "<Upload><Key>{key}</Key><UploadId>{name}</UploadId></Upload>"
            )
            .unwrap();
        }
        let more = lots.len() > PAGE;
        write!(text, "<IsTruncated>{more}</IsTruncated>").unwrap();
        if let Some((key, name)) = lots.get(PAGE - 1).filter(|_| more) {
            write!(
                text,
                "<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>{name}</NextUploadIdMarker>"
            )
            .unwrap();
        }
        let text = text + "</ListMultipartUploadsResult>";
        s3s::HttpResponse::new(s3s::Body::from(text))
    }

    /// Remembers what the file server has done.
    pub(crate) async fn note(&self, asked: &Asked, answer: s3s::HttpResponse) -> s3s::HttpResponse {
        if !answer.status().is_success() {
            return answer;
        }
        let Some(name) = asked.lot() else {
            let (head, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let text = String::from_utf8_lossy(&body);
            if let Some(name) = between(&text, "<UploadId>", "</UploadId>") {
                let lot = Lot {
                    key: asked.key.clone(),
                    ..Lot::default()
                };
                self.begun.lock().unwrap().insert(name.to_owned(), lot);
            }
            return s3s::HttpResponse::from_parts(head, s3s::Body::from(body));
        };
        if let (Some(number), Some(tag)) = (asked.number("partNumber"), answer.headers().get(ETAG))
            && let Some(lot) = self.begun.lock().unwrap().get_mut(name)
        {
            lot.parts.insert(number, tag.to_str().unwrap().to_owned());
        }
        answer
    }
}

fn bare(tag: &str) -> &str {
    tag.trim_matches('"')
}

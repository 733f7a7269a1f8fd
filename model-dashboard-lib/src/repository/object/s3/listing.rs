//! Listing one level of a bucket (ListObjectsV2).
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use std::borrow::Cow;

use form_urlencoded::Serializer;
use http::Method;
use serde::Deserialize;

use super::super::conditional::{Fault, Level, Listed};
use super::super::keys::Folder;
use super::bucket::Bucket;
use crate::repository::Stamp;

/// How many pages a listing may have: twenty million objects. A server that always has one more
/// page must not keep anybody for ever.
const MAX_PAGES: usize = 20_000;

/// One page of a listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    /// The bucket. What has none is no answer of an S3 server.
    #[serde(rename = "Name")]
    _name: String,
    #[serde(default)]
    contents: Vec<Contents>,
    #[serde(default)]
    common_prefixes: Vec<CommonPrefix>,
    #[serde(default)]
    is_truncated: bool,
    next_continuation_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    key: String,
    #[serde(rename = "ETag", default)]
    e_tag: String,
    #[serde(default)]
    last_modified: String,
    size: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommonPrefix {
    prefix: String,
}

impl Bucket {
    /// Lists one level, however odd the keys are.
    pub(in super::super) async fn list(&self, folder: &Folder) -> Result<Level, Fault> {
        let mut prefix = self.prefix.clone();
        match folder {
            Folder::Root => {}
            folder => prefix.extend([&folder.path(), "/"]),
        }
        let mut level = Level::default();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(&prefix, token.as_deref()).await?;
            level.take(page.contents, page.common_prefixes, &prefix);
            match page.next_continuation_token {
                _ if !page.is_truncated => return Ok(level),
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Err(odd("a listing that goes on without saying where")),
            }
        }
        Err(odd("a listing without an end"))
    }

    async fn page(&self, prefix: &str, token: Option<&str>) -> Result<Page, Fault> {
        let ask = |encoded: bool| {
            let mut query = Serializer::new(String::new());
            query.extend_pairs([("list-type", "2"), ("delimiter", "/"), ("prefix", prefix)]);
            query.extend_pairs(token.map(|token| ("continuation-token", token)));
            query.extend_pairs(encoded.then_some(("encoding-type", "url")));
            // What `+` stands for is not agreed upon.
            self.send(Method::GET, query.finish().replace('+', "%20"), Vec::new())
        };
        let answer = ask(false).await?;
        if let Ok(page) = quick_xml::de::from_reader::<_, Page>(&*answer) {
            return Ok(page);
        }
        // XML cannot hold every character that a key may have.
        let answer = ask(true).await?;
        let page = quick_xml::de::from_reader::<_, Page>(&*answer);
        let mut page =
            page.map_err(|_| odd("what answers there is no S3 server; check host and port"))?;
        for contents in &mut page.contents {
            contents.key = decode(&contents.key);
        }
        for folder in &mut page.common_prefixes {
            folder.prefix = decode(&folder.prefix);
        }
        Ok(page)
    }
}

impl Level {
    fn take(&mut self, objects: Vec<Contents>, folders: Vec<CommonPrefix>, prefix: &str) {
        for contents in objects {
            let Some(name) = contents.key.strip_prefix(prefix) else {
                continue;
            };
            // A key that ends with a slash is the mark of an empty folder.
            if name.is_empty() || name.contains(char::is_control) {
                self.odd.push(name.escape_debug().to_string());
                continue;
            }
            let stamp = match contents.e_tag.is_empty() {
                false => contents.e_tag,
                true => format!("{}-{}", contents.last_modified, contents.size),
            };
            self.objects.push(Listed {
                name: name.to_owned(),
                stamp: Stamp(stamp.into()),
                size: contents.size,
            });
        }
        for folder in folders {
            let name = folder.prefix.strip_prefix(prefix);
            let Some(name) = name.and_then(|name| name.strip_suffix('/')) else {
                continue;
            };
            match name.contains(char::is_control) {
                true => self.odd.push(format!("{}/", name.escape_debug())),
                false => self.folders.push(name.to_owned()),
            }
        }
    }
}

fn decode(key: &str) -> String {
    let plus = key.replace('+', "%20");
    let decoded: Cow<'_, str> = percent_encoding::percent_decode_str(&plus).decode_utf8_lossy();
    decoded.into_owned()
}

pub(super) fn odd(message: &str) -> Fault {
    Fault::Unavailable {
        message: message.to_owned(),
        source: None,
    }
}

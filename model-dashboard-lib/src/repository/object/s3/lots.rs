//! Looking at parts that are not put together yet.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>

use async_trait::async_trait;
use form_urlencoded::Serializer;
use http::Method;
use serde::Deserialize;

use super::super::conditional::Fault;
use super::super::keys::{Folder, StoreKey};
use super::super::packages::lots::{Lots, Part};
use super::bucket::Bucket;
use super::listing::odd;

/// How many pages there may be: ten thousand parts make ten.
const MAX_PAGES: usize = 1_000;

/// One page of the parts of a lot.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    /// What has none is no answer of an S3 server.
    #[serde(rename = "UploadId")]
    _upload_id: String,
    #[serde(default, rename = "Part")]
    parts: Vec<ListedPart>,
    #[serde(default)]
    is_truncated: bool,
    next_part_number_marker: Option<usize>,
}

/// One page of the lots.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lotted {
    /// What has none is no answer of an S3 server.
    #[serde(rename = "Bucket")]
    _bucket: String,
    #[serde(default, rename = "Upload")]
    lots: Vec<ListedLot>,
    #[serde(default)]
    is_truncated: bool,
    #[serde(default)]
    next_key_marker: String,
    #[serde(default)]
    next_upload_id_marker: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedLot {
    key: String,
    upload_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPart {
    part_number: usize,
    size: u64,
    #[serde(rename = "ETag")]
    e_tag: Option<String>,
}

fn query(pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    // What `+` stands for is not agreed upon.
    query.extend_pairs(pairs).finish().replace('+', "%20")
}

#[async_trait]
impl Lots for Bucket {
    async fn parts(&self, key: &StoreKey, lot: &str) -> Result<Option<Vec<Part>>, Fault> {
        let mut parts = Vec::new();
        let mut after = 0;
        for _ in 0..MAX_PAGES {
            let query = query(&[
                ("uploadId", lot),
                ("part-number-marker", &after.to_string()),
            ]);
            let Some(answer) = self.of_lot(Method::GET, key, query).await? else {
                return Ok(None);
            };
            let page = quick_xml::de::from_reader::<_, Page>(&*answer);
            let page = page.map_err(|_| odd("it does not list parts as it should"))?;
            parts.extend(page.parts.into_iter().map(|part| Part {
                number: part.part_number,
                size: part.size,
                name: part.e_tag,
            }));
            match page.next_part_number_marker {
                _ if !page.is_truncated => {
                    parts.sort_by_key(|part| part.number);
                    return Ok(Some(parts));
                }
                Some(next) if next > after => after = next,
                _ => return Err(odd("parts that go on without saying where")),
            }
        }
        Err(odd("parts without an end"))
    }

    async fn lots(&self, folder: &Folder) -> Result<Vec<(String, String)>, Fault> {
        let prefix = format!("{}{}/", self.prefix, folder.path());
        let mut lots = Vec::new();
        let (mut key, mut lot) = (String::new(), String::new());
        for _ in 0..MAX_PAGES {
            let mut asked = vec![("uploads", ""), ("prefix", &prefix)];
            if !key.is_empty() {
                asked.extend([("key-marker", &*key), ("upload-id-marker", &lot)]);
            }
            let answer = self.send(Method::GET, query(&asked), Vec::new()).await?;
            let page = quick_xml::de::from_reader::<_, Lotted>(&*answer);
            let page = page.map_err(|_| odd("it does not list uploads as it should"))?;
            lots.extend(page.lots.into_iter().filter_map(|found| {
                let name = found.key.strip_prefix(&prefix)?;
                Some((name.to_owned(), found.upload_id))
            }));
            let next = (page.next_key_marker, page.next_upload_id_marker);
            match page.is_truncated {
                false => return Ok(lots),
                true if !next.0.is_empty() && next != (key, lot) => (key, lot) = next,
                true => return Err(odd("uploads that go on without saying where")),
            }
        }
        Err(odd("uploads without an end"))
    }
}

//! Where models are kept.

use std::path::{Path, PathBuf};

use url::Url;

use super::reader::Reader;
use super::s3::{BucketName, S3Config};
use super::table::{S3Settings, StorageSettings};
use super::value::Value;

/// Where models are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageConfig {
    /// The folder, bucket or memory.
    pub location: StorageLocation,
    /// Accept a store that does not honour conditional puts, or a folder without file locks. Only
    /// safe while a single process writes.
    pub single_writer: bool,
    /// Send who fetches a package by API on to the bucket.
    pub redirect_downloads: bool,
}

/// The place that holds the models.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageLocation {
    /// A local folder; it may not exist yet.
    Folder(PathBuf),
    /// The memory of the process: gone when it ends.
    Memory,
    /// A bucket of MinIO or another S3 server.
    S3(Box<S3Config>),
}

/// The text of `STORAGE_URL`, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StorageUrl {
    Folder(PathBuf),
    Memory,
    S3 { bucket: BucketName, prefix: String },
}

impl Value for StorageUrl {
    const ALLOWED: &'static str = "a folder, file:///folder, s3://bucket or memory://";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(scheme) = scheme(text) else {
            return PathBuf::parse(text).map(Self::Folder);
        };
        let url = Url::parse(text).map_err(|_| "not a URL")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a username or password, which belong into settings of their own");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("holds a query or fragment");
        }
        match scheme.as_str() {
            "memory" => Ok(Self::Memory),
            "file" => {
                let path = url
                    .to_file_path()
                    .map_err(|()| "not the URL of a local folder")?;
                if text
                    .get(.."file:///".len())
                    .is_none_or(|start| !start.ends_with("///"))
                {
                    return Err("a file URL needs three slashes and a full path");
                }
                Ok(Self::Folder(path))
            }
            "s3" => {
                let bucket = BucketName::parse(url.host_str().ok_or("has no bucket")?)?;
                let prefix = url.path().trim_matches('/');
                let odd = |part: &str| part == ".." || part == "." || part.is_empty();
                if prefix.contains('%') || !prefix.is_empty() && prefix.split('/').any(odd) {
                    return Err("the prefix holds a character that keys here cannot have");
                }
                Ok(Self::S3 {
                    bucket,
                    prefix: prefix.to_owned(),
                })
            }
            _ => Err("not a kind of storage that is known here"),
        }
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Memory => "memory://".to_owned(),
            Self::S3 { bucket, prefix } if prefix.is_empty() => format!("s3://{bucket}"),
            Self::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}"),
        })
    }
}

/// The scheme of what is meant to be a URL, in lower case; `None` for a path.
fn scheme(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    let known = ["file", "memory", "s3"].contains(&&*scheme);
    let looks_so = scheme.len() > 1 && scheme.bytes().all(fine) && rest.starts_with('/');
    (known || looks_so).then_some(scheme)
}

/// The settings that describe a bucket and its server. Any one of them asks for a bucket.
const BUCKET_SETTINGS: [&str; 7] = [
    "model_db.host",
    "model_db.port",
    "model_db.secure",
    "model_db.username",
    "model_db.password",
    "model_db.bucket",
    "model_db.namespace",
];

impl StorageConfig {
    /// One place from `STORAGE_URL`, the `MINIO_…` settings, or neither.
    pub(super) fn resolve(
        raw: StorageSettings,
        s3: S3Settings,
        data_dir: &Path,
        reader: &mut Reader,
    ) -> Self {
        let (single_writer, redirect_downloads) = (raw.single_writer, raw.redirect_downloads);
        let set: Vec<_> = BUCKET_SETTINGS
            .into_iter()
            .filter(|name| reader.is_set(name))
            .collect();
        let unused = |reader: &mut Reader| {
            if !set.is_empty() {
                let names = set.join(", ");
                reader.warn(format!(
                    "without effect, as model_db.url names no bucket: {names}"
                ));
            }
        };
        let location = match raw.url.clone() {
            Some(StorageUrl::Folder(path)) => {
                unused(reader);
                StorageLocation::Folder(path)
            }
            Some(StorageUrl::Memory) => {
                unused(reader);
                StorageLocation::Memory
            }
            Some(StorageUrl::S3 { bucket, prefix }) => {
                if reader.is_set("model_db.bucket") && raw.bucket != bucket {
                    reader.conflict("model_db.bucket", "model_db.url names another bucket");
                }
                let own_server =
                    reader.is_set("model_db.host") || reader.is_set("model_db.namespace");
                let endpoint = match own_server {
                    true => Some(raw.endpoint(reader)),
                    false => {
                        for name in ["model_db.port", "model_db.secure"] {
                            if reader.is_set(name) {
                                let server = "no model_db.host names the bucket's server";
                                reader.warn(format!("without effect, as {server}: {name}"));
                            }
                        }
                        s3.endpoint()
                    }
                };
                StorageLocation::S3(Box::new(S3Config::resolve(
                    raw, s3, bucket, prefix, endpoint, reader,
                )))
            }
            None if set.is_empty() => {
                let folder = data_dir.join("models");
                reader.derived("model_db.url", folder.display().to_string());
                StorageLocation::Folder(folder)
            }
            None => {
                let bucket = raw.bucket.clone();
                let endpoint = Some(raw.endpoint(reader));
                reader.derived("model_db.url", format!("s3://{bucket}"));
                let prefix = String::new();
                StorageLocation::S3(Box::new(S3Config::resolve(
                    raw, s3, bucket, prefix, endpoint, reader,
                )))
            }
        };
        if redirect_downloads && !matches!(location, StorageLocation::S3(_)) {
            let message =
                "only a bucket can give packages itself: keep models in one, or leave this out";
            reader.conflict("model_db.redirect_downloads", message);
        }
        if reader.is_set("model_db.public_url") && !redirect_downloads {
            reader.warn(
                "without effect, as model_db.redirect_downloads is not set: model_db.public_url",
            );
        }
        if single_writer && location == StorageLocation::Memory {
            reader.warn("without effect, as nothing else writes there: model_db.single_writer");
        }
        Self {
            location,
            single_writer,
            redirect_downloads,
        }
    }
}

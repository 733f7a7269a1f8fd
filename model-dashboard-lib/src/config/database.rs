//! Where accounts, tokens, sessions and the audit log are kept.

use std::path::{Path, PathBuf};

use url::Url;

use super::reader::Reader;
use super::table::DatabaseSettings;
use super::value::{Secret, Value};

/// The database of accounts, tokens, sessions and the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseConfig {
    /// One SQLite file; it and its folder may not exist yet.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its connection URL (which may hold a password).
    Postgres(Secret),
}

/// The text of `DATABASE_URL`, parsed.
#[derive(Debug, Clone)]
pub(super) enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres { url: Secret, shown: String },
}

impl Value for DatabaseUrl {
    const ALLOWED: &'static str = "sqlite:/path/of/a/file or postgres://user:password@host/name";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() || path.contains('?') {
                return Err("not the path of a file");
            }
            return PathBuf::parse(path).map(Self::Sqlite);
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("neither sqlite: nor postgres:// (a bare path belongs into AUTH_DB_PATH)");
        }
        let url = Url::parse(text).map_err(|_| "not a URL")?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or("has no host")?;
        // Only what cannot be a secret: a query may hold a password too.
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let shown = format!("{}://{host}{port}{}", url.scheme(), url.path());
        Ok(Self::Postgres {
            url: Secret::new(text),
            shown,
        })
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres { shown, .. } => shown.clone(),
        })
    }
}

impl DatabaseConfig {
    /// One database from `DATABASE_URL`, `AUTH_DB_PATH`, or neither.
    pub(super) fn resolve(raw: DatabaseSettings, data_dir: &Path, reader: &mut Reader) -> Self {
        match (raw.url, raw.path) {
            (Some(url), path) => {
                if path.is_some() {
                    reader.conflict("database.path", "database.url is set too; set one of them");
                }
                match url {
                    DatabaseUrl::Sqlite(path) => Self::Sqlite(path),
                    DatabaseUrl::Postgres { url, .. } => Self::Postgres(url),
                }
            }
            (None, Some(path)) => Self::Sqlite(path),
            (None, None) => {
                let path = data_dir.join("model-dashboard.db");
                reader.derived("database.path", path.display().to_string());
                Self::Sqlite(path)
            }
        }
    }
}

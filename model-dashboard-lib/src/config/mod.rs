//! Typed configuration, made from TOML texts, variables and flags.
//!
//! [`Config::load`] reads the two files of a folder; [`Config::from_sources`] is the pure function
//! behind it. Both take variables and flags from the caller: nothing here looks at the environment
//! of the process. A flag outranks a variable, a variable a file, a file the default. Text that is
//! empty (`LDAP_SERVER=""`) is the same as no setting.
//!
//! A secret may stand in a file of its own: `MINIO_PASSWORD_FILE=/run/secrets/minio`, or
//! `password_file = "…"` in a configuration file. One newline at its end is not part of it.
//!
//! ```
//! use model_dashboard::config::{Config, Sources};
//!
//! let sources = Sources::new()
//!     .file("config.toml", "[api]\nport = 9000\n")
//!     .variables([("DASHBOARD_PORT".into(), "9001".into())])
//!     .flag("--data-dir", "/srv/models");
//! let config = Config::from_sources(sources, |path| std::fs::read_to_string(path))?;
//! assert_eq!((config.api.port, config.server.port), (9000, 9001));
//!
//! let origin = |name| config.settings().iter().find(|it| it.name == name).map(|it| it.origin.to_string());
//! assert_eq!(origin("api.port").as_deref(), Some("config.toml:2"));
//! assert_eq!(origin("server.port").as_deref(), Some("variable DASHBOARD_PORT"));
//! # Ok::<(), model_dashboard::config::ConfigError>(())
//! ```

mod check;
mod command;
mod database;
mod error;
mod file;
mod ldap;
mod reader;
mod report;
mod s3;
mod size;
mod sources;
mod spec;
mod storage;
mod table;
mod value;
mod variables;
mod web;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

pub use self::check::Port;
pub use self::database::DatabaseConfig;
pub use self::error::{ConfigError, Origin, Problem};
pub use self::ldap::{GroupNames, LdapServer};
pub use self::report::{Setting, settings_table};
pub use self::s3::{S3Config, S3Credentials};
pub use self::size::Size;
pub use self::sources::Sources;
pub use self::storage::{StorageConfig, StorageLocation};
pub use self::table::{
    AdminConfig, ApiConfig, AuthConfig, CatalogConfig, LdapConfig, LimitsConfig, LoggingConfig,
    ServerConfig,
};
pub use self::value::{LogFormat, LogLevel, PackageTrust, Secret, Theme};
pub use self::web::{BasePath, CookieName, IpNetwork, PublicUrl};

use self::reader::Reader;
use self::table::{DatabaseSettings, General, S3Settings, StorageSettings};

/// Everything that can be configured. The default is what holds when nothing is set.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Folder for what has no place of its own.
    pub data_dir: PathBuf,
    /// The dashboard's web server.
    pub server: ServerConfig,
    /// The API's web server.
    pub api: ApiConfig,
    /// Where models are kept.
    pub storage: StorageConfig,
    /// Where accounts, tokens, sessions and the audit log are kept.
    pub database: DatabaseConfig,
    /// The directory that people sign in with, if there is one.
    pub ldap: Option<LdapConfig>,
    /// Sign-in, sessions and API tokens.
    pub auth: AuthConfig,
    /// The first administrator.
    pub admin: AdminConfig,
    /// How the picture of the models in memory is kept fresh.
    pub catalog: CatalogConfig,
    /// What a client can take of a server.
    pub limits: LimitsConfig,
    /// Logs.
    pub logging: LoggingConfig,
    settings: Vec<Setting>,
    warnings: Vec<String>,
}

impl Config {
    /// Builds the configuration from texts, variables and flags. `read_file` reads the files that
    /// `_FILE` settings name, and only those that count.
    ///
    /// # Errors
    /// Everything that is wrong, at once: unknown names, values that a setting cannot have,
    /// settings that do not go together, texts that are not TOML, files that cannot be read.
    pub fn from_sources(
        sources: Sources,
        mut read_file: impl FnMut(&Path) -> io::Result<String>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(&mut read_file);
        sources.gather(&mut reader);
        let config = Self::resolve(&mut reader);
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            // Whoever looks for one mistake is helped by all of them.
            reader.problems.append(&mut reader.slips);
            Err(ConfigError::new(reader.problems))
        }
    }

    /// Builds the configuration from `config.toml` and `secrets.toml` in `dir`, or in `config`
    /// below the working directory, and from variables and flags. Either file may be missing; a
    /// folder that was asked for may not. Blocks while it reads.
    ///
    /// # Errors
    /// As [`Config::from_sources`], and files that cannot be read.
    pub fn load<F>(
        dir: Option<&Path>,
        variables: impl IntoIterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
        flags: impl IntoIterator<Item = (F, String)>,
    ) -> Result<Self, ConfigError>
    where
        F: Into<String>,
    {
        let mut sources = sources::read_folder(dir)?.variables(variables);
        for (flag, value) in flags {
            sources = sources.flag(flag, value);
        }
        Self::from_sources(sources, sources::read_bounded)
    }

    /// Every setting with its value, secrets masked, as it was read; in the order of the README.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// A setting as a message about it names it: `server.port (flag --port)`, and where nothing
    /// sets it, what would.
    #[must_use]
    pub fn cite(&self, name: &str) -> String {
        match self.settings.iter().find(|setting| setting.name == name) {
            Some(Setting {
                origin: Origin::Default,
                variable,
                ..
            }) => {
                format!("{name} (default, {variable} changes it)")
            }
            Some(Setting { origin, .. }) => format!("{name} ({origin})"),
            None => name.to_owned(),
        }
    }

    /// What a person should know about the configuration, one line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Turns what was written into what holds.
    fn resolve(reader: &mut Reader<'_>) -> Self {
        let General { data_dir } = General::read(reader);
        let server = ServerConfig::read(reader).with_one_upload_size(reader);
        let api = ApiConfig::read(reader);
        let storage = StorageSettings::read(reader);
        let s3 = S3Settings::read(reader);
        let database = DatabaseSettings::read(reader);
        let ldap = LdapConfig::read(reader);
        let auth = AuthConfig::read(reader);
        let admin = AdminConfig::read(reader);
        let catalog = CatalogConfig::read(reader);
        let limits = LimitsConfig::read(reader);
        let logging = LoggingConfig::read(reader);

        server.check(reader);
        auth.check(reader);
        limits.check(reader);
        Self {
            storage: StorageConfig::resolve(storage, s3, &data_dir, reader),
            database: DatabaseConfig::resolve(database, &data_dir, reader),
            ldap: ldap.resolve(reader),
            data_dir,
            server,
            api,
            auth,
            admin,
            catalog,
            limits,
            logging,
            settings: std::mem::take(&mut reader.settings),
            warnings: std::mem::take(&mut reader.warnings),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::resolve(&mut Reader::new(&mut |_| {
            Err(io::ErrorKind::NotFound.into())
        }))
    }
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_values;
mod cluster;
mod ldap;
mod near_misses;
mod precedence;
mod secrets;
mod storage;
mod streamlit;
mod web;

use std::collections::HashSet;
use std::io;

use super::table::SPECS;
use super::*;

/// Variables only, no files to read.
fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_sources(Sources::new().variables(pairs(variables)), no_files)
}

/// One `config.toml` only.
fn from_toml(text: &str) -> Result<Config, ConfigError> {
    Config::from_sources(Sources::new().file("config.toml", text), no_files)
}

fn pairs(variables: &[(&str, &str)]) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn no_files(_: &Path) -> io::Result<String> {
    Err(io::ErrorKind::NotFound.into())
}

fn setting(config: &Config, name: &str) -> (String, String) {
    let setting = config
        .settings()
        .iter()
        .find(|it| it.name == name)
        .expect("a known name");
    (
        setting.value.clone().unwrap_or_default(),
        setting.origin.to_string(),
    )
}

fn problems(result: Result<Config, ConfigError>) -> Vec<String> {
    result
        .expect_err("a bad configuration")
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn with_nothing_set_everything_is_local() {
    let config = Config::default();
    assert_eq!(config.server.host.to_string(), "127.0.0.1");
    assert_eq!((config.server.port, config.api.port), (8501, 8000));
    assert_eq!(
        config.storage.location,
        StorageLocation::Folder("./data/models".into())
    );
    assert_eq!(
        config.database,
        DatabaseConfig::Sqlite("./data/model-dashboard.db".into())
    );
    assert!(config.ldap.is_none() && config.warnings().is_empty());
    assert!(!config.server.secure_cookies());
    assert!(
        config
            .settings()
            .iter()
            .all(|setting| setting.origin == Origin::Default)
    );
}

#[test]
fn a_cited_setting_says_where_it_was_set_or_how_it_can_be() {
    let config = with(&[("API_PORT", "1")]).unwrap();
    assert_eq!(config.cite("api.port"), "api.port (variable API_PORT)");
    assert_eq!(
        config.cite("server.port"),
        "server.port (default, DASHBOARD_PORT changes it)"
    );
}

#[test]
fn every_setting_is_listed_once_and_its_names_clash_with_no_other() {
    let config = Config::default();
    let listed: Vec<_> = config
        .settings()
        .iter()
        .map(|setting| setting.name)
        .collect();
    let known: Vec<_> = SPECS.iter().map(|spec| spec.name).collect();
    assert_eq!(listed, known);

    let mut names = HashSet::new();
    for spec in SPECS {
        let twins = [spec.twin_variable(), spec.twin_name()]
            .into_iter()
            .flatten();
        let own = [Some(spec.name), Some(spec.variable), spec.flag]
            .into_iter()
            .flatten();
        for name in own.map(str::to_owned).chain(twins) {
            assert!(names.insert(name.clone()), "{name} stands for two settings");
        }
    }
}

#[test]
fn a_new_variable_has_a_first_word_whose_mistypings_are_found() {
    for spec in SPECS {
        let word_is_ours = variables::PREFIXES
            .iter()
            .any(|it| spec.variable.starts_with(it));
        let word_is_common = ["DATA_DIR", "MAX_UPLOAD_SIZE", "PUBLIC_URL"].contains(&spec.variable);
        // Other tools have many more of them.
        let word_is_amazons = spec.variable.starts_with("AWS_");
        assert!(
            word_is_ours || word_is_common || word_is_amazons,
            "{} needs its prefix in the list",
            spec.variable
        );
    }
}

#[test]
fn the_table_for_the_readme_has_a_line_for_every_setting() {
    let table = settings_table();
    assert_eq!(table.lines().count(), SPECS.len() + 2);
    let line = |name: &str| {
        table
            .lines()
            .find(|line| line.contains(name))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        line("`server.port`"),
        "| `server.port` | `DASHBOARD_PORT` | `8501` | Port of the dashboard; 0 takes a free one. \
         Flag `--port`. |"
    );
    assert_eq!(
        line("`model_db.password`"),
        "| `model_db.password` | `MINIO_PASSWORD`, `MINIO_PASSWORD_FILE` |  | \
         Password (secret key) at the bucket's server. |"
    );
    assert!(line("`server.base_path`").ends_with("Streamlit's `server.baseUrlPath`. |"));
    assert!(
        table
            .lines()
            .all(|line| line.starts_with('|') && line.matches('|').count() == 5)
    );
}

//! Settings as people read them: with values for `config show`, without for the README.

use std::fmt::Write;

use serde::Serialize;

use super::error::Origin;
use super::spec::Spec;
use super::table::SPECS;

/// A setting, its value and where that came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Setting {
    /// Section and key in a file: `api.port`.
    pub name: &'static str,
    /// The variable: `API_PORT`.
    pub variable: &'static str,
    /// The command line flag of the web server, where there is one.
    pub flag: Option<&'static str>,
    /// What the setting does.
    pub help: &'static str,
    /// Its range, if it has one: `1s to 2m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// The value, secrets masked; `None` when there is none.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: Origin,
}

impl Setting {
    pub(super) fn new(spec: &'static Spec, value: Option<String>, origin: Origin) -> Self {
        let &Spec {
            name,
            variable,
            flag,
            help,
            allowed,
            ..
        } = spec;
        Self {
            name,
            variable,
            flag,
            help: help.trim(),
            allowed: allowed(),
            value,
            origin,
        }
    }

    /// Whether anything but the default sets it.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.origin != Origin::Default
    }
}

/// The table of all settings in Markdown, for the README.
#[must_use]
pub fn settings_table() -> String {
    let mut table = String::from("| setting | variable | default | what it does |\n");
    table.push_str("| --- | --- | --- | --- |\n");
    for spec in SPECS {
        let default = (spec.default)()
            .map(|text| format!("`{text}`"))
            .unwrap_or_default();
        let twin = spec
            .twin_variable()
            .map(|name| format!(", `{name}`"))
            .unwrap_or_default();
        let flag = spec
            .flag
            .map(|flag| format!(" Flag `{flag}`."))
            .unwrap_or_default();
        let range = (spec.allowed)()
            .map(|range| format!(" From {range}."))
            .unwrap_or_default();
        let old = spec.streamlit.filter(|old| *old != spec.name);
        let old = old
            .map(|old| format!(" Streamlit's `{old}`."))
            .unwrap_or_default();
        let (name, variable, help) = (spec.name, spec.variable, spec.help.trim());
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| `{name}` | `{variable}`{twin} | {default} | {help}{range}{flag}{old} |"
        );
    }
    table
}

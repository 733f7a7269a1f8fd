//! What the manifests for a cluster set is what the configuration understands.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use model_dashboard::config::{Config, Sources};

fn manifest(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join("k8s").join(path)).unwrap()
}

/// The lines `NAME: "value"` of a manifest.
fn pairs(manifest: &str) -> BTreeMap<String, String> {
    let lines = manifest.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("  ")?.split_once(": ")?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        Some((name.to_owned(), value.to_owned()))
    });
    lines.collect()
}

#[test]
fn a_cluster_with_a_directory_is_configured_by_what_the_manifests_set() {
    let mut variables = pairs(&manifest("configmap.yaml"));
    variables.extend(pairs(&manifest("ldap/settings.yaml")));
    let variables = variables
        .into_iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let mut read: Vec<PathBuf> = Vec::new();
    let sources = Sources::new().variables(variables);
    let config = Config::from_sources(sources, |path| {
        read.push(path.to_owned());
        Ok("a password".to_owned())
    });
    let config = config.unwrap();
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
    let ldap = config.ldap.unwrap();
    assert!(ldap.gives_roles() && ldap.bind_password.is_some());

    // Both files are where the manifests put them, under the names that they give.
    let files = manifest("ldap/files.yaml");
    let folder = files
        .lines()
        .find_map(|line| line.trim().strip_prefix("mountPath: "));
    let folder = Path::new(folder.unwrap());
    let password = pairs(&manifest("ldap/secret.yaml"));
    let password = password.keys().next().unwrap();
    assert_eq!(read, [folder.join(password)]);
    let authority = ldap.ca_file.unwrap();
    assert_eq!(authority.parent(), Some(folder));
    let name = authority.file_name().unwrap().to_str().unwrap();
    assert!(manifest("ldap/authority.yaml").contains(&format!("\n  {name}: |\n")));
}

//! The command line of the same installation, as a hint shows it.

use std::path::Path;

use super::Config;
use super::error::Origin;

/// What says which installation is meant, and no secret.
const PLACES: [&str; 12] = [
    "data_dir",
    "model_db.url",
    "model_db.single_writer",
    "model_db.host",
    "model_db.port",
    "model_db.secure",
    "model_db.bucket",
    "model_db.namespace",
    "s3.region",
    "s3.endpoint_url",
    "s3.ca_bundle",
    "database.path",
];

impl Config {
    /// `model-dashboard` with these words, and the variables and flags that lead it to the same
    /// installation: for a person whose shell may have none of them.
    #[must_use]
    pub fn command(&self, words: &str) -> String {
        let (mut before, mut flags) = (String::new(), String::new());
        if let Some(folder) = self.folder() {
            flags.push_str(&format!(" --config {}", quoted(folder)));
        }
        for setting in self.settings() {
            let Some(value) = &setting.value else {
                continue;
            };
            let is_place = PLACES.contains(&setting.name)
                || setting.name == "database.url" && value.starts_with("sqlite:");
            match &setting.origin {
                Origin::Variable(name) if is_place && !name.ends_with("_FILE") => {
                    before.push_str(&format!("{name}={} ", quoted(value)));
                }
                Origin::Flag(name) if is_place => {
                    flags.push_str(&format!(" {name} {}", quoted(value)));
                }
                _ => {}
            }
        }
        format!("{before}model-dashboard {words}{flags}")
    }

    /// The folder of the configuration files, if something comes from it and it is not the one
    /// that is looked into anyway.
    fn folder(&self) -> Option<&str> {
        let file = self.settings().iter().find_map(|it| match &it.origin {
            Origin::File { file, .. } => Some(file),
            _ => None,
        })?;
        let folder = Path::new(&**file).parent()?.to_str()?;
        (!folder.is_empty() && folder != "config").then_some(folder)
    }
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@%+,".contains(&byte);
    match !text.is_empty() && text.bytes().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

//! What MONAI runs of a bundle's configurations: texts that begin with `$` are evaluated, and
//! `_target_` names what is called (`monai/bundle/config_item.py`).

use super::yaml;
use crate::package::inspect::contents::{MAX_TEXT, folder, peek, within};
use crate::package::inspect::description::Description;
use crate::package::inspect::finding::{Finding, FindingKind, MAX_PLACES};
use crate::package::inspect::value::Value;
use crate::package::{Package, PackageError, PackageFile};

const EVALUATED: &str =
    "texts begin with $: MONAI runs them as Python code; or other files are put in by %";
const CALLED: &str = "what these name is called, and is none of MONAI's own components";

/// Tells the code in the configurations of the bundle in this folder.
pub(super) fn find(
    package: &Package,
    root: &str,
    description: &mut Description,
) -> Result<(), PackageError> {
    let configs = within(root, "configs");
    let in_configs = |file: &&PackageFile| {
        let here = folder(file);
        here == configs || here.starts_with(&format!("{configs}/"))
    };
    for file in package.files().iter().filter(in_configs) {
        let name = file.path.file_name().to_ascii_lowercase();
        let (evaluated, called, tags) = match name.rsplit_once('.') {
            Some((_, "json")) => match peek(package, file)? {
                Some(value) => of_json(&value),
                None => {
                    description.found(Finding::unread(file));
                    continue;
                }
            },
            Some((_, "yaml" | "yml")) => {
                if file.size > MAX_TEXT {
                    description.found(Finding::unread(file));
                    continue;
                }
                let bytes = package.read_whole(file, MAX_TEXT)?;
                yaml::code(&String::from_utf8_lossy(&bytes))
            }
            _ => continue,
        };
        let mut tell = |text: &str, places: Vec<String>| {
            if !places.is_empty() {
                let finding = Finding::new(FindingKind::Code, text).at(&file.path);
                description.found(finding.places(places));
            }
        };
        tell(EVALUATED, evaluated);
        tell(CALLED, called);
        tell("tags of YAML that build objects of Python", tags);
    }
    Ok(())
}

/// Places of what is evaluated, and of what is called.
fn of_json(value: &Value) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut evaluated, mut called) = (Vec::new(), Vec::new());
    value.visit_texts(&mut |place, text, is_key| {
        let text = text.trim_start();
        let is_run = text.starts_with('$') || (text.starts_with('%') && names_a_file(text));
        if is_run && evaluated.len() < MAX_PLACES {
            evaluated.push(place.to_owned());
        }
        let is_target = place == "_target_" || place.ends_with("._target_");
        let is_called = is_target && !is_key && !is_component(text);
        if is_called && called.len() < MAX_PLACES {
            called.push(place.to_owned());
        }
    });
    (evaluated, called, Vec::new())
}

/// Whether a text names a file that MONAI would read a configuration from.
pub(super) fn names_a_file(text: &str) -> bool {
    [".json", ".yaml", ".yml"]
        .iter()
        .any(|end| text.contains(end))
}

/// Whether MONAI looks a name up among its own components: one word, as its classes are called.
pub(super) fn is_component(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

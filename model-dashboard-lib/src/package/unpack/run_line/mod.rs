//! How a framework is told to run a package.

mod nnunet;

use std::fmt;
use std::path::Path;

use super::layout::Layout;
use crate::model::NetworkType;
use crate::package::inspect::{Network, Report};

/// A command that runs a model which was unpacked, as its framework documents it. What only the person
/// knows stands there in capitals: `INPUT` (the folder of the images; of a MONAI bundle that of a data set, in
/// which its configuration says where they are), `IMAGE` (of VISTA3D, one image), `OUTPUT`, `TASK` (of
/// TotalSegmentator, the one that the dataset belongs to), `PATHS_CSV` (of MIST, the list of images); where there are several
/// commands each has an output of its own, `OUTPUT_3d_lowres`, and what takes the output of another names it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunLine {
    /// Variables of the environment.
    pub environment: Vec<(&'static str, String)>,
    /// The program and its arguments. Paths are as they can be printed.
    pub command: Vec<String>,
}

/// The commands for a package that lies below `dir` by this layout, in the order in which they are run;
/// none where the framework has no command that is known, or nothing is there that it could run.
#[must_use]
pub fn run_lines(report: &Report, layout: &Layout, dir: &Path) -> Vec<RunLine> {
    let place = |folder: &str| dir.join(layout.folder(folder)).display().to_string();
    let package = Package {
        report,
        layout,
        dir: dir.display().to_string(),
        place: &place,
    };
    match report.inspector.as_deref() {
        Some("nnUNet_v2") => package.nnunet_v2(),
        Some("nnUNet") => package.nnunet_v1(),
        Some("TotalSegmentatorV2" | "totalsegmentator") => package.totalsegmentator(),
        Some("MIST") => package.mist(),
        Some("MONAI") => package.monai(),
        _ => Vec::new(),
    }
}

/// A package that was unpacked.
struct Package<'a> {
    report: &'a Report,
    layout: &'a Layout,
    dir: String,
    /// Where one of its folders lies now.
    place: &'a dyn Fn(&str) -> String,
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl<'a> Package<'a> {
    fn networks(&self) -> impl Iterator<Item = &'a Network> + use<'a> {
        self.report.description.networks.iter()
    }

    /// It takes the fold that it wants from its own folder.
    fn totalsegmentator(&self) -> Vec<RunLine> {
        let can_run = |it: &Network| it.folds.iter().any(|fold| fold.complete);
        if !self.layout.is_at_home() || !self.networks().any(can_run) {
            return Vec::new();
        }
        let line = RunLine {
            environment: vec![("TOTALSEG_WEIGHTS_PATH", self.dir.clone())],
            command: words(&[
                "TotalSegmentator",
                "-i",
                "INPUT",
                "-o",
                "OUTPUT",
                "-ta",
                "TASK",
            ]),
        };
        vec![line]
    }

    /// Since version 2, which says in its configuration which version wrote it.
    fn mist(&self) -> Vec<RunLine> {
        let version = self.report.description.framework_version.as_deref();
        let major = version.and_then(|it| it.split('.').next()?.parse::<u32>().ok());
        let Some(network) = self.networks().next() else {
            return Vec::new();
        };
        if major.is_none_or(|major| major < 2) || !network.folds.iter().any(|fold| fold.complete) {
            return Vec::new();
        }
        let root = (self.place)(&network.folder);
        let mut command = words(&["mist_predict", "--models-dir", &format!("{root}/models")]);
        command.extend(words(&["--config", &format!("{root}/config.json")]));
        command.extend(words(&["--paths-csv", "PATHS_CSV", "--output", "OUTPUT"]));
        vec![RunLine {
            environment: Vec::new(),
            command,
        }]
    }

    /// Its inference, where it has one. Images and output are called as the bundles of MONAI's model zoo call
    /// them; a bundle with other names says so in its README.
    fn monai(&self) -> Vec<RunLine> {
        let Some(network) = self.networks().next() else {
            return Vec::new();
        };
        let within = |path: &str| match &*network.folder {
            "" => path.to_owned(),
            folder => format!("{folder}/{path}"),
        };
        let mut files = ["json", "yaml", "yml"]
            .map(|it| format!("configs/inference.{it}"))
            .into_iter();
        let is_there = |path: &String| {
            let path = within(path);
            self.report
                .files
                .iter()
                .any(|file| file.path.as_str() == path)
        };
        let Some(inference) = files.find(is_there) else {
            return Vec::new();
        };
        if !network.folds.iter().any(|fold| fold.complete) {
            return Vec::new();
        }
        let root = (self.place)(&network.folder);
        let scripts = within("scripts/");
        let mut files = self.report.files.iter();
        // Its own code is imported from its root.
        let has_scripts = files.any(|file| file.path.as_str().starts_with(&scripts));
        let mut command = words(&["python", "-m", "monai.bundle", "run"]);
        command.extend(words(&["--config_file", &format!("{root}/{inference}")]));
        command.extend(words(&["--bundle_root", &root]));
        let told = self.report.description.network_type.as_ref();
        command.extend(match told.map(NetworkType::as_str) {
            Some("vista3d") => words(&["--input_dict", "{'image': 'IMAGE'}"]),
            _ => words(&["--dataset_dir", "INPUT"]),
        });
        command.extend(words(&["--output_dir", "OUTPUT"]));
        vec![RunLine {
            environment: has_scripts
                .then_some(("PYTHONPATH", root))
                .into_iter()
                .collect(),
            command,
        }]
    }
}

impl fmt::Display for RunLine {
    /// As it is typed into a POSIX shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = self.environment.iter();
        let variables = variables.map(|(name, value)| format!("{name}={}", quoted(value)));
        let words = self.command.iter().map(|word| quoted(word));
        f.write_str(&variables.chain(words).collect::<Vec<_>>().join(" "))
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

//! How a framework is told to run a package.

use std::fmt;
use std::path::Path;

use super::layout::{Layout, split};
use crate::package::PackagePath;
use crate::package::inspect::{Fold, Network, Report};
use crate::package::pickle::Verdict;

/// A command that runs a model which was unpacked, as its framework documents it. What only the person
/// knows stands there in capitals: `INPUT` (the images), `OUTPUT`, `TASK` (of TotalSegmentator, the one
/// that the dataset belongs to), `PATHS_CSV` (of MIST, the list of images); where there are several
/// commands each has an output of its own, `OUTPUT_3d_lowres`.
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

impl Package<'_> {
    fn networks(&self) -> impl Iterator<Item = &Network> {
        self.report.description.networks.iter()
    }

    /// The folds that can be run; the name of their weights where it is not the usual one.
    fn folds<'n>(&self, network: &'n Network) -> (Vec<String>, Option<&'n str>) {
        let complete = network.folds.iter().filter(|fold| fold.complete);
        let complete: Vec<String> = complete.map(|fold| fold.name.clone()).collect();
        if !complete.is_empty() {
            return (complete, None);
        }
        let is_readable = |path: &&PackagePath| {
            let mut broken = self
                .report
                .files
                .iter()
                .filter(|file| file.verdict == Some(Verdict::Unscannable));
            !broken.any(|file| file.path == **path)
        };
        let weights = |fold: &'n Fold| fold.weights.as_ref().filter(is_readable);
        let Some(first) = network.folds.iter().find_map(weights) else {
            return (Vec::new(), None);
        };
        let name = first.file_name();
        let folds = network.folds.iter();
        let with_it = folds.filter(|fold| weights(fold).is_some_and(|it| it.file_name() == name));
        let folds = with_it.map(|fold| fold.name.clone());
        (folds.collect(), Some(name))
    }

    /// Whether a folder of networks has the framework's own place, and not the model's name.
    fn is_at_home(&self, network: &Network) -> bool {
        let (around, _) = split(&network.folder);
        let dataset = split(around).1;
        !around.is_empty()
            && split(&self.layout.folder(around)).1 == dataset
            && self
                .layout
                .folders()
                .any(|it| it == self.layout.folder(around))
    }

    /// Which network's segmentation a configuration takes as well.
    fn previous(&self, configuration: &str) -> Option<&str> {
        let configurations = self.report.description.configurations.iter();
        let mut named = configurations.filter(|it| it.name == configuration);
        named.find_map(|it| it.previous_stage.as_deref())
    }

    /// Prediction takes folds 0 to 4 of the final weights unless it is told otherwise.
    fn nnunet_v2(&self) -> Vec<RunLine> {
        let mut lines = Vec::new();
        let several = self
            .networks()
            .filter(|it| !self.folds(it).0.is_empty())
            .count()
            > 1;
        for network in self.networks() {
            let (folds, weights) = self.folds(network);
            if folds.is_empty() {
                continue;
            }
            let (around, name) = split(&network.folder);
            let parts: Vec<&str> = name.split("__").collect();
            let configuration = match *parts {
                [_, _, configuration] => Some(configuration),
                _ => network.configuration.as_deref(),
            };
            let output = match configuration {
                Some(name) if several => format!("OUTPUT_{name}"),
                _ => "OUTPUT".to_owned(),
            };
            let io = ["-i", "INPUT", "-o", &output];
            let (mut command, mut environment) = (Vec::new(), Vec::new());
            match *parts {
                // Programs find it by what its folders are called.
                [trainer, plans, configuration] if self.is_at_home(network) => {
                    environment.push(("nnUNet_results", self.dir.clone()));
                    command.extend(words(&["nnUNetv2_predict"]));
                    command.extend(words(&io));
                    command.extend(words(&["-d", split(around).1, "-c", configuration]));
                    command.extend(words(&["-tr", trainer, "-p", plans]));
                }
                _ => {
                    command.extend(words(&["nnUNetv2_predict_from_modelfolder"]));
                    command.extend(words(&io));
                    command.extend(["-m".to_owned(), (self.place)(&network.folder)]);
                }
            }
            command.push("-f".to_owned());
            command.extend(folds);
            if let Some(weights) = weights {
                command.extend(words(&["-chk", weights]));
            }
            let previous = configuration.and_then(|it| self.previous(it));
            if let Some(previous) = previous {
                let output = format!("OUTPUT_{previous}");
                command.extend(words(&["-prev_stage_predictions", &output]));
            }
            lines.push((
                previous.is_some(),
                RunLine {
                    environment,
                    command,
                },
            ));
        }
        // The first stage first.
        lines.sort_by_key(|(is_later, _)| *is_later);
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// It finds folds by itself, but not `all`. A cascade's first stage is run with the second.
    fn nnunet_v1(&self) -> Vec<RunLine> {
        let mut lines = Vec::new();
        let several = self
            .networks()
            .filter(|it| !self.folds(it).0.is_empty())
            .count()
            > 1;
        for network in self.networks().filter(|it| self.is_at_home(it)) {
            let (folds, None) = self.folds(network) else {
                continue;
            };
            let (around, name) = split(&network.folder);
            let (around, task) = split(around);
            let (Some((trainer, plans)), false) = (name.split_once("__"), folds.is_empty()) else {
                continue;
            };
            let configuration = split(around).1;
            let output = match several {
                true => format!("OUTPUT_{configuration}"),
                false => "OUTPUT".to_owned(),
            };
            let mut command = words(&["nnUNet_predict", "-i", "INPUT", "-o", &output]);
            command.extend(words(&["-t", task, "-m", configuration]));
            let is_cascade = configuration == "3d_cascade_fullres";
            let option = if is_cascade { "-ctr" } else { "-tr" };
            command.extend(words(&[option, trainer, "-p", plans, "-f"]));
            command.extend(folds);
            lines.push(RunLine {
                environment: vec![("RESULTS_FOLDER", self.dir.clone())],
                command,
            });
        }
        lines
    }

    /// It takes the fold that it wants from its own folder.
    fn totalsegmentator(&self) -> Vec<RunLine> {
        let can_run =
            |it: &Network| self.is_at_home(it) && it.folds.iter().any(|fold| fold.complete);
        if !self.networks().any(can_run) {
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

    /// Its inference, where it has one. Images and output are as the bundle's README says.
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

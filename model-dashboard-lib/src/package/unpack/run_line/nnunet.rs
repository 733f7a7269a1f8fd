//! nnU-Net 1 and 2.

use std::collections::BTreeSet;

use super::{Package, RunLine, words};
use crate::package::PackagePath;
use crate::package::inspect::{Fold, Network};
use crate::package::pickle::Verdict;
use crate::package::unpack::layout::split;

/// The configuration of version 1 that takes another one's segmentation.
const CASCADE: &str = "3d_cascade_fullres";

/// A network that can be run.
struct Runnable<'n> {
    network: &'n Network,
    /// The folder that it lies in: the dataset, or the task.
    around: &'n str,
    /// Its own: `<Trainer>__<Plans>`, in version 2 with `__<configuration>`.
    name: &'n str,
    /// Empty where it is not known.
    configuration: &'n str,
    folds: Vec<String>,
    /// The name of the weights where it is not the usual one.
    weights: Option<&'n str>,
    output: String,
}

impl<'n> Runnable<'n> {
    fn of(package: &Package<'n>, network: &'n Network) -> Option<Self> {
        let (folds, weights) = folds(package, network);
        let (around, name) = split(&network.folder);
        (!folds.is_empty()).then(|| Self {
            network,
            around,
            name,
            configuration: network.configuration.as_deref().unwrap_or_default(),
            folds,
            weights,
            output: "OUTPUT".to_owned(),
        })
    }

    fn is_of_the_same(&self, other: &Self, configuration: &str) -> bool {
        self.configuration == configuration && split(self.around).1 == split(other.around).1
    }
}

/// Outputs that are told apart: by the configuration if that does, by what trained them, or else by
/// where they lie.
fn name_outputs(networks: &mut [Runnable<'_>]) {
    if networks.len() < 2 {
        return;
    }
    let namings: [fn(&Runnable<'_>) -> String; 3] = [
        |it| it.configuration.to_owned(),
        |it| match it.name.split("__").count() {
            2 => format!("{}__{}", it.name, it.configuration),
            _ => it.name.to_owned(),
        },
        |it| it.network.folder.replace('/', "__"),
    ];
    let named = namings.map(|naming| networks.iter().map(naming).collect::<Vec<_>>());
    let differ = |names: &&Vec<String>| {
        let different: BTreeSet<_> = names.iter().filter(|it| !it.is_empty()).collect();
        different.len() == names.len()
    };
    let [.., last] = &named;
    let names = named.iter().find(differ).unwrap_or(last);
    for (network, name) in networks.iter_mut().zip(names) {
        network.output = format!("OUTPUT_{name}");
    }
}

/// The folds that can be run; the name of their weights where it is not the usual one.
fn folds<'n>(package: &Package<'n>, network: &'n Network) -> (Vec<String>, Option<&'n str>) {
    let complete = network.folds.iter().filter(|fold| fold.complete);
    let complete = askable(complete.map(|fold| &*fold.name));
    if !complete.is_empty() {
        return (complete, None);
    }
    let is_readable = |path: &&PackagePath| {
        let mut broken = package
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
    (askable(with_it.map(|fold| &*fold.name)), Some(name))
}

/// Those that programs understand: numbers, or `all` by itself.
fn askable<'n>(folds: impl Iterator<Item = &'n str>) -> Vec<String> {
    let is_number = |fold: &&str| fold.parse::<u32>().is_ok_and(|it| it.to_string() == **fold);
    let (numbers, others): (Vec<&str>, Vec<&str>) = folds.partition(is_number);
    let all = others.into_iter().filter(|fold| *fold == "all");
    match numbers.is_empty() {
        true => all.take(1).map(str::to_owned).collect(),
        false => numbers.into_iter().map(str::to_owned).collect(),
    }
}

impl<'a> Package<'a> {
    /// Which network's segmentation a configuration takes as well.
    fn previous(&self, configuration: &str) -> Option<&str> {
        let configurations = self.report.description.configurations.iter();
        let mut named = configurations.filter(|it| it.name == configuration);
        named.find_map(|it| it.previous_stage.as_deref())
    }

    /// Prediction takes folds 0 to 4 of the final weights unless it is told otherwise.
    pub(super) fn nnunet_v2(&self) -> Vec<RunLine> {
        let networks = self.networks().filter_map(|it| Runnable::of(self, it));
        let mut networks: Vec<Runnable<'_>> = networks.collect();
        for network in &mut networks {
            if let [_, _, configuration] = *network.name.split("__").collect::<Vec<_>>() {
                network.configuration = configuration;
            }
        }
        name_outputs(&mut networks);
        let mut lines = Vec::new();
        for network in &networks {
            let io = ["-i", "INPUT", "-o", &network.output];
            let (mut command, mut environment) = (Vec::new(), Vec::new());
            match *network.name.split("__").collect::<Vec<_>>() {
                // Programs find it by what its folders are called.
                [trainer, plans, configuration] if self.layout.is_at_home() => {
                    environment.push(("nnUNet_results", self.dir.clone()));
                    command.extend(words(&["nnUNetv2_predict"]));
                    command.extend(words(&io));
                    let dataset = split(network.around).1;
                    command.extend(words(&["-d", dataset, "-c", configuration]));
                    command.extend(words(&["-tr", trainer, "-p", plans]));
                }
                _ => {
                    command.extend(words(&["nnUNetv2_predict_from_modelfolder"]));
                    command.extend(words(&io));
                    command.extend(["-m".to_owned(), (self.place)(&network.network.folder)]);
                }
            }
            command.push("-f".to_owned());
            command.extend(network.folds.iter().cloned());
            if let Some(weights) = network.weights {
                command.extend(words(&["-chk", weights]));
            }
            let previous = self.previous(network.configuration);
            if let Some(previous) = previous {
                let trained_so = |it: &&Runnable<'_>| {
                    it.name.rsplit_once("__").map(|it| it.0)
                        == network.name.rsplit_once("__").map(|it| it.0)
                };
                let firsts = networks
                    .iter()
                    .filter(|it| it.is_of_the_same(network, previous));
                let first = firsts.max_by_key(trained_so).map(|it| it.output.clone());
                let output = first.unwrap_or_else(|| format!("OUTPUT_{previous}"));
                command.extend(["-prev_stage_predictions".to_owned(), output]);
            }
            let line = RunLine {
                environment,
                command,
            };
            lines.push((previous.is_some(), line));
        }
        in_order(lines)
    }

    /// It finds folds by itself, but not `all`. A cascade runs its first stage by itself with the same
    /// plans and folds.
    pub(super) fn nnunet_v1(&self) -> Vec<RunLine> {
        if !self.layout.is_at_home() {
            return Vec::new();
        }
        let networks = self.networks().filter_map(|it| Runnable::of(self, it));
        let mut networks: Vec<Runnable<'_>> = networks.filter(|it| it.weights.is_none()).collect();
        for network in &mut networks {
            network.configuration = split(split(network.around).0).1;
        }
        name_outputs(&mut networks);
        let mut lines = Vec::new();
        for network in &networks {
            let Some((trainer, plans)) = network.name.split_once("__") else {
                continue;
            };
            let (task, configuration) = (split(network.around).1, network.configuration);
            let mut command = words(&["nnUNet_predict", "-i", "INPUT", "-o", &network.output]);
            command.extend(words(&["-t", task, "-m", configuration]));
            let mut folds = network.folds.clone();
            let is_cascade = configuration == CASCADE;
            if is_cascade {
                let firsts = networks
                    .iter()
                    .filter(|it| it.is_of_the_same(network, "3d_lowres"));
                let mut firsts = firsts.filter_map(|it| {
                    let common = it.folds.iter().filter(|fold| folds.contains(fold));
                    let common: Vec<String> = common.cloned().collect();
                    let (trainer, first_plans) = it.name.split_once("__")?;
                    (first_plans == plans && !common.is_empty()).then_some((trainer, common))
                });
                match firsts.next() {
                    Some((first_trainer, common)) => {
                        command.extend(words(&["-tr", first_trainer]));
                        folds = common;
                    }
                    // The other one has to be run before, in its own way.
                    None => {
                        let first = networks
                            .iter()
                            .find(|it| it.is_of_the_same(network, "3d_lowres"));
                        let output = first.map_or("OUTPUT_3d_lowres", |it| &it.output);
                        command.extend(words(&["-l", output]));
                    }
                }
            }
            let option = if is_cascade { "-ctr" } else { "-tr" };
            command.extend(words(&[option, trainer, "-p", plans, "-f"]));
            command.extend(folds);
            let line = RunLine {
                environment: vec![("RESULTS_FOLDER", self.dir.clone())],
                command,
            };
            lines.push((is_cascade, line));
        }
        in_order(lines)
    }
}

/// First stages first.
fn in_order(mut lines: Vec<(bool, RunLine)>) -> Vec<RunLine> {
    lines.sort_by_key(|(is_later, _)| *is_later);
    lines.into_iter().map(|(_, line)| line).collect()
}

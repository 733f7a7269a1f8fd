//! Where a framework looks for the files of a package.

use crate::model::ModelName;
use crate::package::inspect::Report;
use crate::package::{PackagePath, PathError};

/// The folders of nnU-Net 1 around its tasks.
pub(super) const CONFIGURATIONS: [&str; 4] =
    ["2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres"];

/// Where the files of a package go below a folder that several models share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// At least one.
    homes: Vec<Home>,
    /// Whether they are where the framework looks, and not in a folder with the model's name.
    is_at_home: bool,
}

/// A folder of the package, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Home {
    /// Empty for the root.
    from: String,
    to: String,
}

impl Layout {
    /// As the framework of the report has it:
    ///
    /// | framework | below the folder |
    /// | --- | --- |
    /// | nnU-Net 2 | `DatasetNNN_X/<Trainer>__<Plans>__<configuration>` |
    /// | TotalSegmentator 2 | `DatasetNNN_X` |
    /// | nnU-Net 1 | `nnUNet/<configuration>/TaskNNN_X` |
    /// | TotalSegmentator 1 | `nnUNet/3d_fullres/TaskNNN_X` |
    /// | all others | the model's name |
    ///
    /// A package of nnU-Net whose folders are not called so has the model's name, too. What lies beside
    /// the folder of a model goes into it.
    #[must_use]
    pub fn of(report: &Report, name: &ModelName) -> Self {
        let networks = report.description.networks.iter();
        let folders: Vec<&str> = networks.map(|network| &*network.folder).collect();
        let inspector = report.inspector.as_deref().unwrap_or_default();
        let mut homes = match inspector {
            "nnUNet_v2" => of_all(&folders, network),
            // It takes a dataset for whole as soon as its folder is there.
            "TotalSegmentatorV2" => of_all(&folders, dataset),
            "nnUNet" => of_all(&folders, task),
            "totalsegmentator" => of_all(&folders, task_alone),
            "MIST" | "MONAI" => folders.first().map(|folder| {
                vec![Home {
                    from: (*folder).to_owned(),
                    to: name.to_string(),
                }]
            }),
            _ => None,
        };
        if let Some(homes) = homes.as_mut().filter(|homes| !homes.is_empty()) {
            let paths = report.files.iter().map(|file| file.path.as_str());
            match inspector {
                "nnUNet" => homes.extend(paths.filter_map(ensemble)),
                "nnUNet_v2" => {
                    homes.extend(paths.filter_map(ensemble_v2));
                    // What lies beside networks goes into the first one of the dataset.
                    let around = |folder: &&str| {
                        let from = split(folder).0.to_owned();
                        Some(Home {
                            from,
                            ..network(folder)?
                        })
                    };
                    homes.extend(folders.iter().filter_map(around));
                }
                _ => {}
            }
        }
        let homes = homes.filter(|homes| !homes.is_empty());
        let is_at_home = homes.is_some() && !matches!(inspector, "MIST" | "MONAI");
        let mut homes = homes.unwrap_or_else(|| {
            vec![Home {
                from: String::new(),
                to: name.to_string(),
            }]
        });
        let mut seen = std::collections::HashSet::new();
        homes.retain(|home| seen.insert(home.from.clone()));
        Self { homes, is_at_home }
    }

    /// The folders that it fills, below the shared one.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let mut seen = std::collections::HashSet::new();
        let folders = self.homes.iter().map(|home| &*home.to);
        folders.filter(move |folder| seen.insert(*folder))
    }

    /// Where a file of the package goes: one of the [`folders`](Self::folders), and the path in it.
    ///
    /// # Errors
    /// If the path would be longer than one may be.
    pub fn place(&self, path: &PackagePath) -> Result<(&str, PackagePath), PathError> {
        let (folder, rest) = self.find(path.as_str());
        // Together they are a path, too.
        PackagePath::parse(&format!("{folder}/{rest}"))?;
        Ok((folder, PackagePath::parse(rest)?))
    }

    /// Whether the framework finds its networks by the names of their folders.
    pub(super) fn is_at_home(&self) -> bool {
        self.is_at_home
    }

    /// Where a folder of the package goes, below the shared one.
    pub(super) fn folder(&self, path: &str) -> String {
        match self.find(path) {
            (folder, "") => folder.to_owned(),
            (folder, rest) => format!("{folder}/{rest}"),
        }
    }

    /// The innermost home that holds it; the first where none does.
    fn find<'a>(&self, path: &'a str) -> (&str, &'a str) {
        let within = |home: &'_ Home| match (&*home.from, path.strip_prefix(&*home.from)) {
            ("", _) => Some(path),
            (_, Some("")) => Some(""),
            (_, rest) => rest?.strip_prefix('/'),
        };
        let held = self
            .homes
            .iter()
            .filter_map(|home| Some((home, within(home)?)));
        match held.max_by_key(|(home, _)| home.from.len()) {
            Some((home, rest)) => (&home.to, rest),
            None => (self.homes.first().map_or("", |home| &home.to), path),
        }
    }
}

/// The homes of all these folders, if each has one.
fn of_all(folders: &[&str], home: fn(&str) -> Option<Home>) -> Option<Vec<Home>> {
    folders.iter().map(|folder| home(folder)).collect()
}

/// The folder that holds this one, and its name in it.
pub(super) fn split(folder: &str) -> (&str, &str) {
    folder.rsplit_once('/').unwrap_or(("", folder))
}

/// The number of a folder that is called as one of a number and a name, with what is before it:
/// `Dataset012_` of `Dataset012_Liver`.
pub(super) fn number<'a>(name: &'a str, word: &str) -> Option<&'a str> {
    let length = word.len() + 4;
    let (number, rest) = name.split_at_checked(length)?;
    let digits = number.strip_prefix(word)?.strip_suffix('_')?;
    (digits.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty()).then_some(number)
}

/// `…/DatasetNNN_X/<Trainer>__<Plans>__<configuration>`, by itself: other packages may hold other
/// networks for the same dataset.
fn network(folder: &str) -> Option<Home> {
    let home = dataset(folder)?;
    Some(Home {
        from: folder.to_owned(),
        to: format!("{}/{}", home.to, split(folder).1),
    })
}

/// The dataset of one.
fn dataset(folder: &str) -> Option<Home> {
    let (around, name) = split(folder);
    let dataset = split(around).1;
    number(dataset, "Dataset").filter(|_| name.split("__").count() == 3)?;
    Some(Home {
        from: around.to_owned(),
        to: dataset.to_owned(),
    })
}

/// `…/<configuration>/TaskNNN_X/<Trainer>__<Plans>`.
fn task(folder: &str) -> Option<Home> {
    let home = task_alone(folder)?;
    let (around, task) = split(&home.from);
    let configuration = split(around).1;
    CONFIGURATIONS.contains(&configuration).then(|| Home {
        to: format!("nnUNet/{configuration}/{task}"),
        from: home.from.clone(),
    })
}

/// `…/TaskNNN_X/<Trainer>__<Plans>`, which TotalSegmentator takes for its one configuration.
fn task_alone(folder: &str) -> Option<Home> {
    let (around, name) = split(folder);
    let task = split(around).1;
    number(task, "Task").filter(|_| name.contains("__"))?;
    Some(Home {
        from: around.to_owned(),
        to: format!("nnUNet/3d_fullres/{task}"),
    })
}

/// `…/DatasetNNN_X/ensembles/<ensemble>/…`.
fn ensemble_v2(path: &str) -> Option<Home> {
    let (before, rest) = path.split_once("/ensembles/")?;
    let dataset = split(before).1;
    number(dataset, "Dataset")?;
    let (ensemble, _) = rest.split_once('/')?;
    Some(Home {
        from: format!("{before}/ensembles/{ensemble}"),
        to: format!("{dataset}/ensembles/{ensemble}"),
    })
}

/// `…/ensembles/TaskNNN_X/…`: what is done with the results of several configurations.
fn ensemble(path: &str) -> Option<Home> {
    let (before, rest) = match path.strip_prefix("ensembles/") {
        Some(rest) => ("", rest),
        None => path.split_once("/ensembles/")?,
    };
    let (task, _) = rest.split_once('/')?;
    number(task, "Task")?;
    let from = format!("{before}/ensembles/{task}");
    Some(Home {
        from: from.trim_start_matches('/').to_owned(),
        to: format!("nnUNet/ensembles/{task}"),
    })
}

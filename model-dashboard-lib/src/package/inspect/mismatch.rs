//! Where a package says that it is for another model.

use std::fmt;

use super::report::Report;
use crate::model::{ModelKey, NetworkType};

/// Something that a package says otherwise than the model that is to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// What is said otherwise.
    pub part: MismatchPart,
    /// What the model has.
    pub model: String,
    /// What the package says.
    pub package: String,
}

/// What a package can say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MismatchPart {
    /// The network type: a job that runs the package as another one fails, or takes its results for
    /// something else.
    NetworkType,
    /// The number of nnU-Net's data set, where the name of the model has one, too: jobs find the model
    /// by it.
    Name,
}

impl MismatchPart {
    /// Its name, for programs: `network_type`, `name`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NetworkType => "network_type",
            Self::Name => "name",
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, package, .. } = self;
        match self.part {
            MismatchPart::NetworkType => {
                write!(
                    f,
                    "the package is for the network type {package}, not {model}"
                )
            }
            MismatchPart::Name => write!(
                f,
                "the package is {package}, a data set of another number than {model}"
            ),
        }
    }
}

impl Report {
    /// The network type that the package has, where it is another and this is none that it may be as
    /// well.
    #[must_use]
    pub fn other_type(&self, network_type: &str) -> Option<&NetworkType> {
        let own = self.description.network_type.as_ref()?;
        let may_be = own.as_str() == network_type || self.also.iter().any(|it| it == network_type);
        (!may_be).then_some(own)
    }

    /// Where the package says something else than a model that is to get it. Another name alone is
    /// nothing of that: people call models as they like.
    #[must_use]
    pub fn mismatches(&self, key: &ModelKey) -> Vec<Mismatch> {
        let (network_type, name) = (key.network_type.as_str(), key.name.as_str());
        let mut found = Vec::new();
        if let Some(own) = self.other_type(network_type) {
            found.push(Mismatch {
                part: MismatchPart::NetworkType,
                model: network_type.to_owned(),
                package: own.to_string(),
            });
        }
        if let Some(own) = &self.description.name
            && let (Some(of_package), Some(of_model)) = (number(own.as_str()), number(name))
            && of_package != of_model
        {
            found.push(Mismatch {
                part: MismatchPart::Name,
                model: name.to_owned(),
                package: own.to_string(),
            });
        }
        found
    }
}

/// The number of a data set that nnU-Net calls so: `Task003_Liver`, `Dataset220_KiTS2023`.
fn number(name: &str) -> Option<u32> {
    let rest = ["Task", "Dataset"]
        .iter()
        .find_map(|word| name.strip_prefix(word))?;
    let (digits, _) = rest.split_once('_')?;
    let is_number = digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn report() -> Report {
        let text = r#"{"rules":1,"also":["TotalSegmentatorV2"],"size":0,"files":[],"verdict":null,
            "contains_code":false,"findings":[],"description":{"framework":"nnU-Net",
            "network_type":"nnUNet_v2","name":"Dataset501_HN"}}"#;
        serde_json::from_str(text).unwrap()
    }

    fn mismatches(key: &str) -> Vec<&'static str> {
        let found = report().mismatches(&key.parse().unwrap());
        found.into_iter().map(|it| it.part.as_str()).collect()
    }

    #[test]
    fn another_type_or_data_set_is_a_mismatch_and_another_name_is_none() {
        for fits in [
            "nnUNet_v2/Dataset501_HN",
            "nnUNet_v2/Dataset501_HeadAndNeck",
            "nnUNet_v2/Task501_HN",
            "nnUNet_v2/HeadAndNeck",
            "nnUNet_v2/Dataset_HN",
            "TotalSegmentatorV2/HeadAndNeck",
        ] {
            assert!(mismatches(fits).is_empty(), "{fits}");
        }
        assert_eq!(mismatches("MIST/HeadAndNeck"), ["network_type"]);
        assert_eq!(mismatches("nnUNet_v2/Dataset220_KiTS2023"), ["name"]);
        assert_eq!(mismatches("nnUNet/Task003_Liver"), ["network_type", "name"]);
    }

    #[test]
    fn a_package_that_says_nothing_fits_every_model() {
        let mut silent = report();
        silent.description = super::super::Description::new("");
        let key = "MIST/Task003_Liver".parse().unwrap();
        assert!(silent.mismatches(&key).is_empty());
    }
}

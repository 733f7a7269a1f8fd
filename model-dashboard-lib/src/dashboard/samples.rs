//! Definitions to look around with.

use super::{Caller, Dashboard, Error};
use crate::model::{DuplicateKeys, FieldError, ModelDefinition, ModelKey, ModelName, NetworkType};

/// One definition of each kind that people of this field know.
const SAMPLES: [&str; 9] = [
    include_str!("samples/nnUNet.Task055_SegTHOR.json"),
    include_str!("samples/nnUNet.Task003_Liver.json"),
    include_str!("samples/nnUNet_v2.Dataset220_KidneyTumour.json"),
    include_str!("samples/nnUNet_v2.Dataset501_HeadAndNeckOAR.json"),
    include_str!("samples/totalsegmentator.Task251_TotalBody.json"),
    include_str!("samples/TotalSegmentatorV2.Dataset291_Organs.json"),
    include_str!("samples/MIST.ProstateZones.json"),
    include_str!("samples/vista3d.AbdomenMulti.json"),
    include_str!("samples/tensorflow.LungNodules.json"),
];

/// How sample models come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Some are enabled, as in a registry in use.
    Demonstration,
    /// None is enabled: jobs that ask what may run find nothing that is not there.
    Disabled,
}

impl Dashboard {
    /// Puts sample models into a registry that holds none and has deleted none; answers how many.
    /// Needs `models:write` and, for a demonstration, `models:enable`.
    ///
    /// # Errors
    /// As [`Dashboard::create`].
    pub async fn install_samples(&self, caller: &Caller, samples: Samples) -> Result<usize, Error> {
        let picture = self.picture(caller).await?;
        if !picture.is_empty() || picture.tombstones().len() > 0 {
            return Ok(0);
        }
        for text in SAMPLES {
            let (key, mut definition) = sample(text)?;
            if samples == Samples::Disabled {
                definition.set_enabled(false);
            }
            match self.create(caller, key, definition, "Sample model").await {
                // Another process was quicker.
                Ok(_) | Err(Error::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(SAMPLES.len())
    }
}

fn sample(text: &str) -> Result<(ModelKey, ModelDefinition), Error> {
    let invalid = |error: FieldError| Error::Invalid(vec![error]);
    let definition = ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse)
        .map_err(|error| invalid(FieldError::json("", &error)))?;
    let network_type = NetworkType::parse(&definition.network_type().unwrap_or_default())
        .map_err(|error| invalid(FieldError::new("network_type", error.to_string())))?;
    let name = ModelName::parse(&definition.name().unwrap_or_default())
        .map_err(|error| invalid(FieldError::new("name", error.to_string())))?;
    Ok((ModelKey::new(network_type, name), definition))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    #[test]
    fn every_sample_is_well_formed_and_most_known_types_have_one() {
        for text in SAMPLES {
            let (key, definition) = sample(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(
                definition.check().is_empty(),
                "{key}: {:?}",
                definition.check()
            );
            assert!(key.network_type.is_known(), "{key}");
        }
    }
}

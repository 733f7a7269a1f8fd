//! Made-up models of the size that limits are given for: 3 KB with 25 contour names.

use model_dashboard::model::{
    ModelDefinition, ModelId, ModelKey, ModelName, NetworkType, RegistryInfo, Timestamp,
};
use serde_json::{Map, Value, json};

const ORGANS: &[&str] = &[
    "spleen",
    "kidney",
    "liver",
    "stomach",
    "pancreas",
    "adrenal_gland",
    "lung_lobe",
    "esophagus",
    "trachea",
    "thyroid_gland",
    "small_bowel",
    "duodenum",
    "colon",
    "urinary_bladder",
    "prostate",
    "sacrum",
    "vertebra",
    "heart_atrium",
    "heart_ventricle",
    "aorta",
    "iliac_artery",
    "humerus",
    "scapula",
    "clavicula",
    "femur",
    "hip",
    "gluteus_maximus",
    "autochthon",
    "brainstem",
    "parotid",
    "submandibular",
    "optic_nerve",
    "cochlea",
    "mandible",
    "larynx",
    "cord",
    "rectum",
    "sigmoid",
];
const SIDES: &[&str] = &["left", "right", "upper", "lower", "anterior", "posterior"];
const WORDS: &[&str] = &[
    "trained",
    "on",
    "contrast",
    "enhanced",
    "scans",
    "of",
    "adult",
    "patients",
    "from",
    "several",
    "sites",
    "with",
    "manual",
    "contours",
    "reviewed",
    "by",
    "radiation",
    "oncologists",
    "the",
    "ensemble",
    "averages",
    "five",
    "folds",
    "and",
    "needs",
    "about",
    "eight",
    "gigabytes",
    "for",
    "volumes",
    "resampled",
    "to",
    "isotropic",
    "spacing",
    "not",
    "validated",
    "paediatric",
    "cases",
];
const OWNERS: &[&str] = &[
    "radiotherapy",
    "radiology",
    "research",
    "neurology",
    "physics",
    "cardiology",
];
const TAGS: &[&str] = &[
    "ct", "mr", "pet", "clinical", "trial", "planning", "fast", "abdomen",
];

/// A small generator of numbers that are the same in every run (Steele et al., SplitMix64, 2014).
#[derive(Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The sequence with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// The key of the model number `n`.
#[must_use]
pub fn key(n: usize) -> ModelKey {
    let network_type = NetworkType::KNOWN[n % NetworkType::KNOWN.len()];
    let organ = ORGANS[n % ORGANS.len()];
    let name = format!("Dataset{n:06}_{organ}");
    let parse = || {
        Some(ModelKey::new(
            NetworkType::parse(network_type).ok()?,
            ModelName::parse(&name).ok()?,
        ))
    };
    parse().unwrap_or_else(|| unreachable!("names of samples are well formed"))
}

/// The definition of the model number `n`, 3 KB long, as the registry writes it.
#[must_use]
pub fn definition(n: usize) -> Vec<u8> {
    let numbers = &mut Numbers::new(n as u64);
    let key = key(n);
    let contour_names: Map<String, Value> = (1..=25)
        .map(|label| {
            let (organ, side) = (numbers.pick(ORGANS), numbers.pick(SIDES));
            // Some names are the model's own.
            let own = if label % 8 == 0 {
                format!("_{n}")
            } else {
                String::new()
            };
            (label.to_string(), format!("{organ}_{side}{own}").into())
        })
        .collect();
    let description: Vec<&str> = (0..70).map(|_| numbers.pick(WORDS)).collect();
    let month = numbers.below(12) + 1;
    let mut value = json!({
        "name": key.name.as_str(),
        "network_type": key.network_type.as_str(),
        "enabled": numbers.below(3) == 0,
        "alias": format!("{} {} {n}", numbers.pick(ORGANS), numbers.pick(SIDES)),
        "description": description.join(" "),
        "contour_names": contour_names,
        "inference_information": {
            "version": format!("{}.{}.{}", numbers.below(4), numbers.below(20), numbers.below(9)),
            "patch_size": [128, 128, 112],
            "spacing": [1.5, 0.976_562, 0.976_562],
            "folds": [0, 1, 2, 3, 4],
            "notes": "",
        },
        "inference_args": "",
        "create_date": format!("{month}/{}/{}", numbers.below(28) + 1, 20 + numbers.below(6)),
        "last_modified_date": format!("2026-{month:02}-{:02}T09:30:00Z", numbers.below(28) + 1),
        "version": "",
    });
    let room = 2_600_usize.saturating_sub(value.to_string().len());
    value["inference_information"]["notes"] = "0123456789".repeat(room / 10).into();
    let definition = ModelDefinition::parse_checked(value.to_string().as_bytes());
    let definition = definition.unwrap_or_else(|_| unreachable!("samples are valid"));
    let info = RegistryInfo {
        key: Some(key),
        message: Some("first version".to_owned()),
        modified_by: Some(format!("{}.admin", numbers.pick(OWNERS))),
        modified_at: Some(Timestamp::UNIX_EPOCH),
        write_id: Some("01J00000000000000000000000".to_owned()),
        owner: Some(numbers.pick(OWNERS).to_owned()),
        tags: vec![numbers.pick(TAGS).to_owned(), numbers.pick(TAGS).to_owned()],
        ..RegistryInfo::new(ModelId::from_u128(n as u128), 1)
    };
    definition.with_registry(&info).to_bytes()
}

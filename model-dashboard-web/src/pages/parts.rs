//! The parts of a definition's form that two people may change without getting in each other's way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model_dashboard::model::label_cell;
use sha2::{Digest, Sha256};

use super::definition::split_names;
use crate::views::components::field::Field;
use crate::views::components::label_rows::LabelRow;
use crate::views::definition_form::DefinitionForm;

/// The longest text that a form carries to show it as what was before.
const MOST_CARRIED: usize = 1024;

/// A part of the form that is compared, saved and settled as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Alias,
    Version,
    Labels,
    InferenceArgs,
    InferenceInformation,
    Description,
    Owner,
    Tags,
    OtherFields,
}

impl Part {
    /// All of them, in the order of the form.
    pub(super) const ALL: [Part; 9] = [
        Part::Alias,
        Part::Version,
        Part::Labels,
        Part::InferenceArgs,
        Part::InferenceInformation,
        Part::Description,
        Part::Owner,
        Part::Tags,
        Part::OtherFields,
    ];

    /// The name that the whole part can be posted under, as one text.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Part::Alias => "alias",
            Part::Version => "version",
            Part::Labels => "labels_pasted",
            Part::InferenceArgs => "inference_args",
            Part::InferenceInformation => "inference_information",
            Part::Description => "description",
            Part::Owner => "owner",
            Part::Tags => "tags",
            Part::OtherFields => "other_fields",
        }
    }

    /// The part with this name.
    pub(super) fn named(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }

    /// What people call it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Part::Alias => "Alias",
            Part::Version => "Version",
            Part::Labels => "Labels",
            Part::InferenceArgs => "Inference arguments",
            Part::InferenceInformation => "Inference information",
            Part::Description => "Description",
            Part::Owner => "Owner",
            Part::Tags => "Tags",
            Part::OtherFields => "Other fields",
        }
    }

    /// Whether it is JSON, a table or a command.
    pub(super) const fn is_mono(self) -> bool {
        matches!(
            self,
            Part::Labels | Part::InferenceArgs | Part::InferenceInformation | Part::OtherFields
        )
    }

    /// The part as one text, the same for what a form shows and for what a browser sends back
    /// untouched: controls of one line drop line breaks, those of several rewrite them.
    pub(super) fn text(self, form: &DefinitionForm) -> String {
        let one_line = |field: &Field| field.value.replace(['\r', '\n'], "").trim().to_owned();
        let json = |field: &Field| lines(&field.value).trim().to_owned();
        match self {
            Part::Alias => one_line(&form.alias),
            Part::Version => one_line(&form.version),
            Part::Labels => labels(form),
            Part::InferenceArgs => one_line(&form.inference_args),
            Part::InferenceInformation => json(&form.inference_information),
            Part::Description => lines(&form.description.value),
            Part::Owner => one_line(&form.owner),
            Part::Tags => one_line(&form.tags),
            Part::OtherFields => json(&form.other_fields),
        }
    }

    /// Whether the part says the same in both forms.
    pub(super) fn is_same(self, one: &DefinitionForm, other: &DefinitionForm) -> bool {
        self.text(one) == self.text(other)
    }
}

fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The labels as lines, as they can be pasted.
fn labels(form: &DefinitionForm) -> String {
    let pasted = &form.labels.pasted.value;
    if !pasted.trim().is_empty() {
        return lines(pasted).trim_end().to_owned();
    }
    let line = |row: &LabelRow| {
        let names = split_names(&row.names.replace(['\r', '\n'], ""));
        let cells: Vec<_> = names.iter().map(|name| label_cell(name)).collect();
        format!("{}\t{}", row.number.trim(), cells.join("\t"))
    };
    let is_blank = |row: &&LabelRow| row.number.trim().is_empty() && row.names.trim().is_empty();
    let rows = form.labels.rows.iter().filter(|row| !is_blank(row));
    rows.map(line)
        .collect::<Vec<_>>()
        .join("\n")
        .trim_end()
        .to_owned()
}

/// What a form showed when it was made, carried in it: the number of the revision, a short digest of
/// each part, and its text where that is short. So what the one who comes second typed is told apart
/// from what they never touched, even where the history does not hold that revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Base(String);

/// What the number of the revision is noted under.
const REVISION: &str = "revision";

impl Base {
    /// Of a form that is shown now, of this revision.
    pub(super) fn of(form: &DefinitionForm, revision: Option<u64>) -> Base {
        let number = revision.map(|number| format!("{REVISION}:{number}"));
        let noted = Part::ALL.map(|part| {
            let text = part.text(form);
            let shown = match text.len() <= MOST_CARRIED {
                true => format!(":{}", URL_SAFE_NO_PAD.encode(&text)),
                false => String::new(),
            };
            format!("{}:{}{shown}", part.name(), digest(&text))
        });
        let noted: Vec<String> = number.into_iter().chain(noted).collect();
        Base(noted.join(" "))
    }

    /// As a form sent it.
    pub(super) fn sent(text: &str) -> Base {
        Base(text.to_owned())
    }

    /// What a form carries.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The revision that the form was filled from.
    pub(super) fn revision(&self) -> Option<u64> {
        self.noted(REVISION)?.parse().ok()
    }

    /// What the part said when the form was made, as far as that is known: as it is noted, or as
    /// one of these forms still says it.
    pub(super) fn before(&self, part: Part, forms: [&DefinitionForm; 2]) -> Option<String> {
        let noted = self.noted(part.name())?;
        let (then, text) = match noted.split_once(':') {
            Some((then, text)) => (then, Some(text)),
            None => (noted, None),
        };
        let mut texts = forms.into_iter().map(|form| part.text(form));
        let same = texts.find(|text| digest(text) == then);
        same.or_else(|| String::from_utf8(URL_SAFE_NO_PAD.decode(text?).ok()?).ok())
    }

    fn noted(&self, name: &str) -> Option<&str> {
        let mut noted = self.0.split(' ');
        noted.find_map(|noted| noted.strip_prefix(name)?.strip_prefix(':'))
    }
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(digest.get(..8).unwrap_or_default())
}

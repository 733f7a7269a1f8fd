//! Rows of labels that somebody typed or pasted become contour names, or errors.

use std::collections::HashSet;

use super::check::FieldError;
use super::labels::{ContourNames, LabelNames, LabelNumber, LabelNumberError, MAX_LABEL_ERRORS};

/// Labels as they are typed or pasted, one row after the other.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) labels: Vec<(LabelNumber, LabelNames)>,
    seen: HashSet<LabelNumber>,
    pub(super) errors: LabelErrors,
}

impl Rows {
    /// Adds a row; one without number and names is nothing.
    pub(super) fn add<'a>(
        &mut self,
        number: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), String> {
        let names = names
            .into_iter()
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        if number.trim().is_empty() && names.is_empty() {
            return Ok(());
        }
        let number: LabelNumber = number
            .trim()
            .parse()
            .map_err(|error: LabelNumberError| error.to_string())?;
        if names.is_empty() {
            return Err(format!("label {number} needs a name"));
        }
        if !self.seen.insert(number) {
            return Err(format!("label {number} appears twice"));
        }
        self.labels.push((number, LabelNames::from_names(names)));
        Ok(())
    }

    pub(super) fn finish(self) -> Result<ContourNames, Vec<FieldError>> {
        let errors = self.errors.finish();
        if errors.is_empty() {
            Ok(ContourNames::of(self.labels))
        } else {
            Err(errors)
        }
    }
}

/// Errors up to the number that a person reads.
#[derive(Default)]
pub(super) struct LabelErrors {
    named: Vec<FieldError>,
    unnamed: usize,
}

impl LabelErrors {
    pub(super) fn push(&mut self, error: FieldError) {
        if self.named.len() < MAX_LABEL_ERRORS {
            self.named.push(error);
        } else {
            self.unnamed += 1;
        }
    }

    pub(super) fn finish(mut self) -> Vec<FieldError> {
        if self.unnamed > 0 {
            let rest = format!("{} more labels are wrong", self.unnamed);
            self.named.push(FieldError::new("contour_names", rest));
        }
        self.named
    }
}

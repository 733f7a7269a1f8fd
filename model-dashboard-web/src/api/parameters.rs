//! Query parameters: every one that is not known is named, with the nearest that is.

use std::str::FromStr;

use super::answer::Failure;
use super::problem::{FieldProblem, Problem};
use http::StatusCode;

/// The query of a request, checked against what its route knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query string (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// A problem that lists the parameters that are not in `known`, or given twice.
    pub(super) fn parse(query: &str, known: &[&str]) -> Result<Parameters, Failure> {
        let mut read: Vec<(String, String)> = Vec::new();
        let mut errors = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&&*name) {
                errors.push(wrong(&name, unknown(&name, known)));
            } else if read.iter().any(|(n, _)| *n == name) {
                errors.push(wrong(&name, "is given twice"));
            } else {
                read.push((name.into_owned(), value.into_owned()));
            }
        }
        if errors.is_empty() {
            Ok(Parameters(read))
        } else {
            Err(refuse(errors))
        }
    }

    /// The names of those that are given, with a value or without.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value of a parameter; empty ones count as not given.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, v)| n == name && !v.is_empty())
            .map(|(_, v)| v.as_str())
    }

    /// A parameter as a value; `expected` says what it has to be.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub(super) fn value<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| refuse(vec![wrong(name, format!("must be {expected}"))]))
    }

    /// How many are asked for: `limit`, from 1 to `most`.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub(super) fn limit(&self, by_default: usize, most: usize) -> Result<usize, Failure> {
        let expected = format!("a number from 1 to {most}");
        let limit = self.value("limit", &expected)?.unwrap_or(by_default);
        match (1..=most).contains(&limit) {
            true => Ok(limit),
            false => Err(bad("limit", format!("must be {expected}"))),
        }
    }

    /// A parameter that is one of a few words.
    ///
    /// # Errors
    /// A problem that lists the words.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                let message = format!("must be one of {}", words.join(", "));
                Err(refuse(vec![wrong(name, message)]))
            }
        }
    }
}

fn wrong(name: &str, message: impl Into<String>) -> FieldProblem {
    let name: String = name.chars().take(64).collect();
    FieldProblem::named(&name, message)
}

/// What is said of a name that is not known.
pub(super) fn unknown(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|k| (strsim::jaro_winkler(k, name), k))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.7);
    match (nearest, known) {
        (Some((_, nearest)), _) => format!("is not known; did you mean {nearest}?"),
        (None, []) => "is not known; there are none here".to_owned(),
        (None, known) => format!("is not known; known are {}", known.join(", ")),
    }
}

/// A parameter that cannot be taken.
pub(super) fn bad(name: &str, message: impl Into<String>) -> Failure {
    refuse(vec![wrong(name, message)])
}

/// Parameters that cannot be taken.
pub(super) fn refuse(errors: Vec<FieldProblem>) -> Failure {
    let text: Vec<_> = errors
        .iter()
        .map(|e| format!("{} {}", e.field, e.message))
        .collect();
    let (status, title) = (StatusCode::BAD_REQUEST, "Bad query parameter");
    let mut problem = Problem::new(status, "bad-parameter", title, text.join("; "));
    problem.errors = errors;
    problem.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_unknown_parameter_is_named_with_the_nearest_known_one() {
        let problem = Parameters::parse("serach=x&limit=3", &["search", "limit"])
            .unwrap_err()
            .0;
        assert_eq!(problem.status, 400);
        assert_eq!(problem.detail, "serach is not known; did you mean search?");
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        let problem = Parameters::parse("a=1&a=2", &["a"]).unwrap_err().0;
        assert_eq!(problem.detail, "a is given twice");
    }

    #[test]
    fn values_are_decoded_and_checked() {
        let read = Parameters::parse("a=n%C3%BC+x&n=-1&e=", &["a", "n", "e"]).unwrap();
        assert_eq!(read.get("a"), Some("nü x"));
        assert_eq!(read.get("e"), None);
        let problem = read
            .value::<u32>("n", "a number from 1 to 1000")
            .unwrap_err()
            .0;
        assert_eq!(problem.detail, "n must be a number from 1 to 1000");
    }
}

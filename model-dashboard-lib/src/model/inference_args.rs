//! Inference arguments as a command line: given, or derived from the inference information.

use serde_json::value::RawValue;

use super::json::{JsonKind, decode_string};

/// The arguments that an inference job passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferenceArgs {
    /// One line of text, words quoted for a POSIX shell where they need it.
    pub text: String,
    /// Whether the text was derived from `inference_information.inference_args`.
    pub derived: bool,
}

/// Writes an object of arguments as a command line, in the object's order: a key gets `--` unless
/// it starts with `-`; `true` gives the bare flag, `false` and null nothing, a list its elements
/// one after the other, anything else `key value`. Words are shell-quoted where needed; numbers
/// keep their text.
pub(super) fn derive<'a, 'k>(args: impl Iterator<Item = (&'k str, &'a str)>) -> String {
    let mut words = Vec::new();
    for (key, value) in args {
        let flag = if key.starts_with('-') {
            key.to_owned()
        } else {
            format!("--{key}")
        };
        let values = match JsonKind::of(value) {
            JsonKind::Null => continue,
            JsonKind::Bool if value == "false" => continue,
            JsonKind::Bool => Vec::new(),
            JsonKind::Array => match serde_json::from_str::<Vec<&RawValue>>(value) {
                Ok(elements) if elements.is_empty() => continue,
                Ok(elements) => elements.iter().map(|element| word(element.get())).collect(),
                Err(_) => vec![value.to_owned()],
            },
            _ => vec![word(value)],
        };
        words.push(shell_quote(&flag));
        words.extend(values.iter().map(|value| shell_quote(value)));
    }
    words.join(" ")
}

fn word(raw: &str) -> String {
    decode_string(raw).unwrap_or_else(|| raw.to_owned())
}

/// Quotes one word for a POSIX shell (IEEE Std 1003.1, section 2.2.2), only where it needs it.
#[must_use]
pub fn shell_quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"@%_+=:,./-".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The characters in a command line that a POSIX shell would act upon, each once, in order of
/// appearance: for a warning beside arguments that a job may hand to a shell. What stands in
/// quotes does not count, nor does `\` before a quote; a quote that is never closed does.
#[must_use]
pub fn shell_metacharacters(text: &str) -> Vec<char> {
    let mut found = Vec::new();
    let mut note = |c: char| {
        if !found.contains(&c) {
            found.push(c);
        }
    };
    let mut quote = None;
    let mut word_start = true;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (Some(_), '$' | '`') => note(c),
            (None, '\'' | '"') => quote = Some(c),
            (_, '\\') => match chars.next() {
                // This is how a quote is quoted.
                Some('\'' | '"') => {}
                _ => note(c),
            },
            (Some(_), _) => {}
            (None, ';' | '&' | '|' | '<' | '>' | '$' | '`' | '(' | ')' | '*' | '?' | '[' | ']') => {
                note(c);
            }
            (None, '{' | '}' | '\n' | '\r' | '\0') => note(c),
            (None, '#' | '~') if word_start => note(c),
            (None, _) => {}
        }
        word_start = quote.is_none() && c.is_whitespace();
    }
    if let Some(open) = quote {
        note(open);
    }
    found
}

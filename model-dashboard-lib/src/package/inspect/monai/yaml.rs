//! A look at YAML that need not understand it: what could be code is told, rather once too often.

use super::code::{is_component, names_a_file};
use crate::package::inspect::finding::MAX_PLACES;

/// What may stand before a text, beside blanks: of a list, a map, a quotation, a block.
const BEFORE: &str = "\"'[{,?-:>|";

/// What ends a line.
const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Lines with texts that begin with `$`, with `_target_`s that are none of MONAI's components, and
/// with tags.
pub(super) fn code(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut evaluated, mut called, mut tags) = (Vec::new(), Vec::new(), Vec::new());
    let text = text.replace("\r\n", "\n");
    let mut quotes_are_closed = true;
    for (number, line) in text.split(BREAKS).enumerate() {
        let place = |places: &mut Vec<String>| {
            if places.len() < MAX_PLACES {
                places.push(format!("line {}", number + 1));
            }
        };
        // A comment, unless a quotation goes on over several lines.
        if quotes_are_closed && line.trim_start().starts_with('#') {
            continue;
        }
        for quote in ['"', '\''] {
            quotes_are_closed &= line.matches(quote).count() % 2 == 0;
        }
        // A quotation can spell any sign otherwise.
        let spelled = ["\\x", "\\u", "\\U"].iter().any(|sign| line.contains(sign));
        let opens = |c: char| c.is_whitespace() || BEFORE.contains(c);
        let begins = |(at, _): (usize, &str)| {
            line.get(..at)
                .is_some_and(|before| before.is_empty() || before.ends_with(opens))
        };
        if spelled || line.match_indices('$').any(begins) {
            place(&mut evaluated);
        }
        let quoted = |c: char| c.is_whitespace() || "\"':,}]".contains(c);
        let is_foreign = |target: &str| {
            let name = target.trim_matches(quoted);
            !is_component(name.split(quoted).next().unwrap_or_default())
        };
        if line.split("_target_").skip(1).any(is_foreign) {
            place(&mut called);
        }
        if line.match_indices('%').any(begins) && names_a_file(line) {
            place(&mut evaluated);
        }
        if line.match_indices('!').any(begins) || line.contains("tag:yaml.org") {
            place(&mut tags);
        }
    }
    (evaluated, called, tags)
}

/// Paths and addresses of a `large_files.yml`, or of the same as JSON: a list of maps, one member a
/// line.
pub(super) fn large_files(text: &str) -> Vec<(String, String)> {
    let (mut files, mut path, mut url) = (Vec::new(), None, None);
    let blank = |c: char| c.is_whitespace() || "-\"'{},".contains(c);
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = || value.trim_matches(blank).to_owned();
        match key.trim_matches(blank) {
            "path" => path = Some(value()),
            "url" => url = Some(value()),
            _ => continue,
        }
        if let (Some(path), Some(url)) = (&path, &url) {
            files.push((path.clone(), url.clone()));
        } else {
            continue;
        }
        (path, url) = (None, None);
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_the_sign_is_told_by_its_line() {
        let text = "# $no code\nimports:\n  - $import os\nrun: >-\n  $os.system('true')\n\
                    a: \"\\x24x\"\nb: x$y\nc: {d: [$e]}\n";
        let (evaluated, called, tags) = code(text);
        assert_eq!(evaluated, ["line 3", "line 5", "line 6", "line 8"]);
        assert!(called.is_empty() && tags.is_empty());
    }

    #[test]
    fn targets_and_tags_are_told() {
        let text = "a: {_target_: UNet}\nb:\n  _target_: os.system\nc: !!python/object/apply:os.system ['true']\n\
                    d: [{_target_: UNet}, {_target_: os.system}]\n";
        let (evaluated, called, tags) = code(text);
        assert!(evaluated.is_empty());
        assert_eq!(
            (called, tags),
            (
                vec!["line 3".to_owned(), "line 5".to_owned()],
                vec!["line 4".to_owned()]
            )
        );
        // No comment: the quotation goes on.
        let (_, called, _) =
            code("a: {\"x\n# y\": 1, _target_: os.system}\n# _target_: os.system\n");
        assert_eq!(called, ["line 2", "line 3"]);
        // What other files hold is put in.
        let (evaluated, ..) = code("a: \"%docs/x.json::run\"\nb: '%a'\nc: 5 %\n");
        assert_eq!(evaluated, ["line 1"]);
    }

    #[test]
    fn large_files_are_paths_with_addresses() {
        let yaml = "large_files:\n- path: models/model.pt\n  url: https://example.org/m.pt\n  hash_type: md5\n";
        let files = large_files(yaml);
        assert_eq!(
            files,
            [(
                "models/model.pt".to_owned(),
                "https://example.org/m.pt".to_owned()
            )]
        );
    }
}

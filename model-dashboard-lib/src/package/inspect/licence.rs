//! Which licence a text is.

use super::contents::{MAX_TEXT, folder};
use crate::package::{Package, PackageError, PackageFile};

/// Names by SPDX, and words that their texts hold, all of them; the more exact ones first. Line
/// breaks and case do not count.
const LICENCES: &[(&str, &[&str])] = &[
    (
        "CC-BY-NC-SA-4.0",
        &["attribution-noncommercial-sharealike 4.0"],
    ),
    (
        "CC-BY-NC-ND-4.0",
        &["attribution-noncommercial-noderivatives 4.0"],
    ),
    ("CC-BY-NC-4.0", &["attribution-noncommercial 4.0"]),
    ("CC-BY-SA-4.0", &["attribution-sharealike 4.0"]),
    ("CC-BY-ND-4.0", &["attribution-noderivatives 4.0"]),
    ("CC-BY-4.0", &["attribution 4.0 international"]),
    ("CC0-1.0", &["cc0 1.0 universal"]),
    (
        "AGPL-3.0",
        &["gnu affero general public license", "version 3"],
    ),
    (
        "LGPL-3.0",
        &["gnu lesser general public license", "version 3"],
    ),
    ("GPL-3.0", &["gnu general public license", "version 3"]),
    ("GPL-2.0", &["gnu general public license", "version 2"]),
    ("MPL-2.0", &["mozilla public license", "2.0"]),
    ("Apache-2.0", &["apache license", "version 2.0"]),
    (
        "LicenseRef-NVIDIA-OneWay-Noncommercial",
        &["nvidia oneway noncommercial license"],
    ),
    (
        "LicenseRef-NVIDIA-NCLS",
        &["ncls", "non-commercial", "nvidia"],
    ),
    (
        "LicenseRef-NVIDIA-Open-Model",
        &["nvidia open model license"],
    ),
    (
        "BSD-3-Clause",
        &[
            "redistribution and use in source and binary forms",
            "neither the name",
        ],
    ),
    (
        "BSD-2-Clause",
        &["redistribution and use in source and binary forms"],
    ),
    ("MIT", &["permission is hereby granted, free of charge"]),
    ("MIT", &["mit license"]),
];

/// How much of a text is looked at: licences name themselves at their beginning.
const LOOKED_AT: usize = 64 << 10;

/// The name of the licence that a text is, if it is a known one.
pub(super) fn recognise(text: &str) -> Option<&'static str> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let text = words.join(" ");
    let holds = |(_, marks): &&(&str, &[&str])| marks.iter().all(|mark| text.contains(mark));
    LICENCES.iter().find(holds).map(|(name, _)| *name)
}

/// The licence in a file `LICENSE` of this folder: its name, or its first line.
pub(super) fn of_folder(package: &Package, of: &str) -> Result<Option<String>, PackageError> {
    let is_licence = |file: &&PackageFile| {
        let name = file.path.file_name().to_ascii_lowercase();
        let stem = name.split('.').next().unwrap_or_default();
        folder(file) == of && matches!(stem, "license" | "licence" | "copying")
    };
    let Some(file) = package.files().iter().find(is_licence) else {
        return Ok(None);
    };
    if file.size > MAX_TEXT {
        return Ok(None);
    }
    let bytes = package.read_whole(file, MAX_TEXT)?;
    let text = String::from_utf8_lossy(bytes.get(..LOOKED_AT).unwrap_or(&bytes));
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    Ok(recognise(&text)
        .or(first)
        .map(|name| name.chars().take(100).collect()))
}

#[cfg(test)]
mod tests {
    use super::recognise;

    #[test]
    fn licences_are_known_by_their_words() {
        assert_eq!(recognise("MIT License\n\nCopyright (c) 2026"), Some("MIT"));
        assert_eq!(
            recognise("Apache License\n   Version 2.0, January 2004"),
            Some("Apache-2.0")
        );
        assert_eq!(recognise("All rights reserved"), None);
    }
}

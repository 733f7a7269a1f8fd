//! Files of any package that are code by themselves.

use super::finding::{Finding, FindingKind};
use crate::package::{Package, PackageFile};

/// How many files are told one by one.
const TOLD: usize = 50;

/// Extensions of code, and what it is.
const CODE: &[(&str, &str)] = &[
    ("py", "Python code"),
    ("pyc", "compiled Python code"),
    ("pyd", "a library of machine code"),
    ("ipynb", "a notebook of Python code"),
    ("so", "a library of machine code"),
    ("dylib", "a library of machine code"),
    ("dll", "a library of machine code"),
    ("exe", "a program"),
    ("sh", "a shell script"),
    ("bat", "a batch file"),
    ("ps1", "a PowerShell script"),
    ("whl", "a package of Python code"),
    ("jar", "a package of Java code"),
];

/// Tells them.
pub(super) fn find(package: &Package, findings: &mut Vec<Finding>) {
    let files = package.files().iter().filter(|file| file.size > 0);
    let code: Vec<_> = files.filter_map(|file| Some((file, kind(file)?))).collect();
    for (file, what) in code.iter().take(TOLD) {
        let text = format!("it is {what}");
        findings.push(Finding::new(FindingKind::Code, text).at(&file.path));
    }
    if let Some(more) = code.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let text = format!("{more} more files are code");
        findings.push(Finding::new(FindingKind::Code, text));
    }
}

fn kind(file: &PackageFile) -> Option<&'static str> {
    let (_, extension) = file.path.file_name().rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    // Libraries of Linux carry their version behind: libx.so.1.
    let is_library = file.path.file_name().contains(".so.");
    let known = CODE.iter().find(|(of, _)| *of == extension);
    known
        .map(|(_, what)| *what)
        .or(is_library.then_some("a library of machine code"))
}

impl Finding {
    /// Of a file that can name code and could not be read: it is never called clean.
    pub(super) fn unread(file: &PackageFile) -> Self {
        let text = "it cannot be read, so what it makes the framework run cannot be told";
        Self::new(FindingKind::Code, text).at(&file.path)
    }

    pub(super) fn is_code(&self) -> bool {
        self.kind == FindingKind::Code
    }
}

//! What people should know before they load a file.

/// Something in a file that is more than numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Where it is within the file, as `config.json: config.layers[1]`; empty for the file itself.
    pub place: String,
    /// What it does, for people to read.
    pub what: String,
}

/// What a [`Finding`] is. The worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// Not as writers of the format do it.
    Odd,
    /// It needs what is not in the file: a library of operators, a class that a program registers.
    Needs,
    /// It reads or writes files, or talks to other machines.
    Outside,
    /// It holds what could not be read, so that nothing can be said of it.
    Unread,
    /// It runs code that is in the file or that the file names.
    Code,
}

impl Finding {
    /// Whether loading or using the file runs code.
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.kind == FindingKind::Code
    }
}

/// Findings, as many as people read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
    left_out: u64,
    /// The worst of those that were left out.
    worst: Option<FindingKind>,
}

/// The most that are kept.
const MOST: usize = 100;

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        if self.found.contains(&finding) {
            return;
        }
        if self.found.len() < MOST {
            self.found.push(finding);
        } else {
            self.left_out += 1;
            self.worst = self.worst.max(Some(finding.kind));
        }
    }

    pub(super) fn finish(mut self) -> Vec<Finding> {
        if let Some(kind) = self.worst {
            self.found.push(Finding {
                kind,
                place: String::new(),
                what: format!("and {} findings more", self.left_out),
            });
        }
        self.found
    }
}

//! A bar for long work, where somebody watches.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// Fewer than this are done before a bar helps.
const MANY: usize = 20;

/// A bar on standard error that counts to `total`; nothing if that is few, or no terminal is there.
pub(crate) fn bar(total: usize, what: &'static str) -> ProgressBar {
    if total < MANY || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    let bar = ProgressBar::new(total as u64).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A bar whose length shows once the work has begun; nothing if no terminal is there.
pub(crate) fn growing_bar(what: &'static str) -> ProgressBar {
    bar(MANY, what)
}

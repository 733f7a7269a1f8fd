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

/// So many bytes are read before a bar helps.
const LARGE: u64 = 64 << 20;

/// A bar on standard error that counts bytes to `total`; nothing if that is few, or no terminal is
/// there.
pub(crate) fn bytes_bar(total: u64, what: &'static str) -> ProgressBar {
    if total < LARGE || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {eta}";
    let bar = ProgressBar::new(total).with_message(what);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A bar whose length shows once the work has begun; nothing if no terminal is there.
pub(crate) fn growing_bar(what: &'static str) -> ProgressBar {
    bar(MANY, what)
}

//! What is said of a package, beside the answer, before somebody relies on it.

use model_dashboard::package::inspect::{Report, Trust};

use crate::output::note;

/// What loading it would run, where that is more than its framework does (an administrator may have let jobs
/// have it all the same), and why jobs may not run it correctly. `package` is what it is called.
pub(super) fn of_package(package: &str, report: &Report) {
    match report.trust() {
        Trust::Dangerous => note(format_args!(
            "{package} is dangerous: loading it runs code, or hides what it runs"
        )),
        Trust::Unscannable => note(format_args!(
            "a file of {package} cannot be read to its end: nobody knows what loading it runs"
        )),
        Trust::Unknown if report.contains_code => note(format_args!(
            "{package} runs code of its own, which nobody has judged"
        )),
        Trust::Unknown | Trust::Expected => {}
    }
    of_lacking(package, &report.lacking());
}

/// Why jobs may not run it correctly, each in a line of its own: not everybody reads a report to its end.
pub(super) fn of_lacking(package: &str, lacking: &[String]) {
    for why in lacking {
        note(format_args!("{package} may not run correctly: {why}"));
    }
}

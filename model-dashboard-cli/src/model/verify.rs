//! `model verify`.

use std::path::PathBuf;

use clap::Args;
use model_dashboard::package::unpack::{Verification, folders_with_receipts, verify};
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::installation::Context;
use crate::output::{counted, note};
use crate::progress::growing_bar;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// What --into was, or one of the folders in it
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// A folder that was compared with its receipt, for programs.
#[derive(Serialize)]
struct Verified {
    folder: PathBuf,
    reference: String,
    from: String,
    digest: String,
    pulled_at: String,
    clean: bool,
    missing: Vec<String>,
    changed: Vec<String>,
    added: Vec<String>,
}

impl Verified {
    fn of(folder: PathBuf, found: Verification) -> Self {
        let clean = found.is_clean();
        let text = |paths: Vec<_>| paths.iter().map(ToString::to_string).collect();
        let origin = found.receipt.origin;
        Self {
            folder,
            reference: origin.reference,
            from: origin.from,
            digest: origin.package.to_string(),
            pulled_at: origin.at.to_string(),
            clean,
            missing: text(found.missing),
            changed: text(found.changed),
            added: found.added,
        }
    }
}

pub(super) fn run(asked: &Verify, context: &Context) -> Result<(), Failure> {
    let folders = folders_with_receipts(&asked.dir)?;
    if folders.is_empty() {
        let message = format!(
            "nothing in {} was put there by `model pull`",
            asked.dir.display()
        );
        return Err(Failure::new(Kind::NotFound, message));
    }
    let bar = growing_bar("reading");
    let mut all = Vec::new();
    for folder in folders {
        let found = verify(&folder, &mut |_| bar.tick())?;
        all.push(Verified::of(folder, found));
    }
    bar.finish_and_clear();
    context.output.show(&all, || {
        let rows = all.iter().map(|it| {
            let state = match it.clean {
                true => "as it was put there",
                false => "differs",
            };
            let folder = it.folder.display().to_string();
            [it.reference.clone(), state.to_owned(), folder]
        });
        context.output.table(["MODEL", "STATE", "FOLDER"], rows)
    })?;
    for it in &all {
        let named = [
            ("missing", &it.missing),
            ("changed", &it.changed),
            ("added", &it.added),
        ];
        for (what, path) in named
            .iter()
            .flat_map(|(what, all)| all.iter().map(move |it| (what, it)))
        {
            note(format_args!("{what}: {}/{path}", it.folder.display()));
        }
    }
    match all.iter().filter(|it| !it.clean).count() {
        0 => Ok(()),
        some => {
            let message = format!(
                "{} of {} differ from what was put there",
                counted(some as u64, "folder"),
                all.len()
            );
            Err(Failure::new(Kind::Failed, message)
                .hint("remove such a folder and pull the model again"))
        }
    }
}

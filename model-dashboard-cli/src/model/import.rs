//! `model import`.

use std::path::PathBuf;

use clap::Args;
use model_dashboard::client::Client;
use model_dashboard::dashboard::{Error, ErrorKind, ImportFile, ImportMode, Imported};
use model_dashboard::model::ModelKey;
use serde::Serialize;

use super::files::{Definition, Found, Place, read_all};
use crate::args::Reason;
use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation};
use crate::output::{Output, note};
use crate::progress::bar;

/// How many definitions are handed over at a time.
const AT_ONCE: usize = 100;

/// With more than these, only what failed is listed for people.
const LISTED: usize = 50;

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// JSON files with a definition or a list of them, folders, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Replace models that are there already and differ
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    reason: Reason,
}

/// What became of definitions.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ImportedFiles {
    pub(crate) created: usize,
    pub(crate) replaced: usize,
    pub(crate) unchanged: usize,
    pub(crate) kept: usize,
    pub(crate) failed: usize,
    pub(crate) outcomes: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    file: String,
    /// Its number in the file, if the file holds a list.
    number: Option<usize>,
    key: Option<String>,
    result: &'static str,
    error: Option<String>,
    #[serde(skip)]
    kind: Option<Kind>,
}

impl ImportedFiles {
    /// A table of what is worth a line: everything, unless that is much.
    pub(crate) fn table(&self, output: Output) -> String {
        let all = self.outcomes.len() <= LISTED;
        let worth = |outcome: &&Outcome| all || outcome.kind.is_some();
        let rows = self.outcomes.iter().filter(worth).map(|outcome| {
            [
                outcome.place(),
                outcome.key.clone().unwrap_or_default(),
                outcome.result.to_owned(),
                outcome.error.clone().unwrap_or_default(),
            ]
        });
        output.table(["FILE", "MODEL", "RESULT", "WHY"], rows)
    }

    /// How many of each, in words.
    pub(crate) fn summary(&self) -> String {
        let counts = [
            (self.created, "created"),
            (self.replaced, "replaced"),
            (self.unchanged, "unchanged"),
            (self.kept, "kept as they are"),
            (self.failed, "failed"),
        ];
        let parts = counts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let all = self.outcomes.len();
        let what = if all == 1 {
            "definition"
        } else {
            "definitions"
        };
        format!("{all} {what}: {}", parts.join(", "))
    }

    /// The failure to end with, if something failed.
    pub(crate) fn failure(&self) -> Result<(), Failure> {
        let kinds: Vec<Kind> = self.outcomes.iter().filter_map(|one| one.kind).collect();
        match kinds.is_empty() {
            true => Ok(()),
            false => Err(Failure::several("definitions", &kinds, self.outcomes.len())),
        }
    }
}

impl Outcome {
    fn place(&self) -> String {
        match self.number {
            Some(number) => format!("{} #{number}", self.file),
            None => self.file.clone(),
        }
    }
}

impl Import {
    /// What is to be taken in, and what becomes of models that are there.
    fn read(&self) -> Result<(Vec<Definition>, ImportMode), Failure> {
        let found = read_all(&self.files)?;
        found.tell_rest();
        let Found { definitions, .. } = found;
        let mode = match self.replace {
            true => ImportMode::Replace,
            false => ImportMode::CreateOnly,
        };
        Ok((definitions, mode))
    }
}

pub(super) async fn run(import: Import, context: &Context) -> Result<(), Failure> {
    let (definitions, mode) = import.read()?;
    context
        .with_installation(async |installation| {
            let reason = &import.reason.text;
            let imported = import_all(installation, definitions, reason, mode, false).await?;
            show(&imported, mode, context)
        })
        .await
}

/// The same by way of a server.
pub(super) async fn at_a_server(
    import: Import,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    let (definitions, mode) = import.read()?;
    let reason = &import.reason.text;
    let imported = taken_in(definitions, false, async |files| {
        let outcomes = client.import(files, reason, mode).await?.into_iter();
        Ok(outcomes
            .map(|it| Done {
                file: it.file,
                number: it.number,
                key: it.key,
                exists: matches!(&it.result, Err(error) if error.kind() == Some(ErrorKind::Exists)),
                result: it.result.map_err(Failure::from),
            })
            .collect())
    });
    show(&imported.await?, mode, context)
}

fn show(imported: &ImportedFiles, mode: ImportMode, context: &Context) -> Result<(), Failure> {
    context
        .output
        .show(imported, || imported.table(context.output))?;
    note(imported.summary());
    imported.failure().map_err(|failure| {
        let exists = failure.kind() == Kind::Conflict && mode == ImportMode::CreateOnly;
        match exists {
            true => failure.hint("--replace replaces models that are there already"),
            false => failure,
        }
    })
}

/// Takes in definitions, in order. `keep_existing`: a model that is there already and differs
/// stays as it is, which is no failure.
pub(crate) async fn import_all(
    installation: &Installation,
    definitions: Vec<Definition>,
    reason: &str,
    mode: ImportMode,
    keep_existing: bool,
) -> Result<ImportedFiles, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    taken_in(definitions, keep_existing, async |files| {
        let outcomes = dashboard.import(caller, files, reason, mode).await?;
        Ok(outcomes
            .into_iter()
            .map(|it| Done {
                file: it.file,
                number: it.number,
                key: it.key,
                exists: matches!(it.result, Err(Error::Exists { .. })),
                result: it.result.map_err(Failure::from),
            })
            .collect())
    })
    .await
}

/// What became of one definition, whichever way it went.
struct Done {
    file: String,
    number: Option<usize>,
    key: Option<ModelKey>,
    result: Result<Imported, Failure>,
    /// Whether it failed because the model is there and differs.
    exists: bool,
}

async fn taken_in(
    definitions: Vec<Definition>,
    keep_existing: bool,
    import: impl AsyncFn(Vec<ImportFile>) -> Result<Vec<Done>, Failure>,
) -> Result<ImportedFiles, Failure> {
    let bar = bar(definitions.len(), "importing");
    let mut imported = ImportedFiles::default();
    let mut definitions = definitions.into_iter().peekable();
    while definitions.peek().is_some() {
        // By its number, as one that is a list itself has several outcomes.
        let (places, files): (Vec<_>, Vec<_>) = definitions
            .by_ref()
            .take(AT_ONCE)
            .enumerate()
            .map(|(index, definition)| definition.into_import(index))
            .unzip();
        bar.inc(files.len() as u64);
        for outcome in import(files).await? {
            let index: Option<usize> = outcome.file.parse().ok();
            let place: Option<&Place> = index.and_then(|index| places.get(index));
            let (result, failure, count) = match outcome.result {
                Ok(Imported::Created) => ("created", None, &mut imported.created),
                Ok(Imported::Replaced) => ("replaced", None, &mut imported.replaced),
                Ok(_) => ("unchanged", None, &mut imported.unchanged),
                Err(_) if outcome.exists && keep_existing => ("kept", None, &mut imported.kept),
                Err(failure) => ("failed", Some(failure), &mut imported.failed),
            };
            *count += 1;
            imported.outcomes.push(Outcome {
                file: place.map(|place| place.file.clone()).unwrap_or_default(),
                number: place.and_then(|place| place.number).or(outcome.number),
                key: outcome.key.map(|key| key.to_string()),
                result,
                error: failure.as_ref().map(|failure| failure.message().to_owned()),
                kind: failure.map(|failure| failure.kind()),
            });
        }
    }
    bar.finish_and_clear();
    Ok(imported)
}

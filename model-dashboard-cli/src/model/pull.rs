//! `model pull`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use model_dashboard::model::{ContentDigest, ModelName, Timestamp};
use model_dashboard::package::Package;
use model_dashboard::package::inspect::{Inspectors, Report};
use model_dashboard::package::source::OnDisk;
use model_dashboard::package::unpack::{
    Arrival, Layout, Origin, RunLine, Staging, UnpackError, Unpacked, WhenBusy, check, run_lines,
    there, unpack,
};
use serde::Serialize;

use super::registry::{Found, Registry};
use super::{argo, inspect, warn};
use crate::failure::{Failure, Kind};
use crate::installation::Context;
use crate::output::note;
use crate::progress::bytes_bar;

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// TYPE/NAME, or a name; TYPE/NAME@12 for a revision
    model: String,

    /// The revision [default: the present one]
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,

    /// Where the framework looks; models share it. It is made if it is not there
    #[arg(long, value_name = "DIR", required_unless_present = "format")]
    into: Option<PathBuf>,

    /// Take the package only if this is its SHA-256: sha256:…
    #[arg(long, value_name = "DIGEST")]
    digest: Option<ContentDigest>,

    /// Take it only if the model is enabled now: jobs may use no other
    #[arg(long)]
    require_enabled: bool,

    /// What it is fetched for, such as the name of the workflow; the audit log tells it. What is there already is
    /// not fetched
    #[arg(
        long = "for",
        value_name = "WORKFLOW",
        default_value = "",
        hide_default_value = true
    )]
    purpose: String,

    /// End at once if another process fetches the same package there, instead of waiting for it
    #[arg(long)]
    no_wait: bool,

    /// Fetch nothing, and print how a workflow does
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Template>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Template {
    /// A template of Argo Workflows, for this package alone
    Argo,
}

pub(super) async fn run(pull: &Pull, context: &Context) -> Result<(), Failure> {
    if let Some(client) = context.server()? {
        return from(&Registry::Server(&client), pull, context).await;
    }
    context
        .with_installation(async |installation| {
            from(&Registry::Here(installation), pull, context).await
        })
        .await
}

async fn from(registry: &Registry<'_>, pull: &Pull, context: &Context) -> Result<(), Failure> {
    let found = registry.find(&pull.model, pull.revision).await?;
    if let Some(digest) = pull.digest.filter(|digest| *digest != found.digest) {
        let message = format!(
            "the package of {} is another one: its digest is {}, not {digest}",
            found.reference(),
            found.digest
        );
        return Err(Failure::new(Kind::Conflict, message)
            .hint("`model-dashboard model history` tells what changed"));
    }
    if !found.enabled {
        let told = format!(
            "{} is not enabled: {} is not for inference jobs",
            found.key,
            found.reference()
        );
        if pull.require_enabled {
            return Err(Failure::new(Kind::Conflict, told));
        }
        note(told);
    }
    if let Some(report) = &found.report {
        warn::of_package("the package", report);
    }
    if pull.format.is_some() {
        let dir = pull
            .into
            .clone()
            .unwrap_or_else(|| PathBuf::from("/models"));
        return context.output.text(&argo::template(
            &found,
            &registry.address(),
            &dir,
            &pull.purpose,
        )?);
    }
    let Some(dir) = &pull.into else {
        return Err(Failure::usage("--into says where"));
    };
    // Lines name it, and whoever runs them may be elsewhere.
    let dir = std::path::absolute(dir);
    let dir = dir.map_err(|error| Failure::io("--into", &error))?;
    let (unpacked, report) = lay_out(registry, &found, pull, &dir).await?;
    if let (None, Some(report)) = (&found.report, &report) {
        warn::of_package("the package", report);
    }
    let lines = match &report {
        Some(report) => run_lines(report, &as_it_lies(report, &found, &dir, &unpacked), &dir),
        None => Vec::new(),
    };
    for it in &unpacked {
        let how = if it.was_there { "was in" } else { "is in" };
        note(format_args!(
            "{} {how} {}",
            found.reference(),
            it.folder.display()
        ));
    }
    if lines.is_empty() {
        note("no command is known that runs it");
    }
    let pulled = Pulled {
        reference: found.reference(),
        digest: found.digest,
        folders: unpacked.iter().map(Folder::of).collect(),
        run: lines.iter().map(Command::of).collect(),
        lacking: report.as_ref().map(Report::lacking).unwrap_or_default(),
    };
    context.output.show(&pulled, || {
        let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

/// What is laid out, and what the package is.
async fn lay_out(
    registry: &Registry<'_>,
    found: &Found,
    pull: &Pull,
    dir: &Path,
) -> Result<(Vec<Unpacked>, Option<Report>), Failure> {
    let is_there = || there(dir, &found.digest, &mut |_| {});
    if let Some(unpacked) = is_there()? {
        return Ok((unpacked, found.report.clone()));
    }
    if let Some(report) = &found.report {
        // Before anything is fetched that has no place.
        check(&layout(report, found), &found.digest, dir)?;
    }
    let staging = match Staging::open(dir, &found.digest, WhenBusy::Fail) {
        Err(UnpackError::Busy(_)) if !pull.no_wait => {
            note("another process fetches the same package there: waiting for it");
            Staging::open(dir, &found.digest, WhenBusy::Wait)
        }
        opened => opened,
    }?;
    // Another process may have been faster.
    if let Some(unpacked) = is_there()? {
        return Ok((unpacked, found.report.clone()));
    }
    let bar = bytes_bar(found.size, "fetching");
    let arrival = Arrival::open(&staging, found.size, &mut |done| bar.set_position(done))?;
    if arrival.received() > 0 {
        note(format_args!(
            "going on behind the {} bytes that are there",
            arrival.received()
        ));
    }
    let progress = &mut |done| bar.set_position(done);
    let arrival = registry
        .fetch(found, &pull.purpose, arrival, progress)
        .await?;
    let file = arrival.finish()?;
    bar.finish_and_clear();
    let failed = |error| inspect::failure(Path::new(&found.file_name), &error);
    let source = OnDisk::new(file);
    let source = source.map_err(|error| Failure::io("the package cannot be read", &error))?;
    let package = Package::open(&found.file_name, Arc::new(source), &Default::default());
    let package = package.map_err(failed)?;
    // The bytes are those that were looked at; where they go is told by what this program finds.
    let report = Inspectors::default().look(&package).map_err(failed)?;
    let origin = Origin {
        reference: found.reference(),
        from: registry.name(),
        package: found.digest,
        at: Timestamp::now(),
    };
    let bar = bytes_bar(package.size(), "unpacking");
    let unpacked = unpack(
        &package,
        &report,
        &layout(&report, found),
        &origin,
        staging,
        &mut |done| bar.set_position(done),
    );
    bar.finish_and_clear();
    Ok((unpacked?, Some(report)))
}

pub(super) fn layout(report: &Report, found: &Found) -> Layout {
    let name: &ModelName = &found.key.name;
    Layout::of(report, name)
}

/// The layout of what lies there. Another model with the same package may have given the folder its name.
fn as_it_lies(report: &Report, found: &Found, dir: &Path, unpacked: &[Unpacked]) -> Layout {
    let layout = layout(report, found);
    let [one] = unpacked else {
        return layout;
    };
    let is_it = |folder: &str| dir.join(folder) == one.folder;
    let name = one.folder.file_name().and_then(|name| name.to_str());
    let name = name.and_then(|name| ModelName::parse(name).ok());
    match name.filter(|_| !layout.folders().any(is_it)) {
        Some(name) => Layout::of(report, &name),
        None => layout,
    }
}

/// What was laid out, for programs.
#[derive(Serialize)]
struct Pulled {
    reference: String,
    digest: ContentDigest,
    folders: Vec<Folder>,
    run: Vec<Command>,
    /// Why it may not run correctly.
    lacking: Vec<String>,
}

#[derive(Serialize)]
struct Folder {
    path: PathBuf,
    was_there: bool,
}

impl Folder {
    fn of(unpacked: &Unpacked) -> Self {
        Self {
            path: unpacked.folder.clone(),
            was_there: unpacked.was_there,
        }
    }
}

/// A command that runs it.
#[derive(Serialize)]
struct Command {
    environment: std::collections::BTreeMap<&'static str, String>,
    command: Vec<String>,
    line: String,
}

impl Command {
    fn of(line: &RunLine) -> Self {
        Self {
            environment: line.environment.iter().cloned().collect(),
            command: line.command.clone(),
            line: line.to_string(),
        }
    }
}

//! `package`: the bytes of models.

use clap::{Args, Subcommand};
use model_dashboard::dashboard::{NamedBy, PackagePurge};
use model_dashboard::model::{ContentDigest, Timestamp};
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::{Context, Installation};
use crate::output::note;
use crate::progress::growing_bar;
use crate::prompt::confirm;

#[derive(Debug, Subcommand)]
pub(crate) enum PackageCommand {
    /// Remove bytes that must not exist, such as those of patients
    ///
    /// Removes all packages with these bytes, whatever names them. The digest, the name of the file
    /// and the reason stay, and no definition is changed: models and revisions that name such a
    /// package have none then, and are told first. Uploads of these bytes are refused from then on,
    /// and models without their package are not enabled. It reads all definitions and revisions.
    Purge(Purge),
    /// Let purged bytes in again: uploads of them are taken as any others from then on
    Allow(Allow),
}

#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// The SHA-256 of the bytes, or the model that has them now: sha256:…, TYPE/NAME or NAME
    #[arg(value_name = "DIGEST-or-NAME")]
    what: String,

    /// Why they must not exist; it goes to the audit log and stays beside the digest, for
    /// administrators and readers of the audit log
    #[arg(
        long,
        value_name = "TEXT",
        required_unless_present = "dry_run",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    reason: Option<String>,

    /// Tell what it touches, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Allow {
    /// The SHA-256 of the bytes: sha256:…
    #[arg(value_name = "DIGEST")]
    digest: String,

    /// Why they may exist; it goes to the audit log
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

pub(crate) async fn run(command: PackageCommand, context: &Context) -> Result<(), Failure> {
    match command {
        PackageCommand::Purge(purge) => self::purge(&purge, context).await,
        PackageCommand::Allow(allow) => self::allow(&allow, context).await,
    }
}

/// What was removed, as programs read it.
#[derive(Serialize)]
struct Purged<'a> {
    digest: String,
    packages: Vec<Package<'a>>,
    /// Whether something cannot be read that may name them, too.
    doubtful: bool,
}

#[derive(Serialize)]
struct Package<'a> {
    id: String,
    file_name: &'a str,
    size: u64,
    named_by: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    model: &'a str,
    /// None for what lies at the key, and for a draft.
    revision: Option<u64>,
    /// Whether it is a draft: the package is proposed to the model.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    draft: bool,
    /// Whether it is an enabled model, which jobs may be using.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enabled: bool,
    #[serde(skip)]
    told: String,
}

impl<'a> From<&'a PackagePurge> for Purged<'a> {
    fn from(purge: &'a PackagePurge) -> Self {
        let named = |by: &'a NamedBy| Named {
            model: &by.model,
            revision: by.revision,
            draft: by.is_draft,
            enabled: by.is_enabled,
            told: by.to_string(),
        };
        let packages = purge.packages.iter().map(|package| Package {
            id: package.id.to_string(),
            file_name: &package.head.file_name,
            size: package.head.size,
            named_by: package.named_by.iter().map(named).collect(),
        });
        Self {
            digest: purge.digest.to_string(),
            packages: packages.collect(),
            doubtful: purge.is_doubtful,
        }
    }
}

async fn purge(purge: &Purge, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let digest = digest(&purge.what, installation).await?;
            let bar = growing_bar("looking for what names them");
            let progress = |done: u64, total: u64| {
                bar.set_length(total);
                bar.set_position(done);
            };
            let found = dashboard.package_to_purge(caller, digest, &progress).await;
            bar.finish_and_clear();
            let found = found?;
            let Some(reason) = purge.reason.as_ref().filter(|_| !purge.dry_run) else {
                let shown = Purged::from(&found);
                note("nothing is removed; this would be:");
                return context.output.show(&shown, || table(&shown, context));
            };
            // Before anything is removed, whoever is asked.
            note(table(&Purged::from(&found), context));
            for by in enabled(&found) {
                note(format_args!(
                    "{} is enabled: jobs that use it find no package then",
                    by.model
                ));
            }
            if found.is_doubtful {
                note("something cannot be read that may name them, too");
            }
            confirm(&context.globals, &question(&found), None)?;
            let purged = dashboard.purge_package(caller, digest, reason, &|_, _| {});
            let purged = purged.await?;
            note("the bytes are removed");
            let shown = Purged::from(&purged);
            match context.output.is_json() {
                true => context.output.show(&shown, String::new),
                // It was told already.
                false => Ok(()),
            }
        })
        .await
}

async fn allow(allow: &Allow, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let digest = digest(&allow.digest, installation).await?;
            let Installation {
                dashboard, caller, ..
            } = installation;
            let allowed = dashboard
                .allow_purged(caller, digest, &allow.reason)
                .await?;
            note(format_args!(
                "{digest}, which was purged ({}), may come in again",
                allowed.removal
            ));
            let shown = Allowed {
                digest: digest.to_string(),
                purged_at: allowed.removal.at,
                purged_by: &allowed.removal.by,
                purged_because: &allowed.removal.reason,
            };
            context.output.show(&shown, String::new)
        })
        .await
}

/// Bytes that were purged and may come in again.
#[derive(Debug, Serialize)]
struct Allowed<'a> {
    digest: String,
    purged_at: Timestamp,
    purged_by: &'a str,
    purged_because: &'a str,
}

/// Models that jobs may be using.
fn enabled(found: &PackagePurge) -> impl Iterator<Item = &NamedBy> {
    let named = found.packages.iter().flat_map(|it| &it.named_by);
    named.filter(|by| by.is_enabled)
}

/// The digest that is written, or that of the package that a model has.
async fn digest(what: &str, installation: &Installation) -> Result<ContentDigest, Failure> {
    let is_hex = what.len() == 64 && what.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (is_hex, what.starts_with("sha256:")) {
        (true, _) => format!("sha256:{what}").parse().map_err(Failure::usage),
        (_, true) => what.parse().map_err(Failure::usage),
        _ => {
            let key = installation.model_key(what).await?;
            let Installation {
                dashboard, caller, ..
            } = installation;
            Ok(dashboard.package(caller, &key).await?.digest())
        }
    }
}

fn question(found: &PackagePurge) -> String {
    match found.packages.len() {
        1 => "Remove the bytes of this package for good?".to_owned(),
        count => format!("Remove the bytes of these {count} packages for good?"),
    }
}

fn table(purged: &Purged<'_>, context: &Context) -> String {
    let rows = purged.packages.iter().map(|package| {
        let named: Vec<&str> = package.named_by.iter().map(|by| by.told.as_str()).collect();
        [
            package.id.clone(),
            package.file_name.to_owned(),
            package.size.to_string(),
            match named.is_empty() {
                true => "nothing".to_owned(),
                false => named.join(", "),
            },
        ]
    });
    let header = ["PACKAGE", "FILE", "BYTES", "NAMED BY"];
    format!(
        "{}\n\n{}",
        purged.digest,
        context.output.table(header, rows)
    )
}

//! `package`: the bytes of models.

use clap::{Args, Subcommand};
use model_dashboard::dashboard::{NamedBy, PackagePurge};
use model_dashboard::model::ContentDigest;
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::{Context, Installation};
use crate::progress::growing_bar;
use crate::prompt::confirm;

#[derive(Debug, Subcommand)]
pub(crate) enum PackageCommand {
    /// Remove bytes that must not exist, such as those of patients
    ///
    /// Removes all packages with these bytes, whatever names them. The digest, the name of the file
    /// and the reason stay, and no definition is changed: models and revisions that name such a
    /// package have none then. They are told first; it reads all definitions and revisions.
    Purge(Purge),
}

#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// The SHA-256 of the bytes, or the model that has them now: sha256:…, TYPE/NAME or NAME
    #[arg(value_name = "DIGEST-or-NAME")]
    what: String,

    /// Why they must not exist; it goes to the audit log and stays beside the digest
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(crate) async fn run(command: PackageCommand, context: &Context) -> Result<(), Failure> {
    match command {
        PackageCommand::Purge(purge) => self::purge(&purge, context).await,
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
}

impl<'a> From<&'a PackagePurge> for Purged<'a> {
    fn from(purge: &'a PackagePurge) -> Self {
        let named = |by: &'a NamedBy| Named {
            model: &by.model,
            revision: by.revision,
            draft: by.is_draft,
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
            confirm(&context.globals, &question(&found), None)?;
            let purged = dashboard.purge_package(caller, digest, &purge.reason, &|_, _| {});
            let purged = purged.await?;
            let shown = Purged::from(&purged);
            context.output.show(&shown, || table(&shown, context))
        })
        .await
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
    let named: Vec<String> = found
        .packages
        .iter()
        .flat_map(|package| &package.named_by)
        .map(ToString::to_string)
        .collect();
    let names = match named.is_empty() {
        true => "nothing names them".to_owned(),
        false => format!("named by {}", named.join(", ")),
    };
    let doubt = match found.is_doubtful {
        true => "; something cannot be read that may name them, too",
        false => "",
    };
    let count = found.packages.len();
    format!("Remove the bytes of {count} packages for good ({names}{doubt})?")
}

fn table(purged: &Purged<'_>, context: &Context) -> String {
    let rows = purged.packages.iter().map(|package| {
        let named: Vec<String> = package
            .named_by
            .iter()
            .map(|by| match by.revision {
                Some(number) => format!("{}@{number}", by.model),
                None => by.model.to_owned(),
            })
            .collect();
        [
            package.id.clone(),
            package.file_name.to_owned(),
            package.size.to_string(),
            named.join(", "),
        ]
    });
    let header = ["REMOVED", "FILE", "BYTES", "NAMED BY"];
    format!(
        "{}\n\n{}",
        purged.digest,
        context.output.table(header, rows)
    )
}

//! `model upload`.

mod source;
mod there;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use model_dashboard::dashboard::{Confirmed, Giving};
use model_dashboard::model::{ContentDigest, ModelDefinition, ModelKey};
use model_dashboard::package::digest_of;
use model_dashboard::package::inspect::{Drift, Report, TakenPart};
use model_dashboard::package::source::Stream;
use serde::Serialize;

use self::source::open;
use self::there::{has_it, waits};
use super::changes::Changes;
use super::draft::Draft;
use super::registry::{Given, Registry, Sent};
use super::{inspect, warn};
use crate::args::Reason;
use crate::failure::{Failure, Kind};
use crate::installation::{Context, new_key};
use crate::output::note;
use crate::progress::bytes_bar;
use crate::prompt::{ask_yes, can_ask};

#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// An archive, a single file of a model, or a folder, which is packed on the way
    #[arg(value_name = "FILE-or-FOLDER")]
    package: PathBuf,

    /// The model that gets it, as TYPE/NAME: a new revision, or a new, disabled model with alias,
    /// description, labels, version and channels as the package tells them. Without it the package says which, and that has to be
    /// confirmed
    #[arg(long, value_name = "TYPE/NAME")]
    name: Option<String>,

    /// Names of files and folders of a folder that stay behind, such as checkpoint_best,validation
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    without: Vec<String>,

    /// What the definition takes over from the package. Without it what it says as its package did until
    /// now, or not at all; a new model takes all
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    take: Vec<Part>,

    /// Give it to the model although it is for another network type, or a data set of another number
    #[arg(long)]
    as_typed: bool,

    /// Publish it although labels or images stand for something else then; without it that is shown, and
    /// asked at a terminal
    #[arg(long, conflicts_with = "draft")]
    breaking: bool,

    /// Publish it although jobs use the model and may not run it correctly then; without it what lacks is
    /// shown, and asked at a terminal
    #[arg(long, conflicts_with = "draft")]
    incomplete: bool,

    /// Keep it as a draft beside the model, which stays as it is: `model draft` shows what it would
    /// change, publishes or discards it
    #[arg(long)]
    draft: bool,

    #[command(flatten)]
    reason: Reason,
}

/// A part of a definition that packages tell, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The name that people read
    Alias,
    /// What it is for, licence and reference
    Description,
    /// contour_names
    Labels,
    /// The version that people read
    Version,
    /// Channels, configuration, plans, trainer and folds, in inference_information
    Inference,
    /// Nothing
    None,
}

/// The parts that are named; `None` where none is.
fn takes(named: &[Part]) -> Result<Option<Vec<TakenPart>>, Failure> {
    let part = |part: &Part| match part {
        Part::Alias => Some(TakenPart::Alias),
        Part::Description => Some(TakenPart::Description),
        Part::Labels => Some(TakenPart::Labels),
        Part::Version => Some(TakenPart::Version),
        Part::Inference => Some(TakenPart::Inference),
        Part::None => None,
    };
    match named {
        [] => Ok(None),
        [Part::None] => Ok(Some(Vec::new())),
        named => {
            let parts: Option<Vec<TakenPart>> = named.iter().map(part).collect();
            let both = || Failure::usage("--take none goes with no other part");
            parts.map(Some).ok_or_else(both)
        }
    }
}

pub(super) async fn run(upload: &Upload, context: &Context) -> Result<(), Failure> {
    if let Some(name) = &upload.name {
        new_key(name, None)?;
    }
    if let Some(client) = context.server()? {
        return to(&Registry::Server(&client), upload, context).await;
    }
    context
        .with_installation(async |installation| {
            to(&Registry::Here(installation), upload, context).await
        })
        .await
}

async fn to(registry: &Registry<'_>, upload: &Upload, context: &Context) -> Result<(), Failure> {
    let giving = Giving {
        takes: takes(&upload.take)?,
        as_typed: upload.as_typed,
        confirmed: Confirmed {
            breaking: upload.breaking,
            incomplete: upload.incomplete,
        },
    };
    if let Some(name) = upload.name.as_ref().filter(|_| upload.draft) {
        // Before anything is sent.
        is_there(registry, &new_key(name, None)?).await?;
    }
    let (file_name, source) = open(upload)?;
    let bar = bytes_bar(source.size(), "reading");
    let digest = digest_of(Stream::new(Arc::clone(&source)), &mut |done| {
        bar.set_position(done)
    });
    bar.finish_and_clear();
    let digest = digest.map_err(|error| {
        Failure::io(
            format!("{} cannot be read", upload.package.display()),
            &error,
        )
    })?;
    if let Some(has) = has_it(registry, upload, &digest).await? {
        note(format_args!(
            "{} has these bytes already: nothing is sent, and nothing changes",
            has.reference()
        ));
        let uploaded = Uploaded {
            upload: None,
            digest,
            report: has.report.as_ref(),
            lacking: lacking(has.report.as_ref()),
            published: Some(Published {
                key: has.key.to_string(),
                revision: has.revision,
                new: false,
                unchanged: true,
                drift: None,
            }),
            draft: None,
        };
        return context.output.show(&uploaded, String::new);
    }
    if let Some(draft) = waits(registry, upload, &giving, &digest).await? {
        note(format_args!(
            "the same draft of {} waits already: nothing is sent",
            draft.model
        ));
        let uploaded = Uploaded {
            upload: None,
            digest,
            report: None,
            lacking: Vec::new(),
            published: None,
            draft: Some(draft),
        };
        return context.output.show(&uploaded, String::new);
    }
    let bar = bytes_bar(source.size(), "sending");
    let mut there = 0;
    let progress = &mut |done| {
        there = done;
        bar.set_position(done);
    };
    let sent = registry.send(&file_name, &source, &digest, progress).await;
    bar.finish_and_clear();
    let sent = sent.map_err(|failure| match (registry, failure.kind()) {
        (Registry::Server(_), Kind::Unavailable) if there > 0 => {
            failure.hint("the same command goes on where it broke off, once the server answers")
        }
        _ => failure,
    })?;
    if let Some(why) = &sent.refused {
        let message = format!(
            "{} cannot be given to a model: {why}",
            upload.package.display()
        );
        return Err(Failure::usage(message));
    }
    if !context.output.is_json()
        && let Some(report) = &sent.report
    {
        context.output.text(&inspect::shown(report, context))?;
    }
    let Some(key) = meant(upload, &sent, context)? else {
        note("the package is there and belongs to no model yet");
        note("the same command with --name TYPE/NAME gives it to one; nothing is sent again");
        return context
            .output
            .show(&Uploaded::of(&sent, &digest), String::new);
    };
    let message = &upload.reason.text;
    if upload.draft {
        is_there(registry, &key).await?;
        let draft = registry.propose(&sent.id, &key, &giving, message).await?;
        note(format_args!(
            "it is a draft of {key}, which stays as it is; `model-dashboard model draft show '{key}'` \
             shows what it would change"
        ));
        let uploaded = Uploaded {
            draft: Some(draft),
            ..Uploaded::of(&sent, &digest)
        };
        return context.output.show(&uploaded, String::new);
    }
    let is_new = !registry.has(&key).await?;
    let to = To {
        registry,
        key: &key,
        is_new,
        message,
    };
    let definition = to.give(&sent.id, giving, context).await?;
    let registry = definition.registry();
    // It has another package with the same bytes.
    let unchanged = registry.is_some_and(|it| it.package.as_deref() != Some(&*sent.id));
    match is_new {
        true => {
            note(format_args!(
                "{key} is new, and disabled; it says what the package tells"
            ));
            if !upload.take.is_empty() {
                note("--take says what a model that is there takes over: a new one takes all");
            }
        }
        false if unchanged => note(format_args!(
            "{key} has these bytes already; nothing has changed"
        )),
        false => note(format_args!("{key} has the package as a new revision")),
    }
    if let Some(report) = &sent.report {
        warn::of_lacking("the package", &report.lacking());
    }
    let drift = sent
        .report
        .as_ref()
        .map(|report| Drift::between(&definition, report));
    let drift = drift.filter(|drift| !drift.is_empty()).map(Changes::from);
    if let Some(drift) = &drift {
        note(
            "the definition says something else than the package: before what it says, after what the package does",
        );
        note(drift.tables(&context.output));
    }
    let published = Published {
        key: key.to_string(),
        revision: definition.registry().map(|registry| registry.revision),
        new: is_new,
        unchanged,
        drift,
    };
    let uploaded = Uploaded {
        published: Some(published),
        ..Uploaded::of(&sent, &digest)
    };
    context.output.show(&uploaded, String::new)
}

/// The model that a package is given to.
struct To<'a> {
    registry: &'a Registry<'a>,
    key: &'a ModelKey,
    is_new: bool,
    message: &'a str,
}

impl To<'_> {
    /// Gives it; asks where labels or images stand for something else then, and where jobs may not be able to
    /// run it.
    async fn give(
        &self,
        upload: &str,
        mut giving: Giving,
        context: &Context,
    ) -> Result<Box<ModelDefinition>, Failure> {
        let To {
            registry,
            key,
            is_new,
            message,
        } = self;
        loop {
            let given = registry.publish(upload, key, *is_new, &giving, message);
            let asked = match given.await? {
                Given::To(definition) => return Ok(definition),
                Given::Asks(asked) => asked,
            };
            asked.tell("the package", &context.output);
            let told = asked.sentence(&key.to_string(), "the package");
            if can_ask() {
                note(&told);
            }
            if !(can_ask() && ask_yes("Publish it all the same? [y/N] ")?) {
                let hint = format!(
                    "{} publishes it all the same, --draft keeps it beside the model; nothing is sent again",
                    asked.options()
                );
                return Err(Failure::new(Kind::Conflict, told).hint(hint));
            }
            giving.confirmed = asked.confirm(giving.confirmed);
        }
    }
}

/// Makes sure that there is a model to propose it to.
async fn is_there(registry: &Registry<'_>, key: &ModelKey) -> Result<(), Failure> {
    match registry.has(key).await? {
        true => Ok(()),
        false => {
            let none = format!("there is no model {key} to propose it to");
            Err(Failure::new(Kind::NotFound, none).hint("without --draft it is made, disabled"))
        }
    }
}

/// The model that gets it.
fn meant(upload: &Upload, sent: &Sent, context: &Context) -> Result<Option<ModelKey>, Failure> {
    if let Some(name) = &upload.name {
        return new_key(name, None).map(Some);
    }
    let Some(key) = sent.report.as_ref().and_then(says) else {
        if context.globals.yes {
            return Err(
                Failure::new(Kind::Usage, "the package does not say what it is called")
                    .hint("say it with --name TYPE/NAME"),
            );
        }
        return Ok(None);
    };
    if context.globals.yes {
        return Ok(Some(key));
    }
    let is_meant = can_ask() && ask_yes(&format!("Give it to {key}? [y/N] "))?;
    Ok(is_meant.then_some(key))
}

/// The model that the package names itself.
fn says(report: &Report) -> Option<ModelKey> {
    let description = &report.description;
    let network_type = description.network_type.as_ref()?.to_string();
    let name = description.name.as_ref()?.to_string();
    ModelKey::parse(&format!("{network_type}/{name}")).ok()
}

/// What became of it, for programs.
#[derive(Serialize)]
struct Uploaded<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<&'a str>,
    digest: ContentDigest,
    report: Option<&'a Report>,
    /// Why jobs may not run it correctly.
    lacking: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Published>,
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<Draft>,
}

#[derive(Serialize)]
struct Published {
    key: String,
    revision: Option<u64>,
    new: bool,
    /// That the model had these bytes before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unchanged: bool,
    /// Where the definition says something else than the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<Changes>,
}

fn lacking(report: Option<&Report>) -> Vec<String> {
    report.map(Report::lacking).unwrap_or_default()
}

impl<'a> Uploaded<'a> {
    fn of(sent: &'a Sent, digest: &ContentDigest) -> Self {
        Self {
            upload: Some(&sent.id),
            digest: *digest,
            report: sent.report.as_ref(),
            lacking: lacking(sent.report.as_ref()),
            published: None,
            draft: None,
        }
    }
}

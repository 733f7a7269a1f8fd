//! `model draft`: packages that wait beside a model until somebody decides.

mod waiting;

use clap::{Args, Subcommand};
use model_dashboard::model::ModelKey;

pub(super) use self::waiting::Draft;
use self::waiting::Proposal;
use super::registry::Registry;
use crate::args::Reason;
use crate::failure::{Failure, Kind};
use crate::installation::Context;
use crate::output::{counted, note, printable, seconds};
use crate::prompt::{confirm, confirm_despite};

#[derive(Debug, Subcommand)]
pub(crate) enum DraftCommand {
    /// List what is proposed to a model, or to all of them
    List(Listed),
    /// Show what a draft would change of the model as it is now, and what was checked
    Show(One),
    /// Make a draft the next revision of its model; what others changed meanwhile stays
    Publish(Decide),
    /// End a draft; the bytes of its package go, unless a model has them
    Discard(Decide),
}

#[derive(Debug, Args)]
pub(crate) struct Of {
    /// TYPE/NAME, or a name
    model: String,
}

#[derive(Debug, Args)]
pub(crate) struct Listed {
    /// TYPE/NAME, or a name; without it the drafts of all models are listed
    model: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    #[command(flatten)]
    of: Of,

    /// The package that is proposed, as `draft list` names it, or the beginning of its SHA-256; needed where
    /// several are
    package: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    #[command(flatten)]
    one: One,

    #[command(flatten)]
    reason: Reason,
}

pub(super) async fn run(command: &DraftCommand, context: &Context) -> Result<(), Failure> {
    if let Some(client) = context.server()? {
        return at(&Registry::Server(&client), command, context).await;
    }
    context
        .with_installation(async |installation| {
            at(&Registry::Here(installation), command, context).await
        })
        .await
}

async fn at(
    registry: &Registry<'_>,
    command: &DraftCommand,
    context: &Context,
) -> Result<(), Failure> {
    match command {
        DraftCommand::List(of) => list(registry, of, context).await,
        DraftCommand::Show(one) => show(registry, one, context).await,
        DraftCommand::Publish(decide) => publish(registry, decide, context).await,
        DraftCommand::Discard(decide) => discard(registry, decide, context).await,
    }
}

async fn list(registry: &Registry<'_>, of: &Listed, context: &Context) -> Result<(), Failure> {
    let (drafts, more) = match &of.model {
        Some(model) => (registry.drafts(&registry.key(model).await?).await?, 0),
        None => registry.all_drafts().await?,
    };
    if more > 0 {
        note(format_args!(
            "{} more of earlier uploads; `model-dashboard model draft list MODEL` lists those of one model",
            counted(more as u64, "draft")
        ));
    }
    context.output.show(&drafts, || {
        let rows = drafts.iter().map(|draft| {
            [
                draft.model.clone(),
                draft.package.clone(),
                draft.file_name.clone(),
                short(draft.sha256.as_deref().unwrap_or_default()),
                seconds(draft.proposed_at),
                draft.who(),
                match draft.unreadable {
                    true => "cannot be read: discard it".to_owned(),
                    false => draft.message.clone(),
                },
            ]
        });
        let header = [
            "MODEL", "PACKAGE", "FILE", "SHA-256", "PROPOSED", "BY", "WHY",
        ];
        context.output.table(header, rows)
    })
}

/// As much of a digest as tells one from another.
fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// So many digits tell one digest from another, for people.
const DIGITS: usize = 8;

/// Whether the digest of a draft begins so.
fn begins(draft: &Draft, text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let digest = draft.sha256.as_deref().unwrap_or_default();
    digits.len() >= DIGITS && digest.starts_with(&digits.to_ascii_lowercase())
}

/// The draft that is meant: the only one, where none is named.
async fn meant(registry: &Registry<'_>, one: &One) -> Result<(ModelKey, Draft), Failure> {
    let key = registry.key(&one.of.model).await?;
    let mut drafts = registry.drafts(&key).await?;
    if let Some(package) = &one.package {
        let is_named = |draft: &Draft| draft.package == *package || begins(draft, package);
        drafts.retain(is_named);
        if drafts.is_empty() {
            let none = format!("{key} has no draft {package}");
            return Err(Failure::new(Kind::NotFound, none));
        }
    }
    match (drafts.pop(), drafts.is_empty()) {
        (Some(only), true) => Ok((key, only)),
        (None, _) => {
            let none = format!("nothing is proposed to {key}");
            Err(Failure::new(Kind::NotFound, none))
        }
        (Some(_), false) => {
            let several = format!("several drafts wait for {key}");
            let hint = format!("`model-dashboard model draft list '{key}'` names their packages");
            Err(Failure::usage(several).hint(hint))
        }
    }
}

async fn show(registry: &Registry<'_>, one: &One, context: &Context) -> Result<(), Failure> {
    let (key, draft) = meant(registry, one).await?;
    let proposal = registry.draft(&key, draft).await?;
    context
        .output
        .show(&proposal, || table(&key, &proposal, context))
}

fn table(key: &ModelKey, proposal: &Proposal, context: &Context) -> String {
    let draft = &proposal.draft;
    let output = &context.output;
    let about = output.properties([
        ("model", key.to_string()),
        ("package", draft.package.clone()),
        ("file", proposal.file_name.clone()),
        ("bytes", proposal.size.to_string()),
        ("digest", proposal.digest.to_string()),
        (
            "proposed",
            format!("{} by {}", seconds(draft.proposed_at), draft.who()),
        ),
        ("why", draft.message.clone()),
        ("takes over", draft.take.join(", ")),
    ]);
    let rows = proposal.checks.iter();
    let rows = rows.map(|check| [check.verdict.to_uppercase(), check.text.clone()]);
    let checks = output.texts(["CHECK", "SAW"], rows);
    let changes = match proposal.changes.is_empty() {
        true => "the definition stays as it is".to_owned(),
        false => proposal.changes.tables(output),
    };
    let shown = [about, checks, changes].join("\n\n");
    printable(&shown).into_owned()
}

async fn publish(
    registry: &Registry<'_>,
    decide: &Decide,
    context: &Context,
) -> Result<(), Failure> {
    let (key, draft) = meant(registry, &decide.one).await?;
    let proposal = registry.draft(&key, draft).await?;
    note(format_args!("changes: {}", proposal.changes.in_short()));
    let failed = proposal.checks.iter().filter(|it| it.verdict == "failed");
    let failed: Vec<&str> = failed.map(|it| it.text.as_str()).collect();
    if !failed.is_empty() {
        let count = counted(failed.len() as u64, "check");
        let question = format!(
            "{count} failed ({}). Publish it all the same?",
            failed.join("; ")
        );
        let undo = "`model restore` brings the revision before back";
        confirm_despite(&context.globals, &question, undo)?;
    }
    let changed = registry
        .publish_draft(&key, &proposal, &decide.reason.text)
        .await?;
    match changed.revision {
        Some(revision) => note(format_args!("{key} is at revision {revision}")),
        None => note(format_args!("{key} has the package")),
    }
    context.output.show(&changed, String::new)
}

async fn discard(
    registry: &Registry<'_>,
    decide: &Decide,
    context: &Context,
) -> Result<(), Failure> {
    let (key, draft) = meant(registry, &decide.one).await?;
    let question = format!(
        "Discard what {} proposed to {key}, and the bytes of the package?",
        draft.who()
    );
    confirm(&context.globals, &question, None)?;
    let reason = &decide.reason.text;
    registry.discard_draft(&key, &draft, reason).await?;
    note(format_args!("the draft is discarded; {key} is as it was"));
    context.output.show(&draft, String::new)
}

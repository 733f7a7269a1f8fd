//! `model edit`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;
use model_dashboard::dashboard::{Error, Model, RawModel};
use model_dashboard::model::{DuplicateKeys, ModelDefinition, ModelKey};
use model_dashboard::repository::Precondition;
use tempfile::NamedTempFile;

use super::fields::Fields;
use super::files::{parse, read_argument};
use super::show_changed;
use crate::args::Reason;
use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation};
use crate::output::note;
use crate::prompt::{ask, ask_yes, can_ask};

#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// TYPE/NAME, or a name
    pub(super) model: String,

    #[command(flatten)]
    pub(super) fields: Fields,

    /// Replace the whole definition by that in this file, or - for standard input. One that was
    /// written by `model show` or `export` counts only as long as nobody changed the model since
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "patch"])]
    file: Option<String>,

    /// Replace it whatever was changed since the file was written
    #[arg(long, requires = "file")]
    overwrite: bool,

    #[command(flatten)]
    pub(super) reason: Reason,
}

pub(super) async fn run(edit: Edit, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let key = installation.model_key(&edit.model).await?;
            let model = if let Some(file) = &edit.file {
                from_file(&key, file, &edit, installation).await?
            } else if !edit.fields.is_empty() {
                let patch = edit.fields.patch()?;
                let reason = &edit.reason.text;
                installation
                    .dashboard
                    .patch(
                        &installation.caller,
                        &key,
                        &patch,
                        Precondition::Exists,
                        reason,
                    )
                    .await?
            } else {
                match in_editor(&key, &edit, installation).await? {
                    Some(model) => model,
                    None => {
                        note("nothing was changed");
                        return show_unchanged(&key, installation, context).await;
                    }
                }
            };
            match model.revision() {
                Some(revision) => note(format_args!("{} is at revision {revision}", model.key)),
                None => note(format_args!("{} is as it was", model.key)),
            }
            show_changed(&model, context)
        })
        .await
}

/// A broken definition has nothing to tell but that it is as it was.
async fn show_unchanged(
    key: &ModelKey,
    installation: &Installation,
    context: &Context,
) -> Result<(), Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    match dashboard.model(caller, key).await {
        Ok(model) => show_changed(&model, context),
        Err(Error::Broken { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn from_file(
    key: &ModelKey,
    file: &str,
    edit: &Edit,
    installation: &Installation,
) -> Result<Model, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let bytes = read_argument(file)?;
    let given = parse(&bytes)?;
    let stored = dashboard.raw(caller, key).await?;
    if !edit.overwrite {
        check_origin(key, &given, &stored)?;
    }
    save(&stored, given, &bytes, &edit.reason.text, installation).await
}

/// A file that says which revision it was made from must have been made from the present one.
fn check_origin(key: &ModelKey, given: &ModelDefinition, stored: &RawModel) -> Result<(), Failure> {
    let present = ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins).ok();
    let present = present.and_then(|definition| definition.registry());
    match (given.registry(), present) {
        (Some(given), Some(present))
            if given.id == present.id && given.revision != present.revision =>
        {
            let message = format!(
                "{key} was changed since: the file is of revision {}, the model at revision {}",
                given.revision, present.revision
            );
            Err(Failure::new(Kind::Conflict, message)
                .hint("begin with the present state, or add --overwrite"))
        }
        _ => Ok(()),
    }
}

async fn save(
    stored: &RawModel,
    given: ModelDefinition,
    bytes: &[u8],
    reason: &str,
    installation: &Installation,
) -> Result<Model, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let saved = match &stored.broken {
        None => {
            let this_state = Precondition::Version(stored.version);
            dashboard
                .replace(caller, &stored.key, given, this_state, reason)
                .await
        }
        Some(_) => {
            dashboard
                .replace_raw(caller, &stored.key, bytes, stored.version, reason)
                .await
        }
    };
    Ok(saved?)
}

/// Opens the definition in the person's editor until it can be saved; `None` if nothing changed.
async fn in_editor(
    key: &ModelKey,
    edit: &Edit,
    installation: &Installation,
) -> Result<Option<Model>, Failure> {
    let Some(editor) = editor() else {
        return Err(
            Failure::usage("there is no editor: neither VISUAL nor EDITOR is set")
                .hint("set EDITOR, or use --set, --patch or --file"),
        );
    };
    let stored = installation
        .dashboard
        .raw(&installation.caller, key)
        .await?
        .whole()?;
    let definition = ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins);
    let text = match &definition {
        Ok(definition) => {
            let mut text = definition.as_object().to_pretty();
            text.push('\n');
            text.into_bytes()
        }
        Err(error) => {
            note(format_args!("it cannot be read: {error}"));
            stored.bytes.to_vec()
        }
    };
    let file = write_down(&text)?;
    let mut reason = edit.reason.text.clone();
    // An interrupt is for the editor. From here on nothing is left to be interrupted.
    #[cfg(unix)]
    let _interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    loop {
        if let Err(failure) = open(&editor, file.path()) {
            return Err(keep(file, failure));
        }
        let edited = match std::fs::read(file.path()) {
            Ok(edited) => edited,
            Err(error) => {
                let failure = Failure::io("what was edited cannot be read", &error);
                return Err(keep(file, failure));
            }
        };
        if edited == text {
            return Ok(None);
        }
        if reason.is_empty() && can_ask() {
            reason = ask("Why? ")?;
        }
        let saved = match parse(&edited) {
            Ok(given) => save(&stored, given, &edited, &reason, installation).await,
            Err(failure) => Err(failure),
        };
        let failure = match saved {
            Ok(model) => return Ok(Some(model)),
            Err(failure) => failure,
        };
        if failure.kind() != Kind::Usage || !can_ask() {
            return Err(keep(file, failure));
        }
        failure.print();
        if !matches!(ask_yes("Edit it again? [y/N] "), Ok(true)) {
            return Err(keep(file, failure));
        }
        if edit.reason.text.is_empty() {
            reason.clear();
        }
    }
}

fn editor() -> Option<String> {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|command| !command.trim().is_empty())
}

fn write_down(text: &[u8]) -> Result<NamedTempFile, Failure> {
    let written = tempfile::Builder::new()
        .prefix("model-")
        .suffix(".json")
        .tempfile()
        .and_then(|mut file| {
            file.write_all(text)?;
            file.flush()?;
            Ok(file)
        });
    written.map_err(|error| Failure::io("no file could be made for the editor", &error))
}

/// Runs the editor as a shell does, so that `EDITOR="code --wait"` works.
fn open(editor: &str, path: &Path) -> Result<(), Failure> {
    let mut command = match cfg!(windows) {
        true => Command::new(editor),
        false => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("{editor} \"$1\"")).arg(editor);
            shell
        }
    };
    let status = command
        .arg(path)
        // Standard output is for the result.
        .stdout(Stdio::from(std::io::stderr()))
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let message = format!("the editor {editor} ended with {status}");
            Err(Failure::new(Kind::Failed, message))
        }
        Err(error) => Err(Failure::io(
            format!("the editor {editor} did not start"),
            &error,
        )),
    }
}

/// What was typed is never lost.
fn keep(file: NamedTempFile, failure: Failure) -> Failure {
    match file.keep() {
        Ok((_, path)) => failure.hint(format!(
            "what you edited is in {}; --file takes it",
            path.display()
        )),
        Err(_) => failure,
    }
}

//! `init`: everything that an installation needs at first; again, it changes nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use model_dashboard::config::Config;
use model_dashboard::connect::make_bucket;
use model_dashboard::dashboard::{AdministratorState, Error, ImportMode, PASSWORD_FILE, Samples};
use serde::Serialize;

use crate::args::Reason;
use crate::failure::{Failure, chain};
use crate::installation::{Context, Installation, Opening, not_opened};
use crate::model::files::{Definition, read_all};
use crate::model::{ImportedFiles, import_all};
use crate::output::note;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Put sample models, disabled, into a registry that never held any
    #[arg(long)]
    sample: bool,

    /// Put these definitions in: a JSON file, or a folder of such or laid out as TYPE/NAME.
    /// Models that are there already stay as they are
    #[arg(long, value_name = "DIR|FILE", conflicts_with = "sample")]
    from: Option<PathBuf>,

    /// Wait up to so many seconds for the bucket's server, and for its leave to use it
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u32,

    #[command(flatten)]
    reason: Reason,
}

#[derive(Serialize)]
struct Done {
    /// Whether anything was changed.
    changed: bool,
    /// Whether the bucket was missing.
    made_bucket: bool,
    administrator: Administrator,
    /// How many sample models were put in.
    samples: usize,
    models: Option<ImportedFiles>,
}

#[derive(Serialize)]
struct Administrator {
    /// `created`, `present` or `missing`.
    state: &'static str,
    username: Option<String>,
    /// Where a generated password is, if it is not printed.
    password_file: Option<PathBuf>,
}

pub(crate) async fn run(init: Init, context: &Context) -> Result<(), Failure> {
    let definitions: Vec<Definition> = match &init.from {
        Some(path) => {
            let found = read_all(std::slice::from_ref(path))?;
            found.tell_rest();
            found.definitions
        }
        None => Vec::new(),
    };
    let made_bucket = bucket(&context.config()?, init.wait).await?;
    context
        .with_opened(Opening::Upgrade, async |installation| {
            let administrator = administrator(installation, context).await?;
            let samples = match init.sample {
                true => samples(installation).await?,
                false => 0,
            };
            let models = match init.from {
                Some(_) => {
                    let mode = ImportMode::CreateOnly;
                    let reason = &init.reason.text;
                    Some(import_all(installation, definitions, reason, mode, true).await?)
                }
                None => None,
            };
            let created = models.as_ref().map_or(0, |imported| imported.created);
            let done = Done {
                changed: made_bucket || administrator.state == "created" || samples + created > 0,
                made_bucket,
                administrator,
                samples,
                models,
            };
            report(&done, context)
        })
        .await
}

/// How long it is waited between two looks at a server that does not answer.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes the bucket if the models are to be in one that is not there, as soon as its server answers;
/// whether it was missing. A refusal is waited out, too: what makes the key of the store may be another
/// job of the same installation.
async fn bucket(config: &Config, wait: u32) -> Result<bool, Failure> {
    let end = Instant::now() + Duration::from_secs(wait.into());
    let mut told = String::new();
    loop {
        match make_bucket(config).await {
            Ok(made) => {
                if made {
                    note("made the bucket");
                }
                return Ok(made);
            }
            Err(error) if Instant::now() + PAUSE < end => {
                let reason = chain(&error);
                if reason != told {
                    note(format_args!("waiting: {reason}"));
                    told = reason;
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(not_opened(error)),
        }
    }
}

fn report(done: &Done, context: &Context) -> Result<(), Failure> {
    let failed = done.models.as_ref().map_or(0, |models| models.failed);
    if failed == 0 {
        if let Some(models) = &done.models {
            note(models.summary());
        }
        if !done.changed {
            note("nothing was changed: everything is there already");
        }
    }
    context.output.show(done, || match &done.models {
        Some(models) if models.failed > 0 => models.table(context.output),
        _ => String::new(),
    })?;
    let Some(models) = &done.models else {
        return Ok(());
    };
    models.failure().map_err(|failure| {
        let hint = "mend what is named above and run `init` again: what is there already stays";
        Failure::new(failure.kind(), models.summary()).hint(hint)
    })
}

async fn samples(installation: &Installation) -> Result<usize, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let samples = dashboard.install_samples(caller, Samples::Disabled).await?;
    match samples {
        0 => note("the registry holds or held models already: no samples were put in"),
        _ => note(format_args!("put {samples} sample models in, all disabled")),
    }
    Ok(samples)
}

/// Shows a generated password at a terminal. Elsewhere output is kept where many can read it, so the
/// password goes to a file for its owner only.
async fn administrator(
    installation: &Installation,
    context: &Context,
) -> Result<Administrator, Failure> {
    let Installation { dashboard, .. } = installation;
    let first = installation.first_administrator.clone();
    let file = installation.config.data_dir.join(PASSWORD_FILE);
    let shown = context.output.is_terminal() && !context.output.is_json();
    let state = match shown {
        true => dashboard.ensure_first_administrator(first).await,
        false => {
            dashboard
                .ensure_first_administrator_with_file(first, &file)
                .await
        }
    };
    let found = |state, username| Administrator {
        state,
        username,
        password_file: None,
    };
    Ok(match state.map_err(|error| refused(error, installation))? {
        AdministratorState::Created {
            user,
            generated,
            password_file: file,
        } => {
            note(format_args!(
                "made the first administrator, {}",
                user.username
            ));
            let password_file = match generated {
                Some(password) if shown => {
                    note("its password, shown only now:");
                    context.output.text(password.password().expose())?;
                    None
                }
                _ => {
                    if let Some(file) = &file {
                        note(format_args!(
                            "its password is in {}; delete the file when you have read it",
                            file.display()
                        ));
                    }
                    file
                }
            };
            Administrator {
                state: "created",
                username: Some(user.username.to_string()),
                password_file,
            }
        }
        AdministratorState::Missing { candidates } => {
            let name = candidates.first();
            let name = name.map_or("NAME".to_owned(), |user| user.username.to_string());
            note("warning: there are accounts, but no active administrator");
            let words = format!("user set-role '{name}' admin");
            let command = installation.config.command(&words);
            note(format_args!("hint: `{command}` makes one"));
            found("missing", None)
        }
        _ => found("present", None),
    })
}

/// What is wrong with the administrator that is configured, by the names of the settings.
fn refused(error: Error, installation: &Installation) -> Failure {
    let Error::Invalid(fields) = &error else {
        return error.into();
    };
    let lines = fields.iter().map(|field| {
        let setting = match field.field.as_str() {
            "password" => "admin.password",
            _ => "admin.username",
        };
        format!("{}: {}", installation.config.cite(setting), field.message)
    });
    Failure::usage(lines.collect::<Vec<_>>().join("\n"))
}

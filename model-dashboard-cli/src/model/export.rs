//! `model export`.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use model_dashboard::client::{BrokenModel, Client};
use model_dashboard::dashboard::Exported;
use model_dashboard::model::{DuplicateKeys, ModelDefinition, ModelKey};
use tempfile::NamedTempFile;

use super::list::Selection;
use super::remote::key;
use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation};
use crate::output::note;
use crate::progress::bar;

/// How many definitions are read at a time.
const AT_ONCE: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// TYPE/NAME, or a name [default: all models]
    #[arg(value_name = "MODEL")]
    models: Vec<String>,

    #[command(flatten)]
    selection: Selection,

    /// A folder for a file TYPE/NAME.json of each, or one file whose name ends in .json for a
    /// list of all [default: that list to standard output]
    #[arg(long, value_name = "DIR|FILE")]
    to: Option<PathBuf>,
}

pub(super) async fn run(export: Export, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let keys = selected(export.models, export.selection, installation).await?;
            let to = export.to.as_deref();
            let left_out = write(keys, to, async |keys| {
                Ok(dashboard.export(caller, keys).await?)
            });
            told(
                left_out.await?,
                "export to a folder to have their texts, or mend them first",
            )
        })
        .await
}

/// The same by way of a server.
pub(super) async fn from_a_server(
    export: Export,
    client: &Client,
    _: &Context,
) -> Result<(), Failure> {
    let mut keys = Vec::new();
    let mut broken = Vec::new();
    if export.models.is_empty() {
        if !export.selection.is_all() {
            return Err(Failure::usage(
                "by way of a server all models are exported, or those that are named",
            ));
        }
        let models = client.models("").await?;
        keys.extend(models.into_iter().map(|model| model.key));
        // A server gives no text that cannot be read.
        broken = client.broken_models().await?;
    }
    for model in &export.models {
        keys.push(key(model, client).await?);
    }
    let to = export.to.as_deref();
    let left_out = write(keys, to, async |keys| Ok(client.export(keys).await?)).await?;
    for BrokenModel { key, reason, .. } in &broken {
        note(format_args!("{key} is broken and left out: {reason}"));
    }
    told(
        left_out + broken.len(),
        "mend them first; the dashboard lists them, with an editor for their texts",
    )
}

/// The failure to end with, if definitions were left out.
fn told(left_out: usize, hint: &str) -> Result<(), Failure> {
    match left_out {
        0 => Ok(()),
        _ => {
            let message = format!("{left_out} broken definitions were left out");
            Err(Failure::new(Kind::Failed, message).hint(hint))
        }
    }
}

/// Writes models out, some at a time; answers how many were left out.
async fn write(
    keys: Vec<ModelKey>,
    to: Option<&Path>,
    read: impl AsyncFn(Vec<ModelKey>) -> Result<Vec<Exported>, Failure>,
) -> Result<usize, Failure> {
    let mut target = Target::open(to)?;
    let bar = bar(keys.len(), "exporting");
    for keys in keys.chunks(AT_ONCE) {
        for exported in read(keys.to_vec()).await? {
            target.write(&exported)?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let left_out = target.finish()?;
    if let Some(path) = to {
        let count = keys.len() - left_out;
        note(format_args!(
            "exported {count} models to {}",
            path.display()
        ));
    }
    Ok(left_out)
}

async fn selected(
    models: Vec<String>,
    selection: Selection,
    installation: &Installation,
) -> Result<Vec<ModelKey>, Failure> {
    if models.is_empty() {
        let query = selection.query()?;
        let page = installation.dashboard.list(&installation.caller, &query);
        let rows = page.await?.rows;
        return Ok(rows.iter().map(|entry| entry.key().clone()).collect());
    }
    let mut keys = Vec::with_capacity(models.len());
    for model in &models {
        keys.push(installation.model_key(model).await?);
    }
    Ok(keys)
}

/// Where a list goes: a file shows up once it is whole.
enum List {
    Output(io::StdoutLock<'static>),
    File(NamedTempFile),
}

impl Write for List {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            List::Output(output) => output.write(bytes),
            List::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            List::Output(output) => output.flush(),
            List::File(file) => file.flush(),
        }
    }
}

/// A file beside `path` that takes its place later, with the rights that a new file gets.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut new = tempfile::Builder::new();
    new.prefix(".export-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What the umask leaves of it.
        new.permissions(fs::Permissions::from_mode(0o666));
    }
    new.tempfile_in(folder.unwrap_or(Path::new(".")))
}

/// Puts a whole file in its place.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Where definitions go.
enum Target {
    /// One file for each, as it is stored.
    Folder(PathBuf),
    /// A JSON list.
    List {
        name: Option<PathBuf>,
        file: BufWriter<List>,
        count: usize,
        left_out: usize,
    },
}

impl Target {
    fn open(to: Option<&Path>) -> Result<Self, Failure> {
        let (name, file) = match to {
            None => (None, List::Output(io::stdout().lock())),
            Some(path) if path.extension().is_some_and(|ending| ending == "json") => {
                let file = beside(path).map_err(|error| failed(Some(path), &error))?;
                (Some(path.to_owned()), List::File(file))
            }
            Some(path) => {
                fs::create_dir_all(path).map_err(|error| failed(Some(path), &error))?;
                return Ok(Self::Folder(path.to_owned()));
            }
        };
        let mut target = Self::List {
            name,
            file: BufWriter::new(file),
            count: 0,
            left_out: 0,
        };
        target.append(b"[")?;
        Ok(target)
    }

    fn write(&mut self, exported: &Exported) -> Result<(), Failure> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.join(exported.key.network_type.as_str());
                let path = folder.join(format!("{}.json", exported.key.name));
                fs::create_dir_all(&folder)
                    .and_then(|()| replace(&path, &exported.bytes))
                    .map_err(|error| failed(Some(&path), &error))
            }
            Self::List {
                count, left_out, ..
            } => {
                // Written anew: stored text may hold what a list cannot, such as a byte order mark.
                let read = ModelDefinition::parse(&exported.bytes, DuplicateKeys::LastWins);
                let Ok(definition) = read else {
                    *left_out += 1;
                    note(format_args!("{} is broken and left out", exported.key));
                    return Ok(());
                };
                let separator: &[u8] = if *count == 0 { b"\n" } else { b",\n" };
                *count += 1;
                self.append(separator)?;
                self.append(&definition.to_bytes())
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::List { name, file, .. } => file
                .write_all(bytes)
                .map_err(|error| failed(name.as_deref(), &error)),
        }
    }

    /// Ends the file; answers how many were left out.
    fn finish(mut self) -> Result<usize, Failure> {
        self.append(b"\n]\n")?;
        match self {
            Self::Folder(_) => Ok(0),
            Self::List {
                name,
                file,
                left_out,
                ..
            } => {
                let ended = file.into_inner().map_err(io::IntoInnerError::into_error);
                let ended = ended.and_then(|list| match (list, &name) {
                    (List::File(file), Some(path)) => {
                        file.as_file().sync_all()?;
                        file.persist(path)?;
                        Ok(())
                    }
                    (mut output, _) => output.flush(),
                });
                ended.map_err(|error| failed(name.as_deref(), &error))?;
                Ok(left_out)
            }
        }
    }
}

fn failed(path: Option<&Path>, error: &io::Error) -> Failure {
    match path {
        None => Failure::output(error),
        Some(path) => Failure::io(format!("{} cannot be written", path.display()), error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_list_that_does_not_come_to_its_end_leaves_the_one_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("models.json");
        let text = || fs::read_to_string(&path).unwrap();
        fs::write(&path, "before").unwrap();
        let mut cut = Target::open(Some(&path)).unwrap();
        cut.append(&[b' '; 100_000]).unwrap();
        drop(cut);
        assert_eq!(text(), "before");
        let whole = Target::open(Some(&path)).unwrap();
        whole.finish().unwrap();
        assert_eq!(text(), "[\n]\n");
        let left = fs::read_dir(&folder).unwrap().count();
        assert_eq!(left, 1, "nothing lies beside it");
    }
}

//! Logs: to standard error, and to a file of each day where a folder is set.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use model_dashboard::config::{LogFormat, LogLevel, LoggingConfig};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// Lines that may wait for a slow disk or terminal; more are dropped, so that no request waits.
const WAITING_LINES: usize = 16_384;

/// What starts the targets of this program: both crates' modules, and the access log.
const OWN_TARGETS: [&str; 2] = ["model_dashboard", "access"];

/// Every event of the audit log with its digest: a copy outside the database, whatever the level,
/// that an edited or shortened audit log can be held against. A terminal keeps nothing.
const AUDIT: &str = "audit";

/// Writes what is logged. Dropping it writes what still waits.
#[derive(Debug)]
pub(crate) struct Logs {
    _writers: Vec<WorkerGuard>,
}

/// Log files cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write log files in {}", .folder.display())]
pub(crate) struct LogFolderError {
    folder: PathBuf,
    source: io::Error,
}

/// What this process makes from now on, log files above all, is nothing for others than its owner
/// and group: before the first thread, as it holds for the whole process.
pub(crate) fn close_to_others() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        use rustix::process::umask;
        let others = Mode::from_raw_mode(0o027);
        let before = umask(others);
        // What the administrator has closed already stays closed.
        umask(before | others);
    }
}

/// Starts logging for the whole process. Panics are logged like everything else.
///
/// # Errors
/// When a log folder is set and cannot be written to.
pub(crate) fn start(config: &LoggingConfig) -> Result<Logs, LogFolderError> {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let reader = match io::stderr().is_terminal() {
        true => Reader::Person {
            colours: !no_colour,
        },
        false => Reader::Program,
    };
    let (layer, logs) = layers(config, io::stderr(), reader)?;
    // The only reason to fail is a logger that was there before, which then goes on.
    let _ = tracing_subscriber::registry().with(layer).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(panic.place = place, panic.message = message, "panicked");
    }));
    Ok(logs)
}

type Layers = Box<dyn Layer<Registry> + Send + Sync>;

/// Who reads standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Somebody at a terminal, whom digests do not help.
    Person { colours: bool },
    /// Whatever keeps it.
    Program,
}

fn layers<W: io::Write + Send + 'static>(
    config: &LoggingConfig,
    console: W,
    reader: Reader,
) -> Result<(Layers, Logs), LogFolderError> {
    let (writer, guard) = in_background(console);
    let mut writers = vec![guard];
    // The layers share the text of a span's fields, and a file must not get the colours.
    let colours = matches!(reader, Reader::Person { colours: true }) && config.dir.is_none();
    let kept = filter(config.level);
    let shown = match reader {
        Reader::Person { .. } if !matches!(config.level, LogLevel::Debug | LogLevel::Trace) => {
            kept.clone().with_target(AUDIT, LevelFilter::OFF)
        }
        _ => kept.clone(),
    };
    let console = layer(config.format, writer, colours).with_filter(shown);
    let mut layers: Vec<Layers> = vec![Box::new(console)];
    if let Some(folder) = &config.dir {
        let (writer, guard) = in_background(daily_files(folder, config.keep_days)?);
        writers.push(guard);
        let file = layer(config.format, writer, false).with_filter(kept);
        layers.push(Box::new(file));
    }
    Ok((Box::new(layers), Logs { _writers: writers }))
}

fn in_background<W: io::Write + Send + 'static>(writer: W) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true)
        .finish(writer)
}

fn daily_files(folder: &Path, keep_days: u16) -> Result<RollingFileAppender, LogFolderError> {
    let error = |source| LogFolderError {
        folder: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(error)?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("model-dashboard")
        .filename_suffix("log")
        .max_log_files(usize::from(keep_days))
        .build(folder)
        .map_err(|source| error(io::Error::other(source)))
}

fn layer<W>(format: LogFormat, writer: W, colours: bool) -> Layers
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer).with_ansi(colours);
    match format {
        LogFormat::Text => Box::new(layer),
        LogFormat::Json => Box::new(layer.json().flatten_event(true).with_span_list(false)),
    }
}

/// What this program says, from `level` on. The libraries below it only warn: what else they say
/// may hold what people sent. `ldap3` says nothing: what ends a connection is told by the source of
/// people with its server and step, and a goodbye that a server did not wait for is no news.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    OWN_TARGETS
        .iter()
        .fold(Targets::new(), |targets, own| {
            targets.with_target(*own, level)
        })
        .with_target(AUDIT, level.max(LevelFilter::INFO))
        .with_target("ldap3", LevelFilter::OFF)
        .with_default(level.min(LevelFilter::WARN))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::sync::{Arc, Mutex};

    use model_dashboard::config::Config;
    use tracing::{debug, error, info, info_span, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Console(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Console {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `log` writes to a console.
    fn logged(config: &LoggingConfig, colours: bool, log: impl FnOnce()) -> String {
        let reader = match colours {
            true => Reader::Person { colours },
            false => Reader::Program,
        };
        let console = Console::default();
        let (layer, logs) = layers(config, console.clone(), reader).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        drop(logs);
        let bytes = console.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn config() -> LoggingConfig {
        Config::default().logging
    }

    #[test]
    fn a_json_line_holds_fields_span_and_time_at_its_top() {
        let mut config = config();
        config.format = LogFormat::Json;
        let text = logged(&config, true, || {
            let _span = info_span!("request", request.id = "r1").entered();
            info!(user.name = "two\nlines", "signed in");
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "signed in");
        assert_eq!(line["user.name"], "two\nlines");
        assert_eq!(line["span"]["request.id"], "r1");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_text_line_has_colours_only_where_they_are_wanted() {
        let line = |colours| logged(&config(), colours, || error!("failed"));
        assert!(line(true).contains('\x1b') && !line(false).contains('\x1b'));
        assert!(line(false).contains("failed"));
    }

    #[test]
    fn a_value_cannot_begin_a_new_line() {
        let text = logged(&config(), false, || {
            info!(user.name = "x\n2026 ERROR forged", "event")
        });
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn the_level_holds_for_this_program_and_its_libraries_only_warn() {
        let mut config = config();
        config.level = LogLevel::Debug;
        let text = logged(&config, false, || {
            debug!(target: "model_dashboard::catalog", "of the library");
            debug!(target: "model_dashboard_web::server", "of the server");
            info!(target: "access", "of a request");
            info!(target: "hyper::proto", "what people sent");
            warn!(target: "hyper::proto", "what went wrong");
            warn!(target: "ldap3::conn", "socket send error");
        });
        assert!(!text.contains("socket send error"), "{text}");
        assert!(
            text.contains("of the library") && text.contains("of the server"),
            "{text}"
        );
        assert!(
            text.contains("what went wrong") && !text.contains("what people sent"),
            "{text}"
        );
        config.level = LogLevel::Error;
        assert_eq!(logged(&config, false, || warn!("nothing to see")), "");
    }

    #[test]
    fn the_digests_of_the_audit_log_are_written_at_every_level() {
        let mut config = config();
        for level in [LogLevel::Error, LogLevel::Info, LogLevel::Trace] {
            config.level = level;
            let text = logged(&config, false, || {
                info!(target: "audit", digest = "d1", "model.enable");
            });
            assert!(text.contains("d1"), "{level:?}: {text}");
        }
    }

    #[test]
    fn a_person_at_a_terminal_is_spared_the_digests_unless_they_ask() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config();
        config.dir = Some(dir.path().to_owned());
        let told = |config: &LoggingConfig| {
            logged(config, true, || {
                info!(target: "audit", digest = "d1", "model.enable");
                warn!("a warning");
            })
        };
        let text = told(&config);
        assert!(text.contains("a warning") && !text.contains("d1"), "{text}");
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap();
        let kept = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(kept.contains("d1") && kept.contains("a warning"), "{kept}");
        config.level = LogLevel::Debug;
        assert!(told(&config).contains("d1"));
    }

    #[test]
    fn a_folder_gets_a_file_of_the_day_without_colours() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config();
        config.dir = Some(dir.path().join("new/logs"));
        logged(&config, true, || {
            let _span = info_span!("request", request.id = "r1").entered();
            info!("signed in");
        });
        let files: Vec<_> = std::fs::read_dir(dir.path().join("new/logs"))
            .unwrap()
            .collect();
        let [Ok(file)] = &files[..] else {
            panic!("{files:?}")
        };
        let name = file.file_name().into_string().unwrap();
        assert!(
            name.starts_with("model-dashboard.") && name.ends_with(".log"),
            "{name}"
        );
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(text.contains("signed in") && text.contains("r1") && !text.contains('\x1b'));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut config = config();
        config.dir = Some(file.path().join("logs"));
        assert!(layers(&config, io::sink(), Reader::Program).is_err());
    }
}

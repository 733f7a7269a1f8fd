//! What the installation needs of the machine: folders and ports.

use std::io::{self, Write as _};
use std::net::{IpAddr, TcpListener};
use std::path::Path;

use model_dashboard::config::{Config, Port, StorageLocation};
use model_dashboard::connect::{
    ConnectError, ModelsProof, check_models_folder, prove_models, prove_redirects,
};
use model_dashboard::repository::packages::AddressProof;

use super::Checks;
use crate::failure::chain;

pub(super) const MODELS_FOLDER: &str = "models folder";
pub(super) const BUCKET: &str = "bucket";

pub(super) fn folders(config: &Config, checks: &mut Checks) {
    folder(
        "data folder",
        &config.data_dir,
        &config.cite("data_dir"),
        checks,
    );
    if let Some(logs) = &config.logging.dir {
        folder("log folder", logs, &config.cite("logging.dir"), checks);
    }
}

/// Whether files can be made in a folder, or in the one in which it would be made.
fn folder(name: &'static str, path: &Path, setting: &str, checks: &mut Checks) {
    let there = path.exists();
    let mut place = path;
    while !place.exists() {
        place = match place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
    }
    let fix = format!("give this program's user the right to write there, or change {setting}");
    match write_and_remove(place) {
        Ok(()) if there => checks.ok(name, format!("{} can be written to", path.display())),
        Ok(()) => checks.ok(
            name,
            format!("{} is made when it is needed", path.display()),
        ),
        Err(error) => {
            let message = format!("{} cannot be written to: {error}", place.display());
            checks.fail(name, message, fix);
        }
    }
}

fn write_and_remove(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".doctor-")
        .tempfile_in(folder)?;
    file.write_all(b"probe")?;
    file.as_file().sync_all()?;
    file.close()
}

/// Whether the models' folder keeps what is written, and refuses to overwrite what changed.
pub(super) async fn models_folder(config: &Config, checks: &mut Checks) {
    let name = MODELS_FOLDER;
    let setting = config.cite("model_db.url");
    match &config.storage.location {
        StorageLocation::Folder(path) if path.exists() => {
            let path_name = path.display();
            match prove_models(config).await {
                Ok(ModelsProof::Alone) => checks.ok(
                    name,
                    format!("{path_name} can be written to, by one process at a time"),
                ),
                Ok(ModelsProof::AnotherWriter) => checks.ok(
                    name,
                    format!(
                        "a server of this installation writes to {path_name} alone \
                         (STORAGE_SINGLE_WRITER), so writing was not tried; while it runs, models \
                         are changed in its dashboard or by its API"
                    ),
                ),
                Ok(_) => checks.ok(
                    name,
                    format!("{path_name} can be written to, by several at once"),
                ),
                Err(error) => {
                    let fix = format!(
                        "give this program's user the right to write there, on a file system \
                         with file locks, or change {setting}"
                    );
                    checks.fail_with(name, &error, fix);
                }
            }
        }
        StorageLocation::Folder(path) => match check_models_folder(config).await {
            Err(error @ ConnectError::ModelsMissing { .. }) => {
                checks.fail(name, chain(&error), format!("change {setting}"));
            }
            // What is wrong with the database is told with the accounts.
            _ => folder(name, path, &setting, checks),
        },
        StorageLocation::Memory => checks.warn(
            name,
            "models are kept in the memory of the server and are gone when it ends",
            format!("give a folder: {setting}"),
        ),
        _ => {
            bucket(config, checks).await;
            if !checks.has_failed(BUCKET) {
                redirects(config, checks).await;
            }
        }
    }
}

/// Whether the bucket can be reached and written to, and refuses to overwrite what changed.
async fn bucket(config: &Config, checks: &mut Checks) {
    let name = BUCKET;
    match prove_models(config).await {
        Ok(ModelsProof::Alone) => checks.ok(name, "it can be written to, by one process alone"),
        Ok(ModelsProof::AnotherWriter) => checks.ok(
            name,
            "a server of this installation writes to it alone (STORAGE_SINGLE_WRITER), so writing \
             was not tried",
        ),
        Ok(_) => checks.ok(name, "it can be written to, by several at once"),
        Err(error) => {
            let fix = "see what the message says; `model-dashboard config show` tells every \
                       setting and where it comes from";
            checks.fail_with(name, &error, fix);
        }
    }
}

/// Whether who fetches a package is given it by the bucket, where that is asked for.
async fn redirects(config: &Config, checks: &mut Checks) {
    let name = "package addresses";
    let proof = match prove_redirects(config).await {
        Ok(Some(proof)) => proof,
        Ok(None) => return,
        Err(error) => {
            let fix = "see what the message says";
            checks.fail_with(name, &error, fix);
            return;
        }
    };
    match proof {
        AddressProof::Accepted => checks.ok(name, "the bucket gives packages itself"),
        AddressProof::Unreachable(why) => checks.warn(
            name,
            format!("the bucket cannot be reached from here as clients do: {why}"),
            "nothing if they can; else check STORAGE_PUBLIC_URL",
        ),
        AddressProof::Refused(what) => checks.fail(
            name,
            format!("an address that was signed for clients is refused: {what}"),
            "check STORAGE_PUBLIC_URL and AWS_REGION; what stands in front of the bucket must pass on \
             Host and path as they are",
        ),
        _ => {}
    }
}

pub(super) fn ports(config: &Config, checks: &mut Checks) {
    if let Some(clash) = config.clash_of_ports(&[Port::Dashboard, Port::Api, Port::Metrics]) {
        let fix = "nothing where each runs by itself (--only), else change one of them";
        checks.warn("ports", clash, fix);
    }
    let dashboard = (config.server.host, config.server.port);
    let api = (config.api.host, config.api.port);
    for (name, setting, (host, port)) in [
        ("dashboard port", "server.port", dashboard),
        ("API port", "api.port", api),
    ] {
        self::port(name, &config.cite(setting), host, port, checks);
    }
}

fn port(name: &'static str, setting: &str, host: IpAddr, port: u16, checks: &mut Checks) {
    match TcpListener::bind((host, port)) {
        Ok(_) => checks.ok(name, format!("{host} port {port} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => checks.warn(
            name,
            format!("{host} port {port} is in use"),
            format!("nothing if that is the server of this installation, else change {setting}"),
        ),
        Err(error) => checks.fail(
            name,
            format!("{host} port {port} cannot be listened on: {error}"),
            format!("change {setting}"),
        ),
    }
}

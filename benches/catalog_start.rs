//! How long a catalogue of a local folder takes from nothing to ready, without and with a
//! snapshot, and how much memory the process has then; for 1,000, 10,000 and 100,000 models of
//! 3 KB. Each start is a process of its own; the files are in the page cache.
//!
//! `cargo bench -p model-dashboard-benches --bench catalog_start`
#![allow(clippy::print_stdout, reason = "the report goes to the terminal")]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use model_dashboard::catalog::{Catalog, CatalogOptions};
use model_dashboard::repository::ObjectRepository;
use model_dashboard_benches::registry;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, start, models, snapshot] = &*arguments
        && start == "start"
    {
        return report(Path::new(models), Path::new(snapshot));
    }
    for count in [1_000, 10_000, 100_000] {
        let folder = tempfile::tempdir()?;
        let models = folder.path().join("models");
        let snapshot = folder.path().join("catalogue");
        registry::write_models(&models, count)?;
        println!("{count} models");
        for what in ["first start", "with snapshot", "with snapshot"] {
            print!("  {what:>14}: ");
            let program = std::env::current_exe()?;
            let status = Command::new(program)
                .arg("start")
                .arg(&models)
                .arg(&snapshot)
                .status()?;
            if !status.success() {
                return Err("the start failed".into());
            }
        }
        let size = std::fs::metadata(&snapshot)?.len() as f64 / 1e6;
        println!("  the snapshot has {size:.1} MB");
    }
    println!("limits with 100000 models: 5000 ms, 1500 ms, 300 MB");
    Ok(())
}

#[tokio::main]
async fn report(models: &Path, snapshot: &Path) -> Result<(), Failure> {
    let began = Instant::now();
    let options = CatalogOptions {
        snapshot: Some(snapshot.into()),
        ..CatalogOptions::default()
    };
    let catalog = Catalog::new(
        Arc::new(ObjectRepository::open_folder(models).await?),
        options,
    );
    catalog.load().await?;
    let took = began.elapsed();
    let cpu = cpu_seconds()?;
    let resident = megabytes("VmRSS")?;
    catalog.save().await;
    println!(
        "{:>6.0} ms, {cpu:.2} s of CPU, {resident:.0} MB resident, {:.0} MB at most with the snapshot written",
        took.as_secs_f64() * 1e3,
        megabytes("VmHWM")?,
    );
    Ok(())
}

/// A line of `/proc/self/status` in MB (10^6 bytes).
fn megabytes(field: &str) -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .ok_or("no such field")?;
    let kibibytes: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

/// User and system time of this process, by `/proc/self/stat`.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse::<f64>)
        .sum();
    Ok(ticks / 100.0)
}
